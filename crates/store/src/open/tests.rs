use std::fs;

use gridtap_model::Timestamp;
use tempfile::tempdir;

use crate::{Approval, Capture, Decision, Store, StoreError, VERSION};

use crate::tests::{NOW, anomaly};

#[test]
fn what_was_committed_is_there_when_the_state_opens_again() {
    let directory = tempdir().unwrap();
    let state = directory.path().join("a/b");
    {
        let mut store = Store::open(&state, NOW).unwrap();
        assert!(store.is_new());
        let mut batch = store.batch(Timestamp::from_nanos(7)).unwrap();
        batch.anomaly(&anomaly(1, 1)).unwrap();
        batch.baseline_row("flow a b", "{\"count\":1}").unwrap();
        batch.baseline_row("flow a c", "{\"count\":1}").unwrap();
        batch.baseline_row("flow a b", "{\"count\":2}").unwrap();
        batch.forget_baseline_row("flow a c").unwrap();
        batch.baseline_state(1, "{}").unwrap();
        batch.meta("sensor", "substation-17").unwrap();
        batch.commit().unwrap();
    }
    let store = Store::open(&state, NOW).unwrap();
    assert!(!store.is_new());
    let stored = store.anomalies().unwrap();
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0].record, serde_json::to_string(&anomaly(1, 1)).unwrap());
    assert_eq!(
        store.baseline_rows().unwrap(),
        [("flow a b".to_owned(), "{\"count\":2}".to_owned())]
    );
    assert_eq!(store.baseline_state().unwrap(), Some((1, "{}".to_owned())));
    assert_eq!(store.meta("sensor").unwrap().as_deref(), Some("substation-17"));
    assert_eq!(store.meta("created_ns").unwrap(), Some(NOW.nanos().to_string()));
}

#[test]
fn a_batch_that_is_dropped_stores_nothing() {
    let mut store = Store::temporary(NOW).unwrap();
    let mut batch = store.batch(Timestamp::from_nanos(7)).unwrap();
    batch.anomaly(&anomaly(1, 1)).unwrap();
    drop(batch);
    assert!(store.anomalies().unwrap().is_empty());
    assert!(store.history().unwrap().is_empty());
}

#[test]
fn the_newest_revision_stands_and_every_one_is_history() {
    let mut store = Store::temporary(NOW).unwrap();
    for revision in [1, 2, 2, 1] {
        let mut batch = store.batch(Timestamp::from_nanos(7)).unwrap();
        batch.anomaly(&anomaly(1, revision)).unwrap();
        batch.commit().unwrap();
    }
    assert_eq!(store.anomalies().unwrap()[0].revision, 2);
    let told: Vec<_> = store.history().unwrap().iter().map(|told| told.revision).collect();
    assert_eq!(told, [1, 2], "the same revision told again is one row");
}

#[test]
fn history_and_approvals_can_only_be_added_to() {
    let mut store = Store::temporary(NOW).unwrap();
    let approval = Approval {
        action: Decision::Accept,
        key: "command 10.0.0.7 coil 2".to_owned(),
        who: "a.meyer".to_owned(),
        at: NOW,
        reason: "switching plan 17".to_owned(),
        until: Some(NOW.plus_ns(1)),
    };
    let mut batch = store.batch(Timestamp::from_nanos(7)).unwrap();
    batch.anomaly(&anomaly(1, 1)).unwrap();
    batch.approval(&approval).unwrap();
    batch.commit().unwrap();
    for sql in [
        "UPDATE anomaly_history SET record = ''",
        "DELETE FROM anomaly_history",
        "UPDATE approval SET who = ''",
        "DELETE FROM approval",
    ] {
        let error = store.connection.execute(sql, []).unwrap_err().to_string();
        assert!(error.contains("only added to"), "{sql}: {error}");
    }
    assert_eq!(store.approvals().unwrap(), [approval]);
}

#[test]
fn a_capture_is_known_by_its_content() {
    let mut store = Store::temporary(NOW).unwrap();
    let mut capture = Capture {
        fingerprint: "f".to_owned(),
        path: "a.pcap".to_owned(),
        frames: 10,
        complete: false,
        at: NOW,
    };
    for frames in [10, 20] {
        capture.frames = frames;
        capture.complete = frames == 20;
        let mut batch = store.batch(Timestamp::from_nanos(7)).unwrap();
        batch.capture(&capture).unwrap();
        batch.commit().unwrap();
    }
    assert_eq!(store.captures().unwrap(), [capture]);
}

#[test]
fn a_second_writer_is_refused_and_a_reader_is_not() {
    let directory = tempdir().unwrap();
    let mut first = Store::open(directory.path(), NOW).unwrap();
    let error = Store::open(directory.path(), NOW).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, StoreError::InUse { .. }), "{text}");
    assert!(text.contains(&format!("process {}", std::process::id())), "{text}");
    let mut batch = first.batch(Timestamp::from_nanos(7)).unwrap();
    batch.anomaly(&anomaly(1, 1)).unwrap();
    let reader = Store::read(directory.path()).unwrap();
    assert!(reader.anomalies().unwrap().is_empty());
    batch.commit().unwrap();
    assert_eq!(reader.anomalies().unwrap().len(), 1);
    drop(first);
    Store::open(directory.path(), NOW).unwrap();
}

