use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::crc::crc16;

/// A frame as a station sends it.
pub(crate) fn built(control: u8, destination: u16, source: u16, user_data: &[u8]) -> Vec<u8> {
    let mut octets = vec![0x05, 0x64, u8::try_from(user_data.len() + 5).unwrap(), control];
    octets.extend(destination.to_le_bytes());
    octets.extend(source.to_le_bytes());
    octets.extend(crc16(&octets).to_le_bytes());
    for block in user_data.chunks(16) {
        octets.extend(block);
        octets.extend(crc16(block).to_le_bytes());
    }
    octets
}

/// Octets from hexadecimal text.
pub(crate) fn octets(text: &str) -> Vec<u8> {
    let digits: Vec<char> = text.chars().filter(|each| !each.is_whitespace()).collect();
    let text = |pair: &[char]| pair.iter().collect::<String>();
    digits.chunks(2).map(|pair| u8::from_str_radix(&text(pair), 16).unwrap()).collect()
}

/// What a stream holds, one entry an event: a frame by its user data, damage and skips by their reason and length.
#[derive(Debug, PartialEq, Eq, Clone)]
enum Said {
    Frame(LinkHeader, Vec<u8>),
    Damaged(Damage),
    Skipped(SkipReason, usize),
}

/// Everything in a stream that arrives in pieces, skips that belong together as one.
fn said(pieces: &[&[u8]]) -> Vec<Said> {
    let mut said: Vec<Said> = Vec::new();
    let mut buffer: Vec<u8> = Vec::new();
    for (nth, piece) in pieces.iter().enumerate() {
        buffer.extend(*piece);
        let ending = if nth + 1 == pieces.len() { Ending::Closed } else { Ending::Open };
        loop {
            let dropped = match frame(&buffer, ending) {
                Found::Frame(frame) => {
                    said.push(Said::Frame(
                        frame.header,
                        frame.user_data().flatten().copied().collect(),
                    ));
                    assert_eq!(frame.octets(), frame.header.frame_octets());
                    frame.octets()
                }
                Found::Damaged(damaged) => {
                    said.push(Said::Damaged(damaged.damage));
                    damaged.octets()
                }
                Found::Skipped(Skipped { octets, reason }) => {
                    match (said.last_mut(), reason) {
                        (Some(Said::Skipped(_, sum)), SkipReason::Junk) => *sum += octets,
                        _ => said.push(Said::Skipped(reason, octets)),
                    }
                    octets
                }
                Found::More(octets) => {
                    assert!(octets <= FRAME_OCTETS_MAX);
                    assert!(octets > buffer.len());
                    assert!(ending == Ending::Open || buffer.is_empty());
                    break;
                }
            };
            assert!(dropped > 0);
            buffer.drain(..dropped);
        }
    }
    said
}

fn frames(pieces: &[&[u8]]) -> Vec<Vec<u8>> {
    let frames = said(pieces).into_iter();
    frames
        .filter_map(|said| match said {
            Said::Frame(_, data) => Some(data),
            _ => None,
        })
        .collect()
}

/// Where in some octets frames are found.
fn extents(input: &[u8]) -> Vec<core::ops::Range<usize>> {
    let mut extents = Vec::new();
    let mut at = 0;
    loop {
        at += match frame(&input[at..], Ending::Closed) {
            Found::Frame(frame) => {
                extents.push(at..at + frame.octets());
                frame.octets()
            }
            Found::Damaged(damaged) => damaged.octets(),
            Found::Skipped(skipped) => skipped.octets,
            Found::More(_) => return extents,
        };
    }
}

#[test]
fn a_frame_of_a_capture_is_read() {
    // An integrity poll of a public capture: master 3 asks station 2.
    let input = octets("0564 14 C4 0200 0300 4503  C7 C8 01 3C0206 3C0306 3C0406 3C0106 42AC");
    let Found::Frame(frame) = frame(&input, Ending::Open) else { panic!("no frame") };
    assert_eq!(frame.octets(), input.len());
    let header = frame.header;
    assert_eq!((header.destination, header.source), (Address(2), Address(3)));
    assert_eq!(header.function(), LinkFunction::UNCONFIRMED_USER_DATA);
    assert!(header.control.from_master() && header.control.is_primary());
    assert_eq!(header.faults().count(), 0);
    assert_eq!(frame.user_data().collect::<Vec<_>>(), [&input[10..25]]);
}

