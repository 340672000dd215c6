//! What is learned of times that come again and again: how long they are, how far single ones stray, and how far
//! they drift together.

use gridtap_model::Timestamp;

use super::extreme::Extreme;
use super::scale::{OCTAVE, nanos};

/// Bins of a quarter octave over 26 octaves.
const BINS: usize = 104;
const BIN: i32 = OCTAVE / 4;
/// A block adds at most so many to the bins, so that many blocks are remembered and not the last minutes.
const BINNED_OF_BLOCK: u32 = 256;
/// Where the bins hold so many, all are halved: what is old counts less.
const BINNED_MAX: u32 = 1 << 15;
/// Fewer say nothing: a block that brought fewer goes on in the next one.
const TAKEN_MIN: u32 = 8;
/// A drift by this much is not looked for: half of the one by 30 % that is (log2 1.3 = 97/256).
const SLACK: i32 = 48;
/// Of a drift that is told each time is off by this much on the average: a smaller one is the centre's, which is no
/// better known.
const STEEP: i32 = SLACK / 2;
/// The same where times vary by their nature, as those of answers do: half of the most that one counts.
const STEEP_OF_ANSWERS: i32 = STEP_MAX / 2;
/// Most that are owed after a pause.
const OWED_MAX: u64 = 1_000;
/// A single time counts at most this much towards a drift.
const STEP_MAX: i32 = OCTAVE;
/// The most that a drift is followed to.
const DRIFT_MAX: i32 = 1 << 20;
/// A block whose extreme has a probability below e^-20 was none like those before.
const SURPRISE: f64 = 20.0;
/// The smallest scale on which the extremes of single times are believed to spread: an eighth of an octave.
const LONGEST_SCALE: f64 = 32.0;
/// The same of drifts: a quarter of an octave.
const DRIFT_SCALE: f64 = 64.0;
/// After so many blocks in a row that were not like those before, what was learned is begun anew.
const STRANGE_MAX: u8 = 24;

/// A drift in one direction, since it began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Drift {
    /// By how much, summed, and the most that this was.
    pub(crate) sum: i32,
    pub(super) peak: i32,
    /// Over how many.
    pub(crate) count: u32,
    /// When and in which frame it began.
    pub(crate) from: Timestamp,
    pub(crate) frame: u64,
    /// Not worth telling below.
    pub(crate) next: i32,
}

impl Drift {
    const NONE: Self = Self { sum: 0, peak: 0, count: 0, from: Timestamp::MIN, frame: 0, next: 0 };

    /// Goes on by one; says how far it went, where it is over.
    fn step(&mut self, by: i32, from: Timestamp, frame: u64) -> u32 {
        let sum = self.sum.saturating_add(by).min(DRIFT_MAX);
        if sum <= 0 {
            let peak = self.peak;
            *self = Self::NONE;
            return peak.unsigned_abs();
        }
        if self.sum == 0 {
            (self.from, self.frame) = (from, frame);
        }
        self.sum = sum;
        self.peak = self.peak.max(sum);
        self.count = self.count.saturating_add(1);
        0
    }
}

/// Times that come again and again.
#[derive(Debug, Clone)]
pub(crate) struct Measure {
    pub(super) bins: [u16; BINS],
    /// The first bin begins at so many octaves above a nanosecond.
    pub(super) base: u8,
    /// The tenth, the middle and the ninetieth of a hundred, and what a drift is measured from.
    pub(crate) low: i32,
    pub(crate) middle: i32,
    pub(crate) high: i32,
    pub(crate) centre: i32,
    pub(super) longest: Extreme,
    pub(super) longer: Extreme,
    pub(super) shorter: Extreme,
    /// Blocks that were learned.
    pub(crate) blocks: u32,
    /// The running block: its ordinal, what it brought, and how it strayed.
    pub(super) block: u32,
    pub(super) taken: u32,
    pub(super) off: i64,
    pub(super) most: [u32; 3],
    /// The running block is not like those before; how many in a row were not.
    pub(super) strange: bool,
    pub(super) stranger: u8,
    /// So many did not come in a pause, and may come at once after it.
    pub(super) owed: u64,
    /// How far times have drifted: longer, shorter.
    pub(crate) up: Drift,
    pub(crate) down: Drift,
}

