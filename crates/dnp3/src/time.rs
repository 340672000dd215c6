//! Times, intervals and delays (g50–g52).

use crate::octets::Octets;

/// When a point had its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Time {
    /// Milliseconds since 1970-01-01 00:00 UTC.
    Absolute(u64),
    /// Milliseconds after the common time of occurrence that came before in the same fragment.
    Relative {
        /// How many.
        after_ms: u16,
        /// The common time; none came before in a fragment that breaks the standard.
        base: Option<CommonTime>,
    },
}

impl Time {
    /// Milliseconds since 1970-01-01 00:00 UTC, where that can be told.
    #[must_use]
    pub fn unix_ms(self) -> Option<u64> {
        match self {
            Self::Absolute(unix_ms) => Some(unix_ms),
            Self::Relative { after_ms, base } => {
                base.map(|base| base.unix_ms.saturating_add(after_ms.into()))
            }
        }
    }

    /// Whether the outstation vouches for its clock; absolute times say nothing of it.
    #[must_use]
    pub fn is_synchronised(self) -> Option<bool> {
        match self {
            Self::Absolute(_) => None,
            Self::Relative { base, .. } => base.map(|base| base.synchronised),
        }
    }
}

/// A common time of occurrence (g51).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CommonTime {
    /// Milliseconds since 1970-01-01 00:00 UTC.
    pub unix_ms: u64,
    /// The outstation's clock was set.
    pub synchronised: bool,
}

/// When something happens again and again (g50v2, g50v4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Interval {
    /// First at: milliseconds since 1970-01-01 00:00 UTC.
    pub unix_ms: u64,
    /// Then every so many units; 0 is once.
    pub every: u32,
    /// The unit.
    pub unit: IntervalUnit,
}

/// The unit of an interval (g50v4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IntervalUnit(pub u8);

impl IntervalUnit {
    /// Milliseconds.
    pub const MILLISECONDS: Self = Self(1);

    /// The name in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            0 => "none",
            1 => "milliseconds",
            2 => "seconds",
            3 => "minutes",
            4 => "hours",
            5 => "days",
            6 => "weeks",
            7 => "months",
            8 => "months_on_weekday_from_start",
            9 => "months_on_weekday_from_end",
            10 => "seasons",
            11..=127 => "reserved",
            128.. => "vendor",
        }
    }
}

impl Interval {
    pub(crate) fn read(octets: &mut Octets<'_>, long: bool) -> Option<Self> {
        let (unix_ms, every) = (octets.time()?, octets.u32()?);
        let unit = if long { IntervalUnit(octets.u8()?) } else { IntervalUnit::MILLISECONDS };
        Some(Self { unix_ms, every, unit })
    }
}

/// A delay (g52): the time a restart takes, or the time between a request's arrival and its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Delay {
    /// In seconds.
    Coarse(u16),
    /// In milliseconds.
    Fine(u16),
}

impl Delay {
    /// In milliseconds.
    #[must_use]
    pub fn milliseconds(self) -> u32 {
        match self {
            Self::Coarse(seconds) => u32::from(seconds).saturating_mul(1_000),
            Self::Fine(milliseconds) => milliseconds.into(),
        }
    }
}
