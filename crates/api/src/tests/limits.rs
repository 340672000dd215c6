use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use super::{Answer, OPERATOR, Stage, VIEWER, bearer, config, id, request};
use crate::Config;

#[test]
fn a_source_that_asks_too_much_is_told_to_slow_down() {
    let stage = Stage::with(Config { rate_per_second: 1, rate_burst: 3, ..config() }, 1);
    let statuses: Vec<u16> =
        (0..5).map(|_| stage.get("/api/v1/anomalies", VIEWER).status).collect();
    assert_eq!(statuses, [200, 200, 200, 429, 429]);
    stage.wait(1);
    assert_eq!(stage.get("/api/v1/anomalies", VIEWER).status, 200);
    let answer = stage.get("/api/v1/anomalies", VIEWER);
    assert_eq!(answer.problem(), (429, "rate_limited".to_owned()));
    assert_eq!(answer.header("retry-after"), Some("1"));
}

#[test]
fn any_number_of_requests_by_nobody_we_know_leaves_a_handful_of_rows() {
    let mut stage = Stage::with(Config { rate_per_second: 10, rate_burst: 10, ..config() }, 1);
    let size = |stage: &Stage| {
        let of = |name: &str| {
            std::fs::metadata(stage.directory.path().join(name)).map_or(0, |file| file.len())
        };
        of("gridtap.db") + of("gridtap.db-wal")
    };
    let before = size(&stage);
    let post = format!("/api/v1/anomalies/{}/actions", id(1));
    for nth in 0..5000 {
        if nth % 50 == 49 {
            stage.wait(1);
        }
        let path = if nth % 2 == 0 { &post } else { "/api/v1/hooks/nobody" };
        let answer = stage.send(&request("POST", path, &[], b"{}"));
        assert!([401, 404, 429].contains(&answer.status), "{}", answer.status);
    }
    stage.end();
    let grown = size(&stage).saturating_sub(before);
    assert!(grown < 1024 * 1024, "{grown} octets");
    // Two ways, two reasons each, in the three minutes that it took.
    let rows = stage.audited();
    assert!((4..=12).contains(&rows.len()), "{rows:?}");
    assert_eq!(stage.store().verify_audit(None).unwrap().broken_at, None);
}

#[test]
fn a_request_that_does_not_come_to_its_end_is_given_up_and_keeps_nobody_waiting() {
    let short = gridtap_model::Span::from_secs(1);
    let stage = Stage::with(Config { header_timeout: short, timeout: short, ..config() }, 1);
    let mut slow = TcpStream::connect(stage.address()).unwrap();
    slow.write_all(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n").unwrap();
    let mut body = TcpStream::connect(stage.address()).unwrap();
    let head = [&*bearer(OPERATOR), "Content-Type: application/json", "Content-Length: 9"];
    let path = format!("/api/v1/anomalies/{}/actions", id(1));
    body.write_all(&request("POST", &path, &head, b"{")).unwrap();
    assert_eq!(stage.get("/api/v1/anomalies", VIEWER).status, 200);
    let mut rest = Vec::new();
    // Both ends are reached without our closing: it hung up.
    slow.read_to_end(&mut rest).unwrap();
    rest.clear();
    body.read_to_end(&mut rest).unwrap();
    assert_eq!(Answer::of(&rest).problem(), (503, "timeout".to_owned()));
}

#[test]
fn one_source_that_sends_slowly_leaves_turns_to_others() {
    let stage = Stage::with(Config { requests_max: 8, ..config() }, 1);
    let head = ["Content-Length: 9"];
    let begun = request("POST", "/api/v1/hooks/nobody", &head, b"{");
    let slow: Vec<TcpStream> = (0..8)
        .map(|_| {
            let mut stream = TcpStream::connect(stage.address()).unwrap();
            stream.write_all(&begun).unwrap();
            stream
        })
        .collect();
    // Which of them come first is not ours to say: it is asked until this source has its share.
    let ask = request("GET", "/healthz", &[], b"");
    let of_one = (0..100).map(|_| stage.send(&ask)).find(|each| each.status == 503);
    assert_eq!(of_one.unwrap().problem(), (503, "busy".to_owned()));
    assert_eq!(stage.send_from([127, 0, 0, 9], &ask).status, 200);
    drop(slow);
}

#[test]
fn one_source_cannot_take_every_connection() {
    let stage = Stage::with(Config { connections_max: 8, ..config() }, 1);
    let kept = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    let mut open = Vec::new();
    for nth in 0..3 {
        let mut stream = TcpStream::connect(stage.address()).unwrap();
        // A peer that hung up already is seen by the reading.
        let _ = stream.write_all(kept);
        let mut octets = [0; 12];
        let is_answered = stream.read_exact(&mut octets).is_ok();
        assert_eq!(is_answered, nth < 2, "{nth}");
        open.push(stream);
    }
}

#[test]
fn with_a_certificate_it_speaks_tls_and_nothing_else() {
    let files = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (certificate, key) = (files.path().join("c.pem"), files.path().join("k.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let encrypted = Config { certificate_file: Some(certificate), key_file: Some(key), ..config() };
    let stage = Stage::with(encrypted, 1);
    let mut roots = rustls::RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = "localhost".try_into().unwrap();
    let connection = rustls::ClientConnection::new(Arc::new(client), name).unwrap();
    let stream = TcpStream::connect(stage.address()).unwrap();
    let mut stream = rustls::StreamOwned::new(connection, stream);
    stream.write_all(&request("GET", "/api/v1/anomalies", &[&bearer(VIEWER)], b"")).unwrap();
    let mut octets = Vec::new();
    // It may close without saying so in the words of TLS.
    let _ = stream.read_to_end(&mut octets);
    let answer = Answer::of(&octets);
    assert_eq!(answer.status, 200);
    assert!(answer.header("strict-transport-security").is_some());
    let mut plain = TcpStream::connect(stage.address()).unwrap();
    plain.write_all(&request("GET", "/healthz", &[], b"")).unwrap();
    let mut octets = Vec::new();
    let _ = plain.read_to_end(&mut octets);
    assert!(!octets.starts_with(b"HTTP"), "{:?}", String::from_utf8_lossy(&octets));
}

#[test]
fn a_reload_tells_which_certificate_is_shown_after_it() {
    let files = tempfile::tempdir().unwrap();
    let (certificate, key) = (files.path().join("c.pem"), files.path().join("k.pem"));
    let renew = || {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    };
    renew();
    let encrypted = Config {
        certificate_file: Some(certificate.clone()),
        key_file: Some(key.clone()),
        ..config()
    };
    let mut stage = Stage::with(encrypted, 1);
    let running = stage.running.as_mut().unwrap();
    let first = running.certificate().unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    running.tell_certificate(move |shown| tell.send(shown.map(str::to_owned)).unwrap());
    renew();
    running.reload(&stage.config).unwrap();
    let second = told.recv().unwrap();
    assert_eq!(second, running.certificate());
    assert_ne!(second, Some(first));
}
