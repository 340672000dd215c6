//! The book of anomalies and incidents: what was said, of whom, how often, and what belongs together.
//!
//! A finding of a kind that is open already updates it; findings of one actor within the joining time
//! that share a target or a cause are one incident. Identifiers are hashes of what they name, so that
//! the same capture gives the same book.

mod entry;
mod key;
mod over;
mod plans;
mod shelf;
mod telling;
#[cfg(test)]
mod tests;

use core::cmp::Reverse;
use std::collections::BTreeMap;

use core::net::IpAddr;

use gridtap_model::{
    Anomaly, AnomalyId, Armed, Device, Endpoint, IncidentId, Place, Protocol, Severity, State,
    Timestamp, Zone,
};

use crate::catalogue::Detection;
use crate::config::Config;
use crate::crowd::Crowds;
use crate::incident::{Incidents, uuid};
use crate::planned::Planned;
use crate::planned::work::Work;

use entry::{Entry, GISTS};
use key::Key;
pub(crate) use key::Lazy;

/// What findings are about, so that findings of one cause can be gathered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Cause {
    /// Someone reads, commands or connects who did not before.
    Access,
    /// Someone tries out what there is.
    Reconnaissance,
    /// A dangerous function.
    Dangerous,
    /// Messages that do not fit the standard or each other.
    Conformance,
    /// A device that refuses or does not answer.
    Availability,
    /// What the process shows does not fit what was commanded.
    Process,
    /// What the sensor cannot hear.
    Hearing,
    /// What is expected, and written down only.
    Record,
}

/// What an anomaly is about. Two findings with one subject are the same anomaly, seen again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Subject {
    /// The catalogue's id.
    pub(crate) detection: &'static str,
    /// Who did it.
    pub(crate) actor: IpAddr,
    /// To which host.
    pub(crate) target: IpAddr,
    /// To which device there, where the finding is about one.
    pub(crate) device: Option<Device>,
    /// What tells findings of this kind apart: a function, a port, a point.
    pub(crate) variant: u64,
}

/// One finding, ready to be entered.
pub(crate) struct Finding<'a> {
    pub(crate) subject: Subject,
    pub(crate) detection: &'static Detection,
    pub(crate) also: &'a [&'static str],
    pub(crate) severity: Severity,
    pub(crate) score: f64,
    pub(crate) cause: Cause,
    pub(crate) time: Timestamp,
    pub(crate) place: Place,
    /// Frames before this one that show the same, for findings about a series.
    pub(crate) earlier: &'a [u64],
    pub(crate) protocol: Protocol,
    pub(crate) zone: Zone,
    pub(crate) source: Endpoint,
    pub(crate) destination: Endpoint,
    pub(crate) armed: Armed,
    /// What it says in short: of very many findings of one anomaly, one that says something else is put into words.
    pub(crate) gist: u32,
    /// Makes the text of the baseline's key that was new, where the finding is about novelty.
    pub(crate) key: &'a dyn Fn() -> Option<String>,
    /// The actor was never heard before this, or only in what alarmed.
    pub(crate) unknown: bool,
    /// The actor is new here or does what it never did: everything it does now is one incident.
    pub(crate) stranger: bool,
}

/// The words of a finding, made only when they are needed.
pub(crate) struct Words {
    pub(crate) zone: String,
    pub(crate) device: String,
    pub(crate) points: Vec<String>,
    pub(crate) observed: String,
    pub(crate) expected: String,
}

/// How many evidence frames and points one record names.
const EVIDENCE_MAX: usize = 16;

/// Everything that was said and is still open.
pub(crate) struct Book {
    config: Config,
    captures: Vec<String>,
    entries: BTreeMap<Key, Entry>,
    /// Entries that changed and were not told yet, each once: when they are due, and in the order they were opened.
    untold: BTreeMap<(Timestamp, u64), Key>,
    incidents: Incidents,
    planned: Planned,
    /// What was heard of it.
    work: Work,
    /// The incident of each plan: all that it excuses belongs together.
    excused: BTreeMap<String, IncidentId>,
    crowds: Crowds,
    /// The techniques of the detections that were entered: the catalogue is gone through once for each.
    techniques: BTreeMap<&'static str, Vec<&'static str>>,
    ordinal: u64,
    queue: Vec<Anomaly>,
    counts: Counts,
}

