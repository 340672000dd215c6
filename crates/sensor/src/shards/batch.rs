//! Frames on their way to the threads that hear them.

use gridtap_model::Timestamp;
use gridtap_wire::{Frame, LinkType, Whole};

/// Entries of a batch: enough that handing one over is cheap for each, few enough to stay in a cache.
const ENTRIES_MAX: usize = 1_024;
/// Octets of its frames, but for the last.
const OCTETS_MAX: usize = 256 << 10;

/// Whose no entry is.
pub(super) const NOBODY: u16 = u16::MAX;

/// Frames in their order, and what passes between them. All threads are given the same batch, and each hears what is its
/// own.
#[derive(Debug, Default)]
pub(super) struct Batch {
    octets: Vec<u8>,
    pub(super) entries: Vec<Entry>,
    wholes: Vec<Whole>,
}

/// A frame, or what passes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Entry {
    Frame(Header),
    /// Every thread's.
    Tick(Timestamp),
    /// Every thread's.
    End,
}

/// A frame without its octets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    time: Timestamp,
    number: u64,
    link: LinkType,
    from: usize,
    length: u32,
    original_length: u32,
    /// The packet that it completed, to be heard in its place.
    whole: Option<u32>,
    capture: u16,
    /// Whose it is.
    pub(super) shard: u16,
}

impl Batch {
    pub(super) fn push(&mut self, frame: &Frame<'_>, shard: u16, whole: Option<Whole>) {
        let Frame { time, capture, number, link, bytes, original_length } = *frame;
        let nth = u32::try_from(self.wholes.len()).ok();
        let whole = whole.and_then(|whole| {
            self.wholes.push(whole);
            nth
        });
        let (from, length) = (self.octets.len(), u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        self.octets.extend_from_slice(bytes);
        let header =
            Header { time, number, link, from, length, original_length, whole, capture, shard };
        self.entries.push(Entry::Frame(header));
    }

    pub(super) fn is_full(&self) -> bool {
        self.entries.len() >= ENTRIES_MAX || self.octets.len() >= OCTETS_MAX
    }

    pub(super) fn clear(&mut self) {
        self.octets.clear();
        self.entries.clear();
        self.wholes.clear();
    }

    pub(super) fn frame(&self, header: &Header) -> Frame<'_> {
        let Header { time, number, link, from, length, original_length, capture, .. } = *header;
        let rest = self.octets.get(from..).unwrap_or_default();
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let bytes = rest.get(..length).unwrap_or_default();
        Frame { time, capture, number, link, bytes, original_length }
    }

    pub(super) fn whole(&self, header: &Header) -> Option<&Whole> {
        self.wholes.get(usize::try_from(header.whole?).ok()?)
    }
}
