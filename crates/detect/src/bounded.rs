//! A map that never outgrows its bound: the entry that was made first gives way, and is counted. What is kept of
//! strangers has a quarter of it and gives way to what is kept of known hosts, so that a flood from made-up
//! addresses evicts itself.

use core::hash::Hash;
use std::collections::VecDeque;

use ahash::RandomState;
use hashbrown::HashTable;

/// Strangers may fill one part in so many.
const STRANGERS: usize = 4;

#[derive(Debug)]
struct Kept<K, V> {
    key: K,
    /// It is about a known host.
    known: bool,
    value: V,
}

/// Short-term state by key. Order never reaches output.
#[derive(Debug)]
pub(crate) struct Bounded<K, V> {
    entries: HashTable<Kept<K, V>>,
    hasher: RandomState,
    known: VecDeque<K>,
    strangers: VecDeque<K>,
    max: usize,
    evicted: u64,
}

impl<K: Hash + Eq + Copy, V: Default> Bounded<K, V> {
    pub(crate) fn new(max: usize) -> Self {
        // Fixed seeds: what is kept is bounded by count, and order never reaches output.
        let hasher = RandomState::with_seeds(1, 2, 3, 4);
        let (known, strangers) = (VecDeque::new(), VecDeque::new());
        let entries = HashTable::new();
        Self { entries, hasher, known, strangers, max: max.max(1), evicted: 0 }
    }

    /// The entry of a key, made where there is none; then `is_known` says whether it is about a known host.
    pub(crate) fn entry(&mut self, key: K, is_known: impl FnOnce() -> bool) -> &mut V {
        let hash = self.hasher.hash_one(key);
        // Looked for once: most are there.
        let place = match self.entries.find_bucket_index(hash, |kept| kept.key == key) {
            Some(place) => place,
            None => self.add(hash, key, is_known()),
        };
        let Self { entries, hasher, .. } = self;
        let kept = match entries.get_bucket_entry(place) {
            Ok(found) => found.into_mut(),
            Err(absent) => {
                let new = Kept { key, known: false, value: V::default() };
                absent
                    .into_table()
                    .insert_unique(hash, new, |kept| hasher.hash_one(kept.key))
                    .into_mut()
            }
        };
        &mut kept.value
    }

    /// Makes an entry; says its place.
    #[cold]
    fn add(&mut self, hash: u64, key: K, known: bool) -> usize {
        self.make_room(known);
        let order = if known { &mut self.known } else { &mut self.strangers };
        order.push_back(key);
        let Self { entries, hasher, .. } = self;
        let new = Kept { key, known, value: V::default() };
        entries.insert_unique(hash, new, |kept| hasher.hash_one(kept.key)).bucket_index()
    }

    #[cold]
    fn make_room(&mut self, known: bool) {
        if !known && self.strangers.len() >= self.max.div_ceil(STRANGERS) {
            self.evict(false);
        }
        while self.entries.len() >= self.max {
            let stranger = !self.strangers.is_empty();
            if !stranger && self.known.is_empty() {
                break;
            }
            self.evict(!stranger);
        }
    }

    /// Lets the oldest entry of either sort go. What was removed meanwhile is passed over.
    fn evict(&mut self, known: bool) {
        let order = if known { &mut self.known } else { &mut self.strangers };
        while let Some(oldest) = order.pop_front() {
            let hash = self.hasher.hash_one(oldest);
            let is_it = |kept: &Kept<K, V>| kept.key == oldest && kept.known == known;
            if let Ok(entry) = self.entries.find_entry(hash, is_it) {
                entry.remove();
                self.evicted = self.evicted.saturating_add(1);
                return;
            }
        }
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        let hash = self.hasher.hash_one(key);
        self.entries.find(hash, |kept| kept.key == *key).map(|kept| &kept.value)
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let hash = self.hasher.hash_one(key);
        self.entries.find_mut(hash, |kept| kept.key == *key).map(|kept| &mut kept.value)
    }

    pub(crate) fn remove(&mut self, key: &K) {
        // Its place in the order stays behind, and is passed over when it comes up.
        let hash = self.hasher.hash_one(key);
        if let Ok(entry) = self.entries.find_entry(hash, |kept| kept.key == *key) {
            entry.remove();
        }
        if self.known.len().max(self.strangers.len()) > self.max.saturating_mul(2) {
            let Self { entries, hasher, known, strangers, .. } = self;
            for (order, sort) in [(known, true), (strangers, false)] {
                order.retain(|key| {
                    let is_it = |kept: &Kept<K, V>| kept.key == *key && kept.known == sort;
                    entries.find(hasher.hash_one(key), is_it).is_some()
                });
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many entries gave way.
    pub(crate) const fn evicted(&self) -> u64 {
        self.evicted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_holds_and_what_gives_way_is_counted() {
        let mut map: Bounded<u32, u32> = Bounded::new(3);
        for key in 0..10 {
            *map.entry(key, || true) = key;
        }
        assert_eq!(map.evicted(), 7);
        assert_eq!(map.get(&6), None);
        assert_eq!(map.get(&9), Some(&9));
        for _ in 0..100 {
            map.remove(&9);
            map.entry(9, || true);
        }
        assert!(map.known.len() <= 7);
    }

    #[test]
    fn a_flood_of_strangers_evicts_strangers_and_gives_way_to_known_hosts() {
        let mut map: Bounded<u32, u32> = Bounded::new(8);
        for key in 0..6 {
            *map.entry(key, || true) = key;
        }
        for key in 100..200 {
            map.entry(key, || false);
        }
        assert!((0..6).all(|key| map.get(&key) == Some(&key)), "what was known is there");
        assert_eq!((map.entries.len(), map.evicted()), (8, 98));
        for key in 6..8 {
            map.entry(key, || true);
        }
        assert!((0..8).all(|key| map.get(&key).is_some()));
        assert_eq!(map.evicted(), 100, "the strangers' entries went first");
    }
}
