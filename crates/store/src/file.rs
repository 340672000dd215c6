//! Whole files beside the database.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Writes a file whole or not at all: whoever reads it sees the old content or the new, never a part.
///
/// # Errors
/// The system cannot write there.
pub fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut name = OsString::from(".");
    name.push(path.file_name().ok_or_else(|| io::Error::from(io::ErrorKind::IsADirectory))?);
    name.push(".tmp");
    let aside = path.with_file_name(name);
    let written = File::create(&aside).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()
    });
    let placed = written.and_then(|()| fs::rename(&aside, path));
    if placed.is_err() {
        // The fault is told already; what is left aside is at worst litter.
        let _ = fs::remove_file(&aside);
    }
    placed
}

/// Makes a file that only its owner may read, where there is none.
pub(crate) fn made_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options().write(true).create_new(true).mode(0o600).open(path).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_whole_and_nothing_is_left_aside() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("summary.json");
        write_whole(&path, b"old and longer").unwrap();
        write_whole(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        assert!(write_whole(&directory.path().join("missing/summary.json"), b"").is_err());
        assert!(write_whole(Path::new("/"), b"").is_err());
    }
}
