//! The control octet of a link header.

/// The control octet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkControl(pub u8);

impl LinkControl {
    /// DIR: the frame is from a master.
    #[must_use]
    pub const fn from_master(self) -> bool {
        self.0 & 0x80 != 0
    }

    /// PRM: the sender begins a transaction; else it answers one.
    #[must_use]
    pub const fn is_primary(self) -> bool {
        self.0 & 0x40 != 0
    }

    /// FCB, of a primary frame: alternates, so that a repetition is told from the next frame.
    #[must_use]
    pub const fn frame_count(self) -> bool {
        self.0 & 0x20 != 0
    }

    /// FCV, of a primary frame: the frame count bit has a meaning.
    #[must_use]
    pub const fn frame_count_valid(self) -> bool {
        self.is_primary() && self.0 & 0x10 != 0
    }

    /// DFC, of a secondary frame: its sender's buffers are full.
    #[must_use]
    pub const fn data_flow_control(self) -> bool {
        !self.is_primary() && self.0 & 0x10 != 0
    }

    /// The function, which means nothing without PRM.
    #[must_use]
    pub const fn function(self) -> LinkFunction {
        LinkFunction { primary: self.is_primary(), code: self.0 & 0x0F }
    }
}

/// A function of the link layer: the same code means one thing to a primary and another to a secondary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkFunction {
    /// Sent by the station that begins.
    pub primary: bool,
    /// The code, 0–15.
    pub code: u8,
}

impl LinkFunction {
    /// Resynchronise the frame count bit.
    pub const RESET_LINK_STATES: Self = Self { primary: true, code: 0 };
    /// Restart the user process (obsolete).
    pub const RESET_USER_PROCESS: Self = Self { primary: true, code: 1 };
    /// Ask whether the link is alive, with a frame count bit.
    pub const TEST_LINK_STATES: Self = Self { primary: true, code: 2 };
    /// User data that wants an ACK.
    pub const CONFIRMED_USER_DATA: Self = Self { primary: true, code: 3 };
    /// User data.
    pub const UNCONFIRMED_USER_DATA: Self = Self { primary: true, code: 4 };
    /// Ask for the status of the link: a keep-alive.
    pub const REQUEST_LINK_STATUS: Self = Self { primary: true, code: 9 };
    /// Taken.
    pub const ACK: Self = Self { primary: false, code: 0 };
    /// Not taken.
    pub const NACK: Self = Self { primary: false, code: 1 };
    /// Answer to a status request.
    pub const LINK_STATUS: Self = Self { primary: false, code: 11 };
    /// The link service does not work (obsolete).
    pub const NOT_FUNCTIONING: Self = Self { primary: false, code: 14 };
    /// The function is not supported.
    pub const NOT_SUPPORTED: Self = Self { primary: false, code: 15 };

    /// The name in records, `reserved` where the standard has none.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match (self.primary, self.code) {
            (true, 0) => "reset_link_states",
            (true, 1) => "reset_user_process",
            (true, 2) => "test_link_states",
            (true, 3) => "confirmed_user_data",
            (true, 4) => "unconfirmed_user_data",
            (true, 9) => "request_link_status",
            (false, 0) => "ack",
            (false, 1) => "nack",
            (false, 11) => "link_status",
            (false, 14) => "not_functioning",
            (false, 15) => "not_supported",
            _ => "reserved",
        }
    }

    /// Whether the standard keeps the code back.
    #[must_use]
    pub const fn is_reserved(self) -> bool {
        !matches!((self.primary, self.code), (true, 0..=4 | 9) | (false, 0 | 1 | 11 | 14 | 15))
    }

    /// Whether frames of this function carry a transport segment.
    #[must_use]
    pub const fn carries_user_data(self) -> bool {
        self.primary && matches!(self.code, 3 | 4)
    }

    /// Whether FCV is set in frames of this function.
    #[must_use]
    pub const fn counts_frames(self) -> bool {
        self.primary && matches!(self.code, 2 | 3)
    }
}
