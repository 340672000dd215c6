//! Whether bytes are Modbus, told by their structure.

use gridtap_modbus::{FunctionCode, FunctionKind, Header, Side, crc16, mbap, rtu};
use gridtap_model::{Direction, Endpoint, Protocol, Transport};

use super::damaged::{Damaged, damaged, is_begun};
use super::framing::{Framing, is_exact, is_plausible, is_whole_rtu};
use super::roles::{Roles, roles, roles_by};
use crate::stage::Speakers;

/// What a conversation has shown before its protocol is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scent<'a> {
    /// The bytes of each direction, forward first: a stream from its first octet heard, or the last datagram.
    pub(crate) bytes: [&'a [u8]; 2],
    /// The direction that spoke first.
    pub(crate) first: Direction,
    /// The streams begin with the connection: nothing came before.
    pub(crate) from_start: bool,
    /// Nothing more will come.
    pub(crate) at_end: bool,
    /// RTU datagrams seen before.
    pub(crate) rtu_before: u8,
}

/// What the bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recognised {
    /// Modbus, and who asks.
    As(Framing, Roles),
    /// One RTU frame: another would settle it.
    PerhapsRtu,
    /// Too little to tell.
    Wait,
    /// Not Modbus.
    No,
}

const DIRECTIONS: [Direction; 2] = [Direction::Forward, Direction::Backward];

/// Tells Modbus by its structure. On a port of ours one frame will do, whatever its function; elsewhere it
/// must be exact to the octet, or be two.
pub(crate) fn recognise(speakers: &Speakers, scent: &Scent<'_>, length_max: u16) -> Recognised {
    let ours = speakers.ours();
    let udp = speakers.transport == Transport::Udp;
    let mut open = false;
    for (direction, bytes) in in_order(scent) {
        match head(bytes, ours, udp, scent.at_end, length_max) {
            Head::Frame(pdu) => {
                return Recognised::As(Framing::Mbap, roles(speakers, scent, direction, pdu));
            }
            Head::Damaged(pdu) => {
                // How much of it has come changes what it looks like: its shape tells nothing of who asks.
                let refuses = pdu.first().is_some_and(|function| *function >= 128);
                let roles = roles_by(speakers, scent, direction, None, refuses);
                return Recognised::As(Framing::Mbap, roles);
            }
            Head::More => open = true,
            Head::No => {}
        }
        if (ours || !scent.from_start)
            && !udp
            && let Some(pdu) = within(bytes, ours && !scent.from_start, length_max)
        {
            return Recognised::As(Framing::Mbap, roles(speakers, scent, direction, pdu));
        }
    }
    match recognise_rtu(speakers, scent, ours) {
        Recognised::No if open && !scent.at_end => Recognised::Wait,
        other => other,
    }
}

fn in_order<'a>(scent: &Scent<'a>) -> impl Iterator<Item = (Direction, &'a [u8])> {
    let [forward, backward] = scent.bytes;
    let [first, second] = match scent.first {
        Direction::Forward => DIRECTIONS,
        Direction::Backward => [Direction::Backward, Direction::Forward],
    };
    let of = move |direction| match direction {
        Direction::Forward => forward,
        Direction::Backward => backward,
    };
    [(first, of(first)), (second, of(second))].into_iter().filter(|(_, bytes)| !bytes.is_empty())
}

/// Whether the registered port of Modbus is here.
pub(crate) fn is_ours(endpoint: Endpoint) -> bool {
    Protocol::of_port(endpoint.port) == Protocol::Modbus
}

/// What the first octets of a stream, or a whole datagram, are.
enum Head<'a> {
    Frame(&'a [u8]),
    /// A message whose header does not fit it.
    Damaged(&'a [u8]),
    More,
    No,
}

fn head(bytes: &[u8], ours: bool, udp: bool, at_end: bool, length_max: u16) -> Head<'_> {
    let more = if udp { Head::No } else { Head::More };
    let Some(header) = Header::at(bytes) else { return more };
    let whole = is_plausible(&header, length_max).then(|| mbap(bytes, length_max));
    let Some(Ok((adu, rest))) = whole else {
        return match damaged(&header, bytes, length_max) {
            Damaged::Message(pdu) if ours => Head::Damaged(pdu),
            _ if whole.is_some() && ours && at_end && !udp && is_begun(&header, bytes) => {
                Head::Damaged(bytes.get(7..).unwrap_or_default())
            }
            Damaged::More if ours => more,
            _ if whole.is_some() => more,
            _ => Head::No,
        };
    };
    let exact = is_exact(adu.pdu, Side::Client) || is_exact(adu.pdu, Side::Server);
    if udp
        && !rest.is_empty()
        && !(ours && exact)
        && Header::at(rest).is_none_or(|next| !is_plausible(&next, length_max))
    {
        return Head::No;
    }
    if ours || (exact && adu.pdu.len() > 1) {
        return Head::Frame(adu.pdu);
    }
    match Header::at(rest) {
        Some(next) if is_plausible(&next, length_max) && next.unit == adu.unit => {
            Head::Frame(adu.pdu)
        }
        Some(_) => Head::No,
        None => Head::More,
    }
}

