use gridtap_model::Severity;
use serde_json::json;

use crate::tests::{NOW, state};
use crate::{Announcement, Outcome, Store, Subscription};

fn owing(store: &mut Store, count: u32) {
    let subscription = Subscription {
        endpoint: "noc".to_owned(),
        types: Vec::new(),
        severity_min: Severity::Info,
        digest_above: None,
    };
    store.announce(Announcement::default(), vec![subscription]);
    let mut batch = store.batch(NOW).unwrap();
    for nth in 0..count {
        batch.announce_other("device.new", Severity::Low, &json!({ "device": nth })).unwrap();
    }
    batch.commit().unwrap();
}

#[test]
fn a_receiver_that_is_gone_gets_nothing_until_it_is_enabled_and_then_everything() {
    let (_directory, mut store) = state();
    owing(&mut store, 3);
    let due = store.due("noc", NOW, 9).unwrap();
    let mut batch = store.batch(NOW).unwrap();
    batch.settle(&due[0], &Outcome::Gone { status: 410 }).unwrap();
    batch.commit().unwrap();
    assert!(store.due("noc", NOW, 9).unwrap().is_empty());
    assert_eq!(store.next_due("noc").unwrap(), None);
    let queue = store.queues().unwrap();
    assert_eq!((queue[0].waiting, queue[0].oldest), (3, Some(NOW)));
    assert_eq!(queue[0].disabled.as_deref(), Some("it answered 410"));
    let mut batch = store.batch(NOW).unwrap();
    assert!(batch.enable_endpoint("noc").unwrap());
    assert!(!batch.enable_endpoint("noc").unwrap());
    batch.commit().unwrap();
    let ids: Vec<_> = store.due("noc", NOW, 9).unwrap().into_iter().map(|each| each.id).collect();
    assert_eq!(ids, due.into_iter().map(|each| each.id).collect::<Vec<_>>());
}

#[test]
fn what_failed_is_sent_anew_under_its_own_id() {
    let (_directory, mut store) = state();
    owing(&mut store, 2);
    let due = store.due("noc", NOW, 9).unwrap();
    let mut batch = store.batch(NOW).unwrap();
    let failed = Outcome::Failed { status: None, error: "connection refused".to_owned() };
    batch.settle(&due[0], &failed).unwrap();
    batch.settle(&due[1], &Outcome::Delivered { status: 200 }).unwrap();
    // A late answer to what is settled changes nothing.
    batch.settle(&due[1], &failed).unwrap();
    batch.commit().unwrap();
    let listed = store.deliveries(Some("noc"), Some("failed"), 9).unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].error.as_deref(), Some("connection refused"));
    let mut batch = store.batch(NOW).unwrap();
    assert_eq!(batch.replay("noc", &crate::Replay::Failed).unwrap(), 1);
    assert_eq!(batch.replay("noc", &crate::Replay::One(due[1].id.clone())).unwrap(), 1);
    assert_eq!(batch.replay("other", &crate::Replay::Failed).unwrap(), 0);
    batch.commit().unwrap();
    let again = store.due("noc", NOW, 9).unwrap();
    assert_eq!(again.len(), 2);
    assert!(again.iter().zip(&due).all(|(one, other)| one.id == other.id && one.attempts == 0));
}

#[test]
fn what_waits_for_a_receiver_that_is_back_is_owed_at_once_and_has_its_tries_left() {
    let (_directory, mut store) = state();
    owing(&mut store, 3);
    let due = store.due("noc", NOW, 9).unwrap();
    let later = NOW.plus_ns(86_400_000_000_000);
    let mut batch = store.batch(NOW).unwrap();
    for each in &due[..2] {
        let retry = Outcome::Retry { at: later, status: None, error: "refused".to_owned() };
        batch.settle(each, &retry).unwrap();
    }
    batch.settle(&due[2], &Outcome::Delivered { status: 200 }).unwrap();
    batch.commit().unwrap();
    assert_eq!(store.next_due("noc").unwrap(), Some(later));
    let mut batch = store.batch(NOW).unwrap();
    assert_eq!(batch.hasten("other").unwrap(), 0);
    assert_eq!(batch.hasten("noc").unwrap(), 2);
    assert_eq!(batch.hasten("noc").unwrap(), 0);
    batch.commit().unwrap();
    let again = store.due("noc", NOW, 9).unwrap();
    assert!(again.len() == 2 && again.iter().all(|each| each.attempts == 0));
}
