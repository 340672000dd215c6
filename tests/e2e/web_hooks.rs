//! Deliveries to receivers that we did not write.

mod alertmanager;
mod plant;

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};

use gridtap_notify::signature::{Secret, verify};
use gridtap_notify::{Endpoint, Format};
use gridtap_store::Outcome;
use serde_json::Value;

use crate::machine::root;
use plant::Plant;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A program that is gone with the test.
struct Peer(Child);

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A Python with the packages of `tests/peers/requirements.txt`: what `cargo xtask test` names, else the system's.
fn python() -> Option<String> {
    let python = std::env::var("GRIDTAP_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let import = Command::new(&python).args(["-c", "import standardwebhooks"]).output();
    if import.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    println!("not run: {python} has no standardwebhooks (`cargo xtask test` installs it)");
    None
}

/// Python's receiver: the process, what it says, and its port.
fn receiver(python: &str) -> (Peer, Lines<BufReader<ChildStdout>>, u64) {
    let mut child = Command::new(python)
        .arg(root().join("tests/peers/standard_webhooks.py"))
        .arg(SECRET)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python starts");
    let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    let port = next(&mut lines).as_u64().expect("a port");
    (Peer(child), lines, port)
}

fn next(lines: &mut Lines<BufReader<ChildStdout>>) -> Value {
    let line = lines.next().expect("the peer says something").expect("the pipe holds");
    serde_json::from_str(&line).expect("a line of JSON")
}

#[test]
fn the_reference_library_verifies_what_we_sign_and_we_what_it_signs() {
    let Some(python) = python() else { return };
    let (_peer, mut lines, port) = receiver(&python);

    let signed = next(&mut lines);
    let text = |name: &str| signed[name].as_str().expect("a text");
    let timestamp = signed["timestamp"].as_i64().expect("seconds");
    let secrets = [Secret::of_file(SECRET.as_bytes()).expect("a secret")];
    let is_verified =
        |body: &str| verify(text("id"), timestamp, body.as_bytes(), text("signature"), &secrets);
    assert!(is_verified(text("body")));
    assert!(!is_verified(&text("body").replace("Ü", "U")));

    let files = tempfile::tempdir().expect("a directory");
    let file = |name: &str, content: &str| {
        let path = files.path().join(name);
        std::fs::write(&path, content).expect("a file");
        path
    };
    let endpoint = |name: &str, secret_files| Endpoint {
        name: name.to_owned(),
        url: Some(format!("http://127.0.0.1:{port}/hook")),
        format: Format::Standard,
        secret_files,
        ..Endpoint::default()
    };
    // The receiver knows the old secret alone; the other endpoint has another secret altogether.
    let rotating = vec![
        file("new", "the secret that will be used from tomorrow"),
        file("old", &format!("{SECRET}\n")),
    ];
    let wrong = vec![file("wrong", "a secret that this receiver does not know")];
    let plant = Plant::new(vec![endpoint("right", rotating)]);
    plant.find(1);
    let deliveries = plant.start();
    let (due, outcome) = plant.attempt();
    assert_eq!(outcome, Outcome::Delivered { status: 204 });
    let heard = next(&mut lines);
    assert_eq!(heard["verified"], true);
    assert_eq!(heard["id"], due.id.as_str());
    assert_eq!(heard["body"], due.body.as_str());
    plant.end(deliveries);

    let plant = Plant::new(vec![endpoint("wrong", wrong)]);
    plant.find(1);
    let deliveries = plant.start();
    assert!(matches!(plant.attempt().1, Outcome::Retry { status: Some(401), .. }));
    assert_eq!(next(&mut lines)["verified"], false);
    plant.end(deliveries);
}
