//! How the sensor itself is: what it tells of itself to whoever asks, and to those who subscribed when it changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use gridtap_api::{Condition, LevelArmed};
use gridtap_baseline::{LevelState, PerLevel};
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
    levels: Vec<LevelArmed>,
    has_ended: bool,
    /// What somebody switched off, a sentence each.
    out_of_service: Vec<String>,
}

impl Health {
    /// The time of the last packet, as the thread that hears says once a second.
    pub(crate) fn beat(&self, last_packet: Option<Timestamp>) {
        self.lock().last_packet = last_packet;
    }

    /// Which levels of the baseline judge.
    pub(crate) fn learned(&self, levels: &PerLevel) {
        let levels = [
            ("flow", &levels.flow),
            ("function", &levels.function),
            ("address", &levels.address),
            ("point", &levels.point),
        ];
        let level = |(level, state): (&str, &LevelState)| LevelArmed {
            level: level.to_owned(),
            armed: state.armed,
            armed_in_s: (!state.armed && state.armed_in_s > 0).then_some(state.armed_in_s),
        };
        self.lock().levels = levels.map(level).into();
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

    /// Findings that had no room, in all: that stays wrong.
    pub(crate) fn lost(&self, findings: u64) {
        let what = format!(
            "{findings} findings had no room while the store could not write, and are lost"
        );
        self.trouble("findings", Some(what));
    }

    /// What is switched off at this moment.
    pub(crate) fn out_of_service(&self, sentences: Vec<String>) {
        self.lock().out_of_service = sentences;
    }

    /// The input came to its end.
    pub(crate) fn input_ended(&self) {
        self.lock().has_ended = true;
    }

    /// The time of the last packet.
    pub(crate) fn last_packet(&self) -> Option<Timestamp> {
        self.lock().last_packet
    }

    /// All of it, as the interface gives it.
    pub(crate) fn condition(&self, site: &str, sensor: &str) -> Condition {
        let state = self.lock();
        Condition {
            site: site.to_owned(),
            sensor: sensor.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            hearing: !state.has_ended
                && state.last_packet.is_some()
                && !state.troubles.contains_key("hearing"),
            last_packet: state.last_packet,
            levels: state.levels.clone(),
            degraded: each_once(&state),
            out_of_service: state.out_of_service.clone(),
        }
    }

    /// What is wrong, in sentences.
    pub(crate) fn troubles(&self) -> Vec<String> {
        each_once(&self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Two parts may have the same trouble.
fn each_once(state: &State) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let all = state.troubles.values();
    all.filter(|sentence| seen.insert(*sentence)).cloned().collect()
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

    #[test]
    fn it_hears_while_packets_come_and_the_input_has_not_ended() {
        let health = Health::default();
        let hears = || health.condition("north", "tap").hearing;
        assert!(!hears(), "nothing came yet");
        health.beat(Some(Timestamp::from_nanos(5)));
        assert!(hears());
        health.trouble("hearing", Some("silence".to_owned()));
        assert!(!hears());
        health.trouble("hearing", None);
        health.input_ended();
        assert!(!hears());
        health.lost(3);
        let condition = health.condition("north", "tap");
        assert!(condition.degraded[0].starts_with("3 findings"), "{condition:?}");
    }
}
