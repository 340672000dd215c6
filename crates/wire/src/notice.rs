//! What hosts say of the network itself: who has which address, and the control messages of IP.
//!
//! These belong to no flow. A frame says at most one of them, which is taken after it.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use gridtap_model::{Hardware, Icmp, NetworkEvent, Resolution, Timestamp};

use crate::event::{Frame, LinkType};
use crate::internet::Datagram;
use crate::link;
use crate::waiting::At;
use crate::wire::{Wire, add};

/// What a frame said of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notice {
    /// When.
    pub time: Timestamp,
    /// In which interface or file the frame is.
    pub capture: u16,
    /// The number of the frame.
    pub frame: u64,
    /// The outermost VLAN identifier of the innermost frame.
    pub vlan: Option<u16>,
    /// Who says it; unspecified where it has no address yet.
    pub source: IpAddr,
    /// To whom, or about which address.
    pub destination: IpAddr,
    /// What.
    pub event: NetworkEvent,
}

impl Wire {
    /// What the last frame said of the network, once.
    #[inline]
    pub fn take_notice(&mut self) -> Option<Notice> {
        self.notice.take()
    }

    /// A frame without an IP packet, which has been counted.
    #[cold]
    pub(crate) fn resolution(&mut self, frame: &Frame<'_>) {
        let Some((bytes, vlan)) = link::resolution(frame, self.config.nesting_max) else { return };
        let Some((source, destination, kind, claimed)) = arp(bytes) else {
            return add(&mut self.counters.arp_unknown);
        };
        let event = NetworkEvent::Resolution { kind, claimed, sender: sender(frame) };
        let Frame { time, capture, number, .. } = *frame;
        self.notice =
            Some(Notice { time, capture, frame: number, vlan, source, destination, event });
    }

    /// A fragment came; where others gave way to it, there are too many.
    pub(crate) fn note_fragments(
        &mut self,
        evicted: u64,
        datagram: &Datagram<'_>,
        vlan: Option<u16>,
        at: At,
    ) {
        if self.counters.fragments_evicted > evicted {
            let (source, destination) = (datagram.source, datagram.destination);
            let At { time, capture, frame } = at;
            let event = NetworkEvent::FragmentExcess;
            self.notice = Some(Notice { time, capture, frame, vlan, source, destination, event });
        }
    }

    /// A control message of IP.
    #[cold]
    pub(crate) fn control(&mut self, datagram: &Datagram<'_>, vlan: Option<u16>, at: At) {
        let (source, destination) = (datagram.source, datagram.destination);
        let told = match (source, datagram.payload) {
            (_, []) => None,
            (IpAddr::V4(_), [kind, ..]) => Some((source, destination, icmp(*kind))),
            (IpAddr::V6(_), payload) => neighbour(source, destination, payload),
        };
        let At { time, capture, frame } = at;
        self.notice = told.map(|(source, destination, event)| Notice {
            time,
            capture,
            frame,
            vlan,
            source,
            destination,
            event,
        });
    }
}

/// The card that sent a frame.
fn sender(frame: &Frame<'_>) -> Option<Hardware> {
    match frame.link {
        LinkType::Ethernet => frame.bytes.get(6..12)?.first_chunk().copied().map(Hardware),
        _ => None,
    }
}

/// Sender, target, kind and the sender's card of an ARP packet for IPv4 over Ethernet (RFC 826).
fn arp(bytes: &[u8]) -> Option<(IpAddr, IpAddr, Resolution, Hardware)> {
    let (head, rest) = bytes.split_first_chunk::<8>()?;
    let [0, 1, 8, 0, 6, 4, 0, operation @ (1 | 2)] = *head else { return None };
    let (card, rest) = rest.split_first_chunk::<6>()?;
    let (source, rest) = rest.split_first_chunk::<4>()?;
    let (_, rest) = rest.split_first_chunk::<6>()?;
    let target = rest.first_chunk::<4>()?;
    let (source, target) = (Ipv4Addr::from(*source), Ipv4Addr::from(*target));
    let kind = match operation {
        _ if source == target => Resolution::Announcement,
        1 if source.is_unspecified() => Resolution::Probe,
        1 => Resolution::Request,
        _ => Resolution::Reply,
    };
    Some((source.into(), target.into(), kind, Hardware(*card)))
}

/// What an ICMP message is about (RFC 792).
const fn icmp(kind: u8) -> NetworkEvent {
    NetworkEvent::Icmp(match kind {
        0 => Icmp::EchoReply,
        3 => Icmp::Unreachable,
        5 => Icmp::Redirect,
        8 => Icmp::Echo,
        _ => Icmp::Other,
    })
}

/// What an ICMPv6 message is about (RFC 4443), or whom it resolves (RFC 4861, 4.3 and 4.4).
fn neighbour(
    source: IpAddr,
    destination: IpAddr,
    payload: &[u8],
) -> Option<(IpAddr, IpAddr, NetworkEvent)> {
    let kind = *payload.first()?;
    let plain = match kind {
        1 => Icmp::Unreachable,
        128 => Icmp::Echo,
        129 => Icmp::EchoReply,
        137 => Icmp::Redirect,
        135 | 136 => return resolved(kind, source, destination, payload),
        _ => Icmp::Other,
    };
    Some((source, destination, NetworkEvent::Icmp(plain)))
}

fn resolved(
    kind: u8,
    source: IpAddr,
    destination: IpAddr,
    payload: &[u8],
) -> Option<(IpAddr, IpAddr, NetworkEvent)> {
    let (head, rest) = payload.split_first_chunk::<8>()?;
    let (target, options) = rest.split_first_chunk::<16>()?;
    let target = IpAddr::V6(Ipv6Addr::from(*target));
    let solicits = kind == 135;
    let card = card(options, if solicits { 1 } else { 2 }).unwrap_or_default();
    let (source, target, kind) = if solicits {
        let probes = source.is_unspecified();
        (source, target, if probes { Resolution::Probe } else { Resolution::Request })
    } else if head[4] & 0x40 != 0 {
        (target, destination, Resolution::Reply)
    } else {
        (target, target, Resolution::Announcement)
    };
    let event = NetworkEvent::Resolution { kind, claimed: card, sender: None };
    Some((source, target, event))
}

/// The card that an option of this type names (RFC 4861, 4.6.1).
fn card(mut options: &[u8], wanted: u8) -> Option<Hardware> {
    while let [kind, length, rest @ ..] = options {
        if (*kind, *length) == (wanted, 1) {
            return rest.first_chunk::<6>().copied().map(Hardware);
        }
        let octets = usize::from(*length).checked_mul(8).filter(|octets| *octets > 0)?;
        options = options.get(octets..)?;
    }
    None
}

#[cfg(test)]
mod tests;
