//! Packets and frames that IP packets carry: IP in IP, GRE, ERSPAN, VXLAN.

use crate::counters::Counters;
use crate::internet::Datagram;
use crate::link::{Carried, ETHERNET, IPV4, IPV6, MPLS};
use crate::wire::add;

const IP_IN_IP: u8 = 4;
const IPV6_IN_IP: u8 = 41;
const GRE: u8 = 47;

const ERSPAN_2: u16 = 0x88BE;
const ERSPAN_3: u16 = 0x22EB;

/// UDP ports of VXLAN (RFC 7348) and of its extension for other payloads than Ethernet.
const VXLAN: u16 = 4789;
const VXLAN_GPE: u16 = 4790;

/// What a packet has inside.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Inside<'a> {
    /// Nothing of this kind: what it carries is its hosts' own.
    Own,
    /// Another packet or frame.
    Carried(Carried<'a>, Kind),
    /// A tunnel that is not followed.
    Unknown(Kind),
}

/// How a packet is carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Ip,
    Gre,
    Erspan,
    Vxlan,
}

impl Kind {
    /// Counts a packet that was followed.
    pub(crate) fn followed(self, counters: &mut Counters) {
        add(match self {
            Self::Ip => &mut counters.tunnel_ip,
            Self::Gre => &mut counters.tunnel_gre,
            Self::Erspan => &mut counters.tunnel_erspan,
            Self::Vxlan => &mut counters.tunnel_vxlan,
        });
    }

    /// Counts one that was not.
    pub(crate) fn unknown(self, counters: &mut Counters) {
        add(match self {
            Self::Ip => &mut counters.ip_malformed,
            Self::Gre => &mut counters.tunnel_gre_unknown,
            Self::Erspan => &mut counters.tunnel_erspan_unknown,
            Self::Vxlan => &mut counters.tunnel_vxlan_unknown,
        });
    }
}

/// Whether a packet can have another inside: for the most part it cannot.
#[inline]
pub(crate) fn may_be(datagram: &Datagram<'_>) -> bool {
    match datagram.protocol {
        crate::internet::TCP => false,
        crate::internet::UDP => {
            let port = datagram.payload.get(2..4);
            port == Some(&VXLAN.to_be_bytes()) || port == Some(&VXLAN_GPE.to_be_bytes())
        }
        protocol => matches!(protocol, IP_IN_IP | IPV6_IN_IP | GRE),
    }
}

/// What a packet has inside, of which `depth` others are around it.
pub(crate) fn inside<'a>(datagram: &Datagram<'a>, vlan: Option<u16>, depth: u8) -> Inside<'a> {
    let carried = |kind, bytes| Carried {
        kind,
        bytes,
        vlan,
        named: None,
        cut: datagram.missing,
        depth,
        tags: 0,
    };
    let packet =
        |kind| Carried { depth: depth.saturating_add(1), ..carried(kind, datagram.payload) };
    match datagram.protocol {
        crate::internet::TCP => Inside::Own,
        crate::internet::UDP => virtual_network(datagram.payload, carried),
        IP_IN_IP => Inside::Carried(packet(IPV4), Kind::Ip),
        IPV6_IN_IP => Inside::Carried(packet(IPV6), Kind::Ip),
        GRE => generic(datagram.payload, carried),
        _ => Inside::Own,
    }
}

/// An Ethernet frame is counted as nested when it is opened, anything else here.
fn nested<'a>(carried: Carried<'a>) -> Carried<'a> {
    match carried.kind {
        ETHERNET => carried,
        _ => Carried { depth: carried.depth.saturating_add(1), ..carried },
    }
}

