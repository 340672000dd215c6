//! A baseline from what was stored.

use core::fmt;

use gridtap_model::{Timestamp, Value};

use super::facts::FACT;
use super::values::VALUE;
use super::{FORMAT, Meta, Row};
use crate::baseline::Baseline;
use crate::block::Blocks;
use crate::cadence::Cadences;
use crate::facts::Facts;
use crate::key::{Flags, Kind};
use crate::learn::news_of;
use crate::path::{self, KeyError, Path};
use crate::tables::Tables;
use crate::values::Values;
use crate::zone::ZoneState;

/// Why a stored baseline cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RestoreError {
    /// It was written by a newer version.
    Format(u32),
    /// A row's key is no key.
    Key(KeyError),
}

impl fmt::Display for RestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Format(format) => write!(
                f,
                "the baseline was stored in form {format}, this version reads form {FORMAT}: use the newer version"
            ),
            Self::Key(error) => write!(f, "the stored baseline is damaged: {error}"),
        }
    }
}

impl core::error::Error for RestoreError {}

/// What was heard of a key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stats {
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
    pub(crate) count: u64,
    pub(crate) blocks: u32,
    pub(crate) block: u32,
    pub(crate) flags: Flags,
    pub(crate) value: Option<Value>,
}

impl Baseline {
    /// Takes what was stored in the place of what was learned so far. The length of a block stays what
    /// it was when the baseline was learned: blocks of two lengths cannot be counted together.
    ///
    /// # Errors
    /// Where it was stored by a newer version, or a row is damaged.
    pub fn restore(&mut self, meta: Option<Meta>, rows: &[Row]) -> Result<(), RestoreError> {
        self.begin_restoring(meta)?;
        for row in rows {
            self.restore_row(row)?;
        }
        self.end_restoring();
        Ok(())
    }

    /// The same row by row, where there may be more of them than there is room for at once: begins it.
    ///
    /// # Errors
    /// Where it was stored by a newer version.
    pub fn begin_restoring(&mut self, meta: Option<Meta>) -> Result<(), RestoreError> {
        self.tables = Tables::new(self.config.hash_seed);
        self.facts = Facts::new(self.tables.hasher(), self.config.facts_max);
        self.cadences = Cadences::new(self.config.cadences_max);
        self.forget_hints();
        self.values = Values::new(self.tables.hasher(), self.config.values_max);
        (self.dirty, self.fresh) = (Vec::new(), Vec::new());
        match meta {
            Some(meta) if meta.format != FORMAT => return Err(RestoreError::Format(meta.format)),
            Some(meta) => (self.blocks, self.zones) = (meta.blocks, meta.zones),
            None => (self.blocks, self.zones) = (Blocks::new(self.config.block_ns()), Vec::new()),
        }
        self.restored_until = self.zones.iter().map(ZoneState::last).max();
        for zone in &mut self.zones {
            zone.begin_restoring();
        }
        Ok(())
    }

    /// Puts one row back.
    ///
    /// # Errors
    /// Where it is damaged.
    pub fn restore_row(&mut self, row: &Row) -> Result<(), RestoreError> {
        self.try_row(row).map_err(RestoreError::Key)
    }

    /// Every row is back: derives what hangs on several of them.
    pub fn end_restoring(&mut self) {
        self.after_restore();
    }

    fn try_row(&mut self, row: &Row) -> Result<(), KeyError> {
        if let Some(value) = row.key.strip_prefix(VALUE) {
            return self.restore_value(value, row);
        }
        if let Some(fact) = row.key.strip_prefix(FACT) {
            return self.restore_fact(fact, row);
        }
        let parsed = path::parse(&row.key)?;
        if let Some((protocol, code, name)) = parsed.name {
            self.tables.names.add(protocol, code, name);
        }
        if let Some((index, name)) = parsed.file {
            self.tables.names.add_file(index, name.as_bytes());
        }
        let stats = Stats {
            first: Timestamp::from_nanos(row.first_ns),
            last: Timestamp::from_nanos(row.last_ns),
            count: row.count,
            blocks: row.blocks,
            block: row.block,
            flags: Flags::from_kept(row.flags),
            value: row.value.map(Value::from),
        };
        if let Some(acceptance) = &row.acceptance {
            self.tables.acceptances.insert(parsed.path, acceptance.clone());
        }
        self.put(&parsed.path, stats);
        if let Some(cadence) = &row.cadence
            && let Some(id) = self.tables.find_path(&parsed.path)
        {
            self.cadences.restore(id, &cadence.0);
        }
        Ok(())
    }

    /// Puts a key back, with everything that is derived from it.
    pub(crate) fn put(&mut self, path: &Path, stats: Stats) {
        let id = self.tables.insert_path(path, stats.first);
        let zone_slot = self.zone_slot(path.zone(), stats.first);
        if let Some(key) = self.tables.key_mut(id) {
            (key.first, key.last, key.count) = (stats.first, stats.last, stats.count);
            (key.blocks, key.block) = (stats.blocks, stats.block);
        }
        self.tables.set_flags(id, stats.flags);
        if stats.flags.has(Flags::ACCEPTED)
            && let Some(pair) = self.tables.pair_above(id)
        {
            self.tables.meet(pair);
        }
        if let Some(value) = stats.value {
            self.tables.values.insert(id, value);
        }
        let key = self.tables.key(id).map(|key| (key.kind, key.detail));
        if let Some(zone) = self.zones.get_mut(zone_slot) {
            if stats.block != u32::MAX {
                zone.reach_ordinal(stats.block);
            }
            let news = key.and_then(|(kind, detail)| news_of(kind, stats.flags, detail));
            if let Some(news) = news.filter(|_| stats.flags.has(Flags::NEWS) && stats.blocks == 1) {
                zone.restored_once(news, stats.block);
            }
        }
        if !stats.flags.has(Flags::HELD.with(Flags::ATTEMPTED)) {
            self.tables.count_known(path);
            self.tables.cover_known(path);
        }
    }

    /// What can only be derived once every key is there.
    pub(crate) fn after_restore(&mut self) {
        self.tables.link_conversations();
        self.values.shrink();
        for zone in &mut self.zones {
            zone.put_states_once(self.values.states_once(zone.zone()));
            zone.refresh(&self.config);
        }
        let count = u32::try_from(self.tables.keys.len()).unwrap_or(u32::MAX);
        for id in 0..count {
            let Some(key) = self.tables.key(id) else { continue };
            if matches!(key.kind, Kind::Function | Kind::Read | Kind::Written) {
                self.resettle(id);
            }
        }
    }

    /// Computes anew what is kept with a function or range so that it need not be looked up.
    fn resettle(&mut self, id: u32) {
        let Some(path) = self.tables.path(id) else { return };
        if let Path::Function { role, code } | Path::Address { role, code, .. } = path {
            let name = self.tables.names.of(role.device.protocol, code).to_owned();
            let declared = self.site.declared(&role, code, &name);
            self.declare(id, declared);
        }
        if let Some(pair) = self.tables.pair_above(id) {
            self.settle(id, pair);
        }
    }
}
