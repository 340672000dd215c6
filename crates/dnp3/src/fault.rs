//! What does not fit the standard in the objects of a fragment.

use crate::FunctionCode;

/// What in an object header or object does not fit the standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The octets end within an object header.
    #[error("object header cut after {octets} octets")]
    HeaderCut {
        /// How many octets of it there are.
        octets: u32,
    },
    /// Octets behind a function of which it is not known what they are.
    #[error("objects of function {code}, which is not known", code = .0.0)]
    Function(FunctionCode),
    /// A qualifier that is kept back, or whose prefix and range do not go together.
    #[error("qualifier {0:#04x}")]
    Qualifier(u8),
    /// A range that stops before it starts.
    #[error("range from {start} to {stop}")]
    RangeReversed {
        /// Where it starts.
        start: u32,
        /// Where it stops.
        stop: u32,
    },
    /// A group and variation that the standard does not have, or has for requests only.
    #[error("object g{group}v{variation} is not known")]
    UnknownObject {
        /// The group.
        group: u8,
        /// The variation.
        variation: u8,
    },
    /// Objects that need a size before each of them, and have none.
    #[error("objects g{group}v{variation} without their size")]
    NoSize {
        /// The group.
        group: u8,
        /// The variation.
        variation: u8,
    },
    /// The octets end before the range does.
    #[error("{present} objects of {declared}")]
    Truncated {
        /// How many the range declares.
        declared: u64,
        /// How many are there in full.
        present: u64,
    },
    /// The size before an object is not the size of such an object.
    #[error("object of {found} octets, expected {expected}")]
    ObjectSize {
        /// The size before it.
        found: u32,
        /// Its size by the standard.
        expected: u32,
    },
    /// The octets of an object contradict themselves: a length in it leads out of it.
    #[error("object g{group}v{variation} contradicts itself")]
    Contents {
        /// The group.
        group: u8,
        /// The variation.
        variation: u8,
    },
}

impl Fault {
    /// The name in records.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::HeaderCut { .. } => "object_header_cut",
            Self::Function(_) => "function_unknown",
            Self::Qualifier(_) => "qualifier",
            Self::RangeReversed { .. } => "range_reversed",
            Self::UnknownObject { .. } => "object_unknown",
            Self::NoSize { .. } => "object_no_size",
            Self::Truncated { .. } => "objects_truncated",
            Self::ObjectSize { .. } => "object_size",
            Self::Contents { .. } => "object_contents",
        }
    }
}
