//! A state directory and the right to write it.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use gridtap_model::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::StoreError;
use crate::announce::Announcer;
use crate::schema::{self, Prepared, Unfit};

pub(crate) const FILE: &str = "gridtap.db";
const LOCK: &str = "gridtap.lock";

/// In a page of the usual 4 KiB a record has no room beside others, and takes one of its own.
const PAGE_BYTES: u32 = 8192;
/// How much the write-ahead log gathers before it is moved into the file: 16 MiB, so that a page that changes with every
/// batch is moved once for several.
const LOG_PAGES_MAX: u32 = 2048;
/// What the writer keeps of the file in memory: about what a batch of findings with their evidence changes. With less some
/// pages are written, and read again, several times within one batch.
const CACHE_KIB: i32 = 4096;

/// The state of one sensor: one writer, any number of readers.
#[derive(Debug)]
pub struct Store {
    pub(crate) connection: Connection,
    pub(crate) directory: PathBuf,
    created: bool,
    pub(crate) announcer: Option<Announcer>,
    // Held for as long as the store is open; the system releases it when the process ends, however it ends.
    _lock: Option<File>,
}

impl Store {
    /// Opens the state in a directory for writing, and makes it where there is none. `now` is noted as the
    /// moment of making.
    ///
    /// # Errors
    /// The directory cannot be written, is in use, or holds something that this version cannot read.
    pub fn open(directory: &Path, now: Timestamp) -> Result<Self, StoreError> {
        let unwritable = |error: &io::Error| StoreError::Unwritable {
            directory: directory.to_owned(),
            cause: words(error),
        };
        if directory.is_file() {
            return Err(StoreError::NotDirectory { directory: directory.to_owned() });
        }
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(|error| unwritable(&error))?;
        let lock = lock(directory)?;
        let file = directory.join(FILE);
        // The state names every device and command of a site: only its owner may read it.
        OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&file)
            .map_err(|error| unwritable(&error))?;
        if !may_be_ours(directory, &file) {
            return Err(StoreError::Foreign { file });
        }
        let failed = |error: rusqlite::Error| StoreError::of(directory, &error);
        let connection = Connection::open(&file).map_err(failed)?;
        // Before anything is written: what is not ours stays untouched.
        schema::check(&connection).map_err(|unfit| StoreError::unfit(directory, &unfit))?;
        // Of a file that has pages already this changes nothing.
        connection.pragma_update(None, "page_size", PAGE_BYTES).map_err(failed)?;
        connection.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
        connection.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
        connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES_MAX).map_err(failed)?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB).map_err(failed)?;
        Self::prepared(connection, directory, Some(lock), now)
    }

    /// Opens the state in a directory for reading, beside a writer if there is one.
    ///
    /// # Errors
    /// There is none, or it is something that this version cannot read.
    pub fn read(directory: &Path) -> Result<Self, StoreError> {
        let file = directory.join(FILE);
        match std::fs::metadata(&file) {
            Ok(found) if found.is_file() => {}
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                return Err(StoreError::Unreadable { directory: directory.to_owned() });
            }
            _ => return Err(StoreError::Absent { directory: directory.to_owned() }),
        }
        if !may_be_ours(directory, &file) {
            return Err(StoreError::Foreign { file });
        }
        let failed = |error: rusqlite::Error| StoreError::of(directory, &error);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(&file, flags).map_err(failed)?;
        connection.busy_timeout(Duration::from_secs(5)).map_err(failed)?;
        let mut checked = schema::check(&connection);
        if let Err(Unfit::Failed(error)) = &checked
            && matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly)
            )
        {
            connection = read_only(directory, &file)?;
            checked = schema::check(&connection);
        }
        let version = checked.map_err(|unfit| StoreError::unfit(directory, &unfit))?;
        if version == 0 {
            return Err(StoreError::Absent { directory: directory.to_owned() });
        }
        connection.pragma_update(None, "query_only", true).map_err(failed)?;
        Ok(Self {
            connection,
            directory: directory.to_owned(),
            created: false,
            announcer: None,
            _lock: None,
        })
    }

    /// A state that is gone with the process, however it ends. It lives in memory as far as it is small, beyond
    /// that in a file without a name in the system's directory for temporary files.
    ///
    /// # Errors
    /// The database cannot be made.
    pub fn temporary(now: Timestamp) -> Result<Self, StoreError> {
        let directory = Path::new("(temporary)");
        let failed = |error: rusqlite::Error| StoreError::of(directory, &error);
        let connection = Connection::open("").map_err(failed)?;
        // Nobody will read it after a fall: what is not synced costs nothing.
        connection.pragma_update(None, "synchronous", "OFF").map_err(failed)?;
        Self::prepared(connection, directory, None, now)
    }

    /// Whether the state was made just now.
    #[must_use]
    pub const fn is_new(&self) -> bool {
        self.created
    }

    /// Where it lives.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    fn prepared(
        mut connection: Connection,
        directory: &Path,
        lock: Option<File>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let failed = |error: rusqlite::Error| StoreError::of(directory, &error);
        connection.busy_timeout(Duration::from_secs(5)).map_err(failed)?;
        connection.pragma_update(None, "trusted_schema", false).map_err(failed)?;
        // Statements are prepared once, not anew for each value that an index with a condition might suit.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(failed)?;
        let prepared = schema::prepare(&mut connection, now)
            .map_err(|unfit| StoreError::unfit(directory, &unfit))?;
        connection.set_prepared_statement_cache_capacity(32);
        Ok(Self {
            connection,
            directory: directory.to_owned(),
            created: matches!(prepared, Prepared::Created),
            announcer: None,
            _lock: lock,
        })
    }

    pub(crate) fn failed(&self, error: &rusqlite::Error) -> StoreError {
        StoreError::of(&self.directory, error)
    }
}

