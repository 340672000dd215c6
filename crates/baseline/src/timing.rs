//! Whether requests come when they use to: facts about what is late and what has changed its pace.

use core::net::IpAddr;

use gridtap_model::{Device, Message, Observation, Place, Table, Timestamp, Zone};

use crate::baseline::Baseline;
use crate::cadence::scale::{nanos, units};
use crate::cadence::{Due, Heard};
use crate::float::real;
use crate::key::{NO_PARENT, commands};
use crate::message::asks;
use crate::path::Path;
use crate::tables::slot;
use crate::verdict::Level;

const DAY_NS: u64 = 86_400_000_000_000;

/// A request that a master repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Poll {
    /// Whom it goes to.
    pub device: Device,
    /// Who sends it.
    pub master: IpAddr,
    /// The number of its key: holds as long as no keys are forgotten, so within a tick.
    pub key: u32,
}

/// A request that has not come for longer than it ever took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Late {
    /// The request.
    pub poll: Poll,
    /// When it was last heard, and where.
    pub last: Timestamp,
    /// See `last`.
    pub place: Place,
    /// Since then.
    pub silent_ns: u64,
    /// How long it usually takes.
    pub usual_ns: u64,
    /// The longest that was learned.
    pub longest_ns: u64,
    /// The natural logarithm of one over the probability of such a silence.
    pub surprise: f64,
    /// How often this was said of this silence before, this time included.
    pub checks: u8,
    /// What was told of it.
    pub told: u8,
    /// For how long nothing else was heard that would be expected with it.
    pub around: Around,
}

/// For how long parties were not heard, in nanoseconds. None where there are no others like the poll itself: what is
/// said of the poll says all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Around {
    /// Anything in the zone, where it has more devices than this one.
    pub zone_ns: Option<u64>,
    /// The master, where it asks other devices too.
    pub master_ns: Option<u64>,
    /// The device: whoever asked it, and its answers.
    pub device_ns: u64,
    /// The master with the device.
    pub pair_ns: u64,
}

/// A request that comes more often or more seldom than it used to, and went on so for longer than ever.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drifted {
    /// The request.
    pub poll: Poll,
    /// It comes more seldom; else more often.
    pub slower: bool,
    /// How often it came since that began.
    pub count: u32,
    /// When that began, and in which frame.
    pub from: Timestamp,
    /// See `from`.
    pub frame: u64,
    /// When it last came, and where.
    pub last: Timestamp,
    /// See `last`.
    pub place: Place,
    /// How long it usually takes.
    pub usual_ns: u64,
    /// The natural logarithm of one over the probability of such a drift.
    pub surprise: f64,
}

/// A device whose answers take longer than they did, for longer than ever.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slowed {
    /// The device.
    pub device: Device,
    key: u32,
    /// How many answers took longer since that began, and when.
    pub count: u32,
    /// See `count`.
    pub from: Timestamp,
    /// The frames of the first and the last of them.
    pub frame: u64,
    /// See `frame`.
    pub place: Place,
    /// When the last came, and how long it took.
    pub last: Timestamp,
    /// See `last`.
    pub took_ns: u64,
    /// How long they usually take.
    pub usual_ns: u64,
    /// The natural logarithm of one over the probability of such a drift.
    pub surprise: f64,
}

/// What a poll asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Polled {
    /// The name of its function, in the protocol's words.
    pub function: String,
    /// The points, where it names any: their table, the first and how many.
    pub range: Option<(Table, u32, u16)>,
}

impl Baseline {
    /// A request was heard whose keys are all known: how long after the one before.
    #[inline]
    pub(crate) fn pace(&mut self, observation: &Observation<'_>, message: &Message<'_>) {
        if self.at_hand == NO_PARENT || commands(message.class) || !asks(message) {
            return;
        }
        let Some(times) = self.tables.key(self.at_hand).map(|key| key.count) else { return };
        let Some(zone) = self.zones.iter_mut().find(|zone| zone.zone() == observation.zone) else {
            return;
        };
        let heard = Heard {
            key: self.at_hand,
            time: observation.time,
            place: observation.place,
            block: zone.blocks,
            whole: !message.hearing.gap && !message.hearing.mid_session,
            teaches: !self.repeated,
            judged: zone.is_armed(Level::Timing),
        };
        if self.cadences.heard(heard, times).surprised {
            zone.timing.surprised();
        }
    }

