//! The shared vocabulary of gridtap: what every stage of the pipeline says to the next.
//!
//! Three ideas hold it together. Time is a number that came with a packet ([`Timestamp`]), never a
//! clock. An [`Observation`] is the one protocol-neutral thing that detections see, so that a new
//! protocol gets every detection for nothing. An [`Anomaly`] is the one thing a person is told, under
//! the same field names on the screen, in the store and on the wire.
//!
//! There is no logic here: constructors, `Display`, and nothing that decides.
#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::as_conversions)
)]

mod anomaly;
mod control;
mod device;
mod dialogue;
mod endpoint;
mod fault;
mod file;
mod function;
mod group;
mod network;
mod observation;
mod point;
mod span;
mod time;

pub use anomaly::{Anomaly, AnomalyId, Armed, IncidentId, Severity, State};
pub use control::{Control, Operation, TripClose};
pub use device::{Device, SubAddress, Zone};
pub use dialogue::{Authentication, Dialogue, Indications, Occasion, Selected};
pub use endpoint::{Direction, Endpoint, EndpointText, Transport};
pub use fault::{Fault, FaultKind, Faults, Matched};
pub use file::{FileAccess, FileMode, file_index};
pub use function::{Class, Effect, Function, Phase, Protocol};
pub use group::Group;
pub use network::{Hardware, Icmp, NetworkEvent, Resolution};
pub use observation::{
    Conversation, Hearing, LinkEvent, Message, Observation, Outcome, Place, Refusal, What,
};
pub use point::{Point, Quality, Reading, Run, Table, Value, Values};
pub use span::{Span, SpanError};
pub use time::{TimeText, Timestamp};
