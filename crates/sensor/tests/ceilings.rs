//! What tables take at their ceilings, and what a flow takes, counted by the allocator.
//!
//! A test binary of its own, because it counts what a thread asks of the allocator.

#![cfg(test)]

use allocation_counter::measure;
use gridtap_baseline::Site;
use gridtap_dissect::{Dissector, Output};
use gridtap_model::Timestamp;
use gridtap_sensor::{Config, Ear, Pipeline};
use gridtap_wire::{Checksums, Frame, LinkType, Wire};

/// One end of a connection.
#[derive(Clone, Copy)]
struct End {
    address: u32,
    port: u16,
}

/// A TCP segment in IPv4 over Ethernet. Its checksums are not looked at.
fn segment(
    from: End,
    to: End,
    sequence: u32,
    acknowledged: u32,
    flags: u8,
    data: &[u8],
) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
    let octets = u16::try_from(40 + data.len()).unwrap();
    frame.extend([0x45, 0]);
    frame.extend(octets.to_be_bytes());
    frame.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
    frame.extend(from.address.to_be_bytes());
    frame.extend(to.address.to_be_bytes());
    frame.extend(from.port.to_be_bytes());
    frame.extend(to.port.to_be_bytes());
    frame.extend(sequence.to_be_bytes());
    frame.extend(acknowledged.to_be_bytes());
    frame.extend([0x50, flags, 0x20, 0, 0, 0, 0, 0]);
    frame.extend(data);
    frame
}

const SYN: u8 = 2;
const PUSH: u8 = 0x18;

/// A connection between a made-up client and a server.
struct Connection {
    client: End,
    server: End,
    said: [u32; 2],
}

impl Connection {
    fn new(nth: u32, port: u16) -> Self {
        let client = End { address: 0x0A00_0000 | (nth & 0xFFFF), port: 40_000 };
        let server = End { address: 0x0A40_0000 | (nth >> 2 & 0xFFFF), port };
        Self { client, server, said: [1, 1] }
    }

    fn opened(&self) -> [Vec<u8>; 2] {
        let Self { client, server, .. } = *self;
        [segment(client, server, 0, 0, SYN, &[]), segment(server, client, 0, 1, SYN | 0x10, &[])]
    }

    fn asked(&mut self, data: &[u8]) -> Vec<u8> {
        let frame = segment(self.client, self.server, self.said[0], self.said[1], PUSH, data);
        self.said[0] += u32::try_from(data.len()).unwrap();
        frame
    }

    fn answered(&mut self, data: &[u8]) -> Vec<u8> {
        let frame = segment(self.server, self.client, self.said[1], self.said[0], PUSH, data);
        self.said[1] += u32::try_from(data.len()).unwrap();
        frame
    }
}

/// The CRC of DNP3.
fn crc(octets: &[u8]) -> [u8; 2] {
    let mut crc = 0_u16;
    for octet in octets {
        crc ^= u16::from(*octet);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xA6BC } else { crc >> 1 };
        }
    }
    (!crc).to_le_bytes()
}

/// A DNP3 frame with user data.
fn dnp3(control: u8, source: u16, destination: u16, data: &[u8]) -> Vec<u8> {
    let mut frame = vec![5, 0x64, u8::try_from(data.len() + 5).unwrap(), control];
    frame.extend(destination.to_le_bytes());
    frame.extend(source.to_le_bytes());
    let check = crc(&frame);
    frame.extend(check);
    for block in data.chunks(16) {
        frame.extend(block);
        frame.extend(crc(block));
    }
    frame
}

fn modbus(transaction: u16, unit: u8, pdu: &[u8]) -> Vec<u8> {
    let mut frame = transaction.to_be_bytes().to_vec();
    frame.extend([0, 0]);
    frame.extend(u16::try_from(pdu.len() + 1).unwrap().to_be_bytes());
    frame.push(unit);
    frame.extend(pdu);
    frame
}

/// Fragments of an answer of 1,100 octets, as a real device of some size gives, in five frames.
fn answer_in_segments(sequence: u8) -> Vec<u8> {
    let mut fragment = vec![0xC0 | sequence, 0x81, 0, 0, 30, 3, 1, 0, 0, 0x0D, 1];
    fragment.resize(11 + 270 * 4, 0);
    let pieces: Vec<_> = fragment.chunks(249).collect();
    let mut octets = Vec::new();
    for (nth, piece) in pieces.iter().enumerate() {
        let first = if nth == 0 { 0x40 } else { 0 };
        let end = if nth + 1 == pieces.len() { 0x80 } else { 0 };
        let header = first | end | u8::try_from(nth).unwrap();
        octets.extend(dnp3(0x44, 10, 1, &[&[header][..], piece].concat()));
    }
    octets
}

