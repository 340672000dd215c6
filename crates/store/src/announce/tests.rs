use gridtap_model::{Severity, Timestamp};
use serde_json::Value;

use super::DIGEST_NS;
use crate::tests::{NOW, act, anomaly, id, state};
use crate::{Action, Announcement, Outcome, Store, Subscription, Target};

fn subscribed(store: &mut Store, digest_above: Option<u32>) {
    let announcement = Announcement {
        site: "north".to_owned(),
        sensor: "tap-1".to_owned(),
        attack_version: "17".to_owned(),
        links: Some("https://tap.example/".to_owned()),
    };
    let wants = |endpoint: &str, severity_min, types: &[&str]| Subscription {
        endpoint: endpoint.to_owned(),
        types: types.iter().map(|each| (*each).to_owned()).collect(),
        severity_min,
        digest_above,
    };
    store.announce(
        announcement,
        vec![
            wants("all", Severity::Info, &[]),
            wants("grave", Severity::Critical, &["anomaly.opened"]),
        ],
    );
}

fn find(store: &mut Store, nth: u8, revision: u32, severity: Severity, at: Timestamp) {
    let mut batch = store.batch(at).unwrap();
    let mut finding = anomaly(nth, revision);
    finding.severity = severity;
    batch.anomaly(&finding).unwrap();
    batch.commit().unwrap();
}

fn due(store: &Store, endpoint: &str) -> Vec<crate::Due> {
    store.due(endpoint, Timestamp::MAX, 1000).unwrap()
}

fn settle_all(store: &mut Store, endpoint: &str, now: Timestamp) -> Vec<crate::Due> {
    let mut all = Vec::new();
    loop {
        let some = store.due(endpoint, now, 1000).unwrap();
        if some.is_empty() {
            return all;
        }
        let mut batch = store.batch(now).unwrap();
        for each in &some {
            batch.settle(each, &Outcome::Delivered { status: 204 }).unwrap();
        }
        batch.commit().unwrap();
        all.extend(some);
    }
}

#[test]
fn a_change_is_owed_to_everyone_who_wants_it_with_the_record_in_it() {
    let (_directory, mut store) = state();
    subscribed(&mut store, None);
    find(&mut store, 1, 1, Severity::High, NOW);
    find(&mut store, 2, 1, Severity::Critical, NOW);
    assert_eq!(due(&store, "all").len(), 2);
    let grave = due(&store, "grave");
    assert_eq!(grave.len(), 1);
    let body: Value = serde_json::from_str(&grave[0].body).unwrap();
    assert_eq!(body["type"], "anomaly.opened");
    assert_eq!(body["timestamp"], NOW.to_string());
    let data = &body["data"];
    let mut record: Value =
        serde_json::from_str(&store.anomaly(&id(2)).unwrap().unwrap().record).unwrap();
    for (name, value) in [("site", "north"), ("sensor", "tap-1"), ("attack_version", "17")] {
        assert_eq!(data[name], value);
        record[name] = value.into();
    }
    let page = format!("https://tap.example/anomalies/{}", id(2));
    assert_eq!(data["links"]["ui"], page.as_str());
    record["links"] = data["links"].clone();
    assert_eq!(*data, record);
    // RFC 9562: version 7.
    assert_eq!(grave[0].id.as_bytes()[14], b'7');
    assert_ne!(due(&store, "all")[0].id, due(&store, "all")[1].id);
}

#[test]
fn of_each_anomaly_only_the_first_that_waits_is_due() {
    let (_directory, mut store) = state();
    subscribed(&mut store, None);
    find(&mut store, 1, 1, Severity::High, NOW);
    find(&mut store, 2, 1, Severity::High, NOW);
    find(&mut store, 1, 2, Severity::High, NOW);
    let first = due(&store, "all");
    assert_eq!(
        first.iter().map(|each| each.kind.as_str()).collect::<Vec<_>>(),
        ["anomaly.opened"; 2]
    );
    let later = NOW.plus_ns(5_000_000_000);
    let mut batch = store.batch(NOW).unwrap();
    let retry = Outcome::Retry { at: later, status: Some(500), error: "500".to_owned() };
    batch.settle(&first[0], &retry).unwrap();
    batch.settle(&first[1], &Outcome::Delivered { status: 200 }).unwrap();
    batch.commit().unwrap();
    assert!(
        store.due("all", NOW, 9).unwrap().is_empty(),
        "the update waits behind what it updates"
    );
    assert_eq!(store.next_due("all").unwrap(), Some(later));
    let again = store.due("all", later, 9).unwrap();
    assert_eq!((again[0].id.as_str(), again[0].attempts), (first[0].id.as_str(), 1));
    let told = settle_all(&mut store, "all", later);
    assert_eq!(
        told.iter().map(|each| each.kind.as_str()).collect::<Vec<_>>(),
        ["anomaly.opened", "anomaly.updated"]
    );
}

