//! Frames: Ethernet, IP and both ends of a TCP connection.

use std::net::Ipv4Addr;

/// A captured frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// When, in nanoseconds since 1970.
    pub time: i64,
    /// From the Ethernet header on.
    pub bytes: Vec<u8>,
    /// Whose doing it is.
    pub mark: Mark,
}

/// Whose doing a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mark {
    /// The site goes about its business.
    #[default]
    Normal,
    /// An actor's connection.
    Actor,
    /// An actor's request, by its number.
    Request(u32),
    /// The answer to it.
    Answer(u32),
}

/// One end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// The link address.
    pub mac: [u8; 6],
    /// The address.
    pub address: Ipv4Addr,
    /// The port.
    pub port: u16,
}

/// Which side of a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// It opened the connection.
    Client,
    /// It was called.
    Server,
}

const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const PSH: u8 = 8;
const ACK: u8 = 16;

/// The most octets in a segment.
const SEGMENT_MAX: usize = 1460;
/// Between segments, and between halves of a handshake.
const STEP_NS: i64 = 180_000;

/// A TCP connection: what either end would send next.
#[derive(Debug, Clone)]
pub struct Connection {
    client: End,
    server: End,
    sequence: [u32; 2],
    /// What each side has acknowledged.
    acknowledged: [u32; 2],
    /// The identification of each side's next packet.
    identification: [u16; 2],
    /// From when on something can be said, so that exchanges do not overlap.
    pub free_at: i64,
    /// Neither side has ended it.
    pub is_open: bool,
}

impl Connection {
    /// A connection that is not open yet. `first` gives both sides' first numbers.
    #[must_use]
    pub fn new(client: End, server: End, first: [u32; 2]) -> Self {
        let identification = first.map(|number| u16::try_from(number >> 16).unwrap_or(0));
        Self {
            client,
            server,
            sequence: first,
            acknowledged: [0, 0],
            identification,
            free_at: i64::MIN,
            is_open: false,
        }
    }

    /// The side that opened it, and the other.
    #[must_use]
    pub const fn ends(&self) -> [End; 2] {
        [self.client, self.server]
    }

    const fn nth(side: Side) -> usize {
        match side {
            Side::Client => 0,
            Side::Server => 1,
        }
    }

    /// The handshake; gives when it is done.
    pub fn open(&mut self, time: i64, mark: Mark, out: &mut Vec<Frame>) -> i64 {
        self.emit(Side::Client, SYN, &[], time, mark, out);
        self.advance(Side::Client, 1);
        self.emit(Side::Server, SYN | ACK, &[], time + STEP_NS, mark, out);
        self.advance(Side::Server, 1);
        self.emit(Side::Client, ACK, &[], time + 2 * STEP_NS, mark, out);
        self.is_open = true;
        self.free_at = time + 3 * STEP_NS;
        self.free_at
    }

    /// A SYN that nobody answers.
    pub fn knock(&mut self, time: i64, out: &mut Vec<Frame>) {
        self.emit(Side::Client, SYN, &[], time, Mark::Normal, out);
    }

    /// Octets in as many segments as they take; gives when the last one went.
    pub fn send(
        &mut self,
        side: Side,
        octets: &[u8],
        time: i64,
        mark: Mark,
        out: &mut Vec<Frame>,
    ) -> i64 {
        let mut time = time;
        let segments = octets.chunks(SEGMENT_MAX).count();
        for (nth, segment) in octets.chunks(SEGMENT_MAX).enumerate() {
            self.emit(
                side,
                if nth + 1 == segments { PSH | ACK } else { ACK },
                segment,
                time,
                mark,
                out,
            );
            self.advance(side, segment.len());
            time += STEP_NS;
        }
        self.free_at = self.free_at.max(time);
        time - STEP_NS
    }

    /// Octets that are sent and never heard of again: they are sent anew next time.
    pub fn lose(&mut self, side: Side, octets: &[u8], time: i64, out: &mut Vec<Frame>) {
        self.emit(side, PSH | ACK, octets, time, Mark::Normal, out);
    }

    /// Octets with a number of one's choice: what an injector sends.
    pub fn forge(
        &mut self,
        side: Side,
        octets: &[u8],
        time: i64,
        mark: Mark,
        out: &mut Vec<Frame>,
    ) {
        self.emit(side, PSH | ACK, octets, time, mark, out);
    }

    /// An acknowledgement without data, where one is due.
    pub fn acknowledge(&mut self, side: Side, time: i64, mark: Mark, out: &mut Vec<Frame>) {
        let other = self.sequence.get(1 - Self::nth(side)).copied().unwrap_or(0);
        if self.acknowledged.get(Self::nth(side)) != Some(&other) {
            self.emit(side, ACK, &[], time, mark, out);
            self.free_at = self.free_at.max(time + STEP_NS);
        }
    }