/// Where nothing may be written, not even the index of the write-ahead log: the file as it stands, which is all
/// there is to it once its last writer has ended in order.
fn read_only(directory: &Path, file: &Path) -> Result<Connection, StoreError> {
    let log = directory.join(format!("{FILE}-wal"));
    if std::fs::metadata(log).is_ok_and(|log| log.len() > 0) {
        return Err(StoreError::Unfinished { directory: directory.to_owned() });
    }
    let mut path = String::from("file:");
    for byte in file.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-".contains(byte) {
            path.push(char::from(*byte));
        } else {
            path.push_str(&format!("%{byte:02x}"));
        }
    }
    path.push_str("?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(path, flags).map_err(|error| StoreError::of(directory, &error))
}

/// Whether the file is empty or begins as a database does. The database itself would take any short file for
/// an empty one and write over it. Beside a journal the header is that of an unfinished write, for the database to judge.
fn may_be_ours(directory: &Path, file: &Path) -> bool {
    const HEADER: &[u8; 16] = b"SQLite format 3\0";
    if directory.join(format!("{FILE}-journal")).exists() {
        return true;
    }
    let mut start = Vec::with_capacity(HEADER.len());
    let length = u64::try_from(HEADER.len()).unwrap_or(u64::MAX);
    match File::open(file).and_then(|file| file.take(length).read_to_end(&mut start)) {
        Ok(0) => true,
        Ok(_) => start == HEADER,
        // What cannot be read is said better by the database.
        Err(_) => true,
    }
}

/// One that just ended may hold its lock a moment longer: a process that it was starting shares its files
/// until it runs a program of its own.
fn try_lock_for_a_moment(file: &File) -> Result<(), TryLockError> {
    const TRIES: u32 = 10;
    for _ in 1..TRIES {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(30)),
            done => return done,
        }
    }
    file.try_lock()
}

/// Takes the one writer's place, and writes down who took it.
fn lock(directory: &Path) -> Result<File, StoreError> {
    let unwritable = |error: &io::Error| StoreError::Unwritable {
        directory: directory.to_owned(),
        cause: words(error),
    };
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .mode(0o600)
        .open(directory.join(LOCK))
        .map_err(|error| unwritable(&error))?;
    match try_lock_for_a_moment(&file) {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut process = String::new();
            // Who holds it is a courtesy: what cannot be read is "unknown".
            let _ = file.read_to_string(&mut process);
            let process = match process.trim() {
                "" => "unknown".to_owned(),
                number => number.to_owned(),
            };
            return Err(StoreError::InUse { directory: directory.to_owned(), process });
        }
        Err(TryLockError::Error(error)) => return Err(unwritable(&error)),
    }
    let noted = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
    match noted {
        Err(error) if error.kind() == io::ErrorKind::StorageFull => {
            Err(StoreError::Full { directory: directory.to_owned() })
        }
        Err(error) => Err(unwritable(&error)),
        Ok(()) => Ok(file),
    }
}

/// What the system says, without its number.
fn words(error: &io::Error) -> String {
    let text = error.to_string();
    let bare = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = bare.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests;
