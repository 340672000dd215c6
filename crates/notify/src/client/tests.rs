use std::path::PathBuf;

use gridtap_model::Severity;

use super::*;
use crate::config::Format;
use crate::signature::{Secret, verify};
use crate::testing::receiver::{Receiver, Reply};

const NOW: Timestamp = Timestamp::from_parts(1_714_561_200, 5);
const SECRET: &[u8] = b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OLD_SECRET: &[u8] = b"the secret before the present one";

fn post() -> Post {
    Post {
        path: "",
        content_type: "application/json",
        body: "{\"type\":\"webhook.test\"}".to_owned(),
    }
}

fn loopback() -> Targets {
    Targets::parse(&["127.0.0.1".to_owned()]).unwrap()
}

fn endpoint(url: &str) -> Endpoint {
    Endpoint {
        name: "test".to_owned(),
        url: Some(url.to_owned()),
        format: Format::Slack,
        severity_min: Severity::Info,
        ..Endpoint::default()
    }
}

/// A file of its own directory, which has to live as long.
fn file(directory: &tempfile::TempDir, name: &str, content: &[u8]) -> PathBuf {
    let path = directory.path().join(name);
    std::fs::write(&path, content).unwrap();
    path
}

fn exchange(url: &str) -> Result<Answer, ExchangeError> {
    Client::open(&endpoint(url), &loopback()).unwrap().exchange("id-1", &post(), NOW)
}

fn answered(reply: &str) -> Answer {
    let receiver = Receiver::start(vec![Reply::text(reply)]);
    exchange(&receiver.url("/hook")).unwrap()
}

#[test]
fn a_delivery_is_posted_signed_by_every_live_secret() {
    let directory = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(vec![Reply::text("HTTP/1.1 204 No Content\r\n\r\n")]);
    let endpoint = Endpoint {
        secret_files: vec![file(&directory, "new", SECRET), file(&directory, "old", OLD_SECRET)],
        bearer_token_file: Some(file(&directory, "token", b"abc.def\n")),
        format: Format::Standard,
        ..endpoint(&receiver.url("/hooks/gridtap?x=1"))
    };
    let client = Client::open(&endpoint, &loopback()).unwrap();
    assert_eq!(client.exchange("id-1", &post(), NOW).unwrap().status, 204);

    let heard = receiver.heard();
    assert_eq!(heard[0].line, "POST /hooks/gridtap?x=1 HTTP/1.1");
    assert_eq!(heard[0].body, post().body.as_bytes());
    assert_eq!(heard[0].header("content-type"), "application/json");
    assert_eq!(heard[0].header("authorization"), "Bearer abc.def");
    assert_eq!(heard[0].header("webhook-id"), "id-1");
    assert_eq!(heard[0].header("webhook-timestamp"), "1714561200");
    let signature = heard[0].header("webhook-signature");
    for secret in [SECRET, OLD_SECRET] {
        let secret = Secret::of_file(secret).unwrap();
        assert!(verify("id-1", 1_714_561_200, &heard[0].body, signature, &[secret]));
    }
}

#[test]
fn the_status_decides_and_a_refusal_keeps_its_reason() {
    assert!(answered("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").is_success());
    assert!(answered("HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n").is_success());
    let refused = answered("HTTP/1.1 400 Bad\r\ncontent-length: 12\r\n\r\nno\nsuch\tfield");
    assert_eq!((refused.status, refused.reason.as_str()), (400, "no such fiel"));
    assert_eq!(answered("HTTP/1.1 500 Oh\r\n\r\n").status, 500);
    assert_eq!(answered("HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n").status, 410);
}

