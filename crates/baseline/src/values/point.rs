//! What was learned of one point that varies.

use super::{Measure, NONE, Slab};
use crate::float::{evidence, real, single};
use crate::tables::slot;

/// A point with so many values or fewer has states; with more it is a measurement.
const STATES_MAX: usize = 16;
/// So many points' rooms for states are kept for others.
const SPARE_MAX: usize = 256;
/// Blocks of time in which a point must have been heard before anything is beyond its records.
const BLOCKS_MIN: u16 = 6;
/// Changes of a point that has states, before another state means something: with fewer, one in so many is new.
const CHANGES_MIN: u32 = 100;
/// Beyond a record by less than so many scales, nothing is told: it comes once in four hundred blocks.
const SCALES_MIN: f64 = 6.0;
/// The circle of a word whose highest bit may be a sign.
const CIRCLE: f32 = 32_768.0;
/// Stands for the states of a point that has too many of them.
const MANY: u32 = NONE - 1;
/// A mean forgets what is older than so many blocks: a month of hours.
const BLOCKS_MEAN_MAX: u16 = 720;

/// What tells points apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) device: u32,
    pub(crate) index: u32,
    pub(crate) table: u16,
    pub(crate) written: bool,
}

/// A value and the one before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbers {
    pub(super) old: f64,
    pub(super) new: f64,
    /// They are 16-bit words, of which nothing says how they are read.
    pub(super) is_word: bool,
}

/// A point has changed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change {
    pub(super) numbers: Numbers,
    pub(super) armed: bool,
}

/// States of points that have few: heard for the first time, and for a second block.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Novelty {
    pub(super) new: u32,
    pub(super) again: u32,
}

/// The states of a point.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct States {
    pub(super) each: Vec<State>,
}

/// One state: its value, in which block it was first heard, and whether in another one since.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct State {
    pub(crate) value: f32,
    /// The block, and in the highest bit whether it came again: there are as many of these as of anything.
    mark: u32,
}

impl State {
    const AGAIN: u32 = 1 << 31;

    pub(crate) const fn new(value: f32, block: u32, again: bool) -> Self {
        let again = if again { Self::AGAIN } else { 0 };
        Self { value, mark: (block & !Self::AGAIN) | again }
    }

    pub(crate) const fn block(self) -> u32 {
        self.mark & !Self::AGAIN
    }

    pub(crate) const fn came_again(self) -> bool {
        self.mark & Self::AGAIN != 0
    }
}

impl States {
    /// What they hold beside themselves.
    pub(super) fn memory_bytes(&self) -> usize {
        self.each.capacity().saturating_mul(size_of::<State>())
    }

    pub(super) fn once(&self) -> u32 {
        self.each.iter().fold(0, |sum, state| sum.saturating_add(u32::from(!state.came_again())))
    }
}

/// The furthest of all blocks, and the mean over blocks.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Record {
    pub(crate) most: f32,
    pub(crate) mean: f32,
}

/// What was learned of one point that varies, and what the running block brought.
#[derive(Debug, Clone)]
pub(crate) struct PointState {
    key: Key,
    is_word: bool,
    /// It changed in the running block.
    moved: bool,
    /// Something in the running block went beyond a record: it moves the record by little.
    beyond: bool,
    /// It was learned anew since it was last written to disk.
    pub(crate) dirty: bool,
    value: f32,
    /// Where the running block began.
    anchor: f32,
    low: f32,
    high: f32,
    step: f32,
    drift: f32,
    /// Where its states are.
    states: u32,
    pub(crate) learned: Learned,
}

/// What blocks of time taught of a point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Learned {
    /// Blocks in which it moved.
    pub(crate) blocks: u16,
    pub(crate) changes: u32,
    pub(crate) high: Record,
    pub(crate) low: Record,
    /// Mean distance of the ends of a block from their means.
    pub(crate) spread: f32,
    pub(crate) step: Record,
    pub(crate) drift: Record,
    /// The smallest step that it ever took.
    pub(crate) quantum: f32,
}

impl Learned {
    pub(crate) const NOTHING: Self = Self {
        blocks: 0,
        changes: 0,
        high: Record { most: f32::NEG_INFINITY, mean: 0.0 },
        low: Record { most: f32::INFINITY, mean: 0.0 },
        spread: 0.0,
        step: Record { most: 0.0, mean: 0.0 },
        drift: Record { most: 0.0, mean: 0.0 },
        quantum: f32::INFINITY,
    };
}

