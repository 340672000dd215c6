//! What is learned of a command: which points show it, how soon, and how surely.
//!
//! Each command, a point and a way, has a few places for points that changed after it. Such a place counts the occasions
//! on which the point followed, and those on which it was heard and did not. What all points of a device have in common,
//! that output n shows at input n + k, is counted the same way, so that a breaker that is seldom moved is known by the
//! others of its bay.

use gridtap_baseline::{Baseline, Fact, FactKey, FactKind};
use gridtap_model::{Device, Point, Table, Timestamp};

use crate::float;

/// A table, and the index of a point in it.
pub(super) type Place = (u16, u32);

/// Points that are followed of one command, and ways in which the commands of a device show.
pub(super) const SLOTS: u64 = 4;
/// Occasions on which one point followed its command, and on which any did that have it in common.
const OCCASIONS_MIN: u64 = 5;
const OCCASIONS_COMMON: u64 = 8;
/// Points at which it must have been seen to be common to all.
const POINTS_COMMON: usize = 2;
/// Points that are remembered for that.
const POINTS_MAX: usize = 4;
/// The share of commands that the point follows is at least this, where it always followed, and where it once did not.
const SHARE_ALWAYS: f64 = 0.6;
const SHARE_MOSTLY: f64 = 0.9;
/// A point may take so many times longer than it ever did, and no less than this.
const MARGIN: u64 = 2;
const LEAST_S: u64 = 10;
/// So many times more often than it changes in any such time.
const LIFT: f64 = 3.0;
/// A mean change of no known rate: the upper bound of 95 % where none was heard.
const NONE_HEARD: f64 = 3.0;
/// A point that moves by itself on less than one occasion in so many follows commands.
const COMMANDED_OF_ALL: u64 = 20;
/// Indices that fit the number of a fact.
const INDEX_BITS: u32 = 22;
/// Tables that do.
const TABLE_BITS: u32 = 7;

impl Follows {
    /// How long it may take.
    pub(super) fn limit_ms(&self) -> u64 {
        self.longest_ms.saturating_mul(MARGIN).max(LEAST_S.saturating_mul(1_000))
    }
}

/// A command: to which point, and which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Command {
    pub(super) place: Place,
    pub(super) closes: bool,
}

/// What follows a command, as far as it was learned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Follows {
    pub(super) place: Place,
    pub(super) on: bool,
    /// The longest time that it took.
    pub(super) longest_ms: u64,
    /// Occasions on which it followed, and since when.
    pub(super) count: u64,
    pub(super) first: Timestamp,
    /// It is known of all points of the device, not of this one.
    pub(super) common: bool,
    /// Sure enough to be held against the device.
    pub(super) sure: bool,
}

impl Command {
    fn key(self, device: &Device, slot: u64) -> Option<FactKey> {
        let place = packed(self.place)?;
        let detail = place << 3 | u64::from(self.closes) << 2 | slot;
        Some(fact(FactKind::Feedback, device, detail))
    }

    fn common_key(self, device: &Device, slot: u64) -> FactKey {
        let detail = u64::from(self.place.0) << 3 | u64::from(self.closes) << 2 | slot;
        fact(FactKind::FeedbackCommon, device, detail)
    }

    /// What follows it.
    pub(super) fn follows(
        self,
        device: &Device,
        baseline: &Baseline,
        now: Timestamp,
    ) -> Vec<Follows> {
        let facts = baseline.facts();
        let own = (0..SLOTS).filter_map(|slot| facts.get(&self.key(device, slot)?));
        let mut all: Vec<Follows> = own.filter_map(|fact| follows(device, fact, None)).collect();
        let is_own = all.iter().any(|own| own.count >= OCCASIONS_MIN);
        let common = (0..SLOTS).filter_map(|slot| facts.get(&self.common_key(device, slot)));
        let common: Vec<Follows> =
            common.filter_map(|fact| follows(device, fact, Some(self.place.1))).collect();
        for follows in common {
            match all.iter_mut().find(|own| (own.place, own.on) == (follows.place, follows.on)) {
                Some(own) if !own.sure => {
                    own.longest_ms = own.longest_ms.max(follows.longest_ms);
                    (own.sure, own.common) = (follows.sure, true);
                    (own.count, own.first) = (follows.count, follows.first);
                }
                None if !is_own => all.push(follows),
                _ => {}
            }
        }
        for follows in &mut all {
            follows.sure &= is_lifted(device, baseline, follows, now);
        }
        all
    }

