//! Stopped at any moment, the state opens again and holds everything that was told.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Command;

use gridtap_store::Store;

use crate::machine::capture;
use crate::stage::{Gridtap, State};

const QUIET: &str = "labelled/lemay-modbus/moving_two_files_modbus_6RTU.pcap";
const SCAN: &str = "labelled/lemay-modbus/characterization_modbus_6RTU_with_operate.pcap";

fn learned() -> Option<(State, std::path::PathBuf)> {
    let (quiet, scan) = (capture(QUIET)?, capture(SCAN)?);
    let state = State::new();
    Gridtap::learn(&state, &[&quiet]).run().succeeded();
    Some((state, scan))
}

/// Runs the scan so slowly that it can be stopped after some records, stops it, and gives what was told and how it ended.
fn stopped_after(
    state: &State,
    scan: &std::path::Path,
    records: usize,
    signal: &str,
) -> (Vec<String>, Option<i32>) {
    let mut child = Gridtap::monitor(state, scan).arg("--pace").arg("20").spawn();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut told: Vec<String> = lines.by_ref().take(records).map(Result::unwrap).collect();
    let process = child.id().to_string();
    assert!(Command::new("kill").args([signal, &process]).status().unwrap().success());
    told.extend(lines.map_while(Result::ok).filter(|line| line.ends_with('}')));
    (told, child.wait().unwrap().code())
}

#[track_caller]
fn the_state_holds(state: &State, told: &[String]) {
    let store = Store::read(&state.path()).expect("the state opens");
    let kept: Vec<String> = store.history().unwrap().into_iter().map(|each| each.record).collect();
    for line in told {
        assert!(kept.contains(line), "told and lost: {line}");
    }
    drop(store);
    let shown = Gridtap::new("baseline").arg("show").state(state).arg("--json").run().succeeded();
    let shown: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(shown["levels"]["flow"]["armed"], true, "{shown}");
}

#[test]
fn a_run_killed_at_its_nth_record_has_stored_what_it_told_and_goes_on() {
    for records in [1, 2, 3, 5] {
        let Some((state, scan)) = learned() else { return };
        let (told, code) = stopped_after(&state, &scan, records, "-KILL");
        assert_eq!(code, None, "killed before its end");
        assert!(told.len() >= records);
        the_state_holds(&state, &told);
        let again = Gridtap::monitor(&state, &scan).run().succeeded();
        assert!(
            again.anomalies().iter().any(|each| each.is_detection("MB-14")),
            "{}",
            again.stdout
        );
    }
}

#[test]
fn an_interrupted_run_stores_what_it_told_and_says_so_by_its_exit_code() {
    let Some((state, scan)) = learned() else { return };
    let (told, code) = stopped_after(&state, &scan, 1, "-INT");
    assert_eq!(code, Some(130));
    the_state_holds(&state, &told);
}

#[test]
fn learning_that_is_killed_leaves_the_state_as_it_was() {
    let Some((state, scan)) = learned() else { return };
    let before = Store::read(&state.path()).unwrap().baseline_rows().unwrap();
    let mut child = Gridtap::learn(&state, &[&scan]).spawn();
    child.kill().unwrap();
    let mut rest = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut rest).unwrap();
    child.wait().unwrap();
    let after = Store::read(&state.path()).unwrap().baseline_rows().unwrap();
    // Killed before or after it committed: the old baseline whole, or the new one, which has the scan's reads.
    let whole = Gridtap::learn(&state, &[&scan]).run().succeeded();
    drop(whole);
    let learned = Store::read(&state.path()).unwrap().baseline_rows().unwrap();
    assert!(after == before || after == learned);
    assert_ne!(before, learned);
}
