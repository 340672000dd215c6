//! Frames made by hand, and what is told of them, as text.

mod checksums;
mod copies;
mod fragments;
mod layers;
mod limits;
mod nesting;
mod order;
mod properties;
mod sessions;
mod sorter;

use core::net::IpAddr;

use gridtap_model::{Direction, Span, Timestamp};

use crate::transport::{ACK, FIN, RST, SYN, URG};
use crate::{Checksums, Config, Event, Frame, Heard, LinkType, Overlap, Wire};

const MILLISECOND: i64 = 1_000_000;

/// One side of a conversation in a test.
#[derive(Debug, Clone, Copy)]
struct Side {
    address: &'static str,
    port: u16,
}

const MASTER: Side = Side { address: "10.0.0.1", port: 40_000 };
const OUTSTATION: Side = Side { address: "10.0.0.2", port: 502 };
const MASTER6: Side = Side { address: "2001:db8::1", port: 40_000 };
const OUTSTATION6: Side = Side { address: "2001:db8::2", port: 502 };

/// A TCP segment or UDP datagram to be made, with everything right unless told otherwise.
#[derive(Debug, Clone)]
struct Made {
    from: Side,
    to: Side,
    udp: bool,
    flags: u8,
    sequence: u32,
    acknowledgement: u32,
    window: u16,
    urgent: u16,
    options: Vec<u8>,
    payload: Vec<u8>,
    checksum: Check,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Check {
    Right,
    Wrong,
    Partial,
    None,
}

fn segment(from: Side, to: Side, sequence: u32, acknowledgement: u32, payload: &[u8]) -> Made {
    Made {
        from,
        to,
        udp: false,
        flags: ACK,
        sequence,
        acknowledgement,
        window: 8192,
        urgent: 0,
        options: Vec::new(),
        payload: payload.to_vec(),
        checksum: Check::Right,
    }
}

/// A segment from the master.
fn ask(sequence: u32, acknowledgement: u32, payload: &[u8]) -> Made {
    segment(MASTER, OUTSTATION, sequence, acknowledgement, payload)
}

/// A segment from the outstation.
fn answer(sequence: u32, acknowledgement: u32, payload: &[u8]) -> Made {
    segment(OUTSTATION, MASTER, sequence, acknowledgement, payload)
}

fn datagram(from: Side, to: Side, payload: &[u8]) -> Made {
    Made { udp: true, ..segment(from, to, 0, 0, payload) }
}

/// The Internet checksum the plain way, apart from the code under test.
fn plain_checksum(parts: &[&[u8]]) -> u16 {
    let bytes = parts.concat();
    let mut sum: u32 = 0;
    for pair in bytes.chunks(2) {
        sum += u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0));
    }
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    !(sum as u16)
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

impl Made {
    fn flags(mut self, flags: u8) -> Self {
        self.flags = flags;
        self
    }

    fn check(mut self, check: Check) -> Self {
        self.checksum = check;
        self
    }

    fn protocol(&self) -> u8 {
        if self.udp { 17 } else { 6 }
    }

    fn addresses(&self) -> (IpAddr, IpAddr) {
        (self.from.address.parse().unwrap(), self.to.address.parse().unwrap())
    }

    /// The segment or datagram with its checksum.
    fn transport(&self) -> Vec<u8> {
        let (source, destination) = self.addresses();
        let mut bytes = Vec::new();
        bytes.extend(self.from.port.to_be_bytes());
        bytes.extend(self.to.port.to_be_bytes());
        let field = if self.udp {
            bytes.extend((8 + self.payload.len() as u16).to_be_bytes());
            bytes.extend([0, 0]);
            6
        } else {
            let mut options = self.options.clone();
            options.resize(options.len().next_multiple_of(4), 1);
            bytes.extend(self.sequence.to_be_bytes());
            bytes.extend(self.acknowledgement.to_be_bytes());
            bytes.push((5 + options.len() as u8 / 4) << 4);
            bytes.push(self.flags);
            bytes.extend(self.window.to_be_bytes());
            bytes.extend([0, 0]);
            bytes.extend(self.urgent.to_be_bytes());
            bytes.extend(options);
            16
        };
        bytes.extend(&self.payload);
        let mut pseudo = [octets(source), octets(destination)].concat();
        pseudo.extend(u32::from(self.protocol()).to_be_bytes());
        pseudo.extend((bytes.len() as u32).to_be_bytes());
        let checksum = match self.checksum {
            Check::Right => plain_checksum(&[&pseudo, &bytes]),
            Check::Wrong => plain_checksum(&[&pseudo, &bytes]) ^ 0x5555,
            Check::Partial => !plain_checksum(&[&pseudo]),
            Check::None => 0,
        };
        bytes[field..field + 2].copy_from_slice(&checksum.to_be_bytes());
        bytes
    }

    /// The IP packet.
    fn packet(&self) -> Vec<u8> {
        let (source, destination) = self.addresses();
        ip(source, destination, self.protocol(), [0, 0, 0, 0], &self.transport())
    }

    /// The Ethernet frame.
    fn frame(&self) -> Vec<u8> {
        let kind = if self.addresses().0.is_ipv4() { 0x0800 } else { 0x86DD };
        ethernet(kind, &self.packet())
    }
}