impl PointState {
    pub(super) const fn new(key: Key) -> Self {
        Self {
            key,
            is_word: false,
            moved: false,
            beyond: false,
            dirty: false,
            value: f32::NAN,
            anchor: 0.0,
            low: 0.0,
            high: 0.0,
            step: 0.0,
            drift: 0.0,
            states: NONE,
            learned: Learned::NOTHING,
        }
    }

    pub(crate) const fn key(&self) -> Key {
        self.key
    }

    pub(super) const fn device(&self) -> u32 {
        self.key.device
    }

    pub(super) fn states(&self) -> Option<u32> {
        (self.states < MANY).then_some(self.states)
    }

    /// Its last value.
    pub(crate) const fn value(&self) -> f32 {
        self.value
    }

    /// Its last value, as it was read back from disk.
    pub(crate) const fn begin_at(&mut self, value: f32) {
        (self.value, self.anchor) = (value, value);
    }

    pub(super) fn put_states(&mut self, states: &[State], mut slab: Slab<'_>) {
        self.states = if states.is_empty() { MANY } else { slab.place() };
        if let Some(place) = slab.states.get_mut(slot(self.states)) {
            place.each = states.get(..STATES_MAX).unwrap_or(states).to_vec();
        }
    }

    /// Takes in a change, and tells what goes beyond a record.
    pub(super) fn change(
        &mut self,
        change: Change,
        tell: &mut impl FnMut(Measure, f64, f64, u64, f64),
    ) {
        let Numbers { old, new, is_word } = change.numbers;
        self.is_word = is_word;
        if self.value.is_nan() {
            self.value = single(old);
            self.anchor = self.value;
        }
        let value = single(new);
        // Another poll that reads the same point brought it already.
        if value.to_bits() == self.value.to_bits() {
            return;
        }
        if !self.moved {
            (self.low, self.high) = (self.anchor, self.anchor);
        }
        let step = self.distance(value, self.value);
        let drift = self.distance(value, self.anchor);
        if change.armed && self.learned.blocks >= BLOCKS_MIN {
            self.judge(value, step, drift, tell);
        }
        self.moved = true;
        self.value = value;
        self.low = self.low.min(value);
        self.high = self.high.max(value);
        self.step = self.step.max(step);
        self.drift = self.drift.max(drift);
        self.learned.changes = self.learned.changes.saturating_add(1);
        if step > 0.0 {
            self.learned.quantum = self.learned.quantum.min(step);
        }
    }

    fn judge(
        &mut self,
        value: f32,
        step: f32,
        drift: f32,
        tell: &mut impl FnMut(Measure, f64, f64, u64, f64),
    ) {
        let Learned { high, low, spread, quantum, blocks, .. } = self.learned;
        let floor = |scale: f32| f64::from(scale.max(quantum)).max(f64::MIN_POSITIVE);
        let support = u64::from(blocks);
        let mut beyond = false;
        let mut weigh = |measure, found: f32, learned: f32, excess: f64, scale: f64| {
            let scales = excess / scale;
            if scales >= SCALES_MIN {
                let score = evidence(scales, blocks, 3.0);
                tell(measure, f64::from(found), f64::from(learned), support, score);
                beyond = true;
            }
        };
        if value > high.most || value < low.most {
            let end = if value > high.most { high.most } else { low.most };
            weigh(Measure::Range, value, end, self.excess(value), floor(spread));
        }
        let Learned { step: steps, drift: drifts, .. } = self.learned;
        for (measure, found, record) in
            [(Measure::Step, step, steps), (Measure::Drift, drift, drifts)]
        {
            weigh(measure, found, record.most, f64::from(found - record.most), floor(record.mean));
        }
        self.beyond |= beyond;
    }

    /// How far two values are apart.
    fn distance(&self, one: f32, other: f32) -> f32 {
        let apart = (one - other).abs();
        if !self.is_word {
            return apart;
        }
        let apart = apart % CIRCLE;
        apart.min(CIRCLE - apart)
    }

