//! Every metric of gridtap in one table, and the events that count.
//!
//! Three ideas. A metric exists because the [`table`] names it, with its help and its labels, and nowhere else. Whoever
//! counts, counts in plain integers and hands over what they came to ([`Heard`], once a second; [`Stored`],
//! [`Learned`]): nothing is shared for each packet. What happens one at a time is an [`Event`], which is logged and
//! counted by one call.
//!
//! Series are kept under typed keys that are compared whole, and written by our own collector: the vectors of the
//! `prometheus` crate know a series by a hash of its label values run together, so that two can become one. Labels
//! come from closed sets or from the configuration, and devices have a ceiling: no address on the network makes a
//! series without end.
//!
//! There is no server here, no clock and no global: the shell owns one [`Metrics`] and gives its text to who asks.

mod config;
mod events;
mod exposition;
mod heard;
mod labels;
mod metrics;
mod spread;
mod standing;
pub mod table;

#[cfg(test)]
mod tests;

pub use config::Config;
pub use events::{
    AnomalyAcknowledged, AnomalyOpened, DeliveryTried, Event, InboundAnswered, StoreWriteFailed,
};
pub use heard::{
    DeviceHeard, Heard, InterfaceHeard, PROTOCOLS, PollInterval, ProtocolHeard, place_of,
};
pub use labels::{
    ByteState, CommandClass, DecodeError, DeliveryResult, DeviceState, DropPlace, InboundResult,
    Label, Level, RefusalCode,
};
pub use metrics::{Known, Metrics};
pub use spread::Spread;
pub use standing::{Learned, LevelLearned, Queue, Stored};
