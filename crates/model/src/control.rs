//! What a control asks an output to do.

use core::fmt;

/// What the output is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Nothing (DNP3: NUL, which cancels or only queues).
    Nothing,
    /// On for a time.
    PulseOn,
    /// Off for a time.
    PulseOff,
    /// On until told otherwise.
    LatchOn,
    /// Off until told otherwise.
    LatchOff,
    /// A code that the standard does not have.
    Undefined(u8),
}

impl Operation {
    /// From its number: 0 to 4 in the order above (IEEE 1815, clause 11.3.6, bits 0 to 3 of the control code).
    #[must_use]
    pub const fn of(number: u8) -> Self {
        match number {
            0 => Self::Nothing,
            1 => Self::PulseOn,
            2 => Self::PulseOff,
            3 => Self::LatchOn,
            4 => Self::LatchOff,
            other => Self::Undefined(other),
        }
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Nothing => 0,
            Self::PulseOn => 1,
            Self::PulseOff => 2,
            Self::LatchOn => 3,
            Self::LatchOff => 4,
            Self::Undefined(other) => other,
        }
    }
}

/// Which of a breaker's two coils is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TripClose {
    /// Neither: the point has one output.
    None,
    /// The closing coil.
    Close,
    /// The tripping coil.
    Trip,
    /// Both bits, which the standard does not allow.
    Undefined,
}

impl TripClose {
    /// From its number (bits 6 and 7 of the control code).
    #[must_use]
    pub const fn of(number: u8) -> Self {
        match number & 3 {
            0 => Self::None,
            1 => Self::Close,
            2 => Self::Trip,
            _ => Self::Undefined,
        }
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Close => 1,
            Self::Trip => 2,
            Self::Undefined => 3,
        }
    }
}

/// A control as it stood in a message (DNP3: control relay output block).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Control {
    /// What the output is to do.
    pub operation: Operation,
    /// Which coil.
    pub trip_close: TripClose,
    /// Cancels what the point was told before.
    pub clear: bool,
    /// How often.
    pub count: u8,
    /// For how long it is on each time.
    pub on_ms: u32,
    /// For how long it is off each time.
    pub off_ms: u32,
}

impl Control {
    /// The code in one number, to compare and to key by: operation, coil and clear, without count and times.
    #[must_use]
    pub const fn code(self) -> u8 {
        let clear = if self.clear { 0x20 } else { 0 };
        self.operation.number() & 0x0F | clear | self.trip_close.number() << 6
    }
}

/// In words: `trip, pulse on 100 ms`, `latch off`, `close, pulse on 100 ms, 3 times 200 ms apart`.
impl fmt::Display for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.trip_close {
            TripClose::None => {}
            TripClose::Close => f.write_str("close, ")?,
            TripClose::Trip => f.write_str("trip, ")?,
            TripClose::Undefined => f.write_str("trip and close, ")?,
        }
        match self.operation {
            Operation::Nothing => f.write_str("nothing")?,
            Operation::PulseOn => write!(f, "pulse on {} ms", self.on_ms)?,
            Operation::PulseOff => write!(f, "pulse off {} ms", self.off_ms)?,
            Operation::LatchOn => f.write_str("latch on")?,
            Operation::LatchOff => f.write_str("latch off")?,
            Operation::Undefined(code) => write!(f, "undefined operation {code}")?,
        }
        if self.count != 1 {
            let apart = match self.operation {
                Operation::PulseOn => self.off_ms,
                _ => self.on_ms,
            };
            write!(f, ", {} times", self.count)?;
            if self.count > 1 {
                write!(f, " {apart} ms apart")?;
            }
        }
        if self.clear { f.write_str(", clearing what was asked before") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRIP: Control = Control {
        operation: Operation::PulseOn,
        trip_close: TripClose::Trip,
        clear: false,
        count: 1,
        on_ms: 100,
        off_ms: 0,
    };

    #[test]
    fn a_control_reads_as_an_operator_says_it() {
        assert_eq!(TRIP.to_string(), "trip, pulse on 100 ms");
        let latch = Control { operation: Operation::LatchOff, trip_close: TripClose::None, ..TRIP };
        assert_eq!(latch.to_string(), "latch off");
        let often = Control { trip_close: TripClose::Close, count: 3, off_ms: 200, ..TRIP };
        assert_eq!(often.to_string(), "close, pulse on 100 ms, 3 times 200 ms apart");
    }

    #[test]
    fn the_code_tells_operations_coils_and_clearing_apart_and_no_times() {
        assert_ne!(TRIP.code(), Control { trip_close: TripClose::Close, ..TRIP }.code());
        assert_ne!(TRIP.code(), Control { operation: Operation::LatchOn, ..TRIP }.code());
        assert_ne!(TRIP.code(), Control { clear: true, ..TRIP }.code());
        assert_eq!(TRIP.code(), Control { on_ms: 9_000, count: 4, ..TRIP }.code());
    }
}
