//! The files of a package as they will lie on the machine, below a folder.

use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use flate2::{Compression, GzBuilder};

/// The mode of what is run, and of folders.
pub(super) const PROGRAM: u32 = 0o755;
/// The mode of what is read.
pub(super) const DATA: u32 = 0o644;

const OCTETS_PER_KIB: u64 = 1024;

/// A tree that is being laid out.
#[derive(Debug)]
pub(super) struct Tree {
    root: PathBuf,
}

impl Tree {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Writes a file, and the folders above it. Gives where it lies now.
    pub(super) fn put(&self, octets: &[u8], path: &str, mode: u32) -> Result<PathBuf> {
        let place = self.root.join(path);
        fs::create_dir_all(place.parent().unwrap_or(&self.root))?;
        fs::write(&place, octets).with_context(|| format!("cannot write {}", place.display()))?;
        fs::set_permissions(&place, Permissions::from_mode(mode))?;
        Ok(place)
    }

    /// Writes a file as `path.gz`.
    pub(super) fn put_packed(&self, octets: &[u8], path: &str) -> Result<PathBuf> {
        let mut packed = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
        packed.write_all(octets)?;
        self.put(&packed.finish()?, &format!("{path}.gz"), DATA)
    }

    pub(super) fn copy(&self, from: &Path, path: &str, mode: u32) -> Result<PathBuf> {
        let octets = fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
        self.put(&octets, path, mode)
    }

    /// Copies every file below a folder, as data.
    pub(super) fn copy_folder(&self, from: &Path, path: &str) -> Result<()> {
        for file in files(from)? {
            let below = file.strip_prefix(from)?;
            self.copy(&file, &format!("{path}/{}", below.display()), DATA)?;
        }
        Ok(())
    }

    /// The files of the package, relative to the root, in order.
    pub(super) fn paths(&self) -> Result<Vec<PathBuf>> {
        let files = files(&self.root)?;
        Ok(files
            .iter()
            .filter_map(|file| Some(file.strip_prefix(&self.root).ok()?.into()))
            .collect())
    }

    /// The room that it takes once it is installed.
    pub(super) fn kib(&self) -> Result<u64> {
        let mut kib = 0;
        for file in files(&self.root)? {
            kib += fs::metadata(file)?.len().div_ceil(OCTETS_PER_KIB);
        }
        Ok(kib)
    }

    /// The last step: every folder has its mode, and everything the one time.
    pub(super) fn seal(&self, epoch: i64) -> Result<()> {
        let since = Duration::from_secs(u64::try_from(epoch).context("a time before 1970")?);
        let time = SystemTime::UNIX_EPOCH + since;
        let mut entries = files(&self.root)?;
        for folder in folders(&self.root)? {
            fs::set_permissions(&folder, Permissions::from_mode(PROGRAM))?;
            entries.push(folder);
        }
        for entry in entries {
            File::open(&entry)?.set_modified(time)?;
        }
        Ok(())
    }
}

/// Every file below a folder, in order.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for folder in folders(folder)? {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// A folder and every one below it.
fn folders(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in
            fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?
        {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                open.push(entry.path());
            }
        }
        found.push(folder);
    }
    Ok(found)
}
