//! Acting on anomalies: what is done is there afterwards, with who and why, whatever is heard again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gridtap_model::Timestamp;
use gridtap_store::Store;
use serde_json::Value;
use tempfile::{TempDir, tempdir};

use crate::run::{Ran, gridtap, run};
use crate::traffic::{DEVICES, MASTER, STRANGER, Traffic};

/// A state that heard a master and a stranger switch, and the capture that it heard.
struct Heard {
    directory: TempDir,
    state: PathBuf,
    capture: PathBuf,
}

impl Heard {
    fn new() -> Self {
        let directory = tempdir().unwrap();
        let (state, capture) =
            (directory.path().join("state"), directory.path().join("attacked.pcap"));
        let mut traffic = Traffic::polls(270);
        traffic.switches(240.5, STRANGER, DEVICES[0]);
        traffic.switches(250.5, MASTER, DEVICES[1]);
        traffic.write(&capture);
        let heard = Self { directory, state, capture };
        assert_eq!(heard.monitor().code, Some(0));
        heard
    }

    fn state(&self) -> &str {
        self.state.to_str().unwrap()
    }

    fn monitor(&self) -> Ran {
        run([
            "monitor",
            "--quiet",
            "--read",
            self.capture.to_str().unwrap(),
            "--set",
            "baseline.block=10s",
            "--state",
            self.state(),
        ])
    }

    fn asked(&self, arguments: &[&str]) -> Ran {
        run(arguments.iter().copied().chain(["--state", self.state()]))
    }

    fn anomalies(&self, arguments: &[&str]) -> Ran {
        self.asked(&[&["anomalies"], arguments].concat())
    }

