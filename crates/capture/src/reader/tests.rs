use gridtap_wire::LinkType;
use proptest::prelude::*;

use super::*;
use crate::order::Order;
use crate::testing::{Bytes, gzip, read, three_frames, zstd};

const ORDERS: [Order; 2] = [Order::Little, Order::Big];

fn fault(error: Option<Error>) -> Fault {
    match error {
        Some(Error::Fault(fault)) => *fault,
        other => panic!("a fault was expected, not {other:?}"),
    }
}

#[test]
fn a_pcap_file_reads_the_same_in_both_byte_orders_and_both_resolutions() {
    for order in ORDERS {
        for (magic, nanos) in [(0xa1b2_c3d4, 7_000), (0xa1b2_3c4d, 7)] {
            let file = Bytes::new(order)
                .pcap(magic, 96, 113)
                .record((1_714_557_600, 7), 1500, b"kept")
                .record((1_714_557_599, 0), 4, b"back");
            let link = LinkType::LinuxCooked1;
            let time = 1_714_557_600_000_000_000;
            let (frames, error) = read(&file.bytes);
            assert!(error.is_none());
            assert_eq!(
                frames,
                [
                    (1, time + nanos, link, 1500, b"kept".to_vec()),
                    (2, time - 1_000_000_000, link, 4, b"back".to_vec()),
                ]
            );
        }
    }
}

#[test]
fn the_link_type_of_a_pcap_file_is_apart_from_what_it_says_of_check_sequences() {
    let file = Bytes::new(Order::Little).pcap(0xa1b2_c3d4, 96, 0x5400_0001).record((0, 0), 1, b"x");
    assert_eq!(read(&file.bytes).0[0].2, LinkType::Ethernet);
}

#[test]
fn every_section_of_a_pcapng_file_has_its_own_byte_order_and_interfaces() {
    let mut file = Vec::new();
    for order in ORDERS {
        let name = |options: Bytes| options.option(2, b"eth1").option(0, b"");
        let section = Bytes::new(order)
            .section()
            .interface(1, 0, |options| options)
            .interface(276, 0, name)
            .enhanced(1, 5, 9, b"five5")
            .enhanced(0, 6, 9, b"six");
        file.extend(section.bytes);
    }
    let (frames, error) = read(&file);
    assert!(error.is_none(), "{error:?}");
    let cooked = (5_000, LinkType::LinuxCooked2, 9, b"five5".to_vec());
    let ethernet = (6_000, LinkType::Ethernet, 9, b"six".to_vec());
    let found: Vec<_> = frames.into_iter().map(|(_, a, b, c, d)| (a, b, c, d)).collect();
    assert_eq!(found, [cooked.clone(), ethernet.clone(), cooked, ethernet]);
}

#[test]
fn an_interface_is_known_by_name() {
    let file = Bytes::new(Order::Big)
        .section()
        .interface(1, 0, |options| options.option(2, b"span0\0").option(1, b"a comment"))
        .interface(1, 0, |options| options)
        .enhanced(0, 0, 1, b"x");
    let mut reader = Reader::new("test", 0, Box::new(std::io::Cursor::new(file.bytes))).unwrap();
    assert!(reader.next().unwrap().is_some());
    assert!(reader.next().unwrap().is_none());
    let names: Vec<_> = reader.interfaces().iter().map(|one| one.name.as_deref()).collect();
    assert_eq!(names, [Some("span0"), None]);
}

#[test]
fn times_count_in_the_units_of_their_interface_from_its_offset() {
    // Resolution, offset in seconds, ticks, nanoseconds since the epoch.
    let cases: [(u8, i64, u64, i64); 9] = [
        (6, 0, 1_500_000, 1_500_000_000),
        (9, 0, 1_500_000_000, 1_500_000_000),
        (0, 0, 3, 3_000_000_000),
        (12, 0, 1_999_999, 1_999),
        (6, -2, 1_500_000, -500_000_000),
        (6, 1_714_557_600, 1, 1_714_557_600_000_001_000),
        (0x80 | 10, 0, 1536, 1_500_000_000),
        (0x80 | 127, 0, u64::MAX, 0),
        (0, 0, u64::MAX, i64::MAX),
    ];
    for (resolution, offset, ticks, nanos) in cases {
        let offset = offset.to_le_bytes();
        let file = Bytes::new(Order::Little)
            .section()
            .interface(1, 0, |options| options.option(9, &[resolution]).option(14, &offset))
            .enhanced(0, ticks, 1, b"x");
        assert_eq!(read(&file.bytes).0[0].1, nanos, "resolution {resolution:#x}, ticks {ticks}");
    }
}

