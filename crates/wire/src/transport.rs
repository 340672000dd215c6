//! TCP (RFC 9293) and UDP (RFC 768) headers.

use crate::checksum::{self, Verdict};
use crate::internet::{Datagram, TCP, UDP};

/// One TCP segment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Segment<'a> {
    pub(crate) source_port: u16,
    pub(crate) destination_port: u16,
    pub(crate) sequence: u32,
    /// Where the ACK flag is set.
    pub(crate) acknowledgement: Option<u32>,
    pub(crate) flags: u8,
    pub(crate) window: u16,
    /// Where the URG flag is set: how many octets up to the one that is urgent.
    pub(crate) urgent: Option<u16>,
    /// The window scale option of a SYN.
    pub(crate) scale: Option<u8>,
    pub(crate) payload: &'a [u8],
    /// Octets of the payload that the snap length cut off.
    pub(crate) missing: u32,
    pub(crate) verdict: Verdict,
}

pub(crate) const FIN: u8 = 1;
pub(crate) const SYN: u8 = 2;
pub(crate) const RST: u8 = 4;
pub(crate) const ACK: u8 = 16;
pub(crate) const URG: u8 = 32;

impl Segment<'_> {
    pub(crate) const fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// Nothing but ACK, and what does not matter here (PSH, ECN).
    pub(crate) const fn is_plain(&self) -> bool {
        self.flags & (FIN | SYN | RST | ACK | URG) == ACK
    }

    /// The sequence number of the first octet of payload: a SYN takes one itself.
    pub(crate) const fn payload_sequence(&self) -> u32 {
        if self.has(SYN) { self.sequence.wrapping_add(1) } else { self.sequence }
    }

    /// Octets of payload, with those that were cut off.
    pub(crate) fn length(&self) -> u32 {
        u32::try_from(self.payload.len()).unwrap_or(u32::MAX).saturating_add(self.missing)
    }
}

/// Judges the checksum of the IP header and of its payload together.
#[inline]
fn verdict(
    datagram: &Datagram<'_>,
    protocol: u8,
    bytes: &[u8],
    field: u16,
    verify: bool,
) -> Verdict {
    if !verify || datagram.missing > 0 || datagram.routed {
        return Verdict::Unjudged;
    }
    match checksum::judge(datagram.source, datagram.destination, protocol, bytes, field) {
        Verdict::Right if datagram.header_wrong => Verdict::Wrong,
        judged => judged,
    }
}

/// Reads a TCP segment.
#[inline]
pub(crate) fn segment<'a>(datagram: &Datagram<'a>, verify: bool) -> Option<Segment<'a>> {
    let bytes = datagram.payload;
    let head = bytes.first_chunk::<20>()?;
    let header_length = usize::from(head[12] >> 4).checked_mul(4)?;
    let (header, payload) = bytes.split_at_checked(header_length)?;
    let options = header.get(20..)?;
    let flags = head[13];
    Some(Segment {
        source_port: u16::from_be_bytes([head[0], head[1]]),
        destination_port: u16::from_be_bytes([head[2], head[3]]),
        sequence: u32::from_be_bytes([head[4], head[5], head[6], head[7]]),
        acknowledgement: (flags & ACK != 0)
            .then(|| u32::from_be_bytes([head[8], head[9], head[10], head[11]])),
        flags,
        window: u16::from_be_bytes([head[14], head[15]]),
        urgent: (flags & URG != 0).then(|| u16::from_be_bytes([head[18], head[19]])),
        scale: (flags & SYN != 0).then(|| window_scale(options)).flatten(),
        payload,
        missing: datagram.missing,
        verdict: verdict(datagram, TCP, bytes, u16::from_be_bytes([head[16], head[17]]), verify),
    })
}

/// The shift of the window scale option (RFC 7323, section 2.2), at most 14.
fn window_scale(options: &[u8]) -> Option<u8> {
    let mut rest = options;
    loop {
        match *rest {
            [1, ref after @ ..] => rest = after,
            [3, 3, shift, ..] => return Some(shift.min(14)),
            [0, ..] | [] | [_] => return None,
            // An option's length counts its first two octets.
            [_, length, ..] => rest = rest.get(usize::from(length.max(2))..)?,
        }
    }
}

/// One UDP datagram.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UserDatagram<'a> {
    pub(crate) source_port: u16,
    pub(crate) destination_port: u16,
    pub(crate) payload: &'a [u8],
    /// Octets of the payload that the snap length cut off.
    pub(crate) missing: u32,
    pub(crate) verdict: Verdict,
}

/// Reads a UDP datagram. One that claims more octets than its IP packet has is dropped by receivers, and here.
pub(crate) fn user_datagram<'a>(datagram: &Datagram<'a>, verify: bool) -> Option<UserDatagram<'a>> {
    let head = datagram.payload.first_chunk::<8>()?;
    let there = datagram.payload.len();
    let length = match u16::from_be_bytes([head[4], head[5]]) {
        0 => there,
        length => usize::from(length),
    };
    let whole = datagram.payload.get(..length.min(there))?;
    let missing = u32::try_from(length.saturating_sub(there)).ok()?;
    if missing > datagram.missing {
        return None;
    }
    let field = u16::from_be_bytes([head[6], head[7]]);
    let judged = match field {
        0 => Verdict::Unjudged,
        _ if missing > 0 => Verdict::Unjudged,
        _ => verdict(datagram, UDP, whole, field, verify),
    };
    Some(UserDatagram {
        source_port: u16::from_be_bytes([head[0], head[1]]),
        destination_port: u16::from_be_bytes([head[2], head[3]]),
        payload: whole.get(8..)?,
        missing,
        verdict: judged,
    })
}
