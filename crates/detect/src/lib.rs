//! The catalogue of detections: what gridtap can say, in which words, and what to do about it.
//!
//! What a detection is called, what it advises and which ATT&CK techniques it stands for is data
//! ([`catalogue`]), so that it can be read through and corrected without touching a rule.
#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::as_conversions)
)]

pub mod catalogue;
