//! The baseline as text: rows for the store, exports for people, and what differs between two of them.

use std::collections::BTreeMap;

use gridtap_model::{Timestamp, Value};

use crate::baseline::Baseline;
use crate::block::Blocks;
use crate::facts::{Fact, FactKey, FactKind, Facts};
use crate::key::{Flags, Kind};
use crate::learn::news_of;
use crate::path::{self, KeyError, Path};
use crate::tables::Tables;
use crate::zone::ZoneState;

/// A person's decision that one exact key is normal.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Acceptance {
    /// Why.
    pub reason: String,
    /// Who decided.
    pub by: String,
    /// A second person, who confirmed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<String>,
    /// When, in nanoseconds since the epoch.
    pub at_ns: i64,
    /// Until when it holds, in nanoseconds since the epoch; without, for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ns: Option<i64>,
}

impl Acceptance {
    pub(crate) fn holds_at(&self, time: Timestamp) -> bool {
        self.until_ns.is_none_or(|until| time.nanos() <= until)
    }
}

/// One learned key as it is kept on disk.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Row {
    /// The key in text form.
    pub key: String,
    /// When it was first heard, in nanoseconds since the epoch.
    pub first_ns: i64,
    /// When it was last heard, in nanoseconds since the epoch.
    pub last_ns: i64,
    /// How often it was heard.
    pub count: u64,
    /// In how many blocks it was heard.
    pub blocks: u32,
    /// The zone's ordinal of the last block in which it was heard.
    pub block: u32,
    /// Its properties, as bits.
    pub flags: u16,
    /// The last value that was commanded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<RowValue>,
    /// A person's acceptance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acceptance: Option<Acceptance>,
    /// How often a detection's fact did not hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<u64>,
    /// A detection's fact in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A value as it is kept on disk.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RowValue {
    /// A bit.
    Bool(bool),
    /// A 16-bit word.
    Word(u16),
    /// An integer.
    Integer(i64),
    /// A floating-point number, by its bits.
    Float(u64),
}

impl From<Value> for RowValue {
    fn from(value: Value) -> Self {
        match value {
            Value::Bit(bit) => Self::Bool(bit),
            Value::Word(word) => Self::Word(word),
            Value::Integer(integer) => Self::Integer(integer),
            Value::Float(float) => Self::Float(float.to_bits()),
        }
    }
}

impl From<RowValue> for Value {
    fn from(value: RowValue) -> Self {
        match value {
            RowValue::Bool(bit) => Self::Bit(bit),
            RowValue::Word(word) => Self::Word(word),
            RowValue::Integer(integer) => Self::Integer(integer),
            RowValue::Float(bits) => Self::Float(f64::from_bits(bits)),
        }
    }
}

impl Row {
    /// It alarmed and is held back until a person accepts it.
    #[must_use]
    pub const fn is_held(&self) -> bool {
        Flags::from_kept(self.flags).has(Flags::HELD)
    }

    /// A person signed it off.
    #[must_use]
    pub const fn is_signed_off(&self) -> bool {
        Flags::from_kept(self.flags).has(Flags::SIGNED)
    }

    /// Only attempts were heard, no answer.
    #[must_use]
    pub const fn is_attempted(&self) -> bool {
        Flags::from_kept(self.flags).has(Flags::ATTEMPTED)
    }

    /// It was heard in one block only and nobody signed it off.
    #[must_use]
    pub const fn is_provisional(&self) -> bool {
        self.blocks < 2 && !self.is_signed_off()
    }
}

/// The version of [`Meta`].
pub const FORMAT: u32 = 1;

/// What a baseline keeps beside its keys: blocks, rates and armed levels.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Meta {
    /// The version of this form.
    pub format: u32,
    blocks: Blocks,
    zones: Vec<ZoneState>,
}

/// Why a stored baseline cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RestoreError {
    /// It was written by a newer version.
    Format(u32),
    /// A row's key is no key.
    Key(KeyError),
}

impl core::fmt::Display for RestoreError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
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