    fn records(&self, filter: &[&str]) -> Vec<Value> {
        let ran = self.anomalies(&[&["list", "--json"], filter].concat());
        assert_eq!(ran.code, Some(0), "{ran:?}");
        ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The anomaly of the stranger's command.
    fn stranger(&self) -> String {
        let found = self.records(&["--source", "10.0.0.99", "--detection", "mb-29"]);
        assert_eq!(found.len(), 1, "{found:?}");
        text(&found[0], "id")
    }

    fn record(&self, id: &str) -> Value {
        let all = self.records(&[]);
        all.into_iter().find(|record| record["id"] == id).unwrap()
    }
}

/// As much of an id as a person types.
fn short(id: &str) -> &str {
    id.get(..8).unwrap()
}

fn text(record: &Value, field: &str) -> String {
    record[field].as_str().unwrap().to_owned()
}

/// One sentence on standard error, nothing done.
fn refused(ran: &Ran, code: i32, parts: &[&str]) {
    assert_eq!((ran.code, ran.out.as_str()), (Some(code), ""), "{ran:?}");
    assert_eq!(ran.err.lines().count(), 1, "{ran:?}");
    assert!(ran.err.starts_with("gridtap: "), "{ran:?}");
    for part in parts {
        assert!(ran.err.contains(part), "{part} in {ran:?}");
    }
}

fn done(ran: &Ran) {
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
}

#[test]
fn an_acknowledgement_stays_when_the_same_capture_is_heard_again() {
    let heard = Heard::new();
    let id = heard.stranger();
    let ran = heard.anomalies(&["acknowledge", short(&id), "--by", "kim", "--comment", "on it"]);
    done(&ran);
    assert!(ran.out.starts_with(&format!("Acknowledged {} Unauthorised write", short(&id))));
    assert!(ran.out.ends_with(": acknowledged-active, revision 2\n"), "{ran:?}");
    let record = heard.record(&id);
    assert_eq!(record["state"], "acknowledged-active");
    assert!(text(&record, "acknowledged_by").starts_with("kim (session of "), "{record}");
    let again = heard.monitor();
    assert!(again.out.contains("Unauthorised write (acknowledged)"), "{}", again.out);
    assert!(again.out.contains("Stands      acknowledged by kim"), "{}", again.out);
    let after = heard.record(&id);
    for field in ["state", "acknowledged_by", "acknowledged_time", "comment", "count"] {
        assert_eq!(after[field], record[field], "{field}");
    }
    done(&heard.anomalies(&["unacknowledge", &id]));
    let record = heard.record(&id);
    assert_eq!(record["state"], "unacknowledged-active");
    assert!(record.get("acknowledged_by").is_none(), "{record}");
}

#[test]
fn what_was_closed_is_not_opened_again_by_the_same_packets() {
    let heard = Heard::new();
    let id = heard.stranger();
    let count = heard.records(&[]).len();
    refused(
        &heard.anomalies(&["close", &id, "--as", "true_positive"]),
        1,
        &[&id, "not acknowledged yet"],
    );
    done(&heard.anomalies(&["acknowledge", &id]));
    let ran =
        heard.anomalies(&["close", &id, "--as", "true_positive", "--comment", "a contractor"]);
    done(&ran);
    assert!(ran.out.starts_with("Closed as true positive: "), "{ran:?}");
    assert!(!ran.out.contains("baseline accept"), "it was not meant to: {ran:?}");
    assert_eq!(heard.monitor().code, Some(0));
    assert_eq!(heard.records(&[]).len(), count);
    assert_eq!(heard.record(&id)["state"], "closed");
    assert_eq!(heard.records(&["--open"]).len(), count - 1);
    refused(&heard.anomalies(&["acknowledge", &id]), 1, &["closed, which is final"]);
    done(&heard.anomalies(&["comment", &id, "--comment", "reported"]));
}

#[test]
fn closing_what_was_expected_tells_the_command_that_would_make_it_normal() {
    let heard = Heard::new();
    let found = heard.records(&["--source", "10.0.0.7", "--device", "modbus 10.0.0.22 unit 1"]);
    let id = text(found.iter().find(|record| record["detection"] == "MB-29").unwrap(), "id");
    done(&heard.anomalies(&["acknowledge", &id]));
    let comment = "plan 17: the operator's";
    let ran = heard.anomalies(&["close", &id, "--as", "expected_change", "--comment", comment]);
    done(&ran);
    assert!(ran.out.contains("is not learned"), "{ran:?}");
    let command = ran.out.lines().last().unwrap().trim();
    let programs = Path::new(env!("CARGO_BIN_EXE_gridtap")).parent().unwrap();
    let accepted =
        Command::new("/bin/sh").args(["-c", command]).env("PATH", programs).output().unwrap();
    let accepted = Ran::from(accepted);
    assert!(accepted.out.contains("a second person"), "{command}: {accepted:?}");
    let approvals = Store::read(&heard.state).unwrap().approvals().unwrap();
    assert_eq!(approvals.len(), 1);
    assert_eq!(
        (approvals[0].key.as_str(), approvals[0].reason.as_str()),
        (
            found.iter().find(|record| record["id"] == id.as_str()).unwrap()["key"]
                .as_str()
                .unwrap(),
            comment
        )
    );
}

#[test]
fn one_that_is_refused_keeps_no_other_from_being_done() {
    let heard = Heard::new();
    let ids: Vec<String> = heard.records(&[]).iter().map(|record| text(record, "id")).collect();
    assert!(ids.len() > 1, "{ids:?}");
    done(&heard.anomalies(&["acknowledge", &ids[0]]));
    let all: Vec<&str> =
        ["acknowledge", "--json"].into_iter().chain(ids.iter().map(String::as_str)).collect();
    let ran = heard.anomalies(&all);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert_eq!(ran.err, format!("gridtap: anomaly {}: it is acknowledged already\n", ids[0]));
    assert_eq!(ran.out.lines().count(), ids.len() - 1);
    for line in ran.out.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["state"], "acknowledged-active");
    }
    assert!(heard.records(&["--unacknowledged"]).is_empty());
}

#[test]
fn an_action_on_an_incident_acts_on_those_with_which_it_is_possible() {
    let heard = Heard::new();
    let incident = text(&heard.record(&heard.stranger()), "incident");
    let within = heard.records(&["--incident", short(&incident)]);
    assert!(!within.is_empty());
    done(&heard.anomalies(&["acknowledge", "--incident", short(&incident)]));
    let after = heard.records(&["--incident", &incident]);
    assert_eq!(after.len(), within.len());
    assert!(after.iter().all(|record| record["state"] == "acknowledged-active"), "{after:?}");
    refused(&heard.anomalies(&["acknowledge", "--incident", &incident]), 1, &["already"]);
}

