use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gridtap_model::Timestamp;
use serde_json::{Value, json};

use super::{Answer, NOW, Stage, config, id, incident};
use crate::{Config, Hook, HookFormat};

/// A token as Mattermost gives one out for a slash command.
const TOKEN: &str = "gif3h6mfabbedgtpdwwcn3x3ir";
const OLD: &str = "r3zc6w7ysbnb8fi6kzfzmdq1qe";

fn stage(files: &Path) -> Stage {
    let file = |name: &str, text: &str| {
        let path = files.join(name);
        std::fs::write(&path, format!("{text}\n")).unwrap();
        path
    };
    let hook = Hook {
        name: "mm".to_owned(),
        format: HookFormat::Mattermost,
        secret_files: vec![file("new", TOKEN), file("old", OLD)],
        ..Hook::default()
    };
    Stage::with(Config { hook: vec![hook], ..config() }, 3)
}

/// What Mattermost makes anew for each press and command.
fn trigger(name: &str, at: Timestamp) -> String {
    let millis = at.nanos() / 1_000_000;
    STANDARD.encode(format!("{name}:u4kb3yo7bbdxpn1jzkwf4ktj8h:{millis}:MEUCIQD0c2ln"))
}

fn code(token: &str, words: &str) -> String {
    crate::hook::key_of(token).code(&[words.as_bytes()])
}

fn press(stage: &Stage, trigger: &str, context: &Value) -> Answer {
    let body = json!({
        "user_id": "u4kb3yo7bbdxpn1jzkwf4ktj8h",
        "user_name": "maria",
        "channel_id": "c", "channel_name": "alarms", "team_id": "t", "team_domain": "plant",
        "post_id": "p", "trigger_id": trigger, "type": "button", "data_source": "",
        "context": context,
    });
    let headers = ["Content-Type: application/json", "Accept: application/json"];
    stage.ask("POST", "/api/v1/hooks/mm", &headers, body.to_string().as_bytes())
}

fn said(stage: &Stage, trigger: &str, context: &Value) -> String {
    let answer = press(stage, trigger, context);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["ephemeral_text"].as_str().unwrap().to_owned()
}

fn command(stage: &Stage, header: &str, form: &[(&str, &str)]) -> Answer {
    let body = serde_urlencoded::to_string(form).unwrap();
    let headers = ["Content-Type: application/x-www-form-urlencoded", header];
    stage.ask("POST", "/api/v1/hooks/mm", &headers, body.as_bytes())
}

#[test]
fn a_button_with_the_code_of_one_action_does_that_once_and_nothing_else() {
    let files = tempfile::tempdir().unwrap();
    let stage = stage(files.path());
    let token = code(TOKEN, &format!("acknowledge anomaly {}", id(1)));
    let context = json!({ "token": token, "action": "acknowledge", "anomaly_id": id(1) });
    let first = trigger("t1", NOW);
    for _ in 0..2 {
        assert!(said(&stage, &first, &context).contains("acknowledged-active"));
    }
    let happened = stage.store().history_of(&id(1)).unwrap().pop().unwrap();
    assert_eq!((&*happened.who, &*happened.via, happened.revision), ("maria", "hook mm", 2));
    for (action, name) in [("comment", id(1)), ("acknowledge", id(2))] {
        let other = json!({ "token": token, "action": action, "anomaly_id": name });
        let answer = press(&stage, &trigger("t2", NOW), &other);
        assert_eq!(answer.problem(), (401, "unauthorized".to_owned()));
    }
    let whole = json!({
        "token": OLD, "action": "close", "disposition": "expected_change", "anomaly_id": id(1),
    });
    assert!(said(&stage, &trigger("t3", NOW), &whole).contains("is closed"));
    let of_all = format!("acknowledge incident {}", incident(2));
    let context = json!({
        "token": code(OLD, &of_all), "action": "acknowledge", "incident_id": incident(2),
    });
    assert!(said(&stage, &trigger("t4", NOW), &context).contains("incident"));
}

