//! Which files of a directory were read, and how far.

use core::fmt;
use std::collections::BTreeMap;

use gridtap_model::Timestamp;
use gridtap_wire::Frame;
use sha2::{Digest, Sha256};

/// How many files are remembered.
const FILES_MAX: usize = 4096;

/// What tells a capture from all others, whatever it is called and however it is packed: its first frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Print {
    /// The time of the first frame: captures are read in this order.
    pub first: Timestamp,
    /// A digest of it.
    pub digest: u64,
}

/// How far a capture was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Read {
    /// The number of the last frame.
    pub frames: u64,
    /// Whether it was left at its end.
    pub complete: bool,
}

/// Which captures were read, the oldest forgotten: what is as old as those and not remembered counts as read.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    read: BTreeMap<Print, Read>,
    forgotten: Option<Timestamp>,
}

impl Print {
    pub(super) fn of(frame: &Frame<'_>) -> Self {
        let digest = Sha256::new()
            .chain_update(frame.time.nanos().to_le_bytes())
            .chain_update(frame.original_length.to_le_bytes())
            .chain_update(frame.bytes)
            .finalize();
        let digest = digest.first_chunk().copied().map_or(0, u64::from_be_bytes);
        Self { first: frame.time, digest }
    }
}

impl fmt::Display for Print {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:016x}", self.first.nanos(), self.digest)
    }
}

impl core::str::FromStr for Print {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (first, digest) = text.split_once('.').ok_or(())?;
        Ok(Self {
            first: Timestamp::from_nanos(first.parse().map_err(|_| ())?),
            digest: u64::from_str_radix(digest, 16).map_err(|_| ())?,
        })
    }
}

impl Ledger {
    /// One that was kept.
    pub fn new(
        forgotten: Option<Timestamp>,
        read: impl IntoIterator<Item = (Print, Read)>,
    ) -> Self {
        let mut ledger = Self { forgotten, ..Self::default() };
        read.into_iter().for_each(|(print, read)| ledger.note(print, read));
        ledger
    }

    /// Notes how far a capture was read.
    pub fn note(&mut self, print: Print, read: Read) {
        let known = self.read.entry(print).or_insert(read);
        known.frames = known.frames.max(read.frames);
        known.complete = read.complete;
        while self.read.len() > FILES_MAX
            && let Some((oldest, _)) = self.read.pop_first()
        {
            self.forgotten = self.forgotten.max(Some(oldest.first));
        }
    }

    /// How far a capture was read, where it was.
    #[must_use]
    pub fn get(&self, print: &Print) -> Option<Read> {
        self.read.get(print).copied()
    }

    /// Whether a capture that is not known is as old as those that were forgotten.
    #[must_use]
    pub fn is_past(&self, print: &Print) -> bool {
        Some(print.first) <= self.forgotten
    }

    /// The first frame's time of the youngest that was forgotten.
    #[must_use]
    pub const fn forgotten(&self) -> Option<Timestamp> {
        self.forgotten
    }

    /// All that are remembered, by their first frame's time.
    pub fn iter(&self) -> impl Iterator<Item = (&Print, &Read)> {
        self.read.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_forgotten_and_count_as_read() {
        let print = |second| Print { first: Timestamp::from_parts(second, 0), digest: 7 };
        let read = Read { frames: 3, complete: true };
        let mut ledger = Ledger::default();
        for second in 0..5_000 {
            assert!(!ledger.is_past(&print(second)));
            ledger.note(print(second), read);
        }
        assert_eq!(ledger.iter().count(), FILES_MAX);
        assert!(ledger.is_past(&print(903)) && !ledger.is_past(&print(904)));
        assert_eq!(ledger.get(&print(903)), None);
        assert_eq!(ledger.get(&print(904)), Some(read));
        let again = Ledger::new(ledger.forgotten(), ledger.iter().map(|(one, two)| (*one, *two)));
        assert_eq!(format!("{again:?}"), format!("{ledger:?}"));
    }

    #[test]
    fn a_print_reads_back_as_it_is_written() {
        for nanos in [0, -1, i64::MAX, 1_764_000_000_123_456_789] {
            let print =
                Print { first: Timestamp::from_nanos(nanos), digest: 0x00ab_0000_0000_0001 };
            assert_eq!(print.to_string().parse(), Ok(print));
        }
        for text in ["", "1", "x.1", "1.x"] {
            assert_eq!(text.parse::<Print>(), Err(()));
        }
    }
}