#[test]
fn retry_after_is_heard_as_seconds_and_as_a_date() {
    let seconds = answered("HTTP/1.1 429 Slow\r\nretry-after: 120\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(seconds.asked, Some(Span::from_secs(120)));
    let date = "Wed, 01 May 2024 11:10:00 GMT";
    let date =
        answered(&format!("HTTP/1.1 503 No\r\nRetry-After: {date}\r\ncontent-length: 0\r\n\r\n"));
    assert_eq!(date.asked.map(|span| span.nanos() / 1_000_000_000), Some(599));
}

#[test]
fn a_redirect_is_an_answer_and_is_not_followed() {
    let elsewhere = Receiver::start(vec![Reply::text("HTTP/1.1 200 OK\r\n\r\n")]);
    let answer = answered(&format!(
        "HTTP/1.1 307 Elsewhere\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n",
        elsewhere.url("/")
    ));
    assert_eq!(answer.status, 307);
    assert!(elsewhere.heard().is_empty());
}

#[test]
fn a_receiver_that_is_down_or_breaks_off_or_talks_nonsense_is_no_answer() {
    let gone = Receiver::start(vec![]).url("/");
    assert!(matches!(exchange(&gone), Err(ExchangeError::Broken(_))));
    for reply in
        ["", "HTTP/1.1 20", "HTTP/1.1 200 OK\r\ncontent-len", "SSH-2.0-OpenSSH_9.2\r\n\r\n"]
    {
        let receiver = Receiver::start(vec![Reply::text(reply)]);
        let result = exchange(&receiver.url("/"));
        assert!(matches!(result, Err(ExchangeError::Broken(_))), "{reply:?}: {result:?}");
    }
}

#[test]
fn a_receiver_that_said_2xx_and_breaks_off_has_taken_the_delivery() {
    assert!(answered("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nbegi").is_success());
    // A refusal without its end is a refusal.
    let refused = answered("HTTP/1.1 500 Oh\r\ncontent-length: 1000\r\n\r\nbegi");
    assert_eq!((refused.status, refused.reason.as_str()), (500, "begi"));
}

#[test]
fn a_head_without_end_is_given_up_and_a_body_without_end_is_not_read() {
    let long = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(100_000));
    let receiver = Receiver::start(vec![Reply::text(&long)]);
    assert!(exchange(&receiver.url("/")).is_err());
    let endless = format!("HTTP/1.1 500 Oh\r\n\r\n{}", "z".repeat(5_000_000));
    assert_eq!(answered(&endless).reason.len(), 200);
}

#[test]
fn a_receiver_that_hangs_is_given_up_after_the_timeout() {
    let receiver = Receiver::start(vec![Reply::hanging("HTTP/1.1 200 O")]);
    let endpoint = Endpoint { timeout: Span::from_secs(1), ..endpoint(&receiver.url("/")) };
    let client = Client::open(&endpoint, &loopback()).unwrap();
    let error = client.exchange("id", &post(), NOW).unwrap_err();
    assert_eq!(error.to_string(), "no answer within 1s");
}

#[test]
fn nothing_is_sent_to_where_the_list_does_not_lead() {
    let receiver = Receiver::start(vec![Reply::text("HTTP/1.1 200 OK\r\n\r\n")]);
    let by_name = endpoint(&receiver.url("/").replace("127.0.0.1", "localhost"));
    // The name is not listed and leads to an address that is not either.
    let elsewhere = Targets::parse(&["192.0.2.0/24".to_owned()]).unwrap();
    let client = Client::open(&by_name, &elsewhere).unwrap();
    let error = client.exchange("id", &post(), NOW).unwrap_err();
    assert_eq!(error.to_string(), "localhost leads to no address that notify.targets allows");
    assert!(receiver.heard().is_empty());
    let named = Targets::parse(&["localhost".to_owned()]).unwrap();
    assert!(Client::open(&by_name, &named).unwrap().exchange("id", &post(), NOW).is_ok());
    let unlisted = Client::open(&endpoint(&receiver.url("/")), &elsewhere);
    assert!(matches!(unlisted.err().as_deref(), Some([Wrong::Target(_)])));
}

#[test]
fn files_that_do_not_hold_what_they_should_are_told() {
    let directory = tempfile::tempdir().unwrap();
    let none = file(&directory, "none.pem", b"hello");
    let open = |change: &dyn Fn(&mut Endpoint)| {
        let mut endpoint = endpoint("https://127.0.0.1:1/");
        endpoint.ca_file = Some(none.clone());
        change(&mut endpoint);
        Client::open(&endpoint, &loopback()).err().unwrap()[0].to_string()
    };
    let told = open(&|_| ());
    assert!(told.ends_with("none.pem: holds no certificate (PEM)"), "{told}");
    let told = open(&|endpoint| endpoint.secret_files = vec![none.clone()]);
    assert!(told.contains("not a secret: 5 octets"), "{told}");
    let told = open(&|endpoint| endpoint.secret_files = vec!["/nowhere/at-all".into()]);
    assert!(told.contains("/nowhere/at-all: No such file"), "{told}");
    let empty = file(&directory, "empty", b" \n");
    let told = open(&|endpoint| endpoint.bearer_token_file = Some(empty.clone()));
    assert!(told.contains("not a token"), "{told}");
    let told = open(&|endpoint| {
        endpoint.url = None;
        endpoint.url_file = Some(none.clone());
    });
    assert!(told.contains("its URL begins with neither"), "{told}");
}

mod tls;