fn config() -> Config {
    let mut config = Config::default();
    config.wire.checksums = Checksums::Ignore;
    config.sensor.shards = 1;
    config
}

/// What hears or judges, fed with frames.
struct Feed<F: FnMut(&Frame<'_>)> {
    number: u64,
    time: Timestamp,
    hear: F,
}

impl<F: FnMut(&Frame<'_>)> Feed<F> {
    fn new(hear: F) -> Self {
        Self { number: 0, time: Timestamp::from_parts(1_000, 0), hear }
    }

    fn frame(&mut self, bytes: &[u8]) {
        self.number += 1;
        self.time = self.time.plus_ns(1_000);
        let original_length = u32::try_from(bytes.len()).unwrap();
        let (time, number, link) = (self.time, self.number, LinkType::Ethernet);
        (self.hear)(&Frame { time, capture: 0, number, link, bytes, original_length });
    }
}

/// Octets that so many polled flows take in all that hears, and in all stages.
fn taken(flows: u32, poll: impl Fn(u32, u16) -> Vec<Vec<u8>>) -> [i64; 2] {
    let config = config();
    let play = |hear: &mut dyn FnMut(&Frame<'_>)| {
        let mut feed = Feed::new(hear);
        for round in 0..4 {
            for nth in 0..flows {
                for frame in poll(nth, round) {
                    feed.frame(&frame);
                }
            }
        }
    };
    let mut ear = Ear {
        wire: Wire::new(config.wire.clone()),
        dissector: Dissector::new(config.dissect.clone()),
    };
    let mut silent = |_: Output<'_>| {};
    let heard = measure(|| play(&mut |frame| ear.frame(frame, &mut silent))).bytes_current;
    let mut pipeline = Pipeline::new(&config, Site::default(), vec!["capture".to_owned()]);
    let judged = measure(|| {
        play(&mut |frame| {
            pipeline.frame(frame);
            let _ = pipeline.take_anomalies();
        })
    });
    [heard, judged.bytes_current]
}

/// Octets a flow: what more of them take.
fn slope(poll: impl Fn(u32, u16) -> Vec<Vec<u8>> + Copy) -> [i64; 2] {
    let (few, many) = (1_024, 4_096);
    let (few_taken, many_taken) = (taken(few, poll), taken(many, poll));
    [0, 1].map(|at| (many_taken[at] - few_taken[at]) / i64::from(many - few))
}

fn modbus_poll(nth: u32, round: u16) -> Vec<Vec<u8>> {
    let mut connection = Connection::new(nth, 502);
    let request = modbus(round, 1, &[3, 0, 16, 0, 10]);
    let answer = modbus(round, 1, &[&[3, 20][..], &[0; 20]].concat());
    let frames = if round == 0 { connection.opened().to_vec() } else { Vec::new() };
    connection.said = [u32::from(round) * 12 + 1, u32::from(round) * 29 + 1];
    [frames, vec![connection.asked(&request), connection.answered(&answer)]].concat()
}

fn dnp3_poll(nth: u32, round: u16) -> Vec<Vec<u8>> {
    let mut connection = Connection::new(nth, 20_000);
    let sequence = u8::try_from(round).unwrap();
    let request = dnp3(0xC4, 1, 10, &[0xC0 | sequence, 0xC0 | sequence, 1, 60, 1, 6]);
    let answer = answer_in_segments(sequence);
    let frames = if round == 0 { connection.opened().to_vec() } else { Vec::new() };
    let said = u32::from(round) * u32::try_from(answer.len()).unwrap() + 1;
    connection.said = [u32::from(round) * u32::try_from(request.len()).unwrap() + 1, said];
    [frames, vec![connection.asked(&request), connection.answered(&answer)]].concat()
}

#[test]
fn a_flow_takes_no_more_than_it_is_said_to() {
    let [modbus_heard, modbus_judged] = slope(modbus_poll);
    println!("modbus: {modbus_heard} octets a flow heard, {modbus_judged} with what is learned");
    let [dnp3_heard, dnp3_judged] = slope(dnp3_poll);
    println!("dnp3: {dnp3_heard} octets a flow heard, {dnp3_judged} with what is learned");
    assert!(modbus_heard <= 1_400 && dnp3_heard <= 4_096);
}

