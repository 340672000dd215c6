//! Every capture in the repository says where it comes from and what must be said of it.

use gridtap_lab::fixtures;

use super::sources::{assert_none, root};

#[test]
fn every_fixture_has_its_line_in_the_sources_with_its_hash() {
    let folder = root().join("fixtures");
    let stated = fixtures::stated(&folder).expect("fixtures/SOURCES.md is a table");
    let captures = fixtures::captures(&folder).expect("fixtures/ can be read");
    assert!(!captures.is_empty(), "there are no fixtures");
    let mut faults = Vec::new();
    for capture in &captures {
        let name = capture.strip_prefix(&folder).expect("below fixtures/").display().to_string();
        match stated.get(&name) {
            None => faults.push(format!("{name} has no line")),
            Some(hash) if fixtures::hash(capture).is_ok_and(|found| found == *hash) => {}
            Some(_) => faults.push(format!("{name} is not what its hash says")),
        }
    }
    for name in stated.keys().filter(|name| !folder.join(name).is_file()) {
        faults.push(format!("{name} is not there"));
    }
    assert_none("fixtures/SOURCES.md and the captures", &faults);
}

#[test]
fn every_fixture_has_its_truth_or_is_what_a_truth_learns_from() {
    let mut faults = Vec::new();
    let mut told = Vec::new();
    for folder in ["fixtures", "fixtures/modbus"] {
        for (file, truth) in fixtures::truths(&root().join(folder)).expect("truths can be read") {
            if truth.acts.is_empty() {
                faults.push(format!("{}: nothing happens", file.display()));
            }
            told.extend(truth.learn.iter().chain([&truth.capture]).map(|name| root().join(folder).join(name)));
        }
    }
    for capture in fixtures::captures(&root().join("fixtures")).expect("fixtures/ can be read") {
        if !told.contains(&capture) {
            faults.push(format!("{} has no truth", capture.display()));
        }
    }
    faults.extend(told.iter().filter(|file| !file.is_file()).map(|file| format!("{} is not there", file.display())));
    assert_none("fixtures and truths", &faults);
}
