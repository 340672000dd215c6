//! How the values of a poll go on: whether they stand still, and whether they come again as they came before.

use super::point::Record;
use crate::tables::slot;

/// States of a poll that are remembered: a quarter of an hour of polls a second, five minutes of which may be looped.
const STATES: usize = 1_024;
/// Blocks of time that must have been heard before anything is beyond its records.
const BLOCKS_MIN: u16 = 6;
/// A mean forgets what is older than so many blocks: a month of hours.
const BLOCKS_MEAN_MAX: u16 = 720;
/// Beyond a record by less than so many scales, nothing is told.
const SCALES_MIN: f32 = 6.0;
/// A poll that stood still for no more than so many polls, in the mean of blocks, moves whenever it is asked.
const RESTLESS_MAX: f32 = 2.0;

/// The course of one poll's values.
#[derive(Debug, Clone)]
pub(crate) struct Flow {
    /// The last states, each as a fingerprint.
    ring: Box<[u32]>,
    /// Where a state with these low bits came last.
    places: Box<[u16]>,
    next: usize,
    /// How many states ago the same was heard, and how many states in a row were.
    lag: usize,
    run: u32,
    /// Polls in a row that brought nothing new.
    still: u32,
    /// The longest of the running block.
    run_longest: u32,
    still_longest: u32,
    /// The points that masters set, by their offsets: what they show is no measurement.
    pub(super) set: Box<[u32]>,
    /// How often any poll had changed when this one last did.
    pub(super) changes_of_others: u64,
    pub(crate) learned: Course,
}

/// What blocks of time taught of a course.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Course {
    pub(crate) blocks: u16,
    pub(crate) run: Record,
    pub(crate) still: Record,
}

/// What is beyond a record: how long, the longest before, and log10 of the evidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Beyond {
    pub(super) found: f64,
    pub(super) learned: f64,
    pub(super) support: u16,
    pub(super) score: f64,
}

impl Flow {
    pub(super) fn new(learned: Course) -> Self {
        Self {
            ring: vec![0; STATES].into(),
            places: vec![0; STATES].into(),
            next: 0,
            lag: 0,
            run: 0,
            still: 0,
            run_longest: 0,
            still_longest: 0,
            set: Box::default(),
            changes_of_others: 0,
            learned,
        }
    }

    pub(super) const fn memory_bytes() -> usize {
        size_of::<Self>().saturating_add(STATES.saturating_mul(6))
    }

    /// The poll brought another state than the one before. Says where it goes on as it did once for longer than ever.
    pub(super) fn moved(&mut self, fingerprint: u32, armed: bool) -> Option<Beyond> {
        // Only what masters set has changed.
        if self.next.checked_sub(1).and_then(|last| self.at(last)) == Some(fingerprint) {
            return None;
        }
        self.still = 0;
        let ago = |lag: usize| self.next.checked_sub(lag).and_then(|at| self.at(at));
        if self.lag > 1 && ago(self.lag) == Some(fingerprint) {
            self.run = self.run.saturating_add(1);
        } else {
            // One that is two back, as between two neighbouring values, is none that comes again.
            let place = self.places.get(slot(fingerprint) % STATES).copied().map_or(0, usize::from);
            let lag = self.next.wrapping_sub(place) % STATES;
            let again = lag > 2 && lag < self.next && ago(lag) == Some(fingerprint);
            (self.lag, self.run) = if again { (lag, 1) } else { (0, 0) };
        }
        self.run_longest = self.run_longest.max(self.run);
        let at = self.next % STATES;
        if let (Some(state), Some(place)) =
            (self.ring.get_mut(at), self.places.get_mut(slot(fingerprint) % STATES))
        {
            *state = fingerprint;
            *place = u16::try_from(at).unwrap_or(0);
        }
        self.next = self.next.wrapping_add(1);
        self.beyond(self.run, self.learned.run, armed)
    }

