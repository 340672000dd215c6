//! What one zone has heard: news a block, its rates, and which levels are armed.

mod forecast;
mod news;
mod once;
mod stored;
mod stretch;
mod timing;
mod wait;

use gridtap_model::{Timestamp, Zone};

use crate::config::Config;
use crate::float::{poisson_max, poisson_min, real};
use crate::verdict::{LearnedRate, Level};

pub(crate) use forecast::Forecast;
use forecast::{is_stable, tail_of};
use once::Once;
use stretch::Stretch;
use timing::Timing;
pub use wait::Waiting;

/// News of one kind: the channels over which a rate is pooled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum News {
    Host,
    Conversation,
    AccessRead,
    AccessCommand,
    FunctionRead,
    FunctionCommand,
    /// Ranges of addresses that are read.
    Address,
    /// Points that are commanded, but for those that switch.
    Point,
    /// States of points that have few.
    Value,
    /// Points that switch. Of many breakers each is operated now and then, while what is set is set often: that the one
    /// is common says nothing of the other.
    Switched,
}

pub(crate) const SERIES: usize = 10;

impl News {
    #[expect(clippy::as_conversions, reason = "the discriminant of a unit-only enum of ten")]
    const fn slot(self) -> usize {
        self as usize
    }
}

/// Levels that are learned, coarse to fine.
const LEVELS: usize = 5;

/// Which series a level's arming looks at.
const fn governs(level: usize) -> &'static [News] {
    match level {
        0 => &[News::AccessRead, News::AccessCommand],
        1 => &[News::FunctionRead, News::FunctionCommand],
        2 => &[News::Address],
        3 => &[News::Point, News::Switched],
        _ => &[News::Value],
    }
}

const fn level_slot(level: Level) -> Option<usize> {
    match level {
        Level::Flow => Some(0),
        Level::Function => Some(1),
        Level::Address => Some(2),
        Level::Point => Some(3),
        Level::Value => Some(4),
        Level::Timing => None,
    }
}

/// Most stretches that are remembered; when they are full, neighbours are joined.
const STRETCHES_MAX: usize = 256;

/// What one zone has heard.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct ZoneState {
    zone: u16,
    first_ns: i64,
    last_ns: i64,
    /// Blocks heard and over. The running block has this number as its ordinal.
    pub(crate) blocks: u32,
    /// Something was heard since the last block ended.
    heard: bool,
    weekend: bool,
    /// News of the running block.
    #[serde(deserialize_with = "stored::padded")]
    news: [u32; SERIES],
    /// What was heard in exactly one block, the running one among them.
    #[serde(skip)]
    pub(crate) once: Once,
    stretches: Vec<Stretch>,
    /// Blocks of one stretch; doubles when neighbours are joined.
    stride: u32,
    #[serde(deserialize_with = "stored::padded")]
    armed: [bool; LEVELS],
    /// Hosts and conversations of any protocol judge.
    hosts_armed: bool,
    conversations_armed: bool,
    /// Absent where an older version wrote it.
    #[serde(default)]
    pub(crate) timing: Timing,
    #[serde(skip)]
    rates: [Rate; SERIES],
}

/// What the blocks that are over say about the next one.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Rate {
    once: u32,
    per_block: f64,
    per_block_max: f64,
    common: bool,
}

impl ZoneState {
    pub(crate) fn new(zone: Zone, time: Timestamp) -> Self {
        Self {
            zone: zone.0,
            first_ns: time.nanos(),
            last_ns: time.nanos(),
            blocks: 0,
            heard: false,
            weekend: false,
            news: [0; SERIES],
            once: Once::default(),
            stretches: Vec::new(),
            stride: 1,
            armed: [false; LEVELS],
            hosts_armed: false,
            conversations_armed: false,
            timing: Timing::default(),
            rates: [Rate::default(); SERIES],
        }
    }

    pub(crate) const fn zone(&self) -> Zone {
        Zone(self.zone)
    }

    pub(crate) const fn first(&self) -> Timestamp {
        Timestamp::from_nanos(self.first_ns)
    }

    pub(crate) const fn last(&self) -> Timestamp {
        Timestamp::from_nanos(self.last_ns)
    }

    pub(crate) fn hear(&mut self, time: Timestamp) {
        self.heard = true;
        self.first_ns = self.first_ns.min(time.nanos());
        self.last_ns = self.last_ns.max(time.nanos());
    }

