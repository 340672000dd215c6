//! What a segment says that repeats octets with other content.

use core::ops::Range;

use gridtap_modbus::{Header, Side};
use gridtap_model::{Direction, Faults};

use super::framing::{Framing, Message, is_exact};
use super::session::Session;
use crate::stage::{Speakers, Stage};

/// Octets of a header with its unit.
const HEADER_OCTETS: usize = 7;
/// Octets of the longest message.
const ADU_OCTETS_MAX: usize = 260;

impl Session {
    /// Judges the messages of a copy whose place in the stream is taken by other octets, where it consists of whole
    /// messages, or makes such with what stands around it.
    pub(crate) fn second_copy(
        &mut self,
        stage: &mut Stage<'_>,
        speakers: &Speakers,
        direction: Direction,
        octets: &[u8],
        copy: Range<usize>,
    ) {
        if self.framing != Framing::Mbap {
            return;
        }
        let side = self.side(direction);
        let alone = octets.get(copy.clone()).unwrap_or_default();
        let said = if messages(alone).all(|message| message.is_some()) {
            alone
        } else {
            around(octets, &copy, side)
        };
        for message in messages(said).flatten() {
            if self.recent.note(message.digest(stage, direction)) {
                continue;
            }
            let counter = &mut stage.shared.counters.second_copies;
            *counter = counter.saturating_add(1);
            match side {
                Side::Client => {
                    self.request(stage, speakers, &message);
                    self.exchange.excuse_last();
                }
                Side::Server => self.response(stage, speakers, &message),
            }
        }
    }
}

/// The whole messages that a part of one makes with what stands before and behind it; none where there are none. The
/// format has no mark of a beginning, so each place is tried, every message has to be exact, and what explains most of
/// the copy counts.
fn around<'a>(octets: &'a [u8], copy: &Range<usize>, side: Side) -> &'a [u8] {
    let exact = |message: &Option<Message<'_>>| {
        message.as_ref().is_some_and(|message| is_exact(message.pdu, side))
    };
    let mut best: (usize, &[u8]) = (0, &[]);
    for start in copy.start.saturating_sub(ADU_OCTETS_MAX)..copy.end {
        // What begins here can explain no more than what is left: nobody makes this quadratic.
        if best.0 >= copy.end.saturating_sub(start.max(copy.start)) {
            break;
        }
        let mut end = start;
        for message in messages(octets.get(start..).unwrap_or_default()).take_while(exact).flatten()
        {
            end = end.saturating_add(HEADER_OCTETS).saturating_add(message.pdu.len());
            if end >= copy.end {
                break;
            }
        }
        let explained = end.min(copy.end).saturating_sub(start.max(copy.start));
        if explained > best.0 {
            best = (explained, octets.get(start..end).unwrap_or_default());
        }
    }
    best.1
}

/// The messages of a segment, one behind the other; None where there is anything else.
fn messages(segment: &[u8]) -> impl Iterator<Item = Option<Message<'_>>> {
    let mut rest = segment;
    core::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let whole = rest;
        rest = &[];
        Some(split(whole).map(|(message, behind)| {
            rest = behind;
            message
        }))
    })
}

/// The message at the head, and what is behind it.
fn split(bytes: &[u8]) -> Option<(Message<'_>, &[u8])> {
    let header = Header::at(bytes).filter(|header| header.protocol == 0)?;
    let (octets, behind) = bytes.split_at_checked(header.frame_octets())?;
    let pdu = octets.get(HEADER_OCTETS..).filter(|pdu| !pdu.is_empty())?;
    let (transaction, unit) = (header.transaction, header.unit);
    Some((Message { transaction, unit, pdu, faults: Faults::NONE }, behind))
}
