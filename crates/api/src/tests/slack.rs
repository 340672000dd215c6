use std::path::Path;

use serde_json::json;

use super::{Answer, NOW, Stage, config, id, incident};
use crate::{Config, Hook, HookFormat};

const SECOND: i64 = NOW.nanos() / 1_000_000_000;

/// The secret of Slack's published example.
const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";

fn stage(files: &Path) -> Stage {
    let path = files.join("slack");
    std::fs::write(&path, SECRET).unwrap();
    let hook = Hook {
        name: "slack".to_owned(),
        format: HookFormat::Slack,
        secret_files: vec![path],
        ..Hook::default()
    };
    Stage::with(Config { hook: vec![hook], ..config() }, 3)
}

fn code(time: &str, body: &str) -> String {
    use hmac::{Hmac, KeyInit, Mac};
    let mut code = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    code.update(format!("v0:{time}:{body}").as_bytes());
    code.finalize().into_bytes().iter().map(|octet| format!("{octet:02x}")).collect()
}

fn call(stage: &Stage, second: i64, form: &[(&str, &str)]) -> Answer {
    let body = serde_urlencoded::to_string(form).unwrap();
    let headers = [
        "Content-Type: application/x-www-form-urlencoded".to_owned(),
        format!("X-Slack-Request-Timestamp: {second}"),
        format!("X-Slack-Signature: v0={}", code(&second.to_string(), &body)),
    ];
    let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
    stage.ask("POST", "/api/v1/hooks/slack", &headers, body.as_bytes())
}

fn text(answer: &Answer) -> String {
    assert_eq!((answer.status, &answer.json()["response_type"]), (200, &"ephemeral".into()));
    answer.json()["text"].as_str().unwrap().to_owned()
}

#[test]
fn a_slash_command_acts_as_who_gave_it() {
    let files = tempfile::tempdir().unwrap();
    let stage = stage(files.path());
    let say = |nth: &str, words: &str| {
        let form = [("user_name", "maria"), ("trigger_id", nth), ("text", words)];
        text(&call(&stage, SECOND, &form))
    };
    assert_eq!(
        say("1", &format!("acknowledge {} seen, calling", id(1))),
        format!("Done: anomaly {} is acknowledged-active.", id(1))
    );
    let happened = stage.store().history_of(&id(1)).unwrap().pop().unwrap();
    assert_eq!(
        (&*happened.who, &*happened.via, &*happened.comment),
        ("maria", "hook slack", "seen, calling")
    );
    assert!(say("2", &format!("close {} expected_change", id(1))).contains("is closed"));
    assert!(say("3", &format!("shelve {} 2h works order", id(2))).contains("Done"));
    let shelved = stage.store().anomaly(&id(2)).unwrap().unwrap().record;
    assert!(shelved.contains("\"shelved_until\":\"2024-05-01T12:00:00"), "{shelved}");
    assert!(say("4", &format!("acknowledge incident:{}", incident(1))).contains("incident"));
    for (nth, words, told) in [
        ("5", "", "are needed"),
        ("6", "explode x", "is no action"),
        ("7", "acknowledge nobody", "there is no anomaly nobody"),
        ("8", "shelve x soon y", "no length of time"),
        ("9", "close x whatever", "no disposition"),
        ("10", "acknowledge <!channel>", "&lt;!channel&gt;"),
    ] {
        let said = say(nth, words);
        assert!(said.starts_with("Not done") && said.contains(told), "{said}");
    }
}

#[test]
fn a_button_acts_once() {
    let files = tempfile::tempdir().unwrap();
    let stage = stage(files.path());
    let payload = json!({
        "type": "block_actions",
        "user": { "id": "U1", "username": "maria", "team_id": "T1" },
        "trigger_id": "12.34",
        "actions": [{ "action_id": "acknowledge", "value": id(1), "type": "button" }],
    });
    let form = [("payload", &*payload.to_string())];
    for _ in 0..2 {
        assert!(text(&call(&stage, SECOND, &form)).contains("acknowledged-active"));
    }
    assert_eq!(stage.store().anomaly(&id(1)).unwrap().unwrap().revision, 2);
    assert_eq!(
        stage.audited(),
        ["hook slack | acknowledge | done", "hook slack | acknowledge | duplicate"]
    );
}

#[test]
fn what_slack_did_not_sign_now_is_refused() {
    let files = tempfile::tempdir().unwrap();
    let stage = stage(files.path());
    let words = format!("acknowledge {}", id(1));
    let form = [("user_name", "maria"), ("text", &*words)];
    assert_eq!(call(&stage, SECOND - 301, &form).problem(), (401, "stale_timestamp".to_owned()));
    let body = serde_urlencoded::to_string(form).unwrap();
    let right = format!("X-Slack-Signature: v0={}", code(&SECOND.to_string(), &body));
    let time = format!("X-Slack-Request-Timestamp: {SECOND}");
    let later = format!("X-Slack-Request-Timestamp: {}", SECOND + 1);
    for headers in [[&*later, &*right], [&*time, "x: y"], [&*time, "X-Slack-Signature: v0="]] {
        let answer = stage.ask("POST", "/api/v1/hooks/slack", &headers, body.as_bytes());
        assert_eq!(answer.problem(), (401, "unauthorized".to_owned()));
    }
    assert_eq!(stage.store().anomaly(&id(1)).unwrap().unwrap().revision, 1);
}

#[test]
fn the_code_is_that_of_slack_s_published_example() {
    let body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    let published = "a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
    assert_eq!(code("1531420618", body), published);
    let key = crate::hook::key_of(SECRET);
    assert_eq!(key.code(&[b"v0:1531420618:", body.as_bytes()]), published);
}
