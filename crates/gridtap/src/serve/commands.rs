//! Commands that were heard, as rows of the state.

use gridtap_model::Phase;
use gridtap_sensor::{Command, CommandOutcome, LeftOut};
use gridtap_store::Commanded;
use serde_json::{Map, Value, json};

/// A row that is to be written, and what the detector calls the finding that was told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub commanded: Commanded,
    pub anomaly: Option<String>,
}

impl Row {
    /// A command.
    pub(crate) fn of(command: &Command) -> Self {
        Self {
            commanded: Commanded {
                time: command.time,
                source: command.master.address.to_string(),
                device: command.device.clone(),
                record: record(command).to_string(),
            },
            anomaly: command.anomaly.map(|(id, _)| id.to_string()),
        }
    }

    /// What had no room: it is told that something is missing here, and how much.
    pub(crate) fn of_left_out(left_out: LeftOut) -> Self {
        let LeftOut { time, commands } = left_out;
        let record = json!({ "time": time, "left_out": commands }).to_string();
        let commanded = Commanded { time, source: String::new(), device: String::new(), record };
        Self { commanded, anomaly: None }
    }
}

fn record(command: &Command) -> Value {
    let phase = match command.phase {
        Phase::Select => "select",
        Phase::Operate => "operate",
        _ => "request",
    };
    let (outcome, refusal) = match command.outcome {
        CommandOutcome::Accepted => ("accepted", None),
        CommandOutcome::Refused { reason, code } => ("refused", Some((reason, code))),
        CommandOutcome::Unanswered => ("unanswered", None),
        CommandOutcome::Unknown => ("unknown", None),
    };
    let points: Vec<Value> = command
        .points
        .iter()
        .map(|point| {
            let mut fields = Map::new();
            fields.insert("point".to_owned(), point.point.as_str().into());
            let more =
                [("name", &point.name), ("value", &point.value), ("meaning", &point.meaning)];
            for (name, text) in more {
                if let Some(text) = text {
                    fields.insert(name.to_owned(), text.as_str().into());
                }
            }
            Value::Object(fields)
        })
        .collect();
    let mut record = json!({
        "time": command.time,
        "protocol": command.protocol.name(),
        "zone": command.zone,
        "master": command.master.to_string(),
        "device": command.device,
        "class": command.class,
        "phase": phase,
        "function": command.function,
        "points": points,
        "outcome": outcome,
        "frame": command.frame,
    });
    let more = [
        ("device_name", command.device_name.clone().map(Value::from)),
        ("points_left_out", (command.more_points > 0).then(|| command.more_points.into())),
        ("refusal", refusal.map(|(reason, _)| reason.into())),
        ("refusal_code", refusal.map(|(_, code)| code.into())),
        ("latency_us", command.latency_ns.map(|latency| (latency / 1000).into())),
        ("capture", command.capture.clone().map(Value::from)),
    ];
    if let Some(fields) = record.as_object_mut() {
        fields.extend(more.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    }
    record
}
