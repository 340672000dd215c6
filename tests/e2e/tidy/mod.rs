//! The tidy test: reads the source tree and holds what no compiler holds.

mod architecture;
mod crates;
mod documents;
mod laboratory;
mod metrics;
mod purity;
mod sources;
mod words;
