//! Interpreters with packages, each in an environment of its own below the target directory.

use std::ffi::OsString;

use anyhow::Result;

use crate::process::{program, step, target_directory};
use crate::requirements;

/// The interpreter that `variable` names; where it names none, one in the environment `name` with the packages of
/// `requirements` in it.
pub(crate) fn with(variable: &str, name: &str, requirements: &str) -> Result<OsString> {
    if let Some(named) = std::env::var_os(variable) {
        return Ok(named);
    }
    let environment = target_directory().join(name);
    let python = environment.join("bin/python");
    if !python.is_file() {
        // Debian keeps what makes environments in a package of its own, without a program to look for.
        let seed = program("python3").args(["-c", "import ensurepip"]).output();
        if !seed.is_ok_and(|output| output.status.success()) {
            requirements::get(&["python3-venv"]);
        }
        step("python3 -m venv", program("python3").args(["-m", "venv"]).arg(&environment))?;
    }
    step(
        &format!("pip install --requirement {requirements}"),
        program(&python)
            .args(["-m", "pip", "install", "--quiet", "--requirement"])
            .arg(requirements),
    )?;
    Ok(python.into_os_string())
}
