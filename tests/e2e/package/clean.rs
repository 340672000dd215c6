//! A root with a package database of its own, made of what this machine has of the packages that ours depends on.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The user and the group that gridtap runs as: nobody's.
pub(super) const SERVICE_USER: u32 = 65_534;

/// What the scripts of a package may use: a shell and the basic commands.
const TOOLS: [&str; 2] = ["dash", "coreutils"];

/// Needed by the tools for their own installation, never at work.
const LEFT_OUT: [&str; 2] = ["dpkg", "debianutils"];

/// A folder that is a machine of its own to whoever is put into it.
#[derive(Debug)]
pub(super) struct CleanRoot {
    folder: tempfile::TempDir,
}

/// How a program in it ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl CleanRoot {
    /// With what a package depends on; says in one line why there is none.
    pub(super) fn with_what(package: &Path) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path();
        fs::set_permissions(root, Permissions::from_mode(0o755)).expect("a folder of ours");
        if chown(root, Some(0), Some(0)).is_err() || chroot(root).is_none() {
            println!("not run: only root can change the root of a process");
            return None;
        }
        for made in ["usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "run", "tmp"] {
            fs::create_dir_all(root.join(made)).expect("a folder");
        }
        for made in ["info", "updates"] {
            fs::create_dir_all(root.join("var/lib/dpkg").join(made)).expect("a folder");
        }
        let depends = asked(Command::new("dpkg-deb").arg("--field").arg(package).arg("Depends"))?;
        let needed = closure(names(&depends));
        let mut status = String::new();
        for name in &needed {
            status.push_str(&asked(Command::new("dpkg-query").args(["--status", name]))?);
            status.push('\n');
        }
        fs::write(root.join("var/lib/dpkg/status"), status).expect("a database");
        // The tools are there without being installed: nothing of ours may depend on them.
        let tools = closure(TOOLS.iter().map(|&tool| tool.to_owned()).collect());
        copy(&needed.union(&tools).cloned().collect(), root);
        Some(Self { folder })
    }

    /// A path in it, as the machine outside sees it.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Installs, removes or purges, and gives what was said.
    #[track_caller]
    pub(super) fn dpkg(&self, arguments: &[&str], package: Option<&Path>) -> String {
        let mut dpkg = Command::new("dpkg");
        dpkg.arg(format!("--root={}", self.folder.path().display()));
        dpkg.arg(format!("--log={}", self.path("var/lib/dpkg/log").display()));
        dpkg.env("PATH", PATH).args(arguments).args(package).stdin(Stdio::null());
        let output = dpkg.output().expect("dpkg starts");
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "dpkg {arguments:?}: {said}");
        said
    }

    pub(super) fn installed_version(&self) -> String {
        let database = format!("--admindir={}", self.path("var/lib/dpkg").display());
        let mut query = Command::new("dpkg-query");
        query.args([&database, "--show", "--showformat=${Version}", "gridtap"]);
        asked(&mut query).expect("gridtap is installed")
    }

    /// Runs a program in it, as nobody, with an environment of its own.
    pub(super) fn run(&self, command: &[&str], environment: &[(&str, &str)]) -> Ended {
        let mut chroot = Command::new("chroot");
        chroot.env("PATH", PATH).arg(format!("--userspec={SERVICE_USER}:{SERVICE_USER}"));
        chroot
            .arg("--groups=")
            .arg(self.folder.path())
            .args(["/usr/bin/env", "--ignore-environment"]);
        chroot.args(environment.iter().map(|(name, value)| format!("{name}={value}")));
        let output = chroot.args(command).stdin(Stdio::null()).output().expect("chroot starts");
        let text = |octets: Vec<u8>| String::from_utf8_lossy(&octets).into_owned();
        Ended {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// The state directory of a user that exists while its service does, with its link; only that this folder's
    /// parent can be passed by the user, for whom systemd mounts it elsewhere.
    pub(super) fn state_as_systemd_makes_it(&self) {
        let state = self.path("var/lib/private/gridtap");
        fs::create_dir_all(&state).expect("a folder");
        fs::set_permissions(&state, Permissions::from_mode(0o700)).expect("a folder of ours");
        chown(&state, Some(SERVICE_USER), Some(SERVICE_USER)).expect("only root gives away");
        symlink("private/gridtap", self.path("var/lib/gridtap")).expect("a link");
    }

    /// Listens at `/run/notify` as systemd does; what was told, the function gives.
    pub(super) fn notified(&self) -> impl FnOnce() -> String {
        let place = self.path("run/notify");
        let socket = UnixDatagram::bind(&place).expect("a socket");
        fs::set_permissions(&place, Permissions::from_mode(0o666)).expect("a socket of ours");
        socket.set_nonblocking(true).expect("a socket that can be asked");
        move || {
            let mut told = String::new();
            let mut octets = [0; 4096];
            while let Ok(length) = socket.recv(&mut octets) {
                told.push_str(&String::from_utf8_lossy(&octets[..length]));
            }
            told
        }
    }

    /// Everything in it with the name of gridtap.
    pub(super) fn paths_that_name_gridtap(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut open = vec![self.folder.path().to_path_buf()];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(&folder).expect("a folder").flatten() {
                let path = entry.path();
                if entry.file_name().to_string_lossy().contains("gridtap") {
                    found.push(path.clone());
                }
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    open.push(path);
                }
            }
        }
        found
    }
}

