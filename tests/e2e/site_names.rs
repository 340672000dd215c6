//! An alarm speaks the site's language: its device and its points by the names that the site file gives them.

use std::collections::BTreeSet;

use crate::stage::gridtap::{Anomaly, told};
use crate::stage::packets::modbus;
use crate::stage::{Gridtap, Host, Recording, Session, State};

const SECOND_NS: u64 = 1_000_000_000;
/// 2024-05-01T10:00:00Z
const START_NS: u64 = 1_714_557_600 * SECOND_NS;
const UNIT: u8 = 3;

/// A request and, where there is one, its answer: function and data each.
type Dialogue = (u8, Vec<u8>, Option<(u8, Vec<u8>)>);

fn host(last: u8, port: u16) -> Host {
    Host { mac: [2, 0, 0, 0, 0, last], ip: [10, 0, 0, last], port }
}

/// Every dialogue on a connection of its own, at its second.
fn connections(client: u8, first_ns: u64, dialogues: &[Dialogue]) -> Recording {
    let mut frames = Vec::new();
    let mut time_ns = first_ns;
    for (nth, (function, data, answer)) in (0_u16..).zip(dialogues) {
        let session = Session::new(host(client, 40_000 + nth), host(21, 502), time_ns).opened();
        let mut session = session.asked(&modbus(nth, UNIT, *function, data));
        if let Some((function, data)) = answer {
            session = session.answered(&modbus(nth, UNIT, *function, data));
        }
        frames.extend(session.closed().frames);
        time_ns += SECOND_NS;
    }
    Recording { frames }
}

fn echoed(function: u8, data: &[u8]) -> Dialogue {
    (function, data.to_vec(), Some((function, data.to_vec())))
}

fn refused(function: u8, data: &[u8], exception: u8) -> Dialogue {
    (function, data.to_vec(), Some((function | 0x80, vec![exception])))
}

fn answered(function: u8, data: &[u8], answer: &[u8]) -> Dialogue {
    (function, data.to_vec(), Some((function, answer.to_vec())))
}

/// Two minutes of the master's polls and of the one register that it writes.
fn everyday() -> Recording {
    let cycle = [
        answered(3, &[0, 40, 0, 2], &[4, 0, 100, 0, 7]),
        answered(1, &[0, 0, 0, 8], &[1, 0b0000_0100]),
        echoed(6, &[0, 40, 0, 100]),
    ];
    let polls: Vec<Dialogue> = cycle.iter().cycle().take(120).cloned().collect();
    connections(7, START_NS, &polls)
}

/// What a stranger may do to one device, from reading it to stopping it.
fn strange() -> Vec<Dialogue> {
    let mut strange = vec![
        answered(43, &[14, 1, 0], &[14, 1, 1, 0, 0, 1, 0, 4, b'A', b'C', b'M', b'E']),
        answered(17, &[], &[3, 0x11, 0xff, 0x01]),
        answered(3, &[0, 40, 0, 2], &[4, 0, 100, 0, 7]),
        answered(7, &[], &[0]),
        answered(8, &[0, 11, 0, 0], &[0, 11, 0, 5]),
    ];
    strange.extend((20_u8..30).map(|address| refused(3, &[0, address, 0, 1], 2)));
    strange.extend([65_u8, 66, 67, 100].map(|function| refused(function, &[0, 0], 1)));
    strange.extend([
        echoed(5, &[0, 2, 0xff, 0]),
        echoed(6, &[0, 40, 0x03, 0xe7]),
        refused(6, &[0, 40, 0xff, 0xff], 3),
        echoed(5, &[0, 2, 0x12, 0x34]),
        (3, vec![0, 40, 0, 200], None),
        echoed(22, &[0, 40, 0, 0xf2, 0, 0x25]),
        answered(23, &[0, 40, 0, 1, 0, 41, 0, 1, 2, 0, 9], &[2, 0, 100]),
        echoed(21, &[9, 6, 0, 4, 0, 7, 0, 1, 0x12, 0x34]),
        answered(90, &[0, 0x41], &[0, 0xfe]),
        echoed(8, &[0, 10, 0, 0]),
        echoed(8, &[0, 1, 0, 0]),
        (8, vec![0, 4, 0, 0], None),
    ]);
    strange
}

