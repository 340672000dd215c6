//! Floods that are meant to blind or to drown the sensor, each beside a substation that goes on with its work, and with an
//! attack in the middle. In process and by packet time: nothing here is a matter of how fast this machine is.
//!
//! The ceilings are set low, so that every flood reaches them.

use std::collections::{BTreeMap, BTreeSet};

use gridtap_baseline::Site;
use gridtap_model::{Anomaly, Severity, Timestamp};
use gridtap_sensor::{Config, Pipeline};
use gridtap_wire::LinkType;

use crate::stage::packets::{self, modbus};
use crate::stage::{Frame, Host, Session};

const START_NS: u64 = 1_790_000_000_000_000_000;
const SECOND_NS: u64 = 1_000_000_000;
/// What is learned, what is flooded, and all.
const LEARNED_S: u64 = 150;
const FLOOD_S: u64 = 30;
const ALL_S: u64 = LEARNED_S + FLOOD_S + 40;
const PER_SECOND: u64 = 400;
const RTUS: std::ops::Range<u8> = 21..27;
/// What is flooded: one of those that are polled, and a device that is nobody's.
const TARGET: Host = host(21, 502);

const fn host(last: u8, port: u16) -> Host {
    Host { mac: [2, 0, 0, 0, 0, last], ip: [10, 0, 0, last], port }
}

const fn made_up(nth: u64) -> Host {
    let mixed = nth.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes();
    let [a, b, c, d, e, ..] = mixed;
    Host {
        mac: [2, 1, a, b, c, d],
        ip: [10, 99, a, b],
        port: 1024 + (d as u16) * 200 + (e as u16 % 200),
    }
}

fn at(mut frame: Vec<Frame>, time_ns: u64) -> Vec<Frame> {
    for (nth, frame) in (0..).zip(&mut frame) {
        frame.time_ns = time_ns + nth * 100_000;
    }
    frame
}

/// One that polls one device once a second.
fn polls(master: Host, rtu: u8) -> Vec<Frame> {
    let mut session = Session::new(master, host(rtu, 502), 0).opened();
    for nth in 0..ALL_S {
        let transaction = u16::try_from(nth).unwrap();
        let value = [&[20][..], &[rtu; 20]].concat();
        session = session.asked(&modbus(transaction, 1, 3, &[0, 0, 0, 10]));
        session = session.answered(&modbus(transaction, 1, 3, &value));
    }
    let offset = u64::from(rtu) * 7_000_000 + u64::from(master.ip[3]) * 1_000_000;
    for (nth, frame) in (0_u64..).zip(&mut session.frames) {
        let (poll, within) = (nth.saturating_sub(3) / 2, nth.min(3 + nth % 2));
        frame.time_ns = START_NS + poll * SECOND_NS + offset + within * 100_000;
    }
    session.frames
}

/// A write by somebody who never wrote.
fn attack(from: Host, rtu: u8, time_ns: u64) -> Vec<Frame> {
    let write = modbus(7, 1, 6, &[0, 5, 0, 1]);
    at(
        Session::new(from, host(rtu, 502), 0).opened().asked(&write).answered(&write).frames,
        time_ns,
    )
}

/// The moment of the nth packet of a flood.
fn moment(nth: u64) -> u64 {
    START_NS + LEARNED_S * SECOND_NS + nth * SECOND_NS / PER_SECOND
}

/// What came of a flood.
struct Came {
    anomalies: Vec<Anomaly>,
    /// Requests that were decoded, by device.
    asked: BTreeMap<String, u64>,
    evicted: BTreeMap<String, u64>,
    buffered_max: u64,
    records: usize,
}

fn config() -> Config {
    let mut config = Config::default();
    config.baseline.block = "10s".parse().unwrap();
    config.wire.flows_max = 500;
    config.wire.reassembly_bytes_max = 256 << 10;
    config.wire.fragment_bytes_max = 64 << 10;
    config.wire.fragment_datagrams_max = 64;
    config.baseline.hosts_max = 400;
    config.baseline.devices_max = 300;
    config.baseline.keys_max = 4_000;
    config.baseline.held_max = 400;
    config.baseline.facts_max = 400;
    config.detect.pairs_max = 200;
    config.detect.points_max = 200;
    config.detect.probers_max = 50;
    config.detect.neighbours_max = 100;
    config.detect.anomalies_max = 200;
    config
}

