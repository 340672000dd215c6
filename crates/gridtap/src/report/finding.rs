//! An anomaly as its record tells it, with what people did about it.

use std::net::SocketAddr;

use gridtap_model::{Armed, Severity, State, Timestamp};
use gridtap_store::Disposition;
use serde::{Deserialize, Deserializer};

/// An anomaly read back from its record. What another version does not write is left empty.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Finding {
    pub id: String,
    pub incident: String,
    pub state: State,
    #[serde(default)]
    pub suppressed: Option<String>,
    #[serde(deserialize_with = "time")]
    pub time: Timestamp,
    #[serde(deserialize_with = "time")]
    pub last_time: Timestamp,
    pub count: u64,
    #[serde(default)]
    pub capture: Option<String>,
    #[serde(default)]
    pub frames: Vec<u64>,
    pub detection: String,
    pub name: String,
    #[serde(default)]
    pub also: Vec<String>,
    pub severity: Severity,
    #[serde(default)]
    pub score: f64,
    pub source: SocketAddr,
    pub destination: SocketAddr,
    pub device: String,
    #[serde(default)]
    pub points: Vec<String>,
    #[serde(default)]
    pub technique: Vec<String>,
    #[serde(default)]
    pub observed: String,
    #[serde(default)]
    pub expected: String,
    #[serde(default)]
    pub advice: String,
    pub baseline: Armed,
    #[serde(default)]
    pub key: Option<String>,
    #[serde(default)]
    pub acknowledged_by: Option<String>,
    #[serde(default)]
    pub shelved_by: Option<String>,
    #[serde(default, deserialize_with = "time_if_any")]
    pub shelved_until: Option<Timestamp>,
    #[serde(default)]
    pub disposition: Option<Disposition>,
    #[serde(default)]
    pub closed_by: Option<String>,
    #[serde(default)]
    pub comment: Option<String>,
    #[serde(default)]
    pub continues: Option<String>,
}

impl Finding {
    /// Reads a record: one JSON object.
    pub(crate) fn of(record: &str) -> serde_json::Result<Self> {
        serde_json::from_str(record)
    }

    /// As much of its id as a person types.
    pub(crate) fn short(&self) -> &str {
        self.id.get(..8).unwrap_or(&self.id)
    }

    /// What it turned out to be, in words.
    pub(crate) fn verdict(&self) -> Option<String> {
        self.disposition.map(|disposition| disposition.name().replace('_', " "))
    }
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(deserializer)?;
    crate::person::time(&text).ok_or_else(|| {
        serde::de::Error::invalid_value(serde::de::Unexpected::Str(&text), &"a moment")
    })
}

fn time_if_any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    time(deserializer).map(Some)
}
