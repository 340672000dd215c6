//! What other people recorded, against what an independent dissector counted in it (captures/truth).

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::tests::captures::{captures, hear};

/// Of a response in two segments numbered 63 and 0 the independent dissector gives none; it has a function that is
/// none for one numbered 0 behind 63.
const MORE_THAN_COUNTED: [(&str, u64); 1] = [("icsnpp-dnp3/testing/traces/dnp3_example.pcap", 4)];

#[test]
fn as_many_fragments_are_decoded_as_the_independent_dissector_counts() {
    let Some(captures) = captures() else { return };
    let table = std::fs::read_to_string(captures.join("truth/dnp3.tsv")).unwrap();
    let mut counted: BTreeMap<&str, u64> = BTreeMap::new();
    for row in table.lines().skip(1).filter(|row| row.starts_with("public/")) {
        let cells: Vec<_> = row.split('\t').collect();
        let fragments = if cells[6].is_empty() { 0 } else { cells[8].parse().unwrap() };
        *counted.entry(cells[0]).or_default() += fragments;
    }
    let mut heard = 0;
    for (name, counted) in counted {
        let path = captures.join(name);
        if !path.exists() {
            continue;
        }
        heard += 1;
        let counters = hear(&path).counters;
        let more = MORE_THAN_COUNTED.iter().find(|(end, _)| name.ends_with(end));
        assert_eq!(counters.dnp3_fragments, counted + more.map_or(0, |(_, more)| *more), "{name}");
    }
    assert!(heard > 100, "{heard} captures");
}

/// A piece of a stream: frames right and wrong, and what is none.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(operate()),
        Just(read()),
        Just(framed(0xC9, MASTER, OUTSTATION, &[])),
        (any::<prop::sample::Index>(), any::<u8>()).prop_map(|(at, octet)| {
            let mut frame = operate();
            let at = at.index(frame.len());
            frame[at] = octet;
            frame
        }),
        any::<prop::sample::Index>().prop_map(|at| read()[..at.index(15)].to_vec()),
        prop::collection::vec(prop_oneof![Just(0x05), Just(0x64), any::<u8>()], 0..12),
    ]
}

/// A record without the frames and times that depend on the cut.
fn without_frame(record: String) -> String {
    let end = record.find(r#","request_frame""#).unwrap_or(record.len());
    record.chars().take(end).collect()
}

/// What was observed, without the frames.
fn talk_lines(talk: &Talk) -> Vec<String> {
    let words = |line: &String| -> String {
        let of_frame = |word: &&str| !word.bytes().all(|octet| octet.is_ascii_digit());
        line.split(' ').filter(of_frame).collect::<Vec<_>>().join(" ")
    };
    talk.lines.iter().map(words).collect()
}

proptest! {
    #[test]
    fn any_cut_of_the_same_stream_tells_the_same(
        pieces in prop::collection::vec(piece(), 1..8), cuts in prop::collection::vec(1_usize..40, 1..12),
    ) {
        let stream = [vec![operate()], pieces].concat().concat();
        let mut whole = Talk::new(Transport::Tcp, HOME, true);
        whole.ask(&stream).close(Closing::Finished);
        let mut cut = Talk::new(Transport::Tcp, HOME, true);
        let mut rest = &stream[..];
        for octets in cuts.into_iter().cycle() {
            let (piece, behind) = rest.split_at(octets.min(rest.len()));
            cut.ask(piece);
            rest = behind;
            if rest.is_empty() {
                break;
            }
        }
        cut.close(Closing::Finished);
        prop_assert_eq!(accounts(&whole), accounts(&cut));
        let (decoded, skipped, missing) = accounts(&whole);
        prop_assert_eq!(decoded + skipped + missing, stream.len());
        let messages = |talk: &Talk| -> Vec<String> {
            let message = |record: &String| record.split_once(r#""dnp3":"#).map(|(_, rest)| rest.to_owned());
            talk.records.iter().filter_map(message).map(without_frame).collect()
        };
        prop_assert_eq!(messages(&whole), messages(&cut));
        prop_assert_eq!(talk_lines(&whole), talk_lines(&cut));
    }
}
