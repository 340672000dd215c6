//! The last frames that were heard, in a ring of fixed size.

use core::cell::Cell;
use core::net::IpAddr;
use core::num::NonZeroU32;
use std::collections::VecDeque;

use gridtap_model::Timestamp;
use gridtap_wire::{Frame, LinkType, address_pair};

/// How much of a frame is kept: an IP packet cannot be longer.
pub(crate) const FRAME_BYTES_MAX: usize = 65_535;

/// The longest ring: counts of octets wrap, and must not be mistaken for each other.
pub(crate) const BYTES_MAX: usize = 1 << 30;

/// Frames in the order they were heard. The oldest gives way.
///
/// Of its budget two thirds are octets and one third is what is known of each frame, which is about what the short
/// frames of control networks come to; whichever is full first lets the oldest go. A frame is never split at the end of
/// the octets, so that it can be lent.
#[derive(Debug)]
pub(crate) struct Ring {
    octets: Vec<u8>,
    kept: VecDeque<Kept>,
    kept_max: usize,
    /// How many frames came before the oldest that is kept.
    first: u64,
    /// Where the next frame goes.
    at: usize,
    /// How many octets went by, with those left free at the end of a round; it wraps.
    passed: u32,
}

/// A frame but for its octets. Small, as there is one for each frame.
#[derive(Debug, Clone)]
struct Kept {
    time: Timestamp,
    number: u64,
    /// Counts octets as `passed` does, up to the frame's beginning.
    passed: u32,
    at: u32,
    original_length: u32,
    length: u16,
    link: LinkType,
    capture: u16,
    /// The sign of its pair of hosts, once that was asked for: most frames are never looked at again.
    sign: Cell<Option<Sign>>,
}

/// Tells nearly all pairs of hosts apart, without reading the frame again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sign(NonZeroU32);

impl Sign {
    /// That of a frame, or of one between no hosts.
    pub(crate) fn of(pair: Option<[IpAddr; 2]>) -> Self {
        let mut hash = 0x811c_9dc5_u32;
        let mut add = |octets: &[u8]| {
            for octet in octets {
                hash = (hash ^ u32::from(*octet)).wrapping_mul(0x0100_0193);
            }
        };
        for address in pair.iter().flatten() {
            match address {
                IpAddr::V4(four) => add(&four.octets()),
                IpAddr::V6(six) => add(&six.octets()),
            }
        }
        Self(NonZeroU32::MIN.saturating_add(hash >> 1))
    }
}

impl Ring {
    /// Holds nothing yet, and never more than so many octets in all, of 1 GiB.
    pub(crate) fn new(bytes: usize) -> Self {
        let bytes = bytes.min(BYTES_MAX);
        let known = bytes / 3;
        Self {
            octets: vec![0; bytes.saturating_sub(known)],
            kept: VecDeque::new(),
            kept_max: known / size_of::<Kept>(),
            first: 0,
            at: 0,
            passed: 0,
        }
    }

    /// Keeps a frame, in the place of the oldest ones; one that is longer than the whole ring is not kept.
    #[inline]
    pub(crate) fn push(&mut self, frame: &Frame<'_>) {
        let bytes = frame.bytes.get(..FRAME_BYTES_MAX).unwrap_or(frame.bytes);
        if bytes.len() > self.octets.len() || self.kept_max == 0 {
            return;
        }
        let room = self.octets.len().saturating_sub(self.at);
        if bytes.len() > room {
            self.passed = self.passed.wrapping_add(short(room));
            self.at = 0;
        }
        let end = self.passed.wrapping_add(short(bytes.len()));
        self.make_room(end);
        let until = self.at.saturating_add(bytes.len());
        if let Some(place) = self.octets.get_mut(self.at..until) {
            place.copy_from_slice(bytes);
        }
        self.kept.push_back(Kept {
            time: frame.time,
            number: frame.number,
            passed: self.passed,
            at: short(self.at),
            length: u16::try_from(bytes.len()).unwrap_or(u16::MAX),
            original_length: frame.original_length,
            link: frame.link,
            capture: frame.capture,
            sign: Cell::new(None),
        });
        self.at = until;
        self.passed = end;
    }

    /// Lets go what has no place beside what goes up to `end`, and what there are too many of.
    #[inline]
    fn make_room(&mut self, end: u32) {
        let all = short(self.octets.len());
        while let Some(oldest) = self.kept.front()
            && (end.wrapping_sub(oldest.passed) > all || self.kept.len() >= self.kept_max)
        {
            self.kept.pop_front();
            self.first = self.first.saturating_add(1);
        }
    }

    /// The place of the oldest frame: places count from 0, and no frame changes its place.
    #[inline]
    pub(crate) const fn first(&self) -> u64 {
        self.first
    }

    /// The place that the next frame gets.
    pub(crate) fn next(&self) -> u64 {
        self.first.saturating_add(u64::try_from(self.kept.len()).unwrap_or(u64::MAX))
    }

    /// The frame in a place.
    pub(crate) fn get(&self, place: u64) -> Option<Frame<'_>> {
        let kept = self.known(place)?;
        let at = usize::try_from(kept.at).ok()?;
        Some(Frame {
            time: kept.time,
            capture: kept.capture,
            number: kept.number,
            link: kept.link,
            bytes: self.octets.get(at..at.saturating_add(usize::from(kept.length)))?,
            original_length: kept.original_length,
        })
    }

    /// The capture of the frame in a place, and its number there.
    pub(crate) fn number(&self, place: u64) -> Option<(u16, u64)> {
        self.known(place).map(|kept| (kept.capture, kept.number))
    }

    /// The sign of the pair of hosts of the frame in a place.
    pub(crate) fn sign(&self, place: u64) -> Option<Sign> {
        let kept = self.known(place)?;
        if kept.sign.get().is_none() {
            kept.sign.set(Some(Sign::of(address_pair(&self.get(place)?))));
        }
        kept.sign.get()
    }

    fn known(&self, place: u64) -> Option<&Kept> {
        self.kept.get(usize::try_from(place.checked_sub(self.first)?).ok()?)
    }
}

/// A length within the ring, which is never longer.
#[inline]
fn short(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
