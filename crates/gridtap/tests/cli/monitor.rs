use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tempfile::{TempDir, tempdir};

use crate::run::{Ran, gridtap, run};
use crate::traffic::{DEVICES, MASTER, STRANGER, Traffic};

const BLOCKS: [&str; 2] = ["--set", "baseline.block=10s"];

/// Four minutes of polls, then a stranger switches a breaker's coil.
fn attacked(directory: &TempDir) -> PathBuf {
    let capture = directory.path().join("attacked.pcap");
    let mut traffic = Traffic::polls(300);
    traffic.switches(240.5, STRANGER, DEVICES[0]);
    traffic.write(&capture);
    capture
}

fn monitor(capture: &Path, more: &[&str]) -> Ran {
    let mut arguments = vec!["monitor", "--read", capture.to_str().unwrap()];
    arguments.extend(BLOCKS);
    arguments.extend(more);
    run(arguments)
}

fn records(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_stranger_who_switches_is_told_with_everything_to_act_on() {
    let directory = tempdir().unwrap();
    let ran = monitor(&attacked(&directory), &[]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for part in
        ["CRITICAL", "MB-29", "10.0.0.99", "10.0.0.21", "coil 2", "Expected", "Evidence", "frame"]
    {
        assert!(ran.out.contains(part), "{part} in {}", ran.out);
    }
    assert!(!ran.out.contains('\u{1b}'), "no colours into a pipe");
    assert!(!ran.err.contains("reading"), "no progress bar into a pipe: {}", ran.err);
}

#[test]
fn records_are_what_the_state_keeps() {
    let directory = tempdir().unwrap();
    let state = directory.path().join("state");
    let ran = monitor(&attacked(&directory), &["--json", "--state", state.to_str().unwrap()]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let told: Vec<&str> = ran.out.lines().collect();
    let store = gridtap_store::Store::read(&state).unwrap();
    let kept: Vec<String> = store.history().unwrap().into_iter().map(|told| told.record).collect();
    assert_eq!(told, kept);
    let first =
        records(&ran.out).into_iter().find(|record| record["detection"] == "MB-29").unwrap();
    assert_eq!(first["severity"], "critical");
    assert_eq!(first["source"], "10.0.0.99:49251");
    assert_eq!(first["revision"], 1);
}

#[test]
fn fail_on_ends_with_10_only_at_that_severity() {
    let directory = tempdir().unwrap();
    let attacked = attacked(&directory);
    assert_eq!(monitor(&attacked, &["--fail-on", "critical"]).code, Some(10));
    let quiet = directory.path().join("quiet.pcap");
    Traffic::polls(300).write(&quiet);
    let ran = monitor(&quiet, &["--fail-on", "medium"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

#[test]
fn full_speed_and_paced_runs_over_the_same_state_print_the_same_bytes() {
    let directory = tempdir().unwrap();
    let attacked = attacked(&directory);
    let fast = monitor(&attacked, &["--json"]);
    let paced = monitor(&attacked, &["--json", "--pace", "600"]);
    assert!(!fast.out.is_empty());
    assert_eq!(fast.out, paced.out);
}

#[test]
fn any_number_of_threads_prints_the_same_bytes_paced_or_not() {
    let directory = tempdir().unwrap();
    let attacked = attacked(&directory);
    let one = monitor(&attacked, &["--json", "--set", "sensor.shards=1"]);
    assert!(!one.out.is_empty());
    for shards in ["sensor.shards=2", "sensor.shards=4"] {
        let fast = monitor(&attacked, &["--json", "--set", shards]);
        assert_eq!(fast.out, one.out, "{shards}");
        let paced = monitor(&attacked, &["--json", "--set", shards, "--pace", "600"]);
        assert_eq!(paced.out, one.out, "{shards} paced");
    }
    let wrong = monitor(&attacked, &["--json", "--set", "sensor.shards=65"]);
    assert_eq!(wrong.code, Some(3), "{wrong:?}");
    assert!(wrong.err.contains("65 threads: at most 64"), "{wrong:?}");
}

#[test]
fn a_baseline_that_has_not_armed_says_that_silence_is_not_a_result() {
    let directory = tempdir().unwrap();
    let capture = directory.path().join("short.pcap");
    Traffic::polls(20).write(&capture);
    let path = capture.to_str().unwrap();
    let told = run(["monitor", "--read", path]);
    assert_eq!(told.code, Some(0), "{told:?}");
    assert!(told.out.contains("silence is not a result"), "{}", told.out);
    let records = run(["monitor", "--read", path, "--json"]);
    assert!(records.err.contains("silence is not a result"), "{}", records.err);
}

#[test]
fn the_summary_counts_what_was_heard() {
    let directory = tempdir().unwrap();
    let capture = directory.path().join("polls.pcap");
    Traffic::polls(50).write(&capture);
    let file = directory.path().join("summary.json");
    let ran = monitor(&capture, &["--summary", file.to_str().unwrap()]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let summary: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(summary["packets"], 200);
    assert_eq!(summary["messages"]["modbus"], 200);
    assert_eq!(summary["anomalies"], 0);
    assert_eq!(summary["bytes"]["skipped"], 0);
    assert!(summary["observations"].as_u64() >= Some(200));
}

#[test]
fn what_was_learned_is_there_for_the_next_run_and_the_master_stays_normal() {
    let directory = tempdir().unwrap();
    let (quiet, later) = (directory.path().join("quiet.pcap"), directory.path().join("later.pcap"));
    let state = directory.path().join("state");
    let state = state.to_str().unwrap();
    Traffic::polls(300).write(&quiet);
    let mut traffic = Traffic::polls(60);
    traffic.switches(30.5, STRANGER, DEVICES[1]);
    traffic.write(&later);
    let learned =
        run(["learn", quiet.to_str().unwrap(), "--state", state, "--set", "baseline.block=10s"]);
    assert_eq!(learned.code, Some(0), "{learned:?}");
    assert!(learned.out.contains("judge"), "{}", learned.out);
    let shown = run(["baseline", "show", "--json", "--state", state]);
    let shown: Value = serde_json::from_str(&shown.out).unwrap();
    assert_eq!(shown["levels"]["flow"]["armed"], true);
    assert_eq!(shown["block_s"], 10);
    let ran = monitor(&later, &["--json", "--state", state]);
    let records = records(&ran.out);
    assert!(!records.is_empty(), "{ran:?}");
    let stranger = |record: &Value| record["source"].as_str().unwrap().starts_with("10.0.0.99:");
    assert!(records.iter().all(stranger), "{}", ran.out);
    assert!(records.iter().all(|record| record["baseline"] == "armed"), "{}", ran.out);
}

#[test]
fn learning_the_same_capture_twice_changes_nothing() {
    let directory = tempdir().unwrap();
    let capture = directory.path().join("quiet.pcap");
    let state = directory.path().join("state");
    Traffic::polls(100).write(&capture);
    let (path, state) = (capture.to_str().unwrap(), state.to_str().unwrap());
    let learn = || run(["learn", path, "--state", state, "--set", "baseline.block=10s"]);
    let exported = || run(["baseline", "export", "--json", "--state", state]).out;
    assert_eq!(learn().code, Some(0));
    let before = exported();
    let again = learn();
    assert_eq!(again.code, Some(0), "{again:?}");
    assert!(again.err.contains("learned before"), "{again:?}");
    assert_eq!(exported(), before);
    assert!(before.lines().count() > 5, "{before}");
}

#[test]
fn a_command_is_accepted_by_two_people_and_then_normal() {
    let directory = tempdir().unwrap();
    let (quiet, later) = (directory.path().join("quiet.pcap"), directory.path().join("later.pcap"));
    let state = directory.path().join("state");
    let state = state.to_str().unwrap();
    Traffic::polls(300).write(&quiet);
    let mut traffic = Traffic::polls(60);
    traffic.switches(30.5, MASTER, DEVICES[1]);
    traffic.write(&later);
    run(["learn", quiet.to_str().unwrap(), "--state", state, "--set", "baseline.block=10s"]);
    let monitor =
        || run(["monitor", "--read", later.to_str().unwrap(), "--state", state, "--json"]);
    assert!(monitor().out.contains("\"MB-29\""), "this master never commanded here");
    let decide = |key: &str, by: &str| {
        run([
            "baseline",
            "accept",
            key,
            "--reason",
            "switching plan 17",
            "--until",
            "2099-01-01",
            "--by",
            by,
            "--state",
            state,
        ])
    };
    let key = "point|zone0|modbus|10.0.0.22#1|10.0.0.7|command|coil|2";
    let accept = |by: &str| {
        let ran = decide(key, by);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        ran.out
    };
    let mistyped = decide(&key.replace("coil|2", "coil|3"), "meyer");
    assert_eq!(mistyped.code, Some(2), "{mistyped:?}");
    assert!(mistyped.err.contains(&format!("the nearest that was is {key};")), "{mistyped:?}");
    let fact = decide("fact|habit|1|-|device|zone0|modbus|10.0.0.22#1", "meyer");
    assert!(fact.err.contains("name the key of the anomaly"), "{fact:?}");
    assert!(accept("meyer").contains("second person"));
    assert!(accept("meyer").contains("second person"), "the same person twice is one person");
    let accepted = accept("kim");
    assert!(accepted.contains("Accepted until 2099"), "two are two");
    assert!(accepted.contains("parties: access|zone0|modbus|10.0.0.22#1|10.0.0.7|command\n"));
    let store = gridtap_store::Store::read(Path::new(state)).unwrap();
    let approvals = store.approvals().unwrap();
    assert_eq!(approvals.len(), 7, "three of the key, two of its access and two of its function");
    let [of_first, of_second] = &approvals[5..] else { panic!("two") };
    assert!(of_first.key.starts_with("function|") && of_first.key == of_second.key);
    assert!(of_first.who.starts_with("meyer") && of_second.who.starts_with("kim"));
    assert_eq!(of_second.reason, approvals[0].reason);
    drop(store);
    let again = monitor();
    assert_eq!((again.code, again.out.as_str()), (Some(0), ""), "nothing of it alarms any more");
}

#[test]
fn colours_come_only_where_they_are_wanted() {
    let directory = tempdir().unwrap();
    let attacked = attacked(&directory);
    let path = attacked.to_str().unwrap();
    let colour = ["monitor", "--read", path, "--set", "baseline.block=10s", "--color"];
    let always = gridtap(colour.iter().copied().chain(["always"])).output().unwrap();
    assert!(always.stdout.contains(&0x1b));
    let never = gridtap(colour.iter().copied().chain(["never"])).output().unwrap();
    assert!(!never.stdout.contains(&0x1b));
}

#[test]
fn a_reader_that_goes_away_costs_neither_the_state_nor_the_exit_code() {
    let directory = tempdir().unwrap();
    let attacked = attacked(&directory);
    let state = directory.path().join("state");
    let mut command = gridtap(["monitor", "--json", "--fail-on", "critical"]);
    command.args(BLOCKS).arg("--read").arg(&attacked).arg("--state").arg(&state);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(10));
    let store = gridtap_store::Store::read(&state).unwrap();
    assert!(!store.baseline_rows().unwrap().is_empty(), "what was learned is kept");
    assert!(store.history().unwrap().iter().any(|told| told.record.contains("MB-29")));
}

#[test]
fn a_state_is_compared_with_the_text_that_it_exported() {
    let directory = tempdir().unwrap();
    let state = directory.path().join("state");
    let state = state.to_str().unwrap();
    monitor(&attacked(&directory), &["--state", state]);
    let exported = run(["baseline", "export", "--state", state]).out;
    let (gone, rest) = exported.split_once('\n').unwrap();
    let file = directory.path().join("keys.txt");
    fs::write(&file, format!("{rest}access|other|key\n")).unwrap();
    let ran = run(["baseline", "diff", file.to_str().unwrap(), "--state", state]);
    let told: Vec<&str> = ran.out.lines().collect();
    let mut expected = [format!("- {gone}"), "+ access|other|key".to_owned()];
    expected.sort_by_key(|line| line.replace(['+', '-'], ""));
    assert_eq!(told, expected, "{ran:?}");
    let ran = run(["baseline", "diff", "--json", file.to_str().unwrap(), "--state", state]);
    assert!(ran.code == Some(2) && ran.err.contains("baseline export --json"), "{ran:?}");
}

#[test]
fn another_block_length_than_the_state_has_is_named_only_when_somebody_set_it() {
    let directory = tempdir().unwrap();
    let attacked = attacked(&directory);
    let (state, capture) = (directory.path().join("state"), attacked.to_str().unwrap());
    let state = state.to_str().unwrap();
    assert_eq!(monitor(&attacked, &["--state", state]).code, Some(0));
    let said = "in blocks of 10s, and goes on in them";
    let unset = run(["monitor", "--read", capture, "--state", state]);
    assert!(!unset.err.contains(said), "{unset:?}");
    for arguments in [["monitor", "--read", capture], ["learn", "--again", capture]] {
        let mut command = gridtap(arguments);
        command.args(["--set", "baseline.block=20s", "--state", state]);
        let ran = Ran::from(command.output().unwrap());
        assert!(ran.err.contains(said), "{ran:?}");
    }
}

#[test]
fn the_same_packets_are_no_second_evidence() {
    let directory = tempdir().unwrap();
    let attacked = attacked(&directory);
    let state = directory.path().join("state");
    let state = state.to_str().unwrap();
    let known = || run(["baseline", "export", "--json", "--state", state]).out;
    let levels = || run(["baseline", "show", "--json", "--state", state]).out;
    let first = monitor(&attacked, &["--json", "--state", state]);
    let (rows, blocks) = (known(), levels());
    for _ in 0..2 {
        let again = monitor(&attacked, &["--json", "--state", state]);
        assert!(again.err.contains("was heard before"), "{again:?}");
        let told = |ran: &Ran| {
            let records = records(&ran.out);
            records.iter().map(|record| record["id"].to_string()).collect::<Vec<_>>()
        };
        assert!(told(&first).iter().all(|id| told(&again).contains(id)), "{}", again.out);
        assert_eq!(known(), rows);
        assert_eq!(levels(), blocks);
    }
}
