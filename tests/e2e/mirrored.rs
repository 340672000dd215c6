//! What a mirror does to traffic changes nothing of what is said: every frame twice, or every frame cut.

use std::path::Path;

use crate::machine::root;
use crate::stage::{Gridtap, Recording, State};

const FIXTURES: [&str; 4] = [
    "demo.pcapng",
    "modbus/s1-master-1.pcap.gz",
    "dnp3/s17-master-1.pcap.gz",
    "dnp3/s19-altered-1.pcap.gz",
];

/// The anomalies of a capture, without the numbers and times of frames, and the counts of its octets.
fn said(capture: &Path, state: &State) -> (Vec<String>, [u64; 4]) {
    let summary = state.scratch().join("summary.json");
    let run = Gridtap::monitor(&State::new(), capture).arg("--summary").arg(&summary).run();
    let anomalies = run.succeeded().anomalies();
    let fields = ["detection", "severity", "source", "device", "observed"];
    let told = anomalies.iter().map(|each| fields.map(|field| each.text(field)).join(" | "));
    let counts: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&summary).unwrap()).unwrap();
    let octets = ["decoded", "skipped", "missing", "encrypted"];
    (told.collect(), octets.map(|state| counts["bytes"][state].as_u64().unwrap()))
}

#[test]
fn a_capture_with_every_frame_twice_says_what_the_capture_says() {
    for fixture in FIXTURES {
        let (state, path) = (State::new(), root().join("fixtures").join(fixture));
        let mut twice = Recording::read(&path);
        let copies = twice.frames.clone().into_iter().map(|mut frame| {
            frame.time_ns += 10_000;
            frame
        });
        twice.frames.extend(copies.collect::<Vec<_>>());
        twice.frames.sort_by_key(|frame| frame.time_ns);
        let twice = twice.write(state.scratch(), "twice.pcap");
        let expected = said(&path, &state);
        assert!(expected.1[0] > 0, "{fixture} has messages");
        assert_eq!(said(&twice, &state), expected, "{fixture}");
    }
}

#[test]
fn octets_that_the_snap_length_cut_are_missing_and_nothing_else_is_said_of_them() {
    // In the demo capture a device is silenced; answers before that are cut, so that its silence seems longer (MB-42).
    for fixture in &FIXTURES[1..] {
        let (state, path) = (State::new(), root().join("fixtures").join(fixture));
        let whole = Recording::read(&path);
        let mut octets = whole.first(0).octets();
        for frame in &whole.frames {
            let one = Recording { frames: vec![frame.clone()] }.octets();
            let (head, bytes) = one[24..].split_at(16);
            let kept = &bytes[..bytes.len().min(96)];
            octets.extend(&head[..8]);
            octets.extend(u32::try_from(kept.len()).unwrap().to_le_bytes());
            octets.extend(&head[12..]);
            octets.extend(kept);
        }
        let cut = state.scratch().join("cut.pcap");
        std::fs::write(&cut, octets).unwrap();
        let (expected, [decoded, skipped, missing, _]) = said(&path, &state);
        let (told, [cut_decoded, cut_skipped, cut_missing, _]) = said(&cut, &state);
        assert!(cut_missing > missing && cut_decoded > 0, "{fixture}");
        assert_eq!(
            cut_decoded + cut_skipped + cut_missing,
            decoded + skipped + missing,
            "{fixture}: every octet is in one state"
        );
        let kinds = |told: &[String]| -> Vec<String> {
            told.iter().filter_map(|line| line.split(" | ").next()).map(str::to_owned).collect()
        };
        let expected = kinds(&expected);
        // That octets are missing is said of the sensor itself, once.
        let is_of_devices = |kind: &String| kind != "OT-29";
        let other: Vec<_> = kinds(&told)
            .into_iter()
            .filter(|kind| !expected.contains(kind) && is_of_devices(kind))
            .collect();
        assert!(other.is_empty(), "{fixture}: {other:?}");
        assert!(kinds(&told).iter().filter(|kind| !is_of_devices(kind)).count() <= 1, "{fixture}");
    }
}
