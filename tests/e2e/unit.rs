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
    let start = "ExecStart=/usr/bin/gridtap ";
    assert!(unit.contains(start));
    let path = folder.join("gridtap.service");
    fs::write(&path, unit.replace(start, "ExecStart=/bin/sh ")).expect("a temporary file");
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
fn the_service_is_exposed_by_2_of_10_at_most_also_where_tcpdump_feeds_it() {
    let security = ["security", "--offline=true", "--no-pager", EXPOSURE_TENTHS_MAX];
    let folder = tempfile::tempdir().expect("a temporary folder");
    let unit = installed(folder.path());
    let Some((succeeded, said)) = analyze(&security, &unit) else { return };
    assert!(succeeded, "{said}");
    feed(folder.path());
    let (succeeded, said) = analyze(&security, &unit).expect("it is installed");
    assert!(succeeded, "{said}");
}

#[test]
fn systemd_understands_every_line_of_the_unit_and_of_its_feed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let unit = installed(folder.path());
    let verify = ["verify", "--man=no", "--recursive-errors=no"];
    let Some(alone) = analyze(&verify, &unit) else { return };
    feed(folder.path());
    let fed = analyze(&verify, &unit).expect("it is installed");
    for (succeeded, said) in [alone, fed] {
        // What it says of other units of this machine is not ours.
        let ours: Vec<&str> = said.lines().filter(|line| line.contains("gridtap")).collect();
        assert!(succeeded && ours.is_empty(), "{said}");
    }
}

/// Puts the drop-in that lets tcpdump feed the service beside it.
fn feed(folder: &Path) {
    let drop_ins = folder.join("gridtap.service.d");
    fs::create_dir(&drop_ins).expect("a temporary folder");
    fs::copy(root().join("deploy/systemd/feed-tcpdump.conf"), drop_ins.join("feed.conf"))
        .expect("a drop-in");
}
