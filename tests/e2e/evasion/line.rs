//! A connection between a master and a device, of which every octet can be made wrong.

use crate::stage::packets::{checksum, modbus};
use crate::stage::{Frame, Recording};

pub(super) const FIN: u8 = 0x01;
pub(super) const SYN: u8 = 0x02;
pub(super) const RST: u8 = 0x04;
pub(super) const PUSH: u8 = 0x08;
pub(super) const ACK: u8 = 0x10;
pub(super) const URGENT: u8 = 0x20;

const START_NS: u64 = 1_790_000_000_000_000_000;
const MASTER_MAC: [u8; 6] = [2, 0, 0, 0, 0, 7];
const DEVICE_MAC: [u8; 6] = [2, 0, 0, 0, 0, 21];

/// The addresses of the master and of the device.
const FOUR: [&[u8]; 2] = [&[10, 0, 0, 7], &[10, 0, 0, 21]];
const SIX: [&[u8]; 2] = [
    &[0x20, 1, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7],
    &[0x20, 1, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x21],
];

/// The command that has to be found: a breaker's coil on.
pub(super) fn trip() -> Vec<u8> {
    modbus(900, 3, 5, &[0, 7, 0xFF, 0])
}

/// A poll of the length of the command, in whose place it can stand.
pub(super) fn poll(transaction: u16) -> Vec<u8> {
    modbus(transaction, 3, 1, &[0, 0, 0, 16])
}

pub(super) fn polled(transaction: u16) -> Vec<u8> {
    modbus(transaction, 3, 1, &[2, 0, 0])
}

/// How a checksum is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sum {
    Right,
    Wrong,
    /// As where the network card fills it in.
    None,
}

/// A TCP segment, or a datagram.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    pub by_master: bool,
    pub port: u16,
    /// From the first octet that this side sends.
    pub at: u32,
    /// The octets of the other side that it has.
    pub acknowledges: u32,
    pub flags: u8,
    pub window: u16,
    pub urgent: u16,
    pub options: Vec<u8>,
    pub bytes: Vec<u8>,
    pub hops: u8,
    pub sum: Sum,
    pub is_six: bool,
    pub is_datagram: bool,
    /// The numbers before the first octets of both sides.
    starts: [u32; 2],
}

impl Segment {
    /// At another place among this side's octets.
    pub(super) fn at(mut self, at: u32) -> Self {
        self.at = at;
        self
    }

    pub(super) fn flags(mut self, flags: u8) -> Self {
        self.flags = flags;
        self
    }

    pub(super) fn hops(mut self, hops: u8) -> Self {
        self.hops = hops;
        self
    }

    pub(super) fn sum(mut self, sum: Sum) -> Self {
        self.sum = sum;
        self
    }

    pub(super) fn options(mut self, options: &[u8]) -> Self {
        self.options = options.to_vec();
        self
    }

    fn addresses(&self) -> [&'static [u8]; 2] {
        let [master, device] = if self.is_six { SIX } else { FOUR };
        if self.by_master { [master, device] } else { [device, master] }
    }

    /// What is behind the IP header.
    pub(super) fn transport(&self) -> Vec<u8> {
        let (from, to) = if self.by_master { (40_000, self.port) } else { (self.port, 40_000) };
        let mut segment = [u16::to_be_bytes(from), u16::to_be_bytes(to)].concat();
        let (kind, sum_at) = if self.is_datagram { (17, 6) } else { (6, 16) };
        if self.is_datagram {
            segment.extend(u16::try_from(8 + self.bytes.len()).unwrap().to_be_bytes());
            segment.extend([0, 0]);
        } else {
            let [own, other] =
                if self.by_master { self.starts } else { [self.starts[1], self.starts[0]] };
            let is_first = self.flags & SYN != 0;
            let sequence = own.wrapping_add(self.at).wrapping_add(u32::from(!is_first));
            segment.extend(sequence.to_be_bytes());
            let has = other.wrapping_add(1).wrapping_add(self.acknowledges);
            segment.extend((if self.flags & ACK == 0 { 0 } else { has }).to_be_bytes());
            let header = u8::try_from(20 + self.options.len()).unwrap();
            segment.extend([(header / 4) << 4, self.flags]);
            segment.extend(self.window.to_be_bytes());
            segment.extend([0, 0]);
            segment.extend(self.urgent.to_be_bytes());
            segment.extend(&self.options);
        }
        segment.extend(&self.bytes);
        let length = u16::try_from(segment.len()).unwrap().to_be_bytes();
        let [source, destination] = self.addresses();
        let sum = checksum(&[source, destination, &[0, kind], &length, &segment]);
        let sum = match self.sum {
            Sum::Right => sum,
            Sum::Wrong => sum ^ 0x5A5A,
            Sum::None => 0,
        };
        segment[sum_at..sum_at + 2].copy_from_slice(&sum.to_be_bytes());
        segment
    }

