use super::*;
use crate::{Config, Heard};

const REQUEST: [u8; 28] = [
    0, 1, 8, 0, 6, 4, 0, 1, // Ethernet, IPv4, request
    0x02, 0, 0, 0, 0, 7, 10, 0, 0, 7, // sender
    0, 0, 0, 0, 0, 0, 10, 0, 0, 21, // target
];

fn framed(kind: [u8; 2], payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xFF; 6];
    bytes.extend([0x02, 0, 0, 0, 0, 9]);
    bytes.extend(kind);
    bytes.extend(payload);
    bytes
}

fn noticed(bytes: &[u8]) -> (Option<Notice>, Wire) {
    let mut wire = Wire::new(Config::default());
    let frame = Frame {
        time: Timestamp::from_parts(7, 0),
        capture: 3,
        number: 9,
        link: LinkType::Ethernet,
        bytes,
        original_length: u32::try_from(bytes.len()).unwrap(),
    };
    wire.frame(&frame, &mut |_: &Heard<'_>| {});
    (wire.take_notice(), wire)
}

fn said(payload: &[u8]) -> Option<(String, String, Resolution, String)> {
    let notice = noticed(&framed([0x08, 0x06], payload)).0?;
    let NetworkEvent::Resolution { kind, claimed, sender } = notice.event else { return None };
    assert_eq!(sender, Some(Hardware([2, 0, 0, 0, 0, 9])));
    Some((notice.source.to_string(), notice.destination.to_string(), kind, claimed.to_string()))
}

fn is(
    source: &str,
    target: &str,
    kind: Resolution,
) -> Option<(String, String, Resolution, String)> {
    Some((source.to_owned(), target.to_owned(), kind, "02:00:00:00:00:07".to_owned()))
}

#[test]
fn the_four_kinds_of_arp_are_told_apart() {
    assert_eq!(said(&REQUEST), is("10.0.0.7", "10.0.0.21", Resolution::Request));
    let mut reply = REQUEST;
    reply[7] = 2;
    assert_eq!(said(&reply), is("10.0.0.7", "10.0.0.21", Resolution::Reply));
    let mut probe = REQUEST;
    probe[14..18].fill(0);
    assert_eq!(said(&probe), is("0.0.0.0", "10.0.0.21", Resolution::Probe));
    for operation in [1, 2] {
        let mut gratuitous = REQUEST;
        gratuitous[7] = operation;
        gratuitous[24..28].copy_from_slice(&[10, 0, 0, 7]);
        assert_eq!(said(&gratuitous), is("10.0.0.7", "10.0.0.7", Resolution::Announcement));
    }
}

#[test]
fn a_notice_says_where_it_was_heard_and_is_taken_once() {
    let tagged = [&[0x00, 0x2A, 0x08, 0x06], REQUEST.as_slice()].concat();
    let (notice, mut wire) = noticed(&framed([0x81, 0x00], &tagged));
    let notice = notice.unwrap();
    assert_eq!((notice.capture, notice.frame, notice.vlan), (3, 9, Some(42)));
    assert_eq!(wire.take_notice(), None);
}

#[test]
fn arp_that_is_cut_short_or_of_another_kind_is_counted_and_says_nothing() {
    for length in 0..REQUEST.len() {
        let (notice, wire) = noticed(&framed([0x08, 0x06], &REQUEST[..length]));
        assert_eq!((notice, wire.counters().arp_unknown), (None, 1), "{length} octets");
    }
    for (at, value) in [(1, 6), (2, 0x86), (4, 8), (5, 16), (7, 3), (6, 1)] {
        let mut other = REQUEST;
        other[at] = value;
        assert_eq!(said(&other), None, "octet {at}");
    }
}

/// An IPv4 packet around a payload, its checksum left out.
fn control(kind: u8) -> Vec<u8> {
    let mut bytes = vec![0x45, 0, 0, 28, 0, 1, 0, 0, 64, 1, 0, 0, 10, 0, 0, 7, 10, 0, 0, 21];
    bytes.extend([kind, 0, 0, 0, 0, 1, 0, 1]);
    framed([0x08, 0x00], &bytes)
}

#[test]
fn control_messages_are_told_by_their_kind() {
    let kinds = [0, 3, 5, 8, 11].map(|kind| noticed(&control(kind)).0.unwrap().event);
    let named = [Icmp::EchoReply, Icmp::Unreachable, Icmp::Redirect, Icmp::Echo, Icmp::Other];
    assert_eq!(kinds, named.map(NetworkEvent::Icmp));
}

/// An IPv6 packet from fe80::7 with an ICMPv6 message.
fn control6(message: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x60, 0, 0, 0, 0, u8::try_from(message.len()).unwrap(), 58, 255];
    bytes.extend([0xFE, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]);
    bytes.extend([0xFE, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8]);
    bytes.extend(message);
    framed([0x86, 0xDD], &bytes)
}

#[test]
fn neighbour_discovery_resolves_as_arp_does() {
    let target = [0xFE, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];
    let card = [1, 0x02, 0, 0, 0, 0, 7];
    let message = |kind: u8, flags: u8, option: u8| {
        let head = [kind, 0, 0, 0, flags, 0, 0, 0];
        [head.as_slice(), &target, &[option], &card].concat()
    };
    let said = |message: &[u8]| {
        let notice = noticed(&control6(message)).0.unwrap();
        let NetworkEvent::Resolution { kind, claimed, .. } = notice.event else { panic!() };
        (notice.source.to_string(), notice.destination.to_string(), kind, claimed.bits())
    };
    let is = |source: &str, target: &str, kind| {
        (source.to_owned(), target.to_owned(), kind, 0x0200_0000_0007)
    };
    assert_eq!(said(&message(135, 0, 1)), is("fe80::7", "fe80::9", Resolution::Request));
    assert_eq!(said(&message(136, 0x40, 2)), is("fe80::9", "fe80::8", Resolution::Reply));
    assert_eq!(said(&message(136, 0x20, 2)), is("fe80::9", "fe80::9", Resolution::Announcement));
    // An option of length 0 would be a loop.
    let mut endless = message(136, 0, 2);
    endless[24..26].copy_from_slice(&[9, 0]);
    let notice = noticed(&control6(&endless)).0.unwrap();
    assert!(
        matches!(notice.event, NetworkEvent::Resolution { claimed, .. } if claimed.is_nobody())
    );
    for length in 0..endless.len() {
        let _ = noticed(&control6(&endless[..length]));
    }
}
