use std::path::Path;

use serde_json::{Value, json};

use super::{Answer, NOW, Stage, config, id};
use crate::{Config, Hook, HookFormat};

const SECRET: &str = "a signing secret of a subscription";

fn stage(files: &Path) -> Stage {
    let path = files.join("pagerduty");
    std::fs::write(&path, SECRET).unwrap();
    let hook = Hook {
        name: "pd".to_owned(),
        format: HookFormat::Pagerduty,
        secret_files: vec![path],
        ..Hook::default()
    };
    Stage::with(Config { hook: vec![hook], ..config() }, 2)
}

/// What PagerDuty sends, as far as it matters and a little more.
fn event(name: &str, kind: &str, at: gridtap_model::Timestamp, key: &str) -> Value {
    json!({ "event": {
        "id": name,
        "event_type": kind,
        "resource_type": "incident",
        "occurred_at": at,
        "agent": { "id": "PXPGF42", "summary": "Maria Example", "type": "user_reference" },
        "data": { "id": "PT4KHLK", "type": "incident", "status": "acknowledged", "incident_key": key },
    }})
}

fn call(stage: &Stage, body: &Value, header: impl Fn(&str) -> String) -> Answer {
    let body = body.to_string();
    let code = crate::hook::key_of(SECRET).code(&[body.as_bytes()]);
    let headers = ["Content-Type: application/json", &*header(&code)];
    stage.ask("POST", "/api/v1/hooks/pd", &headers, body.as_bytes())
}

fn signed(code: &str) -> String {
    format!("X-PagerDuty-Signature: v1={},v1={code}", "0".repeat(64))
}

#[test]
fn who_takes_an_incident_on_acknowledges_the_anomaly_once() {
    let files = tempfile::tempdir().unwrap();
    let stage = stage(files.path());
    let body = event("e1", "incident.acknowledged", NOW, &id(1));
    assert_eq!(call(&stage, &body, signed).json()["state"], "acknowledged-active");
    assert_eq!(call(&stage, &body, signed).json()["duplicate"], true);
    let happened = stage.store().history_of(&id(1)).unwrap().pop().unwrap();
    assert_eq!((&*happened.who, &*happened.via), ("Maria Example", "hook pd"));
    let back = event("e2", "incident.unacknowledged", NOW, &id(1));
    assert_eq!(call(&stage, &back, signed).json()["state"], "unacknowledged-active");
}

#[test]
fn what_is_resolved_there_is_not_acknowledged_here() {
    let files = tempfile::tempdir().unwrap();
    let stage = stage(files.path());
    let resolved = event("e1", "incident.resolved", NOW, &id(1));
    let answer = call(&stage, &resolved, signed);
    assert_eq!(answer.problem(), (422, "unprocessable".to_owned()));
    let mut keyless = event("e2", "incident.acknowledged", NOW, "");
    keyless["event"]["data"] = json!({});
    assert_eq!(call(&stage, &keyless, signed).problem().0, 422);
    let unknown = event("e3", "incident.acknowledged", NOW, "nobody");
    assert_eq!(call(&stage, &unknown, signed).problem().0, 404);
    assert_eq!(stage.store().anomaly(&id(1)).unwrap().unwrap().revision, 1);
}

#[test]
fn what_pagerduty_did_not_sign_or_signed_at_another_time_is_refused() {
    let files = tempfile::tempdir().unwrap();
    let stage = stage(files.path());
    let body = event("e1", "incident.acknowledged", NOW, &id(1));
    for header in ["x: y", "X-PagerDuty-Signature: v1=", "X-PagerDuty-Signature: v0=0"] {
        let answer = call(&stage, &body, |_| header.to_owned());
        assert_eq!(answer.problem(), (401, "unauthorized".to_owned()), "{header}");
    }
    let late = event("e2", "incident.acknowledged", NOW.minus_ns(301_000_000_000), &id(1));
    assert_eq!(call(&stage, &late, signed).problem(), (401, "stale_timestamp".to_owned()));
    let none = json!({ "event": {} });
    assert_eq!(call(&stage, &none, signed).problem(), (401, "stale_timestamp".to_owned()));
}
