//! What can be set about hearing interfaces.

use gridtap_model::Span;
use serde::{Deserialize, Serialize};

/// Whose clock says when a frame came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Clock {
    /// The kernel's, when it took the frame from the interface.
    #[default]
    Kernel,
    /// The interface's own, when the frame came in.
    Hardware,
}

impl Clock {
    /// As it is written in the settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kernel => "kernel",
            Self::Hardware => "hardware",
        }
    }
}

/// Settings of hearing interfaces.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Octets of the ring of each interface, which the kernel fills: what comes while gridtap is busy waits there.
    /// From 1 MiB to 1 GiB.
    pub ring_bytes: u64,
    /// After how long frames are given although few have come. From 1 ms to 1 s.
    pub delay: Span,
    /// Whose times are wanted. Those of the interface are for one that stamps what it receives (`hwstamp_ctl -r 1`), whose
    /// clock follows that of this machine (`phc2sys`): gridtap sets neither. What it does not stamp has the kernel's.
    pub timestamps: Clock,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            ring_bytes: 64 << 20,
            delay: Span::from_nanos(20_000_000),
            timestamps: Clock::Kernel,
        }
    }
}

impl Config {
    /// What is wrong with it, a sentence each.
    #[must_use]
    pub fn check(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if !(1 << 20..=1 << 30).contains(&self.ring_bytes) {
            faults.push(format!(
                "tap.ring_bytes = {}: from {} (1 MiB) to {} (1 GiB)",
                self.ring_bytes,
                1 << 20,
                1 << 30
            ));
        }
        if !(1_000_000..=1_000_000_000).contains(&self.delay.nanos()) {
            faults.push(format!("tap.delay = {}: from 1ms to 1s", self.delay));
        }
        faults
    }
}
