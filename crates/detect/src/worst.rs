//! What all short-term state takes at most, from its bounds.

use crate::Config;

/// Octets of what all families keep of one pair of hosts.
const PAIR_OCTETS: usize = 6 << 10;
/// Octets of a device that is commanded, with what is waited for, and how many of them there are: one in so many pairs.
const COMMANDED_OCTETS: usize = 32 << 10;
const COMMANDED_SHARE: usize = 8;
/// Octets of an open anomaly with its words and evidence, and of its share of incidents and crowds.
const ANOMALY_OCTETS: usize = 16 << 10;
/// Octets of a host whose scans are followed.
const PROBER_OCTETS: usize = 8 << 10;
/// Octets of an address of which it is followed which card has it.
const NEIGHBOUR_OCTETS: usize = 256;
/// Octets of a commanded point.
const POINT_OCTETS: usize = 512;

impl Config {
    /// Octets that all detections keep where every table is full, at most.
    #[must_use]
    pub fn octets_max(&self) -> usize {
        [
            (self.pairs_max, PAIR_OCTETS),
            (self.pairs_max.div_ceil(COMMANDED_SHARE), COMMANDED_OCTETS),
            (self.anomalies_max, ANOMALY_OCTETS),
            (self.probers_max, PROBER_OCTETS),
            (self.neighbours_max, NEIGHBOUR_OCTETS),
            (self.points_max, POINT_OCTETS),
        ]
        .into_iter()
        .fold(0, |sum: usize, (count, each)| sum.saturating_add(count.saturating_mul(each)))
    }
}