    /// Something of this kind was learned for the first time.
    pub(crate) fn learned(&mut self, news: News) {
        if let Some(count) = self.news.get_mut(news.slot()) {
            *count = count.saturating_add(1);
        }
        self.once.add(news, self.blocks);
    }

    /// Something of this kind that was first heard in this block was heard in a second one.
    pub(crate) fn heard_again(&mut self, news: News, block: u32) {
        self.once.remove(news, block);
    }

    /// Counts a key that was read back from disk among those heard in exactly one block.
    pub(crate) fn restored_once(&mut self, news: News, block: u32) {
        self.once.add(news, block);
    }

    /// Puts back how many states of points were heard in exactly one block.
    pub(crate) fn put_states_once(&mut self, count: u32) {
        self.once.put(News::Value, count);
    }

    /// A block that counts is over. Says which levels armed by it.
    pub(crate) fn block_ended(
        &mut self,
        weekend: bool,
        block_ns: u64,
        config: &Config,
    ) -> Vec<Level> {
        if !self.heard {
            return Vec::new();
        }
        self.heard = false;
        self.weekend |= weekend;
        self.blocks = self.blocks.saturating_add(1);
        self.remember();
        self.refresh(config);
        self.timing.remember();
        let mut armed = self.arm(block_ns, config);
        if self.timing_waits_for(block_ns, config).is_none() && !self.timing.armed {
            self.timing.armed = true;
            armed.push(Level::Timing);
        }
        armed
    }

    /// Moves the running block's news into the history.
    fn remember(&mut self) {
        let block = self.once.block(core::mem::take(&mut self.news));
        match self.stretches.last_mut().filter(|stretch| stretch.blocks < self.stride) {
            Some(stretch) => stretch.join(&block),
            None => {
                if self.stretches.len() >= STRETCHES_MAX {
                    self.join_neighbours();
                }
                self.stretches.push(block);
            }
        }
    }

    fn join_neighbours(&mut self) {
        let joined = self.stretches.chunks(2).filter_map(|pair| {
            let mut joined = pair.first()?.clone();
            if let Some(second) = pair.get(1) {
                joined.join(second);
            }
            Some(joined)
        });
        self.stretches = joined.collect();
        self.stride = self.stride.saturating_mul(2);
    }

    /// Computes the rates from the blocks that are over.
    pub(crate) fn refresh(&mut self, config: &Config) {
        let Some(last) = self.stretches.last() else { return };
        let once = last.pieces_once;
        let blocks = real(u64::from(self.blocks)).max(1.0);
        let heard_ns = self.last_ns.saturating_sub(self.first_ns);
        let common_per_day = match heard_ns >= DAY_NS {
            true => config.common_per_day.min(ALARMS_PER_DAY),
            false => config.common_per_day,
        };
        let common_per_block = common_per_day / 24.0;
        for (slot, rate) in self.rates.iter_mut().enumerate() {
            let once = once.get(slot).copied().unwrap_or(0);
            let tail = tail_of(&self.stretches, ceased(self.blocks, heard_ns), |stretch| {
                stretch.pieces.get(slot).copied().unwrap_or(0)
            });
            // News that no longer arrives was that of the beginning: that it comes more seldom has to be sure.
            let per_block = real(u64::from(once)) / blocks;
            let last = real(tail.blocks.max(1));
            let common = if heard_ns >= DAY_NS {
                per_block > common_per_block
                    && tail.news > 0
                    && poisson_max(tail.news) / last >= per_block
            } else {
                poisson_min(u64::from(once)) / blocks >= common_per_block
                    && poisson_min(tail.news) / last >= common_per_block
            };
            let per_block_max = poisson_max(u64::from(once)) / blocks;
            *rate = Rate { once, per_block, per_block_max, common };
        }
    }

    fn arm(&mut self, block_ns: u64, config: &Config) -> Vec<Level> {
        let stable = |news: &[News]| is_stable(&self.stretches, self.blocks, news);
        let mut armed = Vec::new();
        // A level arms after all that are coarser.
        for (slot, level) in
            [Level::Flow, Level::Function, Level::Address, Level::Point, Level::Value]
                .into_iter()
                .enumerate()
        {
            if self.armed.get(slot).copied().unwrap_or(true) {
                continue;
            }
            if self.blocks_missing(slot, block_ns, config) > 0 || !stable(governs(slot)) {
                break;
            }
            armed.push((slot, level));
        }
        let flow = self.blocks_missing(0, block_ns, config) == 0;
        let (hosts, conversations) = (stable(&[News::Host]), stable(&[News::Conversation]));
        self.hosts_armed |= flow && hosts;
        self.conversations_armed |= flow && conversations;
        for (slot, _) in &armed {
            if let Some(level) = self.armed.get_mut(*slot) {
                *level = true;
            }
        }
        armed.into_iter().map(|(_, level)| level).collect()
    }

