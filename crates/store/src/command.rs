//! Every command that was heard, expected or not.

use gridtap_model::Timestamp;
use rusqlite::params;

use crate::{Batch, Store, StoreError};

/// A command that was heard; or, of nobody and to nothing, how many of a second had no room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commanded {
    /// When, in the time of the packets.
    pub time: Timestamp,
    /// By whom: an address.
    pub source: String,
    /// To which device.
    pub device: String,
    /// All of it: one JSON object.
    pub record: String,
}

/// A command as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandRow {
    /// Orders them, from 1.
    pub sequence: u64,
    /// The command.
    pub command: Commanded,
}

/// Which commands are wanted; all of them, where nothing is set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CommandFilter {
    /// To devices in whose name or address this stands.
    pub device: Option<String>,
    /// By this address.
    pub source: Option<String>,
    /// Heard then or later.
    pub since: Option<Timestamp>,
    /// Heard before this.
    pub until: Option<Timestamp>,
    /// Older than this row.
    pub before: Option<u64>,
}

impl Batch<'_> {
    /// Writes down a command. `anomaly` is what the detector calls the finding that was told of it: its record gets the
    /// id under which that is known here.
    ///
    /// # Errors
    /// The database cannot write.
    pub fn command(
        &mut self,
        command: &Commanded,
        anomaly: Option<&str>,
    ) -> Result<(), StoreError> {
        let Commanded { time, source, device, record } = command;
        let known = match anomaly {
            Some(origin) => self.one(
                "SELECT id FROM anomaly WHERE origin = ?1 ORDER BY generation DESC LIMIT 1",
                [origin],
                |row| row.get::<_, String>(0),
            )?,
            None => None,
        };
        self.execute(
            "INSERT INTO command (time_ns, source, device, record)
             VALUES (?1, ?2, ?3, CASE WHEN ?5 IS NULL THEN ?4 ELSE json_set(?4, '$.anomaly', ?5) END)",
            params![time.nanos(), source, device, record, known],
        )
    }

    /// Forgets the oldest commands, so that so many are left, a part of them at once. How many.
    ///
    /// # Errors
    /// The database cannot write.
    pub fn keep_commands(&mut self, most: u64, part: u32) -> Result<u64, StoreError> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.changed(
            "DELETE FROM command WHERE sequence IN (SELECT sequence FROM command
                 WHERE sequence <= (SELECT MAX(sequence) FROM command) - ?1 ORDER BY sequence LIMIT ?2)",
            params![most, part],
        )
    }
}

impl Store {
    /// The commands that were heard, newest first.
    ///
    /// # Errors
    /// The database cannot read.
    pub fn commands(
        &self,
        filter: &CommandFilter,
        limit: u32,
    ) -> Result<Vec<CommandRow>, StoreError> {
        let nanos = |moment: Option<Timestamp>| moment.map(Timestamp::nanos);
        let before = filter.before.map(|row| i64::try_from(row).unwrap_or(i64::MAX));
        self.collect(
            "SELECT sequence, time_ns, source, device, record FROM command
             WHERE (?1 IS NULL OR instr(lower(device), lower(?1)) > 0 OR record ->> '$.device_name' = ?1)
               AND (?2 IS NULL OR source = ?2)
               AND (?3 IS NULL OR time_ns >= ?3) AND (?4 IS NULL OR time_ns < ?4)
               AND (?5 IS NULL OR sequence < ?5)
             ORDER BY sequence DESC LIMIT ?6",
            params![
                filter.device,
                filter.source,
                nanos(filter.since),
                nanos(filter.until),
                before,
                limit
            ],
            |row| {
                Ok(CommandRow {
                    sequence: u64::try_from(row.get::<_, i64>(0)?).unwrap_or(0),
                    command: Commanded {
                        time: Timestamp::from_nanos(row.get(1)?),
                        source: row.get(2)?,
                        device: row.get(3)?,
                        record: row.get(4)?,
                    },
                })
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(nanos: i64) -> Timestamp {
        Timestamp::from_nanos(nanos)
    }

    #[test]
    fn commands_are_found_by_device_master_and_time_and_the_oldest_give_way() {
        let directory = tempfile::tempdir().unwrap();
        let mut store = Store::open(directory.path(), at(1)).unwrap();
        let mut batch = store.batch(at(5)).unwrap();
        for nth in 1..=10 {
            let command = Commanded {
                time: at(nth * 100),
                source: format!("10.0.0.{}", nth % 2),
                device: format!("modbus 10.0.1.21 unit {nth}"),
                record: format!("{{\"device_name\":\"RTU {nth}\"}}"),
            };
            batch.command(&command, Some("unknown")).unwrap();
        }
        batch.commit().unwrap();
        let found = |filter: CommandFilter| -> Vec<u64> {
            store.commands(&filter, 100).unwrap().iter().map(|row| row.sequence).collect()
        };
        let all = CommandFilter::default();
        let device = |text: &str| CommandFilter { device: Some(text.to_owned()), ..all.clone() };
        assert_eq!(found(all.clone()).len(), 10);
        assert_eq!(found(device("unit 7")), [7]);
        assert_eq!(found(device("10.0.1.21")).len(), 10);
        assert_eq!(found(device("RTU 3")), [3]);
        assert_eq!(
            found(CommandFilter { source: Some("10.0.0.1".to_owned()), ..all.clone() }),
            [9, 7, 5, 3, 1]
        );
        let span = CommandFilter { since: Some(at(300)), until: Some(at(500)), ..all.clone() };
        assert_eq!(found(span), [4, 3]);
        assert_eq!(found(CommandFilter { before: Some(3), ..all.clone() }), [2, 1]);
        let mut batch = store.batch(at(6)).unwrap();
        assert_eq!(batch.keep_commands(4, 5).unwrap(), 5);
        assert_eq!(batch.keep_commands(4, 5).unwrap(), 1);
        assert_eq!(batch.keep_commands(4, 5).unwrap(), 0);
        batch.commit().unwrap();
        let left = store.commands(&all, 100).unwrap();
        assert_eq!(left.iter().map(|row| row.sequence).collect::<Vec<_>>(), [10, 9, 8, 7]);
        assert_eq!(left[0].command.record, "{\"device_name\":\"RTU 10\"}");
    }
}
