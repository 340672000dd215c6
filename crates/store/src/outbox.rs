//! What is owed to receivers, until they have it.

use gridtap_model::Timestamp;
use rusqlite::{Row, params};

use crate::announce::moment;
use crate::{Batch, Store, StoreError};

/// One delivery whose time has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Its place in the outbox.
    pub sequence: i64,
    /// To whom.
    pub endpoint: String,
    /// The id of the delivery, the same on every retry.
    pub id: String,
    /// The type, such as `anomaly.opened`.
    pub kind: String,
    /// The anomaly it tells of.
    pub anomaly: Option<String>,
    /// The message in the standard form: one JSON object.
    pub body: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it came to be owed.
    pub created: Timestamp,
}

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver has it.
    Delivered {
        /// What it answered.
        status: u16,
    },
    /// Not yet.
    Retry {
        /// When to try again.
        at: Timestamp,
        /// What the receiver answered, if it did.
        status: Option<u16>,
        /// What went wrong.
        error: String,
    },
    /// Not any more: every try failed. A person can replay it.
    Failed {
        /// What the receiver answered last.
        status: Option<u16>,
        /// What went wrong.
        error: String,
    },
    /// The receiver is gone for good (410): nothing is sent to it until a person enables it again. What is owed to it
    /// stays.
    Gone {
        /// What it answered.
        status: u16,
    },
}

/// A delivery as people list it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The delivery.
    pub due: Due,
    /// `pending`, `held`, `digested`, `delivered` or `failed`.
    pub state: String,
    /// When it will be tried next.
    pub due_at: Timestamp,
    /// The digest that named it.
    pub digest: Option<String>,
    /// What the receiver answered last.
    pub status: Option<u16>,
    /// What went wrong last.
    pub error: Option<String>,
    /// When it was settled.
    pub settled: Option<Timestamp>,
}

/// How much is owed to a receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// The receiver.
    pub endpoint: String,
    /// How many wait, those for a digest too.
    pub waiting: u64,
    /// Since when the oldest waits.
    pub oldest: Option<Timestamp>,
    /// Why nothing is sent to it, where it said that it is gone.
    pub disabled: Option<String>,
}

/// Which deliveries are owed anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replay {
    /// Those of which every try failed.
    Failed,
    /// One, by its id, however it stands.
    One(String),
    /// Those that failed or were delivered, and came to be owed at this moment or later.
    Since(Timestamp),
}

/// How a receiver was reached last.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reached {
    /// When it last took something.
    pub delivered: Option<Timestamp>,
    /// What went wrong with the newest of what it has not taken.
    pub error: Option<String>,
    /// What it answered to that.
    pub status: Option<u16>,
    /// How many deliveries were given up.
    pub failed: u64,
}

const DUE: &str =
    "o.sequence, o.endpoint, o.id, o.type, o.anomaly, o.body, o.attempts, o.created_ns";

/// Rows that are not behind an earlier one of their anomaly, and whose receiver is not disabled.
const FIRST: &str = "o.state = 'pending'
       AND NOT EXISTS (SELECT 1 FROM endpoint e WHERE e.name = o.endpoint)
       AND NOT EXISTS (SELECT 1 FROM outbox earlier
            WHERE earlier.endpoint = o.endpoint AND earlier.anomaly = o.anomaly
              AND earlier.state = 'pending' AND earlier.sequence < o.sequence)";

fn due(row: &Row<'_>) -> rusqlite::Result<Due> {
    Ok(Due {
        sequence: row.get(0)?,
        endpoint: row.get(1)?,
        id: row.get(2)?,
        kind: row.get(3)?,
        anomaly: row.get(4)?,
        body: row.get(5)?,
        attempts: row.get(6)?,
        created: Timestamp::from_nanos(row.get(7)?),
    })
}

impl Store {
    /// The deliveries to a receiver whose time has come, oldest first: of each anomaly only the first that waits, so
    /// that they arrive in their order.
    ///
    /// # Errors
    /// The database cannot read.
    pub fn due(&self, endpoint: &str, now: Timestamp, limit: u32) -> Result<Vec<Due>, StoreError> {
        let sql = format!(
            "SELECT {DUE} FROM outbox o
             WHERE o.endpoint = ?1 AND o.due_ns <= ?2 AND {FIRST}
             ORDER BY o.sequence LIMIT ?3"
        );
        self.collect(&sql, params![endpoint, now.nanos(), limit], due)
    }

