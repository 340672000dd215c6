//! What a binary needs of the machine that it runs on, by what it says itself.

use std::path::Path;

use anyhow::{Context, Result, bail};

use super::text;
use crate::process::program;

/// A kind of machine, by its names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Architecture {
    /// As `readelf` says it.
    elf: &'static str,
    pub(super) debian: &'static str,
    pub(super) rust: &'static str,
}

const ARCHITECTURES: [Architecture; 2] = [
    Architecture {
        elf: "Advanced Micro Devices X86-64",
        debian: "amd64",
        rust: "x86_64-unknown-linux-gnu",
    },
    Architecture { elf: "AArch64", debian: "arm64", rust: "aarch64-unknown-linux-gnu" },
];

/// Shared libraries, and the Debian package that each is in.
const LIBRARIES: [(&str, &str); 5] = [
    ("libc.so.6", "libc6"),
    ("libm.so.6", "libc6"),
    ("ld-linux-x86-64.so.2", "libc6"),
    ("ld-linux-aarch64.so.1", "libc6"),
    ("libgcc_s.so.1", "libgcc-s1"),
];

/// A binary, by what it needs.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Binary {
    pub(super) architecture: Architecture,
    /// As `Depends:` names them.
    pub(super) packages: Vec<String>,
}

impl Binary {
    pub(super) fn of(path: &Path) -> Result<Self> {
        let mut readelf = program("readelf");
        readelf.env("LC_ALL", "C").args(["--wide", "--file-header", "--dynamic", "--version-info"]);
        Self::told(&text(readelf.arg(path))?)
            .with_context(|| format!("{} cannot be packaged", path.display()))
    }

    /// From what `readelf` tells.
    fn told(readelf: &str) -> Result<Self> {
        let machine = readelf.lines().find_map(|line| line.trim().strip_prefix("Machine:"));
        let machine = machine.context("it has no machine")?.trim();
        let Some(architecture) = ARCHITECTURES.into_iter().find(|each| each.elf == machine) else {
            bail!("it is for {machine:?}, which no package is made for");
        };
        let mut packages = Vec::new();
        for library in readelf.lines().filter(|line| line.contains("(NEEDED)")) {
            let name = library.split(['[', ']']).nth(1).unwrap_or_default();
            let Some((_, package)) = LIBRARIES.iter().find(|(library, _)| *library == name) else {
                bail!("it needs {name:?}, and no package is known to bring it");
            };
            let needed = match *package {
                "libc6" => format!("libc6 (>= {})", newest_glibc(readelf)?),
                package => package.to_owned(),
            };
            if !packages.contains(&needed) {
                packages.push(needed);
            }
        }
        packages.sort();
        Ok(Self { architecture, packages })
    }
}

/// The release of the C library that brought the newest of the symbols that are used.
fn newest_glibc(readelf: &str) -> Result<String> {
    let apart = |character: char| !(character.is_ascii_digit() || character == '.');
    let newest = readelf
        .split("GLIBC_")
        .skip(1)
        .filter_map(|rest| rest.split(apart).next())
        .filter_map(|release| {
            let parts = release.split('.').map(str::parse::<u32>);
            Some((parts.collect::<Result<Vec<_>, _>>().ok()?, release))
        })
        .max()
        .context("it names no release of the C library")?;
    Ok(newest.1.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLD: &str = "\
  Machine:                           AArch64
 0x0000000000000001 (NEEDED)             Shared library: [libgcc_s.so.1]
 0x0000000000000001 (NEEDED)             Shared library: [libm.so.6]
 0x0000000000000001 (NEEDED)             Shared library: [libc.so.6]
  000:   0 (*local*)       2 (GLIBC_2.9)    0 (*local*)       4 (GCC_3.0)
  0x0010:   Name: GLIBC_2.34  Flags: none  Version: 4
  0x0020:   Name: GLIBC_2.2.5  Flags: none  Version: 3
";

    #[test]
    fn a_binary_needs_the_newest_release_that_one_of_its_symbols_names() {
        let binary = Binary::told(TOLD).unwrap();
        assert_eq!(binary.architecture.debian, "arm64");
        assert_eq!(binary.packages, ["libc6 (>= 2.34)", "libgcc-s1"]);
    }

    #[test]
    fn a_library_that_no_package_is_known_for_is_refused() {
        let strange = TOLD.replace("libm.so.6", "libssl.so.3");
        assert!(format!("{:#}", Binary::told(&strange).unwrap_err()).contains("libssl.so.3"));
    }
}
