//! What the end-to-end tests play with: captures cut, spliced and damaged, and the shipped binary that reads them.

pub(crate) mod dnp3;
pub(crate) mod gridtap;
pub(crate) mod packets;
pub(crate) mod recording;

pub(crate) use gridtap::{Gridtap, Run, State};
pub(crate) use packets::{Host, Session};
pub(crate) use recording::{Frame, Recording};
