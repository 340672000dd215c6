//! Captures inside what networks and mirrors put around frames: tshark finds the same messages in them as without, and
//! so do we.
#![expect(clippy::cast_possible_truncation, reason = "the lengths are those of the captures")]

use std::error::Error;
use std::fs;
use std::path::Path;

use gridtap_capture::Sources;

use super::{captures, heard, tshark};

const CAPTURES: [&str; 2] = [
    "public/ITI+ICS-Security-Tools/pcaps/bro/modbus/modbusSmall.pcap",
    "public/ITI+ICS-Security-Tools/pcaps/bro/dnp3/dnp3_select_operate.pcap",
];

/// The frames that go for one.
type Around = fn(&[u8]) -> Vec<Vec<u8>>;

const AROUND: [(&str, Around); 19] = [
    ("802.1ad and 802.1Q", |frame| {
        vec![typed(frame, 0x88A8, &[&[0, 100, 0x81, 0, 0, 7], &frame[12..]])]
    }),
    ("802.1ah", |frame| vec![typed(frame, 0x88A8, &[&[0, 100, 0x88, 0xE7, 0, 1, 2, 3], frame])]),
    ("SNAP", |frame| {
        let length = (frame.len() - 14 + 8) as u16;
        vec![typed(frame, length, &[&[0xAA, 0xAA, 3, 0, 0, 0], &frame[12..]])]
    }),
    ("MPLS", |frame| vec![typed(frame, 0x8847, &[&[0, 1, 0, 64, 0, 2, 1, 64], &frame[14..]])]),
    ("Ethernet over MPLS", |frame| vec![typed(frame, 0x8847, &[&[0, 1, 1, 64], frame])]),
    ("Ethernet over MPLS with a control word", |frame| {
        vec![typed(frame, 0x8847, &[&[0, 1, 1, 64, 0, 0, 0, 9], frame])]
    }),
    ("PPPoE", |frame| {
        let length = ((frame.len() - 14 + 2) as u16).to_be_bytes();
        vec![typed(frame, 0x8864, &[&[0x11, 0, 0, 9], &length, &[0, 0x21], &frame[14..]])]
    }),
    ("GRE", |frame| vec![ip(47, &[&[0, 0, 8, 0], &frame[14..]])]),
    ("GRE with checksum, key and sequence number", |frame| {
        vec![ip(47, &[&[0xB0, 0, 8, 0], &[0; 12], &frame[14..]])]
    }),
    ("Ethernet over GRE", |frame| vec![ip(47, &[&[0x20, 0, 0x65, 0x58, 0, 0, 1, 0], frame])]),
    ("ERSPAN type I", |frame| vec![ip(47, &[&[0, 0, 0x88, 0xBE], frame])]),
    ("ERSPAN type II", |frame| {
        vec![ip(47, &[&[0x10, 0, 0x88, 0xBE, 0, 0, 0, 1, 0x10, 17, 8, 5, 0, 0, 0, 3], frame])]
    }),
    ("ERSPAN type III", |frame| {
        let head = [0x10, 0, 0x22, 0xEB, 0, 0, 0, 1, 0x20, 17, 0, 5, 0, 0, 0, 3, 0, 0, 0, 6];
        vec![ip(47, &[&head, frame])]
    }),
    ("ERSPAN type III with its subheader", |frame| {
        let head = [0x10, 0, 0x22, 0xEB, 0, 0, 0, 1, 0x20, 17, 0, 5, 0, 0, 0, 3, 0, 0, 0, 7];
        vec![ip(47, &[&head, &[0x10, 0, 0, 0, 0, 0, 0, 1], frame])]
    }),
    ("VXLAN", |frame| vec![udp(4789, &[&[8, 0, 0, 0, 0, 0, 77, 0], frame])]),
    ("VXLAN-GPE", |frame| vec![udp(4790, &[&[0x0C, 0, 0, 1, 0, 0, 77, 0], &frame[14..]])]),
    ("IP in IP", |frame| vec![ip(4, &[&frame[14..]])]),
    ("HSR", |frame| {
        let size = ((frame.len() - 14 + 6) as u16).to_be_bytes();
        vec![typed(frame, 0x892F, &[&size, &[0, 1], &frame[12..]])]
    }),
    ("ERSPAN in fragments", |frame| {
        let whole =
            ip(47, &[&[0x10, 0, 0x88, 0xBE, 0, 0, 0, 1, 0x10, 17, 8, 5, 0, 0, 0, 3], frame]);
        fragments(&whole)
    }),
];

/// The addresses of a frame, and another type and content.
fn typed(frame: &[u8], kind: u16, parts: &[&[u8]]) -> Vec<u8> {
    [&frame[..12], &kind.to_be_bytes(), &parts.concat()].concat()
}

