//! Files of devices: which one a message is about, and how far its transfer has come.

use crate::{Run, Table, Values};

/// The file that a message is about, as its conversation shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileAccess<'a> {
    /// Its name, or the first octets of a very long one; none where its opening was not heard.
    pub name: Option<&'a [u8]>,
    /// What stands for the whole name among the points of [`Table::FILE`].
    pub index: Option<u32>,
    /// How it is opened, or was.
    pub mode: FileMode,
    /// Its octets, as its opening told them.
    pub octets: Option<u32>,
    /// Blocks of it that were transferred since it was opened, as far as they were heard. Sent again is sent once.
    pub blocks: u32,
    /// The octets of those blocks.
    pub octets_moved: u64,
}

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum FileMode {
    /// It is not, or nobody heard how.
    #[default]
    Unknown,
    /// To be read.
    Read,
    /// To be written from its beginning.
    Write,
    /// To be written at its end.
    Append,
}

impl FileAccess<'_> {
    /// A file of which nothing is known.
    pub const UNKNOWN: Self = Self {
        name: None,
        index: None,
        mode: FileMode::Unknown,
        octets: None,
        blocks: 0,
        octets_moved: 0,
    };

    /// The file among the points of the message: one of [`Table::FILE`].
    #[must_use]
    pub const fn run(&self, written: bool) -> Option<Run<'static>> {
        match self.index {
            Some(first) => {
                Some(Run { table: Table::FILE, first, count: 1, values: Values::None, written })
            }
            None => None,
        }
    }
}

/// The number that stands for a name (FNV-1a of 32 bits): the same in every run, so that it can be learned.
#[must_use]
pub fn file_index(name: &[u8]) -> u32 {
    name.iter()
        .fold(0x811C_9DC5, |hash, octet| (hash ^ u32::from(*octet)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_name_is_that_of_the_published_function() {
        // Test vectors of FNV-1a.
        for (name, index) in
            [(&b""[..], 0x811C_9DC5), (b"a", 0xE40C_292C), (b"foobar", 0xBF9C_F968)]
        {
            assert_eq!(file_index(name), index, "{name:?}");
        }
    }
}
