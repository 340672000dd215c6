//! How much one source may ask: a bucket of tokens each, which fills by itself.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use gridtap_model::Timestamp;

/// Sources that are kept apart. Beyond it the one that asked longest ago gives way, which starts again with a full
/// bucket: it had refilled most of it.
const SOURCES_MAX: usize = 4096;

/// The buckets of all sources.
#[derive(Debug)]
pub(crate) struct Limit {
    per_second: u64,
    burst: u64,
    buckets: Mutex<BTreeMap<IpAddr, Bucket>>,
}

/// What is left, in billionths of a request, and when it was counted.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: u64,
    at: Timestamp,
}

const WHOLE: u64 = 1_000_000_000;

impl Limit {
    pub(crate) fn new(per_second: u32, burst: u32) -> Self {
        let burst = u64::from(burst).saturating_mul(WHOLE);
        Self { per_second: per_second.into(), burst, buckets: Mutex::default() }
    }

    /// Takes one from a source's bucket; whether there was one.
    pub(crate) fn allows(&self, source: IpAddr, now: Timestamp) -> bool {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= SOURCES_MAX && !buckets.contains_key(&source) {
            let oldest =
                buckets.iter().min_by_key(|(_, bucket)| bucket.at).map(|(source, _)| *source);
            if let Some(oldest) = oldest {
                buckets.remove(&oldest);
            }
        }
        let bucket = buckets.entry(source).or_insert(Bucket { left: self.burst, at: now });
        // A clock that was set back gives nothing, and counts from there.
        let gained = now.since_ns(bucket.at).saturating_mul(self.per_second);
        let left = bucket.left.saturating_add(gained).min(self.burst);
        let is_allowed = left >= WHOLE;
        *bucket =
            Bucket { left: if is_allowed { left.saturating_sub(WHOLE) } else { left }, at: now };
        is_allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
    const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2));

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_nanos(ms * 1_000_000)
    }

    #[test]
    fn a_source_has_its_burst_and_then_its_rate_and_takes_nothing_from_another() {
        let limit = Limit::new(2, 3);
        let allowed = |source, ms| limit.allows(source, at(ms));
        assert_eq!([0, 0, 0, 0].map(|ms| allowed(ONE, ms)), [true, true, true, false]);
        assert!(allowed(OTHER, 0));
        assert_eq!([499, 500, 501, 1000].map(|ms| allowed(ONE, ms)), [false, true, false, true]);
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let limit = Limit::new(1, 1);
        assert!(limit.allows(ONE, at(3_600_000)));
        assert!(!limit.allows(ONE, at(0)));
        assert!(limit.allows(ONE, at(1000)));
    }

    #[test]
    fn the_table_of_sources_is_bounded() {
        let limit = Limit::new(1, 1);
        for nth in 0..20_000_u32 {
            limit.allows(IpAddr::V4(nth.into()), at(nth.into()));
        }
        assert_eq!(limit.buckets.lock().unwrap().len(), SOURCES_MAX);
    }
}
