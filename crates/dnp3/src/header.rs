//! Object headers (clause 4): what objects, how prefixed, how many.

use crate::octets::Octets;

/// The qualifier octet of an object header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Qualifier(pub u8);

/// What stands before each object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Prefix {
    /// Nothing.
    None,
    /// The point's index, in so many octets.
    Index(u8),
    /// The object's size, in so many octets.
    Size(u8),
    /// Prefix code 7.
    Reserved,
}

/// Which objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Range {
    /// From one index to another, both included.
    Indexes {
        /// The first index.
        start: u32,
        /// The last index.
        stop: u32,
    },
    /// From one virtual address to another, both included.
    Addresses {
        /// The first address.
        start: u32,
        /// The last address.
        stop: u32,
    },
    /// All of them.
    All,
    /// This many.
    Count(u32),
    /// This many of variable size: range code B.
    VariableCount(u8),
    /// A range code that the standard keeps back: A, and C to F.
    Reserved(u8),
}

impl Qualifier {
    /// What stands before each object.
    #[must_use]
    pub const fn prefix(self) -> Prefix {
        match self.0 >> 4 & 0x07 {
            0 => Prefix::None,
            1 => Prefix::Index(1),
            2 => Prefix::Index(2),
            3 => Prefix::Index(4),
            4 => Prefix::Size(1),
            5 => Prefix::Size(2),
            6 => Prefix::Size(4),
            _ => Prefix::Reserved,
        }
    }

    /// The range code, 0–15.
    #[must_use]
    pub const fn range_code(self) -> u8 {
        self.0 & 0x0F
    }

    /// Whether prefix and range go together: the standard has a table of pairs.
    #[must_use]
    pub const fn is_valid(self) -> bool {
        matches!(
            self.0,
            0x00..=0x09 | 0x17..=0x19 | 0x27..=0x29 | 0x37..=0x39 | 0x4B | 0x5B | 0x6B
        )
    }

    fn range(self, octets: &mut Octets<'_>) -> Option<Range> {
        let mut ends = |width| Some((number(octets, width)?, number(octets, width)?));
        Some(match self.range_code() {
            code @ 0..=2 => {
                let (start, stop) = ends(1_u8.checked_shl(code.into())?)?;
                Range::Indexes { start, stop }
            }
            code @ 3..=5 => {
                let (start, stop) = ends(1_u8.checked_shl(code.saturating_sub(3).into())?)?;
                Range::Addresses { start, stop }
            }
            6 => Range::All,
            7 => Range::Count(number(octets, 1)?),
            8 => Range::Count(number(octets, 2)?),
            9 => Range::Count(number(octets, 4)?),
            0x0B => Range::VariableCount(octets.u8()?),
            code => Range::Reserved(code),
        })
    }
}

/// A number of one, two or four octets.
#[inline]
pub(crate) fn number(octets: &mut Octets<'_>, width: u8) -> Option<u32> {
    match width {
        1 => octets.u8().map(u32::from),
        2 => octets.u16().map(u32::from),
        _ => octets.u32(),
    }
}

impl Range {
    /// How many objects, where the range says; an empty range where it stops before it starts.
    #[must_use]
    pub fn count(self) -> Option<u64> {
        match self {
            Self::Indexes { start, stop } | Self::Addresses { start, stop } => {
                let last = u64::from(stop).checked_add(1);
                Some(last.and_then(|last| last.checked_sub(start.into())).unwrap_or(0))
            }
            Self::Count(count) => Some(count.into()),
            Self::VariableCount(count) => Some(count.into()),
            Self::All | Self::Reserved(_) => None,
        }
    }

    /// The first index or address, where the range has one.
    #[must_use]
    pub const fn start(self) -> Option<u32> {
        match self {
            Self::Indexes { start, .. } | Self::Addresses { start, .. } => Some(start),
            _ => None,
        }
    }

    /// Where it stops before it starts: the two.
    pub(crate) const fn reversed(self) -> Option<(u32, u32)> {
        match self {
            Self::Indexes { start, stop } | Self::Addresses { start, stop } if stop < start => {
                Some((start, stop))
            }
            _ => None,
        }
    }
}

/// One object header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ObjectHeader {
    /// The kind of objects.
    pub group: u8,
    /// Their form; 0 in a request is any.
    pub variation: u8,
    /// How they are prefixed and counted.
    pub qualifier: Qualifier,
    /// Which of them.
    pub range: Range,
}

impl ObjectHeader {
    pub(crate) fn read(octets: &mut Octets<'_>) -> Option<Self> {
        let (group, variation) = (octets.u8()?, octets.u8()?);
        let qualifier = Qualifier(octets.u8()?);
        Some(Self { group, variation, qualifier, range: qualifier.range(octets)? })
    }
}
