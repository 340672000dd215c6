//! What a conversation holds, and how it gives way where all hold too much.

use gridtap_model::{Span, Timestamp};

use super::{Conversation, Speech};
use crate::held::{Held, Standing};
use crate::stage::Stage;

/// How old a conversation is that gives way last: as old as a flow that does.
const ESTABLISHED_AGE: Span = Span::from_secs(30);

impl Conversation {
    /// What it holds beside its own size.
    #[inline]
    pub(crate) fn held(&self) -> Held {
        match &self.speech {
            Speech::Modbus(session) => session.held(),
            Speech::Dnp3(session) => session.held(),
            Speech::Tasting(tasting) => Held::of(tasting.room_octets(), 0),
            Speech::Foreign(Some(second)) => Held::of(second.room_octets(), 0),
            Speech::Tls(_) | Speech::Foreign(None) => Held::default(),
        }
    }

    pub(crate) fn standing(&self, now: Timestamp) -> Standing {
        let answered = match &self.speech {
            Speech::Modbus(session) => session.exchange.paired,
            Speech::Dnp3(session) => session.is_answered(),
            Speech::Tasting(_) | Speech::Tls(_) | Speech::Foreign(_) => {
                return Standing::Unrecognised;
            }
        };
        match answered {
            false => Standing::Unanswered,
            true if now.since_ns(self.since) < ESTABLISHED_AGE.nanos() => Standing::Answered,
            true => Standing::Established,
        }
    }

    /// Forgets what was heard in part, and what waits; where `all` does, all that can be done without.
    pub(crate) fn give_way(&mut self, stage: &mut Stage<'_>, all: bool) {
        match &mut self.speech {
            Speech::Modbus(session) => session.give_way(stage, &self.speakers),
            Speech::Dnp3(session) => session.give_way(stage, &self.speakers, all),
            Speech::Tasting(tasting) => tasting.release(),
            Speech::Foreign(Some(second)) => second.release(),
            Speech::Tls(_) | Speech::Foreign(None) => {}
        }
    }
}
