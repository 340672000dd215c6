//! What is held of one anomaly.

use core::net::IpAddr;
use std::collections::BTreeSet;

use gridtap_capture::Writer;
use gridtap_model::{AnomalyId, Timestamp};
use gridtap_wire::{Frame, address_pair};

use super::Slice;
use super::pieces::Pieces;
use crate::ring::{FRAME_BYTES_MAX, Ring, Sign};

/// Named frames of an anomaly that are looked for; the detector names 16.
const NAMED_MAX: usize = 64;
/// Frames that are looked at for those of a conversation, in either direction.
const LOOKED_AT_MAX: u64 = 32_768;
/// Octets of a case above which no more of the conversation is added, however often it is told.
const CONVERSATION_BYTES_MAX: usize = 512 << 10;
/// What a frame costs beside its octets.
const FRAME_COST_BYTES: usize = 96;
/// What a capture file has beside its frames, about.
const WHOLE_COST_BYTES: usize = 512;

/// How much of a conversation is wanted on one side of an anomaly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Around {
    pub(super) frames: usize,
    pub(super) bytes: usize,
}

impl Around {
    /// Nothing is wanted.
    pub(super) const NOTHING: Self = Self { frames: 0, bytes: 0 };

    /// What is left when a frame was added; none where it has no room.
    fn less(self, bytes: usize) -> Option<Self> {
        Some(Self { frames: self.frames.checked_sub(1)?, bytes: self.bytes.checked_sub(bytes)? })
    }
}

/// Pairs of hosts, with their signs: few, and gone through for each frame that is looked at.
#[derive(Debug, Default)]
struct Pairs {
    pairs: Vec<[IpAddr; 2]>,
    signs: Vec<Sign>,
}

impl Pairs {
    fn add(&mut self, frame: &Frame<'_>) {
        let Some(pair) = address_pair(frame) else { return };
        if !self.pairs.contains(&pair) {
            self.pairs.push(pair);
            self.signs.push(Sign::of(Some(pair)));
        }
    }

    fn hold(&self, frame: &Frame<'_>) -> bool {
        address_pair(frame).is_some_and(|pair| self.pairs.contains(&pair))
    }
}

/// What is to be added of that which follows.
#[derive(Debug)]
struct Following {
    /// The hosts whose conversation it is.
    pairs: Pairs,
    /// From which place in the ring on.
    place: u64,
    left: Around,
}

/// What is held of one anomaly.
#[derive(Debug)]
pub(super) struct Case {
    capture: u16,
    /// The numbers of all frames that show it.
    named: BTreeSet<u64>,
    pieces: Pieces,
    bytes: usize,
    following: Option<Following>,
    /// When what follows ends.
    pub(super) due: Timestamp,
    /// When it was told last, by the count of tellings.
    pub(super) telling: u64,
    /// When it was cut last.
    pub(super) at: Timestamp,
    /// A slice of it was given away.
    pub(super) is_given: bool,
    /// It was cut since.
    pub(super) is_owed: bool,
}

impl Case {
    pub(super) const fn new(capture: u16) -> Self {
        Self {
            capture,
            named: BTreeSet::new(),
            pieces: Pieces::new(),
            bytes: 0,
            following: None,
            due: Timestamp::MIN,
            telling: 0,
            at: Timestamp::MIN,
            is_given: false,
            is_owed: false,
        }
    }

