//! Interfaces heard: frames out of the ring that Linux fills (AF_PACKET, TPACKET_V3), and nothing ever sent.
//!
//! One socket an interface, promiscuous, opened and mapped once. Linux writes frames into blocks of its ring and hands a
//! block over when it is full or some milliseconds old; a frame is lent out of the ring where it lies, and the block
//! goes back when the frame behind its last one is asked for. The tag of a VLAN, which interfaces take out, is put back.
//!
//! Opening the socket is all that needs a right (`CAP_NET_RAW`). An interface that goes down or vanishes is waited for
//! and bound again on the socket that is there, so that the right can be given up. Sockets are not joined into a fanout
//! group: one that is can never be bound again.
//!
//! With [`Taps::seal`] the kernel refuses this process every call that would write to the sockets.
//!
//! A frame's time is the kernel's, or that of the interface where that is asked for and it has one; each frame says which.
//!
//! What was lost is counted where it was lost: in the kernel, when the ring was full, or in the interface.
//!
//! The unsafe code is in one file, `sys`: the ring is shared with the kernel, and packet sockets are not in the
//! standard library. What is in a block is read by safe code that believes none of its numbers.
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::as_conversions))]

mod block;
mod config;
mod error;
mod interfaces;
mod seal;
mod sys;
mod tap;
mod taps;

pub use config::{Clock, Config};
pub use error::Error;
pub use interfaces::{Counts, Interface, counts, interfaces};
pub use tap::{Change, Drops, Stamped, Tap};
pub use taps::Taps;
