//! How the sensor is, as the shell last said.

use std::sync::{Arc, Mutex, PoisonError};

use gridtap_model::Timestamp;
use serde::Serialize;

/// How the sensor is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Condition {
    /// The site's name.
    pub site: String,
    /// This sensor's name.
    pub sensor: String,
    /// The version of the program.
    pub version: String,
    /// Whether packets are coming in.
    pub hearing: bool,
    /// When the last one was captured.
    pub last_packet: Option<Timestamp>,
    /// Which levels of the baseline judge, in their order.
    pub levels: Vec<LevelArmed>,
    /// What does not work as it should, a sentence each.
    pub degraded: Vec<String>,
    /// Detections that somebody switched off, a sentence each.
    pub out_of_service: Vec<String>,
}

/// Whether a level of the baseline judges.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LevelArmed {
    /// The level, such as `flow`.
    pub level: String,
    /// Whether it has learned enough to judge.
    pub armed: bool,
    /// The estimate until it has, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub armed_in_s: Option<u64>,
}

/// A board that the shell writes and the API reads. All clones are one.
#[derive(Debug, Clone, Default)]
pub struct Health(Arc<Mutex<Condition>>);

impl Health {
    /// Says how the sensor is now.
    pub fn set(&self, condition: Condition) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = condition;
    }

    /// Changes what is different now.
    pub fn change(&self, change: impl FnOnce(&mut Condition)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// How the sensor is.
    #[must_use]
    pub fn get(&self) -> Condition {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
