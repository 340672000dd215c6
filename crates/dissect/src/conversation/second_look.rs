//! A conversation that began as none of ours, looked at again: one message that is no message, or a probe before the
//! session, must not make it foreign for ever.

use gridtap_model::Direction;
use gridtap_wire::Flow;

use super::{Conversation, Speech};
use crate::dnp3;
use crate::modbus::{Found, Scent, Session, agreed, found};
use crate::stage::Stage;
use crate::taste::{Mark, Tasting};

/// What is kept of it.
#[derive(Debug)]
pub(super) struct SecondLook {
    /// The last event, where it was a message to the octet; and what was forgotten before.
    tasting: Tasting,
    last: Option<(Direction, Found)>,
    /// Events that are looked at yet.
    looks: u16,
}

impl SecondLook {
    /// After what was said so far; none where nothing is to be looked at.
    pub(super) fn after(before: &mut Speech, looks: u16) -> Option<Box<Self>> {
        let mut tasting = match before {
            Speech::Tasting(tasting) => core::mem::take(&mut **tasting),
            _ => Tasting::default(),
        };
        tasting.clear();
        let mut rest = Tasting::default();
        // What was kept has its room given back: most conversations stay foreign.
        rest.forgotten = tasting.forgotten;
        rest.unheard = tasting.unheard;
        rest.lost = true;
        (looks > 0).then(|| Box::new(Self { tasting: rest, last: None, looks }))
    }

    /// Octets were said that are not kept.
    pub(super) fn forget(&mut self, octets: usize) {
        self.tasting.clear();
        self.last = None;
        self.tasting.forget(octets);
    }

    /// Octets of room that it takes beside its own size.
    pub(super) const fn room_octets(&self) -> usize {
        self.tasting.room_octets()
    }

    /// Gives that back.
    pub(super) fn release(&mut self) {
        self.last = None;
        self.tasting.release();
    }

    pub(super) fn gap(&mut self, direction: Direction, bytes: u64) {
        self.last = None;
        self.tasting.gap(direction, bytes);
    }
}

impl Conversation {
    /// Bytes of a conversation that was none of ours so far. Two events one behind the other that each begin with a
    /// message, exact to the octet, and agree with each other, or one event that begins with two, make it Modbus:
    /// one alone may be chance. A link header of DNP3 at the head of one ends in its CRC, which is enough.
    pub(super) fn look_again(
        &mut self,
        stage: &mut Stage<'_>,
        flow: &Flow,
        direction: Direction,
        bytes: &[u8],
    ) {
        let Speech::Foreign(Some(second)) = &mut self.speech else { return };
        let length_max = stage.shared.config.modbus_length_max;
        let Some(looks) = second.looks.checked_sub(1) else {
            self.speech = Speech::Foreign(None);
            return;
        };
        second.looks = looks;
        let mark = Mark::new(direction, stage.time, (stage.capture, stage.frame));
        if let Some(client) = dnp3::begins(&self.speakers, direction, bytes) {
            second.forget(0);
            let tasting = core::mem::take(&mut second.tasting);
            self.speech = Speech::Tasting(Box::new(tasting));
            let session = Box::new(dnp3::Session::new(client));
            self.become_known(stage, flow, Speech::Dnp3(session), Some((mark, bytes)));
            return;
        }
        let Some(now) = found(bytes, length_max) else {
            second.forget(bytes.len());
            return;
        };
        let before = second.last.filter(|(_, before)| before.framing == now.framing);
        let agrees = before.filter(|before| agreed(*before, (direction, now)));
        if agrees.is_none() && !now.twice {
            second.forget(0);
            let bytes_max = stage.shared.config.tasting_bytes_max;
            if second.tasting.keep(mark, bytes, bytes_max) {
                second.last = Some((direction, now));
            } else {
                second.tasting.forget(bytes.len());
            }
            return;
        }
        if agrees.is_none() {
            second.forget(0);
        }
        let first = agrees.map_or(direction, |(first, _)| first);
        let scent =
            Scent { bytes: [&[], &[]], first, from_start: false, at_end: false, rtu_before: 0 };
        let roles = now.roles(&self.speakers, &scent, direction, agrees);
        let tasting = core::mem::take(&mut second.tasting);
        self.speech = Speech::Tasting(Box::new(tasting));
        let session = Box::new(Session::new(now.framing, roles));
        self.become_known(stage, flow, Speech::Modbus(session), Some((mark, bytes)));
    }
}
