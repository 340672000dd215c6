//! Whether bytes are DNP3, told by a link header that ends in its CRC; and which side is the master.

use gridtap_dnp3::{Ending, FRAME_OCTETS_MAX, Found, LinkHeader, frame};
use gridtap_model::{Direction, Endpoint, Protocol, Transport};

use crate::modbus::Scent;
use crate::stage::Speakers;

/// What the bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recognised {
    /// DNP3, with the direction in which the client speaks.
    As(Direction),
    /// The beginning of what may be a frame.
    Wait,
    /// Not DNP3.
    No,
}

/// Whether the registered port of DNP3 is here.
pub(crate) fn is_home(endpoint: Endpoint) -> bool {
    Protocol::of_port(endpoint.port) == Protocol::Dnp3
}

/// Tells DNP3 by its structure, on any port: a whole link header at the head of a stream or datagram, or within it a
/// whole frame, or two headers. By chance eight octets of a header are right once in 4 billion places.
pub(crate) fn recognise(speakers: &Speakers, scent: &Scent<'_>) -> Recognised {
    let [forward, backward] = scent.bytes;
    let mut open = false;
    for (direction, bytes) in [(Direction::Forward, forward), (Direction::Backward, backward)] {
        let found = LinkHeader::at(bytes).map_or_else(|| within(bytes), Within::Frame);
        match found {
            Within::Frame(header) => {
                let from_master = header.control.from_master();
                let master = if from_master { direction } else { direction.reversed() };
                return Recognised::As(client(speakers, master));
            }
            Within::Begun => open = true,
            Within::Nothing => {}
        }
    }
    if open && !scent.at_end { Recognised::Wait } else { Recognised::No }
}

/// How many octets may come before a header where the first that were heard, in direction `first`, may be the middle of a
/// frame: in mid-session, and where a device speaks first, on a line that was at work before the connection.
pub(crate) fn may_begin_within(speakers: &Speakers, first: Direction) -> Option<usize> {
    let home = [is_home(speakers.first), is_home(speakers.second)];
    let device_first = match first {
        Direction::Forward => home == [true, false],
        Direction::Backward => home == [false, true],
    };
    let stream = speakers.transport == Transport::Tcp;
    let within = stream && home.contains(&true) && (!speakers.handshake || device_first);
    within.then_some(FRAME_OCTETS_MAX)
}

/// The header at the head of the bytes of one event.
pub(crate) fn begins(speakers: &Speakers, direction: Direction, bytes: &[u8]) -> Option<Direction> {
    let header = LinkHeader::at(bytes)?;
    let from_master = header.control.from_master();
    Some(client(speakers, if from_master { direction } else { direction.reversed() }))
}

/// What is somewhere in a stream.
enum Within {
    Frame(LinkHeader),
    Begun,
    Nothing,
}

fn within(bytes: &[u8]) -> Within {
    let mut rest = bytes;
    let mut headers = 0_u8;
    loop {
        let octets = match frame(rest, Ending::Open) {
            Found::Frame(frame) => return Within::Frame(frame.header),
            Found::Damaged(damaged) if headers > 0 => return Within::Frame(damaged.header),
            Found::Damaged(damaged) => {
                headers = headers.saturating_add(1);
                damaged.octets()
            }
            Found::Skipped(skipped) => skipped.octets,
            // A header that is whole and right, or what may become one at the head of all.
            Found::More(_) if LinkHeader::at(rest).is_some() => return Within::Begun,
            Found::More(_) if rest.len() == bytes.len() && !bytes.is_empty() => {
                return Within::Begun;
            }
            Found::More(_) => return Within::Nothing,
        };
        rest = rest.get(octets..).unwrap_or_default();
    }
}

/// Who is the client: a device may open a connection to its master. A port of DNP3 on one side settles it; else the
/// SYN; else the master asks.
fn client(speakers: &Speakers, master: Direction) -> Direction {
    match (is_home(speakers.first), is_home(speakers.second)) {
        (false, true) => Direction::Forward,
        (true, false) => Direction::Backward,
        _ if speakers.handshake => Direction::Forward,
        _ => master,
    }
}