#[test]
fn simple_and_obsolete_packet_blocks_are_frames_too() {
    for order in ORDERS {
        let file = Bytes::new(order)
            .section()
            .interface(1, 6, |options| options)
            .enhanced(0, 4, 5, b"named")
            .block(3, |block| block.u32(5).raw(b"whole"))
            .block(3, |block| block.u32(1500).raw(b"cut to"))
            // Interface 0, 3 dropped.
            .block(2, |block| block.u16(0).u16(3).u32(0).u32(8).u32(3).u32(60).raw(b"old"));
        let (frames, error) = read(&file.bytes);
        assert!(error.is_none(), "{error:?}");
        let link = LinkType::Ethernet;
        assert_eq!(
            frames,
            [
                (1, 4_000, link, 5, b"named".to_vec()),
                (2, 4_000, link, 5, b"whole".to_vec()),
                (3, 4_000, link, 1500, b"cut to".to_vec()),
                (4, 8_000, link, 60, b"old".to_vec()),
            ]
        );
    }
}

#[test]
fn blocks_that_are_not_known_are_skipped_however_long() {
    let long = vec![0xaa; 3_000_000];
    let file = Bytes::new(Order::Little)
        .section()
        .block(0x0bad, |block| block.raw(b"custom"))
        .interface(1, 0, |options| options)
        .block(0x4000_0bad, |block| block.raw(&long))
        .enhanced(0, 0, 1, b"x")
        .block(5, |block| block.raw(&[0; 12]))
        // A line of a journal takes a number and is no frame.
        .block(9, |block| block.raw(b"MESSAGE=x\n"))
        .enhanced(0, 0, 1, b"y");
    let (frames, error) = read(&file.bytes);
    assert!(error.is_none(), "{error:?}");
    let numbers: Vec<_> = frames.iter().map(|frame| frame.0).collect();
    assert_eq!(numbers, [1, 3]);
}

#[test]
fn gzip_of_a_capture_reads_as_the_capture_in_any_number_of_members() {
    for file in ORDERS.into_iter().flat_map(three_frames) {
        let plain = read(&file).0;
        assert_eq!(plain.len(), 3);
        let (one, other) = file.split_at(file.len() / 2);
        for packed in [gzip(&file), [gzip(one), gzip(other)].concat()] {
            let (frames, error) = read(&packed);
            assert!(error.is_none(), "{error:?}");
            assert_eq!(frames, plain);
        }
    }
}

