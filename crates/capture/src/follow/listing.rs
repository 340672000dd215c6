//! What is in a directory that is followed.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::{fs, io};

/// How many files of a directory are looked at.
pub(super) const FILES_MAX: usize = 16_384;

/// How a file stands in its directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) inode: u64,
    pub(super) length: u64,
    changed: (i64, i64),
}

/// The files of a directory.
pub(super) struct Listing {
    pub(super) files: BTreeMap<OsString, Standing>,
    /// There are more than are looked at.
    pub(super) is_more: bool,
}

/// The files of a directory that may be captures: those that somebody still puts together under a name of its own
/// (`.name.x8Kq2A` of rsync, `name.tmp`, `name.part`) are not.
pub(super) fn list(directory: &Path) -> io::Result<Listing> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        if is_unfinished(&name) {
            continue;
        }
        let metadata = match fs::metadata(entry.path()) {
            Ok(metadata) if metadata.is_file() => metadata,
            // Gone meanwhile, or no file: what is no file might never give an octet.
            _ => continue,
        };
        if files.len() >= FILES_MAX {
            return Ok(Listing { files, is_more: true });
        }
        let changed = (metadata.mtime(), metadata.mtime_nsec());
        files.insert(name, Standing { inode: metadata.ino(), length: metadata.len(), changed });
    }
    Ok(Listing { files, is_more: false })
}

fn is_unfinished(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    let ends: [&[u8]; 4] = [b".tmp", b".part", b".partial", b".filepart"];
    name.starts_with(b".") || ends.iter().any(|end| name.ends_with(end))
}
