//! Who of the two asks.
//!
//! No single sign settles it: anyone can send from port 502, a device may call its master, the beginning may be
//! missed, and a hostile client sends what only a device would. So each sign has its weight, and the sum decides:
//!
//! | sign | weight | for |
//! |---|---|---|
//! | a message that is exact as a request or as an answer, and not as both | 4 | its sender, or the other |
//! | a SYN | 3 | its sender |
//! | a refusal (function code of 128 or more) | 3 | the receiver |
//! | Modbus is at home at the port of one side alone | 2 | the other side |
//! | else: the port of one side alone is ephemeral | 2 | that side |
//! | the first to speak, of a conversation heard from its start or of datagrams | 1 | the speaker |
//!
//! A tie goes to the first to speak. So a SYN and the first word (4) outweigh the port (2): a client may send
//! from port 502. The port and a refusal (5) outweigh both: a device that calls its master and refuses. All
//! three together (6) outweigh any shape: what a client sends to port 502 is a request, however it looks.
//! Where the signs beside the shape weigh less than a shape, the roles stay open until the first message
//! that can go one way only, or the first answer that fits.

use gridtap_modbus::Side;
use gridtap_model::{Direction, Endpoint, Transport};

use super::framing::is_exact;
use super::recognise::Scent;
use crate::stage::Speakers;

const SHAPE: i8 = 4;
const SYN: i8 = 3;
const REFUSAL: i8 = 3;
const PORT: i8 = 2;
const FIRST: i8 = 1;

/// Ports from which systems choose for those who ask.
const EPHEMERAL_MIN: u16 = 32_768;

/// Who asks, and how surely.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Roles {
    /// The direction of requests.
    pub(crate) client: Direction,
    /// A message that can go one way only may still turn them round.
    pub(crate) open: bool,
}

/// Weighs the signs, with a PDU heard in `direction`.
pub(crate) fn roles(
    speakers: &Speakers,
    scent: &Scent<'_>,
    direction: Direction,
    pdu: &[u8],
) -> Roles {
    let refuses = pdu.first().is_some_and(|function| *function >= 128);
    roles_by(speakers, scent, direction, shape(pdu), refuses)
}

/// Weighs the signs, with a message of this shape heard in `direction`.
pub(crate) fn roles_by(
    speakers: &Speakers,
    scent: &Scent<'_>,
    direction: Direction,
    shape: Option<Side>,
    refuses: bool,
) -> Roles {
    let mut sum = port(speakers);
    if speakers.handshake {
        sum = sum.saturating_add(SYN);
    }
    if scent.from_start || speakers.transport == Transport::Udp {
        sum = sum.saturating_add(towards(scent.first, FIRST));
    }
    let open = sum.abs() < SHAPE;
    let shape = match shape {
        _ if refuses => towards(direction.reversed(), REFUSAL),
        Some(Side::Client) => towards(direction, SHAPE),
        Some(Side::Server) => towards(direction.reversed(), SHAPE),
        None => 0,
    };
    let client = match sum.saturating_add(shape) {
        1.. => Direction::Forward,
        0 => scent.first,
        _ => Direction::Backward,
    };
    Roles { client, open }
}

const fn towards(direction: Direction, points: i8) -> i8 {
    match direction {
        Direction::Forward => points,
        Direction::Backward => points.saturating_neg(),
    }
}

fn port(speakers: &Speakers) -> i8 {
    let ends = [speakers.first, speakers.second];
    let ephemeral = |end: Endpoint| end.port >= EPHEMERAL_MIN;
    match (speakers.at_home, ends.map(ephemeral)) {
        ([false, true], _) | ([false, false] | [true, true], [true, false]) => PORT,
        ([true, false], _) | ([false, false] | [true, true], [false, true]) => {
            PORT.saturating_neg()
        }
        _ => 0,
    }
}

/// The side that must have sent a PDU; none where both may have.
pub(crate) fn shape(pdu: &[u8]) -> Option<Side> {
    match (is_exact(pdu, Side::Client), is_exact(pdu, Side::Server)) {
        (true, false) => Some(Side::Client),
        (false, true) => Some(Side::Server),
        _ => None,
    }
}
