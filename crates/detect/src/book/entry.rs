//! One anomaly of the book: what later findings add to it, and when it is told again.

use gridtap_model::{Anomaly, Severity, State, Timestamp};

use super::{EVIDENCE_MAX, Finding, Subject, Words};
use crate::config::Config;
use crate::crowd::Spread;

/// Stands between what was seen first and what was seen last.
const LAST: &str = "; last: ";

/// How often findings of one anomaly are put into words in the long run, and how far ahead of that they may be: 64 at once,
/// ten a second after that, so that what a person does is worded whole. Making words costs more than judging, and whoever
/// floods must not be able to have them made for every packet.
const WORDED_EVERY_NS: u64 = 100_000_000;
const WORDED_AHEAD_NS: u64 = 64 * WORDED_EVERY_NS;

/// How many findings that say something else are put into words at any pace.
pub(super) const GISTS: usize = 8;

/// One anomaly, and what was told of it.
pub(super) struct Entry {
    pub(super) subject: Subject,
    pub(super) anomaly: Anomaly,
    /// The count that was last told, and when.
    pub(super) told_count: u64,
    pub(super) told_time: Timestamp,
    pub(super) ordinal: u64,
    /// What was counted here of others like it.
    pub(super) spread: Option<Box<Spread>>,
    /// It is among those that are to be told in a while.
    pub(super) awaits_telling: bool,
    /// When the words that were made for it would have been made at that pace.
    pub(super) worded: Timestamp,
    /// What the first of these said in short.
    pub(super) gists: [u32; GISTS],
}

impl Entry {
    /// Says when it is to be told that it changed, and its place among others; nothing where it waits for that already.
    pub(super) fn await_telling(&mut self, config: &Config) -> Option<(Timestamp, u64)> {
        if core::mem::replace(&mut self.awaits_telling, true) {
            return None;
        }
        Some((self.told_time.plus_ns(config.update_every.nanos()), self.ordinal))
    }

    /// Whether the words of a further finding can still add something: of very many, those that are more severe, the first
    /// few that say something else, and one every so often.
    pub(super) fn listens(&mut self, finding: &Finding<'_>) -> bool {
        if finding.severity > self.anomaly.severity {
            return true;
        }
        if self.anomaly.points.len() >= EVIDENCE_MAX {
            return false;
        }
        let is_other = self.says_other(finding.gist);
        let paced = self.worded.max(finding.time);
        if !is_other && paced.since_ns(finding.time) >= WORDED_AHEAD_NS {
            return false;
        }
        self.worded = paced.plus_ns(WORDED_EVERY_NS);
        true
    }

    /// Whether none of those that were noted says the same, while there is room to note it: the opposite command must not
    /// hide among many.
    fn says_other(&mut self, gist: u32) -> bool {
        let [first, ..] = self.gists;
        if self.gists.contains(&gist) {
            return false;
        }
        // What is free has the first one's.
        let free = self.gists.iter_mut().skip(1).find(|noted| **noted == first);
        free.map(|free| *free = gist).is_some()
    }

    /// Whether all these points are listed already.
    pub(super) fn covers(&self, points: &[String]) -> bool {
        points.iter().all(|point| self.anomaly.points.contains(point))
    }

    /// Takes in one more finding of the same subject. True where it is worth telling at once: it became more
    /// severe, names another point, or is as often again as when that was last said. What is for the record only
    /// waits for its time.
    pub(super) fn update(&mut self, finding: &Finding<'_>, words: Option<Words>) -> bool {
        let anomaly = &mut self.anomaly;
        anomaly.count = anomaly.count.saturating_add(1);
        anomaly.last_time = anomaly.last_time.max(finding.time);
        if anomaly.frames.len() < EVIDENCE_MAX && !anomaly.frames.contains(&finding.place.frame) {
            anomaly.frames.push(finding.place.frame);
        }
        for id in finding.also {
            if !anomaly.also.contains(id) && *id != anomaly.detection {
                anomaly.also.push(id);
            }
        }
        anomaly.score = anomaly.score.max(finding.score);
        let raised = finding.severity > anomaly.severity;
        anomaly.severity = anomaly.severity.max(finding.severity);
        let mut told = false;
        if let Some(words) = words {
            for point in words.points {
                if anomaly.points.len() < EVIDENCE_MAX && !anomaly.points.contains(&point) {
                    anomaly.points.push(point);
                    told = true;
                }
            }
            if raised {
                anomaly.observed = words.observed;
                anomaly.expected = words.expected;
            } else if words.observed != anomaly.observed {
                // What it was first, and what it was last: the opposite command must not hide behind the first.
                let first = anomaly.observed.split(LAST).next().unwrap_or_default();
                let both = format!("{first}{LAST}{}", words.observed);
                if both != anomaly.observed {
                    anomaly.observed = both;
                }
            }
        }
        raised
            || self.anomaly.severity > Severity::Info
                && (told || self.anomaly.count.is_power_of_two())
    }

    /// Tells that the condition is over.
    pub(super) fn end(&mut self, now: Timestamp, words: &str, queue: &mut Vec<Anomaly>) {
        self.anomaly.state = State::UnacknowledgedCleared;
        self.anomaly.last_time = self.anomaly.last_time.max(now);
        self.anomaly.observed.push_str("; over: ");
        self.anomaly.observed.push_str(words);
        // A change of state is worth telling whatever the count.
        self.told_count = 0;
        self.tell(now, queue);
    }

    pub(super) fn tell(&mut self, now: Timestamp, queue: &mut Vec<Anomaly>) {
        if self.told_count != self.anomaly.count {
            self.anomaly.revision = self.anomaly.revision.saturating_add(1);
        }
        self.told_count = self.anomaly.count;
        self.told_time = now;
        let mut anomaly = self.anomaly.clone();
        if let Some(spread) = &self.spread {
            anomaly.observed.push_str(&spread.words(&self.subject));
        }
        queue.push(anomaly);
    }
}
