//! Where a message stands in the exchange of a master and an outstation, beyond request and answer.

use crate::SubAddress;

/// What of a message only protocols of outstations have: who of several masters, what came before, what the
/// outstation says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialogue {
    /// The master's own address in the protocol, behind its host's.
    pub master_sub: SubAddress,
    /// What of the standard's own dialogues this may belong to.
    pub occasion: Occasion,
    /// Of an operate: the select before it, of the same master in the same conversation.
    pub selected: Option<Selected>,
    /// Of an answer or a report: what the device says of itself.
    pub indications: Option<Indications>,
    /// Whether the message was authenticated.
    pub authentication: Authentication,
}

impl Dialogue {
    /// Of a protocol that has none of this.
    pub const NONE: Self = Self {
        master_sub: SubAddress::None,
        occasion: Occasion::None,
        selected: None,
        indications: None,
        authentication: Authentication::Unknown,
    };
}

/// What explains a request that would be unusual at any other moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Occasion {
    /// Nothing.
    #[default]
    None,
    /// It is among a master's first requests in this conversation: masters begin with what a restart needs.
    Opening,
    /// The device has said that its clock wants to be set, and it was not set since.
    NeedTime,
    /// The device has said that it restarted, and this is not over.
    Restart,
}

/// The select that an operate goes back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Selected {
    /// The frame of the select.
    pub frame: u64,
    /// From the select to the operate.
    pub gap_ns: u64,
}

/// Whether a message was authenticated by the protocol's own means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Authentication {
    /// Not to be told, or not told yet: whether a request is challenged shows in what follows it.
    #[default]
    Unknown,
    /// It was not: a request that was done without a challenge, or that none can follow.
    Absent,
    /// It carried its proof, or a challenge was answered before it was done.
    Shown,
    /// The device refused the proof, or one side reports an error of authentication, by this code.
    Failed(u16),
}

/// What a device says of itself in every answer (IEEE 1815, clause 4: internal indications; the bits are its own).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Indications(pub u16);

impl Indications {
    /// It received a broadcast.
    pub const BROADCAST: Self = Self(1);
    /// Events of some class wait in it.
    pub const EVENTS_WAIT: Self = Self(1 << 1 | 1 << 2 | 1 << 3);
    /// Its clock wants to be set.
    pub const NEED_TIME: Self = Self(1 << 4);
    /// Some of its outputs are in local control.
    pub const LOCAL_CONTROL: Self = Self(1 << 5);
    /// Something is wrong with it.
    pub const TROUBLE: Self = Self(1 << 6);
    /// It has restarted.
    pub const RESTART: Self = Self(1 << 7);
    /// Events were lost.
    pub const EVENTS_LOST: Self = Self(1 << 11);
    /// It is doing so already.
    pub const ALREADY_EXECUTING: Self = Self(1 << 12);
    /// Its configuration is corrupt.
    pub const CONFIGURATION_CORRUPT: Self = Self(1 << 13);
    /// Bits that the standard keeps back.
    pub const RESERVED: Self = Self(1 << 14 | 1 << 15);

    /// Has one of these.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}
