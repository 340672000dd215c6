//! Conditions that end: the sensor's own.

use gridtap_model::Timestamp;

use super::{Book, Key, Subject};

impl Book {
    /// The condition of an anomaly is over: that is told at once. When it holds again, that is another anomaly.
    pub(crate) fn over(&mut self, subject: &Subject, now: Timestamp, words: &str) {
        let is_it = |key: &&Key| key.subject == *subject;
        let keys: Vec<Key> = self.entries.keys().filter(is_it).cloned().collect();
        for key in keys {
            if let Some(mut entry) = self.entries.remove(&key) {
                entry.end(now, words, &mut self.queue);
            }
        }
    }
}
