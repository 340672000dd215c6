use std::path::PathBuf;
use std::sync::Barrier;

use gridtap_model::Severity;
use gridtap_notify::signature::{Secret, sign};
use serde_json::{Value, json};

use super::{Answer, NOW, OPERATOR, Stage, config, id, incident};
use crate::{Config, Hook};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OLD: &str = "an older secret, which is still live";
const SECOND: i64 = NOW.nanos() / 1_000_000_000;

/// A stage with three hooks: `noc`, `far` of another network, and `night`, which may do less.
fn stage(anomalies: u8) -> (tempfile::TempDir, Stage) {
    let files = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| -> PathBuf {
        let path = files.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let secret_files = vec![file("new", &format!("{SECRET}\n")), file("old", OLD)];
    let hook = |name: &str, network: &str| Hook {
        name: name.to_owned(),
        secret_files: secret_files.clone(),
        networks: vec![network.to_owned()],
        ..Hook::default()
    };
    let night = Hook {
        actions: vec!["acknowledge".to_owned(), "comment".to_owned()],
        severity_max: Severity::High,
        ..hook("night", "127.0.0.0/8")
    };
    let noc = Hook { actions: night.actions.clone(), ..hook("noc", "127.0.0.1") };
    let far = hook("far", "10.0.0.0/8");
    let stage = Stage::with(Config { hook: vec![noc, far, night], ..config() }, anomalies);
    (files, stage)
}

/// What a message is made of.
struct Sent<'a> {
    hook: &'a str,
    id: &'a str,
    second: i64,
    secret: &'a str,
    body: String,
}

impl Sent<'_> {
    fn headers(&self) -> [String; 4] {
        let secret = Secret::of_file(self.secret.as_bytes()).unwrap();
        [
            "Content-Type: application/json".to_owned(),
            format!("webhook-id: {}", self.id),
            format!("webhook-timestamp: {}", self.second),
            format!(
                "webhook-signature: {}",
                sign(self.id, self.second, self.body.as_bytes(), &secret)
            ),
        ]
    }

    fn by(&self, stage: &Stage) -> Answer {
        let headers = self.headers();
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        stage.ask("POST", &format!("/api/v1/hooks/{}", self.hook), &headers, self.body.as_bytes())
    }
}

fn sent<'a>(id: &'a str, data: &Value) -> Sent<'a> {
    let body = json!({ "type": "anomaly.action", "timestamp": NOW, "data": data }).to_string();
    Sent { hook: "noc", id, second: SECOND, secret: SECRET, body }
}

fn acknowledge(nth: u8) -> Value {
    json!({ "anomaly_id": id(nth), "action": "acknowledge", "actor": "shift lead", "comment": "seen" })
}

fn counted(stage: &Stage, hook: &str, result: &str) -> u64 {
    let text = stage.metrics.text();
    let name = format!("gridtap_webhook_inbound_total{{hook=\"{hook}\",result=\"{result}\"}} ");
    let line = text.lines().find_map(|line| line.strip_prefix(&name));
    line.unwrap_or_else(|| panic!("{name} is not in {text}")).parse().unwrap()
}

#[test]
fn a_signed_message_acts_and_is_told_where_the_anomaly_stands() {
    let (_files, stage) = stage(2);
    let answer = sent("m1", &acknowledge(1)).by(&stage);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let wanted = json!({ "anomaly_id": id(1), "state": "acknowledged-active", "revision": 2, "duplicate": false });
    assert_eq!(answer.json(), wanted);
    let happened = stage.store().history_of(&id(1)).unwrap().pop().unwrap();
    assert_eq!(
        (&*happened.who, &*happened.via, &*happened.comment),
        ("shift lead", "hook noc", "seen")
    );
    assert_eq!(stage.audited(), ["hook noc | acknowledge | done"]);
    assert_eq!(counted(&stage, "noc", "accepted"), 1);
    // Its sender need not say who did it, nor when.
    let data = json!({ "incident_id": incident(2), "action": "comment", "comment": "calling" });
    let body = json!({ "type": "anomaly.action", "data": data }).to_string();
    let answer = Sent { body, ..sent("m2", &json!({})) }.by(&stage);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["incident_id"], incident(2));
    assert_eq!(answer.json()["anomalies"][0]["revision"], 2);
    assert_eq!(stage.store().history_of(&id(2)).unwrap().pop().unwrap().who, "noc");
}

