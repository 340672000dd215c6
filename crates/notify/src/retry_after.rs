//! `Retry-After` (RFC 9110, 10.2.3): seconds, or a date.

use gridtap_model::{Span, Timestamp};
use jiff::fmt::rfc2822::DateTimeParser;

/// How long a receiver asks to be left alone; `None` where the header says nothing that can be understood.
pub(crate) fn asked(header: &str, now: Timestamp) -> Option<Span> {
    let text = header.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Span::from_secs(seconds));
    }
    let date = DateTimeParser::new().parse_timestamp(text).ok()?;
    let date = Timestamp::from_nanos(i64::try_from(date.as_nanosecond()).ok()?);
    Some(Span::from_nanos(date.since_ns(now)))
}

#[cfg(test)]
mod tests {
    use super::*;

    // 1994-11-06 08:49:37 UTC, the specification's example.
    const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_parts(784_111_777 + seconds, 0)
    }

    #[test]
    fn seconds_and_dates_are_understood_and_the_past_is_now() {
        assert_eq!(asked("120", at(0)), Some(Span::from_secs(120)));
        assert_eq!(asked(" 0 ", at(0)), Some(Span::from_secs(0)));
        assert_eq!(asked(DATE, at(-90)), Some(Span::from_secs(90)));
        assert_eq!(asked(DATE, at(90)), Some(Span::from_secs(0)));
        for nonsense in ["", "soon", "-5", "1.5", "99999999999999999999999"] {
            assert_eq!(asked(nonsense, at(0)), None, "{nonsense}");
        }
    }
}
