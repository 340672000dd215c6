//! From the first octet of a frame to the IP packet in it.

use crate::counters::Counters;
use crate::event::{Frame, LinkType};

/// The IP packet of a frame, with what may follow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Packet<'a> {
    /// From the IP header on.
    pub(crate) bytes: &'a [u8],
    /// The outermost VLAN identifier.
    pub(crate) vlan: Option<u16>,
}

/// Tags that are followed in one frame: QinQ has two.
const TAGS_MAX: usize = 4;

const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86DD;

/// The IP packet of a frame; `None` has been counted by its kind.
#[inline]
pub(crate) fn packet<'a>(frame: &Frame<'a>, counters: &mut Counters) -> Option<Packet<'a>> {
    let bytes = frame.bytes;
    // Most frames are this.
    if frame.link == LinkType::Ethernet
        && let Some((head, rest)) = bytes.split_first_chunk::<14>()
        && [head[12], head[13]] == [0x08, 0x00]
    {
        return Some(Packet { bytes: rest, vlan: None });
    }
    tagged_packet(frame, counters)
}

fn tagged_packet<'a>(frame: &Frame<'a>, counters: &mut Counters) -> Option<Packet<'a>> {
    let bytes = frame.bytes;
    let found = match frame.link {
        LinkType::Ethernet => {
            bytes.split_first_chunk::<14>().map(|(head, rest)| typed(head[12], head[13], rest))
        }
        LinkType::LinuxCooked1 => {
            bytes.split_first_chunk::<16>().map(|(head, rest)| typed(head[14], head[15], rest))
        }
        LinkType::LinuxCooked2 => {
            bytes.split_first_chunk::<20>().map(|(head, rest)| typed(head[0], head[1], rest))
        }
        LinkType::RawIp => Some(Typed { kind: IPV4, bytes, vlan: None, excess: false }),
        LinkType::Null => {
            bytes.split_first_chunk::<4>().map(|(family, rest)| loopback(*family, rest))
        }
        LinkType::Other(_) => {
            counters.link_unknown = counters.link_unknown.saturating_add(1);
            return None;
        }
    };
    match found {
        Some(Typed { kind: IPV4 | IPV6, bytes, vlan, .. }) => Some(Packet { bytes, vlan }),
        Some(other) => {
            count(&other, counters);
            None
        }
        None => {
            counters.link_malformed = counters.link_malformed.saturating_add(1);
            None
        }
    }
}

/// What follows the link header and all tags.
struct Typed<'a> {
    /// The EtherType; 0 where there is none.
    kind: u16,
    bytes: &'a [u8],
    vlan: Option<u16>,
    /// There were more tags than are followed.
    excess: bool,
}

/// Follows VLAN tags (IEEE 802.1Q, 802.1ad and the types in use before it) and the IEEE 802.2 SNAP header.
fn typed(high: u8, low: u8, bytes: &[u8]) -> Typed<'_> {
    let mut kind = u16::from_be_bytes([high, low]);
    let mut rest = bytes;
    let mut vlan = None;
    for _ in 0..TAGS_MAX {
        match kind {
            0x8100 | 0x88A8 | 0x9100 | 0x9200 => {
                let Some((tag, after)) = rest.split_first_chunk::<4>() else { break };
                // Identifier 0 is a priority without a VLAN.
                let identifier = u16::from_be_bytes([tag[0], tag[1]]) & 0x0FFF;
                vlan = vlan.or((identifier != 0).then_some(identifier));
                kind = u16::from_be_bytes([tag[2], tag[3]]);
                rest = after;
            }
            0..0x0600 => {
                if let Some(([0xAA, 0xAA, 0x03, 0, 0, 0, high, low], after)) =
                    rest.split_first_chunk::<8>()
                {
                    kind = u16::from_be_bytes([*high, *low]);
                    rest = after;
                }
                break;
            }
            _ => break,
        }
    }
    let excess = matches!(kind, 0x8100 | 0x88A8 | 0x9100 | 0x9200) && rest.len() >= 4;
    Typed { kind, bytes: rest, vlan, excess }
}

/// The address family of the capturing host, in its byte order: 2 is IPv4 everywhere, IPv6 differs.
fn loopback(family: [u8; 4], bytes: &[u8]) -> Typed<'_> {
    let known = |family: u32| matches!(family, 2 | 10 | 24 | 28 | 30);
    let ip = known(u32::from_le_bytes(family)) || known(u32::from_be_bytes(family));
    Typed { kind: if ip { IPV4 } else { 0xFFFF }, bytes, vlan: None, excess: false }
}

fn count(frame: &Typed<'_>, counters: &mut Counters) {
    let counter = match frame.kind {
        _ if frame.excess => &mut counters.vlan_tags_excess,
        0x8100 | 0x88A8 | 0x9100 | 0x9200 => &mut counters.link_malformed,
        0..0x0600 => &mut counters.not_ip_llc,
        0x0806 | 0x8035 => &mut counters.not_ip_arp,
        0x88CC => &mut counters.not_ip_lldp,
        0x88B8 | 0x88B9 => &mut counters.not_ip_goose,
        0x88BA => &mut counters.not_ip_sampled_values,
        0x88F7 => &mut counters.not_ip_ptp,
        0x8892 => &mut counters.not_ip_profinet,
        0x88FB | 0x892F | 0x88E3 => &mut counters.not_ip_redundancy,
        _ => &mut counters.not_ip_other,
    };
    *counter = counter.saturating_add(1);
}