/// An IP packet; the four octets are the identification, flags and offset of IPv4.
fn ip(
    source: IpAddr,
    destination: IpAddr,
    protocol: u8,
    place: [u8; 4],
    payload: &[u8],
) -> Vec<u8> {
    let mut bytes = Vec::new();
    if source.is_ipv4() {
        bytes.extend([0x45, 0]);
        bytes.extend((20 + payload.len() as u16).to_be_bytes());
        bytes.extend(place);
        bytes.extend([64, protocol, 0, 0]);
        bytes.extend(octets(source));
        bytes.extend(octets(destination));
        let checksum = plain_checksum(&[&bytes]);
        bytes[10..12].copy_from_slice(&checksum.to_be_bytes());
    } else {
        bytes.extend([0x60, 0, 0, 0]);
        bytes.extend((payload.len() as u16).to_be_bytes());
        bytes.extend([protocol, 64]);
        bytes.extend(octets(source));
        bytes.extend(octets(destination));
    }
    bytes.extend(payload);
    bytes
}

fn ethernet(kind: u16, packet: &[u8]) -> Vec<u8> {
    let mut bytes = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1];
    bytes.extend(kind.to_be_bytes());
    bytes.extend(packet);
    bytes
}

/// A monitor, and what it has told.
struct Ear {
    wire: Wire,
    number: u64,
    told: Vec<String>,
    /// The same with time and whether the flow is between the usual ports.
    timed: Vec<(bool, i64, String)>,
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn arrow(direction: Direction) -> char {
    match direction {
        Direction::Forward => '>',
        Direction::Backward => '<',
    }
}

/// An event as a line: `> text`, `< gap 5`, `closed Reset`.
fn line(heard: &Heard<'_>) -> String {
    match heard.event {
        Event::Opened => format!("opened {}", heard.flow.first),
        Event::Bytes { direction, bytes } => format!("{} {}", arrow(direction), text(bytes)),
        Event::Gap { direction, bytes } => format!("{} gap {bytes}", arrow(direction)),
        Event::Ahead { direction, bytes } => format!("{} ahead {bytes}", arrow(direction)),
        Event::Returned { direction } => format!("{} returned", arrow(direction)),
        Event::OverlapDiffers { direction, bytes } => {
            format!("{} differs {bytes}", arrow(direction))
        }
        Event::OtherCopy { direction, octets, before, behind } => {
            let (head, rest) = octets.split_at(before);
            let (copy, tail) = rest.split_at(rest.len() - behind);
            format!("{} or {}[{}]{}", arrow(direction), text(head), text(copy), text(tail))
        }
        Event::ChecksumsOffloaded { direction } => format!("{} offloaded", arrow(direction)),
        Event::ChecksumWrong { direction } => format!("{} wrong", arrow(direction)),
        Event::ResetMisplaced { direction } => format!("{} misplaced reset", arrow(direction)),
        Event::AddressInvalid => "impossible".to_owned(),
        Event::Closed(reason) => format!("closed {reason:?}"),
    }
}

impl Ear {
    fn new(config: Config) -> Self {
        Self { wire: Wire::new(config), number: 0, told: Vec::new(), timed: Vec::new() }
    }

    fn usual() -> Self {
        Self::new(Config::default())
    }

    fn raw(&mut self, milliseconds: i64, link: LinkType, bytes: &[u8], original_length: usize) {
        self.number += 1;
        let frame = Frame {
            time: Timestamp::from_nanos(milliseconds * MILLISECOND),
            capture: 0,
            number: self.number,
            link,
            bytes,
            original_length: original_length as u32,
        };
        let Self { wire, told, timed, .. } = self;
        let mut hear = |heard: &Heard<'_>| {
            let usual = [heard.flow.first.port, heard.flow.second.port].contains(&MASTER.port);
            timed.push((usual, heard.time.nanos(), line(heard)));
            told.push(line(heard));
        };
        wire.frame(&frame, &mut hear);
    }

    fn hear(&mut self, milliseconds: i64, made: &Made) {
        let bytes = made.frame();
        self.raw(milliseconds, LinkType::Ethernet, &bytes, bytes.len());
    }

    fn tick(&mut self, milliseconds: i64) {
        let Self { wire, told, timed, .. } = self;
        let mut hear = |heard: &Heard<'_>| {
            let usual = [heard.flow.first.port, heard.flow.second.port].contains(&MASTER.port);
            timed.push((usual, heard.time.nanos(), line(heard)));
            told.push(line(heard));
        };
        wire.tick(Timestamp::from_nanos(milliseconds * MILLISECOND), &mut hear);
    }

    fn finish(&mut self) {
        let Self { wire, told, timed, .. } = self;
        let mut hear = |heard: &Heard<'_>| {
            let usual = [heard.flow.first.port, heard.flow.second.port].contains(&MASTER.port);
            timed.push((usual, heard.time.nanos(), line(heard)));
            told.push(line(heard));
        };
        wire.finish(&mut hear);
    }

    /// All that was ever told of flows between the usual ports.
    fn own_lines(&self) -> Vec<(i64, String)> {
        self.timed
            .iter()
            .filter(|(usual, ..)| *usual)
            .map(|(_, time, line)| (*time, line.clone()))
            .collect()
    }

    /// What was told since the last call.
    fn told(&mut self) -> Vec<String> {
        core::mem::take(&mut self.told)
    }

    /// A handshake at time 0; the master's next octet has number 1001, the outstation's 5001.
    fn shake(&mut self) {
        self.hear(0, &ask(1000, 0, b"").flags(SYN));
        self.hear(0, &answer(5000, 1001, b"").flags(SYN | ACK));
        self.hear(0, &ask(1001, 5001, b""));
        assert_eq!(self.told(), ["opened 10.0.0.1:40000"]);
    }
}

/// A monitor that has heard a handshake.
fn shaken() -> Ear {
    let mut ear = Ear::usual();
    ear.shake();
    ear
}

#[track_caller]
fn check(ear: &mut Ear, told: &[&str]) {
    assert_eq!(ear.told(), told);
}
