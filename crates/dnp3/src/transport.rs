//! The transport function (clause 8): segments of frames, put together to fragments.

use crate::Frame;
use crate::octets::length;

/// The transport octet at the head of a frame's user data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransportHeader(pub u8);

impl TransportHeader {
    /// FIN: the last segment of its fragment.
    #[must_use]
    pub const fn is_final(self) -> bool {
        self.0 & 0x80 != 0
    }

    /// FIR: the first segment of its fragment.
    #[must_use]
    pub const fn is_first(self) -> bool {
        self.0 & 0x40 != 0
    }

    /// Counts segments, modulo 64.
    #[must_use]
    pub const fn sequence(self) -> u8 {
        self.0 & 0x3F
    }
}

/// What in a segment does not continue what came before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum TransportFault {
    /// A frame for user data without a transport octet.
    #[error("no transport octet")]
    Empty,
    /// A segment that is not the first, and no first came before it: its octets belong to nothing.
    #[error("segment {sequence} without a first, {octets} octets")]
    NoFirst {
        /// Its sequence number.
        sequence: u8,
        /// The octets that are lost with it.
        octets: u32,
    },
    /// A first segment while a fragment was unfinished: that fragment will not be completed.
    #[error("first segment {sequence} after {octets} octets of an unfinished fragment")]
    Unfinished {
        /// The sequence number of the new first segment.
        sequence: u8,
        /// The octets of the unfinished fragment.
        octets: u32,
    },
    /// Not the sequence number that follows: a segment is lost or out of order, and the fragment with it.
    #[error("segment {found}, expected {expected}")]
    Sequence {
        /// The sequence number that follows.
        expected: u8,
        /// That of the segment.
        found: u8,
        /// The octets of the fragment and of this segment.
        octets: u32,
    },
    /// The segment before it once more. A repeated first segment counts all the same, any other changes nothing.
    #[error("segment {sequence} twice")]
    Duplicate {
        /// Its sequence number.
        sequence: u8,
    },
    /// The fragment is longer than allowed: what there was of it, up to the limit, is given up.
    #[error("fragment longer than {octets_max} octets")]
    Oversize {
        /// The limit.
        octets_max: u32,
    },
}

impl TransportFault {
    /// The name in records.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Empty => "transport_empty",
            Self::NoFirst { .. } => "transport_no_first",
            Self::Unfinished { .. } => "transport_unfinished",
            Self::Sequence { .. } => "transport_sequence",
            Self::Duplicate { .. } => "transport_duplicate",
            Self::Oversize { .. } => "transport_oversize",
        }
    }
}

/// What a segment made of the segments before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment<'r> {
    /// Its transport octet, where it has one.
    pub header: Option<TransportHeader>,
    /// The fragment that it completes.
    pub fragment: Option<&'r [u8]>,
    /// The beginning of a fragment that will not be completed. The station it was for took nothing of it.
    pub dropped: Option<&'r [u8]>,
    /// What did not continue.
    pub fault: Option<TransportFault>,
}

/// The segments of one direction between one source and one destination, put together.
///
/// It holds octets that came and never more than the limit, twice: of the fragment at hand, and of the one dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reassembler {
    octets_max: usize,
    /// The fragment at hand; stays after it is complete, to know a repetition.
    buffer: Vec<u8>,
    dropped: Vec<u8>,
    /// What is not used while room for a longer fragment is lent.
    small: Vec<u8>,
    /// The sequence number that continues the fragment, while there is one.
    expected: Option<u8>,
    /// The last segment taken, and where its octets begin in the buffer.
    last: Option<(TransportHeader, usize)>,
}

/// Room that a segment and its growing take, which is not lent.
const SMALL: usize = 512;

impl Reassembler {
    /// The longest fragment that is allowed for where nothing is configured: the customary 2,048, twice.
    pub const FRAGMENT_OCTETS_MAX: usize = 4_096;

    /// Nothing heard yet; a fragment may have `octets_max` octets.
    #[must_use]
    pub const fn new(octets_max: usize) -> Self {
        Self {
            octets_max,
            buffer: Vec::new(),
            dropped: Vec::new(),
            small: Vec::new(),
            expected: None,
            last: None,
        }
    }

