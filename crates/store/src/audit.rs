//! Who did what with this sensor: a log whose rows are each sealed with the one before.
//!
//! A row that is changed, taken out or put in between breaks every seal after it, which [`Store::verify_audit`] finds.
//! Cutting off the end leaves a shorter chain that holds: whoever must prove that nothing is missing notes the last
//! seal elsewhere (it is in every answer of `gridtap audit verify`) and compares.

use gridtap_model::Timestamp;
use rusqlite::params;
use sha2::{Digest, Sha256};

use crate::{Batch, Store, StoreError};

/// One row of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// Who.
    pub who: String,
    /// As what: a role, or nothing where that is not known.
    pub role: String,
    /// By which way: `cli`, `api`, `page`, `hook NAME`.
    pub via: String,
    /// What was done or tried.
    pub action: String,
    /// With what.
    pub subject: String,
    /// What came of it: `done`, or why not.
    pub outcome: String,
    /// What else there is to know: the comment, the counts.
    pub detail: String,
}

/// A row as it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audited {
    /// Its place, from 1.
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub row: Audit,
    /// The seal over this row and the one before.
    pub hash: String,
}

/// What a look through the whole log found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditVerdict {
    /// How many rows there are.
    pub rows: u64,
    /// The first row whose seal does not hold, or that is missing.
    pub broken_at: Option<u64>,
    /// The last seal, in hexadecimal: note it elsewhere to see later that nothing was cut off.
    pub head: String,
    /// Whether the seal that was asked for is one of the chain.
    pub holds_seal: Option<bool>,
}

/// The seal before the first row.
const START: [u8; 32] = [0; 32];

fn seal(before: &[u8], sequence: i64, at: Timestamp, row: &Audit) -> [u8; 32] {
    let mut digest = Sha256::new();
    digest.update(before);
    digest.update(sequence.to_be_bytes());
    digest.update(at.nanos().to_be_bytes());
    // Each text with its length, so that no two rows read alike.
    for text in
        [&row.who, &row.role, &row.via, &row.action, &row.subject, &row.outcome, &row.detail]
    {
        digest.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        digest.update(text.as_bytes());
    }
    digest.finalize().into()
}

pub(crate) fn hexadecimal(octets: &[u8]) -> String {
    use std::fmt::Write as _;
    octets.iter().fold(String::with_capacity(octets.len().saturating_mul(2)), |mut text, octet| {
        // A String takes everything that is written to it.
        let _ = write!(text, "{octet:02x}");
        text
    })
}

impl Batch<'_> {
    /// Adds a row to the audit log.
    ///
    /// # Errors
    /// The database cannot write.
    pub fn audit(&mut self, row: &Audit) -> Result<(), StoreError> {
        let last = self.one(
            "SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1",
            [],
            |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)),
        )?;
        let (before, hash) = last.unwrap_or((0, START.to_vec()));
        let sequence = before.saturating_add(1);
        let at = self.now();
        let hash = seal(&hash, sequence, at, row);
        self.execute(
            "INSERT INTO audit (sequence, at_ns, who, role, via, action, subject, outcome, detail, hash)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                sequence,
                at.nanos(),
                row.who,
                row.role,
                row.via,
                row.action,
                row.subject,
                row.outcome,
                row.detail,
                hash.as_slice()
            ],
        )
    }
}

const COLUMNS: &str =
    "sequence, at_ns, who, role, via, action, subject, outcome, detail, hash FROM audit";

fn audited(row: &rusqlite::Row<'_>) -> rusqlite::Result<(Audited, Vec<u8>)> {
    let hash: Vec<u8> = row.get(9)?;
    let audited = Audited {
        sequence: u64::try_from(row.get::<_, i64>(0)?).unwrap_or(0),
        at: Timestamp::from_nanos(row.get(1)?),
        row: Audit {
            who: row.get(2)?,
            role: row.get(3)?,
            via: row.get(4)?,
            action: row.get(5)?,
            subject: row.get(6)?,
            outcome: row.get(7)?,
            detail: row.get(8)?,
        },
        hash: hexadecimal(&hash),
    };
    Ok((audited, hash))
}

impl Store {
    /// Rows of the audit log after one of them, oldest first.
    ///
    /// # Errors
    /// The database cannot read.
    pub fn audit_log(&self, after: u64, limit: u32) -> Result<Vec<Audited>, StoreError> {
        self.collect(
            &format!("SELECT {COLUMNS} WHERE sequence > ?1 ORDER BY sequence LIMIT ?2"),
            params![i64::try_from(after).unwrap_or(i64::MAX), limit],
            |row| audited(row).map(|(row, _)| row),
        )
    }

