//! What was done, in numbers.

use gridtap_model::Protocol;

use crate::record::Reason;

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

/// What became of the conversations of one protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Spoken {
    /// Their bytes. Encrypted ones count for the protocol that was to be expected.
    pub bytes: Bytes,
    /// Gaps that were given up.
    pub gaps: u64,
    /// Stretches skipped because a message lost its other part, or its end never came.
    pub incomplete: u64,
    /// Stretches skipped because they are no frame of the protocol.
    pub garbage: u64,
    /// Stretches skipped because a CRC in them is wrong.
    pub link_crc: u64,
    /// Stretches skipped because their length is one that no frame has.
    pub link_length: u64,
}

impl Bytes {
    fn add(&mut self, other: &Self) {
        sum([
            (&mut self.decoded, other.decoded),
            (&mut self.skipped, other.skipped),
            (&mut self.missing, other.missing),
            (&mut self.encrypted, other.encrypted),
        ]);
    }
}

impl Spoken {
    fn add(&mut self, other: &Self) {
        self.bytes.add(&other.bytes);
        sum([
            (&mut self.gaps, other.gaps),
            (&mut self.incomplete, other.incomplete),
            (&mut self.garbage, other.garbage),
            (&mut self.link_crc, other.link_crc),
            (&mut self.link_length, other.link_length),
        ]);
    }

    pub(crate) const fn skip(&mut self, reason: Reason, bytes: u64) {
        self.bytes.skipped = self.bytes.skipped.saturating_add(bytes);
        let count = match reason {
            Reason::Incomplete => &mut self.incomplete,
            Reason::Garbage => &mut self.garbage,
            Reason::LinkCrc => &mut self.link_crc,
            Reason::LinkLength => &mut self.link_length,
            // These are told, and are no stretch that was skipped.
            Reason::Missing | Reason::Encrypted => return,
        };
        *count = count.saturating_add(1);
    }

    pub(crate) const fn miss(&mut self, bytes: u64) {
        self.bytes.missing = self.bytes.missing.saturating_add(bytes);
        self.gaps = self.gaps.saturating_add(1);
    }
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
    /// Conversations of Modbus.
    pub modbus: Spoken,
    /// Conversations of DNP3.
    pub dnp3: Spoken,
    /// Messages of segments that repeat octets with other content: judged beside those heard first.
    pub second_copies: u64,
    /// Requests that gave way because too many waited in one conversation.
    pub pending_evicted: u64,
    /// Requests that gave way because too many waited in all conversations: nothing was said of them.
    pub pending_of_all_evicted: u64,
    /// Conversations that were not recognised, and what was kept of them gave way because all held too much.
    pub held_evicted_unrecognised: u64,
    /// Conversations in which nothing was ever answered, and what they held gave way because all held too much.
    pub held_evicted_unanswered: u64,
    /// Young conversations whose messages that are not complete, requests and files gave way because all held too much.
    pub held_evicted_answered: u64,
    /// Conversations of some age, of which the same gave way.
    pub held_evicted_established: u64,
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

/// Adds to each what belongs to it.
fn sum<const N: usize>(counts: [(&mut u64, u64); N]) {
    for (count, more) in counts {
        *count = count.saturating_add(more);
    }
}

impl Counters {
    /// Adds what another has counted.
    pub fn add(&mut self, other: &Self) {
        self.bytes.add(&other.bytes);
        self.modbus.add(&other.modbus);
        self.dnp3.add(&other.dnp3);
        let more = [
            (&mut self.conversations, other.conversations),
            (&mut self.recognised, other.recognised),
            (&mut self.encrypted, other.encrypted),
            (&mut self.modbus_requests, other.modbus_requests),
            (&mut self.modbus_responses, other.modbus_responses),
            (&mut self.modbus_exceptions, other.modbus_exceptions),
            (&mut self.dnp3_fragments, other.dnp3_fragments),
            (&mut self.dnp3_link_frames, other.dnp3_link_frames),
            (&mut self.dnp3_overheard, other.dnp3_overheard),
            (&mut self.unanswered, other.unanswered),
            (&mut self.unanswered_withheld, other.unanswered_withheld),
            (&mut self.observations, other.observations),
            (&mut self.second_copies, other.second_copies),
            (&mut self.pending_evicted, other.pending_evicted),
            (&mut self.pending_of_all_evicted, other.pending_of_all_evicted),
            (&mut self.held_evicted_unrecognised, other.held_evicted_unrecognised),
            (&mut self.held_evicted_unanswered, other.held_evicted_unanswered),
            (&mut self.held_evicted_answered, other.held_evicted_answered),
            (&mut self.held_evicted_established, other.held_evicted_established),
            (&mut self.dnp3_links_evicted, other.dnp3_links_evicted),
            (&mut self.dnp3_descriptors_evicted, other.dnp3_descriptors_evicted),
            (&mut self.dnp3_descriptors_changed, other.dnp3_descriptors_changed),
            (&mut self.dnp3_files_evicted, other.dnp3_files_evicted),
            (&mut self.dnp3_points_untold, other.dnp3_points_untold),
            (&mut self.host_pairs_refused, other.host_pairs_refused),
        ];
        sum(more);
    }

    /// What became of the conversations of a protocol; none for one that is not decoded.
    #[must_use]
    pub const fn spoken(&self, protocol: Protocol) -> Option<&Spoken> {
        match protocol {
            Protocol::Modbus => Some(&self.modbus),
            Protocol::Dnp3 => Some(&self.dnp3),
            Protocol::Unknown | Protocol::Tls | Protocol::Iec104 => None,
        }
    }

    /// What gave way because a table was full, by table; also where nothing did.
    pub fn evictions(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
        [
            ("pending_evicted", self.pending_evicted),
            ("pending_of_all_evicted", self.pending_of_all_evicted),
            ("held_evicted_unrecognised", self.held_evicted_unrecognised),
            ("held_evicted_unanswered", self.held_evicted_unanswered),
            ("held_evicted_answered", self.held_evicted_answered),
            ("held_evicted_established", self.held_evicted_established),
            ("dnp3_links_evicted", self.dnp3_links_evicted),
            ("dnp3_descriptors_evicted", self.dnp3_descriptors_evicted),
            ("dnp3_files_evicted", self.dnp3_files_evicted),
            ("host_pairs_refused", self.host_pairs_refused),
        ]
        .into_iter()
    }

    /// Messages of a protocol; 0 for one that is not decoded.
    #[must_use]
    pub const fn messages(&self, protocol: Protocol) -> u64 {
        match protocol {
            Protocol::Modbus => self.modbus_messages(),
            Protocol::Dnp3 => self.dnp3_fragments,
            Protocol::Unknown | Protocol::Tls | Protocol::Iec104 => 0,
        }
    }

    pub(crate) const fn spoken_mut(&mut self, protocol: Protocol) -> &mut Spoken {
        match protocol {
            Protocol::Dnp3 => &mut self.dnp3,
            // Encrypted conversations are accounted where a protocol that is decoded was to be expected.
            _ => &mut self.modbus,
        }
    }

    /// Modbus messages: requests, responses and exceptions.
    #[must_use]
    pub const fn modbus_messages(&self) -> u64 {
        self.modbus_requests
            .saturating_add(self.modbus_responses)
            .saturating_add(self.modbus_exceptions)
    }
}
