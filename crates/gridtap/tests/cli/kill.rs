//! Ended at any moment, the state opens again and nothing that was told is lost.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use gridtap_store::Store;
use tempfile::{TempDir, tempdir};

use crate::run::{gridtap, run};
use crate::traffic::{DEVICES, Traffic};

/// How often each command is killed.
const KILLS: u64 = 6;

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

/// Kills after a while and gives the whole lines that were printed until then.
fn killed(mut child: Child, after: Duration) -> Vec<String> {
    let mut out = child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        out.read_to_string(&mut text).unwrap();
        text
    });
    std::thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
    let text = reader.join().unwrap();
    // What stands behind the last line feed was cut off in the middle.
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole.lines().map(str::to_owned).collect()
}

fn kept(state: &Path) -> BTreeSet<String> {
    let store = Store::read(state).unwrap();
    store.history().unwrap().into_iter().map(|told| told.record).collect()
}

#[test]
fn every_anomaly_printed_before_a_kill_is_in_the_state_and_a_second_run_tells_the_same() {
    let directory = tempdir().unwrap();
    let capture = storm(&directory);
    let path = capture.to_str().unwrap();
    let whole = run(["monitor", "--read", path, "--json", "--set", "baseline.block=10s"]);
    assert!(whole.out.lines().count() > 100, "{} {}", whole.out, whole.err);
    let mut told = 0;
    for nth in 0..KILLS {
        let state = directory.path().join(format!("state{nth}"));
        // A pace at which the storm lasts about a second.
        let arguments = [
            "monitor",
            "--read",
            path,
            "--json",
            "--set",
            "baseline.block=10s",
            "--pace",
            "400",
            "--state",
            state.to_str().unwrap(),
        ];
        let child =
            gridtap(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = killed(child, Duration::from_millis(650 + 97 * nth));
        told += lines.len();
        let Ok(_) = Store::read(&state) else {
            assert!(lines.is_empty(), "something was told and there is no state");
            continue;
        };
        let kept = kept(&state);
        for line in &lines {
            assert!(kept.contains(line), "told and lost: {line}");
        }
        let again = run([
            "monitor",
            "--read",
            path,
            "--json",
            "--set",
            "baseline.block=10s",
            "--state",
            state.to_str().unwrap(),
        ]);
        assert_eq!(again.code, Some(0), "{}", again.err);
        assert_eq!(again.out, whole.out, "the second run tells what an undisturbed one tells");
    }
    assert!(told > 0, "no kill came after the first line: the test shows nothing");
}

#[test]
fn a_kill_while_learning_leaves_a_state_that_opens_and_learns_the_same_afterwards() {
    let directory = tempdir().unwrap();
    let capture = storm(&directory);
    let path = capture.to_str().unwrap();
    let learn = |state: &Path| {
        let state = state.to_str().unwrap();
        gridtap(["learn", path, "--state", state, "--set", "baseline.block=10s"])
    };
    let export = |state: &Path| {
        run(["baseline", "export", "--json", "--state", state.to_str().unwrap()]).out
    };
    let whole = directory.path().join("whole");
    assert!(learn(&whole).output().unwrap().status.success());
    let expected = export(&whole);
    assert!(expected.lines().count() > 100);
    for nth in 0..KILLS {
        let state = directory.path().join(format!("learn{nth}"));
        let child = learn(&state).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        killed(child, Duration::from_millis(7 * nth * nth));
        assert!(learn(&state).output().unwrap().status.success());
        assert_eq!(export(&state), expected);
    }
}
