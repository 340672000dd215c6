//! The systemd unit, by what systemd itself says of it.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::machine::root;

/// Ten times the highest exposure that is allowed.
const EXPOSURE_TENTHS_MAX: &str = "--threshold=20";

const UNIT: &str = "deploy/systemd/gridtap.service";

/// The unit, with a program that is there in the place of the one that is to be installed.
fn installed(folder: &Path) -> std::path::PathBuf {
    let unit = fs::read_to_string(root().join(UNIT)).expect("the unit is text");
    assert!(unit.contains("ExecStart=/usr/bin/gridtap "));
    let path = folder.join("gridtap.service");
    fs::write(&path, unit.replace("=/usr/bin/gridtap ", "=/bin/sh ")).expect("a temporary file");
    path
}

/// Runs systemd-analyze; says in one line where there is none.
fn analyze(arguments: &[&str], unit: &Path) -> Option<(bool, String)> {
    let mut analyze = Command::new("systemd-analyze");
    let Ok(output) = analyze.args(arguments).arg(unit).output() else {
        println!("not run: systemd-analyze is not installed (Debian: systemd)");
        return None;
    };
    let said = [output.stdout, output.stderr].concat();
    Some((output.status.success(), String::from_utf8_lossy(&said).into_owned()))
}

#[test]
fn the_service_is_exposed_by_2_of_10_at_most() {
    let security = ["security", "--offline=true", "--no-pager", EXPOSURE_TENTHS_MAX];
    let folder = tempfile::tempdir().expect("a temporary folder");
    let unit = installed(folder.path());
    let Some((succeeded, said)) = analyze(&security, &unit) else { return };
    assert!(succeeded, "{said}");
}

#[test]
fn systemd_understands_every_line_of_the_unit() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let unit = installed(folder.path());
    let verify = ["verify", "--man=no", "--recursive-errors=no"];
    let Some((succeeded, said)) = analyze(&verify, &unit) else { return };
    // What it says of other units of this machine is not ours.
    let ours: Vec<&str> = said.lines().filter(|line| line.contains("gridtap")).collect();
    assert!(succeeded && ours.is_empty(), "{said}");
}
