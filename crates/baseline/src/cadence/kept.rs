//! What is kept of a cadence on disk: all of it, so that a run goes on where another ended.

use core::fmt;

use gridtap_model::{Span, Timestamp};

use super::ANSWERS;
use super::extreme::Extreme;
use super::measure::{Drift, Measure, is_regular};
use super::scale::nanos;

/// What is kept of a cadence on disk.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Kept {
    base: u8,
    /// The tenth, the middle and the ninetieth of a hundred, and the centre.
    at: [i32; 4],
    blocks: u32,
    extremes: [Extreme; 3],
    /// The bins that hold anything.
    bins: Vec<(u8, u16)>,
    running: Running,
    /// When it was last heard, in nanoseconds since the epoch, and whether something is missing since.
    pub(super) last: (i64, bool),
}

/// The running block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Running {
    block: u32,
    taken: u32,
    off: i64,
    most: [u32; 3],
    strange: (bool, u8),
    owed: u64,
    /// Sum, peak, count, since when, and what is worth telling next.
    drifts: [(i32, i32, u32, i64, i32); 2],
}

impl Kept {
    pub(super) fn of(measure: &Measure, last: Timestamp, broken: bool) -> Self {
        let bins = (0_u8..).zip(measure.bins).filter(|(_, bin)| *bin > 0);
        let drift =
            |drift: &Drift| (drift.sum, drift.peak, drift.count, drift.from.nanos(), drift.next);
        Self {
            base: measure.base,
            at: [measure.low, measure.middle, measure.high, measure.centre],
            blocks: measure.blocks,
            extremes: [measure.longest, measure.longer, measure.shorter],
            bins: bins.collect(),
            running: Running {
                block: measure.block,
                taken: measure.taken,
                off: measure.off,
                most: measure.most,
                strange: (measure.strange, measure.stranger),
                owed: measure.owed,
                drifts: [drift(&measure.up), drift(&measure.down)],
            },
            last: (last.nanos(), broken),
        }
    }

    pub(super) fn measure(&self) -> Measure {
        let [low, middle, high, centre] = self.at;
        let [longest, longer, shorter] = self.extremes;
        let Running { block, taken, off, most, strange: (strange, stranger), owed, drifts } =
            self.running;
        let [up, down] = drifts.map(|(sum, peak, count, from, next)| Drift {
            sum,
            peak,
            count,
            from: Timestamp::from_nanos(from),
            frame: 0,
            next,
        });
        let mut measure = Measure {
            low,
            middle,
            high,
            centre,
            longest,
            longer,
            shorter,
            blocks: self.blocks,
            block,
            taken,
            off,
            most,
            strange,
            stranger,
            owed,
            up,
            down,
            ..Measure::new(self.base)
        };
        for (nth, count) in &self.bins {
            if let Some(bin) = measure.bins.get_mut(usize::from(*nth)) {
                *bin = *count;
            }
        }
        measure
    }
}

/// A time with the two figures that matter.
fn rounded(nanos: u64) -> Span {
    let mut unit = 1_u64;
    while nanos.div_euclid(unit) >= 100 {
        unit = unit.saturating_mul(10);
    }
    let half = unit.div_euclid(2);
    Span::from_nanos(nanos.saturating_add(half).div_euclid(unit).saturating_mul(unit))
}

/// For people: `every 1s`, or `every 200ms to 40s` where it is not regular; `answers in 5ms`.
impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [low, middle, high, centre] = self.at.map(nanos);
        if self.blocks == 0 {
            f.write_str("how often is not known yet")
        } else if self.base == ANSWERS {
            write!(f, "answers in {}", rounded(centre))
        } else if is_regular(low, middle, high) {
            write!(f, "every {}", rounded(centre))
        } else {
            write!(f, "every {} to {}", rounded(low), rounded(high))
        }
    }
}