#[test]
fn a_slash_command_is_known_by_its_token_in_the_header_or_in_the_form() {
    let files = tempfile::tempdir().unwrap();
    let stage = stage(files.path());
    let header = format!("Authorization: Token {TOKEN}");
    let say = |nth: &str, words: &str| {
        let trigger = trigger(nth, NOW);
        let form = [("user_name", "maria"), ("trigger_id", &*trigger), ("text", words)];
        let answer = command(&stage, &header, &form);
        assert_eq!((answer.status, &answer.json()["response_type"]), (200, &"ephemeral".into()));
        answer.json()["text"].as_str().unwrap().to_owned()
    };
    let done = say("c1", &format!("acknowledge {} seen, calling", id(1)));
    assert_eq!(done, format!("Done\\: anomaly {} is acknowledged-active.", id(1)));
    let happened = stage.store().history_of(&id(1)).unwrap().pop().unwrap();
    assert_eq!((&*happened.who, &*happened.comment), ("maria", "seen, calling"));
    assert!(say("c2", "acknowledge nobody @channel").contains("there is no anomaly nobody"));
    let odd = say("c3", "@all x");
    assert!(odd.starts_with("Not done") && !odd.contains("@all"), "{odd}");
    let text = format!("shelve {} 2h works order", id(2));
    let form =
        [("token", TOKEN), ("user_name", "maria"), ("trigger_id", "opaque"), ("text", &text)];
    assert!(command(&stage, "x: y", &form).text().contains("Done"));
    // The same once more is the same, and another under its name is none.
    assert!(command(&stage, "x: y", &form).text().contains("Done"));
    assert_eq!(stage.store().anomaly(&id(2)).unwrap().unwrap().revision, 2);
    let text = format!("unshelve {}", id(2));
    let form =
        [("token", TOKEN), ("user_name", "maria"), ("trigger_id", "opaque"), ("text", &text)];
    assert!(command(&stage, "x: y", &form).text().contains("with another body"));
}

#[test]
fn what_has_no_token_of_ours_or_is_of_another_time_is_refused() {
    let files = tempfile::tempdir().unwrap();
    let mut stage = stage(files.path());
    let words = format!("acknowledge {}", id(1));
    let fresh = trigger("t1", NOW);
    let form = [("user_name", "maria"), ("trigger_id", &*fresh), ("text", &words)];
    for header in
        ["x: y", "Authorization: Token ", "Authorization: Token gif3h6mfabbedgtpdwwcn3x3iR"]
    {
        let answer = command(&stage, header, &form);
        assert_eq!(answer.problem(), (401, "unauthorized".to_owned()), "{header}");
    }
    for token in ["", "x", &code(TOKEN, ""), &code(TOKEN, "acknowledge")] {
        let bare = json!({ "token": token });
        assert_eq!(press(&stage, &fresh, &bare).problem().0, 401, "{token}");
    }
    let context = json!({ "token": TOKEN, "action": "acknowledge", "anomaly_id": id(1) });
    for at in [NOW.minus_ns(301_000_000_000), NOW.plus_ns(301_000_000_000)] {
        let answer = press(&stage, &trigger("t2", at), &context);
        assert_eq!(answer.problem(), (401, "stale_timestamp".to_owned()));
    }
    assert_eq!(stage.store().anomaly(&id(1)).unwrap().unwrap().revision, 1);
    // A restart does not let a press act twice: what it did was taken back meanwhile.
    assert!(said(&stage, &fresh, &context).contains("Done"));
    let back = json!({ "token": TOKEN, "action": "unacknowledge", "anomaly_id": id(1) });
    assert!(said(&stage, &trigger("t3", NOW), &back).contains("Done"));
    stage.restart();
    assert!(said(&stage, &fresh, &context).contains("Done"));
    assert_eq!(stage.store().anomaly(&id(1)).unwrap().unwrap().revision, 3);
    assert!(stage.audited().contains(&"hook mm | acknowledge | duplicate".to_owned()));
}
