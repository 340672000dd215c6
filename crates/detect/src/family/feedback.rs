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
//! a lost connection, a silent or restarted device, local control or a point that is marked as bad ends the wait, and
//! nothing is said.
//!
//! A change without a command is weighed a minute and a half later. It is explained by any command to its point since it
//! last moved, by one of unknown effect, by another point of the device that moves seldom and moved with it, as that of
//! protection does, and by whatever ends the wait above. Points that moved alone while it was learned are let be.

mod device;
mod map;
mod say;
mod watch;

use core::net::IpAddr;

use gridtap_baseline::{Baseline, Site};
use gridtap_model::{
    Class, Device, Indications, LinkEvent, Message, Observation, Outcome, Phase, Point, Quality,
    Reading, Table, Timestamp, Value, Zone,
};

use super::{control, rows};
use crate::bounded::Bounded;
use crate::config::Config;
use crate::scene::Scene;
use crate::series::{Found, Later, Series};

use device::{Context, OfDevice};
use map::{Command, Moves, Place};

const MILLISECOND_NS: u64 = 1_000_000;
/// Changes of one message that are told.
const FLIPS_MAX: usize = 64;
/// Points of one message that are followed.
const POINTS_OF_MESSAGE_MAX: usize = 16;
/// Devices whose commands are followed, of the pairs whose state is kept.
const SHARE_OF_PAIRS: usize = 8;
/// A connection that comes again within this time was not out.
const RECONNECTS_NS: u64 = 20_000_000_000;

/// A binary state that differs from the one before, as it was heard.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Flip {
    pub(crate) table: Table,
    pub(crate) index: u32,
    /// The state before, where it is known.
    pub(crate) before: Option<bool>,
    pub(crate) on: bool,
    /// The device marks it as bad, or as put in by hand.
    pub(crate) doubtful: bool,
}

/// Keeps what differs from the state before. Events tell what is new, also where that is not known.
pub(crate) fn flipped(
    flips: &mut Vec<Flip>,
    point: &Point,
    before: Option<Value>,
    reading: &Reading,
) {
    let is_on = |value| match value {
        Some(Value::Bit(on)) => Some(on),
        _ => None,
    };
    let (Some(on), before) = (is_on(reading.value), is_on(before)) else { return };
    if before != Some(on) && flips.len() < FLIPS_MAX {
        let doubtful = is_doubtful(reading.quality);
        flips.push(Flip { table: point.table, index: point.index, before, on, doubtful });
    }
}

/// When hearing a host was last disturbed.
#[derive(Debug, Clone, Copy, Default)]
struct Line {
    closed: Option<Timestamp>,
    /// A connection came or went: events may be lost with it.
    relinked: Option<Timestamp>,
    /// Something was not heard, or not said.
    disturbed: Option<Timestamp>,
}

