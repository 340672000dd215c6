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

    #[test]
    fn the_body_of_the_fuzzers_holds_for_any_octets(input in vec(any::<u8>(), 0..1500)) {
        crate::fuzz::any_octets(&input);
    }

    // Shards hear different flows: what is told of one flow must not depend on the packets of others.
    #[test]
    fn what_is_told_of_a_flow_depends_on_its_own_packets_and_the_ticks(
        heads in vec((0_u64..u64::MAX, any::<bool>(), 0_i64..400), 1..60),
    ) {
        let run = |with_others: bool| {
            let mut ear = Ear::new(Config { checksums: Checksums::Ignore, ..Config::default() });
            let (mut time, mut second) = (0, 1000);
            for &(head, own, step) in &heads {
                time += step;
                while second <= time {
                    ear.tick(second);
                    second += 1000;
                }
                let [flags, place, acknowledged, length, ..] = head.to_le_bytes();
                let from_master = flags & 1 == 0;
                let make = if from_master { ask } else { answer };
                let payload = [place; 64];
                let made = make(
                    1000 + u32::from(place),
                    1000 + u32::from(acknowledged),
                    &payload[..usize::from(length & 63)],
                );
                let mut made = made.flags(if flags & 0x70 == 0 { flags >> 1 & 7 } else { ACK });
                if !own {
                    (made.from.port, made.to.port) = (made.from.port + 1, made.to.port + 1);
                }
                if own || with_others {
                    ear.hear(time, &made);
                }
            }
            ear.tick(time + 5000);
            ear.finish();
            ear.own_lines()
        };
        prop_assert_eq!(run(true), run(false));
    }
}
