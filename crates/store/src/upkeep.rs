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
    /// Beyond this many octets the oldest of them go first, however young: evidence before records.
    pub octets_max: u64,
    /// Beyond so many commands the oldest go.
    pub commands_max: u64,
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
    /// Evidence of closed anomalies that are kept without it.
    pub evidence: u64,
}

impl Pruned {
    /// What went, for the audit log.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Self { anomalies, commands, deliveries, evidence } = self;
        let alone = match evidence {
            0 => String::new(),
            count => format!(", the evidence of {count} more, because the state is too large"),
        };
        format!(
            "{anomalies} closed anomalies with their evidence, {commands} commands, {deliveries} deliveries{alone}"
        )
    }

    fn add(&mut self, part: Self) {
        self.anomalies = self.anomalies.saturating_add(part.anomalies);
        self.commands = self.commands.saturating_add(part.commands);
        self.deliveries = self.deliveries.saturating_add(part.deliveries);
        self.evidence = self.evidence.saturating_add(part.evidence);
    }
}

/// What came of one part of retention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retained {
    /// What went. Nothing where there is nothing left that may.
    pub pruned: Pruned,
    /// Octets that are still beyond the limit though nothing more may go: what is open is held.
    pub held_over: u64,
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

/// How many commands go at once: they are small, and come at a rate.
const COMMANDS_PART: u32 = 50_000;

/// How many go at once where the size decides: after each it is looked whether that was enough.
const SIZE_PART: u32 = 50;

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
        let sizes = self.collect(OCTETS, [], |row| row.get::<_, i64>(0))?;
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
            let mut batch = self.batch(now)?;
            let part = batch.retain(retention, by)?.pruned;
            if part == Pruned::default() {
                return Ok(all);
            }
            batch.commit()?;
            all.add(part);
        }
    }
}

impl Batch<'_> {
    /// Forgets a part of what retention lets go, with its row in the audit log.
    ///
    /// # Errors
    /// The database cannot write.
    pub fn retain(&mut self, retention: Retention, by: &Audit) -> Result<Retained, StoreError> {
        let over = self.octets()?.saturating_sub(retention.octets_max);
        let mut pruned = self.prune_part(retention.before, PART)?;
        let commands = self.keep_commands(retention.commands_max, COMMANDS_PART)?;
        pruned.commands = pruned.commands.saturating_add(commands);
        if pruned == Pruned::default() && over > 0 {
            pruned = self.shrink_part()?;
        }
        if pruned == Pruned::default() {
            return Ok(Retained { pruned, held_over: over });
        }
        self.audit(&Audit { detail: pruned.sentence(), ..by.clone() })?;
        Ok(Retained { pruned, held_over: 0 })
    }

    /// How large the state is, as [`Store::octets`] has it, with what this batch changed.
    fn octets(&self) -> Result<u64, StoreError> {
        let size = self.one(OCTETS, [], |row| row.get::<_, i64>(0))?;
        Ok(size.and_then(|size| u64::try_from(size).ok()).unwrap_or(0))
    }

    /// Makes the state smaller by what is worth least: evidence of the oldest that are closed, and only where there is
    /// none any more the oldest rows themselves.
    fn shrink_part(&mut self) -> Result<Pruned, StoreError> {
        let evidence = self.changed(
            "DELETE FROM evidence WHERE anomaly IN
                 (SELECT a.id FROM anomaly a JOIN evidence e ON e.anomaly = a.id WHERE a.state = 'closed'
                  ORDER BY a.changed_at_ns LIMIT ?1)",
            [SIZE_PART],
        )?;
        if evidence > 0 {
            return Ok(Pruned { evidence, ..Pruned::default() });
        }
        self.prune_part(Timestamp::MAX, SIZE_PART)
    }

    /// Forgets the oldest of what last changed before a moment, a part of it.
    fn prune_part(&mut self, before: Timestamp, part: u32) -> Result<Pruned, StoreError> {
        let closed = self.all(
            "SELECT id FROM anomaly WHERE state = 'closed' AND changed_at_ns < ?1
             ORDER BY changed_at_ns LIMIT ?2",
            params![before.nanos(), part],
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
            params![before.nanos(), part],
        )?;
        let deliveries = self.changed(
            "DELETE FROM outbox WHERE sequence IN
                 (SELECT sequence FROM outbox WHERE state IN ('delivered', 'digested', 'failed')
                  AND settled_ns < ?1 ORDER BY sequence LIMIT ?2)",
            params![before.nanos(), part],
        )?;
        let anomalies = u64::try_from(closed.len()).unwrap_or(u64::MAX);
        Ok(Pruned { anomalies, commands, deliveries, evidence: 0 })
    }
}

/// The pages that hold something, in octets.
const OCTETS: &str = "SELECT (page_count - freelist_count) * page_size
                      FROM pragma_page_count, pragma_freelist_count, pragma_page_size";

#[cfg(test)]
mod tests;
