//! A baseline carried as text: written in a stable order with a signature beside it, and taken in whole after its
//! signature was checked and what it would change was told.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use gridtap_baseline::{Baseline, Difference, FORMAT, Meta, Row, diff as differences};
use gridtap_store::{Store, StoreError, write_whole};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::show::line;
use super::signature;
use crate::failure::{Exit, Failure};
use crate::output::Voice;
use crate::settings::Settings;
use crate::{person, state};

/// The first line of the file: what the baseline keeps beside its keys.
#[derive(Serialize, Deserialize)]
struct Head {
    gridtap_baseline: u32,
    state: Box<RawValue>,
}

/// Whether a line is the first one of a carried baseline.
pub(super) fn is_head(line: &str) -> bool {
    line.starts_with("{\"gridtap_baseline\":")
}

/// What is taken in, from which file, and how.
pub(super) struct Import<'a> {
    pub file: &'a Path,
    pub signed_by: Option<&'a Path>,
    pub replace: bool,
    pub dry_run: bool,
    pub json: bool,
    pub by: Option<&'a str>,
}

/// Writes the baseline of a state to a file, a line a key, and its signature beside it.
pub(super) fn write(
    directory: &Path,
    to: &Path,
    key: Option<&Path>,
    voice: Voice,
) -> Result<(), Failure> {
    let store = Store::read(directory)?;
    let Some((format, text)) = store.baseline_state()? else {
        return Err(Failure::usage(format!(
            "the state in {} has learned nothing yet: there is nothing to export",
            directory.display()
        )));
    };
    let head = Head { gridtap_baseline: format, state: RawValue::from_string(text)? };
    let mut content = Vec::new();
    line(&mut content, &head)?;
    let rows = store.baseline_rows()?;
    for (_, row) in &rows {
        content.extend_from_slice(row.as_bytes());
        content.push(b'\n');
    }
    let signature = key.map(|key| signature::sign(key, &content)).transpose()?;
    let cannot = |path: &Path, error: &io::Error| Failure {
        exit: Exit::Failure,
        error: anyhow::anyhow!("{}: cannot be written: {error}", path.display()),
    };
    write_whole(to, &content).map_err(|error| cannot(to, &error))?;
    let mut out = voice.prose();
    let keys = rows.len();
    let Some(signature) = signature else {
        // One of another content would be taken for its own.
        match std::fs::remove_file(signature::beside(to)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(cannot(&signature::beside(to), &error));
            }
            _ => {}
        }
        writeln!(out, "{keys} keys in {}, not signed (--sign-with signs).", to.display())?;
        return Ok(());
    };
    let beside = signature::beside(to);
    write_whole(&beside, signature.as_bytes()).map_err(|error| cannot(&beside, &error))?;
    writeln!(out, "{keys} keys in {}, their signature in {}.", to.display(), beside.display())?;
    Ok(())
}

