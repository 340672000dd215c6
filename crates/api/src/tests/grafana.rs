use std::path::Path;

use serde_json::{Value, json};

use super::{Answer, NOW, Stage, config, id};
use crate::{Config, Hook, HookFormat};

const SECRET: &str = "a secret of a contact point";
const SECOND: i64 = NOW.nanos() / 1_000_000_000;

fn stage(files: &Path) -> Stage {
    let path = files.join("grafana");
    std::fs::write(&path, SECRET).unwrap();
    let hook = Hook {
        name: "grafana".to_owned(),
        format: HookFormat::Grafana,
        secret_files: vec![path],
        actions: vec!["acknowledge".to_owned()],
        ..Hook::default()
    };
    Stage::with(Config { hook: vec![hook], ..config() }, 3)
}

/// What Grafana sends, as far as it matters and a little more.
fn notification(status: &str, alerts: &[Value]) -> Value {
    json!({
        "receiver": "gridtap", "status": status, "orgId": 1, "alerts": alerts,
        "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {},
        "externalURL": "https://grafana.plant.example/", "version": "1", "groupKey": "{}:{}",
        "truncatedAlerts": 0, "title": "[FIRING:1]", "state": "alerting", "message": "",
    })
}

fn alert(status: &str, labels: &Value) -> Value {
    json!({
        "status": status, "labels": labels,
        "annotations": { "gridtap_comment": "planned, says the shift" },
        "startsAt": "2024-05-01T09:59:00Z", "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "", "fingerprint": "5a3f1d2c", "silenceURL": "", "values": null,
    })
}

fn asks(action: &str, nth: u8) -> Value {
    json!({ "alertname": "Planned", "gridtap_action": action, "anomaly": id(nth), "gridtap_actor": "maria" })
}

/// Signed as a contact point signs: with a time where it names a header for it.
fn call(stage: &Stage, body: &Value, second: Option<i64>) -> Answer {
    let body = body.to_string();
    let key = crate::hook::key_of(SECRET);
    let mut headers = vec!["Content-Type: application/json".to_owned()];
    let code = match second {
        None => key.code(&[body.as_bytes()]),
        Some(second) => {
            headers.push(format!("X-Grafana-Alerting-Timestamp: {second}"));
            key.code(&[second.to_string().as_bytes(), b":", body.as_bytes()])
        }
    };
    headers.push(format!("X-Grafana-Alerting-Signature: {code}"));
    let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
    stage.ask("POST", "/api/v1/hooks/grafana", &headers, body.as_bytes())
}

#[test]
fn that_an_alert_fires_or_resolves_is_noted_and_changes_nothing() {
    let files = tempfile::tempdir().unwrap();
    let stage = stage(files.path());
    let plain = json!({ "alertname": "UnacknowledgedCritical", "anomaly": id(1) });
    for status in ["firing", "resolved"] {
        let answer = call(&stage, &notification(status, &[alert(status, &plain)]), None);
        assert_eq!((answer.status, &answer.json()["recorded"]), (200, &true.into()));
        assert!(answer.json()["message"].as_str().unwrap().contains("acknowledges nothing"));
    }
    // What asks for something and is over asks for nothing.
    let over = notification("resolved", &[alert("resolved", &asks("acknowledge", 1))]);
    assert_eq!(call(&stage, &over, Some(SECOND)).json()["recorded"], true);
    assert_eq!(call(&stage, &over, Some(SECOND)).json()["duplicate"], true);
    assert_eq!(stage.store().anomaly(&id(1)).unwrap().unwrap().revision, 1);
    let noted = "hook grafana | notice | recorded: nothing changed";
    assert_eq!(stage.audited(), [noted, noted, noted, "hook grafana | notice | duplicate"]);
}

#[test]
fn a_firing_alert_that_says_so_acts_where_its_time_is_signed() {
    let files = tempfile::tempdir().unwrap();
    let stage = stage(files.path());
    let body = notification("firing", &[alert("firing", &asks("acknowledge", 1))]);
    let answer = call(&stage, &body, None);
    assert_eq!(answer.problem(), (422, "unprocessable".to_owned()));
    assert!(answer.message().contains("Timestamp Header"), "{}", answer.message());
    let answer = call(&stage, &body, Some(SECOND));
    assert_eq!(answer.json()["state"], "acknowledged-active", "{}", answer.text());
    let happened = stage.store().history_of(&id(1)).unwrap().pop().unwrap();
    assert_eq!(
        (&*happened.who, &*happened.via, &*happened.comment),
        ("maria", "hook grafana", "planned, says the shift")
    );
    // Its signature is its id.
    assert_eq!(call(&stage, &body, Some(SECOND)).json()["duplicate"], true);
    assert_eq!(call(&stage, &body, Some(SECOND + 1)).problem().0, 409);
    let two = [alert("firing", &asks("acknowledge", 2)), alert("firing", &asks("acknowledge", 3))];
    assert_eq!(call(&stage, &notification("firing", &two), Some(SECOND)).problem().0, 422);
    let unnamed = alert("firing", &json!({ "gridtap_action": "acknowledge" }));
    assert_eq!(call(&stage, &notification("firing", &[unnamed]), Some(SECOND)).problem().0, 422);
    let more = notification("firing", &[alert("firing", &asks("comment", 2))]);
    assert_eq!(call(&stage, &more, Some(SECOND)).problem(), (403, "forbidden".to_owned()));
}

#[test]
fn what_grafana_did_not_sign_now_is_refused() {
    let files = tempfile::tempdir().unwrap();
    let stage = stage(files.path());
    let body = notification("firing", &[alert("firing", &asks("acknowledge", 1))]);
    for second in [SECOND - 301, SECOND + 301] {
        let answer = call(&stage, &body, Some(second));
        assert_eq!(answer.problem(), (401, "stale_timestamp".to_owned()));
    }
    let text = body.to_string();
    let key = crate::hook::key_of(SECRET);
    let signed = |parts: &[&[u8]]| format!("X-Grafana-Alerting-Signature: {}", key.code(parts));
    let second = SECOND.to_string();
    let time = format!("X-Grafana-Alerting-Timestamp: {second}");
    let untimed = signed(&[text.as_bytes()]);
    let timed = signed(&[second.as_bytes(), b":", text.as_bytes()]);
    // Neither a time that was not signed, nor a signature whose time was taken away.
    for headers in [[&*time, &*untimed], ["x: y", &*timed], [&*time, "x: y"]] {
        let answer = stage.ask("POST", "/api/v1/hooks/grafana", &headers, text.as_bytes());
        assert_eq!(answer.problem(), (401, "unauthorized".to_owned()));
    }
    let headers = ["Content-Type: application/json", &signed(&[b"{\"status\": 1}"])];
    let answer = stage.ask("POST", "/api/v1/hooks/grafana", &headers, b"{\"status\": 1}");
    assert_eq!(answer.problem(), (400, "malformed".to_owned()));
    assert_eq!(stage.store().anomaly(&id(1)).unwrap().unwrap().revision, 1);
}
