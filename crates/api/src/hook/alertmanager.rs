//! Prometheus Alertmanager: its web hook tells of alerts that fire and resolve.
//!
//! It never acts. *Resolved is not acknowledged*: a machine resolves, a person acknowledges. What a person does in an
//! Alertmanager is a silence, and no web hook tells of it: the endpoint that sends alerts there asks for them
//! (`silences_every` in `[[notify.endpoint]]`).
//!
//! Its callers show a bearer token, a certificate, or both, as the hook wants. The message is not signed and has neither
//! an id nor a time, so there is nothing to tell a repetition by but its body; as nothing is done by it, a repetition
//! leaves a row in the audit log and no more.

use gridtap_model::Timestamp;
use rustls::pki_types::ServerName;
use serde::Deserialize;

use super::Authentic;
use super::key::{Token, is_token};
use super::mattermost::digest;
use super::message::Note;
use super::scheme::Call;
use crate::body::is_of;
use crate::config::Hook;
use crate::desk::bounded;
use crate::problem::Problem;

/// How an Alertmanager shows that it is ours.
#[derive(Debug)]
pub(super) struct Access {
    tokens: Vec<Token>,
    names: Vec<ServerName<'static>>,
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
}

impl Access {
    pub(super) fn of(hook: &Hook, tokens: Vec<Token>) -> Self {
        let name = |text: &String| ServerName::try_from(text.clone()).ok();
        Self { tokens, names: hook.client_names.iter().filter_map(name).collect() }
    }

    pub(super) fn authentic(&self, call: &Call<'_>) -> Option<Authentic> {
        let given = call.header("authorization").and_then(|text| text.split_once(' '));
        let token = given
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map_or("", |(_, token)| token.trim());
        let is_token = self.tokens.is_empty() || is_token(&self.tokens, token);
        let is_named = self.names.is_empty() || call.presented.is_any_of(&self.names);
        // Settings without either are refused; a slip there must not open the hook.
        let is_guarded = !self.tokens.is_empty() || !self.names.is_empty();
        let sent: Timestamp = call.now;
        (is_token && is_named && is_guarded).then(|| Authentic { id: digest(call.octets), sent })
    }
}

pub(super) fn asked(call: &Call<'_>) -> Result<Note, Problem> {
    is_of(call.headers, "application/json")?;
    let Notification { receiver, status, alerts } = serde_json::from_slice(call.octets)
        .map_err(|error| Problem::malformed(format!("the body: {error}")))?;
    let firing = alerts.iter().filter(|alert| alert.status == "firing").count();
    let resolved = alerts.len().saturating_sub(firing);
    Ok(Note {
        who: "Alertmanager".to_owned(),
        said: bounded(&format!(
            "{status}: {firing} firing and {resolved} resolved alerts for {receiver}"
        )),
        answer: "noted, and nothing changed: resolved is not acknowledged. A silence whose matchers name one anomaly acknowledges it where notify.endpoint.silences_every is set; a person acknowledges by the API or the command line".to_owned(),
    })
}
