//! Decisions of people about the baseline, each an audited row.

use gridtap_model::Timestamp;
use rusqlite::params;

use crate::{Batch, Store, StoreError};

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// This exact key is normal from now on, until it expires.
    Accept,
    /// This key was learned rightly.
    SignOff,
}

impl Decision {
    /// The name in the database and in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::SignOff => "sign-off",
        }
    }
}

/// One decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// What was decided.
    pub action: Decision,
    /// About which learned key, in the text form of exports.
    pub key: String,
    /// By whom.
    pub who: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
    /// Until when it holds; none for always.
    pub until: Option<Timestamp>,
}

impl Batch<'_> {
    /// Adds a decision.
    ///
    /// # Errors
    /// The database cannot write.
    pub fn approval(&mut self, approval: &Approval) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO approval (action, key, who, at_ns, reason, until_ns)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                approval.action.name(),
                approval.key,
                approval.who,
                approval.at.nanos(),
                approval.reason,
                approval.until.map(Timestamp::nanos),
            ],
        )
    }
}

impl Store {
    /// Every decision, in the order they were made.
    ///
    /// # Errors
    /// The database cannot read.
    pub fn approvals(&self) -> Result<Vec<Approval>, StoreError> {
        self.collect(
            "SELECT action, key, who, at_ns, reason, until_ns FROM approval ORDER BY sequence",
            [],
            |row| {
                let action: String = row.get(0)?;
                Ok(Approval {
                    action: if action == Decision::SignOff.name() {
                        Decision::SignOff
                    } else {
                        Decision::Accept
                    },
                    key: row.get(1)?,
                    who: row.get(2)?,
                    at: Timestamp::from_nanos(row.get(3)?),
                    reason: row.get(4)?,
                    until: row.get::<_, Option<i64>>(5)?.map(Timestamp::from_nanos),
                })
            },
        )
    }
}
