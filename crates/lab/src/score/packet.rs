//! The ends of a packet, read without the decoder that is being scored.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use gridtap_wire::LinkType;

/// Who sends a packet to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Packet {
    /// From and to; port 0 where it is neither TCP nor UDP.
    pub(crate) ends: [SocketAddr; 2],
    /// The sequence number of a SYN that opens a connection.
    pub(crate) opens: Option<u32>,
}

impl Packet {
    /// The ends whichever way it goes.
    pub(crate) fn pair(&self) -> [SocketAddr; 2] {
        let [one, other] = self.ends;
        if one <= other { [one, other] } else { [other, one] }
    }
}

/// The packet in a frame; none where it is not IP, or cut off too soon.
pub(crate) fn packet(link: LinkType, bytes: &[u8]) -> Option<Packet> {
    let (kind, rest) = match link {
        LinkType::Ethernet => tagged(bytes.get(12..)?)?,
        LinkType::LinuxCooked1 => tagged(bytes.get(14..)?)?,
        LinkType::LinuxCooked2 => (word(bytes.get(..2)?)?, bytes.get(20..)?),
        LinkType::RawIp => (0, bytes),
        LinkType::Null => (0, bytes.get(4..)?),
        LinkType::Other(_) => return None,
    };
    match (kind, rest.first()? >> 4) {
        (0 | 0x0800, 4) => internet(rest),
        (0 | 0x86dd, 6) => internet_6(rest),
        _ => None,
    }
}

/// The type behind VLAN tags, and what it is of.
fn tagged(mut bytes: &[u8]) -> Option<(u16, &[u8])> {
    for _ in 0..3 {
        let kind = word(bytes)?;
        if !matches!(kind, 0x8100 | 0x88a8) {
            return Some((kind, bytes.get(2..)?));
        }
        bytes = bytes.get(4..)?;
    }
    None
}

fn internet(bytes: &[u8]) -> Option<Packet> {
    let length = usize::from(bytes.first()? & 0x0f) * 4;
    let address = |at: usize| -> Option<IpAddr> {
        let octets: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
        Some(Ipv4Addr::from(octets).into())
    };
    ports(*bytes.get(9)?, [address(12)?, address(16)?], bytes.get(length..)?)
}

fn internet_6(bytes: &[u8]) -> Option<Packet> {
    let address = |at: usize| -> Option<IpAddr> {
        let octets: [u8; 16] = bytes.get(at..at + 16)?.try_into().ok()?;
        Some(Ipv6Addr::from(octets).into())
    };
    ports(*bytes.get(6)?, [address(8)?, address(24)?], bytes.get(40..)?)
}

fn ports(protocol: u8, [from, to]: [IpAddr; 2], bytes: &[u8]) -> Option<Packet> {
    if !matches!(protocol, 6 | 17) {
        return Some(Packet { ends: [(from, 0).into(), (to, 0).into()], opens: None });
    }
    let ends = [(from, word(bytes)?).into(), (to, word(bytes.get(2..)?)?).into()];
    let syn = protocol == 6 && bytes.get(13)? & 0x12 == 0x02;
    let sequence =
        bytes.get(4..8).and_then(|octets| Some(u32::from_be_bytes(octets.try_into().ok()?)));
    Some(Packet { ends, opens: sequence.filter(|_| syn) })
}

fn word(bytes: &[u8]) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(..2)?.try_into().ok()?))
}
