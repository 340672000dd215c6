use serde_json::{Value, json};

use super::*;
use crate::testing::{anomaly, body};

const ID: &str = "018f3246-0000-7000-8000-000000000001";
/// An hour after the example was opened.
const NOW: Timestamp = Timestamp::from_parts(1_714_561_200, 0);

fn event(kind: &str, data: Value) -> Event {
    Event::parse(&body(kind, data)).unwrap()
}

fn posted(format: Format, kind: &str, data: Value) -> Value {
    let post = post(format, ID, &event(kind, data), NOW, Span::from_secs(60));
    serde_json::from_str(&post.body).unwrap()
}

fn opened(format: Format) -> Value {
    posted(format, "anomaly.opened", anomaly())
}

#[test]
fn the_standard_format_is_the_stored_body() {
    let stored = body("anomaly.opened", anomaly());
    let post = post(Format::Standard, ID, &Event::parse(&stored).unwrap(), NOW, Span::default());
    assert_eq!((post.path, post.content_type, post.body), ("", "application/json", stored));
}

#[test]
fn a_cloud_event_names_the_sensor_the_delivery_and_the_anomaly() {
    let mut data = anomaly();
    data["site"] = json!("Umspannwerk Süd/1");
    let event = posted(Format::CloudEvents, "anomaly.opened", data.clone());
    assert_eq!(event["specversion"], "1.0");
    assert_eq!(event["id"], ID);
    assert_eq!(event["type"], "gridtap.anomaly.opened");
    assert_eq!(event["source"], "/gridtap/Umspannwerk%20S%C3%BCd%2F1/gridtap");
    assert_eq!(event["subject"], data["id"]);
    assert_eq!(event["time"], "2024-05-01T10:00:03.000000000Z");
    assert_eq!(event["data"], data);
}

#[test]
fn an_alert_has_labels_of_closed_sets_and_stands_for_five_resends() {
    let alerts = opened(Format::Alertmanager);
    assert_eq!(
        alerts[0]["labels"],
        json!({
            "alertname": "UnauthorisedWrite",
            "detection": "MB-29",
            "severity": "critical",
            "protocol": "modbus",
            "site": "substation-17",
            "sensor": "gridtap",
            "anomaly": "6f0c0102-0304-8506-8708-090a0b0c0d0e",
        })
    );
    assert_eq!(alerts[0]["startsAt"], "2024-05-01T10:00:00.000123456Z");
    assert_eq!(alerts[0]["endsAt"], "2024-05-01T11:05:00.000000000Z");
    assert_eq!(alerts[0]["generatorURL"], "https://gridtap.example.org/anomalies/6f0c");
    let annotations = &alerts[0]["annotations"];
    assert_eq!(annotations["summary"], "Unauthorised write: modbus 10.0.0.21 unit 3");
    assert_eq!(annotations["points"], "coil 2");
    assert_eq!(annotations["count"], "2");
    assert!(annotations.as_object().unwrap().values().all(Value::is_string));
}

#[test]
fn an_alert_keeps_its_labels_for_life_and_ends_when_it_does() {
    let labels = opened(Format::Alertmanager)[0]["labels"].clone();
    let after = |kind: &str, state: &str| {
        let mut data = anomaly();
        data["state"] = json!(state);
        data["baseline"] = json!("learning");
        data["last_time"] = json!("2024-05-01T10:30:00.000000000Z");
        let alerts = posted(Format::Alertmanager, kind, data);
        assert_eq!(alerts[0]["labels"], labels, "{kind}");
        alerts[0]["endsAt"] == "2024-05-01T10:00:03.000000000Z"
    };
    assert!(!after("anomaly.acknowledged", "acknowledged-active"));
    // Latched: the condition is over and nobody has looked.
    assert!(!after("anomaly.updated", "unacknowledged-cleared"));
    assert!(!after("anomaly.unshelved", "unacknowledged-active"));
    assert!(after("anomaly.cleared", "cleared"));
    assert!(after("anomaly.acknowledged", "cleared"));
    assert!(after("anomaly.closed", "closed"));
    assert!(after("anomaly.shelved", "unacknowledged-active"));
    assert!(after("anomaly.suppressed", "unacknowledged-active"));
    let mut shelved = anomaly();
    shelved["shelved_until"] = json!("2024-05-01T20:00:00Z");
    assert!(!is_standing(&event("anomaly.updated", shelved)));
}

#[test]
fn an_alert_never_ends_before_it_began_nor_begins_in_the_future() {
    let mut data = anomaly();
    data["time"] = json!("2031-01-01T00:00:00Z");
    data["state"] = json!("closed");
    let alerts = posted(Format::Alertmanager, "anomaly.closed", data);
    assert_eq!(alerts[0]["startsAt"], NOW.to_string());
    assert_eq!(alerts[0]["endsAt"], NOW.to_string());
}

