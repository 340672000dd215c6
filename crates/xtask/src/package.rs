//! `cargo xtask package`: the Debian package of a binary.
//!
//! The same sources, binary and `SOURCE_DATE_EPOCH` give the same octets: files are listed in order, belong to root,
//! have the modes that are said here and the one time.

mod binary;
mod components;
mod licences;
mod sbom;
mod tree;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::{cargo, program, root, say, step, target_directory};

use binary::Binary;
use tree::{DATA, PROGRAM, Tree};

/// Build the Debian package of gridtap, with its licences and a list of what it is made of
///
/// The time in it is that of SOURCE_DATE_EPOCH, else of the last commit.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The binary to be packaged [default: built from this tree, optimised]
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
    /// Where the package is written [default: package/ in the target directory]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The package's version
    #[arg(long, default_value = env!("CARGO_PKG_VERSION"))]
    version: String,
    /// Compress little: for a trial
    #[arg(long)]
    quick: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let built = match &arguments.binary {
        Some(path) => path.clone(),
        None => {
            let release = ["build", "--release", "--quiet", "--locked", "--package", "gridtap"];
            step("cargo build --release", cargo().args(release))?;
            target_directory().join("release/gridtap")
        }
    };
    let built = std::path::absolute(&built)?;
    let out = arguments.out.clone().unwrap_or_else(|| target_directory().join("package"));
    let out = std::path::absolute(out)?;
    fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;

    let binary = Binary::of(&built)?;
    let epoch = epoch()?;
    let staging = tempfile::tempdir_in(&out).context("no room to put the package together")?;
    let tree = Tree::new(staging.path().join("tree"));
    put_program(&tree, &built)?;
    put_service(&tree)?;
    put_documents(&tree)?;
    put_inventory(&tree, &binary, epoch)?;
    put_control(&tree, &binary, &arguments.version)?;
    tree.seal(epoch)?;

    let package =
        out.join(format!("gridtap_{}_{}.deb", arguments.version, binary.architecture.debian));
    let mut build = program("dpkg-deb");
    build.env("SOURCE_DATE_EPOCH", epoch.to_string());
    build.args(["--root-owner-group", "--threads-max=1"]);
    build.args(if arguments.quick { ["-Zgzip", "-z1"] } else { ["-Zxz", "-z6"] });
    step("dpkg-deb", build.arg("--build").arg(tree.root()).arg(&package))?;
    say(&format!("{}: {} octets", package.display(), fs::metadata(&package)?.len()));
    Ok(())
}

/// The one time that everything in the package bears, in seconds since 1970.
fn epoch() -> Result<i64> {
    if let Some(told) = std::env::var_os("SOURCE_DATE_EPOCH") {
        let told = told.to_string_lossy();
        return told.parse().with_context(|| format!("SOURCE_DATE_EPOCH is {told:?}, no number"));
    }
    let commit = text(program("git").args(["log", "-1", "--format=%ct"]))
        .context("there is no commit to take the time of: set SOURCE_DATE_EPOCH")?;
    Ok(commit.trim().parse()?)
}

