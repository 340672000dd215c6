//! What comes in and what goes out.

use gridtap_model::{Direction, Endpoint, Timestamp, Transport};

/// What the first octets of a captured frame are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LinkType {
    /// Ethernet II or 802.3.
    Ethernet,
    /// Linux cooked capture, version 1.
    LinuxCooked1,
    /// Linux cooked capture, version 2.
    LinuxCooked2,
    /// An IP packet, of the version that its first octet tells.
    RawIp,
    /// BSD loopback: a 32-bit address family in the byte order of the capturing host (null), or big-endian (loop).
    Null,
    /// A link type that is not decoded, by its number in the registry of tcpdump.org.
    Other(u32),
}

/// One captured frame.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// When it was captured.
    pub time: Timestamp,
    /// The interface or file, by its ordinal in the sensor's list.
    pub capture: u16,
    /// Its 1-based number in that capture.
    pub number: u64,
    /// What its first octets are.
    pub link: LinkType,
    /// The octets that were kept.
    pub bytes: &'a [u8],
    /// How many octets there were on the wire.
    pub original_length: u32,
}

/// Identifies a flow while it is open. The slot is small and used again after [`Event::Closed`], so that a
/// consumer can keep its own state in a vector; the generation tells the users of a slot apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowId {
    /// The place in the flow table.
    pub slot: u32,
    /// How often that place has been used before.
    pub generation: u32,
}

/// A TCP connection or a UDP pair of endpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flow {
    /// Identifies it while it is open.
    pub id: FlowId,
    /// TCP or UDP.
    pub transport: Transport,
    /// The side that sent the first packet heard, or the SYN where one was heard ([`Direction::Forward`] is from it).
    pub first: Endpoint,
    /// The other side.
    pub second: Endpoint,
    /// The interface or file it was first heard on.
    pub capture: u16,
    /// The outermost VLAN identifier of its first frame: of the innermost, where a frame is in another.
    pub vlan: Option<u16>,
    /// A SYN was heard: `first` is the client, known and not guessed.
    pub handshake: bool,
    /// Packets heard in each direction, forward first.
    pub packets: [u64; 2],
    /// Payload octets heard in each direction (new ones, without retransmissions), forward first.
    pub octets: [u64; 2],
    /// Octets of each direction that the other side acknowledged and the capture does not hold, forward first.
    pub unheard: [u64; 2],
}

/// Why a flow ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Closing {
    /// Both sides sent FIN.
    Finished,
    /// One side sent RST.
    Reset,
    /// A new connection took its endpoints.
    Reused,
    /// Nothing was heard for the configured time.
    Idle,
    /// The table was full and it gave way.
    Evicted,
    /// The input ended.
    End,
}

/// Something heard in a flow. Events of one flow come in order; nothing comes after `Closed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'a> {
    /// The first packet of a flow.
    Opened,
    /// The next octets of a direction of a TCP stream, or one UDP datagram.
    Bytes {
        /// Which way they went.
        direction: Direction,
        /// The octets, new and in order. Never empty, but for an empty datagram.
        bytes: &'a [u8],
    },
    /// Octets of a direction that the capture does not hold and that will not come any more.
    Gap {
        /// Which way they went.
        direction: Direction,
        /// How many.
        bytes: u64,
    },
    /// What follows was sent ahead of so many octets of a direction, for which its receiver was heard waiting: whoever
    /// sent it, they were not lost on the way to the capture, and may come.
    Ahead {
        /// Which way it went.
        direction: Direction,
        /// How many.
        bytes: u64,
    },
    /// The next octets of a direction are of the place of a gap, or of one that was sent ahead of.
    Returned {
        /// Which way they went.
        direction: Direction,
    },
    /// A segment overlapped octets already seen, with other content.
    OverlapDiffers {
        /// Which way it went.
        direction: Direction,
        /// How many octets differ.
        bytes: u32,
    },
    /// What a direction reads where its receiver took the other of two copies that differ: which one it took nobody can
    /// tell from here. Told again as more comes behind it.
    OtherCopy {
        /// Which way it went.
        direction: Direction,
        /// The copy, with what stands before and behind it.
        octets: &'a [u8],
        /// How many octets stand before it.
        before: usize,
        /// How many stand behind it.
        behind: usize,
    },
    /// Every checksum of a direction so far is wrong: named once a flow and direction, its bytes are delivered.
    ChecksumsOffloaded {
        /// Which way it went.
        direction: Direction,
    },
    /// A segment or datagram with a wrong checksum in a direction that is otherwise right: its bytes are not delivered.
    ChecksumWrong {
        /// Which way it went.
        direction: Direction,
    },
    /// A reset with a number that its receiver does not expect: it ended nothing.
    ResetMisplaced {
        /// Which way it went.
        direction: Direction,
    },
    /// An address or port that cannot take part in a conversation (named once a flow).
    AddressInvalid,
    /// The flow ended.
    Closed(Closing),
}

/// An event with its circumstances.
#[derive(Debug, Clone, Copy)]
pub struct Heard<'a> {
    /// When: of the frame that made the octets deliverable. Octets behind a gap that was given up carry the time of their own frame.
    pub time: Timestamp,
    /// In which interface or file that frame is.
    pub capture: u16,
    /// The number of that frame.
    pub frame: u64,
    /// The flow, with its counts up to now.
    pub flow: &'a Flow,
    /// What happened.
    pub event: Event<'a>,
}
