//! The bodies of the fuzz targets, for the seeds, for what a corpus holds, and for random octets.

use std::fs;
use std::path::PathBuf;

use gridtap_tests::fuzz::{TARGETS, run, seeds};
use proptest::prelude::*;

use crate::machine::root;

/// The files of a directory, by name; none where there is no such directory.
fn files(directory: PathBuf) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// The seeds are made by code, so that a reader sees what they are; the files are what cargo-fuzz begins with.
#[test]
fn the_seeds_are_what_the_code_makes() {
    let directory = root().join("tests/fuzz/seeds");
    let write = std::env::var_os("GRIDTAP_WRITE_SEEDS").is_some();
    let mut made = Vec::new();
    for (target, name, bytes) in seeds() {
        let path = directory.join(target).join(name);
        if write {
            fs::create_dir_all(path.parent().expect("it is in a directory")).unwrap();
            fs::write(&path, &bytes).unwrap();
        }
        let kept = fs::read(&path).unwrap_or_default();
        let path_text = path.display();
        assert!(kept == bytes, "{path_text} differs: run with GRIDTAP_WRITE_SEEDS=1");
        made.push(path);
    }
    made.sort();
    let kept: Vec<_> =
        files(directory).into_iter().flat_map(files).filter(|path| !is_found(path)).collect();
    assert_eq!(kept, made, "each seed is made by code, or was found by fuzzing and is named so");
}

/// What fuzzing found is kept beside the seeds, as a file named `found-…`.
fn is_found(path: &std::path::Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("found-"))
}

#[test]
fn every_seed_and_every_corpus_passes_its_target() {
    for target in TARGETS {
        let mut replayed = 0;
        for kind in ["seeds", "corpus"] {
            for path in files(root().join("tests/fuzz").join(kind).join(target.name)) {
                (target.body)(&fs::read(path).unwrap());
                replayed += 1;
            }
        }
        assert!(replayed > 0, "{} has no seeds", target.name);
    }
}

/// A seed of some target with a few octets changed, and a piece of it left out or repeated.
fn damaged() -> impl Strategy<Value = (&'static str, Vec<u8>)> {
    let change = (any::<prop::sample::Index>(), any::<u8>());
    let piece = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<bool>());
    (prop::sample::select(seeds()), prop::collection::vec(change, 0..6), piece).prop_map(
        |((target, _, mut bytes), changes, (from, to, again))| {
            for (at, octet) in changes {
                let at = at.index(bytes.len());
                bytes[at] = octet;
            }
            let (from, to) = (from.index(bytes.len()), to.index(bytes.len()));
            let piece = from.min(to)..from.max(to);
            if again {
                let repeated = bytes[piece].to_vec();
                bytes.extend(repeated);
            } else if piece.len() < bytes.len() / 4 {
                bytes.drain(piece);
            }
            (target, bytes)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_damaged_seed_passes_its_target((target, bytes) in damaged()) {
        run(target, &bytes);
    }

    #[test]
    fn any_octets_pass_every_target(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for target in TARGETS {
            (target.body)(&bytes);
        }
    }
}
