//! The embedded database: what was told to a person, what was learned, and who decided what.
//!
//! Four ideas. What is told is stored first: a [`Batch`] is committed (write-ahead log, synced) before its anomalies
//! are printed or sent. A record is kept as the text that was told, with a few columns beside it to find it by, so
//! that every interface repeats the same words. The life of an anomaly is a state machine without a database
//! ([`Standing`]); everything that a person does goes through [`Batch::act`], which writes the change, its history,
//! its row in the audit log and what is owed to receivers in one transaction. History, approvals and the audit log
//! are only ever added to; the database itself refuses anything else.
//!
//! It knows nothing of packets, of how a baseline judges, or of what an anomaly means.

mod act;
mod announce;
mod announcement;
mod anomaly;
mod approval;
mod audit;
mod batch;
mod command;
mod error;
mod evidence;
mod file;
mod find;
mod hook;
mod life;
mod open;
mod outbox;
mod query;
mod record;
mod schema;
mod standpoint;
mod upkeep;
mod writer;

#[cfg(test)]
mod tests;

pub use act::{Act, ActError, COMMENT_MAX, Found, Person, Target};
pub use announce::{Subscription, digest_wait_ns};
pub use announcement::Announcement;
pub use approval::{Approval, Decision};
pub use audit::{Audit, AuditVerdict, Audited};
pub use batch::{Batch, Capture};
pub use command::{CommandFilter, CommandRow, Commanded};
pub use error::StoreError;
pub use evidence::Evidence;
pub use file::write_whole;
pub use find::{Filter, Happening, Incident, Page, Sort, Tally};
pub use hook::Seen;
pub use life::{Action, Disposition, Event, Refusal, SHELVED_MAX_NS, Standing};
pub use open::Store;
pub use outbox::{Delivery, Due, Outcome, Queue, Reached, Replay};
pub use query::{Acknowledged, Revision};
pub use schema::VERSION;
pub use standpoint::{Standpoint, Told};
pub use upkeep::{Pruned, Retained, Retention, Soundness};
pub use writer::{Handle, Writer};
