//! What does not fit the standard.

/// Something in a message that does not fit the standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FaultKind {
    /// A protocol identifier that the standard does not allow.
    ProtocolIdentifier,
    /// A length field that disagrees with what the function needs, or with the bytes there are.
    Length,
    /// A frame longer than the standard allows.
    Oversize,
    /// A byte count that disagrees with the quantity.
    ByteCount,
    /// A function code that the standard reserves or does not have.
    ReservedFunction,
    /// A sub-function, MEI type or reference type that the standard does not have.
    ReservedSubFunction,
    /// A quantity of zero or above the limit.
    Quantity,
    /// An address range that leaves the table.
    AddressRange,
    /// A value that the standard does not allow at this place.
    Value,
    /// An exception code that the standard does not have.
    ExceptionCode,
    /// A refusal sent by the side that asks.
    ExceptionFromMaster,
    /// An answer that does not match its request, in this.
    ResponseMismatch(Matched),
    /// An answer to nothing that was asked.
    Unrequested,
    /// A second answer to one request, with other content.
    SecondResponse,
    /// A transaction number used again while the first is open.
    TransactionReuse,
    /// Octets after the end of the message.
    TrailingBytes,
    /// The message ended before its function's fields did.
    Truncated,
    /// A header that its checksum does not fit.
    HeaderChecksum,
    /// Data that its checksum does not fit.
    DataChecksum,
    /// Segments that do not make a message: one missing, out of turn, or begun again.
    Segments,
    /// An address that the standard keeps back.
    ReservedAddress,
    /// Objects that the standard does not have.
    UnknownObject,
    /// A qualifier, prefix or range that does not fit, or not these objects.
    ObjectHeader,
    /// Bits that the standard keeps back.
    ReservedBits,
    /// A message in parts that may not be, or a confirmation asked for that may not be.
    Control,
    /// A message of the other side's kind: a device that asks, a master that answers.
    Direction,
    /// An operate without a select before it.
    NoSelect,
    /// An operate that differs from its select: found and expected are frames where they are known.
    SelectDiffers,
    /// An operate whose sequence number does not follow its select's.
    SelectSequence,
    /// An operate so long after its select (found, in ms) that no device waits for it (expected).
    SelectLate,
}

impl FaultKind {
    /// The name in records: `byte_count`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ProtocolIdentifier => "protocol_identifier",
            Self::Length => "length",
            Self::Oversize => "oversize",
            Self::ByteCount => "byte_count",
            Self::ReservedFunction => "reserved_function",
            Self::ReservedSubFunction => "reserved_sub_function",
            Self::Quantity => "quantity",
            Self::AddressRange => "address_range",
            Self::Value => "value",
            Self::ExceptionCode => "exception_code",
            Self::ExceptionFromMaster => "exception_from_master",
            Self::ResponseMismatch(_) => "response_mismatch",
            Self::Unrequested => "unrequested",
            Self::SecondResponse => "second_response",
            Self::TransactionReuse => "transaction_reuse",
            Self::TrailingBytes => "trailing_bytes",
            Self::Truncated => "truncated",
            Self::HeaderChecksum => "header_checksum",
            Self::DataChecksum => "data_checksum",
            Self::Segments => "segments",
            Self::ReservedAddress => "reserved_address",
            Self::UnknownObject => "unknown_object",
            Self::ObjectHeader => "object_header",
            Self::ReservedBits => "reserved_bits",
            Self::Control => "control",
            Self::Direction => "direction",
            Self::NoSelect => "no_select",
            Self::SelectDiffers => "select_differs",
            Self::SelectSequence => "select_sequence",
            Self::SelectLate => "select_late",
        }
    }
}

/// What an answer repeats of its request, or has by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Matched {
    /// The device behind the address.
    Unit,
    /// The function.
    Function,
    /// The sub-function.
    SubFunction,
    /// How many octets of values the points that were asked for take.
    Octets,
    /// The address of the first point.
    Address,
    /// How many points.
    Quantity,
    /// The value written.
    Value,
    /// All of it: found is 1 where it differs.
    Content,
}

impl Matched {
    /// The name in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unit => "unit",
            Self::Function => "function",
            Self::SubFunction => "sub_function",
            Self::Octets => "octets",
            Self::Address => "address",
            Self::Quantity => "quantity",
            Self::Value => "value",
            Self::Content => "content",
        }
    }
}

/// One fault: what was found, and what would have fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fault {
    /// What kind.
    pub kind: FaultKind,
    /// The number found on the wire.
    pub found: u32,
    /// The number, or the limit, that would have fitted.
    pub expected: u32,
}

/// The faults of one message, the first four of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Faults {
    first: [Option<Fault>; 4],
    more: u16,
}

impl Faults {
    /// No fault.
    pub const NONE: Self = Self { first: [None; 4], more: 0 };

    /// Adds a fault; beyond four only their number is kept.
    pub fn push(&mut self, kind: FaultKind, found: u32, expected: u32) {
        let fault = Fault { kind, found, expected };
        match self.first.iter_mut().find(|slot| slot.is_none()) {
            Some(slot) => *slot = Some(fault),
            None => self.more = self.more.saturating_add(1),
        }
    }

    /// The faults kept, in the order they were found.
    pub fn iter(&self) -> impl Iterator<Item = Fault> + '_ {
        self.first.iter().flatten().copied()
    }

    /// The first fault of a kind.
    #[must_use]
    pub fn find(&self, kind: FaultKind) -> Option<Fault> {
        self.iter().find(|fault| fault.kind == kind)
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.first[0].is_none()
    }

    /// How many more than the four kept there were.
    #[must_use]
    pub const fn more(&self) -> u16 {
        self.more
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_faults_are_kept_and_the_rest_counted() {
        let mut faults = Faults::NONE;
        assert!(faults.is_empty());
        for n in 0..6 {
            faults.push(FaultKind::Quantity, n, 125);
        }
        assert_eq!(faults.iter().count(), 4);
        assert_eq!(faults.more(), 2);
        assert_eq!(faults.find(FaultKind::Quantity).map(|f| f.found), Some(0));
        assert_eq!(faults.find(FaultKind::Length), None);
    }
}
