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
    let mut ring = Ring::new(30 * size_of::<Kept>());
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

proptest! {
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
            if bytes / 3 >= size_of::<Kept>() && *length <= bytes - bytes / 3 {
                pushed.push((number, octets));
            }
            let held = held(&ring);
            let end = &pushed[pushed.len() - held.len()..];
            prop_assert!(held.iter().map(|(_, number, octets)| (number, octets)).eq(end.iter().map(|(n, o)| (n, o))));
            prop_assert!(pushed.is_empty() || !held.is_empty());
            let octets: usize = held.iter().map(|(_, _, octets)| octets.len()).sum();
            prop_assert!(octets + held.len() * size_of::<Kept>() <= bytes);
        }
    }
}
