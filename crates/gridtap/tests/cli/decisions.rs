//! Decisions about the baseline while a service hears.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use gridtap_store::Store;
use serde_json::{Value, json};

use crate::receiver::Receiver;
use crate::run::{Ran, gridtap, run};
use crate::service::{LOOKS, Site, WHILE, asked_as, stopped};
use crate::traffic::{DEVICES, PCAP_HEAD, STRANGER, Traffic, record};

const START_US: u64 = 1_714_564_800_000_000;
const DECISIONS: &str = "/api/v1/baseline/decisions";

/// A service that is fed by hand.
struct Fed {
    site: Site,
    settings: PathBuf,
    traffic: Traffic,
    child: Child,
}

impl Fed {
    fn new(more: &str) -> Self {
        let site = Site::new(1);
        let receiver = Receiver::start(|_| 204);
        let mut tokens = String::new();
        for name in ["meyer", "kim"] {
            let file = site.directory.path().join(name);
            fs::write(&file, token(name)).unwrap();
            tokens.push_str(&format!(
                "[[api.token]]\nname = {name:?}\nrole = \"engineer\"\ntoken_file = {file:?}\n"
            ));
        }
        let more = format!("[api]\nlisten = \"127.0.0.1:0\"\n{tokens}{more}");
        let settings = site.settings(&receiver, &more);
        let traffic = Traffic::polls(400);
        let child = started(&settings);
        Self { site, settings, traffic, child }
    }

    /// What is heard in these seconds.
    fn feed(&mut self, seconds: std::ops::Range<u64>) {
        self.traffic.frames.sort_by_key(|(us, _)| *us);
        let us = seconds.start * 1_000_000..seconds.end * 1_000_000;
        let mut octets = Vec::new();
        for (at, frame) in self.traffic.frames.iter().filter(|(at, _)| us.contains(at)) {
            octets.extend(record(START_US + at, frame));
        }
        let stdin = self.child.stdin.as_mut().unwrap();
        stdin.write_all(&octets).unwrap();
        stdin.flush().unwrap();
    }

    fn start_again(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.child = started(&self.settings);
    }

    /// The anomalies of a source, each with its key, revision and count.
    fn of(&self, source: &str) -> Vec<(String, u64, u64)> {
        let store = Store::read(&self.site.state()).unwrap();
        let all = store.anomalies().unwrap();
        let all = all.iter().map(|each| serde_json::from_str::<Value>(&each.record).unwrap());
        all.filter(|record| record["source"].as_str().unwrap().starts_with(source))
            .map(|record| {
                let number = |name: &str| record[name].as_u64().unwrap();
                (record["key"].as_str().unwrap().to_owned(), number("revision"), number("count"))
            })
            .collect()
    }

    fn wait_for(&mut self, source: &str) {
        for _ in 0..LOOKS {
            assert!(self.child.try_wait().unwrap().is_none(), "the service ended by itself");
            if !self.of(source).is_empty() {
                return;
            }
            std::thread::sleep(WHILE);
        }
        panic!("{source} was not told");
    }

    fn accept(&self, who: &str, key: &str, reason: &str, actor: Option<&str>) -> (u16, Value) {
        let mut body = json!({ "action": "accept", "key": key, "reason": reason, "until": "2099-01-01T00:00:00Z" });
        if let Some(actor) = actor {
            body["actor"] = actor.into();
        }
        let (status, text) =
            asked_as(Some(&token(who)), &self.site.state(), "POST", DECISIONS, Some(&body));
        (status, serde_json::from_str(&text).unwrap())
    }

    fn baseline(&self, what: &[&str]) -> Ran {
        let state = self.site.state();
        run([&["baseline"], what, &["--state", state.to_str().unwrap()]].concat())
    }

    fn stop(self) -> Site {
        let ran = stopped(self.child);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        self.site
    }
}

fn token(name: &str) -> String {
    format!("{name}-0123456789-0123456789-0123456789")
}

