use gridtap_model::{Severity, State, Timestamp};

use crate::tests::{NOW, act, anomaly, id, state};
use crate::{ActError, Action, Disposition, Event, Refusal, Target};

fn on(nth: u8) -> Target {
    Target::Anomaly(id(nth))
}

#[test]
fn what_a_person_did_stands_in_the_record_the_history_and_the_audit_log() {
    let (_directory, mut store) = state();
    let mut batch = store.batch(NOW).unwrap();
    let told = batch.anomaly(&anomaly(1, 1)).unwrap().standpoint.record;
    let done = batch.act(&act(on(1), Action::Acknowledge, "crew is\u{7} on its way")).unwrap();
    batch.commit().unwrap();
    assert_eq!((done[0].revision, done[0].state), (2, State::AcknowledgedActive));
    let changed = told
        .replace("\"revision\":1", "\"revision\":2")
        .replace("unacknowledged-active", "acknowledged-active");
    let added = format!(
        ",\"acknowledged_by\":\"shift lead\",\"acknowledged_time\":\"{NOW}\",\"comment\":\"crew is on its way\"}}"
    );
    assert_eq!(done[0].record, format!("{}{added}", changed.strip_suffix('}').unwrap()));
    let history = store.history_of(&id(1)).unwrap();
    let last = history.last().unwrap();
    assert_eq!((last.event.as_str(), last.who.as_str()), ("acknowledged", "shift lead"));
    assert_eq!((last.at, last.record.as_str()), (NOW, done[0].record.as_str()));
    let audit = store.audit_log(0, 9).unwrap();
    assert_eq!(audit.len(), 1);
    assert_eq!(audit[0].row.subject, format!("anomaly {}", id(1)));
    assert_eq!(audit[0].row.outcome, "done");
}

#[test]
fn what_is_refused_changes_nothing_and_is_in_the_audit_log() {
    let (_directory, mut store) = state();
    let mut batch = store.batch(NOW).unwrap();
    batch.anomaly(&anomaly(1, 1)).unwrap();
    let close = Action::Close { disposition: Disposition::TruePositive };
    let refused = batch.act(&act(on(1), close, "")).unwrap_err();
    assert!(matches!(
        refused,
        ActError::Refused {
            state: State::UnacknowledgedActive,
            refusal: Refusal::NotAcknowledged,
            ..
        }
    ));
    let shelve = Action::Shelve { until: NOW.plus_ns(1_000) };
    let refused = batch.act(&act(on(1), shelve, "  ")).unwrap_err().to_string();
    assert!(refused.contains("comment that says why"), "{refused}");
    let seen_earlier =
        crate::Act { expected_revision: Some(7), ..act(on(1), Action::Acknowledge, "") };
    let refused = batch.act(&seen_earlier).unwrap_err();
    assert!(matches!(refused, ActError::Revision { expected: 7, found: 1, .. }), "{refused}");
    assert!(matches!(batch.act(&act(on(9), close, "")), Err(ActError::Unknown(_))));
    batch.commit().unwrap();
    assert_eq!(store.anomaly(&id(1)).unwrap().unwrap().revision, 1);
    let outcomes: Vec<_> =
        store.audit_log(0, 9).unwrap().into_iter().map(|row| row.row.outcome).collect();
    assert_eq!(outcomes.len(), 4);
    assert!(outcomes.iter().all(|outcome| outcome != "done"), "{outcomes:?}");
}

#[test]
fn an_action_on_an_incident_acts_on_those_with_which_it_is_possible() {
    let (_directory, mut store) = state();
    let mut batch = store.batch(NOW).unwrap();
    for nth in 1..=3 {
        batch.anomaly(&anomaly(nth, 1)).unwrap();
    }
    batch.act(&act(on(2), Action::Acknowledge, "")).unwrap();
    let incident = Target::Incident(anomaly(1, 1).incident.to_string());
    let all = act(incident, Action::Acknowledge, "");
    let stale = crate::Act { expected_revision: Some(3), ..all.clone() };
    assert!(matches!(batch.act(&stale), Err(ActError::Revision { found: 4, .. })));
    let done = batch.act(&crate::Act { expected_revision: Some(4), ..all.clone() }).unwrap();
    assert_eq!(done.iter().map(|each| each.id.clone()).collect::<Vec<_>>(), [id(1), id(3)]);
    let again = batch.act(&all).unwrap_err();
    assert!(matches!(again, ActError::Refused { refusal: Refusal::Acknowledged, .. }), "{again}");
}

