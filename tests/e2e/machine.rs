//! What the tests find on this machine: our binary, real captures, the programs we compare with.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The workspace root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ has a parent").to_path_buf()
}

/// The gridtap of this source tree, to be run in the workspace root.
///
/// Builds it first, once: cargo builds a binary only for the tests of its own package.
pub(crate) fn gridtap() -> Command {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    let binary = BINARY.get_or_init(|| {
        let mut build = Command::new(env!("CARGO"));
        build.current_dir(root()).args(["build", "--quiet", "--locked", "--package", "gridtap"]);
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        // What cargo says of this package would be taken for news by build scripts, and be built anew each time.
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
                build.env_remove(name.as_ref());
            }
        }
        assert!(build.status().expect("cargo starts").success(), "gridtap does not build");
        // This test stands in target/<profile>/deps.
        let test = std::env::current_exe().expect("a test knows where it is");
        let profile = test.ancestors().nth(2).expect("target/<profile>/deps/e2e");
        profile.join("gridtap")
    });
    let mut command = Command::new(binary);
    command.current_dir(root()).stdin(std::process::Stdio::null());
    // A person's own settings must not change what a test sees.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GRIDTAP_") {
            command.env_remove(name);
        }
    }
    command
}

/// A file or folder below the real captures: `GRIDTAP_CAPTURES`, else `../shared/captures`.
///
/// Where it is absent, says so in one line and gives nothing: the test then has nothing to hold.
pub(crate) fn capture(path: &str) -> Option<PathBuf> {
    let captures = std::env::var_os("GRIDTAP_CAPTURES")
        .map_or_else(|| root().join("../shared/captures"), |directory| root().join(directory));
    let found = captures.join(path);
    if found.exists() {
        return Some(found);
    }
    println!("absent, so not tested: {}", found.display());
    None
}