    /// When the next delivery to a receiver is due; none where it waits for nothing. What waits behind an earlier one
    /// of its anomaly is due when that one is settled.
    ///
    /// # Errors
    /// The database cannot read.
    pub fn next_due(&self, endpoint: &str) -> Result<Option<Timestamp>, StoreError> {
        let sql = format!("SELECT MIN(o.due_ns) FROM outbox o WHERE o.endpoint = ?1 AND {FIRST}");
        let found = self.collect(&sql, [endpoint], |row| row.get::<_, Option<i64>>(0))?;
        Ok(moment(found.into_iter().next().flatten()))
    }

    /// The deliveries of an outbox, newest first.
    ///
    /// # Errors
    /// The database cannot read.
    pub fn deliveries(
        &self,
        endpoint: Option<&str>,
        state: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        let sql = format!(
            "SELECT {DUE}, o.state, o.due_ns, o.digest, o.status, o.error, o.settled_ns FROM outbox o
             WHERE (?1 IS NULL OR o.endpoint = ?1) AND (?2 IS NULL OR o.state = ?2)
             ORDER BY o.sequence DESC LIMIT ?3"
        );
        self.collect(&sql, params![endpoint, state, limit], |row| {
            Ok(Delivery {
                due: due(row)?,
                state: row.get(8)?,
                due_at: Timestamp::from_nanos(row.get(9)?),
                digest: row.get(10)?,
                status: row.get(11)?,
                error: row.get(12)?,
                settled: moment(row.get(13)?),
            })
        })
    }

    /// To whom a delivery is owed, or was; none where there is none of that id.
    ///
    /// # Errors
    /// The database cannot read.
    pub fn receiver_of(&self, id: &str) -> Result<Option<String>, StoreError> {
        let found =
            self.collect("SELECT endpoint FROM outbox WHERE id = ?1", [id], |row| row.get(0))?;
        Ok(found.into_iter().next())
    }

    /// How a receiver was reached last.
    ///
    /// # Errors
    /// The database cannot read.
    pub fn reached(&self, endpoint: &str) -> Result<Reached, StoreError> {
        let delivered = self.collect(
            "SELECT settled_ns FROM outbox WHERE endpoint = ?1 AND state = 'delivered'
             ORDER BY due_ns DESC LIMIT 1",
            [endpoint],
            |row| row.get::<_, Option<i64>>(0),
        )?;
        let error = self.collect(
            "SELECT error, status FROM outbox
             WHERE endpoint = ?1 AND state IN ('pending', 'failed') AND error IS NOT NULL
             ORDER BY sequence DESC LIMIT 1",
            [endpoint],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let failed = self.collect(
            "SELECT COUNT(*) FROM outbox WHERE endpoint = ?1 AND state = 'failed'",
            [endpoint],
            |row| row.get::<_, i64>(0),
        )?;
        let (error, status) = error.into_iter().next().unwrap_or_default();
        Ok(Reached {
            delivered: moment(delivered.into_iter().next().flatten()),
            error,
            status,
            failed: failed.first().and_then(|count| u64::try_from(*count).ok()).unwrap_or(0),
        })
    }

    /// How much is owed to each receiver that is owed anything or is disabled.
    ///
    /// # Errors
    /// The database cannot read.
    pub fn queues(&self) -> Result<Vec<Queue>, StoreError> {
        self.collect(
            "SELECT name, SUM(waiting), MIN(oldest), MAX(reason) FROM (
                 SELECT endpoint AS name, COUNT(*) AS waiting, MIN(created_ns) AS oldest, NULL AS reason
                 FROM outbox WHERE state IN ('pending', 'held') GROUP BY endpoint
                 UNION ALL SELECT name, 0, NULL, reason FROM endpoint)
             GROUP BY name ORDER BY name",
            [],
            |row| {
                Ok(Queue {
                    endpoint: row.get(0)?,
                    waiting: u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0),
                    oldest: moment(row.get(2)?),
                    disabled: row.get(3)?,
                })
            },
        )
    }
}