/// What a program prints, where it succeeds.
fn text(command: &mut Command) -> Result<String> {
    let name = format!("{:?}", command.get_program());
    let output = command.output().with_context(|| format!("cannot start {name}"))?;
    if !output.status.success() {
        bail!("{name} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// The program, and what it tells of itself: manual pages and completions.
fn put_program(tree: &Tree, built: &Path) -> Result<()> {
    let stripped = tree.copy(built, "usr/bin/gridtap", PROGRAM)?;
    step("strip", program("strip").arg("--strip-all").arg(&stripped))?;
    let pages = tempfile::tempdir()?;
    text(program(built).args(["man", "--out"]).arg(pages.path()))?;
    for page in tree::files(pages.path())? {
        let name = page.file_name().unwrap_or_default().to_string_lossy();
        tree.put_packed(&fs::read(&page)?, &format!("usr/share/man/man1/{name}"))?;
    }
    for (shell, place) in [
        ("bash", "usr/share/bash-completion/completions/gridtap"),
        ("zsh", "usr/share/zsh/vendor-completions/_gridtap"),
        ("fish", "usr/share/fish/vendor_completions.d/gridtap.fish"),
    ] {
        let words = text(program(built).args(["completions", shell]))?;
        tree.put(words.as_bytes(), place, DATA)?;
    }
    Ok(())
}

fn put_service(tree: &Tree) -> Result<()> {
    let deploy = root().join("deploy");
    // Where every systemd looks, also where /lib is no folder of its own.
    tree.copy(
        &deploy.join("systemd/gridtap.service"),
        "usr/lib/systemd/system/gridtap.service",
        DATA,
    )?;
    tree.copy(&deploy.join("config/gridtap.toml"), "etc/gridtap/gridtap.toml", DATA)?;
    for folder in ["prometheus", "grafana"] {
        tree.copy_folder(&deploy.join(folder), &format!("usr/share/gridtap/{folder}"))?;
    }
    Ok(())
}

const DOCUMENTS: &str = "usr/share/doc/gridtap";

fn put_documents(tree: &Tree) -> Result<()> {
    tree.copy(&root().join("README.md"), &format!("{DOCUMENTS}/README.md"), DATA)?;
    tree.copy_folder(&root().join("docs"), DOCUMENTS)?;
    tree.put_packed(&fs::read(root().join("CHANGELOG.md"))?, &format!("{DOCUMENTS}/changelog"))?;
    let mit = fs::read_to_string(root().join("LICENSE-MIT"))?;
    let mit: Vec<String> = mit
        .lines()
        .map(|line| if line.is_empty() { " .".to_owned() } else { format!(" {line}") })
        .collect();
    let copyright = debian("copyright")?.replace("@MIT@", &mit.join("\n"));
    tree.put(copyright.as_bytes(), &format!("{DOCUMENTS}/copyright"), DATA)?;
    Ok(())
}

/// What the program is made of, for people and for programs.
fn put_inventory(tree: &Tree, binary: &Binary, epoch: i64) -> Result<()> {
    let components = components::linked(binary.architecture.rust)?;
    let licences = licences::text(&components)?;
    tree.put_packed(licences.as_bytes(), &format!("{DOCUMENTS}/THIRD-PARTY-LICENCES"))?;
    let sbom = sbom::text(&components, epoch)?;
    tree.put(sbom.as_bytes(), &format!("{DOCUMENTS}/gridtap.cdx.json"), DATA)?;
    Ok(())
}

fn put_control(tree: &Tree, binary: &Binary, version: &str) -> Result<()> {
    let conffiles = debian("conffiles")?;
    let mut sums = String::new();
    for path in tree.paths()? {
        // Settings are there to be changed: dpkg keeps account of them by itself.
        if conffiles.lines().any(|line| Path::new(line) == Path::new("/").join(&path)) {
            continue;
        }
        let sum = text(program("md5sum").current_dir(tree.root()).arg(&path))?;
        sums.push_str(&sum);
    }
    tree.put(sums.as_bytes(), "DEBIAN/md5sums", DATA)?;
    let control = debian("control")?
        .replace("@VERSION@", version)
        .replace("@ARCHITECTURE@", binary.architecture.debian)
        .replace("@INSTALLED_KIB@", &tree.kib()?.to_string())
        .replace("@DEPENDS@", &binary.packages.join(", "));
    tree.put(control.as_bytes(), "DEBIAN/control", DATA)?;
    tree.put(conffiles.as_bytes(), "DEBIAN/conffiles", DATA)?;
    for script in ["postinst", "prerm", "postrm"] {
        tree.put(debian(script)?.as_bytes(), &format!("DEBIAN/{script}"), PROGRAM)?;
    }
    Ok(())
}

fn debian(name: &str) -> Result<String> {
    let path = root().join("deploy/debian").join(name);
    fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
}
