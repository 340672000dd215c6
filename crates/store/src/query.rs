//! What is read back.

use gridtap_model::{Severity, Timestamp};
use rusqlite::{OptionalExtension, Params, Row};

use crate::batch::severity_of;
use crate::standpoint::{LIFE, Standpoint, life};
use crate::{Capture, Store, StoreError};

/// A revision of an anomaly that was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// Orders everything that was told, from 1.
    pub sequence: u64,
    /// The anomaly.
    pub anomaly: String,
    /// Which revision.
    pub revision: u32,
    /// The record that was told: one JSON object.
    pub record: String,
}

/// An anomaly that a person acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    /// The anomaly.
    pub anomaly: String,
    /// Who did it.
    pub who: String,
    /// From its opening to that, by this machine's clock.
    pub delay_ns: u64,
}

impl Store {
    /// What was acknowledged after this place of the history, by whichever way; and the newest place.
    ///
    /// # Errors
    /// The database cannot read.
    pub fn acknowledged_after(&self, place: i64) -> Result<(Vec<Acknowledged>, i64), StoreError> {
        let newest = self
            .connection
            .query_row("SELECT coalesce(MAX(sequence), 0) FROM anomaly_history", [], |row| {
                row.get(0)
            })
            .map_err(|error| self.failed(&error))?;
        let acknowledged = self.collect(
            "SELECT h.anomaly, h.who, h.at_ns - a.opened_at_ns
             FROM anomaly_history h JOIN anomaly a ON a.id = h.anomaly
             WHERE h.sequence > ?1 AND h.sequence <= ?2 AND h.event = 'acknowledged'
             ORDER BY h.sequence",
            [place, newest],
            |row| {
                Ok(Acknowledged {
                    anomaly: row.get(0)?,
                    who: row.get(1)?,
                    delay_ns: u64::try_from(row.get::<_, i64>(2)?).unwrap_or(0),
                })
            },
        )?;
        Ok((acknowledged, newest))
    }

    /// The anomalies as they stand, by the time of their first sight.
    ///
    /// # Errors
    /// The database cannot read.
    pub fn anomalies(&self) -> Result<Vec<Standpoint>, StoreError> {
        let sql = format!("SELECT {LIFE} ORDER BY time_ns, id");
        self.collect(&sql, [], |row| Ok(life(row)?.standpoint()))
    }

    /// Everything that was told, in the order of telling.
    ///
    /// # Errors
    /// The database cannot read.
    pub fn history(&self) -> Result<Vec<Revision>, StoreError> {
        self.collect(
            "SELECT sequence, anomaly, revision, record FROM anomaly_history ORDER BY sequence",
            [],
            |row| {
                Ok(Revision {
                    sequence: u64::try_from(row.get::<_, i64>(0)?).unwrap_or(0),
                    anomaly: row.get(1)?,
                    revision: row.get(2)?,
                    record: row.get(3)?,
                })
            },
        )
    }

    /// The learned keys with their rows, by key.
    ///
    /// # Errors
    /// The database cannot read.
    pub fn baseline_rows(&self) -> Result<Vec<(String, String)>, StoreError> {
        self.collect("SELECT key, row FROM baseline ORDER BY key", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
    }

    /// Gives the learned keys with their rows, by key, one by one: there may be more than there is room for at once.
    /// What `each` says first is the last, where it says anything.
    ///
    /// # Errors
    /// The database cannot read.
    pub fn each_baseline_row<T>(
        &self,
        mut each: impl FnMut(&str, &str) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        let mut run = || {
            let mut statement =
                self.connection.prepare("SELECT key, row FROM baseline ORDER BY key")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let (key, text) = (row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_str()?);
                if let Some(said) = each(key, text) {
                    return Ok(Some(said));
                }
            }
            Ok(None)
        };
        run().map_err(|error: rusqlite::Error| self.failed(&error))
    }

    /// What the baseline keeps beside its keys: the format of the text, and the text.
    ///
    /// # Errors
    /// The database cannot read.
    pub fn baseline_state(&self) -> Result<Option<(u32, String)>, StoreError> {
        self.connection
            .query_row("SELECT format, text FROM baseline_state", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()
            .map_err(|error| self.failed(&error))
    }

    /// The captures that the baseline has learned from, by path.
    ///
    /// # Errors
    /// The database cannot read.
    pub fn captures(&self) -> Result<Vec<Capture>, StoreError> {
        self.collect(
            "SELECT fingerprint, path, frames, complete, at_ns FROM capture ORDER BY path, fingerprint",
            [],
            |row| {
                Ok(Capture {
                    fingerprint: row.get(0)?,
                    path: row.get(1)?,
                    frames: u64::try_from(row.get::<_, i64>(2)?).unwrap_or(0),
                    complete: row.get(3)?,
                    at: Timestamp::from_nanos(row.get(4)?),
                })
            },
        )
    }

    /// A fact about the state itself.
    ///
    /// # Errors
    /// The database cannot read.
    pub fn meta(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.connection
            .query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| row.get(0))
            .optional()
            .map_err(|error| self.failed(&error))
    }

    /// How many anomalies of each severity are suppressed and not closed.
    ///
    /// # Errors
    /// The database cannot read.
    pub fn suppressed(&self) -> Result<Vec<(Severity, u64)>, StoreError> {
        self.collect(
            "SELECT severity, COUNT(*) FROM anomaly WHERE suppressed IS NOT NULL AND state <> 'closed'
             GROUP BY severity",
            [],
            |row| {
                let count = u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0);
                Ok((severity_of(row.get(0)?), count))
            },
        )
    }

    pub(crate) fn collect<T>(
        &self,
        sql: &str,
        params: impl Params,
        each: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement =
            self.connection.prepare_cached(sql).map_err(|error| self.failed(&error))?;
        statement
            .query_map(params, each)
            .and_then(Iterator::collect)
            .map_err(|error| self.failed(&error))
    }
}
