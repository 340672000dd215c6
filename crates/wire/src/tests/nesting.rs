//! Packets and frames in others.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// The mirrored frame, with a tag of its own.
fn tagged() -> Vec<u8> {
    let frame = datagram(MASTER, OUTSTATION, b"hello").frame();
    [&frame[..12], &[0x81, 0, 0, 7], &frame[12..]].concat()
}

fn plain() -> Vec<u8> {
    datagram(MASTER, OUTSTATION, b"hello").frame()
}

/// An IP packet between two switches.
fn carrier(protocol: u8, payload: &[&[u8]]) -> Vec<u8> {
    let (from, to) = ("192.0.2.1".parse().unwrap(), "192.0.2.9".parse().unwrap());
    ip(from, to, protocol, [0; 4], &payload.concat())
}

/// A frame of the mirror's own VLAN 900.
fn on_the_way(packet: &[u8]) -> Vec<u8> {
    ethernet(0x8100, &[&[3, 0x84, 8, 0][..], packet].concat())
}

const ERSPAN_2: [u8; 16] = [0x10, 0, 0x88, 0xBE, 0, 0, 0, 1, 0x10, 17, 8, 5, 0, 0, 0, 3];

/// The VLAN of the flow that a frame opens, and whether it is the one in the frame.
fn vlan(frame: &[u8]) -> Option<Option<u16>> {
    let mut found = None;
    let frame = Frame {
        time: Timestamp::from_nanos(0),
        capture: 0,
        number: 1,
        link: LinkType::Ethernet,
        bytes: frame,
        original_length: frame.len() as u32,
    };
    Wire::new(Config::default()).frame(&frame, &mut |heard| {
        if line(heard) == "> hello" {
            found = Some(heard.flow.vlan);
        }
    });
    found
}

#[test]
fn the_vlan_is_that_of_the_mirrored_frame_and_not_of_its_way_to_the_sensor() {
    let gre = |head: &[u8], frame: &[u8]| on_the_way(&carrier(47, &[head, frame]));
    let vxlan = |frame: &[u8]| {
        let udp = [&[0xC0, 0, 0x12, 0xB5, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 77, 0], frame];
        on_the_way(&carrier(17, &udp))
    };
    // Its own tag.
    assert_eq!(vlan(&gre(&ERSPAN_2, &tagged())), Some(Some(7)));
    assert_eq!(vlan(&gre(&[0, 0, 0x88, 0xBE], &tagged())), Some(Some(7)));
    assert_eq!(vlan(&vxlan(&tagged())), Some(Some(7)));
    // The tag that it lost, where the mirror says which it was; none where it does not.
    assert_eq!(vlan(&gre(&ERSPAN_2, &plain())), Some(Some(17)));
    assert_eq!(vlan(&gre(&[0, 0, 0x88, 0xBE], &plain())), Some(None));
    assert_eq!(vlan(&vxlan(&plain())), Some(None));
    // A provider's own tags are around the frame of the customer.
    let backbone = [&[3, 0x84, 0x88, 0xE7, 0, 0, 1, 0], &tagged()[..]].concat();
    assert_eq!(vlan(&ethernet(0x88A8, &backbone)), Some(Some(7)));
    let labelled = [&[3, 0x84, 0x88, 0x47, 0, 1, 1, 64], &tagged()[..]].concat();
    assert_eq!(vlan(&ethernet(0x8100, &labelled)), Some(Some(7)));
    // Without a frame between, the packet's frame is the one around both.
    let packet = datagram(MASTER, OUTSTATION, b"hello").packet();
    assert_eq!(vlan(&gre(&[0, 0, 8, 0], &packet)), Some(Some(900)));
    assert_eq!(vlan(&on_the_way(&carrier(4, &[&packet]))), Some(Some(900)));
}

#[test]
fn nesting_ends_at_its_bound_and_is_counted() {
    let mut ear = Ear::usual();
    let mut packet = datagram(MASTER, OUTSTATION, b"hello").packet();
    for depth in 1..=5 {
        packet = carrier(4, &[&packet]);
        ear.raw(0, LinkType::RawIp, &packet, packet.len());
        let counters = ear.wire.counters();
        assert_eq!(counters.nesting_excess, u64::from(depth > 4), "{depth} around");
        assert_eq!(counters.udp_datagrams, depth.min(4));
    }
    // Frames count as packets do.
    let mut frame = plain();
    for _ in 0..5 {
        frame = ethernet(0x88E7, &[&[0; 4], &frame[..]].concat());
    }
    ear.raw(0, LinkType::Ethernet, &frame, frame.len());
    assert_eq!(ear.wire.counters().nesting_excess, 2);
    // However deep a configuration wants it.
    let mut ear = Ear::new(Config { nesting_max: 255, ..Config::default() });
    for _ in 0..300 {
        packet = carrier(4, &[&packet]);
    }
    ear.raw(0, LinkType::RawIp, &packet, packet.len());
    assert_eq!(ear.wire.counters().nesting_excess, 1);
}

