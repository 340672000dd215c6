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

/// z of a one-sided bound of 95 %.
const Z: f64 = 1.645;

/// The lower bound of a share of which `count` of `count + against` trials were seen (Wilson 1927, one-sided, 95 %).
pub(crate) fn share_at_least(count: u64, against: u64) -> f64 {
    let (count, against) = (of(count), of(against));
    let trials = count + against;
    if trials <= 0.0 {
        return 0.0;
    }
    let (share, z2) = (count / trials, Z * Z);
    let spread = Z * libm::sqrt(share * (1.0 - share) / trials + z2 / (4.0 * trials * trials));
    (share + z2 / (2.0 * trials) - spread) / (1.0 + z2 / trials)
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