    /// With its IP header.
    pub(super) fn packet(&self) -> Vec<u8> {
        let kind = if self.is_datagram { 17 } else { 6 };
        if self.is_six {
            self.six(kind, &self.transport())
        } else {
            self.four(kind, 0, &[], &self.transport())
        }
    }

    /// A version 4 packet: what it carries, its fragment word, its options.
    pub(super) fn four(&self, kind: u8, fragment: u16, options: &[u8], payload: &[u8]) -> Vec<u8> {
        let header_length = 20 + options.len();
        let length = u16::try_from(header_length + payload.len()).unwrap().to_be_bytes();
        let [high, low] = fragment.to_be_bytes();
        let version = 0x40 | u8::try_from(header_length / 4).unwrap();
        let mut header =
            vec![version, 0, length[0], length[1], 0x12, 0x34, high, low, self.hops, kind, 0, 0];
        let [source, destination] = self.addresses();
        header.extend([source, destination, options].concat());
        let sum = checksum(&[&header]).to_be_bytes();
        header[10..12].copy_from_slice(&sum);
        [&header[..], payload].concat()
    }

    /// A version 6 packet.
    pub(super) fn six(&self, kind: u8, payload: &[u8]) -> Vec<u8> {
        let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
        let mut header = vec![0x60, 0, 0, 0, length[0], length[1], kind, self.hops];
        header.extend(self.addresses().concat());
        [&header[..], payload].concat()
    }

    /// Cut into IP fragments of so many octets.
    pub(super) fn fragments(&self, octets: usize) -> Vec<Vec<u8>> {
        let transport = self.transport();
        let pieces: Vec<&[u8]> = transport.chunks(octets).collect();
        let last = pieces.len() - 1;
        let each = pieces.iter().enumerate().map(|(nth, piece)| {
            let more = nth < last;
            let eights = u16::try_from(nth * octets / 8).unwrap();
            if self.is_six {
                let word = (eights << 3 | u16::from(more)).to_be_bytes();
                self.six(44, &[&[6, 0, word[0], word[1], 0, 0, 0, 7], *piece].concat())
            } else {
                self.four(6, eights | u16::from(more) << 13, &[], piece)
            }
        });
        each.collect()
    }

    /// In an Ethernet frame.
    pub(super) fn frame(&self) -> Vec<u8> {
        let kind = if self.is_six { 0x86DD } else { 0x0800 };
        ethernet(self.by_master, kind, &self.packet())
    }
}

/// A frame with what stands behind its addresses.
pub(super) fn ethernet(by_master: bool, kind: u16, packet: &[u8]) -> Vec<u8> {
    let (from, to) = if by_master { (MASTER_MAC, DEVICE_MAC) } else { (DEVICE_MAC, MASTER_MAC) };
    let mut frame = [&to[..], &from[..], &kind.to_be_bytes(), packet].concat();
    frame.resize(frame.len().max(60), 0);
    frame
}

/// A connection being written down, a millisecond from frame to frame.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub frames: Vec<Frame>,
    pub time_ns: u64,
    /// Octets that the master, and that the device, has said.
    pub asked: u32,
    pub answered: u32,
    pub port: u16,
    pub is_six: bool,
    pub is_datagram: bool,
    pub starts: [u32; 2],
    pub sum: Sum,
}

