//! A map that never outgrows its bound: the entry that was made first gives way, and is counted.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use ahash::RandomState;

/// Short-term state by key. Order never reaches output.
#[derive(Debug)]
pub(crate) struct Bounded<K, V> {
    entries: HashMap<K, V, RandomState>,
    order: VecDeque<K>,
    max: usize,
    evicted: u64,
}

impl<K: Hash + Eq + Copy, V: Default> Bounded<K, V> {
    pub(crate) fn new(max: usize) -> Self {
        // Fixed seeds: what is kept is bounded by count, and order never reaches output.
        let hasher = RandomState::with_seeds(1, 2, 3, 4);
        let entries = HashMap::with_hasher(hasher);
        Self { entries, order: VecDeque::new(), max: max.max(1), evicted: 0 }
    }

    /// The entry of a key, made where there is none.
    pub(crate) fn entry(&mut self, key: K) -> &mut V {
        if !self.entries.contains_key(&key) {
            while self.entries.len() >= self.max {
                let Some(oldest) = self.order.pop_front() else { break };
                if self.entries.remove(&oldest).is_some() {
                    self.evicted = self.evicted.saturating_add(1);
                }
            }
            self.order.push_back(key);
        }
        self.entries.entry(key).or_default()
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key)
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key)
    }

    pub(crate) fn remove(&mut self, key: &K) {
        // Its place in the order stays behind, and is passed over when it comes up.
        self.entries.remove(key);
        if self.order.len() > self.max.saturating_mul(2) {
            let Self { entries, order, .. } = self;
            order.retain(|key| entries.contains_key(key));
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
            *map.entry(key) = key;
        }
        assert_eq!(map.evicted(), 7);
        assert_eq!(map.get(&6), None);
        assert_eq!(map.get(&9), Some(&9));
        for _ in 0..100 {
            map.remove(&9);
            map.entry(9);
        }
        assert!(map.order.len() <= 7);
    }
}