#[test]
fn what_is_shelved_is_listed_as_that_and_for_no_longer_than_12_hours() {
    let heard = Heard::new();
    let id = heard.stranger();
    refused(&heard.anomalies(&["shelve", &id, "--for", "2h"]), 2, &["--comment is missing"]);
    let shelve =
        |span: &str| heard.anomalies(&["shelve", &id, "--for", span, "--comment", "relay test"]);
    refused(&shelve("13h"), 1, &["12 h"]);
    done(&shelve("2h"));
    let shelved = heard.records(&["--shelved"]);
    assert_eq!((shelved.len(), text(&shelved[0], "id")), (1, id.clone()));
    assert!(heard.records(&["--not-shelved"]).iter().all(|record| record["id"] != id.as_str()));
    assert!(heard.anomalies(&["list"]).out.contains("shelved "));
    refused(&shelve("2h"), 1, &["shelved already"]);
    done(&heard.anomalies(&["unshelve", &id]));
    assert!(heard.records(&["--shelved"]).is_empty());
}

#[test]
fn whoever_was_slower_is_told_the_revision_there_is() {
    let heard = Heard::new();
    let id = heard.stranger();
    let stale = ["acknowledge", &id, "--expect-revision", "7"];
    refused(&heard.anomalies(&stale), 1, &["is at revision 1, not 7", "look at it again"]);
    done(&heard.anomalies(&["acknowledge", &id, "--expect-revision", "1"]));
}

#[test]
fn what_is_named_wrongly_is_refused_in_one_sentence() {
    let heard = Heard::new();
    refused(&heard.anomalies(&["acknowledge", "0badc0de"]), 1, &["no anomaly 0badc0de", "list"]);
    refused(&heard.anomalies(&["show", "0bad"]), 1, &["the first eight characters"]);
    refused(&heard.anomalies(&["list", "--since", "soon"]), 2, &["--since soon", "2027-01-31"]);
    let state = heard.directory.path().join("nothing");
    let ran = run(["anomalies", "list", "--state", state.to_str().unwrap()]);
    refused(&ran, 5, &["no state in"]);
    assert!(!state.exists());
    for arguments in [&["acknowledge"][..], &["close", "0badc0de"], &["list", "--state-of", "lost"]]
    {
        assert_eq!(heard.anomalies(arguments).code, Some(2), "{arguments:?}");
    }
}

#[test]
fn the_list_shows_what_was_asked_for_in_its_order() {
    let heard = Heard::new();
    let all = heard.records(&["--sort", "oldest"]);
    let times: Vec<String> = all.iter().map(|record| text(record, "time")).collect();
    assert!(times.is_sorted(), "{times:?}");
    let worst = heard.records(&["--sort", "severity", "--limit", "1"]);
    assert_eq!((worst.len(), &worst[0]["severity"]), (1, &"critical".into()));
    let middle = text(all.last().unwrap(), "time");
    assert!(heard.records(&["--until", &times[0]]).is_empty());
    assert!(!heard.records(&["--since", &middle]).is_empty());
    assert!(heard.records(&["--since", "1h"]).is_empty(), "the packets are of 2024");
    assert_eq!(
        heard.records(&["--severity", "critical"]).len(),
        all.iter().filter(|record| record["severity"] == "critical").count()
    );
    assert!(heard.records(&["--zone", "elsewhere"]).is_empty());
    let table = heard.anomalies(&["list", "--sort", "severity"]).out;
    for part in [
        "ID ",
        "CRITICAL",
        "unacknowledged",
        "(MB-29)",
        "10.0.0.99 → modbus 10.0.0.21 unit 1: coil 2",
    ] {
        assert!(table.contains(part), "{part} in\n{table}");
    }
    let one = heard.anomalies(&["list", "--limit", "1"]).out;
    assert!(one.contains(&format!("1 of {}: --limit shows more", all.len())), "{one}");
    let none = heard.anomalies(&["list", "--state-of", "closed,cleared"]);
    assert_eq!(none.out, "No anomaly is as asked for.\n");
}