    /// Blocks that a level has still to hear before it may arm.
    fn blocks_missing(&self, slot: usize, block_ns: u64, config: &Config) -> u32 {
        let least = match slot {
            0 => config.flow_blocks_min,
            1 => config.function_blocks_min,
            2 => config.address_blocks_min,
            3 => config.point_blocks_min,
            _ => config.value_blocks_min,
        };
        let missing = least.saturating_sub(self.blocks);
        // A weekend is a different week day only to blocks that are long enough to tell days apart.
        let weekend_matters = slot >= 3 && block_ns >= HOUR_NS;
        if weekend_matters && !self.weekend { missing.max(1) } else { missing }
    }

    /// Whether a level judges in this zone.
    pub(crate) fn is_armed(&self, level: Level) -> bool {
        match level {
            Level::Timing => self.timing.armed,
            _ => level_slot(level).and_then(|slot| self.armed.get(slot).copied()).unwrap_or(false),
        }
    }

    /// What was learned about news of one kind.
    pub(crate) fn rate(&self, news: News, block_ns: u64) -> LearnedRate {
        let rate = self.rates.get(news.slot()).copied().unwrap_or_default();
        let armed = match news {
            News::Host => self.hosts_armed,
            News::Conversation => self.conversations_armed,
            News::AccessRead | News::AccessCommand => self.is_armed(Level::Flow),
            News::FunctionRead | News::FunctionCommand => self.is_armed(Level::Function),
            News::Address => self.is_armed(Level::Address),
            News::Point | News::Switched => self.is_armed(Level::Point),
            News::Value => self.is_armed(Level::Value),
        };
        LearnedRate {
            armed,
            blocks: u64::from(self.blocks),
            once: u64::from(rate.once),
            per_block: rate.per_block,
            per_block_max: rate.per_block_max,
            heard_ns: u64::from(self.blocks).saturating_mul(block_ns),
            common: rate.common,
        }
    }

    /// What the first two thirds of the blocks foretold of news of one kind, and what the last third brought.
    pub(crate) fn forecast(&self, news: News) -> Option<Forecast> {
        forecast::forecast(&self.stretches, self.blocks, &[news])
    }

    /// Blocks in which something was heard that was heard in no other, over the series of a level, when the last ended.
    pub(crate) fn once_at(&self, level: Level) -> u64 {
        let series = level_slot(level).map_or(&[][..], governs);
        let rates = series.iter().filter_map(|news| self.rates.get(news.slot()));
        rates.fold(0, |sum, rate| sum.saturating_add(u64::from(rate.once)))
    }

    /// How many blocks brought news of one kind; of states how many came.
    pub(crate) fn pieces(&self, news: News) -> u64 {
        let of = |counts: &[u32; SERIES]| counts.get(news.slot()).copied().map_or(0, u64::from);
        self.stretches.iter().fold(of(&self.once.block(self.news).pieces), |sum, stretch| {
            sum.saturating_add(of(&stretch.pieces))
        })
    }
}

/// Over how many of the last blocks news has to come still: a third of them, but a week where that is more, because of
/// commands a weekend brings few; and not of what was heard first.
fn ceased(blocks: u32, heard_ns: i64) -> u32 {
    let third = blocks.div_ceil(3);
    if heard_ns < DAY_NS {
        return third;
    }
    let block_ns = heard_ns.checked_div(i64::from(blocks)).unwrap_or(0).max(1);
    let a_week = DAY_NS.saturating_mul(7).checked_div(block_ns);
    let a_week = a_week.and_then(|blocks| u32::try_from(blocks).ok()).unwrap_or(u32::MAX);
    third.max(a_week.min(blocks.saturating_mul(2) / 3))
}

const HOUR_NS: u64 = 3_600_000_000_000;
const DAY_NS: i64 = 86_400_000_000_000;
/// What is expected to come more often than an operator allows high alarms cannot be one each time, whatever it is. Of the
/// one a day (by default) half is for points that are set, half for points that switch. Less than a day says nothing of a
/// day.
const ALARMS_PER_DAY: f64 = 0.5;

#[cfg(test)]
mod tests;
