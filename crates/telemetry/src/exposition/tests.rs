use prometheus::{CounterVec, Opts};

use super::*;

const TWO: Metric = Metric {
    name: "two_total",
    kind: Kind::Counter,
    labels: &["one", "other"],
    help: "Two labels.",
};

/// What ours must never do: the pairs differ, and the vector of the crate has one counter for both.
#[test]
#[expect(clippy::disallowed_methods, reason = "shows why it is banned everywhere else")]
fn the_crate_s_own_vector_makes_one_series_of_two() {
    let vector = CounterVec::new(Opts::new(TWO.name, TWO.help), TWO.labels).unwrap();
    vector.with_label_values(&["1", "11"]).inc_by(5.0);
    vector.with_label_values(&["11", "1"]).inc_by(7.0);
    let text = written(&vector.collect());
    let merged = text.contains("two_total{one=\"1\",other=\"11\"} 12");
    assert!(merged, "fixed in this release of the crate: the ban may go\n{text}");
}

#[test]
fn label_values_that_read_the_same_run_together_are_two_series() {
    let mut family = Family::of(&TWO);
    family.count(&["1", "11"], 5);
    family.count(&["11", "1"], 7);
    let text = written(&[family.finish().unwrap()]);
    assert!(text.contains("two_total{one=\"1\",other=\"11\"} 5\n"), "{text}");
    assert!(text.contains("two_total{one=\"11\",other=\"1\"} 7\n"), "{text}");
}

#[test]
fn a_label_is_escaped() {
    let mut family = Family::of(&TWO);
    family.count(&["a \"b\"", "c\\d\ne"], 1);
    let text = written(&[family.finish().unwrap()]);
    assert!(text.ends_with("two_total{one=\"a \\\"b\\\"\",other=\"c\\\\d\\ne\"} 1\n"), "{text}");
}

#[test]
fn every_row_of_the_table_has_a_description_that_the_crate_takes() {
    assert_eq!(descriptions().len(), TABLE.len());
}
