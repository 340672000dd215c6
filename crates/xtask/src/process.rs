//! Running other programs from the workspace root, and saying so.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// The workspace root: two levels above this crate's manifest.
pub(crate) fn root() -> PathBuf {
    let manifest =
        std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&manifest).ancestors().nth(2).unwrap_or(Path::new(".")).to_path_buf()
}

/// Where builds go: what `CARGO_TARGET_DIR` says, else `target` in the workspace root.
pub(crate) fn target_directory() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root().join("target"), |directory| root().join(directory))
}

/// The cargo that runs this task.
pub(crate) fn cargo() -> Command {
    program(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Any program, started in the workspace root with nothing to read.
pub(crate) fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(root()).stdin(Stdio::null());
    command
}

/// One line to the person, on standard error: standard output belongs to the programs that run.
pub(crate) fn say(line: &str) {
    // A closed standard error leaves nobody to tell.
    let _ = writeln!(std::io::stderr().lock(), "xtask: {line}");
}

/// Runs `command` and fails, naming the step, unless it succeeds.
pub(crate) fn step(name: &str, command: &mut Command) -> Result<()> {
    say(name);
    let status = command
        .status()
        .with_context(|| format!("{name}: cannot start {:?}", command.get_program()))?;
    if !status.success() {
        bail!("{name} failed ({status})");
    }
    Ok(())
}

/// Runs `command`, passes its standard output on line by line, and shows each line to `hear`.
///
/// Gives whether it succeeded: the caller may have something to say before it fails.
pub(crate) fn overhear(
    name: &str,
    command: &mut Command,
    mut hear: impl FnMut(&str),
) -> Result<bool> {
    say(name);
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("{name}: cannot start {:?}", command.get_program()))?;
    let pipe = child.stdout.take().context("the child's standard output was not piped")?;
    let mut reader = BufReader::new(pipe);
    let mut bytes = Vec::new();
    let mut out = std::io::stdout().lock();
    // Bytes, not text: a test may print anything.
    while reader.read_until(b'\n', &mut bytes)? > 0 {
        out.write_all(&bytes)?;
        hear(String::from_utf8_lossy(&bytes).trim_end());
        bytes.clear();
    }
    out.flush()?;
    Ok(child.wait()?.success())
}

/// Whether a program of this name is on the path, or in the directories that only root's path has.
pub(crate) fn is_installed(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin"].map(PathBuf::from))
        .any(|directory| directory.join(name).is_file())
}
