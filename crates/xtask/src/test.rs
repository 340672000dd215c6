//! `cargo xtask test`: everything that must hold, on a fresh machine.

use std::ffi::OsString;

use anyhow::{Result, bail};

use crate::process::{cargo, overhear, say, step};
use crate::{deny, python, requirements};

/// Check and test everything: format, lints, dependencies, tests, doc tests
///
/// As root on Debian, installs the packages that the tests call (tshark, tcpdump, iproute2, …);
/// otherwise names in one line what is missing. The Python packages of the tests' peers
/// go into an environment below the target directory. Real captures are looked for where GRIDTAP_CAPTURES
/// says, else in ../shared/captures; tests that need an absent one say so in one line.
/// With CI=true nothing may be missing.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {}

pub(crate) fn run(_: &Arguments) -> Result<()> {
    all(std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false"))
}

/// Every step, in the order that finds the cheapest fault first; the tests come last.
pub(crate) fn all(strict: bool) -> Result<()> {
    requirements::satisfy(strict)?;
    step("cargo fmt", cargo().args(["fmt", "--all", "--check"]))?;
    step(
        "cargo clippy",
        cargo().args([
            "clippy",
            "--quiet",
            "--locked",
            "--workspace",
            "--all-targets",
            "--",
            "--deny",
            "warnings",
        ]),
    )?;
    deny::check(strict)?;
    let python = match python::with(PYTHON, "test-peers", "tests/peers/requirements.txt") {
        Ok(python) => Some(python),
        Err(error) if strict => return Err(error),
        Err(error) => {
            say(&format!("{error}; what needs its packages is not tested"));
            None
        }
    };
    tests(python)
}

/// Where the tests find an interpreter with the packages of their peers.
const PYTHON: &str = "GRIDTAP_TEST_PYTHON";

/// What the closing lines of `cargo test` add up to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    binaries: u64,
    passed: u64,
    failed: u64,
    ignored: u64,
}

impl Tally {
    /// Adds a line such as `test result: ok. 12 passed; 0 failed; 1 ignored; …`.
    fn hear(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else { return };
        self.binaries += 1;
        for part in result.split([';', '.']) {
            let mut words = part.split_whitespace();
            let count = words.next().and_then(|word| word.parse::<u64>().ok()).unwrap_or(0);
            match words.next() {
                Some("passed") => self.passed += count,
                Some("failed") => self.failed += count,
                Some("ignored") => self.ignored += count,
                _ => {}
            }
        }
    }
}

/// Where real captures are looked for, when they are not there: what a passing test prints, nobody sees.
fn absent_captures() -> Option<String> {
    let root = crate::process::root();
    let captures = std::env::var_os("GRIDTAP_CAPTURES")
        .map_or_else(|| root.join("../shared/captures"), |directory| root.join(directory));
    (!captures.is_dir()).then(|| captures.display().to_string())
}

fn tests(python: Option<OsString>) -> Result<()> {
    let mut tally = Tally::default();
    let success = overhear(
        "cargo test",
        cargo()
            .args(["test", "--quiet", "--locked", "--workspace", "--no-fail-fast"])
            .envs(python.map(|python| (PYTHON, python))),
        |line| tally.hear(line),
    )?;
    let Tally { binaries, passed, failed, ignored } = tally;
    say(&format!("{binaries} test binaries: {passed} passed, {failed} failed, {ignored} ignored"));
    if let Some(absent) = absent_captures() {
        say(&format!(
            "not run: tests over real captures; {absent} is not there (GRIDTAP_CAPTURES)"
        ));
    }
    if !success {
        bail!("cargo test failed");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn closing_lines_of_every_test_binary_add_up() {
        let mut tally = Tally::default();
        for line in [
            "running 12 tests",
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
        ] {
            tally.hear(line);
        }
        assert_eq!(tally, Tally { binaries: 2, passed: 15, failed: 2, ignored: 1 });
    }
}
