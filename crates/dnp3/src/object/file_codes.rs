//! The numbers of file objects and their names.

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileMode(pub u16);

impl FileMode {
    /// Not opened: deleted or asked about.
    pub const NUL: Self = Self(0);
    /// To read.
    pub const READ: Self = Self(1);
    /// To write from the beginning.
    pub const WRITE: Self = Self(2);
    /// To write at the end.
    pub const APPEND: Self = Self(3);

    /// The name in records, `reserved` where the standard has none.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            0 => "nul",
            1 => "read",
            2 => "write",
            3 => "append",
            _ => "reserved",
        }
    }
}

/// Directory or file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileType(pub u16);

impl FileType {
    /// The name in records, `reserved` where the standard has none.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            0 => "directory",
            1 => "file",
            _ => "reserved",
        }
    }
}

/// Who may do what with a file: three bits each for owner, group and world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilePermissions(pub u16);

impl FilePermissions {
    /// The names of the bits set, in records.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        [
            (0x100, "owner_read"),
            (0x080, "owner_write"),
            (0x040, "owner_execute"),
            (0x020, "group_read"),
            (0x010, "group_write"),
            (0x008, "group_execute"),
            (0x004, "world_read"),
            (0x002, "world_write"),
            (0x001, "world_execute"),
        ]
        .into_iter()
        .filter(move |(mask, _)| self.0 & mask != 0)
        .map(|(_, name)| name)
    }
}

/// How a file command went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileStatus(pub u8);

impl FileStatus {
    /// Done.
    pub const SUCCESS: Self = Self(0);

    /// The name in records, `reserved` where the standard has none.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            0 => "success",
            1 => "permission_denied",
            2 => "invalid_mode",
            3 => "file_not_found",
            4 => "file_locked",
            5 => "too_many_open",
            6 => "invalid_handle",
            7 => "write_block_size",
            8 => "comm_lost",
            9 => "cannot_abort",
            16 => "not_opened",
            17 => "handle_expired",
            18 => "buffer_overrun",
            19 => "fatal",
            20 => "block_sequence",
            255 => "undefined",
            _ => "reserved",
        }
    }
}