#[test]
fn everything_is_checked_in_its_order() {
    let (_files, stage) = stage(3);
    assert_eq!(sent("used", &acknowledge(1)).by(&stage).status, 200);
    let order: [(&str, u16, &str); 8] = [
        ("length", 413, "too_large"),
        ("network", 403, "forbidden"),
        ("signature", 401, "unauthorized"),
        ("time", 401, "stale_timestamp"),
        ("id", 409, "reused_id"),
        ("json", 400, "malformed"),
        ("key", 403, "forbidden"),
        ("state", 409, "wrong_state"),
    ];
    for (place, (fault, status, code)) in order.iter().enumerate() {
        // Everything from here on is wrong: the first is what is told.
        let is_wrong = |name: &str| order[place..].iter().any(|(each, ..)| *each == name);
        let mut data = acknowledge(if is_wrong("state") { 1 } else { 2 });
        if is_wrong("key") {
            data["action"] = "close".into();
            data["disposition"] = "true_positive".into();
        }
        let fresh = format!("fresh-{fault}");
        let mut message = sent(if is_wrong("id") { "used" } else { &fresh }, &data);
        if is_wrong("json") {
            message.body.push('}');
        }
        if is_wrong("length") {
            message.body.push_str(&" ".repeat(64 * 1024));
        }
        if is_wrong("time") {
            message.second -= 301;
        }
        if is_wrong("signature") {
            message.secret = "nobody's secret, 24 octets long";
        }
        if is_wrong("network") {
            message.hook = "far";
        }
        assert_eq!(message.by(&stage).problem(), (*status, (*code).to_owned()), "{fault}");
    }
    assert_eq!(sent("m9", &acknowledge(2)).by(&stage).status, 200);
}

