//! The application control octet.

/// The application control octet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApplicationControl(pub u8);

/// Which part of its message a fragment is. Each fragment has whole objects and is read for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// All of it.
    Single,
    /// The first of several.
    First,
    /// Neither first nor last.
    Middle,
    /// The last of several.
    Final,
}

impl ApplicationControl {
    /// FIR: the first fragment of its message.
    #[must_use]
    pub const fn is_first(self) -> bool {
        self.0 & 0x80 != 0
    }

    /// FIN: the last fragment of its message.
    #[must_use]
    pub const fn is_final(self) -> bool {
        self.0 & 0x40 != 0
    }

    /// CON: a confirmation is asked for.
    #[must_use]
    pub const fn wants_confirm(self) -> bool {
        self.0 & 0x20 != 0
    }

    /// UNS: the sequence number is of the unsolicited space, which counts apart.
    #[must_use]
    pub const fn is_unsolicited(self) -> bool {
        self.0 & 0x10 != 0
    }

    /// Counts messages, modulo 16.
    #[must_use]
    pub const fn sequence(self) -> u8 {
        self.0 & 0x0F
    }

    /// The sequence number that follows.
    #[must_use]
    pub const fn next_sequence(self) -> u8 {
        self.0.wrapping_add(1) & 0x0F
    }

    /// Which part of its message the fragment is.
    #[must_use]
    pub const fn part(self) -> Part {
        match (self.is_first(), self.is_final()) {
            (true, true) => Part::Single,
            (true, false) => Part::First,
            (false, false) => Part::Middle,
            (false, true) => Part::Final,
        }
    }
}