    /// A probe of an idle connection, and its answer.
    pub fn keep_alive(&mut self, side: Side, time: i64, out: &mut Vec<Frame>) {
        let nth = Self::nth(side);
        let other = if side == Side::Client { Side::Server } else { Side::Client };
        if let Some(number) = self.sequence.get_mut(nth) {
            *number = number.wrapping_sub(1);
        }
        self.emit(side, ACK, &[], time, Mark::Normal, out);
        self.advance(side, 1);
        self.emit(other, ACK, &[], time + STEP_NS, Mark::Normal, out);
    }

    /// One side ends it and the other agrees.
    pub fn close(&mut self, side: Side, time: i64, mark: Mark, out: &mut Vec<Frame>) -> i64 {
        let other = if side == Side::Client { Side::Server } else { Side::Client };
        self.emit(side, FIN | ACK, &[], time, mark, out);
        self.advance(side, 1);
        self.emit(other, FIN | ACK, &[], time + STEP_NS, mark, out);
        self.advance(other, 1);
        self.emit(side, ACK, &[], time + 2 * STEP_NS, mark, out);
        self.is_open = false;
        time + 3 * STEP_NS
    }

    /// One side breaks it off.
    pub fn reset(&mut self, side: Side, time: i64, mark: Mark, out: &mut Vec<Frame>) {
        self.emit(side, RST | ACK, &[], time, mark, out);
        self.is_open = false;
    }

    fn advance(&mut self, side: Side, octets: usize) {
        if let Some(number) = self.sequence.get_mut(Self::nth(side)) {
            *number = number.wrapping_add(u32::try_from(octets).unwrap_or(0));
        }
    }

    fn emit(
        &mut self,
        side: Side,
        flags: u8,
        octets: &[u8],
        time: i64,
        mark: Mark,
        out: &mut Vec<Frame>,
    ) {
        let nth = Self::nth(side);
        let (from, to) =
            if nth == 0 { (self.client, self.server) } else { (self.server, self.client) };
        let heard = self.sequence.get(1 - nth).copied().unwrap_or(0);
        let number = self.sequence.get(nth).copied().unwrap_or(0);
        let acknowledges = if flags & ACK == 0 { 0 } else { heard };
        if let Some(own) = self.acknowledged.get_mut(nth) {
            *own = acknowledges;
        }
        let identification = self.identification.get_mut(nth).map_or(0, |next| {
            *next = next.wrapping_add(1);
            *next
        });
        let bytes =
            segment(&Segment { from, to, number, acknowledges, flags, identification, octets });
        out.push(Frame { time, bytes, mark });
    }
}

struct Segment<'a> {
    from: End,
    to: End,
    number: u32,
    acknowledges: u32,
    flags: u8,
    identification: u16,
    octets: &'a [u8],
}

fn segment(own: &Segment<'_>) -> Vec<u8> {
    let options: &[u8] = if own.flags & SYN == 0 { &[] } else { &[2, 4, 5, 0xb4] };
    let header = 20 + options.len();
    let length = u16::try_from(20 + header + own.octets.len()).unwrap_or(u16::MAX);
    let mut frame = Vec::with_capacity(14 + usize::from(length).max(46));
    frame.extend(own.to.mac);
    frame.extend(own.from.mac);
    frame.extend([8, 0, 0x45, 0]);
    frame.extend(length.to_be_bytes());
    frame.extend(own.identification.to_be_bytes());
    frame.extend([0x40, 0, 64, 6, 0, 0]);
    frame.extend(own.from.address.octets());
    frame.extend(own.to.address.octets());
    let internet = sum(0, frame.get(14..34).unwrap_or_default());
    put(&mut frame, 24, internet);
    frame.extend(own.from.port.to_be_bytes());
    frame.extend(own.to.port.to_be_bytes());
    frame.extend(own.number.to_be_bytes());
    frame.extend(own.acknowledges.to_be_bytes());
    frame.extend([u8::try_from(header / 4).unwrap_or(5) << 4, own.flags]);
    frame.extend([0xfa, 0xf0, 0, 0, 0, 0]);
    frame.extend(options);
    frame.extend(own.octets);
    let pseudo = pairs(own.from.address.octets().iter().chain(&own.to.address.octets()))
        + 6
        + u32::from(length - 20);
    let check = sum(pseudo, frame.get(34..).unwrap_or_default());
    put(&mut frame, 50, check);
    if frame.len() < 60 {
        frame.resize(60, 0);
    }
    frame
}

fn put(frame: &mut [u8], at: usize, word: u16) {
    if let Some(place) = frame.get_mut(at..at + 2) {
        place.copy_from_slice(&word.to_be_bytes());
    }
}

fn pairs<'a>(octets: impl Iterator<Item = &'a u8>) -> u32 {
    octets
        .enumerate()
        .map(|(nth, octet)| u32::from(*octet) << if nth % 2 == 0 { 8 } else { 0 })
        .sum()
}

/// The Internet's checksum.
fn sum(start: u32, octets: &[u8]) -> u16 {
    let mut sum = start + pairs(octets.iter());
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(0)
}
