//! What holds for any input.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// The octets of both directions, and whether there was a gap.
fn streams(ear: &mut Ear) -> (String, String, bool) {
    let lines = ear.told();
    let of = |arrow: &str| -> String {
        lines.iter().filter_map(|line| line.strip_prefix(arrow)).collect()
    };
    let odd = lines.iter().any(|line| line.contains(" gap ") || line.contains(" differs "));
    // Without a handshake the side heard first is the first.
    if lines.first().is_some_and(|line| line.starts_with("opened 10.0.0.2")) {
        (of("< "), of("> "), odd)
    } else {
        (of("> "), of("< "), odd)
    }
}

/// Text whose octets tell their place.
fn letters(length: usize, offset: usize) -> Vec<u8> {
    (0..length).map(|index| b'A' + ((index / 26 * 7 + index + offset) % 57) as u8).collect()
}

prop_compose! {
    /// Segments of one direction: the text cut at any places, some parts twice, or wider than the cuts.
    fn cuts()(
        length in 2_usize..400,
        pieces in vec((0_usize..400, 1_usize..120), 0..12),
    ) -> (Vec<u8>, Vec<(usize, usize)>) {
        let mut spans: Vec<(usize, usize)> = pieces
            .iter()
            .map(|&(from, size)| (from % length, (from % length + size).min(length)))
            .collect();
        // What no piece covers is covered by pieces of its own.
        let mut covered = vec![false; length];
        for &(from, to) in &spans {
            covered[from..to].fill(true);
        }
        let mut index = 0;
        while index < length {
            let to = (index..length).find(|&end| covered[end] != covered[index]).unwrap_or(length);
            if !covered[index] {
                spans.push((index, to));
            }
            index = to;
        }
        (letters(length, length), spans)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_split_order_and_repetition_gives_the_same_octets(
        (forward, there) in cuts(),
        (backward, back) in cuts(),
        first in prop_oneof![any::<u32>(), Just(u32::MAX - 100)],
        second in prop_oneof![any::<u32>(), Just(u32::MAX - 100)],
        order in vec(any::<u16>(), 64),
        handshake in any::<bool>(),
        last in any::<bool>(),
    ) {
        let overlap = if last { Overlap::Last } else { Overlap::First };
        let mut ear = Ear::new(Config { overlap, ..Config::default() });
        if handshake {
            ear.hear(0, &ask(first.wrapping_sub(1), 0, b"").flags(SYN));
            ear.hear(0, &answer(second.wrapping_sub(1), first, b"").flags(SYN | ACK));
        }
        let made = there
            .iter()
            .map(|&(from, to)| ask(first.wrapping_add(from as u32), second, &forward[from..to]))
            .chain(back.iter().map(|&(from, to)| {
                let all = first.wrapping_add(forward.len() as u32);
                answer(second.wrapping_add(from as u32), all, &backward[from..to])
            }));
        let mut made: Vec<(u16, Made)> =
            made.enumerate().map(|(index, made)| (order[index % 64], made)).collect();
        made.sort_by_key(|(order, _)| *order);
        for (_, made) in &made {
            ear.hear(1, made);
        }
        ear.tick(10_000);
        let told = streams(&mut ear);
        prop_assert_eq!(told, (text(&forward), text(&backward), false));
        prop_assert_eq!(ear.wire.waiting_bytes(), 0);
    }

    #[test]
    fn any_octets_are_taken(
        frames in vec((0_usize..6, vec(any::<u8>(), 0..120), 0_usize..200, -5_i64..5_000), 0..40),
    ) {
        let links = [
            LinkType::Ethernet,
            LinkType::LinuxCooked1,
            LinkType::LinuxCooked2,
            LinkType::RawIp,
            LinkType::Null,
            LinkType::Other(1),
        ];
        let mut ear = Ear::usual();
        for (link, bytes, more, time) in &frames {
            ear.raw(*time, links[*link], bytes, bytes.len() + more);
        }
        ear.tick(100_000_000);
        ear.finish();
        prop_assert_eq!((ear.wire.flows(), ear.wire.waiting_bytes()), (0, 0));
    }
}
