//! Frames that were cut out, in one piece of memory: there are many, and most are short.

use gridtap_model::Timestamp;
use gridtap_wire::{Frame, LinkType};

/// What is known of a frame beside its octets.
#[derive(Debug)]
struct Piece {
    /// Where in the ring it was.
    place: u64,
    time: Timestamp,
    number: u64,
    /// Where its octets begin, and how many they are.
    at: u32,
    length: u32,
    original_length: u32,
    link: LinkType,
    capture: u16,
    /// It shows the anomaly, and is not only of the same conversation.
    is_named: bool,
}

/// Frames by their places in the ring: in the order in which they were heard.
#[derive(Debug)]
pub(super) struct Pieces {
    known: Vec<Piece>,
    /// The octets of all of them, in the order in which they were added.
    octets: Vec<u8>,
}

/// The least by which room grows, in frames and in octets.
const FRAMES_MORE: usize = 16;
const OCTETS_MORE: usize = 2048;

impl Pieces {
    pub(super) const fn new() -> Self {
        Self { known: Vec::new(), octets: Vec::new() }
    }

    pub(super) const fn len(&self) -> usize {
        self.known.len()
    }

    fn find(&self, place: u64) -> Result<usize, usize> {
        self.known.binary_search_by_key(&place, |piece| piece.place)
    }

    /// Whether the frame of a place is there and shows the anomaly.
    pub(super) fn is_named(&self, place: u64) -> bool {
        self.find(place).ok().and_then(|nth| self.known.get(nth)).is_some_and(|it| it.is_named)
    }

    /// Adds a frame; says whether it is new.
    pub(super) fn add(&mut self, place: u64, frame: &Frame<'_>, is_named: bool) -> bool {
        let nth = match self.find(place) {
            Ok(nth) => {
                if let Some(piece) = self.known.get_mut(nth) {
                    piece.is_named |= is_named;
                }
                return false;
            }
            Err(nth) => nth,
        };
        make_room(&mut self.known, 1, FRAMES_MORE);
        make_room(&mut self.octets, frame.bytes.len(), OCTETS_MORE);
        let short = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let piece = Piece {
            place,
            time: frame.time,
            number: frame.number,
            at: short(self.octets.len()),
            length: short(frame.bytes.len()),
            original_length: frame.original_length,
            link: frame.link,
            capture: frame.capture,
            is_named,
        };
        self.octets.extend_from_slice(frame.bytes);
        self.known.insert(nth, piece);
        true
    }

    /// The frames, each with whether it shows the anomaly.
    pub(super) fn frames(&self) -> impl Iterator<Item = (Frame<'_>, bool)> {
        let long = |length: u32| usize::try_from(length).unwrap_or(usize::MAX);
        self.known.iter().map(move |piece| {
            let at = long(piece.at);
            let frame = Frame {
                time: piece.time,
                capture: piece.capture,
                number: piece.number,
                link: piece.link,
                bytes: self
                    .octets
                    .get(at..at.saturating_add(long(piece.length)))
                    .unwrap_or_default(),
                original_length: piece.original_length,
            };
            (frame, piece.is_named)
        })
    }
}

/// Room for so many more. It grows by a quarter, not by the whole: what is held for long is held by many.
fn make_room<T>(of: &mut Vec<T>, more: usize, least: usize) {
    if of.capacity().saturating_sub(of.len()) < more {
        of.reserve_exact(more.max(least).max(of.len() / 4));
    }
}
