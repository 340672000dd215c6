//! Commands: control blocks, setpoints and how they went (g12, g41).

use crate::Value;
use crate::octets::Octets;
use crate::table::Number;

/// What a control block asks for in its control code (annex A, group 12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ControlCode(pub u8);

/// What an output does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Nothing.
    Nul,
    /// On for the on-time, then off.
    PulseOn,
    /// Off for the off-time, then on.
    PulseOff,
    /// On, to stay.
    LatchOn,
    /// Off, to stay.
    LatchOff,
    /// Not defined: 5–15.
    Undefined(u8),
}

/// Which of two coils of a breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TripClose {
    /// Neither.
    Nul,
    /// The one that closes.
    Close,
    /// The one that opens.
    Trip,
    /// Kept back.
    Reserved,
}

impl ControlCode {
    /// What the output does.
    #[must_use]
    pub const fn operation(self) -> Operation {
        match self.0 & 0x0F {
            0 => Operation::Nul,
            1 => Operation::PulseOn,
            2 => Operation::PulseOff,
            3 => Operation::LatchOn,
            4 => Operation::LatchOff,
            other => Operation::Undefined(other),
        }
    }

    /// Queue behind what runs (obsolete).
    #[must_use]
    pub const fn is_queued(self) -> bool {
        self.0 & 0x10 != 0
    }

    /// Cancel what runs and waits.
    #[must_use]
    pub const fn clears(self) -> bool {
        self.0 & 0x20 != 0
    }

    /// Which coil.
    #[must_use]
    pub const fn trip_close(self) -> TripClose {
        match self.0 >> 6 {
            0 => TripClose::Nul,
            1 => TripClose::Close,
            2 => TripClose::Trip,
            _ => TripClose::Reserved,
        }
    }

    /// Whether every device that has outputs understands it so.
    #[must_use]
    pub const fn is_interoperable(self) -> bool {
        matches!(self.0, 0x01 | 0x03 | 0x04 | 0x41 | 0x81)
    }
}

impl Operation {
    /// The name in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nul => "nul",
            Self::PulseOn => "pulse_on",
            Self::PulseOff => "pulse_off",
            Self::LatchOn => "latch_on",
            Self::LatchOff => "latch_off",
            Self::Undefined(_) => "undefined",
        }
    }
}

impl TripClose {
    /// The name in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nul => "nul",
            Self::Close => "close",
            Self::Trip => "trip",
            Self::Reserved => "reserved",
        }
    }
}

/// A control relay output block, or a pattern control block (g12v1, g12v2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ControlBlock {
    /// What is asked.
    pub code: ControlCode,
    /// How often; 0 is not at all.
    pub count: u8,
    /// How long on, in milliseconds.
    pub on_ms: u32,
    /// How long off, in milliseconds.
    pub off_ms: u32,
    /// 0 in a request; in the answer, how it went.
    pub status: ControlStatus,
}

impl ControlBlock {
    pub(crate) fn read(octets: &mut Octets<'_>) -> Option<Self> {
        Some(Self {
            code: ControlCode(octets.u8()?),
            count: octets.u8()?,
            on_ms: octets.u32()?,
            off_ms: octets.u32()?,
            status: ControlStatus::of(octets.u8()?),
        })
    }

    /// Whether two ask for the same, whatever became of it.
    #[must_use]
    pub fn asks_the_same(&self, other: &Self) -> bool {
        Self { status: other.status, ..*self } == *other
    }
}

/// A value for an analog output (g41).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setpoint<'a> {
    /// The value.
    pub value: Value<'a>,
    /// 0 in a request; in the answer, how it went.
    pub status: ControlStatus,
}

impl Setpoint<'_> {
    pub(crate) fn read(octets: &mut Octets<'_>, number: Number) -> Option<Self> {
        let value = Value::read(octets, number, 0)?;
        Some(Self { value, status: ControlStatus::of(octets.u8()?) })
    }
}

/// How a command went, without the reserved bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ControlStatus(pub u8);

impl ControlStatus {
    /// Taken.
    pub const SUCCESS: Self = Self(0);
    /// The select was too long ago.
    pub const TIMEOUT: Self = Self(1);
    /// No select came before.
    pub const NO_SELECT: Self = Self(2);
    /// The device does not command this point.
    pub const NOT_SUPPORTED: Self = Self(4);
    /// Switched to local.
    pub const LOCAL: Self = Self(7);
    /// This master may not.
    pub const NOT_AUTHORIZED: Self = Self(9);

    pub(crate) const fn of(octet: u8) -> Self {
        Self(octet & 0x7F)
    }

    /// The name in records, `reserved` where the standard has none.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            0 => "success",
            1 => "timeout",
            2 => "no_select",
            3 => "format_error",
            4 => "not_supported",
            5 => "already_active",
            6 => "hardware_error",
            7 => "local",
            8 => "too_many_objs",
            9 => "not_authorized",
            10 => "automation_inhibit",
            11 => "processing_limited",
            12 => "out_of_range",
            13 => "downstream_local",
            14 => "already_complete",
            15 => "blocked",
            16 => "cancelled",
            17 => "blocked_other_master",
            18 => "downstream_fail",
            126 => "non_participating",
            127 => "undefined",
            _ => "reserved",
        }
    }
}
