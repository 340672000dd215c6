//! The one value that the shell owns.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gridtap_model::Severity;

use crate::events::Event;
use crate::exposition::Exposition;
use crate::heard::Heard;
use crate::labels::{DeliveryResult, InboundResult};
use crate::spread::Spread;
use crate::standing::{Learned, Stored};

/// What a series without a place of its own counts under.
pub(crate) const OTHER: &str = "_other";

/// The names that labels may have beside the closed sets: all of the configuration or the catalogue.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The version of the program.
    pub version: String,
    /// The commit that it was built from; empty where that is not known.
    pub commit: String,
    /// The ids of the catalogue.
    pub detections: Vec<&'static str>,
    /// Endpoints that are delivered to.
    pub endpoints: Vec<String>,
    /// Web hooks that can be called.
    pub hooks: Vec<String>,
}

/// Everything that is exposed. Cheap to clone: all clones are one.
#[derive(Debug, Clone)]
pub struct Metrics {
    state: Arc<Mutex<State>>,
    exposition: Arc<Exposition>,
}

impl Metrics {
    /// All metrics at zero, every label set that is known already there.
    #[must_use]
    pub fn new(known: &Known) -> Self {
        let state = Arc::new(Mutex::new(State::of(known)));
        let exposition = Arc::new(Exposition::of(Arc::clone(&state)));
        Self { state, exposition }
    }

    /// What the pipeline came to until now, in the place of what it came to before.
    pub fn heard(&self, mut heard: Heard) {
        heard.make_names_unique();
        lock(&self.state).heard = heard;
    }

    /// What the store holds now.
    pub fn stored(&self, stored: Stored) {
        lock(&self.state).stored = stored;
    }

    /// How far the baseline is now.
    pub fn learned(&self, learned: Learned) {
        lock(&self.state).learned = learned;
    }

    /// Logs an event and counts it.
    pub fn record(&self, event: &impl Event) {
        event.log();
        event.count(&mut lock(&self.state));
    }

    /// Endpoints and hooks of a new configuration begin at zero; those of the old one keep what they counted.
    pub fn know(&self, known: &Known) {
        lock(&self.state).know(known);
    }

    /// All of it as Prometheus reads it; see [`Self::CONTENT_TYPE`].
    #[must_use]
    pub fn text(&self) -> String {
        self.exposition.text()
    }

    /// The media type of [`Self::text`].
    pub const CONTENT_TYPE: &'static str = "text/plain; version=0.0.4; charset=utf-8";

    /// The part of the text that does not depend on the process that runs.
    #[cfg(test)]
    pub(crate) fn own_text(&self) -> String {
        self.exposition.own_text()
    }
}

/// Whoever panicked while counting left whole numbers behind: they are still the best there is.
pub(crate) fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is counted here, and what was handed over last.
#[derive(Debug)]
pub struct State {
    pub(crate) version: String,
    pub(crate) commit: String,
    pub(crate) heard: Heard,
    pub(crate) stored: Stored,
    pub(crate) learned: Learned,
    pub(crate) anomalies: BTreeMap<(&'static str, Severity), u64>,
    pub(crate) acknowledge_delay: Spread,
    pub(crate) detection_delay: Spread,
    pub(crate) deliveries: BTreeMap<String, [u64; DeliveryResult::COUNT]>,
    pub(crate) inbound: BTreeMap<String, [u64; InboundResult::COUNT]>,
    pub(crate) store_errors: u64,
    pub(crate) capped: u64,
}

impl State {
    fn of(known: &Known) -> Self {
        let mut state = Self {
            version: known.version.clone(),
            commit: known.commit.clone(),
            heard: Heard::default(),
            stored: Stored::default(),
            learned: Learned::default(),
            anomalies: BTreeMap::new(),
            acknowledge_delay: Spread::ACKNOWLEDGE,
            detection_delay: Spread::DELAY,
            deliveries: BTreeMap::from([(OTHER.to_owned(), Default::default())]),
            inbound: BTreeMap::from([(OTHER.to_owned(), Default::default())]),
            store_errors: 0,
            capped: 0,
        };
        state.know(known);
        state
    }

    fn know(&mut self, known: &Known) {
        for detection in &known.detections {
            for severity in Severity::ALL {
                self.anomalies.entry((detection, severity)).or_default();
            }
        }
        for endpoint in &known.endpoints {
            self.deliveries.entry(endpoint.clone()).or_default();
        }
        for hook in &known.hooks {
            self.inbound.entry(hook.clone()).or_default();
        }
    }

    /// A name that no configuration has is none for a label: whoever calls may make up any number of them.
    pub(crate) fn delivered(&mut self, endpoint: &str, result: DeliveryResult) {
        self.capped =
            self.capped.saturating_add(add(&mut self.deliveries, endpoint, result.index()));
    }

    pub(crate) fn inbound(&mut self, hook: &str, result: InboundResult) {
        self.capped = self.capped.saturating_add(add(&mut self.inbound, hook, result.index()));
    }
}

/// Counts one under a known name or the rest; gives how many went to the rest.
fn add<const N: usize>(counts: &mut BTreeMap<String, [u64; N]>, name: &str, place: usize) -> u64 {
    let name = if counts.contains_key(name) { name } else { OTHER };
    if let Some(count) = counts.get_mut(name).and_then(|counts| counts.get_mut(place)) {
        *count = count.saturating_add(1);
    }
    u64::from(name == OTHER)
}