#[test]
fn zstd_of_a_capture_reads_as_the_capture_in_any_number_of_frames() {
    let skipped = [&[0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"aha"].concat();
    for file in three_frames(Order::Little) {
        let plain = read(&file).0;
        let (one, other) = file.split_at(file.len() / 2);
        for options in [&[][..], &["--no-check"], &["-19", "--long=27"], &["--fast"]] {
            let two = [zstd(one, options), skipped.clone(), zstd(other, options)].concat();
            let led = [skipped.clone(), zstd(&file, options)].concat();
            for packed in [zstd(&file, options), two, led] {
                let (frames, error) = read(&packed);
                assert!(error.is_none(), "{options:?}: {error:?}");
                assert_eq!(frames, plain, "{options:?}");
            }
        }
    }
}

#[test]
fn a_long_capture_in_zstd_reads_whole() {
    let mut file = Bytes::new(Order::Little).pcap(0xa1b2_c3d4, 65_535, 1);
    for second in 0..4000_u32 {
        let noise: Vec<u8> =
            (0..300_u32).map(|at| (second * 31 + at * at).to_le_bytes()[0]).collect();
        file = file.record((second, 0), 300, &noise);
    }
    let (frames, error) = read(&zstd(&file.bytes, &["-3"]));
    assert!(error.is_none(), "{error:?}");
    assert_eq!(frames, read(&file.bytes).0);
    assert_eq!(frames.len(), 4000);
}

#[test]
fn zstd_data_that_are_cut_off_or_damaged_give_what_is_whole_and_one_error() {
    let [file, _] = three_frames(Order::Little);
    let frames = read(&file).0;
    let packed = zstd(&file, &[]);
    for length in 4..packed.len() {
        let (found, error) = read(&packed[..length]);
        assert_eq!(found, frames[..found.len()], "cut at {length}");
        let error = error.expect("it is cut off").to_string();
        assert!(error.contains("zstd data end too early"), "cut at {length}: {error}");
    }
    let mut damaged = packed;
    *damaged.last_mut().unwrap() ^= 1;
    let (found, error) = read(&damaged);
    assert_eq!(found, frames, "only the check sum is another");
    let error = error.expect("it is damaged").to_string();
    assert!(error.contains("zstd data are damaged (its check sum is another)"), "{error}");
}

/// How many records end at or before an offset, and where the one begins that does not.
fn ends(file: &[u8], boundaries: &[usize]) -> (usize, usize) {
    let whole = boundaries.iter().filter(|end| **end <= file.len()).count();
    (whole, boundaries[..whole].last().copied().unwrap_or(0))
}

#[test]
fn a_file_cut_off_anywhere_gives_the_whole_frames_and_says_where_the_next_began() {
    for order in ORDERS {
        let [pcap, pcapng] = three_frames(order);
        // Where the header and each record or block ends.
        let pcap_ends = [24, 24 + 27, 24 + 27 + 16, 24 + 27 + 16 + 25];
        let pcapng_ends = [28, 48, 48 + 44, 48 + 44 + 32, 48 + 44 + 32 + 44];
        for (file, ends_at, before) in [(pcap, &pcap_ends[..], 1), (pcapng, &pcapng_ends[..], 2)] {
            assert_eq!(ends_at.last(), Some(&file.len()));
            let frames = read(&file).0;
            for length in 0..file.len() {
                let cut = &file[..length];
                let (found, error) = read(cut);
                let (items, begins) = ends(cut, ends_at);
                assert_eq!(found, frames[..items.saturating_sub(before)], "cut at {length}");
                if length < 4 {
                    let empty = matches!(error, Some(Error::Empty { .. }));
                    assert_eq!(empty, length == 0);
                    assert!(error.is_some());
                } else if begins == length {
                    assert!(error.is_none(), "cut at {length}: {error:?}");
                } else {
                    let fault = fault(error);
                    assert_eq!(fault.offset, begins as u64, "cut at {length}: {fault}");
                    assert_eq!(fault.frames, found.len() as u64);
                    assert!(matches!(fault.reason, FaultReason::CutOff { have, want, .. }
                        if have < want && have == length - begins));
                }
            }
        }
    }
}

#[test]
fn a_packed_file_cut_off_anywhere_gives_a_part_of_its_frames_and_one_error() {
    for file in three_frames(Order::Little) {
        let frames = read(&file).0;
        let packed = gzip(&file);
        let mut most = 0;
        for length in 0..packed.len() {
            let (found, error) = read(&packed[..length]);
            assert_eq!(found, frames[..found.len()], "cut at {length}");
            let error = error.expect("it is cut off");
            if length >= 2 {
                assert!(error.to_string().contains("gzip data end too early"), "{error}");
            }
            most = most.max(found.len());
        }
        assert_eq!(most, 3, "only the check sum at the end is missing");
    }
}

#[test]
fn an_offset_in_a_packed_file_is_that_of_the_unpacked_data_and_says_so() {
    let [mut file, _] = three_frames(Order::Little);
    file.truncate(60);
    let (frames, error) = read(&gzip(&file));
    assert_eq!(frames.len(), 1);
    assert_eq!(
        error.expect("it is cut off").to_string(),
        "test: damaged at byte 51 of the unpacked data, after 1 good frame: \
         the file ends inside a frame's header, 9 of 16 bytes are there"
    );
}

fn says(file: Bytes, frames: usize, sentence: &str) {
    let (found, error) = read(&file.bytes);
    assert_eq!(found.len(), frames, "{error:?}");
    assert_eq!(error.expect("it is damaged").to_string(), sentence);
}

#[test]
fn a_damaged_pcap_file_says_what_is_wrong_and_where() {
    let pcap = |snaplen| {
        Bytes::new(Order::Little).pcap(0xa1b2_c3d4, snaplen, 1).record((0, 0), 4, b"good")
    };
    says(
        pcap(65_535).u32(0).u32(0).u32(0xdead_beef).u32(60),
        1,
        "test: damaged at byte 44, after 1 good frame: \
         a frame of 3735928559 bytes, at most 262144 are possible",
    );
    // A file that announces more may have more, up to a bound of ours.
    says(
        pcap(u32::MAX).u32(0).u32(0).u32(1_048_577).u32(60),
        1,
        "test: damaged at byte 44, after 1 good frame: \
         a frame of 1048577 bytes, at most 1048576 are possible",
    );
    says(
        Bytes::new(Order::Big).u32(0xa1b2_c3d4).u16(9).u16(1).raw(&[0; 16]),
        0,
        "test: damaged at byte 0, after 0 good frames: format version 9.1, which is not known",
    );
}

#[test]
fn a_long_frame_is_read_where_the_file_announces_one() {
    let frame = vec![0x5a; 700_000];
    let file = |snaplen| {
        Bytes::new(Order::Little).pcap(0xa1b2_c3d4, snaplen, 1).record((0, 0), 1, &frame).bytes
    };
    assert_eq!(read(&file(800_000)).0[0].4, frame);
    assert!(matches!(fault(read(&file(65_535)).1).reason, FaultReason::FrameLength { .. }));
}

#[test]
fn a_damaged_pcapng_file_says_what_is_wrong_and_where() {
    let start = || Bytes::new(Order::Big).section().interface(1, 0, |options| options);
    let at = |what: &str| format!("test: damaged at byte 48, after 0 good frames: {what}");
    let short = |kind, length| start().u32(kind).u32(length).raw(&[0; 64]);
    says(short(6, 13), 0, &at("a block of type 0x6 cannot be 13 bytes long"));
    says(short(5, 8), 0, &at("a block of type 0x5 cannot be 8 bytes long"));
    says(short(6, 28), 0, &at("a block of type 0x6 cannot be 28 bytes long"));
    says(short(6, 0xffff_fff0), 0, &at("a block of type 0x6 cannot be 4294967280 bytes long"));
    says(short(5, 16), 0, &at("a block says 16 bytes before its content and 0 after it"));
    says(short(6, 32), 0, &at("a block says 32 bytes before its content and 0 after it"));
    says(
        start().enhanced(3, 0, 1, b"x"),
        0,
        &at("a frame of interface 3 in a section that describes 1 so far"),
    );
    let beyond = |block: Bytes| block.u32(0).u32(0).u32(0).u32(8).u32(8).raw(b"four");
    says(start().block(6, beyond), 0, &at("a frame of 8 bytes in a block with room for 4"));
    says(
        start().u32(0x0a0d_0d0a).u32(28).u32(0xcafe_f00d).raw(&[0; 16]),
        0,
        &at("a section whose byte-order mark is 0x0df0feca, not 0x1a2b3c4d"),
    );
    says(
        start().u32(0x0a0d_0d0a).u32(28).u32(0x1a2b_3c4d).u16(2).u16(7).raw(&[0; 12]),
        0,
        &at("format version 2.7, which is not known"),
    );
}

#[test]
fn a_length_in_a_file_reserves_no_memory() {
    // The longest block that is looked at as a whole, and nothing of it there.
    let file = Bytes::new(Order::Little).section().u32(1).u32(2 << 20).raw(&[0; 16]);
    let mut reader = Reader::new("test", 0, Box::new(std::io::Cursor::new(file.bytes))).unwrap();
    assert!(reader.next().is_err());
    assert_eq!(reader.window.capacity(), 64 * 1024);
}

#[test]
fn what_is_no_capture_is_named_by_what_it_looks_like() {
    let says = |bytes: &[u8], sentence: &str| {
        assert_eq!(read(bytes).1.expect("it is no capture").to_string(), sentence);
    };
    const WANTED: &str = "; wanted is pcap or pcapng, either of them plain, in gzip or in zstd";
    says(b"", &format!("test: is empty{WANTED}"));
    says(b"ab", &format!("test: is 2 bytes short, not a capture{WANTED}"));
    says(b"\xff\xd8\xff\xe0\0\x10JFIF", &format!("test: is a JPEG picture, not a capture{WANTED}"));
    says("Prüfung\n".as_bytes(), &format!("test: is text, not a capture{WANTED}"));
    says(
        b"\0\x01\x02\x03\x04",
        &format!(
            "test: is an unknown kind of file (it begins with 00 01 02 03), not a capture{WANTED}"
        ),
    );
    says(&gzip(b"words"), &format!("test: is gzip of something else, not a capture{WANTED}"));
}

/// The start of a capture in one of its forms, so that arbitrary octets behind it reach the blocks and frames.
fn starts() -> impl Strategy<Value = Vec<u8>> {
    prop::sample::select(vec![
        Vec::new(),
        Bytes::new(Order::Little).pcap(0xa1b2_c3d4, 0, 1).bytes,
        Bytes::new(Order::Big).pcap(0xa1b2_3c4d, 0, 1).bytes,
        Bytes::new(Order::Little).section().interface(1, 0, |options| options).bytes,
        Bytes::new(Order::Big).section().interface(1, 0, |options| options).bytes,
    ])
}

proptest! {
    #[test]
    fn any_octets_give_frames_and_at_most_one_error(
        start in starts(),
        rest in prop::collection::vec(prop_oneof![Just(0_u8), 0..=12_u8, any::<u8>()], 0..400),
    ) {
        let file = [start, rest].concat();
        for file in [gzip(&file), file] {
            let (frames, error) = read(&file);
            let bytes: usize = frames.iter().map(|frame| frame.4.len()).sum();
            prop_assert!(bytes <= 1000);
            let _ = error.map(|error| error.to_string());
        }
    }

    #[test]
    fn one_octet_changed_never_changes_the_frames_before_it(
        at in 0..120_usize,
        octet in any::<u8>(),
        form in 0..2_usize,
    ) {
        let file = &three_frames(Order::Little)[form];
        let at = at.min(file.len() - 1);
        let mut changed = file.clone();
        changed[at] = octet;
        let first_end = [51, 92][form];
        if at >= first_end {
            prop_assert_eq!(&read(&changed).0[0], &read(file).0[0]);
        }
    }
}
