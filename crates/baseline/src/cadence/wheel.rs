//! What is due when, by the second.

use std::collections::BTreeMap;

use gridtap_model::Timestamp;

const SECOND_NS: i64 = 1_000_000_000;
/// More than so many lists are never kept for later.
const SPARE_MAX: usize = 64;

/// What is due, by the second in which it may be asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wheel {
    seconds: BTreeMap<i64, Vec<u32>>,
    /// Lists of seconds that are over: the room of the next ones.
    spare: Vec<Vec<u32>>,
}

impl Wheel {
    /// Puts something where it is found once this time is over.
    pub(crate) fn put(&mut self, due: Timestamp, what: u32) {
        let second = due.nanos().div_euclid(SECOND_NS).saturating_add(1);
        self.seconds
            .entry(second)
            .or_insert_with(|| self.spare.pop().unwrap_or_default())
            .push(what);
    }

    /// Something that is due by now.
    pub(crate) fn take(&mut self, now: Timestamp) -> Option<u32> {
        let now = now.nanos().div_euclid(SECOND_NS);
        while let Some(mut first) = self.seconds.first_entry().filter(|first| *first.key() <= now) {
            match first.get_mut().pop() {
                Some(what) => return Some(what),
                None => {
                    let list = first.remove();
                    if self.spare.len() < SPARE_MAX {
                        self.spare.push(list);
                    }
                }
            }
        }
        None
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        let lists =
            self.seconds.values().chain(&self.spare).map(|list| list.capacity().saturating_mul(4));
        lists.fold(self.seconds.len().saturating_mul(48), usize::saturating_add)
    }
}
