//! Monitoring as a service: what it finds reaches its receivers, through restarts and trouble.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use gridtap_model::{State, Timestamp};
use gridtap_store::{Capture, Filter, Page, Store};
use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};

use crate::receiver::{Got, Receiver};
use crate::run::{Ran, gridtap, run};
use crate::traffic::{DEVICES, Traffic};

/// How often it is looked, a while apart: long enough for a machine that does other things as well, and nothing is
/// judged by it.
pub(crate) const LOOKS: u32 = 1200;
pub(crate) const WHILE: Duration = Duration::from_millis(50);

/// A service over a quiet hour, and what comes after it.
pub(crate) struct Site {
    pub(crate) directory: TempDir,
    pub(crate) capture: PathBuf,
}

impl Site {
    /// Polls, which were learned, and then a stranger every other second, each from an address of its own.
    pub(crate) fn new(strangers: u8) -> Self {
        let directory = tempdir().unwrap();
        let learned = directory.path().join("learned.pcap");
        Traffic::polls(300).write(&learned);
        let capture = directory.path().join("storm.pcap");
        let mut traffic = Traffic::polls(300 + 2 * u32::from(strangers));
        for nth in 0..strangers {
            let at = 300.5 + 2.0 * f64::from(nth);
            traffic.switches(at, [10, 0, 1, nth].into(), DEVICES[usize::from(nth) % 2]);
        }
        traffic.write(&capture);
        let site = Self { directory, capture };
        let state = site.state();
        let (learned, state) = (learned.to_str().unwrap(), state.to_str().unwrap());
        let ran = run(["learn", learned, "--state", state, "--set", "baseline.block=10s"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        site
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.directory.path().join("state")
    }

    /// The settings of a service that tells one receiver.
    pub(crate) fn settings(&self, receiver: &Receiver, more: &str) -> PathBuf {
        let secret = self.directory.path().join("secret");
        fs::write(&secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").unwrap();
        let path = self.directory.path().join("gridtap.toml");
        let text = format!(
            r#"
            [baseline]
            block = "10s"
            [detect]
            flood_incidents = 1000
            [service]
            enabled = true
            name = "north"
            state = {state:?}
            read = [{capture:?}]
            at_end = "stay"
            [notify]
            targets = ["127.0.0.1"]
            retry = ["0s", "100ms", "100ms", "100ms", "100ms", "100ms", "100ms", "100ms", "100ms", "100ms"]
            [[notify.endpoint]]
            name = "noc"
            url = "http://{address}/hook"
            plain_http = true
            secret_files = [{secret:?}]
            types = ["anomaly.*", "sensor.*"]
            digest = false
            {more}
            "#,
            state = self.state(),
            capture = self.capture,
            address = receiver.address,
        );
        fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn service(&self, settings: &Path, pace: &str) -> Command {
        let mut command = gridtap(["monitor", "--pace", pace, "--config"]);
        command.arg(settings).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn anomalies(&self) -> BTreeSet<String> {
        let store = Store::read(&self.state()).unwrap();
        let all = Page { limit: 10_000, ..Page::default() };
        store.find(&Filter::default(), &all).unwrap().into_iter().map(|each| each.id).collect()
    }

    /// When a service last noted that it had heard the capture to its end.
    pub(crate) fn heard_at(&self) -> Option<Timestamp> {
        let captures = Store::read(&self.state()).unwrap().captures().unwrap();
        let is_it = |each: &&Capture| each.complete && each.path.ends_with("storm.pcap");
        captures.iter().find(is_it).map(|each| each.at)
    }

    /// Waits until this service's input has ended, where an earlier one had noted `before`, and nothing is owed any more.
    pub(crate) fn wait_until_told(&self, child: &mut Child, before: Option<Timestamp>) {
        for _ in 0..LOOKS {
            assert!(child.try_wait().unwrap().is_none(), "the service ended by itself");
            let has_ended = self.heard_at() > before;
            let store = Store::read(&self.state()).unwrap();
            let waits = store.queues().unwrap().iter().any(|queue| queue.waiting > 0);
            if has_ended && !waits {
                return;
            }
            std::thread::sleep(WHILE);
        }
        panic!("it was not told");
    }
}

pub(crate) fn stopped(mut child: Child) -> Ran {
    let asked = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(asked.success());
    let _ = child.stdin.take();
    child.wait_with_output().unwrap().into()
}

/// Each anomaly at least once, in the order of its revisions, and no change of it under two ids.
pub(crate) fn assert_told(anomalies: &BTreeSet<String>, got: &[Got]) {
    let mut told = BTreeSet::new();
    let mut ids: BTreeMap<(String, u64), String> = BTreeMap::new();
    let mut newest: BTreeMap<String, u64> = BTreeMap::new();
    for each in got.iter().filter(|each| each.kind.starts_with("anomaly.")) {
        let anomaly = each.data["id"].as_str().unwrap().to_owned();
        let revision = each.data["revision"].as_u64().unwrap();
        let id = ids.entry((anomaly.clone(), revision)).or_insert_with(|| each.id.clone());
        assert_eq!(*id, each.id, "{anomaly} revision {revision} came under two ids");
        let before = newest.entry(anomaly.clone()).or_insert(revision);
        assert!(*before <= revision, "{anomaly}: {revision} came after {before}");
        *before = revision;
        if (200..300).contains(&each.status) {
            told.insert(anomaly);
        }
    }
    assert_eq!(told, *anomalies);
}

#[test]
fn what_a_service_finds_reaches_its_receiver_signed_and_with_the_record_in_it() {
    let site = Site::new(5);
    let receiver = Receiver::start(|_| 204);
    let settings = site.settings(&receiver, "");
    let mut child = site.service(&settings, "5000").spawn().unwrap();
    site.wait_until_told(&mut child, None);
    let ran = stopped(child);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let got = receiver.got();
    let anomalies = site.anomalies();
    assert!(anomalies.len() >= 5, "{anomalies:?}");
    assert_told(&anomalies, &got);
    let first = &got[0].data;
    assert_eq!(first["site"], "north");
    assert_eq!(first["state"], "unacknowledged-active");
    assert!(first["advice"].as_str().unwrap().len() > 40);
    let store = Store::read(&site.state()).unwrap();
    for id in &anomalies {
        let evidence = store.evidence_of(id).unwrap().unwrap();
        assert_eq!(evidence.missing, 0, "{evidence:?}");
        assert!(evidence.frames > 0 && evidence.pcap.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]));
    }
    let audit = store.audit_log(0, 9).unwrap();
    let actions: Vec<_> = audit.iter().map(|each| each.row.action.as_str()).collect();
    assert!(actions.ends_with(&["start", "stop"]), "{actions:?}");
}

/// A request to a service, by the note it left; the status and the body of the answer.
pub(crate) fn asked(state: &Path, method: &str, path: &str, body: Option<&Value>) -> (u16, String) {
    asked_as(None, state, method, path, body)
}

/// The same with a token of one's own.
pub(crate) fn asked_as(
    token: Option<&str>,
    state: &Path,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> (u16, String) {
    let (status, _, body) = answered(token, state, method, path, body);
    (status, body)
}

/// The same with the head of the answer, between its status and its body.
pub(crate) fn answered(
    token: Option<&str>,
    state: &Path,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> (u16, String, String) {
    let note: Value =
        serde_json::from_slice(&fs::read(state.join("gridtap.api")).unwrap()).unwrap();
    let address = note["address"].as_str().unwrap();
    let token = token.or(note["token"].as_str()).unwrap();
    let body = body.map(Value::to_string).unwrap_or_default();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_owned(), body.to_owned())
}

#[test]
fn what_a_service_tells_can_be_read_and_acknowledged_and_prometheus_counts_it() {
    let site = Site::new(4);
    let receiver = Receiver::start(|_| 204);
    let settings = site.settings(&receiver, "[api]\nlisten = \"127.0.0.1:0\"");
    let mut child = site.service(&settings, "5000").spawn().unwrap();
    site.wait_until_told(&mut child, None);
    let state = site.state();
    let (status, text) = asked(&state, "GET", "/api/v1/anomalies?severity_min=high", None);
    assert_eq!(status, 200, "{text}");
    let id = receiver.got()[0].data["id"].as_str().unwrap().to_owned();
    assert!(text.contains(&id), "{text}");
    let action = json!({ "action": "acknowledge", "comment": "crew is on its way" });
    let path = format!("/api/v1/anomalies/{id}/actions");
    let (status, text) = asked(&state, "POST", &path, Some(&action));
    assert_eq!(status, 200, "{text}");
    let (status, text) = asked(&state, "POST", &path, Some(&action));
    assert_eq!(status, 409, "{text}");
    // The command line finds the service by itself, and says what it did as it does without one.
    let at = state.to_str().unwrap();
    let beginning = id.get(..8).unwrap();
    let undone =
        run(["anomalies", "unacknowledge", beginning, "--by", "shift lead", "--state", at]);
    assert_eq!(undone.code, Some(0), "{undone:?}");
    let again = run(["anomalies", "unacknowledge", beginning, "--state", at]);
    assert_eq!(again.code, Some(1), "{again:?}");
    assert!(again.err.contains("not acknowledged"), "{again:?}");
    let done = run(["anomalies", "acknowledge", beginning, "--json", "--state", at]);
    assert!(done.out.contains("\"acknowledged-active\""), "{done:?}");
    let history = Store::read(&state).unwrap().history_of(&id).unwrap();
    let undone = history.iter().find(|each| each.event == "unacknowledged").unwrap();
    assert!(
        undone.who.starts_with("shift lead") && undone.who.ends_with("(command line)"),
        "{undone:?}"
    );
    for _ in 0..LOOKS {
        if receiver.got().iter().any(|each| each.kind == "anomaly.acknowledged") {
            break;
        }
        std::thread::sleep(WHILE);
    }
    let told = receiver.got();
    let told = told.iter().find(|each| each.kind == "anomaly.acknowledged").unwrap();
    assert_eq!(told.data["id"], id.as_str());
    assert_eq!(told.data["comment"], "crew is on its way");
    let (status, metrics) = asked(&state, "GET", "/metrics", None);
    assert_eq!(status, 200);
    let opened: Vec<_> = metrics
        .lines()
        .filter(|line| line.starts_with("gridtap_anomalies_total{") && !line.ends_with(" 0"))
        .collect();
    assert!(!opened.is_empty(), "{metrics}");
    let delivered = "gridtap_webhook_deliveries_total{endpoint=\"noc\",result=\"delivered\"}";
    let delivered = metrics.lines().find(|line| line.starts_with(delivered)).unwrap();
    assert!(!delivered.ends_with(" 0"), "{delivered}");
    assert_eq!(asked(&state, "GET", "/healthz", None).0, 200);
    assert_eq!(stopped(child).code, Some(0));
    assert!(!state.join("gridtap.api").exists(), "nobody is sent to a service that is gone");
    // It is there after a restart.
    let store = Store::read(&state).unwrap();
    assert_eq!(store.anomaly(&id).unwrap().unwrap().state, State::AcknowledgedActive);
}

/// `GRIDTAP_KILLS` asks for more of them than every run of the tests needs.
fn kills() -> u32 {
    std::env::var("GRIDTAP_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(12)
}

#[test]
fn killed_at_any_moment_everything_found_is_delivered_in_order_and_nothing_under_two_ids() {
    let site = Site::new(60);
    // One in three fails, one way or another.
    let receiver = Receiver::start(|nth| match nth % 6 {
        1 => 500,
        4 => 0,
        _ => 200,
    });
    let settings = site.settings(&receiver, "");
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..kills() {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let mut child = site.service(&settings, "600").spawn().unwrap();
        std::thread::sleep(Duration::from_millis(100 + random % 700));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let before = site.heard_at();
    let mut child = site.service(&settings, "5000").spawn().unwrap();
    site.wait_until_told(&mut child, before);
    assert_eq!(stopped(child).code, Some(0));
    let anomalies = site.anomalies();
    assert!(anomalies.len() >= 60, "{}", anomalies.len());
    assert_told(&anomalies, &receiver.got());
    let soundness = Store::read(&site.state()).unwrap().check(None).unwrap();
    assert!(soundness.faults.is_empty(), "{:?}", soundness.faults);
    assert_eq!(soundness.audit.broken_at, None);
}

#[test]
fn what_comes_over_standard_input_is_told_while_it_is_silent() {
    let site = Site::new(3);
    let receiver = Receiver::start(|_| 204);
    let settings = site.settings(&receiver, "");
    let mut command = gridtap(["monitor", "--read", "-", "--config"]);
    command.arg(&settings).stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let octets = fs::read(&site.capture).unwrap();
    // The pipe stays open: nothing more comes, and nothing says so.
    child.stdin.as_mut().unwrap().write_all(&octets).unwrap();
    child.stdin.as_mut().unwrap().flush().unwrap();
    for _ in 0..LOOKS {
        if receiver.got().len() >= 3 {
            break;
        }
        std::thread::sleep(WHILE);
    }
    let sources: BTreeSet<_> =
        receiver.got().iter().map(|each| each.data["source"].to_string()).collect();
    assert!(sources.len() >= 3, "{sources:?}");
    let ran = stopped(child);
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

#[test]
fn when_what_feeds_a_service_ends_the_service_ends_with_a_sentence_and_is_started_again() {
    let site = Site::new(1);
    let receiver = Receiver::start(|_| 204);
    let settings = site.settings(&receiver, "");
    let mut command = gridtap(["monitor", "--read", "-", "--config"]);
    command.arg(&settings).stdin(fs::File::open(&site.capture).unwrap());
    let ran = Ran::from(command.output().unwrap());
    assert_eq!(ran.code, Some(4), "{ran:?}");
    assert!(ran.err.contains("standard input ended by itself"), "{ran:?}");
    assert!(!site.anomalies().is_empty(), "what it found before is stored");
}

#[test]
fn a_service_says_what_is_wrong_with_its_settings_before_it_touches_anything() {
    let directory = tempdir().unwrap();
    let says = |text: &str| {
        let path = directory.path().join("bad.toml");
        fs::write(&path, text).unwrap();
        let ran = run(["monitor", "--config", path.to_str().unwrap()]);
        assert_eq!(ran.out, "");
        (ran.code, ran.err)
    };
    let (code, text) = says("[service]\nenabled = true\n");
    assert_eq!(code, Some(3));
    assert!(text.contains("service.state"), "{text}");
    let state = directory.path().join("state");
    let (code, text) = says(&format!("[service]\nenabled = true\nstate = {state:?}\n"));
    assert_eq!(code, Some(2));
    assert!(text.contains("service.read"), "{text}");
    let (code, text) = says("[service]\nenabeld = true\n");
    assert_eq!(code, Some(3));
    assert!(text.contains("enabled"), "{text}");
    let (code, text) = says(&format!(
        "[service]\nenabled = true\nstate = {state:?}\nread = [\"x\"]\n[[notify.endpoint]]\nname = \"noc\"\n"
    ));
    assert_eq!(code, Some(3));
    assert!(text.contains("noc") && text.contains("url"), "{text}");
    assert!(!state.exists());
}
