//! Attempts that came to nothing, gathered for the audit log: whoever is refused must not be able to fill the disk.
//!
//! One row a source, reason and minute, of so many sources; the rest of a minute is one row more. What an
//! authenticated caller is refused is a row each, up to a number a minute: an old message that somebody recorded is
//! authentic too, however often it is sent.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use gridtap_model::Timestamp;
use gridtap_store::Audit;

/// Rows a minute, of those that are gathered.
const ROWS_MAX: usize = 16;
/// Sources beyond them that are told apart, to say how many there were.
const SOURCES_MAX: usize = 1024;
/// Refusals of authenticated callers that get their own row, a minute, way and reason.
const SINGLE_MAX: u32 = 30;
/// Ways and reasons that are told apart.
const WAYS_MAX: usize = 256;

/// Who nobody knows.
const UNKNOWN: &str = "unknown";

const MINUTE_NS: i64 = 60 * 1_000_000_000;

/// What was refused in this minute.
#[derive(Debug, Default)]
pub(crate) struct Refused(Mutex<Minute>);

#[derive(Debug, Default)]
struct Minute {
    nth: i64,
    gathered: BTreeMap<Attempt, u64>,
    more: BTreeMap<(String, &'static str), More>,
    singles: BTreeMap<(String, &'static str), u32>,
}

/// Attempts that are one row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Attempt {
    who: String,
    via: String,
    reason: &'static str,
    source: IpAddr,
}

/// The sources that have no row of their own.
#[derive(Debug, Default)]
struct More {
    sources: BTreeSet<IpAddr>,
    attempts: u64,
}

impl Refused {
    /// Counts an attempt. What a minute that is over came to is given back, to be written down.
    pub(crate) fn count(
        &self,
        via: &str,
        source: IpAddr,
        reason: &'static str,
        now: Timestamp,
    ) -> Vec<Audit> {
        self.count_as(UNKNOWN, via, source, reason, now)
    }

    /// The same of somebody who says who they are; only names that are known, or there is no end to them.
    pub(crate) fn count_as(
        &self,
        who: &str,
        via: &str,
        source: IpAddr,
        reason: &'static str,
        now: Timestamp,
    ) -> Vec<Audit> {
        let mut minute = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let over = minute.over(now);
        minute.add(Attempt { who: who.to_owned(), via: via.to_owned(), reason, source });
        over
    }

    /// Whether a refusal of an authenticated caller gets a row of its own; if not, it was counted.
    pub(crate) fn is_single(
        &self,
        via: &str,
        source: IpAddr,
        reason: &'static str,
        now: Timestamp,
    ) -> (bool, Vec<Audit>) {
        let mut minute = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let over = minute.over(now);
        let count = minute.singles.entry((via.to_owned(), reason)).or_default();
        *count = count.saturating_add(1);
        let is_single = *count <= SINGLE_MAX;
        if !is_single {
            minute.add(Attempt { who: UNKNOWN.to_owned(), via: via.to_owned(), reason, source });
        }
        (is_single, over)
    }

    /// What a minute that is over came to.
    pub(crate) fn due(&self, now: Timestamp) -> Vec<Audit> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).over(now)
    }

    /// All that is left, at the end.
    pub(crate) fn rest(&self) -> Vec<Audit> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Minute {
    fn over(&mut self, now: Timestamp) -> Vec<Audit> {
        let nth = now.nanos().div_euclid(MINUTE_NS);
        if nth == self.nth {
            return Vec::new();
        }
        let rows = self.take();
        self.nth = nth;
        rows
    }

    fn add(&mut self, attempt: Attempt) {
        if let Some(count) = self.gathered.get_mut(&attempt) {
            *count = count.saturating_add(1);
        } else if self.gathered.len() < ROWS_MAX {
            self.gathered.insert(attempt, 1);
        } else {
            // Ways and reasons are of the configuration and of this program: the bound is for whoever adds some.
            let key = (attempt.via, attempt.reason);
            if self.more.len() >= WAYS_MAX && !self.more.contains_key(&key) {
                return;
            }
            let more = self.more.entry(key).or_default();
            more.attempts = more.attempts.saturating_add(1);
            if more.sources.len() < SOURCES_MAX {
                more.sources.insert(attempt.source);
            }
        }
    }

    fn take(&mut self) -> Vec<Audit> {
        self.singles.clear();
        let attempts = |count: u64| match count {
            1 => "1 attempt".to_owned(),
            many => format!("{many} attempts"),
        };
        let row = |who: String, via: String, reason: &str, subject: String, detail: String| Audit {
            who,
            role: String::new(),
            via,
            action: "request".to_owned(),
            subject,
            outcome: reason.to_owned(),
            detail,
        };
        let mut rows: Vec<Audit> = std::mem::take(&mut self.gathered)
            .into_iter()
            .map(|(each, count)| {
                row(each.who, each.via, each.reason, each.source.to_string(), attempts(count))
            })
            .collect();
        rows.extend(std::mem::take(&mut self.more).into_iter().map(|((via, reason), more)| {
            let at_least = if more.sources.len() < SOURCES_MAX { "" } else { "at least " };
            let subject = format!("and {at_least}{} more sources", more.sources.len());
            row(UNKNOWN.to_owned(), via, reason, subject, attempts(more.attempts))
        }));
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_parts(second, 0)
    }

    fn source(nth: u32) -> IpAddr {
        IpAddr::V4(nth.into())
    }

    #[test]
    fn attempts_of_one_source_and_reason_are_one_row_a_minute() {
        let refused = Refused::default();
        for second in 0..60 {
            assert_eq!(refused.count("hook noc", source(1), "signature", at(second)), []);
        }
        refused.count("hook noc", source(1), "network", at(59));
        let rows = refused.count("hook noc", source(1), "signature", at(60));
        let told: Vec<_> = rows.iter().map(|row| (&*row.outcome, &*row.detail)).collect();
        assert_eq!(told, [("network", "1 attempt"), ("signature", "60 attempts")]);
        assert_eq!(refused.due(at(119)), []);
        assert_eq!(refused.due(at(120)).len(), 1);
        assert_eq!(refused.rest(), []);
    }

    #[test]
    fn any_number_of_sources_are_a_bounded_number_of_rows() {
        let refused = Refused::default();
        for nth in 0..5000 {
            refused.count("api", source(nth), "unauthorized", at(1));
        }
        let rows = refused.rest();
        assert_eq!(rows.len(), ROWS_MAX + 1);
        assert_eq!(rows[ROWS_MAX].subject, "and at least 1024 more sources");
        assert_eq!(rows[ROWS_MAX].detail, "4984 attempts");
    }

    #[test]
    fn a_recorded_message_that_is_sent_again_and_again_has_so_many_rows_and_is_counted() {
        let refused = Refused::default();
        let single =
            (0..100).filter(|_| refused.is_single("hook noc", source(1), "stale", at(1)).0).count();
        assert_eq!(single, usize::try_from(SINGLE_MAX).unwrap());
        assert_eq!(refused.rest()[0].detail, "70 attempts");
        assert!(refused.is_single("hook noc", source(1), "stale", at(1)).0);
    }
}
