//! What the pipeline has found and the store has not yet: bounded, and what must give way is counted.
//!
//! The thread that hears packets never waits for the disk. Findings queue here; where the store can't keep up or can't
//! write at all, further news of what is queued already take its place, and new findings that are not critical are
//! counted and left, so that critical ones always have room.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gridtap_model::{Anomaly, AnomalyId, Severity};
use gridtap_store::{Capture, Evidence};

use crate::serve::commands::Row;
use crate::serve::deciding::Due;
use crate::serve::news::Event;

/// How many findings wait at most; as many again are kept free for critical ones.
const WAITING_MAX: usize = 4096;

/// Up to here every revision is kept, so that history has each step. Beyond, the newest stands for those before.
const EVERY_REVISION_MAX: usize = 1024;

/// How many slices of evidence wait at most: each may be large.
const SLICES_MAX: usize = 256;

/// How many events beside anomalies wait at most: they come a few at a time, and a store that is down for so long has
/// graver news.
const EVENTS_MAX: usize = 1000;

/// How many commands wait at most.
const COMMANDS_MAX: usize = 16_384;

/// What is to be written at once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bundle {
    /// Findings, in their order.
    pub anomalies: Vec<Anomaly>,
    /// Changes of the baseline: a key's row, or none where it was forgotten.
    pub rows: BTreeMap<String, Option<String>>,
    /// What the baseline keeps beside its rows.
    pub baseline: Option<String>,
    /// How far the captures are learned with these rows.
    pub captures: Vec<Capture>,
    /// How far directories were read that are followed, with these rows.
    pub followed: Option<String>,
    /// Slices of evidence, of each anomaly the newest.
    pub evidence: BTreeMap<AnomalyId, Evidence>,
    /// What is told beside anomalies, in its order.
    pub events: Vec<Event>,
    /// What was told of devices, with these.
    pub devices: Option<String>,
    /// Decisions of people: stored with the rest, after its rows, or not at all.
    pub decisions: Vec<Due>,
    /// Slices that had no room.
    pub slices_lost: u64,
    /// Commands that were heard, in their order.
    pub commands: Vec<Row>,
    /// Commands that had no room.
    pub commands_lost: u64,
}

impl Bundle {
    pub(crate) fn is_empty(&self) -> bool {
        self.anomalies.is_empty()
            && self.rows.is_empty()
            && self.baseline.is_none()
            && self.evidence.is_empty()
            && self.events.is_empty()
            && self.devices.is_none()
            && self.commands.is_empty()
            && self.decisions.is_empty()
    }

    /// Takes in what came later. How many findings had to be left.
    fn add(&mut self, later: Self) -> u64 {
        self.rows.extend(later.rows);
        self.decisions.extend(later.decisions);
        self.baseline = later.baseline.or(self.baseline.take());
        if !later.captures.is_empty() {
            self.captures = later.captures;
        }
        self.devices = later.devices.or(self.devices.take());
        self.followed = later.followed.or(self.followed.take());
        let room = EVENTS_MAX.saturating_sub(self.events.len());
        self.events.extend(later.events.into_iter().take(room));
        let mut lost = 0_u64;
        for (id, slice) in later.evidence {
            if self.evidence.len() < SLICES_MAX || self.evidence.contains_key(&id) {
                self.evidence.insert(id, slice);
            } else {
                lost = lost.saturating_add(1);
            }
        }
        self.slices_lost = self.slices_lost.saturating_add(later.slices_lost).saturating_add(lost);
        let room = COMMANDS_MAX.saturating_sub(self.commands.len());
        let over = later.commands.len().saturating_sub(room);
        self.commands.extend(later.commands.into_iter().take(room));
        self.commands_lost = self
            .commands_lost
            .saturating_add(later.commands_lost)
            .saturating_add(u64::try_from(over).unwrap_or(u64::MAX));
        later.anomalies.into_iter().map(|anomaly| self.add_one(anomaly)).sum()
    }

    fn add_one(&mut self, anomaly: Anomaly) -> u64 {
        let waiting = self.anomalies.len();
        if waiting >= EVERY_REVISION_MAX
            && let Some(earlier) = self.anomalies.iter_mut().rfind(|each| each.id == anomaly.id)
        {
            *earlier = anomaly;
            return 0;
        }
        let room = match anomaly.severity {
            Severity::Critical => WAITING_MAX.saturating_mul(2),
            _ => WAITING_MAX,
        };
        if waiting >= room {
            return 1;
        }
        self.anomalies.push(anomaly);
        0
    }
}

/// Between the thread that hears and the one that tells.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: Bundle,
    lost: u64,
    is_closed: bool,
}