fn started(settings: &PathBuf) -> Child {
    let mut command = gridtap(["monitor", "--read", "-", "--config"]);
    command.arg(settings).stdin(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    child.stdin.as_mut().unwrap().write_all(&PCAP_HEAD).unwrap();
    child
}

fn message(answer: &Value) -> &str {
    answer["error"]["message"].as_str().unwrap()
}

const STRANGE: &str = "10.0.0.99:";

#[test]
fn what_two_people_accept_alarms_no_more_in_the_running_service_nor_after_a_kill() {
    let mut fed = Fed::new("");
    for at in [305.5, 315.5, 325.5, 345.5] {
        fed.traffic.switches(at, STRANGER, DEVICES[0]);
    }
    fed.traffic.switches(318.5, [10, 0, 2, 1].into(), DEVICES[0]);
    fed.traffic.switches(328.5, [10, 0, 2, 2].into(), DEVICES[0]);
    fed.traffic.switches(348.5, [10, 0, 2, 3].into(), DEVICES[0]);
    fed.feed(300..310);
    fed.wait_for(STRANGE);
    let key = fed.of(STRANGE)[0].0.clone();
    assert!(key.ends_with("|command|coil|2"), "{key}");

    // One person, whatever they call themselves, is one: it goes on alarming.
    let (status, answer) = fed.accept("meyer", &key, "switching plan 17", None);
    assert_eq!((status, &answer["in_force"]), (202, &json!(false)), "{answer}");
    for actor in ["kim", "kim (command line)", "kim (session of root) (command line)"] {
        let (status, answer) = fed.accept("meyer", &key, "switching plan 17", Some(actor));
        assert_eq!((status, &answer["in_force"]), (202, &json!(false)), "{answer}");
    }
    let same = fed.baseline(&["accept", &key, "--reason", "x", "--until", "1d", "--by", "Meyer"]);
    assert!(same.out.contains("second person"), "{same:?}");
    let before = fed.of(STRANGE);
    fed.feed(310..320);
    fed.wait_for("10.0.2.1:");
    let alarmed = fed.of(STRANGE);
    assert_ne!(alarmed, before, "it is not accepted yet");

    let (status, answer) = fed.accept("kim", &key, "as meyer says", None);
    assert_eq!((status, &answer["in_force"]), (200, &json!(true)), "{answer}");
    assert!(
        answer["also"]
            .as_array()
            .unwrap()
            .iter()
            .any(|also| { also == "access|zone0|modbus|10.0.0.21#1|10.0.0.99|command" }),
        "{answer}"
    );
    let alarmed = fed.of(STRANGE);
    fed.feed(320..330);
    fed.wait_for("10.0.2.2:");
    assert_eq!(fed.of(STRANGE), alarmed, "what was accepted alarmed in the running service");

    fed.start_again();
    fed.feed(330..350);
    fed.wait_for("10.0.2.3:");
    assert_eq!(fed.of(STRANGE), alarmed, "what was accepted alarmed after a kill");
    let site = fed.stop();
    let store = Store::read(&site.state()).unwrap();
    let soundness = store.check(None).unwrap();
    assert!(soundness.faults.is_empty() && soundness.audit.broken_at.is_none(), "{soundness:?}");
    let rows = store.baseline_rows().unwrap();
    let (_, row) = rows.iter().find(|(each, _)| *each == key).unwrap();
    let row: Value = serde_json::from_str(row).unwrap();
    assert_eq!(
        (&row["acceptance"]["second"], &row["acceptance"]["reason"]),
        (&json!("kim"), &json!("as meyer says"))
    );
}

#[test]
fn a_decision_that_is_refused_says_why_as_the_command_line_does_and_is_in_the_audit_log() {
    let site_file = tempfile::tempdir().unwrap();
    let path = site_file.path().join("site.toml");
    fs::write(&path, FORBIDS).unwrap();
    let mut fed = Fed::new("");
    // Of the settings' own table: it must stand before the others.
    let text = fs::read_to_string(&fed.settings).unwrap();
    fs::write(&fed.settings, format!("site = {path:?}\n{text}")).unwrap();
    fed.start_again();
    fed.traffic.switches(305.5, STRANGER, DEVICES[0]);
    fed.feed(300..310);
    fed.wait_for(STRANGE);
    let key = fed.of(STRANGE)[0].0.clone();
    let mistyped = key.replace("coil|2", "coil|3");
    for (key, reason, status, said) in [
        (key.as_str(), "plan 17", 409, "the site file forbids it"),
        (key.as_str(), "  ", 422, "say why this is normal"),
        (mistyped.as_str(), "plan 17", 404, "the nearest that was is"),
        ("nonsense", "plan 17", 422, "not a key"),
        ("fact|x", "plan 17", 422, "name the key of the anomaly"),
    ] {
        let (code, answer) = fed.accept("meyer", key, reason, None);
        assert_eq!(code, status, "{answer}");
        assert!(message(&answer).contains(said), "{answer}");
        let typed = fed.baseline(&["accept", key, "--reason", reason, "--until", "1d"]);
        assert_eq!(typed.code, Some(2), "{typed:?}");
        assert!(typed.err.contains(message(&answer)), "{typed:?} and {answer}");
    }
    let learned = "access|zone0|modbus|10.0.0.21#1|10.0.0.7|read";
    let signed = fed.baseline(&["sign-off", learned, "--reason", "as planned"]);
    assert_eq!(signed.code, Some(0), "{signed:?}");
    let held = fed.baseline(&["sign-off", &key]);
    assert!(held.code == Some(2) && held.err.contains("held back"), "{held:?}");
    let site = fed.stop();
    let audit = Store::read(&site.state()).unwrap().audit_log(0, 1000).unwrap();
    let decided: Vec<_> = audit
        .iter()
        .filter(|each| each.row.action.starts_with("baseline "))
        .map(|each| &each.row)
        .collect();
    assert_eq!(decided.len(), 12, "{decided:?}");
    assert_eq!((decided[0].who.as_str(), decided[0].role.as_str()), ("meyer", "engineer"));
    assert!(decided[0].outcome.contains("the site file forbids it"), "{decided:?}");
    assert_eq!(
        (decided[10].action.as_str(), decided[10].outcome.as_str()),
        ("baseline sign-off", "done")
    );
    assert!(decided[10].who.ends_with("(command line)"), "{decided:?}");
    let rows = Store::read(&site.state()).unwrap().baseline_rows().unwrap();
    let (_, row) = rows.iter().find(|(each, _)| each == learned).unwrap();
    let row: gridtap_baseline::Row = serde_json::from_str(row).unwrap();
    assert!(row.is_signed_off());
}

const FORBIDS: &str = r#"
    [[devices]]
    name = "rtu"
    protocol = "modbus"
    address = "10.0.0.21"

    [[hosts]]
    name = "stranger"
    addresses = ["10.0.0.99"]

    [[access]]
    hosts = ["stranger"]
    devices = ["*"]
    functions = ["write_single_coil"]
    forbid = true
"#;
