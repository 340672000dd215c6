//! Decisions by the API, made by somebody of whom it knows nothing.

use gridtap_store::Decision as Action;
use serde_json::json;

use super::{ADMIN, ENGINEER, OPERATOR, Stage, config};
use crate::{Decided, Decision, Undecided};

const PATH: &str = "/api/v1/baseline/decisions";

/// Says in its answer what it was asked.
pub(crate) fn decide(decision: Decision) -> Result<Decided, Undecided> {
    let sentence = "because".to_owned();
    match decision.key.as_str() {
        "unknown" => Err(Undecided::Unknown(sentence)),
        "forbidden" => Err(Undecided::Forbidden(sentence)),
        "wrong" => Err(Undecided::Wrong(sentence)),
        "unavailable" => Err(Undecided::Unavailable(sentence)),
        key => Ok(Decided {
            action: decision.action.name().replace('-', "_"),
            key: key.to_owned(),
            by: decision.who,
            in_force: key != "command" || decision.action == Action::SignOff,
            until: decision.until,
            also: Vec::new(),
            message: decision.reason,
        }),
    }
}

fn accept(key: &str) -> String {
    let until = "2024-06-01T00:00:00Z";
    json!({ "action": "accept", "key": key, "reason": "plan 17", "until": until }).to_string()
}

#[test]
fn a_decision_says_who_made_it_and_whether_it_holds() {
    let stage = Stage::of(config());
    let answer = stage.post(PATH, ENGINEER, &accept("key"));
    assert_eq!((answer.status, &answer.json()["by"]), (200, &json!("planner")));
    assert_eq!(answer.json()["until"], "2024-06-01T00:00:00.000000000Z");
    let waiting = stage.post(PATH, ADMIN, &accept("command"));
    assert_eq!((waiting.status, &waiting.json()["in_force"]), (202, &json!(false)));
    let named =
        json!({ "action": "sign_off", "key": "key", "actor": "kim\u{7}", "reason": "a\u{1b}b" });
    let answer = stage.post(PATH, ENGINEER, &named.to_string()).json();
    assert_eq!(
        (&answer["action"], &answer["by"], &answer["message"]),
        (&json!("sign_off"), &json!("kim (planner)"), &json!("ab"))
    );
}

#[test]
fn who_may_not_decide_is_refused_and_written_down() {
    let mut stage = Stage::of(config());
    assert_eq!(stage.post(PATH, OPERATOR, &accept("key")).problem(), (403, "forbidden".to_owned()));
    assert_eq!(stage.post(PATH, "nobody-0123456789-0123456789", &accept("key")).status, 401);
    // Nobody waits for the row to be written but the end.
    stage.end();
    assert!(stage.audited().iter().any(|row| row.contains("refused: needs the role engineer")));
}

#[test]
fn what_is_refused_has_its_status_and_its_sentence() {
    let stage = Stage::of(config());
    for (key, status, code) in [
        ("unknown", 404, "not_found"),
        ("forbidden", 409, "not_allowed"),
        ("wrong", 422, "unprocessable"),
        ("unavailable", 503, "undecided"),
    ] {
        let answer = stage.post(PATH, ENGINEER, &accept(key));
        assert_eq!(
            (answer.problem(), answer.message()),
            ((status, code.to_owned()), "because".to_owned())
        );
    }
}

#[test]
fn a_decision_that_lacks_something_or_has_too_much_is_refused_with_what_would_be_right() {
    let stage = Stage::of(config());
    let long = "x".repeat(5000);
    for (body, said) in [
        (json!({ "action": "allow", "key": "key" }), "accept, sign_off"),
        (json!({ "action": "accept", "key": "key", "reason": "x" }), "needs until"),
        (json!({ "action": "accept", "key": "key", "until": "soon" }), "RFC 3339"),
        (
            json!({ "action": "sign_off", "key": "key", "until": "2024-06-01T00:00:00Z" }),
            "leave it out",
        ),
        (json!({ "action": "sign_off", "key": long }), "key is not a key"),
        (json!({ "action": "sign_off", "key": "a\nb" }), "key is not a key"),
        (json!({ "action": "sign_off", "key": "key", "reason": long }), "4096 octets"),
        (json!({ "action": "sign_off" }), "key"),
        (json!({ "action": "sign_off", "key": "key", "second": "kim" }), "second"),
    ] {
        let answer = stage.post(PATH, ENGINEER, &body.to_string());
        assert_eq!(answer.status, 422, "{body}");
        assert!(answer.message().contains(said), "{}", answer.message());
    }
    assert_eq!(stage.post(PATH, ENGINEER, "{").status, 400);
}