#[test]
fn what_is_over_the_limit_is_held_and_named_in_a_digest_and_critical_ones_pass() {
    let (_directory, mut store) = state();
    subscribed(&mut store, Some(3));
    for nth in 1..=6 {
        find(&mut store, nth, 1, Severity::High, NOW);
    }
    find(&mut store, 7, 1, Severity::Critical, NOW);
    find(&mut store, 1, 2, Severity::High, NOW);
    // It was held, and became critical: it goes first as what it was.
    find(&mut store, 5, 2, Severity::Critical, NOW);
    let passed: Vec<_> =
        settle_all(&mut store, "all", NOW).into_iter().filter_map(|each| each.anomaly).collect();
    assert_eq!(passed, [id(1), id(2), id(3), id(5), id(7), id(5)]);
    let digests = |store: &mut Store, at: Timestamp| {
        let mut batch = store.batch(at).unwrap();
        let count = batch.digest_due("all").unwrap();
        batch.commit().unwrap();
        count
    };
    assert_eq!(digests(&mut store, NOW.plus_ns(DIGEST_NS - 1)), 0);
    let then = NOW.plus_ns(DIGEST_NS);
    assert_eq!(digests(&mut store, then), 1);
    assert_eq!(digests(&mut store, then), 0);
    let digest = settle_all(&mut store, "all", then);
    let body: Value = serde_json::from_str(&digest[0].body).unwrap();
    assert_eq!(body["type"], "anomaly.digest");
    let named: Vec<_> = body["data"]["anomalies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| each["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(named, [id(1), id(4), id(6)], "each that was held, by its id");
    assert!(
        store
            .deliveries(None, Some("digested"), 9)
            .unwrap()
            .iter()
            .all(|each| { each.digest.as_deref() == Some(digest[0].id.as_str()) })
    );
}

#[test]
fn an_update_of_what_is_held_is_held_too() {
    let (_directory, mut store) = state();
    subscribed(&mut store, Some(1));
    find(&mut store, 1, 1, Severity::High, NOW);
    find(&mut store, 2, 1, Severity::High, NOW);
    // There is room again, and the digest that names the first finding was not written yet.
    find(&mut store, 2, 2, Severity::High, NOW.plus_ns(DIGEST_NS));
    assert_eq!(settle_all(&mut store, "all", Timestamp::MAX).len(), 1);
    assert_eq!(store.deliveries(None, Some("held"), 9).unwrap().len(), 2);
}

#[test]
fn a_digest_of_very_many_is_several_and_each_stays_small() {
    let (_directory, mut store) = state();
    subscribed(&mut store, Some(0));
    for nth in 0..=150 {
        find(&mut store, nth, 1, Severity::High, NOW);
    }
    let then = NOW.plus_ns(DIGEST_NS);
    let mut batch = store.batch(then).unwrap();
    assert_eq!(batch.digest_due("all").unwrap(), 3);
    batch.commit().unwrap();
    let digests = settle_all(&mut store, "all", then);
    assert!(digests.iter().all(|each| each.body.len() < 20_000));
    let text: String = digests.iter().map(|each| each.body.as_str()).collect();
    assert!((0..=150).all(|nth| text.contains(&id(nth))));
}

#[test]
fn the_same_revision_in_other_words_is_kept_and_told_to_nobody() {
    let (_directory, mut store) = state();
    subscribed(&mut store, None);
    find(&mut store, 1, 1, Severity::High, NOW);
    let mut batch = store.batch(NOW).unwrap();
    let mut other = anomaly(1, 1);
    other.expected = "another sentence, from a baseline that has learned since".to_owned();
    assert_eq!(batch.anomaly(&other).unwrap().event, None);
    batch.act(&act(Target::Anomaly(id(1)), Action::Acknowledge, "")).unwrap();
    other.expected.push('.');
    let told = batch.anomaly(&other).unwrap();
    assert_eq!((told.event, told.standpoint.revision), (None, 2));
    batch.commit().unwrap();
    let kinds: Vec<_> =
        settle_all(&mut store, "all", NOW).into_iter().map(|each| each.kind).collect();
    assert_eq!(kinds, ["anomaly.opened", "anomaly.acknowledged"]);
    let stands = store.anomaly(&id(1)).unwrap().unwrap();
    assert!(stands.record.contains("another sentence"), "{}", stands.record);
    assert!(store.check(None).unwrap().faults.is_empty());
}

#[test]
fn what_is_shelved_is_not_told_again_until_it_comes_back() {
    let (_directory, mut store) = state();
    subscribed(&mut store, None);
    find(&mut store, 1, 1, Severity::High, NOW);
    let mut batch = store.batch(NOW).unwrap();
    let shelve = Action::Shelve { until: NOW.plus_ns(10) };
    batch.act(&act(Target::Anomaly(id(1)), shelve, "test")).unwrap();
    batch.anomaly(&anomaly(1, 2)).unwrap();
    batch.commit().unwrap();
    let mut batch = store.batch(NOW.plus_ns(10)).unwrap();
    batch.unshelve_due().unwrap();
    batch.commit().unwrap();
    let kinds: Vec<_> =
        settle_all(&mut store, "all", NOW.plus_ns(10)).into_iter().map(|each| each.kind).collect();
    assert_eq!(kinds, ["anomaly.opened", "anomaly.shelved", "anomaly.unshelved"]);
}

#[test]
fn what_was_declared_beforehand_is_told_as_that_and_takes_no_alarm_s_place() {
    let (_directory, mut store) = state();
    subscribed(&mut store, Some(3));
    let mut batch = store.batch(NOW).unwrap();
    for nth in 1..=9 {
        let mut finding = anomaly(nth, 1);
        finding.severity = Severity::High;
        finding.suppressed = Some("plan 17".to_owned());
        assert_eq!(batch.anomaly(&finding).unwrap().event, Some(crate::Event::Suppressed));
        finding.revision = 2;
        finding.count = 2;
        batch.anomaly(&finding).unwrap();
    }
    batch.commit().unwrap();
    let kinds = |store: &Store, endpoint: &str| -> Vec<String> {
        due(store, endpoint).iter().map(|each| each.kind.clone()).collect()
    };
    assert_eq!(kinds(&store, "all"), ["anomaly.suppressed"; 9]);
    find(&mut store, 10, 1, Severity::High, NOW);
    assert_eq!(
        kinds(&store, "all").last().unwrap(),
        "anomaly.opened",
        "it is not held for a digest"
    );
    // Where alarms are gathered it is not gathered with them.
    (11..=15).for_each(|nth| find(&mut store, nth, 1, Severity::High, NOW));
    let mut batch = store.batch(NOW).unwrap();
    let mut finding = anomaly(16, 1);
    finding.severity = Severity::High;
    finding.suppressed = Some("plan 17".to_owned());
    batch.anomaly(&finding).unwrap();
    batch.commit().unwrap();
    assert_eq!(kinds(&store, "all").last().unwrap(), "anomaly.suppressed");
    assert!(!store.deliveries(Some("all"), Some("held"), 9).unwrap().is_empty(), "alarms are");

    // Neither that it is over nor what people do about it is news for those who never heard an alarm.
    let mut batch = store.batch(NOW).unwrap();
    batch.clear_quiet(Timestamp::MAX, 100).unwrap();
    batch.commit().unwrap();
    let all = store.deliveries(Some("all"), None, 100).unwrap();
    assert_eq!(all.iter().filter(|each| each.due.kind == "anomaly.cleared").count(), 6);

    let found = |suppressed| {
        let filter = crate::Filter { suppressed, ..crate::Filter::default() };
        store.find(&filter, &crate::Page::default()).unwrap()
    };
    assert_eq!((found(Some(true)).len(), found(Some(false)).len(), found(None).len()), (10, 6, 16));
    let one = &found(Some(true))[1];
    assert_eq!(one.suppressed.as_deref(), Some("plan 17"));
    let record: Value = serde_json::from_str(&one.record).unwrap();
    assert_eq!((&record["suppressed"], &record["severity"]), (&"plan 17".into(), &"high".into()));
    assert_eq!(one.record.matches("suppressed").count(), 1, "{}", one.record);
    let suppressed: u64 = store.suppressed().unwrap().iter().map(|(_, count)| count).sum();
    let standing: u64 = store.standings().unwrap().iter().map(|(_, _, count, _)| count).sum();
    assert_eq!((suppressed, standing), (10, 6));
}
