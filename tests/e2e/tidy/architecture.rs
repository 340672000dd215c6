//! ARCHITECTURE.md and the tree say the same.

use std::collections::BTreeSet;

use super::crates::manifests;
use super::sources::{assert_none, root, rust};

fn text() -> String {
    std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md is text")
}

#[test]
fn the_code_map_names_every_crate() {
    // Rows of the code map begin with the crate's folder: | `crates/wire` | …
    let text = text();
    let mapped: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("| `crates/"))
        .filter_map(|row| row.split('`').next())
        .collect();
    let manifests = manifests();
    let present: BTreeSet<&str> = manifests
        .iter()
        .map(|manifest| manifest.name.as_str())
        .filter(|name| root().join("crates").join(name).is_dir())
        .collect();
    let unmapped: Vec<String> =
        present.difference(&mapped).map(|name| (*name).to_owned()).collect();
    assert_none("crates that the code map does not name", &unmapped);
}

#[test]
fn every_invariant_names_tests_that_exist() {
    let text = text();
    let (_, invariants) = text.split_once("\n## Invariants\n").expect("a section of invariants");
    let invariants = invariants.split("\n## ").next().unwrap_or_default();
    let files = rust();
    let mut faults = Vec::new();
    // One numbered paragraph each; its tests stand in backticks as `path/of/file.rs::name`.
    for paragraph in invariants.split("\n\n").map(str::trim).filter(|each| is_numbered(each)) {
        let title = paragraph.lines().next().unwrap_or_default();
        let named: Vec<_> = paragraph
            .split('`')
            .filter_map(|quoted| quoted.split_once(".rs::"))
            .map(|(path, name)| (format!("{path}.rs"), name))
            .collect();
        if named.is_empty() {
            faults.push(format!("{title}: names no test"));
        }
        for (path, name) in named {
            let declared = format!("fn {name}(");
            if !files.iter().any(|file| file.path == path && file.text.contains(&declared)) {
                faults.push(format!("{title}: there is no `{name}` in {path}"));
            }
        }
    }
    assert_none("invariants without their tests", &faults);
}

fn is_numbered(paragraph: &str) -> bool {
    paragraph.split_once(". ").is_some_and(|(number, _)| number.parse::<u32>().is_ok())
}
