//! A batch that was heard, on its way out.

use std::sync::Arc;

use super::Step;
use super::batch::{Batch, Entry};
use super::thread::Told;

/// A batch that all threads have heard, on its way out.
pub(super) struct Turn<K> {
    batch: Arc<Batch>,
    told: Vec<Told<K>>,
    /// The next item of each.
    next: Vec<usize>,
    entry: usize,
}

impl<K> Turn<K> {
    pub(super) fn new(batch: Arc<Batch>, told: Vec<Told<K>>) -> Self {
        let next = vec![0; told.len()];
        Self { batch, told, next, entry: 0 }
    }

    /// What it was made of, to be used again.
    pub(super) fn into_parts(self) -> (Arc<Batch>, Vec<Told<K>>) {
        (self.batch, self.told)
    }

    /// Goes on where it was left; whether it came to the end.
    pub(super) fn tell(&mut self, each: &mut impl FnMut(Step<'_, K>) -> bool) -> bool {
        while let Some(entry) = self.batch.entries.get(self.entry).copied() {
            let goes_on = match entry {
                Entry::Frame(header) => {
                    each(Step::Frame(&self.batch.frame(&header)));
                    let nth = usize::from(header.shard);
                    if let (Some(told), Some(next)) = (self.told.get(nth), self.next.get_mut(nth)) {
                        while told.items.get(*next).is_some_and(|item| item.entry == self.entry) {
                            each(Step::Told(&told.kept, *next));
                            *next = next.saturating_add(1);
                        }
                    }
                    each(Step::Heard)
                }
                Entry::Tick(now) => {
                    self.merge(each);
                    each(Step::Ticked(now))
                }
                Entry::End => {
                    self.merge(each);
                    each(Step::Ended)
                }
            };
            self.entry = self.entry.saturating_add(1);
            if !goes_on {
                return false;
            }
        }
        true
    }

    /// What every thread told of the entry, in the order of what was due.
    fn merge(&mut self, each: &mut impl FnMut(Step<'_, K>) -> bool) {
        let due = |told: &Told<K>, next: usize, entry: usize| {
            let item = told.items.get(next).copied().filter(|item| item.entry == entry)?;
            told.moment(item)
        };
        loop {
            let next = self.told.iter().zip(&self.next).enumerate();
            let first = next
                .filter_map(|(nth, (told, next))| Some((due(told, *next, self.entry)?, nth)))
                .min();
            let Some((moment, nth)) = first else { return };
            let (Some(told), Some(next)) = (self.told.get(nth), self.next.get_mut(nth)) else {
                return;
            };
            while due(told, *next, self.entry) == Some(moment) {
                each(Step::Told(&told.kept, *next));
                *next = next.saturating_add(1);
            }
        }
    }
}
