//! What a run came to.

use std::collections::BTreeMap;

/// Totals of one run, as `--summary` writes them.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct Summary {
    /// Frames read.
    pub packets: u64,
    /// Messages decoded, by protocol.
    pub messages: BTreeMap<&'static str, u64>,
    /// Observations made.
    pub observations: u64,
    /// Anomalies opened.
    pub anomalies: u64,
    /// Octets of recognised conversations.
    pub bytes: ByteCounts,
    /// Datagrams that were captured again elsewhere on their way, and told once. Absent where there were none.
    #[serde(skip_serializing_if = "is_none")]
    pub copies: u64,
    /// Frames and packets that led to no conversation although there may have been one in them, by reason. Empty where
    /// there were none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub not_followed: BTreeMap<String, u64>,
    /// State that gave way because a table was full, by table. Empty where nothing did.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub evicted: BTreeMap<String, u64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_none(count: &u64) -> bool {
    *count == 0
}

/// Every octet of a recognised conversation is exactly one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct ByteCounts {
    /// Part of a message that was decoded.
    pub decoded: u64,
    /// Heard, and passed over because it was part of no message.
    pub skipped: u64,
    /// Not in the capture.
    pub missing: u64,
    /// Heard, and encrypted.
    pub encrypted: u64,
}
