//! How the pipeline runs, and what it keeps.

use gridtap_model::Span;
use serde::Deserialize;
use serde::de::Error;

use crate::shards::SHARDS_MAX;

/// How the pipeline runs, and how much it keeps of the traffic as evidence.
#[derive(Debug, Clone, serde::Deserialize, serde::Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SensorConfig {
    /// Threads that hear, beside the one that reads and judges. 1 does all on one thread; 0 is for as many as there are
    /// processors. What is told is the same with any.
    #[serde(deserialize_with = "shards")]
    pub shards: u16,
    /// Octets of the ring of recent frames that slices are cut from; as much again is held of slices that may grow.
    /// 0 keeps no evidence. At most 1 GiB.
    pub ring_bytes: usize,
    /// Frames of the conversation that are added before an anomaly, and as many after it.
    pub around_frames: usize,
    /// Octets of such frames before an anomaly, and as many after it.
    pub around_bytes: usize,
    /// How long what follows an anomaly belongs to it.
    pub after: Span,
}

impl Default for SensorConfig {
    fn default() -> Self {
        Self {
            shards: 1,
            ring_bytes: 4 << 20,
            around_frames: 64,
            around_bytes: 64 << 10,
            after: Span::from_secs(5),
        }
    }
}

/// A number of threads that can be had.
fn shards<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    match u16::deserialize(deserializer)? {
        count @ 0..=SHARDS_MAX => Ok(count),
        count => Err(D::Error::custom(format_args!(
            "{count} threads: at most {SHARDS_MAX}, 0 for as many as there are processors"
        ))),
    }
}
