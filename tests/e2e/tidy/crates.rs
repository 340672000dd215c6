//! The direction of dependencies, and what must never be in the shipped binary.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use super::sources::{assert_none, paths, root};

/// Each crate and those of ours that it may depend on. A new crate is a decision: it gets its line
/// here and in ARCHITECTURE.md.
const MAY_DEPEND_ON: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("wire", &["model"]),
    ("modbus", &["model"]),
    ("dnp3", &[]),
    ("dissect", &["model", "wire", "modbus", "dnp3"]),
    ("baseline", &["model"]),
    ("detect", &["model", "baseline"]),
    ("capture", &["model", "wire"]),
    ("tap", &["model", "wire"]),
    ("sensor", &["model", "wire", "dissect", "baseline", "detect", "capture", "telemetry"]),
    ("store", &["model", "baseline"]),
    ("notify", &["model", "store"]),
    ("telemetry", &["model"]),
    ("api", &["model", "store", "notify", "telemetry"]),
    (
        "gridtap",
        &[
            "model",
            "wire",
            "dissect",
            "baseline",
            "detect",
            "capture",
            "tap",
            "sensor",
            "store",
            "telemetry",
            "notify",
            "api",
        ],
    ),
    ("lab", &["model", "wire", "modbus", "dissect", "baseline", "detect", "capture", "sensor"]),
    ("xtask", &["baseline", "capture", "detect", "tap"]),
    (
        "tests",
        &[
            "model",
            "wire",
            "modbus",
            "dnp3",
            "dissect",
            "baseline",
            "detect",
            "capture",
            "sensor",
            "store",
            "notify",
            "telemetry",
            "lab",
        ],
    ),
    ("fuzz", &["tests"]),
];

/// The core: bytes and packet time in, values out.
pub(super) const PURE: [&str; 7] =
    ["model", "wire", "modbus", "dnp3", "dissect", "baseline", "detect"];

/// A crate's manifest.
pub(super) struct Manifest {
    /// The folder's name.
    pub(super) name: String,
    dependencies: BTreeSet<String>,
    dev_dependencies: BTreeSet<String>,
}

/// The crates that exist, by their manifests.
pub(super) fn manifests() -> Vec<Manifest> {
    let mut files = paths("crates");
    files.extend(paths("tests"));
    files
        .iter()
        .filter(|path| path.ends_with("/Cargo.toml"))
        .map(|path| {
            let text = std::fs::read_to_string(root().join(path)).expect("a manifest is text");
            let table: toml::Table = text.parse().unwrap_or_else(|error| panic!("{path}: {error}"));
            let name = path.rsplit('/').nth(1).expect("a manifest is in a folder").to_owned();
            let keys = |section: &str| keys(&table, section);
            let mut dependencies = keys("dependencies");
            dependencies.extend(keys("build-dependencies"));
            Manifest { name, dependencies, dev_dependencies: keys("dev-dependencies") }
        })
        .collect()
}

fn keys(table: &toml::Table, section: &str) -> BTreeSet<String> {
    let plain = table.get(section).into_iter();
    let by_target = table.get("target").and_then(|target| target.as_table()).into_iter();
    let by_target =
        by_target.flat_map(|targets| targets.values().filter_map(|target| target.get(section)));
    plain
        .chain(by_target)
        .filter_map(|value| value.as_table())
        .flat_map(|dependencies| dependencies.keys().cloned())
        .collect()
}

#[test]
fn dependencies_point_one_way() {
    let may: BTreeMap<_, _> = MAY_DEPEND_ON.iter().copied().collect();
    let mut faults = Vec::new();
    for manifest in manifests() {
        let Some(allowed) = may.get(manifest.name.as_str()) else {
            faults.push(format!("crates/{} has no line in MAY_DEPEND_ON", manifest.name));
            continue;
        };
        for dependency in &manifest.dependencies {
            let Some(ours) = dependency.strip_prefix("gridtap-") else { continue };
            if !allowed.contains(&ours) {
                faults.push(format!("{} depends on {ours}", manifest.name));
            }
        }
        // Tests of the core may use what stands left of it, never the shell, which would tie a knot.
        if PURE.contains(&manifest.name.as_str()) {
            for dependency in &manifest.dev_dependencies {
                let Some(ours) = dependency.strip_prefix("gridtap-") else { continue };
                if !PURE.contains(&ours) && ours != "capture" {
                    faults.push(format!("the tests of {} depend on {ours}", manifest.name));
                }
            }
        }
    }
    assert_none("dependencies against the direction of ARCHITECTURE.md", &faults);
}

#[test]
fn the_pure_core_depends_on_no_runtime_clock_or_log() {
    let shell = [
        "anyhow",
        "clap",
        "crossbeam-channel",
        "flate2",
        "log",
        "rand",
        "rusqlite",
        "tokio",
        "tracing",
        "tracing-subscriber",
        "indicatif",
        "anstream",
        "config",
    ];
    let mut faults = Vec::new();
    for manifest in manifests().iter().filter(|manifest| PURE.contains(&manifest.name.as_str())) {
        for dependency in manifest.dependencies.iter().filter(|each| shell.contains(&each.as_str()))
        {
            faults.push(format!("{} depends on {dependency}", manifest.name));
        }
    }
    assert_none("shell crates in the pure core", &faults);
}

#[test]
fn the_shipped_binary_contains_no_protocol_client_and_no_lab() {
    if !root().join("crates/gridtap/Cargo.toml").is_file() {
        println!("there is no crates/gridtap yet");
        return;
    }
    let output = Command::new(env!("CARGO"))
        .current_dir(root())
        .args([
            "tree",
            "--quiet",
            "--offline",
            "--locked",
            "--package",
            "gridtap",
            "--prefix",
            "none",
        ])
        .args(["--edges", "normal,build", "--format", "{p}"])
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8_lossy(&output.stdout);
    let names: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(names.contains("gridtap-wire"), "this is not the tree of the monitor: {names:?}");
    let clients = [
        "tokio-modbus",
        "rodbus",
        "rmodbus",
        "dnp3",
        "iec60870",
        "tokio-serial",
        "serialport",
        "pnet",
        "gridtap-lab",
        "gridtap-xtask",
    ];
    let found: Vec<String> = names
        .iter()
        .filter(|name| clients.contains(*name))
        .map(|name| (*name).to_owned())
        .collect();
    assert_none("in the dependency tree of gridtap", &found);
    // tokio listens for the operators' side with it; none of ours makes a socket of any other kind.
    let raw: Vec<String> = manifests()
        .into_iter()
        .filter(|each| names.contains(format!("gridtap-{}", each.name).as_str()))
        .filter(|each| each.dependencies.contains("socket2"))
        .map(|each| each.name)
        .collect();
    assert_none("shipped crates that make sockets of any kind", &raw);
}
