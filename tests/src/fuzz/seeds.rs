//! Where fuzzing begins: small inputs that reach far, made here and kept under `tests/fuzz/seeds`.

use std::io::Write;

use super::dnp3::{FRAGMENTS, framed};
use super::packet::{Carries, Packet};

/// A target, the name of a seed of it, and its octets.
pub type Seed = (&'static str, String, Vec<u8>);

/// Every seed there is.
#[must_use]
pub fn seeds() -> Vec<Seed> {
    let mut seeds = Vec::new();
    for (name, bytes) in captures() {
        seeds.push(("pipeline", name.clone(), bytes.clone()));
        seeds.push(("capture", name, bytes));
    }
    for (name, pdu) in PDUS {
        seeds.push(("modbus", format!("{name}.tcp"), mbap(pdu)));
        seeds.push(("modbus", name.to_owned(), pdu.to_vec()));
    }
    for (name, fragment) in FRAGMENTS {
        seeds.push(("dnp3", format!("{name}.frame"), framed(fragment)));
        seeds.push(("dnp3", name.to_owned(), fragment.to_vec()));
    }
    seeds.push(("wire_frames", "exchange".to_owned(), as_frames(&exchange(false))));
    seeds.push(("wire_frames", "exchange_6".to_owned(), as_frames(&exchange(true))));
    for (name, around) in AROUND {
        let frames: Vec<_> = exchange(false).iter().map(|frame| nested(around, frame)).collect();
        seeds.push(("wire_frames", name.to_owned(), as_frames(&frames)));
    }
    for (name, script) in SESSIONS {
        seeds.push(("wire_session", name.to_owned(), script.concat()));
    }
    for (name, script) in CONVERSATIONS {
        for target in ["dissect_account", "dissect_pieces"] {
            seeds.push((target, name.to_owned(), script.concat()));
        }
    }
    seeds
}

/// Steps: what and who (with the conversation's own octet at its first), then what it asks for.
const CONVERSATIONS: [(&str, &[Step]); 7] = [
    (
        "dnp3",
        &[
            // Over TCP to port 20000: frames, one of them damaged, one cut, a gap, and frames again.
            &[0x18, 2, 0x80, 0, 0],
            &[0x1c, 0x81, 0, 0],
            &[0x18, 0x82, 0, 0x8a, 0xff],
            &[0x98, 0x83, 0, 0, 7],
            &[0x28, 40],
            &[0x1c, 0x84, 0, 0],
            &[0x18, 0x85, 0, 0],
        ],
    ),
    (
        "exchange",
        &[
            &[0x18, 0, 2, 1, 0],
            &[0x1c, 3, 1, 0],
            &[0x18, 5, 2, 0],
            &[0x1c, 22, 2, 0],
            &[0x58, 20, 10, 3, 0],
            &[0x5c, 33, 11, 3, 0],
        ],
    ),
    ("split", &[&[0x98, 0, 10, 1, 0, 5], &[0x9c, 10, 1, 0, 9], &[0x98, 12, 2, 0, 1], &[0xb0]]),
    (
        "garbage_and_gap",
        &[
            &[0x18, 0, 2, 1, 0],
            &[0x00, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9],
            &[0x18, 4, 2, 0],
            &[0x28, 40],
            &[0x18, 4, 3, 0],
            &[0x2c, 9],
            &[0x1c, 4, 3, 0],
        ],
    ),
    ("tls", &[&[0x00, 1, 11, 0x16, 3, 1, 0, 6, 1, 0, 0, 2, 3, 3], &[0x04, 5, 0x17, 3, 3, 0, 1]]),
    (
        "rtu",
        &[
            &[0x00, 0x22, 8, 0x11, 3, 0, 0x6b, 0, 3, 0x76, 0x87],
            &[0x04, 11, 0x11, 3, 6, 0xae, 0x41, 0x56, 0x52, 0x43, 0x40, 0x49, 0xad],
            &[0x00, 8, 0x11, 3, 0, 0x6b, 0, 3, 0x76, 0x87],
        ],
    ),
    ("datagrams", &[&[0x18, 4, 2, 1, 0], &[0x1c, 3, 1, 0], &[0x78, 36, 2, 1, 0], &[0x38, 2]]),
];

/// Protocol data units, of requests and of responses.
pub(super) const PDUS: [(&str, &[u8]); 24] = [
    ("read_coils", b"\x01\x00\x13\x00\x25"),
    ("read_coils_answer", b"\x01\x05\xcd\x6b\xb2\x0e\x1b"),
    ("read_holding", b"\x03\x00\x6b\x00\x03"),
    ("read_holding_answer", b"\x03\x06\x02\x2b\x00\x00\x00\x64"),
    ("write_coil", b"\x05\x00\xac\xff\x00"),
    ("write_register", b"\x06\x00\x01\x00\x03"),
    ("exception_status", b"\x07"),
    ("diagnostics", b"\x08\x00\x0a\x00\x00"),
    ("event_log_answer", b"\x0c\x08\x00\x00\x01\x08\x01\x21\x20\x00"),
    ("write_coils", b"\x0f\x00\x13\x00\x0a\x02\xcd\x01"),
    ("write_registers", b"\x10\x00\x01\x00\x02\x04\x00\x0a\x01\x02"),
    ("server_id_answer", b"\x11\x03\x2a\xff\x31"),
    ("read_file", b"\x14\x0e\x06\x00\x04\x00\x01\x00\x02\x06\x00\x03\x00\x09\x00\x02"),
    ("read_file_answer", b"\x14\x0c\x05\x06\x0d\xfe\x00\x20\x05\x06\x33\xcd\x00\x40"),
    ("write_file", b"\x15\x0d\x06\x00\x04\x00\x07\x00\x03\x06\xaf\x04\xbe\x10\x0d"),
    ("mask_write", b"\x16\x00\x04\x00\xf2\x00\x25"),
    ("read_write", b"\x17\x00\x03\x00\x06\x00\x0e\x00\x03\x06\x00\xff\x00\xff\x00\xff"),
    ("read_fifo_answer", b"\x18\x00\x06\x00\x02\x01\xb8\x12\x84"),
    ("identification", b"\x2b\x0e\x01\x00"),
    ("identification_answer", b"\x2b\x0e\x01\x01\x00\x00\x02\x00\x03grd\x02\x03v10"),
    ("umas_reserve", b"\x5a\x00\x10\x00\x00\x00\x00\x04host"),
    ("umas_answer", b"\x5a\x00\xfe\x01\x02\x03"),
    ("exception", b"\x83\x02"),
    ("reserved", b"\x64\x01\x02"),
];

/// A unit of Modbus over TCP.
pub(super) fn mbap(pdu: &[u8]) -> Vec<u8> {
    let length = u16::try_from(pdu.len().saturating_add(1)).unwrap_or(0);
    [&[0, 7, 0, 0], &length.to_be_bytes()[..], &[3], pdu].concat()
}

/// A connection with one request and its answer.
fn exchange(version_6: bool) -> Vec<Vec<u8>> {
    let packet = |back: bool, sequence, acknowledgement, flags, payload: Vec<u8>| {
        let (client, server) = ((7, 40_007), (21, 502));
        let (source, destination) = if back { (server, client) } else { (client, server) };
        let carries = Carries::Tcp { sequence, acknowledgement, flags, payload };
        Packet {
            vlan: version_6,
            version_6,
            source,
            destination,
            carries,
            checksum_wrong: false,
            fragment_at: None,
            identification: 1,
        }
        .frames()
    };
    let (request, answer) = (mbap(b"\x03\x00\x6b\x00\x01"), mbap(b"\x03\x02\x02\x2b"));
    [
        packet(false, 100, 0, 0x02, Vec::new()),
        packet(true, 900, 101, 0x12, Vec::new()),
        packet(false, 101, 901, 0x10, Vec::new()),
        packet(false, 101, 901, 0x18, request),
        packet(true, 901, 113, 0x18, answer),
        packet(false, 113, 912, 0x11, Vec::new()),
        packet(true, 912, 114, 0x11, Vec::new()),
        packet(false, 114, 913, 0x10, Vec::new()),
    ]
    .concat()
}

/// Frames as the target of frames wants them.
/// Headers that go before a whole frame; the lengths in them are those of the frame's part.
const AROUND: [(&str, &[u8]); 4] = [
    ("ethernet_over_mpls", &[0x88, 0x47, 0, 1, 1, 64, 0, 0, 0, 9]),
    ("backbone", &[0x88, 0xa8, 0, 100, 0x88, 0xe7, 0, 0, 1, 0]),
    (
        "erspan",
        &[
            8, 0, 0x45, 0, 0, 0, 0, 0, 0, 0, 64, 47, 0, 0, 192, 0, 2, 1, 192, 0, 2, 9, 0x10, 0,
            0x88, 0xbe, 0, 0, 0, 1, 0x10, 17, 8, 5, 0, 0, 0, 3,
        ],
    ),
    (
        "vxlan",
        &[
            8, 0, 0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 9, 0xc0, 0,
            0x12, 0xb5, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 77, 0,
        ],
    ),
];

/// A frame with headers before it. An IP length of 0 is that of the frame.
fn nested(around: &[u8], frame: &[u8]) -> Vec<u8> {
    [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2], around, frame].concat()
}