/// Tables small enough to be filled in a moment.
fn small() -> Config {
    let mut config = config();
    config.baseline.block = gridtap_model::Span::from_secs(10);
    config.wire.flows_max = 128;
    config.wire.reassembly_bytes_max = 256 << 10;
    config.dissect.held_octets_max = 1 << 20;
    config.dissect.pending_of_all_max = 2_000;
    config.dissect.dnp3_lines_max = 1_000;
    config.dissect.dnp3_data_set_devices_max = 4;
    config.dissect.host_pairs_max = 256;
    config.baseline.hosts_max = 128;
    config.baseline.devices_max = 96;
    config.baseline.keys_max = 1_200;
    config.baseline.points_max = 600;
    config.baseline.held_max = 128;
    config.baseline.facts_max = 128;
    config.detect.pairs_max = 64;
    config.detect.points_max = 64;
    config.detect.probers_max = 16;
    config.detect.neighbours_max = 32;
    config.detect.anomalies_max = 64;
    config
}

/// What hostile hosts say: fragments that are not completed to many stations, many requests at once that nobody answers,
/// segments ahead of what never comes, and commands to ever more devices and points.
fn hostile(feed: &mut Feed<impl FnMut(&Frame<'_>)>, hosts: u32) {
    for nth in 0..hosts {
        feed.time = feed.time.plus_ns(20_000_000);
        let address = u16::try_from(nth % 50_000).unwrap().to_be_bytes();
        let mut stations = Connection::new(nth, 20_000);
        for frame in stations.opened() {
            feed.frame(&frame);
        }
        for link in 0..40 {
            let begun = [&[0x40, 0xC0, 2][..], &[0; 245]].concat();
            let frame = stations.asked(&dnp3(0xC4, 1, 100 + link, &begun));
            feed.frame(&frame);
            feed.frame(&stations.answered(&dnp3(0x44, 100 + link, 1, &begun)));
        }
        let mut gap = Connection::new(nth, 502);
        gap.said[0] += 1_000;
        feed.frame(&gap.asked(&[nth.to_be_bytes()[3]; 700]));
        let mut writer = Connection { client: gap.client, server: gap.server, said: [1, 1] };
        writer.client.port = 41_000;
        for frame in writer.opened() {
            feed.frame(&frame);
        }
        for transaction in 0..24 {
            let unit = u8::try_from(nth % 200).unwrap();
            let write = [&[16][..], &address, &[0, 4, 8, 1, 2, 3, 4, 5, 6, 7, 8]].concat();
            let frame = writer.asked(&modbus(transaction, unit, &write));
            feed.frame(&frame);
        }
    }
}

#[test]
fn at_their_ceilings_the_tables_that_hear_take_no_more_than_is_documented() {
    let config = small();
    let mut ear = Ear {
        wire: Wire::new(config.wire.clone()),
        dissector: Dissector::new(config.dissect.clone()),
    };
    let taken = measure(|| hostile(&mut Feed::new(|frame| ear.frame(frame, &mut |_| {})), 400));
    let flows_max = config.wire.flows_max;
    let documented = config.wire.octets_max() + config.dissect.octets_max(flows_max);
    println!("{} of {documented} octets documented", taken.bytes_max);
    let [held, _] = ear.dissector.held();
    assert!(held > config.dissect.held_octets_max / 2, "{held}");
    let evicted: u64 = ear.dissector.counters().evictions().map(|(_, count)| count).sum();
    assert!(evicted > 0 && ear.wire.counters().flows_evicted_answered > 0);
    let taken = usize::try_from(taken.bytes_max).unwrap();
    assert!(taken <= documented, "{taken} of {documented}");
}

#[test]
fn at_their_ceilings_all_tables_take_no_more_than_is_documented() {
    let config = small();
    let mut pipeline = Pipeline::new(&config, Site::default(), vec!["capture".to_owned()]);
    let taken = measure(|| {
        let judge = |frame: &Frame<'_>| {
            pipeline.frame(frame);
            let _ = pipeline.take_anomalies();
        };
        hostile(&mut Feed::new(judge), 400);
    });
    let documented: usize = config.ceilings().iter().map(|ceiling| ceiling.octets).sum();
    println!("{} of {documented} octets documented", taken.bytes_max);
    let evicted = pipeline.summary().evicted;
    assert!(evicted.len() > 3, "{evicted:?}");
    assert!(taken.bytes_max <= u64::try_from(documented).unwrap());
}

#[test]
fn the_document_of_the_limits_has_the_sum_of_the_defaults() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/limits.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (mut sum, mut missing) = (0, Vec::new());
    for ceiling in Config::default().ceilings() {
        let mebibytes = ceiling.octets.div_ceil(1 << 20);
        sum += mebibytes;
        let row = format!("| `{}` | {mebibytes} MiB |", ceiling.part);
        if !text.contains(&row) {
            missing.push(row);
        }
    }
    let row = format!("| together | {sum} MiB |");
    if !text.contains(&row) {
        missing.push(row);
    }
    assert!(missing.is_empty(), "docs/limits.md lacks {missing:#?}");
}
