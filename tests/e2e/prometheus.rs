//! What Prometheus's own tools say of what we give them.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

use gridtap_telemetry::table::{Kind, TABLE};

use crate::machine::root;

/// Runs a tool; gives what it wrote where it found a fault. Says so where it is not installed.
fn faults(program: &str, arguments: &[&str], input: Option<&Path>) -> Option<String> {
    let stdin = input.map_or_else(Stdio::null, |path| {
        Stdio::from(File::open(path).expect("the input is in the repository"))
    });
    let output = Command::new(program).args(arguments).current_dir(root()).stdin(stdin).output();
    let Ok(output) = output else {
        println!(
            "not run: {program} is not installed (Debian: prometheus, prometheus-alertmanager)"
        );
        return None;
    };
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    (!output.status.success() || text.contains("lint")).then_some(text)
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

const ALERTS: &str = "deploy/prometheus/gridtap.alerts.yml";
const RECORDING: &str = "deploy/prometheus/gridtap.recording.yml";
const TESTS: [&str; 2] =
    ["deploy/prometheus/gridtap.tests.yml", "deploy/prometheus/gridtap.weeks.tests.yml"];

#[test]
fn promtool_has_nothing_to_say_against_the_metrics() {
    let text = root().join("crates/telemetry/src/tests/metrics.txt");
    assert_eq!(faults("promtool", &["check", "metrics"], Some(&text)), None);
}

#[test]
fn promtool_and_amtool_have_nothing_to_say_against_the_configuration() {
    let rules = ["check", "rules", "--lint=all", "--lint-fatal", ALERTS, RECORDING];
    assert_eq!(faults("promtool", &rules, None), None);
    let config = ["check", "config", "deploy/prometheus/prometheus.yml"];
    assert_eq!(faults("promtool", &config, None), None);
    let example = ["check-config", "deploy/prometheus/alertmanager.yml"];
    assert_eq!(faults("amtool", &example, None), None);
}

#[test]
fn each_alert_fires_where_it_must_and_not_where_all_is_well() {
    for tests in TESTS {
        assert_eq!(faults("promtool", &["test", "rules", tests], None), None);
    }
}

/// One alert of the file, as text.
struct Alert<'a> {
    name: &'a str,
    text: &'a str,
}

fn alerts(text: &str) -> Vec<Alert<'_>> {
    let rules = text.split("- alert: ").skip(1);
    rules.map(|text| Alert { name: text.lines().next().unwrap_or_default().trim(), text }).collect()
}

#[test]
fn each_alert_says_how_bad_it_is_what_it_is_and_what_to_do_and_is_tested() {
    let text = read(ALERTS);
    let tests = TESTS.map(read).concat();
    let mut named = BTreeSet::new();
    for Alert { name, text } in alerts(&text) {
        assert!(named.insert(format!("{name}.md")), "{name} stands twice");
        for part in ["severity: ", "summary: \"", "description: \""] {
            assert!(text.contains(part), "{name} has no {part}");
        }
        let page = format!("/runbooks/{name}\"");
        assert!(text.contains("runbook_url: \"http://") && text.contains(&page), "{name}");
        let tested = tests.contains(&format!("alertname: {name}\n"))
            || tests.contains(&format!("alertname=\"{name}\""));
        assert!(tested, "{name} is not tested");
        let runbook = read(&format!("docs/runbooks/{name}.md"));
        for section in
            [&format!("# {name}\n"), "\n## What it means\n", "\n## Look at first\n", "\n## Then\n"]
        {
            assert!(runbook.contains(section), "the runbook of {name} has no {section:?}");
        }
    }
    let folder = fs::read_dir(root().join("docs/runbooks")).expect("a folder of runbooks");
    let written: BTreeSet<String> =
        folder.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(written, named, "a runbook for each alert, and none for others");
}

/// The words of a text that could be names of metrics or recorded series.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let apart = |character: char| !(character.is_ascii_alphanumeric() || "_:".contains(character));
    text.split(apart).filter(|word| word.contains("gridtap_"))
}

fn is_exposed(name: &str) -> bool {
    TABLE.iter().any(|metric| {
        let parts: &[&str] = match metric.kind {
            Kind::Histogram => &["_bucket", "_sum", "_count"],
            Kind::Counter | Kind::Gauge => &[""],
        };
        name.strip_prefix(metric.name).is_some_and(|rest| parts.contains(&rest))
    })
}

#[test]
fn rules_and_runbooks_name_only_series_that_exist() {
    let recording = read(RECORDING);
    let recorded: BTreeSet<&str> =
        recording.lines().filter_map(|line| line.trim().strip_prefix("- record: ")).collect();
    let mut files = vec![ALERTS.to_owned(), RECORDING.to_owned()];
    files.extend(TESTS.map(str::to_owned));
    let runbooks = fs::read_dir(root().join("docs/runbooks")).expect("a folder of runbooks");
    files.extend(
        runbooks.flatten().map(|entry| format!("docs/runbooks/{}", entry.file_name().display())),
    );
    for file in files {
        let text = read(&file);
        for name in names(&text) {
            if name.contains(':') {
                assert!(recorded.contains(name), "{file}: nothing records {name}");
            } else {
                assert!(is_exposed(name), "{file}: there is no metric {name}");
            }
        }
    }
    for name in recorded {
        let metric = name.split(':').nth(1).unwrap_or_default();
        let known = TABLE.iter().any(|row| row.name.starts_with(metric));
        assert!(known || metric.ends_with("_undecoded"), "{name} names what it is made of");
    }
}

#[test]
fn detections_that_rules_name_are_in_the_catalogue() {
    let text = read(ALERTS);
    let selectors = text.split("detection").skip(1).filter_map(|rest| {
        let value = rest.strip_prefix("=~\"").or_else(|| rest.strip_prefix("=\""))?;
        value.split('"').next()
    });
    let ids: Vec<&str> = selectors.flat_map(|value| value.split('|')).collect();
    assert!(ids.len() > 5, "{ids:?}");
    for id in ids {
        assert!(gridtap_detect::catalogue::detection(id).is_some(), "{id}");
    }
}
