//! What can be set.

use gridtap_model::Span;

use crate::ZoneRule;

/// Lengths of time, bounds and zones of the dissector.
#[derive(Debug, Clone, serde::Deserialize, serde::Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How long a request may stay without an answer before it counts as unanswered.
    pub patience: Span,
    /// How long after a loss or skipped bytes a fault in the same conversation may be blamed on it.
    pub loss_memory: Span,
    /// How long one direction of two hosts must stay unheard before that is said.
    pub one_direction_after: Span,
    /// How long a recognised conversation may carry bytes that cannot be decoded before it counts as blind.
    pub blind_after: Span,
    /// Requests of one conversation that can wait for their answers; the oldest gives way, and is told as
    /// unanswered.
    pub pending_max: usize,
    /// Requests of all conversations that can wait. When there are more, those of conversations that were never
    /// answered give way first, and nobody is told to have left them unanswered.
    pub pending_of_all_max: usize,
    /// Octets that all conversations hold of messages that are not complete, of requests that wait, of what is tasted,
    /// and of the masters and devices in each. When there are more, what is not recognised gives way first, then what was
    /// never answered, then what is new, and of each the most.
    pub held_octets_max: usize,
    /// The largest length field that is taken for one. The specification says 254; UMAS goes to about 1 KiB.
    pub modbus_length_max: u16,
    /// The longest DNP3 fragment that is put together. The customary longest is 2,048 octets.
    pub dnp3_fragment_octets_max: usize,
    /// Pairs of DNP3 link addresses in one conversation whose segments are put together; the longest unused gives way.
    pub dnp3_links_max: usize,
    /// Pairs of DNP3 link addresses, over all conversations, of which it is remembered who asks where: masters that
    /// share a line hear the answers to each other.
    pub dnp3_lines_max: usize,
    /// How long after its select no DNP3 device takes an operate any more.
    pub dnp3_select_late: Span,
    /// DNP3 devices whose descriptors of data sets are kept; the longest unheard gives way.
    pub dnp3_data_set_devices_max: usize,
    /// Octets of descriptors that are kept for one of them; those longest unheard give way.
    pub dnp3_data_set_octets_max: usize,
    /// Files that one DNP3 master can have open at one device; the longest unused gives way.
    pub dnp3_files_max: usize,
    /// Bytes of a conversation that are kept while its protocol is not known.
    pub tasting_bytes_max: usize,
    /// Segments or datagrams of a conversation on another port that are looked at again after it was found to be none
    /// of ours.
    pub second_looks_max: u16,
    /// Pairs of hosts whose directions are watched.
    pub host_pairs_max: usize,
    /// Endpoints that are remembered to have answered in Modbus on another port, or as RTU.
    pub servers_max: usize,
    /// Zones in order: the first that fits a conversation is its zone; zone 0 where none fits.
    pub zones: Vec<ZoneRule>,
}

impl Config {
    /// What is bounded for all, shared out among so many that hear conversations. What each learns of the others' hosts
    /// is not.
    #[must_use]
    pub fn shared_by(&self, count: u16) -> Self {
        let among = usize::from(count.max(1));
        Self {
            pending_of_all_max: self.pending_of_all_max.div_ceil(among),
            held_octets_max: self.held_octets_max.div_ceil(among),
            dnp3_data_set_devices_max: self.dnp3_data_set_devices_max.div_ceil(among),
            host_pairs_max: self.host_pairs_max.div_ceil(among),
            ..self.clone()
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            patience: Span::from_secs(5),
            loss_memory: Span::from_secs(10),
            one_direction_after: Span::from_secs(20),
            blind_after: Span::from_secs(10),
            pending_max: 256,
            // One for each flow there can be: a client mostly waits before it asks again.
            pending_of_all_max: 65_536,
            // 2 KiB for each flow there can be: a line with its last fragment of customary length.
            held_octets_max: 128 << 20,
            modbus_length_max: 1_100,
            dnp3_fragment_octets_max: 4_096,
            dnp3_links_max: 64,
            dnp3_lines_max: 65_536,
            dnp3_select_late: Span::from_secs(30),
            dnp3_data_set_devices_max: 256,
            dnp3_data_set_octets_max: 32_768,
            dnp3_files_max: 8,
            tasting_bytes_max: 2_048,
            second_looks_max: 64,
            host_pairs_max: 65_536,
            servers_max: 4_096,
            zones: Vec::new(),
        }
    }
}