impl Baseline {
    /// All learned keys, by their text.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        let count = u32::try_from(self.tables.keys.len()).unwrap_or(u32::MAX);
        let mut rows: Vec<Row> = (0..count).filter_map(|id| self.row(id)).collect();
        rows.extend(self.facts.keys().filter_map(|key| self.fact_row(key)));
        rows.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        rows
    }

    fn row(&self, id: u32) -> Option<Row> {
        let key = self.tables.key(id)?;
        let path = self.tables.path(id)?;
        Some(Row {
            key: path.text(&self.tables.names),
            first_ns: key.first.nanos(),
            last_ns: key.last.nanos(),
            count: key.count,
            blocks: key.blocks,
            block: key.block,
            flags: key.flags.kept(),
            value: self.tables.values.get(&id).map(|value| RowValue::from(*value)),
            acceptance: self.tables.acceptances.get(&path).cloned(),
            against: None,
            text: None,
        })
    }

    /// The rows that changed since this was last asked, by their text. With `new_only`, those of new
    /// keys and of keys that people decided about: what must not be lost.
    pub fn dirty_rows(&mut self, new_only: bool) -> Vec<Row> {
        let fresh = core::mem::take(&mut self.fresh);
        let (ids, done) = if new_only {
            (fresh, Flags::FRESH)
        } else {
            (core::mem::take(&mut self.dirty), Flags::FRESH.with(Flags::DIRTY))
        };
        for id in &ids {
            if let Some(key) = self.tables.key_mut(*id) {
                key.flags = key.flags.without(done);
            }
        }
        let mut rows: Vec<Row> = ids.into_iter().filter_map(|id| self.row(id)).collect();
        rows.extend(self.dirty_facts(new_only));
        rows.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        rows
    }

    /// Whether there are keys that must be written before what was told of them is told.
    #[must_use]
    pub fn has_new_rows(&self) -> bool {
        !self.fresh.is_empty() || !self.facts.fresh.is_empty()
    }

    /// The keys that gave way to others since this was last asked.
    pub fn take_removed(&mut self) -> Vec<String> {
        core::mem::take(&mut self.removed)
    }

    /// What is kept beside the rows.
    #[must_use]
    pub fn meta(&self) -> Meta {
        Meta { format: FORMAT, blocks: self.blocks.clone(), zones: self.zones.clone() }
    }

    /// Takes what was stored in the place of what was learned so far. The length of a block stays what
    /// it was when the baseline was learned: blocks of two lengths cannot be counted together.
    ///
    /// # Errors
    /// Where it was stored by a newer version, or a row is damaged.
    pub fn restore(&mut self, meta: Option<Meta>, rows: &[Row]) -> Result<(), RestoreError> {
        self.tables = Tables::new(self.config.hash_seed);
        self.facts = Facts::new(self.tables.hasher(), self.config.facts_max);
        (self.dirty, self.fresh) = (Vec::new(), Vec::new());
        match meta {
            Some(meta) if meta.format != FORMAT => return Err(RestoreError::Format(meta.format)),
            Some(meta) => (self.blocks, self.zones) = (meta.blocks, meta.zones),
            None => (self.blocks, self.zones) = (Blocks::new(self.config.block_ns()), Vec::new()),
        }
        for row in rows {
            self.restore_row(row).map_err(RestoreError::Key)?;
        }
        self.after_restore();
        Ok(())
    }

    fn restore_row(&mut self, row: &Row) -> Result<(), KeyError> {
        if let Some(fact) = row.key.strip_prefix(FACT) {
            return self.restore_fact(fact, row);
        }
        let parsed = path::parse(&row.key)?;
        if let Some((protocol, code, name)) = parsed.name {
            self.tables.names.add(protocol, code, name);
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
        Ok(())
    }

    /// Puts a key back, with everything that is derived from it.
    pub(crate) fn put(&mut self, path: &Path, stats: Stats) {
        let id = self.tables.insert_path(path, stats.first);
        let zone_slot = self.zone_slot(path.zone(), stats.first);
        if let Some(key) = self.tables.key_mut(id) {
            (key.first, key.last, key.count) = (stats.first, stats.last, stats.count);
            (key.blocks, key.block, key.flags) = (stats.blocks, stats.block, stats.flags);
        }
        if let Some(value) = stats.value {
            self.tables.values.insert(id, value);
        }
        let kind = self.tables.key(id).map(|key| key.kind);
        if let Some(zone) = self.zones.get_mut(zone_slot) {
            if stats.block != u32::MAX {
                zone.reach_ordinal(stats.block);
            }
            let news = kind.and_then(|kind| news_of(kind, stats.flags));
            if let Some(news) = news.filter(|_| stats.flags.has(Flags::NEWS) && stats.blocks == 1) {
                zone.restored_once(news);
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
        for zone in &mut self.zones {
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
}

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

/// How two baselines differ in one key.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Difference {
    /// Only the second has it.
    Added(Row),
    /// Only the first has it.
    Removed(Row),
    /// Both have it, and what people decided about it differs, or whether it is held.
    Changed {
        /// As the first has it.
        before: Box<Row>,
        /// As the second has it.
        after: Box<Row>,
    },
}

/// What differs between two baselines, by key.
#[must_use]
pub fn diff(before: &[Row], after: &[Row]) -> Vec<Difference> {
    let mut keys: BTreeMap<&str, (Option<&Row>, Option<&Row>)> = BTreeMap::new();
    for row in before {
        keys.entry(&row.key).or_default().0 = Some(row);
    }
    for row in after {
        keys.entry(&row.key).or_default().1 = Some(row);
    }
    let standing = |row: &Row| (row.is_held(), row.is_signed_off(), row.acceptance.clone());
    let differences = keys.into_values().filter_map(|(before, after)| match (before, after) {
        (None, Some(after)) => Some(Difference::Added(after.clone())),
        (Some(before), None) => Some(Difference::Removed(before.clone())),
        (Some(before), Some(after)) if standing(before) != standing(after) => {
            Some(Difference::Changed {
                before: Box::new(before.clone()),
                after: Box::new(after.clone()),
            })
        }
        _ => None,
    });
    differences.collect()
}

impl Baseline {
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

/// What the rows of facts begin with.
const FACT: &str = "fact|";

impl Baseline {
    fn fact_row(&self, key: &FactKey) -> Option<Row> {
        let fact = self.facts.get(key)?;
        let device = Path::Device(key.device).text(&self.tables.names);
        let master = key.master.map_or_else(|| "-".to_owned(), |master| master.to_string());
        Some(Row {
            key: format!("{FACT}{}|{}|{master}|{device}", key.kind.name(), key.detail),
            first_ns: fact.first.nanos(),
            last_ns: fact.last.nanos(),
            count: fact.count,
            blocks: 0,
            block: 0,
            flags: 0,
            value: None,
            acceptance: None,
            against: (fact.against > 0).then_some(fact.against),
            text: (!fact.text.is_empty()).then(|| fact.text.clone()),
        })
    }

    fn dirty_facts(&mut self, new_only: bool) -> Vec<Row> {
        let fresh = core::mem::take(&mut self.facts.fresh);
        let keys = if new_only { fresh } else { core::mem::take(&mut self.facts.dirty) };
        for key in &keys {
            if let Some(fact) = self.facts.get_mut(key) {
                fact.fresh = false;
                fact.dirty &= new_only;
            }
        }
        keys.iter().filter_map(|key| self.fact_row(key)).collect()
    }

    fn restore_fact(&mut self, text: &str, row: &Row) -> Result<(), KeyError> {
        let wrong = || KeyError::new(&row.key, "fact");
        let mut parts = text.splitn(4, '|');
        let kind = parts.next().and_then(FactKind::of).ok_or_else(wrong)?;
        let detail = parts.next().and_then(|detail| detail.parse().ok()).ok_or_else(wrong)?;
        let master = match parts.next().ok_or_else(wrong)? {
            "-" => None,
            address => Some(address.parse().map_err(|_| wrong())?),
        };
        let Path::Device(device) = path::parse(parts.next().ok_or_else(wrong)?)?.path else {
            return Err(wrong());
        };
        let fact = Fact {
            count: row.count,
            against: row.against.unwrap_or(0),
            text: row.text.clone().unwrap_or_default(),
            first: Timestamp::from_nanos(row.first_ns),
            last: Timestamp::from_nanos(row.last_ns),
            dirty: false,
            fresh: false,
        };
        self.facts.put(FactKey { kind, device, master, detail }, fact);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
