//! The dashboards, by the rules that Grafana's own linter has: there is no Grafana in the tests.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use gridtap_telemetry::table::{Kind, TABLE};
use serde_json::Value;

use crate::machine::root;

pub(crate) const DASHBOARDS: [&str; 3] = ["overview", "protocols", "sensor"];

pub(crate) fn dashboard(name: &str) -> Value {
    let path = root().join(format!("deploy/grafana/dashboards/{name}.json"));
    let text = fs::read_to_string(path).expect("a dashboard is in the repository");
    serde_json::from_str(&text).expect("a dashboard is JSON")
}

fn panels(dashboard: &Value) -> &[Value] {
    dashboard["panels"].as_array().expect("a dashboard has panels")
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// Every query, with the name of what asks it.
pub(crate) fn queries(dashboard: &Value) -> Vec<(&str, &str)> {
    panels(dashboard)
        .iter()
        .flat_map(|panel| {
            let targets = panel["targets"].as_array().into_iter().flatten();
            targets.map(|target| (text(panel, "title"), text(target, "expr")))
        })
        .collect()
}

/// What the variables ask for, as queries.
pub(crate) fn variables(dashboard: &Value) -> Vec<(&str, &str)> {
    let list = dashboard["templating"]["list"].as_array().into_iter().flatten();
    list.filter_map(|variable| {
        let query = text(&variable["query"], "query").strip_prefix("label_values(")?;
        Some((text(variable, "name"), query.rsplit_once(", ")?.0))
    })
    .collect()
}

#[test]
fn a_dashboard_asks_the_data_source_that_is_chosen_and_says_what_it_shows() {
    for name in DASHBOARDS {
        let dashboard = dashboard(name);
        assert_eq!(dashboard["schemaVersion"], 39);
        assert!(text(&dashboard, "title").starts_with("gridtap: "));
        let variables = dashboard["templating"]["list"].as_array().expect("variables");
        let names: Vec<&str> = variables.iter().map(|variable| text(variable, "name")).collect();
        assert_eq!(names, ["datasource", "job", "instance"], "{name}");
        for panel in panels(&dashboard) {
            let title = text(panel, "title");
            assert!(panel["targets"].as_array().is_some_and(|asked| !asked.is_empty()), "{title}");
            assert!(!title.is_empty() && text(panel, "description").ends_with('.'), "{title}");
            assert!(!text(&panel["fieldConfig"]["defaults"], "unit").is_empty(), "{title}");
            assert_eq!(panel["datasource"]["uid"], "$datasource", "{title}");
        }
    }
}

#[test]
fn no_two_panels_overlap_and_all_are_within_the_grid() {
    for name in DASHBOARDS {
        let dashboard = dashboard(name);
        let mut taken = BTreeSet::new();
        for panel in panels(&dashboard) {
            let place = |key: &str| panel["gridPos"][key].as_u64().expect("a place");
            assert!(place("x") + place("w") <= 24, "{}", panel["title"]);
            for column in place("x")..place("x") + place("w") {
                for row in place("y")..place("y") + place("h") {
                    assert!(taken.insert((column, row)), "{} overlaps", panel["title"]);
                }
            }
        }
        if name == "overview" {
            assert!(taken.iter().all(|(_, row)| *row < 20), "one screen, without scrolling");
        }
    }
}

#[test]
fn every_query_is_of_the_chosen_sensors_and_takes_counters_as_rates() {
    for name in DASHBOARDS {
        let dashboard = dashboard(name);
        for (panel, query) in queries(&dashboard) {
            let selectors = query.matches('{').count();
            let chosen = query.matches("{job=~\"$job\", instance=~\"$instance\"").count();
            assert!(selectors > 0 && selectors == chosen, "{panel}: {query}");
            let apart = |character: char| !(character.is_ascii_alphanumeric() || character == '_');
            for metric in query.split(apart).filter(|word| word.starts_with("gridtap_")) {
                let row = TABLE
                    .iter()
                    .find(|row| match row.kind {
                        Kind::Histogram => metric.strip_suffix("_bucket") == Some(row.name),
                        Kind::Counter | Kind::Gauge => metric == row.name,
                    })
                    .unwrap_or_else(|| panic!("{panel}: there is no {metric}"));
                let rated = ["rate(", "increase("]
                    .iter()
                    .any(|function| query.contains(&format!("{function}{metric}{{")));
                assert_eq!(rated, row.kind != Kind::Gauge, "{panel}: {query}");
                assert!(!rated || query.contains("sum"), "{panel}: counters are added up");
            }
        }
    }
}

#[test]
fn prometheus_can_parse_every_query() {
    // As recording rules, with what Grafana puts in the place of its variables.
    let mut rules = String::from("groups:\n  - name: queries\n    rules:\n");
    for name in DASHBOARDS {
        let dashboard = dashboard(name);
        for (nth, (_, query)) in queries(&dashboard).into_iter().enumerate() {
            let query = query.replace("$__rate_interval", "1m").replace("$instance", ".+");
            let query = query.replace("$job", ".+").replace('\'', "''");
            rules
                .push_str(&format!("      - record: {name}:query{nth}\n        expr: '{query}'\n"));
        }
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("queries.yml");
    fs::write(&path, rules).expect("a temporary file");
    let Ok(output) = Command::new("promtool").args(["check", "rules"]).arg(&path).output() else {
        println!("not run: promtool is not installed (Debian: prometheus)");
        return;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
