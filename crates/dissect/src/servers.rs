//! Where Modbus was answered otherwise than its port says, on another port or as RTU: what comes there next is
//! expected to be the same.

use std::collections::{BTreeMap, HashMap};

use gridtap_model::{Endpoint, Group, Transport};

use crate::modbus::Framing;

/// Endpoints that have answered, and how they frame.
#[derive(Debug)]
pub(crate) struct Servers {
    known: HashMap<(Transport, Endpoint), Framing, ahash::RandomState>,
    /// What the group knows that it was said in, and others from the next tick on.
    fresh: BTreeMap<(Group, Transport, Endpoint), Framing>,
    max: usize,
}

impl Servers {
    pub(crate) fn new(max: usize) -> Self {
        let state = ahash::RandomState::with_seeds(0x7365, 0x7276, 0x6572, 0x7370);
        Self { known: HashMap::with_hasher(state), fresh: BTreeMap::new(), max }
    }

    /// Notes one; where there are too many, those that came first stay.
    pub(crate) fn note(
        &mut self,
        group: Group,
        transport: Transport,
        server: Endpoint,
        framing: Framing,
    ) {
        if self.known.len() < self.max && self.fresh.len() < self.max {
            self.fresh.entry((group, transport, server)).or_insert(framing);
        }
    }

    /// How an endpoint has answered, as far as the conversations of a group know.
    pub(crate) fn framing(
        &self,
        group: Group,
        transport: Transport,
        endpoint: Endpoint,
    ) -> Option<Framing> {
        let known = self.known.get(&(transport, endpoint));
        known.or_else(|| self.fresh.get(&(group, transport, endpoint))).copied()
    }

    /// What was noted since the last tick.
    pub(crate) fn take_news(&mut self) -> BTreeMap<(Group, Transport, Endpoint), Framing> {
        core::mem::take(&mut self.fresh)
    }

    /// Takes in what was noted before a tick.
    pub(crate) fn learn(&mut self, transport: Transport, server: Endpoint, framing: Framing) {
        if self.known.len() < self.max {
            self.known.entry((transport, server)).or_insert(framing);
        }
    }
}
