use gridtap_model::{Severity, State};

use crate::tests::{NOW, act, anomaly, id, state};
use crate::{Action, Filter, Page, Sort, Store, Target};

/// Twenty anomalies, two a second, of changing severity.
fn filled() -> (tempfile::TempDir, Store) {
    let (directory, mut store) = state();
    let mut batch = store.batch(NOW).unwrap();
    for nth in 0..20_u8 {
        let mut finding = anomaly(nth, 1);
        finding.time = NOW.plus_ns(u64::from(nth / 2) * 1_000_000_000);
        finding.last_time = finding.time;
        finding.severity = Severity::ALL[usize::from(nth % 5)];
        finding.incident.0 = [nth / 4; 16];
        finding.device = format!("modbus 10.0.0.{} unit 1", nth % 3);
        finding.zone = if nth < 10 { "a".to_owned() } else { "b_".to_owned() };
        batch.anomaly(&finding).unwrap();
    }
    for nth in 0..5 {
        batch.act(&act(Target::Anomaly(id(nth)), Action::Acknowledge, "")).unwrap();
    }
    batch.commit().unwrap();
    (directory, store)
}

fn all_pages(store: &Store, filter: &Filter, sort: Sort, limit: u32) -> Vec<String> {
    let mut page = Page { sort, after: None, limit };
    let mut found = Vec::new();
    loop {
        let some = store.find(filter, &page).unwrap();
        let Some(last) = some.last() else { return found };
        page.after = Some(last.id.clone());
        found.extend(some.into_iter().map(|each| each.id));
    }
}

#[test]
fn pages_in_every_order_give_each_anomaly_once() {
    let (_directory, store) = filled();
    let any = Filter::default();
    let oldest: Vec<_> = (0..20).map(id).collect();
    for limit in [1, 3, 20, 50] {
        assert_eq!(all_pages(&store, &any, Sort::Oldest, limit), oldest, "{limit}");
        let mut newest = all_pages(&store, &any, Sort::Newest, limit);
        newest.reverse();
        assert_eq!(newest, oldest, "{limit}");
        let worst = all_pages(&store, &any, Sort::Severity, limit);
        assert_eq!(worst[..4], [id(19), id(14), id(9), id(4)], "{limit}");
        assert_eq!(worst.len(), 20);
    }
}

#[test]
fn each_filter_leaves_what_it_names() {
    let (_directory, store) = filled();
    let count = |filter: Filter| {
        let found = store.find(&filter, &Page::default()).unwrap().len();
        assert_eq!(store.count(&filter).unwrap(), u64::try_from(found).unwrap());
        found
    };
    let any = Filter::default;
    assert_eq!(count(Filter { states: vec![State::AcknowledgedActive], ..any() }), 5);
    assert_eq!(count(Filter { states: vec![State::Closed, State::Cleared], ..any() }), 0);
    assert_eq!(count(Filter { severity_min: Some(Severity::High), ..any() }), 8);
    assert_eq!(count(Filter { zone: Some("b_".to_owned()), ..any() }), 10);
    assert_eq!(count(Filter { device: Some("modbus 10.0.0.1 unit 1".to_owned()), ..any() }), 7);
    assert_eq!(count(Filter { source: Some("10.0.0.99".to_owned()), ..any() }), 20);
    assert_eq!(count(Filter { source: Some("10.0.0.99:50211".to_owned()), ..any() }), 20);
    assert_eq!(count(Filter { source: Some("10.0.0.9".to_owned()), ..any() }), 0);
    assert_eq!(count(Filter { source: Some("%".to_owned()), ..any() }), 0);
    let third = NOW.plus_ns(2_000_000_000);
    assert_eq!(count(Filter { since: Some(third), ..any() }), 16);
    assert_eq!(count(Filter { until: Some(third), ..any() }), 4);
    assert_eq!(count(Filter { shelved: Some(true), ..any() }), 0);
    assert_eq!(count(Filter { detection: Some("MB-29".to_owned()), ..any() }), 20);
    let injected = "x' OR 1 --".to_owned();
    assert_eq!(count(Filter { zone: Some(injected), ..any() }), 0);
}

#[test]
fn incidents_come_with_their_sums_and_the_record_that_stands_for_them() {
    let (_directory, store) = filled();
    let page = Page { sort: Sort::Oldest, after: None, limit: 2 };
    let first = store.incidents(&Filter::default(), &page).unwrap();
    assert_eq!(first.len(), 2);
    let (one, two) = (&first[0], &first[1]);
    assert_eq!((one.anomalies, one.open, one.unacknowledged, one.revision), (4, 4, 0, 8));
    assert_eq!((two.unacknowledged, two.severity), (3, Severity::Critical));
    assert!(one.record.contains(&id(3)), "the worst of four: {}", one.record);
    let next = Page { after: Some(two.id.clone()), ..page };
    let rest = store.incidents(&Filter::default(), &next).unwrap();
    assert_eq!(rest[0].time, NOW.plus_ns(4_000_000_000));
    let critical = Filter { severity_min: Some(Severity::Critical), ..Filter::default() };
    assert_eq!(store.incidents(&critical, &Page::default()).unwrap().len(), 4);
}

#[test]
fn an_anomaly_is_found_by_its_id_or_the_beginning_of_it() {
    let (_directory, store) = filled();
    let whole = id(3);
    assert_eq!(store.anomaly(&whole).unwrap().unwrap().id, whole);
    let (begin, too_little) = (whole.get(..8).unwrap(), whole.get(..7).unwrap());
    assert_eq!(store.anomaly(begin).unwrap().unwrap().id, whole);
    assert_eq!(store.anomaly(too_little).unwrap(), None);
    assert_eq!(store.anomaly("%%%%%%%%").unwrap(), None);
}
