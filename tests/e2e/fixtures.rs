//! The captures of the repository are those whose origin is told, and each scenario's has its truth.

use std::path::PathBuf;

use gridtap_lab::fixtures::{SEEDS, captures, hash, stated, truths};
use gridtap_lab::scenario;

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures"))
}

#[test]
fn every_fixture_is_the_one_whose_origin_is_told() {
    let mut stated = stated(&folder()).unwrap();
    for file in captures(&folder()).unwrap() {
        let name = file.strip_prefix(folder()).unwrap().display().to_string();
        let expected = stated.remove(&name);
        let expected = expected.unwrap_or_else(|| panic!("SOURCES.md does not tell of {name}"));
        assert_eq!(hash(&file).unwrap(), expected, "{name} is not the file of SOURCES.md");
    }
    assert!(stated.is_empty(), "SOURCES.md tells of captures that are not there: {stated:?}");
}

#[test]
fn every_capture_has_its_truth_and_every_truth_its_captures() {
    let folder = folder().join("modbus");
    let truths = truths(&folder).unwrap();
    let told: Vec<&str> = truths.iter().map(|(_, truth)| truth.capture.as_str()).collect();
    for file in captures(&folder).unwrap() {
        let name = file.file_name().unwrap().to_str().unwrap();
        assert!(name.starts_with("learn-") || told.contains(&name), "{name} has no truth");
    }
    for (file, truth) in &truths {
        for capture in [Some(&truth.capture), truth.learn.as_ref()].into_iter().flatten() {
            assert!(folder.join(capture).is_file(), "{}: {capture}", file.display());
        }
    }
}

#[test]
fn every_variant_of_every_scenario_is_there_for_every_seed_with_what_must_be_said() {
    let truths = truths(&folder().join("modbus")).unwrap();
    for scenario in scenario::all().unwrap() {
        for variant in &scenario.variants {
            let acts: Vec<_> = truths
                .iter()
                .flat_map(|(_, truth)| &truth.acts)
                .filter(|act| act.scenario == scenario.id && act.variant == variant.name)
                .collect();
            assert_eq!(acts.len(), SEEDS.len(), "{} {}", scenario.id, variant.name);
            for act in acts {
                assert_eq!(act.expected.is_empty(), variant.expect.is_empty());
                assert!(act.expected.len() >= variant.expect.len());
                assert_eq!(act.requests.is_empty(), act.source.is_none());
            }
        }
    }
}

#[test]
fn the_demonstration_shows_at_least_three_incidents() {
    let truth = gridtap_lab::fixtures::truth(&folder().join("demo.json")).unwrap();
    assert!(truth.acts.iter().filter(|act| !act.expected.is_empty()).count() >= 3);
}
