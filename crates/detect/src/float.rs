//! The one place where integers become floating-point numbers. Logarithms come from `libm`, so that figures
//! are the same on every machine.
#![expect(
    clippy::as_conversions,
    reason = "u64 to f64 has no From; counts here are far below 2^53"
)]

/// A count as a number.
#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^53")]
pub(crate) const fn of(count: u64) -> f64 {
    count as f64
}

/// The score of something whose probability is `p`: log10 of the evidence, between 0 and 9, to one decimal.
pub(crate) fn score(p: f64) -> f64 {
    rounded(-libm::log10(p.clamp(1e-9, 1.0)))
}

/// A score within its bounds, to one decimal.
pub(crate) fn rounded(score: f64) -> f64 {
    // Adding zero makes a negative zero a plain one.
    libm::round(score.clamp(0.0, 9.0) * 10.0) / 10.0 + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_within_its_bounds_and_never_a_negative_zero() {
        assert_eq!(score(0.01).to_string(), "2");
        assert_eq!(score(1.0).to_string(), "0");
        assert_eq!(score(7.0).to_string(), "0");
        assert_eq!(score(0.0).to_string(), "9");
        assert_eq!(rounded(3.26).to_string(), "3.3");
    }
}