    /// Whether it is known that this followed it.
    pub(super) fn is_followed_by(self, device: &Device, baseline: &Baseline, seen: &Seen) -> bool {
        let facts = baseline.facts();
        let own = (0..SLOTS).filter_map(|slot| facts.get(&self.key(device, slot)?));
        own.filter_map(|fact| parsed(device, &fact.text)?.at(None))
            .any(|own| own == (seen.place, seen.on))
    }

    /// A point followed this command, so many times; says how many facts more there are, where there was room.
    pub(super) fn followed(
        self,
        device: &Device,
        baseline: &mut Baseline,
        now: Timestamp,
        seen: &Seen,
        times: u64,
    ) -> Option<usize> {
        let wanted = Some((seen.place, seen.on));
        let slots: Vec<FactKey> = (0..SLOTS).filter_map(|slot| self.key(device, slot)).collect();
        let is_it = |text: &str| parsed(device, text).and_then(|own| own.at(None)) == wanted;
        let key = slot_of(baseline, &slots, is_it)?;
        let is_new = baseline.facts().get(&key).is_none();
        note(baseline, key, now, seen, times, is_it, |longest, _| {
            let name = named(device, seen.place)?;
            Some(format!("{name} = {}, {longest} ms", u8::from(seen.on)))
        });
        Some(usize::from(is_new))
    }

    /// The same, as far as other points of the device have it in common.
    pub(super) fn followed_alike(
        self,
        device: &Device,
        baseline: &mut Baseline,
        now: Timestamp,
        seen: &Seen,
    ) {
        let (base, wanted) = (self.place.1, Some((seen.place, seen.on)));
        let slots: Vec<FactKey> = (0..SLOTS).map(|slot| self.common_key(device, slot)).collect();
        let is_it = |text: &str| parsed(device, text).and_then(|own| own.at(Some(base))) == wanted;
        let Some(key) = slot_of(baseline, &slots, is_it) else { return };
        note(baseline, key, now, seen, 1, is_it, |longest, before| {
            let table = table(device, seen.place.0)?.name;
            let offset = i64::from(seen.place.1).saturating_sub(i64::from(base));
            let mut points = before.map_or_else(Vec::new, |own| own.points);
            if !points.contains(&base) && points.len() < POINTS_MAX {
                points.push(base);
            }
            let points: Vec<String> = points.iter().map(u32::to_string).collect();
            let points = points.join(" ");
            let on = u8::from(seen.on);
            Some(format!("{table} {offset:+} = {on}, {longest} ms, at {points}"))
        });
    }

    /// A point was heard, and did not follow this command.
    pub(super) fn unfollowed(
        self,
        device: &Device,
        baseline: &mut Baseline,
        now: Timestamp,
        follows: &Follows,
    ) {
        let wanted = Some((follows.place, follows.on));
        let own = (0..SLOTS).filter_map(|slot| Some((self.key(device, slot)?, None)));
        let base = Some(self.place.1);
        let common = (0..SLOTS).map(|slot| (self.common_key(device, slot), base));
        let keys: Vec<_> = own.chain(common).collect();
        for (key, base) in keys {
            let of = baseline.facts().get(&key).and_then(|fact| parsed(device, &fact.text));
            if of.and_then(|own| own.at(base)) == wanted {
                let again = |fact: &mut Fact| fact.against = fact.against.saturating_add(1);
                baseline.facts_mut().note(key, now, again);
            }
        }
    }
}

/// A change that came after a command.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Seen {
    pub(super) place: Place,
    pub(super) on: bool,
    pub(super) after_ms: u64,
}

