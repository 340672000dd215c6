//! What is known of one direction of a TCP connection.

use gridtap_model::{Span, Timestamp};

use crate::history::History;
use crate::waiting::{Waiting, distance};

/// How sure the place in a direction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Base {
    /// Nothing was heard of it.
    #[default]
    Unknown,
    /// Its first data came without a SYN; octets before it may still come.
    Starting,
    /// The other side acknowledged up to here; nothing was delivered.
    Acknowledged,
    /// From the SYN, or by what was delivered.
    Firm,
}

/// What the checksums of a direction were like. Saturating: only whether there were three wrong ones matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Checks {
    /// One was right.
    pub(crate) right: bool,
    /// Wrong ones are the work of the capturing host: named already.
    pub(crate) offloaded: bool,
    /// Wrong ones so far.
    pub(crate) wrong: u8,
}

/// Wrong checksums, with none right, that are taken for the capturing host's work.
pub(crate) const WRONG_ENOUGH: u8 = 3;

/// One direction of a TCP connection. Small: there are two in each flow of the table.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    /// The sequence number of the next octet to deliver.
    pub(crate) next: u32,
    /// Its initial sequence number, where `syn` is set.
    pub(crate) initial: u32,
    /// How far the other side has acknowledged.
    pub(crate) acknowledged: u32,
    /// When it acknowledged that.
    pub(crate) acknowledged_at: Timestamp,
    /// Octets up to here that were not heard are in the flow's `unheard`.
    pub(crate) charged: u32,
    /// Data that needs this direction up to here waits no more.
    pub(crate) excused: u32,
    /// The octets last given up as a gap, which the receiver had not acknowledged.
    pub(crate) lost: Option<(u32, u32)>,
    /// What this side last said that it can take, before the scale.
    pub(crate) window: u16,
    /// The scale of its windows, of its SYN.
    pub(crate) scale: u8,
    pub(crate) base: Base,
    pub(crate) checks: Checks,
    /// A SYN was heard.
    pub(crate) syn: bool,
    /// Its end was reached.
    pub(crate) finished: bool,
    /// Times in a row that the other direction waited in vain for this one.
    pub(crate) absent: u8,
    pub(crate) history: History,
    pub(crate) waiting: Option<Box<Waiting>>,
}

/// Times in a row that data waits in vain for the other direction before it waits no more.
pub(crate) const ABSENT_MAX: u8 = 3;

impl Stream {
    /// Begins, or begins anew, at a sequence number.
    pub(crate) fn start(&mut self, base: Base, next: u32) {
        self.base = base;
        self.next = next;
        self.acknowledged = next;
        self.charged = next;
        self.excused = next;
        self.lost = None;
        self.history.forget();
    }

    /// The place is known well enough for what is heard to be judged by it.
    pub(crate) const fn is_placed(&self) -> bool {
        matches!(self.base, Base::Firm | Base::Acknowledged)
    }

    /// Data that acknowledges this direction up to `needs` has nothing to wait for: it was heard that far, or there is
    /// no sign that it will be.
    pub(crate) fn reaches(&self, needs: u32) -> bool {
        matches!(self.base, Base::Unknown | Base::Acknowledged)
            || self.absent >= ABSENT_MAX
            || distance(self.next, needs) <= 0
            || distance(self.excused, needs) <= 0
    }

    /// How many octets this side can take beyond what it acknowledged; a small window is taken for a scaled one.
    pub(crate) fn window_octets(&self) -> u32 {
        u32::from(self.window).checked_shl(u32::from(self.scale)).unwrap_or(u32::MAX).max(65_535)
    }

    pub(crate) fn waiting_or_new(&mut self) -> &mut Waiting {
        self.waiting.get_or_insert_default()
    }

    /// Octets held.
    pub(crate) fn cost(&self) -> usize {
        self.waiting.as_ref().map_or(0, |waiting| waiting.cost())
    }

    /// Gives back what holds nothing.
    pub(crate) fn tidy(&mut self) {
        if self.waiting.as_ref().is_some_and(|waiting| waiting.is_empty()) {
            self.waiting = None;
        }
    }

    /// The first piece waits for octets that the receiver has acknowledged.
    pub(crate) fn hole_is_acknowledged(&self) -> bool {
        self.waiting
            .as_ref()
            .and_then(|waiting| waiting.first())
            .is_some_and(|first| distance(first.sequence, self.acknowledged) >= 0)
    }

    /// Keeps sequence numbers that are only compared from falling so far behind that they would seem ahead.
    pub(crate) fn refresh(&mut self) {
        const FAR: u32 = 1 << 30;
        for number in [&mut self.acknowledged, &mut self.charged, &mut self.excused] {
            if distance(*number, self.next) > FAR.cast_signed() {
                *number = self.next.wrapping_sub(FAR);
            }
        }
    }

    /// Sets when what blocks the first piece is given up.
    pub(crate) fn set_deadline(&mut self, order_patience: Span, gap_patience: Span) {
        let (order, gap) = (order_patience.nanos(), gap_patience.nanos());
        let acknowledged = self.hole_is_acknowledged();
        let (placed, next, acknowledged_at) = (self.is_placed(), self.next, self.acknowledged_at);
        let Some(waiting) = &mut self.waiting else { return };
        let since = waiting.since;
        let doubtful = waiting.doubtful.first().map(|piece| piece.at.time.max(since).plus_ns(gap));
        let blocked = waiting.first().map(|first| {
            if !placed || first.sequence == next {
                first.at.time.plus_ns(order)
            } else if acknowledged {
                first.at.time.max(acknowledged_at).plus_ns(order)
            } else {
                first.at.time.max(since).plus_ns(gap)
            }
        });
        waiting.deadline = match (doubtful, blocked) {
            (Some(doubtful), Some(blocked)) => doubtful.min(blocked),
            (one, other) => one.or(other).unwrap_or(Timestamp::MAX),
        };
    }
}
