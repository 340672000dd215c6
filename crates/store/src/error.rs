//! What can go wrong, in one sentence each: what, where, and what would be right.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use crate::VERSION;
use crate::schema::Unfit;

/// Why the state cannot be used, or no longer.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The directory does not exist and cannot be made, or cannot be written.
    #[error(
        "state directory {directory} cannot be written ({cause}): give this user write access to it, or name another with --state"
    )]
    Unwritable {
        /// The directory.
        directory: PathBuf,
        /// What the system says.
        cause: String,
    },
    /// The path is a file.
    #[error("{directory} is a file, and the state needs a directory: name one with --state")]
    NotDirectory {
        /// The path.
        directory: PathBuf,
    },
    /// There is no state where one is needed.
    #[error(
        "no state in {directory}: make one with `gridtap learn CAPTURE --state {directory}`, or check the path"
    )]
    Absent {
        /// The directory.
        directory: PathBuf,
    },
    /// This user may not read it.
    #[error(
        "the state in {directory} cannot be read (permission denied): run as its owner, or give this user read access"
    )]
    Unreadable {
        /// The directory.
        directory: PathBuf,
    },
    /// It cannot be written, and its last writer left a log behind that only a writer can read.
    #[error(
        "the state in {directory} was not closed in order and cannot be written: give this user write access to it, or read a copy of it"
    )]
    Unfinished {
        /// The directory.
        directory: PathBuf,
    },
    /// Another process writes it.
    #[error(
        "the state in {directory} is in use by another gridtap (process {process}): wait until it ends, or name another with --state"
    )]
    InUse {
        /// The directory.
        directory: PathBuf,
        /// The process that holds it, as it wrote itself down.
        process: String,
    },
    /// A newer gridtap made it.
    #[error(
        "the state in {directory} was written by a newer gridtap (schema {found}, this one knows {VERSION}): run that version, or name another directory with --state"
    )]
    Newer {
        /// The directory.
        directory: PathBuf,
        /// Its schema version.
        found: i32,
    },
    /// The file is not a gridtap state.
    #[error(
        "{file} is not a gridtap state: it was left untouched; name another directory with --state"
    )]
    Foreign {
        /// The file.
        file: PathBuf,
    },
    /// The database file is damaged.
    #[error(
        "the state in {directory} is damaged ({cause}): restore it from a backup, or name another directory with --state"
    )]
    Damaged {
        /// The directory.
        directory: PathBuf,
        /// What the database says.
        cause: String,
    },
    /// No room to write.
    #[error(
        "the disk that holds the state in {directory} is full: what was told before is stored, nothing after it is; free some space and run again"
    )]
    Full {
        /// The directory.
        directory: PathBuf,
    },
    /// A backup cannot be written.
    #[error("the backup {file} cannot be written: {cause}")]
    Backup {
        /// The file.
        file: PathBuf,
        /// Why.
        cause: String,
    },
    /// The thread that writes has ended.
    #[error("the state is closed: gridtap is shutting down")]
    Stopped,
    /// Anything else that the database reports.
    #[error("the state in {directory} failed: {cause}")]
    Failed {
        /// The directory.
        directory: PathBuf,
        /// What the database says.
        cause: String,
    },
}

impl StoreError {
    /// Sorts what the database says by what a person can do about it.
    pub(crate) fn of(directory: &Path, error: &rusqlite::Error) -> Self {
        let directory = directory.to_owned();
        let cause = match error {
            rusqlite::Error::SqliteFailure(_, Some(text)) => text.clone(),
            other => other.to_string(),
        };
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full { directory },
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged { directory, cause },
            Some(ErrorCode::NotADatabase) => {
                Self::Foreign { file: directory.join(crate::open::FILE) }
            }
            Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
                Self::Unwritable { directory, cause }
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Self::InUse { directory, process: "unknown".to_owned() }
            }
            _ => Self::Failed { directory, cause },
        }
    }

    pub(crate) fn unfit(directory: &Path, unfit: &Unfit) -> Self {
        match unfit {
            Unfit::Newer(found) => Self::Newer { directory: directory.to_owned(), found: *found },
            Unfit::Foreign => Self::Foreign { file: directory.join(crate::open::FILE) },
            Unfit::Failed(error) => Self::of(directory, error),
        }
    }
}
