//! TLS with a certificate authority of one's own, both ways.

use std::io::{BufReader, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use super::*;
use crate::testing::receiver;

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn issue(&self, purpose: ExtendedKeyUsagePurpose) -> (rcgen::Certificate, KeyPair) {
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        params.extended_key_usages = vec![purpose];
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.0).unwrap(), key)
    }
}

/// Takes one connection and answers 200; the address. With `is_mutual` it asks for a certificate of ours.
fn serve(authority: &Authority, is_mutual: bool) -> String {
    let (certificate, key) = authority.issue(ExtendedKeyUsagePurpose::ServerAuth);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(authority.0.der().clone()).unwrap();
    let builder = if is_mutual {
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        builder.with_client_cert_verifier(verifier.build().unwrap())
    } else {
        builder.with_no_client_auth()
    };
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = Arc::new(builder.with_single_cert(vec![certificate.der().clone()], key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (tcp, _) = listener.accept().unwrap();
        let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), tcp);
        if receiver::read(&mut BufReader::new(&mut stream)).is_some() {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    });
    format!("https://{address}/hook")
}

fn open(url: &str, change: impl FnOnce(&mut Endpoint)) -> Client {
    let mut endpoint = endpoint(url);
    change(&mut endpoint);
    Client::open(&endpoint, &loopback()).unwrap()
}

#[test]
fn a_receiver_is_trusted_by_its_own_authority_and_by_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let (own, other) = (Authority::new(), Authority::new());
    let ca = file(&directory, "ca.pem", own.0.pem().as_bytes());
    let other_ca = file(&directory, "other.pem", other.0.pem().as_bytes());

    let client = open(&serve(&own, false), |endpoint| endpoint.ca_file = Some(ca));
    assert_eq!(client.exchange("id", &post(), NOW).unwrap().status, 200);
    let client = open(&serve(&own, false), |endpoint| endpoint.ca_file = Some(other_ca));
    let error = client.exchange("id", &post(), NOW).unwrap_err().to_string();
    assert!(error.contains("certificate"), "{error}");
}

#[test]
fn a_receiver_that_asks_who_we_are_gets_our_certificate() {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let ca = file(&directory, "ca.pem", authority.0.pem().as_bytes());
    let (certificate, key) = authority.issue(ExtendedKeyUsagePurpose::ClientAuth);
    let certificate = file(&directory, "client.pem", certificate.pem().as_bytes());
    let right = file(&directory, "client.key", key.serialize_pem().as_bytes());
    let url = serve(&authority, true);
    let client = open(&url, |endpoint| {
        endpoint.ca_file = Some(ca.clone());
        endpoint.client_certificate_file = Some(certificate.clone());
        endpoint.client_key_file = Some(right);
    });
    assert_eq!(client.exchange("id", &post(), NOW).unwrap().status, 200);

    let unknown = open(&serve(&authority, true), |endpoint| endpoint.ca_file = Some(ca.clone()));
    assert!(unknown.exchange("id", &post(), NOW).is_err());

    let wrong = KeyPair::generate().unwrap().serialize_pem();
    let wrong = file(&directory, "wrong.key", wrong.as_bytes());
    let mut endpoint = endpoint(&url);
    endpoint.ca_file = Some(ca);
    endpoint.client_certificate_file = Some(certificate);
    endpoint.client_key_file = Some(wrong);
    let told = Client::open(&endpoint, &loopback()).err().unwrap()[0].to_string();
    assert!(told.contains("wrong.key: not the key of"), "{told}");
}
