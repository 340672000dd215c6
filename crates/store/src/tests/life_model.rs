//! Random sequences of findings and deeds, against a reference that was written from the contract's words alone.

use std::collections::BTreeMap;

use gridtap_model::{Severity, State, Timestamp};
use proptest::prelude::*;

use crate::tests::{NOW, act, anomaly, id, state};
use crate::{ActError, Action, Disposition, Target};

#[derive(Debug, Clone, Copy)]
enum Step {
    Seen(u8, Severity),
    Act(u8, Deed),
    ActOnIncident(Deed),
    Quiet,
    Wait(u16),
    Restart,
}

#[derive(Debug, Clone, Copy)]
enum Deed {
    Acknowledge,
    Unacknowledge,
    Shelve(u16),
    Unshelve,
    Comment,
    Close,
}

impl Deed {
    fn action(self, now: Timestamp) -> Action {
        match self {
            Self::Acknowledge => Action::Acknowledge,
            Self::Unacknowledge => Action::Unacknowledge,
            Self::Shelve(minutes) => {
                Action::Shelve { until: now.plus_ns(u64::from(minutes) * 60_000_000_000) }
            }
            Self::Unshelve => Action::Unshelve,
            Self::Comment => Action::Comment,
            Self::Close => Action::Close { disposition: Disposition::FalsePositive },
        }
    }
}

/// The reference: two flags and what ends them, in the words of ISA-18.2.
#[derive(Debug, Clone, Copy)]
struct Reference {
    active: bool,
    acknowledged: bool,
    closed: bool,
    shelved_until: Option<i64>,
    severity: Severity,
    revision: u32,
    lives: u32,
}

impl Reference {
    fn state(&self) -> State {
        match (self.closed, self.acknowledged, self.active) {
            (true, ..) => State::Closed,
            (_, false, true) => State::UnacknowledgedActive,
            (_, true, true) => State::AcknowledgedActive,
            (_, false, false) => State::UnacknowledgedCleared,
            (_, true, false) => State::Cleared,
        }
    }

    fn seen(&mut self, severity: Severity) {
        if self.closed {
            *self = Self {
                active: true,
                acknowledged: false,
                closed: false,
                severity,
                revision: 1,
                shelved_until: None,
                lives: self.lives + 1,
            };
            return;
        }
        if !self.active || severity > self.severity {
            self.acknowledged = false;
        }
        self.active = true;
        self.severity = severity;
        self.revision += 1;
    }

