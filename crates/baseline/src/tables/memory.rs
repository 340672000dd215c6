//! What the tables cost.

use super::{Host, Outstation, Pair, Tables};
use crate::key::Key;

impl Tables {
    /// The memory that the tables take, about.
    pub(crate) fn memory_bytes(&self) -> usize {
        let lists = [
            self.keys.capacity().saturating_mul(size_of::<Key>()),
            self.hosts.capacity().saturating_mul(size_of::<Host>()),
            self.devices.capacity().saturating_mul(size_of::<Outstation>()),
            self.pairs.capacity().saturating_mul(size_of::<Pair>()),
            self.key_index.allocation_size(),
            self.exact_index.allocation_size(),
            self.host_index.allocation_size(),
            self.device_index.allocation_size(),
            self.pair_index.allocation_size(),
            self.values.allocation_size(),
        ];
        let coverage =
            |pair: &Pair| pair.read.memory_bytes().saturating_add(pair.commanded.memory_bytes());
        let stretches = self.pairs.iter().map(coverage);
        lists.into_iter().chain(stretches).fold(0, usize::saturating_add)
    }
}