#[test]
fn every_prefix_of_a_frame_wants_more_and_the_whole_is_consumed() {
    for length in [0, 1, 15, 16, 17, 32, 249, 250] {
        let data: Vec<u8> = (0..250).take(length).collect();
        let whole = built(0xC4, 10, 1, &data);
        for end in 0..whole.len() {
            let Found::More(wanted) = frame(&whole[..end], Ending::Open) else {
                panic!("{length} octets cut at {end}")
            };
            assert!(end < wanted && wanted <= whole.len());
        }
        let mut input = whole.clone();
        input.extend([0x05, 0x64, 0x05]);
        let Found::Frame(found) = frame(&input, Ending::Open) else { panic!("{length} octets") };
        assert_eq!(found.octets(), whole.len());
        assert_eq!(found.user_data().flatten().copied().collect::<Vec<_>>(), data);
    }
    assert_eq!(built(0xC4, 10, 1, &[0; 250]).len(), FRAME_OCTETS_MAX);
}

#[test]
fn what_is_skipped_says_why() {
    let good = built(0xC4, 10, 1, &[0xC0, 0xC1, 0x01]);
    let with = |before: &[u8]| [before, &good].concat();
    let first = |input: &[u8]| said(&[input])[0].clone();
    assert_eq!(first(&with(&[1, 2, 5, 3])), Said::Skipped(SkipReason::Junk, 4));
    assert_eq!(first(&with(&[0x05, 0x64, 0x04, 0xC4])), Said::Skipped(SkipReason::Length(4), 4));
    let mut bad = built(0xC4, 10, 1, &[0xC0]);
    bad[4] ^= 1;
    assert_eq!(first(&with(&bad)), Said::Skipped(SkipReason::HeaderCrc, 13));
    assert_eq!(first(&good[..9]), Said::Skipped(SkipReason::Cut, 9));
    assert_eq!(frames(&[&with(&bad)]).len(), 1);
}

#[test]
fn a_bad_block_is_named_and_what_follows_is_found() {
    let data: Vec<u8> = (0..100).collect();
    let mut bad = built(0x44, 1, 10, &data);
    bad[10 + 18 * 3 + 4] ^= 0x40;
    let next = built(0x44, 1, 10, &[0xC1, 0xC2, 0x81, 0, 0]);
    let input = [bad.clone(), next].concat();
    let Found::Damaged(damaged) = frame(&input, Ending::Open) else { panic!("not damaged") };
    assert_eq!((damaged.damage, damaged.header.source), (Damage::Block(3), Address(10)));
    assert_eq!(damaged.user_data().flatten().copied().collect::<Vec<_>>(), data[..48]);
    assert_eq!(frames(&[&input]), [vec![0xC1, 0xC2, 0x81, 0, 0]]);
    // All of the bad frame is in the account.
    assert_eq!(
        said(&[&input])[..2],
        [Said::Damaged(Damage::Block(3)), Said::Skipped(SkipReason::Junk, bad.len() - 10)]
    );
}

#[test]
fn a_length_that_is_too_long_swallows_no_frame() {
    // The header is right and claims 250 octets; 16 or 20 follow, and then a good frame.
    let good = built(0xC4, 10, 1, &[0xC1, 0xC1, 0x0D]);
    for present in [0, 1, 15, 16, 20, 32] {
        let mut input = built(0xC4, 10, 1, &[7; 250]);
        let blocks = present + 2 * usize::div_ceil(present, 16);
        input.truncate(10 + blocks);
        input.extend(&good);
        assert_eq!(frames(&[&input]), [vec![0xC1, 0xC1, 0x0D]], "{present} octets");
    }
}

#[test]
fn a_frame_cut_at_the_end_hides_none() {
    let good = built(0xC4, 10, 1, &[0xC1, 0xC1, 0x0D]);
    let mut input = built(0xC4, 10, 1, &[7; 250]);
    input.truncate(12);
    input.extend(&good);
    // As a stream it may still become a frame, as a datagram it can't.
    assert!(matches!(frame(&input, Ending::Open), Found::Damaged(_) | Found::More(_)));
    assert_eq!(frames(&[&input]).len(), 1);
}

#[test]
fn addresses_say_what_they_stand_for() {
    use AddressKind::{Broadcast, Individual, Reserved, SelfAddress};
    let kinds = [
        (0, Individual),
        (0xFFEF, Individual),
        (0xFFF0, Reserved),
        (0xFFFB, Reserved),
        (0xFFFC, SelfAddress),
        (0xFFFD, Broadcast(BroadcastConfirm::Never)),
        (0xFFFE, Broadcast(BroadcastConfirm::Required)),
        (0xFFFF, Broadcast(BroadcastConfirm::Optional)),
    ];
    for (address, kind) in kinds {
        assert_eq!(Address(address).kind(), kind, "{address:#x}");
    }
}