/// GRE (RFC 2784, with key and sequence number of RFC 2890). Version 1 (PPTP) is mostly encrypted, and routing is
/// obsolete: neither is followed.
fn generic<'a>(bytes: &'a [u8], carried: impl Fn(u16, &'a [u8]) -> Carried<'a>) -> Inside<'a> {
    let unknown = Inside::Unknown(Kind::Gre);
    let Some((head, rest)) = bytes.split_first_chunk::<4>() else { return unknown };
    let flags = u16::from_be_bytes([head[0], head[1]]);
    let kind = u16::from_be_bytes([head[2], head[3]]);
    if flags & 0x4007 != 0 {
        return unknown;
    }
    let options = [0x8000_u16, 0x2000, 0x1000].iter().filter(|flag| flags & **flag != 0).count();
    let Some(rest) = rest.get(options.saturating_mul(4)..) else { return unknown };
    match kind {
        // The first type has no header of its own; it is told by the absence of a sequence number.
        ERSPAN_2 if flags & 0x1000 == 0 => Inside::Carried(carried(ETHERNET, rest), Kind::Erspan),
        ERSPAN_2 | ERSPAN_3 => match mirrored(kind, rest, carried) {
            Some(carried) => Inside::Carried(carried, Kind::Erspan),
            None => Inside::Unknown(Kind::Erspan),
        },
        IPV4 | IPV6 | ETHERNET | MPLS | 0x8848 => {
            Inside::Carried(nested(carried(kind, rest)), Kind::Gre)
        }
        _ => unknown,
    }
}

/// The header of ERSPAN types II and III (draft-foschiano-erspan-03). It names the VLAN of the mirrored frame, which may
/// have lost its tag, and says whether the frame was cut.
fn mirrored<'a>(
    kind: u16,
    bytes: &'a [u8],
    carried: impl Fn(u16, &'a [u8]) -> Carried<'a>,
) -> Option<Carried<'a>> {
    let (head, after) = bytes.split_first_chunk::<8>()?;
    let first = u16::from_be_bytes([head[0], head[1]]);
    let (kind, rest) = match (kind, first >> 12) {
        (ERSPAN_2, 1) => (ETHERNET, after),
        (ERSPAN_3, 2) => {
            let (last, rest) = after.split_first_chunk::<4>()?;
            let kind = match last[2] >> 2 & 0x1F {
                0 => ETHERNET,
                2 if rest.first().is_some_and(|octet| octet >> 4 == 6) => IPV6,
                2 => IPV4,
                _ => return None,
            };
            let optional = if last[3] & 1 == 0 { 0 } else { 8 };
            (kind, rest.get(optional..)?)
        }
        _ => return None,
    };
    let vlan = first & 0x0FFF;
    let inner = nested(carried(kind, rest));
    let cut = if head[2] & 0x04 == 0 { inner.cut } else { u32::MAX };
    Some(Carried { vlan: None, named: (vlan != 0).then_some(vlan), cut, ..inner })
}

/// VXLAN and its extension. Octets to its port that are not in its form are their hosts' own.
fn virtual_network<'a>(
    bytes: &'a [u8],
    carried: impl Fn(u16, &'a [u8]) -> Carried<'a>,
) -> Inside<'a> {
    let Some((&[_, _, high, low, ..], rest)) = bytes.split_first_chunk::<8>() else {
        return Inside::Own;
    };
    let port = u16::from_be_bytes([high, low]);
    if port != VXLAN && port != VXLAN_GPE {
        return Inside::Own;
    }
    let Some((head, rest)) = rest.split_first_chunk::<8>() else { return Inside::Own };
    // The identifier is valid; the only other bits in use beside the extension's are those of group policies.
    let known = if port == VXLAN { 0x88 } else { 0x0C };
    if head[0] & 0x08 == 0 || head[0] & !known != 0 || head[7] != 0 {
        return Inside::Own;
    }
    let kind = match (port, head[0] & 0x04, head[3]) {
        (VXLAN, ..) | (_, 0, _) | (_, _, 3) => ETHERNET,
        (_, _, 1) => IPV4,
        (_, _, 2) => IPV6,
        (_, _, 5) => MPLS,
        _ => return Inside::Unknown(Kind::Vxlan),
    };
    Inside::Carried(nested(carried(kind, rest)), Kind::Vxlan)
}
