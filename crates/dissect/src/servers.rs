//! Where Modbus was answered on a port that is not its own: what comes there next is expected to be Modbus too.

use std::collections::HashSet;

use gridtap_model::{Endpoint, Transport};

/// Endpoints that have answered.
#[derive(Debug)]
pub(crate) struct Servers {
    known: HashSet<(Transport, Endpoint), ahash::RandomState>,
    max: usize,
}

impl Servers {
    pub(crate) fn new(max: usize) -> Self {
        let state = ahash::RandomState::with_seeds(0x7365, 0x7276, 0x6572, 0x7370);
        Self { known: HashSet::with_hasher(state), max }
    }

    /// Notes one; where there are too many, those that came first stay.
    pub(crate) fn note(&mut self, transport: Transport, server: Endpoint) {
        if self.known.len() < self.max {
            self.known.insert((transport, server));
        }
    }

    pub(crate) fn has(&self, transport: Transport, endpoint: Endpoint) -> bool {
        self.known.contains(&(transport, endpoint))
    }
}
