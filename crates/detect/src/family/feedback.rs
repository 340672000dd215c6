//! Which points show that a command was carried out, and commands and changes that do not fit that.
//!
//! A breaker is commanded at an output and seen at an input, and nothing in the protocol says which belong together. It
//! is learned: a point of the same device that changes within two minutes of a command that was accepted, on separate
//! occasions, always to the same state. What is sure enough is held against the device both ways: a command that was
//! accepted and whose point was heard afterwards in its old state, and a point that moves after commands and moved
//! without one.
//!
//! Sure is what the lower bound of the share of followed commands says (Wilson, "Probable inference, the law of
//! succession, and statistical inference", 1927; one-sided, 95 %): 0.6 where the point always followed, which takes five
//! occasions, 0.9 where it once did not, which takes some fifty. It must be three times the chance of a change of that
//! point within as long as it may take, by the upper bound of its own rate (Poisson: k + 3 in the time it was heard), so
//! that a contact that chatters follows nothing. Repetitions within two minutes are one occasion. What alarmed teaches
//! nothing, nor does what a stranger sent.
//!
//! A command is without effect only where the point was heard: a poll showed it, or the device answered twice that no
//! event waits, although the point's changes are told by events, after twice the longest time that it ever took. A gap,
//! a lost connection, a silent or restarted device, one that lost events, local control or a point that is marked as bad
//! ends the wait, and nothing is said.
//!
//! A pair is learned only of occasions on which one command and one changing point, beside the commanded one, stand within
//! two minutes; switching sequences and writes of several outputs teach nothing.
//!
//! A change without a command is weighed a minute and a half later. It is explained by any command to its point since it
//! last moved, by one of unknown effect within two minutes, and by whatever ends the wait above in the quarter of an
//! hour before. Protection moves breakers without commands by design: where another point of the device moved with it that moves
//! seldom, as an alarm contact does, or another point of the zone that hardly ever moves without a command, as further
//! breakers of a bar do, or where it moved back, it is told as low. Points that moved alone while it was learned are let be.

mod device;
mod flip;
mod held;
mod lines;
mod map;
mod recent;
mod say;
mod states;
mod tries;
mod watch;

use std::collections::VecDeque;

use gridtap_baseline::{Baseline, Site};
use gridtap_model::{
    Class, Device, Indications, LinkEvent, Message, Observation, Outcome, Phase, Timestamp,
};

use super::rows;
use crate::bounded::Bounded;
use crate::config::Config;
use crate::scene::Scene;
use crate::series::{Found, Later, Series};

pub(crate) use flip::{Flip, Told, flipped};

use device::{Context, OfDevice};
use flip::{FLIPS_MAX, closes, is_doubtful, is_switch};
use held::{REASON_NS, Trouble};
use lines::Lines;
use map::{Command, Moves, Place};

const MILLISECOND_NS: u64 = 1_000_000;
/// Points of one message that are followed.
const POINTS_OF_MESSAGE_MAX: usize = 16;
/// Devices whose commands are followed, of the pairs whose state is kept.
const SHARE_OF_PAIRS: usize = 8;
/// Points that moved without a command, and how long they are remembered.
const ALONE_MAX: usize = 64;
const ALONE_NS: u64 = 300_000_000_000;
/// A device that says so may move for reasons of its own, or did not tell all that moved.
const AWAY: u16 =
    Indications::RESTART.0 | Indications::LOCAL_CONTROL.0 | Indications::EVENTS_LOST.0;

/// A point that moved, and nobody was heard commanding it.
#[derive(Debug, Clone, Copy)]
struct Alone {
    device: Device,
    /// The point that is commanded to move it: a breaker may show at several.
    by: Place,
    time: Timestamp,
}

/// Commands and what follows them.
pub(crate) struct Feedbacks {
    devices: Bounded<Device, OfDevice>,
    lines: Lines,
    /// Devices at which something is waited for, and how many there may be.
    waiting: Vec<Device>,
    waiting_max: usize,
    /// Those of them at which a point should follow a command, as far as is known: what they show is looked at.
    expecting: Vec<Device>,
    refused: u64,
    flips: Vec<Flip>,
    /// What moved lately without a command, the last at the end.
    alone: VecDeque<Alone>,
    /// When something was last sent to every device at once.
    to_all: Option<Timestamp>,
    /// When anything was first heard: what was commanded before is not known.
    begun: Option<Timestamp>,
}

