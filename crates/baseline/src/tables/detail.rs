//! What tells a key from its siblings, packed into one number.

use core::net::IpAddr;

use gridtap_model::{Class, Protocol};

use crate::key::Kind;
use crate::path::{Code, Range};

/// The number as an index.
pub(crate) fn slot(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

pub(crate) const fn class_slot(class: Class) -> usize {
    match class {
        Class::Read => 0,
        Class::Command => 1,
        Class::Configuration => 2,
        Class::Program => 3,
        Class::Time => 4,
        Class::File => 5,
        Class::Diagnostic => 6,
        Class::Link => 7,
    }
}

pub(crate) const CLASSES: [Class; 8] = [
    Class::Read,
    Class::Command,
    Class::Configuration,
    Class::Program,
    Class::Time,
    Class::File,
    Class::Diagnostic,
    Class::Link,
];

pub(crate) fn code_detail(code: Code) -> u64 {
    let sub = code.sub.map_or(0, |sub| (1_u64 << 16) | u64::from(sub));
    (u64::from(code.code) << 17) | sub
}

pub(crate) fn detail_code(detail: u64) -> Code {
    let low = |bits: u64| u16::try_from(bits & 0xffff).unwrap_or(0);
    Code { code: low(detail >> 17), sub: (detail & (1 << 16) != 0).then(|| low(detail)) }
}

pub(crate) fn range_detail(range: Range) -> u64 {
    (u64::from(range.table) << 48) | (u64::from(range.first) << 16) | u64::from(range.count)
}

pub(crate) fn detail_range(detail: u64, written: bool) -> Range {
    let low = |bits: u64| u16::try_from(bits & 0xffff).unwrap_or(0);
    Range {
        table: low(detail >> 48),
        first: u32::try_from((detail >> 16) & 0xffff_ffff).unwrap_or(0),
        count: low(detail),
        written,
    }
}

pub(crate) fn point_detail(table: u16, index: u32) -> u64 {
    (u64::from(table) << 32) | u64::from(index)
}

pub(crate) fn table_of_point(detail: u64) -> u16 {
    u16::try_from(detail >> 32).unwrap_or(u16::MAX)
}

pub(crate) fn conversation_detail(server: u32, protocol: Protocol, port: u16) -> u64 {
    let protocol = PROTOCOLS.iter().position(|known| *known == protocol).unwrap_or(0);
    (u64::from(server) << 32) | (u64::try_from(protocol).unwrap_or(0) << 16) | u64::from(port)
}

pub(crate) const fn range_kind(range: Range) -> Kind {
    if range.written { Kind::Written } else { Kind::Read }
}

/// The class as the detail of an access.
pub(crate) fn class_detail(class: Class) -> u64 {
    u64::try_from(class_slot(class)).unwrap_or(0)
}

pub(crate) fn low(detail: u64) -> u32 {
    u32::try_from(detail & 0xffff_ffff).unwrap_or(0)
}

pub(crate) const PROTOCOLS: [Protocol; 5] =
    [Protocol::Unknown, Protocol::Tls, Protocol::Modbus, Protocol::Dnp3, Protocol::Iec104];

/// An address as one number, which hashes faster than its octets.
pub(crate) fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}
