//! When requests come: how often each is repeated, and whether it still is.
//!
//! A master repeats the same requests again and again. Of each the times between are measured on a logarithmic scale,
//! and of each block of time the longest of them and how far they drifted together are kept: what one block brings
//! at most is what the next is judged by. Blocks are nearly independent, single times are not.
//!
//! Nothing is searched for what is late: each request that comes regularly has one place in a wheel of seconds, at the
//! moment when it may be missed, and is put there again when that moment came and it was heard meanwhile.

mod extreme;
mod kept;
mod measure;
pub(crate) mod scale;
#[cfg(test)]
mod tests;
mod wheel;

use std::collections::BTreeMap;

use gridtap_model::{Place, Timestamp};

pub(crate) use kept::Kept;
use measure::{Measure, Taken};
use scale::{nanos, units};
use wheel::Wheel;

use crate::tables::slot;

/// No cadence.
const NONE: u32 = u32::MAX;
/// Times between requests are told apart from a quarter of a millisecond on: 2^18 ns.
const BASE: u8 = 18;
/// Answers are told apart from four microseconds on: 2^12 ns.
pub(crate) const ANSWERS: u8 = 12;
/// What was heard less often is no poll yet.
const HEARD_MIN: u64 = 4;
/// A cadence judges once it has been learned in so many blocks.
const BLOCKS_MIN: u32 = 6;
/// A stall is longer than so many of the usual times.
const STALL_PERIODS: u64 = 5;
/// The time in which TCP has sent a lost segment twice again (RFC 6298: after one second, then two): no silence below is
/// a stall.
const STALL_NS_MIN: u64 = 3_000_000_000;
const SECOND_NS: u64 = 1_000_000_000;
/// A silence is looked at again when it is half as long again, at the latest after an hour, and after a week no more.
const LOOK_NS_MAX: u64 = 3_600 * SECOND_NS;
const SILENCE_NS_MAX: u64 = 7 * 86_400 * SECOND_NS;
/// Most drifts of one second that are judged; they are found again while they go on.
const DRIFTS_MAX: usize = 1_024;

/// When one request comes. Its size is fixed by a test.
#[derive(Debug, Clone)]
pub(crate) struct Cadence {
    key: u32,
    pub(crate) measure: Measure,
    /// When and where it was last heard, in this run.
    pub(crate) last: Timestamp,
    pub(crate) place: Place,
    /// How long the last answer took, where it is about those of a device.
    pub(crate) took: i32,
    /// After this time without it, it is late; 0 where it is not regular, or not known well enough.
    pub(crate) limit_ns: u64,
    /// It has its place in the wheel.
    scheduled: bool,
    /// Something is missing since it was last heard: what comes next does not follow it.
    broken: bool,
    /// How often it was looked at since it is late, and what was told of that.
    checks: u8,
    pub(crate) told: u8,
}

/// When requests come, by the number of their key.
#[derive(Debug, Clone)]
pub(crate) struct Cadences {
    slots: Vec<u32>,
    all: Vec<Cadence>,
    wheel: Wheel,
    drifts: Vec<(u32, bool)>,
    most: usize,
    refused: u64,
}

/// A request that is late.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Due {
    pub(crate) key: u32,
    pub(crate) checks: u8,
}

impl Cadences {
    pub(crate) fn new(most: u32) -> Self {
        Self {
            slots: Vec::new(),
            all: Vec::new(),
            wheel: Wheel::default(),
            drifts: Vec::new(),
            most: slot(most),
            refused: 0,
        }
    }

    /// Requests that are not followed because the table was full.
    pub(crate) const fn refused(&self) -> u64 {
        self.refused
    }

    pub(crate) fn of(&self, key: u32) -> Option<&Cadence> {
        self.all.get(slot(*self.slots.get(slot(key))?))
    }

    fn of_mut(&mut self, key: u32) -> Option<&mut Cadence> {
        self.all.get_mut(slot(*self.slots.get(slot(key))?))
    }

