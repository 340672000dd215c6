//! How the sensor itself is: what it tells of itself to whoever asks, and to those who subscribed when it changes.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use gridtap_model::Timestamp;
use gridtap_store::StoreError;

/// What is known of the sensor.
#[derive(Debug, Default)]
pub(crate) struct Health(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// What is wrong, by what it concerns, each in a sentence.
    troubles: BTreeMap<&'static str, String>,
    last_packet: Option<Timestamp>,
    packets: u64,
    messages: u64,
    armed: bool,
    has_ended: bool,
    lost: u64,
    started: Option<Timestamp>,
}

/// What the pipeline says once a second.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Beat {
    /// The time of the last packet.
    pub last_packet: Option<Timestamp>,
    /// Frames heard.
    pub packets: u64,
    /// Messages decoded.
    pub messages: u64,
    /// Whether the flow and function levels judge.
    pub armed: bool,
}

impl Health {
    pub(crate) fn started(&self, at: Timestamp) {
        self.lock().started = Some(at);
    }

    pub(crate) fn beat(&self, beat: Beat) {
        let mut state = self.lock();
        state.last_packet = beat.last_packet;
        state.packets = beat.packets;
        state.messages = beat.messages;
        state.armed = beat.armed;
    }

    pub(crate) fn store_works(&self) {
        self.lock().troubles.remove("store");
    }

    pub(crate) fn store_fails(&self, error: &StoreError) {
        self.lock().troubles.insert("store", error.to_string());
    }

    /// Something is wrong, or no longer.
    pub(crate) fn trouble(&self, concerns: &'static str, what: Option<String>) {
        let mut state = self.lock();
        match what {
            Some(what) => state.troubles.insert(concerns, what),
            None => state.troubles.remove(concerns),
        };
    }

    /// Findings that had no room, in all.
    pub(crate) fn lost(&self, findings: u64) {
        self.lock().lost = findings;
    }

    /// The input came to its end.
    pub(crate) fn input_ended(&self) {
        self.lock().has_ended = true;
    }

    /// The time of the last packet.
    pub(crate) fn last_packet(&self) -> Option<Timestamp> {
        self.lock().last_packet
    }

    /// What is wrong, in sentences.
    pub(crate) fn troubles(&self) -> Vec<String> {
        self.lock().troubles.values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_is_told_until_it_is_over() {
        let health = Health::default();
        health.store_fails(&StoreError::Stopped);
        health.trouble("hearing", Some("no packet for 60 s".to_owned()));
        assert_eq!(health.troubles().len(), 2);
        health.store_works();
        health.trouble("hearing", None);
        assert!(health.troubles().is_empty());
    }
}
