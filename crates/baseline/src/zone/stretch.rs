//! Blocks in a row.

use super::Stretch;

impl Stretch {
    pub(super) fn join(&mut self, next: &Self) {
        self.blocks = self.blocks.saturating_add(next.blocks);
        for (sum, news) in self.news.iter_mut().zip(next.news) {
            *sum = sum.saturating_add(news);
        }
        self.once = next.once;
    }
}
