//! The Debian package, in a root that has nothing else in it than what the package depends on.

mod clean;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::machine::{gridtap, root};
use clean::{CleanRoot, SERVICE_USER};

const OLDER: &str = "9.8.0";
const NEWER: &str = "9.9.0";

/// Builds a package of the gridtap of this source tree.
fn package(version: &str, folder: &Path) -> PathBuf {
    let mut build = Command::new(env!("CARGO"));
    build.current_dir(root()).env("SOURCE_DATE_EPOCH", "1800000000");
    build.args(["run", "--quiet", "--locked", "--package", "gridtap-xtask", "--", "package"]);
    build.args(["--quick", "--version", version, "--binary"]).arg(gridtap().get_program());
    let output = build.arg("--out").arg(folder).output().expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let made = fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path());
    let made: Vec<PathBuf> = made.collect();
    assert_eq!(made.len(), 1, "one package and nothing beside it: {made:?}");
    made.into_iter().next().expect("a package")
}

/// Whether the packages can be built here; says why not in one line.
fn is_debian() -> bool {
    let found = Command::new("dpkg-deb").arg("--version").output().is_ok();
    if !found {
        println!("not run: there is no dpkg-deb here");
    }
    found
}

fn dpkg_deb(arguments: &[&str], package: &Path) -> String {
    let mut dpkg_deb = Command::new("dpkg-deb");
    let output = dpkg_deb.env("TZ", "UTC").args(arguments).arg(package).output().expect("dpkg-deb");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_package_installs_upgrades_with_its_data_kept_and_purges() {
    if !is_debian() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let older = package(OLDER, &folder.path().join("older"));
    let Some(clean) = CleanRoot::with_what(&older) else { return };
    let configuration = clean.path("etc/gridtap/gridtap.toml");
    let state = clean.path("var/lib/private/gridtap");

    let said = clean.dpkg(&["--install"], Some(&older));
    assert!(said.contains("systemctl enable --now gridtap"), "what is to be done next: {said}");
    let version = clean.run(&["/usr/bin/gridtap", "--version"], &[]);
    assert!(version.stdout.starts_with("gridtap "), "{version:?}");
    clean.state_as_systemd_makes_it();
    fs::copy(root().join("fixtures/demo.pcapng"), clean.path("tmp/demo.pcapng")).expect("a copy");
    let monitor = ["/usr/bin/gridtap", "monitor", "--read", "/tmp/demo.pcapng", "--set"];
    let told = clean.run(&[&monitor[..], &["baseline.block=10s"]].concat(), &[]);
    assert!(told.code == Some(0) && told.stdout.contains("CRITICAL"), "{told:?}");
    serves(&clean);
    let learned = clean.run(&EXPORT, &[]);
    assert!(learned.code == Some(0) && learned.stdout.lines().count() > 10, "{learned:?}");

    let mut edited = fs::read_to_string(&configuration).expect("settings");
    edited.push_str("# edited here\n");
    fs::write(&configuration, &edited).expect("settings that may be edited");
    let newer = package(NEWER, &folder.path().join("newer"));
    let said = clean.dpkg(&["--install"], Some(&newer));
    assert!(!said.contains("systemctl enable"), "nothing to be done after an upgrade: {said}");
    assert_eq!(clean.installed_version(), NEWER);
    assert_eq!(fs::read_to_string(&configuration).expect("settings"), edited);
    assert_eq!(clean.run(&EXPORT, &[]).stdout, learned.stdout, "what was learned is kept");

    clean.dpkg(&["--remove", "gridtap"], None);
    assert!(!clean.path("usr/bin/gridtap").exists());
    assert!(fs::read_dir(&state).is_ok_and(|mut any| any.next().is_some()), "the data is kept");
    assert_eq!(fs::read_to_string(&configuration).expect("settings"), edited);

    clean.dpkg(&["--purge", "gridtap"], None);
    let left = clean.paths_that_name_gridtap();
    assert!(left.is_empty(), "left behind: {left:?}");
}

const EXPORT: [&str; 5] = ["/usr/bin/gridtap", "baseline", "export", "--state", "/var/lib/gridtap"];

/// What systemd starts, as the user that it makes for it.
fn serves(clean: &CleanRoot) {
    let unit = fs::read_to_string(clean.path("usr/lib/systemd/system/gridtap.service"));
    let unit = unit.expect("the unit is installed");
    let setting =
        |key: &str| unit.lines().find_map(|line| line.strip_prefix(key)).expect("a setting");
    let start: Vec<&str> = setting("ExecStart=").split(' ').collect();
    let environment = [setting("Environment=").split_once('=').expect("NAME=VALUE")];

    // As it was installed it does not know what to hear: it says so, and systemd does not start it again and again.
    let ended = clean.run(&start, &environment);
    let given_up = setting("RestartPreventExitStatus=");
    let code = ended.code.expect("an exit code").to_string();
    assert!(given_up.split(' ').any(|each| each == code), "{ended:?}");
    assert!(ended.stderr.contains("nothing to hear"), "{ended:?}");

    let told = clean.notified();
    let hears =
        [&start[..], &["--read", "/tmp/demo.pcapng", "--set", "baseline.block=10s"]].concat();
    let ended = clean.run(&hears, &[environment[0], ("NOTIFY_SOCKET", "/run/notify")]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let told = told();
    assert!(told.contains("READY=1") && told.contains("STOPPING=1"), "{told}");
    let state = fs::metadata(clean.path("var/lib/private/gridtap")).expect("a state");
    assert_eq!((state.uid(), state.mode() & 0o777), (SERVICE_USER, 0o700));
}

#[test]
fn the_same_sources_and_time_give_the_same_package() {
    if !is_debian() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let first = package(OLDER, &folder.path().join("first"));
    let second = package(OLDER, &folder.path().join("second"));
    assert!(fs::read(&first).expect("octets") == fs::read(&second).expect("octets"));
    for line in dpkg_deb(&["--contents"], &first).lines() {
        let mut columns = line.split_whitespace();
        let (mode, owner) =
            (columns.next().unwrap_or_default(), columns.next().unwrap_or_default());
        assert_eq!(owner, "root/root", "{line}");
        assert!(["drwxr-xr-x", "-rwxr-xr-x", "-rw-r--r--"].contains(&mode), "{line}");
        assert!(line.contains("2027-01-15 08:00"), "{line}");
    }
    holds_what_it_must(&first, folder.path());
}

/// What a package must have in it.
fn holds_what_it_must(package: &Path, folder: &Path) {
    let tree = folder.join("tree");
    let extracted = Command::new("dpkg-deb").arg("--raw-extract").arg(package).arg(&tree).status();
    assert!(extracted.expect("dpkg-deb").success());
    for path in [
        "usr/share/man/man1/gridtap.1.gz",
        "usr/share/man/man1/gridtap-monitor.1.gz",
        "usr/share/bash-completion/completions/gridtap",
        "usr/share/zsh/vendor-completions/_gridtap",
        "usr/share/fish/vendor_completions.d/gridtap.fish",
        "usr/share/gridtap/prometheus/gridtap.alerts.yml",
        "usr/share/gridtap/grafana/dashboards/overview.json",
        "usr/share/doc/gridtap/README.md",
        "usr/share/doc/gridtap/changelog.gz",
        "usr/share/doc/gridtap/copyright",
        "usr/share/doc/gridtap/runbooks",
        "usr/share/doc/gridtap/THIRD-PARTY-LICENCES.gz",
    ] {
        assert!(tree.join(path).exists(), "the package has no {path}");
    }
    let conffiles = fs::read_to_string(tree.join("DEBIAN/conffiles")).expect("conffiles");
    assert_eq!(conffiles, "/etc/gridtap/gridtap.toml\n");
    let sums = fs::read_to_string(tree.join("DEBIAN/md5sums")).expect("sums");
    assert!(sums.contains("  usr/bin/gridtap\n") && !sums.contains("etc/gridtap"), "{sums}");

    let sbom = fs::read_to_string(tree.join("usr/share/doc/gridtap/gridtap.cdx.json"));
    let sbom: Value = serde_json::from_str(&sbom.expect("a list")).expect("JSON");
    assert_eq!((&sbom["bomFormat"], &sbom["specVersion"]), (&"CycloneDX".into(), &"1.5".into()));
    let parts = sbom["components"].as_array().expect("components");
    let names: BTreeSet<&str> = parts.iter().filter_map(|part| part["name"].as_str()).collect();
    for linked in ["gridtap-wire", "rusqlite", "sqlite", "rustls", "clap"] {
        assert!(names.contains(linked), "{linked} is linked and not listed");
    }
    for strange in ["gridtap-lab", "gridtap-xtask", "tokio-modbus", "proptest", "serde_derive"] {
        assert!(!names.contains(strange), "{strange} is listed and not linked");
    }
    for part in parts.iter().filter(|part| part["purl"].is_string()) {
        assert!(part["licenses"][0]["expression"].is_string(), "{part}");
    }
    let reference = |part: &Value| part["bom-ref"].as_str().expect("a reference").to_owned();
    let mut known: BTreeSet<String> = parts.iter().map(reference).collect();
    known.insert(reference(&sbom["metadata"]["component"]));
    for node in sbom["dependencies"].as_array().expect("dependencies") {
        let on = node["dependsOn"].as_array().expect("a list");
        for each in on.iter().chain([&node["ref"]]) {
            assert!(
                known.contains(each.as_str().expect("a reference")),
                "{each} is not a component"
            );
        }
    }
}
