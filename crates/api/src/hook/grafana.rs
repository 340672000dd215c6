//! Grafana's alerting: a contact point of the type webhook, with an HMAC secret.
//!
//! It tells of rules that fire and resolve, and of nothing that a person did: there is no acknowledgement in Grafana's
//! alerting, and *resolved is not acknowledged*. So what comes is written down and changes nothing, unless a firing
//! alert says by its own labels what is to be done: `gridtap_action`, and `anomaly` or `incident`.
//!
//! Against repetition there is a time where the contact point names a timestamp header, which is signed with the body;
//! without one a recorded message stays good, so it can't act. There is no id: the signature stands for it.

use gridtap_model::Timestamp;
use gridtap_store::Target;
use serde::Deserialize;

use super::Authentic;
use super::key::{Key, is_any};
use super::message::{Asked, Message, Note};
use super::scheme::Call;
use crate::action::Wanted;
use crate::body::is_of;
use crate::config::Hook;
use crate::desk::bounded;
use crate::problem::Problem;

/// How a contact point signs.
#[derive(Debug)]
pub(super) struct Access {
    keys: Vec<Key>,
    signature_header: String,
    timestamp_header: String,
}

/// A notification, as far as it matters.
#[derive(Deserialize)]
struct Notification {
    #[serde(default)]
    receiver: String,
    status: String,
    alerts: Vec<Alert>,
}

#[derive(Deserialize)]
struct Alert {
    status: String,
    #[serde(default)]
    labels: Labels,
    #[serde(default)]
    annotations: Labels,
}

type Labels = std::collections::BTreeMap<String, String>;

impl Access {
    pub(super) fn of(hook: &Hook, keys: Vec<Key>) -> Self {
        Self {
            keys,
            signature_header: hook.signature_header.clone(),
            timestamp_header: hook.timestamp_header.clone(),
        }
    }

    pub(super) fn authentic(&self, call: &Call<'_>) -> Option<Authentic> {
        let code = call.header(&self.signature_header)?;
        let Some(time) = call.headers.get(&self.timestamp_header) else {
            let is_ours = is_any(&self.keys, &[call.octets], code);
            return is_ours.then(|| Authentic { id: code.to_owned(), sent: call.now });
        };
        let time = time.to_str().ok()?;
        let seconds: i64 = time.parse().ok()?;
        let is_ours = is_any(&self.keys, &[time.as_bytes(), b":", call.octets], code);
        let sent = Timestamp::from_parts(seconds, 0);
        is_ours.then(|| Authentic { id: code.to_owned(), sent })
    }

    pub(super) fn asked(&self, call: &Call<'_>) -> Result<Asked, Problem> {
        is_of(call.headers, "application/json")?;
        let notification: Notification = serde_json::from_slice(call.octets)
            .map_err(|error| Problem::malformed(format!("the body: {error}")))?;
        let mut deeds = Vec::new();
        for alert in notification.alerts.iter().filter(|alert| alert.status == "firing") {
            if let Some(deed) = alert.deed()?
                && !deeds.contains(&deed)
            {
                deeds.push(deed);
            }
        }
        let is_timed = call.headers.contains_key(&self.timestamp_header);
        match (deeds.pop(), deeds.is_empty()) {
            (None, _) => Ok(Asked::Note(notification.note())),
            (Some(_), false) => Err(Problem::unprocessable(
                "the notification asks for more than one thing: group alerts by anomaly in Grafana",
            )),
            (Some(_), true) if !is_timed => Err(Problem::unprocessable(format!(
                "nothing is done on a message without a signed time, which could be repeated: set Timestamp Header to {} in the contact point",
                self.timestamp_header
            ))),
            (Some(deed), true) => Ok(Asked::Deed(deed)),
        }
    }
}

impl Alert {
    /// What it asks for by its own labels.
    fn deed(&self) -> Result<Option<Message>, Problem> {
        let text =
            |labels: &Labels, name: &str| labels.get(name).cloned().filter(|t| !t.is_empty());
        let label = |name: &str| text(&self.labels, name);
        let Some(action) = label("gridtap_action") else { return Ok(None) };
        let anomaly = label("anomaly_id").or_else(|| label("anomaly"));
        let incident = label("incident_id").or_else(|| label("incident"));
        let target = match (anomaly, incident) {
            (Some(id), _) => Target::Anomaly(id),
            (None, Some(id)) => Target::Incident(id),
            (None, None) => {
                return Err(Problem::unprocessable(
                    "the alert has gridtap_action and names nothing: give it the label anomaly or incident",
                ));
            }
        };
        let wanted = Wanted {
            action,
            disposition: label("gridtap_disposition"),
            until: label("gridtap_until"),
            ..Wanted::default()
        };
        Ok(Some(Message {
            target,
            action: wanted.action()?,
            actor: bounded(&label("gridtap_actor").unwrap_or_else(|| "Grafana".to_owned())),
            comment: text(&self.annotations, "gridtap_comment").unwrap_or_default(),
            expected_revision: None,
        }))
    }
}

impl Notification {
    fn note(&self) -> Note {
        let Self { receiver, status, alerts } = self;
        Note {
            who: "Grafana".to_owned(),
            said: bounded(&format!("{status}: {} alerts for {receiver}", alerts.len())),
            answer: format!(
                "noted, and nothing changed: that an alert is {} in Grafana acknowledges nothing here. A firing alert acts by its labels gridtap_action and anomaly, a person by a button, the API or the command line",
                bounded(status)
            ),
        }
    }
}
