//! What tests each detection, found in the source: the lab's scenarios and fixtures whose truth expects it, and tests
//! that name it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// What tests one detection.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    /// Scenarios of the lab, each with its variant.
    pub(super) scenarios: BTreeSet<String>,
    /// Captures whose truth expects it, without the number of the seed, and how many there are of each.
    pub(super) fixtures: BTreeMap<String, u64>,
    /// Test sources that name it.
    pub(super) tests: BTreeSet<String>,
    /// Those of them that run over captures which others labelled.
    pub(super) public: BTreeSet<String>,
}

/// What tests each detection, by its id.
pub(super) fn gather(
    root: &Path,
    ids: &[&'static str],
) -> Result<BTreeMap<&'static str, Evidence>> {
    let mut found: BTreeMap<&'static str, Evidence> =
        ids.iter().map(|id| (*id, Evidence::default())).collect();
    for file in files(root, "crates/lab/scenarios", "toml")? {
        let text = read(root, &file)?;
        let table: toml::Table = text.parse().with_context(|| file.clone())?;
        scenario(&file, &serde_json::to_value(&table)?, &mut found);
    }
    for file in files(root, "fixtures", "json")? {
        let truth: serde_json::Value =
            serde_json::from_str(&read(root, &file)?).with_context(|| file.clone())?;
        let mut expected = BTreeSet::new();
        expectations(&truth, false, &mut expected);
        for id in expected {
            if let Some(evidence) = found.get_mut(id.as_str()) {
                *evidence.fixtures.entry(unnumbered(&file).to_owned()).or_default() += 1;
            }
        }
    }
    for file in files(root, "crates", "rs")?.into_iter().chain(files(root, "tests", "rs")?) {
        // The catalogue's own tests name all, and show nothing of what any does.
        if file.contains("/catalogue") || file.starts_with("crates/xtask/") {
            continue;
        }
        let text = read(root, &file)?;
        let tests = tests_in(&file, &text);
        for (id, evidence) in &mut found {
            if names(tests, id) {
                let public = tests.contains("labelled/");
                (if public { &mut evidence.public } else { &mut evidence.tests })
                    .insert(file.clone());
            }
        }
    }
    Ok(found)
}

/// The expectations of one scenario, by variant where it has some.
fn scenario(file: &str, table: &serde_json::Value, found: &mut BTreeMap<&'static str, Evidence>) {
    let name = table["id"].as_str().map_or_else(|| unnumbered(file).to_owned(), str::to_owned);
    let variants = table["variant"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut parts: Vec<(String, &serde_json::Value)> = variants
        .iter()
        .filter_map(|variant| Some((format!("{name} {}", variant["name"].as_str()?), variant)))
        .collect();
    if parts.is_empty() {
        parts.push((name, table));
    }
    for (name, part) in parts {
        let mut expected = BTreeSet::new();
        expectations(part, false, &mut expected);
        for id in expected {
            if let Some(evidence) = found.get_mut(id.as_str()) {
                evidence.scenarios.insert(name.clone());
            }
        }
    }
}

/// Every detection that stands under `expect` or `expected`, however deep.
fn expectations(value: &serde_json::Value, expected: bool, out: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::Array(items) => {
            items.iter().for_each(|item| expectations(item, expected, out));
        }
        serde_json::Value::Object(fields) => {
            for (key, field) in fields {
                if expected && key == "detection" {
                    out.extend(field.as_str().map(str::to_owned));
                }
                expectations(field, expected || key == "expect" || key == "expected", out);
            }
        }
        _ => {}
    }
}

/// A path without its ending and the number of its seed: `fixtures/dnp3/s17-master-1.json` is of `dnp3/s17-master`.
fn unnumbered(file: &str) -> &str {
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let stem = stem.strip_prefix("fixtures/").unwrap_or(stem);
    match stem.rsplit_once('-') {
        Some((name, seed)) if seed.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => stem,
    }
}

/// The part of a source that is tests: all of it by its place, else what follows the module of its own tests.
fn tests_in<'a>(file: &str, text: &'a str) -> &'a str {
    let whole =
        file.starts_with("tests/") || file.contains("/tests/") || file.ends_with("/tests.rs");
    if whole {
        return text;
    }
    text.find("#[cfg(test)]\nmod tests {").and_then(|at| text.get(at..)).unwrap_or_default()
}

/// Whether a text names an id by itself: `DN-1` is not in `DN-12`.
fn names(text: &str, id: &str) -> bool {
    text.match_indices(id).any(|(at, _)| {
        let after = text.get(at + id.len()..).and_then(|rest| rest.chars().next());
        !after.is_some_and(|next| next.is_ascii_digit())
    })
}

fn read(root: &Path, file: &str) -> Result<String> {
    std::fs::read_to_string(root.join(file)).with_context(|| file.to_owned())
}

/// The files under a folder that end so, below the root, in order.
fn files(root: &Path, folder: &str, ending: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == ending) {
                let below = path.strip_prefix(root).unwrap_or(&path);
                found.push(below.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixture_is_named_without_the_number_of_its_seed() {
        assert_eq!(unnumbered("fixtures/dnp3/s17-master-2.json"), "dnp3/s17-master");
        assert_eq!(unnumbered("fixtures/demo.json"), "demo");
    }

    #[test]
    fn an_id_is_named_by_itself() {
        assert!(names("expects \"MB-01\"", "MB-01"));
        assert!(!names("MB-011", "MB-01"));
    }

    #[test]
    fn only_what_is_expected_counts() {
        let truth = serde_json::json!({
            "acts": [{
                "expected": [{ "detection": "MB-29" }],
                "listed": [{ "detections": ["OT-03"], "detection": "MB-30" }],
            }],
        });
        let mut out = BTreeSet::new();
        expectations(&truth, false, &mut out);
        assert_eq!(Vec::from_iter(out), ["MB-29"]);
    }

    #[test]
    fn of_a_source_only_its_own_tests_count() {
        let text = "const ROW: &str = \"MB-29\";\n#[cfg(test)]\nmod tests {\n\"MB-30\"\n}\n";
        assert!(!names(tests_in("crates/detect/src/family/access.rs", text), "MB-29"));
        assert!(names(tests_in("crates/detect/src/family/access.rs", text), "MB-30"));
        assert!(names(tests_in("tests/e2e/lemay.rs", text), "MB-29"));
    }
}
