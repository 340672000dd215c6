//! Our certificate and its key.

use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::config::{Config, Fault, Wrong};

/// A file of certificates is not longer.
const FILE_OCTETS_MAX: u64 = 1024 * 1024;

/// What speaks TLS, where the configuration has a certificate.
pub(crate) fn acceptor(config: &Config) -> Result<Option<TlsAcceptor>, Fault> {
    let (Some(certificate), Some(key)) = (&config.certificate_file, &config.key_file) else {
        return Ok(None);
    };
    made(certificate, key).map(Some).map_err(Fault::general)
}

fn made(certificate: &Path, key: &Path) -> Result<TlsAcceptor, Wrong> {
    let unfit = |path: &Path, reason: String| Wrong::Content { path: path.to_owned(), reason };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&content(certificate)?).collect();
    let chain =
        chain.map_err(|error| unfit(certificate, format!("not certificates (PEM): {error}")))?;
    if chain.is_empty() {
        return Err(unfit(certificate, "holds no certificate (PEM)".to_owned()));
    }
    let secret = PrivateKeyDer::from_pem_slice(&content(key)?)
        .map_err(|error| unfit(key, format!("not a private key (PEM): {error}")))?;
    let misfit = |error: rustls::Error| {
        unfit(key, format!("not the key of {}: {error}", certificate.display()))
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(misfit)?
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .map_err(misfit)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn content(path: &Path) -> Result<Vec<u8>, Wrong> {
    let unread = |error| Wrong::File { path: path.to_owned(), error };
    if std::fs::metadata(path).map_err(unread)?.len() > FILE_OCTETS_MAX {
        let reason = "longer than 1 MiB: surely the wrong file".to_owned();
        return Err(Wrong::Content { path: path.to_owned(), reason });
    }
    std::fs::read(path).map_err(unread)
}
