//! Half a conversation is the commonest fault of a mirror port: what is heard is still judged.

use crate::machine::capture;
use crate::stage::gridtap::{Anomaly, incidents, told};
use crate::stage::{Frame, Gridtap, Recording, State};

const QUIET: &str = "labelled/lemay-modbus/moving_two_files_modbus_6RTU.pcap";
const SCAN: &str = "labelled/lemay-modbus/characterization_modbus_6RTU_with_operate.pcap";
/// Frame 3 of the scan opens its connection; a minute later the sensor must have said what it lacks.
const MINUTE_NS: u64 = 60_000_000_000;

fn is_from_device(frame: &Frame) -> bool {
    frame.ports().is_some_and(|(source, _)| source == 502)
}

fn is_to_device(frame: &Frame) -> bool {
    frame.ports().is_some_and(|(_, destination)| destination == 502)
}

/// The anomalies of the scan where only the wanted frames were heard, and when the capture began.
fn heard(wanted: impl Fn(&Frame) -> bool) -> Option<(Vec<Anomaly>, u64)> {
    let (quiet, scan) = (capture(QUIET)?, capture(SCAN)?);
    let state = State::new();
    Gridtap::learn(&state, &[&quiet]).run().succeeded();
    let half = Recording::read(&scan).filtered(wanted);
    let file = half.write(state.scratch(), "half.pcap");
    Some((Gridtap::monitor(&state, &file).run().succeeded().anomalies(), half.time_ns(0)))
}

#[track_caller]
fn one_line_says_what_is_missing_within_a_minute(anomalies: &[Anomaly], start_ns: u64, side: &str) {
    let health = anomalies.iter().filter(|each| each.is_health());
    let judged = anomalies.iter().filter(|each| !each.is_health());
    assert!(incidents(health).is_disjoint(&incidents(judged)), "{}", told(anomalies));
    let lines: Vec<&Anomaly> = anomalies.iter().filter(|each| each.is_detection("OT-29")).collect();
    assert_eq!(lines.len(), 1, "{}", told(anomalies));
    let line = lines[0];
    assert!(line.text("observed").contains(side), "{}", line.line());
    let at = nanoseconds(line.text("time"));
    assert!(at <= start_ns + MINUTE_NS, "{}", line.line());
    assert!(line.text("advice").contains("SPAN"));
}

fn nanoseconds(time: &str) -> u64 {
    let time: jiff::Timestamp = time.parse().expect("RFC 3339");
    u64::try_from(time.as_nanosecond()).expect("after 1970")
}

#[test]
fn without_the_devices_answers_commands_are_judged_and_nothing_is_called_unanswered() {
    let Some((anomalies, start_ns)) = heard(|frame| !is_from_device(frame)) else { return };
    for point in ["coil 3", "coil 2", "coil 1"] {
        let write = anomalies
            .iter()
            .find(|each| each.is_detection("MB-29") && each.list("points").contains(&point));
        assert!(write.is_some(), "{point}:{}", told(&anomalies));
    }
    let reader = anomalies.iter().find(|each| each.source_address() == "192.168.1.101");
    assert!(reader.is_some_and(Anomaly::is_above_low), "{}", told(&anomalies));
    for unanswered in ["MB-09", "MB-42"] {
        let found = anomalies.iter().find(|each| each.is_detection(unanswered));
        assert!(found.is_none(), "{}", told(&anomalies));
    }
    one_line_says_what_is_missing_within_a_minute(&anomalies, start_ns, "no answers");
    let judged = anomalies.iter().filter(|each| !each.is_health());
    assert!(incidents(judged).len() <= 3, "{}", told(&anomalies));
}

#[test]
fn without_the_masters_requests_answers_are_no_orphans_and_the_missing_side_is_named() {
    let Some((anomalies, start_ns)) = heard(|frame| !is_to_device(frame)) else { return };
    for point in ["coil 3", "coil 2", "coil 1"] {
        let write = anomalies
            .iter()
            .find(|each| each.is_detection("MB-29") && each.list("points").contains(&point));
        let write = write.unwrap_or_else(|| panic!("{point}:{}", told(&anomalies)));
        assert_eq!(write.source_address(), "192.168.1.100", "{}", write.line());
        assert!(write.text("destination").ends_with(":502"), "{}", write.line());
    }
    for orphan in ["MB-07", "MB-08", "MB-48"] {
        let found = anomalies.iter().find(|each| each.is_detection(orphan));
        assert!(found.is_none(), "{}", told(&anomalies));
    }
    one_line_says_what_is_missing_within_a_minute(&anomalies, start_ns, "no requests");
}
