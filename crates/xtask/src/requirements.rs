//! What the tests need of the machine, and getting it from Debian when we may.

use std::os::unix::fs::MetadataExt;
use std::process::Stdio;

use anyhow::{Result, bail};

use crate::process::{is_installed, program, say};

/// A program the tests call, the Debian package it comes in, and what it is for.
struct Requirement {
    program: &'static str,
    package: &'static str,
    purpose: &'static str,
}

const REQUIREMENTS: [Requirement; 13] = [
    Requirement { program: "cc", package: "gcc", purpose: "builds the embedded database" },
    Requirement {
        program: "tshark",
        package: "tshark",
        purpose: "the independent dissector we compare with",
    },
    Requirement { program: "tcpdump", package: "tcpdump", purpose: "records what the lab plays" },
    Requirement {
        program: "zstd",
        package: "zstd",
        purpose: "packs captures that are read packed",
    },
    Requirement { program: "ip", package: "iproute2", purpose: "makes the lab's network" },
    Requirement {
        program: "ethtool",
        package: "ethtool",
        purpose: "gives the lab's packets right checksums",
    },
    Requirement { program: "python3", package: "python3", purpose: "runs the comparison scripts" },
    Requirement {
        program: "readelf",
        package: "binutils",
        purpose: "tells what a packaged binary needs, and strips it",
    },
    Requirement {
        program: "systemd-analyze",
        package: "systemd",
        purpose: "checks the unit of the service",
    },
    Requirement {
        program: "promtool",
        package: "prometheus",
        purpose: "checks and tests the metrics and rules",
    },
    Requirement {
        program: "amtool",
        package: "prometheus-alertmanager",
        purpose: "checks the example of Alertmanager, and receives alerts",
    },
    Requirement { program: "chromium", package: "chromium", purpose: "opens the page" },
    Requirement {
        program: "chromedriver",
        package: "chromium-driver",
        purpose: "presses the keys of the browser",
    },
];

/// Installs what is missing when this is root on Debian, else names it in one line.
///
/// When `strict`, what is still missing then is a failure; otherwise the tests that need it say so
/// themselves.
pub(crate) fn satisfy(strict: bool) -> Result<()> {
    let mut missing = missing();
    if !missing.is_empty() {
        let packages: Vec<_> = missing.iter().map(|each| each.package).collect();
        get(&packages);
        missing = self::missing();
    }
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<_> =
        missing.iter().map(|each| format!("{} ({})", each.program, each.purpose)).collect();
    let packages: Vec<_> = missing.iter().map(|each| each.package).collect();
    let sentence = format!(
        "missing: {}; as root: apt-get install --yes {}",
        names.join(", "),
        packages.join(" ")
    );
    if strict {
        bail!(sentence);
    }
    say(&sentence);
    Ok(())
}

fn missing() -> Vec<&'static Requirement> {
    REQUIREMENTS.iter().filter(|each| !is_installed(each.program)).collect()
}

/// Installs packages when this is root on Debian; what came of it, the caller sees by itself.
pub(crate) fn get(packages: &[&str]) {
    if !is_root() || !is_installed("apt-get") {
        return;
    }
    say(&format!("installing from Debian: {}", packages.join(" ")));
    // Its faults go to standard error; a line for every file it unpacks helps nobody.
    let updated = program("apt-get").arg("update").stdout(Stdio::null()).status();
    let installed = program("apt-get")
        .env("DEBIAN_FRONTEND", "noninteractive")
        .args(["install", "--yes", "--no-install-recommends"])
        .args(packages)
        .stdout(Stdio::null())
        .status();
    for (task, status) in [("update", updated), ("install", installed)] {
        match status {
            Ok(status) if status.success() => {}
            Ok(status) => say(&format!("apt-get {task} ended with {status}")),
            Err(error) => say(&format!("apt-get {task}: {error}")),
        }
    }
}

/// Whether this process may install packages: who owns its entry in /proc.
fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}
