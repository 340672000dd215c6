//! What points show and are set to: how far, how fast and in which states.
//!
//! A poll brings the same octets as the one before, or nearly: a poll block keeps them, and only a point that differs
//! costs more. A point that never changed is those octets and nothing else; one that varies has a record of fixed size.
//!
//! What is learned of it are records of blocks of time: the highest and lowest value, the longest step and the furthest
//! way from where the block began, each with a scale by moments, as the tail of block maxima is exponential (Gumbel).
//! What goes beyond a record is weighed by that scale, never by less than the smallest step that the point ever took,
//! so that a quantised or constant sensor gives no evidence without end. Words are compared on their circle: a signed
//! value that passes zero, a counter that wraps and the sign of a floating-point number in two registers are no leaps.

mod block;
mod course;
mod flow;
mod hear;
mod point;
#[cfg(test)]
mod tests;

use ahash::RandomState;
use gridtap_model::{Device, Point, Run, Table, Values as Shown, Zone};
use hashbrown::{HashMap, HashTable};

use crate::tables::slot;

use block::PollBlock;
use point::Change;
pub(crate) use point::{Key as PointKey, Learned, PointState, Record, State};

/// Points of one message whose values are followed.
const POINTS_OF_MESSAGE_MAX: u32 = 4_096;
/// Polls whose course is kept.
const FLOWS_MAX: u32 = 2_048;
/// Changes of others while a poll stands still, before that means something.
const STILL_OTHERS_MIN: u64 = 10;
/// Bits of one message that changed and are told.
const CHANGED_BITS_MAX: usize = 64;
/// Stands for no number.
const NONE: u32 = u32::MAX;

/// What of a point was never so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// The value itself.
    Range,
    /// The way from the value before.
    Step,
    /// The way within one block of time.
    Drift,
    /// A state of a point that has few.
    State,
    /// States of a poll that come again in their order: `found` is how many.
    Replay,
    /// A poll that stands still: `found` is for how many polls.
    Still,
}

impl Measure {
    /// Whether it is about the course of a poll, not about one point.
    #[must_use]
    pub const fn is_course(self) -> bool {
        matches!(self, Self::Replay | Self::Still)
    }
}

/// A value that goes beyond what was learned of its point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Departure {
    /// The point, with its value.
    pub point: Point,
    /// It was written, not read.
    pub written: bool,
    /// In which way.
    pub measure: Measure,
    /// How far it is.
    pub found: f64,
    /// The furthest that was learned; of a range the nearer end, of states how many there are.
    pub learned: f64,
    /// In how many blocks the point was heard, or of a state how often it changed.
    pub support: u64,
    /// log10 of the evidence against what was learned.
    pub score: f64,
    /// The ordinal of the running block of time.
    pub block: u32,
    /// Values that are tested a day, over the zone.
    pub tests_per_day: f64,
}

/// All poll blocks and all points that vary.
#[derive(Debug, Clone)]
pub(crate) struct Values {
    hasher: RandomState,
    blocks: Vec<PollBlock>,
    block_index: HashTable<u32>,
    /// The block that was heard last.
    last: u32,
    points: Vec<PointState>,
    point_index: HashTable<u32>,
    devices: Vec<Device>,
    device_index: HashMap<Device, u32, RandomState>,
    /// The states of points that have few, while they have few.
    states: Vec<point::States>,
    states_free: Vec<u32>,
    /// How many polls have their course kept, and how often any changed.
    flows: u32,
    changes: u64,
    points_max: usize,
    refused: u64,
    /// Up to which point the learned ones were last asked for.
    pub(crate) kept: usize,
    /// Bits that changed since they were last taken: the table, the index, and what they are now.
    changed_bits: Vec<(Table, u32, bool)>,
    /// The octets of the message at hand, kept for its room.
    scratch: Vec<u8>,
}

/// Where a value was heard, for what is learned of it.
#[derive(Clone, Copy)]
struct Now {
    /// The ordinal of the running block of the zone.
    block: u32,
    armed: bool,
    tests_per_day: f64,
    blocks_per_day: f64,
    /// New points are entered.
    admits: bool,
}

