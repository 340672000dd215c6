//! The table: every metric that there is.

/// How a value behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Never goes back while the process lives.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Durations by upper bound.
    Histogram,
}

impl Kind {
    /// The name in the exposition.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// One row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// The name, with the unit last but for `_total`.
    pub name: &'static str,
    /// How its value behaves.
    pub kind: Kind,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
}

macro_rules! table {
    ($($row:ident: $kind:ident $name:literal [$($label:literal),*] $help:literal;)+) => {
        $(pub(crate) const $row: Metric =
            Metric { name: $name, kind: Kind::$kind, labels: &[$($label),*], help: $help };)+

        /// Every metric of ours, in the order of the documents.
        pub const TABLE: &[Metric] = &[$($row),+];
    };
}

table! {
    BUILD_INFO: Gauge "gridtap_build_info" ["version", "commit"]
        "Always 1; its labels say what runs.";
    CAPTURE_PACKETS: Counter "gridtap_capture_packets_total" ["interface"]
        "Packets captured.";
    CAPTURE_BYTES: Counter "gridtap_capture_bytes_total" ["interface"]
        "Octets of the captured packets, as they were on the wire.";
    CAPTURE_DROPS: Counter "gridtap_capture_drops_total" ["interface", "where"]
        "Packets lost before they were read: in the kernel's ring, which was full; at the interface; and, while packets were lost \
         there, in the queue, where they had waited too long.";
    CAPTURE_FILES_LOST: Counter "gridtap_capture_files_lost_total" ["interface"]
        "Captures of a directory that is followed which were deleted or overwritten before they were read.";
    CAPTURE_LAST: Gauge "gridtap_capture_last_packet_timestamp_seconds" ["interface"]
        "When the last packet was captured, in seconds since 1970; 0 before the first.";
    CAPTURE_LAG: Histogram "gridtap_capture_lag_seconds" []
        "From a packet's own time to its being read, where packets are read as they come.";
    CLOCK_OFFSET: Gauge "gridtap_clock_offset_seconds" []
        "By how much the clock that stamps packets is ahead of this machine's, where packets are read as they come; 0 elsewhere.";
    CLOCK_STEPS: Counter "gridtap_clock_steps_total" []
        "Times that this machine's clock was set by more than half a second.";
    DECODE_PDUS: Counter "gridtap_decode_pdus_total" ["protocol"]
        "Protocol messages decoded: Modbus messages, DNP3 application fragments.";
    DECODE_ERRORS: Counter "gridtap_decode_errors_total" ["protocol", "reason"]
        "Stretches of a recognised conversation that are part of no message.";
    CONVERSATION_BYTES: Counter "gridtap_conversation_bytes_total" ["protocol", "state"]
        "Octets of recognised conversations, each in exactly one state: how blind the sensor is.";
    FLOWS: Gauge "gridtap_flows_active" ["protocol"]
        "Recognised conversations that are open.";
    GAPS: Counter "gridtap_reassembly_gaps_total" ["protocol"]
        "Gaps in recognised conversations: octets that the capture does not hold.";
    BUFFERED: Gauge "gridtap_reassembly_buffered_bytes" []
        "Octets that wait for others before they are decoded, with their bookkeeping.";
    HELD: Gauge "gridtap_conversations_held_bytes" []
        "Octets that conversations hold of messages that are not complete, of requests that wait, and of who speaks.";
    PENDING: Gauge "gridtap_requests_pending" []
        "Requests that wait for their answers.";
    NOT_FOLLOWED: Counter "gridtap_not_followed_total" ["reason"]
        "Frames and packets that led to no conversation, although there may have been one in them.";
    EVICTIONS: Counter "gridtap_evictions_total" ["what"]
        "State that gave way because a table was full, by table.";
    COMMANDS: Counter "gridtap_commands_total" ["protocol", "class"]
        "Requests heard, by what they ask for.";
    DEVICE_COMMANDS: Counter "gridtap_device_commands_total" ["device", "protocol", "class"]
        "Requests heard to one device, from its first answer on; _other holds the rest.";
    DEVICE_LAST: Gauge "gridtap_device_last_seen_timestamp_seconds" ["device"]
        "When a device last said something, in seconds since 1970; 0 where it never has.";
    DEVICES: Gauge "gridtap_devices" ["state"]
        "Devices with series of their own, by how they stand.";
    POLL: Gauge "gridtap_poll_interval_seconds" ["device", "statistic"]
        "Time between two polls of a device: of the read request made most often, over its last 32.";
    RESPONSE: Histogram "gridtap_response_seconds" ["protocol"]
        "From a request to its answer, where both were heard.";
    EXCEPTIONS: Counter "gridtap_exceptions_total" ["protocol", "code"]
        "Refusals by devices, in words that hold for every protocol.";
    ANOMALIES_OPENED: Counter "gridtap_anomalies_total" ["detection", "severity"]
        "Anomalies opened, by detection of the catalogue.";
    ANOMALIES: Gauge "gridtap_anomalies" ["state", "severity"]
        "Anomalies in the store, by where they stand.";
    OLDEST: Gauge "gridtap_anomaly_oldest_unacknowledged_timestamp_seconds" ["severity"]
        "When the oldest anomaly that nobody has acknowledged was first seen, in seconds since 1970; 0 where there is none.";
    ACKNOWLEDGE_DELAY: Histogram "gridtap_anomaly_acknowledge_delay_seconds" []
        "From an anomaly's opening to its acknowledgement.";
    DETECTION_DELAY: Histogram "gridtap_detection_delay_seconds" []
        "From the packet that shows an anomaly to its being stored and told.";
    LEARNING: Gauge "gridtap_baseline_learning" ["level"]
        "1 while a level of the baseline learns, 0 once it judges.";
    NOVELTY: Gauge "gridtap_baseline_novelty_per_day" ["level"]
        "News that a day is expected to bring at a level, if nothing is wrong.";
    CREATED: Gauge "gridtap_baseline_created_timestamp_seconds" []
        "Since when the baseline has heard anything, in seconds since 1970; 0 where it has not.";
    DELIVERIES: Counter "gridtap_webhook_deliveries_total" ["endpoint", "result"]
        "Attempts to deliver to an endpoint, by how they ended.";
    QUEUE: Gauge "gridtap_webhook_queue_length" ["endpoint"]
        "Messages that wait to be delivered.";
    OLDEST_PENDING: Gauge "gridtap_webhook_oldest_pending_timestamp_seconds" ["endpoint"]
        "When the oldest message that waits was written, in seconds since 1970; 0 where none does.";
    INBOUND: Counter "gridtap_webhook_inbound_total" ["hook", "result"]
        "Calls of our web hooks, by how they were answered.";
    STORE_ERRORS: Counter "gridtap_store_write_errors_total" []
        "Writes that the store could not do.";
    STORE_SIZE: Gauge "gridtap_store_size_bytes" []
        "Size of the database.";
    STORE_AVAILABLE: Gauge "gridtap_store_available_bytes" []
        "What the database's file system has left; NaN where it does not tell.";
    AUDIT_RECORDS: Counter "gridtap_audit_records_total" []
        "Rows of the audit log.";
    SERIES_CAPPED: Counter "gridtap_metrics_series_capped_total" []
        "Counts that went to _other because a label had as many values as it may have.";
}
