//! What did not reach us, and where it was lost.

use gridtap_tap::Drops;

/// What did not reach us of an input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Missed {
    /// Packets for which the kernel's ring had no room.
    pub kernel: u64,
    /// Packets that the interface lost.
    pub interface: u64,
    /// Packets that waited in the ring and were given up.
    pub late: u64,
    /// Files that rotated away before they were read.
    pub files: u64,
}

impl Missed {
    /// What came to it since.
    pub(crate) const fn since(self, before: &Self) -> Self {
        Self {
            kernel: self.kernel.saturating_sub(before.kernel),
            interface: self.interface.saturating_sub(before.interface),
            late: self.late.saturating_sub(before.late),
            files: self.files.saturating_sub(before.files),
        }
    }

    /// In the order in which telemetry has the places of drops.
    pub(crate) const fn by_place(self) -> [u64; 3] {
        [self.kernel, self.interface, self.late]
    }

    /// How much of what was lost where; nothing where nothing was.
    pub(crate) fn told(self) -> String {
        let told = [
            (self.kernel, "packets in the kernel's ring"),
            (self.interface, "packets at the interface"),
            (self.late, "packets that had waited too long"),
            (self.files, "files before they were read"),
        ];
        let told = told.iter().filter(|(count, _)| *count > 0);
        told.map(|(count, what)| format!("{count} {what}")).collect::<Vec<_>>().join(", ")
    }
}

impl From<Drops> for Missed {
    fn from(Drops { kernel, interface, late }: Drops) -> Self {
        Self { kernel, interface, late, files: 0 }
    }
}