    /// Takes the next frame with user data.
    pub fn push(&mut self, frame: &Frame<'_>) -> Segment<'_> {
        self.push_with(frame, Vec::new)
    }

    /// Takes the next frame with user data. A fragment of several is put together in room that is lent, empty, until
    /// [`Self::rest`].
    pub fn push_with(&mut self, frame: &Frame<'_>, lend: impl FnOnce() -> Vec<u8>) -> Segment<'_> {
        let mut blocks = frame.user_data();
        let Some((octet, first)) = blocks.next().and_then(<[u8]>::split_first) else {
            let fault = Some(TransportFault::Empty);
            return Segment { header: None, fragment: None, dropped: None, fault };
        };
        let header = TransportHeader(*octet);
        let blocks = core::iter::once(first).chain(blocks);
        let (fault, dropped) = self.take(header, blocks, lend);
        let complete = header.is_final() && self.expected.is_some();
        if complete {
            self.expected = None;
        }
        Segment {
            header: Some(header),
            fragment: complete.then_some(self.buffer.as_slice()),
            dropped: dropped.then_some(self.dropped.as_slice()),
            fault,
        }
    }

    /// Puts a segment to the others. Afterwards a sequence number is expected where it was taken; the second value is
    /// whether a fragment was dropped.
    fn take<'a>(
        &mut self,
        header: TransportHeader,
        blocks: impl Iterator<Item = &'a [u8]> + Clone,
        lend: impl FnOnce() -> Vec<u8>,
    ) -> (Option<TransportFault>, bool) {
        let octets = blocks.clone().map(<[u8]>::len).fold(0, usize::saturating_add);
        let sequence = header.sequence();
        let repeated = self.is_repeated(header, blocks.clone());
        let mut fault = repeated.then_some(TransportFault::Duplicate { sequence });
        let mut dropped = false;
        match (header.is_first(), self.expected) {
            (true, open) => {
                if open.is_some() && !repeated {
                    let octets = length(self.buffer.len());
                    fault = Some(TransportFault::Unfinished { sequence, octets });
                    self.drop_fragment();
                    dropped = true;
                }
                self.buffer.clear();
                if !header.is_final() && self.buffer.capacity() <= SMALL {
                    self.small = core::mem::replace(&mut self.buffer, lend());
                }
            }
            (false, _) if repeated => return (fault, false),
            (false, None) => {
                let octets = length(octets);
                return (Some(TransportFault::NoFirst { sequence, octets }), false);
            }
            (false, Some(expected)) if expected != sequence => {
                let octets = length(self.buffer.len().saturating_add(octets));
                self.drop_fragment();
                return (
                    Some(TransportFault::Sequence { expected, found: sequence, octets }),
                    true,
                );
            }
            (false, Some(_)) => {}
        }
        self.last = Some((header, self.buffer.len()));
        self.expected = Some(sequence.wrapping_add(1) & 0x3F);
        let room = self.octets_max.saturating_sub(self.buffer.len());
        let mut left = room;
        for block in blocks {
            let taken = block.get(..left).unwrap_or(block);
            self.buffer.extend_from_slice(taken);
            left = left.saturating_sub(taken.len());
        }
        if octets > room {
            self.drop_fragment();
            let octets_max = length(self.octets_max);
            return (Some(TransportFault::Oversize { octets_max }), true);
        }
        (fault, dropped)
    }

    /// Whether the segment is the last one taken once more.
    fn is_repeated<'a>(
        &self,
        header: TransportHeader,
        blocks: impl Iterator<Item = &'a [u8]>,
    ) -> bool {
        self.last.is_some_and(|(last, at)| {
            last == header
                && self.buffer.get(at..).is_some_and(|before| before.iter().eq(blocks.flatten()))
        })
    }

    fn drop_fragment(&mut self) {
        core::mem::swap(&mut self.buffer, &mut self.dropped);
        self.buffer.clear();
        self.expected = None;
        self.last = None;
    }

    /// Gives up the fragment at hand, as after a gap, and says what there was of it.
    pub fn abandon(&mut self) -> Option<&[u8]> {
        let open = self.expected.is_some();
        self.drop_fragment();
        open.then_some(self.dropped.as_slice())
    }

    /// What the last frame brought was heard out: gives back room that was lent for it and is not needed for more. The last
    /// segment is kept, to know a repetition.
    pub fn rest(&mut self, mut give_back: impl FnMut(Vec<u8>)) {
        if self.dropped.capacity() > 0 {
            give_back(core::mem::take(&mut self.dropped));
        }
        if self.expected.is_some() || self.buffer.capacity() <= SMALL {
            return;
        }
        let mut small = core::mem::take(&mut self.small);
        small.clear();
        if let Some((_, at)) = &mut self.last {
            small.extend_from_slice(self.buffer.get(*at..).unwrap_or_default());
            *at = 0;
        }
        give_back(core::mem::replace(&mut self.buffer, small));
    }

    /// Gives back the room of what is complete or given up. A repetition of the last segment is then not known as one.
    pub fn release(&mut self) {
        (self.dropped, self.small) = (Vec::new(), Vec::new());
        if self.expected.is_none() {
            (self.buffer, self.last) = (Vec::new(), None);
        }
    }

    /// Octets of room that it takes beside its own size.
    #[must_use]
    pub const fn room_octets(&self) -> usize {
        let rooms = self.buffer.capacity().saturating_add(self.dropped.capacity());
        rooms.saturating_add(self.small.capacity())
    }

    /// Octets of the fragment at hand, while it is unfinished.
    #[must_use]
    pub fn unfinished_octets(&self) -> usize {
        self.expected.map_or(0, |_| self.buffer.len())
    }
}

impl Default for Reassembler {
    fn default() -> Self {
        Self::new(Self::FRAGMENT_OCTETS_MAX)
    }
}

#[cfg(test)]
mod tests;