    /// The poll brought the state that it brought before. Says where it stands still for longer than ever, although it
    /// moves whenever it is asked.
    pub(super) fn stood(&mut self, armed: bool) -> Option<Beyond> {
        self.still = self.still.saturating_add(1);
        self.still_longest = self.still_longest.max(self.still);
        let restless = self.learned.still.mean <= RESTLESS_MAX;
        self.beyond(self.still, self.learned.still, armed && restless)
    }

    fn at(&self, nth: usize) -> Option<u32> {
        self.ring.get(nth % STATES).copied()
    }

    fn beyond(&self, found: u32, record: Record, armed: bool) -> Option<Beyond> {
        let found = crate::float::single(crate::float::real(u64::from(found)));
        let scales = (found - record.most) / record.mean.max(1.0);
        if !armed || self.learned.blocks < BLOCKS_MIN || scales < SCALES_MIN {
            return None;
        }
        let score = crate::float::evidence(f64::from(scales), self.learned.blocks, 2.0);
        Some(Beyond {
            found: f64::from(found),
            learned: f64::from(record.most),
            support: self.learned.blocks,
            score,
        })
    }

    /// A block of time is over: what it brought becomes a record, unless it is beyond any.
    pub(super) fn block_ended(&mut self, armed: bool) {
        let learned = &mut self.learned;
        learned.blocks = learned.blocks.saturating_add(1);
        let share = 1.0 / f32::from(learned.blocks.min(BLOCKS_MEAN_MAX));
        for (record, longest) in [
            (&mut learned.run, &mut self.run_longest),
            (&mut learned.still, &mut self.still_longest),
        ] {
            let new = core::mem::take(longest);
            let new = crate::float::single(crate::float::real(u64::from(new)));
            let by = if armed { record.mean.max(1.0) } else { f32::INFINITY };
            let new = new.min(record.most + by);
            record.most = record.most.max(new);
            record.mean += (new - record.mean) * share;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(nth: u32) -> u32 {
        let state = nth.wrapping_mul(2_654_435_761).wrapping_add(99);
        (state ^ (state >> 15)).wrapping_mul(2_246_822_519)
    }

    /// Ten blocks of a hundred polls, of so many states each by chance.
    fn learned(states: u32) -> Flow {
        let mut flow = Flow::new(Course::default());
        for nth in 0..1_000 {
            flow.moved(noise(nth) % states, false);
            if nth % 100 == 99 {
                flow.block_ended(false);
            }
        }
        flow
    }

    #[test]
    fn states_that_come_again_in_their_order_are_beyond_what_chance_brought() {
        for states in [u32::MAX, 1_000] {
            let mut flow = learned(states);
            for nth in 1_000..1_400 {
                assert_eq!(flow.moved(noise(nth) % states, true), None, "{states}: {nth} is noise");
            }
            let told =
                (1_100..1_400).position(|nth| flow.moved(noise(nth) % states, true).is_some());
            assert!(told.is_some_and(|after| after < 40), "{states}: {told:?}");
        }
    }

    #[test]
    fn a_course_that_always_repeated_is_no_replay() {
        let mut flow = Flow::new(Course::default());
        for nth in 0..3_000 {
            assert_eq!(flow.moved(noise(nth % 60), nth > 1_000), None, "{nth}");
            if nth % 100 == 99 {
                flow.block_ended(nth > 1_000);
            }
        }
    }

    #[test]
    fn what_moves_whenever_it_is_asked_stands_still_and_what_rests_now_and_then_does_not() {
        let mut flow = learned(u32::MAX);
        let told = (0..100).position(|_| flow.stood(true).is_some());
        assert_eq!(told, Some(5));
        let mut flow = Flow::new(Course::default());
        for nth in 0..1_000 {
            if nth % 10 == 0 {
                flow.moved(noise(nth), false);
            } else {
                flow.stood(false);
            }
            if nth % 100 == 99 {
                flow.block_ended(false);
            }
        }
        assert!((0..1_000).all(|_| flow.stood(true).is_none()));
    }
}
