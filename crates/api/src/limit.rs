//! How much one source may ask: a bucket of tokens each, which fills by itself.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use gridtap_model::{Span, Timestamp};

/// Sources that are kept apart. Beyond it the one that asked longest ago gives way, which starts again with a full
/// bucket: it had refilled most of it.
const SOURCES_MAX: usize = 4096;

/// The buckets of all sources: addresses, or what else asks.
#[derive(Debug)]
pub(crate) struct Limit<S> {
    /// How long one request takes to come back.
    refill_ns: u64,
    burst: u64,
    buckets: Mutex<BTreeMap<S, Bucket>>,
}

/// What is left, in the time that it took to fill, and when it was counted.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: u64,
    at: Timestamp,
}

const SECOND_NS: u64 = 1_000_000_000;

impl<S: Ord + Clone> Limit<S> {
    pub(crate) fn new(per_second: u32, burst: u32) -> Self {
        Self::every(Span::from_nanos(SECOND_NS / u64::from(per_second.max(1))), burst)
    }

    /// One request in so long a time, and `burst` at once.
    pub(crate) fn every(refill: Span, burst: u32) -> Self {
        let refill_ns = refill.nanos().max(1);
        let burst = u64::from(burst).saturating_mul(refill_ns);
        Self { refill_ns, burst, buckets: Mutex::default() }
    }

    /// Takes one from a source's bucket; whether there was one.
    pub(crate) fn allows(&self, source: S, now: Timestamp) -> bool {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= SOURCES_MAX && !buckets.contains_key(&source) {
            let oldest = buckets
                .iter()
                .min_by_key(|(_, bucket)| bucket.at)
                .map(|(source, _)| source.clone());
            if let Some(oldest) = oldest {
                buckets.remove(&oldest);
            }
        }
        let bucket = buckets.entry(source).or_insert(Bucket { left: self.burst, at: now });
        // A clock that was set back gives nothing, and counts from there.
        let left = bucket.left.saturating_add(now.since_ns(bucket.at)).min(self.burst);
        let is_allowed = left >= self.refill_ns;
        *bucket = Bucket {
            left: if is_allowed { left.saturating_sub(self.refill_ns) } else { left },
            at: now,
        };
        is_allowed
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

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
