use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use gridtap_model::State;

use crate::tests::{NOW, act, anomaly, id, state};
use crate::{ActError, Action, Store, StoreError, Target, Writer};

#[test]
fn jobs_from_many_threads_are_all_stored_and_each_has_its_own_answer() {
    let (directory, store) = state();
    let commits = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&commits);
    let writer = Writer::start(
        store,
        || NOW,
        move || {
            let _ = count.fetch_add(1, Ordering::Relaxed);
        },
    )
    .unwrap();
    std::thread::scope(|scope| {
        for nth in 0..40_u8 {
            let handle = writer.handle();
            scope.spawn(move || {
                let told = handle.run(move |batch| batch.anomaly(&anomaly(nth, 1))).unwrap();
                assert_eq!(told.standpoint.id, id(nth));
                // What was answered is there for others, at once.
                let done = handle.act(act(Target::Anomaly(id(nth)), Action::Acknowledge, ""));
                assert_eq!(done.unwrap()[0].state, State::AcknowledgedActive);
            });
        }
    });
    let reader = Store::read(directory.path()).unwrap();
    assert_eq!(reader.anomalies().unwrap().len(), 40);
    assert!((1..=80).contains(&commits.load(Ordering::Relaxed)));
    let store = writer.stop().unwrap();
    assert_eq!(store.audit_log(0, 99).unwrap().len(), 40);
}

#[test]
fn a_job_that_fails_takes_nothing_of_the_others_with_it() {
    let (_directory, store) = state();
    let writer = Writer::start(store, || NOW, || {}).unwrap();
    let handle = writer.handle();
    handle.run(|batch| batch.anomaly(&anomaly(1, 1)).map(drop)).unwrap();
    let failed: Result<(), StoreError> = handle.run(|batch| {
        batch.anomaly(&anomaly(2, 1))?;
        Err(StoreError::Stopped)
    });
    assert!(failed.is_err());
    let refused = handle.act(act(Target::Anomaly(id(1)), Action::Unacknowledge, ""));
    assert!(matches!(refused, Err(ActError::Refused { .. })));
    let store = writer.stop().unwrap();
    assert_eq!(store.anomalies().unwrap().len(), 1);
    assert_eq!(store.audit_log(0, 9).unwrap().len(), 1, "the refusal is noted");
    let late: Result<(), StoreError> = handle.run(|_| Ok(()));
    assert!(matches!(late, Err(StoreError::Stopped)));
}
