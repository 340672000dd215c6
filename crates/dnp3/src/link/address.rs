//! Link addresses.

use core::fmt;

/// A link address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub u16);

/// What an address stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressKind {
    /// One station: 0x0000–0xFFEF.
    Individual,
    /// 0xFFF0–0xFFFB: the standard keeps them back.
    Reserved,
    /// 0xFFFC: whoever hears it, for setting a station's address. A destination only.
    SelfAddress,
    /// Every station that hears it. A destination only.
    Broadcast(BroadcastConfirm),
}

/// What a station does at the application layer after a broadcast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BroadcastConfirm {
    /// 0xFFFD: asks for no confirmation.
    Never,
    /// 0xFFFE: asks for a confirmation with its next response, to be told that the master has seen the indication.
    Required,
    /// 0xFFFF: may ask for one.
    Optional,
}

impl Address {
    /// Whoever hears it.
    pub const SELF: Self = Self(0xFFFC);

    /// What it stands for.
    #[must_use]
    pub const fn kind(self) -> AddressKind {
        match self.0 {
            0..=0xFFEF => AddressKind::Individual,
            0xFFF0..=0xFFFB => AddressKind::Reserved,
            0xFFFC => AddressKind::SelfAddress,
            0xFFFD => AddressKind::Broadcast(BroadcastConfirm::Never),
            0xFFFE => AddressKind::Broadcast(BroadcastConfirm::Required),
            0xFFFF => AddressKind::Broadcast(BroadcastConfirm::Optional),
        }
    }

    /// Whether it stands for every station.
    #[must_use]
    pub const fn is_broadcast(self) -> bool {
        matches!(self.kind(), AddressKind::Broadcast(_))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
