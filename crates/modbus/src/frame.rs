//! Framing: the MBAP header of Modbus/TCP and the CRC of Modbus RTU.

use gridtap_model::{FaultKind, Faults};

use crate::read::{octet, three_words};
use crate::{Extent, FunctionCode};

/// Who sent a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The side that asks.
    Client,
    /// The side that answers.
    Server,
}

/// Why no frame was found at the head of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// A prefix of a frame: call again with more bytes.
    #[error("incomplete frame")]
    Incomplete,
    /// The length field cannot hold a unit and a function.
    #[error("length field {0}, expected at least 2")]
    Length(u16),
    /// The length field is above what the caller allows.
    #[error("length field {0} is above the limit")]
    Oversize(u16),
    /// The frame does not end in its CRC.
    #[error("wrong CRC")]
    Crc,
    /// The function does not tell where its frame ends.
    #[error("function {0} does not tell its length")]
    Unbounded(u8),
}

/// The MBAP header and the function octet behind it (Messaging Guide, 3.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Chosen by the client, repeated by the server.
    pub transaction: u16,
    /// 0 is Modbus.
    pub protocol: u16,
    /// Octets behind this field: the unit and the PDU.
    pub length: u16,
    /// The unit identifier.
    pub unit: u8,
    /// The first octet of the PDU.
    pub function: u8,
}

impl Header {
    /// Its octets, with the function.
    pub const OCTETS: usize = 8;

    /// The header at the head of the input, whatever its fields say.
    #[must_use]
    pub fn at(input: &[u8]) -> Option<Self> {
        let (rest, (transaction, protocol, length)) = three_words(input).ok()?;
        let (rest, unit) = octet(rest).ok()?;
        let (_, function) = octet(rest).ok()?;
        Some(Self { transaction, protocol, length, unit, function })
    }

    /// Octets of the whole frame.
    #[must_use]
    pub fn frame_octets(&self) -> usize {
        usize::from(self.length).saturating_add(6)
    }
}

/// One Modbus/TCP frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Adu<'a> {
    /// Chosen by the client, repeated by the server.
    pub transaction: u16,
    /// 0 is Modbus.
    pub protocol: u16,
    /// The length field as it stood: 1 + the PDU.
    pub length: u16,
    /// The unit identifier.
    pub unit: u8,
    /// Function and data, never empty.
    pub pdu: &'a [u8],
}

impl Adu<'_> {
    /// What in the header does not fit the specification.
    #[must_use]
    pub fn faults(&self) -> Faults {
        let mut faults = Faults::NONE;
        if self.protocol != 0 {
            faults.push(FaultKind::ProtocolIdentifier, self.protocol.into(), 0);
        }
        let function = self.pdu.first().map_or(FunctionCode(0), |octet| FunctionCode::of(*octet));
        let longest = function.pdu_octets_max().saturating_add(1);
        if self.length > longest {
            faults.push(FaultKind::Oversize, self.length.into(), longest.into());
        }
        faults
    }
}

/// The Modbus/TCP frame at the head of the input, and what follows it.
///
/// The protocol identifier is a value, not a condition. `length_max` bounds the length field: the
/// specification says 254, UMAS agrees on up to about 1,024.
///
/// # Errors
/// [`FrameError::Incomplete`] for any prefix of a frame; `Length` and `Oversize` for a length field that
/// cannot be one.
pub fn mbap(input: &[u8], length_max: u16) -> Result<(Adu<'_>, &[u8]), FrameError> {
    let Ok((rest, (transaction, protocol, length))) = three_words(input) else {
        return Err(FrameError::Incomplete);
    };
    if length < 2 {
        return Err(FrameError::Length(length));
    }
    if length > length_max {
        return Err(FrameError::Oversize(length));
    }
    let Some((body, rest)) = rest.split_at_checked(length.into()) else {
        return Err(FrameError::Incomplete);
    };
    let (pdu, unit) = octet(body).map_err(|_| FrameError::Incomplete)?;
    Ok((Adu { transaction, protocol, length, unit, pdu }, rest))
}

/// One RTU frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RtuFrame<'a> {
    /// The unit it is for, or from.
    pub unit: u8,
    /// Function and data, never empty.
    pub pdu: &'a [u8],
}

/// The longest RTU frame (serial line guide, 2.5.1).
const RTU_OCTETS_MAX: usize = 256;

/// The RTU frame of the given side at the head of the input, and what follows it.
///
/// RTU has no length field: the function says where the frame ends, the CRC says whether it does. A
/// function that does not tell takes the whole input, if that ends in its CRC.
///
/// # Errors
/// [`FrameError::Incomplete`] where the function needs more bytes, `Crc` where the frame ends otherwise,
/// `Unbounded` where the function does not tell and the whole input is no frame.
pub fn rtu(input: &[u8], side: Side) -> Result<(RtuFrame<'_>, &[u8]), FrameError> {
    let Ok((body, unit)) = octet(input) else { return Err(FrameError::Incomplete) };
    let Some(function) = body.first() else { return Err(FrameError::Incomplete) };
    let octets = match side.extent(body) {
        Extent::Octets(octets) => octets.saturating_add(3),
        Extent::More => return Err(FrameError::Incomplete),
        Extent::Unknown if input.len() < 4 => return Err(FrameError::Incomplete),
        Extent::Unknown => input.len(),
    };
    if octets > RTU_OCTETS_MAX {
        return Err(FrameError::Unbounded(*function));
    }
    let Some((frame, rest)) = input.split_at_checked(octets) else {
        return Err(FrameError::Incomplete);
    };
    // A CRC over a frame and its own CRC, low octet first, leaves nothing.
    if crc16(frame) != 0 {
        return Err(match side.extent(body) {
            Extent::Unknown => FrameError::Unbounded(*function),
            _ => FrameError::Crc,
        });
    }
    let pdu = frame.get(1..octets.saturating_sub(2)).unwrap_or_default();
    Ok((RtuFrame { unit, pdu }, rest))
}

/// The reflected polynomial 0xA001 worked out for every octet.
const CRC_TABLE: [u16; 256] = crc_table();

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a constant, worked out by the compiler within the bounds of its own table"
)]
const fn crc_table() -> [u16; 256] {
    let mut table = [0; 256];
    let mut octet: u16 = 0;
    while octet < 256 {
        let mut crc = octet;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 0 { crc >> 1 } else { (crc >> 1) ^ 0xA001 };
            bit += 1;
        }
        table[u16_to_usize(octet)] = crc;
        octet += 1;
    }
    table
}

#[expect(clippy::as_conversions, reason = "u16 to usize loses nothing, and From is not const")]
const fn u16_to_usize(n: u16) -> usize {
    n as usize
}

/// The CRC of Modbus RTU (serial line guide, 6.2.2): initial 0xFFFF, reflected, no final exclusive or.
#[must_use]
pub fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc, byte| {
        let [low, high] = crc.to_le_bytes();
        let entry = CRC_TABLE.get(usize::from(low ^ byte)).copied().unwrap_or_default();
        u16::from(high) ^ entry
    })
}

#[cfg(test)]
mod tests;
