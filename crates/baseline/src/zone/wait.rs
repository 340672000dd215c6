//! What a level still waits for, and how long that takes.

use super::{HOUR_NS, ZoneState, governs, is_stable, level_slot};
use crate::block::is_weekend;
use crate::config::Config;
use crate::verdict::Level;

/// Beyond this many blocks an estimate is not worth computing.
const ESTIMATE_MAX: u64 = 2_000;

/// What a level waits for before it judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Waiting {
    /// More blocks have to be heard.
    Blocks,
    /// A day of a weekend has to be heard.
    Weekend,
    /// News still comes faster than what was heard before foretold.
    Settling,
    /// A coarser level has to judge first.
    Coarser,
}

impl ZoneState {
    /// What the timing level waits for; none where it may judge.
    pub(crate) fn timing_waits_for(&self, block_ns: u64, config: &Config) -> Option<Waiting> {
        let coarser = self.is_armed(Level::Flow) && self.is_armed(Level::Function);
        if self.blocks < config.timing_blocks_min {
            Some(Waiting::Blocks)
        } else if block_ns >= HOUR_NS && !self.weekend {
            Some(Waiting::Weekend)
        } else if !self.timing.is_stable() {
            Some(Waiting::Settling)
        } else {
            (!coarser).then_some(Waiting::Coarser)
        }
    }

    /// What a level waits for; none where it judges.
    pub(crate) fn waits_for(
        &self,
        level: Level,
        block_ns: u64,
        config: &Config,
    ) -> Option<Waiting> {
        let slot = level_slot(level).filter(|_| !self.is_armed(level))?;
        let missing = self.blocks_missing(slot, block_ns, config);
        let only_weekend = missing == 1 && self.lacks_weekend_only(slot, block_ns, config);
        Some(match () {
            () if only_weekend => Waiting::Weekend,
            () if missing > 0 => Waiting::Blocks,
            () if !is_stable(&self.stretches, self.blocks, governs(slot)) => Waiting::Settling,
            () => Waiting::Coarser,
        })
    }

    fn is_slot_armed(&self, slot: usize) -> bool {
        self.armed.get(slot).copied().unwrap_or(false)
    }

    fn lacks_weekend_only(&self, slot: usize, block_ns: u64, config: &Config) -> bool {
        let mut with = self.clone();
        with.weekend = true;
        with.blocks_missing(slot, block_ns, config) == 0
    }

    /// An estimate of how many blocks a level needs until it arms, if nothing new comes; 0 when armed.
    pub(crate) fn blocks_until_armed(&self, level: Level, block_ns: u64, config: &Config) -> u64 {
        let Some(slot) = level_slot(level).filter(|_| !self.is_armed(level)) else { return 0 };
        let mut future = self.clone();
        for quiet in 0..ESTIMATE_MAX {
            let missing = future.blocks_missing(slot, block_ns, config);
            let stable = |slot: usize| is_stable(&future.stretches, future.blocks, governs(slot));
            // A level arms after all that are coarser; those need no more blocks than it does.
            if missing == 0 && (0..=slot).all(|slot| future.is_slot_armed(slot) || stable(slot)) {
                return quiet;
            }
            let ahead_ns = quiet.saturating_mul(block_ns);
            future.weekend |= is_weekend(self.last().plus_ns(ahead_ns).nanos());
            future.blocks = future.blocks.saturating_add(1);
            future.remember();
        }
        ESTIMATE_MAX
    }
}
