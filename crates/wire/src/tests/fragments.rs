//! Fragmented datagrams.

use super::*;

/// The datagram in pieces, with their places in octets.
pub(super) fn pieces(made: &Made, size: usize) -> Vec<Vec<u8>> {
    let (source, destination) = made.addresses();
    let transport = made.transport();
    let count = transport.len().div_ceil(size);
    transport
        .chunks(size)
        .enumerate()
        .map(|(index, chunk)| {
            let (place, more) = ((index * size) as u16, index + 1 < count);
            if source.is_ipv4() {
                let field = ((place / 8) | if more { 0x2000 } else { 0 }).to_be_bytes();
                ip(source, destination, made.protocol(), [0, 77, field[0], field[1]], chunk)
            } else {
                let field = (place | u16::from(more)).to_be_bytes();
                let header = [made.protocol(), 0, field[0], field[1], 0, 0, 0, 77];
                ip(source, destination, 44, [0; 4], &[&header[..], chunk].concat())
            }
        })
        .collect()
}

#[test]
fn fragments_are_put_together_in_any_order() {
    for (from, to) in [(MASTER, OUTSTATION), (MASTER6, OUTSTATION6)] {
        let made = datagram(from, to, b"a datagram that is in pieces");
        for turn in 0..5 {
            let mut parts = pieces(&made, 8);
            parts.rotate_left(turn);
            let mut ear = Ear::usual();
            for part in &parts {
                ear.raw(0, LinkType::RawIp, part, part.len());
            }
            assert_eq!(ear.told()[1..], ["> a datagram that is in pieces"]);
            assert_eq!(ear.wire.waiting_bytes(), 0);
        }
    }
}

#[test]
fn fragments_smaller_than_a_header_hide_nothing() {
    let mut ear = Ear::usual();
    for part in pieces(&ask(1000, 0, b"trip").flags(SYN), 8) {
        ear.raw(0, LinkType::RawIp, &part, part.len());
    }
    check(&mut ear, &["opened 10.0.0.1:40000", "> trip"]);
}

#[test]
fn of_fragments_that_differ_the_checksum_says_which_ones_the_receiver_takes() {
    for is_right_first in [true, false] {
        let mut ear = shaken();
        ear.hear(1, &ask(1001, 5001, b"first"));
        let right = pieces(&ask(1006, 5001, b"trip the breaker"), 24);
        let mut wrong = right[1].clone();
        wrong[20..24].copy_from_slice(b"show");
        let order = if is_right_first { [&right[1], &wrong] } else { [&wrong, &right[1]] };
        for (nth, piece) in order.into_iter().chain([&right[0]]).enumerate() {
            ear.raw(2 + i64::try_from(nth).unwrap(), LinkType::RawIp, piece, piece.len());
        }
        let lines = ear.told();
        assert!(lines.contains(&"> trip the breaker".to_owned()), "{lines:?}");
        assert!(!lines.iter().any(|line| line.contains("> show")), "{lines:?}");
    }
}

#[test]
fn fragments_that_overlap_with_other_content_are_reported() {
    for (overlap, told) in [(Overlap::First, "> eightabcdefgh"), (Overlap::Last, "> eightabcd----")]
    {
        let mut ear =
            Ear::new(Config { overlap, checksums: Checksums::Ignore, ..Config::default() });
        let parts = pieces(&datagram(MASTER, OUTSTATION, b"eightabcdefghrest"), 8);
        let mut other = parts[2].clone();
        other[20] = b'-';
        ear.raw(0, LinkType::RawIp, &parts[0], parts[0].len());
        ear.raw(0, LinkType::RawIp, &parts[2], parts[2].len());
        ear.raw(0, LinkType::RawIp, &other, other.len());
        ear.raw(0, LinkType::RawIp, &parts[1], parts[1].len());
        ear.raw(0, LinkType::RawIp, &parts[3], parts[3].len());
        let lines = ear.told();
        assert_eq!(lines[1], "> differs 1");
        let whole = if told.ends_with('-') { "> eightabcdefg-rest" } else { "> eightabcdefghrest" };
        assert_eq!(lines[2].len(), whole.len());
        assert_eq!(ear.wire.counters().fragments_overlap_differs, 1);
    }
}

#[test]
fn fragments_are_given_up_after_their_time_and_beyond_their_number() {
    let config = Config { fragment_datagrams_max: 40, ..Config::default() };
    let mut ear = Ear::new(config);
    for number in 0..200_u8 {
        let (source, destination) = datagram(MASTER, OUTSTATION, b"").addresses();
        let part = ip(source, destination, 17, [0, number, 0x20, 0], &[0; 64]);
        ear.raw(i64::from(number), LinkType::RawIp, &part, part.len());
        assert!(ear.wire.waiting_bytes() <= 16 * 1024);
    }
    assert_eq!(ear.wire.counters().fragments_evicted, 200 - 16, "one pair displaces its own");
    ear.tick(40_000);
    assert_eq!(ear.wire.counters().fragments_timed_out, 16);
    assert_eq!(ear.wire.waiting_bytes(), 0);
}

#[test]
fn fragments_that_wait_at_the_end_are_counted_and_released() {
    let mut ear = Ear::usual();
    let (source, destination) = datagram(MASTER, OUTSTATION, b"").addresses();
    let part = ip(source, destination, 17, [0, 1, 0x20, 0], &[0; 64]);
    ear.raw(0, LinkType::RawIp, &part, part.len());
    assert!(ear.wire.waiting_bytes() > 0);
    ear.wire.finish(&mut |_| {});
    assert_eq!(ear.wire.waiting_bytes(), 0);
    assert_eq!(ear.wire.counters().fragments_ended, 1);
}

#[test]
fn a_fragment_that_fits_no_datagram_is_counted() {
    let (source, destination) = datagram(MASTER, OUTSTATION, b"").addresses();
    let mut ear = Ear::usual();
    for (place, length) in [([0x3F, 0xFF], 64), ([0x20, 0x00], 7), ([0x20, 0x00], 0)] {
        let part = ip(source, destination, 17, [0, 1, place[0], place[1]], &vec![0; length]);
        ear.raw(0, LinkType::RawIp, &part, part.len());
    }
    assert_eq!(ear.wire.counters().fragments_malformed, 3);
}
