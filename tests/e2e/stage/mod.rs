//! What the end-to-end tests play with: captures cut, spliced and damaged, and the shipped binary that reads them.

pub(crate) mod browser;
pub(crate) mod dnp3;
pub(crate) mod gridtap;
pub(crate) mod packets;
pub(crate) mod recording;
pub(crate) mod service;
pub(crate) mod web;

pub(crate) use gridtap::{Gridtap, Run, State};
pub(crate) use packets::{Host, Session, modbus};
pub(crate) use recording::{Frame, Recording};
pub(crate) use service::{Running, Service};

/// Looks again and again until something is there; nothing is judged by how long that takes.
pub(crate) fn patience<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..1200 {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("not within a minute: {what}")
}
