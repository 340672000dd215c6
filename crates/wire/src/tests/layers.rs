//! From the link layer up to the transport.

use super::*;

fn heard_as(link: LinkType, bytes: &[u8]) -> Vec<String> {
    let mut ear = Ear::usual();
    ear.raw(0, link, bytes, bytes.len());
    ear.finish();
    ear.told().into_iter().filter(|line| line.starts_with(['>', '<'])).collect()
}

/// Tags go between the addresses and the type.
fn tagged(tags: &[[u8; 4]], made: &Made) -> Vec<u8> {
    let frame = made.frame();
    [&frame[..12], &tags.concat(), &frame[12..]].concat()
}

#[test]
fn every_link_type_is_heard() {
    let made = datagram(MASTER, OUTSTATION, b"hello");
    let packet = made.packet();
    let cooked1 = [&[0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0][..], &packet].concat();
    let cooked2 =
        [&[8, 0, 0, 0, 0, 0, 0, 3, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0][..], &packet].concat();
    for (link, bytes) in [
        (LinkType::Ethernet, made.frame()),
        (LinkType::LinuxCooked1, cooked1),
        (LinkType::LinuxCooked2, cooked2),
        (LinkType::RawIp, packet.clone()),
        (LinkType::Null, [&[2, 0, 0, 0][..], &packet].concat()),
        (LinkType::Null, [&[0, 0, 0, 2][..], &packet].concat()),
    ] {
        assert_eq!(heard_as(link, &bytes), ["> hello"], "{link:?}");
    }
    let six = datagram(MASTER6, OUTSTATION6, b"hello").packet();
    for family in [10, 24, 28, 30] {
        assert_eq!(heard_as(LinkType::Null, &[&[family, 0, 0, 0][..], &six].concat()), ["> hello"]);
    }
    assert_eq!(heard_as(LinkType::Null, &[&[7, 0, 0, 0][..], &six].concat()), [""; 0]);
    assert_eq!(heard_as(LinkType::Other(147), &made.frame()), [""; 0]);
}

#[test]
fn vlan_tags_are_followed_and_the_outermost_is_told() {
    let made = datagram(MASTER, OUTSTATION, b"hello");
    let (q, ad) = ([0x81, 0, 0x20, 7], [0x88, 0xA8, 0, 100]);
    for (tags, vlan) in [
        (vec![], None),
        (vec![q], Some(7)),
        (vec![ad, q], Some(100)),
        (vec![[0x91, 0, 0, 9], q], Some(9)),
        (vec![[0x81, 0, 0xE0, 0]], None),
    ] {
        let frame = tagged(&tags, &made);
        let mut found = Vec::new();
        let mut wire = Wire::new(Config::default());
        let frame = Frame {
            time: Timestamp::from_nanos(0),
            capture: 3,
            number: 1,
            link: LinkType::Ethernet,
            bytes: &frame,
            original_length: frame.len() as u32,
        };
        wire.frame(&frame, &mut |heard| {
            found.push((heard.flow.vlan, heard.flow.capture, line(heard)))
        });
        assert_eq!(found[1], (vlan, 3, "> hello".to_owned()), "{tags:?}");
    }
    let mut ear = Ear::usual();
    let frame = tagged(&[q; 5], &made);
    ear.raw(0, LinkType::Ethernet, &frame, frame.len());
    assert_eq!(ear.wire.counters().vlan_tags_excess, 1);
}

#[test]
fn both_directions_are_one_flow_whatever_their_tags_and_captures() {
    let mut ear = Ear::usual();
    let there = tagged(&[[0x81, 0, 0, 7]], &datagram(MASTER, OUTSTATION, b"ask"));
    ear.raw(0, LinkType::Ethernet, &there, there.len());
    let back = datagram(OUTSTATION, MASTER, b"answer").packet();
    ear.raw(0, LinkType::RawIp, &back, back.len());
    check(&mut ear, &["opened 10.0.0.1:40000", "> ask", "< answer"]);
}

#[test]
fn what_the_link_layer_padded_is_not_payload() {
    let mut ear = shaken();
    let mut frame = ask(1001, 5001, b"").frame();
    frame.extend([0; 6]);
    ear.raw(1, LinkType::Ethernet, &frame, frame.len());
    let mut frame = ask(1001, 5001, b"hi").frame();
    frame.extend(b"pad");
    ear.raw(2, LinkType::Ethernet, &frame, frame.len());
    check(&mut ear, &["> hi"]);
}

#[test]
fn a_length_of_zero_is_that_of_the_frame() {
    let mut frame = datagram(MASTER, OUTSTATION, b"hello").frame();
    frame[16] = 0;
    frame[17] = 0;
    frame[24] = 0;
    frame[25] = 0;
    assert_eq!(heard_as(LinkType::Ethernet, &frame), ["> hello"]);
}

