//! When a delivery that failed is tried again.

use gridtap_model::{Span, Timestamp};
use sha2::{Digest, Sha256};

/// A receiver cannot ask for more than this.
const ASKED_MAX: Span = Span::from_secs(24 * 60 * 60);
/// A wait grows by at most this part of itself.
const JITTER_PART: u64 = 5;

/// The waits before each attempt.
#[derive(Debug, Clone)]
pub struct Schedule(Vec<Span>);

impl Schedule {
    /// A schedule from the waits before the first attempt, the second, and so on.
    #[must_use]
    pub fn new(waits: &[Span]) -> Self {
        Self(waits.to_vec())
    }

    /// When to try again after `attempts` attempts failed, the last of them at `now`; `None` when that was the last.
    ///
    /// `asked` is how long the receiver asked to be left alone, which may only put the attempt off. The jitter comes
    /// from the delivery's identifier: the same after a restart, and different for what failed together.
    #[must_use]
    pub fn next(
        &self,
        id: &str,
        attempts: u32,
        now: Timestamp,
        asked: Option<Span>,
    ) -> Option<Timestamp> {
        let wait = self.0.get(usize::try_from(attempts).ok()?)?;
        let wait = wait.nanos().saturating_add(jitter(id, attempts, wait.nanos() / JITTER_PART));
        let asked = asked.unwrap_or_default().min(ASKED_MAX).nanos();
        Some(now.plus_ns(wait.max(asked)))
    }
}

/// Some of `most`, the same for the same delivery and attempt.
fn jitter(id: &str, attempts: u32, most: u64) -> u64 {
    let digest = Sha256::new().chain_update(id).chain_update(attempts.to_be_bytes()).finalize();
    let number = digest.iter().take(8).fold(0_u64, |number, octet| number << 8 | u64::from(*octet));
    most.checked_add(1).map_or(number, |range| number.checked_rem(range).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    const NOW: Timestamp = Timestamp::from_nanos(1_700_000_000_000_000_000);
    const SECOND: u64 = 1_000_000_000;

    fn waits(id: &str) -> Vec<u64> {
        let schedule = Schedule::new(&Config::default().retry);
        (0..)
            .map_while(|attempts| schedule.next(id, attempts, NOW, None))
            .map(|at| at.since_ns(NOW))
            .collect()
    }

    #[test]
    fn ten_attempts_are_made_over_three_days_each_a_little_late() {
        let waits = waits("0190d5f2-0000-7000-8000-000000000001");
        let published = [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
        assert_eq!(waits.len(), published.len());
        for (wait, least) in waits.iter().zip(published.map(|seconds| seconds * SECOND)) {
            assert!((least..=least + least / 5).contains(wait), "{wait} of {least}");
        }
    }

    #[test]
    fn what_failed_together_does_not_come_back_together_and_a_restart_changes_nothing() {
        let (one, other) = (waits("one"), waits("other"));
        assert_eq!(one, waits("one"));
        assert!(one.iter().zip(&other).skip(1).all(|(one, other)| one != other));
    }

    #[test]
    fn a_receiver_may_put_an_attempt_off_for_a_day_and_never_forward() {
        let schedule = Schedule::new(&Config::default().retry);
        let after = |asked| schedule.next("id", 1, NOW, Some(asked)).unwrap().since_ns(NOW);
        assert_eq!(after(Span::from_secs(60)), 60 * SECOND);
        assert!(after(Span::from_secs(1)) >= 5 * SECOND);
        assert_eq!(after(Span::from_secs(u64::MAX)), 86_400 * SECOND);
        assert_eq!(schedule.next("id", 10, NOW, Some(Span::from_secs(1))), None);
        assert_eq!(schedule.next("id", u32::MAX, NOW, None), None);
    }
}
