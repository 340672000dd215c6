//! From the first octet of a frame to the IP packet in it: tags, labels and sessions between the two.

use crate::counters::Counters;
use crate::event::{Frame, LinkType};
use crate::mpls;

/// The IP packet of a frame, with what may follow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Packet<'a> {
    /// From the IP header on.
    pub(crate) bytes: &'a [u8],
    /// The outermost VLAN identifier of the innermost frame.
    pub(crate) vlan: Option<u16>,
    /// Octets that the snap length cut off behind `bytes`, at most.
    pub(crate) cut: u32,
    /// How many packets and frames are around it.
    pub(crate) depth: u8,
}

/// A part of a frame, by the EtherType before it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Carried<'a> {
    /// Below 0x0600, the length of an IEEE 802.3 frame.
    pub(crate) kind: u16,
    pub(crate) bytes: &'a [u8],
    pub(crate) vlan: Option<u16>,
    /// The VLAN that is named beside the frame, where the frame has no tag.
    pub(crate) named: Option<u16>,
    pub(crate) cut: u32,
    pub(crate) depth: u8,
    /// VLAN tags of this frame so far.
    pub(crate) tags: u8,
}

/// Why a frame gives no IP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    Malformed,
    TagsExcess,
    LabelsExcess,
    NestingExcess,
    /// What labels lead to is neither IP nor Ethernet.
    Labelled,
    /// Something in a PPP session that is not IP: its own negotiation, or compressed or encrypted data.
    Session,
    /// Another protocol, by its EtherType.
    Other(u16),
}

/// No configuration follows deeper.
pub(crate) const NESTING_MAX: u8 = 16;

/// Tags that are followed in one frame: QinQ has two.
const TAGS_MAX: u8 = 4;

pub(crate) const IPV4: u16 = 0x0800;
pub(crate) const IPV6: u16 = 0x86DD;
pub(crate) const ARP: u16 = 0x0806;
/// A whole Ethernet frame (transparent Ethernet bridging).
pub(crate) const ETHERNET: u16 = 0x6558;
pub(crate) const MPLS: u16 = 0x8847;
const MPLS_MULTICAST: u16 = 0x8848;
const PPPOE_SESSION: u16 = 0x8864;
const BACKBONE: u16 = 0x88E7;
const HSR: u16 = 0x892F;

/// The IP packet of a frame; `None` has been counted by its kind.
#[inline]
pub(crate) fn packet<'a>(
    frame: &Frame<'a>,
    nesting_max: u8,
    counters: &mut Counters,
) -> Option<Packet<'a>> {
    let bytes = frame.bytes;
    let there = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let cut = frame.original_length.saturating_sub(there);
    // Most frames are this.
    if frame.link == LinkType::Ethernet
        && let Some((head, rest)) = bytes.split_first_chunk::<14>()
        && [head[12], head[13]] == [0x08, 0x00]
    {
        return Some(Packet { bytes: rest, vlan: None, cut, depth: 0 });
    }
    let Some((kind, rest)) = first(frame) else {
        let counter = match frame.link {
            LinkType::Other(_) => &mut counters.link_unknown,
            _ => &mut counters.link_malformed,
        };
        *counter = counter.saturating_add(1);
        return None;
    };
    let vlan = None;
    let carried = Carried { kind, bytes: rest, vlan, named: None, cut, depth: 0, tags: 0 };
    follow(carried, nesting_max, counters)
}

/// The ARP packet of a frame that has no IP packet, with the VLAN that it was heard in.
pub(crate) fn resolution<'a>(
    frame: &Frame<'a>,
    nesting_max: u8,
) -> Option<(&'a [u8], Option<u16>)> {
    let (kind, bytes) = first(frame)?;
    let mut carried = Carried { kind, bytes, vlan: None, named: None, cut: 0, depth: 0, tags: 0 };
    while carried.kind != ARP {
        let is_over = carried.depth > nesting_max.min(NESTING_MAX);
        if is_over || matches!(carried.kind, IPV4 | IPV6) {
            return None;
        }
        carried = step(carried).ok()?;
    }
    Some((carried.bytes, carried.vlan.or(carried.named)))
}