const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// Whether a process can be put into a folder: it cannot start anything there, but that is another answer.
fn chroot(folder: &Path) -> Option<()> {
    let output = Command::new("chroot").env("PATH", PATH).arg(folder).arg("/absent").output();
    // 125: chroot itself failed; 127: the command is not there.
    (output.ok()?.status.code() == Some(127)).then_some(())
}

/// What a program prints, where it succeeds.
fn asked(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The names in a line such as `a (>= 1), b | c`, the first of each choice.
fn names(depends: &str) -> BTreeSet<String> {
    depends
        .split(',')
        .filter_map(|each| each.split(['|', '(', ':']).next())
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty() && !LEFT_OUT.contains(&name.as_str()))
        .collect()
}

/// Packages and what they depend on, as this machine has them.
fn closure(packages: BTreeSet<String>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open: Vec<String> = packages.into_iter().collect();
    while let Some(package) = open.pop() {
        let format = "--showformat=${Pre-Depends}, ${Depends}";
        let mut query = Command::new("dpkg-query");
        let depends = asked(query.args(["--show", format, &package]));
        let depends = depends.unwrap_or_else(|| panic!("{package} is not installed here"));
        if found.insert(package) {
            open.extend(names(&depends));
        }
    }
    found
}

/// Copies the files of packages, but for documents and conversions between alphabets.
fn copy(packages: &BTreeSet<String>, root: &Path) {
    let listed = asked(Command::new("dpkg-query").arg("--listfiles").args(packages));
    let listed = listed.expect("installed packages list their files");
    let paths: BTreeSet<&str> = listed
        .lines()
        .filter_map(|line| line.strip_prefix('/'))
        .filter(|path| !path.starts_with("usr/share") && !path.contains("/gconv"))
        .filter(|path| *path != "." && Path::new("/").join(path).symlink_metadata().is_ok())
        .collect();
    let list = root.join("tmp/list");
    let lines: Vec<&str> = paths.into_iter().collect();
    fs::write(&list, lines.join("\n")).expect("a list");
    let mut from = Command::new("tar");
    from.args(["--create", "--no-recursion", "--directory=/", "--files-from"]).arg(&list);
    let mut from = from.stdout(Stdio::piped()).spawn().expect("tar starts");
    let mut to = Command::new("tar");
    to.args(["--extract", "--preserve-permissions", "--directory"]).arg(root);
    let copied = to.stdin(from.stdout.take().expect("a pipe")).status().expect("tar starts");
    assert!(copied.success() && from.wait().expect("tar ends").success());
    fs::remove_file(&list).expect("a list of ours");
    fs::set_permissions(root.join("tmp"), Permissions::from_mode(0o1777))
        .expect("a folder of ours");
}
