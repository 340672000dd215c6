use gridtap_model::{State, Timestamp};

use crate::tests::{NOW, act, anomaly, id, state};
use crate::{
    Action, Audit, Commanded, Disposition, Evidence, Pruned, Retained, Retention, Store, Target,
};

fn by() -> Audit {
    Audit {
        who: "gridtap".to_owned(),
        role: String::new(),
        via: "retention".to_owned(),
        action: "prune".to_owned(),
        subject: "state".to_owned(),
        outcome: "done".to_owned(),
        detail: String::new(),
    }
}

/// Two anomalies with evidence, the first of them closed, and a command.
fn filled() -> (tempfile::TempDir, Store) {
    let (directory, mut store) = state();
    let mut batch = store.batch(NOW).unwrap();
    for nth in 1..=2 {
        batch.anomaly(&anomaly(nth, 1)).unwrap();
        let evidence = Evidence {
            pcap: vec![nth; 200_000],
            frames: 1,
            missing: 0,
            note: String::new(),
            at: NOW,
        };
        batch.evidence(&id(nth), &evidence).unwrap();
        batch.act(&act(Target::Anomaly(id(nth)), Action::Acknowledge, "")).unwrap();
    }
    let close = Action::Close { disposition: Disposition::TruePositive };
    batch.act(&act(Target::Anomaly(id(1)), close, "")).unwrap();
    let record = "{}".to_owned();
    batch
        .command(
            &Commanded { time: NOW, source: "a".to_owned(), device: "b".to_owned(), record },
            None,
        )
        .unwrap();
    batch.commit().unwrap();
    (directory, store)
}

#[test]
fn what_is_old_and_closed_goes_and_what_is_open_is_held() {
    let (_directory, mut store) = filled();
    let later = NOW.plus_ns(1);
    let keep = Retention { before: NOW, octets_max: u64::MAX, commands_max: u64::MAX };
    assert_eq!(store.prune(keep, later, &by()).unwrap(), Pruned::default());
    assert_eq!(store.audit_log(0, 99).unwrap().len(), 3, "nothing forgotten, nothing noted");
    let pruned = store.prune(Retention { before: later, ..keep }, later, &by()).unwrap();
    assert_eq!(pruned, Pruned { anomalies: 1, commands: 1, ..Pruned::default() });
    assert_eq!(store.anomaly(&id(1)).unwrap(), None);
    assert!(store.history_of(&id(1)).unwrap().is_empty());
    assert_eq!(store.evidence_of(&id(1)).unwrap(), None);
    assert_eq!(store.anomaly(&id(2)).unwrap().unwrap().state, State::AcknowledgedActive);
    assert_eq!(store.evidence_of(&id(2)).unwrap().unwrap().pcap, vec![2; 200_000]);
    let noted = store.audit_log(3, 9).unwrap();
    assert_eq!(
        noted[0].row.detail,
        "1 closed anomalies with their evidence, 1 commands, 0 deliveries"
    );
    assert!(store.check(None).unwrap().faults.is_empty());
}

#[test]
fn a_state_that_is_too_large_lets_the_oldest_of_what_is_closed_go_however_young() {
    let (_directory, mut store) = filled();
    let octets = store.octets().unwrap();
    assert!(octets > 400_000, "{octets}");
    let small = Retention { before: Timestamp::MIN, octets_max: 100_000, commands_max: u64::MAX };
    assert_eq!(store.prune(small, NOW, &by()).unwrap().anomalies, 1);
    assert!(store.octets().unwrap() < octets - 150_000);
    assert!(store.anomaly(&id(2)).unwrap().is_some(), "the hold beats the limit");
}

#[test]
fn where_the_size_decides_evidence_goes_before_records_and_no_more_than_must() {
    let (_directory, mut store) = filled();
    let octets = store.octets().unwrap();
    let retention =
        Retention { before: Timestamp::MIN, octets_max: octets - 100_000, commands_max: u64::MAX };
    let mut batch = store.batch(NOW).unwrap();
    let first = batch.retain(retention, &by()).unwrap();
    assert_eq!(first.pruned, Pruned { evidence: 1, ..Pruned::default() });
    assert_eq!(batch.retain(retention, &by()).unwrap(), Retained::default(), "that was enough");
    // What is left is open: it is held, and that is said.
    let tiny = Retention { octets_max: 1000, ..retention };
    assert_eq!(batch.retain(tiny, &by()).unwrap().pruned.anomalies, 1);
    let held = batch.retain(tiny, &by()).unwrap();
    assert_eq!(held.pruned, Pruned::default());
    assert!(held.held_over > 200_000, "{held:?}");
    batch.commit().unwrap();
    assert!(store.anomaly(&id(1)).unwrap().is_none());
    assert_eq!(store.evidence_of(&id(2)).unwrap().unwrap().pcap.len(), 200_000);
    let rows = store.audit_log(0, 99).unwrap();
    assert!(rows.iter().any(|each| {
        each.row.detail.ends_with("the evidence of 1 more, because the state is too large")
    }));
}

#[test]
fn the_database_refuses_to_delete_what_is_open_and_history_that_has_its_anomaly() {
    let (_directory, store) = filled();
    for sql in [
        format!("DELETE FROM anomaly WHERE id = '{}'", id(2)),
        "DELETE FROM anomaly_history".to_owned(),
        "UPDATE anomaly_history SET who = 'x'".to_owned(),
    ] {
        assert!(store.connection.execute(&sql, []).is_err(), "{sql}");
    }
}

#[test]
fn a_backup_is_a_whole_state_taken_while_it_is_written() {
    let (directory, mut store) = filled();
    let copy = tempfile::tempdir().unwrap();
    let file = copy.path().join("gridtap.db");
    let reader = Store::read(directory.path()).unwrap();
    let mut batch = store.batch(NOW).unwrap();
    batch.anomaly(&anomaly(3, 1)).unwrap();
    reader.backup(&file).unwrap();
    batch.commit().unwrap();
    assert!(store.backup(&file).unwrap_err().to_string().contains("there already"));
    assert!(store.backup(&copy.path().join("no/such")).is_err());
    let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let restored = Store::open(copy.path(), NOW).unwrap();
    assert_eq!(restored.anomalies().unwrap().len(), 2, "as it stood before the batch");
    assert!(restored.check(None).unwrap().faults.is_empty());
}

#[test]
fn a_record_that_is_not_as_its_history_tells_is_found() {
    let (_directory, store) = filled();
    let sql = "UPDATE anomaly SET record = replace(record, 'critical', 'low')";
    store.connection.execute(sql, []).unwrap();
    let faults = store.check(None).unwrap().faults;
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(faults[0].contains("not as its history tells"), "{faults:?}");
}
