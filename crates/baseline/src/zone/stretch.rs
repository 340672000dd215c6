//! Blocks in a row.

use super::{SERIES, stored};

/// Some blocks that follow each other: what was new in them, and what was heard in exactly one block when they were over.
/// Keys, and the blocks that brought such: a block brings a piece of news, or none.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Stretch {
    pub(super) blocks: u32,
    #[serde(deserialize_with = "stored::padded")]
    pub(super) news: [u32; SERIES],
    #[serde(deserialize_with = "stored::padded")]
    pub(super) once: [u32; SERIES],
    /// Absent where an older version wrote it, and derived then.
    #[serde(default)]
    pub(super) pieces: [u32; SERIES],
    #[serde(default)]
    pub(super) pieces_once: [u32; SERIES],
}

impl Stretch {
    pub(super) fn join(&mut self, next: &Self) {
        self.blocks = self.blocks.saturating_add(next.blocks);
        let sums = self.news.iter_mut().chain(&mut self.pieces);
        for (sum, news) in sums.zip(next.news.into_iter().chain(next.pieces)) {
            *sum = sum.saturating_add(news);
        }
        (self.once, self.pieces_once) = (next.once, next.pieces_once);
    }

    /// What an older version stored has no pieces of news: keys were counted, and a block brought one piece at most.
    pub(super) fn derive_pieces(&mut self, heard: u32) {
        let counted = self.news.into_iter().zip(self.once);
        let pieces = self.pieces.iter_mut().zip(&mut self.pieces_once);
        for ((news, once), (pieces, pieces_once)) in counted.zip(pieces) {
            if news > 0 && *pieces == 0 {
                *pieces = news.min(self.blocks);
            }
            if once > 0 && *pieces_once == 0 {
                *pieces_once = once.min(heard);
            }
        }
    }
}
