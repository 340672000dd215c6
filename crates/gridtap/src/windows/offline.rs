//! Windows for one run: a file of them, or one in words.

use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// What `--window` names, as one more file of settings: its place and its text.
pub(crate) fn of_argument(argument: &str) -> Result<(PathBuf, String), Failure> {
    let path = Path::new(argument);
    if path.is_file() {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::configuration(format!("--window {argument}: cannot be read: {error}"))
        })?;
        only_windows(argument, &text)?;
        return Ok((path.to_owned(), text));
    }
    if !argument.contains('=') {
        return Err(Failure::configuration(format!(
            "--window {argument}: there is no such file; a window in words is its keys, as {EXAMPLE}"
        )));
    }
    let text = format!("[[window]]\n{}", lines(argument)?);
    only_windows(argument, &text)?;
    Ok((PathBuf::from("--window"), text))
}

const EXAMPLE: &str = "'name = \"plan 17\", start = 2027-01-31T06:00:00+01:00, end = 2027-01-31T09:00:00+01:00, \
                       targets = [\"10.0.0.21\"], reason = \"relay test\", by = \"shift lead\"'";

/// The keys of an inline table, a line each.
fn lines(argument: &str) -> Result<String, Failure> {
    let wrong = |error: &dyn std::fmt::Display| {
        Failure::configuration(format!(
            "--window {argument}: is no file and no window ({error}); write its keys as {EXAMPLE}"
        ))
    };
    let table: toml::Table = toml::from_str(&format!("window = {{ {} }}", argument.trim()))
        .map_err(|error| wrong(&error.message()))?;
    let window = table.get("window").and_then(toml::Value::as_table).cloned().unwrap_or_default();
    toml::to_string(&window).map_err(|error| wrong(&error))
}

/// Settings of other kinds belong to `--config` and `--set`: here nobody looks for them.
fn only_windows(argument: &str, text: &str) -> Result<(), Failure> {
    // What is no TOML is told with its place when it is read.
    let Ok(table) = text.parse::<toml::Table>() else { return Ok(()) };
    match table.keys().find(|key| *key != "window") {
        None => Ok(()),
        Some(other) => Err(Failure::configuration(format!(
            "--window {argument}: {other} is no window: only [[window]] is read here, other settings with --config"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_in_words_is_one_table() {
        let (place, text) = of_argument("name = 'plan 17', targets = ['10.0.0.21']").unwrap();
        assert_eq!(place, Path::new("--window"));
        let table: toml::Table = text.parse().unwrap();
        assert_eq!(table["window"][0]["name"].as_str(), Some("plan 17"));
    }

    #[test]
    fn what_is_no_window_is_refused_with_what_would_be_right() {
        let wrong = |text| of_argument(text).unwrap_err().error.to_string();
        assert!(wrong("plan.toml").contains("there is no such file"));
        assert!(wrong("name = plan").contains("write its keys as"));
    }
}
