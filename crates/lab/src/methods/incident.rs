//! Alerts gathered into incidents, and thresholds at which there are few enough.

use std::collections::BTreeMap;

use super::Pair;

/// Alerts of a pair this far apart are two incidents, as anomalies are.
pub(crate) const PATIENCE_NS: i64 = 15 * 60 * 1_000_000_000;
/// Alerts of a pair within this are kept as one, with their count.
const TOGETHER_NS: i64 = 1_000_000_000;

/// Something that a method alerts on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Alert {
    /// When, in nanoseconds since 1970.
    pub time: i64,
    /// Between whom, whichever way.
    pub pair: Pair,
    /// How many times the published tolerance the worst of them is beyond what was learned.
    pub score: f64,
    /// How many there were within a second.
    pub count: u32,
}

/// The alerts of a method, in the order of time.
#[derive(Debug, Clone, Default)]
pub struct Alerts {
    list: Vec<Alert>,
    /// The last of each pair.
    last: BTreeMap<Pair, usize>,
}

impl Alerts {
    /// One more.
    pub fn add(&mut self, time: i64, pair: Pair, score: f64) {
        let pair = pair.either_way();
        let old = self.last.get(&pair).and_then(|nth| self.list.get_mut(*nth));
        match old {
            Some(old) if (0..TOGETHER_NS).contains(&(time - old.time)) => {
                old.count = old.count.saturating_add(1);
                old.score = old.score.max(score);
            }
            _ => {
                self.last.insert(pair, self.list.len());
                self.list.push(Alert { time, pair, score, count: 1 });
            }
        }
    }

    /// Them.
    #[must_use]
    pub fn list(&self) -> &[Alert] {
        &self.list
    }

    /// How many single alerts there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.list.iter().map(|alert| u64::from(alert.count)).sum()
    }
}

/// From when on alerts are told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    /// An alert has at least this score: times the published tolerance.
    pub score: f64,
    /// An incident has at least so many alerts.
    pub count: u64,
}

impl Threshold {
    /// As published: every alert is told.
    pub const PUBLISHED: Self = Self { score: 1.0, count: 1 };

    /// How many incidents alerts come to.
    #[must_use]
    pub fn incidents(self, alerts: &[Alert]) -> u64 {
        let mut open: BTreeMap<Pair, (i64, u64)> = BTreeMap::new();
        let mut told = 0;
        for alert in alerts.iter().filter(|alert| alert.score >= self.score) {
            let (last, count) = open.entry(alert.pair).or_insert((alert.time, 0));
            if alert.time.saturating_sub(*last) > PATIENCE_NS {
                *count = 0;
            }
            *last = alert.time;
            let before = *count;
            *count += u64::from(alert.count);
            told += u64::from(before < self.count && *count >= self.count);
        }
        told
    }

    /// Whether something is told between one of these pairs from one moment to another, whatever was said before.
    pub fn tells(
        self,
        alerts: &[Alert],
        during: (i64, i64),
        is_about: impl Fn(Pair) -> bool,
    ) -> bool {
        let own: Vec<Alert> = alerts
            .iter()
            .filter(|alert| (during.0..=during.1).contains(&alert.time) && is_about(alert.pair))
            .copied()
            .collect();
        self.incidents(&own) > 0
    }
}

/// The lowest threshold at which alerts come to at most so many incidents. First the method's own tolerance is widened; what
/// is left are alerts that it does not weigh, and an incident then takes several of them.
#[must_use]
pub fn calibrated(alerts: &[Alert], incidents_max: f64) -> Threshold {
    let fits = |threshold: &Threshold| {
        crate::score::interval::number(threshold.incidents(alerts)) <= incidents_max
    };
    let scores = [1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 32.0, 64.0, 128.0, 1024.0];
    let by_score = scores.into_iter().map(|score| Threshold { score, count: 1 });
    let by_count = (0..63).map(|power| Threshold { score: f64::INFINITY, count: 1 << power });
    let own = by_score.chain(by_count).find(fits);
    own.unwrap_or(Threshold { score: f64::INFINITY, count: u64::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000_000_000;

    fn pair(last: u8) -> Pair {
        Pair { source: [10, 0, 0, 1].into(), destination: [10, 0, 0, last].into() }
    }

    fn alerts(own: &[(i64, u8, f64)]) -> Alerts {
        let mut alerts = Alerts::default();
        own.iter()
            .for_each(|(minute, host, score)| alerts.add(minute * MINUTE, pair(*host), *score));
        alerts
    }

    #[test]
    fn alerts_of_a_pair_within_a_quarter_of_an_hour_are_one_incident() {
        let own = alerts(&[(0, 2, 1.0), (14, 2, 1.0), (15, 3, 1.0), (28, 2, 1.0), (44, 2, 1.0)]);
        assert_eq!(Threshold::PUBLISHED.incidents(own.list()), 3);
        assert_eq!(Threshold { score: 1.0, count: 3 }.incidents(own.list()), 1);
        assert_eq!(Threshold { score: 2.0, count: 1 }.incidents(own.list()), 0);
    }

    #[test]
    fn a_threshold_is_the_lowest_that_keeps_the_peace() {
        let own = alerts(&[(0, 2, 1.1), (60, 2, 1.4), (120, 2, 5.0)]);
        assert_eq!(calibrated(own.list(), 3.0), Threshold::PUBLISHED);
        assert_eq!(calibrated(own.list(), 1.0).score, 1.5);
        assert_eq!(calibrated(own.list(), 0.0).score, 6.0);
        let own = alerts(&[(0, 2, f64::INFINITY), (1, 2, f64::INFINITY), (60, 2, f64::INFINITY)]);
        assert_eq!(calibrated(own.list(), 1.0), Threshold { score: f64::INFINITY, count: 2 });
    }
}
