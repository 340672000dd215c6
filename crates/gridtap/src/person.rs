//! Who decides, and until when.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use gridtap_model::{Span, Timestamp};
use gridtap_store::Audit;

use crate::failure::Failure;

/// Whoever may write the state's file may do anything with it.
pub(crate) const ROLE: &str = "admin";

/// The way by which somebody acts here.
pub(crate) const VIA: &str = "cli";

/// What stands before the user of a session, where somebody else is named.
pub(crate) const SESSION: &str = "session of ";

/// The wall clock: for audited rows only, never for what is judged.
pub(crate) fn now() -> Timestamp {
    #[expect(
        clippy::disallowed_methods,
        reason = "a person decides now, and not at a packet's time"
    )]
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

/// The user of this session: who called sudo where somebody did, else the owner of this process.
pub(crate) fn user() -> String {
    let Some(number) = fs::metadata("/proc/self").ok().map(|process| process.uid()) else {
        return "unknown".to_owned();
    };
    if number == 0
        && let Ok(caller) = std::env::var("SUDO_USER")
    {
        return caller;
    }
    let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
    account(&accounts, number).map_or_else(|| format!("user {number}"), str::to_owned)
}

/// Who acts; somebody other than the session's user only together with that user.
pub(crate) fn named(by: Option<&str>) -> Result<String, Failure> {
    let user = user();
    match by.map(str::trim) {
        Some("") => Err(Failure::usage("--by is empty: name who decides, or leave it out")),
        Some(by) if by != user => Ok(format!("{by} ({SESSION}{user})")),
        _ => Ok(user),
    }
}

/// A row of the audit log about what somebody did at this command line.
pub(crate) fn audited(who: &str, action: &str, subject: &str, detail: &str) -> Audit {
    Audit {
        who: who.to_owned(),
        role: ROLE.to_owned(),
        via: VIA.to_owned(),
        action: action.to_owned(),
        subject: subject.to_owned(),
        outcome: "done".to_owned(),
        detail: detail.to_owned(),
    }
}

/// The name of an account by its number.
fn account(accounts: &str, number: u32) -> Option<&str> {
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(number)).then_some(name)
    })
}

/// A moment in the future, as a person writes it: a day (to its end, UTC), a moment, or a length of time.
pub(crate) fn until(text: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    let moment = if let Ok(span) = Span::from_str(text) {
        now.plus_ns(span.nanos())
    } else if let Some(moment) = time(text) {
        moment
    } else if let Some(moment) = end_of_day(text) {
        timestamp(moment)
    } else {
        return Err(Failure::usage(format!(
            "--until {text}: write a day (2027-01-31), a moment (2027-01-31T06:00:00Z) or a length of time (30d)"
        )));
    };
    if moment <= now {
        return Err(Failure::usage(format!("--until {text} is over: name a moment in the future")));
    }
    Ok(moment)
}

/// A moment in the past, as a person writes it: a day (from its beginning, UTC), a moment, or how long ago.
pub(crate) fn since(text: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    past("--since", text, now, beginning_of_day)
}

/// The same, with a day to its end.
pub(crate) fn before(text: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    past("--until", text, now, end_of_day)
}

fn past(
    option: &str,
    text: &str,
    now: Timestamp,
    day: impl Fn(&str) -> Option<jiff::Timestamp>,
) -> Result<Timestamp, Failure> {
    if let Ok(span) = Span::from_str(text) {
        return Ok(now.minus_ns(span.nanos()));
    }
    time(text).or_else(|| day(text).map(timestamp)).ok_or_else(|| {
        Failure::usage(format!(
            "{option} {text}: write how long ago (12h), a day (2027-01-31) or a moment (2027-01-31T06:00:00Z)"
        ))
    })
}

/// A moment as records have it.
pub(crate) fn time(text: &str) -> Option<Timestamp> {
    jiff::Timestamp::from_str(text).ok().map(timestamp)
}

fn beginning_of_day(text: &str) -> Option<jiff::Timestamp> {
    let day = jiff::civil::Date::from_str(text).ok()?;
    Some(day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
}

fn end_of_day(text: &str) -> Option<jiff::Timestamp> {
    let day = jiff::civil::Date::from_str(text).ok()?.tomorrow().ok()?;
    Some(day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
}

fn timestamp(moment: jiff::Timestamp) -> Timestamp {
    Timestamp::from_nanos(i64::try_from(moment.as_nanosecond()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn until_is_a_day_to_its_end_or_a_moment_or_a_length_of_time() {
        let now = Timestamp::from_parts(1_714_557_600, 0);
        let until = |text| until(text, now).map(|moment| moment.to_string()).ok();
        assert_eq!(until("12h").as_deref(), Some("2024-05-01T22:00:00.000000000Z"));
        assert_eq!(until("2024-05-01").as_deref(), Some("2024-05-02T00:00:00.000000000Z"));
        assert_eq!(
            until("2024-06-01T06:00:00Z").as_deref(),
            Some("2024-06-01T06:00:00.000000000Z")
        );
        for text in ["2024-04-30", "yesterday", "", "0s", "2024-05-01T09:00:00Z"] {
            assert_eq!(until(text), None, "{text}");
        }
    }

    #[test]
    fn a_moment_in_the_past_is_a_day_a_moment_or_how_long_ago() {
        let now = Timestamp::from_parts(1_714_557_600, 0);
        let since = |text| since(text, now).map(|moment| moment.to_string()).ok();
        let before = |text| before(text, now).map(|moment| moment.to_string()).ok();
        assert_eq!(since("12h").as_deref(), Some("2024-04-30T22:00:00.000000000Z"));
        assert_eq!(since("2024-04-30").as_deref(), Some("2024-04-30T00:00:00.000000000Z"));
        assert_eq!(before("2024-04-30").as_deref(), Some("2024-05-01T00:00:00.000000000Z"));
        assert_eq!(
            before("2024-04-30T06:00:00Z").as_deref(),
            Some("2024-04-30T06:00:00.000000000Z")
        );
        assert_eq!((since("yesterday"), before("")), (None, None));
    }

    #[test]
    fn an_account_is_found_by_its_number() {
        let accounts = "root:x:0:0:root:/:/bin/sh\noperator:x:1000:1000::/nonexistent:/bin/sh\n";
        assert_eq!(account(accounts, 1000), Some("operator"));
        assert_eq!(account(accounts, 7), None);
    }
}
