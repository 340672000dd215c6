//! A fragment: its header, and where its objects begin.

use super::{ApplicationControl, FunctionCode, FunctionKind, Iin, Indication, Part};
use crate::Blocks;
use crate::octets::Octets;

/// One application fragment. Any two octets and more are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fragment<'a> {
    /// Which part of which message it is.
    pub control: ApplicationControl,
    /// What it asks or answers.
    pub function: FunctionCode,
    /// The internal indications, in a response that has them.
    pub iin: Option<Iin>,
    /// Everything behind the header. An operate repeats that of its select octet for octet.
    pub objects: &'a [u8],
}

/// What in a fragment's header does not fit the standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum FragmentFault {
    /// A function code that the standard keeps back.
    #[error("reserved function {code}", code = .0.0)]
    ReservedFunction(FunctionCode),
    /// A response that ends before its internal indications do.
    #[error("no internal indications")]
    NoIndications,
    /// IIN2.6 or IIN2.7 set.
    #[error("reserved indications in {bits:#06x}", bits = .0.0)]
    ReservedIndications(Iin),
    /// A request in more than one fragment, or in a part of one.
    #[error("a request that is not first and final")]
    RequestPart(Part),
    /// A request that wants to be confirmed.
    #[error("a request that wants a confirmation")]
    RequestWantsConfirm,
    /// UNS set where the function is not of the unsolicited space, or clear where it is.
    #[error("unsolicited bit in control octet {octet:#04x}", octet = .0.0)]
    Unsolicited(ApplicationControl),
}

impl FragmentFault {
    /// The name in records.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ReservedFunction(_) => "reserved_function",
            Self::NoIndications => "no_indications",
            Self::ReservedIndications(_) => "reserved_indications",
            Self::RequestPart(_) => "request_part",
            Self::RequestWantsConfirm => "request_wants_confirm",
            Self::Unsolicited(_) => "unsolicited_bit",
        }
    }
}

impl<'a> Fragment<'a> {
    /// The fragment in what the transport function gave; none in fewer than two octets.
    #[must_use]
    pub fn of(octets: &'a [u8]) -> Option<Self> {
        let mut octets = Octets(octets);
        let control = ApplicationControl(octets.u8()?);
        let function = FunctionCode(octets.u8()?);
        let mut iin = None;
        if function.kind() == FunctionKind::Response {
            iin = octets.u16().map(Iin);
        }
        Some(Self { control, function, iin, objects: octets.rest() })
    }

    /// Its objects, header by header.
    #[must_use]
    pub const fn blocks(&self) -> Blocks<'a> {
        Blocks::new(self.function, self.objects)
    }

    /// What in its header does not fit the standard.
    pub fn faults(&self) -> impl Iterator<Item = FragmentFault> + use<> {
        let Self { control, function, iin, .. } = *self;
        let kind = function.kind();
        let request = kind == FunctionKind::Request;
        let unsolicited = match function {
            FunctionCode::CONFIRM => None,
            FunctionCode::UNSOLICITED_RESPONSE => Some(true),
            _ if kind == FunctionKind::Reserved => None,
            _ => Some(false),
        };
        let reserved =
            iin.filter(|iin| iin.has(Indication::Reserved1) || iin.has(Indication::Reserved2));
        [
            (kind == FunctionKind::Reserved).then_some(FragmentFault::ReservedFunction(function)),
            (kind == FunctionKind::Response && iin.is_none())
                .then_some(FragmentFault::NoIndications),
            reserved.map(FragmentFault::ReservedIndications),
            (request && control.part() != Part::Single)
                .then_some(FragmentFault::RequestPart(control.part())),
            (request && control.wants_confirm()).then_some(FragmentFault::RequestWantsConfirm),
            unsolicited
                .filter(|unsolicited| *unsolicited != control.is_unsolicited())
                .map(|_| FragmentFault::Unsolicited(control)),
        ]
        .into_iter()
        .flatten()
    }
}
