//! How often a device is polled: the time between two requests of the same thing.
//!
//! A master asks for several things in a row and then rests, so the time between any two requests says little. What
//! is asked again and again is told apart by who asks and where it begins, and the one asked most often is the poll.

use gridtap_model::{Message, Timestamp};
use gridtap_telemetry::PollInterval;

/// Requests of one device that are told apart.
const KINDS: usize = 4;
/// Intervals that are remembered of each.
const INTERVALS: usize = 32;
/// With fewer nothing is said.
const INTERVALS_MIN: usize = 5;

/// The polls of one device.
#[derive(Debug, Default)]
pub(super) struct Polls(Vec<Poll>);

#[derive(Debug)]
struct Poll {
    what: What,
    /// How often, less what has been asked in its place since.
    weight: u32,
    last: Timestamp,
    /// The newest over the oldest. Apart, so that the four are told apart by reading little.
    intervals_ns: Vec<u64>,
    count: usize,
}

/// Who asks, with which function, from which point on.
type What = (core::net::IpAddr, u16, u16, u32);

impl Polls {
    /// A request that reads.
    pub(super) fn asked(&mut self, message: &Message<'_>, time: Timestamp) {
        let (table, first) = message.runs.first().map_or((0, 0), |run| (run.table.code, run.first));
        let what = (message.master.address, message.function.code, table, first);
        if let Some(poll) = self.0.iter_mut().find(|poll| poll.what == what) {
            return poll.again(time);
        }
        if self.0.len() < KINDS {
            self.0.push(Poll::new(what, time, vec![0; INTERVALS]));
            return;
        }
        // What was asked once gives way; what is asked again and again stays.
        let Some(least) = self.0.iter_mut().min_by_key(|poll| poll.weight) else { return };
        least.weight = least.weight.saturating_sub(1);
        if least.weight == 0 {
            *least = Poll::new(what, time, core::mem::take(&mut least.intervals_ns));
        }
    }

    /// The interval of the request that is made most often.
    pub(super) fn interval(&self) -> Option<PollInterval> {
        let poll = self.0.iter().max_by_key(|poll| poll.weight)?;
        let mut known = poll.intervals_ns.get(..poll.count.min(INTERVALS))?.to_vec();
        if known.len() < INTERVALS_MIN {
            return None;
        }
        known.sort_unstable();
        // The nearest rank.
        let at = |percent: usize| {
            let rank = known.len().saturating_mul(percent).div_ceil(100).saturating_sub(1);
            known.get(rank).copied()
        };
        Some(PollInterval { median_ns: at(50)?, p95_ns: at(95)? })
    }
}

impl Poll {
    /// `intervals_ns` is the room for them; what is in it does not count.
    const fn new(what: What, time: Timestamp, intervals_ns: Vec<u64>) -> Self {
        Self { what, weight: 1, last: time, intervals_ns, count: 0 }
    }

    fn again(&mut self, time: Timestamp) {
        if let Some(place) = self.intervals_ns.get_mut(self.count % INTERVALS) {
            *place = time.since_ns(self.last);
        }
        // Beyond the room only the place matters.
        self.count = match self.count.saturating_add(1) {
            full if full >= INTERVALS.saturating_mul(2) => INTERVALS,
            count => count,
        };
        self.weight = self.weight.saturating_add(1);
        self.last = self.last.max(time);
    }
}
