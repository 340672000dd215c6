//! What all tables and buffers take at most, from their bounds.

use gridtap_model::Timestamp;

use crate::config::Config;
use crate::copies::Recent;
use crate::entry::Doubt;
use crate::table::Slot;
use crate::waiting::{Piece, Waiting};

/// Entries of an index or of the timers, with the room that such tables keep free.
const INDEX_OCTETS: usize = 2 * (size_of::<u32>() + 1);
const TIMER_OCTETS: usize = 2 * size_of::<(Timestamp, u32)>();

/// Parts of one fragmented datagram, each with its bookkeeping.
const PARTS_OCTETS: usize = 256 * 2 * size_of::<Piece>();

impl Config {
    /// Octets that flows, reassembly and fragments take where every table is full, at most.
    #[must_use]
    pub fn octets_max(&self) -> usize {
        // The slots are one run of memory that doubles as it grows.
        let flows = usize::try_from(self.flows_max.max(1)).unwrap_or(usize::MAX);
        let slots = flows.checked_next_power_of_two().unwrap_or(flows);
        // What waits is counted with its octets; the place for it is not.
        let waiting = size_of::<Waiting>().saturating_add(size_of::<Piece>().saturating_mul(4));
        let sides = waiting.saturating_add(self.history_room()).saturating_mul(2);
        let boxes = size_of::<Recent>().saturating_add(size_of::<Doubt>());
        let flow = sides.saturating_add(boxes);
        let slot = size_of::<Slot>().saturating_add(INDEX_OCTETS).saturating_add(TIMER_OCTETS);
        // Rows of pieces double as they grow, too.
        let waits = self.reassembly_bytes_max.saturating_mul(2);
        let fragments = self.fragment_datagrams_max.saturating_mul(PARTS_OCTETS);
        [
            flows.saturating_mul(flow),
            slots.saturating_mul(slot),
            waits,
            self.fragment_bytes_max.saturating_mul(2),
            fragments,
        ]
        .into_iter()
        .fold(0, usize::saturating_add)
    }
}
