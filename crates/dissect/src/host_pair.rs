//! Which directions between two hosts are heard. A SPAN port that copies one direction only is the
//! commonest fault of a sensor, and with a new connection for each poll no single flow can show it.

use gridtap_model::{Direction, Endpoint, Group, Timestamp, Zone};
use gridtap_wire::Flow;
use hashbrown::HashTable;

use crate::Config;
use crate::stage::Speakers;

/// What was heard of one host towards another.
#[derive(Debug, Clone, Copy, Default)]
struct Side {
    /// Any packet, ever.
    heard: bool,
    /// Events with bytes that the other side answered unheard, since it was last heard.
    alone: u32,
    /// The first of them.
    alone_since: Timestamp,
}

#[derive(Debug, Clone, Copy)]
struct Pair {
    zone: Zone,
    /// The side with the smaller address, then the other.
    sides: [Side; 2],
    /// The side that was said to be unheard.
    missing: Option<usize>,
    /// The endpoints of the last conversation, to name one: the smaller address first. They tell the group, too.
    last: [Endpoint; 2],
}

/// Octets that a pair takes, with its place in the index.
pub(crate) const PAIR_OCTETS: usize = size_of::<Pair>() + 2 * (size_of::<u32>() + 1);

/// The pairs of hosts that speak a protocol of ours.
#[derive(Debug)]
pub(crate) struct HostPairs {
    index: HashTable<u32>,
    hasher: ahash::RandomState,
    pairs: Vec<Pair>,
    pairs_max: usize,
}

/// A pair, for as long as the dissector lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PairId(u32);

/// Where a direction of a flow stands in its pair: the index of its sender.
fn sender([first, second]: [Endpoint; 2], direction: Direction) -> usize {
    let forward = usize::from(first.address > second.address);
    match direction {
        Direction::Forward => forward,
        Direction::Backward => 1_usize.saturating_sub(forward),
    }
}

impl HostPairs {
    pub(crate) fn new(pairs_max: usize) -> Self {
        let hasher = ahash::RandomState::with_seeds(0x7061, 0x6972, 0x686f, 0x7374);
        Self { index: HashTable::new(), hasher, pairs: Vec::new(), pairs_max }
    }

    /// The pair of a flow; none for a host that speaks to itself, and where there are too many.
    pub(crate) fn of(&mut self, zone: Zone, flow: &Flow) -> Result<Option<PairId>, TooMany> {
        if flow.first.address == flow.second.address {
            return Ok(None);
        }
        let last = match sender([flow.first, flow.second], Direction::Forward) {
            0 => [flow.first, flow.second],
            _ => [flow.second, flow.first],
        };
        let Self { index, hasher, pairs, pairs_max } = self;
        let hash = |zone: Zone, last: [Endpoint; 2]| {
            let [low, high] = last;
            hasher.hash_one((zone, low.address, high.address, Group::of(low, high)))
        };
        let hashed = hash(zone, last);
        let at = |index: &u32| usize::try_from(*index).ok().and_then(|at| pairs.get(at));
        let is_it = |index: &u32| {
            at(index).is_some_and(|pair| {
                let ([low, high], [this, other]) = (pair.last, last);
                (pair.zone, low.address, high.address) == (zone, this.address, other.address)
                    && Group::of(low, high) == Group::of(this, other)
            })
        };
        if let Some(index) = index.find(hashed, is_it) {
            return Ok(Some(PairId(*index)));
        }
        let new = u32::try_from(pairs.len()).map_err(|_| TooMany)?;
        if pairs.len() >= *pairs_max {
            return Err(TooMany);
        }
        let again = |index: &u32| at(index).map_or(0, |pair| hash(pair.zone, pair.last));
        index.insert_unique(hashed, new, again);
        let sides = [Side::default(); 2];
        pairs.push(Pair { zone, sides, missing: None, last });
        Ok(Some(PairId(new)))
    }

    /// Takes in that bytes went in `direction` of a flow; `alone` where they show that the other side speaks
    /// unheard. Gives the endpoint whose direction is now known to be missing, once.
    pub(crate) fn heard(
        &mut self,
        id: PairId,
        flow: &Flow,
        direction: Direction,
        alone: bool,
        moment: (Timestamp, &Config),
    ) -> Option<Endpoint> {
        let (now, config) = moment;
        let [forward, backward] = flow.packets;
        let replies = match direction {
            Direction::Forward => backward,
            Direction::Backward => forward,
        };
        let ends = [flow.first, flow.second];
        let at = sender(ends, direction);
        let other = 1_usize.saturating_sub(at);
        let pair = self.pairs.get_mut(usize::try_from(id.0).ok()?)?;
        pair.last = match sender(ends, Direction::Forward) {
            0 => ends,
            _ => [flow.second, flow.first],
        };
        pair.missing = pair.missing.filter(|missing| *missing != at);
        let [low, high] = &mut pair.sides;
        let (own, opposite) = if at == 0 { (low, high) } else { (high, low) };
        own.heard = true;
        opposite.heard |= replies > 0;
        opposite.alone = 0;
        if !alone {
            own.alone = 0;
            return None;
        }
        if own.alone == 0 {
            own.alone_since = now;
        }
        own.alone = own.alone.saturating_add(1);
        pair.judged(other, now, config)
    }

    /// The endpoint that is missing, where the input ends before enough time has passed to be sure.
    pub(crate) fn at_end(&mut self, id: PairId) -> Option<Endpoint> {
        let pair = self.pairs.get_mut(usize::try_from(id.0).ok()?)?;
        let alone = pair.sides.iter().position(|side| side.alone >= ALONE_AT_END)?;
        pair.found(1_usize.saturating_sub(alone))
    }

    /// Whether answers of the side opposite to `direction` have ever been heard.
    pub(crate) fn answers_heard(
        &self,
        id: PairId,
        speakers: &Speakers,
        request: Direction,
    ) -> bool {
        let answering = sender([speakers.first, speakers.second], request.reversed());
        usize::try_from(id.0)
            .ok()
            .and_then(|index| self.pairs.get(index))
            .and_then(|pair| pair.sides.get(answering))
            .is_none_or(|side| side.heard)
    }

    /// Whether one side is known to be unheard.
    pub(crate) fn is_one_direction(&self, id: PairId) -> bool {
        usize::try_from(id.0)
            .ok()
            .and_then(|index| self.pairs.get(index))
            .is_some_and(|pair| pair.missing.is_some())
    }
}

/// Events that show it where time does not.
const ALONE_AT_END: u32 = 3;

/// A bound was reached.
#[derive(Debug)]
pub(crate) struct TooMany;

impl Pair {
    /// Whether `other` has spoken unheard for so long that the sensor must be deaf to it.
    fn judged(&mut self, other: usize, now: Timestamp, config: &Config) -> Option<Endpoint> {
        let own = *self.sides.get(1_usize.saturating_sub(other))?;
        let long = now.since_ns(own.alone_since) >= config.one_direction_after.nanos();
        if own.alone < 2 || !long {
            return None;
        }
        self.found(other)
    }

    fn found(&mut self, other: usize) -> Option<Endpoint> {
        if self.missing.is_some() {
            return None;
        }
        self.missing = Some(other);
        self.last.get(other).copied()
    }
}
