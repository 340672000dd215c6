//! What an endpoint's files hold: secrets, tokens, certificates.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use rustls::{ClientConfig, RootCertStore};
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};

use crate::config::{Endpoint, Wrong};
use crate::signature::Secret;
use crate::targets::Url;

/// Debian's bundle, also of its kin: what vouches where the operator names nobody.
const SYSTEM_AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";
/// A file longer than this is none of ours.
const FILE_OCTETS_MAX: u64 = 4 * 1024 * 1024;

/// Everything that was read for an endpoint.
pub(crate) struct Access {
    pub(crate) url: Url,
    pub(crate) secrets: Vec<Secret>,
    /// The value of `Authorization`.
    pub(crate) authorization: Option<String>,
    pub(crate) tls: TlsConfig,
}

impl Access {
    /// Reads an endpoint's files: all of them, whatever is wrong with one.
    pub(crate) fn read(endpoint: &Endpoint) -> Result<Self, Vec<Wrong>> {
        let mut wrong = Vec::new();
        let mut secrets = Vec::new();
        for path in &endpoint.secret_files {
            let secret = content(path).and_then(|content| {
                Secret::of_file(&content)
                    .map_err(|error| Wrong::Secret { path: path.clone(), error })
            });
            match secret {
                Ok(secret) => secrets.push(secret),
                Err(error) => wrong.push(error),
            }
        }
        let url = url(endpoint).map_err(|error| wrong.push(error));
        let bearer = endpoint.bearer_token_file.as_deref().map(bearer).transpose();
        let bearer = bearer.map_err(|error| wrong.push(error));
        let is_https = url.as_ref().is_ok_and(Url::is_https);
        let tls = tls(endpoint, is_https).map_err(|error| wrong.push(error));
        match (url, bearer, tls) {
            (Ok(url), Ok(authorization), Ok(tls)) if wrong.is_empty() => {
                Ok(Self { url, secrets, authorization, tls })
            }
            _ => Err(wrong),
        }
    }
}

fn url(endpoint: &Endpoint) -> Result<Url, Wrong> {
    match (&endpoint.url, &endpoint.url_file) {
        (Some(url), _) => Ok(Url::parse(url, endpoint.plain_http)?),
        (None, Some(path)) => Ok(Url::parse(&text(path)?, endpoint.plain_http)?),
        (None, None) => Err(Wrong::NoUrl),
    }
}

fn bearer(path: &Path) -> Result<String, Wrong> {
    let text = text(path)?;
    let token = text.trim();
    if token.is_empty() || !token.bytes().all(|octet| octet.is_ascii_graphic()) {
        return Err(unfit(path, "not a token: expected one word of printable ASCII"));
    }
    Ok(format!("Bearer {token}"))
}

fn tls(endpoint: &Endpoint, is_https: bool) -> Result<TlsConfig, Wrong> {
    let provider = Arc::new(ring::default_provider());
    let roots = if is_https { authorities(endpoint)? } else { Vec::new() };
    let client = match (&endpoint.client_certificate_file, &endpoint.client_key_file) {
        (Some(certificate), Some(key)) => Some(client(certificate, key, &provider)?),
        (None, None) => None,
        _ => return Err(Wrong::HalfCertificate),
    };
    let roots: Vec<_> = roots.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
    Ok(TlsConfig::builder()
        .unversioned_rustls_crypto_provider(provider)
        .root_certs(RootCerts::new_with_certs(&roots))
        .client_cert(client)
        .build())
}

/// Who may vouch for the receiver.
fn authorities(endpoint: &Endpoint) -> Result<Vec<CertificateDer<'static>>, Wrong> {
    let system = Path::new(SYSTEM_AUTHORITIES);
    let path = match &endpoint.ca_file {
        Some(path) => path.as_path(),
        None if system.is_file() => system,
        None => return Err(Wrong::NoAuthorities(SYSTEM_AUTHORITIES)),
    };
    let certificates = certificates(path)?;
    // A bundle may hold some that nobody can read any more; it has to hold one that we can.
    let (readable, _) =
        RootCertStore::empty().add_parsable_certificates(certificates.iter().cloned());
    if readable == 0 {
        return Err(unfit(path, "holds no certificate (PEM) that can vouch for a receiver"));
    }
    Ok(certificates)
}

/// Our certificate and its key. They are tried here, because later a misfit would be nobody's to report.
fn client(
    certificate: &Path,
    key: &Path,
    provider: &Arc<CryptoProvider>,
) -> Result<ClientCert, Wrong> {
    let chain = certificates(certificate)?;
    let pem = content(key)?;
    let parsed = PrivateKeyDer::from_pem_slice(&pem)
        .map_err(|error| unfit(key, &format!("not a private key (PEM): {error}")))?;
    let misfit = |error: rustls::Error| {
        unfit(key, &format!("not the key of {}: {error}", certificate.display()))
    };
    ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .map_err(misfit)?
        .with_root_certificates(RootCertStore::empty())
        .with_client_auth_cert(chain.clone(), parsed)
        .map_err(misfit)?;
    let chain: Vec<_> = chain.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
    let own = PrivateKey::from_pem(&pem)
        .map_err(|error| unfit(key, &format!("not a private key (PEM): {error}")))?;
    Ok(ClientCert::new_with_certs(&chain, own))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Wrong> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&content(path)?).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(unfit(path, "holds no certificate (PEM)")),
        Err(error) => Err(unfit(path, &format!("not certificates (PEM): {error}"))),
    }
}

fn text(path: &Path) -> Result<String, Wrong> {
    String::from_utf8(content(path)?).map_err(|_| unfit(path, "not text"))
}

fn content(path: &Path) -> Result<Vec<u8>, Wrong> {
    let unread = |error| Wrong::File { path: path.to_owned(), error };
    let length = std::fs::metadata(path).map_err(unread)?.len();
    if length > FILE_OCTETS_MAX {
        return Err(unfit(path, "longer than 4 MiB: surely the wrong file"));
    }
    std::fs::read(path).map_err(unread)
}

fn unfit(path: &Path, reason: &str) -> Wrong {
    Wrong::Content { path: PathBuf::from(path), reason: reason.to_owned() }
}
