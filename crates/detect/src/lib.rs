//! The catalogue of detections: what gridtap can say, in which words, and what to do about it.
//!
//! What a detection is called, what it advises and which ATT&CK techniques it stands for is data
//! ([`catalogue`]), so that it can be read through and corrected without touching a rule.
#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::as_conversions)
)]

mod book;
mod bounded;
mod budget;
pub mod catalogue;
mod config;
mod crowd;
mod detector;
mod expected;
mod family;
mod float;
mod incident;
mod planned;
mod reach;
mod scene;
mod series;
mod sorted;
mod window;
mod words;
mod worst;

pub use book::Counts;
pub use config::Config;
pub use detector::Detector;
pub use detector::health::{Condition, Trouble};
pub use planned::{CLASSES, Named, OUT_OF_SERVICE, OutOfService, Party, Planned, Recorded, Window};
