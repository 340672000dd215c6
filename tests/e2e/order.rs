//! The same capture says the same, however fast it is read, and whenever it was taken.

use crate::machine::capture;
use crate::stage::{Gridtap, Recording, Run, State};

const QUIET: &str = "labelled/lemay-modbus/moving_two_files_modbus_6RTU.pcap";
const UPLOAD: &str = "labelled/lemay-modbus/CnC_uploading_exe_modbus_6RTU_with_operate.pcap";
const SCAN: &str = "labelled/lemay-modbus/characterization_modbus_6RTU_with_operate.pcap";
const YEAR_NS: u64 = 365 * 86_400 * 1_000_000_000;

#[test]
fn a_capture_read_twice_from_copies_of_one_state_gives_the_same_octets_paced_or_not() {
    let (Some(quiet), Some(scan)) = (capture(QUIET), capture(SCAN)) else { return };
    let state = State::new();
    Gridtap::learn(&state, &[&quiet]).run().succeeded();
    let calls = [
        Gridtap::monitor(&state.copied(), &scan).run(),
        Gridtap::monitor(&state.copied(), &scan).run(),
        Gridtap::monitor(&state.copied(), &scan).arg("--pace").arg("500").run(),
    ];
    let [first, second, paced] = calls.map(Run::succeeded);
    assert!(!first.stdout.is_empty());
    assert_eq!(first.stdout, second.stdout);
    assert_eq!(first.stdout, paced.stdout);
}

#[test]
fn a_capture_without_a_state_gives_the_same_octets_twice() {
    let Some(scan) = capture(SCAN) else { return };
    let [first, second] =
        [(), ()].map(|()| Gridtap::monitor(&State::new(), &scan).run().succeeded().stdout);
    assert!(!first.is_empty());
    assert_eq!(first, second);
}

#[test]
fn a_capture_older_than_the_baseline_is_judged_like_any_other() {
    let (Some(quiet), Some(upload)) = (capture(QUIET), capture(UPLOAD)) else { return };
    let judged = |learned_later_by_ns| {
        let state = State::new();
        let quiet = Recording::read(&quiet).later(learned_later_by_ns);
        let quiet = quiet.write(state.scratch(), "quiet.pcap");
        Gridtap::learn(&state, &[&quiet]).run().succeeded();
        let anomalies = Gridtap::monitor(&state, &upload).run().succeeded().anomalies();
        let told: Vec<String> = anomalies
            .iter()
            .map(|each| {
                let fields =
                    ["time", "detection", "severity", "source", "device", "observed", "baseline"];
                fields.map(|field| each.text(field)).join(" | ")
            })
            .collect();
        told.join("\n")
    };
    let in_order = judged(0);
    assert!(in_order.contains("MB-"), "{in_order}");
    assert_eq!(judged(YEAR_NS), in_order);
}
