//! The baseline: its parts, the passing of time, and what people decide about keys.

use gridtap_model::{Span, Timestamp, Zone};

use crate::block::{Blocks, Ended};
use crate::cadence::{Cadences, Due};
use crate::config::Config;
use crate::facts::Facts;
use crate::judge::{HINTS, Hint};
use crate::key::{Flags, NO_PARENT};
use crate::site::Site;
use crate::tables::Tables;
use crate::values::Values;
use crate::verdict::{Level, Verdict};
use crate::zone::ZoneState;

/// A level of a zone has armed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LevelArmed {
    /// In which zone.
    pub zone: Zone,
    /// Which level.
    pub level: Level,
    /// When the block ended that armed it.
    pub time: Timestamp,
}

/// What gave way because a table was full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Keys that were heard in one block only, or held, and were forgotten to make room.
    pub keys_evicted: u64,
    /// Keys that were not learned because everything remembered is better established.
    pub keys_refused: u64,
}

/// What is normal: declared in the site file, and learned.
#[derive(Debug, Clone)]
pub struct Baseline {
    pub(crate) config: Config,
    pub(crate) site: Site,
    pub(crate) blocks: Blocks,
    pub(crate) zones: Vec<ZoneState>,
    pub(crate) tables: Tables,
    pub(crate) facts: Facts,
    pub(crate) values: Values,
    pub(crate) counters: Counters,
    /// The key of the message that was judged last: what is learned next, or the answer, is probably it.
    pub(crate) hint: u32,
    /// The same of what was asked before in the same conversation, or in another that has the same place.
    pub(crate) hints: Box<[Option<Hint>]>,
    /// The same, where all its keys are known: what it repeats.
    pub(crate) at_hand: u32,
    /// The device of the last answer, where all is known.
    pub(crate) answering: u32,
    pub(crate) cadences: Cadences,
    pub(crate) due: Vec<Due>,
    pub(crate) restored_until: Option<Timestamp>,
    pub(crate) drifts: Vec<(u32, bool)>,
    /// Until then no more room is looked for: there was little to be had.
    pub(crate) full_until: Timestamp,
    /// Keys that changed since they were last written to disk.
    pub(crate) dirty: Vec<u32>,
    /// Keys that were not written to disk yet, and those that people decided about.
    pub(crate) fresh: Vec<u32>,
    pub(crate) removed: Vec<String>,
    pub(crate) armed: Vec<LevelArmed>,
    /// What is heard is a lesson: nothing new in it is judged.
    teaching: bool,
    pub(crate) repeated: bool,
    /// How far ticks have come in this run.
    now: Timestamp,
}

impl Baseline {
    /// An empty baseline: nothing is known but what the site file declares.
    #[must_use]
    pub fn new(config: Config, site: Site) -> Self {
        let tables = Tables::new(config.hash_seed);
        Self {
            blocks: Blocks::new(config.block_ns()),
            facts: Facts::new(tables.hasher(), config.facts_max),
            values: Values::new(tables.hasher(), config.values_max),
            tables,
            zones: Vec::new(),
            counters: Counters::default(),
            hint: 0,
            hints: vec![None; HINTS].into(),
            at_hand: NO_PARENT,
            answering: NO_PARENT,
            cadences: Cadences::new(config.cadences_max),
            due: Vec::new(),
            restored_until: None,
            drifts: Vec::new(),
            full_until: Timestamp::MIN,
            dirty: Vec::new(),
            fresh: Vec::new(),
            removed: Vec::new(),
            armed: Vec::new(),
            teaching: false,
            repeated: false,
            now: Timestamp::MIN,
            config,
            site,
        }
    }

    /// Says whether what comes is a lesson that a person chose. In a lesson levels arm as ever, but news is
    /// learned and not judged; what the site file forbids stays forbidden.
    pub const fn teach(&mut self, teaching: bool) {
        self.teaching = teaching;
    }

    /// Says whether what comes was heard before, in this capture: it is judged like anything else and teaches
    /// nothing, as the same packets are no second evidence. Only what alarms is still held back.
    pub const fn repeat(&mut self, repeated: bool) {
        self.repeated = repeated;
        self.facts.repeat(repeated);
    }

    /// Whether an observation teaches nothing: all but news that alarmed, heard before.
    pub(crate) const fn is_idle(&self, verdict: &Verdict, alarmed: bool) -> bool {
        self.repeated && (!alarmed || verdict.held || verdict.new_at.is_none())
    }

    /// The length of a block: that with which the baseline was learned, whatever the configuration says since.
    #[must_use]
    pub const fn block(&self) -> Span {
        Span::from_nanos(self.blocks.block_ns())
    }

    /// What the site file declares from now on; what was learned stays. Its zones have to be those that it had.
    pub fn declare_site(&mut self, site: Site) {
        self.site = site;
    }

    /// What the site file declares.
    #[must_use]
    pub const fn site(&self) -> &Site {
        &self.site
    }

    /// What detections have learned on their own account.
    #[must_use]
    pub const fn facts(&self) -> &Facts {
        &self.facts
    }

    /// What detections have learned on their own account, to be added to.
    pub const fn facts_mut(&mut self) -> &mut Facts {
        &mut self.facts
    }

