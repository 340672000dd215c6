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