/// Plays a flood beside the substation.
fn flooded(flood: impl Fn(u64) -> Vec<Frame>) -> Came {
    let mut frames: Vec<Frame> = Vec::new();
    for rtu in RTUS {
        frames.extend(polls(host(7, 40_000 + u16::from(rtu)), rtu));
    }
    frames.extend(polls(host(8, 41_000), 21));
    let middle = START_NS + (LEARNED_S + FLOOD_S / 2) * SECOND_NS;
    frames.extend(attack(host(8, 41_500), 22, middle + 3_300_000));
    for nth in 0..FLOOD_S * PER_SECOND {
        frames.extend(at(flood(nth), moment(nth)));
    }
    frames.sort_by_key(|frame| frame.time_ns);
    let mut pipeline = Pipeline::new(&config(), Site::default(), vec!["tap".to_owned()]);
    let (mut anomalies, mut buffered_max) = (BTreeMap::new(), 0);
    let mut records = 0;
    let mut take = |pipeline: &mut Pipeline| {
        for anomaly in pipeline.take_anomalies() {
            records += 1;
            anomalies.insert(anomaly.id, anomaly);
        }
    };
    for (number, frame) in (1..).zip(&frames) {
        pipeline.frame(&gridtap_wire::Frame {
            time: Timestamp::from_nanos(i64::try_from(frame.time_ns).unwrap()),
            capture: 0,
            number,
            link: LinkType::Ethernet,
            bytes: &frame.bytes,
            original_length: u32::try_from(frame.bytes.len()).unwrap(),
        });
        take(&mut pipeline);
        if number % 1_000 == 0 {
            buffered_max = buffered_max.max(pipeline.heard(Timestamp::MIN).buffered_bytes);
        }
    }
    pipeline.finish();
    take(&mut pipeline);
    let heard = pipeline.heard(Timestamp::MIN);
    let asked =
        heard.devices.iter().map(|device| (device.name.clone(), device.commands.iter().sum()));
    Came {
        asked: asked.collect(),
        evicted: pipeline.summary().evicted,
        anomalies: anomalies.into_values().collect(),
        buffered_max,
        records,
    }
}

impl Came {
    /// What holds of any flood.
    #[track_caller]
    fn went_well(&self) -> &Self {
        let told: Vec<_> = self.anomalies.iter().map(said).collect();
        for rtu in RTUS {
            let name = format!("modbus 10.0.0.{rtu} unit 1");
            let asked = self.asked.get(&name).copied().unwrap_or(0);
            assert!(
                asked * 100 >= ALL_S * 99,
                "{asked} of {ALL_S} polls of {name}: {:?}",
                self.asked
            );
        }
        let attack = self.anomalies.iter().find(|anomaly| {
            anomaly.severity == Severity::Critical
                && anomaly.source.address.to_string() == "10.0.0.8"
                && anomaly.device.contains("10.0.0.22")
        });
        assert!(attack.is_some(), "the attack is not told among {told:#?}");
        assert!(
            !told.iter().any(|said| said.contains("MB-42")),
            "no device fell silent: {told:#?}"
        );
        assert!(self.buffered_max <= 320 << 10, "{} octets wait", self.buffered_max);
        let mut kinds: BTreeMap<_, usize> = BTreeMap::new();
        for anomaly in &self.anomalies {
            *kinds.entry((anomaly.detection, anomaly.severity)).or_default() += 1;
        }
        assert!(self.anomalies.len() <= 260, "{} anomalies: {kinds:?}", self.anomalies.len());
        assert!(self.records <= 1_500, "{} records", self.records);
        assert_eq!(self.evicted.get("flows_evicted_established"), None, "{:?}", self.evicted);
        self
    }

