//! Values of points, with their quality and time (annex A, 11.5).

use crate::octets::Octets;
use crate::table::{Lead, Number, Quality, When};
use crate::{CommonTime, ControlStatus, Time};

/// A point's value in a message.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point<'a> {
    /// Its quality, in the variations that have flags. One without means good.
    pub flags: Option<Flags>,
    /// In a command event: how the command went.
    pub status: Option<ControlStatus>,
    /// Its value.
    pub value: Value<'a>,
    /// When it had the value, in the variations with time.
    pub time: Option<Time>,
}

/// A value as the standard types it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// Nothing: a placeholder.
    None,
    /// A bit.
    Bit(bool),
    /// Two bits.
    DoubleBit(DoubleBit),
    /// A number without sign.
    Unsigned(u64),
    /// A number with a sign.
    Signed(i64),
    /// A single-precision number.
    Float32(f32),
    /// A double-precision number.
    Float64(f64),
    /// Octets.
    Octets(&'a [u8]),
    /// Text: ASCII or UTF-8 by its type, anything by a hostile sender.
    Text(&'a [u8]),
    /// Milliseconds since 1970-01-01 00:00 UTC.
    Time(u64),
}

/// The state of a double-bit input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DoubleBit {
    /// On its way.
    Intermediate,
    /// Off, or open.
    DeterminedOff,
    /// On, or closed.
    DeterminedOn,
    /// Neither can be said.
    Indeterminate,
}

impl DoubleBit {
    /// The state in the two low bits.
    #[must_use]
    pub const fn of(bits: u8) -> Self {
        match bits & 3 {
            0 => Self::Intermediate,
            1 => Self::DeterminedOff,
            2 => Self::DeterminedOn,
            _ => Self::Indeterminate,
        }
    }

    /// The name in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Intermediate => "intermediate",
            Self::DeterminedOff => "determined_off",
            Self::DeterminedOn => "determined_on",
            Self::Indeterminate => "indeterminate",
        }
    }
}

/// The flag octet of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Flags {
    /// Its bits.
    pub octet: u8,
    /// What the upper of them mean.
    pub quality: Quality,
}

impl Flags {
    /// The point is in service.
    #[must_use]
    pub const fn is_online(self) -> bool {
        self.octet & 0x01 != 0
    }

    /// The value is that of the start, not yet a measured one.
    #[must_use]
    pub const fn is_restart(self) -> bool {
        self.octet & 0x02 != 0
    }

    /// The value's source does not speak.
    #[must_use]
    pub const fn is_comm_lost(self) -> bool {
        self.octet & 0x04 != 0
    }

    /// The value was put in by another device.
    #[must_use]
    pub const fn is_remote_forced(self) -> bool {
        self.octet & 0x08 != 0
    }

    /// The value was put in at the device.
    #[must_use]
    pub const fn is_local_forced(self) -> bool {
        self.octet & 0x10 != 0
    }

    /// The bits set, state apart, by their names in records; `reserved` where the standard keeps one back.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let (fifth, sixth, seventh) = match self.quality {
            Quality::BinaryInput => ("chatter_filter", "reserved", ""),
            Quality::DoubleBitInput => ("chatter_filter", "", ""),
            Quality::BinaryOutput => ("reserved", "reserved", ""),
            Quality::Counter => ("rollover", "discontinuity", "reserved"),
            Quality::Analog => ("over_range", "reference_err", "reserved"),
            Quality::Statistic => ("reserved", "discontinuity", "reserved"),
        };
        let low = ["online", "restart", "comm_lost", "remote_forced", "local_forced"];
        low.into_iter()
            .chain([fifth, sixth, seventh])
            .enumerate()
            .filter(move |(bit, name)| {
                let set = u32::try_from(*bit).ok().and_then(|bit| self.octet.checked_shr(bit));
                !name.is_empty() && set.is_some_and(|octet| octet & 1 != 0)
            })
            .map(|(_, name)| name)
    }
}

impl<'a> Point<'a> {
    pub(crate) const fn of(value: Value<'a>) -> Self {
        Self { flags: None, status: None, value, time: None }
    }

    #[inline]
    pub(crate) fn read(
        octets: &mut Octets<'a>,
        lead: Lead,
        number: Number,
        when: When,
        common_time: Option<CommonTime>,
    ) -> Option<Self> {
        let before = if lead == Lead::Nothing { 0 } else { octets.u8()? };
        let (flags, status) = match lead {
            Lead::Nothing => (None, None),
            Lead::Flags(quality) => (Some(Flags { octet: before, quality }), None),
            Lead::Status => (None, Some(ControlStatus::of(before))),
        };
        let value = Value::read(octets, number, before)?;
        let time = match when {
            When::Untimed => None,
            When::Absolute => Some(Time::Absolute(octets.time()?)),
            When::Relative => Some(Time::Relative { after_ms: octets.u16()?, base: common_time }),
        };
        Some(Self { flags, status, value, time })
    }
}

impl Value<'_> {
    /// A number of the given coding; `before` is the octet that stands before it.
    #[inline]
    pub(crate) fn read(octets: &mut Octets<'_>, number: Number, before: u8) -> Option<Self> {
        Some(match number {
            Number::Bit => Self::Bit(before & 0x80 != 0),
            Number::DoubleBit => Self::DoubleBit(DoubleBit::of(before >> 6)),
            Number::U8 => Self::Unsigned(octets.u8()?.into()),
            Number::U16 => Self::Unsigned(octets.u16()?.into()),
            Number::U32 => Self::Unsigned(octets.u32()?.into()),
            Number::I16 => Self::Signed(i16::from_le_bytes(octets.chunk()?).into()),
            Number::I32 => Self::Signed(i32::from_le_bytes(octets.chunk()?).into()),
            Number::F32 => Self::Float32(f32::from_le_bytes(octets.chunk()?)),
            Number::F64 => Self::Float64(f64::from_le_bytes(octets.chunk()?)),
        })
    }
}

/// The number in packed decimal digits, low octet first; none where one is no digit.
pub(crate) fn decimal(octets: &[u8]) -> Option<u64> {
    octets.iter().rev().try_fold(0_u64, |number, octet| {
        let (tens, ones) = (octet >> 4, octet & 0x0F);
        let pair = tens.checked_mul(10)?.checked_add(ones)?;
        (tens < 10 && ones < 10).then_some(())?;
        number.checked_mul(100)?.checked_add(pair.into())
    })
}
