use proptest::prelude::*;

use super::*;

fn frame(number: u64, bytes: &[u8]) -> Frame<'_> {
    Frame {
        time: Timestamp::from_nanos(-5),
        capture: 3,
        number,
        link: LinkType::Null,
        bytes,
        original_length: 70_000,
    }
}

/// What the ring holds, oldest first: place, number, octets.
fn held(ring: &Ring) -> Vec<(u64, u64, Vec<u8>)> {
    (ring.first()..ring.next())
        .map(|place| {
            let frame = ring.get(place).unwrap();
            assert_eq!(ring.number(place), Some((3, frame.number)));
            assert_eq!((frame.time, frame.link), (Timestamp::from_nanos(-5), LinkType::Null));
            (place, frame.number, frame.bytes.to_vec())
        })
        .collect()
}

#[test]
fn the_oldest_frames_give_way_and_no_frame_changes_its_place() {
    let mut ring = Ring::new(1500);
    for number in 0..40 {
        let octet = u8::try_from(number).unwrap();
        ring.push(&frame(number, &[octet; 300]));
        let held = held(&ring);
        let first = number.saturating_sub(2);
        let expected: Vec<_> = (first..=number)
            .map(|each| (each, each, vec![u8::try_from(each).unwrap(); 300]))
            .collect();
        assert_eq!(held, expected);
    }
    assert!(ring.get(36).is_none());
    assert!(ring.get(40).is_none());
}

#[test]
fn frames_without_octets_are_bounded_by_what_is_known_of_them() {
    let mut ring = Ring::new(30 * KEPT_BYTES);
    for number in 0..1_000 {
        ring.push(&frame(number, &[]));
    }
    assert_eq!(held(&ring).len(), 10);
    assert_eq!(ring.next(), 1_000);
}

#[test]
fn a_frame_longer_than_the_ring_is_not_kept_and_one_longer_than_any_packet_is_cut() {
    let mut ring = Ring::new(900);
    ring.push(&frame(1, &[1; 100]));
    ring.push(&frame(2, &[2; 700]));
    assert_eq!(held(&ring), [(0, 1, vec![1; 100])]);
    let mut ring = Ring::new(1 << 20);
    ring.push(&frame(1, &vec![1; 100_000]));
    assert_eq!(held(&ring), [(0, 1, vec![1; FRAME_BYTES_MAX])]);
    let mut none = Ring::new(0);
    none.push(&frame(1, &[]));
    none.push(&frame(2, &[1]));
    assert_eq!(held(&none), []);
}

/// A frame of some kind between two of a few hosts.
fn between(kind: u8, hosts: [u8; 2], number: u64) -> (LinkType, Vec<u8>) {
    let ethernet = |kind: [u8; 2]| [&[2; 12][..], &kind].concat();
    let mut four =
        vec![0x45, 0, 0, 20, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, hosts[0], 10, 0, 0, hosts[1]];
    let mut six = vec![0x60, 0, 0, 0, 0, 0, 59, 1];
    for host in hosts {
        six.extend([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, host]);
    }
    match kind {
        0..4 => (LinkType::Ethernet, [ethernet([8, 0]), four].concat()),
        4 => (LinkType::Ethernet, [ethernet([0x81, 0]), vec![0, 7, 8, 0], four].concat()),
        5 => (LinkType::RawIp, six),
        6 => (LinkType::Ethernet, [ethernet([8, 6]), vec![0; 28]].concat()),
        _ => {
            // Generic routing encapsulation of a packet between other hosts.
            four[9] = 47;
            four[3] = 44;
            let inner = [0x45, 0, 0, 20, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, hosts[1], 10, 0, 0, 9];
            let octets = u8::try_from(number % 250).unwrap();
            let tail = vec![octets; usize::from(octets)];
            (
                LinkType::Ethernet,
                [ethernet([8, 0]), four, vec![0, 0, 8, 0], inner.into(), tail].concat(),
            )
        }
    }
}

proptest! {
    #[test]
    fn the_frames_between_two_hosts_are_found_by_their_signs(
        bytes in 3_000..40_000_usize,
        frames in prop::collection::vec((0..8_u8, [0..6_u8, 0..6_u8]), 1..600),
        wanted in prop::collection::vec([0..6_u8, 0..6_u8], 1..3),
        range in [0..700_u64, 0..700_u64],
    ) {
        let mut ring = Ring::new(bytes);
        for (number, (kind, hosts)) in (0_u64..).zip(&frames) {
            let (link, octets) = between(*kind, *hosts, number);
            ring.push(&Frame { link, ..frame(number, &octets) });
        }
        let pairs: Vec<_> = wanted
            .iter()
            .map(|[one, other]| {
                let (one, other) = (*one.min(other), *one.max(other));
                [IpAddr::from([10, 0, 0, one]), IpAddr::from([10, 0, 0, other])]
            })
            .collect();
        let signs: Vec<_> = pairs.iter().map(|pair| Sign::of(Some(*pair))).collect();
        let holds = |place: &u64| {
            let pair = ring.get(*place).and_then(|frame| address_pair(&frame));
            pair.is_some_and(|pair| pairs.contains(&pair))
        };
        let [from, until] = range;
        let expected: Vec<_> =
            (from.max(ring.first())..until.min(ring.next())).filter(holds).collect();
        let found = |back: bool| {
            let of_signs = ring.of_signs(&signs, from, until);
            let found: Vec<_> = if back { of_signs.rev().collect() } else { of_signs.collect() };
            found.into_iter().filter(holds).collect::<Vec<_>>()
        };
        prop_assert_eq!(&found(false), &expected);
        let mut backwards = found(true);
        backwards.reverse();
        prop_assert_eq!(&backwards, &expected);
        for place in ring.first()..ring.next() {
            let (_, number) = ring.number(place).unwrap();
            prop_assert_eq!(ring.place_of(number), Some(place));
        }
    }

    #[test]
    fn what_is_held_is_the_end_of_what_was_pushed(
        bytes in 0..4_000_usize,
        lengths in prop::collection::vec(prop_oneof![0..200_usize, 0..3_000_usize], 0..200),
    ) {
        let mut ring = Ring::new(bytes);
        let mut pushed = Vec::new();
        for (number, length) in (0_u64..).zip(&lengths) {
            let octets = vec![u8::try_from(number % 251).unwrap(); *length];
            ring.push(&frame(number, &octets));
            if bytes / 3 >= KEPT_BYTES && *length <= bytes - bytes / 3 {
                pushed.push((number, octets));
            }
            let held = held(&ring);
            let end = &pushed[pushed.len() - held.len()..];
            prop_assert!(held.iter().map(|(_, number, octets)| (number, octets)).eq(end.iter().map(|(n, o)| (n, o))));
            prop_assert!(pushed.is_empty() || !held.is_empty());
            let octets: usize = held.iter().map(|(_, _, octets)| octets.len()).sum();
            prop_assert!(octets + held.len() * KEPT_BYTES <= bytes);
        }
    }
}