const SITE: &str = r#"
[[zones]]
name = "substation 17"
subnets = ["10.0.0.0/24"]

[[hosts]]
name = "control room"
addresses = ["10.0.0.7"]
role = "master"

[[devices]]
name = "bay 3 relay"
protocol = "modbus"
address = "10.0.0.21"
unit = 3

[[devices.points]]
table = "coil"
index = 2
name = "breaker Q0"
states = { 0 = "open", 1 = "closed" }

[[devices.points]]
table = "holding register"
index = 40
name = "overcurrent pickup"
unit = "A"
type = "u16"
scale = 0.1
"#;

fn anomalies() -> Vec<Anomaly> {
    let state = State::new();
    let everyday = everyday().write(state.scratch(), "everyday.pcap");
    let site = state.scratch().join("site.toml");
    std::fs::write(&site, SITE).unwrap();
    Gridtap::learn(&state, &[&everyday]).arg("--site").arg(&site).run().succeeded();
    let strange = [
        connections(66, START_NS + 200 * SECOND_NS, &strange()),
        connections(7, START_NS + 300 * SECOND_NS, &[echoed(5, &[0, 2, 0, 0])]),
    ];
    let strange = strange[0].spliced(&strange[1]).write(state.scratch(), "strange.pcap");
    Gridtap::monitor(&state, &strange).arg("--site").arg(&site).run().succeeded().anomalies()
}

#[test]
fn every_alarm_names_the_device_and_its_points_as_the_site_file_does() {
    let anomalies = anomalies();
    let judged: Vec<&Anomaly> = anomalies.iter().filter(|each| !each.is_health()).collect();
    for anomaly in &judged {
        assert!(anomaly.text("device").contains("bay 3 relay"), "{}", anomaly.line());
        for point in anomaly.list("points") {
            let named = match point.split_once(' ') {
                Some(("coil", index)) => !index.starts_with("2 ") && index != "2",
                Some(_) => !point.ends_with("register 40"),
                None => true,
            };
            assert!(named, "{point}: {}", anomaly.line());
        }
        assert_eq!(anomaly.text("zone"), "substation 17");
    }
    let points: BTreeSet<&str> = judged.iter().flat_map(|each| each.list("points")).collect();
    for name in ["breaker Q0", "overcurrent pickup"] {
        assert!(points.iter().any(|point| point.contains(name)), "{points:?}{}", told(&anomalies));
    }
    for words in ["breaker Q0 (coil 2) := open", "99.9 A"] {
        let said = anomalies.iter().any(|each| each.text("observed").contains(words));
        assert!(said, "{words}:{}", told(&anomalies));
    }
}

#[test]
fn every_alarm_says_what_was_seen_what_was_expected_and_what_to_do() {
    let anomalies = anomalies();
    for anomaly in &anomalies {
        for field in ["name", "observed", "expected", "advice", "zone", "baseline"] {
            assert!(!anomaly.text(field).is_empty(), "{field}: {}", anomaly.line());
        }
        assert!(!anomaly.frames().is_empty(), "{}", anomaly.line());
        assert!(!anomaly.list("technique").is_empty(), "{}", anomaly.line());
    }
}

#[test]
fn what_a_stranger_does_to_one_device_is_told_by_detections_of_its_own_each_with_its_advice() {
    let anomalies = anomalies();
    let mut said = BTreeSet::new();
    for anomaly in &anomalies {
        said.insert(anomaly.text("detection").to_owned());
        said.extend(anomaly.list("also").into_iter().map(str::to_owned));
    }
    for detection in [
        "MB-05", "MB-13", "MB-14", "MB-15", "MB-21", "MB-22", "MB-23", "MB-25", "MB-26", "MB-28",
        "MB-29", "MB-38", "MB-39", "MB-40",
    ] {
        assert!(said.contains(detection), "no {detection} in {said:?}{}", told(&anomalies));
    }
    let advice: BTreeSet<&str> = anomalies.iter().map(|each| each.text("advice")).collect();
    let detections: BTreeSet<&str> = anomalies.iter().map(|each| each.text("detection")).collect();
    assert_eq!(advice.len(), detections.len());
}
