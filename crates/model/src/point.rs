//! What is read and commanded: points, and the runs in which messages carry them.

use core::fmt;

/// A table of points in a device: `coil`, `holding register`, a DNP3 group.
///
/// The code is the protocol's own and only tells tables apart; the name is for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Table {
    /// Tells the tables of one protocol apart.
    pub code: u16,
    /// The name of one point of it: `holding register`.
    pub name: &'static str,
}

impl Table {
    /// Modbus coils: single bits that can be written.
    pub const COIL: Self = Self { code: 0, name: "coil" };
    /// Modbus discrete inputs: single bits that can only be read.
    pub const DISCRETE_INPUT: Self = Self { code: 1, name: "discrete input" };
    /// Modbus input registers: 16-bit words that can only be read.
    pub const INPUT_REGISTER: Self = Self { code: 3, name: "input register" };
    /// Modbus holding registers: 16-bit words that can be written.
    pub const HOLDING_REGISTER: Self = Self { code: 4, name: "holding register" };
    /// Modbus extended memory: files of records. The index is `file << 16 | record`.
    pub const FILE_RECORD: Self = Self { code: 6, name: "file record" };
    /// Modbus FIFO queues, by the address of their pointer.
    pub const FIFO_QUEUE: Self = Self { code: 24, name: "FIFO queue" };
}

/// A value as the standard types it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// A bit.
    Bit(bool),
    /// A 16-bit word.
    Word(u16),
    /// An integer.
    Integer(i64),
    /// A floating-point number.
    Float(f64),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bit(true) => f.write_str("on"),
            Self::Bit(false) => f.write_str("off"),
            Self::Word(word) => write!(f, "{word}"),
            Self::Integer(integer) => write!(f, "{integer}"),
            Self::Float(float) => write!(f, "{float}"),
        }
    }
}

/// The values of a run, as they stood in the message.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Values<'a> {
    /// The message named points without values.
    None,
    /// Bits, least significant first, from the first point on.
    Bits(&'a [u8]),
    /// Big-endian 16-bit words, one a point.
    Words(&'a [u8]),
    /// One value each.
    Each(&'a [Value]),
}

impl Values<'_> {
    /// The value of the point at `offset` in the run, where the message carried it.
    #[must_use]
    pub fn at(&self, offset: u32) -> Option<Value> {
        let offset = usize::try_from(offset).ok()?;
        match self {
            Self::None => None,
            Self::Bits(bytes) => {
                let byte = *bytes.get(offset.checked_div(8)?)?;
                let mask = 1_u8.checked_shl(u32::try_from(offset.checked_rem(8)?).ok()?)?;
                Some(Value::Bit(byte & mask != 0))
            }
            Self::Words(bytes) => {
                let at = offset.checked_mul(2)?;
                let high = *bytes.get(at)?;
                let low = *bytes.get(at.checked_add(1)?)?;
                Some(Value::Word(u16::from_be_bytes([high, low])))
            }
            Self::Each(values) => values.get(offset).copied(),
        }
    }
}

/// Points with consecutive indices in one table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Run<'a> {
    /// Their table.
    pub table: Table,
    /// The index of the first.
    pub first: u32,
    /// How many there are. Bounded by what the message held, or by the standard's field, never trusted for allocation.
    pub count: u32,
    /// Their values, where the message carried them.
    pub values: Values<'a>,
    /// Written by this message (else read). Only a message that does both needs the difference.
    pub written: bool,
}

impl<'a> Run<'a> {
    /// Each point of the run with its value.
    pub fn points(&self) -> impl Iterator<Item = Point> + use<'a> {
        let Self { table, first, values, .. } = *self;
        (0..self.count).map(move |offset| Point {
            table,
            index: first.saturating_add(offset),
            value: values.at(offset),
        })
    }
}

/// One point, with the value that a message carried for it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Its table.
    pub table: Table,
    /// Its index in the table, zero-based as on the wire.
    pub index: u32,
    /// The value in this message.
    pub value: Option<Value>,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.table.name, self.index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_packed_least_significant_first() {
        let values = Values::Bits(&[0b0000_0101, 0b1000_0000]);
        let bits: Vec<_> = (0..17).map(|n| values.at(n)).collect();
        assert_eq!(bits[0], Some(Value::Bit(true)));
        assert_eq!(bits[1], Some(Value::Bit(false)));
        assert_eq!(bits[2], Some(Value::Bit(true)));
        assert_eq!(bits[15], Some(Value::Bit(true)));
        assert_eq!(bits[16], None);
    }

    #[test]
    fn a_run_yields_its_points_even_where_values_break_off() {
        let run = Run {
            table: Table::HOLDING_REGISTER,
            first: 40,
            count: 2,
            values: Values::Words(&[1, 2, 3]),
            written: true,
        };
        let points: Vec<_> = run.points().collect();
        assert_eq!(points[0].value, Some(Value::Word(0x0102)));
        assert_eq!(points[0].to_string(), "holding register 40");
        assert_eq!(points[1].value, None);
    }
}