    /// What was told of the flood itself: few incidents, this one among them.
    #[track_caller]
    fn tells(&self, detection: &str, words: &str, incidents_max: usize) -> &Self {
        let above_low = self.anomalies.iter().filter(|anomaly| anomaly.severity > Severity::Low);
        let incidents: BTreeSet<_> = above_low.clone().map(|anomaly| anomaly.incident).collect();
        let told: Vec<_> = above_low.map(said).collect();
        let is_it =
            |anomaly: &&Anomaly| anomaly.detection == detection && anomaly.observed.contains(words);
        assert!(self.anomalies.iter().any(|each| is_it(&each)), "no {detection}: {told:#?}");
        assert!(incidents.len() <= incidents_max, "{} incidents: {told:#?}", incidents.len());
        self
    }

    #[track_caller]
    fn gave_way(&self, table: &str) -> &Self {
        assert!(self.evicted.contains_key(table), "{table}: {:?}", self.evicted);
        self
    }
}

fn said(anomaly: &Anomaly) -> String {
    let Anomaly { detection, severity, count, observed, .. } = anomaly;
    format!("{detection} {severity} {count}× {observed}")
}

/// The first packet of a connection, or the first two.
fn opening(from: Host, to: Host, packets: usize) -> Vec<Frame> {
    let mut frames = Session::new(from, to, 0).opened().frames;
    frames.truncate(packets);
    frames
}

fn port(nth: u64) -> u16 {
    1_024 + u16::try_from(nth % 60_000).unwrap()
}

#[test]
fn of_syn_from_one_host() {
    let came = flooded(|nth| opening(host(66, port(nth)), TARGET, 1));
    came.went_well().tells("OT-10", "connections were begun with", 3);
    came.gave_way("flows_evicted_unanswered");
}

#[test]
fn of_half_open_connections() {
    let came = flooded(|nth| opening(host(66, port(nth)), TARGET, 2));
    came.went_well().tells("OT-10", "connections were begun with", 3);
}

#[test]
fn of_connections_from_made_up_hosts() {
    let came = flooded(|nth| opening(made_up(nth), TARGET, 1));
    came.went_well().tells("OT-10", "never heard before, tried to open", 3);
    came.gave_way("flows_evicted_unanswered");
}

#[test]
fn of_datagrams_from_made_up_hosts() {
    let bytes = [0; 4];
    let came = flooded(|nth| {
        let bytes = packets::datagram(made_up(nth), host(21, 20_000), &bytes);
        vec![Frame { time_ns: 0, bytes }]
    });
    came.went_well().tells("OT-10", "10.0.0.21", 3);
}

/// A connection that goes on: what it says is cut out of one long session.
fn session(words: impl Fn(u64) -> Vec<u8>, to: Host, opened: bool) -> Vec<Vec<Frame>> {
    let from = host(66, 45_000);
    let mut session = Session::new(from, to, 0);
    if opened {
        session = session.opened();
    }
    let mut said = vec![std::mem::take(&mut session.frames)];
    for nth in 1..FLOOD_S * PER_SECOND {
        session = session.asked(&words(nth));
        said.push(std::mem::take(&mut session.frames));
    }
    said
}

#[test]
fn of_units_that_a_gateway_may_have() {
    let words = |nth: u64| {
        let unit = u8::try_from(nth % 247).unwrap() + 1;
        modbus(u16::try_from(nth % 60_000).unwrap(), unit, 3, &[0, 0, 0, 1])
    };
    let said = session(words, host(40, 502), true);
    let came = flooded(|nth| said[usize::try_from(nth).unwrap()].clone());
    came.went_well().tells("MB-20", "10.0.0.40", 3);
}

#[test]
fn of_points() {
    let words = |nth: u64| {
        let [high, low] = u16::try_from(nth % 65_000).unwrap().to_be_bytes();
        modbus(u16::try_from(nth % 60_000).unwrap(), 1, 6, &[high, low, 0, 1])
    };
    let said = session(words, host(40, 502), true);
    let came = flooded(|nth| said[usize::try_from(nth).unwrap()].clone());
    came.went_well().tells("MB-29", "10.0.0.40", 3);
}

