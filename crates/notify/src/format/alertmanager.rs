//! Prometheus Alertmanager, `POST /api/v2/alerts`.
//!
//! An Alertmanager holds an alert until its `endsAt` and forgets everything when it restarts, so what stands is sent
//! again every `notify.resend`, with an end five times as far away: it survives four lost posts and does not outlive
//! us. An alert stands while its condition holds or nobody has looked (so a latched one does), and neither while it is
//! shelved nor suppressed. Labels are what an alert is recognised by: only values of closed sets, and the anomaly's id.
//! An anomaly whose severity rose is a new alert there; the old one runs out by itself.

use gridtap_model::{Span, Timestamp};
use serde_json::{Map, Value, json};

use crate::event::Event;

/// Resends that may be lost before an alert runs out.
const RESENDS: u64 = 5;

/// Fields of the data that are labels under their own names.
const LABELS: [&str; 5] = ["detection", "severity", "protocol", "site", "sensor"];

/// Fields of the data that are told along, under their own names.
const ANNOTATIONS: [&str; 11] = [
    "incident",
    "state",
    "zone",
    "source",
    "destination",
    "device",
    "observed",
    "expected",
    "advice",
    "last_time",
    "baseline",
];

/// Whether an alert stands after this event.
#[must_use]
pub fn is_standing(event: &Event) -> bool {
    match event.kind() {
        "anomaly.shelved" | "anomaly.suppressed" | "anomaly.closed" | "sensor.recovered"
        | "device.returned" => false,
        _ => {
            let is_over = matches!(event.field("state"), "cleared" | "closed");
            let is_shelved = !event.field("shelved_until").is_empty();
            !is_over && !is_shelved
        }
    }
}

/// One alert.
pub(super) fn alert(event: &Event, now: Timestamp, resend: Span) -> Value {
    let happened = moment(event.timestamp()).unwrap_or(now).min(now);
    let starts = moment(event.field("time")).unwrap_or(happened).min(now);
    let ends = if is_standing(event) {
        now.plus_ns(resend.nanos().saturating_mul(RESENDS))
    } else {
        happened.max(starts)
    };
    let mut alert = json!({
        "labels": labels(event),
        "annotations": annotations(event),
        "startsAt": starts.to_string(),
        "endsAt": ends.to_string(),
    });
    if let (Some(link), Some(fields)) = (event.link("ui"), alert.as_object_mut()) {
        fields.insert("generatorURL".to_owned(), Value::from(link));
    }
    alert
}

fn labels(event: &Event) -> Map<String, Value> {
    let mut labels = Map::new();
    labels.insert("alertname".to_owned(), Value::from(alert_name(event)));
    for name in LABELS.into_iter().filter(|name| !event.field(name).is_empty()) {
        labels.insert(name.to_owned(), Value::from(event.field(name)));
    }
    let id = event.field("id");
    if !id.is_empty() {
        labels.insert("anomaly".to_owned(), Value::from(id));
    }
    labels
}

/// The detection's name or the event's, in the form of Prometheus alerts: `UnauthorisedWrite`, `SensorDegraded`. What
/// ends something has the name of what it ends.
fn alert_name(event: &Event) -> String {
    let named = event.field("name");
    let source = match event.kind() {
        kind if kind.starts_with("anomaly.") && !named.is_empty() => named,
        "sensor.recovered" => "sensor degraded",
        "device.returned" => "device silent",
        kind => kind,
    };
    let mut name = String::with_capacity(source.len());
    for word in source.split(|c: char| !c.is_ascii_alphanumeric()) {
        let mut characters = word.chars();
        name.extend(characters.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(characters.as_str());
    }
    name
}

fn annotations(event: &Event) -> Map<String, Value> {
    let mut annotations = Map::new();
    let mut tell = |name: &str, text: String| {
        if !text.is_empty() {
            annotations.insert(name.to_owned(), Value::from(text));
        }
    };
    for name in ANNOTATIONS {
        tell(name, event.field(name).to_owned());
    }
    let joined = |name: &str| event.list(name).collect::<Vec<_>>().join(", ");
    tell("points", joined("points"));
    tell("technique", joined("technique"));
    tell("anomalies", event.gathered().collect::<Vec<_>>().join(" "));
    tell("count", event.data().get("count").map(Value::to_string).unwrap_or_default());
    let summary = match (event.field("name"), event.field("device")) {
        ("", "") => event.kind().to_owned(),
        ("", device) => format!("{}: {device}", event.kind()),
        (name, "") => name.to_owned(),
        (name, device) => format!("{name}: {device}"),
    };
    tell("summary", summary);
    let sentences =
        [event.field("observed"), event.field("expected"), event.field("message")].map(str::trim);
    let description: Vec<&str> = sentences.into_iter().filter(|each| !each.is_empty()).collect();
    tell("description", description.join("; "));
    tell("runbook_url", event.link("runbook").unwrap_or_default().to_owned());
    tell("acknowledge_url", event.link("acknowledge").unwrap_or_default().to_owned());
    annotations
}

fn moment(text: &str) -> Option<Timestamp> {
    let moment: jiff::Timestamp = text.parse().ok()?;
    i64::try_from(moment.as_nanosecond()).ok().map(Timestamp::from_nanos)
}
