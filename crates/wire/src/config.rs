//! Limits and waiting times.

use gridtap_model::Span;

/// Limits and waiting times of [`crate::Wire`]. Every table and buffer has its bound here.
#[derive(Debug, Clone, serde::Deserialize, serde::Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Packets and frames around a packet that are followed: tunnels in tunnels. Beyond 16 none are.
    pub nesting_max: u8,
    /// Open flows. When there is one more, an unanswered one gives way first.
    pub flows_max: u32,
    /// Octets, with their bookkeeping, that wait in all flows for what is missing before them.
    pub reassembly_bytes_max: usize,
    /// Octets that wait in one direction of one flow.
    pub direction_bytes_max: usize,
    /// Segments that wait in one direction of one flow.
    pub direction_segments_max: usize,
    /// Octets of each direction that are remembered at most, to compare a retransmission with what it repeats: what is
    /// said in one go, and as much before it.
    /// Rounded up to a power of two; 0 compares nothing.
    pub history_bytes: usize,
    /// Which octets win where segments or fragments overlap.
    pub overlap: Overlap,
    /// What is done about checksums.
    pub checksums: Checksums,
    /// How long missing octets are waited for that the receiver has not acknowledged.
    pub gap_patience: Span,
    /// How long to wait for what should have been captured before: octets that the receiver acknowledged already,
    /// octets before the first heard of a session in progress, the request that a response acknowledges.
    pub order_patience: Span,
    /// How long a finished or reset connection is kept for its last packets.
    pub closing_linger: Span,
    /// Silence after which a TCP connection is forgotten.
    pub tcp_idle: Span,
    /// Silence after which a TCP connection is forgotten that only one side spoke in, without data.
    pub half_open_idle: Span,
    /// Silence after which a UDP pair is forgotten.
    pub udp_idle: Span,
    /// Fragmented datagrams that are put together at a time.
    pub fragment_datagrams_max: usize,
    /// Octets of fragments that wait.
    pub fragment_bytes_max: usize,
    /// How long the fragments of a datagram are waited for.
    pub fragment_patience: Span,
    /// How long after a datagram the same one is taken for a copy that was captured elsewhere on its way. 0 for never.
    pub copy_window: Span,
    /// Keys the flow table and the comparison of datagrams. What comes out does not depend on it; the shell takes it
    /// from the system's randomness, so that nobody can foresee it.
    pub hash_seed: u64,
}

impl Config {
    /// Octets of a direction that are remembered at most: 0 or a power of two.
    pub(crate) fn history_room(&self) -> usize {
        match self.history_bytes.min(1 << 15) {
            0 => 0,
            octets => octets.next_power_of_two(),
        }
    }

    /// What is bounded for all, shared out among so many that follow flows.
    #[must_use]
    pub fn shared_by(&self, count: u16) -> Self {
        let among = usize::from(count.max(1));
        Self {
            flows_max: self.flows_max.div_ceil(count.max(1).into()),
            reassembly_bytes_max: self.reassembly_bytes_max.div_ceil(among),
            ..self.clone()
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            nesting_max: 4,
            flows_max: 65_536,
            reassembly_bytes_max: 16 << 20,
            direction_bytes_max: 256 << 10,
            direction_segments_max: 256,
            history_bytes: 256,
            overlap: Overlap::First,
            checksums: Checksums::Verify,
            gap_patience: Span::from_secs(2),
            order_patience: Span::from_nanos(20_000_000),
            closing_linger: Span::from_secs(2),
            tcp_idle: Span::from_secs(3_600),
            half_open_idle: Span::from_secs(30),
            udp_idle: Span::from_secs(300),
            fragment_datagrams_max: 256,
            fragment_bytes_max: 1 << 20,
            fragment_patience: Span::from_secs(30),
            copy_window: Span::from_nanos(50_000_000),
            hash_seed: 0x6772_6964_7461_7021,
        }
    }
}

/// Which octets win where segments or fragments overlap. Octets already delivered are never taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Overlap {
    /// Those heard first, as most receivers do.
    First,
    /// Those heard last.
    Last,
}

/// What is done about checksums.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Checksums {
    /// A wrong one in a direction that is otherwise right is reported and not delivered.
    Verify,
    /// They are not looked at.
    Ignore,
}
