//! `cargo xtask ci`: exactly what CI runs.

use anyhow::Result;

use crate::test;

/// The same as `test` with CI=true: what is missing is a failure
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {}

pub(crate) fn run(_: &Arguments) -> Result<()> {
    test::all(true)
}