impl Feedbacks {
    pub(crate) fn new(config: &Config) -> Self {
        let most = config.pairs_max.div_ceil(SHARE_OF_PAIRS);
        Self {
            devices: Bounded::new(most),
            lines: Lines::new(most),
            waiting: Vec::new(),
            waiting_max: most,
            expecting: Vec::new(),
            refused: 0,
            flips: Vec::new(),
            alone: VecDeque::new(),
            to_all: None,
            begun: None,
        }
    }

    /// What gave way, and what there was no room for.
    pub(crate) const fn evicted(&self) -> u64 {
        let evicted = self.devices.evicted().saturating_add(self.lines.evicted());
        evicted.saturating_add(self.refused)
    }

    /// Devices at which something is waited for.
    #[cfg(test)]
    pub(crate) const fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// A command, with the state before where reports tell it.
    pub(crate) fn command(
        &mut self,
        scene: &Scene<'_>,
        alarmed: bool,
        before: impl Fn(Place) -> Option<bool>,
        baseline: &Baseline,
    ) {
        let (message, now) = (scene.message, scene.obs.time);
        let moves = message.class == Class::Command && !scene.selects();
        if !moves || rows(message.device.protocol).and_then(|rows| rows.feedback).is_none() {
            return;
        }
        if scene.to_all {
            self.to_all = Some(now);
            return;
        }
        let known = scene.verdict.access.host_known;
        let own = self.devices.entry(message.device, || known);
        let master = message.master.address;
        if known && own.has_master(master) {
            self.lines.follow(&message.device, master, true);
        }
        let learns = !alarmed && !scene.is_stranger();
        let points = scene.points(POINTS_OF_MESSAGE_MAX.saturating_add(1));
        let mut set = false;
        for point in points.iter().take(POINTS_OF_MESSAGE_MAX) {
            let place = (point.table.code, point.index);
            let command = point.value.and_then(closes).map(|closes| Command { place, closes });
            // Setpoints that are written together are one.
            if command.is_some() || !core::mem::replace(&mut set, true) {
                own.command(scene, place, command, learns, &before, baseline);
            }
        }
        if points.len() > POINTS_OF_MESSAGE_MAX && points.iter().any(is_switch) {
            own.commanded_more(now);
        }
        self.list(message.device);
    }

    /// An answer or a report, with the states that changed in it.
    #[inline]
    pub(crate) fn answer(
        &mut self,
        site: &Site,
        obs: &Observation<'_>,
        message: &Message<'_>,
        reported: &[Flip],
        baseline: &mut Baseline,
        out: &mut Vec<Series>,
    ) {
        let indications = message.dialogue.indications.unwrap_or_default().0;
        let is_away = !message.hearing.is_clean() || indications & AWAY != 0;
        self.flips.clear();
        baseline.take_changed_bits(|(table, index, on)| {
            let (before, doubtful, told) = (Some(!on), false, Told::Poll);
            self.flips.push(Flip { table, index, before, on, doubtful, told });
        });
        let nothing_new = self.flips.is_empty() && reported.is_empty() && !is_away;
        let answers = message.class == Class::Command && !self.waiting.is_empty();
        let is_expected = answers || self.expecting.contains(&message.device);
        if nothing_new && !is_expected {
            return;
        }
        self.flips.extend_from_slice(reported);
        if is_away {
            self.unanswered(message, obs.time, baseline);
        }
        self.followed(Context { site, obs, message, baseline, out });
    }

