//! The one place where counts become real numbers, and the bounds on rates that are computed from them.
//!
//! Logarithms and powers go through `libm`, so that figures are the same on every machine.

/// The count as a real number. Exact below 2⁵³.
#[expect(clippy::as_conversions, reason = "there is no From for u64 to f64; beyond 2^53 it rounds")]
pub(crate) const fn real(count: u64) -> f64 {
    count as f64
}

/// log10 of the evidence of something that is so many scales beyond the record of so many blocks, one of `tests` that
/// are asked at once.
///
/// The tail of block maxima is exponential; where its scale is known from `n` blocks only, the next is beyond `s` scales
/// with probability (1 + s/n)⁻ⁿ (the exponential mixed over what the scale may be). The evidence is 0.5/√p.
pub(crate) fn evidence(scales: f64, blocks: u16, tests: f64) -> f64 {
    let blocks = f64::from(blocks.max(1));
    let score = 0.5 * blocks * libm::log10(1.0 + scales / blocks) - libm::log10(2.0 * tests);
    score.max(0.0)
}

/// The number to single precision, as statistics of points are kept.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "rounds to the nearest; what is beyond becomes infinite"
)]
pub(crate) const fn single(number: f64) -> f32 {
    number as f32
}

/// The real number as a count, rounded up, 0 for what is not positive.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "float to integer conversion saturates, and a negative number or NaN gives 0"
)]
pub(crate) fn whole(number: f64) -> u64 {
    libm::ceil(number) as u64
}

/// Confidence of the one-sided bounds.
const CONFIDENCE: f64 = 0.95;

/// Above this count the Wilson–Hilferty approximation of χ² replaces the exact sum; there its relative error is below 10⁻⁴.
const EXACT_MAX: u64 = 200;

/// The standard normal quantile of [`CONFIDENCE`].
const NORMAL: f64 = 1.644_853_626_951_472_2;

