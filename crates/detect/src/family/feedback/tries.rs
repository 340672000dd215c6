//! What was seen to follow a command for the first time: it is entered when it is seen once more.

use std::collections::VecDeque;

use gridtap_baseline::{Baseline, FactKind};
use gridtap_model::{Device, Timestamp};

use super::map::{Command, Moves, Seen};

/// What was seen once, of one device.
const TRIES_MAX: usize = 32;
/// Points that follow commands and commands that they follow, of one device.
const FACTS_MAX: usize = 3 * 64;
/// The command's and the point's.
const FACTS_OF_PAIR: usize = 2;

/// What followed the commands of a device once, and how much of it is known.
#[derive(Debug, Default)]
pub(super) struct Tries {
    tried: VecDeque<(Command, Seen)>,
    /// Facts about the device, once they were counted.
    facts: Option<usize>,
    refused: u64,
}

impl Tries {
    /// A point followed a command, and nothing else can have moved it.
    pub(super) fn followed(
        &mut self,
        device: &Device,
        baseline: &mut Baseline,
        now: Timestamp,
        command: Command,
        seen: &Seen,
    ) {
        command.followed_alike(device, baseline, now, seen);
        let mut times = 1;
        let mut seen = *seen;
        if !command.is_followed_by(device, baseline, &seen) {
            let is_it = |tried: &(Command, Seen)| {
                tried.0 == command && (tried.1.place, tried.1.on) == (seen.place, seen.on)
            };
            let Some(at) = self.tried.iter().position(is_it) else {
                if self.tried.len() >= TRIES_MAX {
                    self.tried.pop_front();
                }
                self.tried.push_back((command, seen));
                return;
            };
            let before = self.tried.remove(at).map_or(0, |(_, before)| before.after_ms);
            seen.after_ms = seen.after_ms.max(before);
            times = 2;
            let facts = *self.facts.get_or_insert_with(|| count(device, baseline));
            if facts.saturating_add(FACTS_OF_PAIR) > FACTS_MAX {
                self.refused = self.refused.saturating_add(1);
                return;
            }
        }
        let entered = command.followed(device, baseline, now, &seen, times);
        self.refused = self.refused.saturating_add(u64::from(entered.is_none()));
        let moves = Moves::commanded(device, baseline, now, seen.place, command.place, times);
        let more = entered.unwrap_or(0).saturating_add(moves);
        self.facts = self.facts.map(|facts| facts.saturating_add(more));
    }

    /// How many there was no room for, since this was last asked.
    pub(super) const fn take_refused(&mut self) -> u64 {
        core::mem::replace(&mut self.refused, 0)
    }
}

/// What is known of a device.
fn count(device: &Device, baseline: &Baseline) -> usize {
    let kinds = [FactKind::Feedback, FactKind::FeedbackMoves];
    let of_kind = |kind| baseline.facts().devices_of(kind).filter(|of| *of == device).count();
    kinds.into_iter().map(of_kind).sum()
}