    /// What gave way because a table was full.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// What gave way because a table was full, by name.
    pub fn evictions(&self) -> impl Iterator<Item = (&'static str, u64)> {
        [
            ("baseline_keys_evicted", self.counters.keys_evicted),
            ("baseline_keys_refused", self.counters.keys_refused),
            ("facts_refused", self.facts.refused()),
            ("cadences_refused", self.cadences.refused()),
            ("values_refused", self.values.refused()),
        ]
        .into_iter()
    }

    /// Time passes with nothing heard.
    pub fn tick(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
        if self.repeated {
            return;
        }
        if let Some(ended) = self.blocks.tick(now) {
            self.block_ended(ended, now);
        }
    }

    /// The input is over: the running block ends if at least half of it was heard.
    pub fn finish(&mut self) {
        if self.repeated {
            return;
        }
        let now = self.zones.iter().map(ZoneState::last).max();
        if let (Some(now), Some(ended)) = (now, self.blocks.finish()) {
            self.block_ended(ended, now);
        }
    }

    /// The memory that the learned keys take, about: tables with what they hold in reserve.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let learned = self.tables.memory_bytes().saturating_add(self.cadences.memory_bytes());
        learned.saturating_add(self.values.memory_bytes())
    }

    /// The time up to which was heard; acceptances end by it.
    pub(crate) fn now(&self) -> Timestamp {
        let heard = self.zones.iter().map(ZoneState::last).max();
        self.now.max(heard.unwrap_or(Timestamp::MIN))
    }

    /// Something is heard: blocks that are over end.
    #[inline]
    pub(crate) fn hear(&mut self, time: Timestamp) {
        if self.repeated {
            return;
        }
        // What is told late, as a conversation is recognised or ends, belongs to no block of its own: heard in one that
        // is over, it would end the running one, and count it.
        let time = time.max(self.now);
        if let Some(ended) = self.blocks.hear(time) {
            self.block_ended(ended, time);
        }
    }

    #[cold]
    fn block_ended(&mut self, ended: Ended, time: Timestamp) {
        if !ended.counts {
            return;
        }
        let block_ns = self.blocks.block_ns();
        for zone in &mut self.zones {
            let judged = zone.is_armed(Level::Value);
            let levels = zone.block_ended(ended.weekend, block_ns, &self.config);
            let zone = zone.zone();
            self.values.block_ended(zone, judged);
            self.armed.extend(levels.into_iter().map(|level| LevelArmed { zone, level, time }));
        }
        self.find_set_points();
    }

    /// The levels that armed since this was last asked, for the ledger to be shown.
    pub fn take_armed(&mut self) -> Vec<LevelArmed> {
        core::mem::take(&mut self.armed)
    }

    /// Whether the flow and function levels judge, in every zone where a protocol that we decode was heard.
    #[must_use]
    pub fn armed(&self) -> bool {
        let mut judged = self.zones.iter().filter(|zone| self.has_roles(zone.zone())).peekable();
        judged.peek().is_some() && judged.all(judges)
    }

    /// Whether the flow and function levels judge in this zone.
    #[must_use]
    pub fn armed_in(&self, zone: Zone) -> bool {
        self.zone(zone).is_some_and(judges)
    }

    /// Whether news is judged in this zone: it is armed, and this is no lesson.
    pub(crate) fn judges_in(&self, zone: Zone) -> bool {
        !self.teaching && self.armed_in(zone)
    }

    /// Whether a level judges, in every zone where a protocol that we decode was heard.
    #[must_use]
    pub fn level_armed(&self, level: Level) -> bool {
        let mut judged = self.zones.iter().filter(|zone| self.has_roles(zone.zone())).peekable();
        judged.peek().is_some() && judged.all(|zone| zone.is_armed(level))
    }

    pub(crate) fn has_roles(&self, zone: Zone) -> bool {
        self.tables.devices.iter().any(|known| known.device.zone == zone)
    }

    pub(crate) fn zone(&self, zone: Zone) -> Option<&ZoneState> {
        self.zones.iter().find(|state| state.zone() == zone)
    }

    /// The state of a zone, made where it is new. Zones are few: a site has as many as it declares.
    pub(crate) fn zone_slot(&mut self, zone: Zone, time: Timestamp) -> usize {
        if let Some(slot) = self.zones.iter().position(|state| state.zone() == zone) {
            return slot;
        }
        self.zones.push(ZoneState::new(zone, time));
        self.zones.len().saturating_sub(1)
    }

    pub(crate) fn mark_fresh(&mut self, id: u32) {
        let Some(key) = self.tables.key_mut(id) else { return };
        if !key.flags.has(Flags::FRESH) {
            key.flags = key.flags.with(Flags::FRESH);
            self.fresh.push(id);
        }
        self.mark_dirty(id);
    }

    pub(crate) fn mark_dirty(&mut self, id: u32) {
        let Some(key) = self.tables.key_mut(id) else { return };
        if !key.flags.has(Flags::DIRTY) {
            key.flags = key.flags.with(Flags::DIRTY);
            self.dirty.push(id);
        }
    }
}

fn judges(zone: &ZoneState) -> bool {
    zone.is_armed(Level::Flow) && zone.is_armed(Level::Function)
}

#[cfg(test)]
mod tests;