    /// How far a value is outside of the learned range.
    fn excess(&self, value: f32) -> f64 {
        let (low, high) = (self.learned.low.most, self.learned.high.most);
        if !self.is_word {
            return f64::from((value - high).max(low - value).max(0.0));
        }
        let turned = if value >= CIRCLE { value - CIRCLE } else { value + CIRCLE };
        if (low..=high).contains(&turned) {
            return 0.0;
        }
        f64::from(self.distance(value, low).min(self.distance(value, high)))
    }

    /// Takes in the state that a point changed to, where it has few. Says what of it is new.
    pub(super) fn note_state(
        &mut self,
        change: Change,
        block: u32,
        mut slab: Slab<'_>,
        tell: &mut impl FnMut(Measure, f64, f64, u64, f64),
    ) -> Novelty {
        let mut novelty = Novelty::default();
        if self.states == MANY {
            return novelty;
        }
        let (old, new) = (single(change.numbers.old), single(change.numbers.new));
        if self.states == NONE {
            self.states = slab.place();
            if let Some(states) = slab.states.get_mut(slot(self.states)) {
                states.each.push(State::new(old, block, false));
            }
            novelty.new = 1;
        }
        let Some(states) = slab.states.get_mut(slot(self.states)) else { return novelty };
        let is_it = |state: &&mut State| state.value.to_bits() == new.to_bits();
        if let Some(state) = states.each.iter_mut().find(is_it) {
            if state.block() != block && !state.came_again() {
                *state = State::new(state.value, state.block(), true);
                novelty.again = 1;
            }
            return novelty;
        }
        if states.each.len() >= STATES_MAX {
            novelty.again = novelty.again.saturating_add(states.once());
            // Its room is for the next point, where not many wait for one.
            if slab.free.len() < SPARE_MAX {
                states.each.clear();
            } else {
                states.each = Vec::new();
            }
            slab.free.push(core::mem::replace(&mut self.states, MANY));
            return novelty;
        }
        let changes = self.learned.changes;
        if change.armed && changes >= CHANGES_MIN && states.once() == 0 {
            let had = real(u64::try_from(states.each.len()).unwrap_or(u64::MAX));
            // Good and Turing: of so many changes none led to a state that came once, so the next does in one of them.
            let score = libm::log10(0.5 * libm::sqrt(real(u64::from(changes))));
            tell(Measure::State, change.numbers.new, had, u64::from(changes), score);
        }
        states.each.push(State::new(new, block, false));
        novelty.new = novelty.new.saturating_add(1);
        novelty
    }

    /// A block of time is over: what it brought becomes a record.
    pub(super) fn block_ended(&mut self, armed: bool) {
        if !core::mem::take(&mut self.moved) {
            return;
        }
        let held = core::mem::take(&mut self.beyond) && armed;
        let learned = &mut self.learned;
        let quantum = if learned.quantum.is_finite() { learned.quantum } else { 0.0 };
        learned.blocks = learned.blocks.saturating_add(1);
        let share = 1.0 / f32::from(learned.blocks.min(BLOCKS_MEAN_MAX));
        let by = if held { learned.spread.max(quantum) } else { f32::INFINITY };
        let first = learned.blocks == 1;
        let high = if first { self.high } else { self.high.min(learned.high.most + by) };
        let low = if first { self.low } else { self.low.max(learned.low.most - by) };
        learned.high.most = learned.high.most.max(high);
        learned.low.most = learned.low.most.min(low);
        let mean = |mean: f32, new: f32| mean + (new - mean) * share;
        learned.high.mean = mean(learned.high.mean, high);
        learned.low.mean = mean(learned.low.mean, low);
        let apart = (high - learned.high.mean).abs() + (low - learned.low.mean).abs();
        learned.spread = mean(learned.spread, apart * 0.5);
        for (record, new) in
            [(&mut learned.step, &mut self.step), (&mut learned.drift, &mut self.drift)]
        {
            let by = if held { record.mean.max(quantum) } else { f32::INFINITY };
            let new = core::mem::take(new).min(record.most + by);
            record.most = record.most.max(new);
            record.mean = mean(record.mean, new);
        }
        self.anchor = self.value;
        self.dirty = true;
    }
}

impl Slab<'_> {
    fn place(&mut self) -> u32 {
        if let Some(free) = self.free.pop() {
            return free;
        }
        self.states.push(States::default());
        u32::try_from(self.states.len().saturating_sub(1)).unwrap_or(MANY)
    }
}
