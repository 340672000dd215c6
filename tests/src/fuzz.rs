//! One body for each fuzz target. A body takes any octets and panics where something that must hold does not.
//!
//! A target of `tests/fuzz` is nothing but a call of its body; `tests/e2e/fuzz.rs` calls the same bodies for the
//! seeds, for what a corpus holds, and for random octets.

mod capture;
mod dissect;
mod dnp3;
mod modbus;
mod packet;
mod pipeline;
mod script;
mod seeds;
mod wire;

pub use seeds::{Seed, seeds};

/// A fuzz target.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, as cargo-fuzz and the folders of seeds and corpora know it.
    pub name: &'static str,
    /// What it does with any octets.
    pub body: fn(&[u8]),
}

/// Every target there is.
pub const TARGETS: [Target; 8] = [
    Target { name: "capture", body: capture::any_file },
    Target { name: "dissect_account", body: dissect::any_conversations },
    Target { name: "dissect_pieces", body: dissect::any_pieces },
    Target { name: "dnp3", body: dnp3::any_octets },
    Target { name: "modbus", body: modbus::any_octets },
    Target { name: "pipeline", body: pipeline::any_capture },
    Target { name: "wire_frames", body: wire::any_frames },
    Target { name: "wire_session", body: wire::any_session },
];

/// Runs the body of a target.
///
/// # Panics
/// Where there is no such target, and where its body finds a fault.
pub fn run(name: &str, input: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    assert!(target.is_some(), "there is no fuzz target {name}");
    if let Some(target) = target {
        (target.body)(input);
    }
}
