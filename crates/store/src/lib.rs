//! The embedded database: what was told to a person, what was learned, and who decided what.
//!
//! Three ideas. What is told is stored first: a [`Batch`] is committed (write-ahead log, synced) before
//! its anomalies are printed or sent. A record is kept as the text that was told, with a few columns
//! beside it to find it by, so that every interface repeats the same words. History and approvals are
//! only ever added to; the database itself refuses anything else.
//!
//! It knows nothing of packets, of how a baseline judges, or of what an anomaly means.

mod approval;
mod batch;
mod error;
mod file;
mod open;
mod query;
mod schema;

pub use approval::{Action, Approval};
pub use batch::{Batch, Capture};
pub use error::StoreError;
pub use file::write_whole;
pub use open::Store;
pub use query::{Revision, Stored};
pub use schema::VERSION;
