//! A substation under attack for three days (Foo et al., Queensland University of Technology), heard at the attacker's
//! switch port. Labels are intervals of time, by kind of attack; nothing in it is free of attacks, so that nothing is
//! learned before: a site file declares the one master, as an engineer would.
//!
//! Prints what was found of each kind (`cargo test -p gridtap-tests --test e2e -- qut --nocapture`). What is not found
//! is named here: port scans are no matter of this release; single reports from the outstation's address with other
//! contents need a model of values; a box that forwards without changing anything changes nothing here.

use std::collections::BTreeMap;

use crate::machine::capture;
use crate::stage::{Gridtap, Recording, State};

const SITE: &str = r#"
[[hosts]]
name = "master"
addresses = ["192.168.10.221"]
role = "master"

[[devices]]
name = "outstation"
address = "192.168.10.222"
protocol = "dnp3"
complete = true

[[access]]
hosts = ["master"]
devices = ["outstation"]
classes = ["read", "time", "link"]

[[access]]
hosts = ["master"]
devices = ["outstation"]
functions = ["enable_unsolicited", "disable_unsolicited", "write"]
"#;

/// What is said of the sensor, and of conversations of other protocols that go on all the time: found by chance only.
const OF_THE_NETWORK: &[&str] = &["OT-01", "OT-02", "OT-29", "OT-31"];

/// How many intervals of each kind there are, and in how many an anomaly above low was seen.
fn found(name: &str) -> Option<BTreeMap<String, (usize, usize)>> {
    let path = format!("labelled/qut-dnp3/{name}.pcap.gz");
    let (file, labels) = (capture(&path)?, capture("labelled/labels.tsv")?);
    let state = State::new();
    let site = state.scratch().join("site.toml");
    std::fs::write(&site, SITE).unwrap();
    let run = Gridtap::new("monitor").arg("--read").arg(&file).arg("--json").arg("--site");
    let run = run.arg(&site).set("baseline.block=10s").run().succeeded();
    let times: Vec<u64> = Recording::read(&file).frames.iter().map(|it| it.time_ns).collect();
    // Every telling counts, with the frames that it shows and the moment when it was last seen.
    let seen: Vec<u64> = run
        .records()
        .iter()
        .filter(|record| {
            let is = |field: &str, any: &[&str]| any.contains(&record[field].as_str().unwrap());
            is("severity", &["medium", "high", "critical"]) && !is("detection", OF_THE_NETWORK)
        })
        .flat_map(|record| {
            let frames = record["frames"].as_array().unwrap().iter();
            let frames = frames.map(|frame| usize::try_from(frame.as_u64().unwrap()).unwrap() - 1);
            let last = epoch_ns(record["last_time"].as_str().unwrap());
            frames.map(|frame| times[frame]).chain([last]).collect::<Vec<_>>()
        })
        .collect();
    let labels = std::fs::read_to_string(labels).unwrap();
    let mut found: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for line in labels.lines().filter(|line| line.starts_with(&path)) {
        let [_, _, from, to, _, label] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let nanos = |text: &str| {
            let (seconds, rest) = text.split_once('.').unwrap_or((text, ""));
            format!("{seconds}{rest:0<9}").parse::<u64>().unwrap()
        };
        let (all, hits) = found.entry(label.to_owned()).or_default();
        *all += 1;
        *hits += usize::from(seen.iter().any(|time| (nanos(from)..=nanos(to)).contains(time)));
    }
    for (label, (all, hits)) in &found {
        println!("{name}: {label}: {hits} of {all}");
    }
    Some(found)
}

/// Nanoseconds since the epoch of `2016-10-11T04:55:59.672Z`.
fn epoch_ns(time: &str) -> u64 {
    let numbers: Vec<&str> = time.split(['-', 'T', ':', 'Z']).collect();
    let number = |at: usize| numbers[at].parse::<u64>().unwrap();
    let (year, month, day) = (number(0), number(1), number(2));
    let (second, rest) = numbers[5].split_once('.').unwrap_or((numbers[5], ""));
    // Days since the epoch, with years that begin in March.
    let (year, month) = if month < 3 { (year - 1, month + 9) } else { (year, month - 3) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day;
    let seconds = (days - 719_469) * 86_400 + number(3) * 3_600 + number(4) * 60;
    (seconds + second.parse::<u64>().unwrap()) * 1_000_000_000
        + format!("{rest:0<9}").parse::<u64>().unwrap()
}

#[test]
fn the_epoch_of_a_time_in_text_is_right() {
    assert_eq!(epoch_ns("1970-01-01T00:00:00.5Z"), 500_000_000);
    assert_eq!(epoch_ns("2016-10-11T04:55:59.672Z"), 1_476_161_759_672_000_000);
}

#[track_caller]
fn at_least(name: &str, needed: usize) {
    let Some(found) = found(name) else { return };
    let (all, hits) = found.values().fold((0, 0), |sum, (all, hits)| (sum.0 + all, sum.1 + hits));
    println!("{name}: {hits} of {all}");
    assert!(hits >= needed, "{name}: {hits} of {all}, {needed} needed: {found:?}");
}

#[test]
fn of_floods_commands_and_replayed_requests_all_are_found() {
    at_least("attacks", 48);
}

#[test]
fn of_masquerades_those_that_command_or_pour_reports_are_found() {
    at_least("masquerading", 41);
}

#[test]
fn of_men_in_the_middle_those_that_change_something_are_found() {
    at_least("mitm", 59);
}