/// Takes a carried baseline in, in the place of what a state knows.
pub(super) fn import(
    directory: &Path,
    settings: &Settings,
    import: &Import<'_>,
    voice: Voice,
) -> Result<(), Failure> {
    let content = std::fs::read(import.file)
        .map_err(|error| Failure::usage(format!("{}: {error}", import.file.display())))?;
    if let Some(key) = import.signed_by {
        signature::check(key, import.file, &content)?;
    }
    let (format, text, rows) = parsed(import.file, &content)?;
    let meta: Meta = serde_json::from_str(&text).map_err(|error| wrong(import.file, 1, &error))?;
    // What a start would refuse is refused here.
    let mut baseline = Baseline::new(settings.baseline.clone(), settings.site()?);
    baseline
        .restore(Some(meta), &rows)
        .map_err(|error| Failure::usage(format!("{}: {error}", import.file.display())))?;
    let there = directory.join("gridtap.db").exists();
    let mine = if there { state::rows(&Store::read(directory)?)? } else { Vec::new() };
    let changes = differences(&mine, &rows);
    report(&changes, import, voice)?;
    let mut out = voice.prose();
    let tally = tally(&changes);
    if import.dry_run {
        if !import.json {
            writeln!(out, "It would {tally}. Nothing was changed.")?;
        }
        return Ok(());
    }
    if !mine.is_empty() && !import.replace {
        return Err(Failure::usage(format!(
            "the state in {} knows {} keys already: --replace puts these in their place (it would {tally}; --dry-run lists what)",
            directory.display(),
            mine.len()
        )));
    }
    let who = person::named(import.by)?;
    let mut store =
        Store::open(directory, person::now()).map_err(|error| in_use(directory, error))?;
    let mut batch = store.batch(person::now())?;
    for change in &changes {
        if let Difference::Removed(row) = change {
            batch.forget_baseline_row(&row.key)?;
        }
    }
    for row in &rows {
        batch.baseline_row(&row.key, &serde_json::to_string(row)?)?;
    }
    batch.baseline_state(format, &text)?;
    let signed = import.signed_by.map_or_else(
        || "unsigned".to_owned(),
        |key| format!("signed by the key in {}", key.display()),
    );
    let subject = import.file.display().to_string();
    batch.audit(&person::audited(
        &who,
        "baseline import",
        &subject,
        &format!("{signed}: {tally}"),
    ))?;
    batch.commit()?;
    if !import.json {
        writeln!(out, "Imported by {who}: {} keys; it did {tally}.", rows.len())?;
    }
    Ok(())
}

/// The format, what is kept beside the keys, and the keys.
fn parsed(file: &Path, content: &[u8]) -> Result<(u32, String, Vec<Row>), Failure> {
    let text = std::str::from_utf8(content).map_err(|error| wrong(file, 1, &error))?;
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let head: Head = serde_json::from_str(first).map_err(|_| {
        wrong(file, 1, &"wanted is a file that `gridtap baseline export --to` wrote")
    })?;
    if head.gridtap_baseline > FORMAT {
        let sentence = format!(
            "in form {}, and this gridtap reads up to {FORMAT}: use the newer version",
            head.gridtap_baseline
        );
        return Err(wrong(file, 1, &sentence));
    }
    let lines = (2_usize..).zip(rest.lines()).filter(|(_, line)| !line.trim().is_empty());
    let rows: Result<Vec<Row>, Failure> = lines
        .map(|(number, line)| {
            serde_json::from_str(line).map_err(|error| wrong(file, number, &error))
        })
        .collect();
    Ok((head.gridtap_baseline, head.state.get().to_owned(), rows?))
}

fn wrong(file: &Path, number: usize, cause: &dyn std::fmt::Display) -> Failure {
    Failure::usage(format!("{}:{number}: {cause}; nothing was imported", file.display()))
}

/// A running gridtap would write over what was imported beside it.
fn in_use(directory: &Path, error: StoreError) -> Failure {
    let StoreError::InUse { process, .. } = &error else { return error.into() };
    Failure {
        exit: Exit::Store,
        error: anyhow::anyhow!(
            "a running gridtap (process {process}) has the state in {}: stop it (`systemctl stop gridtap`), import, and start it",
            directory.display()
        ),
    }
}

/// What would change, a line a key, what people decided last.
fn report(changes: &[Difference], import: &Import<'_>, voice: Voice) -> Result<(), Failure> {
    if import.json {
        let mut out = BufWriter::new(io::stdout().lock());
        for change in changes {
            line(&mut out, change)?;
        }
        out.flush()?;
        return Ok(());
    }
    if !import.dry_run {
        return Ok(());
    }
    super::show::listed(changes, &mut voice.prose())
}

/// `add 3 keys, take out 1 and change 2 decisions`.
fn tally(changes: &[Difference]) -> String {
    let count = |is: fn(&Difference) -> bool| changes.iter().filter(|change| is(change)).count();
    let added = count(|change| matches!(change, Difference::Added(_)));
    let removed = count(|change| matches!(change, Difference::Removed(_)));
    let changed = count(|change| matches!(change, Difference::Changed { .. }));
    format!("add {added} keys, take out {removed} and change what was decided about {changed}")
}
