//! What hosts say of the network itself, outside any conversation.

use core::fmt;

/// The address of a network card (IEEE 802).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hardware(pub [u8; 6]);

impl Hardware {
    /// As a number, for keys.
    #[must_use]
    pub const fn bits(self) -> u64 {
        let Self([a, b, c, d, e, f]) = self;
        u64::from_be_bytes([0, 0, a, b, c, d, e, f])
    }

    /// The address of this number; its low 48 bits count.
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        let [_, _, a, b, c, d, e, f] = bits.to_be_bytes();
        Self([a, b, c, d, e, f])
    }

    /// Whether it means more than one card, or none: a group, or nothing but zeros.
    #[must_use]
    pub const fn is_nobody(self) -> bool {
        let Self([first, ..]) = self;
        first & 1 == 1 || self.bits() == 0
    }

    /// Whether several routers share it, one at a time: VRRP (RFC 9568, 7.3), or HSRP and GLBP of Cisco.
    #[must_use]
    pub const fn is_shared(self) -> bool {
        matches!(
            self.0,
            [0x00, 0x00, 0x5E, 0x00, 0x01 | 0x02, _]
                | [0x00, 0x00, 0x0C, 0x07, 0xAC, _]
                | [0x00, 0x00, 0x0C, 0x9F, 0xF0..=0xFF, _]
                | [0x00, 0x05, 0x73, 0xA0, 0x00..=0x0F, _]
                | [0x00, 0x07, 0xB4, _, _, _]
        )
    }
}

impl fmt::Display for Hardware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self([a, b, c, d, e, g]) = self;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// What a host says when it looks for the card behind an address, or says which one that is: ARP (RFC 826, RFC 5227),
/// or neighbour discovery (RFC 4861).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resolution {
    /// It asks who has an address.
    Request,
    /// It asks whether anybody has an address that it means to take, and claims none yet.
    Probe,
    /// It answers a request.
    Reply,
    /// It says unasked that an address is its own.
    Announcement,
}

/// What a control message of IP is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Icmp {
    /// Are you there?
    Echo,
    /// Here I am.
    EchoReply,
    /// Something could not be delivered.
    Unreachable,
    /// Send that way instead.
    Redirect,
    /// Anything else.
    Other,
}

/// Something that a host says of the network, not in a conversation. The ports of its observation are 0, its
/// conversation is none and its transport says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NetworkEvent {
    /// From the address that is claimed, unspecified where none is, to the one that is asked for or told.
    Resolution {
        /// What is said.
        kind: Resolution,
        /// The card that is said to be behind the source.
        claimed: Hardware,
        /// The card that sent the frame, where that can be told.
        sender: Option<Hardware>,
    },
    /// A control message.
    Icmp(Icmp),
    /// A part of a packet came while the parts of too many others wait for their rest: the oldest of those was given up.
    FragmentExcess,
}