fn as_frames(frames: &[Vec<u8>]) -> Vec<u8> {
    let mut input = Vec::new();
    for frame in frames {
        input.extend([0, u8::try_from(frame.len()).unwrap_or(u8::MAX)]);
        input.extend(frame);
    }
    input
}

/// Steps: what and who, wait, shape, flags, jump, length, then what these ask for.
type Step = &'static [u8];

const SESSIONS: [(&str, &[Step]); 6] = [
    (
        "handshake_and_data",
        &[
            &[0, 0x9e, 0, 0x02, 0, 0],
            &[4, 0x9e, 0, 0x12, 0, 0],
            &[0, 0x9e, 0, 0x18, 0, 12],
            &[4, 0x9e, 0, 0x18, 0, 90],
            &[0, 0x9e, 0, 0x11, 0, 0],
            &[4, 0x9e, 0, 0x11, 0, 0],
        ],
    ),
    (
        "out_of_order_and_repeated",
        &[
            &[1, 0, 0, 0x18, 0, 40],
            &[1, 0, 4, 0x18, 80, 40],
            &[1, 0, 4, 0x18, 40, 40],
            &[1, 0, 4, 0x18, 0, 60],
            &[1, 0, 4, 0x18, 0, 200],
            &[1, 0, 4, 0x18, 200, 40],
        ],
    ),
    (
        "gap_and_patience",
        &[
            &[2, 0, 0, 0x18, 0, 40],
            &[2, 0, 4, 0x18, 100, 40],
            &[2, 0xe0, 4, 0x18, 120, 40],
            &[6, 0xe0, 0x10, 0x10, 0, 0, 3],
        ],
    ),
    (
        "wrong_checksums",
        &[
            &[3, 0, 0x20, 0x18, 0, 40],
            &[3, 0, 0x20, 0x18, 0, 40],
            &[3, 0, 0x20, 0x18, 0, 40],
            &[7, 0, 0, 0x18, 0, 40],
            &[7, 0, 0x20, 0x18, 0, 40],
        ],
    ),
    (
        "datagrams_and_fragments",
        &[
            &[0x18, 0, 0x40, 0, 0, 80],
            &[0x1c, 0, 0, 0, 0, 80],
            &[0x40, 0, 0x48, 0x18, 0, 200],
            &[0x00, 0, 0x48, 0x18, 0, 200],
        ],
    ),
    (
        "reset_and_again",
        &[
            &[0x20, 0, 0, 0x02, 0, 0],
            &[0x20, 0, 0, 0x18, 0, 20],
            &[0x24, 0, 0, 0x04, 0, 0],
            &[0x20, 0x9e, 4, 0x02, 90, 0],
            &[0x20, 0, 0, 0x18, 0, 20],
            &[0xa0, 0, 0, 0x18, 0, 20, 30, 0x40],
        ],
    ),
];

