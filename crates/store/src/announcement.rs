//! The words of every message: what it adds to what it tells, and where its links lead. Nobody else writes them.

use gridtap_model::Timestamp;
use serde_json::{Value, json};

use crate::record::Record;

/// What every message adds to what it tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Announcement {
    /// The site's name.
    pub site: String,
    /// This sensor's name.
    pub sensor: String,
    /// The release of ATT&CK for ICS whose techniques are named.
    pub attack_version: String,
    /// Where the page is, such as `https://gridtap.plant.example`; links are left out where nobody said.
    pub links: Option<String>,
}

impl Announcement {
    /// That of a state which tells nobody.
    pub(crate) const NONE: Self = Self {
        site: String::new(),
        sensor: String::new(),
        attack_version: String::new(),
        links: None,
    };

    /// The message about an anomaly: its record, and what a receiver needs that has nothing else. `at` is when what it
    /// tells happened (RFC 3339).
    ///
    /// # Errors
    /// The record is no object.
    pub fn about(
        &self,
        kind: &str,
        at: &str,
        id: &str,
        record: &str,
    ) -> serde_json::Result<String> {
        let mut data = Record::parse(record)?;
        data.set("attack_version", &self.attack_version)?;
        data.set("site", &self.site)?;
        data.set("sensor", &self.sensor)?;
        if let Some(links) = self.links_of(id, &data.text("detection").unwrap_or_default()) {
            data.set("links", &links)?;
        }
        let mut message = Record::default();
        message.set("type", &kind)?;
        message.set("timestamp", &at)?;
        message.set("data", &data)?;
        message.to_text()
    }

    /// The message about something else, such as `webhook.test`.
    #[must_use]
    pub fn message(&self, kind: &str, at: Timestamp, data: &Value) -> String {
        let mut data = data.clone();
        if let Some(fields) = data.as_object_mut() {
            fields.insert("site".to_owned(), self.site.as_str().into());
            fields.insert("sensor".to_owned(), self.sensor.as_str().into());
        }
        json!({ "type": kind, "timestamp": at.to_string(), "data": data }).to_string()
    }

    fn links_of(&self, id: &str, detection: &str) -> Option<Value> {
        let base = self.links.as_deref()?.trim_end_matches('/');
        Some(json!({
            "ui": format!("{base}/anomalies/{id}"),
            "acknowledge": format!("{base}/anomalies/{id}#acknowledge"),
            "runbook": format!("{base}/runbooks/{detection}"),
        }))
    }
}
