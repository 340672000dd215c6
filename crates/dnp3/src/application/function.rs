//! Function codes.

/// An application function code (clause 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FunctionCode(pub u8);

/// Who sends a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FunctionKind {
    /// A master asks.
    Request,
    /// A master confirms.
    Confirm,
    /// An outstation answers, or reports by itself.
    Response,
    /// The standard keeps it back.
    Reserved,
}

/// The functions that the standard defines, each with its constant, its code and its name in records.
macro_rules! functions {
    ($($(#[$doc:meta])* $constant:ident = $code:literal, $name:literal;)*) => {
        impl FunctionCode {
            $($(#[$doc])* pub const $constant: Self = Self($code);)*

            /// The name in records, `reserved` where the standard has none.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self.0 {
                    $($code => $name,)*
                    _ => "reserved",
                }
            }
        }
    };
}

functions! {
    /// Confirm a response.
    CONFIRM = 0, "confirm";
    /// Read objects.
    READ = 1, "read";
    /// Write objects.
    WRITE = 2, "write";
    /// Arm outputs, without acting.
    SELECT = 3, "select";
    /// Act on what was selected.
    OPERATE = 4, "operate";
    /// Act without selection.
    DIRECT_OPERATE = 5, "direct_operate";
    /// Act without selection, unanswered.
    DIRECT_OPERATE_NR = 6, "direct_operate_nr";
    /// Copy to frozen objects.
    IMMED_FREEZE = 7, "immed_freeze";
    /// Copy to frozen objects, unanswered.
    IMMED_FREEZE_NR = 8, "immed_freeze_nr";
    /// Copy to frozen objects and clear.
    FREEZE_CLEAR = 9, "freeze_clear";
    /// Copy to frozen objects and clear, unanswered.
    FREEZE_CLEAR_NR = 10, "freeze_clear_nr";
    /// Copy to frozen objects at a time.
    FREEZE_AT_TIME = 11, "freeze_at_time";
    /// Copy to frozen objects at a time, unanswered.
    FREEZE_AT_TIME_NR = 12, "freeze_at_time_nr";
    /// Restart everything.
    COLD_RESTART = 13, "cold_restart";
    /// Restart in part.
    WARM_RESTART = 14, "warm_restart";
    /// Initialise data (obsolete).
    INITIALIZE_DATA = 15, "initialize_data";
    /// Make an application ready.
    INITIALIZE_APPL = 16, "initialize_appl";
    /// Start an application.
    START_APPL = 17, "start_appl";
    /// Stop an application.
    STOP_APPL = 18, "stop_appl";
    /// Save the configuration (deprecated).
    SAVE_CONFIG = 19, "save_config";
    /// Report events of these classes unasked.
    ENABLE_UNSOLICITED = 20, "enable_unsolicited";
    /// Do not report events of these classes unasked.
    DISABLE_UNSOLICITED = 21, "disable_unsolicited";
    /// Put points into classes.
    ASSIGN_CLASS = 22, "assign_class";
    /// Measure the way's delay.
    DELAY_MEASURE = 23, "delay_measure";
    /// Remember the time of this message, for a time write that follows.
    RECORD_CURRENT_TIME = 24, "record_current_time";
    /// Open a file.
    OPEN_FILE = 25, "open_file";
    /// Close a file.
    CLOSE_FILE = 26, "close_file";
    /// Delete a file.
    DELETE_FILE = 27, "delete_file";
    /// Ask about a file.
    GET_FILE_INFO = 28, "get_file_info";
    /// Get a key for files.
    AUTHENTICATE_FILE = 29, "authenticate_file";
    /// Stop a transfer.
    ABORT_FILE = 30, "abort_file";
    /// Begin to use a configuration.
    ACTIVATE_CONFIG = 31, "activate_config";
    /// Authentication, answered.
    AUTHENTICATE_REQ = 32, "authenticate_req";
    /// Authentication, unanswered: an error.
    AUTHENTICATE_REQ_NR = 33, "authenticate_req_nr";
    /// An answer.
    RESPONSE = 129, "response";
    /// A report unasked.
    UNSOLICITED_RESPONSE = 130, "unsolicited_response";
    /// An answer about authentication.
    AUTHENTICATE_RESP = 131, "authenticate_resp";
}

/// What stands behind the object headers of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Objects {
    /// Ranges only: it names points without values.
    Named,
    /// A time and interval with its data, then ranges only.
    NamedAfterTime,
    /// Objects with their data.
    Carried,
    /// Not known.
    Unknown,
}

impl FunctionCode {
    /// Who sends it.
    #[must_use]
    pub const fn kind(self) -> FunctionKind {
        match self.0 {
            0 => FunctionKind::Confirm,
            1..=33 => FunctionKind::Request,
            129..=131 => FunctionKind::Response,
            _ => FunctionKind::Reserved,
        }
    }

    /// Whether an outstation answers it.
    #[must_use]
    pub const fn is_answered(self) -> bool {
        matches!(self.0, 1..=5 | 7 | 9 | 11 | 13..=32)
    }

    /// Whether it acts on outputs: select, operate, direct operate.
    #[must_use]
    pub const fn is_control(self) -> bool {
        matches!(self.0, 3..=6)
    }

    pub(crate) const fn objects(self) -> Objects {
        match self.0 {
            0 | 1 | 7..=10 | 13..=15 | 19..=24 => Objects::Named,
            11 | 12 => Objects::NamedAfterTime,
            2..=6 | 16..=18 | 25..=33 | 129..=131 => Objects::Carried,
            _ => Objects::Unknown,
        }
    }
}
