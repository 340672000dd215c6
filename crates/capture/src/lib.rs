//! Captures in: frames from pcap and pcapng files, plain, in gzip or in zstd, one file or many, merged by time.
//!
//! Three ideas. A [`Reader`] lends: the frame it gives lies in the reader's own window on the file until the
//! next call, so that reading allocates nothing for a frame. No number in a file is believed: a length is
//! compared with a bound before anything is sized by it, and the window grows only as octets really arrive.
//! A damaged file is still evidence: everything before the fault is given, then one sentence ([`Fault`]) says
//! where and what, and the other files go on.
//!
//! [`Sources`] takes what a person names (files, directories, `-`), recognises captures by their first octets
//! and never by their names, and merges them: always the frame with the earliest time of those that are next in
//! their files, the first-named file where times are equal. A file is opened when its first frame is due, so that
//! a directory of a thousand captures in a row keeps one open.
//!
//! A [`Follow`] reads a directory in which another program writes captures that rotate: one file after the other, each as
//! far as it is written, and further when it has grown.
//!
//! The reader is our own. Walking 1.8 million Modbus frames in the page cache, its own share of the processor's
//! time is that of the crate `pcap-parser` on pcap (ratio 0.8 to 1.1) and half of it on pcapng (0.45 to 0.5);
//! either way the system's copying of the file costs more. What decided is that it bounds every length, skips
//! blocks of any size without holding them, and knows the offset of what it could not read.
//!
//! A [`Writer`] puts a pcapng file together in memory, for what is cut out of captures to be looked at elsewhere.
//!
//! What it does not do: decode frames (see `gridtap-wire`), pace them, or listen to interfaces.
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::as_conversions))]

mod error;
mod follow;
mod link;
mod order;
mod pcap;
mod pcapng;
mod reader;
mod sources;
mod stream;
mod window;
mod writer;
mod zstd;

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod testing;

pub use error::{Error, Fault, FaultReason, Looks, Packing};
pub use follow::{Event, Follow, Ledger, Print, Read, Turn};
pub use pcapng::Interface;
pub use reader::{Progress, Reader};
pub use sources::{Skipped, Sources};
pub use writer::Writer;
