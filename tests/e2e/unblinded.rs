//! What makes other monitors blind on DNP3 does not make this one blind: behind each of ten troubles a direct operate is
//! decoded and reported, and the octets that were not decoded are counted.
//!
//! `GRIDTAP_KEEP_CAPTURES=DIR` leaves the captures there, to show them to other monitors.

use std::path::Path;

use serde_json::Value;

use crate::stage::{Frame, Gridtap, Host, Recording, Session, State, dnp3, packets};

const MASTER: Host = Host { mac: [2, 0, 0, 0, 0, 7], ip: [10, 0, 0, 7], port: 40_000 };
const OUTSTATION: Host = Host { mac: [2, 0, 0, 0, 0, 21], ip: [10, 0, 0, 21], port: 20_000 };
const START_NS: u64 = 1_790_000_000_000_000_000;

/// Nobody but the site file says what is normal here: this master reads, and operates nothing directly.
const SITE: &str = r#"
[[hosts]]
name = "SCADA"
addresses = ["10.0.0.7"]
role = "master"

[[devices]]
name = "RTU 21"
protocol = "dnp3"
address = "10.0.0.21"
link = 10

[[devices.points]]
table = "binary output"
index = 7
name = "52-1"

[[access]]
hosts = ["SCADA"]
devices = ["RTU 21"]
classes = ["read"]

[[access]]
hosts = ["SCADA"]
devices = ["RTU 21"]
functions = ["direct operate"]
forbid = true
"#;

fn poll(sequence: u8) -> Vec<u8> {
    dnp3::request(&[0xC0 | sequence, 1, 60, 2, 6, 60, 3, 6, 60, 4, 6])
}

fn polled(sequence: u8) -> Vec<u8> {
    dnp3::response(&[0xC0 | sequence, 129, 0, 0])
}

const TRIP: [u8; 18] = [12, 1, 0x28, 1, 0, 7, 0, 0x81, 1, 100, 0, 0, 0, 0, 0, 0, 0, 0];

fn operate(sequence: u8) -> Vec<u8> {
    dnp3::request(&[&[0xC0 | sequence, 5], &TRIP[..]].concat())
}

fn operated(sequence: u8) -> Vec<u8> {
    dnp3::response(&[&[0xC0 | sequence, 129, 0, 0], &TRIP[..]].concat())
}

/// A session of two polls, what `trouble` adds, and an operate with its answer.
fn session(server: Host, trouble: impl FnOnce(Session) -> Session) -> Recording {
    let polls = Session::new(MASTER, server, START_NS).opened();
    let polls = polls.asked(&poll(0)).answered(&polled(0)).asked(&poll(1)).answered(&polled(1));
    let whole = trouble(polls).asked(&operate(3)).answered(&operated(3)).closed();
    Recording { frames: whole.frames }
}

/// A request with one octet turned.
fn turned(mut frame: Vec<u8>, at: usize) -> Vec<u8> {
    frame[at] ^= 1;
    frame
}

/// The direct operate is decoded once, the master is told of it, and octets are counted as expected.
#[track_caller]
fn the_operate_is_told(name: &str, recording: &Recording, skipped: u64, missing: u64) {
    let state = State::new();
    let capture = recording.write(state.scratch(), name);
    if let Some(kept) = std::env::var_os("GRIDTAP_KEEP_CAPTURES") {
        recording.write(Path::new(&kept), name);
    }
    let decoded = Gridtap::new("decode").arg(&capture).run().succeeded();
    let operates = decoded.records().into_iter().filter(is_the_operate).count();
    assert_eq!(operates, 1, "{name}: {}", decoded.stdout);

    let (site, summary) = (state.scratch().join("site.toml"), state.scratch().join("summary.json"));
    std::fs::write(&site, SITE).unwrap();
    let run = Gridtap::monitor(&state, &capture).arg("--site").arg(&site);
    let run = run.arg("--summary").arg(&summary).run().succeeded();
    let told = run.anomalies();
    let told: Vec<_> = told.iter().filter(|each| each.is_detection("DN-21")).collect();
    let [told] = told.as_slice() else { panic!("{name}: {}", run.stdout) };
    assert_eq!(told.text("severity"), "critical", "{name}");
    let observed = told.text("observed");
    let deed = "sent direct operate \"trip, pulse on 100 ms\" on 52-1 (binary output 7)";
    assert!(observed.contains(deed), "{name}: {observed}");

    let summary = std::fs::read_to_string(summary).unwrap();
    let bytes = &serde_json::from_str::<Value>(&summary).unwrap()["bytes"];
    assert_eq!(
        (&bytes["skipped"], &bytes["missing"]),
        (&skipped.into(), &missing.into()),
        "{name}"
    );
}

