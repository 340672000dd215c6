//! PagerDuty, version 3 of its web hooks: who takes an incident on acknowledges the anomaly whose id is its key.
//!
//! Resolving is not acknowledging, and is refused: an incident there may be resolved by a machine.

use axum::http::HeaderMap;
use gridtap_model::Timestamp;
use gridtap_store::{Action, Target};
use serde::Deserialize;

use super::Authentic;
use super::key::{Key, is_any};
use super::message::Message;
use crate::body::is_of;
use crate::desk::bounded;
use crate::problem::Problem;
use crate::query::moment;

/// Signatures of one message that are looked at: a sender has as many as it has live secrets.
const SIGNATURES_MAX: usize = 8;

#[derive(Deserialize)]
struct Envelope {
    event: Event,
}

#[derive(Deserialize)]
struct Event {
    id: String,
    event_type: String,
    occurred_at: String,
    #[serde(default)]
    agent: Option<Agent>,
    data: Data,
}

#[derive(Deserialize)]
struct Agent {
    id: String,
    #[serde(default)]
    summary: Option<String>,
}

#[derive(Deserialize)]
struct Data {
    #[serde(default)]
    incident_key: Option<String>,
}

fn event(octets: &[u8]) -> serde_json::Result<Event> {
    serde_json::from_slice(octets).map(|Envelope { event }| event)
}

pub(super) fn authentic(headers: &HeaderMap, octets: &[u8], keys: &[Key]) -> Option<Authentic> {
    let given = headers.get("x-pagerduty-signature")?.to_str().ok()?;
    let codes = given.split(',').filter_map(|each| each.trim().strip_prefix("v1="));
    // Every one is tried, whatever was found before.
    let is_ours =
        codes.take(SIGNATURES_MAX).fold(false, |found, code| is_any(keys, &[octets], code) | found);
    if !is_ours {
        return None;
    }
    // Its id and its time stand in the body; what has none is of no time at all, and refused as that.
    let read = event(octets).ok();
    let of_body = read.and_then(|event| Some((event.id, moment(&event.occurred_at)?)));
    let (id, sent) = of_body.unwrap_or((String::new(), Timestamp::MIN));
    Some(Authentic { id, sent })
}

pub(super) fn message(headers: &HeaderMap, octets: &[u8]) -> Result<Message, Problem> {
    is_of(headers, "application/json")?;
    let event = event(octets).map_err(|error| Problem::malformed(format!("the body: {error}")))?;
    let action = match event.event_type.as_str() {
        "incident.acknowledged" => Action::Acknowledge,
        "incident.unacknowledged" => Action::Unacknowledge,
        other => {
            let other = bounded(other);
            return Err(Problem::unprocessable(format!(
                "{other:?} is none that is taken: subscribe to incident.acknowledged and incident.unacknowledged"
            )));
        }
    };
    let Some(id) = event.data.incident_key else {
        return Err(Problem::unprocessable(
            "the incident has no incident_key: raise it with an anomaly's id as its dedup_key",
        ));
    };
    let agent = event.agent.map(|agent| agent.summary.unwrap_or(agent.id));
    Ok(Message {
        target: Target::Anomaly(id),
        action,
        actor: bounded(&agent.unwrap_or_else(|| "PagerDuty".to_owned())),
        comment: String::new(),
        expected_revision: None,
    })
}