/// What a time led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Taken {
    /// A block is over, and something was learned by it.
    pub(crate) folded: bool,
    /// That block was not like those before.
    pub(crate) surprised: bool,
}

impl Measure {
    pub(crate) const fn new(base: u8) -> Self {
        Self {
            bins: [0; BINS],
            base,
            low: 0,
            middle: 0,
            high: 0,
            centre: 0,
            longest: Extreme::NONE,
            longer: Extreme::NONE,
            shorter: Extreme::NONE,
            blocks: 0,
            block: u32::MAX,
            taken: 0,
            off: 0,
            most: [0; 3],
            strange: false,
            stranger: 0,
            owed: 0,
            up: Drift::NONE,
            down: Drift::NONE,
        }
    }

    /// Takes in one time that began with `from` in `frame`, heard in the block of this ordinal. Where it `teaches`
    /// nothing, only drifts are followed.
    #[inline]
    pub(crate) fn take(
        &mut self,
        value: i32,
        (from, frame): (Timestamp, u64),
        block: u32,
        teaches: bool,
    ) -> Taken {
        let mut taken = Taken::default();
        if teaches && block != self.block {
            taken = self.ended(block);
        }
        if self.blocks > 0 {
            let off = value.saturating_sub(self.centre).clamp(-STEP_MAX, STEP_MAX);
            let up = self.up.step(off.saturating_sub(SLACK), from, frame);
            // Made up for soon, or never: each that comes takes one away.
            let makes_up = off < 0 && self.owed > 0;
            self.owed = self.owed.saturating_sub(1);
            if off > STEP_MAX / 2 {
                self.owe(nanos(value));
            }
            let closer = if makes_up { 0 } else { off.saturating_neg() };
            let down = self.down.step(closer.saturating_sub(SLACK), from, frame);
            if teaches {
                // How far a drift goes is known once it is over: one that goes on is no measure of itself.
                let [_, longer, shorter] = &mut self.most;
                (*longer, *shorter) = ((*longer).max(up), (*shorter).max(down));
                self.off = self.off.saturating_add(i64::from(off));
            }
        }
        if !teaches {
            return taken;
        }
        if self.taken < BINNED_OF_BLOCK
            && let Some(bin) = self.bins.get_mut(bin_of(value, self.base))
        {
            *bin = bin.saturating_add(1);
        }
        self.taken = self.taken.saturating_add(1);
        let [longest, _, _] = &mut self.most;
        *longest = (*longest).max(value.unsigned_abs());
        taken
    }

    /// What comes next does not follow what came before: something is missing between.
    pub(crate) const fn interrupt(&mut self) {
        self.up = Drift::NONE;
        self.down = Drift::NONE;
    }

    /// Nothing came for so long: what was missed may be made up for.
    pub(crate) fn owe(&mut self, silent_ns: u64) {
        if self.blocks > 0 {
            let missed = silent_ns.checked_div(nanos(self.centre)).unwrap_or(0);
            self.owed = self.owed.saturating_add(missed).min(OWED_MAX);
        }
    }

    /// The running block is not learned: something in it is told.
    pub(crate) const fn is_told(&mut self) {
        self.strange = true;
    }

    #[cold]
    fn ended(&mut self, block: u32) -> Taken {
        self.block = block;
        if self.taken < TAKEN_MIN {
            return Taken::default();
        }
        let surprised = self.blocks >= 3 && self.is_surprising();
        let strange = core::mem::take(&mut self.strange);
        self.stranger = if strange { self.stranger.saturating_add(1) } else { 0 };
        if self.stranger >= STRANGE_MAX {
            *self = Self { block, ..Self::new(self.base) };
            return Taken { folded: true, surprised };
        }
        if !strange {
            self.learn_block();
        }
        (self.taken, self.off, self.most) = (0, 0, [0; 3]);
        Taken { folded: true, surprised }
    }

    fn is_surprising(&self) -> bool {
        let [longest, longer, shorter] = self.most;
        self.longest.surprise(self.blocks, longest, LONGEST_SCALE) > SURPRISE
            || self.longer.surprise(self.blocks, longer, DRIFT_SCALE) > SURPRISE
            || self.shorter.surprise(self.blocks, shorter, DRIFT_SCALE) > SURPRISE
    }

