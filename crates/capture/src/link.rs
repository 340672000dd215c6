//! Link types by their numbers in the registry of tcpdump.org.

use gridtap_wire::LinkType;

/// The link type of a number as it stands in a file.
///
/// Raw IP has five numbers: 101 is the registry's, 12 and 14 are what some systems wrote in its place, 228 and
/// 229 say which version of IP it is, which the first octet says as well.
pub(crate) fn link_type(number: u32) -> LinkType {
    match number {
        0 | 108 => LinkType::Null,
        1 => LinkType::Ethernet,
        12 | 14 | 101 | 228 | 229 => LinkType::RawIp,
        113 => LinkType::LinuxCooked1,
        276 => LinkType::LinuxCooked2,
        other => LinkType::Other(other),
    }
}

/// The number of a link type in a file, the registry's where several mean the same.
pub(crate) fn link_number(link: LinkType) -> u16 {
    match link {
        LinkType::Null => 0,
        LinkType::Ethernet => 1,
        LinkType::RawIp => 101,
        LinkType::LinuxCooked1 => 113,
        LinkType::LinuxCooked2 => 276,
        // A file has no room for more; none beyond is registered.
        LinkType::Other(number) => u16::try_from(number).unwrap_or(u16::MAX),
    }
}
