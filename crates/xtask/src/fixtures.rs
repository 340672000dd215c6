//! `cargo xtask fixtures`: the lab plays its scenarios and records them.

use std::ffi::OsString;

use anyhow::{Result, bail};

use crate::process::{cargo, program, root, say, step, target_directory};
use crate::requirements;

/// Play the lab's scenarios and record them, with their truth, under fixtures/
///
/// The files are in the repository already: run this only to change what they show.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Passed on to the lab (`cargo xtask fixtures -- --help` shows what it takes)
    #[arg(last = true)]
    lab: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    if !root().join("crates/lab").is_dir() {
        bail!("there is no crates/lab to play the scenarios");
    }
    requirements::satisfy(true)?;
    let python = peers()?;
    say("the lab plays in real time: this takes minutes");
    step(
        "cargo run --package gridtap-lab",
        cargo()
            .args([
                "run",
                "--quiet",
                "--locked",
                "--release",
                "--package",
                "gridtap-lab",
                "--",
                "fixtures",
            ])
            .args(&arguments.lab)
            .env(PYTHON, python),
    )
}

/// Where an interpreter with the packages of the lab's DNP3 peers is named.
const PYTHON: &str = "GRIDTAP_LAB_PYTHON";

/// That interpreter; unless it is named already, one in an environment of its own with the packages in it.
fn peers() -> Result<OsString> {
    if let Some(named) = std::env::var_os(PYTHON) {
        return Ok(named);
    }
    let environment = target_directory().join("lab-peers");
    let python = environment.join("bin/python");
    if !python.is_file() {
        step("python3 -m venv", program("python3").args(["-m", "venv"]).arg(&environment))?;
    }
    step(
        "pip install --requirement crates/lab/peers/requirements.txt",
        program(&python)
            .args(["-m", "pip", "install", "--quiet", "--requirement"])
            .arg("crates/lab/peers/requirements.txt"),
    )?;
    Ok(python.into_os_string())
}
