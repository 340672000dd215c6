//! Acting by forms.

use super::super::{OPERATOR, Stage, id, incident};
use super::{Browser, token, with_users};

fn path(nth: u8) -> String {
    format!("/anomalies/{}", id(nth))
}

fn revision(stage: &Stage, nth: u8) -> u32 {
    stage.store().anomaly(&id(nth)).unwrap().unwrap().revision
}

#[test]
fn what_an_operator_does_by_the_page_is_done_and_told_there() {
    let stage = Stage::with(with_users(), 2);
    let mut browser = Browser::of(&stage, "shift");
    let answer =
        browser.act(&stage, &path(1), &[("action", "acknowledge"), ("comment", "calling")]);
    let there = format!("{}?done=acknowledge#said", path(1));
    assert_eq!((answer.status, answer.header("location")), (303, Some(&*there)));
    let page = browser.get(&stage, &format!("{}?done=acknowledge", path(1)));
    for fact in ["role=\"status\"", "Acknowledged by shift", "shift (page)", "calling"] {
        assert!(page.text().contains(fact), "{fact} in {}", page.text());
    }
    for (fields, state) in [
        (&[("action", "unacknowledge")][..], "unacknowledged-active"),
        (&[("action", "shelve"), ("hours", "4"), ("comment", "works")], "unacknowledged-active"),
        (&[("action", "unshelve")], "unacknowledged-active"),
        (&[("action", "comment"), ("comment", "called")], "unacknowledged-active"),
        (&[("action", "acknowledge")], "acknowledged-active"),
        (&[("action", "close"), ("disposition", "expected_change")], "closed"),
    ] {
        let answer = browser.act(&stage, &path(1), fields);
        assert_eq!(answer.status, 303, "{fields:?}: {}", answer.text());
        let record = stage.store().anomaly(&id(1)).unwrap().unwrap().record;
        assert!(record.contains(&format!("\"state\":\"{state}\"")), "{record}");
    }
    let rows = stage.store().audit_log(0, 100).unwrap();
    let row = &rows.iter().find(|each| each.row.action == "close").unwrap().row;
    assert_eq!((&*row.who, &*row.role, &*row.via), ("shift", "operator", "page"));
    let closed = browser.get(&stage, &path(1));
    assert!(!closed.text().contains("value=\"acknowledge\""), "closed is final");
}

#[test]
fn a_form_without_the_token_of_its_session_changes_nothing() {
    let mut stage = Stage::with(with_users(), 1);
    let mut browser = Browser::of(&stage, "shift");
    let own = token(&browser.get(&stage, &path(1)));
    let other = token(&Browser::of(&stage, "lead").get(&stage, &path(1)));
    let fields = |token| [("token", token), ("action", "acknowledge"), ("revision", "1")];
    let made_up = "0".repeat(64);
    for wrong in ["", "0", &made_up, &other] {
        assert_eq!(browser.post(&stage, &path(1), &fields(wrong)).status, 403, "{wrong}");
    }
    let without = [("action", "acknowledge"), ("revision", "1")];
    assert_eq!(browser.post(&stage, &path(1), &without).status, 403);
    for headers in [
        &["Sec-Fetch-Site: cross-site"][..],
        &["Sec-Fetch-Site: same-site"],
        &["Origin: https://elsewhere.example"],
        &["Origin: http://127.0.0.1:1"],
        &["Origin: null"],
    ] {
        let answer = browser.post_from(&stage, &path(1), headers, &fields(&own));
        assert_eq!(answer.status, 403, "{headers:?}");
    }
    let text = serde_urlencoded::to_string(fields(&own)).unwrap();
    let answer = browser.send(&stage, "POST", &path(1), &["Content-Type: text/plain"], &text);
    assert_eq!(answer.status, 415);
    assert_eq!(revision(&stage, 1), 1);
    assert_eq!(browser.post(&stage, &path(1), &fields(&own)).status, 303);
    stage.end();
    let rows = stage.audited();
    assert!(rows.contains(&"page | request | form_token".to_owned()), "{rows:?}");
    assert!(rows.contains(&"page | request | origin".to_owned()), "{rows:?}");
}

#[test]
fn a_viewer_sees_no_form_and_cannot_act_without_one() {
    let stage = Stage::with(with_users(), 1);
    let mut browser = Browser::of(&stage, "wall");
    let page = browser.get(&stage, &path(1));
    assert!(!page.text().contains("name=\"action\""));
    let fields = [("token", &*token(&page)), ("action", "acknowledge"), ("revision", "1")];
    assert_eq!(browser.post(&stage, &path(1), &fields).status, 403);
    assert_eq!(revision(&stage, 1), 1);
}

