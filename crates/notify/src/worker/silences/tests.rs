use serde_json::{Value, json};

use super::*;

fn silence(state: &str, matchers: &Value) -> Value {
    json!({
        "id": "5c0c1f5e-3c7d-4a34-9d0b-3b8f0f7c0a11", "status": { "state": state },
        "matchers": matchers, "createdBy": "maria", "comment": "seen",
        "startsAt": "2024-05-01T10:00:00Z", "endsAt": "2024-05-01T12:00:00Z",
        "updatedAt": "2024-05-01T10:00:00Z",
    })
}

fn is(name: &str, value: &str) -> Value {
    json!({ "name": name, "value": value, "isRegex": false, "isEqual": true })
}

fn named(silence: &Value) -> Option<String> {
    let list = json!([silence]).to_string();
    standing(list.as_bytes()).unwrap().pop().map(|each| each.anomaly().unwrap().to_owned())
}

#[test]
fn a_silence_names_an_anomaly_by_one_exact_matcher_and_only_while_it_stands() {
    let (one, other) = (is("anomaly", "6f0c"), is("severity", "critical"));
    assert_eq!(named(&silence("active", &json!([other, one]))), Some("6f0c".to_owned()));
    assert_eq!(named(&silence("active", &json!([is("anomaly_id", "a")]))), Some("a".to_owned()));
    for state in ["expired", "pending"] {
        assert_eq!(named(&silence(state, &json!([one]))), None, "{state}");
    }
    let with = |field: &str, value: bool| {
        let mut matcher = one.clone();
        matcher[field] = value.into();
        json!([matcher])
    };
    assert_eq!(named(&silence("active", &with("isRegex", true))), None);
    assert_eq!(named(&silence("active", &with("isEqual", false))), None);
    assert_eq!(named(&silence("active", &json!([other]))), None);
    assert_eq!(named(&silence("active", &json!([one, is("anomaly", "a41e")]))), None);
    assert_eq!(named(&silence("active", &json!([one, is("anomaly_id", "6f0c")]))), None);
    let mut old = one.clone();
    old.as_object_mut().unwrap().remove("isEqual");
    assert_eq!(named(&silence("active", &json!([old]))), Some("6f0c".to_owned()));
}

#[test]
fn what_is_no_list_of_silences_is_said() {
    for text in ["", "{}", "[1]", "[{\"id\": 1}]"] {
        assert!(standing(text.as_bytes()).is_err(), "{text}");
    }
    assert!(standing(b"[]").unwrap().is_empty());
}

#[test]
fn no_length_that_an_alertmanager_gives_reaches_the_audit_log() {
    let matchers = json!([is("anomaly", "6f0c")]);
    let mut long = silence("active", &matchers);
    long["createdBy"] = "m".repeat(100_000).into();
    long["comment"] = "se\u{1b}[2Jen ".repeat(100_000).into();
    let read = standing(json!([long]).to_string().as_bytes()).unwrap();
    assert_eq!(read[0].created_by.len(), NAME_LETTERS_MAX);
    assert_eq!(read[0].comment.len(), COMMENT_LETTERS_MAX);
    assert!(read[0].comment.starts_with("se[2Jen "));
    long["id"] = "5".repeat(ID_OCTETS_MAX + 1).into();
    assert!(standing(json!([long]).to_string().as_bytes()).unwrap().is_empty());
}
