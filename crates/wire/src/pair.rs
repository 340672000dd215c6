//! Between which two hosts a frame goes.

use core::net::IpAddr;

use crate::counters::Counters;
use crate::event::Frame;
use crate::{internet, link};

/// The two addresses that a frame goes between, the lower first, so that both directions give the same; none where it
/// holds no IP packet.
///
/// For frames that are looked at a second time: nothing is counted, and nothing behind the IP header is read, so that
/// fragments and encrypted packets belong to their hosts like any other.
#[must_use]
pub fn address_pair(frame: &Frame<'_>) -> Option<[IpAddr; 2]> {
    let packet = link::packet(frame, &mut Counters::default())?;
    let datagram = internet::datagram(packet.bytes, u32::MAX).ok()?;
    let (one, other) = (datagram.source, datagram.destination);
    Some(if one <= other { [one, other] } else { [other, one] })
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
    fn what_holds_no_ip_packet_has_no_pair() {
        let arp = [&[0; 12][..], &[8, 6], &[0; 28]].concat();
        assert_eq!(pair(LinkType::Ethernet, &arp), None);
        assert_eq!(pair(LinkType::Ethernet, &[]), None);
        assert_eq!(pair(LinkType::Other(147), &ip([1, 1, 1, 1], [2, 2, 2, 2])), None);
    }
}
