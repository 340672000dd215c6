//! The tables, as the sequence of steps that made them.

use gridtap_model::Timestamp;
use rusqlite::{Connection, TransactionBehavior};

/// Marks the file as ours in its header (`file(1)` and `sqlite3` show it): "grid" in ASCII.
pub(crate) const APPLICATION_ID: i32 = 0x6772_6964;

/// The schema that this version writes.
pub const VERSION: i32 = STEPS_LEN;

/// Each step takes the schema from its index to the next. Steps are only ever added.
const STEPS: [&str; 1] = [FIRST];

// `usize` does not convert to `i32` in a constant; the test below keeps the two equal.
const STEPS_LEN: i32 = 1;

const FIRST: &str = "
-- One line a fact about the state itself: sensor, created_ns.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What is normal: one learned key a row, in the baseline's own text.
CREATE TABLE baseline (
    key TEXT PRIMARY KEY,
    row TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What the baseline keeps beside its keys (arming, rates), in its own text and format.
CREATE TABLE baseline_state (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    format INTEGER NOT NULL,
    text   TEXT NOT NULL
) STRICT;

-- The anomalies as they stand. `record` is the JSON that was told.
CREATE TABLE anomaly (
    id       TEXT PRIMARY KEY,
    incident TEXT NOT NULL,
    revision INTEGER NOT NULL,
    state    TEXT NOT NULL,
    severity INTEGER NOT NULL CHECK (severity BETWEEN 0 AND 4),
    time_ns  INTEGER NOT NULL,
    last_ns  INTEGER NOT NULL,
    count    INTEGER NOT NULL,
    detection TEXT NOT NULL,
    record   TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX anomaly_incident ON anomaly (incident);
CREATE INDEX anomaly_time ON anomaly (time_ns);
CREATE INDEX anomaly_open ON anomaly (state, severity);

-- Every revision that was told, in the order of telling.
CREATE TABLE anomaly_history (
    sequence INTEGER PRIMARY KEY,
    anomaly  TEXT NOT NULL,
    revision INTEGER NOT NULL,
    record   TEXT NOT NULL
) STRICT;
CREATE INDEX anomaly_history_of ON anomaly_history (anomaly, revision);
CREATE TRIGGER anomaly_history_keeps BEFORE UPDATE ON anomaly_history
    BEGIN SELECT RAISE(ABORT, 'history is only added to'); END;
CREATE TRIGGER anomaly_history_stays BEFORE DELETE ON anomaly_history
    BEGIN SELECT RAISE(ABORT, 'history is only added to'); END;

CREATE VIEW incident AS
    SELECT incident AS id, COUNT(*) AS anomalies, SUM(count) AS count, MAX(severity) AS severity,
           MIN(time_ns) AS time_ns, MAX(last_ns) AS last_ns
    FROM anomaly GROUP BY incident;

-- Who decided what about the baseline.
CREATE TABLE approval (
    sequence INTEGER PRIMARY KEY,
    action   TEXT NOT NULL,
    key      TEXT NOT NULL,
    who      TEXT NOT NULL,
    at_ns    INTEGER NOT NULL,
    reason   TEXT NOT NULL,
    until_ns INTEGER
) STRICT;
CREATE INDEX approval_key ON approval (key);
CREATE TRIGGER approval_keeps BEFORE UPDATE ON approval
    BEGIN SELECT RAISE(ABORT, 'approvals are only added to'); END;
CREATE TRIGGER approval_stays BEFORE DELETE ON approval
    BEGIN SELECT RAISE(ABORT, 'approvals are only added to'); END;

-- The capture files that the baseline has learned from, and how far.
CREATE TABLE capture (
    fingerprint TEXT PRIMARY KEY,
    path        TEXT NOT NULL,
    frames      INTEGER NOT NULL,
    complete    INTEGER NOT NULL CHECK (complete IN (0, 1)),
    at_ns       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

/// What [`prepare`] found.
pub(crate) enum Prepared {
    /// The tables were made just now.
    Created,
    /// They were there, brought up to [`VERSION`] where they were older.
    Existing,
}

/// Why the tables cannot be used.
pub(crate) enum Unfit {
    /// A newer gridtap made them.
    Newer(i32),
    /// Somebody else's database.
    Foreign,
    /// The database failed.
    Failed(rusqlite::Error),
}

impl From<rusqlite::Error> for Unfit {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error)
    }
}

/// The version of an existing state; an error where this gridtap cannot read it.
pub(crate) fn check(connection: &Connection) -> Result<i32, Unfit> {
    let version: i32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let application: i32 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let tables: i64 =
        connection.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != APPLICATION_ID && (version != 0 || tables != 0) {
        return Err(Unfit::Foreign);
    }
    if version > VERSION {
        return Err(Unfit::Newer(version));
    }
    Ok(version)
}

/// Makes the tables, or brings older ones up to date, in one transaction: it happens whole or not at all.
pub(crate) fn prepare(connection: &mut Connection, now: Timestamp) -> Result<Prepared, Unfit> {
    let version = check(connection)?;
    if version == VERSION {
        return Ok(Prepared::Existing);
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for step in STEPS.iter().skip(usize::try_from(version).unwrap_or(0)) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    if version == 0 {
        transaction.execute(
            "INSERT INTO meta (name, value) VALUES ('created_ns', ?1)",
            [now.nanos().to_string()],
        )?;
    }
    transaction.commit()?;
    Ok(if version == 0 { Prepared::Created } else { Prepared::Existing })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_number_of_steps() {
        assert_eq!(usize::try_from(VERSION).unwrap(), STEPS.len());
    }

    #[test]
    fn every_table_is_strict() {
        let mut connection = Connection::open_in_memory().unwrap();
        assert!(matches!(
            prepare(&mut connection, Timestamp::from_nanos(1)),
            Ok(Prepared::Created)
        ));
        let lax: i64 = connection
            .query_row(
                "SELECT COUNT(*) FROM pragma_table_list
                 WHERE schema = 'main' AND type = 'table' AND strict = 0 AND name NOT LIKE 'sqlite_%'",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(lax, 0);
    }
}
