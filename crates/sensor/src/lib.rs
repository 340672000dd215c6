//! The running pipeline: captured frames in, anomalies out.
//!
//! It joins the stages and lets time pass: a tick on every whole second of packet time, before the first frame
//! at or after it, so that a deadline falls at the same place however fast a capture is read. It knows no
//! protocol.
//!
//! What hears can be several threads ([`Shards`]), each with its own conversations; what they tell is judged on one, in
//! the order in which one thread would have told it. With one, there is no other thread and nothing is handed over.
//!
//! Beside the pipeline, [`Evidence`] keeps the last frames in a ring and cuts out of it what shows an anomaly.

mod commands;
mod config;
mod ear;
mod evidence;
mod judge;
mod kept;
mod pipeline;
mod ring;
mod seconds;
mod shards;
mod summary;
mod tally;
mod worst;

pub use commands::{Command, CommandOutcome, LeftOut, PointCommanded};
pub use config::SensorConfig;
pub use ear::Ear;
pub use evidence::{Evidence, Slice};
pub use pipeline::{Config, Pipeline};
pub use shards::{Counts, Gather, SHARDS_MAX, Shards, Step, shard_count};
pub use summary::{ByteCounts, Summary};
pub use tally::DeviceStanding;
pub use worst::Ceiling;