/// Capture files of the exchange in every form.
fn captures() -> Vec<(String, Vec<u8>)> {
    let frames = exchange(false);
    let mut files = Vec::new();
    for big in [false, true] {
        let order = if big { "big" } else { "little" };
        files.push((format!("micro_{order}.pcap"), pcap(big, 0xa1b2_c3d4, &frames)));
        files.push((format!("nano_{order}.pcap"), pcap(big, 0xa1b2_3c4d, &frames)));
        files.push((format!("blocks_{order}.pcapng"), pcapng(big, &frames)));
    }
    let little = pcapng(false, frames.get(..4).unwrap_or_default());
    let big = pcapng(true, frames.get(4..).unwrap_or_default());
    files.push(("sections.pcapng".to_owned(), [little, big].concat()));
    let plain = pcap(false, 0xa1b2_c3d4, &frames);
    files.push(("packed.pcap.gz".to_owned(), gzip(&plain)));
    let (one, other) = plain.split_at(plain.len() / 2);
    files.push(("members.pcap.gz".to_owned(), [gzip(one), gzip(other)].concat()));
    files.push(("cut.pcap".to_owned(), plain.get(..200).unwrap_or_default().to_vec()));
    files
}

/// Numbers in one byte order.
struct Bytes {
    big: bool,
    bytes: Vec<u8>,
}

