//! `cargo xtask fixtures`: the lab plays its scenarios and records them.

use anyhow::{Result, bail};

use crate::process::{cargo, root, say, step};
use crate::{python, requirements};

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
    let python = python::with(PYTHON, "lab-peers", "crates/lab/peers/requirements.txt")?;
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
