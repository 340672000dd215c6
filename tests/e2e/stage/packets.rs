//! Packets with right checksums: what a capture is spliced with.

use super::recording::Frame;

const FIN_ACK: u8 = 0x11;
const SYN: u8 = 0x02;
const SYN_ACK: u8 = 0x12;
const ACK: u8 = 0x10;
const PUSH_ACK: u8 = 0x18;

/// One end of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Host {
    pub(crate) mac: [u8; 6],
    pub(crate) ip: [u8; 4],
    pub(crate) port: u16,
}

/// A TCP connection being written down, frame after frame, a millisecond apart.
#[derive(Debug)]
pub(crate) struct Session {
    client: Host,
    server: Host,
    client_next: u32,
    server_next: u32,
    time_ns: u64,
    pub(crate) frames: Vec<Frame>,
}

impl Session {
    /// A connection of which nothing has been sent yet.
    pub(crate) fn new(client: Host, server: Host, time_ns: u64) -> Self {
        Self {
            client,
            server,
            client_next: 0x1234_5678,
            server_next: 0x9abc_def0,
            time_ns,
            frames: Vec::new(),
        }
    }

    /// The three packets that open it.
    pub(crate) fn opened(mut self) -> Self {
        self.client_says(SYN, &[]);
        self.server_says(SYN_ACK, &[]);
        self.client_says(ACK, &[]);
        self
    }

    /// A request.
    pub(crate) fn asked(mut self, bytes: &[u8]) -> Self {
        self.client_says(PUSH_ACK, bytes);
        self
    }

    /// An answer.
    pub(crate) fn answered(mut self, bytes: &[u8]) -> Self {
        self.server_says(PUSH_ACK, bytes);
        self
    }

    /// The packets that end it.
    pub(crate) fn closed(mut self) -> Self {
        self.client_says(FIN_ACK, &[]);
        self.server_says(FIN_ACK, &[]);
        self.client_says(ACK, &[]);
        self
    }

    fn client_says(&mut self, flags: u8, bytes: &[u8]) {
        let numbers = (self.client_next, self.server_next);
        self.says(self.client, self.server, numbers, flags, bytes);
        self.client_next = advanced(self.client_next, flags, bytes);
    }

    fn server_says(&mut self, flags: u8, bytes: &[u8]) {
        let numbers = (self.server_next, self.client_next);
        self.says(self.server, self.client, numbers, flags, bytes);
        self.server_next = advanced(self.server_next, flags, bytes);
    }

    fn says(&mut self, from: Host, to: Host, numbers: (u32, u32), flags: u8, bytes: &[u8]) {
        let (sequence, acknowledged) = numbers;
        let acknowledged = if flags & ACK == 0 { 0 } else { acknowledged };
        let bytes = ethernet(
            from,
            to,
            &ipv4(from, to, 6, &tcp(from, to, sequence, acknowledged, flags, bytes)),
        );
        self.frames.push(Frame { time_ns: self.time_ns, bytes });
        self.time_ns += 1_000_000;
    }
}

fn advanced(sequence: u32, flags: u8, bytes: &[u8]) -> u32 {
    let counted = u32::from(flags & 0x03 != 0);
    sequence.wrapping_add(counted).wrapping_add(u32::try_from(bytes.len()).unwrap())
}

fn ethernet(from: Host, to: Host, packet: &[u8]) -> Vec<u8> {
    let mut frame = [&to.mac[..], &from.mac[..], &[0x08, 0x00], packet].concat();
    frame.resize(frame.len().max(60), 0);
    frame
}

/// A UDP datagram in its Ethernet frame.
pub(crate) fn datagram(from: Host, to: Host, bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(8 + bytes.len()).unwrap().to_be_bytes();
    let mut segment = [from.port.to_be_bytes(), to.port.to_be_bytes(), length, [0, 0]].concat();
    segment.extend(bytes);
    let sum = checksum(&[&from.ip, &to.ip, &[0, 17], &length, &segment]).to_be_bytes();
    segment[6..8].copy_from_slice(&sum);
    ethernet(from, to, &ipv4(from, to, 17, &segment))
}

fn ipv4(from: Host, to: Host, protocol: u8, segment: &[u8]) -> Vec<u8> {
    let length = u16::try_from(20 + segment.len()).unwrap().to_be_bytes();
    let mut header = vec![0x45, 0, length[0], length[1], 0x12, 0x34, 0x40, 0, 128, protocol, 0, 0];
    header.extend(from.ip);
    header.extend(to.ip);
    let sum = checksum(&[&header]).to_be_bytes();
    header[10..12].copy_from_slice(&sum);
    [&header[..], segment].concat()
}

fn tcp(from: Host, to: Host, sequence: u32, acknowledged: u32, flags: u8, bytes: &[u8]) -> Vec<u8> {
    let mut segment = Vec::new();
    segment.extend(from.port.to_be_bytes());
    segment.extend(to.port.to_be_bytes());
    segment.extend(sequence.to_be_bytes());
    segment.extend(acknowledged.to_be_bytes());
    segment.extend([0x50, flags, 0xfa, 0xf0, 0, 0, 0, 0]);
    segment.extend(bytes);
    let length = u16::try_from(segment.len()).unwrap().to_be_bytes();
    let sum = checksum(&[&from.ip, &to.ip, &[0, 6], &length, &segment]).to_be_bytes();
    segment[16..18].copy_from_slice(&sum);
    segment
}

/// RFC 1071; only the last part may be of odd length.
pub(crate) fn checksum(parts: &[&[u8]]) -> u16 {
    let mut sum: u32 = 0;
    for pair in parts.iter().flat_map(|part| part.chunks(2)) {
        sum += u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or(0));
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap()
}

/// A Modbus/TCP message: transaction, unit, function and its data.
pub(crate) fn modbus(transaction: u16, unit: u8, function: u8, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(2 + data.len()).unwrap();
    let mut message = Vec::new();
    message.extend(transaction.to_be_bytes());
    message.extend([0, 0]);
    message.extend(length.to_be_bytes());
    message.extend([unit, function]);
    message.extend(data);
    message
}

#[test]
fn written_packets_carry_checksums_that_add_up() {
    let host = |last, port| Host { mac: [2, 0, 0, 0, 0, last], ip: [10, 0, 0, last], port };
    let session =
        Session::new(host(1, 40_000), host(2, 502), 5).opened().asked(&[1, 2, 3]).closed();
    assert_eq!(session.frames.len(), 7);
    for frame in &session.frames {
        let packet = &frame.bytes[14..];
        let length = usize::from(packet[3]);
        assert_eq!(checksum(&[&packet[..20]]), 0);
        let segment = &packet[20..length];
        let segment_length = u16::try_from(segment.len()).unwrap().to_be_bytes();
        assert_eq!(checksum(&[&packet[12..20], &[0, 6], &segment_length, segment]), 0);
    }
    assert_eq!(session.frames[3].payload(), [1, 2, 3]);
}
