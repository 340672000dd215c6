//! DNP3 (IEEE 1815-2012): from bytes to frames, from frames to fragments, from fragments to points. No clock, no
//! judgement.
//!
//! Three ideas. *Framing* may want more bytes, and finds the next good frame after anything ([`frame`]). *Meaning*
//! never fails: a [`Fragment`] gives its objects header by header ([`Blocks`], [`Items`]), the good ones before a
//! fault always, and what does not fit the standard beside them as a [`Fault`]. The *table* of groups and
//! variations is data ([`variation`]): a row an object.
//!
//! Everything but [`Reassembler`] is a view of the caller's octets, without state or allocation; a reassembler is the
//! caller's too, one for each direction, source and destination, and bounded. Numbers on the wire size nothing:
//! iteration ends with the octets, whatever a range declares.
//!
//! What it does not do: pair answers with requests, tell what a master may do, verify authentication. That needs the
//! history of a conversation, or its keys, and is the business of `dissect`.
#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::as_conversions)
)]

mod application;
mod block;
mod control;
mod crc;
mod fault;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod header;
mod item;
mod link;
mod object;
mod octets;
mod point;
mod points;
mod table;
mod time;
mod transport;

#[cfg(test)]
mod tests;

pub use application::*;
pub use block::{Block, Blocks, Carried};
pub use control::{ControlBlock, ControlCode, ControlStatus, Operation, Setpoint, TripClose};
pub use crc::crc16;
pub use fault::Fault;
pub use header::{ObjectHeader, Prefix, Qualifier, Range};
pub use item::{Item, Items};
pub use link::*;
pub use object::*;
pub use point::{DoubleBit, Flags, Point, Value};
pub use points::Points;
pub use table::{PointType, Quality, Variation, group_name, is_event_group, variation};
pub use time::{CommonTime, Delay, Interval, IntervalUnit, Time};
pub use transport::{Reassembler, Segment, TransportFault, TransportHeader};
