//! What the tests of this crate share, and the tests that go through all of it.

mod life_model;
mod upgrade;

use gridtap_model::{
    Anomaly, AnomalyId, Armed, Endpoint, IncidentId, Protocol, Severity, State, Timestamp,
};

use crate::{Act, Action, Person, Store, Target};

pub(crate) const NOW: Timestamp = Timestamp::from_nanos(1_714_557_600_000_000_000);

pub(crate) fn anomaly(id: u8, revision: u32) -> Anomaly {
    Anomaly {
        id: AnomalyId([id; 16]),
        incident: IncidentId([7; 16]),
        revision,
        state: State::UnacknowledgedActive,
        suppressed: None,
        time: NOW,
        last_time: NOW.plus_ns(u64::from(revision)),
        count: u64::from(revision),
        capture: None,
        frames: vec![4711],
        detection: "MB-29",
        name: "Unauthorised write",
        also: vec!["OT-03"],
        severity: Severity::Critical,
        score: 3.1,
        protocol: Protocol::Modbus,
        zone: "default".to_owned(),
        source: Endpoint::new([10, 0, 0, 99].into(), 50_211),
        destination: Endpoint::new([10, 0, 0, 21].into(), 502),
        device: "modbus 10.0.0.21 unit 3".to_owned(),
        points: vec!["coil 2".to_owned()],
        technique: vec!["T0855"],
        observed: "write single coil 2 := on".to_owned(),
        expected: "no host but 10.0.0.7 wrote to this device".to_owned(),
        advice: "ask the control room",
        baseline: Armed::Armed,
        key: None,
    }
}

/// A state that is gone with the test, and its directory.
pub(crate) fn state() -> (tempfile::TempDir, Store) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), NOW).unwrap();
    (directory, store)
}

/// An act of one operator.
pub(crate) fn act(target: Target, action: Action, comment: &str) -> Act {
    Act {
        target,
        action,
        by: Person {
            name: "shift lead".to_owned(),
            role: "operator".to_owned(),
            via: "cli".to_owned(),
        },
        comment: comment.to_owned(),
        expected_revision: None,
    }
}

pub(crate) fn id(nth: u8) -> String {
    AnomalyId([nth; 16]).to_string()
}

#[test]
fn what_was_acknowledged_is_read_once_with_the_time_that_it_took() {
    let (_directory, mut store) = state();
    let mut batch = store.batch(NOW).unwrap();
    batch.anomaly(&anomaly(1, 1)).unwrap();
    batch.anomaly(&anomaly(2, 1)).unwrap();
    batch.commit().unwrap();
    let (none, before) = store.acknowledged_after(0).unwrap();
    assert_eq!(none, []);
    let mut batch = store.batch(NOW.plus_ns(90_000_000_000)).unwrap();
    batch.act(&act(Target::Anomaly(id(2)), Action::Acknowledge, "")).unwrap();
    batch.act(&act(Target::Anomaly(id(1)), Action::Comment, "later")).unwrap();
    batch.commit().unwrap();
    let (found, after) = store.acknowledged_after(before).unwrap();
    let [one] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((&one.anomaly, one.delay_ns), (&id(2), 90_000_000_000));
    assert_eq!(one.who, "shift lead");
    assert_eq!(store.acknowledged_after(after).unwrap(), (Vec::new(), after));
    assert_eq!(store.acknowledged_after(i64::MAX).unwrap(), (Vec::new(), after));
}
