use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// Every row of Modbus is built.
const NOT_YET: [u32; 0] = [];
/// DNP3, what messages look like and what outstations say of themselves.
const DNP3_MESSAGES: [u32; 29] = [
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 18, 19, 29, 30, 31, 32, 33, 34, 37, 38, 45, 46, 47, 50,
    51, 52, 54,
];
/// DNP3, what is asked and by whom.
const DNP3_COMMANDS: [u32; 25] = [
    13, 14, 15, 16, 17, 20, 21, 22, 23, 24, 25, 26, 27, 28, 35, 36, 39, 40, 41, 42, 43, 44, 48, 49,
    53,
];
const NETWORK: [u32; 26] =
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 20, 23, 24, 25, 27, 29, 30, 31, 33, 34];

fn sentences(text: &str) -> Vec<String> {
    text.split_inclusive(['.', ';', ':', '?'])
        .map(|part| part.trim().to_lowercase())
        .filter(|part| !part.is_empty())
        .collect()
}

#[test]
fn the_catalogue_holds_exactly_the_detections_that_are_built_each_once_and_in_order() {
    let expected: Vec<String> = (1..=49)
        .filter(|number| !NOT_YET.contains(number))
        .map(|number| format!("MB-{number:02}"))
        .chain(DNP3_MESSAGES.iter().map(|number| format!("DN-{number:02}")))
        .chain(DNP3_COMMANDS.iter().map(|number| format!("DN-{number:02}")))
        .chain(NETWORK.iter().map(|number| format!("OT-{number:02}")))
        .collect();
    let found: Vec<&str> = all().map(|detection| detection.id).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_detection_is_found_by_its_id_and_an_unknown_id_is_none() {
    for entry in all() {
        assert_eq!(detection(entry.id), Some(entry));
    }
    assert_eq!(detection("MB-99"), None);
    assert_eq!(detection(""), None);
}

#[test]
fn no_sentence_of_advice_serves_two_detections() {
    let mut owners: BTreeMap<String, &str> = BTreeMap::new();
    for entry in all() {
        for sentence in sentences(entry.advice) {
            let other = owners.insert(sentence.clone(), entry.id);
            assert!(other.is_none(), "{} and {other:?} share: {sentence}", entry.id);
        }
    }
}

#[test]
fn advice_is_two_to_four_plain_sentences_of_a_length_that_is_read() {
    for entry in all() {
        let length = entry.advice.chars().count();
        assert!((120..=600).contains(&length), "{}: {length} characters", entry.id);
        let count = entry.advice.split(". ").count();
        assert!((2..=4).contains(&count), "{}: {count} sentences", entry.id);
        assert!(entry.advice.ends_with('.'), "{}", entry.id);
        assert!(!entry.advice.contains(['!', '\n', '\t']), "{}", entry.id);
        assert!(!entry.advice.contains("  "), "{}: two spaces", entry.id);
    }
}

#[test]
fn names_are_distinct_within_a_protocol() {
    let names: BTreeSet<_> =
        all().map(|detection| (detection.id.get(..2), detection.name)).collect();
    assert_eq!(names.len(), all().count());
}

#[test]
fn every_detection_has_techniques_and_every_technique_has_a_name() {
    let mapped: Vec<&str> = rows(TECHNIQUES).map(|(id, _)| id).collect();
    let known: Vec<&str> = all().map(|detection| detection.id).collect();
    assert_eq!(mapped, known, "techniques.tsv names the detections of the catalogue, in its order");
    let mut used = BTreeSet::new();
    for entry in all() {
        let techniques: Vec<&str> = entry.techniques().collect();
        assert!(!techniques.is_empty(), "{}", entry.id);
        for technique in techniques {
            assert!(technique_name(technique).is_some(), "{}: {technique}", entry.id);
            used.insert(technique);
        }
    }
    let listed: Vec<&str> = rows(ATTACK).map(|(id, _)| id).collect();
    assert_eq!(listed, Vec::from_iter(used), "the table holds what is used, in order, each once");
}

#[test]
fn the_technique_table_is_of_the_version_that_is_named() {
    let heading = ATTACK.lines().next().unwrap_or_default();
    assert!(heading.contains(&format!("version {ATTACK_VERSION}:")), "{heading}");
}

#[test]
fn techniques_that_others_confuse_are_the_right_ones() {
    for scan in ["MB-13", "MB-19", "MB-20", "DN-52"] {
        let techniques: Vec<&str> = detection(scan).unwrap().techniques().collect();
        assert!(techniques.contains(&"T0846") && !techniques.contains(&"T0842"), "{scan}");
    }
    assert_eq!(technique_name("T0856"), Some("Spoof Reporting Message"));
    assert_eq!(technique_name("T0866"), Some("Exploitation of Remote Services"));
}

#[test]
fn the_sensors_own_health_is_a_kind_of_its_own() {
    let health: Vec<&str> =
        all().filter(|entry| entry.kind == Kind::Health).map(|entry| entry.id).collect();
    assert_eq!(health, ["OT-29", "OT-31"]);
}
