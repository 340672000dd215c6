//! What `decode` prints: one object a line, written straight from the octets of the message.

use core::fmt;

use gridtap_model::{Endpoint, FaultKind, Faults, Place, Protocol, Timestamp, Transport};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use crate::dnp3::Dnp3Record;
use crate::modbus::ModbusRecord;

/// One line: a message, or a stretch that could not be decoded.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// When it was heard.
    pub time: Timestamp,
    /// Where: the frame that completed it. The capture's name is not known here.
    pub place: Place,
    /// The name of the interface or file, where there is more than one.
    pub capture: Option<&'a str>,
    /// The protocol of the conversation.
    pub protocol: Protocol,
    /// What carried it.
    pub transport: Transport,
    /// Who sent it.
    pub source: Endpoint,
    /// To whom.
    pub destination: Endpoint,
    /// What it was.
    pub detail: Detail<'a>,
}

/// What a record is about.
#[derive(Debug, Clone, Copy)]
pub enum Detail<'a> {
    /// A Modbus message.
    Modbus(ModbusRecord<'a>),
    /// A DNP3 fragment, or a frame without one.
    Dnp3(Dnp3Record<'a>),
    /// A stretch that could not be decoded.
    Problem(Problem),
}

/// Why bytes of a recognised conversation are part of no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The capture does not hold them.
    Missing,
    /// A message lost its other part, or its end never came.
    Incomplete,
    /// They are no frame of the protocol.
    Garbage,
    /// They begin like a frame, and a CRC in it is wrong.
    LinkCrc,
    /// They begin like a frame, with a length that no frame has.
    LinkLength,
    /// They are encrypted.
    Encrypted,
}

impl Reason {
    /// The name in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Incomplete => "incomplete",
            Self::Garbage => "garbage",
            Self::LinkCrc => "link_crc",
            Self::LinkLength => "link_length",
            Self::Encrypted => "encrypted",
        }
    }
}

/// A stretch that could not be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Problem {
    /// Why.
    pub reason: Reason,
    /// How many bytes.
    pub bytes: u64,
    /// The frame in which decoding went on, where it did.
    pub resumed_frame: Option<u64>,
}

impl Serialize for Record<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("time", &self.time)?;
        if let Some(capture) = self.capture {
            map.serialize_entry("capture", capture)?;
        }
        map.serialize_entry("frame", &self.place.frame)?;
        map.serialize_entry("protocol", self.protocol.name())?;
        let transport = match self.transport {
            Transport::Tcp => "tcp",
            Transport::Udp => "udp",
        };
        map.serialize_entry("transport", transport)?;
        map.serialize_entry("source", &self.source)?;
        map.serialize_entry("destination", &self.destination)?;
        match &self.detail {
            Detail::Modbus(message) => map.serialize_entry("modbus", message)?,
            Detail::Dnp3(message) => map.serialize_entry("dnp3", message)?,
            Detail::Problem(problem) => map.serialize_entry("problem", problem)?,
        }
        map.end()
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("reason", self.reason.name())?;
        map.serialize_entry("bytes", &self.bytes)?;
        if let Some(frame) = self.resumed_frame {
            map.serialize_entry("resumed_frame", &frame)?;
        }
        map.end()
    }
}

/// Octets as text, two digits each.
pub(crate) struct Hex<'a>(pub(crate) &'a [u8]);

const DIGITS: &[u8; 16] = b"0123456789abcdef";

fn digit(nibble: u8) -> u8 {
    DIGITS.get(usize::from(nibble & 15)).copied().unwrap_or(b'0')
}

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.chunks(32) {
            let mut text = [0_u8; 64];
            for (pair, octet) in text.chunks_exact_mut(2).zip(chunk) {
                if let [high, low] = pair {
                    (*high, *low) = (digit(octet >> 4), digit(*octet));
                }
            }
            let written = text.get(..chunk.len().saturating_mul(2)).unwrap_or_default();
            f.write_str(core::str::from_utf8(written).unwrap_or_default())?;
        }
        Ok(())
    }
}

impl Serialize for Hex<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The faults of a message: `[{"kind":"quantity","found":126,"expected":125}]`.
pub(crate) struct FaultList<'a>(pub(crate) &'a Faults);

impl Serialize for FaultList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for fault in self.0.iter() {
            list.serialize_element(&OneFault(fault))?;
        }
        list.end()
    }
}

struct OneFault(gridtap_model::Fault);

impl Serialize for OneFault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", self.0.kind.name())?;
        if let FaultKind::ResponseMismatch(of) = self.0.kind {
            map.serialize_entry("of", of.name())?;
        }
        map.serialize_entry("found", &self.0.found)?;
        map.serialize_entry("expected", &self.0.expected)?;
        map.end()
    }
}
