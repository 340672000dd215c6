//! Frames with right checksums, each written into a buffer that is used again: runs need millions of them.

/// One end of a conversation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End {
    pub(crate) hardware: [u8; 6],
    pub(crate) address: u32,
    pub(crate) port: u16,
}

pub(crate) const SYN: u8 = 0x02;
pub(crate) const SYN_ACK: u8 = 0x12;
pub(crate) const PUSH_ACK: u8 = 0x18;

const TCP: u8 = 6;
const UDP: u8 = 17;
const ETHERNET: usize = 14;
const IP: usize = 20;
/// Of the flags and the place of a fragment: it is whole and must stay so, or is the first of more.
const DO_NOT_FRAGMENT: u16 = 0x4000;
const MORE_FRAGMENTS: u16 = 0x2000;

/// A TCP segment with its sequence and acknowledgement numbers.
pub(crate) fn segment(
    frame: &mut Vec<u8>,
    [from, to]: [End; 2],
    numbers: [u32; 2],
    flags: u8,
    data: &[u8],
) {
    begin(frame, [from, to], TCP, [0, DO_NOT_FRAGMENT], 20 + data.len());
    frame.extend(from.port.to_be_bytes());
    frame.extend(to.port.to_be_bytes());
    frame.extend(numbers.iter().flat_map(|number| number.to_be_bytes()));
    frame.extend([0x50, flags, 0x20, 0, 0, 0, 0, 0]);
    frame.extend(data);
    let pseudo = [from.address, to.address].into_iter().flat_map(|it| [it >> 16, it & 0xFFFF]);
    let tcp = frame.get(ETHERNET + IP..).unwrap_or_default();
    let octets = u32::try_from(tcp.len()).unwrap_or(0);
    let check = checksum(tcp, pseudo.sum::<u32>() + u32::from(TCP) + octets);
    put(frame, ETHERNET + IP + 16, check);
}

/// The first part of a datagram, whose rest is not written.
pub(crate) fn first_fragment(frame: &mut Vec<u8>, ends: [End; 2], identity: u16, data: &[u8]) {
    begin(frame, ends, UDP, [identity, MORE_FRAGMENTS], 8 + data.len());
    let length = u16::try_from(1_000 + data.len()).unwrap_or(u16::MAX);
    for word in [ends[0].port, ends[1].port, length, 0] {
        frame.extend(word.to_be_bytes());
    }
    frame.extend(data);
}

/// The headers of Ethernet and IPv4 before so many octets.
fn begin(
    frame: &mut Vec<u8>,
    [from, to]: [End; 2],
    protocol: u8,
    [identity, place]: [u16; 2],
    octets: usize,
) {
    frame.clear();
    frame.extend(to.hardware);
    frame.extend(from.hardware);
    frame.extend([8, 0, 0x45, 0]);
    let length = u16::try_from(IP + octets).unwrap_or(u16::MAX);
    for word in [length, identity, place] {
        frame.extend(word.to_be_bytes());
    }
    frame.extend([64, protocol, 0, 0]);
    frame.extend(from.address.to_be_bytes());
    frame.extend(to.address.to_be_bytes());
    let check = checksum(frame.get(ETHERNET..).unwrap_or_default(), 0);
    put(frame, ETHERNET + 10, check);
}

fn put(frame: &mut [u8], at: usize, word: [u8; 2]) {
    if let Some(place) = frame.get_mut(at..at + 2) {
        place.copy_from_slice(&word);
    }
}

/// RFC 1071.
fn checksum(octets: &[u8], already: u32) -> [u8; 2] {
    let words = octets.chunks(2).map(|pair| {
        let [high, low] = [0, 1].map(|at| pair.get(at).copied().unwrap_or(0));
        u32::from(u16::from_be_bytes([high, low]))
    });
    let mut sum = words.sum::<u32>() + already;
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    (!u16::try_from(sum).unwrap_or(0)).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    const fn end(last: u8, port: u16) -> End {
        End { hardware: [2, 0, 0, 0, 0, last], address: 0x0A00_0000 | last as u32, port }
    }

    #[test]
    fn checksums_are_right_in_the_eyes_of_another() {
        let ends = [end(7, 40_000), end(21, 502)];
        let (mut frame, mut file) = (Vec::new(), Vec::new());
        file.extend([0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0]);
        file.extend([0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 1, 0, 0, 0]);
        let mut record = |frame: &[u8]| {
            let length = u32::try_from(frame.len()).unwrap();
            file.extend([0_u32, 0, length, length].iter().flat_map(|word| word.to_le_bytes()));
            file.extend(frame);
        };
        segment(&mut frame, ends, [u32::MAX, 0xFFFF_0001], PUSH_ACK, &[0xAB, 0xCD, 0xEF]);
        record(&frame);
        segment(&mut frame, ends, [1, 0], SYN, &[]);
        record(&frame);
        first_fragment(&mut frame, ends, 0xBEEF, &[0; 64]);
        record(&frame);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("frames.pcap");
        std::fs::write(&path, file).unwrap();
        let mut tshark = Command::new("tshark");
        tshark.args(["-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE"]);
        tshark.args(["-T", "fields", "-e", "ip.checksum.status", "-e", "tcp.checksum.status"]);
        tshark.args(["-e", "tcp.len", "-e", "ip.flags.mf", "-e", "_ws.malformed", "-r"]);
        let told = tshark.arg(path).output().expect("tshark is installed");
        // 1 is a checksum that is right.
        let rows = ["1\t1\t3\t0\t", "1\t1\t0\t0\t", "1\t\t\t1\t"].join("\n");
        let told = String::from_utf8_lossy(&told.stdout).into_owned();
        assert_eq!(told.trim_end_matches('\n'), rows);
    }
}
