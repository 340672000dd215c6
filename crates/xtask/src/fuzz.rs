//! `cargo xtask fuzz`: every fuzz target for a while, by cargo-fuzz.

use anyhow::{Context, Result, bail};

use crate::process::{is_installed, program, root, step};

/// Fuzz each target for a while (needs cargo-fuzz and a nightly toolchain)
///
/// The same bodies replay their corpus in `cargo test`; this looks for new inputs. A crash ends the
/// task and leaves its input in tests/fuzz/artifacts.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Seconds for each target
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    seconds: u32,
    /// Only these targets [default: all]
    targets: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let directory = root().join("tests/fuzz");
    if !directory.is_dir() {
        bail!("there is no tests/fuzz");
    }
    if !is_installed("cargo-fuzz") {
        bail!(
            "missing: cargo-fuzz; cargo install --locked cargo-fuzz, and rustup toolchain install nightly"
        );
    }
    let targets = if arguments.targets.is_empty() { list()? } else { arguments.targets.clone() };
    for target in &targets {
        let time = format!("-max_total_time={}", arguments.seconds);
        // What it finds goes to the first folder; the seeds are in the repository and stay as they are.
        let [corpus, seeds] = ["corpus", "seeds"].map(|folder| directory.join(folder).join(target));
        std::fs::create_dir_all(&corpus)?;
        step(
            &format!("fuzz {target}, {} s", arguments.seconds),
            nightly()
                .args(["run", "--fuzz-dir", "tests/fuzz", target])
                .args([corpus, seeds])
                .args(["--", &time, "-timeout=5", "-rss_limit_mb=2048"]),
        )?;
    }
    Ok(())
}

fn list() -> Result<Vec<String>> {
    let output =
        nightly().args(["list", "--fuzz-dir", "tests/fuzz"]).output().context("cargo fuzz list")?;
    if !output.status.success() {
        bail!("cargo fuzz list: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}

/// `cargo fuzz` on nightly: the sanitizers it builds with are not on stable.
fn nightly() -> std::process::Command {
    let mut command = program("rustup");
    // What the pinned toolchain set for this process must not reach the other one.
    for name in ["CARGO", "RUSTC", "RUSTUP_TOOLCHAIN"] {
        command.env_remove(name);
    }
    command.args(["run", "nightly", "cargo", "fuzz"]);
    command
}
