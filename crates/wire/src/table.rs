//! The flow table: a slab, an index by endpoints, timers, and the order in which flows give way.

use core::hash::{BuildHasher, Hasher};
use core::net::IpAddr;
use std::collections::BTreeSet;

use ahash::RandomState;
use gridtap_model::{Endpoint, Timestamp, Transport};
use hashbrown::HashTable;

use crate::entry::{Entry, Rank};
use crate::event::FlowId;

/// No slot.
const NONE: u32 = u32::MAX;
/// Flows that are passed over because they are in use, before one is evicted all the same.
const CHANCES: usize = 64;

/// A place for a flow, with its neighbours among the flows of its rank.
#[derive(Debug)]
pub(crate) struct Slot {
    entry: Option<Entry>,
    generation: u32,
    before: u32,
    after: u32,
    /// When it was put at the end of its list.
    listed: Timestamp,
}

/// The flows of a rank, those longest in it first.
#[derive(Debug, Clone, Copy)]
struct List {
    first: u32,
    last: u32,
}

/// A flow in which something is due; those due first are the least, and of them those that were opened first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Due {
    /// When it is to be looked at.
    time: Timestamp,
    opened: Timestamp,
    /// No two flows have the same.
    ends: (Transport, Endpoint, Endpoint),
    pub(crate) slot: u32,
}

/// The open flows.
#[derive(Debug)]
pub(crate) struct Table {
    slots: Vec<Slot>,
    free: Vec<u32>,
    index: HashTable<u32>,
    hasher: RandomState,
    lists: [List; 3],
    timers: BTreeSet<(Timestamp, u32)>,
}

fn place(slot: u32) -> usize {
    usize::try_from(slot).unwrap_or(usize::MAX)
}

const fn list_of(rank: Rank, lists: &mut [List; 3]) -> &mut List {
    match rank {
        Rank::Unanswered => &mut lists[0],
        Rank::Answered => &mut lists[1],
        Rank::Established => &mut lists[2],
    }
}

/// The same for both directions.
#[inline]
fn hash(hasher: &RandomState, transport: Transport, one: Endpoint, other: Endpoint) -> u64 {
    let mut state = hasher.build_hasher();
    let tag = match transport {
        Transport::Tcp => 0_u64,
        Transport::Udp => 1 << 63,
    };
    match (one.address, other.address) {
        (IpAddr::V4(one_address), IpAddr::V4(other_address)) => {
            let pack = |address: u32, port: u16| u64::from(address) << 16 | u64::from(port);
            let one = pack(one_address.to_bits(), one.port);
            let other = pack(other_address.to_bits(), other.port);
            state.write_u64(one.min(other));
            state.write_u64(one.max(other) | tag);
        }
        _ => {
            let pack = |endpoint: Endpoint| match endpoint.address {
                IpAddr::V4(address) => (u128::from(address.to_bits()), endpoint.port),
                IpAddr::V6(address) => (address.to_bits(), endpoint.port),
            };
            let (one, other) = (pack(one), pack(other));
            let (low, high) = (one.min(other), one.max(other));
            state.write_u128(low.0);
            state.write_u128(high.0);
            state.write_u64(u64::from(low.1) << 16 | u64::from(high.1) | tag);
        }
    }
    state.finish()
}

