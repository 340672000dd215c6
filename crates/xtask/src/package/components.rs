//! What is linked into the program: our crates, those of others, and the database that one of them brings along.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use super::text;
use crate::process::{cargo, root};

/// One part of the program.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Component {
    pub(super) name: String,
    pub(super) version: String,
    /// An SPDX expression.
    pub(super) licence: String,
    /// Its package URL; none of what is published nowhere.
    pub(super) url: Option<String>,
    pub(super) repository: Option<String>,
    /// SHA-256 of what was downloaded.
    pub(super) checksum: Option<String>,
    /// Where its sources, and the texts of its licence, are on this machine.
    pub(super) folder: PathBuf,
    /// The components that it is built on, by `Component::reference`.
    pub(super) on: BTreeSet<String>,
}

impl Component {
    /// Tells it from every other.
    pub(super) fn reference(&self) -> String {
        reference(&self.name, &self.version)
    }
}

fn reference(name: &str, version: &str) -> String {
    format!("{name}@{version}")
}

/// Everything that is linked, for a target, in order.
///
/// Which crates those are, cargo's tree says: it leaves out what only tests, other platforms and the compiler use.
pub(super) fn linked(target: &str) -> Result<Vec<Component>> {
    let edges = ["--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}"];
    let tree = text(
        cargo()
            .args(["tree", "--quiet", "--locked", "--package", "gridtap", "--target", target])
            .args(edges),
    )?;
    let names: BTreeSet<String> = tree
        .lines()
        .filter_map(|line| {
            let (name, rest) = line.split_once(" v")?;
            Some(reference(name, rest.split(' ').next()?))
        })
        .collect();
    let metadata = text(cargo().args([
        "metadata",
        "--locked",
        "--format-version=1",
        "--filter-platform",
        target,
    ]))?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let checksums = checksums(&fs::read_to_string(root().join("Cargo.lock"))?)?;
    let mut components = Vec::new();
    for package in metadata["packages"].as_array().context("cargo names no packages")? {
        let mut component = component(package)?;
        if !names.contains(&component.reference()) {
            continue;
        }
        component.checksum = checksums.get(&component.reference()).cloned();
        component.on = on(&metadata, package, &names);
        if component.name == "libsqlite3-sys" {
            let sqlite = sqlite(&component.folder)?;
            component.on.insert(sqlite.reference());
            components.push(sqlite);
        }
        components.push(component);
    }
    components.sort();
    Ok(components)
}

fn component(package: &Value) -> Result<Component> {
    let told = |key: &str| package[key].as_str().map(str::to_owned);
    let name = told("name").context("a package has a name")?;
    let version = told("version").context("a package has a version")?;
    let manifest = told("manifest_path").context("a package has a manifest")?;
    Ok(Component {
        // An older way of writing a choice.
        licence: told("license").unwrap_or_default().replace('/', " OR "),
        url: told("source").map(|_| format!("pkg:cargo/{name}@{version}")),
        repository: told("repository"),
        checksum: None,
        folder: Path::new(&manifest).parent().unwrap_or(Path::new("/")).to_path_buf(),
        on: BTreeSet::new(),
        name,
        version,
    })
}

/// The linked components that a package is built on.
fn on(metadata: &Value, package: &Value, linked: &BTreeSet<String>) -> BTreeSet<String> {
    let nodes = list(&metadata["resolve"]["nodes"]);
    let node = nodes.iter().find(|node| node["id"] == package["id"]);
    let ids: BTreeSet<&str> = node
        .map(|node| list(&node["deps"]))
        .unwrap_or_default()
        .iter()
        .filter(|dependency| {
            list(&dependency["dep_kinds"]).iter().any(|each| each["kind"].is_null())
        })
        .filter_map(|dependency| dependency["pkg"].as_str())
        .collect();
    list(&metadata["packages"])
        .iter()
        .filter(|each| each["id"].as_str().is_some_and(|id| ids.contains(id)))
        .filter_map(|each| Some(reference(each["name"].as_str()?, each["version"].as_str()?)))
        .filter(|each| linked.contains(each))
        .collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// SHA-256 by reference, from the lock file.
fn checksums(lock: &str) -> Result<BTreeMap<String, String>> {
    let lock: toml::Table = lock.parse()?;
    let packages = lock.get("package").and_then(toml::Value::as_array);
    let packages = packages.context("Cargo.lock names no packages")?;
    Ok(packages
        .iter()
        .filter_map(|package| {
            let told = |key: &str| package.get(key)?.as_str();
            Some((reference(told("name")?, told("version")?), told("checksum")?.to_owned()))
        })
        .collect())
}

/// The database's C source, which its crate carries with it: scanners look for it by its own name.
fn sqlite(folder: &Path) -> Result<Component> {
    let folder = folder.join("sqlite3");
    let header = fs::read_to_string(folder.join("sqlite3.h"))
        .context("libsqlite3-sys is linked without the source of SQLite")?;
    let version = header
        .lines()
        .find_map(|line| line.strip_prefix("#define SQLITE_VERSION ")?.split('"').nth(1))
        .context("sqlite3.h has no SQLITE_VERSION")?;
    Ok(Component {
        name: "sqlite".to_owned(),
        version: version.to_owned(),
        licence: "blessing".to_owned(),
        url: Some(format!("pkg:generic/sqlite@{version}")),
        repository: Some("https://sqlite.org/src".to_owned()),
        checksum: None,
        folder,
        on: BTreeSet::new(),
    })
}
