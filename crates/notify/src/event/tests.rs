use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::testing::{anomaly, body};

#[test]
fn a_body_that_fits_is_sent_as_it_was_stored() {
    let text = body("anomaly.opened", anomaly());
    let event = Event::parse(&text).unwrap();
    assert_eq!(event.text(), text);
    assert_eq!(event.kind(), "anomaly.opened");
    assert_eq!(event.field("detection"), "MB-29");
    assert_eq!(event.list("points").collect::<Vec<_>>(), ["coil 2"]);
}

#[test]
fn a_long_body_loses_long_lists_first_then_the_ends_of_long_texts_and_says_so() {
    let mut data = anomaly();
    data["points"] = (0..3_000).map(|n| json!(format!("coil {n}"))).collect();
    let event = Event::parse(&body("anomaly.opened", data.clone())).unwrap();
    assert!(event.text().len() <= BODY_OCTETS_MAX);
    assert_eq!(event.list("points").count(), 16);
    assert_eq!(event.data()["shortened"], json!(["points"]));
    assert_eq!(event.data()["advice"], data["advice"]);

    data["expected"] = json!("é".repeat(15_000));
    let event = Event::parse(&body("anomaly.opened", data.clone())).unwrap();
    assert_eq!(event.field("expected").chars().count(), 1_000);
    assert!(event.field("expected").ends_with("é…"));
    assert_eq!(event.data()["shortened"], json!(["expected", "points"]));

    // Text that JSON writes with six octets a character does not fit after any cut: it goes.
    data["surprise"] = (0..400).map(|n| (format!("k{n}"), json!("\u{1}".repeat(300)))).collect();
    let event = Event::parse(&body("anomaly.opened", data)).unwrap();
    assert!(event.text().len() <= BODY_OCTETS_MAX);
    assert!(event.data().get("surprise").is_none());
    assert_eq!(event.data()["shortened"], json!(["expected", "points", "surprise"]));
    assert_eq!(event.field("id"), "6f0c0102-0304-8506-8708-090a0b0c0d0e");
}

#[test]
fn a_digest_keeps_every_id() {
    let ids: Vec<String> = (0..400).map(|n| format!("6f0c0102-0304-8506-8708-{n:012}")).collect();
    let data = json!({ "count": 400, "anomalies": ids, "note": "x".repeat(20_000) });
    let event = Event::parse(&body("anomaly.digest", data)).unwrap();
    assert!(event.text().len() <= BODY_OCTETS_MAX);
    assert_eq!(event.gathered().count(), 400);
    let objects = json!({ "anomalies": [{ "id": "a", "severity": "high" }, "b"] });
    let event = Event::parse(&body("anomaly.digest", objects)).unwrap();
    assert_eq!(event.gathered().collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn what_is_no_body_is_said() {
    for (text, word) in [
        ("", "EOF"),
        ("[]", "type"),
        (r#"{"type":1,"timestamp":"","data":{}}"#, "type"),
        (r#"{"type":"","data":{}}"#, "timestamp"),
        (r#"{"type":"","timestamp":"","data":[]}"#, "data"),
    ] {
        let error = Event::parse(text).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn types_are_named_whole_or_as_a_group() {
    assert!(is_pattern("anomaly.opened") && is_pattern("anomaly.*") && is_pattern("webhook.test"));
    for text in ["", "*", ".*", "anomaly", "anomaly.", "anomaly*", "anomaly.opened.*", "site.*"] {
        assert!(!is_pattern(text), "{text}");
    }
    let types = ["anomaly.*".to_owned(), "sensor.degraded".to_owned()];
    assert!(is_wanted(&types, "anomaly.closed") && is_wanted(&types, "sensor.degraded"));
    assert!(!is_wanted(&types, "sensor.recovered") && is_wanted(&[], "sensor.recovered"));
}

/// The published schema.
fn schema() -> jsonschema::Validator {
    let text = include_str!("../../../../docs/webhook.schema.json");
    let schema: Value = serde_json::from_str(text).unwrap();
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

fn faults(text: &str) -> Vec<String> {
    let body: Value = serde_json::from_str(text).unwrap();
    schema().iter_errors(&body).map(|error| error.to_string()).collect()
}

fn device() -> Value {
    json!({
        "severity": "medium", "message": "it has not answered", "count": 1, "learning": false,
        "device": "modbus 10.0.0.21 unit 3", "device_id": "modbus-10.0.0.21-unit-3",
        "protocol": "modbus", "zone": "default", "last": "2024-05-01T10:00:00Z",
        "site": "s", "sensor": "g",
    })
}

fn activated() -> Value {
    json!({
        "severity": "info", "message": "it judges", "zone": "default", "level": "flow",
        "time": "2024-05-01T10:00:00Z", "site": "s", "sensor": "g",
    })
}

fn without(mut data: Value, field: &str) -> Value {
    data.as_object_mut().unwrap().remove(field);
    data
}

#[test]
fn every_type_of_body_is_as_the_schema_says() {
    let digest = json!({
        "count": 2,
        "anomalies": ["6f0c0102-0304-8506-8708-090a0b0c0d0e", { "id": "6f0c0102-0304-8506-8708-090a0b0c0d0f" }],
        "site": "s",
        "sensor": "g",
    });
    for kind in TYPES {
        let data = match kind {
            "anomaly.digest" => digest.clone(),
            kind if kind.starts_with("anomaly.") => anomaly(),
            kind if kind.starts_with("device.") => device(),
            "baseline.activated" => activated(),
            _ => json!({ "site": "s", "sensor": "g" }),
        };
        assert!(faults(&body(kind, data)).is_empty(), "{kind}");
    }
    let mut long = anomaly();
    long["expected"] = json!("x".repeat(50_000));
    let shortened = Event::parse(&body("anomaly.opened", long)).unwrap();
    assert!(faults(shortened.text()).is_empty());
}

#[test]
fn the_schema_refuses_what_is_no_body() {
    let changed = |name: &str, value: Value| {
        let mut data = anomaly();
        data[name] = value;
        body("anomaly.opened", data)
    };
    for text in [
        "{}".to_owned(),
        body("anomaly.exploded", anomaly()),
        body("anomaly.opened", json!({})),
        body("anomaly.digest", anomaly()),
        body("sensor.degraded", json!({ "site": "s" })),
        body("device.new", json!({ "site": "s", "sensor": "g" })),
        body("device.silent", without(device(), "count")),
        body("device.silent", without(device(), "device")),
        body("baseline.activated", without(activated(), "level")),
        changed("id", json!("6F0C")),
        changed("severity", json!("urgent")),
        changed("state", json!("open")),
        changed("time", json!("yesterday")),
        changed("revision", json!(0)),
        changed("points", json!([1])),
    ] {
        assert!(!faults(&text).is_empty(), "{text}");
    }
}

proptest! {
    #[test]
    fn any_body_fits_and_keeps_what_finds_the_anomaly(
        texts in proptest::collection::vec(("[a-z]{1,8}", "\\PC{0,3000}"), 0..40),
        items in proptest::collection::vec("\\PC{0,200}", 0..200),
    ) {
        let mut data = anomaly();
        for (name, text) in texts {
            if data.get(&name).is_none() {
                data[&name] = json!(text);
            }
        }
        data["points"] = json!(items);
        let event = Event::parse(&body("anomaly.updated", data)).unwrap();
        prop_assert!(event.text().len() <= BODY_OCTETS_MAX);
        prop_assert_eq!(event.field("id"), "6f0c0102-0304-8506-8708-090a0b0c0d0e");
        prop_assert_eq!(event.field("severity"), "critical");
    }
}
