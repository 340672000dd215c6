//! When what changed is told.

use gridtap_model::Timestamp;

use super::Book;
use super::entry::Entry;

impl Book {
    /// Tells what changed a while ago and was not told yet, in the order in which it was opened.
    pub(crate) fn tick(&mut self, now: Timestamp) {
        self.tell_due(now, |entry, every| now.since_ns(entry.told_time) >= every, |_| now);
    }

    /// Tells everything that changed and was not told yet.
    pub(crate) fn finish(&mut self) {
        self.tell_due(Timestamp::MAX, |_, _| true, |entry| entry.anomaly.last_time);
    }

    fn tell_due(
        &mut self,
        until: Timestamp,
        is_due: impl Fn(&Entry, u64) -> bool,
        moment: impl Fn(&Entry) -> Timestamp,
    ) {
        let every = self.config.update_every.nanos();
        let mut due = Vec::new();
        while let Some(first) = self.untold.first_entry()
            && first.key().0 <= until
        {
            let ((_, ordinal), key) = first.remove_entry();
            // It may have given way since, also to another under the same key.
            let Some(entry) = self.entries.get_mut(&key).filter(|entry| entry.ordinal == ordinal)
            else {
                continue;
            };
            entry.awaits_telling = false;
            if entry.told_count == entry.anomaly.count {
                continue;
            }
            if is_due(entry, every) {
                due.push((ordinal, key));
            } else if let Some(later) = entry.await_telling(&self.config) {
                // It was told meanwhile, and has changed again.
                self.untold.insert(later, key);
            }
        }
        due.sort_unstable();
        for (_, key) in due {
            if let Some(entry) = self.entries.get_mut(&key) {
                entry.tell(moment(entry), &mut self.queue);
            }
        }
    }
}
