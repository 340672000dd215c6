//! Standard Webhooks 1.0.0: who sent this, and that nobody changed it on its way.
//!
//! What is signed is `id.timestamp.body`, by HMAC-SHA256 (`v1`). The clock is the caller's: whether a timestamp is
//! near enough and an id unseen is checked by who receives.

use core::fmt;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

/// Header with the delivery's identifier, the same on every retry.
pub const ID_HEADER: &str = "webhook-id";
/// Header with the seconds since 1970 of this attempt.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
/// Header with one signature a live secret, with spaces between.
pub const SIGNATURE_HEADER: &str = "webhook-signature";

/// What a secret begins with when its rest is base64.
const PREFIX: &str = "whsec_";
/// The only scheme: HMAC-SHA256.
const SCHEME: &str = "v1,";
/// The specification's least length of a secret.
const SECRET_OCTETS_MIN: usize = 24;
/// More than this is a wrong file, not a secret.
const SECRET_OCTETS_MAX: usize = 512;
/// Signatures of one message that are looked at: a sender has as many as it has live secrets.
const SIGNATURES_MAX: usize = 8;

/// Base64 as people copy it: with its padding or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A secret that both ends know. It is never shown.
#[derive(Clone)]
pub struct Secret(Hmac<Sha256>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Why a text is no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// It begins as base64 and is none.
    #[error("what follows whsec_ is not base64")]
    Base64,
    /// Too short to be safe, or too long to be meant.
    #[error("{0} octets, expected {SECRET_OCTETS_MIN} to {SECRET_OCTETS_MAX}")]
    Length(usize),
}

impl Secret {
    /// A secret as its file holds it: `whsec_` and base64, or the octets themselves. Line ends and spaces around it
    /// are not part of it.
    ///
    /// # Errors
    ///
    /// When what follows `whsec_` is not base64, or the secret is shorter than the specification allows.
    pub fn of_file(content: &[u8]) -> Result<Self, SecretError> {
        let trimmed = content.trim_ascii();
        let octets = match trimmed.strip_prefix(PREFIX.as_bytes()) {
            Some(encoded) => BASE64.decode(encoded).map_err(|_| SecretError::Base64)?,
            None => trimmed.to_vec(),
        };
        let wrong = SecretError::Length(octets.len());
        if !(SECRET_OCTETS_MIN..=SECRET_OCTETS_MAX).contains(&octets.len()) {
            return Err(wrong);
        }
        Hmac::new_from_slice(&octets).map(Self).map_err(|_| wrong)
    }

    /// The code over `id.timestamp.body`.
    fn code(&self, id: &str, timestamp: i64, body: &[u8]) -> [u8; 32] {
        let mut code = self.0.clone();
        code.update(id.as_bytes());
        code.update(b".");
        code.update(timestamp.to_string().as_bytes());
        code.update(b".");
        code.update(body);
        code.finalize().into_bytes().into()
    }
}

/// The signature of one secret: `v1,` and base64. `timestamp` is in seconds since 1970.
#[must_use]
pub fn sign(id: &str, timestamp: i64, body: &[u8], secret: &Secret) -> String {
    format!("{SCHEME}{}", STANDARD.encode(secret.code(id, timestamp, body)))
}

/// The header's value: a signature a live secret, so that receivers change over in their own time.
#[must_use]
pub fn sign_all(id: &str, timestamp: i64, body: &[u8], secrets: &[Secret]) -> String {
    let signatures: Vec<String> =
        secrets.iter().map(|secret| sign(id, timestamp, body, secret)).collect();
    signatures.join(" ")
}

/// Whether any signature of a header is that of any live secret.
///
/// Every signature is compared with every secret, each in constant time, whatever was found before. An id with a full
/// stop is refused: it could borrow from the fields behind it.
#[must_use]
pub fn verify(id: &str, timestamp: i64, body: &[u8], header: &str, secrets: &[Secret]) -> bool {
    if id.is_empty() || id.contains('.') {
        return false;
    }
    let given: Vec<Vec<u8>> = header
        .split_ascii_whitespace()
        .filter_map(|each| each.strip_prefix(SCHEME))
        .take(SIGNATURES_MAX)
        .filter_map(|encoded| BASE64.decode(encoded).ok())
        .collect();
    let mut found = Choice::from(0);
    for secret in secrets {
        let code = secret.code(id, timestamp, body);
        for signature in &given {
            found |= signature.as_slice().ct_eq(code.as_slice());
        }
    }
    found.into()
}

#[cfg(test)]
mod tests;
