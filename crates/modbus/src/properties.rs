//! What must hold for any octets.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::fuzzing::everything;
use crate::request::tests::octets;
use crate::*;

/// Every request and answer of the specification's examples, of functions that tell their length.
const EXAMPLES: [(Side, &str); 22] = [
    (Side::Client, "01 0013 0013"),
    (Side::Client, "05 00AC FF00"),
    (Side::Client, "07"),
    (Side::Client, "0F 0013 000A 02 CD01"),
    (Side::Client, "10 0001 0002 04 000A 0102"),
    (Side::Client, "14 0E 06 0004 0001 0002 06 0003 0009 0002"),
    (Side::Client, "15 0D 06 0004 0007 0003 06AF 04BE 100D"),
    (Side::Client, "16 0004 00F2 0025"),
    (Side::Client, "17 0003 0006 000E 0003 06 00FF 00FF 00FF"),
    (Side::Client, "18 04DE"),
    (Side::Client, "2B 0E 01 00"),
    (Side::Server, "01 03 CD 6B 05"),
    (Side::Server, "07 6D"),
    (Side::Server, "08 000B 0001"),
    (Side::Server, "0B FFFF 0108"),
    (Side::Server, "0C 08 0000 0108 0121 20 00"),
    (Side::Server, "10 0001 0002"),
    (Side::Server, "11 03 41 42 FF"),
    (Side::Server, "14 0C 05 06 0DFE 0020 05 06 33CD 0040"),
    (Side::Server, "18 0006 0002 01B8 1284"),
    (Side::Server, "2B 0E 01 01 FF 02 02 00 02 4142 01 01 43"),
    (Side::Server, "81 02"),
];

#[test]
fn every_example_has_the_extent_of_its_own_fields() {
    for (side, text) in EXAMPLES {
        let pdu = octets(text);
        assert_eq!(side.extent(&pdu), Extent::Octets(pdu.len()), "{text}");
        for end in 0..pdu.len() {
            let known = side.extent(&pdu[..end]);
            assert!(matches!(known, Extent::More) || known == Extent::Octets(pdu.len()), "{text}");
        }
    }
}

#[test]
fn every_prefix_of_an_rtu_frame_is_incomplete() {
    for (side, text) in EXAMPLES {
        let mut frame = vec![1];
        frame.extend(octets(text));
        frame.extend(crc16(&frame).to_le_bytes());
        for end in 0..frame.len() {
            assert_eq!(rtu(&frame[..end], side), Err(FrameError::Incomplete), "{text} at {end}");
        }
        let (whole, rest) = rtu(&frame, side).unwrap();
        assert_eq!((whole.pdu.len() + 3, rest.len()), (frame.len(), 0));
    }
}

proptest! {
    #[test]
    fn any_octets_have_a_meaning(input in vec(any::<u8>(), 0..600)) {
        everything(&input);
    }

    #[test]
    fn any_data_of_any_function_has_a_meaning(
        code in 0_u8..=255, head in vec(0_u8..20, 0..8), tail in vec(any::<u8>(), 0..300),
    ) {
        let pdu: Vec<u8> = [code].into_iter().chain(head).chain(tail).collect();
        everything(&pdu);
    }

    #[test]
    fn every_prefix_of_a_frame_is_incomplete_and_the_whole_is_consumed(
        transaction: u16, unit: u8, pdu in vec(any::<u8>(), 1..=253), after in vec(any::<u8>(), 0..9),
    ) {
        let mut frame = transaction.to_be_bytes().to_vec();
        frame.extend([0, 0]);
        frame.extend(u16::try_from(pdu.len() + 1).unwrap().to_be_bytes());
        frame.push(unit);
        frame.extend(&pdu);
        for end in 0..frame.len() {
            prop_assert_eq!(mbap(&frame[..end], 254), Err(FrameError::Incomplete));
        }
        let length = frame.len();
        frame.extend(&after);
        let (adu, rest) = mbap(&frame, 254).unwrap();
        prop_assert_eq!((adu.transaction, adu.unit, adu.pdu), (transaction, unit, &pdu[..]));
        prop_assert_eq!(rest, &frame[length..]);
    }
}