#[test]
fn a_message_acts_once_also_after_a_restart() {
    let (_files, mut stage) = stage(2);
    let message = sent("m1", &acknowledge(1));
    let first = message.by(&stage);
    let path = format!("/api/v1/anomalies/{}/actions", id(1));
    assert_eq!(stage.post(&path, OPERATOR, r#"{"action":"unacknowledge"}"#).status, 200);
    for _ in 0..2 {
        let again = message.by(&stage);
        let mut wanted = first.json();
        wanted["duplicate"] = true.into();
        assert_eq!((again.status, again.json()), (200, wanted));
        let other = sent("m1", &acknowledge(2)).by(&stage);
        assert_eq!(other.problem(), (409, "reused_id".to_owned()));
        stage.restart();
    }
    let standing = |nth| stage.store().anomaly(&id(nth)).unwrap().unwrap().revision;
    assert_eq!((standing(1), standing(2)), (3, 1));
    // The same id at another hook is another message.
    assert_eq!(Sent { hook: "night", ..sent("m1", &acknowledge(2)) }.by(&stage).status, 200);
    assert_eq!((counted(&stage, "noc", "duplicate"), counted(&stage, "noc", "replayed")), (2, 2));
}

#[test]
fn what_was_refused_stays_refused_under_its_id() {
    let (_files, stage) = stage(1);
    assert_eq!(sent("m1", &acknowledge(1)).by(&stage).status, 200);
    let late = sent("m2", &acknowledge(1));
    assert_eq!(late.by(&stage).problem(), (409, "wrong_state".to_owned()));
    let path = format!("/api/v1/anomalies/{}/actions", id(1));
    stage.post(&path, OPERATOR, r#"{"action":"unacknowledge"}"#);
    // Its sender tries again by itself, hours later: that must not become an acknowledgement.
    let again = late.by(&stage);
    assert_eq!(again.problem(), (409, "wrong_state".to_owned()));
    assert_eq!(again.json()["duplicate"], true);
    assert_eq!(stage.store().anomaly(&id(1)).unwrap().unwrap().revision, 3);
}

#[test]
fn of_the_same_message_twice_at_once_one_acts() {
    let (_files, stage) = stage(10);
    for nth in 1..=10 {
        let (name, ready) = (format!("m{nth}"), Barrier::new(2));
        let one = || {
            ready.wait();
            sent(&name, &acknowledge(nth)).by(&stage).json()
        };
        let answers = std::thread::scope(|scope| {
            let other = scope.spawn(one);
            [one(), other.join().unwrap()]
        });
        let mut duplicate = answers.map(|answer| answer["duplicate"].as_bool().unwrap());
        duplicate.sort_unstable();
        assert_eq!(duplicate, [false, true]);
        assert_eq!(stage.store().anomaly(&id(nth)).unwrap().unwrap().revision, 2);
    }
}

#[test]
fn a_message_of_another_time_is_refused_and_leaves_its_row() {
    let (_files, mut stage) = stage(4);
    for (nth, apart, status) in [(1, -300, 200), (2, 300, 200), (3, -301, 401), (4, 301, 401)] {
        let name = format!("m{nth}");
        let message = Sent { second: SECOND + apart, ..sent(&name, &acknowledge(nth)) };
        assert_eq!(message.by(&stage).status, status, "{apart}");
    }
    let far = Sent { second: i64::MAX, ..sent("m5", &acknowledge(3)) };
    assert_eq!(far.by(&stage).problem(), (401, "stale_timestamp".to_owned()));
    assert_eq!(counted(&stage, "noc", "stale"), 3);
    // Nobody waits for the rows to be written but the end.
    stage.end();
    let stale = "hook noc | acknowledge | refused: stale_timestamp";
    assert_eq!(stage.audited().iter().filter(|row| *row == stale).count(), 3);
}

#[test]
fn every_fault_of_a_signature_has_the_same_answer() {
    let (_files, mut stage) = stage(1);
    let message = sent("m1", &acknowledge(1));
    let right = message.headers();
    let with = |place: usize, text: &str| {
        let mut headers = right.to_vec();
        headers[place] = text.to_owned();
        headers
    };
    let wrong = [
        with(1, "webhook-id: m2"),
        with(1, "x: y"),
        with(1, "webhook-id: "),
        with(1, "webhook-id: m.1"),
        with(1, &format!("webhook-id: {}", "m".repeat(5000))),
        with(2, "x: y"),
        with(2, "webhook-timestamp: soon"),
        with(2, &format!("webhook-timestamp: +{SECOND}")),
        with(2, &format!("webhook-timestamp: {}", SECOND + 1)),
        with(3, "x: y"),
        with(3, "webhook-signature: v1,"),
        with(3, &right[3].replace("v1,", "v1a,")),
        with(3, "webhook-signature: v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        Sent { secret: "a third secret, which is not live", ..sent("m1", &acknowledge(1)) }
            .headers()
            .to_vec(),
    ];
    let attempts = wrong.len();
    let mut told = std::collections::BTreeSet::new();
    for headers in wrong {
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        let answer = stage.ask("POST", "/api/v1/hooks/noc", &headers, message.body.as_bytes());
        assert_eq!(answer.status, 401, "{headers:?}");
        told.insert(answer.text().to_owned());
    }
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(counted(&stage, "noc", "signature"), u64::try_from(attempts).unwrap());
    let old = Sent { secret: OLD, ..sent("m2", &acknowledge(1)) };
    assert_eq!(old.by(&stage).status, 200);
    stage.end();
    let rows = stage.store().audit_log(0, 100).unwrap();
    let told: Vec<_> = rows.iter().map(|each| (&*each.row.outcome, &*each.row.detail)).collect();
    assert_eq!(told, [("done", "seen"), ("signature", "14 attempts")]);
    assert_eq!(rows[1].row.subject, "127.0.0.1");
}

#[test]
fn what_is_wrong_with_a_message_has_its_own_answer_and_its_row() {
    let (_files, stage) = stage(1);
    let with = |field: &str, value: Value| {
        let mut data = acknowledge(1);
        data[field] = value;
        data
    };
    let envelope = |text: &str| text.replace("DATA", &acknowledge(1).to_string());
    let cases: Vec<(String, u16, &str)> = vec![
        (String::new(), 400, "no JSON"),
        (sent("", &acknowledge(1)).body.trim_end_matches('}').to_owned(), 400, "no JSON"),
        ("[".repeat(60_000), 400, "recursion"),
        (
            format!(r#"{{"type":"anomaly.action","data":{}"#, r#"{"a":"#.repeat(10_000)),
            400,
            "recursion",
        ),
        ("\u{ff}".to_owned(), 400, "no JSON"),
        ("[]".to_owned(), 422, "no object"),
        (envelope(r#"{"type":"anomaly.action","data":DATA,"extra":1}"#), 422, "extra"),
        (envelope(r#"{"type":"anomaly.opened","data":DATA}"#), 422, "anomaly.opened"),
        (envelope(r#"{"type":"anomaly.action","timestamp":"now","data":DATA}"#), 422, "timestamp"),
        (envelope(r#"{"type":"anomaly.action","data":[DATA]}"#), 422, "no object"),
        (sent("", &with("colour", "red".into())).body, 422, "colour"),
        (sent("", &with("incident_id", incident(1).into())).body, 422, "either"),
        (sent("", &with("anomaly_id", Value::Null)).body, 422, "either"),
        (sent("", &with("action", "delete".into())).body, 422, "delete"),
        (sent("", &with("until", "2024-05-01T11:00:00Z".into())).body, 422, "until"),
        (sent("", &with("expected_revision", 2.into())).body, 409, "revision 1"),
        (sent("", &with("anomaly_id", "nobody".into())).body, 404, "nobody"),
        (sent("", &json!({ "anomaly_id": id(1), "action": "comment" })).body, 422, "comment"),
    ];
    for (nth, (body, status, word)) in cases.iter().enumerate() {
        let name = format!("m{nth}");
        let message = Sent { body: body.clone(), ..sent(&name, &json!({})) };
        let answer = message.by(&stage);
        let short: String = body.chars().take(60).collect();
        assert_eq!(answer.status, *status, "{short}: {}", answer.text());
        assert!(answer.message().contains(word), "{short}: {}", answer.message());
    }
    assert_eq!(stage.audited().len(), cases.len());
    let mut headers = sent("plain", &acknowledge(1)).headers();
    headers[0] = "Content-Type: text/plain".to_owned();
    let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
    let body = sent("plain", &acknowledge(1)).body;
    let answer = stage.ask("POST", "/api/v1/hooks/noc", &headers, body.as_bytes());
    assert_eq!(answer.problem(), (415, "unsupported_media_type".to_owned()));
    assert_eq!(stage.store().anomaly(&id(1)).unwrap().unwrap().revision, 1);
}

#[test]
fn a_hook_does_what_its_key_may_and_no_more() {
    let (_files, stage) = stage(4);
    // Number 3 is critical, and the key of the night ends at high.
    let night = |id, data: &Value| Sent { hook: "night", ..sent(id, data) }.by(&stage);
    let answer = night("m1", &acknowledge(3));
    assert_eq!(answer.problem(), (403, "forbidden".to_owned()));
    assert!(answer.message().contains("high"), "{}", answer.message());
    let whole = json!({ "incident_id": incident(3), "action": "acknowledge" });
    assert_eq!(night("m2", &whole).problem().0, 403);
    assert_eq!(night("m3", &acknowledge(2)).status, 200);
    let close = json!({ "anomaly_id": id(2), "action": "close", "disposition": "true_positive" });
    assert_eq!(night("m4", &close).problem(), (403, "forbidden".to_owned()));
    assert_eq!(stage.audited().len(), 4);
    assert_eq!(counted(&stage, "night", "forbidden"), 3);
    let nobody = Sent { hook: "nobody", ..sent("m1", &acknowledge(1)) }.by(&stage);
    assert_eq!(nobody.problem(), (404, "not_found".to_owned()));
}

#[test]
fn while_the_store_is_down_a_message_is_not_used_up() {
    let (_files, mut stage) = stage(1);
    stage.lose_store();
    let message = sent("m1", &acknowledge(1));
    assert_eq!(message.by(&stage).problem(), (503, "store_unavailable".to_owned()));
    stage.revive();
    assert_eq!(message.by(&stage).json()["duplicate"], false);
}

#[test]
fn a_recorded_message_sent_again_and_again_has_a_bounded_number_of_rows() {
    let (_files, mut stage) = stage(1);
    let message = sent("m1", &acknowledge(1));
    for _ in 0..100 {
        assert_eq!(message.by(&stage).status, 200);
    }
    stage.end();
    let rows = stage.audited();
    assert_eq!(rows.len(), 32, "{rows:?}");
    let last = stage.store().audit_log(31, 1).unwrap().remove(0).row;
    assert_eq!((&*last.outcome, &*last.detail), ("duplicate", "69 attempts"));
}
