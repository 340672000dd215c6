//! A conversation whose protocol is not known yet: what it said, kept until its structure tells.

use gridtap_model::{Direction, Timestamp, Transport};

use crate::modbus::Scent;
use crate::sides::side_mut;

/// Bytes of one event, and where they were heard.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    pub(crate) direction: Direction,
    pub(crate) time: Timestamp,
    pub(crate) capture: u16,
    pub(crate) frame: u64,
    octets: usize,
}

/// What was said so far.
#[derive(Debug, Default)]
pub(crate) struct Tasting {
    log: Vec<u8>,
    marks: Vec<Mark>,
    /// Octets of a direction before these were said unheard.
    pub(crate) unheard: [bool; 2],
    /// Octets before these are not known.
    pub(crate) lost: bool,
    /// Datagrams that were one RTU frame each.
    pub(crate) rtu_datagrams: u8,
    /// Octets that were said and are kept no more, and octets that the capture does not hold: they count
    /// when the conversation is recognised after all.
    pub(crate) forgotten: Forgotten,
}

/// Octets of a conversation before what is kept of it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Forgotten {
    pub(crate) heard: u64,
    pub(crate) missing: u64,
}

/// Events kept at most.
const MARKS_MAX: usize = 64;

impl Tasting {
    /// Keeps the bytes of an event; false where that is too much.
    pub(crate) fn keep(&mut self, mark: Mark, bytes: &[u8], bytes_max: usize) -> bool {
        if self.log.len().saturating_add(bytes.len()) > bytes_max || self.marks.len() >= MARKS_MAX {
            return false;
        }
        self.log.extend_from_slice(bytes);
        self.marks.push(Mark { octets: bytes.len(), ..mark });
        true
    }

    /// Counts octets that were said and are not kept.
    pub(crate) fn forget(&mut self, octets: usize) {
        let octets = u64::try_from(octets).unwrap_or(u64::MAX);
        self.forgotten.heard = self.forgotten.heard.saturating_add(octets);
    }

    /// Forgets what was said before octets that the capture does not hold.
    pub(crate) fn gap(&mut self, direction: Direction, bytes: u64) {
        self.clear();
        *side_mut(&mut self.unheard, direction) = true;
        self.forgotten.missing = self.forgotten.missing.saturating_add(bytes);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    pub(crate) fn octets(&self) -> usize {
        self.log.len()
    }

    /// Octets of room that it takes beside its own size.
    pub(crate) const fn room_octets(&self) -> usize {
        let marks = self.marks.capacity().saturating_mul(size_of::<Mark>());
        self.log.capacity().saturating_add(marks)
    }

    /// Forgets what was said, and gives its room back.
    pub(crate) fn release(&mut self) {
        self.clear();
        (self.log, self.marks) = (Vec::new(), Vec::new());
    }

    /// Forgets what was said.
    pub(crate) fn clear(&mut self) {
        self.forget(self.log.len());
        self.log.clear();
        self.marks.clear();
        self.lost = true;
    }

    /// The first direction to speak.
    pub(crate) fn first(&self) -> Option<Direction> {
        self.marks.first().map(|mark| mark.direction)
    }

    /// Both directions have spoken.
    pub(crate) fn is_dialogue(&self) -> bool {
        let first = self.first();
        self.marks.iter().any(|mark| Some(mark.direction) != first)
    }

    /// The bytes of one direction, joined.
    pub(crate) fn stream(&self, direction: Direction) -> Vec<u8> {
        let mut stream = Vec::new();
        for (mark, bytes) in self.events() {
            if mark.direction == direction {
                stream.extend_from_slice(bytes);
            }
        }
        stream
    }

    /// What was said, event by event.
    pub(crate) fn events(&self) -> impl Iterator<Item = (Mark, &[u8])> {
        let mut rest = self.log.as_slice();
        self.marks.iter().map(move |mark| {
            let (bytes, after) = rest.split_at_checked(mark.octets).unwrap_or((rest, &[]));
            rest = after;
            (*mark, bytes)
        })
    }
}

impl Mark {
    pub(crate) const fn new(
        direction: Direction,
        time: Timestamp,
        (capture, frame): (u16, u64),
    ) -> Self {
        Self { direction, time, capture, frame, octets: 0 }
    }
}

/// Whether a stream is TLS: a handshake record that begins a session, or, where its beginning was not
/// heard, records one behind the other.
pub(crate) fn is_tls(scent: &Scent<'_>, transport: Transport) -> bool {
    transport == Transport::Tcp
        && scent.bytes.iter().any(|bytes| {
            let Some((kind, octets)) = tls_record(bytes) else { return false };
            let handshake = kind == 0x16 && is_hello(bytes, octets);
            let next = bytes.get(octets..).unwrap_or_default();
            let followed = tls_record(next).is_some() || bytes.len() == octets;
            handshake || (!scent.from_start && followed)
        })
}

/// Whether a handshake record can be a ClientHello or ServerHello (RFC 8446, 4.1): its own length fits the
/// record, it has room for version and random, and it names a version. A Modbus message that begins like a
/// record does not look like this further on.
fn is_hello(bytes: &[u8], octets: usize) -> bool {
    const HELLO_OCTETS_MIN: usize = 4 + 2 + 32;
    let Some([1 | 2, high, middle, low, major, ..]) = bytes.get(5..) else { return false };
    let length = u32::from_be_bytes([0, *high, *middle, *low]);
    let fits = usize::try_from(length).is_ok_and(|length| length.saturating_add(9) <= octets);
    *major == 3 && fits && octets >= HELLO_OCTETS_MIN.saturating_add(5)
}

/// Type and length of the TLS record at the head.
fn tls_record(bytes: &[u8]) -> Option<(u8, usize)> {
    let [kind @ 0x14..=0x17, 3, 0..=4, high, low, ..] = bytes else { return None };
    let octets = usize::from(u16::from_be_bytes([*high, *low]));
    (1..=16_640).contains(&octets).then_some((*kind, octets.saturating_add(5)))
}
