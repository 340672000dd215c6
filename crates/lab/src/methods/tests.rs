//! The methods against what was measured of them on public captures.

use std::path::PathBuf;

use gridtap_capture::Sources;
use gridtap_sensor::Config;

use super::*;
use crate::score::interval::number;

/// A labelled capture, or none, with a line that says so.
fn capture(name: &str) -> Option<PathBuf> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/captures");
    let root = std::env::var_os("GRIDTAP_CAPTURES").map_or_else(|| default.into(), PathBuf::from);
    let file = root.join("labelled/lemay-modbus").join(name);
    if file.is_file() {
        return Some(file);
    }
    println!("not run: {} is not there (GRIDTAP_CAPTURES)", file.display());
    None
}

/// Feeds the frames of a capture from one share of its duration to another.
fn feed(bench: &mut Bench, file: &PathBuf, from: f64, to: f64) -> f64 {
    let mut sources = Sources::open(&[file]).unwrap();
    let mut times = Vec::new();
    while let Some(frame) = sources.next().unwrap() {
        times.push(frame.time.nanos());
    }
    let (first, last) = (times[0], *times.last().unwrap());
    let seconds = crate::sim::calendar::in_seconds(last - first);
    let at = |share: f64| first + crate::sim::calendar::seconds(seconds * share);
    let mut sources = Sources::open(&[file]).unwrap();
    while let Some(frame) = sources.next().unwrap() {
        if (at(from)..at(to) + i64::from(to >= 1.0) * 1_000_000).contains(&frame.time.nanos()) {
            bench.frame(&frame);
        }
    }
    seconds * (to - from) / 3600.0
}

/// Alerts of each method: between these two hosts, and elsewhere.
fn split(bench: &Bench, hosts: [&str; 2]) -> [(u64, u64); COUNT] {
    let [source, destination] = hosts.map(|host| host.parse().unwrap());
    let own = Pair { source, destination }.either_way();
    core::array::from_fn(|nth| {
        let alerts = bench.alerts[nth].list();
        let of = |is_own: bool| {
            let of = alerts.iter().filter(|alert| (alert.pair == own) == is_own);
            of.map(|alert| u64::from(alert.count)).sum()
        };
        (of(true), of(false))
    })
}

/// Lemay and Fernandez, `characterization`: an outstation scans another, 3,345 requests, while an operator writes three
/// times; learned from `moving_two_files`, in which the same master polls the same outstations.
#[test]
fn a_scan_is_found_by_all_that_count_and_three_writes_are_false_once_or_twice_each() {
    let (Some(learn), Some(judge)) = (
        capture("moving_two_files_modbus_6RTU.pcap"),
        capture("characterization_modbus_6RTU_with_operate.pcap"),
    ) else {
        return;
    };
    let mut bench = Bench::new(&Config::default());
    feed(&mut bench, &learn, 0.0, 1.0);
    bench.arm(0.0);
    let hours = feed(&mut bench, &judge, 0.0, 1.0);
    let pairs = split(&bench, ["192.168.1.101", "192.168.1.104"]);
    for (name, (scan, other)) in NAMES.iter().zip(pairs) {
        println!("{name:<20} {scan:>5} {other:>4}: {:.0} an hour", number(other) / hours);
    }
    // Published: 3,345 of 3,345 by all that look at messages, and 0, 21, 32, 64, 32 false alerts an hour; the 21 counts two
    // writes of one function to one device once.
    let [flow, function, symbol, markov, automaton, mean, range, limits, steady] = pairs;
    assert_eq!([flow, function, symbol], [(3_345, 0), (3_345, 3), (3_345, 3)]);
    assert_eq!([markov, mean], [(3_345, 6), (3_345, 3)]);
    // The scanner's channel has no pattern until its hundredth message.
    assert_eq!(automaton.0, 3_245);
    // Published: 340 an hour, learned from a longer capture.
    assert_eq!(range, (3_345, 50));
    // A scan of what is not there shows no values; what the operator switched stays switched.
    assert_eq!([limits.0, steady.0], [0, 0]);
}

#[test]
fn half_of_a_covert_channel_learned_the_other_half_is_timing_alone() {
    let Some(file) = capture("channel_5d_3s.pcap.gz") else { return };
    let mut bench = Bench::new(&Config::default());
    feed(&mut bench, &file, 0.0, 0.5);
    bench.arm(0.0);
    let hours = feed(&mut bench, &file, 0.5, 1.0);
    let counts = bench.alerts.each_ref().map(Alerts::count);
    for (name, count) in NAMES.iter().zip(counts) {
        println!("{name:<20} {count:>5}: {:.0} an hour", number(count) / hours);
    }
    // Published: no symbol and no transition is new, 303 alerts an hour by mean, 512 by range, and 279 to 562 by automata
    // over four such captures, where retransmissions count.
    let [flow, function, symbol, markov, automaton, mean, range, ..] = counts;
    assert_eq!([flow, function, symbol, markov], [0; 4]);
    assert!((number(mean) / hours - 303.0).abs() < 1.0);
    assert!((number(range) / hours - 512.0).abs() < 1.0);
    assert_eq!(automaton, 53);
}

/// `send_a_fake_command`: 293 seconds of polling, then eight writes of the master's and one that is forged.
#[test]
fn a_forged_command_is_found_by_every_whitelist_and_lawful_ones_are_told_with_it() {
    let Some(file) = capture("send_a_fake_command_modbus_6RTU_with_operate.pcap") else { return };
    let mut bench = Bench::new(&Config::default());
    let (mut sources, mut first) = (Sources::open(&[&file]).unwrap(), None);
    let mut is_learning = true;
    while let Some(frame) = sources.next().unwrap() {
        let begin = *first.get_or_insert(frame.time.nanos());
        if is_learning && frame.time.nanos() - begin > 293 * 1_000_000_000 {
            is_learning = false;
            bench.arm(0.0);
        }
        bench.frame(&frame);
    }
    let [flow, _, symbol, ..] = bench.alerts.each_ref().map(Alerts::count);
    assert_eq!([flow, symbol], [1, 9]);
}
