//! One vector for each group and variation, written from its figure in annex A.

use super::*;

/// Function, header and objects, and what they mean, in the order of annex A.
#[rustfmt::skip]
const VECTORS: &[(u8, &str, &[&str])] = &[
    // Group 1, binary input
    (129, "01 01 00 03 0C  A5 02",                         &["3: on", "4: off", "5: on", "6: off", "7: off", "8: on", "9: off", "10: on", "11: off", "12: on"]),
    (129, "01 02 01 0001 0101  81 2D",                     &["256: on online", "257: off online,comm_lost,remote_forced,chatter_filter"]),
    // Group 2, binary input event
    (129, "02 01 17 01 07  C3",                            &["7: on online,restart,reserved"]),
    (130, "02 02 28 0100 0002  81 10BF5C1E8C01",           &["512: on online @1701316443920"]),
    (130, "33 01 07 01 00BF5C1E8C01  02 03 17 01 04 01 E803", &["@1701316443904 synchronised true", "4: off online +1000=Some(1701316444904)"]),
    // Group 3, double-bit input
    (129, "03 01 00 00 04  E4 02",                         &["0: intermediate", "1: determined_off", "2: determined_on", "3: indeterminate", "4: determined_on"]),
    (129, "03 02 00 09 09  91",                            &["9: determined_on online,local_forced"]),
    // Group 4, double-bit input event
    (129, "04 01 17 01 02  41",                            &["2: determined_off online"]),
    (129, "04 02 17 01 02  C1 E80300000000",               &["2: indeterminate online @1000"]),
    (129, "33 02 07 01 E80300000000  04 03 17 01 02 21 0A00", &["@1000 synchronised false", "2: intermediate online,chatter_filter +10=Some(1010)"]),
    // Group 10, binary output
    (2,   "0A 01 00 00 02  05",                            &["0: on", "1: off", "2: on"]),
    (129, "0A 02 00 01 02  81 01",                         &["1: on online", "2: off online"]),
    // Group 11, binary output event
    (129, "0B 01 17 01 05  81",                            &["5: on online"]),
    (129, "0B 02 17 01 05  01 E80300000000",               &["5: off online @1000"]),
    // Group 12, binary output command
    (5,   "0C 01 28 0100 0700  81 01 64000000 00000000 00", &["7: pulse_on/trip x1 on 100 off 0 success"]),
    (3,   "0C 01 17 02 01 63 02 01000000 02000000 00  02 14 00 00000000 FFFFFFFF 87",
        &["1: latch_on/close clear x2 on 1 off 2 success", "2: latch_off/nul queue x0 on 0 off 4294967295 local"]),
    (3,   "0C 02 07 01 41 01 F4010000 00000000 00  0C 03 00 08 0B  0D",
        &["pulse_on/close x1 on 500 off 0 success", "8: on", "9: off", "10: on", "11: on"]),
    // Group 13, binary output command event
    (129, "0D 01 17 01 05  80",                            &["5: on success"]),
    (129, "0D 02 17 01 05  07 E80300000000",               &["5: off local @1000"]),
    // Group 20, counter
    (129, "14 01 00 00 00  01 FFFFFFFF",                   &["0: 4294967295 online"]),
    (129, "14 02 00 00 00  41 0102",                       &["0: 513 online,discontinuity"]),
    (129, "14 03 00 00 00  21 01000000",                   &["0: 1 online,rollover"]),
    (129, "14 04 00 00 00  01 0100",                       &["0: 1 online"]),
    (129, "14 05 00 00 01  01000000 02000000",             &["0: 1", "1: 2"]),
    (129, "14 06 00 00 01  0100 0200",                     &["0: 1", "1: 2"]),
    (129, "14 07 00 00 00  01000000",                      &["0: 1"]),
    (129, "14 08 00 00 00  FFFF",                          &["0: 65535"]),
    // Group 21, frozen counter
    (129, "15 01 00 00 00  01 01000000",                   &["0: 1 online"]),
    (129, "15 02 00 00 00  01 0100",                       &["0: 1 online"]),
    (129, "15 03 00 00 00  01 01000000",                   &["0: 1 online"]),
    (129, "15 04 00 00 00  01 0100",                       &["0: 1 online"]),
    (129, "15 05 00 00 00  01 01000000 E80300000000",      &["0: 1 online @1000"]),
    (129, "15 06 00 00 00  01 0100 E80300000000",          &["0: 1 online @1000"]),
    (129, "15 07 00 00 00  01 01000000 E80300000000",      &["0: 1 online @1000"]),
    (129, "15 08 00 00 00  01 0100 E80300000000",          &["0: 1 online @1000"]),
    (129, "15 09 00 00 00  01000000",                      &["0: 1"]),
    (129, "15 0A 00 00 00  0100",                          &["0: 1"]),
    (129, "15 0B 00 00 00  01000000",                      &["0: 1"]),
    (129, "15 0C 00 00 00  0100",                          &["0: 1"]),
    // Group 22, counter event
    (129, "16 01 17 01 09  01 01000000",                   &["9: 1 online"]),
    (129, "16 02 17 01 09  01 0100",                       &["9: 1 online"]),
    (129, "16 03 17 01 09  01 01000000",                   &["9: 1 online"]),
    (129, "16 04 17 01 09  01 0100",                       &["9: 1 online"]),
    (129, "16 05 17 01 09  01 01000000 E80300000000",      &["9: 1 online @1000"]),
    (129, "16 06 17 01 09  01 0100 E80300000000",          &["9: 1 online @1000"]),
    (129, "16 07 17 01 09  01 01000000 E80300000000",      &["9: 1 online @1000"]),
    (129, "16 08 17 01 09  01 0100 E80300000000",          &["9: 1 online @1000"]),
    // Group 23, frozen counter event
    (129, "17 01 17 01 09  01 01000000",                   &["9: 1 online"]),
    (129, "17 02 17 01 09  01 0100",                       &["9: 1 online"]),
    (129, "17 03 17 01 09  01 01000000",                   &["9: 1 online"]),
    (129, "17 04 17 01 09  01 0100",                       &["9: 1 online"]),
    (129, "17 05 17 01 09  01 01000000 E80300000000",      &["9: 1 online @1000"]),
    (129, "17 06 17 01 09  01 0100 E80300000000",          &["9: 1 online @1000"]),
    (129, "17 07 17 01 09  01 01000000 E80300000000",      &["9: 1 online @1000"]),
    (129, "17 08 17 01 09  01 0100 E80300000000",          &["9: 1 online @1000"]),
    // Group 30, analog input
    (129, "1E 01 00 00 00  01 FFFFFFFF",                   &["0: -1 online"]),
    (129, "1E 02 00 00 00  21 0080",                       &["0: -32768 online,over_range"]),
    (129, "1E 03 00 00 00  00000080",                      &["0: -2147483648"]),
    (129, "1E 04 00 00 00  FF7F",                          &["0: +32767"]),
    (129, "1E 05 00 00 00  41 0000C03F",                   &["0: 1.5f32 online,reference_err"]),
    (129, "1E 06 00 00 00  01 000000000000F8BF",           &["0: -1.5f64 online"]),
    // Group 31, frozen analog input
    (129, "1F 01 00 00 00  01 FEFFFFFF",                   &["0: -2 online"]),
    (129, "1F 02 00 00 00  01 FEFF",                       &["0: -2 online"]),
    (129, "1F 03 00 00 00  01 FEFFFFFF E80300000000",      &["0: -2 online @1000"]),
    (129, "1F 04 00 00 00  01 FEFF E80300000000",          &["0: -2 online @1000"]),
    (129, "1F 05 00 00 00  FEFFFFFF",                      &["0: -2"]),
    (129, "1F 06 00 00 00  FEFF",                          &["0: -2"]),
    (129, "1F 07 00 00 00  01 0000C03F",                   &["0: 1.5f32 online"]),
    (129, "1F 08 00 00 00  01 000000000000F83F",           &["0: 1.5f64 online"]),
    // Group 32, analog input event
    (129, "20 01 17 01 03  01 FEFFFFFF",                   &["3: -2 online"]),
    (129, "20 02 17 01 03  01 FEFF",                       &["3: -2 online"]),
    (129, "20 03 17 01 03  01 FEFFFFFF E80300000000",      &["3: -2 online @1000"]),
    (129, "20 04 17 01 03  01 FEFF E80300000000",          &["3: -2 online @1000"]),
    (129, "20 05 17 01 03  01 0000C03F",                   &["3: 1.5f32 online"]),
    (129, "20 06 17 01 03  01 000000000000F83F",           &["3: 1.5f64 online"]),
    (129, "20 07 17 01 03  01 0000C03F E80300000000",      &["3: 1.5f32 online @1000"]),
    (129, "20 08 17 01 03  01 000000000000F83F E80300000000", &["3: 1.5f64 online @1000"]),
    // Group 33, frozen analog input event
    (129, "21 01 17 01 03  01 FEFFFFFF",                   &["3: -2 online"]),
    (129, "21 02 17 01 03  01 FEFF",                       &["3: -2 online"]),
    (129, "21 03 17 01 03  01 FEFFFFFF E80300000000",      &["3: -2 online @1000"]),
    (129, "21 04 17 01 03  01 FEFF E80300000000",          &["3: -2 online @1000"]),
    (129, "21 05 17 01 03  01 0000C03F",                   &["3: 1.5f32 online"]),
    (129, "21 06 17 01 03  01 000000000000F83F",           &["3: 1.5f64 online"]),
    (129, "21 07 17 01 03  01 0000C03F E80300000000",      &["3: 1.5f32 online @1000"]),
    (129, "21 08 17 01 03  01 000000000000F83F E80300000000", &["3: 1.5f64 online @1000"]),
    // Group 34, analog input deadband
    (2,   "22 01 17 01 03  E803",                          &["3: 1000"]),
    (2,   "22 02 17 01 03  FFFFFFFF",                      &["3: 4294967295"]),
    (2,   "22 03 17 01 03  0000C03F",                      &["3: 1.5f32"]),
    // Group 40, analog output status
    (129, "28 01 00 00 00  01 FEFFFFFF",                   &["0: -2 online"]),
    (129, "28 02 00 00 00  21 FEFF",                       &["0: -2 online,over_range"]),
    (129, "28 03 00 00 00  01 0000C03F",                   &["0: 1.5f32 online"]),
    (129, "28 04 00 00 00  01 000000000000F83F",           &["0: 1.5f64 online"]),
    // Group 41, analog output command
    (5,   "29 01 17 01 02  FEFFFFFF 00",                   &["2: -2 success"]),
    (129, "29 02 17 01 02  FEFF 0C",                       &["2: -2 out_of_range"]),
    (4,   "29 03 28 0100 0200  0000C03F 00",               &["2: 1.5f32 success"]),
    (6,   "29 04 17 01 02  000000000000F83F 00",           &["2: 1.5f64 success"]),
    // Group 42, analog output event
    (129, "2A 01 17 01 03  01 FEFFFFFF",                   &["3: -2 online"]),
    (129, "2A 02 17 01 03  01 FEFF",                       &["3: -2 online"]),
    (129, "2A 03 17 01 03  01 FEFFFFFF E80300000000",      &["3: -2 online @1000"]),
    (129, "2A 04 17 01 03  01 FEFF E80300000000",          &["3: -2 online @1000"]),
    (129, "2A 05 17 01 03  01 0000C03F",                   &["3: 1.5f32 online"]),
    (129, "2A 06 17 01 03  01 000000000000F83F",           &["3: 1.5f64 online"]),
    (129, "2A 07 17 01 03  01 0000C03F E80300000000",      &["3: 1.5f32 online @1000"]),
    (129, "2A 08 17 01 03  01 000000000000F83F E80300000000", &["3: 1.5f64 online @1000"]),
    // Group 43, analog output command event
    (129, "2B 01 17 01 03  00 FEFFFFFF",                   &["3: -2 success"]),
    (129, "2B 02 17 01 03  01 FEFF",                       &["3: -2 timeout"]),
    (129, "2B 03 17 01 03  02 FEFFFFFF E80300000000",      &["3: -2 no_select @1000"]),
    (129, "2B 04 17 01 03  03 FEFF E80300000000",          &["3: -2 format_error @1000"]),
    (129, "2B 05 17 01 03  04 0000C03F",                   &["3: 1.5f32 not_supported"]),
    (129, "2B 06 17 01 03  05 000000000000F83F",           &["3: 1.5f64 already_active"]),
    (129, "2B 07 17 01 03  06 0000C03F E80300000000",      &["3: 1.5f32 hardware_error @1000"]),
    (129, "2B 08 17 01 03  07 000000000000F83F E80300000000", &["3: 1.5f64 local @1000"]),
    // Groups 50 to 52, times
    (2,   "32 01 07 01  10BF5C1E8C01",                     &["@1701316443920"]),
    (11,  "32 02 07 01  E80300000000 10270000  14 00 06",  &["@1000 every 10000 milliseconds"]),
    (2,   "32 03 07 01  E80300000000",                     &["@1000"]),
    (129, "32 04 00 00 00  E80300000000 0F000000 03",      &["0: @1000 every 15 minutes"]),
    (130, "33 01 07 01  E80300000000",                     &["@1000 synchronised true"]),
    (130, "33 02 07 01  E80300000000",                     &["@1000 synchronised false"]),
    (129, "34 01 07 01  0500",                             &["Coarse(5)=5000 ms"]),
    (129, "34 02 07 01  E803",                             &["Fine(1000)=1000 ms"]),
    // Group 60, classes: no objects
    (1,   "3C 02 06  3C 03 07 05  3C 04 08 0500  3C 01 06", &[]),
    // Group 80, internal indications
    (2,   "50 01 00 07 07  00",                            &["7: off"]),
    (129, "50 01 00 04 07  08",                            &["4: off", "5: off", "6: off", "7: on"]),
    // Group 101, binary-coded decimal
    (129, "65 01 00 00 00  3412",                          &["0: 1234"]),
    (129, "65 02 00 00 00  78563412",                      &["0: 12345678"]),
    (129, "65 03 00 00 00  1032547698103254",              &["0: 5432109876543210"]),
    (129, "65 01 00 00 00  3A12",                          &["0: [3A, 12]"]),
    // Group 102, unsigned integer, by address
    (129, "66 01 04 0010 0110  07 FF",                     &["4096: 7", "4097: 255"]),
    // Groups 110 to 113, octets: the variation is the length
    (129, "6E 03 00 01 02  414243 444546",                 &["1: [41, 42, 43]", "2: [44, 45, 46]"]),
    (130, "6F 02 17 01 09  4142",                          &["9: [41, 42]"]),
    (2,   "70 03 17 01 00  6C730D",                        &["0: [6C, 73, 0D]"]),
    (130, "71 01 17 01 00  3E",                            &["0: [3E]"]),
    // Group 0, device attributes
    (129, "00 F2 00 00 00  01 04 76312E30",                &["0: software_version visible_string \"v1.0\""]),
    (129, "00 F0 00 00 00  02 04 00080000",                &["0: transmit_fragment_octets_max unsigned_integer 2048"]),
    (129, "00 DB 17 01 00  03 01 FF",                      &["0: analog_output_events_supported integer -1"]),
    (129, "00 CD 00 00 00  04 04 0000C03F",                &["0: device_latitude floating_point 1.5f32"]),
    (129, "00 C6 00 00 00  07 06 E80300000000",            &["0: configuration_build_date time @1000"]),
    (129, "00 01 00 05 05  06 02 0102",                    &["5: ? bit_string [01, 02]"]),
    (129, "00 FF 00 00 00  FE 04 F0 01 F2 00",             &["0: attribute_variations attribute_list [F0, 01, F2, 00]"]),
];