/// The EtherType of a frame and what it is of.
fn first<'a>(frame: &Frame<'a>) -> Option<(u16, &'a [u8])> {
    let bytes = frame.bytes;
    let typed = |high, low, rest| (u16::from_be_bytes([high, low]), rest);
    match frame.link {
        LinkType::Ethernet => {
            bytes.split_first_chunk::<14>().map(|(head, rest)| typed(head[12], head[13], rest))
        }
        LinkType::LinuxCooked1 => {
            bytes.split_first_chunk::<16>().map(|(head, rest)| typed(head[14], head[15], rest))
        }
        LinkType::LinuxCooked2 => {
            bytes.split_first_chunk::<20>().map(|(head, rest)| typed(head[0], head[1], rest))
        }
        LinkType::RawIp => Some((IPV4, bytes)),
        LinkType::Null => {
            bytes.split_first_chunk::<4>().map(|(family, rest)| (loopback(*family), rest))
        }
        LinkType::Other(_) => None,
    }
}

/// The address family of the capturing host, in its byte order: 2 is IPv4 everywhere, IPv6 differs.
fn loopback(family: [u8; 4]) -> u16 {
    let known = |family: u32| matches!(family, 2 | 10 | 24 | 28 | 30);
    let ip = known(u32::from_le_bytes(family)) || known(u32::from_be_bytes(family));
    if ip { IPV4 } else { 0xFFFF }
}

/// Follows what may be between an EtherType and IP; `None` has been counted by its kind.
pub(crate) fn follow<'a>(
    mut carried: Carried<'a>,
    nesting_max: u8,
    counters: &mut Counters,
) -> Option<Packet<'a>> {
    // Every step takes octets away, so that this ends; the bounds on tags, labels and nesting end it sooner.
    loop {
        let Carried { kind, bytes, vlan, named, cut, depth, .. } = carried;
        let stepped = match kind {
            _ if depth > nesting_max.min(NESTING_MAX) => Err(Reason::NestingExcess),
            IPV4 | IPV6 => return Some(Packet { bytes, vlan: vlan.or(named), cut, depth }),
            _ => step(carried),
        };
        match stepped {
            Ok(next) => carried = next,
            Err(reason) => {
                count(reason, counters);
                return None;
            }
        }
    }
}

