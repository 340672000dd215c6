//! What a conversation speaks, and what is asked of the session that knows it.

use gridtap_model::Direction;

use super::second_look::SecondLook;
use crate::account::Account;
use crate::dnp3;
use crate::modbus::Session;
use crate::stage::{Circumstances, Speakers, Stage};
use crate::taste::Tasting;

/// What it speaks.
#[derive(Debug)]
pub(super) enum Speech {
    /// Not known yet.
    Tasting(Box<Tasting>),
    Modbus(Box<Session>),
    Dnp3(Box<dnp3::Session>),
    /// So many bytes of TLS.
    Tls(u64),
    /// None of ours so far; looked at again while there is something to look with.
    Foreign(Option<Box<SecondLook>>),
}

impl Speech {
    /// Bytes of a conversation that is recognised.
    pub(super) fn hear(
        &mut self,
        stage: &mut Stage<'_>,
        speakers: &Speakers,
        direction: Direction,
        bytes: &[u8],
    ) {
        match self {
            Self::Modbus(session) => session.hear(stage, speakers, direction, bytes),
            Self::Dnp3(session) => session.hear(stage, speakers, direction, bytes),
            Self::Tasting(_) | Self::Tls(_) | Self::Foreign(_) => {}
        }
    }

    /// The direction of requests.
    pub(super) fn asking(&self) -> Option<Direction> {
        match self {
            Self::Modbus(session) => Some(session.client),
            Self::Dnp3(session) => Some(session.asking()),
            Self::Tasting(_) | Self::Tls(_) | Self::Foreign(_) => None,
        }
    }

    /// What is known of its hosts.
    pub(super) const fn circumstances(&mut self) -> Option<&mut Circumstances> {
        match self {
            Self::Modbus(session) => Some(&mut session.circumstances),
            Self::Dnp3(session) => Some(session.circumstances()),
            Self::Tasting(_) | Self::Tls(_) | Self::Foreign(_) => None,
        }
    }

    /// Whether what is said in a direction is to be answered.
    pub(super) fn expects_reply(&self, direction: Direction) -> bool {
        match self {
            Self::Modbus(_) => true,
            // Either side may speak first, and say much that is not answered.
            Self::Dnp3(session) => session.expects_reply(direction),
            Self::Tasting(_) | Self::Tls(_) | Self::Foreign(_) => false,
        }
    }

    /// What waits now may have been answered unheard.
    pub(super) fn excuse(&mut self) {
        match self {
            Self::Modbus(session) => session.exchange.excuse(),
            Self::Dnp3(session) => session.excuse(),
            Self::Tasting(_) | Self::Tls(_) | Self::Foreign(_) => {}
        }
    }

    /// Octets of a direction were said unheard before what the session hears first.
    pub(super) fn begin_after_gap(&mut self, stage: &Stage<'_>, direction: Direction) {
        match self {
            Self::Modbus(session) => session.lose(stage),
            Self::Dnp3(session) => session.begin_after_gap(stage, direction),
            Self::Tasting(_) | Self::Tls(_) | Self::Foreign(_) => {}
        }
    }

    /// The side that speaks in `direction` acknowledges octets that the capture does not hold.
    pub(super) fn unheard(&mut self, stage: &Stage<'_>, direction: Direction) {
        match self {
            Self::Modbus(session) => session.lose(stage),
            Self::Dnp3(session) => session.unheard(stage, direction.reversed()),
            Self::Tasting(_) | Self::Tls(_) | Self::Foreign(_) => return,
        }
        if self.asking() == Some(direction) {
            self.excuse();
        }
    }

    /// The account of a conversation that is recognised.
    pub(super) fn account(&mut self) -> Option<&mut Account> {
        match self {
            Self::Modbus(session) => Some(&mut session.account),
            Self::Dnp3(session) => Some(session.account()),
            Self::Tasting(_) | Self::Tls(_) | Self::Foreign(_) => None,
        }
    }
}