impl Table {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            index: HashTable::new(),
            hasher: RandomState::with_seeds(
                seed,
                seed.rotate_left(17),
                !seed,
                seed.rotate_left(41),
            ),
            lists: [List { first: NONE, last: NONE }; 3],
            timers: BTreeSet::new(),
        }
    }

    /// A flow, and what hashes are made with.
    pub(crate) fn hasher_and(&mut self, slot: u32) -> Option<(&RandomState, &mut Entry)> {
        let entry = self.slots.get_mut(place(slot))?.entry.as_mut()?;
        Some((&self.hasher, entry))
    }

    /// How many flows are open.
    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    /// The slot of the flow between two endpoints, whichever sent.
    #[inline]
    pub(crate) fn find(&self, transport: Transport, one: Endpoint, other: Endpoint) -> Option<u32> {
        let hash = hash(&self.hasher, transport, one, other);
        let slots = &self.slots;
        let is_it = |&slot: &u32| {
            slots.get(place(slot)).and_then(|slot| slot.entry.as_ref()).is_some_and(|entry| {
                let flow = &entry.flow;
                flow.transport == transport
                    && ((flow.first == one && flow.second == other)
                        || (flow.first == other && flow.second == one))
            })
        };
        self.index.find(hash, is_it).copied()
    }

    pub(crate) fn get_mut(&mut self, slot: u32) -> Option<&mut Entry> {
        self.slots.get_mut(place(slot))?.entry.as_mut()
    }

    /// Opens a flow, with a timer at its `entry.timer`.
    pub(crate) fn insert(&mut self, entry: impl FnOnce(FlowId) -> Entry) -> u32 {
        let slot = self.free.pop().unwrap_or_else(|| {
            let slot = u32::try_from(self.slots.len()).unwrap_or(NONE);
            let listed = Timestamp::MIN;
            self.slots.push(Slot { entry: None, generation: 0, before: NONE, after: NONE, listed });
            slot
        });
        let Some(found) = self.slots.get_mut(place(slot)) else { return slot };
        let entry = entry(FlowId { slot, generation: found.generation });
        let (timer, rank, time, flow) = (entry.timer, entry.rank, entry.opened, entry.flow);
        found.entry = Some(entry);
        let hashed = hash(&self.hasher, flow.transport, flow.first, flow.second);
        let (slots, hasher) = (&self.slots, &self.hasher);
        self.index.insert_unique(hashed, slot, |&slot| {
            slots.get(place(slot)).and_then(|slot| slot.entry.as_ref()).map_or(0, |entry| {
                hash(hasher, entry.flow.transport, entry.flow.first, entry.flow.second)
            })
        });
        self.timers.insert((timer, slot));
        self.link(slot, rank, time);
        slot
    }

    /// Takes a flow out.
    pub(crate) fn remove(&mut self, slot: u32) -> Option<Entry> {
        let rank = self.get_mut(slot)?.rank;
        self.unlink(slot, rank);
        let found = self.slots.get_mut(place(slot))?;
        let entry = found.entry.take()?;
        found.generation = found.generation.wrapping_add(1);
        self.timers.remove(&(entry.timer, slot));
        let hashed = hash(&self.hasher, entry.flow.transport, entry.flow.first, entry.flow.second);
        if let Ok(occupied) = self.index.find_entry(hashed, |&other| other == slot) {
            occupied.remove();
        }
        self.free.push(slot);
        Some(entry)
    }

    /// Moves the timer of a flow.
    pub(crate) fn set_timer(&mut self, slot: u32, time: Timestamp) {
        let Some(entry) = self.slots.get_mut(place(slot)).and_then(|slot| slot.entry.as_mut())
        else {
            return;
        };
        if entry.timer != time {
            self.timers.remove(&(entry.timer, slot));
            entry.timer = time;
            self.timers.insert((time, slot));
        }
    }

    /// The flows whose timers are due, in an order that does not depend on their slots.
    pub(crate) fn due(&self, now: Timestamp, due: &mut Vec<Due>) {
        let timers = self.timers.iter().take_while(|(time, _)| *time <= now);
        due.extend(timers.filter_map(|&(time, slot)| {
            let entry = self.slots.get(place(slot))?.entry.as_ref()?;
            let ends = (entry.flow.transport, entry.flow.first, entry.flow.second);
            Some(Due { time, opened: entry.opened, ends, slot })
        }));
        due.sort_unstable();
    }

    /// Moves a flow to another rank.
    pub(crate) fn set_rank(&mut self, slot: u32, rank: Rank, now: Timestamp) {
        let Some(entry) = self.get_mut(slot) else { return };
        let old = core::mem::replace(&mut entry.rank, rank);
        self.unlink(slot, old);
        self.link(slot, rank, now);
    }

    /// The flow that gives way: of the lowest rank there is, and of those the one that was used longest ago, as far
    /// as a few looks tell.
    pub(crate) fn victim(&mut self, now: Timestamp) -> Option<u32> {
        for rank in [Rank::Unanswered, Rank::Answered, Rank::Established] {
            for chance in 0..=CHANCES {
                let slot = list_of(rank, &mut self.lists).first;
                let Some(found) = self.slots.get(place(slot)) else { break };
                let used = found.entry.as_ref().is_some_and(|entry| entry.last.time > found.listed);
                if rank == Rank::Unanswered || !used || chance == CHANCES {
                    return Some(slot);
                }
                self.unlink(slot, rank);
                self.link(slot, rank, now);
            }
        }
        None
    }

    fn link(&mut self, slot: u32, rank: Rank, now: Timestamp) {
        let list = list_of(rank, &mut self.lists);
        let last = core::mem::replace(&mut list.last, slot);
        if list.first == NONE {
            list.first = slot;
        }
        if let Some(last) = self.slots.get_mut(place(last)) {
            last.after = slot;
        }
        if let Some(found) = self.slots.get_mut(place(slot)) {
            found.before = last;
            found.after = NONE;
            found.listed = now;
        }
    }

    fn unlink(&mut self, slot: u32, rank: Rank) {
        let Some(found) = self.slots.get_mut(place(slot)) else { return };
        let (before, after) = (found.before, found.after);
        match self.slots.get_mut(place(before)) {
            Some(before) => before.after = after,
            None => list_of(rank, &mut self.lists).first = after,
        }
        match self.slots.get_mut(place(after)) {
            Some(after) => after.before = before,
            None => list_of(rank, &mut self.lists).last = before,
        }
    }
}
