//! Keys that were heard in one block only, and in how many blocks there are such.
//!
//! What comes together is one piece of news: a standby that takes over brings a commander for each device, a switching
//! order several breakers. That the next block brings news is foretold by the blocks that did, of which something was
//! heard in no other (leave one out: a block whose every key was heard elsewhere too would have brought none); and only
//! pieces of news that come apart from each other are Poisson, as the bounds suppose.

use std::collections::BTreeMap;

use super::{News, SERIES, Stretch, ZoneState};

/// By series, the blocks in which keys were heard that were heard in no other, and how many.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Once {
    by_block: [BTreeMap<u32, u32>; SERIES],
    keys: [u32; SERIES],
}

impl ZoneState {
    /// The keys are about to be told again.
    pub(crate) fn forget_once(&mut self) {
        self.once = Once::default();
    }

    /// Rows are about to be read back: they tell again what was heard in one block only.
    pub(crate) fn begin_restoring(&mut self) {
        self.forget_once();
        let mut heard = 0_u32;
        for stretch in &mut self.stretches {
            heard = heard.saturating_add(stretch.blocks);
            stretch.derive_pieces(heard);
        }
    }

    /// Makes room for ordinals that were written to disk after this state was.
    pub(crate) fn reach_ordinal(&mut self, ordinal: u32) {
        if ordinal > self.blocks {
            let blocks = ordinal.saturating_sub(self.blocks);
            self.blocks = ordinal;
            let last = self.stretches.last();
            let quiet = self.once.block([0; SERIES]);
            self.stretches.push(last.map_or(quiet, |last| Stretch {
                news: [0; SERIES],
                pieces: [0; SERIES],
                ..last.clone()
            }));
            if let Some(last) = self.stretches.last_mut() {
                last.blocks = blocks;
            }
        }
    }
}

impl Once {
    pub(super) fn add(&mut self, news: News, block: u32) {
        if let Some(keys) = self.keys.get_mut(news.slot()) {
            *keys = keys.saturating_add(1);
        }
        if let Some(blocks) = self.by_block.get_mut(news.slot()).filter(|_| news.has_blocks()) {
            let keys = blocks.entry(block).or_default();
            *keys = keys.saturating_add(1);
        }
    }

    pub(super) fn remove(&mut self, news: News, block: u32) {
        if let Some(keys) = self.keys.get_mut(news.slot()) {
            *keys = keys.saturating_sub(1);
        }
        if let Some(blocks) = self.by_block.get_mut(news.slot())
            && let Some(keys) = blocks.get_mut(&block)
        {
            *keys = keys.saturating_sub(1);
            if *keys == 0 {
                blocks.remove(&block);
            }
        }
    }

    /// Puts back how many keys of a series there are that keep no block.
    pub(super) fn put(&mut self, news: News, count: u32) {
        if let Some(keys) = self.keys.get_mut(news.slot()) {
            *keys = count;
        }
    }

    /// A block that brought so much news.
    pub(super) fn block(&self, news: [u32; SERIES]) -> Stretch {
        let (mut pieces, mut pieces_once) = (news, self.keys);
        for series in News::ALL.into_iter().filter(|series| series.has_blocks()) {
            let slot = series.slot();
            if let Some(pieces) = pieces.get_mut(slot) {
                *pieces = (*pieces).min(1);
            }
            if let (Some(count), Some(blocks)) =
                (pieces_once.get_mut(slot), self.by_block.get(slot))
            {
                *count = u32::try_from(blocks.len()).unwrap_or(u32::MAX);
            }
        }
        Stretch { blocks: 1, news, once: self.keys, pieces, pieces_once }
    }
}

impl News {
    /// Whether its keys keep the block in which they were heard first. States of points do not: there are as many of them
    /// as of anything. Each is a piece of news by itself.
    const fn has_blocks(self) -> bool {
        !matches!(self, Self::Value)
    }
}