/// The largest mean that is still plausible (95 %) for a Poisson count: χ²₀.₉₅(2(count+1))/2.
///
/// For an even number of degrees of freedom χ² is a sum of Poisson terms, so that this is the mean at
/// which `count` or fewer come in 5 % of cases: 3.0 at 0, 4.7 at 1.
pub(crate) fn poisson_max(count: u64) -> f64 {
    if count > EXACT_MAX {
        return half_chi_square(count.saturating_add(1), NORMAL);
    }
    let mut low = real(count);
    let mut high = 2.0 * low + 8.0;
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if poisson_at_most(count, middle) > 1.0 - CONFIDENCE {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// The smallest mean that is still plausible (95 %) for a Poisson count: χ²₀.₀₅(2·count)/2.
pub(crate) fn poisson_min(count: u64) -> f64 {
    if count == 0 {
        return 0.0;
    }
    if count > EXACT_MAX {
        return half_chi_square(count, -NORMAL);
    }
    let mut low = 0.0;
    let mut high = real(count);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if poisson_at_most(count.saturating_sub(1), middle) > CONFIDENCE {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// Whether so many in `after` blocks are plausible (95 %) where `before` blocks had `count`, both Poisson of one rate.
///
/// Of all that came, each fell into the later blocks with their share of the time, so that their number is binomial
/// (Przyborowski and Wilenski 1940). The rate itself is not known: a bound on its mean would take chance for change. Of
/// news, what foretells is what was heard once: as good as a count of it, by Good and Turing.
pub(crate) fn is_plausible_after(count: u64, before: u64, observed: u64, after: u64) -> bool {
    let all = count.saturating_add(observed);
    let share = real(after) / real(before.saturating_add(after).max(1));
    let expected = real(all) * share;
    if all > EXACT_MAX {
        let deviation = libm::sqrt(expected * (1.0 - share));
        return real(observed) - 0.5 <= expected + NORMAL * deviation;
    }
    let mut term = libm::pow(1.0 - share, real(all));
    let mut fewer = 0.0;
    for nth in 0..observed {
        fewer += term;
        term *= real(all.saturating_sub(nth)) / real(nth.saturating_add(1)) * share / (1.0 - share);
    }
    1.0 - fewer >= 1.0 - CONFIDENCE
}

/// The probability that a Poisson variable of this mean is `count` or less.
fn poisson_at_most(count: u64, mean: f64) -> f64 {
    let mut term = libm::exp(-mean);
    let mut sum = term;
    for nth in 1..=count {
        term *= mean / real(nth);
        sum += term;
    }
    sum
}

/// Half the χ² quantile with `2·half_degrees` degrees of freedom (Wilson and Hilferty).
fn half_chi_square(half_degrees: u64, normal: f64) -> f64 {
    let degrees = 2.0 * real(half_degrees);
    let ninth = 2.0 / (9.0 * degrees);
    let cube = 1.0 - ninth + normal * libm::sqrt(ninth);
    0.5 * degrees * cube * cube * cube
}

#[cfg(test)]
mod tests {
    use super::*;

    // Half the χ² quantiles of the tables, with 2(n + 1) degrees of freedom above and 2n below (Garwood 1936).
    #[test]
    fn bounds_of_a_count_are_those_of_the_tables() {
        let upper = [
            (0, 2.995_732),
            (1, 4.743_865),
            (2, 6.295_794),
            (5, 10.513_035),
            (10, 16.962_219),
            (50, 63.287_122),
        ];
        for (count, expected) in upper {
            assert!((poisson_max(count) - expected).abs() < 1e-4, "{count} {}", poisson_max(count));
        }
        let lower = [
            (0, 0.0),
            (1, 0.051_293),
            (2, 0.355_362),
            (5, 1.970_150),
            (8, 3.980_823),
            (10, 5.425_406),
        ];
        for (count, expected) in lower {
            assert!((poisson_min(count) - expected).abs() < 1e-4, "{count} {}", poisson_min(count));
        }
    }

    #[test]
    fn the_approximation_takes_over_without_a_step() {
        for count in [EXACT_MAX - 1, EXACT_MAX, EXACT_MAX + 1, EXACT_MAX + 2] {
            let step = poisson_max(count + 1) - poisson_max(count);
            assert!((0.9..1.2).contains(&step), "{count} {step}");
            let step = poisson_min(count + 1) - poisson_min(count);
            assert!((0.8..1.1).contains(&step), "{count} {step}");
        }
        assert!(poisson_max(u64::MAX).is_finite());
    }

    // Upper tails of the binomial distribution, from its table: for 2 of 2 at a third 0.111, for 3 of 3 0.037; for 7 of 10
    // 0.020, for 6 of 10 0.077; for 5 of 8 at a half 0.363, for 7 of 8 0.035.
    #[test]
    fn what_came_later_is_plausible_to_its_share_of_all_that_came() {
        assert!(is_plausible_after(0, 4, 2, 2) && !is_plausible_after(0, 4, 3, 2));
        assert!(is_plausible_after(4, 40, 6, 20) && !is_plausible_after(3, 40, 7, 20));
        assert!(is_plausible_after(3, 8, 5, 8) && !is_plausible_after(1, 8, 7, 8));
        assert!(is_plausible_after(0, 4, 0, 2) && is_plausible_after(9, 0, 1, 1));
        assert!(!is_plausible_after(u64::MAX / 2, 9, u64::MAX, 3));
    }

    #[test]
    fn beyond_the_exact_sum_the_limit_goes_on_without_a_step() {
        let limit = |count: u64| {
            (0..).find(|observed| !is_plausible_after(count, 2, *observed, 1)).unwrap()
        };
        for count in 120..150 {
            let step = limit(count + 1) - limit(count);
            assert!(step <= 2, "{count} {step}");
        }
        assert!((60..85).contains(&limit(120)), "{}", limit(120));
    }

    #[test]
    fn a_real_number_becomes_a_count_without_a_trap() {
        assert_eq!(whole(2.1), 3);
        assert_eq!(whole(-1.0), 0);
        assert_eq!(whole(f64::NAN), 0);
        assert_eq!(whole(f64::INFINITY), u64::MAX);
    }
}
