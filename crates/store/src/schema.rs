//! The tables, as the sequence of steps that made them.

use gridtap_model::Timestamp;
use rusqlite::{Connection, TransactionBehavior};

/// Marks the file as ours in its header (`file(1)` and `sqlite3` show it): "grid" in ASCII.
pub(crate) const APPLICATION_ID: i32 = 0x6772_6964;

/// The schema that this version writes.
pub const VERSION: i32 = STEPS_LEN;

/// Each step takes the schema from its index to the next. Steps are only ever added.
const STEPS: [&str; 2] = [FIRST, SECOND];

// `usize` does not convert to `i32` in a constant; the test below keeps the two equal.
const STEPS_LEN: i32 = 2;

const FIRST: &str = include_str!("schema/first.sql");
const SECOND: &str = include_str!("schema/second.sql");

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
