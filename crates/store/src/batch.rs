//! What is written together, once and for all.

use gridtap_model::{Anomaly, Severity, Timestamp};
use rusqlite::{OptionalExtension, Params, Transaction, TransactionBehavior, params};

use crate::{Store, StoreError};

/// Writes that take effect together at [`Batch::commit`], on the disk when it returns; dropped, none of them does.
#[derive(Debug)]
pub struct Batch<'a> {
    transaction: Transaction<'a>,
    directory: &'a std::path::Path,
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
    /// Begins a batch.
    ///
    /// # Errors
    /// The database cannot write.
    pub fn batch(&mut self) -> Result<Batch<'_>, StoreError> {
        let directory = &self.directory;
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| StoreError::of(directory, &error))?;
        Ok(Batch { transaction, directory })
    }
}

impl Batch<'_> {
    /// Stores a revision of an anomaly: the current one where it is the newest, and its history in any case.
    /// The same revision told again is stored once.
    ///
    /// # Errors
    /// The database cannot write.
    pub fn anomaly(&mut self, anomaly: &Anomaly) -> Result<(), StoreError> {
        let record = serde_json::to_string(anomaly).map_err(|error| StoreError::Failed {
            directory: self.directory.to_owned(),
            cause: error.to_string(),
        })?;
        let id = anomaly.id.to_string();
        let told: Option<i64> = self
            .transaction
            .prepare_cached(
                "SELECT 1 FROM anomaly_history WHERE anomaly = ?1 AND revision = ?2 AND record = ?3",
            )
            .and_then(|mut statement| {
                statement
                    .query_row(params![id, anomaly.revision, record], |row| row.get(0))
                    .optional()
            })
            .map_err(|error| StoreError::of(self.directory, &error))?;
        if told.is_none() {
            self.execute(
                "INSERT INTO anomaly_history (anomaly, revision, record) VALUES (?1, ?2, ?3)",
                params![id, anomaly.revision, record],
            )?;
        }
        let state = serde_json::to_value(anomaly.state).ok();
        self.execute(
            "INSERT INTO anomaly
                 (id, incident, revision, state, severity, time_ns, last_ns, count, detection, record)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (id) DO UPDATE SET
                 incident = excluded.incident, revision = excluded.revision, state = excluded.state,
                 severity = excluded.severity, time_ns = excluded.time_ns, last_ns = excluded.last_ns,
                 count = excluded.count, detection = excluded.detection, record = excluded.record
             WHERE excluded.revision >= anomaly.revision",
            params![
                id,
                anomaly.incident.to_string(),
                anomaly.revision,
                state.as_ref().and_then(|state| state.as_str()),
                rank(anomaly.severity),
                anomaly.time.nanos(),
                anomaly.last_time.nanos(),
                i64::try_from(anomaly.count).unwrap_or(i64::MAX),
                anomaly.detection,
                record,
            ],
        )
    }

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
        let Self { transaction, directory } = self;
        transaction.commit().map_err(|error| StoreError::of(directory, &error))
    }

    pub(crate) fn execute(&mut self, sql: &str, params: impl Params) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(params))
            .map(drop)
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
