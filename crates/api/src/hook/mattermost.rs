//! Mattermost: a slash command, or a button of a message.
//!
//! Mattermost signs nothing. A slash command carries the token that Mattermost gave out for it, in a header and in the
//! form; a button carries in its context what whoever made the message put there. That may be the token, or better the
//! code of this one action on this one anomaly under the token (HMAC-SHA256 in hexadecimal, over the words
//! `ACTION anomaly ID` or `ACTION incident ID`): whoever sees such a message can do that and nothing else.
//!
//! What tells a repetition is `trigger_id`, which Mattermost makes anew for each press and each command, and which holds
//! when that was. It is not signed for us: whoever has heard a message has its token too, and can make up another. So
//! the token is to travel by TLS only, and the hook is to be open to Mattermost's network alone.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gridtap_model::Timestamp;
use gridtap_notify::markdown_text;
use gridtap_store::Target;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::key::{Token, is_code, is_token};
use super::message::Message;
use super::scheme::Call;
use super::{Authentic, FORM, slack};
use crate::action::Wanted;
use crate::body::is_of;
use crate::desk::bounded;
use crate::problem::Problem;

/// Octets of an id that stands in the store as it came; a longer one stands there as its digest.
const ID_OCTETS_MAX: usize = 128;

/// A press of a button, as far as it matters.
#[derive(Deserialize)]
struct Pressed {
    #[serde(default)]
    user_id: String,
    #[serde(default)]
    user_name: String,
    #[serde(default)]
    trigger_id: String,
    context: Context,
}

/// What whoever made the button put into it.
#[derive(Deserialize)]
struct Context {
    #[serde(default)]
    token: String,
    #[serde(default)]
    action: String,
    #[serde(default)]
    anomaly_id: Option<String>,
    #[serde(default)]
    incident_id: Option<String>,
    #[serde(default)]
    disposition: Option<String>,
    #[serde(default)]
    comment: Option<String>,
    #[serde(default)]
    until: Option<String>,
    #[serde(default)]
    expected_revision: Option<u32>,
}

impl Context {
    fn target(&self) -> Option<Target> {
        match (&self.anomaly_id, &self.incident_id) {
            (Some(id), None) => Some(Target::Anomaly(id.clone())),
            (None, Some(id)) => Some(Target::Incident(id.clone())),
            _ => None,
        }
    }

    /// What its code vouches for.
    fn words(&self) -> Option<String> {
        let target = self.target()?;
        Some(format!("{} {} {}", self.action, target.kind(), target.id()))
    }
}

type Form = Vec<(String, String)>;

fn field<'a>(form: &'a Form, name: &str) -> Option<&'a str> {
    form.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
}

pub(super) fn authentic(call: &Call<'_>, tokens: &[Token]) -> Option<Authentic> {
    let trigger = if is_of(call.headers, FORM).is_ok() {
        let form: Form = serde_urlencoded::from_bytes(call.octets).ok()?;
        let header = call.header("authorization").and_then(|text| text.strip_prefix("Token "));
        let given = header.or_else(|| field(&form, "token")).unwrap_or_default();
        is_token(tokens, given)
            .then(|| field(&form, "trigger_id").unwrap_or_default().to_owned())?
    } else {
        let pressed: Pressed = serde_json::from_slice(call.octets).ok()?;
        let words = pressed.context.words().unwrap_or_default();
        let is_whole = is_token(tokens, &pressed.context.token);
        let is_part = is_code(tokens, &words, &pressed.context.token) & !words.is_empty();
        (is_whole | is_part).then_some(pressed.trigger_id)?
    };
    let (id, sent) = moment_of(&trigger, call);
    Some(Authentic { id, sent })
}

/// The id and the time of a `trigger_id`: base64 of `ID:USER:MILLISECONDS:SIGNATURE`. One that is none of Mattermost's
/// is an id and of no time; where there is none, the body itself has to be new.
fn moment_of(trigger: &str, call: &Call<'_>) -> (String, Timestamp) {
    let decoded = STANDARD.decode(trigger).ok().and_then(|octets| String::from_utf8(octets).ok());
    let parts = decoded.as_deref().and_then(|text| {
        let mut parts = text.split(':');
        let (id, _user, time) = (parts.next()?, parts.next()?, parts.next()?);
        let time = time.parse::<i64>().ok()?.checked_mul(1_000_000)?;
        Some((id.to_owned(), Timestamp::from_nanos(time)))
    });
    match parts {
        Some((id, sent)) if !id.is_empty() && id.len() <= ID_OCTETS_MAX => (id, sent),
        _ if trigger.is_empty() => (digest(call.octets), call.now),
        _ if trigger.len() > ID_OCTETS_MAX => (digest(trigger.as_bytes()), call.now),
        _ => (trigger.to_owned(), call.now),
    }
}

/// The SHA-256 of some octets, in hexadecimal.
pub(super) fn digest(octets: &[u8]) -> String {
    Sha256::digest(octets).iter().map(|octet| format!("{octet:02x}")).collect()
}

pub(super) fn message(call: &Call<'_>, sent: Timestamp) -> Result<Message, Problem> {
    if is_of(call.headers, FORM).is_ok() {
        let form: Form = serde_urlencoded::from_bytes(call.octets)
            .map_err(|error| Problem::malformed(format!("the body is no form: {error}")))?;
        let actor = field(&form, "user_name").or_else(|| field(&form, "user_id"));
        let words = field(&form, "text").unwrap_or_default();
        return slack::said(words, actor.unwrap_or("mattermost"), sent);
    }
    is_of(call.headers, "application/json")?;
    let pressed: Pressed = serde_json::from_slice(call.octets)
        .map_err(|error| Problem::malformed(format!("the body: {error}")))?;
    let target = pressed.context.target().ok_or_else(|| {
        Problem::unprocessable("the context names one: either anomaly_id or incident_id")
    })?;
    let Context { action, disposition, comment, until, expected_revision, .. } = pressed.context;
    let wanted = Wanted { action, disposition, until, ..Wanted::default() };
    let actor = [pressed.user_name, pressed.user_id].into_iter().find(|name| !name.is_empty());
    Ok(Message {
        target,
        action: wanted.action()?,
        actor: bounded(&actor.unwrap_or_else(|| "mattermost".to_owned())),
        comment: comment.unwrap_or_default(),
        expected_revision,
    })
}

/// What Mattermost shows to whoever asked, and to nobody else.
pub(super) fn told(body: &Value, is_form: bool) -> Value {
    let sentence = markdown_text(&slack::sentence(body));
    if is_form {
        json!({ "response_type": "ephemeral", "text": sentence })
    } else {
        json!({ "ephemeral_text": sentence })
    }
}
