//! Modbus in a conversation: the one module that knows it.

mod account;
mod answer;
mod damaged;
mod effect;
mod exchange;
mod found;
mod framing;
mod observe;
mod recognise;
mod record;
mod record_parts;
mod roles;
mod runs;
mod second_copy;
mod session;

pub(crate) use found::{Found, agreed, found};
pub(crate) use framing::Framing;
pub(crate) use recognise::{Recognised, Scent, is_ours, recognise};
pub use record::{Kind, ModbusRecord};
pub(crate) use session::Session;