/// A frame somewhere in a stream that begins otherwise, or whose beginning was not heard: exact, of more than a
/// refusal, and with another right behind it; `alone`, also with nothing behind it. Numbers in other protocols look
/// like a frame now and then, but what follows them does not.
fn within(bytes: &[u8], alone: bool, length_max: u16) -> Option<&[u8]> {
    for at in 1..bytes.len() {
        let here = bytes.get(at..)?;
        let header = Header::at(here)?;
        if !is_plausible(&header, length_max) {
            continue;
        }
        let Ok((adu, rest)) = mbap(here, length_max) else { continue };
        let exact = is_exact(adu.pdu, Side::Client) || is_exact(adu.pdu, Side::Server);
        let followed = Header::at(rest)
            .is_some_and(|next| is_plausible(&next, length_max) && next.unit == adu.unit);
        if exact && adu.pdu.len() > 2 && (followed || alone && rest.is_empty()) {
            return Some(adu.pdu);
        }
    }
    None
}

/// RTU frames by their CRC, two of them unless nothing more will come; where RTU was answered before, one, of
/// whatever function.
fn recognise_rtu(speakers: &Speakers, scent: &Scent<'_>, ours: bool) -> Recognised {
    let mut frames = usize::from(scent.rtu_before);
    let mut found = None;
    let mut open = false;
    for (direction, bytes) in in_order(scent) {
        let mut rest = bytes;
        if speakers.rtu
            && let Some(pdu) = whole_by_crc(bytes)
        {
            return Recognised::As(Framing::Rtu, roles(speakers, scent, direction, pdu));
        }
        while !rest.is_empty() {
            let Some((pdu, after)) = rtu_frame(rest) else { break };
            frames = frames.saturating_add(1);
            found = found.or(Some((direction, pdu)));
            rest = after;
        }
        open |= !rest.is_empty() && speakers.transport == Transport::Tcp && rtu_may_follow(rest);
    }
    let Some((direction, pdu)) = found else {
        return if open && !scent.at_end { Recognised::Wait } else { Recognised::No };
    };
    if frames >= 2 || (scent.at_end && ours) {
        return Recognised::As(Framing::Rtu, roles(speakers, scent, direction, pdu));
    }
    if scent.at_end { Recognised::No } else { Recognised::PerhapsRtu }
}

/// All of the bytes as one frame, by its CRC alone.
fn whole_by_crc(bytes: &[u8]) -> Option<&[u8]> {
    const FRAME_OCTETS_MAX: usize = 256;
    let fits = (4..=FRAME_OCTETS_MAX).contains(&bytes.len()) && crc16(bytes) == 0;
    fits.then(|| bytes.get(1..bytes.len().checked_sub(2)?)).flatten()
}

/// The frame of a public function at the head, by its CRC.
pub(crate) fn rtu_frame(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    [Side::Client, Side::Server].into_iter().find_map(|side| {
        let (frame, rest) = rtu(bytes, side).ok()?;
        let whole = bytes.get(..bytes.len().checked_sub(rest.len())?)?;
        (is_public(frame.pdu) && is_whole_rtu(whole, side) && is_exact(frame.pdu, side))
            .then_some((frame.pdu, rest))
    })
}

/// The octets may be the beginning of an RTU frame of a public function.
fn rtu_may_follow(bytes: &[u8]) -> bool {
    let Some(function) = bytes.get(1) else { return true };
    is_public(&[*function])
        && [Side::Client, Side::Server]
            .into_iter()
            .any(|side| matches!(rtu(bytes, side), Err(gridtap_modbus::FrameError::Incomplete)))
}

fn is_public(pdu: &[u8]) -> bool {
    pdu.first().is_some_and(|octet| FunctionCode::of(*octet).kind() == FunctionKind::Public)
}