impl Line {
    /// Nothing said yet.
    pub(super) fn silent() -> Self {
        Self {
            frames: Vec::new(),
            time_ns: START_NS,
            asked: 0,
            answered: 0,
            port: 502,
            is_six: false,
            is_datagram: false,
            starts: [0x1234_5678, 0x9ABC_DEF0],
            sum: Sum::Right,
        }
    }

    /// Opened, with two polls answered.
    pub(super) fn opened() -> Self {
        let mut line = Self::silent();
        line.open();
        line
    }

    pub(super) fn open(&mut self) {
        if !self.is_datagram {
            self.send(&self.master(&[]).flags(SYN));
            self.send(&self.device(&[]).flags(SYN | ACK));
            self.send(&self.master(&[]).flags(ACK));
        }
        self.polls(2);
    }

    pub(super) fn polls(&mut self, count: u16) {
        for nth in 0..count {
            let transaction = u16::try_from(self.asked).unwrap() + nth;
            self.ask(&poll(transaction));
            self.answer(&polled(transaction));
        }
    }

    /// The next that the master would say.
    pub(super) fn master(&self, bytes: &[u8]) -> Segment {
        self.segment(true, bytes)
    }

    /// The next that the device would say.
    pub(super) fn device(&self, bytes: &[u8]) -> Segment {
        self.segment(false, bytes)
    }

    fn segment(&self, by_master: bool, bytes: &[u8]) -> Segment {
        let (at, acknowledges) =
            if by_master { (self.asked, self.answered) } else { (self.answered, self.asked) };
        Segment {
            by_master,
            port: self.port,
            at,
            acknowledges,
            flags: PUSH | ACK,
            window: 8192,
            urgent: 0,
            options: Vec::new(),
            bytes: bytes.to_vec(),
            hops: 64,
            sum: self.sum,
            is_six: self.is_six,
            is_datagram: self.is_datagram,
            starts: self.starts,
        }
    }

    /// The master says something, and nothing is wrong with it.
    pub(super) fn ask(&mut self, bytes: &[u8]) {
        self.send(&self.master(bytes));
        self.has_asked(bytes);
    }

    /// The device does.
    pub(super) fn answer(&mut self, bytes: &[u8]) {
        self.send(&self.device(bytes));
        self.answered += u32::try_from(bytes.len()).unwrap();
    }

    /// The device has these octets, however they came.
    pub(super) fn has_asked(&mut self, bytes: &[u8]) {
        self.asked = self.asked.wrapping_add(u32::try_from(bytes.len()).unwrap());
    }

    /// The command was taken: its answer, and the polls go on.
    pub(super) fn taken(&mut self) {
        self.answer(&trip());
        self.polls(1);
    }

    /// The command came by segments that are sent here; it is taken.
    pub(super) fn tripped_by(&mut self, segments: &[Segment]) {
        for segment in segments {
            self.send(segment);
        }
        self.has_asked(&trip());
        self.taken();
    }

    pub(super) fn send(&mut self, segment: &Segment) {
        self.put(segment.frame());
    }

    /// A packet of the master in a frame.
    pub(super) fn send_packet(&mut self, packet: &[u8]) {
        let kind = if packet[0] >> 4 == 6 { 0x86DD } else { 0x0800 };
        self.put(ethernet(true, kind, packet));
    }

    pub(super) fn put(&mut self, bytes: Vec<u8>) {
        self.frames.push(Frame { time_ns: self.time_ns, bytes });
        self.time_ns += 1_000_000;
    }

    pub(super) fn wait(&mut self, seconds: u64) {
        self.time_ns += seconds * 1_000_000_000;
    }

    /// Every frame as it is in a carrier.
    pub(super) fn carried(mut self, in_carrier: impl Fn(&[u8]) -> Vec<u8>) -> Self {
        for frame in &mut self.frames {
            frame.bytes = in_carrier(&frame.bytes);
        }
        self
    }

    pub(super) fn recording(self) -> Recording {
        Recording { frames: self.frames }
    }
}
