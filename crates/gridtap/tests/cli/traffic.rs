//! A small substation as a capture, made byte by byte: two devices polled by a master, and what a test adds.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::net::Ipv4Addr;
use std::path::Path;

pub(crate) const MASTER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 7);
pub(crate) const STRANGER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 99);
pub(crate) const DEVICES: [Ipv4Addr; 2] =
    [Ipv4Addr::new(10, 0, 0, 21), Ipv4Addr::new(10, 0, 0, 22)];

/// Noon of a day in May, in microseconds.
const START_US: u64 = 1_714_564_800_000_000;

/// What a pcap file of Ethernet frames with microseconds begins with.
pub(crate) const PCAP_HEAD: [u8; 24] =
    [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 1, 0, 0, 0];

/// Frames with their times in microseconds since the beginning, in the order they were added.
#[derive(Default)]
pub(crate) struct Traffic {
    pub(crate) frames: Vec<(u64, Vec<u8>)>,
    /// The next sequence number of each direction.
    next: BTreeMap<(Ipv4Addr, u16, Ipv4Addr, u16), u32>,
    transaction: u16,
}

impl Traffic {
    /// Each device polled once a second for so many seconds.
    pub(crate) fn polls(seconds: u32) -> Self {
        let mut traffic = Self::default();
        for second in 0..seconds {
            for (nth, device) in (0_u32..).zip(DEVICES) {
                let at = f64::from(second) + 0.1 * f64::from(nth);
                // Read holding registers 0..10 of unit 1, and their values.
                let mut answer = vec![1, 3, 20];
                answer.extend((0..20).map(|n: u8| n.wrapping_mul(7)));
                traffic.exchange(at, MASTER, device, &[1, 3, 0, 0, 0, 10], &answer);
            }
        }
        traffic
    }

    /// A request and its answer, two milliseconds apart; units and functions first.
    pub(crate) fn exchange(
        &mut self,
        at: f64,
        master: Ipv4Addr,
        device: Ipv4Addr,
        request: &[u8],
        answer: &[u8],
    ) {
        self.transaction = self.transaction.wrapping_add(1);
        let transaction = self.transaction;
        let port = 49_152 + u16::from(master.octets()[3]);
        let us = microseconds(at);
        self.segment(us, (master, port), (device, 502), &adu(transaction, request));
        self.segment(us + 2_000, (device, 502), (master, port), &adu(transaction, answer));
    }

    /// Bytes of no protocol of ours to a port and back.
    pub(crate) fn exchange_bytes(&mut self, at: f64, port: u16, request: &[u8], answer: &[u8]) {
        let us = microseconds(at);
        self.segment(us, (MASTER, 50_000), (DEVICES[0], port), request);
        self.segment(us + 2_000, (DEVICES[0], port), (MASTER, 50_000), answer);
    }

    /// A stranger switches coil 2 of a device on.
    pub(crate) fn switches(&mut self, at: f64, stranger: Ipv4Addr, device: Ipv4Addr) {
        let message = [1, 5, 0, 2, 0xff, 0];
        self.exchange(at, stranger, device, &message, &message);
    }

    fn segment(&mut self, us: u64, from: (Ipv4Addr, u16), to: (Ipv4Addr, u16), payload: &[u8]) {
        let way = |a: (Ipv4Addr, u16), b: (Ipv4Addr, u16)| (a.0, a.1, b.0, b.1);
        let acknowledged = *self.next.entry(way(to, from)).or_insert(1000);
        let next = self.next.entry(way(from, to)).or_insert(1000);
        let sequence = *next;
        *next = next.wrapping_add(u32::try_from(payload.len()).unwrap());
        self.frames.push((us, frame(from, to, sequence, acknowledged, payload)));
    }

    /// Writes a pcap file, in the order of time.
    pub(crate) fn write(&mut self, path: &Path) {
        self.write_from(START_US, path);
    }

    /// Writes a pcap file that begins at a moment, in microseconds since 1970.
    pub(crate) fn write_from(&mut self, start_us: u64, path: &Path) {
        self.frames.sort_by_key(|(us, _)| *us);
        let mut file = BufWriter::new(File::create(path).unwrap());
        file.write_all(&PCAP_HEAD).unwrap();
        for (us, bytes) in &self.frames {
            file.write_all(&record(start_us + us, bytes)).unwrap();
        }
        file.flush().unwrap();
    }
}

/// A frame as a pcap file has it.
pub(crate) fn record(us: u64, frame: &[u8]) -> Vec<u8> {
    let length = u32::try_from(frame.len()).unwrap();
    let seconds = u32::try_from(us / 1_000_000).unwrap();
    let mut octets = Vec::with_capacity(16 + frame.len());
    for word in [seconds, u32::try_from(us % 1_000_000).unwrap(), length, length] {
        octets.extend(word.to_le_bytes());
    }
    octets.extend(frame);
    octets
}

fn microseconds(seconds: f64) -> u64 {
    u64::try_from(std::time::Duration::from_secs_f64(seconds).as_micros()).unwrap()
}

fn adu(transaction: u16, message: &[u8]) -> Vec<u8> {
    let mut bytes = transaction.to_be_bytes().to_vec();
    bytes.extend([0, 0]);
    bytes.extend(u16::try_from(message.len()).unwrap().to_be_bytes());
    bytes.extend(message);
    bytes
}

/// Ethernet, IPv4 and TCP around a payload, with the checksums right.
fn frame(
    (source, from): (Ipv4Addr, u16),
    (destination, to): (Ipv4Addr, u16),
    sequence: u32,
    acknowledged: u32,
    payload: &[u8],
) -> Vec<u8> {
    let mut tcp = Vec::new();
    tcp.extend(from.to_be_bytes());
    tcp.extend(to.to_be_bytes());
    tcp.extend(sequence.to_be_bytes());
    tcp.extend(acknowledged.to_be_bytes());
    // Five words of header; PSH and ACK; window; checksum; urgent.
    tcp.extend([0x50, 0x18, 0x20, 0, 0, 0, 0, 0]);
    tcp.extend(payload);
    let length = u16::try_from(tcp.len()).unwrap();
    let mut pseudo = Vec::new();
    pseudo.extend(source.octets());
    pseudo.extend(destination.octets());
    pseudo.extend([0, 6]);
    pseudo.extend(length.to_be_bytes());
    pseudo.extend(&tcp);
    let sum = checksum(&pseudo).to_be_bytes();
    tcp[16..18].copy_from_slice(&sum);

    let mut ip = vec![0x45, 0];
    ip.extend((length + 20).to_be_bytes());
    ip.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
    ip.extend(source.octets());
    ip.extend(destination.octets());
    let sum = checksum(&ip).to_be_bytes();
    ip[10..12].copy_from_slice(&sum);

    let mut bytes =
        vec![2, 0, 0, 0, 0, destination.octets()[3], 2, 0, 0, 0, 0, source.octets()[3], 8, 0];
    bytes.extend(ip);
    bytes.extend(tcp);
    bytes
}

fn checksum(bytes: &[u8]) -> u16 {
    let mut sum: u32 = bytes
        .chunks(2)
        .map(|pair| u32::from(pair[0]) << 8 | pair.get(1).map_or(0, |low| u32::from(*low)))
        .sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap()
}
