//! Any octets as a capture, all the way to records.

use std::io::Cursor;

use gridtap_capture::Reader;
use gridtap_dissect::{Dissector, Output};
use gridtap_wire::Wire;

/// Frames of an input at most: what unpacks to more is cut.
const FRAMES_MAX: u64 = 20_000;

/// From a capture's octets to records, the same each time, with an account of every octet.
pub(super) fn any_capture(input: &[u8]) {
    let said = records(input);
    assert_eq!(said, records(input), "the same again");
}

fn records(input: &[u8]) -> Vec<String> {
    let mut said = Vec::new();
    let Ok(mut reader) = Reader::new("input", 0, Box::new(Cursor::new(input.to_vec()))) else {
        return said;
    };
    let mut wire = Wire::new(gridtap_wire::Config::default());
    let mut dissector = Dissector::with_records(gridtap_dissect::Config::default());
    let mut sink = |output: Output<'_>| match output {
        Output::Observation(observation) => said.push(format!("{observation:?}")),
        Output::Record(record) => said.push(serde_json::to_string(record).unwrap_or_default()),
    };
    while let Ok(Some(frame)) = reader.next() {
        if frame.number > FRAMES_MAX {
            break;
        }
        wire.tick(frame.time, &mut |heard| dissector.heard(heard, &mut sink));
        dissector.tick(frame.time, &mut sink);
        wire.frame(&frame, &mut |heard| dissector.heard(heard, &mut sink));
    }
    wire.finish(&mut |heard| dissector.heard(heard, &mut sink));
    dissector.finish(&mut sink);
    let bytes = dissector.counters().bytes;
    let counters = wire.counters();
    let sum = |parts: [u64; 4]| parts.into_iter().fold(0_u64, u64::saturating_add);
    let accounted = sum([bytes.decoded, bytes.skipped, bytes.missing, bytes.encrypted]);
    let given = sum([counters.tcp_octets, counters.tcp_gap_octets, counters.udp_octets, 0]);
    assert!(accounted <= given, "{accounted} octets accounted for of {given}");
    assert!(!said.iter().any(String::is_empty), "a record is a line");
    said
}