#[test]
fn frames_that_are_not_ip_are_counted_by_kind() {
    let mut ear = Ear::usual();
    for kind in [0x0806, 0x88CC, 0x88B8, 0x88BA, 0x88F7, 0x8892, 0x88FB, 0x1234, 0x0026] {
        let frame = ethernet(kind, &[0; 46]);
        ear.raw(0, LinkType::Ethernet, &frame, frame.len());
    }
    ear.raw(0, LinkType::Ethernet, &[0; 13], 13);
    let counters = ear.wire.counters();
    for count in [
        counters.not_ip_arp,
        counters.not_ip_lldp,
        counters.not_ip_goose,
        counters.not_ip_sampled_values,
        counters.not_ip_ptp,
        counters.not_ip_profinet,
        counters.not_ip_redundancy,
        counters.not_ip_other,
        counters.not_ip_llc,
        counters.link_malformed,
    ] {
        assert_eq!(count, 1, "{counters:?}");
    }
    assert_eq!(counters.frames, 10);
}

#[test]
fn ip_behind_an_802_2_header_is_ip() {
    let packet = datagram(MASTER, OUTSTATION, b"hello").packet();
    let snap = [&[0xAA, 0xAA, 3, 0, 0, 0, 8, 0][..], &packet].concat();
    assert_eq!(heard_as(LinkType::Ethernet, &ethernet(snap.len() as u16, &snap)), ["> hello"]);
}

#[test]
fn extension_headers_of_ipv6_are_followed() {
    let made = datagram(MASTER6, OUTSTATION6, b"hello");
    let (source, destination) = made.addresses();
    let transport = made.transport();
    // Hop-by-hop, destination options, authentication, an atomic fragment.
    let chain = [
        &[60, 0, 1, 4, 0, 0, 0, 0][..],
        &[51, 0, 1, 4, 0, 0, 0, 0],
        &[44, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0],
        &[17, 0, 0, 0, 0, 0, 0, 9],
        &transport,
    ]
    .concat();
    let packet = ip(source, destination, 0, [0; 4], &chain);
    assert_eq!(heard_as(LinkType::RawIp, &packet), ["> hello"]);
    let long = [&[0_u8, 0, 1, 4, 0, 0, 0, 0].repeat(9)[..], &transport].concat();
    let packet = ip(source, destination, 0, [0; 4], &long);
    let mut ear = Ear::usual();
    ear.raw(0, LinkType::RawIp, &packet, packet.len());
    assert_eq!(ear.wire.counters().ip_extensions_excess, 1);
}

#[test]
fn a_routed_packet_is_heard_though_its_checksum_is_of_another_address() {
    let made = datagram(MASTER6, OUTSTATION6, b"hello").check(Check::Wrong);
    let (source, destination) = made.addresses();
    let chain = [&[17, 2, 0, 1, 0, 0, 0, 0][..], &[0; 16], &made.transport()].concat();
    let packet = ip(source, destination, 43, [0; 4], &chain);
    let mut ear = Ear::usual();
    for time in 0..2 {
        ear.raw(time, LinkType::RawIp, &packet, packet.len());
    }
    check(&mut ear, &["opened [2001:db8::1]:40000", "> hello", "> hello"]);
}

#[test]
fn an_empty_datagram_is_a_datagram() {
    assert_eq!(heard_as(LinkType::Ethernet, &datagram(MASTER, OUTSTATION, b"").frame()), ["> "]);
}

#[test]
fn a_datagram_cut_off_by_the_snap_length_is_told_with_its_gap() {
    let frame = datagram(MASTER, OUTSTATION, b"abcdefgh").frame();
    let mut ear = Ear::usual();
    ear.raw(0, LinkType::Ethernet, &frame[..frame.len() - 5], frame.len());
    check(&mut ear, &["opened 10.0.0.1:40000", "> abc", "> gap 5"]);
}

#[test]
fn a_datagram_that_claims_more_than_was_sent_is_not_told() {
    let mut frame = datagram(MASTER, OUTSTATION, b"abcdefgh").frame();
    frame[14 + 20 + 5] += 1;
    let mut ear = Ear::usual();
    ear.raw(0, LinkType::Ethernet, &frame, frame.len());
    check(&mut ear, &[]);
    assert_eq!(ear.wire.counters().udp_malformed, 1);
}

#[test]
fn impossible_addresses_are_named_once_a_flow() {
    let group = Side { address: "224.0.0.5", port: 502 };
    let unspecified = Side { address: "0.0.0.0", port: 68 };
    let everybody = Side { address: "255.255.255.255", port: 67 };
    let portless = Side { port: 0, ..MASTER };
    for (made, impossible) in [
        (datagram(group, OUTSTATION, b"x"), true),
        (datagram(MASTER, group, b"x"), false),
        (segment(MASTER, group, 1, 1, b"x"), true),
        (datagram(portless, OUTSTATION, b"x"), true),
        (datagram(MASTER, MASTER, b"x"), true),
        (datagram(unspecified, everybody, b"x"), false),
        (datagram(unspecified, OUTSTATION, b"x"), true),
        (datagram(Side { address: "250.0.0.1", port: 9 }, OUTSTATION, b"x"), true),
        (datagram(Side { address: "ff02::1", port: 9 }, MASTER6, b"x"), true),
    ] {
        let mut ear = Ear::usual();
        ear.hear(0, &made);
        ear.hear(1, &made);
        let named = ear.told().iter().filter(|line| *line == "impossible").count();
        assert_eq!(named, usize::from(impossible), "{made:?}");
    }
}
