//! Times on a logarithmic scale, in whole numbers: what matters of an interval is how many times longer it is.

use crate::float::whole;

/// Twice as long.
pub(crate) const OCTAVE: i32 = 256;

/// The logarithm of a time, in 256ths of an octave above a nanosecond; at most half a per cent off.
#[inline]
pub(crate) fn units(nanos: u64) -> i32 {
    let nanos = nanos.max(1);
    let zeros = nanos.leading_zeros();
    let leading = nanos.checked_shl(zeros).unwrap_or(0);
    let fraction = i32::try_from((leading >> 55) & 0xff).unwrap_or(0);
    // log2(1 + x) is about x + 0.344 x (1 - x).
    let bend = fraction.saturating_mul(OCTAVE.saturating_sub(fraction)).saturating_mul(88) >> 16;
    let octaves = i32::try_from(63_u32.saturating_sub(zeros)).unwrap_or(0);
    octaves.saturating_mul(OCTAVE).saturating_add(fraction).saturating_add(bend)
}

/// The time of a logarithm, in nanoseconds.
pub(crate) fn nanos(units: i32) -> u64 {
    whole(libm::exp2(f64::from(units) / f64::from(OCTAVE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_survives_the_scale_within_a_per_cent() {
        for nanos_in in [1, 3, 1_000, 1_500_000, 999_999_999, 1_000_000_000, 3_600_000_000_000] {
            let back = crate::float::real(nanos(units(nanos_in)));
            let ratio = back / crate::float::real(nanos_in);
            assert!((0.99..1.01).contains(&ratio) || nanos_in < 10, "{nanos_in}: {ratio}");
        }
        assert_eq!(units(0), 0);
        assert_eq!(units(2_000_000_000) - units(1_000_000_000), OCTAVE);
        assert!(units(u64::MAX) > units(u64::MAX / 2));
    }
}
