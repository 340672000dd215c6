//! DNP3 in a conversation: the one module that knows it.

mod fields;
mod files;
mod links;
mod object_record;
mod recognise;
mod record;
mod security;
mod session;

pub(crate) use recognise::{Recognised, begins, is_home, recognise};
pub use record::Dnp3Record;
pub(crate) use session::Session;
