//! The frames that show an anomaly, kept for as long as it is open and longer.

use gridtap_model::Timestamp;
use rusqlite::{OptionalExtension, params};

use crate::{Batch, Store, StoreError};

/// A slice of the traffic around an anomaly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// A capture file: pcapng.
    pub pcap: Vec<u8>,
    /// How many frames it holds.
    pub frames: u32,
    /// How many of the frames that the anomaly names could not be had any more.
    pub missing: u32,
    /// What a reader must know of it, in a sentence.
    pub note: String,
    /// When it was cut last.
    pub at: Timestamp,
}

impl Batch<'_> {
    /// Keeps a slice for an anomaly, in the place of what was kept before.
    ///
    /// # Errors
    /// The database cannot write.
    pub fn evidence(&mut self, anomaly: &str, evidence: &Evidence) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO evidence (anomaly, pcap, frames, missing, note, at_ns) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (anomaly) DO UPDATE SET pcap = excluded.pcap, frames = excluded.frames,
                 missing = excluded.missing, note = excluded.note, at_ns = excluded.at_ns",
            params![
                anomaly,
                evidence.pcap,
                evidence.frames,
                evidence.missing,
                evidence.note,
                evidence.at.nanos()
            ],
        )
    }

    /// Keeps a slice for the newest life of what the detector calls so; for nothing, where the store knows none.
    ///
    /// # Errors
    /// The database cannot write.
    pub fn evidence_of_origin(
        &mut self,
        origin: &str,
        evidence: &Evidence,
    ) -> Result<(), StoreError> {
        let newest = self.one(
            "SELECT id FROM anomaly WHERE origin = ?1 ORDER BY generation DESC LIMIT 1",
            [origin],
            |row| row.get::<_, String>(0),
        )?;
        newest.map_or(Ok(()), |id| self.evidence(&id, evidence))
    }
}

impl Store {
    /// The slice of an anomaly.
    ///
    /// # Errors
    /// The database cannot read.
    pub fn evidence_of(&self, anomaly: &str) -> Result<Option<Evidence>, StoreError> {
        self.connection
            .query_row(
                "SELECT pcap, frames, missing, note, at_ns FROM evidence WHERE anomaly = ?1",
                [anomaly],
                |row| {
                    Ok(Evidence {
                        pcap: row.get(0)?,
                        frames: row.get(1)?,
                        missing: row.get(2)?,
                        note: row.get(3)?,
                        at: Timestamp::from_nanos(row.get(4)?),
                    })
                },
            )
            .optional()
            .map_err(|error| self.failed(&error))
    }
}
