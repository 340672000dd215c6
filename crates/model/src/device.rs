//! Where a command lands.

use core::fmt;
use core::hash::{Hash, Hasher};
use core::net::IpAddr;

use crate::Protocol;

/// A part of the site with its own address space, mapped in configuration from interface, VLAN and subnet.
///
/// The number indexes the configuration's list of zones; 0 is the default zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Zone(pub u16);

/// The protocol's own address behind an IP address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SubAddress {
    /// The host itself: a conversation with no protocol address.
    None,
    /// Modbus unit identifier.
    Unit(u8),
    /// DNP3 link address.
    Link(u16),
    /// IEC 60870-5-104 common address.
    Common(u16),
}

impl SubAddress {
    /// Whether it means every device at once (IEEE 1815: FFFD to FFFF; IEC 60870-5-104: FFFF). A Modbus unit 0 does so
    /// behind a gateway only, which its number does not tell.
    #[must_use]
    pub const fn is_broadcast(self) -> bool {
        matches!(self, Self::Link(0xFFFD..) | Self::Common(0xFFFF))
    }
}

/// One outstation: what a master reads from and commands. Prints as `modbus 10.0.0.21 unit 3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Device {
    /// The zone its address belongs to.
    pub zone: Zone,
    /// The protocol it was heard speaking.
    pub protocol: Protocol,
    /// Its host.
    pub address: IpAddr,
    /// Its address within that host.
    pub sub: SubAddress,
}

/// In few words: tables of devices are asked several times a message, and a hasher's cost is by the call.
impl Hash for Device {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let (kind, number) = match self.sub {
            SubAddress::None => (0_u64, 0),
            SubAddress::Unit(unit) => (1, u16::from(unit)),
            SubAddress::Link(address) => (2, address),
            SubAddress::Common(address) => (3, address),
        };
        self.protocol.hash(state);
        state.write_u64((kind << 32) | (u64::from(self.zone.0) << 16) | u64::from(number));
        match self.address {
            IpAddr::V4(address) => state.write_u32(address.to_bits()),
            IpAddr::V6(address) => state.write_u128(address.to_bits()),
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.protocol, self.address)?;
        match self.sub {
            SubAddress::None => Ok(()),
            SubAddress::Unit(unit) => write!(f, " unit {unit}"),
            SubAddress::Link(address) => write!(f, " link {address}"),
            SubAddress::Common(address) => write!(f, " common address {address}"),
        }
    }
}
