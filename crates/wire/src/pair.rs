//! Between which two hosts a frame goes.

use core::net::IpAddr;

use gridtap_model::{Endpoint, Group};

use crate::counters::Counters;
use crate::event::Frame;
use crate::internet::Datagram;
use crate::link::NESTING_MAX;
use crate::tunnel::{self, Inside};
use crate::{internet, link};

/// The two addresses that a frame goes between, the lower first, so that both directions give the same; none where it
/// holds no IP packet.
///
/// For frames that are looked at a second time: nothing is counted. Of a packet in a packet it is the inner hosts, as in
/// a flow; a fragment, an encrypted packet and a tunnel that is not followed belong to their own hosts.
#[must_use]
pub fn address_pair(frame: &Frame<'_>) -> Option<[IpAddr; 2]> {
    innermost(frame).map(|datagram| Group::of_hosts(datagram.source, datagram.destination).hosts())
}

/// The innermost packet of a frame, as far as it is not a fragment of a packet around it.
#[inline]
pub(crate) fn innermost<'a>(frame: &Frame<'a>) -> Option<Datagram<'a>> {
    let mut counters = Counters::default();
    let mut packet = link::packet(frame, NESTING_MAX, &mut counters)?;
    let mut datagram = internet::datagram(packet.bytes, u32::MAX).ok()?;
    // Each packet inside is deeper than the one before, and as many as may be are followed.
    while datagram.fragment.is_none()
        && tunnel::may_be(&datagram)
        && let Inside::Carried(carried, _) = tunnel::inside(&datagram, None, packet.depth)
        && let Some(inner) = link::follow(carried, NESTING_MAX, &mut counters)
        && let Ok(within) = internet::datagram(inner.bytes, u32::MAX)
    {
        (packet, datagram) = (inner, within);
    }
    Some(datagram)
}

/// The group of the conversation that a whole packet belongs to.
#[inline]
pub(crate) fn group(datagram: &Datagram<'_>) -> Group {
    match (datagram.protocol, datagram.payload.first_chunk::<4>()) {
        (internet::TCP | internet::UDP, Some(&[high, low, other_high, other_low])) => {
            let one = Endpoint::new(datagram.source, u16::from_be_bytes([high, low]));
            let port = u16::from_be_bytes([other_high, other_low]);
            Group::of(one, Endpoint::new(datagram.destination, port))
        }
        _ => Group::of_hosts(datagram.source, datagram.destination),
    }
}

#[cfg(test)]
mod tests {
    use gridtap_model::Timestamp;

    use super::*;
    use crate::LinkType;

    fn pair(link: LinkType, bytes: &[u8]) -> Option<[IpAddr; 2]> {
        let (time, capture, number, original_length) = (Timestamp::default(), 0, 1, 60);
        address_pair(&Frame { time, capture, number, link, bytes, original_length })
    }

    fn ip(source: [u8; 4], destination: [u8; 4]) -> Vec<u8> {
        let head = [0x45, 0, 0, 20, 0, 0, 0, 0, 64, 6, 0, 0];
        [&head[..], &source, &destination].concat()
    }

    #[test]
    fn both_directions_are_one_pair_whatever_the_link() {
        let expected = Some([IpAddr::from([10, 0, 0, 7]), IpAddr::from([10, 0, 0, 21])]);
        let (there, back) = (ip([10, 0, 0, 7], [10, 0, 0, 21]), ip([10, 0, 0, 21], [10, 0, 0, 7]));
        assert_eq!(pair(LinkType::RawIp, &there), expected);
        assert_eq!(pair(LinkType::RawIp, &back), expected);
        let ethernet = [&[0; 12][..], &[8, 0], &back].concat();
        assert_eq!(pair(LinkType::Ethernet, &ethernet), expected);
        let tagged = [&[0; 12][..], &[0x81, 0, 0, 5, 8, 0], &there].concat();
        assert_eq!(pair(LinkType::Ethernet, &tagged), expected);
    }

    #[test]
    fn the_pair_of_a_mirrored_frame_is_that_of_its_own_hosts() {
        let inner = [&[0; 12][..], &[8, 0], &ip([10, 0, 0, 7], [10, 0, 0, 21])].concat();
        let mut outer = ip([192, 0, 2, 1], [192, 0, 2, 9]);
        let gre = [&[0x10, 0, 0x88, 0xBE, 0, 0, 0, 1, 0x10, 17, 0, 0, 0, 0, 0, 0], &inner[..]];
        outer.extend(gre.concat());
        (outer[3], outer[9]) = (70, 47);
        let expected = Some([IpAddr::from([10, 0, 0, 7]), IpAddr::from([10, 0, 0, 21])]);
        assert_eq!(pair(LinkType::RawIp, &outer), expected);
        // A part of it has nothing inside that could be read.
        outer[6] = 0x20;
        let expected = Some([IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 9])]);
        assert_eq!(pair(LinkType::RawIp, &outer), expected);
    }

    #[test]
    fn what_holds_no_ip_packet_has_no_pair() {
        let arp = [&[0; 12][..], &[8, 6], &[0; 28]].concat();
        assert_eq!(pair(LinkType::Ethernet, &arp), None);
        assert_eq!(pair(LinkType::Ethernet, &[]), None);
        assert_eq!(pair(LinkType::Other(147), &ip([1, 1, 1, 1], [2, 2, 2, 2])), None);
    }
}
