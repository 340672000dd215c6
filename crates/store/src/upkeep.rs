//! Keeping a state sound and small: whole backups, checks, and what may be forgotten.

use std::path::Path;

use gridtap_model::Timestamp;
use rusqlite::backup::Backup;
use rusqlite::{Connection, params};

use crate::audit::Audit;
use crate::{AuditVerdict, Batch, Store, StoreError};

/// How long and how much is kept. What is open is held, whatever this says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Closed anomalies, commands and settled deliveries that last changed before this moment may go.
    pub before: Timestamp,
    /// Beyond this many octets the oldest of them go first, however young.
    pub octets_max: u64,
}

/// What was forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pruned {
    /// Closed anomalies, with their history and evidence.
    pub anomalies: u64,
    /// Commands.
    pub commands: u64,
    /// Deliveries that were settled.
    pub deliveries: u64,
}

/// What a look over the whole state found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Soundness {
    /// What the database says of itself; empty where it is sound.
    pub faults: Vec<String>,
    /// The audit log.
    pub audit: AuditVerdict,
    /// The schema it is in.
    pub version: i32,
}

/// How many rows go at once, so that the writer is not held up for long.
const PART: u32 = 1000;

impl Store {
    /// Looks over the whole state. `seal` is one of the audit log that was noted earlier.
    ///
    /// # Errors
    /// The database cannot read.
    pub fn check(&self, seal: Option<&str>) -> Result<Soundness, StoreError> {
        let mut faults =
            self.collect("PRAGMA integrity_check(100)", [], |row| row.get::<_, String>(0))?;
        faults.retain(|fault| fault != "ok");
        faults.extend(self.collect("PRAGMA foreign_key_check", [], |row| {
            let (table, parent): (String, String) = (row.get(0)?, row.get(2)?);
            Ok(format!("a row of {table} belongs to nothing in {parent}"))
        })?);
        faults.extend(self.collect(
            "SELECT id FROM anomaly WHERE NOT EXISTS
                 (SELECT 1 FROM anomaly_history h WHERE h.anomaly = anomaly.id AND h.record = anomaly.record)
             LIMIT 100",
            [],
            |row| Ok(format!("anomaly {} is not as its history tells", row.get::<_, String>(0)?)),
        )?);
        Ok(Soundness { faults, audit: self.verify_audit(seal)?, version: self.version()? })
    }

    /// The schema that the state is in: below [`crate::VERSION`] where an older version wrote it and none has opened
    /// it for writing since.
    ///
    /// # Errors
    /// The database cannot read.
    pub fn version(&self) -> Result<i32, StoreError> {
        let version = self.collect("PRAGMA user_version", [], |row| row.get(0))?;
        Ok(version.first().copied().unwrap_or(0))
    }

    /// Copies the state into a new file, whole, while it is in use.
    ///
    /// # Errors
    /// The file is there already or cannot be written.
    pub fn backup(&self, file: &Path) -> Result<(), StoreError> {
        let unwritable = |cause: String| StoreError::Backup { file: file.to_owned(), cause };
        if file.exists() {
            return Err(unwritable("it is there already; name a new file".to_owned()));
        }
        let copy = || -> rusqlite::Result<()> {
            let mut target = Connection::open(file)?;
            Backup::new(&self.connection, &mut target)?.run_to_completion(
                1024,
                std::time::Duration::ZERO,
                None,
            )?;
            // One file is easier to carry away than three.
            target.pragma_update(None, "journal_mode", "DELETE")?;
            target.close().map_err(|(_, error)| error)
        };
        let done = crate::file::made_private(file)
            .map_err(|error| unwritable(error.to_string()))
            .and_then(|()| copy().map_err(|error| unwritable(error.to_string())));
        if done.is_err() {
            // The fault is told; what is left of the file is of no use to anyone.
            let _ = std::fs::remove_file(file);
        }
        done
    }

    /// How large the state is on the disk, in octets, the write-ahead log left aside.
    ///
    /// # Errors
    /// The database cannot read.
    pub fn octets(&self) -> Result<u64, StoreError> {
        let sizes = self.collect(
            "SELECT (page_count - freelist_count) * page_size
             FROM pragma_page_count, pragma_freelist_count, pragma_page_size",
            [],
            |row| row.get::<_, i64>(0),
        )?;
        Ok(sizes.first().and_then(|size| u64::try_from(*size).ok()).unwrap_or(0))
    }

    /// Forgets what retention lets go, part by part, each part with its row in the audit log.
    ///
    /// # Errors
    /// The database cannot write: what went before is gone, the rest stays.
    pub fn prune(
        &mut self,
        retention: Retention,
        now: Timestamp,
        by: &Audit,
    ) -> Result<Pruned, StoreError> {
        let mut all = Pruned::default();
        loop {
            let is_large = self.octets()? > retention.octets_max;
            let before = if is_large { Timestamp::MAX } else { retention.before };
            let mut batch = self.batch(now)?;
            let part = batch.prune_part(before)?;
            if part == Pruned::default() {
                break;
            }
            let Pruned { anomalies, commands, deliveries } = part;
            let detail = format!(
                "{anomalies} closed anomalies with their evidence, {commands} commands, {deliveries} deliveries"
            );
            batch.audit(&Audit { detail, ..by.clone() })?;
            batch.commit()?;
            all.anomalies = all.anomalies.saturating_add(anomalies);
            all.commands = all.commands.saturating_add(commands);
            all.deliveries = all.deliveries.saturating_add(deliveries);
        }
        Ok(all)
    }
}

impl Batch<'_> {
    /// Forgets the oldest of what last changed before a moment, a part of it.
    ///
    /// # Errors
    /// The database cannot write.
    pub fn prune_part(&mut self, before: Timestamp) -> Result<Pruned, StoreError> {
        let closed = self.all(
            "SELECT id FROM anomaly WHERE state = 'closed' AND changed_at_ns < ?1
             ORDER BY changed_at_ns LIMIT ?2",
            params![before.nanos(), PART],
            |row| row.get::<_, String>(0),
        )?;
        for id in &closed {
            // The history may go once its anomaly has gone.
            self.execute("DELETE FROM evidence WHERE anomaly = ?1", [id])?;
            self.execute("DELETE FROM anomaly WHERE id = ?1", [id])?;
            self.execute("DELETE FROM anomaly_history WHERE anomaly = ?1", [id])?;
        }
        let commands = self.changed(
            "DELETE FROM command WHERE sequence IN
                 (SELECT sequence FROM command WHERE time_ns < ?1 ORDER BY time_ns LIMIT ?2)",
            params![before.nanos(), PART],
        )?;
        let deliveries = self.changed(
            "DELETE FROM outbox WHERE sequence IN
                 (SELECT sequence FROM outbox WHERE state IN ('delivered', 'digested', 'failed')
                  AND settled_ns < ?1 ORDER BY sequence LIMIT ?2)",
            params![before.nanos(), PART],
        )?;
        let anomalies = u64::try_from(closed.len()).unwrap_or(u64::MAX);
        Ok(Pruned { anomalies, commands, deliveries })
    }
}

#[cfg(test)]
mod tests;
