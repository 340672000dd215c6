//! Packets as they stand on a network, with their checksums right unless asked otherwise.

/// What a packet is made of.
#[derive(Debug, Clone)]
pub(super) struct Packet {
    pub(super) vlan: bool,
    pub(super) version_6: bool,
    /// The last octet of the sender's address, and its port.
    pub(super) source: (u8, u16),
    pub(super) destination: (u8, u16),
    pub(super) carries: Carries,
    pub(super) checksum_wrong: bool,
    /// Cut the IP payload in two fragments at this many octets (IPv4).
    pub(super) fragment_at: Option<usize>,
    pub(super) identification: u16,
}

#[derive(Debug, Clone)]
pub(super) enum Carries {
    Tcp { sequence: u32, acknowledgement: u32, flags: u8, payload: Vec<u8> },
    Udp { payload: Vec<u8> },
}

fn low(length: usize) -> u16 {
    u16::try_from(length & 0xffff).unwrap_or(0)
}

/// The Internet checksum of several stretches, each but the last of even length.
fn checksum(parts: &[&[u8]]) -> u16 {
    let mut sum = 0_u32;
    for part in parts {
        for pair in part.chunks(2) {
            let word = [pair.first().copied().unwrap_or(0), pair.get(1).copied().unwrap_or(0)];
            sum = sum.wrapping_add(u32::from(u16::from_be_bytes(word)));
        }
    }
    while sum > 0xffff {
        sum = (sum & 0xffff).wrapping_add(sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(0)
}

impl Packet {
    fn address(&self, host: u8) -> Vec<u8> {
        if self.version_6 {
            let mut address = vec![0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
            address.push(host);
            address
        } else {
            vec![10, 0, 0, host]
        }
    }

    /// The segment or datagram.
    fn transport(&self) -> (u8, Vec<u8>) {
        let ((_, source), (_, destination)) = (self.source, self.destination);
        let mut bytes = [source.to_be_bytes(), destination.to_be_bytes()].concat();
        let (protocol, payload, at) = match &self.carries {
            Carries::Tcp { sequence, acknowledgement, flags, payload } => {
                bytes.extend(sequence.to_be_bytes());
                bytes.extend(acknowledgement.to_be_bytes());
                bytes.extend([0x50, *flags, 0xff, 0xff, 0, 0, 0, 0]);
                (6, payload, 16)
            }
            Carries::Udp { payload } => {
                bytes.extend(low(payload.len().saturating_add(8)).to_be_bytes());
                bytes.extend([0, 0]);
                (17, payload, 6)
            }
        };
        bytes.extend(payload);
        let (from, to) = (self.address(self.source.0), self.address(self.destination.0));
        let length = low(bytes.len()).to_be_bytes();
        let pseudo = [0, protocol, length[0], length[1]];
        let mut sum = checksum(&[&from, &to, &pseudo, &bytes]);
        if sum == 0 && protocol == 17 {
            sum = 0xffff;
        }
        if self.checksum_wrong {
            // Any other value but 0, which in UDP means none.
            sum = if sum == 0x1234 { 0x4321 } else { 0x1234 };
        }
        for (slot, octet) in bytes.iter_mut().skip(at).zip(sum.to_be_bytes()) {
            *slot = octet;
        }
        (protocol, bytes)
    }

    fn ethernet(&self, internet: &[u8]) -> Vec<u8> {
        let mut frame = vec![2, 0, 0, 0, 0, self.destination.0, 2, 0, 0, 0, 0, self.source.0];
        if self.vlan {
            frame.extend([0x81, 0, 0, 7]);
        }
        frame.extend(if self.version_6 { [0x86, 0xdd] } else { [8, 0] });
        frame.extend(internet);
        frame
    }

    fn version_4(&self, protocol: u8, payload: &[u8], fragment: u16) -> Vec<u8> {
        let mut header = vec![0x45, 0];
        header.extend(low(payload.len().saturating_add(20)).to_be_bytes());
        header.extend(self.identification.to_be_bytes());
        header.extend(fragment.to_be_bytes());
        header.extend([64, protocol, 0, 0]);
        header.extend(self.address(self.source.0));
        header.extend(self.address(self.destination.0));
        let sum = checksum(&[&header]);
        for (slot, octet) in header.iter_mut().skip(10).zip(sum.to_be_bytes()) {
            *slot = octet;
        }
        header.extend(payload);
        self.ethernet(&header)
    }

    /// The frames it goes in.
    pub(super) fn frames(&self) -> Vec<Vec<u8>> {
        let (protocol, bytes) = self.transport();
        if self.version_6 {
            let mut header = vec![0x60, 0, 0, 0];
            header.extend(low(bytes.len()).to_be_bytes());
            header.extend([protocol, 64]);
            header.extend(self.address(self.source.0));
            header.extend(self.address(self.destination.0));
            header.extend(&bytes);
            return vec![self.ethernet(&header)];
        }
        match self.fragment_at {
            Some(at) if at > 0 && at < bytes.len() && at.is_multiple_of(8) => {
                let (head, tail) = bytes.split_at(at);
                let offset = low(at / 8);
                vec![self.version_4(protocol, head, 0x2000), self.version_4(protocol, tail, offset)]
            }
            _ => vec![self.version_4(protocol, &bytes, 0)],
        }
    }
}