#[test]
fn each_variation_means_what_its_figure_says() {
    for (function, objects, expected) in VECTORS {
        assert_eq!(read(*function, objects), *expected, "{objects}");
    }
}

/// The first two octets of each header in a vector.
fn named(vectors: impl Iterator<Item = (u8, &'static str)>) -> Vec<(u8, u8)> {
    let mut named = Vec::new();
    for (function, objects) in vectors {
        let octets = fragment(function, objects);
        for block in Fragment::of(&octets).unwrap().blocks().flatten() {
            named.push((block.header.group, block.header.variation));
        }
    }
    named
}

#[test]
fn every_variation_of_the_standard_has_a_vector() {
    let here = VECTORS.iter().map(|(function, objects, _)| (*function, *objects));
    let others = objects::VECTORS.iter().chain(security::VECTORS);
    let others = others.map(|(function, objects, _)| (*function, *objects));
    let named = named(here.chain(others));
    for group in 0..=255 {
        for number in 1..=255 {
            let known = variation(group, number).is_some();
            if known && group != 0 && !(110..=113).contains(&group) {
                assert!(named.contains(&(group, number)), "g{group}v{number}");
            }
        }
    }
    for group in [0, 110, 111, 112, 113] {
        assert!(named.iter().any(|(named, _)| *named == group), "g{group}");
    }
}
