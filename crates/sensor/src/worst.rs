//! What everything takes at most: the sum of the ceilings.

use crate::pipeline::Config;

/// Octets that one part takes where all its tables are full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ceiling {
    /// The part, as the keys of its settings begin.
    pub part: &'static str,
    /// How many at most.
    pub octets: usize,
}

/// Frames on their way between threads.
const BATCHES_OCTETS: usize = 8 << 20;

impl Config {
    /// The ceilings of all that hears and judges: what tables and buffers take, whatever is heard. The rings that the kernel
    /// fills and the store are not among them.
    #[must_use]
    pub fn ceilings(&self) -> [Ceiling; 5] {
        let ring = self.sensor.ring_bytes.saturating_mul(2).saturating_add(BATCHES_OCTETS);
        let of = |part, octets| Ceiling { part, octets };
        [
            of("wire", self.wire.octets_max()),
            of("dissect", self.dissect.octets_max(self.wire.flows_max)),
            of("baseline", self.baseline.octets_max()),
            of("detect", self.detect.octets_max()),
            of("sensor", ring),
        ]
    }
}