#[test]
fn whoever_was_late_is_shown_what_happened_and_keeps_what_they_wrote() {
    let stage = Stage::with(with_users(), 1);
    let mut browser = Browser::of(&stage, "shift");
    let page = browser.get(&stage, &path(1));
    let body = r#"{"action":"comment","comment":"the field crew is there"}"#;
    stage.post(&format!("/api/v1{}/actions", path(1)), OPERATOR, body);
    let fields = [
        ("token", &*token(&page)),
        ("action", "acknowledge"),
        ("revision", "1"),
        ("comment", "I call them"),
    ];
    let answer = browser.post(&stage, &path(1), &fields);
    assert_eq!(answer.status, 409);
    let alert = answer.text().split("role=\"alert\"").nth(1).unwrap();
    let alert = alert.split("</div>").next().unwrap();
    assert!(alert.contains("the field crew is there") && alert.contains("shift-lead"), "{alert}");
    assert!(answer.text().contains("value=\"I call them\""));
    assert_eq!(revision(&stage, 1), 2);
    // The page that told it acts on what it shows.
    let fields = [
        ("token", &*token(&answer)),
        ("action", "acknowledge"),
        ("revision", &*super::field(&answer, "revision")),
    ];
    assert_eq!(browser.post(&stage, &path(1), &fields).status, 303);
}

#[test]
fn what_is_not_possible_is_told_on_the_page_it_was_asked_on() {
    let stage = Stage::with(with_users(), 1);
    let mut browser = Browser::of(&stage, "shift");
    for (fields, status, word) in [
        (&[("action", "unacknowledge")][..], 409, "not acknowledged yet"),
        (&[("action", "shelve"), ("hours", "13"), ("comment", "x")], 422, "more than 12 h"),
        (&[("action", "shelve"), ("comment", "x")], 422, "needs until"),
        (&[("action", "shelve"), ("hours", "1")], 422, "says why"),
        (&[("action", "erase")], 422, "no action"),
        (&[("action", "close")], 422, "disposition"),
    ] {
        let answer = browser.act(&stage, &path(1), fields);
        assert_eq!(answer.status, status, "{fields:?}");
        assert!(answer.text().contains(word), "{word} in {}", answer.text());
    }
    assert_eq!(revision(&stage, 1), 1);
    assert_eq!(browser.get(&stage, "/anomalies/none").status, 404);
}

#[test]
fn an_incident_is_acknowledged_as_a_whole() {
    let stage = Stage::with(with_users(), 4);
    let mut browser = Browser::of(&stage, "shift");
    let path = format!("/incidents/{}", incident(1));
    let answer = browser.act(&stage, &path, &[("action", "acknowledge")]);
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert_eq!([1, 2, 3, 4].map(|nth| revision(&stage, nth)), [2, 1, 2, 1]);
    let page = browser.get(&stage, &path).text().to_owned();
    assert!(page.contains("0 unacknowledged"), "{page}");
    assert!(page.contains("What to do") && page.contains("Runbook of"), "{page}");
}

#[test]
fn asking_for_a_page_changes_nothing() {
    let stage = Stage::with(with_users(), 2);
    let mut browser = Browser::of(&stage, "shift");
    let before = stage.store().audit_log(0, 100).unwrap();
    let one = path(1);
    for path in [
        "/",
        "/?state=closed&sort=oldest",
        &*one,
        &format!("{one}?done=acknowledge"),
        &format!("{one}?done=close"),
        &format!("/incidents/{}", incident(1)),
        "/network",
        "/network/site.toml",
        "/login",
    ] {
        for method in ["GET", "HEAD"] {
            let answer = browser.send(&stage, method, path, &[], "");
            assert!([200, 303].contains(&answer.status), "{method} {path}: {}", answer.status);
        }
    }
    let tried = format!("{one}?action=acknowledge&revision=1");
    for path in [tried.as_str(), "/logout"] {
        let answer = browser.get(&stage, path);
        assert!([400, 405].contains(&answer.status), "{path}: {}", answer.status);
    }
    assert_eq!([1, 2].map(|nth| revision(&stage, nth)), [1, 1]);
    assert_eq!(stage.store().audit_log(0, 100).unwrap(), before);
}
