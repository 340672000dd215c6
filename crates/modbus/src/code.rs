//! The numbers of the specification and their names.

use gridtap_model::Refusal;

/// A function code, request form: the low seven bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FunctionCode(pub u8);

/// Where a function code comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FunctionKind {
    /// Defined by the specification (6, function code categories).
    Public,
    /// 65–72 and 100–110: left to users.
    UserDefined,
    /// Used by one manufacturer outside the user-defined ranges.
    Vendor,
    /// Used by controllers that are older than the specification.
    Legacy,
    /// Reserved, or not defined at all.
    Reserved,
}

impl FunctionCode {
    /// Read coils.
    pub const READ_COILS: Self = Self(1);
    /// Read discrete inputs.
    pub const READ_DISCRETE_INPUTS: Self = Self(2);
    /// Read holding registers.
    pub const READ_HOLDING_REGISTERS: Self = Self(3);
    /// Read input registers.
    pub const READ_INPUT_REGISTERS: Self = Self(4);
    /// Write single coil.
    pub const WRITE_SINGLE_COIL: Self = Self(5);
    /// Write single register.
    pub const WRITE_SINGLE_REGISTER: Self = Self(6);
    /// Read exception status.
    pub const READ_EXCEPTION_STATUS: Self = Self(7);
    /// Diagnostics.
    pub const DIAGNOSTICS: Self = Self(8);
    /// Get comm event counter.
    pub const GET_COMM_EVENT_COUNTER: Self = Self(11);
    /// Get comm event log.
    pub const GET_COMM_EVENT_LOG: Self = Self(12);
    /// Write multiple coils.
    pub const WRITE_MULTIPLE_COILS: Self = Self(15);
    /// Write multiple registers.
    pub const WRITE_MULTIPLE_REGISTERS: Self = Self(16);
    /// Report server ID.
    pub const REPORT_SERVER_ID: Self = Self(17);
    /// Read file record.
    pub const READ_FILE_RECORD: Self = Self(20);
    /// Write file record.
    pub const WRITE_FILE_RECORD: Self = Self(21);
    /// Mask write register.
    pub const MASK_WRITE_REGISTER: Self = Self(22);
    /// Read/write multiple registers.
    pub const READ_WRITE_MULTIPLE_REGISTERS: Self = Self(23);
    /// Read FIFO queue.
    pub const READ_FIFO_QUEUE: Self = Self(24);
    /// Encapsulated interface transport.
    pub const ENCAPSULATED_INTERFACE: Self = Self(43);
    /// Schneider UMAS.
    pub const UMAS: Self = Self(90);

    /// The function of a first octet of a PDU, whether request or exception.
    #[must_use]
    pub const fn of(octet: u8) -> Self {
        Self(octet & 0x7F)
    }

    /// The name in records; user-defined and reserved codes share one each.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            1 => "read_coils",
            2 => "read_discrete_inputs",
            3 => "read_holding_registers",
            4 => "read_input_registers",
            5 => "write_single_coil",
            6 => "write_single_register",
            7 => "read_exception_status",
            8 => "diagnostics",
            9 => "program_484",
            10 => "poll_484",
            11 => "get_comm_event_counter",
            12 => "get_comm_event_log",
            13 => "program_584",
            14 => "poll_584",
            15 => "write_multiple_coils",
            16 => "write_multiple_registers",
            17 => "report_server_id",
            18 => "program_884",
            19 => "reset_comm_link_884",
            20 => "read_file_record",
            21 => "write_file_record",
            22 => "mask_write_register",
            23 => "read_write_multiple_registers",
            24 => "read_fifo_queue",
            40 => "program_concept",
            41 => "multiple_functions",
            43 => "encapsulated_interface_transport",
            90 => "umas",
            91 => "object_messaging",
            125 => "firmware_replacement",
            126 => "program_984",
            127 => "report_local_address",
            65..=72 | 100..=110 => "user_defined",
            _ => "reserved",
        }
    }

    /// Where the code comes from.
    #[must_use]
    pub const fn kind(self) -> FunctionKind {
        match self.0 {
            1..=8 | 11 | 12 | 15..=17 | 20..=24 | 43 => FunctionKind::Public,
            65..=72 | 100..=110 => FunctionKind::UserDefined,
            90 | 91 | 125 => FunctionKind::Vendor,
            9 | 10 | 13 | 14 | 18 | 19 | 40 | 41 | 126 | 127 => FunctionKind::Legacy,
            _ => FunctionKind::Reserved,
        }
    }
}

/// An exception code (7, exception responses).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExceptionCode(pub u8);

impl ExceptionCode {
    /// The name in records, `undefined` where the specification has none.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            1 => "illegal_function",
            2 => "illegal_data_address",
            3 => "illegal_data_value",
            4 => "server_device_failure",
            5 => "acknowledge",
            6 => "server_device_busy",
            7 => "negative_acknowledge",
            8 => "memory_parity_error",
            10 => "gateway_path_unavailable",
            11 => "gateway_target_failed_to_respond",
            _ => "undefined",
        }
    }

    /// Why the device refused, in words that hold for every protocol.
    #[must_use]
    pub const fn refusal(self) -> Refusal {
        match self.0 {
            1 => Refusal::Function,
            2 => Refusal::Address,
            3 => Refusal::Value,
            4 => Refusal::Failure,
            5 => Refusal::Acknowledge,
            6 => Refusal::Busy,
            7 | 8 => Refusal::Other,
            10 | 11 => Refusal::Gateway,
            _ => Refusal::Undefined,
        }
    }
}

/// A sub-function of function 8 (6.8, diagnostics).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DiagnosticCode(pub u16);

impl DiagnosticCode {
    /// Loopback: the data may have any length.
    pub const RETURN_QUERY_DATA: Self = Self(0);
    /// Restart communications.
    pub const RESTART_COMMUNICATIONS: Self = Self(1);
    /// Force listen-only mode: never answered.
    pub const FORCE_LISTEN_ONLY: Self = Self(4);

    /// The name in records, `reserved` where the specification has none.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            0 => "return_query_data",
            1 => "restart_communications",
            2 => "return_diagnostic_register",
            3 => "change_ascii_input_delimiter",
            4 => "force_listen_only_mode",
            10 => "clear_counters_and_diagnostic_register",
            11 => "return_bus_message_count",
            12 => "return_bus_communication_error_count",
            13 => "return_bus_exception_error_count",
            14 => "return_server_message_count",
            15 => "return_server_no_response_count",
            16 => "return_server_nak_count",
            17 => "return_server_busy_count",
            18 => "return_bus_character_overrun_count",
            19 => "return_iop_overrun_count",
            20 => "clear_overrun_counter_and_flag",
            21 => "modbus_plus_statistics",
            _ => "reserved",
        }
    }

    /// Whether neither the specification nor older controllers define it.
    #[must_use]
    pub const fn is_reserved(self) -> bool {
        matches!(self.0, 5..=9 | 22..)
    }
}

/// The type of an encapsulated interface (6.19).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MeiType(pub u8);

impl MeiType {
    /// CANopen general reference.
    pub const CANOPEN: Self = Self(13);
    /// Read device identification.
    pub const DEVICE_IDENTIFICATION: Self = Self(14);

    /// The name in records, `reserved` where the specification has none.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            13 => "canopen_general_reference",
            14 => "read_device_identification",
            _ => "reserved",
        }
    }
}