#[test]
fn a_reader_cannot_write() {
    let directory = tempdir().unwrap();
    drop(Store::open(directory.path(), NOW).unwrap());
    let mut reader = Store::read(directory.path()).unwrap();
    let written =
        reader.batch(Timestamp::from_nanos(7)).and_then(|mut batch| batch.meta("sensor", "x"));
    assert!(written.is_err());
}

#[test]
fn a_state_of_a_newer_version_is_refused_and_left_as_it_was() {
    let directory = tempdir().unwrap();
    let store = Store::open(directory.path(), NOW).unwrap();
    store.connection.pragma_update(None, "user_version", VERSION + 1).unwrap();
    drop(store);
    let before = fs::read(directory.path().join("gridtap.db")).unwrap();
    for error in [
        Store::open(directory.path(), NOW).unwrap_err(),
        Store::read(directory.path()).unwrap_err(),
    ] {
        let text = error.to_string();
        assert!(matches!(error, StoreError::Newer { .. }), "{text}");
        assert!(text.contains("newer gridtap"), "{text}");
    }
    assert_eq!(fs::read(directory.path().join("gridtap.db")).unwrap(), before);
}

#[test]
fn what_is_not_a_gridtap_state_is_left_untouched() {
    for content in
        [&b"SQLite? not at all, but long enough to be taken for a header of one...."[..], b"x"]
    {
        let directory = tempdir().unwrap();
        let file = directory.path().join("gridtap.db");
        fs::write(&file, content).unwrap();
        let error = Store::open(directory.path(), NOW).unwrap_err();
        assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
        assert!(matches!(Store::read(directory.path()), Err(StoreError::Foreign { .. })));
        assert_eq!(fs::read(&file).unwrap(), content);
    }
    let directory = tempdir().unwrap();
    let other = rusqlite::Connection::open(directory.path().join("gridtap.db")).unwrap();
    other.execute_batch("CREATE TABLE theirs (x)").unwrap();
    drop(other);
    let error = Store::open(directory.path(), NOW).unwrap_err();
    assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
}

#[test]
fn a_file_or_nothing_where_a_state_should_be_is_said() {
    let directory = tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(matches!(Store::open(&file, NOW), Err(StoreError::NotDirectory { .. })));
    assert!(matches!(Store::open(&file.join("below"), NOW), Err(StoreError::Unwritable { .. })));
    assert!(matches!(Store::read(directory.path()), Err(StoreError::Absent { .. })));
}

#[test]
fn only_the_owner_may_read_the_state() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempdir().unwrap();
    let state = directory.path().join("state");
    let mut store = Store::open(&state, NOW).unwrap();
    let mut batch = store.batch(Timestamp::from_nanos(7)).unwrap();
    batch.meta("sensor", "x").unwrap();
    batch.commit().unwrap();
    assert_eq!(fs::metadata(&state).unwrap().permissions().mode() & 0o777, 0o700);
    for entry in fs::read_dir(&state).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", entry.path().display());
    }
}

#[test]
fn when_the_disk_is_full_what_was_stored_before_stays() {
    let directory = tempdir().unwrap();
    let mut store = Store::open(directory.path(), NOW).unwrap();
    let mut batch = store.batch(Timestamp::from_nanos(7)).unwrap();
    batch.anomaly(&anomaly(1, 1)).unwrap();
    batch.commit().unwrap();
    let pages: i64 = store.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    store.connection.pragma_update(None, "max_page_count", pages).unwrap();
    let long = "x".repeat(1 << 20);
    let mut batch = store.batch(Timestamp::from_nanos(7)).unwrap();
    let told = batch.anomaly(&anomaly(2, 1));
    let error = told.and_then(|_| batch.baseline_row("key", &long)).unwrap_err();
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    drop(batch);
    drop(store);
    let store = Store::open(directory.path(), NOW).unwrap();
    assert_eq!(store.anomalies().unwrap().len(), 1);
}

#[test]
fn the_database_can_be_asked_for_incidents() {
    let mut store = Store::temporary(NOW).unwrap();
    let mut batch = store.batch(Timestamp::from_nanos(7)).unwrap();
    for id in 1..=3 {
        batch.anomaly(&anomaly(id, 2)).unwrap();
    }
    batch.commit().unwrap();
    let (anomalies, count, severity): (i64, i64, i64) = store
        .connection
        .query_row("SELECT anomalies, count, severity FROM incident", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .unwrap();
    assert_eq!((anomalies, count, severity), (3, 6, 4));
}
