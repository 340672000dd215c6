use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::link::tests::built;
use crate::{Ending, Found, frame};

/// What one segment gave: the fragment, what was dropped, the fault's name.
type Gave = (Option<Vec<u8>>, Option<Vec<u8>>, Option<&'static str>);

fn push(reassembler: &mut Reassembler, header: u8, data: &[u8]) -> Gave {
    let octets = built(0x44, 1, 10, &[&[header], data].concat());
    let Found::Frame(frame) = frame(&octets, Ending::Open) else { panic!("no frame") };
    let segment = reassembler.push(&frame);
    assert_eq!(segment.header, Some(TransportHeader(header)));
    (
        segment.fragment.map(<[u8]>::to_vec),
        segment.dropped.map(<[u8]>::to_vec),
        segment.fault.map(|fault| fault.name()),
    )
}

const FIN: u8 = 0x80;
const FIR: u8 = 0x40;

#[test]
fn segments_in_order_are_a_fragment() {
    let mut reassembler = Reassembler::default();
    assert_eq!(push(&mut reassembler, FIR | 62, b"ab"), (None, None, None));
    assert_eq!(push(&mut reassembler, 63, &[b'c'; 40]), (None, None, None));
    assert_eq!(reassembler.unfinished_octets(), 42);
    // The number after 63 is 0.
    let whole = [&b"ab"[..], &[b'c'; 40], b"d"].concat();
    assert_eq!(push(&mut reassembler, FIN, b"d"), (Some(whole), None, None));
    assert_eq!(reassembler.unfinished_octets(), 0);
    assert_eq!(push(&mut reassembler, FIR | FIN | 9, b"e"), (Some(b"e".into()), None, None));
}

#[test]
fn a_lost_segment_drops_its_fragment_and_the_next_first_begins_anew() {
    let mut reassembler = Reassembler::default();
    push(&mut reassembler, FIR | 1, b"ab");
    let dropped = (None, Some(b"ab".to_vec()), Some("transport_sequence"));
    assert_eq!(push(&mut reassembler, 3, b"ef"), dropped);
    assert_eq!(push(&mut reassembler, FIN | 4, b"gh"), (None, None, Some("transport_no_first")));
    assert_eq!(push(&mut reassembler, FIR | FIN | 5, b"x"), (Some(b"x".into()), None, None));
}

#[test]
fn a_first_segment_drops_an_unfinished_fragment() {
    let mut reassembler = Reassembler::default();
    push(&mut reassembler, FIR | 1, b"ab");
    let gave = push(&mut reassembler, FIR | FIN | 2, b"x");
    assert_eq!(gave, (Some(b"x".into()), Some(b"ab".into()), Some("transport_unfinished")));
}

#[test]
fn a_repeated_segment_counts_once_and_a_repeated_message_twice() {
    let mut reassembler = Reassembler::default();
    let twice = Some("transport_duplicate");
    push(&mut reassembler, FIR | 1, b"ab");
    assert_eq!(push(&mut reassembler, FIR | 1, b"ab"), (None, None, twice));
    push(&mut reassembler, 2, b"cd");
    assert_eq!(push(&mut reassembler, 2, b"cd"), (None, None, twice));
    assert_eq!(push(&mut reassembler, FIN | 3, b"e"), (Some(b"abcde".into()), None, None));
    assert_eq!(push(&mut reassembler, FIN | 3, b"e"), (None, None, twice));
    push(&mut reassembler, FIR | FIN | 4, b"x");
    // A whole message again may be a replay: it is given, and said to be one.
    assert_eq!(push(&mut reassembler, FIR | FIN | 4, b"x"), (Some(b"x".into()), None, twice));
    // The same number with other content is no repetition.
    assert_eq!(push(&mut reassembler, FIR | FIN | 4, b"y"), (Some(b"y".into()), None, None));
}

#[test]
fn a_fragment_grows_to_the_limit_and_no_further() {
    let mut reassembler = Reassembler::new(100);
    push(&mut reassembler, FIR, &[1; 90]);
    let (fragment, dropped, fault) = push(&mut reassembler, 1, &[1; 90]);
    assert_eq!((fragment, fault), (None, Some("transport_oversize")));
    assert_eq!(dropped, Some(vec![1; 100]));
    assert_eq!(push(&mut reassembler, 2, &[1; 90]).2, Some("transport_no_first"));
    assert_eq!(push(&mut reassembler, FIR | FIN | 3, b"x").0, Some(b"x".into()));
}

#[test]
fn a_gap_gives_up_the_fragment_at_hand() {
    let mut reassembler = Reassembler::default();
    assert_eq!(reassembler.abandon(), None);
    push(&mut reassembler, FIR | 1, b"ab");
    assert_eq!(reassembler.abandon(), Some(&b"ab"[..]));
    assert_eq!(push(&mut reassembler, 2, b"cd").2, Some("transport_no_first"));
    let octets = built(0x44, 1, 10, &[]);
    let Found::Frame(frame) = frame(&octets, Ending::Open) else { panic!("no frame") };
    assert_eq!(reassembler.push(&frame).fault, Some(TransportFault::Empty));
}

proptest! {
    #[test]
    fn whatever_came_before_a_message_is_put_together(
        before in vec((any::<u8>(), vec(any::<u8>(), 0..30)), 0..12),
        first in 0_u8..64,
        segments in vec(vec(any::<u8>(), 1..40), 1..6),
    ) {
        let mut reassembler = Reassembler::new(300);
        for (header, data) in before {
            let _ = push(&mut reassembler, header, &data);
            prop_assert!(reassembler.buffer.len() <= 300 && reassembler.dropped.len() <= 300);
        }
        let last = segments.len() - 1;
        let mut given = None;
        for (nth, data) in segments.iter().enumerate() {
            let bits = if nth == 0 { FIR } else { 0 } | if nth == last { FIN } else { 0 };
            let sequence = (usize::from(first) + nth) % 64;
            given = push(&mut reassembler, bits | u8::try_from(sequence).unwrap(), data).0;
        }
        prop_assert_eq!(given, Some(segments.concat()));
    }
}
