//! What is read and commanded: points, and the runs in which messages carry them.

use core::fmt;

use crate::{Control, Protocol, Timestamp};

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
    /// DNP3 g1 and g2.
    pub const BINARY_INPUT: Self = Self { code: 1, name: "binary input" };
    /// DNP3 g3 and g4.
    pub const DOUBLE_BIT_INPUT: Self = Self { code: 3, name: "double-bit input" };
    /// DNP3 g10 to g13: what is switched, and its state.
    pub const BINARY_OUTPUT: Self = Self { code: 10, name: "binary output" };
    /// DNP3 g20 and g22.
    pub const COUNTER: Self = Self { code: 20, name: "counter" };
    /// DNP3 g21 and g23.
    pub const FROZEN_COUNTER: Self = Self { code: 21, name: "frozen counter" };
    /// DNP3 g30 and g32.
    pub const ANALOG_INPUT: Self = Self { code: 30, name: "analog input" };
    /// DNP3 g31 and g33.
    pub const FROZEN_ANALOG_INPUT: Self = Self { code: 31, name: "frozen analog input" };
    /// DNP3 g34: how far an analog input moves before that is an event.
    pub const DEAD_BAND: Self = Self { code: 34, name: "analog input dead band" };
    /// DNP3 g40 to g43: what is set, and its state.
    pub const ANALOG_OUTPUT: Self = Self { code: 40, name: "analog output" };
    /// DNP3 g50 and g51: the clock is point 0.
    pub const CLOCK: Self = Self { code: 50, name: "clock" };
    /// DNP3 g60: classes 0 to 3.
    pub const EVENT_CLASS: Self = Self { code: 60, name: "class" };
    /// DNP3 g70: files, by the number that stands for their name ([`crate::file_index`]).
    pub const FILE: Self = Self { code: 70, name: "file" };
    /// DNP3 g80: internal indications, by their bit.
    pub const INDICATION: Self = Self { code: 80, name: "internal indication" };
    /// DNP3 g87 and g88, by their number, where a message names them without values.
    pub const DATA_SET: Self = Self { code: 87, name: "data set" };
    /// What the data sets of DNP3 g87 and g88 are made of. The index is `data set << 16 | element`.
    pub const DATA_SET_ELEMENT: Self = Self { code: 88, name: "data set element" };
    /// DNP3 g110 and g111.
    pub const OCTET_STRING: Self = Self { code: 110, name: "octet string" };
    /// DNP3 g112 and g113.
    pub const VIRTUAL_TERMINAL: Self = Self { code: 112, name: "virtual terminal" };

    /// The table of the points in an object group of DNP3: values, events and commands of one kind of point have one.
    #[must_use]
    pub const fn of_group(protocol: Protocol, group: u8) -> Option<Self> {
        if !matches!(protocol, Protocol::Dnp3) {
            return None;
        }
        Some(match group {
            1 | 2 => Self::BINARY_INPUT,
            3 | 4 => Self::DOUBLE_BIT_INPUT,
            10..=13 => Self::BINARY_OUTPUT,
            20 | 22 => Self::COUNTER,
            21 | 23 => Self::FROZEN_COUNTER,
            30 | 32 => Self::ANALOG_INPUT,
            31 | 33 => Self::FROZEN_ANALOG_INPUT,
            34 => Self::DEAD_BAND,
            40..=43 => Self::ANALOG_OUTPUT,
            110 | 111 => Self::OCTET_STRING,
            112 | 113 => Self::VIRTUAL_TERMINAL,
            _ => return None,
        })
    }

    /// The tables of a protocol that have a name of their own.
    #[must_use]
    pub const fn known(protocol: Protocol) -> &'static [Self] {
        match protocol {
            Protocol::Modbus => &[
                Self::COIL,
                Self::DISCRETE_INPUT,
                Self::INPUT_REGISTER,
                Self::HOLDING_REGISTER,
                Self::FILE_RECORD,
                Self::FIFO_QUEUE,
            ],
            Protocol::Dnp3 => &[
                Self::BINARY_INPUT,
                Self::DOUBLE_BIT_INPUT,
                Self::BINARY_OUTPUT,
                Self::COUNTER,
                Self::FROZEN_COUNTER,
                Self::ANALOG_INPUT,
                Self::FROZEN_ANALOG_INPUT,
                Self::DEAD_BAND,
                Self::ANALOG_OUTPUT,
                Self::CLOCK,
                Self::EVENT_CLASS,
                Self::FILE,
                Self::INDICATION,
                Self::DATA_SET,
                Self::DATA_SET_ELEMENT,
                Self::OCTET_STRING,
                Self::VIRTUAL_TERMINAL,
            ],
            Protocol::Iec104 | Protocol::Tls | Protocol::Unknown => &[],
        }
    }
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
    /// What an output is told to do.
    Control(Control),
    /// A moment, as a clock is set to it.
    Time(Timestamp),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bit(true) => f.write_str("on"),
            Self::Bit(false) => f.write_str("off"),
            Self::Word(word) => write!(f, "{word}"),
            Self::Integer(integer) => write!(f, "{integer}"),
            Self::Float(float) => write!(f, "{float}"),
            Self::Control(control) => write!(f, "{control}"),
            Self::Time(time) => write!(f, "{time}"),
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
    /// One value each, with its quality, its time and how the device answered.
    Readings(&'a [Reading]),
}

/// What a message says of one point.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Reading {
    /// Its value.
    pub value: Option<Value>,
    /// How good the value is.
    pub quality: Option<Quality>,
    /// Since when, as the device has it.
    pub time: Option<Timestamp>,
    /// Of a command that is answered: how, by the protocol's code; 0 is done.
    pub status: Option<u8>,
}

/// How good a value is (IEEE 1815, clause 11: the flags of its point type, in words that hold for all).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Quality(pub u8);

impl Quality {
    /// Not collected from the field now.
    pub const OFFLINE: Self = Self(1);
    /// Not updated since the device restarted.
    pub const RESTART: Self = Self(1 << 1);
    /// What brings it is out of reach.
    pub const COMMUNICATION_LOST: Self = Self(1 << 2);
    /// Overridden at another device.
    pub const REMOTE_FORCED: Self = Self(1 << 3);
    /// Overridden at this device.
    pub const LOCAL_FORCED: Self = Self(1 << 4);
    /// Beyond what the variation or the instrument can show, chattering, or rolled over.
    pub const DOUBTFUL: Self = Self(1 << 5);

    /// Has one of these.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// With these as well.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
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
            Self::Readings(readings) => readings.get(offset)?.value,
        }
    }

    /// All that the message says of the point at `offset` in the run.
    #[must_use]
    pub fn reading(&self, offset: u32) -> Option<Reading> {
        match self {
            Self::Readings(readings) => readings.get(usize::try_from(offset).ok()?).copied(),
            _ => self.at(offset).map(|value| Reading { value: Some(value), ..Reading::default() }),
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
