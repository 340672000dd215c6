//! What the quiet path allocates: nothing, once it has seen its conversations.
//!
//! A test binary of its own, because it counts what a thread asks of the allocator.

#![cfg(test)]

use std::collections::BTreeSet;
use std::fs::File;
use std::path::PathBuf;

use allocation_counter::measure;
use gridtap_baseline::Site;
use gridtap_capture::Reader;
use gridtap_model::{Span, Timestamp};
use gridtap_sensor::{Config, Pipeline};
use gridtap_wire::{Frame, LinkType};

/// A frame that was read.
struct Kept {
    time: Timestamp,
    link: LinkType,
    bytes: Vec<u8>,
    original_length: u32,
}

fn fixture(name: &str) -> Vec<Kept> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(name);
    let mut reader = Reader::new(name, 0, Box::new(File::open(path).unwrap())).unwrap();
    let mut frames = Vec::new();
    while let Some(frame) = reader.next().unwrap() {
        frames.push(Kept {
            time: frame.time,
            link: frame.link,
            bytes: frame.bytes.to_vec(),
            original_length: frame.original_length,
        });
    }
    frames
}

/// A capture, and after an hour the same polls and values over other connections.
fn again_an_hour_later(mut frames: Vec<Kept>) -> Vec<Kept> {
    let again = frames.iter().map(|kept| {
        let mut bytes = kept.bytes.clone();
        for at in [34, 36] {
            let port = u16::from_be_bytes([bytes[at], bytes[at + 1]]);
            // Only a client's port is this high. The checksum is a sum: what the one gains, the other loses (RFC 1624).
            if segment(kept).is_some() && port > 30_000 {
                let sum = u16::from_be_bytes([bytes[50], bytes[51]]);
                bytes[at..at + 2].copy_from_slice(&(port ^ 1).to_be_bytes());
                let sum = if port & 1 == 0 { sum.wrapping_sub(1) } else { sum.wrapping_add(1) };
                bytes[50..52].copy_from_slice(&sum.to_be_bytes());
            }
        }
        Kept { time: kept.time.plus_ns(3_600_000_000_000), bytes, ..*kept }
    });
    let again: Vec<Kept> = again.collect();
    frames.extend(again);
    frames
}

/// Replays frames and gives how often each asked for memory.
fn allocations(frames: &[Kept], pipeline: &mut Pipeline) -> Vec<u64> {
    let mut number = 0;
    let each = frames.iter().map(|kept| {
        number += 1;
        let frame = Frame {
            time: kept.time,
            capture: 0,
            number,
            link: kept.link,
            bytes: &kept.bytes,
            original_length: kept.original_length,
        };
        measure(|| pipeline.frame(&frame)).count_total
    });
    each.collect()
}

/// The two ends of a TCP segment in IPv4 over Ethernet, the same in both directions, and its flags.
fn segment(frame: &Kept) -> Option<([[u8; 6]; 2], u8)> {
    let bytes = &frame.bytes;
    if bytes.get(12..15)? != [8, 0, 0x45] || bytes.get(23)? != &6 {
        return None;
    }
    let end = |address: usize, port: usize| {
        let octets = [bytes.get(address..address + 4)?, bytes.get(port..port + 2)?].concat();
        octets.try_into().ok()
    };
    let mut ends: [[u8; 6]; 2] = [end(26, 34)?, end(30, 36)?];
    ends.sort_unstable();
    Some((ends, *bytes.get(47)?))
}

/// Which frames of the last quarter are polls in a connection that neither begins nor ends in it.
fn steady(frames: &[Kept]) -> Vec<bool> {
    const FIN_SYN_RST: u8 = 7;
    let (early, late) = frames.split_at(frames.len() / 4 * 3);
    let opened = |frames: &[Kept]| -> BTreeSet<_> {
        let ends = frames.iter().filter_map(segment);
        ends.filter(|(_, flags)| flags & FIN_SYN_RST != 0).map(|(ends, _)| ends).collect()
    };
    let changing = opened(late);
    let spoke: BTreeSet<_> = early.iter().filter_map(segment).map(|(ends, _)| ends).collect();
    let is_steady = |(ends, _)| spoke.contains(&ends) && !changing.contains(&ends);
    let is_counted = |frame| segment(frame).is_some_and(is_steady) && is_poll(frame);
    early.iter().map(|_| false).chain(late.iter().map(is_counted)).collect()
}

/// Whether a segment carries nothing, or a Modbus or DNP3 message that reads, answers or confirms: commands are told.
fn is_poll(frame: &Kept) -> bool {
    let bytes = &frame.bytes;
    let word = |at: usize| Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
    let payload = || {
        let end = 14 + usize::from(word(16)?);
        bytes.get(34 + usize::from(bytes.get(46)? >> 4) * 4..end)
    };
    match payload() {
        None | Some([]) => true,
        // A link frame without user data, or the application's function behind link, transport and control.
        Some([5, 0x64, 5, ..]) => true,
        Some([5, 0x64, rest @ ..]) => {
            rest.get(10).is_some_and(|code| matches!(code, 0 | 1 | 129 | 130))
        }
        Some(modbus) => modbus.get(7).is_some_and(|code| matches!(code, 1..=4)),
    }
}

#[test]
fn a_message_of_a_known_poll_asks_for_no_memory() {
    for (name, in_a_thousand_max) in [("modbus/learn-1.pcap.gz", 10), ("dnp3/learn-1.pcap.gz", 10)]
    {
        let frames = again_an_hour_later(fixture(name));
        let steady = steady(&frames);
        let mut config = Config::default();
        config.baseline.block = Span::from_secs(5);
        // What other threads ask for is not counted.
        config.sensor.shards = 1;
        let mut pipeline = Pipeline::new(&config, Site::default(), vec!["capture".to_owned()]);
        let counts = allocations(&frames, &mut pipeline);
        let warm = counts.iter().zip(&steady).filter(|(_, steady)| **steady);
        let (mut all, mut asking) = (0, 0);
        for (count, _) in warm {
            all += 1;
            asking += usize::from(*count > 0);
        }
        println!("{name}: {asking} of {all} frames asked for memory");
        assert!(pipeline.baseline().armed(), "{name}: the baseline judges");
        assert!(all > 1000, "{name} has {all} frames of steady connections");
        assert!(asking * 1000 <= all * in_a_thousand_max, "{name}: {asking} of {all}");
    }
}
