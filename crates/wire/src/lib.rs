//! One captured frame to conversations: link layer, IP, UDP, and TCP reassembled into ordered bytes.
#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::as_conversions)
)]

mod event;

pub use event::{Closing, Event, Flow, FlowId, Frame, Heard, LinkType};
