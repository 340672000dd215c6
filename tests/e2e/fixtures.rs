//! The captures of the repository are those whose origin is told, and each scenario's has its truth.

use std::path::PathBuf;

use gridtap_lab::fixtures::{LINE, LINE_SEEDS, SEEDS, captures, hash, stated, truths};
use gridtap_lab::{dnp3, scenario};

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
    for protocol in ["modbus", "dnp3", LINE] {
        let folder = folder().join(protocol);
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
}

/// What a scenario's variant is called, and how many anomalies it expects.
type Variant = (String, String, usize);

#[test]
fn every_variant_of_every_scenario_is_there_for_every_seed_with_what_must_be_said() {
    let modbus = scenario::all().unwrap().into_iter().flat_map(|scenario| {
        let id = scenario.id;
        scenario.variants.into_iter().map(move |own| (id.clone(), own.name, own.expect.len()))
    });
    every_variant_is_there("modbus", &SEEDS, modbus.collect());
    let variants = |scenarios: Vec<dnp3::scenario::Scenario>| -> Vec<Variant> {
        let all = scenarios.into_iter().flat_map(|scenario| {
            let id = scenario.id;
            scenario.variants.into_iter().map(move |own| (id.clone(), own.name, own.expect.len()))
        });
        all.collect()
    };
    every_variant_is_there("dnp3", &SEEDS, variants(dnp3::scenario::all().unwrap()));
    every_variant_is_there(LINE, &LINE_SEEDS, variants(dnp3::scenario::of_line().unwrap()));
}

fn every_variant_is_there(protocol: &str, seeds: &[u64], variants: Vec<Variant>) {
    let truths = truths(&folder().join(protocol)).unwrap();
    for (id, name, expected) in variants {
        let acts: Vec<_> = truths
            .iter()
            .flat_map(|(_, truth)| &truth.acts)
            .filter(|act| act.scenario == id && act.variant == name)
            .collect();
        assert_eq!(acts.len(), seeds.len(), "{protocol} {id} {name}");
        for act in acts {
            assert_eq!(act.expected.is_empty(), expected == 0);
            assert!(act.expected.len() >= expected);
            assert_eq!(act.requests.is_empty(), act.source.is_none());
        }
    }
}

#[test]
fn the_demonstration_shows_at_least_three_incidents() {
    let truth = gridtap_lab::fixtures::truth(&folder().join("demo.json")).unwrap();
    assert!(truth.acts.iter().filter(|act| !act.expected.is_empty()).count() >= 3);
}
