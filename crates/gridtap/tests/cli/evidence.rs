use std::path::Path;

use gridtap_capture::Reader;
use gridtap_store::{Evidence, Store};
use serde_json::Value;
use tempfile::{TempDir, tempdir};

use crate::run::run;
use crate::traffic::{DEVICES, STRANGER, Traffic};

/// Four minutes of polls, then a stranger switches the coils of both devices, the first one's again later.
fn attacked(directory: &TempDir) -> String {
    let path = directory.path().join("attacked.pcap");
    let mut traffic = Traffic::polls(300);
    traffic.switches(240.5, STRANGER, DEVICES[0]);
    traffic.switches(241.5, STRANGER, DEVICES[1]);
    traffic.switches(280.5, STRANGER, DEVICES[0]);
    traffic.write(&path);
    path.to_str().unwrap().to_owned()
}

/// What monitoring told, with the evidence that the state keeps of it.
fn monitored(capture: &str, state: &Path, more: &[&str]) -> Vec<(Value, Option<Evidence>)> {
    let mut arguments = vec!["monitor", "--read", capture, "--json", "--set", "baseline.block=10s"];
    arguments.extend(["--state", state.to_str().unwrap()]);
    arguments.extend(more);
    let ran = run(arguments);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let store = Store::read(state).unwrap();
    ran.out
        .lines()
        .map(|line| {
            let record: Value = serde_json::from_str(line).unwrap();
            let evidence = store.evidence_of(record["id"].as_str().unwrap()).unwrap();
            (record, evidence)
        })
        .collect()
}

/// The times of the frames in a capture file, in microseconds, and how many octets they have.
fn frames(bytes: &[u8]) -> Vec<(i64, usize)> {
    let mut reader =
        Reader::new("test", 0, Box::new(std::io::Cursor::new(bytes.to_vec()))).unwrap();
    let mut frames = Vec::new();
    while let Some(frame) = reader.next().unwrap() {
        frames.push((frame.time.nanos() / 1_000, frame.bytes.len()));
    }
    frames
}

#[test]
fn every_anomaly_comes_with_the_frames_that_show_it() {
    let directory = tempdir().unwrap();
    let capture = attacked(&directory);
    let whole = frames(&std::fs::read(&capture).unwrap());
    let kept = monitored(&capture, &directory.path().join("state"), &[]);
    assert!(kept.iter().any(|(record, _)| record["detection"] == "MB-29"));
    for (record, evidence) in kept {
        let evidence = evidence.unwrap_or_else(|| panic!("none of {record}"));
        let slice = frames(&evidence.pcap);
        assert_eq!(usize::try_from(evidence.frames).unwrap(), slice.len());
        assert_eq!(evidence.missing, 0, "{}", evidence.note);
        assert!(slice.is_sorted(), "in the order of time");
        for number in record["frames"].as_array().unwrap() {
            let number = usize::try_from(number.as_u64().unwrap()).unwrap();
            assert!(slice.contains(&whole[number - 1]), "frame {number} of {record}");
        }
        assert!(!evidence.note.contains("to come"), "{}", evidence.note);
    }
}

#[test]
fn paced_and_at_full_speed_the_state_keeps_the_same_slices() {
    let directory = tempdir().unwrap();
    let capture = attacked(&directory);
    // Half a minute of this traffic: what is cut late is not there any more.
    let small = ["--set", "sensor.ring_bytes=20000"];
    let kept = |name: &str, more: &[&str]| {
        monitored(&capture, &directory.path().join(name), &[&small, more].concat())
    };
    let fast = kept("fast", &[]);
    let missing =
        |(_, evidence): &(_, Option<Evidence>)| evidence.as_ref().map(|each| each.missing);
    assert!(fast.iter().all(|kept| missing(kept) == Some(0)), "{fast:?}");
    assert_eq!(fast, kept("paced", &["--pace", "600"]));
}

#[test]
fn a_ring_of_no_octets_keeps_no_evidence() {
    let directory = tempdir().unwrap();
    let capture = attacked(&directory);
    let kept = monitored(&capture, directory.path(), &["--set", "sensor.ring_bytes=0"]);
    assert!(!kept.is_empty());
    assert!(kept.iter().all(|(_, evidence)| evidence.is_none()));
}
