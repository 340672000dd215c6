//! How long things took: a histogram in whole nanoseconds.

/// Places for bounds; the last counts what is above all of them.
const PLACES: usize = 16;

/// Durations by upper bound, counted by one owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spread {
    bounds_ns: &'static [u64],
    counts: [u64; PLACES],
    sum_ns: u64,
}

const MS: u64 = 1_000_000;
const S: u64 = 1_000 * MS;
const MINUTE: u64 = 60 * S;
const HOUR: u64 = 60 * MINUTE;

impl Spread {
    /// From a device's request to its answer.
    pub const RESPONSE: Self = Self::of(&[
        MS,
        2_500_000,
        5 * MS,
        10 * MS,
        25 * MS,
        50 * MS,
        100 * MS,
        250 * MS,
        500 * MS,
        S,
        2_500 * MS,
        5 * S,
        10 * S,
    ]);
    /// From a packet to what the sensor does with it.
    pub const DELAY: Self = Self::of(&[
        MS,
        5 * MS,
        10 * MS,
        25 * MS,
        50 * MS,
        100 * MS,
        250 * MS,
        500 * MS,
        S,
        5 * S,
        10 * S,
        MINUTE,
    ]);
    /// From an anomaly to the person who takes it.
    pub const ACKNOWLEDGE: Self = Self::of(&[
        10 * S,
        30 * S,
        MINUTE,
        2 * MINUTE,
        5 * MINUTE,
        10 * MINUTE,
        15 * MINUTE,
        30 * MINUTE,
        HOUR,
        4 * HOUR,
        12 * HOUR,
        24 * HOUR,
    ]);

    const fn of(bounds_ns: &'static [u64]) -> Self {
        assert!(bounds_ns.len() < PLACES, "a place is left for what is above all bounds");
        Self { bounds_ns, counts: [0; PLACES], sum_ns: 0 }
    }

    /// Counts one.
    pub fn add(&mut self, ns: u64) {
        let place = self.bounds_ns.partition_point(|bound| *bound < ns);
        if let Some(count) = self.counts.get_mut(place) {
            *count = count.saturating_add(1);
        }
        self.sum_ns = self.sum_ns.saturating_add(ns);
    }

    /// How many there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// All of them together, in nanoseconds.
    #[must_use]
    pub const fn sum_ns(&self) -> u64 {
        self.sum_ns
    }

    /// Each bound with how many were at most that.
    pub fn cumulative(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let mut sum = 0_u64;
        self.bounds_ns.iter().zip(self.counts).map(move |(bound, count)| {
            sum = sum.saturating_add(count);
            (*bound, sum)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_counts_at_its_bound_and_at_every_longer_one() {
        let mut spread = Spread::RESPONSE;
        for ns in [MS, MS + 1, 60 * S] {
            spread.add(ns);
        }
        let at_most: Vec<u64> = spread.cumulative().map(|(_, count)| count).collect();
        assert_eq!(at_most, [1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2]);
        assert_eq!((spread.count(), spread.sum_ns()), (3, 60 * S + 2 * MS + 1));
    }
}
