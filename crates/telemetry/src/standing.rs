//! What the store and the baseline hold: gauges, handed over from time to time.

use std::collections::BTreeMap;

use gridtap_model::{Severity, State, Timestamp};

use crate::labels::Level;

/// What is in the store.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stored {
    /// Anomalies, by state and severity; what is absent is 0.
    pub anomalies: BTreeMap<(State, Severity), u64>,
    /// Anomalies that were declared beforehand and are not closed, by severity. They are not among the others.
    pub suppressed: BTreeMap<Severity, u64>,
    /// When the oldest that nobody has acknowledged was first seen, by severity.
    pub oldest: BTreeMap<Severity, Timestamp>,
    /// Octets of the database.
    pub size_bytes: u64,
    /// Octets that its file system has left, where it tells.
    pub available_bytes: Option<u64>,
    /// Rows of the audit log.
    pub audit_records: u64,
    /// What waits to be delivered, by endpoint.
    pub queues: Vec<Queue>,
}

/// What waits for one endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Queue {
    /// Its name in the configuration.
    pub endpoint: String,
    /// How many.
    pub length: u64,
    /// When the oldest was put there.
    pub oldest: Option<Timestamp>,
}

/// How far the baseline is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Learned {
    /// By [`Level`].
    pub levels: [LevelLearned; Level::COUNT],
    /// Since when it has heard anything.
    pub created: Option<Timestamp>,
}

/// One level of the baseline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LevelLearned {
    /// It does not judge yet.
    pub learning: bool,
    /// News that a day is expected to bring.
    pub novel_per_day: f64,
}

impl Default for LevelLearned {
    fn default() -> Self {
        Self { learning: true, novel_per_day: 0.0 }
    }
}
