//! Octets of one direction that wait for what is missing before them.

use std::collections::VecDeque;

use gridtap_model::Timestamp;

use crate::config::Overlap;
use crate::copy::OtherCopy;

/// Where something was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct At {
    pub(crate) time: Timestamp,
    pub(crate) frame: u64,
    pub(crate) capture: u16,
}

/// How far `to` is ahead of `from` in sequence numbers; negative where it is behind (RFC 9293, section 3.4).
pub(crate) const fn distance(from: u32, to: u32) -> i32 {
    to.wrapping_sub(from).cast_signed()
}

/// A run of octets that waits.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) sequence: u32,
    pub(crate) bytes: Box<[u8]>,
    /// Octets after `bytes` that the snap length cut off.
    pub(crate) missing: u32,
    /// How far the sender had heard the other direction when it sent this.
    pub(crate) needs: Option<u32>,
    /// Its checksum is not right; whether that matters is still open.
    pub(crate) partial: bool,
    pub(crate) at: At,
}

/// What a piece costs beside its octets.
pub(crate) const PIECE_COST: usize = 80;

impl Piece {
    pub(crate) fn length(&self) -> u32 {
        u32::try_from(self.bytes.len()).unwrap_or(u32::MAX).saturating_add(self.missing)
    }

    pub(crate) fn end(&self) -> u32 {
        self.sequence.wrapping_add(self.length())
    }

    pub(crate) fn cost(&self) -> usize {
        self.bytes.len().saturating_add(PIECE_COST)
    }
}

/// A run of octets to be kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Octets<'a> {
    pub(crate) sequence: u32,
    pub(crate) bytes: &'a [u8],
    pub(crate) missing: u32,
    pub(crate) needs: Option<u32>,
    pub(crate) at: At,
}

/// The pieces of one direction, in order and without overlap.
#[derive(Debug)]
pub(crate) struct Waiting {
    pieces: VecDeque<Piece>,
    /// Pieces whose checksum is wrong while none of the direction was right yet, in the order of arrival.
    pub(crate) doubtful: Vec<Piece>,
    /// Where the direction ends, when its FIN came early.
    pub(crate) fin: Option<u32>,
    /// When what blocks the first piece is given up.
    pub(crate) deadline: Timestamp,
    /// When the wait for the first piece began anew: something was delivered, or the receiver waits too.
    pub(crate) since: Timestamp,
    /// The other side acknowledged something since then.
    pub(crate) other_heard: bool,
    /// It was heard at all while these wait.
    pub(crate) receiver_heard: bool,
    /// Copies with other content than what was delivered or waits.
    pub(crate) copies: Vec<OtherCopy>,
    cost: usize,
}

impl Default for Waiting {
    fn default() -> Self {
        Self {
            pieces: VecDeque::new(),
            doubtful: Vec::new(),
            fin: None,
            deadline: Timestamp::MAX,
            since: Timestamp::MIN,
            other_heard: false,
            receiver_heard: false,
            copies: Vec::new(),
            cost: 0,
        }
    }
}

impl Waiting {
    /// Octets held, with their bookkeeping.
    pub(crate) fn cost(&self) -> usize {
        let copies = self.copies.iter().map(OtherCopy::cost);
        copies.fold(self.cost, usize::saturating_add)
    }

