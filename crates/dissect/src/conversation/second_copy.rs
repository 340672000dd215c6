//! A segment that says other octets than those heard before it at the same place.

use gridtap_model::{Direction, LinkEvent};

use super::{Conversation, Speech};
use crate::stage::Stage;

impl Conversation {
    /// Says that octets differ, and has the messages of the segment judged beside those heard first: which of the two
    /// the receiver took nobody can tell from here.
    pub(super) fn overlap(
        &mut self,
        stage: &mut Stage<'_>,
        direction: Direction,
        bytes: u32,
        segment: &[u8],
    ) {
        self.oddity(stage, direction, LinkEvent::OverlapDiffers { bytes });
        // Judged, and no line of `decode`: that is the stream as one of the copies makes it.
        let records = core::mem::replace(&mut stage.shared.records, false);
        match &mut self.speech {
            Speech::Modbus(session) => {
                session.second_copy(stage, &self.speakers, direction, segment);
            }
            Speech::Dnp3(session) => {
                session.second_copy(stage, &self.speakers, direction, segment);
            }
            Speech::Tasting(_) | Speech::Tls(_) | Speech::Foreign(_) => {}
        }
        stage.shared.records = records;
    }
}
