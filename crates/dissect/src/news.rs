//! What the conversations of one group show of hosts, for those of others.
//!
//! Conversations of a group know at once what they show each other. To those of others it is told at the next tick, so
//! that another thread may hear them, and what is told of them is the same all the same.

use std::collections::BTreeMap;

use gridtap_model::{Endpoint, Group, Transport};

use crate::dnp3::LineNews;
use crate::modbus::Framing;
use crate::stage::Shared;

/// What was learned of hosts since the last tick, for the conversations of all other groups.
#[derive(Debug, Default)]
pub struct News {
    pub(crate) lines: BTreeMap<Group, LineNews>,
    pub(crate) servers: BTreeMap<(Group, Transport, Endpoint), Framing>,
}

impl News {
    /// Whether nothing was learned.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.servers.is_empty()
    }
}

impl Shared {
    pub(crate) fn take_news(&mut self) -> News {
        News { lines: self.lines.take_news(), servers: self.servers.take_news() }
    }

    /// Takes in what was learned, in the order of the groups and not of who tells it.
    pub(crate) fn learn(&mut self, news: &[&News]) {
        let mut lines: Vec<_> = news.iter().flat_map(|news| &news.lines).collect();
        lines.sort_unstable_by_key(|(group, _)| **group);
        for (_, said) in lines {
            self.lines.learn(said);
        }
        let mut servers: Vec<_> = news.iter().flat_map(|news| &news.servers).collect();
        servers.sort_unstable_by_key(|(key, _)| **key);
        for ((_, transport, server), framing) in servers {
            self.servers.learn(*transport, *server, *framing);
        }
    }
}