    fn learn_block(&mut self) {
        let sum = self.binned();
        if sum > BINNED_MAX {
            self.bins.iter_mut().for_each(|bin| *bin >>= 1);
        }
        [self.low, self.middle, self.high] = [10, 50, 90].map(|share| self.quantile(share));
        if self.blocks == 0 {
            self.centre = self.middle;
        } else {
            // The mean of the blocks, each as much as any before it.
            let mean = self.off.checked_div(i64::from(self.taken)).unwrap_or(0);
            let share = mean.checked_div(i64::from(self.blocks)).unwrap_or(0);
            self.centre = self.centre.saturating_add(i32::try_from(share).unwrap_or(0));
        }
        let [longest, longer, shorter] = self.most;
        self.longest.fold(longest);
        self.longer.fold(longer);
        self.shorter.fold(shorter);
        self.blocks = self.blocks.saturating_add(1);
    }

    fn binned(&self) -> u32 {
        self.bins.iter().fold(0_u32, |sum, bin| sum.saturating_add(u32::from(*bin)))
    }

    /// The time that so many of a hundred do not exceed, between the bounds of its bin as evenly as it may be.
    fn quantile(&self, share: u32) -> i32 {
        let total = self.binned();
        let wanted = total.saturating_mul(share).div_ceil(100).max(1);
        let mut before = 0_u32;
        for (nth, bin) in (0_i32..).zip(&self.bins) {
            let up_to = before.saturating_add(u32::from(*bin));
            if up_to >= wanted {
                let into = i32::try_from(wanted.saturating_sub(before)).unwrap_or(0);
                let part = into.saturating_mul(BIN).checked_div(i32::from(*bin)).unwrap_or(0);
                let first = i32::from(self.base).saturating_mul(OCTAVE);
                return first.saturating_add(nth.saturating_mul(BIN)).saturating_add(part);
            }
            before = up_to;
        }
        0
    }

    /// Whether they are about equally long: what lies between the tenth and the ninetieth of a hundred is below six
    /// tenths of the middle.
    pub(crate) fn is_regular(&self) -> bool {
        self.blocks > 0 && is_regular(nanos(self.low), nanos(self.middle), nanos(self.high))
    }

    /// The longest that was learned.
    pub(crate) const fn longest(&self) -> u32 {
        self.longest.greatest()
    }

    /// How surprising one time is that is so long.
    pub(crate) fn surprise_of(&self, value: i32) -> f64 {
        self.longest.surprise(self.blocks, value.unsigned_abs(), LONGEST_SCALE)
    }

    /// How surprising a drift is: towards longer times, or shorter ones.
    pub(crate) fn surprise_of_drift(&self, longer: bool) -> f64 {
        let (extreme, drift) =
            if longer { (&self.longer, &self.up) } else { (&self.shorter, &self.down) };
        extreme.surprise(self.blocks, drift.sum.unsigned_abs(), DRIFT_SCALE)
    }

    /// The drift that is farther than any that was learned, and farther than when it was last asked.
    #[inline]
    pub(crate) fn drifts(&mut self) -> Option<bool> {
        let steep = if self.base == super::ANSWERS { STEEP_OF_ANSWERS } else { STEEP };
        for longer in [true, false] {
            let (extreme, drift) =
                if longer { (&self.longer, &mut self.up) } else { (&self.shorter, &mut self.down) };
            let least = i32::try_from(drift.count).unwrap_or(i32::MAX).saturating_mul(steep);
            if drift.sum >= drift.next.max(least) && drift.sum.unsigned_abs() > extreme.greatest() {
                drift.next = drift.sum.saturating_add(OCTAVE);
                return Some(longer);
            }
        }
        None
    }
}

pub(super) fn is_regular(low: u64, middle: u64, high: u64) -> bool {
    high.saturating_sub(low) < middle.saturating_mul(6).div_euclid(10)
}

fn bin_of(value: i32, base: u8) -> usize {
    let above = value.saturating_sub(i32::from(base).saturating_mul(OCTAVE));
    usize::try_from(above.max(0) / BIN).unwrap_or(0).min(BINS.saturating_sub(1))
}
