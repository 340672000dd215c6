//! What is written together, once and for all.

use gridtap_model::{Severity, Timestamp};
use rusqlite::{OptionalExtension, Params, Row, Transaction, TransactionBehavior, params};

use crate::announce::Announcer;
use crate::{Store, StoreError};

/// Writes that take effect together at [`Batch::commit`], on the disk when it returns; dropped, none of them does.
#[derive(Debug)]
pub struct Batch<'a> {
    transaction: Transaction<'a>,
    directory: &'a std::path::Path,
    announcer: Option<&'a Announcer>,
    now: Timestamp,
}

/// A capture file that the baseline has learned from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// Tells its content apart from any other file's.
    pub fingerprint: String,
    /// Where it was read.
    pub path: String,
    /// How many frames were learned.
    pub frames: u64,
    /// Whether that was all of them.
    pub complete: bool,
    /// When.
    pub at: Timestamp,
}

impl Store {
    /// Begins a batch. `now` is the moment of writing, which its history and its audit rows carry.
    ///
    /// # Errors
    /// The database cannot write.
    pub fn batch(&mut self, now: Timestamp) -> Result<Batch<'_>, StoreError> {
        let directory = &self.directory;
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| StoreError::of(directory, &error))?;
        Ok(Batch { transaction, directory, announcer: self.announcer.as_ref(), now })
    }
}

impl Batch<'_> {
    /// Stores a learned key, new or changed.
    ///
    /// # Errors
    /// The database cannot write.
    pub fn baseline_row(&mut self, key: &str, row: &str) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO baseline (key, row) VALUES (?1, ?2)
             ON CONFLICT (key) DO UPDATE SET row = excluded.row",
            params![key, row],
        )
    }

    /// Forgets a learned key.
    ///
    /// # Errors
    /// The database cannot write.
    pub fn forget_baseline_row(&mut self, key: &str) -> Result<(), StoreError> {
        self.execute("DELETE FROM baseline WHERE key = ?1", [key])
    }

    /// Stores what the baseline keeps beside its keys, and the format of that text.
    ///
    /// # Errors
    /// The database cannot write.
    pub fn baseline_state(&mut self, format: u32, text: &str) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO baseline_state (one, format, text) VALUES (1, ?1, ?2)
             ON CONFLICT (one) DO UPDATE SET format = excluded.format, text = excluded.text",
            params![format, text],
        )
    }

    /// Notes how far a capture was learned.
    ///
    /// # Errors
    /// The database cannot write.
    pub fn capture(&mut self, capture: &Capture) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO capture (fingerprint, path, frames, complete, at_ns)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (fingerprint) DO UPDATE SET path = excluded.path,
                 frames = excluded.frames, complete = excluded.complete, at_ns = excluded.at_ns",
            params![
                capture.fingerprint,
                capture.path,
                i64::try_from(capture.frames).unwrap_or(i64::MAX),
                capture.complete,
                capture.at.nanos(),
            ],
        )
    }

    /// Notes a fact about the state itself, such as the sensor's name.
    ///
    /// # Errors
    /// The database cannot write.
    pub fn meta(&mut self, name: &str, value: &str) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO meta (name, value) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            [name, value],
        )
    }

    /// Makes the batch hold; it is on the disk when this returns.
    ///
    /// # Errors
    /// The database cannot write: nothing of the batch is stored.
    pub fn commit(self) -> Result<(), StoreError> {
        let Self { transaction, directory, .. } = self;
        transaction.commit().map_err(|error| StoreError::of(directory, &error))
    }

    /// Runs a job whose writes take effect together or not at all within the batch.
    ///
    /// # Errors
    /// What the job failed with; what it wrote is taken back, and the batch goes on.
    pub fn whole<T, E: From<StoreError>>(
        &mut self,
        job: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.execute("SAVEPOINT whole", [])?;
        let done = job(self);
        if done.is_err() {
            self.execute("ROLLBACK TO whole", [])?;
        }
        self.execute("RELEASE whole", [])?;
        done
    }

    /// The moment of writing.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    pub(crate) const fn announcer(&self) -> Option<&Announcer> {
        self.announcer
    }

    /// What no reading of our own text should ever say.
    pub(crate) fn unreadable(&self, error: &serde_json::Error) -> StoreError {
        StoreError::Damaged { directory: self.directory.to_owned(), cause: error.to_string() }
    }

    pub(crate) fn execute(&mut self, sql: &str, params: impl Params) -> Result<(), StoreError> {
        self.changed(sql, params).map(drop)
    }

    /// How many rows a statement changed.
    pub(crate) fn changed(&mut self, sql: &str, params: impl Params) -> Result<u64, StoreError> {
        self.transaction
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(params))
            .map(|rows| u64::try_from(rows).unwrap_or(u64::MAX))
            .map_err(|error| StoreError::of(self.directory, &error))
    }

    pub(crate) fn one<T>(
        &self,
        sql: &str,
        params: impl Params,
        each: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        self.transaction
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row(params, each).optional())
            .map_err(|error| StoreError::of(self.directory, &error))
    }

    pub(crate) fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        each: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = self
            .transaction
            .prepare_cached(sql)
            .map_err(|error| StoreError::of(self.directory, &error))?;
        statement
            .query_map(params, each)
            .and_then(Iterator::collect)
            .map_err(|error| StoreError::of(self.directory, &error))
    }
}

/// The order of severities, so that the database can compare them.
pub(crate) const fn rank(severity: Severity) -> i64 {
    match severity {
        Severity::Info => 0,
        Severity::Low => 1,
        Severity::Medium => 2,
        Severity::High => 3,
        Severity::Critical => 4,
    }
}

/// The severity of an order.
pub(crate) fn severity_of(rank: i64) -> Severity {
    usize::try_from(rank)
        .ok()
        .and_then(|rank| Severity::ALL.get(rank).copied())
        .unwrap_or(Severity::Critical)
}
