//! Modbus: from bytes to frames, from frames to meaning. No state, no allocation, no judgement.
//!
//! Two ideas. *Framing* may want more bytes ([`mbap`], [`rtu`]). *Meaning* never fails: [`request`] and
//! [`response`] give a value for any bytes, and what does not fit the specification is carried beside it
//! as [`Faults`](gridtap_model::Faults), so that a monitor can report it. Codes are newtypes with known
//! names: an unknown code is a value like any other.
//!
//! What it does not do: pair answers with requests, tell clients from servers, find the next frame after
//! garbage. That needs the history of a conversation and is the business of `dissect`.
#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::as_conversions)
)]

mod code;
mod device_identification;
mod extent;
mod file_record;
mod frame;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod read;
mod request;
mod response;
pub mod umas;

#[cfg(test)]
mod properties;

pub use code::{DiagnosticCode, ExceptionCode, FunctionCode, FunctionKind, MeiType};
pub use device_identification::{DeviceObject, DeviceObjects, object_name};
pub use extent::{Extent, request_extent, response_extent};
pub use file_record::{FileRecord, FileRecords};
pub use frame::{Adu, FrameError, Header, RtuFrame, Side, crc16, mbap, rtu};
pub use request::{Request, RequestBody, request};
pub use response::{Response, ResponseBody, response};