#[test]
fn what_does_not_fit_in_a_header_is_named() {
    let faults = |control, destination, source, data: &[u8]| {
        let frame = built(control, destination, source, data);
        LinkHeader::at(&frame).unwrap().faults().map(|fault| fault.name()).collect::<Vec<_>>()
    };
    assert_eq!(faults(0xC9, 1, 2, &[]), [""; 0]);
    assert_eq!(faults(0x0B, 1, 2, &[]), [""; 0]);
    assert_eq!(faults(0xD3, 0xFFFF, 2, &[0xC0]), [""; 0]);
    assert_eq!(faults(0xC4, 1, 2, &[]), ["link_no_user_data"]);
    assert_eq!(faults(0xC9, 1, 2, &[1]), ["link_user_data"]);
    assert_eq!(faults(0xC5, 1, 2, &[]), ["link_function"]);
    assert_eq!(faults(0xC0 | 0x10, 1, 2, &[]), ["link_frame_count"]);
    assert_eq!(faults(0xC4, 0xFFF3, 0xFFFC, &[1]), ["link_destination", "link_source"]);
}

/// Junk that looks like frames: starts, good headers with nothing behind them, cut and damaged frames.
fn junk() -> impl Strategy<Value = Vec<u8>> {
    let data = vec(any::<u8>(), 0..60);
    let piece = prop_oneof![
        vec(prop_oneof![Just(0x05), Just(0x64), any::<u8>()], 0..12),
        (data.clone(), any::<prop::sample::Index>()).prop_map(|(data, cut)| {
            let frame = built(0xC4, 9, 9, &data);
            frame[..cut.index(frame.len())].to_vec()
        }),
        (data, any::<prop::sample::Index>()).prop_map(|(data, at)| {
            let mut frame = built(0xC4, 9, 9, &data);
            let at = at.index(frame.len());
            frame[at] ^= 0x10;
            frame
        }),
        any::<u8>().prop_map(|length| {
            let mut frame = built(0x44, 8, 8, &vec![0; usize::from(length.min(250))]);
            frame.truncate(10);
            frame
        }),
    ];
    vec(piece, 0..3).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_split_gives_the_same_account(input in vec(junk(), 0..4), cuts in vec(any::<prop::sample::Index>(), 0..6)) {
        let input = input.concat();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(input.len() + 1)).collect();
        cuts.sort_unstable();
        let mut pieces = Vec::new();
        let mut from = 0;
        for cut in cuts {
            pieces.push(&input[from..cut]);
            from = cut;
        }
        pieces.push(&input[from..]);
        prop_assert_eq!(said(&[&input]), said(&pieces));
        let single: Vec<&[u8]> = input.chunks(1).collect();
        if !single.is_empty() {
            prop_assert_eq!(said(&[&input]), said(&single));
        }
    }

    #[test]
    fn junk_before_and_between_frames_loses_none(
        pieces in vec((junk(), 0_u16..4, vec(any::<u8>(), 0..=250)), 1..5), after in junk(),
    ) {
        let mut input = Vec::new();
        let mut sent = Vec::new();
        for (junk, source, data) in pieces {
            input.extend(junk);
            let frame = built(0xC4, 1, source, &data);
            sent.push(input.len()..input.len() + frame.len());
            input.extend(frame);
        }
        input.extend(after);
        let found = extents(&input);
        for frame in sent {
            // A cut frame can be whole with the octets that follow: a header is a good last block of 8 octets. Then
            // both are frames by their CRCs, and the first is read.
            let covered = found.iter().any(|found| found.start < frame.start && frame.start < found.end);
            prop_assert!(found.contains(&frame) || covered, "lost {:?} in {:02x?}", frame, input);
        }
    }

    #[test]
    fn any_octets_are_accounted_for(input in vec(prop_oneof![Just(0x05_u8), Just(0x64), any::<u8>()], 0..400)) {
        let mut rest = &input[..];
        loop {
            let dropped = match frame(rest, Ending::Closed) {
                Found::Frame(frame) => frame.octets(),
                Found::Damaged(damaged) => damaged.octets(),
                Found::Skipped(skipped) => skipped.octets,
                Found::More(_) => break,
            };
            prop_assert!(dropped > 0);
            rest = &rest[dropped..];
        }
        prop_assert!(rest.is_empty());
    }
}

#[test]
fn a_plain_header_has_no_fault() {
    let mut plain = 0;
    for control in 0..=255 {
        for address in [0, 1, 0xFFEF, 0xFFF0, 0xFFFC, 0xFFFD, 0xFFFF] {
            for data in [&[][..], &[0xC0]] {
                for ends in [(address, 3), (3, address)] {
                    let header = LinkHeader::at(&built(control, ends.0, ends.1, data)).unwrap();
                    assert!(!header.is_plain() || header.faults().count() == 0, "{header:?}");
                    plain += u32::from(header.is_plain());
                }
            }
        }
    }
    // Both directions, and the bit that counts only where it is valid, to and from three addresses.
    assert_eq!(plain, 2 * 2 * 2 * 3);
}
