//! An anomaly as the database has it: the record, where it stands, and what the detector said of it last.

use gridtap_model::{Severity, State, Timestamp};
use rusqlite::Row;
use sha2::{Digest, Sha256};

use crate::batch::severity_of;
use crate::life::{Disposition, Event, Standing, state_of};
use crate::record::Record;

/// An anomaly as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standpoint {
    /// Identifies it.
    pub id: String,
    /// The incident it belongs to.
    pub incident: String,
    /// Counts its changes, from 1.
    pub revision: u32,
    /// Where it stands.
    pub state: State,
    /// How bad if true.
    pub severity: Severity,
    /// When it was found, by the clock of whoever stored it.
    pub opened: Timestamp,
    /// What declared it beforehand, so that it is kept and alarms nobody.
    pub suppressed: Option<String>,
    /// The record as it is told: one JSON object.
    pub record: String,
}

/// What came of telling the store of an anomaly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// As it stands now.
    pub standpoint: Standpoint,
    /// What is new; none where the store knew all of it.
    pub event: Option<Event>,
}

/// A row of `anomaly`, as far as its life needs it.
pub(crate) struct Life {
    pub(crate) id: String,
    pub(crate) incident: String,
    pub(crate) revision: u32,
    pub(crate) standing: Standing,
    pub(crate) severity: i64,
    pub(crate) record: String,
    pub(crate) generation: i64,
    pub(crate) told: u32,
    pub(crate) count: i64,
    pub(crate) base_count: i64,
    pub(crate) facts: String,
    pub(crate) time: Timestamp,
    pub(crate) opened: Timestamp,
    pub(crate) suppressed: Option<String>,
}

pub(crate) const LIFE: &str = "id, incident, revision, state, severity, record, shelved_until_ns, disposition, \
                               generation, told, count, base_count, facts, time_ns, opened_at_ns, suppressed FROM anomaly";

pub(crate) fn life(row: &Row<'_>) -> rusqlite::Result<Life> {
    let disposition: Option<String> = row.get(7)?;
    let (record, facts): (String, String) = (row.get(5)?, row.get(12)?);
    Ok(Life {
        id: row.get(0)?,
        incident: row.get(1)?,
        revision: row.get(2)?,
        standing: Standing {
            state: state_of(&row.get::<_, String>(3)?),
            shelved_until: row.get::<_, Option<i64>>(6)?.map(Timestamp::from_nanos),
            disposition: disposition.as_deref().and_then(Disposition::of_name),
        },
        severity: row.get(4)?,
        generation: row.get(8)?,
        told: row.get(9)?,
        count: row.get(10)?,
        base_count: row.get(11)?,
        facts: if facts.is_empty() { record.clone() } else { facts },
        record,
        time: Timestamp::from_nanos(row.get(13)?),
        opened: Timestamp::from_nanos(row.get(14)?),
        suppressed: row.get(15)?,
    })
}

impl Life {
    pub(crate) fn standpoint(self) -> Standpoint {
        Standpoint {
            id: self.id,
            incident: self.incident,
            revision: self.revision,
            state: self.standing.state,
            severity: severity_of(self.severity),
            opened: self.opened,
            suppressed: self.suppressed,
            record: self.record,
        }
    }

    /// What the database keeps of the detector's words beside the record: nothing, where they are the record.
    pub(crate) fn facts_apart(&self) -> &str {
        if self.facts == self.record { "" } else { &self.facts }
    }

    /// Whether a person has changed anything, so that the record is no longer the detector's.
    pub(crate) const fn is_acted_on(&self) -> bool {
        self.revision != self.told || self.generation > 0
    }

    /// The fields that life changes, in the text of a record.
    pub(crate) fn write_into(&self, record: &mut Record) -> serde_json::Result<()> {
        record.set("id", &self.id)?;
        record.set("revision", &self.revision)?;
        record.set("state", &self.standing.state)?;
        if matches!(self.standing.state, State::UnacknowledgedActive | State::UnacknowledgedCleared)
        {
            record.remove("acknowledged_by");
            record.remove("acknowledged_time");
        }
        if self.generation > 0 {
            record.set("time", &self.time)?;
            record.set("count", &self.count)?;
        }
        Ok(())
    }
}

/// The fields of a record that come from people and not from the detector.
pub(crate) const BY_PEOPLE: &[&str] = &[
    "acknowledged_by",
    "acknowledged_time",
    "shelved_by",
    "shelved_until",
    "disposition",
    "closed_by",
    "comment",
    "continues",
];

/// The id of the life after one that was closed: the same wherever the same was closed (UUIDv8, RFC 9562, 5.8).
pub(crate) fn successor(origin: &str, generation: i64) -> String {
    let digest =
        Sha256::new().chain_update(origin).chain_update(generation.to_be_bytes()).finalize();
    let mut octets = [0; 16];
    for (octet, from) in octets.iter_mut().zip(digest) {
        *octet = from;
    }
    uuid::Builder::from_custom_bytes(octets).into_uuid().to_string()
}