fn ip(protocol: u8, parts: &[&[u8]]) -> Vec<u8> {
    let payload = parts.concat();
    // Every packet has its own identification: that of what is in it would do, were there always one.
    let identification = payload
        .iter()
        .fold(1_u16, |sum, octet| sum.rotate_left(3) ^ u16::from(*octet).wrapping_mul(0x1021));
    let mut packet = vec![2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 8, 0x08, 0, 0x45, 0];
    packet.extend(((payload.len() + 20) as u16).to_be_bytes());
    packet.extend(identification.to_be_bytes());
    packet.extend([0, 0, 64, protocol, 0, 0, 192, 0, 2, 1, 192, 0, 2, 9]);
    sign(&mut packet);
    packet.extend(payload);
    packet
}

/// Puts the header's checksum in.
fn sign(packet: &mut [u8]) {
    packet[24..26].fill(0);
    let words = packet[14..34].chunks(2).map(|word| u32::from(word[0]) << 8 | u32::from(word[1]));
    let sum: u32 = words.sum();
    let sum = !(((sum & 0xFFFF) + (sum >> 16)) as u16);
    packet[24..26].copy_from_slice(&sum.to_be_bytes());
}

fn udp(port: u16, parts: &[&[u8]]) -> Vec<u8> {
    let payload = parts.concat();
    let length = (payload.len() as u16 + 8).to_be_bytes();
    ip(17, &[&[0xC0, 0, (port >> 8) as u8, port as u8], &length, &[0, 0], &payload])
}

/// A packet in two, the second first.
fn fragments(whole: &[u8]) -> Vec<Vec<u8>> {
    let (head, payload) = whole.split_at(34);
    let part = |bytes: &[u8], place: u16| {
        let mut packet = [head, bytes].concat();
        packet[16..18].copy_from_slice(&((bytes.len() + 20) as u16).to_be_bytes());
        packet[20..22].copy_from_slice(&place.to_be_bytes());
        sign(&mut packet);
        packet
    };
    vec![part(&payload[32..], 4), part(&payload[..32], 0x2000)]
}

/// Writes a capture with something around every frame of IPv4.
fn wrap(from: &Path, to: &Path, around: Around) -> Result<(), Box<dyn Error>> {
    let mut sources = Sources::open(&[from])?;
    let mut capture = vec![0x4D, 0x3C, 0xB2, 0xA1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0];
    capture.extend([1, 0, 0, 0]);
    while let Some(frame) = sources.next()? {
        let is_ip = frame.bytes[12..14] == [8, 0];
        for bytes in if is_ip { around(frame.bytes) } else { vec![frame.bytes.to_vec()] } {
            let nanos = frame.time.nanos();
            let length = bytes.len() as u32;
            let head = [(nanos / 1_000_000_000) as u32, (nanos % 1_000_000_000) as u32];
            capture.extend(head.into_iter().chain([length, length]).flat_map(u32::to_le_bytes));
            capture.extend(bytes);
        }
    }
    Ok(fs::write(to, capture)?)
}

/// What tshark says of every frame with a message: the port that sent it, and what tells messages apart.
/// Nothing on the wire says whether there is a control word: it has to be told.
fn messages(path: &Path, what: &str) -> Option<Vec<String>> {
    let fields = ["tcp.srcport", "modbus.func_code", "mbtcp.trans_id", "dnp3.al.func", "dnp3.ctl"];
    let fields = fields.iter().flat_map(|field| ["-e", field]);
    let filter = ["-Y", "mbtcp or dnp3", "-T", "fields"];
    let path = path.display().to_string();
    let mut arguments = ["-n", "-r", path.as_str()].map(str::to_owned).to_vec();
    arguments.extend(filter.into_iter().chain(fields).map(str::to_owned));
    if let Some(rest) = what.strip_prefix("Ethernet over MPLS") {
        let form = if rest.is_empty() { "pwethnocw" } else { "pwethcw" };
        arguments.extend(["-d".to_owned(), format!("mpls.label==16,{form}")]);
    }
    let said = tshark(&arguments)?;
    Some(said.lines().map(str::to_owned).collect())
}

#[test]
fn whatever_is_around_frames_the_streams_in_them_are_heard() {
    let directory = tempfile::tempdir().unwrap();
    for name in CAPTURES {
        let path = captures().join(name);
        if !path.is_file() {
            println!("{name} is not there: nothing compared");
            continue;
        }
        let plain = heard(&path).unwrap();
        assert!(!plain.is_empty(), "{name} has streams");
        let expected = messages(&path, "nothing");
        for (what, around) in AROUND {
            let wrapped = directory.path().join("wrapped.pcap");
            wrap(&path, &wrapped, around).unwrap();
            assert!(heard(&wrapped).unwrap() == plain, "{what} around {name}");
            match (&expected, messages(&wrapped, what)) {
                (Some(expected), Some(found)) => {
                    assert!(!expected.is_empty(), "{name} has messages");
                    assert_eq!(found, *expected, "tshark: {what} around {name}");
                }
                _ => println!("tshark does not run: nothing compared"),
            }
        }
    }
}
