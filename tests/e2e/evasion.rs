//! Ways past a monitor: a command that the device takes is reported, whatever stands around it, or it is counted that
//! something could not be read.
//!
//! `GRIDTAP_KEEP_CAPTURES=DIR` leaves the captures there; `tests/peers/evasion.py DIR` shows them to other monitors, and
//! docs/evasion.md has what came of that.

mod cases;
mod line;

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::stage::{Gridtap, State};
use cases::{Case, Wanted};

/// Nobody but the site file says what is normal here: this master reads.
const SITE: &str = r#"
[[hosts]]
name = "SCADA"
addresses = ["10.0.0.7", "2001:db8::7"]
role = "master"

[[devices]]
name = "RTU 21"
protocol = "modbus"
address = "10.0.0.21"
unit = 3

[[devices.points]]
table = "coil"
index = 7
name = "52-1"

[[devices]]
name = "RTU 21 by IPv6"
protocol = "modbus"
address = "2001:db8::21"
unit = 3

[[devices.points]]
table = "coil"
index = 7
name = "52-1"

[[access]]
hosts = ["SCADA"]
devices = ["RTU 21", "RTU 21 by IPv6"]
classes = ["read"]

[[access]]
hosts = ["SCADA"]
devices = ["RTU 21", "RTU 21 by IPv6"]
functions = ["write single coil"]
forbid = true
"#;

/// What is wrong with what was told of a case; none where all is right.
fn wrong(case: &Case, state: &State, site: &Path) -> Option<String> {
    let name = case.name;
    let capture = case.line.clone().recording().write(state.scratch(), "case.pcap");
    let summary = state.scratch().join("summary.json");
    let run = Gridtap::new("monitor").arg("--read").arg(&capture).arg("--json");
    let run = run.arg("--site").arg(site).arg("--summary").arg(&summary).run();
    // 4: that there was nothing to judge is said, too.
    assert!(matches!(run.code, Some(0 | 4)), "{name}: {}", run.stderr);
    let told = run.anomalies();
    match case.wanted {
        Wanted::Told => {
            let is_it = |observed: &str| {
                observed.contains("write single coil") && observed.contains("52-1")
            };
            let forbidden = told
                .iter()
                .filter(|each| each.text("severity") == "critical" && is_it(each.text("observed")));
            (forbidden.count() == 0).then(|| format!("{name}: not told\n{}", run.stdout))
        }
        Wanted::Counted(field) => {
            let text = std::fs::read_to_string(&summary).unwrap();
            let summary: Value = serde_json::from_str(&text).unwrap();
            let counted = match &summary[field] {
                Value::Object(kinds) => kinds.values().filter_map(Value::as_u64).sum(),
                _ => summary["bytes"][field].as_u64().unwrap_or(0),
            };
            (counted == 0).then(|| format!("{name}: nothing counted as {field}: {summary}"))
        }
    }
}

#[test]
fn every_way_past_a_monitor_is_told_or_counted() {
    let state = State::new();
    let site = state.scratch().join("site.toml");
    std::fs::write(&site, SITE).unwrap();
    let all = cases::all();
    let names: BTreeSet<&str> = all.iter().map(|case| case.name).collect();
    assert_eq!(names.len(), all.len(), "each has a name of its own");
    if let Some(kept) = std::env::var_os("GRIDTAP_KEEP_CAPTURES") {
        for (nth, case) in all.iter().enumerate() {
            let name = format!("{nth:02} {}.pcap", case.name.replace('/', "-"));
            case.line.clone().recording().write(Path::new(&kept), &name);
        }
    }
    let wrong: Vec<String> = all.iter().filter_map(|case| wrong(case, &state, &site)).collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), all.len(), wrong.join("\n"));
}
