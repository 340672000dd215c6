use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::json;

use super::{Answer, Stage, bearer, config, id, request};
use crate::{Config, Hook, HookFormat};

const TOKEN: &str = "the credentials of a receiver";
const PATH: &str = "/api/v1/hooks/am";

fn body(status: &str) -> Vec<u8> {
    let alert = json!({
        "status": status, "labels": { "alertname": "UnauthorisedWrite", "anomaly": id(1) },
        "annotations": {}, "startsAt": "2024-05-01T09:59:00Z", "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "", "fingerprint": "5a3f1d2c",
    });
    let message = json!({
        "version": "4", "groupKey": "{}:{}", "truncatedAlerts": 0, "status": status,
        "receiver": "gridtap", "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {},
        "externalURL": "http://am.plant.example", "alerts": [alert],
    });
    message.to_string().into_bytes()
}

fn file(files: &Path, name: &str, text: &str) -> PathBuf {
    let path = files.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn hook(files: &Path) -> Hook {
    Hook {
        name: "am".to_owned(),
        format: HookFormat::Alertmanager,
        secret_files: vec![file(files, "token", TOKEN)],
        ..Hook::default()
    }
}

#[test]
fn resolved_is_not_acknowledged_and_neither_is_anything_else_it_says() {
    let files = tempfile::tempdir().unwrap();
    let stage = Stage::with(Config { hook: vec![hook(files.path())], ..config() }, 2);
    let headers = ["Content-Type: application/json", &*bearer(TOKEN)];
    for status in ["firing", "resolved"] {
        for is_again in [false, true] {
            let answer = stage.ask("POST", PATH, &headers, &body(status));
            assert_eq!((answer.status, &answer.json()["duplicate"]), (200, &is_again.into()));
            assert!(answer.json()["message"].as_str().unwrap().contains("silences_every"));
        }
    }
    assert_eq!(stage.store().anomaly(&id(1)).unwrap().unwrap().revision, 1);
    let (noted, again) =
        ("hook am | notice | recorded: nothing changed", "hook am | notice | duplicate");
    assert_eq!(stage.audited(), [noted, again, noted, again]);
    for header in ["x: y", "Authorization: Basic eA==", "Authorization: Bearer the credentials"] {
        let headers = ["Content-Type: application/json", header];
        let answer = stage.ask("POST", PATH, &headers, &body("firing"));
        assert_eq!(answer.problem(), (401, "unauthorized".to_owned()), "{header}");
    }
    assert_eq!(stage.ask("POST", PATH, &headers, b"{}").problem().0, 400);
}

/// An authority, and what it vouches for.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn vouch(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.0).unwrap(), key)
    }
}

/// Calls as a client with this certificate; what it answers, if the connection holds.
fn call(
    stage: &Stage,
    of: &Authority,
    shown: Option<&(rcgen::Certificate, KeyPair)>,
) -> Option<Answer> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(of.0.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let client = match shown {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
            builder.with_client_auth_cert(vec![certificate.der().clone()], key).unwrap()
        }
    };
    let name = "gridtap.plant.example".try_into().unwrap();
    let connection = rustls::ClientConnection::new(Arc::new(client), name).unwrap();
    let stream = TcpStream::connect(stage.address()).unwrap();
    let mut stream = rustls::StreamOwned::new(connection, stream);
    let headers = ["Content-Type: application/json"];
    stream.write_all(&request("POST", PATH, &headers, &body("firing"))).ok()?;
    let mut octets = Vec::new();
    // It may close without saying so in the words of TLS.
    let _ = stream.read_to_end(&mut octets);
    (!octets.is_empty()).then(|| Answer::of(&octets))
}

#[test]
fn a_certificate_of_the_right_name_and_authority_opens_it() {
    let files = tempfile::tempdir().unwrap();
    let ours = Authority::new();
    let (certificate, key) = ours.vouch("gridtap.plant.example");
    let hook = Hook {
        secret_files: Vec::new(),
        client_names: vec!["am.plant.example".to_owned()],
        ..hook(files.path())
    };
    let settings = Config {
        hook: vec![hook],
        certificate_file: Some(file(files.path(), "c.pem", &certificate.pem())),
        key_file: Some(file(files.path(), "k.pem", &key.serialize_pem())),
        client_ca_file: Some(file(files.path(), "ca.pem", &ours.0.pem())),
        ..config()
    };
    let stage = Stage::with(settings, 1);
    let status = |shown: Option<(rcgen::Certificate, KeyPair)>| {
        call(&stage, &ours, shown.as_ref()).map(|answer| answer.status)
    };
    assert_eq!(status(Some(ours.vouch("am.plant.example"))), Some(200));
    assert_eq!(status(Some(ours.vouch("other.plant.example"))), Some(401));
    assert_eq!(status(None), Some(401));
    // One that somebody else vouches for ends the connection.
    assert_eq!(status(Some(Authority::new().vouch("am.plant.example"))), None);
}