    /// A device has answered: how long it took.
    #[inline]
    pub(crate) fn answer_took(
        &mut self,
        observation: &Observation<'_>,
        message: &Message<'_>,
        block: u32,
    ) {
        let Some(latency_ns) = message.latency_ns.filter(|_| self.answering != NO_PARENT) else {
            return;
        };
        // Where octets are missing around it, an answer may be that of another request.
        if message.hearing.gap || message.hearing.mid_session {
            return;
        }
        let Some(times) = self.tables.key(self.answering).map(|key| key.count) else { return };
        let heard = Heard {
            key: self.answering,
            time: observation.time,
            place: observation.place,
            block,
            whole: true,
            teaches: !self.repeated,
            judged: true,
        };
        self.cadences.answered(heard, latency_ns, times);
    }

    /// Requests that are late by now and were not looked at for a while, in the order of their devices. While they are
    /// learned, silences of whole devices are left out of what is learned, and nothing is late.
    pub fn late(&mut self, now: Timestamp, out: &mut Vec<Late>) {
        let mut due = core::mem::take(&mut self.due);
        self.cadences.due(now, &mut due);
        for due in due.drain(..) {
            let Some(late) = self.late_of(due, now) else { continue };
            if self.times(late.poll.device.zone) {
                out.push(late);
            } else if late.around.pair_ns >= late.silent_ns / 2 {
                self.cadences.excuse(late.poll.key, now);
            }
        }
        self.due = due;
        out.sort_by_key(|late| late.poll);
    }

    /// Whether the timing level judges in a zone: it does not in a lesson.
    #[must_use]
    pub fn times(&self, zone: Zone) -> bool {
        self.judges_in(zone) && self.zone(zone).is_some_and(|zone| zone.is_armed(Level::Timing))
    }

    fn late_of(&self, due: Due, now: Timestamp) -> Option<Late> {
        let cadence = self.cadences.of(due.key)?;
        let silent_ns = now.since_ns(cadence.last);
        Some(Late {
            poll: self.poll(due.key)?,
            last: cadence.last,
            place: cadence.place,
            silent_ns,
            usual_ns: cadence.usual_ns(),
            longest_ns: nanos(i32::try_from(cadence.measure.longest()).unwrap_or(i32::MAX)),
            surprise: cadence.measure.surprise_of(units(silent_ns)),
            checks: due.checks,
            told: cadence.told,
            around: self.around(due.key, now)?,
        })
    }

    fn poll(&self, key: u32) -> Option<Poll> {
        let pair = self.tables.pairs.get(slot(self.tables.pair_above(key)?))?;
        let device = self.tables.devices.get(slot(pair.device))?.device;
        let master = self.tables.hosts.get(slot(pair.master))?.address;
        Some(Poll { device, master, key })
    }

    fn around(&self, key: u32, now: Timestamp) -> Option<Around> {
        let tables = &self.tables;
        let pair = tables.pairs.get(slot(tables.pair_above(key)?))?;
        let device = tables.devices.get(slot(pair.device))?;
        let master = tables.hosts.get(slot(pair.master))?;
        let silent = |key: u32| tables.key(key).map_or(u64::MAX, |key| now.since_ns(key.last));
        let zone = device.device.zone;
        let others = tables.devices.iter().filter(|other| other.device.zone == zone).nth(1);
        let last = self.zone(zone).map(|zone| now.since_ns(zone.last()));
        Some(Around {
            zone_ns: others.and(last),
            master_ns: (master.pairs.len() > 1).then(|| silent(master.key)),
            device_ns: silent(device.key),
            pair_ns: silent(pair.conversation).max(silent(device.key)),
        })
    }

