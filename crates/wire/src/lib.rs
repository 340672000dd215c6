//! One captured frame to conversations: link layer, IP, UDP, and TCP reassembled into ordered bytes.
//!
//! [`Wire`] takes frames and tells what it hears in them: flows that open and close, their bytes in order, gaps, and
//! what is odd. It has no clock: time comes with frames and with [`Wire::tick`]. What is due in a flow is done at its
//! own next packet or at a tick, whichever is first, so that the packets of other flows never change what is told.
//!
//! Headers are decoded by hand: 30 ns a packet cheaper, measured, than by a general library, and the few fields that
//! matter are few.
//!
//! **Order.** Octets are told once and in order. What comes early waits. A gap is given up when the receiver has
//! acknowledged the octets (it had them, the capture has not) and a moment has passed in which they may still turn up;
//! otherwise after a patience, but not while the receiver is heard to wait for them too; at once when too much waits;
//! and when the flow ends. Should octets that were given up, and that the receiver still waits for, come after all, the
//! direction goes back to them: data forged far ahead cannot make a conversation unheard. Data waits a moment for the
//! octets of the other direction that it acknowledges, so that an answer is not told before its request; after waiting
//! in vain a few times in a row it waits no more.
//!
//! **Endings.** RST counts in the receiver's window alone. After RST, or FIN of both sides, a connection lingers, so
//! that what was under way goes into it; if its data simply goes on, it was not the end. A SYN in a live connection
//! ends it when the handshake goes on, not before. Data far from where a direction stands is put aside until more
//! agrees with it: then the endpoints have a new connection whose beginning was not heard.
//!
//! **Checksums.** In a direction of which one checksum was right, a segment with a wrong one is reported and not told.
//! Until then a wrong one is held back: the receiver's acknowledgement, three wrong ones in a row without a right one,
//! or the passing of time shows that the capturing host leaves checksums to its interface, and what was held is told; a
//! right one shows that it was damaged or forged. A field that holds the bare sum of the pseudo-header is the mark of
//! offloading, and is believed at once where nothing right was heard, and else when the receiver acknowledges it.
//!
//! **Copies.** A datagram that was captured twice is told once, by the identification of its packet (the module `copies`
//! gives the reasoning). In TCP the sequence numbers see to that.
//!
//! **Bounds.** Every table and buffer has its bound in [`Config`]. When the flow table is full, flows that were not
//! answered give way first, then the young, then those not used for longest.
//!
//! **Nesting.** VLAN tags, MPLS labels, PPPoE sessions and HSR tags are taken away; packets in IP, GRE, ERSPAN and VXLAN
//! and frames behind labels are followed to a depth, also where they came in fragments. The flow is between the inner
//! hosts. Its VLAN is the outermost tag of the innermost frame: for mirrored traffic the one that it had in the plant,
//! not that of its way to the sensor; where ERSPAN mirrored a frame without a tag, the VLAN that its header names. A
//! packet in a packet, without a frame between, has the VLAN of the frame around both.
//!
//! It does not look into payload otherwise.
#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::as_conversions)
)]

mod address;
mod checks;
mod checksum;
mod config;
mod copies;
mod copy;
mod counters;
mod entry;
mod event;
mod flows;
mod fragment;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
mod history;
mod internet;
mod link;
mod mpls;
mod notice;
mod order;
mod pair;
mod replacement;
mod sorter;
mod stream;
mod table;
mod tcp;
mod transport;
mod tunnel;
mod udp;
mod waiting;
mod wire;
mod worst;

pub use config::{Checksums, Config, Overlap};
pub use counters::Counters;
pub use event::{Closing, Event, Flow, FlowId, Frame, Heard, LinkType};
pub use notice::Notice;
pub use pair::address_pair;
pub use sorter::{Sorter, Way, Whole};
pub use table::Due;
pub use wire::Wire;

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "the lengths are those of the tests")]
mod tests;
