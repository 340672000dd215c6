//! The data link layer (clause 9): frames, found again after anything.

mod address;
mod control;
mod frame;

pub use address::{Address, AddressKind, BroadcastConfirm};
pub use control::{LinkControl, LinkFunction};
pub use frame::{
    Damage, Damaged, Ending, FRAME_OCTETS_MAX, Found, Frame, LinkFault, LinkHeader, SkipReason,
    Skipped, UserData, frame,
};

#[cfg(test)]
pub(crate) mod tests;
