//! Packet time.

use core::fmt;

/// A moment, in nanoseconds since 1970-01-01T00:00:00Z. It comes from a packet or a tick.
///
/// Captures can hold any time and step back; every operation saturates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

const NANOS_PER_SECOND: i64 = 1_000_000_000;

impl Timestamp {
    /// The earliest moment there is.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest moment there is.
    pub const MAX: Self = Self(i64::MAX);

    /// A moment from nanoseconds since the epoch.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// A moment from seconds since the epoch and nanoseconds, saturating.
    #[must_use]
    pub const fn from_parts(seconds: i64, nanos: u32) -> Self {
        Self(seconds.saturating_mul(NANOS_PER_SECOND).saturating_add(u32_to_i64(nanos)))
    }

    /// Nanoseconds since the epoch.
    #[must_use]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Nanoseconds from `earlier` to here; 0 where time stepped back.
    #[must_use]
    pub fn since_ns(self, earlier: Self) -> u64 {
        u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0)
    }

    /// This moment, `nanos` later.
    #[must_use]
    pub fn plus_ns(self, nanos: u64) -> Self {
        Self(self.0.saturating_add(i64::try_from(nanos).unwrap_or(i64::MAX)))
    }

    /// This moment, `nanos` earlier.
    #[must_use]
    pub fn minus_ns(self, nanos: u64) -> Self {
        Self(self.0.saturating_sub(i64::try_from(nanos).unwrap_or(i64::MAX)))
    }
}

// `i64::from` is not const yet.
#[expect(clippy::as_conversions, reason = "u32 to i64 loses nothing, and From is not const")]
const fn u32_to_i64(n: u32) -> i64 {
    n as i64
}

/// A moment as text, RFC 3339 with nanoseconds, UTC: every moment takes the same 30 octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeText([u8; 30]);

impl TimeText {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Timestamp {
    /// This moment as text, without allocation and without the formatting machinery: records are
    /// written by the million.
    #[must_use]
    pub fn text(self) -> TimeText {
        let seconds = self.0.div_euclid(NANOS_PER_SECOND);
        let second = seconds.rem_euclid(86_400);
        let (year, month, date) = civil(seconds.div_euclid(86_400));
        let mut text = *b"0000-00-00T00:00:00.000000000Z";
        digits(&mut text, 0..4, year);
        digits(&mut text, 5..7, month);
        digits(&mut text, 8..10, date);
        digits(&mut text, 11..13, second.div_euclid(3600));
        digits(&mut text, 14..16, second.div_euclid(60).rem_euclid(60));
        digits(&mut text, 17..19, second.rem_euclid(60));
        digits(&mut text, 20..29, self.0.rem_euclid(NANOS_PER_SECOND));
        TimeText(text)
    }
}

/// Writes a number, none of which is negative, right-aligned over zeros.
fn digits(text: &mut [u8; 30], place: core::ops::Range<usize>, number: i64) {
    let mut number = u32::try_from(number).unwrap_or_default();
    for octet in text.get_mut(place).unwrap_or_default().iter_mut().rev() {
        *octet = u8::try_from(number.rem_euclid(10)).unwrap_or_default().saturating_add(b'0');
        number = number.div_euclid(10);
    }
}

/// RFC 3339 with nanoseconds, UTC: `2024-05-01T10:00:00.000123456Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().as_str())
    }
}

impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text().as_str())
    }
}

/// Year, month and day of a day number (0 = 1970-01-01) in the proleptic Gregorian calendar.
///
/// Counting years from March puts the leap day last, so that the lengths of months repeat.
#[expect(
    clippy::arithmetic_side_effects,
    reason = "a day number from i64 nanoseconds is within ±106,752 days: nothing here can overflow"
)]
fn civil(day: i64) -> (i64, i64, i64) {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let date = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, date)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shows(nanos: i64, text: &str) {
        assert_eq!(Timestamp::from_nanos(nanos).to_string(), text);
    }

    // The expected texts are those of GNU date: `date -u -d @N +%FT%T.%NZ`.
    #[test]
    fn a_moment_reads_as_rfc_3339_with_nanoseconds() {
        shows(0, "1970-01-01T00:00:00.000000000Z");
        shows(1_714_557_600_000_123_456, "2024-05-01T10:00:00.000123456Z");
        shows(951_782_400_000_000_000, "2000-02-29T00:00:00.000000000Z");
        shows(4_107_542_399_999_999_999, "2100-02-28T23:59:59.999999999Z");
        shows(4_107_542_400_000_000_000, "2100-03-01T00:00:00.000000000Z");
        shows(-1, "1969-12-31T23:59:59.999999999Z");
        shows(i64::MIN, "1677-09-21T00:12:43.145224192Z");
        shows(i64::MAX, "2262-04-11T23:47:16.854775807Z");
    }

    #[test]
    fn time_that_steps_back_is_no_time() {
        let (early, late) = (Timestamp::from_nanos(5), Timestamp::from_nanos(9));
        assert_eq!(late.since_ns(early), 4);
        assert_eq!(early.since_ns(late), 0);
        assert_eq!(Timestamp::MAX.plus_ns(1), Timestamp::MAX);
        assert_eq!(Timestamp::from_parts(i64::MAX, 7), Timestamp::MAX);
    }
}
