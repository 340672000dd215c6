//! What all tables take at most, from their bounds.

use crate::Config;

/// Octets of a learned key with its places in the indexes, its last value, and its share of the pair that it hangs under:
/// what one pair covers is counted with the keys without which there is none.
const KEY_OCTETS: usize = 256;
/// Octets of a host or of a device, with its name and the numbers of its pairs.
const HOST_OCTETS: usize = 256;
/// Octets of a fact that a detection learned.
const FACT_OCTETS: usize = 200;

impl Config {
    /// Octets that all that is learned takes where every table is full, at most.
    #[must_use]
    pub fn octets_max(&self) -> usize {
        let of = |count: u32, each: usize| {
            usize::try_from(count).unwrap_or(usize::MAX).saturating_mul(each)
        };
        [
            of(self.keys_max.saturating_add(self.held_max), KEY_OCTETS),
            of(self.hosts_max.saturating_add(self.devices_max), HOST_OCTETS),
            of(self.facts_max, FACT_OCTETS),
        ]
        .into_iter()
        .fold(0, usize::saturating_add)
    }
}
