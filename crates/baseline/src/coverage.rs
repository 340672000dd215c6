//! Which points of a device a master has read or commanded, as sorted, disjoint stretches.

/// A stretch of consecutive points in one table, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Stretch {
    table: u16,
    first: u32,
    last: u32,
}

/// A set of points. Points that follow each other share one stretch of 12 bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Coverage {
    stretches: Vec<Stretch>,
}

/// Most stretches of one master and device; beyond, what is asked for stays known as exact ranges only.
const STRETCHES_MAX: usize = 8_192;

impl Coverage {
    /// Adds `count` points from `first` on.
    pub(crate) fn add(&mut self, table: u16, first: u32, count: u32) {
        let Some(more) = count.checked_sub(1) else { return };
        let mut new = Stretch { table, first, last: first.saturating_add(more) };
        let from = self.stretches.partition_point(|old| {
            (old.table, old.last.saturating_add(1)) < (new.table, new.first)
        });
        let until = self.stretches.partition_point(|old| {
            (old.table, old.first) <= (new.table, new.last.saturating_add(1))
        });
        for old in self.stretches.get(from..until).unwrap_or_default() {
            new.first = new.first.min(old.first);
            new.last = new.last.max(old.last);
        }
        if from < until || self.stretches.len() < STRETCHES_MAX {
            self.stretches.splice(from..until.max(from), [new]);
        }
    }

    /// The memory that it takes.
    pub(crate) const fn memory_bytes(&self) -> usize {
        self.stretches.capacity().saturating_mul(size_of::<Stretch>())
    }

    /// Whether it holds all of `count` points from `first` on; true of no points.
    pub(crate) fn holds(&self, table: u16, first: u32, count: u32) -> bool {
        self.missing(table, first, count) == 0
    }

    /// How many of `count` points from `first` on it does not hold.
    pub(crate) fn missing(&self, table: u16, first: u32, count: u32) -> u32 {
        let Some(more) = count.checked_sub(1) else { return 0 };
        let last = first.saturating_add(more);
        let mut missing = last.saturating_sub(first).saturating_add(1);
        let from = self.stretches.partition_point(|old| (old.table, old.last) < (table, first));
        for old in self.stretches.get(from..).unwrap_or_default() {
            if old.table != table || old.first > last {
                break;
            }
            let held = old.last.min(last).saturating_sub(old.first.max(first)).saturating_add(1);
            missing = missing.saturating_sub(held);
        }
        missing
    }

    /// Whether it holds one of `count` points from `first` on.
    pub(crate) fn touches(&self, table: u16, first: u32, count: u32) -> bool {
        let Some(more) = count.checked_sub(1) else { return false };
        let last = first.saturating_add(more);
        let whole = last.saturating_sub(first).saturating_add(1);
        self.missing(table, first, count) < whole
    }

    #[cfg(test)]
    /// Its stretches as `(table, first, last)`, in order.
    pub(crate) fn stretches(&self) -> impl Iterator<Item = (u16, u32, u32)> + '_ {
        self.stretches.iter().map(|stretch| (stretch.table, stretch.first, stretch.last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOLDING: u16 = 4;

    #[test]
    fn stretches_that_meet_become_one() {
        let mut coverage = Coverage::default();
        coverage.add(HOLDING, 10, 5);
        coverage.add(HOLDING, 20, 5);
        coverage.add(0, 0, 8);
        assert_eq!(coverage.stretches().count(), 3);
        assert_eq!(coverage.missing(HOLDING, 8, 20), 10);
        coverage.add(HOLDING, 15, 5);
        assert_eq!(coverage.stretches().collect::<Vec<_>>(), [(0, 0, 7), (4, 10, 24)]);
        assert!(coverage.holds(HOLDING, 10, 15));
        assert!(coverage.holds(HOLDING, 12, 3), "a part of what was read is known");
        assert!(!coverage.holds(HOLDING, 10, 16));
        assert!(!coverage.touches(HOLDING, 25, 100));
        assert!(coverage.touches(HOLDING, 24, 100));
    }

    #[test]
    fn the_ends_of_the_numbers_do_not_trap() {
        let mut coverage = Coverage::default();
        coverage.add(HOLDING, u32::MAX, u32::MAX);
        coverage.add(HOLDING, 0, u32::MAX);
        assert!(coverage.holds(HOLDING, 0, u32::MAX));
        assert!(coverage.holds(HOLDING, 7, 0));
        assert_eq!(coverage.stretches().count(), 1);
    }

    #[test]
    fn a_set_of_points_is_the_same_in_any_order() {
        let mut state = 7_u32;
        let mut next = |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % below
        };
        for _ in 0..200 {
            let mut coverage = Coverage::default();
            let mut points = std::collections::BTreeSet::new();
            for _ in 0..20 {
                let (first, count) = (next(100), next(12));
                coverage.add(HOLDING, first, count);
                points.extend(first..first + count);
            }
            let (first, count) = (next(110), next(30));
            let missing = (first..first + count).filter(|point| !points.contains(point)).count();
            assert_eq!(coverage.missing(HOLDING, first, count) as usize, missing);
            let held: u32 = coverage.stretches().map(|(_, first, last)| last - first + 1).sum();
            assert_eq!(held as usize, points.len());
        }
    }
}