impl Bytes {
    fn u16(&mut self, number: u16) {
        self.bytes.extend(if self.big { number.to_be_bytes() } else { number.to_le_bytes() });
    }

    fn u32(&mut self, number: u32) {
        self.bytes.extend(if self.big { number.to_be_bytes() } else { number.to_le_bytes() });
    }

    fn block(&mut self, kind: u32, content: &[u8]) {
        let padded = content.len().next_multiple_of(4);
        let length = u32::try_from(padded.saturating_add(12)).unwrap_or(0);
        self.u32(kind);
        self.u32(length);
        self.bytes.extend(content);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        self.u32(length);
    }

    fn content(&self, words: &[u32], rest: &[u8]) -> Vec<u8> {
        let mut content = Self { big: self.big, bytes: Vec::new() };
        for word in words {
            content.u32(*word);
        }
        content.bytes.extend(rest);
        content.bytes
    }
}

fn length(frame: &[u8]) -> u32 {
    u32::try_from(frame.len()).unwrap_or(0)
}

pub(super) fn pcap(big: bool, magic: u32, frames: &[Vec<u8>]) -> Vec<u8> {
    let mut file = Bytes { big, bytes: Vec::new() };
    file.u32(magic);
    file.u16(2);
    file.u16(4);
    for word in [0, 0, 65_535, 1] {
        file.u32(word);
    }
    for (frame, number) in frames.iter().zip(1..) {
        for word in [1_714_557_600, number, length(frame), length(frame)] {
            file.u32(word);
        }
        file.bytes.extend(frame);
    }
    file.bytes
}

fn pcapng(big: bool, frames: &[Vec<u8>]) -> Vec<u8> {
    let mut file = Bytes { big, bytes: Vec::new() };
    let mut header = Bytes { big, bytes: Vec::new() };
    header.u32(0x1a2b_3c4d);
    header.u16(1);
    header.u16(0);
    header.bytes.extend([0xff; 8]);
    file.block(0x0a0d_0d0a, &header.bytes);
    let mut interface = Bytes { big, bytes: Vec::new() };
    interface.u16(1);
    interface.u16(0);
    interface.u32(0);
    interface.u16(2);
    interface.u16(4);
    interface.bytes.extend(b"eth1");
    interface.u16(9);
    interface.u16(1);
    interface.bytes.extend([9, 0, 0, 0]);
    file.block(1, &interface.bytes);
    file.block(0x0bad, b"custom");
    for (frame, number) in frames.iter().zip(1_u32..) {
        let all = length(frame);
        let content = match number % 4 {
            0 => (3, file.content(&[all], frame)),
            1 => (2, file.content(&[0, 400, number, all, all], frame)),
            _ => (6, file.content(&[0, 400, number, all, all], frame)),
        };
        file.block(content.0, &content.1);
    }
    file.bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    // Writing to memory does not fail.
    packer.write_all(bytes).and_then(|()| packer.finish()).unwrap_or_default()
}
