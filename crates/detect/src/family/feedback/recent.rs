//! The commands that a device was given, and which of its changes they may explain.

use gridtap_baseline::Baseline;
use gridtap_model::{Device, Timestamp};

use super::device::{GIVEN_UP_NS, SIGN_NS, WINDOW_NS};
use super::map::{Command, Moves, Place};

/// A point comes back by itself from a pulse within this time.
const RETURNS_NS: u64 = 60_000_000_000;
/// Points and ways of one device that are remembered.
const RECENT_MAX: usize = 32;
/// A setpoint that was written so often, and often enough, is written in turns.
const TURNS_MIN: u64 = 4;

/// A command that was heard, or several that say the same one after the other.
#[derive(Debug, Clone, Copy)]
struct Sent {
    place: Place,
    /// Which way; none of what is no switch.
    command: Option<Command>,
    /// When the first and the last of those that say the same was heard, and its frame.
    first: Timestamp,
    last: Timestamp,
    frame: u64,
    /// How many they are.
    count: u64,
    /// A stranger began them.
    by_stranger: bool,
}

/// What a command is to those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Order {
    /// It says what the last command to its point said, within the window.
    pub(super) repeats: bool,
    /// Its point was commanded within the window.
    pub(super) again: bool,
    /// Another point was.
    pub(super) crowded: bool,
    /// It may move something: no repetition, nor a setpoint that is written in turns.
    pub(super) counts: bool,
}

/// A change that wants a reason.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change<'a> {
    pub(super) time: Timestamp,
    pub(super) place: Place,
    pub(super) on: bool,
    pub(super) moves: &'a Moves,
    /// When the point last moved before that.
    pub(super) since: Option<Timestamp>,
}

/// The last commands to a device, each point and way once, the last at the end.
#[derive(Debug, Default)]
pub(super) struct Recent {
    sent: Vec<Sent>,
    /// When something was last commanded that is not among them.
    forgotten: Option<Timestamp>,
}

impl Sent {
    /// Whether it is a setpoint that is written again and again: it moves nothing by being written once more.
    fn is_in_turns(&self) -> bool {
        let lasts_ns = self.last.since_ns(self.first);
        self.command.is_none()
            && self.count >= TURNS_MIN
            && lasts_ns < self.count.saturating_mul(SIGN_NS)
    }

    /// When it last may have moved something.
    const fn moved(&self) -> Timestamp {
        if self.command.is_some() { self.first } else { self.last }
    }

    fn explains(&self, change: &Change<'_>, device: &Device, baseline: &Baseline) -> bool {
        let ago_ns = change.time.since_ns(self.moved());
        let lately = ago_ns <= WINDOW_NS;
        let Some(command) = self.command else { return lately && !self.is_in_turns() };
        let is_last = change.since.is_none_or(|since| since <= self.last);
        if !is_last && !lately {
            return false;
        }
        let follows = command.follows(device, baseline, change.time);
        let mut own = follows.iter().filter(|own| own.place == change.place).peekable();
        if self.place == change.moves.by || own.peek().is_some() {
            let leads = own.peek().is_none() || own.any(|own| own.on == change.on);
            return is_last && leads || ago_ns <= RETURNS_NS;
        }
        lately && !follows.iter().any(|own| own.sure)
    }
}

impl Recent {
    /// A command is heard.
    pub(super) fn hear(
        &mut self,
        place: Place,
        command: Option<Command>,
        now: Timestamp,
        frame: u64,
        by_stranger: bool,
    ) -> Order {
        let of_place = |sent: &&Sent| sent.place == place;
        let newest = self.sent.iter().rev().find(of_place).copied();
        // What is only said once more is no occasion of its own, and takes none from the next.
        let again = newest.is_some_and(|sent| now.since_ns(sent.moved()) < WINDOW_NS);
        // Nor does a stranger take the occasion from those who command it.
        let is_said_again = |sent: Sent| {
            sent.command == command
                && now.since_ns(sent.last) < WINDOW_NS
                && (by_stranger || !sent.by_stranger)
        };
        let repeats = command.is_some() && newest.is_some_and(is_said_again);
        let crowds = |sent: &Sent| {
            sent.place != place && !sent.is_in_turns() && now.since_ns(sent.moved()) <= WINDOW_NS
        };
        let crowded = self.sent.iter().any(crowds);
        let is_own = |sent: &Sent| (sent.place, sent.command) == (place, command);
        let own = self.sent.iter().position(is_own).map(|at| self.sent.remove(at));
        if self.sent.len() >= RECENT_MAX {
            let oldest = self.sent.remove(0);
            self.forgotten = self.forgotten.max(Some(oldest.last));
        }
        let new = Sent { place, command, first: now, last: now, frame, count: 1, by_stranger };
        let sent = match own {
            Some(own) if repeats || command.is_none() => {
                Sent { last: now, frame, count: own.count.saturating_add(1), ..own }
            }
            _ => new,
        };
        self.sent.push(sent);
        Order { repeats, again, crowded, counts: !repeats && !sent.is_in_turns() }
    }

    /// Whether a stranger commanded this point in this frame.
    pub(super) fn is_by_stranger(&self, place: Place, frame: u64) -> bool {
        let is_it = |sent: &Sent| sent.by_stranger && (sent.place, sent.frame) == (place, frame);
        self.sent.iter().any(is_it)
    }

    /// Something was commanded that is not looked at point by point.
    pub(super) fn forget(&mut self, now: Timestamp) {
        self.forgotten = Some(now);
    }

    /// The device refused what this frame asked: one point did not move; of several, some may have.
    pub(super) fn refused(&mut self, frame: u64) {
        let of = self.sent.iter().filter(|sent| sent.frame == frame).count();
        self.sent.retain(|sent| sent.frame != frame || of > 1 || sent.count > 1);
    }

    /// Whether a command that was heard may be why a point changed.
    pub(super) fn explains(
        &self,
        change: &Change<'_>,
        device: &Device,
        baseline: &Baseline,
    ) -> bool {
        let forgotten = self.forgotten.is_some_and(|at| {
            let ago_ns = change.time.since_ns(at);
            let is_last = change.since.is_none_or(|since| since <= at);
            ago_ns <= WINDOW_NS || is_last && ago_ns <= GIVEN_UP_NS
        });
        forgotten || self.sent.iter().any(|sent| sent.explains(change, device, baseline))
    }
}
