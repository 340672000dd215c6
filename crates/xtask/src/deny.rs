//! Licences, sources and bans of every dependency, by cargo-deny.

use anyhow::{Result, bail};

use crate::process::{cargo, is_installed, program, say, step, target_directory};

/// The release that `deny.toml` was written for.
const VERSION: &str = "0.20.2";

/// Checks what can be checked without a network; gets cargo-deny when it is missing.
pub(crate) fn check(strict: bool) -> Result<()> {
    let tools = target_directory().join("tools");
    let own = tools.join("bin").join("cargo-deny");
    if !is_installed("cargo-deny") && !own.is_file() {
        // Unoptimised: it compiles in half the time and runs once.
        let installed = step(
            &format!(
                "cargo install cargo-deny {VERSION} into the target directory (some minutes, once)"
            ),
            cargo()
                .args([
                    "install",
                    "--quiet",
                    "--locked",
                    "--debug",
                    "cargo-deny",
                    "--version",
                    VERSION,
                ])
                .arg("--root")
                .arg(&tools),
        );
        match installed {
            Ok(()) => {}
            Err(error) if strict => return Err(error),
            Err(error) => {
                say(&format!("{error}; licences, sources and bans not checked"));
                return Ok(());
            }
        }
    }
    let found = if is_installed("cargo-deny") { "cargo-deny".into() } else { own };
    // Called by itself and not through cargo: it may live where cargo does not look.
    let checked = step(
        "cargo deny check licenses bans sources (advisories need a network: cargo deny check advisories)",
        program(found).args([
            "--locked",
            "check",
            "--hide-inclusion-graph",
            "licenses",
            "bans",
            "sources",
        ]),
    );
    if checked.is_err() {
        bail!("a dependency breaks deny.toml: each is named above");
    }
    Ok(())
}
