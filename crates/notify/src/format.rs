//! From the standard body to what each receiver understands.
//!
//! Whatever came off the control network is text here and never markup: a device's name must not mention a channel,
//! make a link or close a tag.

mod alertmanager;
mod chat;
mod cloudevents;
mod mattermost;
mod slack;
mod teams;

use gridtap_model::{Span, Timestamp};

use crate::config::Format;
use crate::event::Event;
use crate::targets::ALERTS;

pub use alertmanager::is_standing;
pub use mattermost::markdown_text;

/// What is posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// Behind the endpoint's URL.
    pub path: &'static str,
    /// The body's media type.
    pub content_type: &'static str,
    /// The body.
    pub body: String,
}

const JSON: &str = "application/json";

/// An event as a receiver of `format` understands it. `id` is the delivery's; `now` and `resend` say until when an
/// alert stands that is not sent again.
#[must_use]
pub fn post(format: Format, id: &str, event: &Event, now: Timestamp, resend: Span) -> Post {
    let json =
        |body: serde_json::Value| Post { path: "", content_type: JSON, body: body.to_string() };
    match format {
        Format::Standard => Post { path: "", content_type: JSON, body: event.text().to_owned() },
        Format::CloudEvents => Post {
            path: "",
            content_type: "application/cloudevents+json; charset=UTF-8",
            body: cloudevents::envelope(id, event).to_string(),
        },
        Format::Alertmanager => alerts(&[alertmanager::alert(event, now, resend)]),
        Format::Slack => json(slack::message(&chat::Card::of(event))),
        Format::Mattermost => json(mattermost::message(&chat::Card::of(event))),
        Format::Teams => json(teams::message(&chat::Card::of(event))),
    }
}

/// Alerts that still stand, in one post.
#[must_use]
pub fn standing(events: &[Event], now: Timestamp, resend: Span) -> Post {
    let all: Vec<_> = events.iter().map(|event| alertmanager::alert(event, now, resend)).collect();
    alerts(&all)
}

fn alerts(alerts: &[serde_json::Value]) -> Post {
    Post {
        path: ALERTS,
        content_type: JSON,
        body: serde_json::Value::from(alerts.to_vec()).to_string(),
    }
}

#[cfg(test)]
mod tests;