    /// What it costs to hold.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes.saturating_add(FRAME_COST_BYTES)
    }

    /// From which place in the ring on something is waited for.
    pub(super) fn awaits(&self) -> Option<u64> {
        self.following.as_ref().map(|following| following.place)
    }

    /// Takes down the frames that show it; gives those that it did not know.
    pub(super) fn name(&mut self, frames: &[u64]) -> BTreeSet<u64> {
        let room = NAMED_MAX.saturating_sub(self.named.len());
        let fresh: BTreeSet<u64> = frames
            .iter()
            .copied()
            .filter(|number| !self.named.contains(number))
            .take(room)
            .collect();
        self.named.extend(&fresh);
        fresh
    }

    /// Cuts frames that show it, what was said before them between the same hosts, and what has been said since.
    pub(super) fn cut(&mut self, ring: &Ring, numbers: &BTreeSet<u64>, around: Around) {
        let mut pairs = Pairs::default();
        let places = self.places(ring, numbers);
        for place in &places {
            if let Some(frame) = ring.get(*place) {
                pairs.add(&frame);
                self.add(*place, &frame, true);
            }
        }
        let Some(first) = places.first().copied() else { return };
        if around == Around::NOTHING {
            return;
        }
        let earliest = ring.first().max(first.saturating_sub(LOOKED_AT_MAX));
        let mut left = around;
        for place in ring.of_signs(&pairs.signs, earliest, first).rev() {
            if !self.add_of(&pairs, ring, place, &mut left) {
                break;
            }
        }
        self.following = Some(Following { pairs, place: first, left: around });
        self.follow_on(ring);
    }

    /// Adds what followed, the last time. Whether there was anything to wait for.
    pub(super) fn follow(&mut self, ring: &Ring) -> bool {
        self.follow_on(ring);
        self.following.take().is_some()
    }

    /// Adds what followed so far, and waits for more while there is room.
    fn follow_on(&mut self, ring: &Ring) {
        let Some(Following { pairs, place, mut left }) = self.following.take() else { return };
        let next = ring.next();
        let until = next.min(place.saturating_add(LOOKED_AT_MAX));
        for each in ring.of_signs(&pairs.signs, place.max(ring.first()), until) {
            if !self.add_of(&pairs, ring, each, &mut left) {
                return;
            }
        }
        if !pairs.pairs.is_empty() && left.frames > 0 {
            self.following = Some(Following { pairs, place: next, left });
        }
    }

    /// The places of frames by their numbers, which rise within a capture.
    fn places(&self, ring: &Ring, numbers: &BTreeSet<u64>) -> BTreeSet<u64> {
        if !ring.is_merged() {
            let of_this = |place: &u64| {
                ring.number(*place).is_some_and(|(capture, _)| capture == self.capture)
            };
            return numbers
                .iter()
                .filter_map(|number| ring.place_of(*number))
                .filter(of_this)
                .collect();
        }
        let mut places = BTreeSet::new();
        let Some(least) = numbers.first() else { return places };
        for place in (ring.first()..ring.next()).rev() {
            let Some((capture, number)) = ring.number(place) else { continue };
            if capture != self.capture {
                continue;
            }
            if numbers.contains(&number) {
                places.insert(place);
            }
            if number <= *least {
                break;
            }
        }
        places
    }

    /// Adds the frame in a place if it is of the conversation; whether there may be room for another.
    fn add_of(&mut self, pairs: &Pairs, ring: &Ring, place: u64, left: &mut Around) -> bool {
        let Some(frame) = ring.get(place).filter(|frame| frame.capture == self.capture) else {
            return true;
        };
        if !pairs.hold(&frame) {
            return true;
        }
        if self.pieces.is_named(place) {
            return true;
        }
        let Some(less) = left.less(frame.bytes.len()) else {
            left.frames = 0;
            return false;
        };
        if self.bytes >= CONVERSATION_BYTES_MAX {
            return false;
        }
        *left = less;
        self.add(place, &frame, false);
        true
    }

    fn add(&mut self, place: u64, frame: &Frame<'_>, is_named: bool) {
        if self.pieces.add(place, frame, is_named) {
            self.bytes =
                self.bytes.saturating_add(frame.bytes.len()).saturating_add(FRAME_COST_BYTES);
        }
    }

    /// As a capture file. `name` is the id by which the anomaly is kept.
    pub(super) fn slice(&self, id: AnomalyId, name: &str, captures: &[String]) -> Slice {
        let room = self.bytes.saturating_add(WHOLE_COST_BYTES);
        let mut writer = Writer::new("gridtap").with_room(room);
        let (mut found, mut shortened) = (0, 0);
        for (frame, is_named) in self.pieces.frames() {
            let capture = captures.get(usize::from(frame.capture)).map_or("", String::as_str);
            let comment =
                is_named.then(|| format!("anomaly {name}: frame {} of {capture}", frame.number));
            found += usize::from(is_named);
            shortened += usize::from(
                frame.bytes.len() == FRAME_BYTES_MAX
                    && size(frame.original_length) > FRAME_BYTES_MAX,
            );
            writer.frame(&frame, capture, comment.as_deref());
        }
        let missing = self.named.len().saturating_sub(found);
        Slice {
            anomaly: id,
            pcapng: writer.into_bytes(),
            frames: count(self.pieces.len()),
            missing: count(missing),
            note: self.note(found, missing, shortened),
            at: self.at,
        }
    }

    fn note(&self, found: usize, missing: usize, shortened: usize) -> String {
        let mut note = match (self.pieces.len(), found) {
            (0, _) => "no frame that shows it could be had".to_owned(),
            (all, found) if all == found => {
                format!("{found} frames show it, nothing is around them")
            }
            (all, found) => format!(
                "{found} of {all} frames show it, the others went between the same hosts before and after"
            ),
        };
        if missing > 0 {
            note.push_str(&format!(
                "; {missing} more that show it were no longer in the ring of recent frames (sensor.ring_bytes)"
            ));
        }
        if shortened > 0 {
            note.push_str(&format!("; of {shortened} the first {FRAME_BYTES_MAX} octets are kept"));
        }
        if self.following.is_some() {
            note.push_str("; what follows is still to come");
        }
        note
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn size(length: u32) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}
