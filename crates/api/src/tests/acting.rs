use std::sync::Barrier;

use super::{OPERATOR, Stage, VIEWER, bearer, config, id, incident};

fn path(nth: u8) -> String {
    format!("/api/v1/anomalies/{}/actions", id(nth))
}

#[test]
fn what_an_operator_does_is_done_and_told() {
    let stage = Stage::with(config(), 1);
    let done = stage.post(
        &path(1),
        OPERATOR,
        r#"{"action":"acknowledge","comment":"seen","expected_revision":1}"#,
    );
    assert_eq!(done.status, 200);
    let done = done.json();
    assert_eq!((&done["state"], &done["revision"]), (&"acknowledged-active".into(), &2.into()));
    assert_eq!(done["anomaly"]["acknowledged_by"], "shift-lead");
    let again = stage.post(&path(1), OPERATOR, r#"{"action":"acknowledge"}"#);
    assert_eq!(again.problem(), (409, "wrong_state".to_owned()));
    let told = &again.json()["error"];
    assert_eq!((&told["state"], &told["revision"]), (&"acknowledged-active".into(), &2.into()));
    let late = stage.post(
        &path(1),
        OPERATOR,
        r#"{"action":"comment","comment":"x","expected_revision":1}"#,
    );
    assert_eq!(late.problem(), (409, "wrong_revision".to_owned()));
    assert_eq!(late.json()["error"]["revision"], 2);
    for (body, state) in [
        (r#"{"action":"unacknowledge"}"#, "unacknowledged-active"),
        (
            r#"{"action":"shelve","comment":"works","until":"2024-05-01T22:00:00Z"}"#,
            "unacknowledged-active",
        ),
        (r#"{"action":"unshelve"}"#, "unacknowledged-active"),
        (r#"{"action":"comment","comment":"calling"}"#, "unacknowledged-active"),
        (r#"{"action":"acknowledge"}"#, "acknowledged-active"),
        (r#"{"action":"close","disposition":"expected_change"}"#, "closed"),
    ] {
        let done = stage.post(&path(1), OPERATOR, body);
        assert_eq!((done.status, &done.json()["state"]), (200, &state.into()), "{body}");
    }
    let rows = stage.audited();
    assert_eq!(rows[0], "api | acknowledge | done");
    // What was refused by the state left its row too.
    assert_eq!(rows.len(), 9);
}

#[test]
fn what_is_wrong_with_a_request_has_its_own_answer_and_changes_nothing() {
    let stage = Stage::with(config(), 1);
    let deep = format!(r#"{{"action":{}"#, "[".repeat(30_000));
    for (body, status, word) in [
        ("", 400, "no JSON"),
        (r#"{"action":"acknowledge""#, 400, "no JSON"),
        (r#"{"action":"acknowledge"} x"#, 400, "no JSON"),
        (&deep, 400, "recursion"),
        (&"[".repeat(60_000), 400, "recursion"),
        (r#"["acknowledge",null,null,null,null]"#, 422, "no object"),
        (r#"{"action":"acknowledge","colour":"red"}"#, 422, "colour"),
        (r#"{"action":"acknowledge","action":"close"}"#, 422, "duplicate field"),
        (r#"{"action":"delete"}"#, 422, "delete"),
        (r#"{"action":"close"}"#, 422, "true_positive"),
        (r#"{"action":"close","disposition":"whatever"}"#, 422, "whatever"),
        (r#"{"action":"acknowledge","disposition":"true_positive"}"#, 422, "close"),
        (r#"{"action":"acknowledge","until":"2024-05-01T11:00:00Z"}"#, 422, "shelve"),
        (r#"{"action":"shelve","comment":"x"}"#, 422, "until"),
        (r#"{"action":"shelve","comment":"x","until":"soon"}"#, 422, "RFC 3339"),
        (r#"{"action":"shelve","comment":"x","until":"2024-05-01T22:00:01Z"}"#, 422, "12 h"),
        (r#"{"action":"shelve","comment":"x","until":"2024-05-01T09:00:00Z"}"#, 422, "passed"),
        (r#"{"action":"shelve","until":"2024-05-01T11:00:00Z"}"#, 422, "comment"),
        (r#"{"action":"comment"}"#, 422, "comment"),
        (r#"{"action":"acknowledge","expected_revision":-1}"#, 422, "-1"),
        (r#"{"action":7}"#, 422, "string"),
    ] {
        let answer = stage.post(&path(1), OPERATOR, body);
        let short: String = body.chars().take(60).collect();
        assert_eq!(answer.status, status, "{short}: {}", answer.text());
        assert!(answer.message().contains(word), "{short}: {}", answer.message());
    }
    assert_eq!(stage.store().anomaly(&id(1)).unwrap().unwrap().revision, 1);
    let unknown =
        stage.post("/api/v1/anomalies/nobody/actions", OPERATOR, r#"{"action":"acknowledge"}"#);
    assert_eq!(unknown.problem(), (404, "not_found".to_owned()));
    let query =
        stage.post(&format!("{}?force=1", path(1)), OPERATOR, r#"{"action":"acknowledge"}"#);
    assert_eq!(query.problem().0, 400);
}

#[test]
fn bodies_of_another_type_too_long_or_broken_off_are_refused() {
    let stage = Stage::with(config(), 1);
    let token = bearer(OPERATOR);
    let body = br#"{"action":"acknowledge"}"#;
    let post = |headers: &[&str], body: &[u8]| {
        stage.ask("POST", &path(1), &[&[&*token], headers].concat(), body).problem()
    };
    let media = (415, "unsupported_media_type".to_owned());
    assert_eq!(post(&[], body), media);
    assert_eq!(post(&["Content-Type: text/plain"], body), media);
    assert_eq!(post(&["Content-Type: application/json", "Content-Encoding: gzip"], body), media);
    let json = "Content-Type: application/json";
    let long = (413, "too_large".to_owned());
    let padded = [&body[..], &b" ".repeat(64 * 1024)].concat();
    assert_eq!(post(&[json], &padded), long);
    // Its length is not said beforehand.
    let chunk = format!("{:x}\r\n{}\r\n0\r\n\r\n", padded.len(), String::from_utf8_lossy(&padded));
    assert_eq!(post(&[json, "Transfer-Encoding: chunked"], chunk.as_bytes()), long);
    assert_eq!(post(&[json, "Content-Length: 99"], body), (400, "malformed".to_owned()));
    assert_eq!(stage.store().anomaly(&id(1)).unwrap().unwrap().revision, 1);
    // As long as it may be.
    let most = [&body[..], &b" ".repeat(64 * 1024 - body.len())].concat();
    assert_eq!(post(&[json], &most).0, 200);
}

#[test]
fn whoever_only_reads_cannot_act_and_leaves_a_row() {
    let stage = Stage::with(config(), 1);
    let answer = stage.post(&path(1), VIEWER, r#"{"action":"acknowledge"}"#);
    assert_eq!(answer.problem(), (403, "forbidden".to_owned()));
    let answer = stage.ask("POST", &path(1), &[], br#"{"action":"acknowledge"}"#);
    assert_eq!(answer.problem(), (401, "unauthorized".to_owned()));
    let mut stage = stage;
    stage.end();
    assert_eq!(
        stage.audited(),
        ["api | POST | refused: needs the role operator", "api | request | unauthorized"]
    );
}

#[test]
fn of_two_who_acknowledge_at_once_one_is_told_that_he_was_late() {
    let stage = Stage::with(config(), 20);
    for nth in 1..=20 {
        let ready = Barrier::new(2);
        let one = || {
            ready.wait();
            stage.post(&path(nth), OPERATOR, r#"{"action":"acknowledge","expected_revision":1}"#)
        };
        let mut statuses = std::thread::scope(|scope| {
            let other = scope.spawn(one);
            [one().status, other.join().unwrap().status]
        });
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
        assert_eq!(stage.store().anomaly(&id(nth)).unwrap().unwrap().revision, 2);
    }
}

#[test]
fn acting_on_an_incident_acts_on_those_of_its_anomalies_with_which_it_is_possible() {
    let stage = Stage::with(config(), 6);
    let path = format!("/api/v1/incidents/{}/actions", incident(1));
    stage.post(&super::acting::path(3), OPERATOR, r#"{"action":"acknowledge"}"#);
    let done = stage.post(&path, OPERATOR, r#"{"action":"acknowledge","expected_revision":4}"#);
    assert_eq!(done.status, 200, "{}", done.text());
    let done = done.json();
    assert_eq!(done["anomalies"].as_array().unwrap().len(), 2);
    assert_eq!(done["revision"], 6);
    let again = stage.post(&path, OPERATOR, r#"{"action":"acknowledge"}"#);
    assert_eq!(again.problem(), (409, "wrong_state".to_owned()));
    assert_eq!(again.json()["error"]["revision"], 6);
    let none = stage.post("/api/v1/incidents/x/actions", OPERATOR, r#"{"action":"acknowledge"}"#);
    assert_eq!(none.problem().0, 404);
}

#[test]
fn what_was_answered_200_is_there_after_a_restart() {
    let mut stage = Stage::with(config(), 1);
    assert_eq!(stage.post(&path(1), OPERATOR, r#"{"action":"acknowledge"}"#).status, 200);
    stage.restart();
    let one = stage.get(&format!("/api/v1/anomalies/{}", id(1)), VIEWER).json();
    assert_eq!(one["anomaly"]["state"], "acknowledged-active");
}

#[test]
fn while_the_store_is_down_nothing_is_said_to_be_done() {
    let mut stage = Stage::with(config(), 1);
    stage.lose_store();
    let answer = stage.post(&path(1), OPERATOR, r#"{"action":"acknowledge"}"#);
    assert_eq!(answer.problem(), (503, "store_unavailable".to_owned()));
    std::fs::write(stage.directory.path().join("gridtap.db"), "no database").unwrap();
    let answer = stage.get("/api/v1/anomalies", VIEWER);
    assert_eq!(answer.problem(), (503, "store_unavailable".to_owned()));
    assert_eq!(stage.ask("GET", "/readyz", &[], b"").problem().0, 503);
    assert!(!answer.text().contains("gridtap.db"));
}
