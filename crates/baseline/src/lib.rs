//! What is normal: declared in the site file and learned from what was heard.
//!
//! Four ideas hold it together.
//!
//! *Keys* form a tree: zone, host, device, master, class, function, range of addresses, commanded point. None
//! holds a TCP port or a connection, because many masters open a new one for each poll. A message is
//! as new as the coarsest of its keys that is not known. Reading and commanding are separate paths.
//!
//! *News is counted in blocks of time*, never in packets, and what comes within one block is one piece of it: how
//! likely a block is to bring some is estimated from the blocks in which something was heard that was heard in no other
//! (Good and Turing), with an upper bound that certifies how much is known, pooled over the channels of one kind in a
//! zone.
//!
//! *Arming is not certifying.* A level judges once it has its minimum of blocks and the last third of them
//! brought no more news than the first two thirds predicted; it then judges for good.
//!
//! *What alarmed is not learned.* Its key is held back however often it is heard, until a person accepts
//! exactly it. What was learned of commands is listed in a ledger, to be signed off.
//!
//! *Requests have a cadence.* Of each that is repeated it is learned how often it comes; what is late, or comes more
//! often or more seldom than in any block before, is a fact like the others.
//!
//! It gives facts and figures. What to make of them, how severe and in which words, is not its business. It reads no
//! file and no clock.
#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::as_conversions)
)]

mod ask;
mod baseline;
mod block;
mod cadence;
mod channels;
mod config;
mod coverage;
mod decisions;
mod evict;
mod facts;
mod float;
mod judge;
mod key;
mod learn;
mod ledger;
mod levels;
mod message;
mod names;
mod network;
mod path;
#[cfg(test)]
mod play;
mod rows;
mod site;
mod tables;
mod timing;
mod values;
mod verdict;
mod worst;
mod zone;

pub use ask::{Acquaintance, is_asking};
pub use baseline::{Baseline, Counters, LevelArmed};
pub use channels::{Channel, ZoneChannels};
pub use config::Config;
pub use decisions::{AcceptError, SignOffError, is_same_key, nearest_key};
pub use facts::{Fact, FactKey, FactKind, Facts};
pub use ledger::LedgerEntry;
pub use levels::{LevelState, Levels, PerLevel, ZoneLevels};
pub use network::{ByClass, ConversationHeard, Cut, DeviceHeard, HostHeard, Network, Standing};
pub use path::KeyError;
pub use rows::{Acceptance, Cadence, Difference, FORMAT, Meta, RestoreError, Row, RowValue, diff};
pub use site::{
    HostRole, Lists, Normal, Site, SiteDevice, SiteError, SiteHost, SitePoint, ValueType,
    WordOrder, ZoneRule,
};
pub use timing::{Around, Drifted, Late, Poll, Polled, Slowed};
pub use values::{Departure, Measure};
pub use verdict::{Access, Declared, LearnedRate, Level, NewKey, Verdict};
pub use zone::Waiting;
