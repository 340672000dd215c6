//! CloudEvents 1.0, structured mode.

use serde_json::{Value, json};

use crate::event::Event;

/// The envelope. `source` is this sensor as a relative reference, `id` the delivery's: together they are unique.
pub(super) fn envelope(id: &str, event: &Event) -> Value {
    let mut envelope = json!({
        "specversion": "1.0",
        "id": id,
        "source": format!("/gridtap/{}/{}", segment(event.field("site")), segment(event.field("sensor"))),
        "type": format!("gridtap.{}", event.kind()),
        "time": event.timestamp(),
        "datacontenttype": "application/json",
        "data": event.data(),
    });
    let subject = event.field("id");
    if let (false, Some(fields)) = (subject.is_empty(), envelope.as_object_mut()) {
        fields.insert("subject".to_owned(), Value::from(subject));
    }
    envelope
}

/// A name as one segment of a path (RFC 3986).
fn segment(name: &str) -> String {
    let mut segment = String::with_capacity(name.len());
    for octet in name.bytes() {
        if octet.is_ascii_alphanumeric() || b"-._~".contains(&octet) {
            segment.push(char::from(octet));
        } else {
            segment.push_str(&format!("%{octet:02X}"));
        }
    }
    if segment.is_empty() { "-".to_owned() } else { segment }
}
