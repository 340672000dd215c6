//! What does not fit the standard, in words that hold for every protocol.

use gridtap_dnp3::{Fault, FragmentFault, LinkFault, LinkHeader};
use gridtap_model::{FaultKind, Faults};

/// More points than this in one header is more than any device has.
const POINTS_MAX: u64 = 16_384;

fn small(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// The group and variation of objects, as one number.
fn kind_of(group: u8, variation: u8) -> u32 {
    u32::from(group) << 8 | u32::from(variation)
}

/// Those of a link header.
pub(super) fn link(header: &LinkHeader, faults: &mut Faults) {
    if header.is_plain() {
        return;
    }
    for fault in header.faults() {
        let (kind, found, expected) = match fault {
            LinkFault::ReservedFunction(function) => {
                (FaultKind::ReservedFunction, 0x100 | u32::from(function.code), 0)
            }
            LinkFault::UnexpectedUserData(octets) => (FaultKind::TrailingBytes, octets.into(), 0),
            LinkFault::NoUserData => (FaultKind::Truncated, 0, 1),
            LinkFault::FrameCountValid(control) => (FaultKind::Value, control.0.into(), 0),
            LinkFault::Destination(address) | LinkFault::Source(address) => {
                (FaultKind::ReservedAddress, address.0.into(), 0)
            }
            _ => continue,
        };
        faults.push(kind, found, expected);
    }
}

/// That of a fragment's header.
pub(super) fn fragment(fault: FragmentFault, faults: &mut Faults) {
    let (kind, found) = match fault {
        FragmentFault::ReservedFunction(code) => (FaultKind::ReservedFunction, code.0.into()),
        FragmentFault::NoIndications => (FaultKind::Truncated, 0),
        FragmentFault::ReservedIndications(iin) => (FaultKind::ReservedBits, iin.0.into()),
        FragmentFault::Unsolicited(control) => (FaultKind::Control, control.0.into()),
        _ => (FaultKind::Control, 0),
    };
    faults.push(kind, found, 0);
}

/// That of objects or their header.
pub(super) fn objects(fault: &Fault, faults: &mut Faults) {
    let (kind, found, expected) = match *fault {
        Fault::HeaderCut { octets } => (FaultKind::Truncated, octets, 0),
        Fault::Qualifier(qualifier) => (FaultKind::ObjectHeader, qualifier.into(), 0),
        Fault::RangeReversed { start, stop } => (FaultKind::AddressRange, stop, start),
        Fault::UnknownObject { group, variation } => {
            (FaultKind::UnknownObject, kind_of(group, variation), 0)
        }
        Fault::NoSize { group, variation } => {
            (FaultKind::ObjectHeader, kind_of(group, variation), 0)
        }
        Fault::Truncated { declared, present } => {
            (FaultKind::Quantity, small(declared), small(present))
        }
        Fault::ObjectSize { found, expected } => (FaultKind::Length, found, expected),
        Fault::Contents { group, variation } => (FaultKind::Value, kind_of(group, variation), 0),
        // The function is a fault of its own.
        _ => return,
    };
    faults.push(kind, found, expected);
}

/// More points than there can be.
pub(super) fn count(declared: u64, faults: &mut Faults) {
    if declared > POINTS_MAX {
        faults.push(FaultKind::Quantity, small(declared), small(POINTS_MAX));
    }
}