impl Values {
    pub(crate) fn new(hasher: RandomState, points_max: u32) -> Self {
        Self {
            device_index: HashMap::with_hasher(hasher.clone()),
            hasher,
            blocks: Vec::new(),
            block_index: HashTable::new(),
            last: NONE,
            points: Vec::new(),
            point_index: HashTable::new(),
            devices: Vec::new(),
            states: Vec::new(),
            states_free: Vec::new(),
            flows: 0,
            changes: 0,
            points_max: slot(points_max),
            refused: 0,
            kept: 0,
            changed_bits: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// Points and poll blocks that were not followed because the tables are full.
    pub(crate) const fn refused(&self) -> u64 {
        self.refused
    }

    /// How many points vary.
    pub(crate) fn points(&self) -> usize {
        self.points.len()
    }

    pub(crate) fn point_mut(&mut self, id: usize) -> Option<&mut PointState> {
        self.points.get_mut(id)
    }

    /// A point with its device and its states.
    pub(crate) fn learned(&self, id: usize) -> Option<(&PointState, &Device, &[State])> {
        let point = self.points.get(id)?;
        let device = self.devices.get(slot(point.device()))?;
        let states = point.states().and_then(|states| self.states.get(slot(states)));
        Some((point, device, states.map_or(&[], |states| &states.each)))
    }

    /// The record of a point that is read back from disk.
    pub(crate) fn enter(
        &mut self,
        device: &Device,
        table: u16,
        index: u32,
        written: bool,
    ) -> Option<u32> {
        let device = self.intern_device(device);
        self.point_slot(point::Key { device, index, table, written }, true)
    }

    /// The states of a point that were read back from disk; none of one that has too many.
    pub(crate) fn put_states(&mut self, id: u32, states: &[State]) {
        let slab = Slab { states: &mut self.states, free: &mut self.states_free };
        if let Some(point) = self.points.get_mut(slot(id)) {
            point.put_states(states, slab);
        }
    }

    /// All was read back from disk: gives back the room that was kept for more.
    pub(crate) fn shrink(&mut self) {
        self.points.shrink_to_fit();
        self.states.shrink_to_fit();
    }

    /// How many points vary in a zone.
    pub(crate) fn points_of(&self, zone: Zone) -> u64 {
        let of = |point: &&PointState| {
            self.devices.get(slot(point.device())).is_some_and(|device| device.zone == zone)
        };
        u64::try_from(self.points.iter().filter(of).count()).unwrap_or(u64::MAX)
    }

    /// The memory that they take, about.
    pub(crate) fn memory_bytes(&self) -> usize {
        let blocks = self.blocks.iter().map(PollBlock::memory_bytes).sum::<usize>();
        let points =
            self.points.capacity().saturating_mul(size_of::<PointState>().saturating_add(8));
        let each = self.states.iter().map(point::States::memory_bytes).sum::<usize>();
        let states = self.states.capacity().saturating_mul(size_of::<point::States>());
        blocks.saturating_add(points).saturating_add(states).saturating_add(each)
    }

    /// A block of time of a zone is over: what it brought becomes a record.
    pub(crate) fn block_ended(&mut self, zone: Zone, armed: bool) {
        let Self { points, devices, .. } = self;
        for point in points {
            if devices.get(slot(point.device())).is_some_and(|device| device.zone == zone) {
                point.block_ended(armed);
            }
        }
        let of_zone = self.blocks.iter_mut().filter(|block| block.device().zone == zone);
        for flow in of_zone.filter_map(|block| block.flow.as_mut()) {
            flow.block_ended(armed);
        }
    }

    /// States of points that have few, heard in one block only.
    pub(crate) fn states_once(&self, zone: Zone) -> u32 {
        let of_zone = self.points.iter().filter(|point| {
            self.devices.get(slot(point.device())).is_some_and(|device| device.zone == zone)
        });
        let once = of_zone.filter_map(|point| self.states.get(slot(point.states()?)));
        once.fold(0, |sum, states| sum.saturating_add(states.once()))
    }

    fn intern_device(&mut self, device: &Device) -> u32 {
        if let Some(id) = self.device_index.get(device) {
            return *id;
        }
        let id = u32::try_from(self.devices.len()).unwrap_or(NONE);
        self.devices.push(*device);
        self.device_index.insert(*device, id);
        id
    }

    /// The record of a point.
    pub(crate) fn find(&self, key: point::Key) -> Option<u32> {
        let same = |id: &u32| self.points.get(slot(*id)).is_some_and(|point| point.key() == key);
        self.point_index.find(self.hasher.hash_one(key), same).copied()
    }

    /// The record of a point, made where it has none and there is room.
    fn point_slot(&mut self, key: point::Key, admits: bool) -> Option<u32> {
        if let Some(id) = self.find(key) {
            return Some(id);
        }
        if !admits || self.points.len() >= self.points_max {
            self.refused = self.refused.saturating_add(u64::from(admits));
            return None;
        }
        let id = u32::try_from(self.points.len()).ok()?;
        self.points.push(PointState::new(key));
        let (points, hasher) = (&self.points, &self.hasher);
        let hash_of = |id: &u32| points.get(slot(*id)).map_or(0, |it| hasher.hash_one(it.key()));
        self.point_index.insert_unique(hasher.hash_one(key), id, hash_of);
        Some(id)
    }

    /// The poll block of a run, made where it is new. It is nearly always the one that followed the last one before.
    fn block_slot(&mut self, device: &Device, run: &Run<'_>, now: Now) -> Option<u32> {
        let next = self.blocks.get(slot(self.last)).map_or(NONE, PollBlock::next);
        if self.blocks.get(slot(next)).is_some_and(|block| block.is(device, run)) {
            self.last = next;
            return Some(next);
        }
        let key = (*device, run.table.code, run.first, run.count, run.written);
        let hash = self.hasher.hash_one(key);
        let blocks = &self.blocks;
        let same = |id: &u32| blocks.get(slot(*id)).is_some_and(|block| block.is(device, run));
        let found = self.block_index.find(hash, same).copied();
        let id = match found {
            Some(id) => id,
            None if !now.admits || self.blocks.len() >= self.points_max => {
                self.refused = self.refused.saturating_add(u64::from(now.admits));
                return None;
            }
            None => {
                let id = u32::try_from(self.blocks.len()).ok()?;
                self.blocks.push(PollBlock::new(device, run));
                let (blocks, hasher) = (&self.blocks, &self.hasher);
                self.block_index.insert_unique(hash, id, |id| {
                    blocks.get(slot(*id)).map_or(0, |block| hasher.hash_one(block.key()))
                });
                id
            }
        };
        if let Some(last) = self.blocks.get_mut(slot(self.last)) {
            last.set_next(id);
        }
        self.last = id;
        Some(id)
    }

    /// Takes in the values of a run. What goes beyond what was learned is added to `out`. Says how many states were
    /// heard for the first time, and how many for a second block.
    fn hear(
        &mut self,
        device: &Device,
        run: &Run<'_>,
        now: Now,
        out: &mut Vec<Departure>,
    ) -> point::Novelty {
        let mut novelty = point::Novelty::default();
        let Some(id) = self.block_slot(device, run, now) else { return novelty };
        let Some(block) = self.blocks.get_mut(slot(id)) else { return novelty };
        if block.is_same(&run.values) {
            self.stood(id, run, now, out);
            return novelty;
        }
        let mut block = core::mem::take(block);
        let mut scratch = core::mem::take(&mut self.scratch);
        let are_bits = matches!(run.values, Shown::Bits(_)) && !run.written;
        let any = block.each_change(run, &mut scratch, |offset, numbers, point_slot| {
            if are_bits && self.changed_bits.len() < CHANGED_BITS_MAX {
                let index = run.first.saturating_add(offset);
                self.changed_bits.push((run.table, index, numbers.new != 0.0));
            }
            if *point_slot == NONE {
                let key = point::Key {
                    device: self.intern_device(device),
                    table: run.table.code,
                    index: run.first.saturating_add(offset),
                    written: run.written,
                };
                let Some(id) = self.point_slot(key, now.admits) else { return };
                *point_slot = id;
            }
            let Some(point) = self.points.get_mut(slot(*point_slot)) else { return };
            let change = Change { numbers, armed: now.armed };
            let mut tell = |measure, found, learned, support, score| {
                let index = run.first.saturating_add(offset);
                let value = run.values.at(offset);
                out.push(Departure {
                    point: Point { table: run.table, index, value },
                    written: run.written,
                    measure,
                    found,
                    learned,
                    support,
                    score,
                    block: now.block,
                    tests_per_day: now.tests_per_day,
                });
            };
            point.change(change, &mut tell);
            let states = Slab { states: &mut self.states, free: &mut self.states_free };
            novelty.add(point.note_state(change, now.block, states, &mut tell));
        });
        self.scratch = scratch;
        if let Some(place) = self.blocks.get_mut(slot(id)) {
            *place = block;
        }
        if any {
            self.moved(id, run, now, out);
        } else {
            self.stood(id, run, now, out);
        }
        novelty
    }
}

/// Where the states of points are kept.
struct Slab<'a> {
    states: &'a mut Vec<point::States>,
    free: &'a mut Vec<u32>,
}