    /// Requests that have changed their pace since this was last asked, and devices that answer more slowly, in the
    /// order of the devices.
    pub fn drifted(&mut self, out: &mut Vec<Drifted>, slowed: &mut Vec<Slowed>) {
        let mut found = core::mem::take(&mut self.drifts);
        self.cadences.drifted(&mut found);
        for (key, slower) in found.drain(..) {
            let Some(poll) = self.poll(key) else {
                slowed.extend(self.slowed(key).filter(|_| slower));
                continue;
            };
            let Some(cadence) = self.cadences.of(key) else { continue };
            if !self.times(poll.device.zone) {
                continue;
            }
            let measure = &cadence.measure;
            let drift = if slower { &measure.up } else { &measure.down };
            out.push(Drifted {
                poll,
                slower,
                count: drift.count,
                from: drift.from,
                frame: drift.frame,
                last: cadence.last,
                place: cadence.place,
                usual_ns: cadence.usual_ns(),
                surprise: measure.surprise_of_drift(slower),
            });
        }
        self.drifts = found;
        out.sort_by_key(|drifted| (drifted.poll, drifted.slower));
        slowed.sort_by_key(|slowed| slowed.device);
    }

    fn slowed(&self, key: u32) -> Option<Slowed> {
        let Path::Device(device) = self.tables.path(key)? else { return None };
        let cadence = self.cadences.of(key).filter(|_| self.times(device.zone))?;
        let drift = &cadence.measure.up;
        Some(Slowed {
            device,
            key,
            count: drift.count,
            from: drift.from,
            frame: drift.frame,
            place: cadence.place,
            last: cadence.last,
            took_ns: nanos(cadence.took),
            usual_ns: cadence.usual_ns(),
            surprise: cadence.measure.surprise_of_drift(true),
        })
    }

    /// A silence is explained up to this moment.
    pub fn excuse_silence(&mut self, poll: Poll, until: Timestamp) {
        self.cadences.excuse(poll.key, until);
    }

    /// What is missing may be missing since before this run: it is waited for no more, until it is heard again.
    pub fn forget_silence(&mut self, poll: Poll) {
        self.cadences.forget(poll.key);
    }

    /// The time up to which an earlier run has heard; none where this one began with nothing.
    #[must_use]
    pub const fn restored_until(&self) -> Option<Timestamp> {
        self.restored_until
    }

    /// A silence was told, with this reach.
    pub fn silence_told(&mut self, poll: Poll, told: u8) {
        self.cadences.silence_told(poll.key, told);
    }

    /// A drift was told, or was explained: it is looked for anew.
    pub fn drift_over(&mut self, poll: Poll) {
        self.cadences.drift_over(poll.key);
    }

    /// That answers take longer was told: it is looked for anew.
    pub fn slowed_over(&mut self, slowed: &Slowed) {
        self.cadences.drift_over(slowed.key);
    }

    /// What a poll asks for.
    #[must_use]
    pub fn polled(&self, poll: Poll) -> Option<Polled> {
        let (role, code, range) = match self.tables.path(poll.key)? {
            Path::Function { role, code } => (role, code, None),
            Path::Address { role, code, range } => (role, code, Some(range)),
            _ => return None,
        };
        let protocol = role.device.protocol;
        let table = |code: u16| Table::known(protocol).iter().find(|table| table.code == code);
        Some(Polled {
            function: self.tables.names.of(protocol, code).to_owned(),
            range: range.and_then(|range| Some((*table(range.table)?, range.first, range.count))),
        })
    }

    /// How many times a day it is asked of the regular requests of a zone whether they come as ever: once a block of
    /// each, at most once an hour where blocks are shortened for short captures.
    #[must_use]
    pub fn timing_hypotheses_per_day(&self, zone: Zone) -> f64 {
        let blocks = real(DAY_NS) / real(self.block_ns().max(1));
        real(self.regular_polls(zone)) * blocks.clamp(1.0, 24.0)
    }

    /// How many requests are known to come regularly in a zone.
    #[must_use]
    pub fn regular_polls(&self, zone: Zone) -> u64 {
        let in_zone = |key: &u32| self.poll(*key).is_some_and(|poll| poll.device.zone == zone);
        u64::try_from(self.cadences.keys_judging().filter(in_zone).count()).unwrap_or(u64::MAX)
    }
}