/// How a point moved: how often after commands, of which point, and how often without.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Moves {
    pub(super) commanded: u64,
    pub(super) alone: u64,
    pub(super) by: Place,
    first: Timestamp,
}

impl Moves {
    pub(super) fn of(device: &Device, baseline: &Baseline, place: Place) -> Option<Self> {
        let fact = baseline.facts().get(&moves_key(device, place)?)?;
        let by = place_of(device, &fact.text)?;
        Some(Self { commanded: fact.count, alone: fact.against, by, first: fact.first() })
    }

    /// Whether it moves after commands, and hardly ever otherwise.
    pub(super) const fn follows_commands(&self) -> bool {
        self.commanded >= 3 && self.is_seldom_alone()
    }

    /// Whether it hardly ever moves but after commands.
    pub(super) const fn is_seldom_alone(&self) -> bool {
        self.alone.saturating_mul(COMMANDED_OF_ALL) <= self.commanded
    }

    /// It moved after commands, so many times; says how many facts more there are.
    pub(super) fn commanded(
        device: &Device,
        baseline: &mut Baseline,
        now: Timestamp,
        place: Place,
        by: Place,
        times: u64,
    ) -> usize {
        let (Some(key), Some(name)) = (moves_key(device, place), named(device, by)) else {
            return 0;
        };
        let is_new = baseline.facts().get(&key).is_none();
        baseline.facts_mut().note(key, now, |fact| {
            fact.count = fact.count.saturating_add(times);
            fact.text = name;
        });
        usize::from(is_new)
    }

    /// It moved although nothing explains it.
    pub(super) fn moved_alone(
        device: &Device,
        baseline: &mut Baseline,
        now: Timestamp,
        place: Place,
    ) {
        let Some(key) = moves_key(device, place) else { return };
        if baseline.facts().known(&key) {
            let again = |fact: &mut Fact| fact.against = fact.against.saturating_add(1);
            baseline.facts_mut().note(key, now, again);
        }
    }
}

fn moves_key(device: &Device, place: Place) -> Option<FactKey> {
    Some(fact(FactKind::FeedbackMoves, device, packed(place)?))
}

fn fact(kind: FactKind, device: &Device, detail: u64) -> FactKey {
    FactKey { kind, device: *device, master: None, detail }
}

/// A place as a number; none of one that is beyond all that devices have.
fn packed(place: Place) -> Option<u64> {
    let fits = u32::from(place.0) >> TABLE_BITS == 0 && place.1 >> INDEX_BITS == 0;
    fits.then(|| u64::from(place.0) << INDEX_BITS | u64::from(place.1))
}

fn is_sure(count: u64, against: u64, common: bool) -> bool {
    let least = if against == 0 { SHARE_ALWAYS } else { SHARE_MOSTLY };
    count >= if common { OCCASIONS_COMMON } else { OCCASIONS_MIN }
        && float::share_at_least(count, against) >= least
}

/// Whether it follows commands much more often than it changes within any such time: the upper bound of its own rate.
fn is_lifted(device: &Device, baseline: &Baseline, follows: &Follows, now: Timestamp) -> bool {
    let moves = Moves::of(device, baseline, follows.place);
    let (alone, first) = moves.map_or((0, follows.first), |own| (own.alone, own.first));
    let heard_ms = float::of(now.since_ns(first.min(follows.first)) / 1_000_000).max(1.0);
    let by_chance = (float::of(alone) + NONE_HEARD) * float::of(follows.limit_ms()) / heard_ms;
    float::share_at_least(follows.count, 0) >= LIFT * by_chance
}

fn follows(device: &Device, fact: &Fact, base: Option<u32>) -> Option<Follows> {
    let own = parsed(device, &fact.text)?;
    let (place, on) = own.at(base)?;
    let enough = base.is_none() || own.points.len() >= POINTS_COMMON;
    Some(Follows {
        place,
        on,
        longest_ms: own.longest_ms,
        count: fact.count,
        first: fact.first(),
        common: base.is_some(),
        sure: enough && is_sure(fact.count, fact.against, base.is_some()),
    })
}

