use std::path::Path;
use std::process::Command;

use gridtap_model::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::testing::read;

fn frame(capture: u16, link: LinkType, time_ns: i64, bytes: &[u8]) -> Frame<'_> {
    let original_length = u32::try_from(bytes.len()).unwrap() + 7;
    Frame { time: Timestamp::from_nanos(time_ns), capture, number: 1, link, bytes, original_length }
}

/// Ethernet and IPv4 around a UDP datagram of the discard service.
fn packet(octet: u8) -> Vec<u8> {
    let mut bytes = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
    bytes.extend([0x45, 0, 0, 29, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, octet, 10, 0, 0, 9]);
    bytes.extend([0, 9, 0, 9, 0, 9, 0, 0, octet]);
    bytes
}

#[test]
fn what_is_written_reads_back_with_times_lengths_and_link_types() {
    let links = [
        LinkType::Ethernet,
        LinkType::LinuxCooked1,
        LinkType::LinuxCooked2,
        LinkType::RawIp,
        LinkType::Null,
        LinkType::Other(147),
    ];
    let mut writer = Writer::new("test");
    let mut expected = Vec::new();
    for (nth, link) in (1_i64..).zip(links) {
        let bytes = vec![0xa5; usize::try_from(nth).unwrap()];
        let frame = frame(0, link, 1_714_564_800_123_456_789 + nth, &bytes);
        writer.frame(&frame, "bay 3", (nth % 2 == 0).then_some("a comment"));
        let number = u64::try_from(nth).unwrap();
        expected.push((number, frame.time.nanos(), link, frame.original_length, bytes));
    }
    let (seen, error) = read(&writer.into_bytes());
    assert!(error.is_none(), "{error:?}");
    assert_eq!(seen, expected);
}

#[test]
fn each_capture_and_link_type_is_one_interface_with_its_name() {
    let mut writer = Writer::new("test");
    let bytes = packet(1);
    for (capture, link) in [
        (0, LinkType::Ethernet),
        (1, LinkType::Ethernet),
        (0, LinkType::RawIp),
        (1, LinkType::Ethernet),
        (0, LinkType::Ethernet),
    ] {
        writer.frame(
            &frame(capture, link, 5, &bytes),
            ["a.pcap", "b.pcap"][usize::from(capture)],
            None,
        );
    }
    let file = std::io::Cursor::new(writer.into_bytes());
    let mut reader = crate::Reader::new("test", 0, Box::new(file)).unwrap();
    while reader.next().unwrap().is_some() {}
    let interfaces: Vec<_> = reader
        .interfaces()
        .iter()
        .map(|interface| (interface.name.as_deref().unwrap(), interface.link))
        .collect();
    let expected = [
        ("a.pcap", LinkType::Ethernet),
        ("b.pcap", LinkType::Ethernet),
        ("a.pcap", LinkType::RawIp),
    ];
    assert_eq!(interfaces, expected);
}

#[test]
fn a_time_before_1970_a_frame_without_end_and_a_long_comment_have_their_limits() {
    let mut writer = Writer::new(&"p".repeat(70_000));
    let bytes = vec![7; FRAME_BYTES_MAX + 1];
    let early = frame(0, LinkType::Other(u32::MAX), -1, &bytes);
    writer.frame(&early, &"é".repeat(40_000), Some(&"ü".repeat(40_000)));
    let (seen, error) = read(&writer.into_bytes());
    assert!(error.is_none(), "{error:?}");
    let [(1, 0, LinkType::Other(65_535), original, kept)] = seen.as_slice() else {
        panic!("{}", seen.len())
    };
    assert_eq!((*original, kept.len()), (early.original_length, FRAME_BYTES_MAX));
}

#[test]
fn tshark_reads_the_times_addresses_and_comments() {
    let mut writer = Writer::new("test");
    let times = [1_714_564_800_000_000_001, 1_714_564_800_999_999_999, 1_714_564_801_000_000_000];
    for (octet, time) in (1_u8..).zip(times) {
        let comment = format!("frame {octet}, as it is");
        let (bytes, comment) = (packet(octet), (octet != 2).then_some(comment.as_str()));
        let frame = Frame { original_length: 43, ..frame(0, LinkType::Ethernet, time, &bytes) };
        writer.frame(&frame, "bay 3", comment);
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("slice.pcapng");
    std::fs::write(&path, writer.into_bytes()).unwrap();
    let Some(said) = tshark(&path) else { return };
    assert_eq!(
        said,
        "1\t1714564800.000000001\t43\t10.0.0.1\tbay 3\tframe 1, as it is\n\
         2\t1714564800.999999999\t43\t10.0.0.2\tbay 3\t\n\
         3\t1714564801.000000000\t43\t10.0.0.3\tbay 3\tframe 3, as it is\n"
    );
}

fn tshark(path: &Path) -> Option<String> {
    let mut call = Command::new("tshark");
    call.args(["-n", "-r"]).arg(path).args(["-T", "fields"]);
    let fields = ["number", "time_epoch", "len", "", "interface_name", "comment"];
    for field in fields {
        let name = if field.is_empty() { "ip.src".to_owned() } else { format!("frame.{field}") };
        call.args(["-e", &name]);
    }
    let Ok(output) = call.output() else {
        println!("not run: there is no tshark");
        return None;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

proptest! {
    #[test]
    fn any_frames_read_back(
        frames in prop::collection::vec(
            (any::<u16>(), 0..300_u32, 0..i64::MAX, prop::collection::vec(any::<u8>(), 0..200)),
            0..20,
        ),
        comment in ".{0,20}",
    ) {
        let mut writer = Writer::new("test");
        for (capture, link, time, bytes) in &frames {
            let link = crate::link::link_type(*link);
            writer.frame(&frame(*capture, link, *time, bytes), &comment, Some(&comment));
        }
        let (seen, error) = read(&writer.into_bytes());
        prop_assert!(error.is_none(), "{error:?}");
        prop_assert_eq!(seen.len(), frames.len());
        for ((.., time, link, original, kept), (_, number, moment, bytes)) in seen.iter().zip(&frames) {
            prop_assert_eq!((*time, *link), (*moment, crate::link::link_type(*number)));
            prop_assert_eq!((*original, kept), (u32::try_from(bytes.len()).unwrap() + 7, bytes));
        }
    }
}