/// What the book holds and what gave way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Anomalies opened that alarm.
    pub anomalies: u64,
    /// Anomalies opened that were declared beforehand.
    pub suppressed: u64,
    /// Incidents opened.
    pub incidents: u64,
    /// Anomalies that were closed to the book because it was full.
    pub evicted: u64,
    /// Incidents that were gathered under the parent of a flood.
    pub gathered: u64,
    /// Findings that were counted at another anomaly, because very many hosts did the same.
    pub counted_away: u64,
}

impl Book {
    pub(crate) fn new(config: &Config, captures: Vec<String>) -> Self {
        Self {
            config: config.clone(),
            captures,
            entries: BTreeMap::new(),
            untold: BTreeMap::new(),
            incidents: Incidents::new(config),
            planned: Planned::default(),
            work: Work::default(),
            excused: BTreeMap::new(),
            crowds: Crowds::new(config),
            techniques: BTreeMap::new(),
            ordinal: 0,
            queue: Vec::new(),
            counts: Counts::default(),
        }
    }

    pub(crate) const fn counts(&self) -> Counts {
        let (incidents, gathered) = self.incidents.counts();
        Counts { incidents, gathered, ..self.counts }
    }

    /// What was opened or changed since the last call, in order.
    pub(crate) fn take(&mut self) -> Vec<Anomaly> {
        core::mem::take(&mut self.queue)
    }

