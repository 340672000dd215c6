//! When a window is, as people write times.

use std::str::FromStr;

use gridtap_model::{Span, Timestamp};
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Zoned, civil};

use crate::failure::Failure;

/// From when to when: each with the offset that its zone has then.
#[derive(Debug)]
pub(super) struct Times {
    pub(super) start: String,
    pub(super) end: String,
}

/// Reads both ends of a window.
pub(super) fn span(from: &str, to: &str, now: Timestamp) -> Result<Times, Failure> {
    let zone = TimeZone::system();
    let now = jiff::Timestamp::from_nanosecond(i128::from(now.nanos())).unwrap_or_default();
    let now = now.to_zoned(zone);
    let start = moment("--from", from, &now, Date::to_datetime)?;
    let end =
        moment("--to", to, &start, |date, time| date.tomorrow().unwrap_or(date).to_datetime(time))?;
    Ok(Times { start: told(&start), end: told(&end) })
}

/// One end, as it follows from what goes before it: now, or the beginning.
fn moment(
    option: &str,
    text: &str,
    before: &Zoned,
    of_day: impl Fn(Date, Time) -> DateTime,
) -> Result<Zoned, Failure> {
    let text = text.trim();
    if text == "now" {
        return Ok(before.clone());
    }
    if let Ok(span) = Span::from_str(text) {
        let nanos = i64::try_from(span.nanos()).unwrap_or(i64::MAX);
        let after = jiff::SignedDuration::from_nanos(nanos);
        return before.checked_add(after).map_err(|_| wrong(option, text));
    }
    if let Ok(moment) = jiff::Timestamp::from_str(text) {
        return Ok(moment.to_zoned(before.time_zone().clone()));
    }
    let is_time = text.contains(':') && !text.contains('-');
    if is_time && let Ok(time) = Time::from_str(text) {
        let today = at(option, text, before.date().to_datetime(time), before)?;
        if today > *before {
            return Ok(today);
        }
        let tomorrow = before.date().tomorrow().map_err(|_| wrong(option, text))?;
        return at(option, text, tomorrow.to_datetime(time), before);
    }
    let is_day = !text.contains([':', 'T', 't', ' ']);
    if is_day && let Ok(date) = Date::from_str(text) {
        return at(option, text, of_day(date, civil::time(0, 0, 0, 0)), before);
    }
    match DateTime::from_str(text) {
        Ok(moment) => at(option, text, moment, before),
        Err(_) => Err(wrong(option, text)),
    }
}

/// A time of day by the zone of this machine.
fn at(option: &str, text: &str, moment: DateTime, zoned: &Zoned) -> Result<Zoned, Failure> {
    zoned.time_zone().to_ambiguous_zoned(moment).unambiguous().map_err(|_| {
        Failure::usage(format!(
            "{option} {text}: clocks are changed then, so that there are two of it or none: write it with its zone, as 2027-01-31T06:00:00+01:00"
        ))
    })
}

fn wrong(option: &str, text: &str) -> Failure {
    Failure::usage(format!(
        "{option} {text}: write now, 06:00, '2027-01-31 06:00', 2027-01-31T06:00:00+01:00, or a length such as 2h"
    ))
}

/// To the second, with its offset.
fn told(moment: &Zoned) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Central European time at ten past eight on the last day of January.
    fn now() -> Zoned {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        jiff::Timestamp::from_str("2027-01-31T07:10:00Z").unwrap().to_zoned(zone)
    }

    fn from(text: &str) -> Result<String, String> {
        moment("--from", text, &now(), Date::to_datetime)
            .map(|zoned| told(&zoned))
            .map_err(|failure| failure.error.to_string())
    }

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, right) in [
            ("now", "2027-01-31T08:10:00+01:00"),
            ("2h", "2027-01-31T10:10:00+01:00"),
            ("09:00", "2027-01-31T09:00:00+01:00"),
            ("06:00", "2027-02-01T06:00:00+01:00"),
            ("2027-07-01", "2027-07-01T00:00:00+02:00"),
            ("2027-07-01 06:00", "2027-07-01T06:00:00+02:00"),
            ("2027-07-01T06:00:00Z", "2027-07-01T08:00:00+02:00"),
        ] {
            assert_eq!(from(text).as_deref(), Ok(right), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_or_two_is_refused_with_what_would_be_right() {
        assert!(from("soon").unwrap_err().contains("or a length such as 2h"));
        for text in ["2027-03-28 02:30", "2027-10-31 02:30"] {
            assert!(from(text).unwrap_err().contains("clocks are changed"), "{text}");
        }
    }
}
