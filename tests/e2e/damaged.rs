//! A damaged capture is still evidence.

use crate::machine::capture;
use crate::stage::{Gridtap, Recording, State};

const QUIET: &str = "labelled/lemay-modbus/moving_two_files_modbus_6RTU.pcap";
const SCAN: &str = "labelled/lemay-modbus/characterization_modbus_6RTU_with_operate.pcap";

/// A state that learned, the first 5000 frames of a scan, and their octets.
fn scan() -> Option<(State, Vec<u8>)> {
    let (quiet, scan) = (capture(QUIET)?, capture(SCAN)?);
    let state = State::new();
    Gridtap::learn(&state, &[&quiet]).run().succeeded();
    let frames = Recording::read(&scan).frames;
    let start = Recording { frames: frames[..5000].to_vec() };
    start.write(state.scratch(), "whole.pcap");
    let octets = Recording { frames: frames[..5001].to_vec() }.octets();
    Some((state, octets))
}

#[track_caller]
fn everything_before_the_damage_is_judged(state: &State, damaged: &[u8], offset: usize) {
    let whole = Gridtap::monitor(&state.copied(), &state.scratch().join("whole.pcap")).run();
    let whole = whole.succeeded();
    // Under the same name, should a record name its capture.
    let beside = State::new();
    let path = beside.scratch().join("whole.pcap");
    std::fs::write(&path, damaged).unwrap();
    let run = Gridtap::monitor(&state.copied(), &path).run();
    assert_eq!(run.code, Some(4), "{}", run.stderr);
    assert!(!whole.stdout.is_empty());
    assert_eq!(run.stdout, whole.stdout);
    let named: Vec<&str> =
        run.stderr.lines().filter(|line| line.contains(&offset.to_string())).collect();
    assert_eq!(named.len(), 1, "one sentence names the offset {offset}: {}", run.stderr);
}

#[test]
fn a_capture_cut_in_a_frame_is_judged_up_to_the_cut() {
    let Some((state, octets)) = scan() else { return };
    let whole = std::fs::metadata(state.scratch().join("whole.pcap")).unwrap().len();
    let whole = usize::try_from(whole).unwrap();
    everything_before_the_damage_is_judged(&state, &octets[..octets.len() - 7], whole);
}

#[test]
fn a_capture_with_an_impossible_length_is_judged_up_to_it() {
    let Some((state, mut octets)) = scan() else { return };
    let whole = std::fs::metadata(state.scratch().join("whole.pcap")).unwrap().len();
    let whole = usize::try_from(whole).unwrap();
    octets[whole + 8..whole + 12].copy_from_slice(&0xffff_fff0_u32.to_le_bytes());
    everything_before_the_damage_is_judged(&state, &octets, whole);
}

#[test]
fn a_capture_cut_in_its_gzip_is_judged_up_to_the_cut() {
    use std::io::Write as _;
    let Some((state, octets)) = scan() else { return };
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&octets).unwrap();
    let gzip = gzip.finish().unwrap();
    let path = state.scratch().join("cut.pcap.gz");
    std::fs::write(&path, &gzip[..gzip.len() * 3 / 4]).unwrap();
    let run = Gridtap::monitor(&state.copied(), &path).run();
    assert_eq!(run.code, Some(4), "{}", run.stderr);
    assert!(run.anomalies().iter().any(|each| each.is_detection("MB-14")), "{}", run.stdout);
}
