//! The last frames that were heard, in a ring of fixed size.

use core::net::IpAddr;
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
    /// The sign of each frame's pair of hosts. Apart, so that a conversation is found by reading little.
    signs: VecDeque<Sign>,
    kept_max: usize,
    /// Frames of several captures were kept: their numbers do not rise together.
    is_merged: bool,
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
}

/// What a frame and what is known of it beside its octets take.
const KEPT_BYTES: usize = size_of::<Kept>().saturating_add(size_of::<Sign>());

/// Frames whose signs are compared at once.
const SIGNS_AT_ONCE: usize = 32;

/// Tells nearly all pairs of hosts apart, without reading the frame again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sign(u16);

impl Sign {
    /// That of a pair of hosts, or of no hosts.
    pub(crate) fn of(pair: Option<[IpAddr; 2]>) -> Self {
        let folded = |six: u128| {
            let [_, _, _, a, _, _, _, b, _, _, _, c, _, _, _, d] = six.to_be_bytes();
            u32::from_be_bytes([a, b, c, d])
        };
        let bits = |address: IpAddr| match address {
            IpAddr::V4(four) => four.to_bits(),
            IpAddr::V6(six) => folded(six.to_bits()),
        };
        pair.map_or(Self(0), |[one, other]| Self::mixed(bits(one) ^ bits(other)))
    }

    /// That of a frame. Most frames need not be taken apart for it.
    #[inline]
    fn of_frame(frame: &Frame<'_>) -> Self {
        // Ethernet, IPv4 and TCP, in which nothing is carried that has other hosts.
        if frame.link == LinkType::Ethernet
            && let Some(head) = frame.bytes.first_chunk::<34>()
            && [head[12], head[13], head[14] >> 4, head[23]] == [8, 0, 4, 6]
        {
            let source = u32::from_be_bytes([head[26], head[27], head[28], head[29]]);
            let destination = u32::from_be_bytes([head[30], head[31], head[32], head[33]]);
            return Self::mixed(source ^ destination);
        }
        Self::of(address_pair(frame))
    }

    /// Addresses of one network differ in few bits: all of them are to count.
    #[inline]
    fn mixed(bits: u32) -> Self {
        let [high, low, ..] = bits.wrapping_mul(0x9e37_79b9).to_be_bytes();
        Self(u16::from_be_bytes([high, low]))
    }
}

impl Ring {
    /// Holds nothing yet, and never more than so many octets in all, of 1 GiB.
    pub(crate) fn new(bytes: usize) -> Self {
        let bytes = bytes.min(BYTES_MAX);
        let known = bytes / 3;
        Self {
            octets: vec![0; bytes.saturating_sub(known)],
            // Room that is not used costs nothing: the system gives pages as they are written.
            kept: VecDeque::with_capacity(known / KEPT_BYTES),
            signs: VecDeque::with_capacity(known / KEPT_BYTES),
            kept_max: known / KEPT_BYTES,
            is_merged: false,
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
        self.is_merged |= self.kept.back().is_some_and(|last| last.capture != frame.capture);
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
        });
        self.signs.push_back(Sign::of_frame(frame));
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
            self.signs.pop_front();
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

    /// The places from `from` up to before `until` of frames that go between one of some pairs of hosts, as far as
    /// their signs say.
    pub(crate) fn of_signs(
        &self,
        signs: &[Sign],
        from: u64,
        until: u64,
    ) -> impl DoubleEndedIterator<Item = u64> {
        let place = |at: u64| usize::try_from(at.saturating_sub(self.first)).unwrap_or(usize::MAX);
        let until = place(until).min(self.signs.len());
        let from = place(from).min(until);
        let (front, back) = self.signs.as_slices();
        let middle = front.len();
        let of_front = front.get(from.min(middle)..until.min(middle)).unwrap_or_default();
        let (begin, end) = (from.saturating_sub(middle), until.saturating_sub(middle));
        let of_back = back.get(begin..end).unwrap_or_default();
        let first = self.first;
        let numbered = move |at: usize| first.saturating_add(u64::try_from(at).unwrap_or(u64::MAX));
        found(of_front, signs).map(move |at| numbered(from.saturating_add(at))).chain(
            found(of_back, signs).map(move |at| numbered(middle.max(from).saturating_add(at))),
        )
    }

    /// Whether frames of several captures are or were among them.
    pub(crate) const fn is_merged(&self) -> bool {
        self.is_merged
    }

    /// The place of the frame of this number, where all are of one capture: there numbers rise.
    pub(crate) fn place_of(&self, number: u64) -> Option<u64> {
        let at = self.kept.binary_search_by_key(&number, |kept| kept.number).ok()?;
        Some(self.first.saturating_add(u64::try_from(at).ok()?))
    }

    fn known(&self, place: u64) -> Option<&Kept> {
        self.kept.get(usize::try_from(place.checked_sub(self.first)?).ok()?)
    }
}

/// Where some signs are among others.
fn found(all: &[Sign], wanted: &[Sign]) -> impl DoubleEndedIterator<Item = usize> {
    let chunks = all.chunks(SIGNS_AT_ONCE).enumerate();
    chunks
        .filter(|(_, chunk)| {
            // Without a way out the loop is one of wide instructions.
            let holds = |sign: &Sign| chunk.iter().fold(false, |any, each| any | (each == sign));
            wanted.iter().any(holds)
        })
        .flat_map(|(nth, chunk)| {
            let begin = nth.saturating_mul(SIGNS_AT_ONCE);
            let places = chunk.iter().enumerate().filter(|(_, each)| wanted.contains(each));
            places.map(move |(at, _)| begin.saturating_add(at))
        })
}

/// A length within the ring, which is never longer.
#[inline]
fn short(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
