//! Secrets of those who do not sign by Standard Webhooks: HMAC-SHA256 in hexadecimal, over what each sees fit, or
//! nothing but the secret itself.

use core::fmt;

use gridtap_notify::signature::SecretError;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// A shorter secret is a wrong file.
const OCTETS_MIN: usize = 16;

/// A secret, as the other side gave it out. It is never shown.
#[derive(Clone)]
pub(crate) struct Key(Hmac<Sha256>);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Key {
    /// The secret in a file, without the line's end.
    pub(super) fn of_file(content: &[u8]) -> Result<Self, SecretError> {
        let octets = content.trim_ascii();
        let wrong = SecretError::Length(octets.len());
        if octets.len() < OCTETS_MIN {
            return Err(wrong);
        }
        Hmac::new_from_slice(octets).map(Self).map_err(|_| wrong)
    }

    /// The code over some parts, in hexadecimal.
    pub(crate) fn code(&self, parts: &[&[u8]]) -> String {
        let mut code = self.0.clone();
        for part in parts {
            code.update(part);
        }
        code.finalize().into_bytes().iter().map(|octet| format!("{octet:02x}")).collect()
    }
}

/// Whether a code is that of any key. Every key is tried, whatever was found before.
pub(super) fn is_any(keys: &[Key], parts: &[&[u8]], given: &str) -> bool {
    let mut found = Choice::from(0);
    for key in keys {
        found |= key.code(parts).as_bytes().ct_eq(given.as_bytes());
    }
    found.into()
}

/// A secret that its holders send along as it is, and that signs what is to do less than that. It is never shown.
#[derive(Debug, Clone)]
pub(super) struct Token {
    digest: Shown,
    key: Key,
}

/// The digest of a token: nothing that could be used, and no reason to be seen.
#[derive(Clone)]
struct Shown([u8; 32]);

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl Token {
    /// The token in a file, without the line's end.
    pub(super) fn of_file(content: &[u8]) -> Result<Self, SecretError> {
        let key = Key::of_file(content)?;
        Ok(Self { digest: Shown(Sha256::digest(content.trim_ascii()).into()), key })
    }
}

/// Whether a text is any of these tokens. Every one is compared, whatever was found before.
pub(super) fn is_token(tokens: &[Token], given: &str) -> bool {
    let given: [u8; 32] = Sha256::digest(given.as_bytes()).into();
    let mut found = Choice::from(0);
    for token in tokens {
        found |= token.digest.0.ct_eq(&given);
    }
    found.into()
}

/// Whether a text is the code of some words under any of these tokens.
pub(super) fn is_code(tokens: &[Token], words: &str, given: &str) -> bool {
    let mut found = Choice::from(0);
    for token in tokens {
        found |= token.key.code(&[words.as_bytes()]).as_bytes().ct_eq(given.as_bytes());
    }
    found.into()
}
