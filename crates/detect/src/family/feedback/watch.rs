//! An accepted command, and what is heard of the points that should follow it.

use gridtap_baseline::Baseline;
use gridtap_model::{Device, Endpoint, Indications, Message, Timestamp, Value};

use super::is_doubtful;
use super::map::{Command, Follows, Place, Seen};

/// An accepted command that is followed.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) command: Command,
    pub(super) sent: Timestamp,
    pub(super) frame: u64,
    pub(super) master: Endpoint,
    /// By the command's own table; a bit that is read back where it was written has a detection of its own.
    pub(super) is_bit: bool,
    pub(super) done: bool,
    pub(super) learns: bool,
    /// Another point was commanded, or may have been, or one changed that says nothing, within the window: what moved may
    /// have moved for that.
    pub(super) crowded: bool,
    /// What followed it was learned.
    pub(super) learned: bool,
    pub(super) awaited: Vec<Awaited>,
    pub(super) seen: Vec<Seen>,
    /// Answers that said that no event waits.
    pub(super) empty: u8,
}

/// A point that should follow a command.
#[derive(Debug, Clone, Copy)]
pub(super) struct Awaited {
    pub(super) follows: Follows,
    pub(super) before: Option<bool>,
    pub(super) state: Shown,
}

impl Awaited {
    pub(super) fn limit_ns(&self) -> u64 {
        self.follows.limit_ms().saturating_mul(super::MILLISECOND_NS)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// It was not heard yet.
    Waits,
    /// It followed, or was there before.
    Settled,
    /// It was heard, and did not follow.
    Otherwise,
}

impl Watch {
    /// What followed the command, where nothing else may be why: this was the only command, and one point changed beside
    /// the one that was commanded.
    pub(super) fn effects(&self) -> &[Seen] {
        let others = self.seen.iter().filter(|seen| seen.place != self.command.place);
        if self.crowded || others.count() > 1 { &[] } else { &self.seen }
    }

    /// Learns what did not follow it, although it was heard.
    pub(super) fn learn_against(&self, device: &Device, baseline: &mut Baseline, now: Timestamp) {
        for awaited in self.awaited.iter().filter(|own| own.state == Shown::Otherwise) {
            self.command.unfollowed(device, baseline, now, &awaited.follows);
        }
    }
}

/// What a message shows of a point that was read, not written.
pub(super) fn shown(message: &Message<'_>, place: Place) -> Option<bool> {
    message.runs.iter().filter(|run| !run.written && run.table.code == place.0).find_map(|run| {
        let offset = place.1.checked_sub(run.first).filter(|offset| *offset < run.count)?;
        let reading = run.values.reading(offset)?;
        match reading.value? {
            Value::Bit(on) if !is_doubtful(reading.quality) => Some(on),
            _ => None,
        }
    })
}

/// Whether a device says that no event of any class waits in it (IEEE 1815, 4.2.2: the class bits of IIN1).
pub(super) fn no_event_waits(indications: Indications) -> bool {
    !indications.has(Indications::EVENTS_WAIT)
}
