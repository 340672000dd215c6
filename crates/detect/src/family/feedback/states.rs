//! The states of the points of a device that changed, as far as there is room for them.

use core::iter;
use core::ops::RangeInclusive;

use gridtap_model::Timestamp;

use super::map::Place;
use super::{Flip, Told};
use crate::sorted::Sorted;

/// Points of one device whose state is kept.
const STATES_MAX: usize = 64;
const ALL: RangeInclusive<Place> = (u16::MIN, u32::MIN)..=(u16::MAX, u32::MAX);
/// An event of a point of which nothing was heard so far tells a change where nothing was missed for so long.
const UNDISTURBED_NS: u64 = 300_000_000_000;

/// The state of a point that changed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stand {
    pub(super) on: bool,
    pub(super) since: Timestamp,
    pub(super) first: Timestamp,
    pub(super) changes: u64,
}

/// The states of the points of a device that changed.
#[derive(Debug, Default)]
pub(super) struct States {
    stands: Sorted<Place, Stand>,
}

impl States {
    pub(super) fn get(&self, place: Place) -> Option<&Stand> {
        self.stands.get(place)
    }

    pub(super) fn insert(&mut self, place: Place, stand: Stand) {
        self.stands.insert(place, stand);
    }

    /// Whether there is no room for one more.
    pub(super) const fn is_full(&self) -> bool {
        self.stands.len() >= STATES_MAX
    }

    /// Lets the point go that has not changed for the longest time, of those that may; says whether one did.
    pub(super) fn let_go(&mut self, may_go: impl Fn(Place) -> bool) -> bool {
        let first = self.stands.first_in(&ALL);
        let places = iter::successors(first, |place| self.stands.first_behind(*place, &ALL));
        let since = |place| Some((self.stands.get(place)?.since, place));
        let mut oldest: Vec<(Timestamp, Place)> = places.filter_map(since).collect();
        oldest.sort_unstable();
        let goes = oldest.into_iter().map(|(_, place)| place).find(|place| may_go(*place));
        goes.and_then(|place| self.stands.remove(place)).is_some()
    }

    /// The state before a change. What a report says is held against all that was reported; a poll may have been
    /// overtaken by another of the same points: that it shows what was known already is no change, though much was not
    /// heard since then.
    pub(super) fn before(&self, flip: &Flip, now: Timestamp, disturbed: Timestamp) -> Option<bool> {
        let known = self.get((flip.table.code, flip.index));
        let is_poll = flip.told == Told::Poll;
        let known = known
            .filter(|stand| stand.since >= disturbed || is_poll && stand.on == flip.on)
            .map(|stand| stand.on);
        let is_event = flip.told == Told::Event && now.since_ns(disturbed) >= UNDISTURBED_NS;
        match flip.told {
            Told::Poll => known.or(flip.before),
            Told::Report | Told::Event => flip.before.or(known),
        }
        .or_else(|| is_event.then_some(!flip.on))
    }
}
