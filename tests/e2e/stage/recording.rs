//! A capture in memory. Read and written by these lines alone, so that the tests do not trust the reader under test.

use std::io::Read as _;
use std::path::{Path, PathBuf};

/// One captured frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Since the epoch.
    pub(crate) time_ns: u64,
    /// From the Ethernet header on.
    pub(crate) bytes: Vec<u8>,
}

impl Frame {
    /// The TCP ports of an IPv4 frame without VLAN tags.
    pub(crate) fn ports(&self) -> Option<(u16, u16)> {
        let (header, transport) = self.ip()?;
        (*header.get(9)? == 6).then_some(())?;
        let port =
            |at: usize| Some(u16::from_be_bytes(transport.get(at..at + 2)?.try_into().ok()?));
        Some((port(0)?, port(2)?))
    }

    /// The octets that a TCP segment carries.
    pub(crate) fn payload(&self) -> &[u8] {
        let Some((_, transport)) = self.ip().filter(|_| self.ports().is_some()) else { return &[] };
        let header = usize::from(transport[12] >> 4) * 4;
        transport.get(header..).unwrap_or_default()
    }

    fn ip(&self) -> Option<(&[u8], &[u8])> {
        let packet = self.bytes.get(14..)?;
        (self.bytes[12..14] == [0x08, 0x00]).then_some(())?;
        let header = usize::from(packet.first()? & 0x0f) * 4;
        let length = usize::from(u16::from_be_bytes(packet.get(2..4)?.try_into().ok()?));
        Some((packet.get(..header)?, packet.get(header..length)?))
    }
}

/// The frames of a capture.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Recording {
    pub(crate) frames: Vec<Frame>,
}

impl Recording {
    /// A little-endian Ethernet capture of one interface, plain or in gzip: pcap, or pcapng of microseconds.
    pub(crate) fn read(path: &Path) -> Self {
        let bytes =
            std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut plain = Vec::new();
        if bytes.starts_with(&[0x1f, 0x8b]) {
            flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_end(&mut plain).expect("gzip");
        } else {
            plain = bytes;
        }
        let frames = match word(&plain, 0) {
            0xa1b2_c3d4 => pcap(&plain, 1_000),
            0xa1b2_3c4d => pcap(&plain, 1),
            0x0a0d_0d0a => pcapng(&plain),
            magic => panic!("{}: magic {magic:08x}", path.display()),
        };
        Self { frames }
    }

    /// As a pcap file of nanoseconds.
    pub(crate) fn octets(&self) -> Vec<u8> {
        let mut octets = Vec::new();
        for word in [0xa1b2_3c4d_u32, 0x0004_0002, 0, 0, 0x0004_0000, 1] {
            octets.extend(word.to_le_bytes());
        }
        for frame in &self.frames {
            let length = u32::try_from(frame.bytes.len()).unwrap();
            let second = u32::try_from(frame.time_ns / 1_000_000_000).unwrap();
            let nanosecond = u32::try_from(frame.time_ns % 1_000_000_000).unwrap();
            for word in [second, nanosecond, length, length] {
                octets.extend(word.to_le_bytes());
            }
            octets.extend(&frame.bytes);
        }
        octets
    }

    /// Writes a pcap file and gives its path.
    pub(crate) fn write(&self, directory: &Path, name: &str) -> PathBuf {
        let path = directory.join(name);
        std::fs::write(&path, self.octets()).unwrap();
        path
    }

    /// The first half of the frames and the rest.
    pub(crate) fn halves(&self) -> (Self, Self) {
        let (first, second) = self.frames.split_at(self.frames.len() / 2);
        (Self { frames: first.to_vec() }, Self { frames: second.to_vec() })
    }

    /// The first so many frames.
    pub(crate) fn first(&self, frames: usize) -> Self {
        Self { frames: self.frames.iter().take(frames).cloned().collect() }
    }

    /// The frames that are wanted.
    pub(crate) fn filtered(&self, wanted: impl Fn(&Frame) -> bool) -> Self {
        Self { frames: self.frames.iter().filter(|frame| wanted(frame)).cloned().collect() }
    }

    /// With other frames among its own, in the order of time.
    pub(crate) fn spliced(&self, with: &Self) -> Self {
        let mut frames = [self.frames.clone(), with.frames.clone()].concat();
        frames.sort_by_key(|frame| frame.time_ns);
        Self { frames }
    }

    /// As if it had been captured so much later.
    pub(crate) fn later(&self, by_ns: u64) -> Self {
        let later = |frame: &Frame| Frame { time_ns: frame.time_ns + by_ns, ..frame.clone() };
        Self { frames: self.frames.iter().map(later).collect() }
    }

    /// The time of a frame, counted from 0.
    pub(crate) fn time_ns(&self, frame: usize) -> u64 {
        self.frames[frame].time_ns
    }
}

fn word(octets: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(octets[at..at + 4].try_into().unwrap())
}

fn pcap(octets: &[u8], tick_ns: u64) -> Vec<Frame> {
    assert_eq!(word(octets, 20), 1, "Ethernet");
    let mut frames = Vec::new();
    let mut at = 24;
    while at + 16 <= octets.len() {
        let second = u64::from(word(octets, at)) * 1_000_000_000;
        let time_ns = second + u64::from(word(octets, at + 4)) * tick_ns;
        let end = at + 16 + word(octets, at + 8) as usize;
        frames.push(Frame { time_ns, bytes: octets[at + 16..end].to_vec() });
        at = end;
    }
    frames
}

fn pcapng(octets: &[u8]) -> Vec<Frame> {
    let mut frames = Vec::new();
    let mut at = 0;
    while at + 12 <= octets.len() {
        let length = word(octets, at + 4) as usize;
        let block = &octets[at + 8..at + length - 4];
        match word(octets, at) {
            1 => {
                assert_eq!(word(block, 0) & 0xffff, 1, "Ethernet");
                // Option 9 is the resolution: 10 to the minus 6th of a second, as without it.
                let resolution = &block[8..];
                assert!(!resolution.starts_with(&[9, 0]) || resolution[4] == 6, "microseconds");
            }
            6 => {
                let ticks = u64::from(word(block, 4)) << 32 | u64::from(word(block, 8));
                let end = 20 + word(block, 12) as usize;
                frames.push(Frame { time_ns: ticks * 1_000, bytes: block[20..end].to_vec() });
            }
            _ => {}
        }
        at += length;
    }
    frames
}

#[test]
fn a_recording_reads_back_as_it_was_written() {
    let frame = |time_ns, length| Frame { time_ns, bytes: vec![0xab; length] };
    let recording =
        Recording { frames: vec![frame(1_000_000_001, 60), frame(2_999_999_999, 1514)] };
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(Recording::read(&recording.write(directory.path(), "a.pcap")), recording);
}
