//! What a conversation holds, and how it gives way where all hold too much.

use gridtap_model::Direction;

use super::session::{Reading, Session};
use crate::held::Held;
use crate::stage::{Speakers, Stage};

impl Session {
    /// Whether a request was ever answered.
    pub(crate) fn is_answered(&self) -> bool {
        self.course.is_answered()
    }

    /// What is held beside the session itself.
    pub(crate) fn held(&self) -> Held {
        let held = self.course.held();
        let octets = held.octets().saturating_add(self.links.room_octets());
        Held::of(octets.saturating_add(self.streams_octets()), held.requests())
    }

    /// Gives way for want of room: what has come of frames and fragments counts as skipped, and what waits is forgotten,
    /// with the files that are open; where `all` does, also which links and dialogues there are. Who asks is still known.
    pub(crate) fn give_way(&mut self, stage: &mut Stage<'_>, speakers: &Speakers, all: bool) {
        for direction in [Direction::Forward, Direction::Backward] {
            self.links.doubt(direction);
            let mut reading = Reading { stage: &mut *stage, speakers, direction };
            self.end_both(&mut reading);
        }
        self.links.give_way(all);
        self.course.give_way(stage, all);
    }
}
