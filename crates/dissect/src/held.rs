//! What conversations hold beside their own fixed size: one ceiling over all of them, and who gives way below it.
//!
//! Each conversation has bounds of its own, and there can be many thousands of them: without a ceiling over all, those
//! who open them would decide what is held. What gives way is looked for seldom, because much gives way at once.

use core::cmp::Reverse;

use gridtap_wire::FlowId;

use crate::{Config, Counters};

/// What is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Held {
    octets: usize,
    requests: usize,
}

impl Held {
    pub(crate) const fn of(octets: usize, requests: usize) -> Self {
        Self { octets, requests }
    }

    /// Octets of room.
    pub(crate) const fn octets(self) -> usize {
        self.octets
    }

    /// Requests that wait.
    pub(crate) const fn requests(self) -> usize {
        self.requests
    }

    /// Of all, after one has changed.
    #[inline]
    pub(crate) const fn moved(self, before: Self, after: Self) -> Self {
        Self {
            octets: self.octets.saturating_sub(before.octets).saturating_add(after.octets),
            requests: self.requests.saturating_sub(before.requests).saturating_add(after.requests),
        }
    }

    /// Whether all hold no more than is enough, of octets or else of requests.
    pub(crate) const fn is_within(self, enough: Self, octets: bool) -> bool {
        if octets { self.octets <= enough.octets } else { self.requests <= enough.requests }
    }

    /// Whether all hold more than they may.
    #[inline]
    pub(crate) const fn exceeds(self, config: &Config) -> bool {
        self.octets > config.held_octets_max || self.requests > config.pending_of_all_max
    }
}

/// How much a conversation has proved itself; the lowest gives way first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    /// It speaks nothing that is known.
    Unrecognised,
    /// Nobody has answered in it.
    Unanswered,
    /// A request was answered.
    Answered,
    /// It is of some age besides.
    Established,
}

/// The order in which they give way; one that holds much gives way entirely before the next does.
pub(crate) const IN_TURN: [Standing; 4] =
    [Standing::Unrecognised, Standing::Unanswered, Standing::Answered, Standing::Established];

impl Standing {
    /// How much may be held when enough has given way: a quarter of room is made by those who proved nothing, a
    /// sixteenth by others. It is gone through all conversations each time, so that it must not be for little.
    pub(crate) fn enough(self, config: &Config) -> Held {
        let shift = if self <= Self::Unanswered { 2 } else { 4 };
        let below = |max: usize| max.saturating_sub(max >> shift);
        Held::of(below(config.held_octets_max), below(config.pending_of_all_max))
    }

    /// The count of conversations that gave way.
    pub(crate) const fn count(self, counters: &mut Counters) -> &mut u64 {
        match self {
            Self::Unrecognised => &mut counters.held_evicted_unrecognised,
            Self::Unanswered => &mut counters.held_evicted_unanswered,
            Self::Answered => &mut counters.held_evicted_answered,
            Self::Established => &mut counters.held_evicted_established,
        }
    }
}

/// One that holds something.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Holder {
    pub(crate) flow: FlowId,
    pub(crate) standing: Standing,
    pub(crate) held: Held,
    /// The later it began, the sooner it gives way.
    pub(crate) number: u64,
}

/// Puts those first that hold most, of octets or else of requests, and of those the youngest.
pub(crate) fn put_in_turn(holders: &mut [Holder], octets: bool) {
    holders.sort_unstable_by_key(|holder| {
        let much = if octets { holder.held.octets } else { holder.held.requests };
        (holder.standing, Reverse(much), Reverse(holder.number))
    });
}
