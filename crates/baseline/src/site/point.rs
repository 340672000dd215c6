//! Declared points, and their values as engineers read them.

use std::collections::BTreeMap;

use gridtap_model::{Run, Value};

/// How the bits of a register, or of two, are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ValueType {
    /// An unsigned 16-bit integer.
    #[default]
    U16,
    /// A signed 16-bit integer.
    I16,
    /// An unsigned 32-bit integer in two registers.
    U32,
    /// A signed 32-bit integer in two registers.
    I32,
    /// A 32-bit floating-point number in two registers.
    F32,
    /// A bit.
    Bool,
}

/// Which of two registers holds the more significant half.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WordOrder {
    /// The first one, as the standard's octets.
    #[default]
    Big,
    /// The second one.
    Little,
}

/// A value in which a point normally stands.
#[derive(Debug, Clone, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(untagged)]
pub enum Normal {
    /// A bit.
    Bool(bool),
    /// A number, in engineering units.
    Number(f64),
    /// A state by its name.
    State(String),
}

impl super::Site {
    /// Whether it declares of some point how small or great it may be.
    #[must_use]
    #[inline]
    pub const fn has_limits(&self) -> bool {
        self.limits
    }
}

/// A declared point.
#[derive(Debug, Clone, PartialEq)]
pub struct SitePoint {
    /// Its name.
    pub name: String,
    /// Its engineering unit.
    pub unit: Option<String>,
    /// How its bits are read, where that is declared.
    pub value_type: Option<ValueType>,
    /// Which of two registers comes first.
    pub word_order: WordOrder,
    /// What the number is multiplied by.
    pub scale: f64,
    /// What is then added.
    pub offset: f64,
    /// The least value that is right, in engineering units.
    pub min: Option<f64>,
    /// The greatest value that is right, in engineering units.
    pub max: Option<f64>,
    /// In which state it normally stands.
    pub normal: Option<Normal>,
    /// It is there to be commanded, by whoever may command its device.
    pub commanded: bool,
    /// Names of its raw values.
    pub states: BTreeMap<i64, String>,
}

impl SitePoint {
    /// Whether anything is declared of how to read it.
    fn is_read(&self) -> bool {
        self.value_type.is_some()
            || self.unit.is_some()
            || self.scale.to_bits() != 1.0_f64.to_bits()
            || self.offset.to_bits() != 0.0_f64.to_bits()
    }

    /// How many registers it takes.
    #[must_use]
    pub const fn registers(&self) -> u32 {
        match self.value_type {
            Some(ValueType::U32 | ValueType::I32 | ValueType::F32) => 2,
            _ => 1,
        }
    }

    /// A value of one register or bit in engineering units.
    #[must_use]
    pub fn number(&self, value: Value) -> Option<f64> {
        let raw = match (value, self.value_type) {
            (Value::Bit(bit), _) => f64::from(u8::from(bit)),
            (Value::Word(_), Some(ValueType::U32 | ValueType::I32 | ValueType::F32)) => {
                return None;
            }
            (Value::Word(word), Some(ValueType::I16)) => {
                f64::from(i16::from_be_bytes(word.to_be_bytes()))
            }
            (Value::Word(word), _) => f64::from(word),
            (Value::Integer(integer), _) => f64::from(i32::try_from(integer).ok()?),
            (Value::Float(float), _) => float,
            (Value::Control(_) | Value::Time(_), _) => return None,
        };
        Some(raw * self.scale + self.offset)
    }

    /// The value of this point in a run from `offset` on, in engineering units.
    #[must_use]
    pub fn number_in(&self, run: &Run<'_>, offset: u32) -> Option<f64> {
        let first = run.values.at(offset)?;
        if self.registers() == 1 {
            return self.number(first);
        }
        let (Value::Word(first), Value::Word(second)) =
            (first, run.values.at(offset.checked_add(1)?)?)
        else {
            return self.number(first);
        };
        let (high, low) = match self.word_order {
            WordOrder::Big => (first, second),
            WordOrder::Little => (second, first),
        };
        let bits = u32::from(high) << 16 | u32::from(low);
        let raw = match self.value_type {
            Some(ValueType::I32) => f64::from(i32::from_be_bytes(bits.to_be_bytes())),
            Some(ValueType::F32) => f64::from(f32::from_bits(bits)),
            _ => f64::from(bits),
        };
        Some(raw * self.scale + self.offset)
    }

    fn state(&self, value: Value) -> Option<&str> {
        let raw = match value {
            Value::Bit(bit) => i64::from(bit),
            Value::Word(word) if self.value_type == Some(ValueType::I16) => {
                i64::from(i16::from_be_bytes(word.to_be_bytes()))
            }
            Value::Word(word) => i64::from(word),
            Value::Integer(integer) => integer,
            Value::Float(_) | Value::Control(_) | Value::Time(_) => return None,
        };
        self.states.get(&raw).map(String::as_str)
    }

    /// As engineers read it: `52.1 kV`, `closed`.
    pub(crate) fn scaled(&self, value: Value) -> Option<String> {
        if let Some(state) = self.state(value) {
            return Some(state.to_owned());
        }
        if !self.is_read() || matches!(value, Value::Bit(_)) {
            return None;
        }
        self.number(value).map(|number| self.in_units(number))
    }

    pub(crate) fn scaled_in(&self, run: &Run<'_>, offset: u32) -> Option<String> {
        if self.registers() == 1 {
            return self.scaled(run.values.at(offset)?);
        }
        self.number_in(run, offset).map(|number| self.in_units(number))
    }

    fn in_units(&self, number: f64) -> String {
        // Scaling by a decimal fraction leaves digits that nobody measured.
        let rounded = libm::round(number * 1e6) / 1e6;
        let shown = if rounded.is_finite() { rounded } else { number };
        match &self.unit {
            Some(unit) => format!("{shown} {unit}"),
            None => format!("{shown}"),
        }
    }
}
