//! Captures put together octet by octet, in either byte order.

use std::io::{Cursor, Write};

use gridtap_wire::LinkType;

use crate::error::Error;
use crate::order::Order;
use crate::reader::Reader;

/// A frame as a test compares it: number, time in nanoseconds, link type, original length, octets.
pub(crate) type Seen = (u64, i64, LinkType, u32, Vec<u8>);

/// Everything a capture gives, and how it ended.
pub(crate) fn read(bytes: &[u8]) -> (Vec<Seen>, Option<Error>) {
    let mut frames = Vec::new();
    let mut reader = match Reader::new("test", 7, Box::new(Cursor::new(bytes.to_vec()))) {
        Ok(reader) => reader,
        Err(error) => return (frames, Some(error)),
    };
    loop {
        match reader.next() {
            Ok(Some(frame)) => {
                assert_eq!(frame.capture, 7);
                let (time, bytes) = (frame.time.nanos(), frame.bytes.to_vec());
                frames.push((frame.number, time, frame.link, frame.original_length, bytes));
            }
            Ok(None) => return (frames, None),
            Err(error) => {
                assert!(matches!(reader.next(), Ok(None)), "nothing comes after a fault");
                return (frames, Some(error));
            }
        }
    }
}

pub(crate) struct Bytes {
    pub(crate) order: Order,
    pub(crate) bytes: Vec<u8>,
}

impl Bytes {
    pub(crate) fn new(order: Order) -> Self {
        Self { order, bytes: Vec::new() }
    }

    pub(crate) fn u16(mut self, number: u16) -> Self {
        self.bytes.extend(match self.order {
            Order::Little => number.to_le_bytes(),
            Order::Big => number.to_be_bytes(),
        });
        self
    }

    pub(crate) fn u32(mut self, number: u32) -> Self {
        self.bytes.extend(match self.order {
            Order::Little => number.to_le_bytes(),
            Order::Big => number.to_be_bytes(),
        });
        self
    }

    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    fn pad(mut self) -> Self {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        self
    }

    // pcap

    pub(crate) fn pcap(self, magic: u32, snaplen: u32, link: u32) -> Self {
        self.u32(magic).u16(2).u16(4).u32(0).u32(0).u32(snaplen).u32(link)
    }

    pub(crate) fn record(self, time: (u32, u32), original: u32, frame: &[u8]) -> Self {
        let captured = u32::try_from(frame.len()).unwrap();
        self.u32(time.0).u32(time.1).u32(captured).u32(original).raw(frame)
    }

    // pcapng

    pub(crate) fn block(self, kind: u32, content: impl FnOnce(Self) -> Self) -> Self {
        let content = content(Self::new(self.order)).pad();
        let length = u32::try_from(content.bytes.len()).unwrap() + 12;
        self.u32(kind).u32(length).raw(&content.bytes).u32(length)
    }

    pub(crate) fn section(self) -> Self {
        self.block(0x0a0d_0d0a, |block| block.u32(0x1a2b_3c4d).u16(1).u16(0).raw(&[0xff; 8]))
    }

    pub(crate) fn option(self, code: u16, value: &[u8]) -> Self {
        self.u16(code).u16(u16::try_from(value.len()).unwrap()).raw(value).pad()
    }

    pub(crate) fn interface(
        self,
        link: u16,
        snaplen: u32,
        options: impl FnOnce(Self) -> Self,
    ) -> Self {
        self.block(1, |block| options(block.u16(link).u16(0).u32(snaplen)))
    }

    pub(crate) fn enhanced(self, interface: u32, ticks: u64, original: u32, frame: &[u8]) -> Self {
        let captured = u32::try_from(frame.len()).unwrap();
        let (high, low) =
            (u32::try_from(ticks >> 32).unwrap(), u32::try_from(ticks & 0xffff_ffff).unwrap());
        self.block(6, |block| {
            block.u32(interface).u32(high).u32(low).u32(captured).u32(original).raw(frame)
        })
    }
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

/// Packed by the program of those who made the format.
pub(crate) fn zstd(bytes: &[u8], options: &[&str]) -> Vec<u8> {
    let mut program = std::process::Command::new("zstd");
    program.args(["--quiet", "--stdout"]).args(options);
    let mut program = program
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("zstd is there: apt-get install zstd");
    let mut input = program.stdin.take().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || input.write_all(bytes).unwrap());
        let packed = program.wait_with_output().unwrap();
        assert!(packed.status.success());
        packed.stdout
    })
}

/// A pcap file of three frames, and one of the same frames in pcapng.
pub(crate) fn three_frames(order: Order) -> [Vec<u8>; 2] {
    let frames: [(u32, &[u8]); 3] = [(1, b"first frame"), (2, b""), (3, b"the third")];
    let mut pcap = Bytes::new(order).pcap(0xa1b2_c3d4, 65_535, 1);
    let mut pcapng = Bytes::new(order).section().interface(1, 0, |options| options);
    for (second, frame) in frames {
        pcap = pcap.record((second, 500_000), 60, frame);
        pcapng = pcapng.enhanced(0, u64::from(second) * 1_000_000 + 500_000, 60, frame);
    }
    [pcap.bytes, pcapng.bytes]
}