#[test]
fn six_and_four_carry_each_other() {
    let (four, six) = (datagram(MASTER, OUTSTATION, b"4"), datagram(MASTER6, OUTSTATION6, b"6"));
    let (from, to) = six.addresses();
    let mut ear = Ear::usual();
    let in_six = ip(from, to, 4, [0; 4], &four.packet());
    ear.raw(0, LinkType::RawIp, &in_six, in_six.len());
    let in_four = carrier(41, &[&six.packet()]);
    ear.raw(0, LinkType::RawIp, &in_four, in_four.len());
    check(&mut ear, &["opened 10.0.0.1:40000", "> 4", "opened [2001:db8::1]:40000", "> 6"]);
    assert_eq!(ear.wire.counters().tunnel_ip, 2);
}

#[test]
fn what_cannot_be_followed_is_counted_by_its_kind() {
    let packet = datagram(MASTER, OUTSTATION, b"hello").packet();
    let label = |frame: &[u8]| ethernet(0x8847, &[&[0, 1, 1, 64], frame].concat());
    let gpe = [0xC0, 0, 0x12, 0xB6, 0, 0, 0, 0, 12, 0, 0, 4, 0, 0, 77, 0];
    let frames = [
        ethernet(0x0800, &carrier(47, &[&[0x20, 1, 0x88, 0x0B, 0, 4, 0, 1], &packet])),
        ethernet(0x0800, &carrier(47, &[&[0x40, 0, 8, 0, 0, 0, 0, 0], &packet])),
        ethernet(0x0800, &carrier(47, &[&[0, 0, 0x88, 0x3E, 0, 0, 0, 0], &packet])),
        ethernet(0x0800, &carrier(47, &[&[0x10, 0, 0x88, 0xBE, 0, 0, 0, 1, 0x30], &plain()])),
        ethernet(0x0800, &carrier(17, &[&gpe, &packet])),
        ethernet(0x8847, &[&[0, 1, 0, 64].repeat(9)[..], &packet].concat()),
        // A part of a frame, the associated channel, and a control word before nothing known.
        label(&[&[0, 0x40, 0, 9], &plain()[..]].concat()),
        label(&[&[0x10, 0, 0, 9], &plain()[..]].concat()),
        label(&[0; 64]),
        // Link control, and a session's beginning.
        ethernet(0x8864, &[&[0x11, 0, 0, 9, 0, 12, 0xC0, 0x21], &packet[..]].concat()),
        ethernet(0x892F, &[&[0, 60, 0, 1, 0x89, 0x2F, 0, 60, 0, 1, 8, 0], &packet[..]].concat()),
        ethernet(0x88E5, &packet),
    ];
    let mut ear = Ear::usual();
    for frame in frames {
        ear.raw(0, LinkType::Ethernet, &frame, frame.len());
    }
    check(&mut ear, &[]);
    let counters = ear.wire.counters();
    let counts: Vec<_> = counters.iter().filter(|(_, count)| *count > 0).collect();
    let expected = [
        ("frames", 12),
        ("mpls_labels_excess", 1),
        ("mpls_unknown", 3),
        ("ppp_not_ip", 1),
        ("tunnel_gre_unknown", 3),
        ("tunnel_erspan_unknown", 1),
        ("tunnel_vxlan_unknown", 1),
        ("not_ip_redundancy", 1),
        ("not_ip_encrypted", 1),
    ];
    assert_eq!(counts, expected);
}

#[test]
fn what_is_behind_labels_is_told_by_more_than_its_first_bits() {
    let label = |rest: &[u8]| ethernet(0x8847, &[&[0, 1, 1, 64], rest].concat());
    // The addresses of stations begin with any four bits; a control word with none set.
    for first in (0..=0xF0).step_by(16) {
        let mut frame = plain();
        frame[0] |= first;
        assert_eq!(vlan(&label(&frame)), Some(None), "without a control word: {first:x}");
        let words = [&[0, 0, 0, 9], &frame[..]].concat();
        assert_eq!(vlan(&label(&words)), Some(None), "with a control word: {first:x}");
    }
    assert_eq!(vlan(&label(&plain()[14..])), Some(None));
}