#[test]
fn one_is_shown_in_full_with_its_history_and_its_frames() {
    let heard = Heard::new();
    let id = heard.stranger();
    done(&heard.anomalies(&["acknowledge", &id, "--comment", "on it\u{1b}[2J"]));
    let file = heard.directory.path().join("evidence.pcapng");
    let slice = file.to_str().unwrap();
    let shown = heard.anomalies(&["show", short(&id), "--pcap", slice]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    let decoded = run(["decode", slice]).out;
    assert!(decoded.contains("\"function_name\":\"write_single_coil\""), "{decoded}");
    for part in [
        "CRITICAL  Unauthorised write (MB-29)",
        "Observed    10.0.0.99",
        "Do          ",
        "Stands      acknowledged by",
        "History     ",
        "revision 1: opened",
        "revision 2: acknowledged by",
        "(cli): on it",
        "Slice       ",
        "octets: --pcap FILE writes them",
        "Belongs to  incident ",
        "If right    gridtap baseline accept",
    ] {
        assert!(shown.out.contains(part), "{part} in\n{}", shown.out);
    }
    assert!(!shown.out.contains('\u{1b}'), "a comment cannot drive the terminal");
    let whole = heard.anomalies(&["show", &id, "--json"]);
    let whole: Value = serde_json::from_str(&whole.out).unwrap();
    assert_eq!(whole["record"], heard.record(&id));
    assert_eq!(whole["history"][1]["event"], "acknowledged");
    assert!(whole["evidence"]["frames"].as_u64() >= Some(1), "{whole}");
}

#[test]
fn reading_goes_on_beside_a_writer_and_acting_says_who_has_the_state() {
    let heard = Heard::new();
    let id = heard.stranger();
    let writer = Store::open(&heard.state, Timestamp::from_nanos(1)).unwrap();
    assert_eq!(heard.anomalies(&["list"]).code, Some(0));
    assert_eq!(heard.anomalies(&["show", &id]).code, Some(0));
    assert_eq!(heard.asked(&["audit", "verify"]).code, Some(0));
    assert_eq!(heard.asked(&["db", "check"]).code, Some(0));
    refused(&heard.anomalies(&["acknowledge", &id]), 5, &["in use by another gridtap"]);
    drop(writer);
    done(&heard.anomalies(&["acknowledge", &id]));
}

#[test]
fn everything_that_was_decided_is_in_the_audit_log() {
    let heard = Heard::new();
    let id = heard.stranger();
    heard.anomalies(&["close", &id, "--as", "false_positive"]);
    heard.anomalies(&["acknowledge", &id, "--comment", "on it"]);
    let key = "access|zone0|modbus|10.0.0.21#1|10.0.0.7|read";
    let signed = heard.asked(&["baseline", "sign-off", key, "--reason", "known"]);
    assert_eq!(signed.code, Some(0), "{signed:?}");
    let polls = heard.directory.path().join("polls.pcap");
    Traffic::polls(20).write(&polls);
    heard.asked(&["learn", "--quiet", polls.to_str().unwrap()]);
    let rows = heard.asked(&["audit", "list", "--json"]);
    let rows: Vec<Value> = rows.out.lines().map(|row| serde_json::from_str(row).unwrap()).collect();
    let told: Vec<_> = rows
        .iter()
        .map(|row| (row["action"].as_str().unwrap(), row["outcome"].as_str().unwrap()))
        .collect();
    let subject = format!("anomaly {id}");
    let not_yet = format!("{subject}: it is not acknowledged yet: acknowledge it first");
    let wanted = [
        ("monitor", "done"),
        ("close", not_yet.as_str()),
        ("acknowledge", "done"),
        ("baseline sign-off", "done"),
        ("learn", "done"),
    ];
    assert_eq!(told, wanted);
    assert_eq!(rows[2]["subject"], subject.as_str());
    assert_eq!((&rows[2]["detail"], &rows[2]["via"]), (&"on it".into(), &"cli".into()));
    let table = heard.asked(&["audit", "list", "--after", "1", "--limit", "2"]).out;
    assert!(table.contains("refused: anomaly"), "{table}");
    assert_eq!(table.lines().filter(|line| line.contains(" UTC  ")).count(), 2, "{table}");
}

#[test]
fn a_row_of_the_audit_log_that_was_changed_is_found() {
    let heard = Heard::new();
    let id = heard.stranger();
    heard.anomalies(&["acknowledge", &id]);
    heard.anomalies(&["comment", &id, "--comment", "on it"]);
    let held = heard.asked(&["audit", "verify"]);
    done(&held);
    assert!(held.out.starts_with("3 rows: every seal holds.\nLast seal: "), "{held:?}");
    let seal = held.out.lines().nth(1).unwrap().strip_prefix("Last seal: ").unwrap();
    done(&heard.asked(&["audit", "verify", "--seal", seal]));
    let other = seal.chars().rev().collect::<String>();
    let ran = heard.asked(&["audit", "verify", "--seal", &other]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("cut off"), "{ran:?}");
    let file = rusqlite::Connection::open(heard.state.join("gridtap.db")).unwrap();
    let meddle = "DROP TRIGGER audit_keeps; UPDATE audit SET who = 'nobody' WHERE sequence = 2;";
    file.execute_batch(meddle).unwrap();
    drop(file);
    let broken = heard.asked(&["audit", "verify"]);
    assert_eq!(broken.code, Some(1), "{broken:?}");
    assert!(broken.err.contains("does not hold from row 2 on"), "{broken:?}");
    let broken = heard.asked(&["audit", "verify", "--json"]);
    let broken: Value = serde_json::from_str(&broken.out).unwrap();
    assert_eq!((&broken["broken_at"], &broken["rows"]), (&2.into(), &3.into()));
    let unsound = heard.asked(&["db", "check"]);
    refused(&unsound, 5, &["row 2"]);
}

#[test]
fn a_backup_is_the_state_and_opens_as_one() {
    let heard = Heard::new();
    done(&heard.anomalies(&["acknowledge", &heard.stranger()]));
    let file = heard.directory.path().join("backup.db");
    let backup = || heard.asked(&["db", "backup", file.to_str().unwrap()]);
    done(&backup());
    refused(&backup(), 5, &["it is there already"]);
    let restored = heard.directory.path().join("restored");
    fs::create_dir(&restored).unwrap();
    fs::copy(&file, restored.join("gridtap.db")).unwrap();
    for arguments in [
        &["anomalies", "list", "--json"][..],
        &["baseline", "export", "--json"],
        &["audit", "list", "--json"],
        &["db", "check"],
    ] {
        let from = |state: &str| run(arguments.iter().copied().chain(["--state", state]));
        let (original, copy) = (from(heard.state()), from(restored.to_str().unwrap()));
        done(&copy);
        assert!(!copy.out.is_empty());
        if arguments[0] != "db" {
            assert_eq!(original.out, copy.out, "{arguments:?}");
        }
    }
}

#[test]
fn pruning_forgets_what_is_closed_and_holds_what_is_open() {
    let heard = Heard::new();
    let id = heard.stranger();
    let all = heard.records(&[]).len();
    heard.anomalies(&["acknowledge", &id]);
    heard.anomalies(&["close", &id, "--as", "true_positive"]);
    let prune = |keep: &str| heard.asked(&["db", "prune", "--keep", keep, "--by", "kim", "--json"]);
    let young: Value = serde_json::from_str(&prune("365d").out).unwrap();
    assert_eq!((&young["anomalies"], &young["open"]), (&0.into(), &(all - 1).into()));
    let old: Value = serde_json::from_str(&prune("0s").out).unwrap();
    assert_eq!((&old["anomalies"], &old["open"]), (&1.into(), &(all - 1).into()));
    assert_eq!(heard.records(&[]).len(), all - 1);
    let log = heard.asked(&["audit", "list"]).out;
    assert_eq!(log.matches("prune state by kim (session of ").count(), 1, "{log}");
    done(&heard.asked(&["db", "check"]));
}

#[test]
fn a_state_of_an_older_gridtap_is_brought_up_to_date_and_listed() {
    let directory = tempdir().unwrap();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/state/schema-1.db.gz");
    let database = Command::new("gzip").arg("-dc").arg(&fixture).output().unwrap().stdout;
    fs::write(directory.path().join("gridtap.db"), database).unwrap();
    let mut command = gridtap(["anomalies", "list", "--state"]);
    let ran = Ran::from(command.arg(directory.path()).output().unwrap());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("unacknowledged"), "{ran:?}");
    let state = directory.path().to_str().unwrap();
    let first = run(["anomalies", "list", "--json", "--limit", "1", "--state", state]);
    let first: Value = serde_json::from_str(&first.out).unwrap();
    let slice = directory.path().join("evidence.pcapng");
    let id = text(&first, "id");
    let show = ["anomalies", "show", &id, "--pcap", slice.to_str().unwrap(), "--state", state];
    refused(&run(show), 1, &["no frames were kept"]);
    assert!(!slice.exists());
}
