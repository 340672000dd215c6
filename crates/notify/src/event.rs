//! The standard body: what happened, as the store wrote it down, in no more octets than receivers like.

mod shorten;

use serde_json::Value;

/// Octets that a body may have.
pub const BODY_OCTETS_MAX: usize = 20_000;

/// Everything that is told.
pub const TYPES: [&str; 18] = [
    "anomaly.opened",
    "anomaly.updated",
    "anomaly.acknowledged",
    "anomaly.unacknowledged",
    "anomaly.shelved",
    "anomaly.unshelved",
    "anomaly.cleared",
    "anomaly.closed",
    "anomaly.suppressed",
    "anomaly.digest",
    "device.new",
    "device.silent",
    "device.returned",
    "baseline.proposed",
    "baseline.activated",
    "sensor.degraded",
    "sensor.recovered",
    "webhook.test",
];

/// Whether a text is a type, or a group of them such as `anomaly.*`.
pub(crate) fn is_pattern(text: &str) -> bool {
    match text.strip_suffix('*') {
        Some(group) => group.ends_with('.') && TYPES.iter().any(|each| each.starts_with(group)),
        None => TYPES.contains(&text),
    }
}

/// Whether a type is among those that were asked for; all are where none was.
#[must_use]
pub fn is_wanted(types: &[String], kind: &str) -> bool {
    types.is_empty()
        || types.iter().any(|each| match each.strip_suffix('*') {
            Some(group) => kind.starts_with(group),
            None => each == kind,
        })
}

/// A row of the outbox that is no body: ours, and nobody else's fault.
#[derive(Debug, thiserror::Error)]
#[error("the stored body is not an object with type, timestamp and data: {0}")]
pub struct NotABody(String);

/// A body that fits.
#[derive(Debug, Clone)]
pub struct Event {
    text: String,
    value: Value,
}

impl Event {
    /// A body as it was stored; longer ones are shortened to [`BODY_OCTETS_MAX`].
    ///
    /// The order of shortening: lists to 16 items, texts to 1,000 characters, lists to 4, texts to 200; then what is not
    /// needed to find and rank the anomaly goes, longest first. `data.shortened` names each field that lost something,
    /// and a cut text ends with an ellipsis. A digest's ids are never cut: each is told there and nowhere else.
    ///
    /// # Errors
    ///
    /// When the text is not an object with `type`, `timestamp` and `data`.
    pub fn parse(body: &str) -> Result<Self, NotABody> {
        let mut value: Value =
            serde_json::from_str(body).map_err(|error| NotABody(error.to_string()))?;
        for field in ["type", "timestamp"] {
            if !value.get(field).is_some_and(Value::is_string) {
                return Err(NotABody(format!("{field} is not a text")));
            }
        }
        if !value.get("data").is_some_and(Value::is_object) {
            return Err(NotABody("data is not an object".to_owned()));
        }
        if body.len() <= BODY_OCTETS_MAX {
            return Ok(Self { text: body.to_owned(), value });
        }
        shorten::to_fit(&mut value, BODY_OCTETS_MAX);
        Ok(Self { text: value.to_string(), value })
    }

    /// The body as it is sent and signed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its type.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.value.get("type").and_then(Value::as_str).unwrap_or_default()
    }

    /// When it happened, RFC 3339.
    #[must_use]
    pub fn timestamp(&self) -> &str {
        self.value.get("timestamp").and_then(Value::as_str).unwrap_or_default()
    }

    /// What it is about.
    #[must_use]
    pub fn data(&self) -> &Value {
        self.value.get("data").unwrap_or(&Value::Null)
    }

    /// A text of the data; `""` where there is none.
    #[must_use]
    pub fn field(&self, name: &str) -> &str {
        self.data().get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// The texts of a list of the data.
    pub fn list<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let items = self.data().get(name).and_then(Value::as_array).map(Vec::as_slice);
        items.unwrap_or_default().iter().filter_map(Value::as_str)
    }

    /// The ids of a digest: its items are ids, or objects that have one.
    pub fn gathered(&self) -> impl Iterator<Item = &str> {
        let items = self.data().get("anomalies").and_then(Value::as_array).map(Vec::as_slice);
        items
            .unwrap_or_default()
            .iter()
            .filter_map(|item| item.as_str().or_else(|| item.get("id").and_then(Value::as_str)))
    }

    /// A link, where it is one that a person may safely be offered.
    #[must_use]
    pub fn link(&self, name: &str) -> Option<&str> {
        let link = self.data().get("links")?.get(name)?.as_str()?;
        (link.starts_with("https://") || link.starts_with("http://")).then_some(link)
    }
}

#[cfg(test)]
mod tests;