#[test]
fn datagrams_to_the_port_of_vxlan_that_are_not_in_its_form_are_their_hosts_own() {
    let port = Side { port: 4789, ..OUTSTATION };
    let mut ear = Ear::usual();
    for payload in [&b"hello"[..], &[0; 30], &[&[8, 0, 0, 0, 0, 0, 1, 9][..], &[b'x'; 30]].concat()]
    {
        ear.hear(0, &datagram(MASTER, port, payload));
    }
    assert_eq!(ear.wire.counters().udp_datagrams, 3);
    assert_eq!(ear.wire.counters().tunnel_vxlan, 0);
}

#[test]
fn what_a_mirror_cut_off_is_missing() {
    let mut frame = ask(1001, 5001, b"abcdefgh").frame();
    frame.truncate(frame.len() - 5);
    // The mirror says that it cut, the capture is whole; or the capture is cut.
    let mut head = ERSPAN_2;
    for (flag, more) in [(0x0C, 0), (0x08, 5)] {
        let mut ear = shaken();
        head[10] = flag;
        let mut packet = carrier(47, &[&head, &frame]);
        packet[3] += more;
        ear.raw(1, LinkType::RawIp, &packet, packet.len() + usize::from(more));
        check(&mut ear, &["> abc", "> gap 5"]);
    }
}

#[test]
fn the_trailer_of_parallel_redundancy_is_not_payload() {
    let mut ear = shaken();
    let mut frame = ask(1001, 5001, b"hi").frame();
    frame.extend([0, 1, 0xA0, 32, 0x88, 0xFB]);
    ear.raw(1, LinkType::Ethernet, &frame, frame.len());
    check(&mut ear, &["> hi"]);
}

/// Headers of every kind that is followed.
fn headers() -> impl Strategy<Value = Vec<u8>> {
    let heads: Vec<&'static [u8]> = vec![
        &[0x81, 0, 0, 7],
        &[0x88, 0x47, 0, 1, 1, 64],
        &[0x88, 0x47, 0, 1, 1, 64, 0, 0, 0, 9],
        &[0x88, 0x64, 0x11, 0, 0, 9, 0, 50, 0, 0x21],
        &[0x89, 0x2F, 0, 60, 0, 1],
        &[0x88, 0xE7, 0, 0, 0, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2],
        &[8, 0, 0x45, 0, 0, 0, 0, 0, 0, 0, 64, 47, 0, 0, 192, 0, 2, 1, 192, 0, 2, 9, 0, 0],
        &[8, 0, 0x45, 0, 0, 0, 0, 0, 0x20, 0, 64, 47, 0, 0, 192, 0, 2, 1, 192, 0, 2, 9, 0, 0],
        &[8, 0, 0x45, 0, 0, 0, 0, 0, 0, 0, 64, 4, 0, 0, 192, 0, 2, 1, 192, 0, 2, 9],
        &[0x10, 0, 0x88, 0xBE, 0, 0, 0, 1, 0x10, 17, 8, 5, 0, 0, 0, 3],
        &[0x12, 0xB5, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 77, 0],
    ];
    vec(
        prop_oneof![prop::sample::select(heads).prop_map(<[u8]>::to_vec), vec(any::<u8>(), 0..9)],
        0..12,
    )
    .prop_map(|heads| heads.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_headers_in_any_order_are_taken(
        frames in vec((headers(), 0_usize..200), 1..20),
        nesting_max in any::<u8>(),
    ) {
        let mut ear = Ear::new(Config { nesting_max, ..Config::default() });
        for (headers, more) in &frames {
            let bytes = [&[2; 12][..], headers].concat();
            ear.raw(0, LinkType::Ethernet, &bytes, bytes.len() + more);
            let frame = Frame {
                time: Timestamp::from_nanos(0),
                capture: 0,
                number: 1,
                link: LinkType::Ethernet,
                bytes: &bytes,
                original_length: bytes.len() as u32,
            };
            let _ = crate::address_pair(&frame);
        }
        ear.finish();
        prop_assert_eq!((ear.wire.flows(), ear.wire.waiting_bytes()), (0, 0));
    }
}
