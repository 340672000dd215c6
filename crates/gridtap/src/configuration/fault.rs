//! A setting that does not fit, in one sentence.

use std::fmt;
use std::io;
use std::path::Path;

use serde::Serialize;

/// What is wrong with a setting, and where it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    place: String,
    sentence: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.sentence)
    }
}

impl Fault {
    pub(crate) fn new(place: &str, sentence: impl Into<String>) -> Self {
        Self { place: place.to_owned(), sentence: sentence.into() }
    }

    pub(crate) fn unreadable(path: &Path, error: &io::Error) -> Self {
        let sentence = match error.kind() {
            io::ErrorKind::NotFound => "no such file".to_owned(),
            io::ErrorKind::InvalidData => "not a text file, and settings are TOML".to_owned(),
            io::ErrorKind::IsADirectory => "a directory, where a TOML file is wanted".to_owned(),
            _ => format!("cannot be read: {error}"),
        };
        Self::new(&path.display().to_string(), sentence)
    }

    /// What the text says is at an offset: `gridtap.toml:3:7`.
    pub(crate) fn place_in(path: &Path, text: &str, offset: usize) -> String {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |rest| rest.chars().count()) + 1;
        format!("{}:{line}:{column}", path.display())
    }

    /// A setting that was refused with a message of the deserialiser.
    pub(crate) fn refused<T: Default + Serialize>(place: &str, key: &str, message: &str) -> Self {
        let Some(unknown) = quoted(message, "unknown field `") else {
            if let (Some((parent, _)), true) =
                (key.rsplit_once('.'), message.starts_with("invalid type: map"))
            {
                return Self::new(
                    place,
                    format!("{key} is not a setting: {parent} is one value, with nothing below it"),
                );
            }
            return Self::new(place, format!("{key}: {}", plain(message)));
        };
        let depth = key.split('.').position(|segment| segment == unknown).unwrap_or(0);
        let prefix: String = key.split_inclusive('.').take(depth).collect();
        let mut known: Vec<String> = message
            .split('`')
            .skip(3)
            .step_by(2)
            .map(|sibling| format!("{prefix}{sibling}"))
            .collect();
        let siblings = known.join(", ");
        known.extend(keys_of::<T>());
        let sentence = match nearest(key, &known) {
            Some(near) => format!("{key} is not a setting; did you mean {near}?"),
            None if siblings.is_empty() => format!("{key} is not a setting"),
            None => format!("{key} is not a setting; there are {siblings}"),
        };
        Self::new(place, sentence)
    }
}

/// A message of the deserialiser in words: what was written, and what is wanted.
pub(crate) fn plain(message: &str) -> String {
    const KINDS: [(&str, &str); 7] = [
        ("u8", "a whole number from 0 to 255"),
        ("u16", "a whole number from 0 to 65,535"),
        ("u32", "a whole number from 0 to 4,294,967,295"),
        ("u64", "a whole number from 0 on"),
        ("usize", "a whole number from 0 on"),
        ("f64", "a number"),
        ("a boolean", "true or false"),
    ];
    let message = message.replace("invalid type: ", "").replace("invalid value: ", "");
    if let Some((found, wanted)) = message.rsplit_once(", expected ") {
        let wanted = KINDS.iter().find(|(name, _)| *name == wanted).map_or(wanted, |found| found.1);
        return format!("{found}, where {wanted} is wanted");
    }
    message
}

/// What stands between a mark and the next back-quote.
fn quoted<'a>(message: &'a str, mark: &str) -> Option<&'a str> {
    message.split_once(mark)?.1.split('`').next()
}

/// Every setting with a default, as dotted keys.
fn keys_of<T: Default + Serialize>() -> Vec<String> {
    fn walk(prefix: &str, value: &toml::Value, keys: &mut Vec<String>) {
        match value {
            toml::Value::Table(table) => {
                for (name, value) in table {
                    let key =
                        if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
                    walk(&key, value, keys);
                }
            }
            _ => keys.push(prefix.to_owned()),
        }
    }
    let mut keys = Vec::new();
    if let Ok(value) = toml::Value::try_from(T::default()) {
        walk("", &value, &mut keys);
    }
    keys
}

/// What was probably meant: the known key that differs in a few letters, else those that end in what was written.
pub(crate) fn nearest(key: &str, known: &[String]) -> Option<String> {
    let close = known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(key, known), known))
        .filter(|(distance, _)| *distance <= 3.max(key.len() / 4))
        .min_by_key(|(distance, _)| *distance);
    if let Some((_, close)) = close {
        return Some(close.clone());
    }
    let last = |key: &str| key.rsplit('.').next().map(str::to_owned);
    let ending: Vec<_> = known.iter().filter(|known| last(known) == last(key)).cloned().collect();
    (!ending.is_empty()).then(|| ending.join(" or "))
}
