//! What a person is told.

use core::fmt;

use crate::{Endpoint, Protocol, Timestamp};

/// How bad it is if true.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// An audit of something expected.
    Info,
    /// Worth a look when there is time.
    Low,
    /// Worth a look today.
    Medium,
    /// Worth getting up for.
    High,
    /// Someone may be moving the process.
    Critical,
}

impl Severity {
    /// All of them, least first.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The name in records and configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// One step less, `Info` at the least.
    #[must_use]
    pub const fn lowered(self) -> Self {
        match self {
            Self::Critical => Self::High,
            Self::High => Self::Medium,
            Self::Medium => Self::Low,
            Self::Low | Self::Info => Self::Info,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Identifies an anomaly: a UUIDv8 made from what it is about, the same on every run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AnomalyId(pub [u8; 16]);

/// Identifies an incident, as [`AnomalyId`] does an anomaly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IncidentId(pub [u8; 16]);

/// Each record has two or three of them: written without the machinery that formats numbers.
fn uuid(bytes: &[u8; 16], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [b'-'; 36];
    let places = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
    for (byte, place) in bytes.iter().zip(places) {
        if let Some([high, low]) = text.get_mut(place..).and_then(|rest| rest.first_chunk_mut()) {
            let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or_default();
            (*high, *low) = (digit(byte >> 4), digit(byte & 15));
        }
    }
    f.write_str(core::str::from_utf8(&text).unwrap_or_default())
}

impl fmt::Display for AnomalyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        uuid(&self.0, f)
    }
}

impl fmt::Display for IncidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        uuid(&self.0, f)
    }
}

impl serde::Serialize for AnomalyId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl serde::Serialize for IncidentId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Where an anomaly stands in its life (ISA-18.2 words).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Nobody has looked, the condition holds.
    UnacknowledgedActive,
    /// Someone has looked, the condition holds.
    AcknowledgedActive,
    /// Nobody has looked, the condition is over.
    UnacknowledgedCleared,
    /// Over, and someone has looked.
    Cleared,
    /// A disposition was given.
    Closed,
}

/// Whether the baseline judged or was still learning when something was said.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Armed {
    /// Flow and function levels judge.
    Armed,
    /// Still learning: silence is not a result.
    Learning,
}

/// One anomaly as a person, the store and every interface sees it: the fields of the record, in order.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Anomaly {
    /// Identifies it.
    pub id: AnomalyId,
    /// The incident it belongs to.
    pub incident: IncidentId,
    /// Counts its changes, from 1.
    pub revision: u32,
    /// Where it stands.
    pub state: State,
    /// What declared it beforehand, so that it is kept and alarms nobody: the name of a window, or "out of service".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suppressed: Option<String>,
    /// When it was first seen.
    pub time: Timestamp,
    /// When it was last seen.
    pub last_time: Timestamp,
    /// How often it was seen.
    pub count: u64,
    /// The interface or file; absent where there is only one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capture: Option<String>,
    /// The frames that show it, the first 16.
    pub frames: Vec<u64>,
    /// The catalogue's id.
    pub detection: &'static str,
    /// The catalogue's name.
    pub name: &'static str,
    /// What else fits the same message.
    pub also: Vec<&'static str>,
    /// How bad if true.
    pub severity: Severity,
    /// How sure: log10 of the evidence against "this is normal here", 0 to 9.
    pub score: f64,
    /// The protocol.
    pub protocol: Protocol,
    /// The zone's name.
    pub zone: String,
    /// Who did it.
    pub source: Endpoint,
    /// To whom.
    pub destination: Endpoint,
    /// To which device, by the site's name where it has one.
    pub device: String,
    /// To which points, by the site's names where it has them.
    pub points: Vec<String>,
    /// ATT&CK for ICS techniques.
    pub technique: Vec<&'static str>,
    /// What happened.
    pub observed: String,
    /// What was expected, and on what evidence.
    pub expected: String,
    /// What to check first, what would make it benign, what to do if it is not.
    pub advice: &'static str,
    /// Whether the baseline judged or was still learning.
    pub baseline: Armed,
    /// The baseline's key that was new, for `baseline accept`; absent where nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_as_a_uuid() {
        let id = AnomalyId([0x6f, 0x0c, 1, 2, 3, 4, 0x85, 6, 0x87, 8, 9, 10, 11, 12, 13, 14]);
        assert_eq!(id.to_string(), "6f0c0102-0304-8506-8708-090a0b0c0d0e");
    }

    #[test]
    fn severities_order_and_step_down() {
        assert!(Severity::Critical > Severity::High);
        assert_eq!(Severity::High.lowered(), Severity::Medium);
        assert_eq!(Severity::Info.lowered(), Severity::Info);
    }
}
