//! Lengths of time, as a person writes them.

use core::fmt;
use core::str::FromStr;

/// A length of time: `500ms`, `10s`, `15m`, `1h`, `30d` in configuration; nanoseconds inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span(u64);

/// Units, largest first, in nanoseconds.
const UNITS: [(&str, u64); 7] = [
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

impl Span {
    /// A length in nanoseconds.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// A length in seconds, saturating.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1_000_000_000))
    }

    /// Its nanoseconds.
    #[must_use]
    pub const fn nanos(self) -> u64 {
        self.0
    }
}

/// In the largest unit that divides it: `90s`, `1h`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, nanos) in UNITS {
            if self.0 >= nanos && self.0.checked_rem(nanos) == Some(0) {
                return write!(f, "{}{unit}", self.0.checked_div(nanos).unwrap_or(0));
            }
        }
        f.write_str("0s")
    }
}

/// Why a text is not a length of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpanError(String);

impl fmt::Display for SpanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is not a length of time: write a whole number and a unit, such as 500ms, 10s, 15m, 1h or 30d",
            self.0
        )
    }
}

impl core::error::Error for SpanError {}

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || SpanError(text.to_owned());
        let digits = text.trim().trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let unit = text.trim().strip_prefix(digits).ok_or_else(wrong)?;
        let count: u64 = digits.trim().parse().map_err(|_| wrong())?;
        let (_, nanos) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        count.checked_mul(*nanos).map(Self).ok_or_else(wrong)
    }
}

impl serde::Serialize for Span {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Span {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_reads_back_as_it_is_written() {
        for (text, nanos) in [
            ("10s", 10_000_000_000),
            ("500ms", 500_000_000),
            ("1h", 3_600_000_000_000),
            ("90s", 90_000_000_000),
            ("0s", 0),
        ] {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.nanos(), nanos);
            assert_eq!(span.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_span_is_said_with_what_would_be_right() {
        for text in ["", "10", "s", "1.5h", "-1s", "10 parsecs", "99999999999999999999s", "300000d"]
        {
            let error = text.parse::<Span>().unwrap_err().to_string();
            assert!(error.contains("such as 500ms"), "{error}");
        }
    }
}
