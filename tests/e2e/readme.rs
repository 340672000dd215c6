//! What README.md tells a newcomer is what gridtap does.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Output;

use gridtap_baseline::Site;
use gridtap_lab::fixtures::captures;
use serde_json::Value;

use crate::machine::{capture, gridtap, root};

fn readme() -> String {
    std::fs::read_to_string(root().join("README.md")).expect("README.md is text")
}

/// The names in backticks in the first column of the tables under a heading.
fn documented(heading: &str) -> BTreeSet<String> {
    let text = readme();
    let start = format!("\n### {heading}");
    let (_, after) =
        text.split_once(&start).unwrap_or_else(|| panic!("README.md has no ### {heading}"));
    let section = after.split("\n### ").next().unwrap_or_default();
    let section = section.split("\n## ").next().unwrap_or_default();
    section
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|row| row.split(" | ").next())
        .flat_map(|cell| cell.split('`').step_by(2).map(str::to_owned).collect::<Vec<_>>())
        .filter(|name| !name.is_empty())
        .collect()
}

/// The field names of a record, those of nested objects as `outer.inner`.
fn fields(value: &Value, prefix: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (name, inner) in object {
                let path =
                    if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
                fields(inner, &path, found);
                found.insert(path);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| fields(item, prefix, found)),
        _ => {}
    }
}

/// The field names of every record in JSON lines.
fn emitted(output: &Output) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let record: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        fields(&record, "", &mut found);
    }
    assert!(!found.is_empty(), "no record came: {}", String::from_utf8_lossy(&output.stderr));
    found
}

/// The arguments of gridtap in the first command that README.md gives.
fn first_command() -> Vec<String> {
    let text = readme();
    let line = text
        .lines()
        .find(|line| line.starts_with("cargo run --release -- "))
        .expect("a first command");
    line.split_whitespace().skip(4).map(str::to_owned).collect()
}

#[test]
fn the_first_command_shows_an_armed_baseline_and_at_least_three_incidents() {
    let output = gridtap().args(first_command()).output().expect("gridtap starts");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("Flow and function judge"), "nothing is said of arming:\n{text}");

    let output = gridtap().args(first_command()).arg("--json").output().expect("gridtap starts");
    let text = String::from_utf8_lossy(&output.stdout);
    let incidents: BTreeSet<String> = text
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{line}: {error}"))
        })
        .filter(|anomaly| {
            matches!(anomaly["severity"].as_str(), Some("medium" | "high" | "critical"))
        })
        .map(|anomaly| anomaly["incident"].to_string())
        .collect();
    assert!(incidents.len() >= 3, "{} incidents above low:\n{text}", incidents.len());
}

#[test]
fn the_picture_of_the_output_shows_lines_that_are_printed() {
    let output = gridtap().args(first_command()).output().expect("gridtap runs");
    let printed = String::from_utf8(output.stdout).expect("text");
    let printed: BTreeSet<&str> = printed.lines().map(str::trim_end).collect();
    let text = readme();
    let (_, picture) = text.split_once("```text\n").expect("README.md has a picture");
    let picture = picture.split("```").next().unwrap_or_default();
    assert!(picture.lines().count() > 10);
    let stale: Vec<_> =
        picture.lines().filter(|line| *line != "…" && !printed.contains(line)).collect();
    assert!(stale.is_empty(), "README.md shows what is not printed: {stale:#?}");
}

#[test]
fn every_field_of_a_decoded_message_is_in_the_table() {
    let documented = documented("`gridtap decode`");
    let decoded = |folder: &Path| {
        let files = captures(folder).expect("a folder of captures");
        emitted(&gridtap().arg("decode").args(files).output().expect("gridtap starts"))
    };
    let mut printed = decoded(&root().join("fixtures"));
    // The real captures hold functions that the lab does not play.
    for folder in [
        "public/cisagov+icsnpp-modbus/testing/traces",
        "public/ITI+ICS-Security-Tools/pcaps/bro/modbus",
        "public/ITI+ICS-Security-Tools/pcaps/bro/dnp3",
        "public/ITI+ICS-Security-Tools/pcaps/dnp3",
        "public/cisagov+icsnpp-dnp3/testing/traces",
    ] {
        if let Some(folder) = capture(folder) {
            printed.extend(decoded(&folder));
        }
    }
    let undocumented: Vec<_> = printed.difference(&documented).collect();
    assert!(undocumented.is_empty(), "not in README.md: {undocumented:?}");
}