#[test]
fn of_tiny_segments() {
    let message = modbus(7, 1, 3, &[0, 0, 0, 1]);
    let words = |nth: u64| vec![message[usize::try_from(nth - 1).unwrap() % message.len()]];
    let said = session(words, host(40, 502), true);
    let came = flooded(|nth| said[usize::try_from(nth).unwrap()].clone());
    came.went_well().tells("MB-28", "10.0.0.40", 3);
}

#[test]
fn of_segments_that_overlap_with_other_content() {
    let came = flooded(|nth| {
        // The same place of one connection, said otherwise each time.
        let [high, low] = u16::try_from(nth % 60_000).unwrap().to_be_bytes();
        let bytes = modbus(7, 1, 3, &[high, low, 0, 1]);
        let open = Session::new(host(66, 45_000), host(40, 502), 0).opened().asked(&bytes).frames;
        if nth == 0 { open } else { open[3..].to_vec() }
    });
    came.went_well().tells("OT-24", "other content", 3);
}

#[test]
fn of_segments_ahead_of_what_never_comes() {
    let many = vec![0; 600];
    let connections = 300;
    let one = |nth: u64| {
        let from = host(66, 45_000 + u16::try_from(nth).unwrap());
        let mut session = Session::new(from, host(40, 502), 0).opened();
        for _ in 0..=FLOOD_S * PER_SECOND / connections {
            session = session.asked(&many);
        }
        session.frames
    };
    let said: Vec<Vec<Frame>> = (0..connections).map(one).collect();
    let came = flooded(|nth| {
        let frames = &said[usize::try_from(nth % connections).unwrap()];
        match usize::try_from(nth / connections).unwrap() {
            0 => frames[..3].to_vec(),
            // The first that is said is missing.
            round => vec![frames[3 + round].clone()],
        }
    });
    came.went_well();
}

/// A part of a packet whose rest never comes.
fn fragment(from: Host, nth: u64) -> Frame {
    let mut bytes = packets::datagram(from, TARGET, &[0; 64]);
    let [high, low] = u16::try_from(nth % 65_000).unwrap().to_be_bytes();
    bytes[18..20].copy_from_slice(&[high, low]);
    bytes[20..22].copy_from_slice(&[0x20, 0]);
    Frame { time_ns: 0, bytes }
}

#[test]
fn of_fragments_without_their_rest() {
    let came = flooded(|nth| vec![fragment(made_up(nth), nth)]);
    came.went_well().gave_way("fragments_evicted");
    came.tells("OT-10", "parts of packets whose rest does not come", 3);
}

#[test]
fn of_alerts_from_made_up_hosts() {
    let write = modbus(7, 1, 6, &[0, 5, 0, 1]);
    let came = flooded(|nth| {
        let session = Session::new(made_up(nth), host(40, 502), 0).asked(&write);
        session.frames
    });
    came.went_well().tells("MB-29", "never heard before, did the same", 20);
}

fn arp(from: Host, of: [u8; 4], wanted: [u8; 4]) -> Frame {
    let mut bytes = vec![0xFF; 6];
    bytes.extend(from.mac);
    bytes.extend([0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1]);
    bytes.extend(from.mac);
    bytes.extend(of);
    bytes.extend([0; 6]);
    bytes.extend(wanted);
    bytes.resize(60, 0);
    Frame { time_ns: 0, bytes }
}

#[test]
fn of_made_up_cards() {
    let came = flooded(|nth| {
        let from = made_up(nth);
        vec![arp(from, from.ip, TARGET.ip)]
    });
    came.went_well().tells("OT-08", "never heard before, made themselves known", 3);
    came.gave_way("neighbours");
}

#[test]
fn of_echo_requests() {
    let came = flooded(|nth| {
        let mut bytes = packets::datagram(host(66, 2_048), TARGET, &nth.to_be_bytes());
        // ICMP, whose first octets are an echo request where a datagram has its port.
        bytes[23] = 1;
        bytes[34..36].copy_from_slice(&[8, 0]);
        vec![Frame { time_ns: 0, bytes }]
    });
    came.went_well().tells("OT-10", "control messages (ICMP) came to", 3);
}
