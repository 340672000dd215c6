//! States that earlier versions wrote open with everything in them.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use gridtap_model::{State, Timestamp};

use crate::tests::{NOW, act};
use crate::{Action, Decision, Filter, Store, Target};

/// A state as that version of gridtap left it, in a directory of its own.
fn written_by(version: u32) -> tempfile::TempDir {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(format!("../../fixtures/state/schema-{version}.db.gz"));
    let mut octets = Vec::new();
    flate2::read::GzDecoder::new(File::open(path).unwrap()).read_to_end(&mut octets).unwrap();
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("gridtap.db"), octets).unwrap();
    directory
}

#[test]
fn a_state_of_schema_1_opens_with_everything_in_it() {
    let directory = written_by(1);
    let old = rusqlite::Connection::open(directory.path().join("gridtap.db")).unwrap();
    let records = |sql: &str| -> Vec<String> {
        let mut statement = old.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let anomalies = records("SELECT record FROM anomaly ORDER BY time_ns, id");
    let history = records("SELECT record FROM anomaly_history ORDER BY sequence");
    let baseline = records("SELECT row FROM baseline ORDER BY key");
    assert_eq!((anomalies.len(), history.len(), baseline.len()), (16, 50, 1243));
    drop(old);

    let mut store = Store::open(directory.path(), NOW).unwrap();
    let found = store.anomalies().unwrap();
    assert_eq!(found.iter().map(|each| each.record.clone()).collect::<Vec<_>>(), anomalies);
    let told: Vec<_> = store.history().unwrap().into_iter().map(|each| each.record).collect();
    assert_eq!(told, history);
    let rows: Vec<_> = store.baseline_rows().unwrap().into_iter().map(|(_, row)| row).collect();
    assert_eq!(rows, baseline);
    assert_eq!(store.approvals().unwrap()[0].action, Decision::SignOff);
    assert_eq!(store.captures().unwrap()[0].path, "fixtures/demo.pcapng");
    assert!(store.check(None).unwrap().faults.is_empty());

    // What was known before can be looked for and acted on like what comes now.
    let of_stranger = Filter { source: Some("10.71.81.119".to_owned()), ..Filter::default() };
    let page = crate::Page::default();
    let theirs = store.find(&of_stranger, &page).unwrap();
    assert!(!theirs.is_empty() && theirs.len() < 16, "{}", theirs.len());
    let mut batch = store.batch(Timestamp::from_nanos(NOW.nanos() + 1)).unwrap();
    let target = Target::Anomaly(found[0].id.clone());
    let done = batch.act(&act(target, Action::Acknowledge, "")).unwrap();
    batch.commit().unwrap();
    assert_eq!(done[0].state, State::AcknowledgedActive);
    assert_eq!(done[0].revision, found[0].revision + 1);
    let happened = store.history_of(&found[0].id).unwrap();
    assert_eq!(happened[0].event, "opened");
    assert_eq!(happened.last().unwrap().event, "acknowledged");
}
