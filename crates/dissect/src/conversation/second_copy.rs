//! What a direction says where its receiver took other octets than those heard first at the same place.

use core::ops::Range;

use gridtap_model::Direction;

use super::{Conversation, Speech};
use crate::stage::Stage;

impl Conversation {
    /// Has the messages of the other copy judged beside those heard first: which of the two the receiver took nobody can
    /// tell from here. `octets` are the copy at its place, with what stands around it.
    pub(super) fn other_copy(
        &mut self,
        stage: &mut Stage<'_>,
        direction: Direction,
        octets: &[u8],
        copy: Range<usize>,
    ) {
        // Judged, and no line of `decode`: that is the stream as one of the copies makes it.
        let records = core::mem::replace(&mut stage.shared.records, false);
        match &mut self.speech {
            Speech::Modbus(session) => {
                session.second_copy(stage, &self.speakers, direction, octets, copy);
            }
            Speech::Dnp3(session) => {
                session.second_copy(stage, &self.speakers, direction, octets, copy);
            }
            Speech::Tasting(_) | Speech::Tls(_) | Speech::Foreign(_) => {}
        }
        stage.shared.records = records;
    }
}
