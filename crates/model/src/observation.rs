//! What was heard: the one thing that detections see.

use core::fmt;

use crate::{
    Class, Device, Dialogue, Effect, Endpoint, Fault, Faults, FileAccess, Function, NetworkEvent,
    Phase, Protocol, Run, Timestamp, Transport, Zone,
};

/// Where in the input something was heard. Orders observations of one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Place {
    /// The interface or file, by its ordinal in the sensor's list.
    pub capture: u16,
    /// The 1-based number of the frame that completed the message, within that capture.
    pub frame: u64,
    /// The ordinal of the message within that frame.
    pub position: u16,
}

/// A conversation of two endpoints, from its first packet to its end. Unique within one run of the sensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Conversation(pub u64);

impl Conversation {
    /// Of what is said outside any.
    pub const NONE: Self = Self(u64::MAX);
}

/// Something that was heard.
#[derive(Debug, Clone, Copy)]
pub struct Observation<'a> {
    /// When. May step back: consumers saturate.
    pub time: Timestamp,
    /// Where in the input.
    pub place: Place,
    /// In which part of the site.
    pub zone: Zone,
    /// In which conversation.
    pub conversation: Conversation,
    /// What carried it.
    pub transport: Transport,
    /// The protocol that the conversation speaks.
    pub protocol: Protocol,
    /// Who sent the message; for a link event, the client, or the sender of the direction that it is about.
    pub source: Endpoint,
    /// Whom it was sent to; for a link event, the server, or the receiver of that direction.
    pub destination: Endpoint,
    /// What it was.
    pub what: What<'a>,
}

/// A protocol message, or something about the conversation that carries messages.
#[expect(clippy::large_enum_variant, reason = "passed by reference, never kept or moved")]
#[derive(Debug, Clone, Copy)]
pub enum What<'a> {
    /// A message of a protocol we decode.
    Message(Message<'a>),
    /// Something about the conversation itself.
    Link(LinkEvent),
    /// Something that a host says of the network, in no conversation.
    Network(NetworkEvent),
}

/// A decoded message in protocol-neutral words.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// Who asks, whichever way this message went.
    pub master: Endpoint,
    /// Who is asked.
    pub device: Device,
    /// The kind of access.
    pub class: Class,
    /// Where in the dialogue.
    pub phase: Phase,
    /// The function, for names and keys.
    pub function: Function,
    /// What it does beyond reading and writing points.
    pub effect: Effect,
    /// The points it names. A response names them only where the request was seen.
    pub runs: &'a [Run<'a>],
    /// How the device answered; `Pending` for a request.
    pub outcome: Outcome,
    /// The frame of the request that this answers, where it was seen.
    pub request_frame: Option<u64>,
    /// From request to answer, where both were seen.
    pub latency_ns: Option<u64>,
    /// What did not fit the standard.
    pub faults: Faults,
    /// What may have been missing around it.
    pub hearing: Hearing,
    /// Identification text in an answer, where the message carried one (vendor, product, version).
    pub identity: Option<&'a [u8]>,
    /// The file that it is about, where it names one or goes on with one.
    pub file: Option<FileAccess<'a>>,
    /// What protocols of outstations say besides.
    pub dialogue: Dialogue,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// This is the request.
    Pending,
    /// Done.
    Success,
    /// Refused, with the protocol's own code.
    Refused {
        /// Why, in words that hold for every protocol.
        reason: Refusal,
        /// The protocol's code.
        code: u16,
    },
    /// No answer within the patience.
    Unanswered,
}

/// Why a device refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// It does not know the function.
    Function,
    /// It does not have the point.
    Address,
    /// It does not accept the value or quantity.
    Value,
    /// It failed while doing it.
    Failure,
    /// It has started something long.
    Acknowledge,
    /// It is busy.
    Busy,
    /// A gateway has no way to it, or it did not answer the gateway.
    Gateway,
    /// A code of the standard outside these kinds.
    Other,
    /// A code that the standard does not have.
    Undefined,
}

impl Refusal {
    /// The name in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Function => "illegal function",
            Self::Address => "illegal address",
            Self::Value => "illegal value",
            Self::Failure => "device failure",
            Self::Acknowledge => "acknowledge",
            Self::Busy => "device busy",
            Self::Gateway => "gateway failure",
            Self::Other => "other refusal",
            Self::Undefined => "undefined refusal",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How well the conversation was heard when a message was decoded. A finding that a loss can explain
/// belongs to the account of what was not heard, not to a party on the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hearing {
    /// Bytes of this conversation were missing or skipped a short while ago.
    pub gap: bool,
    /// The conversation is older than the capture, and this is near its beginning.
    pub mid_session: bool,
    /// Only one direction of the conversation is heard.
    pub one_direction: bool,
}

impl Hearing {
    /// Nothing was missing that could explain a fault.
    #[must_use]
    pub const fn is_clean(self) -> bool {
        !self.gap && !self.mid_session && !self.one_direction
    }
}

/// Something about a conversation rather than one message in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum LinkEvent {
    /// The conversation was recognised, or has shown enough bytes to say that it is none of ours.
    Opened {
        /// The client sent the SYN: who is the server is known, not guessed.
        handshake: bool,
    },
    /// The first packet of a conversation was heard: of TCP the SYN, of UDP the first datagram. Told at once, before
    /// anything else of it, and once however often it is repeated.
    Begun,
    /// A client tried to open a conversation: it got no answer or a refusal, or nothing was ever said. Told when the
    /// conversation is given up.
    Attempted {
        /// Nobody answered, or with a refusal; otherwise the connection came about, and nothing was said in it.
        failed: bool,
    },
    /// The conversation turned out to be encrypted.
    Encrypted,
    /// Bytes of a recognised conversation that could not be decoded and were skipped.
    Skipped {
        /// How many.
        bytes: u64,
    },
    /// A stretch of a recognised conversation, or a part of a message, that its sender formed wrongly. The octets are
    /// told by `Skipped` besides.
    Malformed {
        /// What is wrong with it.
        fault: Fault,
        /// Whether a loss nearby may have made it so.
        hearing: Hearing,
    },
    /// Bytes of a recognised conversation that the capture does not hold.
    Missing {
        /// How many.
        bytes: u64,
    },
    /// A recognised conversation carries bytes, and none of them has been decoded for a while.
    Blind {
        /// Bytes since the last decoded message.
        bytes: u64,
        /// Since when.
        since: Timestamp,
    },
    /// Only one direction has been heard although both carry data.
    OneDirection {
        /// The side whose packets are missing.
        missing: Endpoint,
    },
    /// Every checksum of this direction is wrong: offloaded at the capturing host, decoded all the same.
    ChecksumsOffloaded,
    /// A segment with a wrong checksum in a direction that is otherwise right; not fed to the stream.
    ChecksumWrong,
    /// A segment that overlaps bytes already seen, with other content.
    OverlapDiffers {
        /// How many bytes differ.
        bytes: u32,
    },
    /// A reset of the connection with a number that its receiver does not expect; it ended nothing.
    ResetMisplaced,
    /// An address or port that cannot take part in a conversation.
    AddressInvalid,
    /// The conversation ended.
    Closed,
}
