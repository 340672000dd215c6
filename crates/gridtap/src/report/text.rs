//! Text on a terminal: clean, coloured, wrapped.

use std::borrow::Cow;

use anstyle::{AnsiColor, Color, Style};
use gridtap_model::{Severity, Timestamp};
use textwrap::{Options, WordSeparator, WordSplitter};

pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();

/// The colour of a severity. Its word stands beside it everywhere.
pub(super) fn style(severity: Severity) -> Style {
    let colour = |colour| Style::new().fg_color(Some(Color::Ansi(colour)));
    match severity {
        Severity::Critical => {
            colour(AnsiColor::BrightWhite).bg_color(Some(Color::Ansi(AnsiColor::Red))).bold()
        }
        Severity::High => colour(AnsiColor::Red).bold(),
        Severity::Medium => colour(AnsiColor::Yellow).bold(),
        Severity::Low => colour(AnsiColor::Cyan),
        Severity::Info => Style::new().dimmed(),
    }
}

/// A text with nothing in it that moves the cursor, hides or reorders what is shown: names and values can come
/// from the network.
pub(crate) fn clean(text: &str) -> String {
    let harmful = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let mut cleaned = String::with_capacity(text.len());
    for c in text.chars() {
        if harmful(c) { cleaned.extend(c.escape_default()) } else { cleaned.push(c) }
    }
    cleaned
}

/// The lines of a text of at most this width. Words with hyphens, such as names of breakers, stay whole.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    hanging(text, width, "")
}

/// A paragraph of lines of at most this width.
pub(crate) fn filled(text: &str, width: usize) -> String {
    wrapped(text, width).join("\n")
}

/// The same, with all lines but the first indented.
pub(super) fn hanging(text: &str, width: usize, indent: &str) -> Vec<String> {
    let options = Options::new(width.max(8))
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .subsequent_indent(indent);
    textwrap::wrap(text, options).into_iter().map(Cow::into_owned).collect()
}

/// A text filled up with spaces to this width.
pub(crate) fn padded(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(textwrap::core::display_width(text));
    format!("{text}{:missing$}", "")
}

/// `2024-05-01`
pub(super) fn date(time: Timestamp) -> String {
    time.to_string().chars().take(10).collect()
}

/// `10:12:03`
pub(crate) fn clock(time: Timestamp) -> String {
    time.to_string().chars().skip(11).take(8).collect()
}

/// `2024-05-01 10:12:03.123`
pub(crate) fn moment(time: Timestamp) -> String {
    let clock: String = time.to_string().chars().skip(11).take(12).collect();
    format!("{} {clock}", date(time))
}

/// The first sentence of an advice: what to check first.
pub(super) fn first_sentence(advice: &str) -> &str {
    let end = advice.match_indices(". ").map(|(at, _)| at).find(|at| {
        // Not behind an abbreviation or a number, as in "e.g. the panel".
        advice
            .get(..*at)
            .and_then(|before| before.rsplit([' ', '(']).next())
            .is_some_and(|word| !word.contains('.') && word.len() > 1)
    });
    end.and_then(|end| advice.get(..=end)).unwrap_or(advice)
}

/// `2024-05-01 10:00:00 to 10:32:10 UTC`, the second day only where it is another.
pub(crate) fn period(first: Timestamp, last: Timestamp) -> String {
    let (day, other) = (date(first), date(last));
    let end = if day == other { clock(last) } else { format!("{other} {}", clock(last)) };
    format!("{day} {} to {end} UTC", clock(first))
}
