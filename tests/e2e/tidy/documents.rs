//! The documents that a repository owes its reader.

use super::sources::{assert_none, root};

#[test]
fn the_documents_of_the_house_are_there() {
    let wanted = [
        "README.md",
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "LICENSE-MIT",
        "LICENSE-APACHE",
        "deny.toml",
        "rustfmt.toml",
        "clippy.toml",
        "rust-toolchain.toml",
        ".editorconfig",
        ".ci/run",
    ];
    let missing: Vec<String> = wanted
        .iter()
        .filter(|path| !root().join(path).is_file())
        .map(|path| (*path).to_owned())
        .collect();
    assert_none("missing documents", &missing);
}

#[test]
fn the_changelog_says_what_is_not_released_yet() {
    let text = std::fs::read_to_string(root().join("CHANGELOG.md")).expect("CHANGELOG.md is text");
    let (_, after) =
        text.split_once("\n## [Unreleased]\n").expect("CHANGELOG.md has an Unreleased section");
    let section = after.split("\n## ").next().unwrap_or_default();
    assert!(section.contains("\n- "), "the Unreleased section names nothing");
}

#[test]
fn ci_runs_the_test_command_of_the_readme() {
    let read = |path: &str| std::fs::read_to_string(root().join(path)).unwrap_or_default();
    assert!(read("README.md").contains("cargo xtask test"));
    assert!(read(".ci/run").contains("cargo xtask test"));
}

#[test]
fn the_documents_that_are_made_are_current() {
    let documents = gridtap_xtask::documents::all(&root()).expect("documents can be made");
    let faults: Vec<String> =
        documents.iter().filter_map(|document| document.fault(&root())).collect();
    assert_none("documents that are made", &faults);
}