impl Batch<'_> {
    /// Notes what came of a try.
    ///
    /// # Errors
    /// The database cannot write.
    pub fn settle(&mut self, due: &Due, outcome: &Outcome) -> Result<(), StoreError> {
        let now = self.now().nanos();
        let (state, at, status, error) = match outcome {
            Outcome::Delivered { status } => ("delivered", None, Some(*status), None),
            Outcome::Retry { at, status, error } => {
                ("pending", Some(at.nanos()), *status, Some(error.as_str()))
            }
            Outcome::Failed { status, error } => ("failed", None, *status, Some(error.as_str())),
            Outcome::Gone { status } => ("pending", None, Some(*status), Some("gone")),
        };
        let settled = (state != "pending").then_some(now);
        self.execute(
            "UPDATE outbox SET state = ?2, attempts = attempts + 1, due_ns = coalesce(?3, due_ns), status = ?4,
                 error = ?5, settled_ns = ?6
             WHERE sequence = ?1 AND state = 'pending'",
            params![due.sequence, state, at, status, error, settled],
        )?;
        if let Outcome::Gone { status } = outcome {
            self.execute(
                "INSERT INTO endpoint (name, disabled_ns, reason) VALUES (?1, ?2, ?3)
                 ON CONFLICT (name) DO NOTHING",
                params![due.endpoint, now, format!("it answered {status}")],
            )?;
        }
        Ok(())
    }

    /// Owes what waits for another try now, because its receiver is back after an outage. The try that this adds is not
    /// counted: what comes and goes may not use up the tries of what it keeps missing. How many.
    ///
    /// # Errors
    /// The database cannot write.
    pub fn hasten(&mut self, endpoint: &str) -> Result<u64, StoreError> {
        self.changed(
            "UPDATE outbox SET due_ns = ?2, attempts = attempts - 1
             WHERE endpoint = ?1 AND state = 'pending' AND attempts > 0 AND due_ns > ?2",
            params![endpoint, self.now().nanos()],
        )
    }

    /// Sends to a receiver again. Whether it was disabled.
    ///
    /// # Errors
    /// The database cannot write.
    pub fn enable_endpoint(&mut self, endpoint: &str) -> Result<bool, StoreError> {
        Ok(self.changed("DELETE FROM endpoint WHERE name = ?1", [endpoint])? > 0)
    }

    /// Sends nothing to a receiver until it is enabled again. Whether it was enabled before.
    ///
    /// # Errors
    /// The database cannot write.
    pub fn disable_endpoint(&mut self, endpoint: &str, reason: &str) -> Result<bool, StoreError> {
        let known = self.one("SELECT 1 FROM endpoint WHERE name = ?1", [endpoint], |_| Ok(()))?;
        self.execute(
            "INSERT INTO endpoint (name, disabled_ns, reason) VALUES (?1, ?2, ?3)
             ON CONFLICT (name) DO UPDATE SET disabled_ns = excluded.disabled_ns, reason = excluded.reason",
            params![endpoint, self.now().nanos(), reason],
        )?;
        Ok(known.is_none())
    }

    /// Owes deliveries of a receiver anew, each under the id it had. How many.
    ///
    /// # Errors
    /// The database cannot write.
    pub fn replay(&mut self, endpoint: &str, which: &Replay) -> Result<u64, StoreError> {
        let (wanted, value): (&str, rusqlite::types::Value) = match which {
            Replay::Failed => ("state = 'failed' AND ?3 IS NULL", rusqlite::types::Value::Null),
            Replay::One(id) => ("id = ?3", id.clone().into()),
            Replay::Since(moment) => {
                ("state IN ('failed', 'delivered') AND created_ns >= ?3", moment.nanos().into())
            }
        };
        let sql = format!(
            "UPDATE outbox SET state = 'pending', attempts = 0, due_ns = ?2, settled_ns = NULL
             WHERE endpoint = ?1 AND {wanted}"
        );
        self.changed(&sql, params![endpoint, self.now().nanos(), value])
    }
}

#[cfg(test)]
mod tests;
