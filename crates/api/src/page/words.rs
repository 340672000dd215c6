//! Moments, lengths of time and other people's text, as a page has them.

use gridtap_model::{Severity, State, Timestamp};

/// A text with nothing in it that hides or reorders what is shown: names and values can come from the network.
pub(super) fn clean(text: &str) -> String {
    let harmful = |letter: char| {
        letter.is_control() && letter != '\n'
            || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let mut cleaned = String::with_capacity(text.len());
    for letter in text.chars() {
        if harmful(letter) {
            cleaned.extend(letter.escape_default());
        } else {
            cleaned.push(letter);
        }
    }
    cleaned
}

/// A text as a value in the query of an address.
pub(super) fn encoded(text: &str) -> String {
    let pair = serde_urlencoded::to_string([("", text)]).unwrap_or_default();
    pair.trim_start_matches('=').to_owned()
}

/// A moment: for people in UTC to the second, and for machines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) exact: String,
    pub(super) text: String,
}

impl Moment {
    pub(super) fn of(time: Timestamp) -> Self {
        let exact = time.to_string();
        let day: String = exact.chars().take(10).collect();
        let clock: String = exact.chars().skip(11).take(8).collect();
        Self { text: format!("{day} {clock} UTC"), exact }
    }

    /// With the milliseconds, as a capture has them.
    pub(super) fn precise(time: Timestamp) -> Self {
        let exact = time.to_string();
        let day: String = exact.chars().take(10).collect();
        let clock: String = exact.chars().skip(11).take(12).collect();
        Self { text: format!("{day} {clock} UTC"), exact }
    }
}

/// A length of time in its two largest units: `2 h 10 min`.
pub(super) fn length(seconds: u64) -> String {
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
    let (minutes, rest) = (seconds / 60 % 60, seconds % 60);
    let two = |one: u64, unit: &str, other: u64, smaller: &str| match other {
        0 => format!("{one} {unit}"),
        other => format!("{one} {unit} {other} {smaller}"),
    };
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{rest} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, ..) => two(hours, "h", minutes, "min"),
        (1..30, ..) => two(days, "d", hours, "h"),
        _ => format!("{days} d"),
    }
}

/// How long ago a moment was.
pub(super) fn ago(now: Timestamp, then: Timestamp) -> String {
    length(now.since_ns(then) / 1_000_000_000)
}

/// `1 anomaly`, `2 anomalies`.
pub(super) fn counted(count: u64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

/// A state in words.
pub(super) const fn state(state: State) -> &'static str {
    match state {
        State::UnacknowledgedActive => "Unacknowledged, active",
        State::UnacknowledgedCleared => "Unacknowledged, over",
        State::AcknowledgedActive => "Acknowledged, active",
        State::Cleared => "Acknowledged, over",
        State::Closed => "Closed",
    }
}

/// The kind of mark that stands beside a state.
pub(super) const fn mark(state: State) -> &'static str {
    match state {
        State::UnacknowledgedActive | State::UnacknowledgedCleared => "unacknowledged",
        State::AcknowledgedActive | State::Cleared => "acknowledged",
        State::Closed => "closed",
    }
}

/// `3 unacknowledged: 1 critical, 2 high`, the worst first.
pub(super) fn tally(counts: &[(Severity, u64)]) -> String {
    let told: Vec<String> = Severity::ALL
        .iter()
        .rev()
        .filter_map(|severity| {
            let count: u64 =
                counts.iter().filter(|(each, _)| each == severity).map(|(_, count)| count).sum();
            (count > 0).then(|| format!("{count} {severity}"))
        })
        .collect();
    told.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_told_in_its_two_largest_units() {
        let told = [0, 59, 60, 3599, 3600, 3660, 86_400, 90_000, 40 * 86_400].map(length);
        assert_eq!(
            told,
            ["0 s", "59 s", "1 min", "59 min", "1 h", "1 h 1 min", "1 d", "1 d 1 h", "40 d"]
        );
    }

    #[test]
    fn what_hides_or_reorders_is_shown_as_what_it_is() {
        assert_eq!(clean("rtu\u{202e}x\u{0}\u{200b} ok\n"), "rtu\\u{202e}x\\u{0}\\u{200b} ok\n");
    }

    #[test]
    fn a_path_is_one_value_of_a_query() {
        assert_eq!(encoded("/a?b=c&d=\u{fc}"), "%2Fa%3Fb%3Dc%26d%3D%C3%BC");
    }

    #[test]
    fn counts_are_told_worst_first_and_zeros_not_at_all() {
        let counts = [(Severity::Low, 2), (Severity::Critical, 1), (Severity::Low, 1)];
        assert_eq!(tally(&counts), "1 critical, 3 low");
    }
}
