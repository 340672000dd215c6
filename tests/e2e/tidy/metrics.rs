//! The metrics: one table, its document, and one way to write a series.

use std::collections::BTreeSet;

use gridtap_telemetry::table::{Metric, TABLE};

use super::sources::{assert_none, root, rust};

/// The row of docs/metrics.md.
fn row(metric: &Metric) -> String {
    let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
    let labels = if labels.is_empty() { "–".to_owned() } else { labels.join(", ") };
    format!("| `{}` | {} | {labels} | {} |", metric.name, metric.kind.name(), metric.help)
}

#[test]
fn the_document_of_the_metrics_has_the_rows_of_the_table_in_its_order() {
    let text = std::fs::read_to_string(root().join("docs/metrics.md")).expect("a document");
    let documented: Vec<&str> =
        text.lines().filter(|line| line.starts_with("| `gridtap_")).collect();
    let rows: Vec<String> = TABLE.iter().map(row).collect();
    let missing: Vec<String> =
        rows.iter().filter(|row| !documented.contains(&row.as_str())).cloned().collect();
    assert_none("docs/metrics.md lacks", &missing);
    assert_eq!(documented, rows, "the same rows in the same order");
}

#[test]
fn no_metric_is_written_but_through_our_own_collector() {
    // The vectors of the crate merge series; crates/telemetry/src/exposition/tests.rs shows it.
    let words = ["with_label_values", "CounterVec", "GaugeVec", "HistogramVec", "prometheus::"];
    let mut faults = Vec::new();
    for file in rust().iter().filter(|file| !file.path.starts_with("tests/e2e/tidy/")) {
        if file.path == "crates/telemetry/src/exposition/tests.rs" {
            continue;
        }
        let allowed = file.path.starts_with("crates/telemetry/src/exposition");
        for (index, line) in file.text.lines().enumerate() {
            for word in words.iter().filter(|word| line.contains(**word)) {
                if !(allowed && *word == "prometheus::") {
                    faults.push(format!("{}:{}: {word}", file.path, index + 1));
                }
            }
        }
    }
    assert_none("the prometheus crate beside our collector", &faults);
}

#[test]
fn a_metric_is_named_in_the_table_alone() {
    let names: BTreeSet<&str> = TABLE.iter().map(|metric| metric.name).collect();
    let mut faults = Vec::new();
    for file in rust().iter().filter(|file| !file.is_test) {
        if file.path == "crates/telemetry/src/table.rs" {
            continue;
        }
        for (number, line) in file.shipped_lines() {
            let quoted = line.split('"').skip(1).step_by(2);
            for name in quoted.filter(|quoted| names.contains(quoted)) {
                faults.push(format!("{}:{number}: {name}", file.path));
            }
        }
    }
    assert_none("names of metrics outside their table", &faults);
}
