//! Anomalies of one subject about several points, of which one comes after another.
//!
//! A breaker that is switched every few hours, and another of the same device between, are two anomalies that go on, and
//! not a new one each time.

use super::entry::Entry;
use super::{Book, Key};

/// How many anomalies of one subject are put by.
const PUT_BY_MAX: usize = 16;

impl Book {
    /// Puts the anomaly by that findings of a subject came to, and takes the one in its place that names these points.
    /// Whether there is one.
    pub(super) fn exchange(&mut self, key: &Key, points: &[String]) -> bool {
        let put_by = key.put_by(1)..=key.put_by(u64::MAX);
        let places: Vec<Key> = self.entries.range(put_by).map(|(key, _)| key.clone()).collect();
        let covers = |place: &&Key| self.entries.get(*place).is_some_and(|it| it.covers(points));
        let found = places.iter().find(covers).cloned();
        if found.is_none()
            && places.len() >= PUT_BY_MAX
            && let Some(oldest) = places.first()
        {
            self.close(oldest);
        }
        if let Some(entry) = self.told(key) {
            self.entries.insert(key.put_by(entry.ordinal), entry);
        }
        let entry = found.and_then(|place| self.told(&place));
        entry.is_some_and(|entry| self.entries.insert(key.clone(), entry).is_none())
    }

    /// Takes an entry out, its last change told.
    fn told(&mut self, key: &Key) -> Option<Entry> {
        let mut entry = self.entries.remove(key)?;
        if entry.told_count != entry.anomaly.count {
            let time = entry.anomaly.last_time;
            entry.tell(time, &mut self.queue);
        }
        entry.awaits_telling = false;
        Some(entry)
    }

    /// Closes an entry to the book, because there are too many.
    pub(super) fn close(&mut self, key: &Key) {
        drop(self.told(key));
        self.counts.evicted = self.counts.evicted.saturating_add(1);
    }
}
