//! The bytes of one conversation to observations and, when asked, to records: the one crate that knows all protocols.
//!
//! A conversation is *tasted* until its structure tells its protocol, on whatever port it runs; then a
//! session of that protocol frames its bytes, pairs answers with requests and says in protocol-neutral
//! words what it heard. What could not be decoded is skipped up to the next plausible message and
//! accounted for: every byte of a recognised conversation is decoded, skipped, missing or encrypted.
//!
//! It judges nothing and remembers little beyond the conversation: which directions between two hosts are heard at
//! all, because no single connection can tell; what devices said of their data sets; at which endpoints Modbus was
//! answered, because there a damaged message is damaged Modbus; and who asks whom on a line that masters share. The
//! last two matter to conversations of other hosts as well, which are told at the next tick (the module `news`).
#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::as_conversions)
)]

mod account;
mod buffer;
mod config;
mod conversation;
mod copies;
mod counters;
mod dissector;
mod dnp3;
mod held;
mod host_pair;
mod modbus;
mod news;
mod record;
mod servers;
mod sides;
mod stage;
mod taste;
#[cfg(test)]
mod tests;
mod worst;
mod zone;

pub use config::Config;
pub use counters::{Bytes, Counters, Spoken};
pub use dissector::{Dissector, Due};
pub use dnp3::Dnp3Record;
pub use modbus::{Kind as ModbusKind, ModbusRecord};
pub use news::News;
pub use record::{Detail, Problem, Reason, Record};
pub use stage::Output;
pub use zone::{ZoneRule, Zones};
