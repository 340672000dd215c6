//! The HTTP side: what was found is read, people act on it, other people's machines call.
//!
//! Three ideas. A record is passed on as the text that was told, never modelled anew, so that the API says what the
//! screen and the web hooks say. Whoever asks is known before anything is done for them, and what costs (octets,
//! connections, requests, rows of the audit log) is bounded for those who are not. The document of the interface is a
//! file that the tests hold against every route and every answer.
//!
//! It decides nothing about anomalies: what may be done with one is the store's to say. tokio lives in here and is
//! seen by nobody else.

mod access;
mod acting;
mod action;
mod body;
mod commands;
mod config;
mod decide;
mod desk;
mod evidence;
mod health;
mod hook;
mod limit;
mod listing;
pub mod network;
mod page;
mod password;
mod problem;
mod query;
mod readers;
mod refused;
mod role;
mod routes;
mod server;
mod standing;
mod start;
mod tls;
mod webhook;

#[cfg(test)]
mod tests;

pub use config::{Config, Fault, Hook, HookFormat, Token, User, Wrong, usual_listen};
pub use decide::{Decide, Decided, Decision, Undecided};
pub use desk::Clock;
pub use health::{Condition, Health, LevelArmed};
pub use network::{Network, Overview};
pub use page::runbook::Guide;
pub use password::{PASSWORD_LENGTH_MIN, PASSWORD_OCTETS_MAX, PasswordError, hash_password};
pub use role::Role;
pub use start::{Api, Parts, Running, faults};