    pub(crate) const fn has_news(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Whether a detection tells at a moment.
    pub(crate) fn serves(&self, detection: &str, now: Timestamp) -> bool {
        self.planned.serves(detection, now)
    }

    /// Enters a finding: opens an anomaly, or updates the one that is open.
    ///
    /// What is new about a subject that was quiet for longer than the joining time (another point) is another
    /// anomaly: nobody looks for it in an old one. Where that point had an anomaly of its own before, it is that one.
    pub(crate) fn enter(&mut self, finding: &Finding<'_>, words: impl FnOnce() -> Words) {
        let (excuse, words) = self.planned.excused(finding, Lazy::Make(words));
        if let Some(name) = &excuse {
            self.work.excused(name);
        }
        let key = Key::new(finding.subject, excuse);
        let words = match self.entries.get_mut(&key) {
            None => {
                if self.is_counted_away(finding, &key) {
                    return;
                }
                words.get()
            }
            Some(entry) => {
                let quiet_ns = finding.time.since_ns(entry.anomaly.last_time);
                let wanted = quiet_ns > self.config.join.nanos() || entry.listens(finding);
                let words = wanted.then(|| words.get());
                let is_other = quiet_ns > self.config.join.nanos()
                    && words.as_ref().is_some_and(|words| !entry.covers(&words.points));
                match words {
                    Some(words) if is_other => {
                        if self.exchange(&key, &words.points) {
                            return self.again(finding, &key, Some(words));
                        }
                        words
                    }
                    words => return self.again(finding, &key, words),
                }
            }
        };
        self.open(finding, key, words);
    }

    /// Enters a finding at the anomaly that is open.
    fn again(&mut self, finding: &Finding<'_>, key: &Key, words: Option<Words>) {
        let Some(entry) = self.entries.get_mut(key) else { return };
        if entry.update(finding, words) {
            entry.tell(finding.time, &mut self.queue);
        } else if let Some(due) = entry.await_telling(&self.config) {
            self.untold.insert(due, key.clone());
        }
        if key.excuse.is_none() {
            self.incidents.again(finding, finding.subject.actor, entry.anomaly.incident);
        }
    }

    /// Counts a finding at the one that speaks for its crowd, where it is one of very many.
    fn is_counted_away(&mut self, finding: &Finding<'_>, key: &Key) -> bool {
        if key.excuse.is_some() {
            return false;
        }
        let Some(leader) = self.crowds.leader(finding) else { return false };
        let spoken_for = Key::new(leader, None);
        let Some(entry) = self.entries.get_mut(&spoken_for) else { return false };
        entry.spread.get_or_insert_default().add(finding);
        self.counts.counted_away = self.counts.counted_away.saturating_add(1);
        if entry.update(finding, None) {
            entry.tell(finding.time, &mut self.queue);
        } else if let Some(due) = entry.await_telling(&self.config) {
            self.untold.insert(due, spoken_for);
        }
        self.incidents.again(finding, leader.actor, entry.anomaly.incident);
        true
    }

    fn open(&mut self, finding: &Finding<'_>, key: Key, words: Words) {
        if self.entries.len() >= self.config.anomalies_max {
            self.make_room();
        }
        self.ordinal = self.ordinal.saturating_add(1);
        let incident = match &key.excuse {
            Some(name) => self.excused_incident(finding, name),
            None => {
                self.crowds.opened(finding);
                self.incidents.of(finding)
            }
        };
        let id = AnomalyId(uuid(&self.config, "anomaly", finding, self.ordinal));
        let mut anomaly = self.first_record(finding, id, incident, words);
        anomaly.suppressed.clone_from(&key.excuse);
        self.queue.push(anomaly.clone());
        let entry = Entry {
            subject: finding.subject,
            anomaly,
            told_count: 1,
            told_time: finding.time,
            ordinal: self.ordinal,
            spread: None,
            awaits_telling: false,
            worded: finding.time,
            gists: [finding.gist; GISTS],
        };
        let is_excused = key.excuse.is_some();
        self.entries.insert(key, entry);
        if is_excused {
            self.counts.suppressed = self.counts.suppressed.saturating_add(1);
        } else {
            self.counts.anomalies = self.counts.anomalies.saturating_add(1);
        }
    }

    /// The incident of everything that a plan excuses: none of it is part of what somebody else does.
    fn excused_incident(&mut self, finding: &Finding<'_>, name: &str) -> IncidentId {
        let (config, ordinal) = (&self.config, self.ordinal);
        let new = || IncidentId(uuid(config, "planned", finding, ordinal));
        *self.excused.entry(name.to_owned()).or_insert_with(new)
    }

    fn first_record(
        &mut self,
        finding: &Finding<'_>,
        id: AnomalyId,
        incident: IncidentId,
        words: Words,
    ) -> Anomaly {
        let several = self.captures.len() > 1;
        let capture = several
            .then(|| self.captures.get(usize::from(finding.place.capture)).cloned())
            .flatten();
        let mut frames: Vec<u64> = finding.earlier.iter().copied().take(EVIDENCE_MAX).collect();
        if frames.last() != Some(&finding.place.frame) && frames.len() < EVIDENCE_MAX {
            frames.push(finding.place.frame);
        }
        let detection = finding.detection;
        let techniques = || detection.techniques().collect();
        Anomaly {
            id,
            incident,
            revision: 1,
            state: State::UnacknowledgedActive,
            suppressed: None,
            time: finding.time,
            last_time: finding.time,
            count: 1,
            capture,
            frames,
            detection: detection.id,
            name: detection.name,
            also: finding.also.to_vec(),
            severity: finding.severity,
            score: finding.score,
            protocol: finding.protocol,
            zone: words.zone,
            source: finding.source,
            destination: finding.destination,
            device: words.device,
            points: words.points,
            technique: self.techniques.entry(detection.id).or_insert_with(techniques).clone(),
            observed: words.observed,
            expected: words.expected,
            advice: detection.advice,
            baseline: finding.armed,
            key: (finding.key)(),
        }
    }

    /// A full book closes a tenth of its entries at once: the least severe, of those the youngest, so that a
    /// flood gives way before what was there before it.
    fn make_room(&mut self) {
        let mut order: Vec<_> = self
            .entries
            .iter()
            .map(|(key, entry)| (entry.anomaly.severity, Reverse(entry.ordinal), key.clone()))
            .collect();
        order.sort_unstable();
        let enough = self.config.anomalies_max.div_ceil(10);
        for (_, _, key) in order.into_iter().take(enough) {
            self.close(&key);
        }
        let entries = &self.entries;
        self.untold.retain(|(_, ordinal), key| {
            entries.get(key).is_some_and(|entry| entry.ordinal == *ordinal)
        });
    }

    /// Whether an incident above low is open that concerns this host: context is worth adding to it.
    pub(crate) fn concerns(&self, zone: Zone, actor: IpAddr, now: Timestamp) -> bool {
        self.incidents.concerns(zone, actor, now)
    }
}
