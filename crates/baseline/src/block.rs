//! Blocks of packet time: the unit in which news is counted.
//!
//! Packets within a block are not independent of each other, blocks nearly are; so "are we done
//! learning" is asked of blocks. A block counts when at least half of its length was heard: what came
//! before the first packet of a capture or after its last one, and any idle stretch, was not. A block
//! that does not count is joined with the next one, so that nothing heard in it is lost.

use gridtap_model::Timestamp;

/// The running block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Open {
    /// Its number since the epoch.
    number: i64,
    /// From when on it was heard, in nanoseconds since the epoch.
    from_ns: i64,
    /// When something was last heard in it.
    last_ns: i64,
}

/// The block before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Left {
    number: i64,
    last_ns: i64,
    counted: bool,
}

/// Cuts packet time into blocks.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Blocks {
    block_ns: u64,
    open: Option<Open>,
    left: Option<Left>,
    /// Heard in blocks that did not count.
    carried_ns: u64,
}

/// A block ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ended {
    /// At least half of it was heard: it counts. Otherwise it goes on.
    pub(crate) counts: bool,
    /// It began on a Saturday or a Sunday, UTC.
    pub(crate) weekend: bool,
}

impl Blocks {
    pub(crate) const fn new(block_ns: u64) -> Self {
        Self { block_ns, open: None, left: None, carried_ns: 0 }
    }

    pub(crate) const fn block_ns(&self) -> u64 {
        self.block_ns
    }

    /// Time passes, with nothing heard: a block that is over ends.
    pub(crate) fn tick(&mut self, now: Timestamp) -> Option<Ended> {
        let number = self.number(now);
        (self.open?.number < number).then(|| self.end()).flatten()
    }

    /// Nothing more comes: the running block ends if it counts, and otherwise waits for what comes after all.
    pub(crate) fn finish(&mut self) -> Option<Ended> {
        self.open.filter(|open| self.heard_ns(open) >= self.block_ns.div_ceil(2))?;
        self.end()
    }

    /// Something is heard: a block that it does not belong to ends, and its own begins.
    ///
    /// What is late by less than a block belongs to the running block. A larger step, back or forth,
    /// is another stretch of time.
    #[inline]
    pub(crate) fn hear(&mut self, time: Timestamp) -> Option<Ended> {
        if let Some(open) = &mut self.open {
            let start = open.number.saturating_mul(signed(self.block_ns));
            let into = time.nanos().saturating_sub(start);
            if into < signed(self.block_ns) && into >= signed(self.block_ns).saturating_neg() {
                open.last_ns = open.last_ns.max(time.nanos());
                return None;
            }
        }
        let ended = self.end();
        self.begin(time);
        ended
    }

    fn begin(&mut self, time: Timestamp) {
        let number = self.number(time);
        let time_ns = time.nanos();
        let from_ns = match self.left {
            // Late for a block that a tick has ended: the next one will begin in its own time.
            Some(left) if number == left.number || number == left.number.saturating_sub(1) => {
                return;
            }
            Some(left) if number == left.number.saturating_add(1) => {
                if left.counted {
                    self.start(number)
                } else {
                    left.last_ns
                }
            }
            _ => time_ns,
        };
        self.open = Some(Open { number, from_ns, last_ns: time_ns });
    }

    fn end(&mut self) -> Option<Ended> {
        let open = self.open.take()?;
        let heard_ns = self.heard_ns(&open);
        let counts = heard_ns >= self.block_ns.div_ceil(2);
        self.carried_ns = if counts { 0 } else { heard_ns };
        self.left = Some(Left { number: open.number, last_ns: open.last_ns, counted: counts });
        Some(Ended { counts, weekend: is_weekend(self.start(open.number)) })
    }

    /// How much was heard of a block, with what was carried into it.
    fn heard_ns(&self, open: &Open) -> u64 {
        let heard_ns = u64::try_from(open.last_ns.saturating_sub(open.from_ns)).unwrap_or(0);
        heard_ns.saturating_add(self.carried_ns)
    }

    fn number(&self, time: Timestamp) -> i64 {
        time.nanos().checked_div_euclid(signed(self.block_ns)).unwrap_or(0)
    }

    fn start(&self, number: i64) -> i64 {
        number.saturating_mul(signed(self.block_ns))
    }
}