#[test]
fn every_field_in_the_table_of_decoded_messages_is_one_that_the_source_writes() {
    let source = root().join("crates/dissect/src");
    let files = [
        "record.rs",
        "modbus/record.rs",
        "modbus/record_parts.rs",
        "dnp3/record.rs",
        "dnp3/object_record.rs",
        "dnp3/set_record.rs",
        "dnp3/fields.rs",
        "dnp3/files.rs",
        "dnp3/security.rs",
    ];
    let source: String = files
        .iter()
        .map(|file| {
            std::fs::read_to_string(source.join(file))
                .unwrap_or_else(|error| panic!("{file}: {error}"))
        })
        .collect();
    let invented: Vec<_> = documented("`gridtap decode`")
        .into_iter()
        .filter(|path| {
            !source.contains(&format!("\"{}\"", path.rsplit('.').next().unwrap_or_default()))
        })
        .collect();
    assert!(invented.is_empty(), "no such field: {invented:?}");
}

#[test]
fn the_table_of_anomalies_has_exactly_the_fields_that_are_printed() {
    let mut printed = BTreeSet::new();
    // Two captures at once, so that each anomaly names its own.
    let modbus = root().join("fixtures/modbus");
    for pair in [["learn-1", "s1-stranger-1"], ["learn-2", "s7-master-2"]] {
        let output = gridtap()
            .args(["monitor", "--json", "--set", "baseline.block=10s", "--read"])
            .args(pair.map(|name| modbus.join(format!("{name}.pcap.gz"))))
            .output()
            .expect("gridtap starts");
        printed.extend(emitted(&output));
    }
    assert_eq!(
        documented("`gridtap monitor --json`"),
        printed,
        "README.md (left), printed (right)"
    );
}

#[test]
fn the_exit_codes_of_the_help_are_those_of_the_readme() {
    let output = gridtap().arg("--help").output().expect("gridtap starts");
    let help = String::from_utf8_lossy(&output.stdout).into_owned();
    let (_, codes) = help.split_once("Exit codes:").expect("the help tells its exit codes");
    let numbers = |text: &str| -> BTreeSet<u8> {
        let words = text.split(|character: char| !character.is_alphanumeric());
        words.filter_map(|word| word.parse().ok()).collect()
    };
    let text = readme();
    let (_, table) = text.split_once("### Exit codes").expect("a table of exit codes");
    let table = table.split("\n## ").next().unwrap_or_default();
    let rows: Vec<&str> =
        table.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next()).collect();
    assert_eq!(numbers(&rows.join(" ")), numbers(codes));
}

#[test]
fn the_site_file_that_is_shown_can_be_read() {
    let text = readme();
    let (_, section) = text.split_once("### The site file\n").expect("README.md has a section");
    let (_, block) = section.split_once("```toml\n").expect("README.md shows a site file");
    let site = block.split("```").next().unwrap_or_default();
    if let Err(error) = Site::parse(site) {
        panic!("{error}");
    }
}

#[test]
fn the_tables_of_the_summary_the_baseline_and_the_ledger_have_the_fields_that_are_printed() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (state, summary) = (directory.path().join("state"), directory.path().join("summary.json"));
    let mut first = gridtap();
    first.args(first_command()).arg("--quiet").arg("--state").arg(&state);
    let ran = first.arg("--summary").arg(&summary).output().expect("gridtap runs");
    assert!(ran.status.success());
    let asked = |what: &str| {
        let output = gridtap().args(["baseline", what, "--json", "--state"]).arg(&state).output();
        String::from_utf8(output.expect("gridtap runs").stdout).expect("text")
    };
    let summary = std::fs::read_to_string(summary).expect("a summary");
    for (heading, text, rare) in [
        ("`gridtap monitor --summary", summary, &["evicted", "copies", "not_followed"][..]),
        ("`gridtap baseline show --json`", asked("show"), &[]),
        ("`gridtap baseline ledger --json`", asked("ledger"), &["acceptance"]),
    ] {
        let mut printed = BTreeSet::new();
        for line in text.lines() {
            let record: Value = serde_json::from_str(line).expect("JSON");
            printed.extend(record.as_object().expect("an object").keys().cloned());
        }
        let mut told = documented(heading);
        told.retain(|name| !rare.contains(&name.as_str()) || printed.contains(name));
        assert_eq!(told, printed, "### {heading}");
    }
}
