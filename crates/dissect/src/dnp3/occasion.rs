//! The standard's own dialogues: what a master asks after a restart, for a clock that wants to be set, and first of
//! all on a new connection.

use gridtap_model::{Effect, Indications, Occasion, Timestamp};

/// A restart is over so long after the device says it no more.
const RESTART_NS: u64 = 60_000_000_000;
/// A master's first requests: so many, and in so long a time.
const OPENING_REQUESTS: u32 = 8;
const OPENING_NS: u64 = 60_000_000_000;

/// What a device says of itself, as far as it explains what it is asked.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Condition {
    restarted: bool,
    restart_until: Option<Timestamp>,
    needs_time: bool,
}

impl Condition {
    /// The indications of an answer or a report.
    pub(super) fn say(&mut self, indications: Indications, time: Timestamp) {
        let restarted = indications.has(Indications::RESTART);
        if self.restarted && !restarted {
            self.restart_until = Some(time.plus_ns(RESTART_NS));
        }
        self.restarted = restarted;
        self.needs_time = indications.has(Indications::NEED_TIME);
    }

    /// The clock was set.
    pub(super) fn set_time(&mut self) {
        self.needs_time = false;
    }

    fn explains(&self, effect: Effect, time: Timestamp) -> Occasion {
        if self.restarted || self.restart_until.is_some_and(|until| time <= until) {
            Occasion::Restart
        } else if self.needs_time && effect == Effect::ClockSet {
            Occasion::NeedTime
        } else {
            Occasion::None
        }
    }
}

/// How many requests a master has sent since the conversation began.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Opening {
    requests: u32,
    first: Option<Timestamp>,
}

impl Opening {
    /// One more request: what explains it. `from_start` where none was missed.
    pub(super) fn next(
        &mut self,
        condition: &Condition,
        effect: Effect,
        time: Timestamp,
        from_start: bool,
    ) -> Occasion {
        let first = *self.first.get_or_insert(time);
        self.requests = self.requests.saturating_add(1);
        let explained = condition.explains(effect, time);
        let opening =
            from_start && self.requests <= OPENING_REQUESTS && time.since_ns(first) <= OPENING_NS;
        if explained == Occasion::None && opening { Occasion::Opening } else { explained }
    }
}
