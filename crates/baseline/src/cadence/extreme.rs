//! The most that a block brought of something, over the blocks that were learned.

use crate::float::real;

/// The standard deviation of a Gumbel variable, to which the extremes of blocks tend, is this many times its scale.
const GUMBEL_DEVIATION: f64 = 1.282_549_830_161_864;

/// Extremes of blocks: their greatest, their sum and the sum of their squares.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Extreme(u32, u64, u64);

impl Extreme {
    pub(crate) const NONE: Self = Self(0, 0, 0);

    /// A block brought at most this much.
    pub(crate) fn fold(&mut self, most: u32) {
        let Self(greatest, sum, squares) = self;
        *greatest = (*greatest).max(most);
        *sum = sum.saturating_add(u64::from(most));
        *squares = squares.saturating_add(u64::from(most).saturating_mul(u64::from(most)));
    }

    /// The most that any block brought.
    pub(crate) const fn greatest(&self) -> u32 {
        self.0
    }

    /// How surprising it is that the next block brings so much, after so many: the natural logarithm of one over its
    /// probability.
    ///
    /// That the next block exceeds all before has a probability of 1/(blocks + 1), as blocks can be exchanged. Beyond,
    /// the tail of extremes falls exponentially (Gumbel), on the scale that their spread shows; `least` is the
    /// smallest scale that so few blocks make credible.
    pub(crate) fn surprise(&self, blocks: u32, value: u32, least: f64) -> f64 {
        let Self(greatest, sum, squares) = *self;
        let Some(beyond) = value.checked_sub(greatest).filter(|beyond| *beyond > 0) else {
            return 0.0;
        };
        let count = real(u64::from(blocks.max(1)));
        let mean = real(sum) / count;
        let variance = (real(squares) / count - mean * mean).max(0.0);
        let scale = (libm::sqrt(variance) / GUMBEL_DEVIATION).max(least);
        f64::from(beyond) / scale + libm::log(count + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_blocks_brought_before_is_no_surprise_and_beyond_it_the_spread_decides() {
        let (mut even, mut uneven) = (Extreme::default(), Extreme::default());
        for nth in 0..48 {
            even.fold(100);
            uneven.fold(if nth % 2 == 0 { 20 } else { 100 });
        }
        assert_eq!((even.greatest(), even.surprise(48, 100, 16.0)), (100, 0.0));
        let (tidy, untidy) = (even.surprise(48, 300, 16.0), uneven.surprise(48, 300, 16.0));
        assert!((tidy - (200.0 / 16.0 + 49.0_f64.ln())).abs() < 1e-9, "{tidy}");
        assert!(untidy < tidy && untidy > 49.0_f64.ln(), "{untidy}");
    }
}
