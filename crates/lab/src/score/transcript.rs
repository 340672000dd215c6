//! Messages in the words of IPAL, the format in which industrial intrusion detection systems are compared.
//!
//! The fields are those of its transcriber: who (`src`, `dest`, with the port and, at the device, its own address), what
//! (`protocol`, `type`, `activity`) and about which points (`data`).

use gridtap_dissect::{Dissector, Output};
use gridtap_model::{
    Class, Endpoint, Message, Observation, Phase, SubAddress, Timestamp, Value, What,
};
use gridtap_sensor::{Config, Ear};
use gridtap_wire::{Frame, Wire};
use serde_json::{Map, json};

/// A message: the frame that completed it, and its fields but for those that say what was made of it.
#[derive(Debug, Clone)]
pub(super) struct Spoken {
    pub(super) frame: u64,
    pub(super) fields: Map<String, serde_json::Value>,
}

/// Points of one message that are written; requests for thousands are cut off.
const POINTS_MAX: usize = 256;

/// Hears frames as the monitor's decoders do, and writes down what is said.
pub(super) struct Transcriber {
    ear: Ear,
    tick: i64,
}

impl Transcriber {
    pub(super) fn new(config: &Config) -> Self {
        let ear = Ear {
            wire: Wire::new(config.wire.clone()),
            dissector: Dissector::new(config.dissect.clone()),
        };
        Self { ear, tick: i64::MIN }
    }

    pub(super) fn frame(&mut self, frame: &Frame<'_>, found: &mut Vec<Spoken>) {
        let mut take = |output: Output<'_>| {
            if let Output::Observation(observation) = output
                && let What::Message(message) = &observation.what
                && message.phase != Phase::Unanswered
            {
                found.push(spoken(observation, message));
            }
        };
        let second = frame.time.nanos().div_euclid(1_000_000_000);
        if second > self.tick {
            self.tick = second;
            self.ear.tick(Timestamp::from_parts(second, 0), &mut take);
        }
        self.ear.frame(frame, &mut take);
    }
}

fn spoken(observation: &Observation<'_>, message: &Message<'_>) -> Spoken {
    let end = |end: Endpoint| {
        let own = if end.address == message.device.address && end != message.master {
            match message.device.sub {
                SubAddress::None => None,
                SubAddress::Unit(unit) => Some(u16::from(unit)),
                SubAddress::Link(address) | SubAddress::Common(address) => Some(address),
            }
        } else {
            None
        };
        own.map_or_else(|| end.to_string(), |own| format!("{end}:{own}"))
    };
    let points = message.runs.iter().flat_map(|run| run.points()).take(POINTS_MAX);
    let data: Map<String, serde_json::Value> = points
        .map(|point| {
            let name = format!("{}.{}", point.table.name.replace(' ', "."), point.index);
            (name, point.value.map_or(serde_json::Value::Null, value))
        })
        .collect();
    let fields = [
        ("protocol", json!(observation.protocol.name())),
        ("src", json!(end(observation.source))),
        ("dest", json!(end(observation.destination))),
        ("type", json!(message.function.code)),
        ("activity", json!(activity(message))),
        ("data", data.into()),
    ];
    let fields = fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    Spoken { frame: observation.place.frame, fields }
}

/// IPAL's word for what a message is for.
fn activity(message: &Message<'_>) -> &'static str {
    let reads = matches!(message.class, Class::Read | Class::Diagnostic | Class::Link);
    match message.phase {
        Phase::Request | Phase::Select | Phase::Operate if reads => "interrogate",
        Phase::Request | Phase::Select | Phase::Operate => "command",
        Phase::Confirm => "confirm",
        Phase::Unsolicited => "inform",
        Phase::Response | Phase::Exception | Phase::Unanswered if reads => "inform",
        Phase::Response | Phase::Exception | Phase::Unanswered => "action",
    }
}

fn value(value: Value) -> serde_json::Value {
    match value {
        Value::Bit(bit) => json!(u8::from(bit)),
        Value::Word(word) => json!(word),
        Value::Integer(integer) => json!(integer),
        Value::Float(float) => json!(float),
        Value::Control(control) => json!(control.code()),
        Value::Time(time) => json!(time.to_string()),
    }
}