/// Commands and what follows them.
pub(crate) struct Feedbacks {
    devices: Bounded<Device, OfDevice>,
    /// By the two hosts, the lower first.
    lines: Bounded<(Zone, IpAddr, IpAddr), Line>,
    /// Devices at which something is waited for.
    waiting: Vec<Device>,
    flips: Vec<Flip>,
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
            lines: Bounded::new(most),
            waiting: Vec::new(),
            flips: Vec::new(),
            to_all: None,
            begun: None,
        }
    }

    pub(crate) const fn evicted(&self) -> u64 {
        self.devices.evicted().saturating_add(self.lines.evicted())
    }

    /// A command, with the state before where reports tell it.
    pub(crate) fn command(
        &mut self,
        scene: &Scene<'_>,
        alarmed: bool,
        before: impl Fn(Place) -> Option<bool>,
        baseline: &Baseline,
    ) {
        let message = scene.message;
        let moves = message.class == Class::Command && !scene.selects();
        if !moves || rows(message.device.protocol).and_then(|rows| rows.feedback).is_none() {
            return;
        }
        if scene.to_all {
            self.to_all = Some(scene.obs.time);
            return;
        }
        let known = scene.verdict.access.host_known;
        let own = self.devices.entry(message.device, || known);
        let master = message.master.address;
        if known && own.has_master(master) {
            self.lines.entry(between(message.device.zone, master, message.device.address), || true);
        }
        let learns = !alarmed && !scene.is_stranger();
        for point in scene.points(POINTS_OF_MESSAGE_MAX) {
            let place = (point.table.code, point.index);
            let closes = point.value.and_then(closes);
            let command = closes.map(|closes| Command { place, closes });
            own.command(scene, place, command, learns, &before, baseline);
        }
        if own.is_to_be_listed() {
            self.waiting.push(message.device);
        }
    }

    /// An answer or a report, with the states that changed in it.
    pub(crate) fn answer(
        &mut self,
        site: &Site,
        obs: &Observation<'_>,
        message: &Message<'_>,
        reported: &[Flip],
        baseline: &mut Baseline,
        out: &mut Vec<Series>,
    ) {
        let device = message.device;
        self.flips.clear();
        self.flips.extend_from_slice(reported);
        baseline.take_changed_bits(|(table, index, on)| {
            let flip = Flip { table, index, before: Some(!on), on, doubtful: false };
            self.flips.push(flip);
        });
        let own = self.devices.get(&device);
        if self.flips.is_empty() && own.is_none_or(|own| !own.waits()) {
            return;
        }
        let is_followed = own.is_some();
        let begun = *self.begun.get_or_insert(obs.time);
        if !is_followed {
            // What commands move is followed also where none was heard since the start.
            let is_moved = |flip: &Flip| is_moved(&device, baseline, flip);
            if !self.flips.iter().any(is_moved) {
                return;
            }
            let master = message.master.address;
            let known = baseline.knows_host(device.zone, master, obs.time);
            if self.devices.entry(device, || known).has_master(master) {
                self.lines.entry(between(device.zone, master, device.address), || known);
            }
        }
        let Some(own) = self.devices.get_mut(&device) else { return };
        let indications = message.dialogue.indications.unwrap_or_default();
        let away = Indications::RESTART.0 | Indications::LOCAL_CONTROL.0;
        if !message.hearing.is_clean() || indications.0 & away != 0 {
            own.disturbed(obs.time);
        }
        let line = line_of(&self.lines, &device, own.masters());
        let mut context = Context { site, obs, message, baseline, out };
        own.answered(&mut context);
        for flip in &self.flips {
            own.changed(&mut context, flip, line.disturbed.unwrap_or(begun).max(begun));
        }
        own.heard(&mut context, line.disturbed, line.relinked);
        if own.is_to_be_listed() {
            self.waiting.push(device);
        }
    }

    /// Something about a conversation: what is waited for in it may have been missed.
    pub(crate) fn link(&mut self, obs: &Observation<'_>, event: &LinkEvent, baseline: &Baseline) {
        let now = obs.time;
        let key = between(obs.zone, obs.source.address, obs.destination.address);
        if matches!(event, LinkEvent::Begun | LinkEvent::Attempted { .. }) {
            return;
        }
        let known = || {
            [obs.source, obs.destination]
                .iter()
                .all(|end| baseline.knows_host(obs.zone, end.address, now))
        };
        let line = self.lines.entry(key, known);
        match event {
            LinkEvent::Closed => (line.closed, line.relinked) = (Some(now), Some(now)),
            LinkEvent::Opened { .. } => {
                let was_out = line.closed.is_some_and(|at| now.since_ns(at) > RECONNECTS_NS);
                line.relinked = Some(now);
                line.disturbed = if was_out { Some(now) } else { line.disturbed };
            }
            LinkEvent::Missing { .. }
            | LinkEvent::Skipped { .. }
            | LinkEvent::Malformed { .. }
            | LinkEvent::Blind { .. }
            | LinkEvent::Encrypted
            | LinkEvent::OneDirection { .. } => line.disturbed = Some(now),
            _ => {}
        }
    }

    /// A device did not answer.
    pub(crate) fn unanswered(
        &mut self,
        message: &Message<'_>,
        now: Timestamp,
        baseline: &Baseline,
    ) {
        let device = message.device;
        let master = message.master.address;
        let known = || baseline.knows_host(device.zone, master, now);
        let line = self.lines.entry(between(device.zone, master, device.address), known);
        line.disturbed = Some(now);
    }

    /// Lets time pass: what was waited for long enough is learned, or told.
    pub(crate) fn tick(&mut self, now: Timestamp, baseline: &mut Baseline, out: &mut Vec<Later>) {
        self.begun.get_or_insert(now);
        let Self { devices, lines, waiting, to_all, begun, .. } = self;
        waiting.retain(|device| {
            let Some(own) = devices.get_mut(device) else { return false };
            let line = line_of(lines, device, own.masters());
            let disturbed = line.disturbed.max(*to_all).max(*begun);
            own.tick(device, now, disturbed, baseline, out);
            own.stays_listed()
        });
    }
}

/// Whether a point is one that commands move.
fn is_moved(device: &Device, baseline: &Baseline, flip: &Flip) -> bool {
    Moves::of(device, baseline, (flip.table.code, flip.index)).is_some()
}

fn between(zone: Zone, one: IpAddr, other: IpAddr) -> (Zone, IpAddr, IpAddr) {
    (zone, one.min(other), one.max(other))
}

/// What last happened between a device and those who command it.
fn line_of(
    lines: &Bounded<(Zone, IpAddr, IpAddr), Line>,
    device: &Device,
    masters: &[IpAddr],
) -> Line {
    let of = |master: &IpAddr| lines.get(&between(device.zone, *master, device.address));
    masters.iter().filter_map(of).fold(Line::default(), |all, line| Line {
        closed: all.closed.max(line.closed),
        relinked: all.relinked.max(line.relinked),
        disturbed: all.disturbed.max(line.disturbed),
    })
}

/// Which way a command moves a point, where it has two.
fn closes(value: Value) -> Option<bool> {
    match value {
        Value::Bit(bit) => Some(bit),
        Value::Control(control) => Some(!control::opens(control)),
        _ => None,
    }
}

/// Whether what a device marks a state with makes it no state of the plant.
fn is_doubtful(quality: Option<Quality>) -> bool {
    let bad = Quality::OFFLINE
        .with(Quality::RESTART)
        .with(Quality::COMMUNICATION_LOST)
        .with(Quality::LOCAL_FORCED)
        .with(Quality::REMOTE_FORCED);
    quality.is_some_and(|quality| quality.has(bad))
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