    pub(crate) fn first(&self) -> Option<&Piece> {
        self.pieces.front()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Piece> {
        self.pieces.iter()
    }

    pub(crate) fn pieces(&self) -> usize {
        self.pieces.len().saturating_add(self.doubtful.len())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
            && self.doubtful.is_empty()
            && self.fin.is_none()
            && self.copies.is_empty()
    }

    pub(crate) fn pop(&mut self) -> Option<Piece> {
        let piece = self.pieces.pop_front()?;
        self.cost = self.cost.saturating_sub(piece.cost());
        Some(piece)
    }

    pub(crate) fn doubt(&mut self, piece: Piece) {
        self.cost = self.cost.saturating_add(piece.cost());
        self.doubtful.push(piece);
    }

    pub(crate) fn take_doubtful(&mut self) -> Vec<Piece> {
        for piece in &self.doubtful {
            self.cost = self.cost.saturating_sub(piece.cost());
        }
        core::mem::take(&mut self.doubtful)
    }

    /// Keeps octets, all of them at or after `origin`; says how many differ from those already there.
    ///
    /// Distances from `origin` are used throughout, so that the sequence numbers may wrap.
    pub(crate) fn insert(&mut self, origin: u32, new: &Octets<'_>, overlap: Overlap) -> u32 {
        let start = new.sequence.wrapping_sub(origin);
        let length = u32::try_from(new.bytes.len()).unwrap_or(u32::MAX);
        let end = start.saturating_add(length);
        let differing = match overlap {
            Overlap::First => self.insert_first(origin, new, start, end),
            Overlap::Last => self.insert_last(origin, new, start, end),
        };
        if new.missing > 0 {
            self.insert_missing(origin, new, end);
        }
        differing
    }

    /// Fills only what is free.
    fn insert_first(&mut self, origin: u32, new: &Octets<'_>, start: u32, end: u32) -> u32 {
        let mut differing = 0_u32;
        let mut free: Vec<(u32, &[u8])> = Vec::new();
        let mut cursor = start;
        for piece in &self.pieces {
            let (from, to) = span(origin, piece);
            if to <= cursor {
                continue;
            }
            if from >= end || cursor >= end {
                break;
            }
            if from > cursor {
                free.push((cursor, part(new.bytes, start, cursor, from)));
            }
            differing = differing.saturating_add(difference(piece, from, new.bytes, start));
            cursor = to;
        }
        if cursor < end {
            free.push((cursor, part(new.bytes, start, cursor, end)));
        }
        for (offset, bytes) in free {
            self.put(origin, offset, bytes, 0, new);
        }
        differing
    }

    /// Takes the place of what is there.
    fn insert_last(&mut self, origin: u32, new: &Octets<'_>, start: u32, end: u32) -> u32 {
        let mut differing = 0_u32;
        let mut kept = VecDeque::with_capacity(self.pieces.len().saturating_add(2));
        for piece in core::mem::take(&mut self.pieces) {
            let (from, to) = span(origin, &piece);
            if to <= start || from >= end {
                kept.push_back(piece);
                continue;
            }
            differing = differing.saturating_add(difference(&piece, from, new.bytes, start));
            self.cost = self.cost.saturating_sub(piece.cost());
            for (from_kept, to_kept) in [(from, start.max(from)), (end.min(to), to)] {
                if from_kept < to_kept {
                    let bytes = part(&piece.bytes, from, from_kept, to_kept);
                    let held = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
                    let left = Piece {
                        sequence: origin.wrapping_add(from_kept),
                        bytes: bytes.into(),
                        missing: to_kept.saturating_sub(from_kept).saturating_sub(held),
                        ..piece
                    };
                    self.cost = self.cost.saturating_add(left.cost());
                    kept.push_back(left);
                }
            }
        }
        self.pieces = kept;
        if start < end {
            self.put(origin, start, new.bytes, 0, new);
        }
        differing
    }

    /// Marks octets that the snap length cut off, where nothing is known of them.
    fn insert_missing(&mut self, origin: u32, new: &Octets<'_>, end: u32) {
        let next = self
            .pieces
            .iter()
            .map(|piece| span(origin, piece))
            .find(|&(_, to)| to > end)
            .map_or(u32::MAX, |(from, _)| from);
        let to = end.saturating_add(new.missing).min(next);
        if to > end {
            self.put(origin, end, &[], to.saturating_sub(end), new);
        }
    }

    fn put(&mut self, origin: u32, offset: u32, bytes: &[u8], missing: u32, new: &Octets<'_>) {
        let piece = Piece {
            sequence: origin.wrapping_add(offset),
            bytes: bytes.into(),
            missing,
            needs: new.needs,
            partial: false,
            at: new.at,
        };
        self.cost = self.cost.saturating_add(piece.cost());
        let place =
            self.pieces.partition_point(|piece| piece.sequence.wrapping_sub(origin) < offset);
        self.pieces.insert(place, piece);
    }
}

/// Where a piece begins and ends, from `origin`.
fn span(origin: u32, piece: &Piece) -> (u32, u32) {
    let from = piece.sequence.wrapping_sub(origin);
    (from, from.saturating_add(piece.length()))
}

/// The octets from distance `from` to `to` of `bytes`, which begin at distance `start`; fewer where there are fewer.
fn part(bytes: &[u8], start: u32, from: u32, to: u32) -> &[u8] {
    let index = |distance: u32| {
        usize::try_from(distance.saturating_sub(start)).unwrap_or(usize::MAX).min(bytes.len())
    };
    bytes.get(index(from)..index(to)).unwrap_or(&[])
}

/// How many octets of `bytes`, which begin at distance `start`, differ from those of a piece at distance `from`.
fn difference(piece: &Piece, from: u32, bytes: &[u8], start: u32) -> u32 {
    let begin = from.max(start);
    let old = part(&piece.bytes, from, begin, u32::MAX);
    let new = part(bytes, start, begin, u32::MAX);
    differing(old, new)
}

/// How many octets differ, over the length of the shorter.
pub(crate) fn differing(old: &[u8], new: &[u8]) -> u32 {
    u32::try_from(old.iter().zip(new).filter(|(old, new)| old != new).count()).unwrap_or(u32::MAX)
}