    /// An answer or a report of a device at which something is waited for, or that may tell something new.
    fn followed(&mut self, mut context: Context<'_, '_>) {
        let (obs, message) = (context.obs, context.message);
        let (device, now) = (message.device, obs.time);
        let own = self.devices.get(&device);
        if self.flips.is_empty() && own.is_none_or(|own| !own.waits()) {
            return;
        }
        let is_followed = own.is_some();
        let begun = *self.begun.get_or_insert(now);
        if !is_followed {
            // What commands move is followed also where none was heard since the start.
            let is_moved = |flip: &Flip| is_moved(&device, context.baseline, flip);
            if !self.flips.iter().any(is_moved) {
                return;
            }
            let master = message.master.address;
            let known = context.baseline.knows_host(device.zone, master, now);
            if self.devices.entry(device, || known).has_master(master) {
                self.lines.follow(&device, master, known);
            }
        }
        let Some(own) = self.devices.get_mut(&device) else { return };
        let line = self.lines.of(&device, own.masters());
        if self.flips.len() >= FLIPS_MAX {
            own.disturbed(now);
        }
        own.answered(&mut context);
        for flip in &self.flips {
            let since = line.disturbed.unwrap_or(begun).max(begun);
            if let Some(by) = own.changed(&mut context, flip, since) {
                if self.alone.len() >= ALONE_MAX {
                    self.alone.pop_front();
                }
                self.alone.push_back(Alone { device, by, time: now });
            }
        }
        own.heard(&mut context, line.disturbed, line.relinked);
        self.list(device);
    }

    /// Something about a conversation: what is waited for in it may have been missed.
    pub(crate) fn link(&mut self, obs: &Observation<'_>, event: &LinkEvent, baseline: &Baseline) {
        self.lines.link(obs, event, baseline);
    }

    /// A device did not answer, though others behind the same address may have; or it was not heard wholly, or is away.
    /// Only where one of its masters asked: anybody may ask for what is not answered.
    pub(crate) fn unanswered(
        &mut self,
        message: &Message<'_>,
        now: Timestamp,
        baseline: &Baseline,
    ) {
        if baseline.is_master_of(&message.device, message.master.address) {
            self.lines.trouble(message, now, baseline);
        }
    }

    /// Lets time pass for a device at which something is waited for, and counts what there was no room for in it.
    fn list(&mut self, device: Device) {
        let Some(own) = self.devices.get_mut(&device) else { return };
        self.refused = self.refused.saturating_add(own.take_refused());
        if own.expects() && !self.expecting.contains(&device) {
            self.expecting.push(device);
        }
        if !own.is_to_be_listed() {
            return;
        }
        if self.waiting.len() < self.waiting_max {
            self.waiting.push(device);
        } else {
            own.unlisted();
            self.refused = self.refused.saturating_add(1);
        }
    }

    /// Lets time pass: what was waited for long enough is learned, or told.
    pub(crate) fn tick(&mut self, now: Timestamp, baseline: &mut Baseline, out: &mut Vec<Later>) {
        let begun = *self.begun.get_or_insert(now);
        let over = |own: &mut Alone| now.since_ns(own.time) > ALONE_NS;
        while self.alone.pop_front_if(over).is_some() {}
        self.expecting.clear();
        let mut waiting = core::mem::take(&mut self.waiting);
        waiting.retain(|device| {
            let Self { devices, lines, alone, refused, to_all, expecting, .. } = self;
            let Some(own) = devices.get_mut(device) else { return false };
            if own.expects() {
                expecting.push(*device);
            }
            if !own.is_due(now) {
                return own.stays_listed();
            }
            let disturbed = lines.of(device, own.masters()).disturbed.max(*to_all);
            own.tick(device, now, disturbed.max(Some(begun)), baseline);
            let trouble = Trouble { disturbed, begun: Some(begun) };
            let moved_with = |by, time| {
                alone.iter().any(|other| {
                    let apart_ns = other.time.since_ns(time).max(time.since_ns(other.time));
                    other.device.zone == device.zone
                        && (other.device, other.by) != (*device, by)
                        && apart_ns <= REASON_NS
                })
            };
            own.weigh(device, now, trouble, baseline, moved_with, out);
            *refused = refused.saturating_add(own.take_refused());
            own.stays_listed()
        });
        self.waiting = waiting;
    }
}

/// Whether a point is one that commands move.
fn is_moved(device: &Device, baseline: &Baseline, flip: &Flip) -> bool {
    Moves::of(device, baseline, (flip.table.code, flip.index)).is_some()
}

/// Whether a message shows states: an answer that succeeded, or a report.
fn shows(message: &Message<'_>) -> bool {
    matches!(message.phase, Phase::Response | Phase::Unsolicited)
        && message.outcome == Outcome::Success
}

/// What is told when nothing came that explains it.
fn later(series: Series, found: Found) -> Later {
    Later { series, found, unknown: false }
}
