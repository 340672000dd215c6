//! DNP3 (IEEE 1815-2012).
#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::as_conversions)
)]

mod crc;
mod link;
mod octets;

pub use crc::crc16;
pub use link::*;