    /// A request is heard. Where octets around it are missing, it does not follow what came before.
    #[inline]
    pub(crate) fn heard(&mut self, heard: Heard, times: u64) -> Taken {
        let at = self.slots.get(slot(heard.key)).copied().unwrap_or(NONE);
        let Some(cadence) = self.all.get_mut(slot(at)) else {
            if times >= HEARD_MIN && heard.teaches {
                self.begin(heard, BASE);
            }
            return Taken::default();
        };
        let known = cadence.last > Timestamp::MIN;
        let since = if known { heard.time.since_ns(cadence.last) } else { 0 };
        let from = (cadence.last, cadence.place.frame);
        let stalled = heard.judged && cadence.limit_ns > 0 && since > cadence.limit_ns;
        let follows = heard.whole
            && !stalled
            && !core::mem::take(&mut cadence.broken)
            && cadence.last <= heard.time
            && known;
        (cadence.last, cadence.place) = (heard.time, heard.place);
        let mut taken = Taken::default();
        if !follows {
            cadence.measure.interrupt();
            cadence.measure.owe(since);
        } else {
            taken = cadence.measure.take(units(since), from, heard.block, heard.teaches);
        }
        (cadence.checks, cadence.told) = (0, 0);
        if taken.folded {
            cadence.refresh();
        }
        if cadence.limit_ns > 0 {
            if !cadence.scheduled {
                cadence.scheduled = true;
                self.wheel.put(heard.time.plus_ns(cadence.limit_ns), at);
            }
            if self.drifts.len() < DRIFTS_MAX
                && let Some(longer) = cadence.measure.drifts()
            {
                self.drifts.push((heard.key, longer));
            }
        }
        taken
    }

    /// A device answers, after this time.
    #[inline]
    pub(crate) fn answered(&mut self, heard: Heard, latency_ns: u64, times: u64) {
        let at = self.slots.get(slot(heard.key)).copied().unwrap_or(NONE);
        let Some(cadence) = self.all.get_mut(slot(at)) else {
            if times >= HEARD_MIN && heard.teaches {
                self.begin(heard, ANSWERS);
            }
            return;
        };
        let from = (heard.time.minus_ns(latency_ns), heard.place.frame);
        (cadence.last, cadence.place) = (heard.time, heard.place);
        cadence.took = units(latency_ns);
        cadence.measure.take(cadence.took, from, heard.block, heard.teaches);
        if cadence.measure.blocks >= BLOCKS_MIN
            && self.drifts.len() < DRIFTS_MAX
            && let Some(longer) = cadence.measure.drifts()
        {
            self.drifts.push((heard.key, longer));
        }
    }

    #[cold]
    fn begin(&mut self, heard: Heard, base: u8) {
        if self.all.len() >= self.most {
            self.refused = self.refused.saturating_add(1);
            return;
        }
        let new = Cadence::new(heard.key);
        let measure = Measure::new(base);
        self.insert(Cadence { last: heard.time, place: heard.place, measure, ..new });
    }

    fn insert(&mut self, cadence: Cadence) {
        let key = slot(cadence.key);
        if self.slots.len() <= key {
            self.slots.resize(key.saturating_add(1), NONE);
        }
        if let Some(at) = self.slots.get_mut(key) {
            *at = u32::try_from(self.all.len()).unwrap_or(NONE);
            self.all.push(cadence);
        }
    }

    /// The requests that are late by now and were not looked at for a while.
    pub(crate) fn due(&mut self, now: Timestamp, out: &mut Vec<Due>) {
        while let Some(at) = self.wheel.take(now) {
            let Some(cadence) = self.all.get_mut(slot(at)) else { continue };
            let silent_ns = now.since_ns(cadence.last);
            if cadence.limit_ns == 0 || silent_ns > SILENCE_NS_MAX {
                cadence.scheduled = false;
            } else if silent_ns < cadence.limit_ns {
                self.wheel.put(cadence.last.plus_ns(cadence.limit_ns), at);
            } else {
                cadence.checks = cadence.checks.saturating_add(1);
                let wait_ns = (silent_ns / 2).clamp(SECOND_NS, LOOK_NS_MAX);
                self.wheel.put(now.plus_ns(wait_ns), at);
                out.push(Due { key: cadence.key, checks: cadence.checks });
            }
        }
    }

    /// The drifts that went farther than any before since this was last asked, each once.
    pub(crate) fn drifted(&mut self, out: &mut Vec<(u32, bool)>) {
        out.append(&mut self.drifts);
        out.sort_unstable();
        out.dedup();
    }

    /// A silence up to this moment is explained: it begins anew.
    pub(crate) fn excuse(&mut self, key: u32, until: Timestamp) {
        if let Some(cadence) = self.of_mut(key) {
            cadence.measure.owe(until.since_ns(cadence.last));
            cadence.last = cadence.last.max(until);
            cadence.broken = true;
            (cadence.checks, cadence.told) = (0, 0);
            cadence.measure.interrupt();
        }
    }