/// Takes one header away.
fn step(carried: Carried<'_>) -> Result<Carried<'_>, Reason> {
    match carried.kind {
        0x8100 | 0x88A8 | 0x9100 | 0x9200 => tag(carried),
        0..0x0600 => logical(carried),
        MPLS | MPLS_MULTICAST => mpls::labels(carried),
        PPPOE_SESSION => session(carried),
        HSR => redundant(carried),
        BACKBONE => {
            let (_, frame) = carried.bytes.split_first_chunk::<4>().ok_or(Reason::Malformed)?;
            ethernet(Carried { bytes: frame, ..carried })
        }
        ETHERNET => ethernet(carried),
        kind => Err(Reason::Other(kind)),
    }
}

/// A frame in a frame or packet: its own tags name its VLAN, not those of what carried it here.
pub(crate) fn ethernet(carried: Carried<'_>) -> Result<Carried<'_>, Reason> {
    let (head, bytes) = carried.bytes.split_first_chunk::<14>().ok_or(Reason::Malformed)?;
    let kind = u16::from_be_bytes([head[12], head[13]]);
    let depth = carried.depth.saturating_add(1);
    Ok(Carried { kind, bytes, vlan: None, depth, tags: 0, ..carried })
}

/// IEEE 802.1Q and 802.1ad, and the types in use before it.
fn tag(carried: Carried<'_>) -> Result<Carried<'_>, Reason> {
    let (tag, bytes) = carried.bytes.split_first_chunk::<4>().ok_or(Reason::Malformed)?;
    if carried.tags >= TAGS_MAX {
        return Err(Reason::TagsExcess);
    }
    // Identifier 0 is a priority without a VLAN.
    let identifier = u16::from_be_bytes([tag[0], tag[1]]) & 0x0FFF;
    let vlan = carried.vlan.or((identifier != 0).then_some(identifier));
    let (kind, tags) = (u16::from_be_bytes([tag[2], tag[3]]), carried.tags.saturating_add(1));
    Ok(Carried { kind, bytes, vlan, tags, ..carried })
}

/// IEEE 802.2, where its SNAP header names an EtherType.
fn logical(carried: Carried<'_>) -> Result<Carried<'_>, Reason> {
    match carried.bytes.split_first_chunk::<8>() {
        Some(([0xAA, 0xAA, 0x03, 0, 0, 0, high, low], bytes)) => {
            Ok(Carried { kind: u16::from_be_bytes([*high, *low]), bytes, ..carried })
        }
        _ => Err(Reason::Other(carried.kind)),
    }
}

/// A PPPoE session (RFC 2516, section 4) and the protocol field of PPP (RFC 1661, section 2), which may be compressed
/// to its second octet.
fn session(carried: Carried<'_>) -> Result<Carried<'_>, Reason> {
    let (head, rest) = carried.bytes.split_first_chunk::<6>().ok_or(Reason::Malformed)?;
    if [head[0], head[1]] != [0x11, 0] {
        return Err(Reason::Session);
    }
    let (kind, bytes) = match rest {
        [0x00, 0x21, bytes @ ..] | [0x21, bytes @ ..] => (IPV4, bytes),
        [0x00, 0x57, bytes @ ..] | [0x57, bytes @ ..] => (IPV6, bytes),
        _ => return Err(Reason::Session),
    };
    Ok(Carried { kind, bytes, ..carried })
}

/// The tag of high-availability seamless redundancy (IEC 62439-3): path and size, a sequence number, the EtherType.
fn redundant(carried: Carried<'_>) -> Result<Carried<'_>, Reason> {
    let (tag, bytes) = carried.bytes.split_first_chunk::<6>().ok_or(Reason::Malformed)?;
    match u16::from_be_bytes([tag[4], tag[5]]) {
        // A ring has one tag: another is not of this protocol.
        HSR => Err(Reason::Other(HSR)),
        kind => Ok(Carried { kind, bytes, ..carried }),
    }
}

pub(crate) fn count(reason: Reason, counters: &mut Counters) {
    let counter = match reason {
        Reason::Malformed => &mut counters.link_malformed,
        Reason::TagsExcess => &mut counters.vlan_tags_excess,
        Reason::LabelsExcess => &mut counters.mpls_labels_excess,
        Reason::NestingExcess => &mut counters.nesting_excess,
        Reason::Labelled => &mut counters.mpls_unknown,
        Reason::Session => &mut counters.ppp_not_ip,
        Reason::Other(0..0x0600) => &mut counters.not_ip_llc,
        Reason::Other(ARP | 0x8035) => &mut counters.not_ip_arp,
        Reason::Other(0x88CC) => &mut counters.not_ip_lldp,
        Reason::Other(0x88B8 | 0x88B9) => &mut counters.not_ip_goose,
        Reason::Other(0x88BA) => &mut counters.not_ip_sampled_values,
        Reason::Other(0x88F7) => &mut counters.not_ip_ptp,
        Reason::Other(0x8892) => &mut counters.not_ip_profinet,
        Reason::Other(0x88FB | HSR | 0x88E3) => &mut counters.not_ip_redundancy,
        Reason::Other(0x88E5) => &mut counters.not_ip_encrypted,
        Reason::Other(_) => &mut counters.not_ip_other,
    };
    *counter = counter.saturating_add(1);
}