fn signed(nanos: u64) -> i64 {
    i64::try_from(nanos).unwrap_or(i64::MAX)
}

/// Saturday or Sunday, UTC. Day 0 was a Thursday.
pub(crate) fn is_weekend(time_ns: i64) -> bool {
    let day = time_ns.div_euclid(86_400_000_000_000);
    matches!(day.saturating_add(4).rem_euclid(7), 0 | 6)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_nanos(seconds * SECOND)
    }

    /// How many blocks of ten seconds count when packets come at these seconds, and a last one long after.
    fn counted(seconds: &[i64]) -> usize {
        let mut blocks = Blocks::new(10_000_000_000);
        let far = [1_000_000];
        let ends = seconds.iter().chain(&far).filter_map(|second| blocks.hear(at(*second)));
        ends.filter(|ended| ended.counts).count()
    }

    #[test]
    fn a_block_counts_when_half_of_it_was_heard() {
        assert_eq!(counted(&[0, 9, 10, 19]), 2);
        assert_eq!(counted(&[6, 9]), 0, "the capture began late in the block");
        assert_eq!(counted(&[0, 9, 12]), 1, "the capture ended early in the second block");
        assert_eq!(counted(&[0, 9, 15]), 2);
    }

    #[test]
    fn what_does_not_count_is_joined_with_the_next() {
        assert_eq!(counted(&[7, 9, 11, 13]), 1);
        assert_eq!(counted(&[8, 28, 48, 68, 88, 108]), 0, "isolated packets are no time heard");
    }

    #[test]
    fn an_idle_stretch_is_no_time_heard() {
        assert_eq!(counted(&[0, 9, 500_000, 500_009]), 2);
    }

    #[test]
    fn a_slow_poll_is_heard_between_its_packets() {
        // Three of five: the third is short of half a block and is joined with the fourth, the fifth has just begun.
        assert_eq!(counted(&[0, 8, 16, 24, 32, 40]), 3);
    }

    #[test]
    fn late_packets_belong_to_the_running_block_and_old_captures_open_another() {
        let mut blocks = Blocks::new(10_000_000_000);
        assert_eq!(blocks.hear(at(100)), None);
        assert_eq!(blocks.hear(at(107)), None);
        assert_eq!(blocks.hear(at(92)), None, "late by less than a block");
        let ended = blocks.hear(at(40)).unwrap();
        assert!(ended.counts, "time stepped back an hour: another stretch");
        assert_eq!(blocks.hear(at(45)), None);
        assert!(blocks.hear(Timestamp::MIN).is_some());
        assert!(blocks.hear(Timestamp::MAX).is_some());
    }

    #[test]
    fn a_tick_ends_a_block_and_opens_none() {
        let mut ticked = Blocks::new(10_000_000_000);
        let mut plain = ticked.clone();
        for blocks in [&mut ticked, &mut plain] {
            blocks.hear(at(100));
            blocks.hear(at(108));
        }
        assert_eq!(ticked.tick(at(109)), None);
        assert!(ticked.tick(at(110)).unwrap().counts);
        assert_eq!(ticked.tick(at(120)), None);
        assert!(plain.hear(at(111)).unwrap().counts);
        assert_eq!(ticked.hear(at(105)), None, "late for a block that has ended");
        ticked.hear(at(111));
        assert_eq!(ticked.open, plain.open);
    }

    #[test]
    fn the_last_block_of_an_input_counts_when_half_of_it_was_heard() {
        for (last, counts) in [(4, false), (5, true)] {
            let mut blocks = Blocks::new(10_000_000_000);
            blocks.hear(at(0));
            blocks.hear(at(last));
            assert_eq!(blocks.finish().is_some(), counts);
            assert_eq!(blocks.finish(), None);
            assert_eq!(blocks.hear(at(8)), None, "the next file goes on in the same block");
            assert_eq!(blocks.hear(at(12)).is_some(), !counts);
        }
    }

    #[test]
    fn weekends_are_those_of_the_calendar() {
        // 2024-05-03 was a Friday.
        let day = 86_400 * SECOND;
        let friday = 1_714_694_400 * SECOND;
        let weekend: Vec<bool> = (0..5).map(|n| is_weekend(friday + n * day)).collect();
        assert_eq!(weekend, [false, true, true, false, false]);
    }
}