#[test]
fn what_was_closed_and_is_found_again_is_another_anomaly() {
    let (_directory, mut store) = state();
    let mut batch = store.batch(NOW).unwrap();
    batch.anomaly(&anomaly(1, 3)).unwrap();
    batch.act(&act(on(1), Action::Acknowledge, "")).unwrap();
    let close = Action::Close { disposition: Disposition::ExpectedChange };
    batch.act(&act(on(1), close, "switching plan 17")).unwrap();
    // The same words again, as a second run over the same capture says them, open nothing.
    assert_eq!(batch.anomaly(&anomaly(1, 3)).unwrap().event, None);
    let next = batch.anomaly(&anomaly(1, 5)).unwrap().standpoint;
    assert_ne!(next.id, id(1));
    assert_eq!((next.revision, next.state), (1, State::UnacknowledgedActive));
    let record: serde_json::Value = serde_json::from_str(&next.record).unwrap();
    assert_eq!(record["continues"], id(1));
    assert_eq!(record["count"], 2, "it counts from there on");
    assert_eq!(record["time"], anomaly(1, 5).last_time.to_string());
    assert_eq!(record.get("disposition"), None);
    let later = batch.anomaly(&anomaly(1, 6)).unwrap().standpoint;
    assert_eq!((later.id.as_str(), later.revision), (next.id.as_str(), 2));
    batch.commit().unwrap();
    let closed = store.anomaly(&id(1)).unwrap().unwrap();
    assert_eq!(closed.state, State::Closed);
    assert!(store.check(None).unwrap().faults.is_empty());
}

#[test]
fn the_same_packets_told_in_other_words_open_nothing_that_was_closed() {
    let (_directory, mut store) = state();
    let mut batch = store.batch(NOW).unwrap();
    batch.anomaly(&anomaly(1, 2)).unwrap();
    batch.act(&act(on(1), Action::Acknowledge, "")).unwrap();
    let close = Action::Close { disposition: Disposition::FalsePositive };
    batch.act(&act(on(1), close, "")).unwrap();
    // A baseline that learned since judges them again: another score, and more revisions.
    let mut again = anomaly(1, 4);
    again.last_time = anomaly(1, 2).last_time;
    again.score = 2.0;
    let told = batch.anomaly(&again).unwrap();
    assert_eq!((told.standpoint.id, told.standpoint.state), (id(1), State::Closed));
    assert_eq!(told.event, None);
    again.last_time = again.last_time.plus_ns(1);
    let told = batch.anomaly(&again).unwrap();
    assert_eq!(told.event, Some(Event::Opened));
    // Nor what its successor was told of, once that is closed too.
    let next = Target::Anomaly(told.standpoint.id.clone());
    batch.act(&act(next.clone(), Action::Acknowledge, "")).unwrap();
    batch.act(&act(next, close, "")).unwrap();
    again.revision = 7;
    assert_eq!(batch.anomaly(&again).unwrap().event, None);
    let told = batch.anomaly(&anomaly(1, 9)).unwrap();
    assert_eq!(told.event, Some(Event::Opened), "that is later");
}

#[test]
fn what_became_worse_since_it_was_seen_wants_to_be_seen_anew() {
    let (_directory, mut store) = state();
    let mut batch = store.batch(NOW).unwrap();
    let mut finding = anomaly(1, 1);
    finding.severity = Severity::Medium;
    batch.anomaly(&finding).unwrap();
    batch.act(&act(on(1), Action::Acknowledge, "")).unwrap();
    finding.revision = 2;
    let seen = batch.anomaly(&finding).unwrap().standpoint;
    assert_eq!((seen.state, seen.revision), (State::AcknowledgedActive, 3));
    assert!(seen.record.contains("\"acknowledged_by\":\"shift lead\""), "{}", seen.record);
    finding.revision = 3;
    finding.severity = Severity::Critical;
    let worse = batch.anomaly(&finding).unwrap().standpoint;
    assert_eq!((worse.state, worse.severity), (State::UnacknowledgedActive, Severity::Critical));
    assert!(!worse.record.contains("acknowledged_by"), "{}", worse.record);
}

#[test]
fn what_is_shelved_comes_back_by_itself() {
    let (_directory, mut store) = state();
    let mut batch = store.batch(NOW).unwrap();
    batch.anomaly(&anomaly(1, 1)).unwrap();
    let shelve = Action::Shelve { until: NOW.plus_ns(60_000_000_000) };
    batch.act(&act(on(1), shelve, "relay test")).unwrap();
    assert!(batch.unshelve_due().unwrap().is_empty());
    batch.commit().unwrap();
    let mut batch = store.batch(Timestamp::from_nanos(NOW.nanos() + 60_000_000_000)).unwrap();
    let back = batch.unshelve_due().unwrap();
    assert_eq!(back.len(), 1);
    assert!(!back[0].record.contains("shelved"), "{}", back[0].record);
    assert!(batch.unshelve_due().unwrap().is_empty());
}
