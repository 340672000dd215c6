//! The core has no clock, no I/O, no thread and no global, and says so at its top.

use super::crates::{PURE, manifests};
use super::sources::{assert_none, root, rust};

#[test]
fn every_pure_crate_denies_what_could_panic() {
    let mut faults = Vec::new();
    for manifest in manifests().iter().filter(|manifest| PURE.contains(&manifest.name.as_str())) {
        let path = format!("crates/{}/src/lib.rs", manifest.name);
        let text = std::fs::read_to_string(root().join(&path)).expect("a pure crate is a library");
        let attribute: String = text
            .split_once("#![cfg_attr(")
            .and_then(|(_, rest)| rest.split_once(")]"))
            .map(|(attribute, _)| {
                attribute.chars().filter(|character| !character.is_whitespace()).collect()
            })
            .unwrap_or_default();
        for lint in [
            "clippy::indexing_slicing",
            "clippy::arithmetic_side_effects",
            "clippy::as_conversions",
        ] {
            if !attribute.starts_with("not(test),deny(") || !attribute.contains(lint) {
                faults.push(format!("{path}: `#![cfg_attr(not(test), deny({lint}))]`"));
            }
        }
    }
    assert_none("missing at the top of a pure crate", &faults);
}

#[test]
fn the_pure_core_reads_no_clock_and_touches_no_world() {
    // core::net is only addresses; std::net is sockets as well.
    let forbidden = [
        "std::time",
        "Instant::now",
        "SystemTime",
        "std::fs",
        "std::net",
        "std::io",
        "std::env",
        "std::process",
        "std::thread",
        "std::sync",
        "thread_local!",
        "static mut",
        "unsafe ",
        "tokio::",
        "tracing::",
        "log::",
        "async fn",
        "println!",
    ];
    let mut faults = Vec::new();
    for file in rust().iter().filter(|file| !file.is_test && is_pure(&file.path)) {
        for (number, line) in file.code_lines() {
            for word in forbidden.iter().filter(|word| line.contains(**word)) {
                faults.push(format!("{}:{number}: {word}", file.path));
            }
        }
    }
    assert_none("the world in the pure core", &faults);
}

fn is_pure(path: &str) -> bool {
    PURE.iter().any(|name| path.starts_with(&format!("crates/{name}/src/")))
}
