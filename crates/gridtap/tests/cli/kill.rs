//! Ended at any moment, the state opens again and nothing that was told is lost.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use gridtap_store::Store;
use tempfile::{TempDir, tempdir};

use crate::run::{gridtap, run};
use crate::traffic::{DEVICES, Traffic};

/// Polls, and from the fourth minute on a stranger every other second, each from an address of its own.
fn storm(directory: &TempDir) -> PathBuf {
    let capture = directory.path().join("storm.pcap");
    let mut traffic = Traffic::polls(600);
    for nth in 0..160_u8 {
        let at = 240.5 + 2.0 * f64::from(nth);
        traffic.switches(at, [10, 0, 1, nth].into(), DEVICES[usize::from(nth) % 2]);
    }
    traffic.write(&capture);
    capture
}

/// Ends a process after so many lines of its output, and gives all whole lines that it printed.
fn ended(
    mut child: Child,
    after: usize,
    end: impl FnOnce(&mut Child),
) -> (Vec<String>, Option<i32>) {
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut lines = Vec::new();
    let mut end = Some(end);
    loop {
        if lines.len() == after
            && let Some(end) = end.take()
        {
            end(&mut child);
        }
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        match line.strip_suffix('\n') {
            Some(whole) => lines.push(whole.to_owned()),
            // The end, perhaps in the middle of a line.
            None => break,
        }
    }
    (lines, child.wait().unwrap().code())
}

fn kill(child: &mut Child) {
    child.kill().unwrap();
}

fn interrupt(child: &mut Child) {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

fn kept(state: &Path) -> BTreeSet<String> {
    let store = Store::read(state).unwrap();
    store.history().unwrap().into_iter().map(|told| told.record).collect()
}

/// The storm into a state, at a multiple of its own pace, so that what it finds comes piece by piece.
fn monitor(capture: &Path, state: &Path, pace: &str) -> Command {
    gridtap([
        "monitor".as_ref(),
        "--read".as_ref(),
        capture.as_os_str(),
        "--json".as_ref(),
        "--set".as_ref(),
        "baseline.block=10s".as_ref(),
        // Many records are wanted here: no stranger is counted at another one.
        "--set".as_ref(),
        "detect.flood_incidents=1000".as_ref(),
        "--pace".as_ref(),
        pace.as_ref(),
        "--state".as_ref(),
        state.as_os_str(),
    ])
}

fn spawned(mut command: Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

#[test]
fn every_anomaly_printed_before_a_kill_is_in_the_state_and_a_second_run_tells_the_same() {
    let directory = tempdir().unwrap();
    let capture = storm(&directory);
    let whole = monitor(&capture, &directory.path().join("whole"), "5000").output().unwrap();
    let whole = String::from_utf8(whole.stdout).unwrap();
    assert!(whole.lines().count() > 100, "{whole}");
    for after in [0, 1, 7, 40, 90] {
        let state = directory.path().join(format!("killed{after}"));
        let (lines, code) = ended(spawned(monitor(&capture, &state, "600")), after, kill);
        assert_eq!(code, None, "it was killed");
        assert!(lines.len() >= after);
        if after > 0 {
            let kept = kept(&state);
            for line in &lines {
                assert!(kept.contains(line), "told and lost: {line}");
            }
        }
        let again = monitor(&capture, &state, "5000").output().unwrap();
        assert_eq!(again.status.code(), Some(0));
        assert_eq!(String::from_utf8(again.stdout).unwrap(), whole);
    }
}

#[test]
fn an_interrupt_ends_with_130_after_everything_told_and_learned_is_stored() {
    let directory = tempdir().unwrap();
    let capture = storm(&directory);
    let state = directory.path().join("state");
    let (lines, code) = ended(spawned(monitor(&capture, &state, "150")), 20, interrupt);
    assert_eq!(code, Some(130));
    assert!(lines.len() >= 20);
    let kept = kept(&state);
    assert_eq!(lines.len(), kept.len());
    assert!(lines.iter().all(|line| kept.contains(line)));
    // The running block is not over: what goes on from here counts as if there had been no interruption.
    let (_, text) = Store::read(&state).unwrap().baseline_state().unwrap().unwrap();
    assert!(text.contains("\"open\":{"), "{text}");
}

/// Feeds a part of a capture to `learn -` and kills it, once the database's log has grown by so much or the
/// program has ended.
fn learning_killed(state: &Path, bytes: &[u8], growth: u64) {
    let mut command = gridtap(["learn", "-", "--set", "baseline.block=10s", "--state"]);
    command.arg(state).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    let log = || fs::metadata(state.join("gridtap.db-wal")).map_or(0, |log| log.len());
    let before = log();
    while growth > 0 && log() < before + growth && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_kill_while_learning_leaves_a_state_that_opens_and_learns_as_if_nothing_had_been() {
    let directory = tempdir().unwrap();
    let capture = storm(&directory);
    let learn = |state: &Path| {
        let state = state.to_str().unwrap();
        run(["learn", capture.to_str().unwrap(), "--state", state, "--set", "baseline.block=10s"])
    };
    let export = |state: &Path| {
        run(["baseline", "export", "--json", "--state", state.to_str().unwrap()]).out
    };
    let whole = directory.path().join("whole");
    assert_eq!(learn(&whole).code, Some(0));
    let expected = export(&whole);
    assert!(expected.lines().count() > 100);
    let bytes = fs::read(&capture).unwrap();
    for part in [0, 24, bytes.len() / 3, bytes.len() / 2, bytes.len() - 1] {
        let state = directory.path().join(format!("killed{part}"));
        learning_killed(&state, &bytes[..part], 0);
        let learned = learn(&state);
        assert_eq!(learned.code, Some(0), "{learned:?}");
        assert_eq!(export(&state), expected);
    }
    for growth in [1, 40_000, 90_000, 140_000] {
        let state = directory.path().join(format!("killed at the end {growth}"));
        learning_killed(&state, &bytes, growth);
        // All of it was learned, or nothing.
        if let Ok(store) = Store::read(&state) {
            let keys = store.baseline_rows().unwrap().len();
            assert!(keys == 0 || keys == expected.lines().count(), "{keys} keys");
        }
    }
}
