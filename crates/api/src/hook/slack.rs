//! Slack: a slash command of an app, or a button whose `action_id` is an action and whose `value` is an anomaly's id.
//!
//! Slack shows its user what is answered with 200 and nothing else, so that an authentic request is answered with 200
//! and a sentence, whatever came of it.

use axum::http::HeaderMap;
use gridtap_model::{Span, Timestamp};
use gridtap_store::{Action, Disposition, Target};
use serde::Deserialize;
use serde_json::{Value, json};

use super::key::{Key, is_any};
use super::message::Message;
use super::{Authentic, FORM};
use crate::body::is_of;
use crate::desk::bounded;
use crate::problem::Problem;

/// What a slash command can say.
const USAGE: &str = "say `acknowledge ID`, `unacknowledge ID`, `unshelve ID`, `comment ID TEXT`, `shelve ID 2h REASON` or \
                     `close ID true_positive|expected_change|false_positive`; an incident is `incident:ID`";

pub(super) fn authentic(headers: &HeaderMap, octets: &[u8], keys: &[Key]) -> Option<Authentic> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let time = text("x-slack-request-timestamp")?;
    let seconds: i64 = time.parse().ok()?;
    let code = text("x-slack-signature")?.strip_prefix("v0=")?;
    let is_ours = is_any(keys, &[b"v0:", time.as_bytes(), b":", octets], code);
    // No two requests have the same code: each has an id of its own inside.
    is_ours.then(|| Authentic { id: code.to_owned(), sent: Timestamp::from_parts(seconds, 0) })
}

/// A press of a button, as far as it matters.
#[derive(Deserialize)]
struct Pressed {
    user: User,
    actions: Vec<Button>,
}

#[derive(Deserialize)]
struct User {
    id: String,
    #[serde(default)]
    username: Option<String>,
}

#[derive(Deserialize)]
struct Button {
    action_id: String,
    #[serde(default)]
    value: Option<String>,
}

pub(super) fn message(
    headers: &HeaderMap,
    octets: &[u8],
    sent: Timestamp,
) -> Result<Message, Problem> {
    is_of(headers, FORM)?;
    let form: Vec<(String, String)> = serde_urlencoded::from_bytes(octets)
        .map_err(|error| Problem::malformed(format!("the body is no form: {error}")))?;
    let field =
        |name: &str| form.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str());
    if let Some(payload) = field("payload") {
        let pressed: Pressed = serde_json::from_str(payload)
            .map_err(|error| Problem::malformed(format!("the payload: {error}")))?;
        let [button] = pressed.actions.as_slice() else {
            return Err(Problem::unprocessable("the payload has not one action, but none or more"));
        };
        let id = button.value.as_deref().unwrap_or_default();
        let actor = pressed.user.username.unwrap_or(pressed.user.id);
        return said(&format!("{} {id}", button.action_id), &actor, sent);
    }
    let actor = field("user_name").or_else(|| field("user_id")).unwrap_or("slack");
    said(field("text").unwrap_or_default(), actor, sent)
}

/// A deed in words: what, to what, and what else it needs.
pub(super) fn said(text: &str, actor: &str, sent: Timestamp) -> Result<Message, Problem> {
    let usage = |why: String| Problem::unprocessable(format!("{why}: {USAGE}"));
    let (name, rest) = word(text);
    let (id, rest) = word(rest);
    if id.is_empty() {
        return Err(usage("an action and an id are needed".to_owned()));
    }
    let (action, comment) = match name {
        "acknowledge" => (Action::Acknowledge, rest),
        "unacknowledge" => (Action::Unacknowledge, rest),
        "unshelve" => (Action::Unshelve, rest),
        "comment" => (Action::Comment, rest),
        "shelve" => {
            let (span, rest) = word(rest);
            let span: Span = span
                .parse()
                .map_err(|_| usage(format!("{:?} is no length of time", bounded(span))))?;
            (Action::Shelve { until: sent.plus_ns(span.nanos()) }, rest)
        }
        "close" => {
            let (disposition, rest) = word(rest);
            let disposition = Disposition::of_name(disposition)
                .ok_or_else(|| usage(format!("{:?} is no disposition", bounded(disposition))))?;
            (Action::Close { disposition }, rest)
        }
        other => return Err(usage(format!("{:?} is no action", bounded(other)))),
    };
    let target = match id.strip_prefix("incident:") {
        Some(incident) => Target::Incident(incident.to_owned()),
        None => Target::Anomaly(id.to_owned()),
    };
    let (actor, comment) = (bounded(actor), comment.to_owned());
    Ok(Message { target, action, actor, comment, expected_revision: None })
}

/// The first word, and what follows it.
fn word(text: &str) -> (&str, &str) {
    let text = text.trim();
    text.split_once(char::is_whitespace).map_or((text, ""), |(word, rest)| (word, rest.trim()))
}

/// What Slack shows to whoever asked.
pub(super) fn told(body: &Value) -> Value {
    // Slack's own three escapes: nothing in a sentence may mention a channel or make a link.
    let sentence = sentence(body).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    json!({ "response_type": "ephemeral", "text": sentence })
}

/// What came of it, in a sentence.
pub(super) fn sentence(body: &Value) -> String {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let problem = body.get("error").and_then(|error| error.get("message")).and_then(Value::as_str);
    match (problem, text("anomaly_id"), text("incident_id"), text("state")) {
        (Some(message), ..) => format!("Not done: {message}."),
        (None, Some(id), _, Some(state)) => format!("Done: anomaly {id} is {state}."),
        (None, _, Some(id), Some(state)) => format!("Done: incident {id} is {state}."),
        _ => "Done.".to_owned(),
    }
}