/// The place in which it is counted, a free one, or one whose point does not follow after all.
fn slot_of(
    baseline: &Baseline,
    slots: &[FactKey],
    is_it: impl Fn(&str) -> bool,
) -> Option<FactKey> {
    let facts = baseline.facts();
    let own = |key: &&FactKey| facts.get(key).is_some_and(|fact| is_it(&fact.text));
    let free = |key: &&FactKey| facts.get(key).is_none_or(|fact| fact.against > fact.count);
    slots.iter().find(own).or_else(|| slots.iter().find(free)).copied()
}

fn note(
    baseline: &mut Baseline,
    key: FactKey,
    now: Timestamp,
    seen: &Seen,
    times: u64,
    is_it: impl Fn(&str) -> bool,
    text: impl Fn(u64, Option<Parsed>) -> Option<String>,
) {
    baseline.facts_mut().note(key, now, |fact| {
        let before = is_it(&fact.text).then(|| parsed(&key.device, &fact.text)).flatten();
        if before.is_none() {
            (fact.count, fact.against) = (0, 0);
        }
        let longest = before.as_ref().map_or(0, |own| own.longest_ms).max(seen.after_ms);
        fact.count = fact.count.saturating_add(times);
        fact.text = text(longest, before).unwrap_or_default();
    });
}

/// What a fact says in words.
#[derive(Debug, Clone, PartialEq)]
struct Parsed {
    table: u16,
    number: i64,
    on: bool,
    longest_ms: u64,
    points: Vec<u32>,
}

impl Parsed {
    /// The point, counted from a commanded one where it is said so.
    fn at(&self, base: Option<u32>) -> Option<(Place, bool)> {
        let index = i64::from(base.unwrap_or(0)).checked_add(self.number)?;
        Some(((self.table, u32::try_from(index).ok()?), self.on))
    }
}

/// `binary input 3 = 1, 1200 ms`, or `binary input +0 = 1, 1200 ms, at 0 3 4`.
fn parsed(device: &Device, text: &str) -> Option<Parsed> {
    let (what, rest) = text.split_once(" = ")?;
    let (table, number) = what.rsplit_once(' ')?;
    let mut rest = rest.split(", ");
    let on = rest.next()? == "1";
    let longest_ms = rest.next()?.strip_suffix(" ms")?.parse().ok()?;
    let points = rest.next().and_then(|points| points.strip_prefix("at ")).unwrap_or("");
    Some(Parsed {
        table: coded(device, table)?,
        number: number.parse().ok()?,
        on,
        longest_ms,
        points: points.split(' ').filter_map(|point| point.parse().ok()).collect(),
    })
}

fn coded(device: &Device, name: &str) -> Option<u16> {
    let known = Table::known(device.protocol);
    known.iter().find(|table| table.name == name).map(|table| table.code)
}

pub(super) fn table(device: &Device, code: u16) -> Option<Table> {
    Table::known(device.protocol).iter().find(|table| table.code == code).copied()
}

fn named(device: &Device, place: Place) -> Option<String> {
    let table = table(device, place.0)?;
    Some(Point { table, index: place.1, value: None }.to_string())
}

fn place_of(device: &Device, name: &str) -> Option<Place> {
    let (table, index) = name.rsplit_once(' ')?;
    Some((coded(device, table)?, index.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_bounded_from_below_as_in_the_tables() {
        let near = |share: f64, wanted: f64| assert!((share - wanted).abs() < 0.001, "{share}");
        near(float::share_at_least(5, 0), 0.649);
        near(float::share_at_least(10, 0), 0.787);
        near(float::share_at_least(9, 1), 0.652);
        near(float::share_at_least(0, 4), 0.0);
        near(float::share_at_least(0, 0), 0.0);
        assert!(is_sure(5, 0, false) && !is_sure(4, 0, false) && !is_sure(7, 0, true));
        assert!(!is_sure(30, 1, false) && is_sure(60, 1, false), "one that fails now and then");
    }
}
