//! Windows of planned work: what they name is kept and alarms nobody, and what they do not name alarms as always.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use tempfile::{TempDir, tempdir};

use crate::run::{Ran, run};
use crate::traffic::{DEVICES, STRANGER, Traffic};

/// Five quiet minutes from noon on, and then work between 12:05 and 12:06.
const PLAN: &str = "[baseline]\nblock = '10s'\n[[window]]\nname = 'plan 17'\ntype = 'switching'\n\
    start = 2024-05-01T14:05:00+02:00\nend = 2024-05-01T12:06:00Z\nsources = ['10.0.0.99']\n\
    targets = ['10.0.0.21']\npoints = ['coil 2']\nreason = 'relay test'\nby = 'shift lead'\n";

struct Site {
    directory: TempDir,
}

impl Site {
    fn new(settings: &str, play: impl FnOnce(&mut Traffic)) -> Self {
        let site = Self { directory: tempdir().unwrap() };
        let mut traffic = Traffic::polls(420);
        play(&mut traffic);
        traffic.write(&site.path("day.pcap"));
        fs::write(site.path("gridtap.toml"), settings).unwrap();
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn monitor(&self, state: &str, more: &[&str]) -> Ran {
        let (read, config, state) =
            (self.path("day.pcap"), self.path("gridtap.toml"), self.path(state));
        let text = |path: &PathBuf| path.to_str().unwrap().to_owned();
        let all = [text(&read), text(&config), text(&state)];
        let named = ["monitor", "--read", &all[0], "--config", &all[1], "--state", &all[2]];
        run([&named[..], more].concat())
    }

    fn list(&self, more: &[&str]) -> Ran {
        let state = self.path("state");
        run([&["anomalies", "list", "--state", state.to_str().unwrap()], more].concat())
    }
}

fn records(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What was told of whom: source and device, by the seconds since noon.
fn told(records: &[Value]) -> Vec<(String, String, Vec<String>)> {
    let text = |record: &Value, name: &str| record[name].as_str().unwrap().to_owned();
    let first = records.iter().filter(|record| record["revision"] == 1);
    let address = |source: String| source.split(':').next().unwrap().to_owned();
    let points = |record: &Value| {
        let points = record["points"].as_array().unwrap();
        points.iter().map(|point| point.as_str().unwrap().to_owned()).collect()
    };
    first
        .map(|record| (address(text(record, "source")), text(record, "device"), points(record)))
        .collect()
}

fn played(traffic: &mut Traffic) {
    let other = [10, 0, 0, 98].into();
    traffic.switches(310.5, STRANGER, DEVICES[0]);
    traffic.switches(312.5, STRANGER, DEVICES[0]);
    traffic.switches(314.5, STRANGER, DEVICES[1]);
    traffic.switches(316.5, other, DEVICES[0]);
    // Another point of the device that is worked on.
    let coil_5 = [1, 5, 0, 5, 0xff, 0];
    traffic.exchange(318.5, STRANGER, DEVICES[0], &coil_5, &coil_5);
    // The window is over.
    traffic.switches(400.5, STRANGER, DEVICES[0]);
}

#[test]
fn a_window_mutes_what_it_names_and_nothing_else() {
    let site = Site::new(PLAN, played);
    let ran = site.monitor("state", &["--json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let alarms = records(&ran.out);
    assert!(alarms.iter().all(|record| record.get("suppressed").is_none()), "{}", ran.out);
    let is = |source: &str, device: &str, point: &str| {
        let found = told(&alarms);
        let found = found.iter().filter(|(from, to, points)| {
            from == source && to.contains(device) && points.iter().any(|each| each == point)
        });
        found.count()
    };
    assert!(is("10.0.0.99", "10.0.0.22", "coil 2") > 0, "another device");
    assert!(is("10.0.0.98", "10.0.0.21", "coil 2") > 0, "another source");
    assert!(is("10.0.0.99", "10.0.0.21", "coil 5") > 0, "another point");
    assert!(
        ran.err.contains("suppressed (1 by \"plan 17\"): `gridtap anomalies list --suppressed`"),
        "{}",
        ran.err
    );

    let listed = site.list(&["--suppressed", "--json"]);
    let planned = records(&listed.out);
    assert_eq!(planned.len(), 1, "{listed:?}");
    let record = &planned[0];
    assert_eq!(record["suppressed"], "plan 17");
    assert_eq!(record["severity"], "critical", "it stands as it is");
    assert_eq!((&record["count"], &record["state"]), (&2.into(), &"unacknowledged-active".into()));
    let ids: Vec<&Value> = alarms.iter().map(|record| &record["id"]).collect();
    assert!(!ids.contains(&&record["id"]));
    let plain = site.list(&[]);
    assert!(
        plain
            .out
            .ends_with("\n1 more is suppressed, declared beforehand: --suppressed shows what.\n"),
        "{plain:?}"
    );
    let shown = site.list(&["--suppressed"]);
    assert!(shown.out.contains("suppressed") && shown.out.contains("10.0.0.21"), "{shown:?}");
    let id = record["id"].as_str().unwrap();
    let show = run(["anomalies", "show", id, "--state", site.path("state").to_str().unwrap()]);
    assert!(show.out.contains("suppressed by \"plan 17\""), "{show:?}");
}

#[test]
fn what_is_suppressed_fails_no_job_and_is_in_the_report_as_a_count() {
    let site = Site::new(PLAN, |traffic| traffic.switches(310.5, STRANGER, DEVICES[0]));
    let ran = site.monitor("state", &["--fail-on", "medium"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("1 anomaly is suppressed (1 by \"plan 17\")"), "{ran:?}");
    assert!(!ran.out.contains("CRITICAL"), "{ran:?}");
    let without = Site::new("baseline.block = '10s'\n", |traffic| {
        traffic.switches(310.5, STRANGER, DEVICES[0]);
    });
    assert_eq!(without.monitor("state", &["--fail-on", "medium"]).code, Some(10));
}

#[test]
fn the_time_of_the_packets_decides_and_every_run_says_the_same() {
    let site = Site::new(PLAN, played);
    let first = site.monitor("first", &["--json"]);
    let second = site.monitor("second", &["--json", "--pace", "5000"]);
    assert_eq!((first.out == second.out, first.code), (true, second.code));
    let kept = |state: &str| {
        let state = site.path(state);
        let ran = run([
            "anomalies",
            "list",
            "--suppressed",
            "--json",
            "--state",
            state.to_str().unwrap(),
        ]);
        assert!(!ran.out.is_empty(), "{ran:?}");
        ran.out
    };
    assert_eq!(kept("first"), kept("second"));
}

#[test]
fn what_goes_on_after_the_window_is_told_as_new() {
    let site = Site::new(PLAN, |traffic| {
        traffic.switches(359.9, STRANGER, DEVICES[0]);
        traffic.switches(360.1, STRANGER, DEVICES[0]);
    });
    let alarms = records(&site.monitor("state", &["--json"]).out);
    assert_eq!(alarms.len(), 1, "{alarms:#?}");
    assert_eq!((&alarms[0]["revision"], &alarms[0]["count"]), (&1.into(), &1.into()));
    assert_eq!(alarms[0]["time"], "2024-05-01T12:06:00.100000000Z");
    let planned = records(&site.list(&["--suppressed", "--json"]).out);
    assert_eq!(planned.len(), 1);
    assert_eq!(planned[0]["last_time"], "2024-05-01T12:05:59.900000000Z");
}

#[test]
fn a_detection_out_of_service_alarms_nobody_and_is_called_to_mind() {
    let off = |ids: &[&str]| {
        let each = ids.iter().map(|id| {
            format!(
                "[[out_of_service]]\ndetection = '{id}'\nreason = 'RTU 22 is being replaced'\nby = 'admin'\n\
                 until = 2099-01-01T00:00:00Z\n"
            )
        });
        format!("baseline.block = '10s'\n{}", each.collect::<String>())
    };
    let play = |traffic: &mut Traffic| traffic.switches(310.5, STRANGER, DEVICES[0]);
    // What another detection says of the same message is told all the same.
    let site = Site::new(&off(&["MB-29"]), play);
    let alarms = records(&site.monitor("state", &["--json"]).out);
    assert!(!alarms.is_empty());
    let names = |record: &Value| {
        record["detection"] == "MB-29" || record["also"].to_string().contains("MB-29")
    };
    assert!(!alarms.iter().any(names), "{alarms:#?}");

    let site = Site::new(&off(&["MB-29", "MB-37", "OT-01", "OT-02", "OT-03"]), play);
    let ran = site.monitor("state", &["--json"]);
    assert_eq!(ran.out, "", "{ran:?}");
    let listed = records(&site.list(&["--suppressed", "--json"]).out);
    assert!(listed.iter().any(names), "{listed:#?}");
    assert!(listed.iter().all(|record| record["suppressed"] == "out of service"));
    let config = site.path("gridtap.toml");
    let check = run(["check-config", "--config", config.to_str().unwrap()]);
    assert_eq!(check.code, Some(0), "{check:?}");
    let reminder = "warning: MB-29 is out of service until 2099-01-01T00:00:00Z, by admin: RTU 22 is being replaced";
    assert!(check.err.contains(reminder), "{check:?}");
}

#[test]
fn a_plan_that_is_wrong_is_refused_before_anything_is_read() {
    let site = Site::new(&PLAN.replace("'10.0.0.21'", "'RTU 21'"), |_| ());
    let ran = site.monitor("state", &[]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(3), ""), "{ran:?}");
    let wanted = "gridtap.toml:3:1: window \"plan 17\": targets: \"RTU 21\" is no address, no network and no name of the site file";
    assert!(ran.err.contains(wanted), "{ran:?}");
    assert!(!site.path("state").exists());
}

/// Settings of a service in a folder of their own, with a state that it would have.
fn declares(more: &str) -> TempDir {
    let directory = tempdir().unwrap();
    let state = directory.path().join("state");
    let settings = format!("[service]\nstate = '{}'\n{more}", state.display());
    fs::write(directory.path().join("gridtap.toml"), settings).unwrap();
    directory
}

fn windows(directory: &TempDir, arguments: &[&str]) -> Ran {
    let config = directory.path().join("gridtap.toml");
    let mut all = vec!["windows"];
    all.extend(arguments);
    all.extend(["--config", config.to_str().unwrap()]);
    let mut command = crate::run::gridtap(all);
    command.env("TZ", "CET-1CEST,M3.5.0,M10.5.0/3").output().unwrap().into()
}

const PLAN_18: [&str; 13] = [
    "add",
    "--name",
    "plan 18",
    "--from",
    "2099-01-31 06:00",
    "--to",
    "3h",
    "--target",
    "10.0.0.21",
    "--kind",
    "MB-31,dangerous",
    "--reason",
    "relay test",
];

#[test]
fn a_window_is_declared_listed_and_withdrawn_at_the_command_line() {
    let directory = declares("");
    let added = windows(&directory, &PLAN_18);
    assert_eq!(added.code, Some(0), "{added:?}");
    assert!(
        added.out.contains("from 2099-01-31T06:00:00+01:00 to 2099-01-31T09:00:00+01:00"),
        "{added:?}"
    );
    let file = directory.path().join("conf.d/window-plan-18.toml");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("start = \"2099-01-31T06:00:00+01:00\""), "{text}");

    let again = windows(&directory, &PLAN_18);
    assert_eq!(again.code, Some(3), "{again:?}");
    assert!(again.err.contains("another window has this name"), "{again:?}");
    assert!(again.err.contains("nothing was written"), "{again:?}");
    assert_eq!(fs::read_dir(directory.path().join("conf.d")).unwrap().count(), 1);

    let listed = windows(&directory, &["list", "--json"]);
    let records = records(&listed.out);
    assert_eq!(records.len(), 1, "{listed:?}");
    assert_eq!(records[0]["standing"], "coming");
    assert_eq!(records[0]["kinds"], serde_json::json!(["MB-31", "dangerous"]));
    assert!(records[0]["place"].as_str().unwrap().contains("window-plan-18.toml:"), "{listed:?}");

    let ended = windows(&directory, &["end", "plan 18"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.starts_with("Withdrawn: \"plan 18\""), "{ended:?}");
    assert!(!file.exists());
    assert!(windows(&directory, &["list"]).out.contains("No window is declared."));
}

#[test]
fn a_running_window_is_ended_now_and_stays_listed() {
    let directory = declares("");
    let add = [
        "add",
        "--name",
        "work",
        "--from",
        "2024-01-01T00:00:00Z",
        "--to",
        "2024-01-02T00:00:00Z",
        "--source",
        "10.0.0.7",
        "--reason",
        "order 4711",
        "--by",
        "shift lead",
    ];
    assert_eq!(windows(&directory, &add).code, Some(0));
    let over = windows(&directory, &["end", "work"]);
    assert_eq!(over.code, Some(2), "{over:?}");
    assert!(over.err.contains("is over since 2024-01-02T00:00:00Z"), "{over:?}");

    let add = [
        "add", "--name", "now", "--from", "now", "--to", "2h", "--source", "10.0.0.7", "--reason",
        "x",
    ];
    assert_eq!(windows(&directory, &add).code, Some(0));
    let running = windows(&directory, &["list", "--running"]);
    assert!(running.out.starts_with("RUNNING  now (maintenance)\n"), "{running:?}");
    assert!(running.out.contains("10.0.0.7 → anything; all kinds"), "{running:?}");
    // A window lasts a second at least, by how its times are written.
    while windows(&directory, &["end", "now"]).code != Some(0) {}
    let listed = records(&windows(&directory, &["list", "--json"]).out);
    let standing: Vec<&Value> = listed.iter().map(|record| &record["standing"]).collect();
    assert_eq!(standing, ["past", "past"]);
    assert_eq!((&listed[0]["name"], &listed[1]["by"]), (&"now".into(), &listed[1]["by"]));
}

#[test]
fn what_would_be_refused_is_not_written_and_what_a_person_wrote_is_not_touched() {
    let directory = declares(PLAN);
    let wrong = windows(
        &directory,
        &[
            "add", "--name", "x", "--from", "now", "--to", "8d", "--target", "nobody", "--reason",
            "y",
        ],
    );
    assert_eq!(wrong.code, Some(3), "{wrong:?}");
    for part in ["is longer than 7d", "\"nobody\" is no address", "nothing was written"] {
        assert!(wrong.err.contains(part), "{part} in {wrong:?}");
    }
    assert!(!directory.path().join("conf.d").exists());
    let dry = windows(&directory, &[&PLAN_18[..], &["--dry-run"]].concat());
    assert!(dry.out.contains("[[window]]"), "{dry:?}");
    assert!(!directory.path().join("conf.d").exists());

    let by_hand = PLAN
        .replace("2024-05-01T14:05:00+02:00", "2099-05-01T00:00:00Z")
        .replace("2024-05-01T12:06:00Z", "2099-05-02T00:00:00Z");
    let directory = declares(&by_hand);
    let ended = windows(&directory, &["end", "plan 17"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(
        ended.err.contains("was written by hand, at") && ended.err.contains("gridtap.toml:"),
        "{ended:?}"
    );
}

#[test]
fn a_window_for_one_run_is_named_on_its_command_line() {
    let site = Site::new("[baseline]\nblock = '10s'\n", played);
    let words = "name = 'plan 17', start = 2024-05-01T12:05:00Z, end = 2024-05-01T12:06:00Z, \
                 sources = ['10.0.0.99'], targets = ['10.0.0.21'], points = ['coil 2'], reason = 'x', by = 'y'";
    let ran = site.monitor("state", &["--json", "--window", words]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.err.contains("suppressed (1 by \"plan 17\")"), "{}", ran.err);
    let plan = site.path("plan.toml");
    fs::write(
        &plan,
        PLAN.split_once("[[window]]").map(|(_, window)| format!("[[window]]{window}")).unwrap(),
    )
    .unwrap();
    let ran = site.monitor("other", &["--json", "--window", plan.to_str().unwrap()]);
    assert!(ran.err.contains("suppressed (1 by \"plan 17\")"), "{}", ran.err);
    let wrong = site.monitor("third", &["--window", "nothing.toml"]);
    assert_eq!(wrong.code, Some(3), "{wrong:?}");
    assert!(wrong.err.contains("there is no such file"), "{wrong:?}");

    let listed = run([
        "windows",
        "list",
        "--config",
        site.path("gridtap.toml").to_str().unwrap(),
        "--state",
        site.path("state").to_str().unwrap(),
    ]);
    assert!(listed.out.contains("No window is declared."), "{listed:?}");
}

#[test]
fn what_a_window_suppressed_is_listed_with_it() {
    let site = Site::new(PLAN, played);
    assert_eq!(site.monitor("state", &["--json"]).code, Some(0));
    let arguments = |json: bool| {
        let (config, state) = (site.path("gridtap.toml"), site.path("state"));
        let mut all = vec!["windows".to_owned(), "list".to_owned()];
        all.extend(["--config".to_owned(), config.display().to_string()]);
        all.extend(["--state".to_owned(), state.display().to_string()]);
        all.extend(json.then(|| "--json".to_owned()));
        all
    };
    let listed = run(arguments(false));
    assert!(listed.out.starts_with("PAST     plan 17 (switching)\n"), "{listed:?}");
    assert!(listed.out.contains("suppressed 1 anomaly (1 critical)"), "{listed:?}");
    let record = &records(&run(arguments(true)).out)[0];
    assert_eq!(record["suppressed"], serde_json::json!({ "critical": 1 }));
}

#[test]
fn planned_work_that_is_not_heard_is_told_for_the_record() {
    let site = Site::new(PLAN, |_| {});
    let ran = site.monitor("state", &["--json"]);
    let told = records(&ran.out);
    let missed: Vec<&Value> = told.iter().filter(|record| record["detection"] == "OT-33").collect();
    assert_eq!(missed.len(), 1, "{}", ran.out);
    assert_eq!(missed[0]["severity"], "info");
    assert!(missed[0]["observed"].as_str().unwrap().contains("\"plan 17\""), "{}", missed[0]);
    // Where it was heard, it is not.
    let site = Site::new(PLAN, played);
    assert!(!site.monitor("state", &["--json"]).out.contains("OT-33"));
}
