//! Binary states that change, and commands that have two ways.

use gridtap_model::{Point, Quality, Reading, Table, Value};

use super::super::control;

/// Changes of one message that are told.
pub(super) const FLIPS_MAX: usize = 64;

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
    pub(crate) told: Told,
}

/// How a state was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// In a poll of some points; the state before is that of the same poll.
    Poll,
    /// In a message about this point alone, which need not tell anything new: a poll of one point looks like that.
    Report,
    /// In an event: the device says that it changed.
    Event,
}

/// Keeps what differs from the state before, or may where that is not known.
pub(crate) fn flipped(
    flips: &mut Vec<Flip>,
    point: &Point,
    before: Option<Value>,
    reading: &Reading,
    told: Told,
) {
    let is_on = |value| match value {
        Some(Value::Bit(on)) => Some(on),
        _ => None,
    };
    let (Some(on), before) = (is_on(reading.value), is_on(before)) else { return };
    if before != Some(on) && flips.len() < FLIPS_MAX {
        let doubtful = is_doubtful(reading.quality);
        flips.push(Flip { table: point.table, index: point.index, before, on, doubtful, told });
    }
}

/// Which way a command moves a point, where it has two.
pub(super) fn closes(value: Value) -> Option<bool> {
    match value {
        Value::Bit(bit) => Some(bit),
        Value::Control(control) => Some(!control::opens(control)),
        _ => None,
    }
}

/// Whether a command moves it one of two ways.
pub(super) fn is_switch(point: &Point) -> bool {
    point.value.and_then(closes).is_some()
}

/// Whether what a device marks a state with makes it no state of the plant.
pub(super) fn is_doubtful(quality: Option<Quality>) -> bool {
    let bad = Quality::OFFLINE
        .with(Quality::RESTART)
        .with(Quality::COMMUNICATION_LOST)
        .with(Quality::LOCAL_FORCED)
        .with(Quality::REMOTE_FORCED);
    quality.is_some_and(|quality| quality.has(bad))
}