    /// What is missing may be missing since before this run: it is waited for no more, until it is heard again.
    pub(crate) fn forget(&mut self, key: u32) {
        if let Some(cadence) = self.of_mut(key) {
            cadence.last = Timestamp::MIN;
            cadence.measure.interrupt();
        }
    }

    /// A silence was told, as one of this reach.
    pub(crate) fn silence_told(&mut self, key: u32, told: u8) {
        if let Some(cadence) = self.of_mut(key) {
            cadence.told = told;
            cadence.measure.is_told();
        }
    }

    /// A drift was told, or was explained: it begins anew, and its block is not learned.
    pub(crate) fn drift_over(&mut self, key: u32) {
        if let Some(cadence) = self.of_mut(key) {
            cadence.measure.interrupt();
            cadence.measure.is_told();
        }
    }

    /// What is kept of a request's cadence, where something was learned of it.
    pub(crate) fn kept(&self, key: u32) -> Option<Kept> {
        let Cadence { measure, last, broken, .. } = self.of(key)?;
        Some(Kept::of(measure, *last, *broken))
    }

    /// A cadence from what was kept.
    pub(crate) fn restore(&mut self, key: u32, kept: &Kept) {
        if self.all.len() >= self.most || self.of(key).is_some() {
            return;
        }
        let (last, broken) = kept.last;
        let measure = kept.measure();
        let last = Timestamp::from_nanos(last);
        let mut cadence = Cadence { measure, last, broken, ..Cadence::new(key) };
        cadence.refresh();
        self.insert(cadence);
        self.schedule_at(self.all.len().saturating_sub(1));
    }

    /// The cadences under the new numbers of their keys; those whose keys are gone are forgotten.
    pub(crate) fn renumber(&mut self, numbers: &BTreeMap<u32, u32>) {
        let all = core::mem::take(&mut self.all);
        (self.slots, self.wheel, self.drifts) = (Vec::new(), Wheel::default(), Vec::new());
        for cadence in all {
            if let Some(key) = numbers.get(&cadence.key) {
                self.insert(Cadence { key: *key, scheduled: false, ..cadence });
            }
        }
        for at in 0..self.all.len() {
            self.schedule_at(at);
        }
    }

    /// Gives a cadence its place in the wheel, where it has none and is to have one.
    fn schedule_at(&mut self, at: usize) {
        let Some(cadence) = self.all.get_mut(at) else { return };
        if cadence.limit_ns > 0 && cadence.last > Timestamp::MIN && !cadence.scheduled {
            cadence.scheduled = true;
            let due = cadence.last.plus_ns(cadence.limit_ns);
            self.wheel.put(due, u32::try_from(at).unwrap_or(NONE));
        }
    }

    /// How many judge.
    pub(crate) fn keys_judging(&self) -> impl Iterator<Item = u32> {
        self.all.iter().filter(|cadence| cadence.limit_ns > 0).map(|cadence| cadence.key)
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        let all = self.all.capacity().saturating_mul(size_of::<Cadence>());
        all.saturating_add(self.slots.capacity().saturating_mul(size_of::<u32>()))
            .saturating_add(self.wheel.memory_bytes())
    }
}

/// A request as it is heard.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heard {
    pub(crate) key: u32,
    pub(crate) time: Timestamp,
    pub(crate) place: Place,
    /// The ordinal of the zone's running block.
    pub(crate) block: u32,
    /// Nothing is missing around it.
    pub(crate) whole: bool,
    /// It was not heard before.
    pub(crate) teaches: bool,
    /// What is late is told: a silence that is longer than it may be is not learned.
    pub(crate) judged: bool,
}

impl Cadence {
    const fn new(key: u32) -> Self {
        Self {
            key,
            measure: Measure::new(BASE),
            last: Timestamp::MIN,
            place: Place { capture: 0, frame: 0, position: 0 },
            took: 0,
            limit_ns: 0,
            scheduled: false,
            broken: false,
            checks: 0,
            told: 0,
        }
    }

    /// The usual time between two.
    pub(crate) fn usual_ns(&self) -> u64 {
        nanos(self.measure.centre)
    }

    fn refresh(&mut self) {
        let known = self.measure.blocks >= BLOCKS_MIN
            && self.measure.is_regular()
            && self.measure.base == BASE;
        let longest = i32::try_from(self.measure.longest()).unwrap_or(i32::MAX);
        let stall_ns = self.usual_ns().saturating_mul(STALL_PERIODS);
        let beyond_ns = nanos(longest).saturating_mul(3) / 2;
        self.limit_ns = if known { stall_ns.max(beyond_ns).max(STALL_NS_MIN) } else { 0 };
    }
}
