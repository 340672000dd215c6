//! Where Modbus was answered otherwise than its port says, on another port or as RTU: what comes there next is
//! expected to be the same.

use std::collections::HashMap;

use gridtap_model::{Endpoint, Transport};

use crate::modbus::Framing;

/// Endpoints that have answered, and how they frame.
#[derive(Debug)]
pub(crate) struct Servers {
    known: HashMap<(Transport, Endpoint), Framing, ahash::RandomState>,
    max: usize,
}

impl Servers {
    pub(crate) fn new(max: usize) -> Self {
        let state = ahash::RandomState::with_seeds(0x7365, 0x7276, 0x6572, 0x7370);
        Self { known: HashMap::with_hasher(state), max }
    }

    /// Notes one; where there are too many, those that came first stay.
    pub(crate) fn note(&mut self, transport: Transport, server: Endpoint, framing: Framing) {
        if self.known.len() < self.max {
            self.known.entry((transport, server)).or_insert(framing);
        }
    }

    pub(crate) fn framing(&self, transport: Transport, endpoint: Endpoint) -> Option<Framing> {
        self.known.get(&(transport, endpoint)).copied()
    }
}
