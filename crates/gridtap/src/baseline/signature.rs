//! Signatures over exported baselines: Ed25519 with keys as `openssl genpkey -algorithm ed25519` makes them.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer};

use crate::failure::{Exit, Failure};

/// What stands before the 32 octets of a public key: RFC 8410, section 4.
const PUBLIC_PREFIX: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Where the signature of a file is: beside it.
pub(super) fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".sig");
    PathBuf::from(name)
}

/// Signs with a private key; a line of base64.
pub(super) fn sign(key: &Path, content: &[u8]) -> Result<String, Failure> {
    let wrong = || {
        Failure::usage(format!(
            "--sign-with {}: no private Ed25519 key in PEM; make one with `openssl genpkey -algorithm ed25519 -out {0}`",
            key.display()
        ))
    };
    let pem = std::fs::read(key)
        .map_err(|error| Failure::usage(format!("--sign-with {}: {error}", key.display())))?;
    let der = PrivatePkcs8KeyDer::from_pem_slice(&pem).map_err(|_| wrong())?;
    let pair =
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.secret_pkcs8_der()).map_err(|_| wrong())?;
    Ok(format!("{}\n", STANDARD.encode(pair.sign(content))))
}

/// Checks a signature; says why it does not hold.
pub(super) fn check(key: &Path, file: &Path, content: &[u8]) -> Result<(), Failure> {
    let pem = std::fs::read(key)
        .map_err(|error| Failure::usage(format!("--signed-by {}: {error}", key.display())))?;
    let public = SubjectPublicKeyInfoDer::from_pem_slice(&pem).ok();
    let public = public.as_ref().and_then(|der| der.as_ref().strip_prefix(&PUBLIC_PREFIX));
    let Some(public) = public.filter(|public| public.len() == 32) else {
        return Err(Failure::usage(format!(
            "--signed-by {}: no public Ed25519 key in PEM; `openssl pkey -in PRIVATE -pubout` prints that of a private one",
            key.display()
        )));
    };
    let beside = beside(file);
    let refused = |cause: &dyn std::fmt::Display| Failure {
        exit: Exit::Failure,
        error: anyhow::anyhow!("{}: {cause}; nothing was imported", beside.display()),
    };
    let text = std::fs::read_to_string(&beside).map_err(|error| refused(&error))?;
    let signature = STANDARD.decode(text.trim()).map_err(|_| refused(&"is no line of base64"))?;
    UnparsedPublicKey::new(&ED25519, public).verify(content, &signature).map_err(|_| {
        refused(&format_args!(
            "the signature does not hold: {} was changed, or signed with another key than {}",
            file.display(),
            key.display()
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_signed_holds_and_what_was_changed_does_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        std::fs::write(path("private.pem"), pair.serialize_pem()).unwrap();
        std::fs::write(path("public.pem"), pair.public_key_pem()).unwrap();
        let signature = sign(&path("private.pem"), b"rows").unwrap();
        std::fs::write(path("rows.jsonl.sig"), signature).unwrap();
        let file = path("rows.jsonl");
        check(&path("public.pem"), &file, b"rows").unwrap();
        let changed = check(&path("public.pem"), &file, b"rows!").unwrap_err();
        assert!(changed.error.to_string().contains("does not hold"), "{changed:?}");
        let other = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        std::fs::write(path("other.pem"), other.public_key_pem()).unwrap();
        assert!(check(&path("other.pem"), &file, b"rows").is_err());
        assert!(check(&path("private.pem"), &file, b"rows").is_err(), "it is no public key");
        assert!(sign(&path("public.pem"), b"rows").is_err());
    }
}
