//! What a segment says that repeats octets with other content.

use gridtap_modbus::{Header, Side};
use gridtap_model::{Direction, Faults};

use super::framing::{Framing, Message};
use super::session::Session;
use crate::stage::{Speakers, Stage};

/// Octets of a header with its unit.
const HEADER_OCTETS: usize = 7;

impl Session {
    /// Judges the messages of a segment whose place in the stream is taken by other octets. Only where it consists of
    /// whole messages: of a part nobody can tell where it begins.
    pub(crate) fn second_copy(
        &mut self,
        stage: &mut Stage<'_>,
        speakers: &Speakers,
        direction: Direction,
        segment: &[u8],
    ) {
        if self.framing != Framing::Mbap || messages(segment).any(|message| message.is_none()) {
            return;
        }
        for message in messages(segment).flatten() {
            if self.recent.note(message.digest(stage)) {
                continue;
            }
            let counter = &mut stage.shared.counters.second_copies;
            *counter = counter.saturating_add(1);
            match self.side(direction) {
                Side::Client => {
                    self.request(stage, speakers, &message);
                    self.exchange.excuse_last();
                }
                Side::Server => self.response(stage, speakers, &message),
            }
        }
    }
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