impl Outgoing {
    /// Leaves something to be written. How many findings had no room.
    pub(crate) fn put(&self, bundle: Bundle) -> u64 {
        let mut state = self.lock();
        let lost = state.waiting.add(bundle);
        state.lost = state.lost.saturating_add(lost);
        self.changed.notify_one();
        lost
    }

    /// Gives back what could not be written: it stands before what came since.
    pub(crate) fn put_back(&self, unwritten: Bundle) {
        let mut state = self.lock();
        let later = std::mem::replace(&mut state.waiting, unwritten);
        let lost = state.waiting.add(later);
        state.lost = state.lost.saturating_add(lost);
    }

    /// Everything that waits, as soon as there is something; none once it is closed and empty.
    pub(crate) fn take(&self) -> Option<Bundle> {
        let mut state = self.lock();
        while state.waiting.is_empty() {
            if state.is_closed {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        Some(std::mem::take(&mut state.waiting))
    }

    /// Nothing more will come.
    pub(crate) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_all();
    }

    /// Whether nothing more will come.
    pub(crate) fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    /// Waits a while, or until it is closed.
    pub(crate) fn rest(&self, time: Duration) {
        let state = self.lock();
        if !state.is_closed {
            // Woken early is as well as woken late: the caller tries again.
            drop(self.changed.wait_timeout(state, time));
        }
    }

    /// How many findings had no room, ever.
    pub(crate) fn lost(&self) -> u64 {
        self.lock().lost
    }

    /// Whoever panicked in here left whole findings behind.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::anomaly;

    fn finding(nth: u64, revision: u32, severity: Severity) -> Anomaly {
        let mut anomaly = anomaly(1, 1, severity);
        anomaly.id.0[..8].copy_from_slice(&nth.to_be_bytes());
        anomaly.revision = revision;
        anomaly
    }

    fn bundle(anomalies: Vec<Anomaly>) -> Bundle {
        Bundle { anomalies, ..Bundle::default() }
    }

    #[test]
    fn findings_come_out_in_the_order_they_went_in_and_what_failed_stands_first() {
        let outgoing = Outgoing::default();
        assert_eq!(outgoing.put(bundle(vec![finding(1, 1, Severity::High)])), 0);
        let taken = outgoing.take().unwrap();
        outgoing.put(bundle(vec![finding(2, 1, Severity::High), finding(1, 2, Severity::High)]));
        outgoing.put_back(taken);
        let order: Vec<_> = outgoing
            .take()
            .unwrap()
            .anomalies
            .iter()
            .map(|each| (each.id.0[7], each.revision))
            .collect();
        assert_eq!(order, [(1, 1), (2, 1), (1, 2)]);
        outgoing.close();
        assert!(outgoing.take().is_none());
    }

    #[test]
    fn when_the_store_stands_still_news_take_the_place_of_news_and_critical_ones_have_room() {
        let outgoing = Outgoing::default();
        let full = u64::try_from(WAITING_MAX).unwrap();
        let high = (0..full + 10).map(|nth| finding(nth, 1, Severity::High)).collect();
        assert_eq!(outgoing.put(bundle(high)), 10);
        assert_eq!(outgoing.put(bundle(vec![finding(5, 2, Severity::High)])), 0, "known already");
        assert_eq!(outgoing.put(bundle(vec![finding(full + 99, 1, Severity::Critical)])), 0);
        assert_eq!(outgoing.lost(), 10);
        let taken = outgoing.take().unwrap().anomalies;
        assert_eq!(taken.len(), WAITING_MAX + 1);
        assert_eq!(taken.iter().filter(|each| each.id.0[7] == 5 && each.id.0[6] == 0).count(), 1);
        assert!(taken.iter().any(|each| each.revision == 2));
    }

    #[test]
    fn of_the_baseline_the_newest_row_of_each_key_waits() {
        let outgoing = Outgoing::default();
        let row = |key: &str, row: Option<&str>| Bundle {
            rows: BTreeMap::from([(key.to_owned(), row.map(str::to_owned))]),
            baseline: row.map(str::to_owned),
            ..Bundle::default()
        };
        outgoing.put(row("a", Some("1")));
        let taken = outgoing.take().unwrap();
        outgoing.put(row("a", None));
        outgoing.put(row("b", Some("2")));
        outgoing.put_back(taken);
        let waiting = outgoing.take().unwrap();
        assert_eq!(
            waiting.rows,
            BTreeMap::from([("a".to_owned(), None), ("b".to_owned(), Some("2".to_owned()))])
        );
        assert_eq!(waiting.baseline.as_deref(), Some("2"));
    }
}
