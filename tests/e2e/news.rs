//! What a service tells beside anomalies is told once, however often it is started.

use std::fs;
use std::path::Path;

use gridtap_store::Store;
use serde_json::Value;

use crate::machine;

const SETTINGS: &str = r#"
[baseline]
block = "10s"
[service]
name = "north"
read = ["fixtures/demo.pcapng"]
[notify]
targets = ["127.0.0.1"]
[[notify.endpoint]]
name = "noc"
url = "http://127.0.0.1:9/"
plain_http = true
format = "slack"
"#;

/// Hears the demo capture as a service, to its end.
fn hear(settings: &Path, state: &Path) {
    let mut command = machine::gridtap();
    command.args(["monitor", "--serve", "--config"]).arg(settings).arg("--state").arg(state);
    let ran = command.output().expect("gridtap runs");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}

/// What is owed beside anomalies and the sensor's own state: types and data, the oldest first.
fn owed(state: &Path) -> Vec<(String, Value)> {
    let store = Store::read(state).expect("a state");
    let mut owed: Vec<_> = store.deliveries(None, None, 10_000).expect("deliveries");
    owed.sort_by_key(|each| each.due.sequence);
    owed.into_iter()
        .filter(|each| !each.due.kind.starts_with("anomaly."))
        .map(|each| {
            let body: Value = serde_json::from_str(&each.due.body).expect("JSON");
            (each.due.kind, body["data"].clone())
        })
        .collect()
}

#[test]
fn devices_and_levels_are_told_of_once_and_a_restart_tells_nothing_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let (settings, state) = (directory.path().join("a.toml"), directory.path().join("state"));
    fs::write(&settings, SETTINGS).expect("a file");
    hear(&settings, &state);
    let first = owed(&state);
    let of = |kind: &str| first.iter().filter(|(is, _)| is == kind).collect::<Vec<_>>();
    let devices: u64 =
        of("device.new").iter().map(|(_, data)| data["count"].as_u64().unwrap()).sum();
    let shown = machine::gridtap()
        .args(["baseline", "show", "--json", "--state"])
        .arg(&state)
        .output()
        .expect("gridtap runs");
    let shown: Value = serde_json::from_slice(&shown.stdout).expect("JSON");
    let heard = shown["devices"].as_array().expect("a list").len();
    assert_eq!(usize::try_from(devices).unwrap(), heard, "{first:?}");
    let levels: Vec<_> =
        of("baseline.activated").iter().map(|(_, data)| data["level"].clone()).collect();
    assert_eq!(levels, ["flow", "function"]);
    hear(&settings, &state);
    assert_eq!(owed(&state), first, "the same capture again, and another start");
}
