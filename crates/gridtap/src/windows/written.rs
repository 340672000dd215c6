//! The file of one window.

use std::path::{Path, PathBuf};

use gridtap_model::Timestamp;
use serde::Serialize;

use super::moment::Times;
use super::sort_name;
use crate::arguments::AddWindow;
use crate::failure::Failure;
use crate::planned::{Moment, Sort, Window};

/// What a file begins with that no person wrote.
const MARK: &str = "# Written by `gridtap windows add`";
/// Characters of a file's name that are of the window's.
const NAME_MAX: usize = 48;

/// A window as a file has it: times with the offset that they were meant with.
#[derive(Serialize)]
struct Entry<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    sort: &'a str,
    start: &'a str,
    end: &'a str,
    #[serde(skip_serializing_if = "no_more")]
    sources: &'a [String],
    #[serde(skip_serializing_if = "no_more")]
    targets: &'a [String],
    #[serde(skip_serializing_if = "no_more")]
    points: &'a [String],
    #[serde(skip_serializing_if = "no_more")]
    kinds: &'a [String],
    reason: &'a str,
    by: &'a str,
}

#[derive(Serialize)]
struct Whole<'a> {
    window: [Entry<'a>; 1],
}

fn no_more(list: &&[String]) -> bool {
    list.is_empty()
}

/// The file of a window that is declared now.
pub(super) fn file(
    add: &AddWindow,
    times: &Times,
    who: &str,
    now: Timestamp,
) -> Result<String, Failure> {
    let sort = match Sort::from(add.sort) {
        Sort::Maintenance => "maintenance",
        Sort::Switching => "switching",
    };
    let entry = Entry {
        name: add.name.trim(),
        sort,
        start: &times.start,
        end: &times.end,
        sources: &add.source,
        targets: &add.target,
        points: &add.point,
        kinds: &add.kind,
        reason: &add.reason,
        by: who,
    };
    text(entry, &format!("at {now}; `gridtap windows end` ends it."))
}

/// The file of a window that ends now.
pub(super) fn ended(window: &Window, now: Timestamp, who: &str) -> Result<String, Failure> {
    let told = |moment: Option<Moment>| moment.map_or_else(String::new, |it| it.to_string());
    let (start, end) = (told(window.start), now.to_string());
    let entry = Entry {
        name: &window.name,
        sort: sort_name(window),
        start: &start,
        end: &end,
        sources: &window.sources,
        targets: &window.targets,
        points: &window.points,
        kinds: &window.kinds,
        reason: &window.reason,
        by: &window.by,
    };
    text(entry, &format!("and ended by {who}; it would have gone on until {}.", told(window.end)))
}

fn text(entry: Entry<'_>, remark: &str) -> Result<String, Failure> {
    let table = toml::to_string(&Whole { window: [entry] })
        .map_err(|error| Failure::usage(format!("the window cannot be written: {error}")))?;
    // A line break in a name would end the remark.
    let remark: String = remark.chars().filter(|each| !each.is_control()).collect();
    Ok(format!("{MARK} {remark}\n{table}"))
}

/// A file of a folder that is not there yet, named after a window.
pub(super) fn free_name(folder: &Path, window: &str) -> PathBuf {
    let plain =
        |each: char| if each.is_ascii_alphanumeric() { each.to_ascii_lowercase() } else { '-' };
    let name: String = window.trim().chars().take(NAME_MAX).map(plain).collect();
    let path = folder.join(format!("window-{name}.toml"));
    let others = (2_u32..).map(|nth| folder.join(format!("window-{name}-{nth}.toml")));
    core::iter::once(path).chain(others).find(|path| !path.exists()).unwrap_or_default()
}

/// Whether a file is one that was written here, of this window and no other.
pub(super) fn is_of(path: &Path, name: &str) -> bool {
    let Ok(text) = std::fs::read_to_string(path) else { return false };
    let Ok(table) = text.parse::<toml::Table>() else { return false };
    let only = table.get("window").and_then(toml::Value::as_array).map(Vec::as_slice);
    text.starts_with(MARK)
        && table.len() == 1
        && matches!(only, Some([window]) if window.get("name").and_then(toml::Value::as_str) == Some(name))
}
