//! What was heard first foretells how much news comes later: that is held against what came.

use super::{News, SERIES, Stretch};
use crate::float::{is_plausible_after, poisson_max, real};

/// What the first two thirds of the blocks foretold of the last third, and what that brought.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Forecast {
    /// Blocks that foretold, and blocks that were foretold.
    pub(crate) before: u64,
    pub(crate) after: u64,
    /// News that came in the blocks that foretold, the first of which brings what is always there.
    pub(crate) came_before: u64,
    /// News that came in those that were foretold.
    pub(crate) observed: u64,
    /// Pieces of news that foretell: blocks in which something was heard that was heard in no other.
    pub(crate) once: u64,
    /// News that was to be expected.
    pub(crate) predicted: f64,
    /// The highest mean that is plausible, with 95 % confidence: what came may be more than that by chance.
    pub(crate) predicted_max: f64,
}

/// The last third of the blocks.
pub(super) struct Tail {
    pub(super) blocks: u64,
    pub(super) news: u64,
    /// How many stretches it has.
    stretches: usize,
}

/// The last third of the blocks, rounded up to whole stretches.
pub(super) fn tail(stretches: &[Stretch], blocks: u32, news: impl Fn(&Stretch) -> u32) -> Tail {
    tail_of(stretches, blocks.div_ceil(3), news)
}

/// The last so many of the blocks.
pub(super) fn tail_of(stretches: &[Stretch], least: u32, news: impl Fn(&Stretch) -> u32) -> Tail {
    let least = u64::from(least).max(1);
    let mut tail = Tail { blocks: 0, news: 0, stretches: 0 };
    for stretch in stretches.iter().rev() {
        if tail.blocks >= least {
            break;
        }
        tail.blocks = tail.blocks.saturating_add(u64::from(stretch.blocks));
        tail.news = tail.news.saturating_add(u64::from(news(stretch)));
        tail.stretches = tail.stretches.saturating_add(1);
    }
    tail
}

/// What is counted of a stretch over some series: what came in it, and what was heard in exactly one block when it was
/// over.
type Counted = fn(&Stretch, &[News]) -> (u32, u32);

/// What is new in two ways in one block is one piece of news of their level: a host that begins to command reads first.
const PIECES: Counted = |stretch, series| {
    let came = sum(&stretch.pieces, series).min(match series {
        [News::Value] => u32::MAX,
        _ => stretch.blocks,
    });
    let once = each(&stretch.pieces_once, series).max();
    (came, once.unwrap_or(0))
};
const KEYS: Counted = |stretch, series| (sum(&stretch.news, series), sum(&stretch.once, series));

fn each(counts: &[u32; SERIES], series: &[News]) -> impl Iterator<Item = u32> {
    series.iter().filter_map(|news| counts.get(news.slot()).copied())
}

fn sum(counts: &[u32; SERIES], series: &[News]) -> u32 {
    each(counts, series).fold(0, u32::saturating_add)
}

/// What the first two thirds of the blocks foretold, and what the last third brought, in pieces of news; none where there
/// are too few.
///
/// With `m` blocks in the first two thirds, and something in `q` of them that was heard in no other, `q/m` of the blocks to
/// come are expected to bring news and at most χ²₀.₉₅(2(q + 1))/2m in the mean (Good–Turing on blocks); of the last third
/// of `n` blocks `n` times that. Whether a level arms is asked of the counts themselves.
pub(super) fn forecast(stretches: &[Stretch], blocks: u32, series: &[News]) -> Option<Forecast> {
    forecast_of(stretches, blocks, series, PIECES)
}

fn forecast_of(
    stretches: &[Stretch],
    blocks: u32,
    series: &[News],
    counted: Counted,
) -> Option<Forecast> {
    let tail = tail(stretches, blocks, |stretch| counted(stretch, series).0);
    let before = stretches.len().checked_sub(tail.stretches)?;
    let base = stretches.get(..before).unwrap_or_default();
    let once = u64::from(counted(base.last()?, series).1);
    let total = |count: &dyn Fn(&Stretch) -> u32| {
        base.iter().fold(0_u64, |sum, stretch| sum.saturating_add(u64::from(count(stretch))))
    };
    let before = total(&|stretch| stretch.blocks);
    let ratio = real(tail.blocks) / real(before.max(1));
    Some(Forecast {
        before,
        after: tail.blocks,
        came_before: total(&|stretch| counted(stretch, series).0),
        observed: tail.news,
        once,
        predicted: real(once) * ratio,
        predicted_max: poisson_max(once) / real(before.max(1)) * real(tail.blocks),
    })
}

/// Whether the last third of the blocks brought no more news than the first two thirds let expect: in pieces, or where
/// every block brings some, as most did before, and pieces say nothing, in keys.
pub(super) fn is_stable(stretches: &[Stretch], blocks: u32, series: &[News]) -> bool {
    let holds = |of: &Forecast| is_plausible_after(of.once, of.before, of.observed, of.after);
    let pieces = forecast_of(stretches, blocks, series, PIECES);
    let keys = || forecast_of(stretches, blocks, series, KEYS);
    let tells = |of: &Forecast| of.observed < of.after || of.came_before <= of.before / 2;
    pieces.is_some_and(|pieces| holds(&pieces) && tells(&pieces))
        || keys().is_some_and(|keys| holds(&keys))
}
