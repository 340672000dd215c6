//! The baseline as text: rows for the store, exports for people, and what differs between two of them.

mod difference;
mod facts;
mod numbers;
mod restore;
mod values;

use core::fmt;

use gridtap_model::{Control, Operation, Timestamp, TripClose, Value};

use crate::baseline::Baseline;
use crate::block::Blocks;
use crate::cadence::Kept;
use crate::key::Flags;
use crate::zone::ZoneState;

pub use difference::{Difference, diff};
pub use restore::RestoreError;
pub(crate) use restore::Stats;

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
    /// How often it comes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cadence: Option<Cadence>,
}

/// How often a request comes, as it is kept on disk.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Cadence(pub(crate) Kept);

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
    /// What an output is told to do.
    Control {
        /// The number of the operation.
        operation: u8,
        /// The number of the coil.
        coil: u8,
        /// Whether it cancels what the point was told before.
        clear: bool,
        /// How often.
        count: u8,
        /// For how long on.
        on_ms: u32,
        /// For how long off.
        off_ms: u32,
    },
    /// A moment, in nanoseconds since 1970.
    Time(i64),
}

impl From<Value> for RowValue {
    fn from(value: Value) -> Self {
        match value {
            Value::Bit(bit) => Self::Bool(bit),
            Value::Word(word) => Self::Word(word),
            Value::Integer(integer) => Self::Integer(integer),
            Value::Float(float) => Self::Float(float.to_bits()),
            Value::Control(control) => Self::Control {
                operation: control.operation.number(),
                coil: control.trip_close.number(),
                clear: control.clear,
                count: control.count,
                on_ms: control.on_ms,
                off_ms: control.off_ms,
            },
            Value::Time(time) => Self::Time(time.nanos()),
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
            RowValue::Control { operation, coil, clear, count, on_ms, off_ms } => {
                Self::Control(Control {
                    operation: Operation::of(operation),
                    trip_close: TripClose::of(coil),
                    clear,
                    count,
                    on_ms,
                    off_ms,
                })
            }
            RowValue::Time(nanos) => Self::Time(Timestamp::from_nanos(nanos)),
        }
    }
}

impl Row {
    /// A key of which nothing else is known.
    #[must_use]
    pub fn named(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            first_ns: 0,
            last_ns: 0,
            count: 0,
            blocks: 0,
            block: 0,
            flags: 0,
            value: None,
            acceptance: None,
            against: None,
            text: None,
            cadence: None,
        }
    }

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

/// For people, one line: the key, how often and when it was heard, and what stands against it.
impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = (self.first_ns, self.last_ns);
        let (first, last) = (Timestamp::from_nanos(first), Timestamp::from_nanos(last));
        write!(
            f,
            "{} | {} times in {} blocks, {first} to {last}",
            self.key, self.count, self.blocks
        )?;
        if let Some(value) = self.value {
            write!(f, " | last {}", Value::from(value))?;
        }
        if let Some(Cadence(cadence)) = &self.cadence {
            write!(f, " | {cadence}")?;
        }
        if let Some(text) = &self.text {
            write!(f, " | {text:?}")?;
        }
        let marks = [
            (self.is_held(), "held"),
            (self.is_attempted(), "attempted"),
            (self.is_signed_off(), "signed off"),
        ];
        for (_, mark) in marks.into_iter().filter(|(marked, _)| *marked) {
            write!(f, " | {mark}")?;
        }
        match &self.acceptance {
            Some(Acceptance { reason, by, .. }) => write!(f, " | accepted by {by}: {reason:?}"),
            None => Ok(()),
        }
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

impl Baseline {
    /// All learned keys, by their text.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        let count = u32::try_from(self.tables.keys.len()).unwrap_or(u32::MAX);
        let mut rows: Vec<Row> = (0..count).filter_map(|id| self.row(id)).collect();
        rows.extend(self.facts.keys().filter_map(|key| self.fact_row(key)));
        rows.extend(self.all_value_rows());
        rows.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        rows
    }

    pub(crate) fn row(&self, id: u32) -> Option<Row> {
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
            cadence: self.cadences.kept(id).map(Cadence),
        })
    }

    /// The rows that changed since this was last asked, by their text. With `new_only`, those of new
    /// keys and of keys that people decided about: what must not be lost. What points show is asked for apart, by
    /// [`Baseline::dirty_values`].
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
}

#[cfg(test)]
mod tests;
