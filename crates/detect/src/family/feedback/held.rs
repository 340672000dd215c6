//! Points that moved although nobody was heard commanding them, while their reason may still be heard of.

use gridtap_baseline::Baseline;
use gridtap_model::{Armed, Device, Timestamp};

use super::device::Context;
use super::map::{Command, Moves, Place};
use super::{Flip, later, say};
use crate::series::{Found, Later, Series};

/// How long a reason for a change is waited for, and how long before it a reason may have come.
pub(super) const REASON_NS: u64 = 90_000_000_000;
/// A point is shown this often, or events are asked for: what was not heard in the meantime may have been the command.
const UNSEEN_NS: u64 = 900_000_000_000;
/// Changes of one device that wait.
const HELD_MAX: usize = 16;

/// What may have kept something from being heard.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trouble {
    pub(super) disturbed: Option<Timestamp>,
    /// When anything was first heard.
    pub(super) begun: Option<Timestamp>,
}

/// A change without a command.
#[derive(Debug)]
struct Held {
    place: Place,
    found: Found,
    by: Place,
    judged: bool,
    /// It moved back since, as where protection closes again, or where an event was overtaken by a later one.
    returned: bool,
    series: Series,
}

/// Changes of one device that wait for their reason.
#[derive(Debug, Default)]
pub(super) struct Holding {
    held: Vec<Held>,
    /// When another point moved that may tell of protection.
    sign: Option<Timestamp>,
    refused: u64,
}

impl Holding {
    pub(super) const fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Whether a change has waited long enough.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.held.iter().any(|held| now.since_ns(held.found.time) > REASON_NS)
    }

    /// A point moves again.
    pub(super) fn moves_again(&mut self, place: Place) {
        let own = self.held.iter_mut().filter(|held| held.place == place);
        own.for_each(|held| held.returned = true);
    }

    /// A point moved that no command moves, and that moves seldom.
    pub(super) const fn sign(&mut self, now: Timestamp) {
        self.sign = Some(now);
    }

    /// A point that follows commands moved, and none was heard.
    pub(super) fn hold(&mut self, context: &mut Context<'_, '_>, flip: &Flip, moves: &Moves) {
        let place = (flip.table.code, flip.index);
        let device = context.message.device;
        let armed = context.baseline.is_armed(&device, context.message.master.address);
        let sure = |closes| {
            let command = Command { place: moves.by, closes };
            let follows = command.follows(&device, context.baseline, context.obs.time);
            follows.iter().any(|own| own.sure && own.place == place)
        };
        let judged = armed && moves.follows_commands() && (sure(false) || sure(true));
        // What moves again and again is counted at once.
        let is_again = self.held.iter().any(|held| held.place == place);
        if is_again || self.held.len() >= HELD_MAX {
            if judged {
                self.refused = self.refused.saturating_add(u64::from(!is_again));
            } else {
                Moves::moved_alone(&device, context.baseline, context.obs.time, place);
            }
            return;
        }
        let Some(series) = say::without_command(context, flip, moves) else { return };
        self.held.push(Held {
            place,
            found: Found::by(context.obs, if armed { Armed::Armed } else { Armed::Learning }),
            by: moves.by,
            judged,
            returned: false,
            series,
        });
    }

    /// How many there was no room for, since this was last asked.
    pub(super) const fn take_refused(&mut self) -> u64 {
        core::mem::replace(&mut self.refused, 0)
    }

    /// Lets time pass for changes that wait for their reason. Others that moved without a command are asked for by point
    /// and time.
    pub(super) fn weigh(
        &mut self,
        device: &Device,
        now: Timestamp,
        trouble: Trouble,
        baseline: &mut Baseline,
        moved_with: impl Fn(Place, Timestamp) -> bool,
        out: &mut Vec<Later>,
    ) {
        let waited = |held: &mut Held| now.since_ns(held.found.time) > REASON_NS;
        for held in self.held.extract_if(.., waited) {
            let time = held.found.time;
            let after = |at: Option<Timestamp>, from: Timestamp| at.is_some_and(|at| at >= from);
            let near = time.minus_ns(REASON_NS);
            if after(trouble.disturbed, time.minus_ns(UNSEEN_NS)) || after(trouble.begun, near) {
                continue;
            }
            let is_protection =
                held.returned || after(self.sign, near) || moved_with(held.by, time);
            match (held.judged, is_protection) {
                (true, false) => out.push(later(held.series, held.found)),
                (true, true) => out.push(later(say::as_by_protection(held.series), held.found)),
                (false, true) => {}
                (false, false) => Moves::moved_alone(device, baseline, now, held.place),
            }
        }
    }
}