#[test]
fn what_ends_a_trouble_ends_the_alert_of_the_trouble() {
    let name = |kind: &str| {
        let alerts = posted(Format::Alertmanager, kind, json!({ "sensor": "s", "device": "d" }));
        alerts[0]["labels"]["alertname"].clone()
    };
    assert_eq!(name("sensor.degraded"), "SensorDegraded");
    assert_eq!(name("sensor.recovered"), name("sensor.degraded"));
    assert_eq!(name("device.returned"), name("device.silent"));
    assert!(!is_standing(&event("sensor.recovered", json!({}))));
}

#[test]
fn what_stands_is_sent_again_in_one_post() {
    let events = [event("anomaly.opened", anomaly()), event("anomaly.updated", anomaly())];
    let post = standing(&events, NOW, Span::from_secs(60));
    assert_eq!(post.path, "/api/v2/alerts");
    let alerts: Value = serde_json::from_str(&post.body).unwrap();
    assert_eq!(alerts.as_array().unwrap().len(), 2);
}

#[test]
fn chats_say_what_happened_and_link_to_the_page() {
    let slack = opened(Format::Slack);
    let title = "[CRITICAL] Unauthorised write (opened) at substation-17";
    assert_eq!(slack["text"], title);
    assert_eq!(slack["blocks"][0]["text"]["text"], title);
    assert_eq!(slack["blocks"][1]["text"]["text"], "Observed: write single coil 2 := on");
    let buttons = slack["blocks"].as_array().unwrap().last().unwrap();
    assert_eq!(buttons["elements"][1]["text"]["text"], "Acknowledge");

    let mattermost = opened(Format::Mattermost);
    let attachment = &mattermost["attachments"][0];
    assert_eq!(attachment["fallback"], title);
    assert!(
        attachment["text"].as_str().unwrap().starts_with("[Open](https://gridtap.example.org/")
    );
    assert_eq!(attachment["fields"][0]["title"], "Observed");

    let teams = opened(Format::Teams);
    let card = &teams["attachments"][0]["content"];
    assert_eq!(card["body"][0]["inlines"][0]["text"], title);
    assert_eq!(card["actions"][0]["type"], "Action.OpenUrl");
}

#[test]
fn what_came_off_the_network_is_never_markup_in_a_chat() {
    let mut data = anomaly();
    data["device"] = json!("<!channel> @channel [x](https://evil.example) *b*\u{202e}\n\u{0}");
    data["name"] = json!("<!here> & @all");
    data["links"] = json!({ "ui": "javascript:alert(1)" });
    let slack = posted(Format::Slack, "anomaly.opened", data.clone());
    assert_eq!(slack["text"], "[CRITICAL] &lt;!here&gt; &amp; @all (opened) at substation-17");
    for block in slack["blocks"].as_array().unwrap() {
        assert_eq!(block["text"]["type"], "plain_text");
    }
    assert!(!slack.to_string().contains("javascript:"));

    let mattermost = posted(Format::Mattermost, "anomaly.opened", data.clone());
    let attachment = &mattermost["attachments"][0];
    let device = attachment["fields"]
        .as_array()
        .unwrap()
        .iter()
        .find(|field| field["title"] == "Device")
        .unwrap();
    assert_eq!(
        device["value"],
        "\\<\\!channel\\> @\u{200b}channel \\[x\\]\\(https\\://evil.example\\) \\*b\\*   "
    );
    assert!(!mattermost["attachments"][0]["title"].as_str().unwrap().contains("@all"));

    let teams = posted(Format::Teams, "anomaly.opened", data);
    for block in teams["attachments"][0]["content"]["body"].as_array().unwrap() {
        assert_eq!(block["type"], "RichTextBlock");
    }
}

#[test]
fn a_digest_names_every_anomaly_in_every_format() {
    let ids: Vec<String> = (0..400).map(|n| format!("6f0c0102-0304-8506-8708-{n:012}")).collect();
    let data = json!({ "count": 400, "anomalies": ids, "site": "s", "sensor": "g" });
    for format in [
        Format::Standard,
        Format::CloudEvents,
        Format::Alertmanager,
        Format::Slack,
        Format::Mattermost,
        Format::Teams,
    ] {
        let post = posted(format, "anomaly.digest", data.clone()).to_string();
        assert!(ids.iter().all(|id| post.contains(id)), "{format:?}");
    }
    let slack = posted(Format::Slack, "anomaly.digest", data);
    assert!(slack["blocks"].as_array().unwrap().len() <= 50);
    for block in slack["blocks"].as_array().unwrap() {
        assert!(block["text"]["text"].as_str().unwrap().len() <= 3_000);
    }
}

#[test]
fn any_event_gives_a_message_within_the_chat_s_limits() {
    for kind in crate::TYPES {
        for data in [json!({}), json!({ "name": "x".repeat(10_000), "points": vec!["y"; 5_000] })] {
            for format in [Format::Alertmanager, Format::Slack, Format::Mattermost, Format::Teams] {
                let message = posted(format, kind, data.clone());
                assert!(message.is_object() || message.is_array());
            }
            let slack = posted(Format::Slack, kind, data);
            let title = slack["blocks"][0]["text"]["text"].as_str().unwrap();
            assert!((1..=150).contains(&title.chars().count()), "{title:?}");
        }
    }
}
