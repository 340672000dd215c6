//! Groups, and the points that several groups speak of.

/// What kind of point an object is a value, event or command of: a binary input has one index in g1 and g2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum PointType {
    /// g1, g2.
    BinaryInput,
    /// g3, g4.
    DoubleBitInput,
    /// g10–g13.
    BinaryOutput,
    /// g20, g22.
    Counter,
    /// g21, g23.
    FrozenCounter,
    /// g30, g32.
    AnalogInput,
    /// g31, g33.
    FrozenAnalogInput,
    /// g34.
    AnalogInputDeadband,
    /// g40–g43.
    AnalogOutput,
    /// g101.
    Decimal,
    /// g102.
    UnsignedInteger,
    /// g110, g111.
    OctetString,
    /// g112, g113.
    VirtualTerminal,
    /// g121, g122.
    SecurityStatistic,
}

impl PointType {
    /// The points that a group's objects are of; none for times, classes, files and the like.
    #[must_use]
    pub const fn of(group: u8) -> Option<Self> {
        Some(match group {
            1 | 2 => Self::BinaryInput,
            3 | 4 => Self::DoubleBitInput,
            10..=13 => Self::BinaryOutput,
            20 | 22 => Self::Counter,
            21 | 23 => Self::FrozenCounter,
            30 | 32 => Self::AnalogInput,
            31 | 33 => Self::FrozenAnalogInput,
            34 => Self::AnalogInputDeadband,
            40..=43 => Self::AnalogOutput,
            101 => Self::Decimal,
            102 => Self::UnsignedInteger,
            110 | 111 => Self::OctetString,
            112 | 113 => Self::VirtualTerminal,
            121 | 122 => Self::SecurityStatistic,
            _ => return None,
        })
    }

    /// The name of one point, for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BinaryInput => "binary input",
            Self::DoubleBitInput => "double-bit input",
            Self::BinaryOutput => "binary output",
            Self::Counter => "counter",
            Self::FrozenCounter => "frozen counter",
            Self::AnalogInput => "analog input",
            Self::FrozenAnalogInput => "frozen analog input",
            Self::AnalogInputDeadband => "analog input deadband",
            Self::AnalogOutput => "analog output",
            Self::Decimal => "decimal",
            Self::UnsignedInteger => "unsigned integer",
            Self::OctetString => "octet string",
            Self::VirtualTerminal => "virtual terminal",
            Self::SecurityStatistic => "security statistic",
        }
    }
}

/// The name of a group; none where the standard has no such group.
#[must_use]
pub const fn group_name(group: u8) -> Option<&'static str> {
    Some(match group {
        0 => "device attribute",
        1 => "binary input",
        2 => "binary input event",
        3 => "double-bit binary input",
        4 => "double-bit binary input event",
        10 => "binary output",
        11 => "binary output event",
        12 => "binary output command",
        13 => "binary output command event",
        20 => "counter",
        21 => "frozen counter",
        22 => "counter event",
        23 => "frozen counter event",
        30 => "analog input",
        31 => "frozen analog input",
        32 => "analog input event",
        33 => "frozen analog input event",
        34 => "analog input deadband",
        40 => "analog output status",
        41 => "analog output command",
        42 => "analog output event",
        43 => "analog output command event",
        50 => "time and date",
        51 => "time and date common time of occurrence",
        52 => "time delay",
        60 => "class data",
        70 => "file control",
        80 => "internal indications",
        81 => "device storage",
        82 => "device profile",
        83 => "data set registration",
        85 => "data set prototype",
        86 => "data set descriptor",
        87 => "data set",
        88 => "data set event",
        90 => "application",
        91 => "status of requested operation",
        100 => "floating point",
        101 => "binary-coded decimal integer",
        102 => "unsigned integer",
        110 => "octet string",
        111 => "octet string event",
        112 => "virtual terminal output",
        113 => "virtual terminal event",
        120 => "authentication",
        121 => "security statistic",
        122 => "security statistic event",
        _ => return None,
    })
}

/// Whether a group reports changes rather than present values.
#[must_use]
pub const fn is_event_group(group: u8) -> bool {
    matches!(group, 2 | 4 | 11 | 13 | 22 | 23 | 32 | 33 | 42 | 43 | 88 | 111 | 113 | 122)
}
