//! What floods: the nth frame of each kind.
//!
//! All of a kind is drawn from its number, so that a flood never repeats itself and needs no memory.

use clap::ValueEnum;

use crate::frames::{End, PUSH_ACK, SYN, SYN_ACK, first_fragment, segment};

/// What somebody may flood with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Connections begun by one host, none of which is answered
    Syn,
    /// Connections that are answered and never completed
    HalfOpen,
    /// Connections begun by hosts that do not exist
    Spoofed,
    /// Reads of all units of very many gateways, each answered
    Units,
    /// Writes of one point after the other, each answered
    Points,
    /// First parts of datagrams whose rest never comes
    Fragments,
    /// A message of Modbus an octet a segment
    Tiny,
    /// Segments that say the same place otherwise
    Overlapping,
    /// Segments ahead of what never comes, in some hundred connections
    Ahead,
    /// Writes by hosts that do not exist
    Alerts,
}

/// Who takes part.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parties {
    /// A device that is polled.
    pub(crate) polled: End,
    /// A host in its network that nobody knows.
    pub(crate) stranger: End,
    /// Another, which answers Modbus.
    pub(crate) gateway: End,
}

const UNITS: u64 = 247;
const GATEWAYS: u64 = 200;
const CONNECTIONS: u64 = 300;
const AHEAD: [u8; 600] = [0; 600];

impl Kind {
    /// Writes the nth frame.
    pub(crate) fn write(self, nth: u64, parties: &Parties, frame: &mut Vec<u8>) {
        let Parties { polled, stranger, gateway } = *parties;
        let from_port = |nth: u64| End { port: 1_024 + low(nth % 60_000), ..stranger };
        match self {
            Self::Syn => segment(frame, [from_port(nth), polled], [mixed(nth), 0], SYN, &[]),
            Self::HalfOpen => {
                let (from, began) = (from_port(nth / 2), mixed(nth / 2));
                match nth % 2 {
                    0 => segment(frame, [from, polled], [began, 0], SYN, &[]),
                    _ => {
                        let numbers = [mixed(nth), began.wrapping_add(1)];
                        segment(frame, [polled, from], numbers, SYN_ACK, &[]);
                    }
                }
            }
            Self::Spoofed => segment(frame, [made_up(nth), polled], [mixed(nth), 0], SYN, &[]),
            Self::Units => {
                let (turn, unit) = (nth / 2 / UNITS, low(nth / 2 % UNITS) + 1);
                let address = gateway.address ^ (word(turn % GATEWAYS) << 8);
                let ends = [stranger, End { address, ..gateway }];
                let asked = u64::from(unit) - 1 + turn / GATEWAYS * UNITS;
                dialogue(
                    frame,
                    ends,
                    nth,
                    asked,
                    [&[unit_octet(unit), 3, 0, 0, 0, 1], &[unit_octet(unit), 3, 2, 0, 7]],
                );
            }
            Self::Points => {
                let [high, low] = low(nth / 2).to_be_bytes();
                let write = [1, 6, high, low, 0, 1];
                dialogue(frame, [stranger, gateway], nth, nth / 2, [&write, &write]);
            }
            Self::Fragments => first_fragment(frame, [made_up(nth), polled], low(nth), &[0; 64]),
            Self::Tiny => {
                let message = [0, 7, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1];
                let octet = message.get(usize::from(low(nth % 12))).copied().unwrap_or(0);
                segment(frame, [stranger, gateway], [word(nth), 1], PUSH_ACK, &[octet]);
            }
            Self::Overlapping => {
                let [high, other] = low(nth).to_be_bytes();
                let message = [0, 7, 0, 0, 0, 6, 1, 3, high, other, 0, 1];
                let place = word(nth / 8).wrapping_mul(12);
                segment(frame, [stranger, gateway], [place, 1], PUSH_ACK, &message);
            }
            Self::Ahead => {
                let (from, round) = (from_port(nth % CONNECTIONS), word(nth / CONNECTIONS));
                match round {
                    0 => segment(frame, [from, gateway], [0, 0], SYN, &[]),
                    _ => {
                        let place = round.wrapping_mul(600);
                        segment(frame, [from, gateway], [place, 1], PUSH_ACK, &AHEAD);
                    }
                }
            }
            Self::Alerts => {
                let write = [0, 7, 0, 0, 0, 6, 1, 6, 0, 5, 0, 1];
                segment(frame, [made_up(nth), gateway], [mixed(nth), 1], PUSH_ACK, &write);
            }
        }
    }
}

/// An even frame asks, an odd one answers. Of both sides each message is as long as the others before it, of which there
/// were so many in this connection.
fn dialogue(frame: &mut Vec<u8>, ends: [End; 2], nth: u64, before: u64, pdus: [&[u8]; 2]) {
    let [ask, answer] = pdus.map(|pdu| word(6 + u64::try_from(pdu.len()).unwrap_or(0)));
    let asked = 1_u32.wrapping_add(word(before).wrapping_mul(ask));
    let answered = 1_u32.wrapping_add(word(before).wrapping_mul(answer));
    let [from, to] = ends;
    let (ends, numbers, pdu) = match nth % 2 {
        0 => ([from, to], [asked, answered], pdus[0]),
        _ => ([to, from], [answered, asked.wrapping_add(ask)], pdus[1]),
    };
    let [high, other] = low(before).to_be_bytes();
    let length = u8::try_from(pdu.len()).unwrap_or(0);
    let mut message = [0; 12];
    for (to, from) in message.iter_mut().zip([high, other, 0, 0, 0, length].iter().chain(pdu)) {
        *to = *from;
    }
    let message = message.get(..6 + pdu.len()).unwrap_or_default();
    segment(frame, ends, numbers, PUSH_ACK, message);
}

/// A host that does not exist.
fn made_up(nth: u64) -> End {
    let drawn = mixed(nth);
    let [a, b, c, d] = drawn.to_be_bytes();
    let address = 0x0B00_0000 | (drawn & 0x00FF_FFFF);
    End { hardware: [2, 1, a, b, c, d], address, port: 1_024 + u16::from(a) * 200 }
}

/// Draws a number for a number (Fibonacci hashing).
fn mixed(nth: u64) -> u32 {
    word(nth.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32)
}

/// The low half of a number.
fn word(number: u64) -> u32 {
    u32::try_from(number & 0xFFFF_FFFF).unwrap_or(0)
}

/// The low two octets of a number.
fn low(number: u64) -> u16 {
    u16::try_from(number & 0xFFFF).unwrap_or(0)
}

fn unit_octet(unit: u16) -> u8 {
    u8::try_from(unit).unwrap_or(0)
}
