//! Standard Webhooks 1.0.0, and our own words inside.

use axum::http::HeaderMap;
use gridtap_model::Timestamp;
use gridtap_notify::signature::{ID_HEADER, SIGNATURE_HEADER, Secret, TIMESTAMP_HEADER, verify};
use gridtap_store::Target;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Authentic;
use super::message::Message;
use crate::action::{Wanted, strict};
use crate::body::is_of;
use crate::desk::bounded;
use crate::problem::Problem;
use crate::query::moment;

/// Octets of a message's id.
const ID_OCTETS_MAX: usize = 256;

pub(crate) fn authentic(
    headers: &HeaderMap,
    octets: &[u8],
    secrets: &[Secret],
) -> Option<Authentic> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let id = text(ID_HEADER).filter(|id| id.len() <= ID_OCTETS_MAX)?;
    // As it is signed: `+5` and `05` are the number 5 too, and nobody signed them.
    let seconds: i64 = text(TIMESTAMP_HEADER)?.parse().ok()?;
    if text(TIMESTAMP_HEADER)? != seconds.to_string() {
        return None;
    }
    let is_ours = verify(id, seconds, octets, text(SIGNATURE_HEADER)?, secrets);
    let sent = Timestamp::from_parts(seconds, 0);
    is_ours.then(|| Authentic { id: id.to_owned(), sent })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    timestamp: Option<String>,
    data: Box<RawValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    #[serde(default)]
    anomaly_id: Option<String>,
    #[serde(default)]
    incident_id: Option<String>,
    action: String,
    #[serde(default)]
    disposition: Option<String>,
    #[serde(default)]
    actor: Option<String>,
    #[serde(default)]
    comment: Option<String>,
    #[serde(default)]
    until: Option<String>,
    #[serde(default)]
    expected_revision: Option<u32>,
}

pub(crate) fn message(headers: &HeaderMap, octets: &[u8], hook: &str) -> Result<Message, Problem> {
    is_of(headers, "application/json")?;
    let Envelope { kind, timestamp, data } = strict(octets)?;
    let data: Data = strict(data.get().as_bytes())?;
    if kind != "anomaly.action" {
        let kind = bounded(&kind);
        return Err(Problem::unprocessable(format!(
            "the type {kind:?} is none that is taken here: send anomaly.action"
        )));
    }
    if timestamp.is_some_and(|given| moment(&given).is_none()) {
        return Err(Problem::unprocessable(
            "timestamp is no time: write RFC 3339, such as 2024-05-01T10:00:00Z",
        ));
    }
    let target = match (data.anomaly_id, data.incident_id) {
        (Some(id), None) => Target::Anomaly(id),
        (None, Some(id)) => Target::Incident(id),
        _ => {
            return Err(Problem::unprocessable("data names one: either anomaly_id or incident_id"));
        }
    };
    let wanted = Wanted {
        action: data.action,
        disposition: data.disposition,
        comment: None,
        until: data.until,
        expected_revision: None,
        actor: None,
    };
    let actor = data.actor.filter(|actor| !actor.trim().is_empty());
    Ok(Message {
        target,
        action: wanted.action()?,
        actor: bounded(&actor.unwrap_or_else(|| hook.to_owned())),
        comment: data.comment.unwrap_or_default(),
        expected_revision: data.expected_revision,
    })
}
