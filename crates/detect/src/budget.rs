//! What a family of statistical findings may cost, and how it earns an alarm.
//!
//! Each piece of news has a probability under what was learned (the bound on the rate of such news). It becomes
//! an e-value, 0.5/√p, whose expectation is at most 1 when all is normal (Vovk and Wang 2021, "E-values:
//! calibration, combination and applications", Proposition 2.1). News of one zone within the joining time
//! multiplies; the family speaks when the product reaches K/B: K hypotheses a day (the blocks of a day), B
//! the family's share of the false alarms a day that the operator allows.

use std::collections::BTreeMap;

use gridtap_baseline::LearnedRate;
use gridtap_model::{Timestamp, Zone};

use crate::config::Config;
use crate::float;

/// The evidence that one family has gathered.
pub(crate) struct Budget {
    /// log10 of the product, and when the last factor came.
    evidence: BTreeMap<Zone, (f64, Timestamp)>,
    share_per_day: f64,
    join_ns: u64,
}

impl Budget {
    /// A family with this share of the budget.
    pub(crate) fn new(config: &Config, share: f64) -> Self {
        Self {
            evidence: BTreeMap::new(),
            share_per_day: (config.budget_high_per_day * share).max(1e-6),
            join_ns: config.join.nanos(),
        }
    }

    /// Takes in one piece of news; gives the score where the family may speak.
    pub(crate) fn earn(&mut self, zone: Zone, now: Timestamp, rate: &LearnedRate) -> Option<f64> {
        let p = rate.per_block_max.clamp(1e-9, 1.0);
        let factor = libm::log10(0.5 / libm::sqrt(p));
        let (sum, last) = self.evidence.get(&zone).copied().unwrap_or((0.0, now));
        let sum = if now.since_ns(last) > self.join_ns { 0.0 } else { sum };
        let sum = (sum + factor).max(0.0);
        self.evidence.insert(zone, (sum, now));
        (sum >= needed(hypotheses_per_day(rate), self.share_per_day)).then(|| float::rounded(sum))
    }
}

/// The evidence, as its log10, with which a family may speak that tests so many hypotheses a day and may be wrong so
/// many times a day.
pub(crate) fn needed(hypotheses_per_day: f64, high_per_day: f64) -> f64 {
    libm::log10(hypotheses_per_day.max(1.0) / high_per_day)
}

/// Hypotheses a day: the blocks of a day, at most one an hour where blocks are shortened for short captures.
fn hypotheses_per_day(rate: &LearnedRate) -> f64 {
    let block_ns = rate.heard_ns.checked_div(rate.blocks.max(1)).unwrap_or(0);
    let blocks = 86_400.0e9 / float::of(block_ns.max(1));
    blocks.clamp(1.0, 24.0)
}

/// The evidence against chance, as its logarithm to base 10, of what has the probability e^-surprise: 0.5/√p.
pub(crate) fn evidence(surprise: f64) -> f64 {
    surprise / (2.0 * core::f64::consts::LN_10) - core::f64::consts::LOG10_2
}

/// The evidence that a finding needs, as its logarithm to base 10: K hypotheses a day over the B false alarms that they
/// may cost together.
pub(crate) fn price(budget_per_day: f64, hypotheses_per_day: f64) -> f64 {
    libm::log10(hypotheses_per_day.max(1.0) / budget_per_day.max(1e-6))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_pays_its_price_where_it_is_rare_enough_for_all_that_is_asked() {
        let certain = |p: f64| evidence(-p.ln());
        assert!((certain(0.01) - 5.0_f64.log10()).abs() < 1e-9, "0.5/√0.01 = 5");
        assert!((price(0.25, 24.0) - 96.0_f64.log10()).abs() < 1e-9);
        // A hundred requests, each asked about every hour: 9,600 for one, so 3.7e8 to 1.
        assert!(certain(2.6e-9) > price(0.25, 2_400.0) && certain(2.8e-9) < price(0.25, 2_400.0));
    }

    fn rate(per_block_max: f64) -> LearnedRate {
        LearnedRate {
            armed: true,
            blocks: 100,
            once: 0,
            per_block: 0.0,
            per_block_max,
            heard_ns: 100 * 3_600_000_000_000,
            common: false,
        }
    }

    #[test]
    fn rare_news_earns_its_alarm_sooner_than_common_news() {
        let pieces = |p: f64| {
            let mut budget = Budget::new(&Config::default(), 0.25);
            (1..100)
                .find(|nth| budget.earn(Zone(0), Timestamp::from_nanos(*nth), &rate(p)).is_some())
        };
        assert_eq!(pieces(0.001), Some(2), "0.5/√0.001 = 15.8, and 96 are needed");
        assert_eq!(pieces(0.03), Some(5), "0.5/√0.03 = 2.9");
        assert_eq!(pieces(0.3), None, "0.5/√0.3 is below one: such news never adds up");
    }

    #[test]
    fn evidence_is_forgotten_after_the_joining_time() {
        let mut budget = Budget::new(&Config::default(), 0.25);
        let apart = Config::default().join.nanos() + 1;
        for nth in 0..50 {
            let now = Timestamp::from_nanos(0).plus_ns(nth * apart);
            assert_eq!(budget.earn(Zone(0), now, &rate(0.03)), None);
        }
    }
}