    /// Whether it was possible.
    fn act(&mut self, deed: Deed, now: i64) -> bool {
        let possible = match deed {
            Deed::Comment => true,
            _ if self.closed => false,
            Deed::Acknowledge => !self.acknowledged,
            Deed::Unacknowledge | Deed::Close => self.acknowledged,
            Deed::Shelve(minutes) => {
                self.shelved_until.is_none() && minutes > 0 && minutes <= 12 * 60
            }
            Deed::Unshelve => self.shelved_until.is_some(),
        };
        if !possible {
            return false;
        }
        self.revision += 1;
        match deed {
            Deed::Acknowledge => self.acknowledged = true,
            Deed::Unacknowledge => self.acknowledged = false,
            Deed::Shelve(minutes) => {
                self.shelved_until = Some(now + i64::from(minutes) * 60_000_000_000);
            }
            Deed::Unshelve => self.shelved_until = None,
            Deed::Close => {
                self.closed = true;
                self.shelved_until = None;
            }
            Deed::Comment => {}
        }
        true
    }
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        3 => Just(Deed::Acknowledge),
        1 => Just(Deed::Unacknowledge),
        1 => (0_u16..800).prop_map(Deed::Shelve),
        1 => Just(Deed::Unshelve),
        1 => Just(Deed::Comment),
        2 => Just(Deed::Close),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let severity =
        prop_oneof![Just(Severity::Medium), Just(Severity::High), Just(Severity::Critical)];
    prop_oneof![
        4 => (0_u8..3, severity).prop_map(|(nth, severity)| Step::Seen(nth, severity)),
        6 => (0_u8..3, deed()).prop_map(|(nth, deed)| Step::Act(nth, deed)),
        1 => deed().prop_map(Step::ActOnIncident),
        1 => Just(Step::Quiet),
        1 => (1_u16..900).prop_map(Step::Wait),
        1 => Just(Step::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_findings_and_deeds_leads_where_the_contract_says(
        steps in prop::collection::vec(step(), 1..40)
    ) {
        let (directory, mut store) = state();
        let mut reference: BTreeMap<u8, Reference> = BTreeMap::new();
        // The id that the newest life of each has, and the detector's own count.
        let mut ids: BTreeMap<u8, String> = BTreeMap::new();
        let mut told: BTreeMap<u8, u32> = BTreeMap::new();
        let mut now = NOW.nanos();
        for step in steps {
            now += match step {
                Step::Wait(minutes) => i64::from(minutes) * 60_000_000_000,
                _ => 1,
            };
            let at = Timestamp::from_nanos(now);
            if let Step::Restart = step {
                drop(store);
                store = crate::Store::open(directory.path(), NOW).unwrap();
                continue;
            }
            let mut batch = store.batch(at).unwrap();
            match step {
                Step::Seen(nth, severity) => {
                    let revision = told.entry(nth).or_default();
                    *revision += 1;
                    let mut finding = anomaly(nth, *revision);
                    finding.severity = severity;
                    finding.last_time = at;
                    let stood = batch.anomaly(&finding).unwrap();
                    ids.insert(nth, stood.standpoint.id);
                    reference
                        .entry(nth)
                        .and_modify(|reference| reference.seen(severity))
                        .or_insert(Reference { active: true, acknowledged: false, closed: false,
                            shelved_until: None, severity, revision: 1, lives: 1 });
                }
                Step::Act(nth, deed) => {
                    let target = Target::Anomaly(ids.get(&nth).cloned().unwrap_or_else(|| id(nth)));
                    let done = batch.act(&act(target, deed.action(at), "because"));
                    match reference.get_mut(&nth) {
                        None => prop_assert!(matches!(done, Err(ActError::Unknown(_)))),
                        Some(reference) => {
                            prop_assert_eq!(done.is_ok(), reference.act(deed, now), "{:?} {:?}", deed, done);
                        }
                    }
                }
                Step::ActOnIncident(deed) => {
                    let incident = anomaly(0, 1).incident.to_string();
                    // What was closed and came back is of the incident too: a comment reaches every life.
                    if reference.values().any(|each| each.lives > 1) {
                        continue;
                    }
                    let done = batch.act(&act(Target::Incident(incident), deed.action(at), "because"));
                    let possible =
                        reference.values_mut().map(|reference| reference.act(deed, now)).filter(|done| *done).count();
                    match done {
                        Ok(done) => prop_assert_eq!(done.len(), possible),
                        Err(_) => prop_assert_eq!(possible, 0),
                    }
                }
                Step::Quiet => {
                    batch.clear_quiet(at, 100).unwrap();
                    for reference in reference.values_mut().filter(|each| each.active && !each.closed) {
                        reference.active = false;
                        reference.revision += 1;
                    }
                }
                Step::Wait(_) => {
                    batch.unshelve_due().unwrap();
                    for reference in reference.values_mut() {
                        if reference.shelved_until.is_some_and(|until| until <= now) {
                            reference.shelved_until = None;
                            reference.revision += 1;
                        }
                    }
                }
                Step::Restart => {}
            }
            batch.commit().unwrap();
            for (nth, reference) in &reference {
                let found = store.anomaly(&ids[nth]).unwrap().unwrap();
                prop_assert_eq!(found.state, reference.state(), "{:?}", step);
                prop_assert_eq!(found.revision, reference.revision, "{:?}", step);
                let record: serde_json::Value = serde_json::from_str(&found.record).unwrap();
                prop_assert_eq!(&record["revision"], &serde_json::json!(found.revision));
                prop_assert_eq!(record["state"].as_str().unwrap(), crate::life::state_name(found.state));
                prop_assert_eq!(record.get("shelved_until").is_some(), reference.shelved_until.is_some());
                prop_assert_eq!(record.get("acknowledged_by").is_some() && !reference.closed,
                    reference.acknowledged && !reference.closed, "{}", found.record);
            }
        }
        let soundness = store.check(None).unwrap();
        prop_assert!(soundness.faults.is_empty(), "{:?}", soundness.faults);
        prop_assert_eq!(soundness.audit.broken_at, None);
    }
}
