//! Every object of the standard: what it is called and how its octets are laid out (annex A).

mod group;
mod rows;

pub use group::{PointType, group_name, is_event_group};

use rows::ROWS;

/// A group and variation that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variation {
    /// Its group.
    pub group: u8,
    /// Its number in the group.
    pub variation: u8,
    /// What tells it from the other variations of its group.
    pub name: &'static str,
    pub(crate) layout: Layout,
}

/// How the octets of an object are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Variation 0, any variation: stands in requests and carries no data.
    Any,
    /// No octets: classes of data.
    Empty,
    /// One bit a point, least significant first.
    Bits,
    /// Two bits a point.
    DoubleBits,
    /// A value of a point, perhaps with its quality before and its time behind.
    Point(Lead, Number, When),
    /// A control relay output block, or pattern control block.
    Control,
    /// A value for an output, and a status behind it.
    Setpoint(Number),
    /// An absolute time.
    Time,
    /// An absolute time, and an interval in milliseconds.
    TimeInterval,
    /// An absolute time, an interval and its unit.
    TimeLongInterval,
    /// A time that later relative times count from; whether its clock was set.
    CommonTime { synchronised: bool },
    /// A delay, in seconds or in milliseconds.
    Delay { seconds: bool },
    /// How full a buffer is.
    BufferFill,
    /// What may be done with a data set.
    Characteristics,
    /// As many octets as the variation says.
    Octets,
    /// Packed decimal digits: so many octets.
    Decimal(u8),
    /// A count with its quality and association, perhaps with a time.
    Statistic(When),
    /// Type, length and value: says its own size.
    Attribute,
    /// Status of an activation: says its own size.
    Activation,
    /// Says nothing of its size, which stands before it.
    Sized(Sized),
    /// A fixed number of octets of authentication.
    Authentication(u8),
}

/// Objects that are known by the size before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sized {
    File,
    Authentication,
    DeviceProfile,
    PrivateRegistration,
    PrivateDescriptor,
    Application,
    Elements,
    PointIndexes,
    DataSet,
}

/// What stands before a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lead {
    Nothing,
    Flags(Quality),
    /// A control status in the place of flags.
    Status,
}

/// How a value is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Number {
    /// The top bit of the octet before it.
    Bit,
    /// The top two bits of the octet before it.
    DoubleBit,
    U8,
    U16,
    U32,
    I16,
    I32,
    F32,
    F64,
}

/// What time stands behind a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    Untimed,
    Absolute,
    Relative,
}

/// What the bits of a flag octet mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Quality {
    /// g1, g2.
    BinaryInput,
    /// g3, g4.
    DoubleBitInput,
    /// g10, g11.
    BinaryOutput,
    /// g20–g23.
    Counter,
    /// g30–g33, g40, g42.
    Analog,
    /// g121, g122.
    Statistic,
}

/// How many octets an object takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// This many, always.
    Octets(usize),
    /// This many bits, without padding between points.
    Bits(u8),
    /// The object says.
    Told,
    /// The size before it says, and nothing else.
    Prefixed,
    /// There is no object.
    Never,
}

impl Layout {
    pub(crate) fn extent(self, variation: u8) -> Extent {
        match self {
            Self::Any => Extent::Never,
            Self::Empty => Extent::Octets(0),
            Self::Bits => Extent::Bits(1),
            Self::DoubleBits => Extent::Bits(2),
            Self::Point(lead, number, when) => Extent::Octets(
                lead.octets().saturating_add(number.octets()).saturating_add(when.octets()),
            ),
            Self::Control => Extent::Octets(11),
            Self::Setpoint(number) => Extent::Octets(number.octets().saturating_add(1)),
            Self::Time | Self::CommonTime { .. } => Extent::Octets(6),
            Self::TimeInterval => Extent::Octets(10),
            Self::TimeLongInterval => Extent::Octets(11),
            Self::Delay { .. } => Extent::Octets(2),
            Self::BufferFill => Extent::Octets(3),
            Self::Characteristics => Extent::Octets(1),
            Self::Octets => Extent::Octets(variation.into()),
            Self::Decimal(octets) | Self::Authentication(octets) => Extent::Octets(octets.into()),
            Self::Statistic(when) => Extent::Octets(when.octets().saturating_add(7)),
            Self::Attribute | Self::Activation => Extent::Told,
            Self::Sized(_) => Extent::Prefixed,
        }
    }
}

impl Lead {
    const fn octets(self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Flags(_) | Self::Status => 1,
        }
    }
}

impl Number {
    pub(crate) const fn octets(self) -> usize {
        match self {
            Self::Bit | Self::DoubleBit => 0,
            Self::U8 => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }
}

impl When {
    const fn octets(self) -> usize {
        match self {
            Self::Untimed => 0,
            Self::Absolute => 6,
            Self::Relative => 2,
        }
    }
}

impl Variation {
    /// The octets of one object without its prefix, where they are always as many.
    #[must_use]
    pub fn octets(&self) -> Option<usize> {
        match self.layout.extent(self.variation) {
            Extent::Octets(octets) => Some(octets),
            _ => None,
        }
    }
}

/// The group and variation, where it is known.
#[must_use]
pub fn variation(group: u8, variation: u8) -> Option<Variation> {
    let any = |name, layout| Some(Variation { group, variation, name, layout });
    match (group, variation) {
        (0, 254) => any("all attributes", Layout::Any),
        (0 | 120, 0) => any("any variation", Layout::Any),
        (0, _) => any("attribute", Layout::Attribute),
        (110..=113, _) => any("octets", Layout::Octets),
        _ => {
            let first = usize::from(*FIRST.get(usize::from(group))?);
            let offset = variation.checked_sub(ROWS.get(first)?.variation)?;
            let row = ROWS.get(first.checked_add(offset.into())?)?;
            (row.group == group).then_some(*row)
        }
    }
}

/// The first row of each group; behind the last where there is none. A group's rows have consecutive variations.
const FIRST: [u8; 256] = first_rows();

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "a constant, worked out by the compiler: there are fewer than 256 rows"
)]
const fn first_rows() -> [u8; 256] {
    let mut first = [ROWS.len() as u8; 256];
    let mut row = ROWS.len();
    while row > 0 {
        row -= 1;
        first[ROWS[row].group as usize] = row as u8;
    }
    first
}

#[cfg(test)]
mod tests;
