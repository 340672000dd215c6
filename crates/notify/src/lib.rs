//! Outbound deliveries: what happened, told to other people's machines.
//!
//! Three ideas. A delivery has one identifier for its whole life, and is signed by the Standard Webhooks scheme, so that
//! a receiver can tell a repetition from news and ours from anybody's. What is sent is a function of the stored row: a
//! retry says the same. Every endpoint is alone with its receiver: one that hangs holds up nobody else.
//!
//! It decides nothing about anomalies and stores nothing itself.

mod access;
mod bell;
mod client;
mod config;
mod courier;
mod couriers;
mod event;
mod format;
mod outcome;
mod retry_after;
mod schedule;
pub mod signature;
mod targets;
mod tested;
#[cfg(test)]
mod testing;
mod worker;

pub use bell::Bell;
pub use client::{Answer, Client, ExchangeError};
pub use config::{Config, Endpoint, Fault, Format, Wrong};
pub use courier::Courier;
pub use couriers::{Couriers, EndpointStatus};
pub use event::{BODY_OCTETS_MAX, Event, NotABody, TYPES, is_wanted};
pub use format::{Post, is_standing, markdown_text, post, standing};
pub use outcome::outcome;
pub use schedule::Schedule;
pub use targets::{TargetError, Targets, Url, UrlError};
pub use tested::{TestRefused, Tested};
pub use worker::{Deliveries, Told, World};
