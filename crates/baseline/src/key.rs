//! The record of one learned key.

use gridtap_model::{Class, Timestamp};

/// Which level and kind of thing a key stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(crate) enum Kind {
    Host,
    Device,
    Conversation,
    Access,
    Function,
    Read,
    Written,
    Point,
}

/// Properties of a key, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Flags(u16);

impl Flags {
    /// It alarmed, so that hearing it again does not teach it.
    pub(crate) const HELD: Self = Self(1);
    /// A person accepted it, perhaps for a time: the acceptance says.
    pub(crate) const ACCEPTED: Self = Self(1 << 1);
    /// A person looked at it and signed it off.
    pub(crate) const SIGNED: Self = Self(1 << 2);
    /// Only attempts were heard, no answer; known once it was heard in a second block.
    pub(crate) const ATTEMPTED: Self = Self(1 << 3);
    /// It counts among the news of its series.
    pub(crate) const NEWS: Self = Self(1 << 4);
    /// The device has answered.
    pub(crate) const ANSWERED: Self = Self(1 << 5);
    /// It belongs to the command path.
    pub(crate) const COMMAND: Self = Self(1 << 6);
    /// Those of the flags that are kept on disk.
    const KEPT: u16 = 0x7f;
    /// Changed since it was last written to disk.
    pub(crate) const DIRTY: Self = Self(1 << 8);
    /// Not yet written to disk at all, or changed in what must not be lost.
    pub(crate) const FRESH: Self = Self(1 << 9);
    /// It and all above it are known without condition: nothing needs to be looked up.
    pub(crate) const SETTLED: Self = Self(1 << 10);
    /// The site file allows this function.
    pub(crate) const ALLOWED: Self = Self(1 << 11);
    /// The site file forbids this function.
    pub(crate) const FORBIDDEN: Self = Self(1 << 12);

    pub(crate) const NONE: Self = Self(0);

    /// Has one of these.
    pub(crate) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// As it is kept on disk.
    pub(crate) const fn kept(self) -> u16 {
        self.0 & Self::KEPT
    }

    /// From disk.
    pub(crate) const fn from_kept(bits: u16) -> Self {
        Self(bits & Self::KEPT)
    }
}

/// No parent.
pub(crate) const NO_PARENT: u32 = u32::MAX;

/// One learned key: where it hangs in the tree, and when it was heard. Its size is fixed by a test.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    /// When it was first heard.
    pub(crate) first: Timestamp,
    /// When it was last heard.
    pub(crate) last: Timestamp,
    /// How often it was heard.
    pub(crate) count: u64,
    /// What tells it from its siblings.
    pub(crate) detail: u64,
    /// The key or record that it hangs under.
    pub(crate) parent: u32,
    /// In how many blocks it was heard.
    pub(crate) blocks: u32,
    /// The zone's ordinal of the block in which it was last heard.
    pub(crate) block: u32,
    pub(crate) kind: Kind,
    pub(crate) flags: Flags,
}

impl Key {
    pub(crate) const fn new(kind: Kind, parent: u32, detail: u64, first: Timestamp) -> Self {
        Self {
            first,
            last: first,
            count: 0,
            detail,
            parent,
            blocks: 0,
            block: u32::MAX,
            kind,
            flags: Flags::NONE,
        }
    }

    /// Nothing stands against it and nothing needs to be asked: not held, not merely attempted.
    pub(crate) const fn is_plain(&self) -> bool {
        !self.flags.has(Flags::HELD.with(Flags::ATTEMPTED).with(Flags::ACCEPTED))
    }

    /// Heard in one block only, and nobody signed it off.
    pub(crate) const fn is_provisional(&self) -> bool {
        self.blocks < 2 && !self.flags.has(Flags::SIGNED)
    }
}

/// Whether a class moves or changes the device: the command path. The other classes only look.
pub(crate) const fn commands(class: Class) -> bool {
    matches!(
        class,
        Class::Command | Class::Configuration | Class::Program | Class::Time | Class::File
    )
}

/// Whether a class moves the process or changes the program: what only an operator or an engineer does.
pub(crate) const fn operates(class: Class) -> bool {
    matches!(class, Class::Command | Class::Program)
}

/// Whether what was learned of a class is listed in the ledger.
pub(crate) const fn is_ledgered(class: Class) -> bool {
    !matches!(class, Class::Read | Class::Link)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_is_on_the_command_path_or_only_looks_and_all_but_reading_is_listed() {
        use Class::{Command, Configuration, Diagnostic, File, Link, Program, Read, Time};
        for (class, moves, listed) in [
            (Read, false, false),
            (Command, true, true),
            (Configuration, true, true),
            (Program, true, true),
            (Time, true, true),
            (File, true, true),
            (Diagnostic, false, true),
            (Link, false, false),
        ] {
            assert_eq!((commands(class), is_ledgered(class)), (moves, listed), "{class:?}");
        }
    }

    #[test]
    fn a_key_costs_48_bytes() {
        assert_eq!(size_of::<Key>(), 48);
    }
}