fn is_the_operate(record: &Value) -> bool {
    let point = &record["dnp3"]["application"]["objects"][0]["points"][0];
    record["dnp3"]["application"]["function"] == 5
        && point["index"] == 7
        && point["trip_close"] == "trip"
}

fn octets(bytes: &[u8]) -> u64 {
    bytes.len().try_into().unwrap()
}

#[test]
fn behind_a_header_with_a_wrong_crc() {
    let bad = turned(poll(2), 9);
    let recording = session(OUTSTATION, |session| session.asked(&bad));
    the_operate_is_told("header-crc.pcap", &recording, octets(&bad), 0);
}

#[test]
fn behind_a_block_with_a_wrong_crc() {
    let bad = turned(poll(2), 12);
    let recording = session(OUTSTATION, |session| session.asked(&bad));
    the_operate_is_told("block-crc.pcap", &recording, octets(&bad), 0);
}

#[test]
fn behind_a_length_that_no_frame_has() {
    let mut bad = poll(2);
    bad[2] = 3;
    let recording = session(OUTSTATION, |session| session.asked(&bad));
    the_operate_is_told("length.pcap", &recording, octets(&bad), 0);
}

#[test]
fn behind_junk() {
    let junk = b"SELECT * FROM breakers;";
    let recording = session(OUTSTATION, |session| session.asked(junk));
    the_operate_is_told("junk.pcap", &recording, octets(junk), 0);
}

#[test]
fn behind_a_frame_of_the_link_only() {
    let recording = session(OUTSTATION, |session| {
        session.asked(&dnp3::frame(0xC9, 1, 10, &[])).answered(&dnp3::frame(0x0B, 10, 1, &[]))
    });
    the_operate_is_told("link-only.pcap", &recording, 0, 0);
}

#[test]
fn behind_a_lost_segment() {
    let lost = poll(2);
    let mut recording =
        session(OUTSTATION, |session| session.asked(&lost).answered(&polled(2)).asked(&poll(4)));
    let at = recording.frames.iter().position(|frame| frame.payload() == lost).unwrap();
    recording.frames.remove(at);
    the_operate_is_told("lost-segment.pcap", &recording, 0, octets(&lost));
}

#[test]
fn in_a_session_older_than_the_capture() {
    let recording = session(OUTSTATION, |session| session);
    let frames = recording.frames[4..].to_vec();
    the_operate_is_told("older-session.pcap", &Recording { frames }, 0, 0);
}

#[test]
fn over_udp() {
    let say = |nth: u64, from, to, bytes: &[u8]| Frame {
        time_ns: START_NS + nth * 1_000_000,
        bytes: packets::datagram(from, to, bytes),
    };
    let frames = vec![
        say(0, MASTER, OUTSTATION, &poll(0)),
        say(1, OUTSTATION, MASTER, &polled(0)),
        say(2, MASTER, OUTSTATION, &operate(3)),
        say(3, OUTSTATION, MASTER, &operated(3)),
    ];
    the_operate_is_told("udp.pcap", &Recording { frames }, 0, 0);
}

#[test]
fn on_another_port() {
    let recording = session(Host { port: 4_001, ..OUTSTATION }, |session| session);
    the_operate_is_told("port-4001.pcap", &recording, 0, 0);
}

#[test]
fn as_the_fortieth_frame_of_a_segment() {
    let polls: Vec<u8> = (0..39).flat_map(|nth| poll(nth % 16)).collect();
    let open = Session::new(MASTER, OUTSTATION, START_NS).opened();
    let whole = open.asked(&[polls, operate(7)].concat()).answered(&operated(7)).closed();
    the_operate_is_told("forty-frames.pcap", &Recording { frames: whole.frames }, 0, 0);
}
