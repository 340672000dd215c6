//! How much a count says about a rate: exact intervals.

/// What a count of rare things is of its expectation: from and to, with 95 % confidence (Garwood).
#[must_use]
pub fn poisson(count: u64) -> (f64, f64) {
    let low = if count == 0 { 0.0 } else { mean(count - 1, 0.975) };
    (low, mean(count, 0.025))
}

/// The share of tries that succeed, from and to, with 95 % confidence (Clopper and Pearson).
#[must_use]
pub fn binomial(successes: u64, tries: u64) -> (f64, f64) {
    if tries == 0 {
        return (0.0, 1.0);
    }
    let share = |successes: u64, wanted: f64| {
        bisected(0.0, 1.0, |share| at_most_of(successes, tries, share) > wanted)
    };
    let low = if successes == 0 { 0.0 } else { share(successes - 1, 0.975) };
    let high = if successes >= tries { 1.0 } else { share(successes, 0.025) };
    (low, high)
}

/// The mean under which at most `count` happen with probability `wanted`.
fn mean(count: u64, wanted: f64) -> f64 {
    let mut high = 4.0;
    while at_most(count, high) > wanted {
        high *= 2.0;
    }
    bisected(0.0, high, |mean| at_most(count, mean) > wanted)
}

/// Where a condition that holds at first stops holding.
fn bisected(mut low: f64, mut high: f64, holds: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..64 {
        let middle = f64::midpoint(low, high);
        if holds(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// The probability of at most `count` where `mean` are expected.
fn at_most(count: u64, mean: f64) -> f64 {
    let mut term = -mean;
    let mut sum = term.exp();
    for nth in 1..=count {
        term += mean.ln() - number(nth).ln();
        sum += term.exp();
    }
    sum.min(1.0)
}

/// The probability of at most `count` successes in so many tries.
fn at_most_of(count: u64, tries: u64, share: f64) -> f64 {
    let mut term = number(tries) * (-share).ln_1p();
    let mut sum = term.exp();
    for nth in 1..=count {
        term += (number(tries - nth + 1) / number(nth)).ln() + (share / (1.0 - share)).ln();
        sum += term.exp();
    }
    sum.min(1.0)
}

/// A count as a floating-point number: they are far below what one holds exactly.
#[must_use]
pub fn number(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: (f64, f64), expected: (f64, f64)) {
        let close = |a: f64, b: f64| (a - b).abs() < 0.001;
        assert!(close(found.0, expected.0) && close(found.1, expected.1), "{found:?}");
    }

    // From the tables of the exact Poisson interval (Ulm 1990) and of R's binom.test.
    #[test]
    fn intervals_are_those_of_the_tables() {
        near(poisson(0), (0.0, 3.689));
        near(poisson(1), (0.0253, 5.5716));
        near(poisson(10), (4.795, 18.390));
        near(binomial(0, 10), (0.0, 0.3085));
        near(binomial(9, 10), (0.5550, 0.9975));
        near(binomial(600, 600), (0.99387, 1.0));
    }
}
