use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use serde_json::Value;
use tempfile::tempdir;

use crate::run::{gridtap, run};
use crate::traffic::{DEVICES, STRANGER, Traffic};

fn records(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_request_and_its_answer_are_a_line_each() {
    let directory = tempdir().unwrap();
    let capture = directory.path().join("one.pcap");
    let mut traffic = Traffic::default();
    traffic.switches(0.5, STRANGER, DEVICES[0]);
    traffic.write(&capture);
    let ran = run(["decode", capture.to_str().unwrap()]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let expected = [
        r#"{"time":"2024-05-01T12:00:00.500000000Z","frame":1,"protocol":"modbus","transport":"tcp","source":"10.0.0.99:49251","destination":"10.0.0.21:502","modbus":{"kind":"request","transaction":1,"unit":1,"function":5,"function_name":"write_single_coil","address":2,"#,
        r#"{"time":"2024-05-01T12:00:00.502000000Z","frame":2,"protocol":"modbus","transport":"tcp","source":"10.0.0.21:502","destination":"10.0.0.99:49251","modbus":{"kind":"response","transaction":1,"unit":1,"function":5,"function_name":"write_single_coil","address":2,"#,
    ];
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(lines.len(), 2, "{ran:?}");
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line.starts_with(expected), "{line}");
    }
    let answer = &records(&ran.out)[1]["modbus"];
    assert_eq!(answer["request_frame"], 1);
    assert_eq!(answer["latency_us"], 2000);
}

#[test]
fn any_number_of_threads_decodes_the_same_lines() {
    let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let files = ["demo.pcapng", "dnp3/learn-1.pcap.gz", "dnp3/b1-gateway-1.pcap.gz"];
    let files = files.map(|name| fixtures.join(name).into_os_string());
    let decode = |shards: &str| {
        let options = ["decode", "--protocol", "modbus,dnp3", "--set", shards];
        run(options.iter().map(std::ffi::OsString::from).chain(files.clone()))
    };
    let one = decode("sensor.shards=1");
    assert!(one.out.lines().count() > 10_000, "{}", one.err);
    for shards in ["sensor.shards=2", "sensor.shards=4"] {
        let several = decode(shards);
        assert_eq!(several.code, one.code, "{}", several.err);
        let places = one.out.lines().zip(several.out.lines());
        let differs = places.enumerate().find(|(_, (one, several))| one != several);
        assert_eq!(differs, None, "{shards}");
        assert_eq!(several.out.len(), one.out.len(), "{shards}");
    }
}

#[test]
fn captures_are_merged_by_time_and_named_where_there_are_more_than_one() {
    let directory = tempdir().unwrap();
    let (early, late) = (directory.path().join("b.pcap"), directory.path().join("a.pcap"));
    let mut traffic = Traffic::default();
    traffic.switches(0.0, STRANGER, DEVICES[0]);
    traffic.write(&early);
    let mut traffic = Traffic::default();
    traffic.switches(10.0, STRANGER, DEVICES[1]);
    traffic.write(&late);
    let ran = run(["decode", late.to_str().unwrap(), early.to_str().unwrap()]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let captures: Vec<String> = records(&ran.out)
        .iter()
        .map(|record| record["capture"].as_str().unwrap().rsplit('/').next().unwrap().to_owned())
        .collect();
    assert_eq!(captures, ["b.pcap", "b.pcap", "a.pcap", "a.pcap"]);
}

#[test]
fn a_capture_that_breaks_off_yields_everything_before_the_fault_and_ends_with_4() {
    let directory = tempdir().unwrap();
    let (whole, cut) = (directory.path().join("whole.pcap"), directory.path().join("cut.pcap"));
    Traffic::polls(10).write(&whole);
    let bytes = fs::read(&whole).unwrap();
    fs::write(&cut, &bytes[..bytes.len() - 7]).unwrap();
    let (whole, cut) =
        (run(["decode", whole.to_str().unwrap()]), run(["decode", cut.to_str().unwrap()]));
    assert_eq!((whole.code, cut.code), (Some(0), Some(4)));
    let lines: Vec<&str> = whole.out.lines().collect();
    assert_eq!(lines.len(), 40);
    let kept: Vec<&str> = cut.out.lines().collect();
    assert_eq!(kept[..39], lines[..39]);
    assert_eq!(cut.err.lines().count(), 1, "{}", cut.err);
    assert!(cut.err.contains("cut.pcap: damaged at byte"), "{}", cut.err);
}

#[test]
fn standard_input_is_a_capture_too() {
    let directory = tempdir().unwrap();
    let capture = directory.path().join("polls.pcap");
    Traffic::polls(3).write(&capture);
    let from_file = run(["decode", capture.to_str().unwrap()]);
    let input = fs::File::open(&capture).unwrap();
    let ran = gridtap(["decode", "-"]).stdin(input).output().unwrap();
    assert_eq!(ran.status.code(), Some(0));
    assert_eq!(String::from_utf8(ran.stdout).unwrap(), from_file.out);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let directory = tempdir().unwrap();
    let capture = directory.path().join("polls.pcap");
    Traffic::polls(2000).write(&capture);
    let mut child = gridtap(["decode", capture.to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.starts_with("{\"time\""));
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert_eq!(told, "");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
