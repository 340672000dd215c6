//! Our certificate and its key.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig};
use sha2::{Digest, Sha256};
use tokio_rustls::TlsAcceptor;

use crate::config::{Config, Fault, Wrong};

/// A file of certificates is not longer.
const FILE_OCTETS_MAX: u64 = 1024 * 1024;

/// What speaks TLS.
pub(crate) struct Tls {
    pub(crate) acceptor: TlsAcceptor,
    /// The SHA-256 of the certificate that it shows, in hexadecimal.
    pub(crate) certificate: String,
}

/// What speaks TLS, where the configuration has a certificate.
pub(crate) fn acceptor(config: &Config) -> Result<Option<Tls>, Fault> {
    let (Some(certificate), Some(key)) = (&config.certificate_file, &config.key_file) else {
        return Ok(None);
    };
    made(certificate, key, config.client_ca_file.as_deref()).map(Some).map_err(Fault::general)
}

fn made(certificate: &Path, key: &Path, clients: Option<&Path>) -> Result<Tls, Wrong> {
    let unfit = |path: &Path, reason: String| Wrong::Content { path: path.to_owned(), reason };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&content(certificate)?).collect();
    let chain =
        chain.map_err(|error| unfit(certificate, format!("not certificates (PEM): {error}")))?;
    let Some(own) = chain.first() else {
        return Err(unfit(certificate, "holds no certificate (PEM)".to_owned()));
    };
    let digest = Sha256::digest(own).iter().map(|octet| format!("{octet:02x}")).collect();
    let secret = PrivateKeyDer::from_pem_slice(&content(key)?)
        .map_err(|error| unfit(key, format!("not a private key (PEM): {error}")))?;
    let misfit = |error: rustls::Error| {
        unfit(key, format!("not the key of {}: {error}", certificate.display()))
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(misfit)?;
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(path) => builder.with_client_cert_verifier(verifier(path, provider)?),
    };
    let mut config = builder.with_single_cert(chain, secret).map_err(misfit)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Tls { acceptor: TlsAcceptor::from(Arc::new(config)), certificate: digest })
}

/// Who may vouch for callers. They may come without a certificate: which way in needs one is said there.
fn verifier(
    path: &Path,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, Wrong> {
    let unfit = |reason: String| Wrong::Content { path: path.to_owned(), reason };
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&content(path)?).collect();
    let certificates =
        certificates.map_err(|error| unfit(format!("not certificates (PEM): {error}")))?;
    let mut roots = RootCertStore::empty();
    let (readable, _) = roots.add_parsable_certificates(certificates);
    if readable == 0 {
        return Err(unfit("holds no certificate (PEM) that can vouch for a caller".to_owned()));
    }
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .allow_unauthenticated()
        .build()
        .map_err(|error| unfit(error.to_string()))
}

fn content(path: &Path) -> Result<Vec<u8>, Wrong> {
    let unread = |error| Wrong::File { path: path.to_owned(), error };
    if std::fs::metadata(path).map_err(unread)?.len() > FILE_OCTETS_MAX {
        let reason = "longer than 1 MiB: surely the wrong file".to_owned();
        return Err(Wrong::Content { path: path.to_owned(), reason });
    }
    std::fs::read(path).map_err(unread)
}
