//! What was done, in numbers.

/// Bytes of recognised conversations: each one is in exactly one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Bytes {
    /// Part of a message that was decoded.
    pub decoded: u64,
    /// Heard, and part of no message.
    pub skipped: u64,
    /// Not in the capture.
    pub missing: u64,
    /// Encrypted.
    pub encrypted: u64,
}

/// Counts since the start; they never go back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Counters {
    /// Conversations opened.
    pub conversations: u64,
    /// Conversations recognised as a protocol that is decoded.
    pub recognised: u64,
    /// Conversations recognised as encrypted, on a port of a protocol that is decoded.
    pub encrypted: u64,
    /// Modbus requests.
    pub modbus_requests: u64,
    /// Modbus answers that are no exceptions.
    pub modbus_responses: u64,
    /// Modbus exceptions.
    pub modbus_exceptions: u64,
    /// DNP3 application fragments.
    pub dnp3_fragments: u64,
    /// DNP3 frames without a fragment, that say something of the link only.
    pub dnp3_link_frames: u64,
    /// DNP3 fragments and frames of the link that were heard again, or are for another master, on a line that several
    /// share: decoded, and judged where they were said.
    pub dnp3_overheard: u64,
    /// Requests that got no answer in time.
    pub unanswered: u64,
    /// Requests without an answer, where the answer may well have gone unheard: nothing was said.
    pub unanswered_withheld: u64,
    /// Observations given out.
    pub observations: u64,
    /// Bytes of recognised conversations.
    pub bytes: Bytes,
    /// Messages of segments that repeat octets with other content: judged beside those heard first.
    pub second_copies: u64,
    /// Requests that gave way because too many waited in one conversation.
    pub pending_evicted: u64,
    /// DNP3 links within a conversation that gave way because too many were open.
    pub dnp3_links_evicted: u64,
    /// Descriptors of DNP3 data sets that were forgotten because too many were heard: values of theirs are told as
    /// octets.
    pub dnp3_descriptors_evicted: u64,
    /// Descriptors of DNP3 data sets that were heard again, saying something else.
    pub dnp3_descriptors_changed: u64,
    /// Open DNP3 files that gave way because too many were open in one dialogue.
    pub dnp3_files_evicted: u64,
    /// Points of DNP3 messages that have too many to be told: each is decoded, and in no observation.
    pub dnp3_points_untold: u64,
    /// Pairs of hosts that were not watched because too many were.
    pub host_pairs_refused: u64,
}

impl Counters {
    /// Modbus messages: requests, responses and exceptions.
    #[must_use]
    pub const fn modbus_messages(&self) -> u64 {
        self.modbus_requests
            .saturating_add(self.modbus_responses)
            .saturating_add(self.modbus_exceptions)
    }
}
