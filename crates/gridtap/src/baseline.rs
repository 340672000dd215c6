//! Looking at what was learned, and deciding about it.

mod carried;
mod decide;
mod heard;
mod news;
mod replay;
mod show;
mod signature;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use gridtap_baseline::{Baseline, Row};
use gridtap_store::Store;

use crate::arguments;
use crate::failure::{Exit, Failure};
use crate::output::Voice;
use crate::settings::Settings;
use crate::state;

/// Runs one of the commands.
pub(crate) fn run(
    command: &arguments::Baseline,
    settings: &Settings,
    voice: Voice,
) -> Result<Exit, Failure> {
    use arguments::Baseline as Command;
    match command {
        Command::Show { state, json } => {
            let directory = &state.directory;
            heard::show(&known(directory, settings)?, directory, *json, voice)?;
        }
        Command::Ledger { state, json } => {
            show::ledger(&known(&state.directory, settings)?, *json, voice)?;
        }
        Command::Export { state, json, to: None, .. } => {
            show::export(&rows(&state.directory)?, *json)?;
        }
        Command::Export { state, to: Some(to), sign_with, .. } => {
            carried::write(&state.directory, to, sign_with.as_deref(), voice)?;
        }
        Command::Import { file, signed_by, unsigned: _, replace, dry_run, json, by, state } => {
            let import = carried::Import {
                file,
                signed_by: signed_by.as_deref(),
                replace: *replace,
                dry_run: *dry_run,
                json: *json,
                by: by.as_deref(),
            };
            carried::import(&state.directory, settings, &import, voice)?;
        }
        Command::Replay { change, json, state } => {
            replay::replay(&state.directory, settings, change, *json, voice)?;
        }
        Command::Draft { state } => {
            let draft = known(&state.directory, settings)?.draft_of_site();
            std::io::Write::write_all(&mut std::io::stdout().lock(), draft.as_bytes())?;
        }
        Command::Diff { state, other, json } => {
            let mine = rows(&state.directory)?;
            show::diff(&mine, &rows_of(other, &mine, *json)?, *json, voice)?;
        }
        Command::Accept { key, reason, until, by, state } => {
            let typed = decide::Typed { key, reason, by: by.as_deref() };
            decide::accept(&state.directory, settings, &typed, until, voice)?;
        }
        Command::SignOff { key, reason, by, state } => {
            let typed = decide::Typed { key, reason, by: by.as_deref() };
            decide::sign_off(&state.directory, settings, &typed, voice)?;
        }
    }
    Ok(Exit::Done)
}

/// The baseline of a state.
fn known(directory: &Path, settings: &Settings) -> Result<Baseline, Failure> {
    let store = Store::read(directory)?;
    restored(&store, settings)
}

fn restored(store: &Store, settings: &Settings) -> Result<Baseline, Failure> {
    let mut baseline = Baseline::new(settings.baseline.clone(), settings.site()?);
    state::restore(store, &mut baseline)?;
    Ok(baseline)
}

/// The learned keys of a state.
fn rows(directory: &Path) -> Result<Vec<Row>, Failure> {
    state::rows(&Store::read(directory)?)
}

/// The learned keys of another state, or of a file that `baseline export` wrote. Its text names the keys alone:
/// those that are `mine` too count as equal.
fn rows_of(other: &Path, mine: &[Row], json: bool) -> Result<Vec<Row>, Failure> {
    if other.is_dir() {
        return rows(other);
    }
    let text = fs::read_to_string(other).map_err(|error| {
        Failure::usage(format!(
            "{}: {error}; wanted is a state directory, or a file that `gridtap baseline export` wrote",
            other.display()
        ))
    })?;
    let lines = (1_usize..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    // Of a carried baseline the first line is no key.
    let is_head = |line: &&str| carried::is_head(line);
    let lines = lines.filter(|(_, line)| !is_head(line));
    let is_json = text.trim_start().starts_with('{');
    if json && !is_json {
        return Err(Failure::usage(format!(
            "{}: names keys alone, and --json needs what is known of them: write it with `gridtap baseline export --json`",
            other.display()
        )));
    }
    let known: BTreeMap<&str, &Row> = mine.iter().map(|row| (row.key.as_str(), row)).collect();
    lines
        .map(|(number, line)| {
            if is_json {
                return serde_json::from_str(line).map_err(|error| {
                    Failure::usage(format!(
                        "{}:{number}: not a line of `gridtap baseline export --json`: {error}",
                        other.display()
                    ))
                });
            }
            if !line.contains('|') {
                return Err(Failure::usage(format!(
                    "{}:{number}: not a key; wanted is a state directory, or a file that `gridtap baseline export` wrote",
                    other.display()
                )));
            }
            Ok(known.get(line).map_or_else(|| Row::named(line), |row| Row::clone(row)))
        })
        .collect()
}