    /// How many rows the audit log has.
    ///
    /// # Errors
    /// The database cannot read.
    pub fn audit_rows(&self) -> Result<u64, StoreError> {
        let rows = self.collect("SELECT coalesce(MAX(sequence), 0) FROM audit", [], |row| {
            row.get::<_, i64>(0)
        })?;
        Ok(rows.first().and_then(|rows| u64::try_from(*rows).ok()).unwrap_or(0))
    }

    /// Recomputes every seal. `seal` is one that was noted earlier, in hexadecimal.
    ///
    /// # Errors
    /// The database cannot read.
    pub fn verify_audit(&self, noted: Option<&str>) -> Result<AuditVerdict, StoreError> {
        let failed = |error: rusqlite::Error| self.failed(&error);
        let sql = format!("SELECT {COLUMNS} ORDER BY sequence");
        let mut statement = self.connection.prepare(&sql).map_err(failed)?;
        let mut rows = statement.query([]).map_err(failed)?;
        let mut before = START;
        let mut verdict = AuditVerdict {
            rows: 0,
            broken_at: None,
            head: hexadecimal(&START),
            // A log without rows ends with the seal before the first.
            holds_seal: noted.map(|noted| noted.eq_ignore_ascii_case(&hexadecimal(&START))),
        };
        while let Some(row) = rows.next().map_err(failed)? {
            let (row, hash) = audited(row).map_err(failed)?;
            verdict.rows = verdict.rows.saturating_add(1);
            let place = i64::try_from(row.sequence).unwrap_or(i64::MAX);
            let right = seal(&before, place, row.at, &row.row);
            if verdict.broken_at.is_none()
                && (row.sequence != verdict.rows || right.as_slice() != hash)
            {
                verdict.broken_at = Some(verdict.rows);
            }
            if noted.is_some_and(|noted| noted.eq_ignore_ascii_case(&row.hash)) {
                verdict.holds_seal = Some(true);
            }
            before = right;
            verdict.head = row.hash;
        }
        Ok(verdict)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::tempdir;

    fn row(nth: u32) -> Audit {
        Audit {
            who: format!("operator {nth}"),
            role: "operator".to_owned(),
            via: "cli".to_owned(),
            action: "acknowledge".to_owned(),
            subject: "a".to_owned(),
            outcome: "done".to_owned(),
            detail: String::new(),
        }
    }

    fn written(rows: u32) -> (tempfile::TempDir, Store) {
        let directory = tempdir().unwrap();
        let mut store = Store::open(directory.path(), Timestamp::from_nanos(1)).unwrap();
        let mut batch = store.batch(Timestamp::from_nanos(5)).unwrap();
        for nth in 0..rows {
            batch.audit(&row(nth)).unwrap();
        }
        batch.commit().unwrap();
        (directory, store)
    }

    #[test]
    fn the_database_refuses_to_change_or_delete_a_row() {
        let (_directory, store) = written(3);
        for sql in ["UPDATE audit SET who = 'x' WHERE sequence = 2", "DELETE FROM audit"] {
            let refused = store.connection.execute(sql, []).unwrap_err().to_string();
            assert!(refused.contains("only added to"), "{refused}");
        }
        let verdict = store.verify_audit(None).unwrap();
        assert_eq!((verdict.rows, verdict.broken_at), (3, None));
        assert_eq!(verdict.head, store.audit_log(2, 9).unwrap()[0].hash);
    }

    #[test]
    fn a_row_that_was_changed_taken_out_or_moved_is_found_where_it_was() {
        let tampering = [
            ("UPDATE audit SET who = 'x' WHERE sequence = 2", Some(2)),
            ("UPDATE audit SET who = 'operator', role = '1operator' WHERE sequence = 2", Some(2)),
            ("DELETE FROM audit WHERE sequence = 2", Some(2)),
            ("DELETE FROM audit WHERE sequence = 1", Some(1)),
            ("UPDATE audit SET at_ns = 6 WHERE sequence = 3", Some(3)),
            ("DELETE FROM audit WHERE sequence = 4", None),
        ];
        for (sql, broken_at) in tampering {
            let (_directory, store) = written(4);
            let head = store.verify_audit(None).unwrap().head;
            store
                .connection
                .execute_batch(&format!(
                    "DROP TRIGGER audit_keeps; DROP TRIGGER audit_stays; {sql}"
                ))
                .unwrap();
            let verdict = store.verify_audit(Some(&head)).unwrap();
            assert_eq!(verdict.broken_at, broken_at, "{sql}");
            // The end that was cut off shows by the seal that was noted.
            assert_eq!(verdict.holds_seal, Some(!sql.contains("sequence = 4")), "{sql}");
        }
    }
}
