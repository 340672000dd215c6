//! How long a PDU is by its own fields: what a frame without a length field is cut by, and what a length
//! field is checked against.

use crate::FunctionCode;
use crate::device_identification::objects_octets;
use crate::frame::Side;
use crate::read::{octet, word};

/// How many octets a PDU takes by its own fields, the function octet included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// So many.
    Octets(usize),
    /// The field that tells is not there yet.
    More,
    /// The function does not tell.
    Unknown,
}

impl Extent {
    /// `fixed` octets and as many as the octet at `at` counts.
    fn counted(pdu: &[u8], fixed: usize, at: usize) -> Self {
        match pdu.get(at) {
            Some(count) => Self::Octets(fixed.saturating_add(usize::from(*count))),
            None => Self::More,
        }
    }
}

fn diagnostics(pdu: &[u8]) -> Extent {
    match pdu.get(1..3).map(word) {
        // Loopback data may have any length.
        Some(Ok((_, 0))) => Extent::Unknown,
        Some(_) => Extent::Octets(5),
        None => Extent::More,
    }
}

/// The extent of a request.
#[must_use]
pub fn request_extent(pdu: &[u8]) -> Extent {
    let Some(function) = pdu.first() else { return Extent::More };
    match *function {
        1..=6 => Extent::Octets(5),
        7 | 11 | 12 | 17 => Extent::Octets(1),
        8 => diagnostics(pdu),
        15 | 16 => Extent::counted(pdu, 6, 5),
        20 | 21 => Extent::counted(pdu, 2, 1),
        22 => Extent::Octets(7),
        23 => Extent::counted(pdu, 10, 9),
        24 => Extent::Octets(3),
        43 => match pdu.get(1) {
            Some(14) => Extent::Octets(4),
            Some(_) => Extent::Unknown,
            None => Extent::More,
        },
        _ => Extent::Unknown,
    }
}

/// The extent of a response or an exception.
#[must_use]
pub fn response_extent(pdu: &[u8]) -> Extent {
    let Some(function) = pdu.first() else { return Extent::More };
    match *function {
        128.. | 7 => Extent::Octets(2),
        1..=4 | 12 | 17 | 20 | 21 | 23 => Extent::counted(pdu, 2, 1),
        5 | 6 | 11 | 15 | 16 => Extent::Octets(5),
        8 => diagnostics(pdu),
        22 => Extent::Octets(7),
        24 => match pdu.get(1..3).map(word) {
            Some(Ok((_, octets))) => Extent::Octets(usize::from(octets).saturating_add(3)),
            _ => Extent::More,
        },
        43 => match pdu.get(1) {
            Some(14) => match pdu.get(6..).map(octet) {
                Some(Ok((objects, count))) => objects_octets(objects, count)
                    .map_or(Extent::More, |octets| Extent::Octets(octets.saturating_add(7))),
                _ => Extent::More,
            },
            Some(_) => Extent::Unknown,
            None => Extent::More,
        },
        _ => Extent::Unknown,
    }
}

impl Side {
    /// The extent of a PDU that this side sent.
    #[must_use]
    pub fn extent(self, pdu: &[u8]) -> Extent {
        match self {
            Self::Client => request_extent(pdu),
            Self::Server => response_extent(pdu),
        }
    }
}

impl FunctionCode {
    /// The longest PDU: the specification's 253 octets, but for UMAS, which agrees on its own size.
    #[must_use]
    pub const fn pdu_octets_max(self) -> u16 {
        match self.0 {
            90 => 1_024,
            _ => 253,
        }
    }
}
