//! What all tables and buffers take at most, from their bounds.

use gridtap_wire::FlowId;

use crate::config::Config;
use crate::dissector::{Due, IDLE_DEADLINES, OPEN_OCTETS};
use crate::{buffer, dnp3, host_pair, modbus};

/// Ordered tables keep up to as much room free as they fill.
const SLACK: usize = 2;

/// An endpoint with what is known of it, and its place in a table.
const SERVER_OCTETS: usize = 128;

impl Config {
    /// Octets that conversations and what is known of hosts take where every table is full, at most, with so many flows.
    #[must_use]
    pub fn octets_max(&self, flows_max: u32) -> usize {
        let flows = usize::try_from(flows_max.max(1)).unwrap_or(usize::MAX);
        let slots = flows.checked_next_power_of_two().unwrap_or(flows);
        let session = size_of::<modbus::Session>().max(size_of::<dnp3::Session>());
        let deadlines = flows.saturating_mul(2).saturating_add(IDLE_DEADLINES);
        let deadline = size_of::<(Due, FlowId)>().saturating_mul(SLACK);
        let pairs = self.host_pairs_max;
        let pairs = pairs.checked_next_power_of_two().unwrap_or(pairs);
        // One message, or one look at them all, above the ceiling.
        let look = flows.saturating_mul(64);
        let message = self.dnp3_fragment_octets_max.saturating_mul(4);
        [
            slots.saturating_mul(OPEN_OCTETS),
            flows.saturating_mul(session),
            deadlines.saturating_mul(deadline),
            self.held_octets_max,
            look,
            message,
            pairs.saturating_mul(host_pair::PAIR_OCTETS),
            self.servers_max.saturating_mul(SERVER_OCTETS).saturating_mul(SLACK),
            dnp3::lines_octets_max(self.dnp3_lines_max),
            self.dnp3_data_set_devices_max
                .saturating_mul(dnp3::descriptors_octets_max(self.dnp3_data_set_octets_max)),
            buffer::OCTETS_MAX.saturating_mul(2),
        ]
        .into_iter()
        .fold(0, usize::saturating_add)
    }
}
