//! The running pipeline: captured frames in, anomalies out.
//!
//! It joins the stages and lets time pass: a tick on every whole second of packet time, before the first frame
//! at or after it, so that a deadline falls at the same place however fast a capture is read. It knows no
//! protocol.
//!
//! Beside the pipeline, [`Evidence`] keeps the last frames in a ring and cuts out of it what shows an anomaly.

mod commands;
mod evidence;
mod pipeline;
mod ring;
mod summary;
mod tally;

pub use commands::{Command, CommandOutcome, LeftOut, PointCommanded};
pub use evidence::{Evidence, EvidenceConfig, Slice};
pub use pipeline::{Config, Pipeline};
pub use summary::{ByteCounts, Summary};
pub use tally::DeviceStanding;
