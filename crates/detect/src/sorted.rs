//! A map of few entries, one behind the other.

use core::ops::RangeInclusive;

/// Entries in the order of their keys. For so few that moving them costs less than a tree's branches do.
#[derive(Debug)]
pub(crate) struct Sorted<K, V> {
    entries: Vec<(K, V)>,
}

impl<K, V> Default for Sorted<K, V> {
    fn default() -> Self {
        Self { entries: Vec::new() }
    }
}

impl<K: Ord + Copy, V> Sorted<K, V> {
    pub(crate) const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) const fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn get(&self, key: K) -> Option<&V> {
        let at = self.place(key).ok()?;
        self.entries.get(at).map(|(_, value)| value)
    }

    /// Puts an entry in, in the place of one with its key.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        match self.place(key) {
            Ok(at) => {
                if let Some((_, old)) = self.entries.get_mut(at) {
                    *old = value;
                }
            }
            Err(at) => self.entries.insert(at, (key, value)),
        }
    }

    pub(crate) fn remove(&mut self, key: K) -> Option<V> {
        let at = self.place(key).ok()?;
        Some(self.entries.remove(at).1)
    }

    /// The first key in this range.
    pub(crate) fn first_in(&self, range: &RangeInclusive<K>) -> Option<K> {
        let from = self.entries.partition_point(|(key, _)| key < range.start());
        self.entries.get(from).map(|(key, _)| *key).filter(|key| key <= range.end())
    }

    /// The first key in this range behind another.
    pub(crate) fn first_behind(&self, other: K, range: &RangeInclusive<K>) -> Option<K> {
        let from = self.entries.partition_point(|(key, _)| *key <= other);
        self.entries.get(from).map(|(key, _)| *key).filter(|key| key <= range.end())
    }

    /// Takes out the entries with a key in this range for which `is_one` holds, in order.
    pub(crate) fn extract(
        &mut self,
        range: &RangeInclusive<K>,
        mut is_one: impl FnMut(K) -> bool,
    ) -> impl Iterator<Item = (K, V)> {
        let from = self.entries.partition_point(|(key, _)| key < range.start());
        let to = self.entries.partition_point(|(key, _)| key <= range.end()).max(from);
        self.entries.extract_if(from..to, move |(key, _)| is_one(*key))
    }

    fn place(&self, key: K) -> Result<usize, usize> {
        self.entries.binary_search_by_key(&key, |(key, _)| *key)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn it_holds_what_a_tree_holds() {
        let (mut sorted, mut tree) = (Sorted::default(), BTreeMap::new());
        let mut seed = 1_u32;
        let mut next = |below: u32| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) % below
        };
        for nth in 0..20_000 {
            let key = next(50);
            match next(4) {
                0 | 1 => {
                    sorted.insert(key, nth);
                    tree.insert(key, nth);
                }
                2 => assert_eq!(sorted.remove(key), tree.remove(&key)),
                _ => {
                    let (range, third) = (key..=key + 1 + next(9), next(3));
                    let first = |mut keys: std::collections::btree_map::Range<'_, u32, u32>| {
                        keys.next().map(|(key, _)| *key)
                    };
                    assert_eq!(sorted.first_in(&range), first(tree.range(range.clone())));
                    let behind = sorted.first_behind(key, &range);
                    assert_eq!(behind, first(tree.range(key + 1..=*range.end())));
                    let one: Vec<_> = sorted.extract(&range, |key| key % 3 == third).collect();
                    let other: Vec<_> = tree.extract_if(range, |key, _| key % 3 == third).collect();
                    assert_eq!(one, other);
                }
            }
            assert_eq!(sorted.get(key), tree.get(&key));
            assert_eq!((sorted.len(), sorted.is_empty()), (tree.len(), tree.is_empty()));
        }
    }
}
