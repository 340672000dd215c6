//! What is normal: declared in the site file and learned from what was heard.
#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::as_conversions)
)]

mod verdict;

pub use verdict::{Access, Declared, LearnedRate, Level, Verdict};
