//! What is wrong in a site file, in words: where it is and what would be right.

use core::fmt;

/// What is wrong in a site file. Prints as one sentence that begins with the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteError {
    line: usize,
    message: String,
}

impl SiteError {
    pub(crate) fn new(text: &str, offset: usize, message: impl Into<String>) -> Self {
        let before = text.get(..offset.min(text.len())).unwrap_or(text);
        let line = before.matches('\n').count().saturating_add(1);
        Self { line, message: message.into() }
    }

    /// The 1-based number of the line.
    #[must_use]
    pub const fn line(&self) -> usize {
        self.line
    }
}

impl fmt::Display for SiteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl core::error::Error for SiteError {}

/// What the parser found wrong, with the field that was probably meant.
pub(crate) fn of_parser(text: &str, error: &toml::de::Error) -> SiteError {
    let offset = error.span().map_or(0, |span| span.start);
    let said = error.message();
    let message = match unknown(said) {
        Some((what, wrong, known)) => {
            let meant = nearest(wrong, known.iter().copied()).map_or_else(
                || "there".to_owned(),
                |meant| format!("did you mean `{meant}`? There"),
            );
            format!("there is no {what} `{wrong}` here: {meant} are {}", known.join(", "))
        }
        None => said.replace('\n', " "),
    };
    SiteError::new(text, offset, message)
}

/// The parts of "unknown field `a`, expected one of `b`, `c`", and of the same of a variant.
fn unknown(said: &str) -> Option<(&'static str, &str, Vec<&str>)> {
    let (what, rest) = match said.strip_prefix("unknown field ") {
        Some(rest) => ("field", rest),
        None => ("value", said.strip_prefix("unknown variant ")?),
    };
    let mut quoted = rest.split('`').skip(1).step_by(2);
    Some((what, quoted.next()?, quoted.collect()))
}

/// The known word that is closest to a wrong one, where one is close.
pub(crate) fn nearest<'a>(
    wrong: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let wrong = wrong.to_lowercase();
    let scored = known
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(&wrong, &word.to_lowercase()), word));
    let (distance, word) = scored.min_by_key(|(distance, _)| *distance)?;
    let most = (wrong.chars().count().max(3)).div_ceil(3);
    (distance <= most).then_some(word)
}

/// " (did you mean \"…\"?)", or nothing.
pub(crate) fn hint<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(wrong, known).map(|word| format!(" (did you mean {word:?}?)")).unwrap_or_default()
}
