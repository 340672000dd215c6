//! Whether the timing level of a zone judges.
//!
//! Its news are blocks in which some request came as it had not come in any block before: it is armed like the others
//! unless the last third of the blocks brought more of them than chance does after the first two thirds.

use crate::float::is_plausible_after;

/// Blocks of which it is remembered what was new: more than are needed to arm with any sensible setting.
const BLOCKS_MAX: usize = 255;

/// What is remembered to arm the timing level.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Timing {
    pub(crate) armed: bool,
    /// Surprises of the last blocks, oldest first.
    recent: Vec<u8>,
    running: u8,
}

impl Timing {
    /// A block of a request was not like those before it.
    pub(crate) const fn surprised(&mut self) {
        self.running = self.running.saturating_add(1);
    }

    /// A block is over.
    pub(crate) fn remember(&mut self) {
        if self.recent.len() >= BLOCKS_MAX {
            self.recent.remove(0);
        }
        self.recent.push(core::mem::take(&mut self.running));
    }

    /// Whether the last third of the blocks brought no more surprises than the ones before made plausible.
    pub(crate) fn is_stable(&self) -> bool {
        let third = self.recent.len().div_ceil(3).max(1);
        let Some((base, tail)) =
            self.recent.split_at_checked(self.recent.len().saturating_sub(third))
        else {
            return false;
        };
        if base.is_empty() {
            return false;
        }
        let sum =
            |part: &[u8]| part.iter().fold(0_u64, |sum, more| sum.saturating_add(u64::from(*more)));
        let count = |part: &[u8]| u64::try_from(part.len()).unwrap_or(u64::MAX);
        is_plausible_after(sum(base), count(base), sum(tail), count(tail))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timing_is_stable_when_the_last_third_brings_no_more_than_was_foretold() {
        let stable = |surprises: &[u8]| {
            let mut timing = Timing::default();
            for block in surprises {
                (0..*block).for_each(|_| timing.surprised());
                timing.remember();
            }
            timing.is_stable()
        };
        assert!(!stable(&[]) && !stable(&[0]), "nothing foretells anything yet");
        assert!(stable(&[0; 48]));
        assert!(stable(&[1, 0, 0, 1, 0, 0, 1, 0, 0]), "as many as before");
        let mut late = [0; 48];
        late[40..].fill(2);
        assert!(!stable(&late));
        assert!(!stable(
            &[0; 400].map(|_: i32| 0).iter().copied().chain([9; 200]).collect::<Vec<u8>>()
        ));
    }
}
