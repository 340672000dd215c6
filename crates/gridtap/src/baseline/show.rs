//! What was learned, for a person or as JSON.

use std::io::{self, BufWriter, Write};

use anstyle::Style;
use gridtap_baseline::{Baseline, Difference, LedgerEntry, Row, diff as differences};
use serde_json::json;

use crate::failure::Failure;
use crate::knowledge;
use crate::output::Voice;

pub(super) const BOLD: Style = Style::new().bold();

pub(super) fn ledger(baseline: &Baseline, json: bool, voice: Voice) -> Result<(), Failure> {
    let entries = baseline.ledger();
    if json {
        let mut out = BufWriter::new(io::stdout().lock());
        for entry in &entries {
            line(&mut out, &record(entry))?;
        }
        out.flush()?;
        return Ok(());
    }
    let mut out = voice.prose();
    if entries.is_empty() {
        writeln!(out, "No command was learned.")?;
        return Ok(());
    }
    for entry in &entries {
        let point = entry.point.as_ref().map_or_else(
            || entry.function.replace('_', " "),
            |point| match point.value {
                Some(value) => format!("{point} (last := {value})"),
                None => point.to_string(),
            },
        );
        writeln!(
            out,
            "{BOLD}{} → {}: {} {point}{BOLD:#}",
            entry.master, entry.device, entry.class
        )?;
        writeln!(
            out,
            "  {}; {} times in {} blocks, first {}, last {}",
            knowledge::standing(entry),
            entry.count,
            entry.blocks,
            entry.first,
            entry.last
        )?;
        writeln!(out, "  {}", entry.key)?;
    }
    let waiting = entries.iter().filter(|entry| entry.provisional && !entry.held).count();
    let held = entries.iter().filter(|entry| entry.held).count();
    writeln!(
        out,
        "\n{} commands; {waiting} provisional (heard in one block: sign off what is right), {held} held back (alarmed: accept what is right).",
        entries.len()
    )?;
    Ok(())
}

fn record(entry: &LedgerEntry) -> serde_json::Value {
    let point = entry.point.as_ref().map(ToString::to_string);
    let value = entry.point.as_ref().and_then(|point| point.value).map(|value| value.to_string());
    let mut record = json!({
        "key": entry.key,
        "zone": entry.zone.0,
        "master": entry.master.to_string(),
        "device": entry.device.to_string(),
        "class": entry.class.name(),
        "function": (!entry.function.is_empty()).then_some(&entry.function),
        "point": point,
        "value": value,
        "first": entry.first,
        "last": entry.last,
        "count": entry.count,
        "blocks": entry.blocks,
        "provisional": entry.provisional,
        "held": entry.held,
        "signed_off": entry.signed_off,
        "acceptance": entry.acceptance,
    });
    if let Some(fields) = record.as_object_mut() {
        // What does not apply is left out.
        fields.retain(|_, value| !value.is_null());
    }
    record
}

pub(super) fn export(rows: &[Row], json: bool) -> Result<(), Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    for row in rows {
        if json {
            line(&mut out, row)?;
        } else {
            writeln!(out, "{}", row.key)?;
        }
    }
    out.flush()?;
    Ok(())
}

pub(super) fn diff(before: &[Row], after: &[Row], json: bool, voice: Voice) -> Result<(), Failure> {
    let differences = differences(before, after);
    if json {
        let mut out = BufWriter::new(io::stdout().lock());
        for difference in &differences {
            line(&mut out, difference)?;
        }
        out.flush()?;
        return Ok(());
    }
    let mut out = voice.prose();
    listed(&differences, &mut out)?;
    if differences.is_empty() {
        writeln!(out, "Both know the same {} keys.", before.len())?;
    }
    Ok(())
}

/// A line for each key that differs.
pub(super) fn listed(differences: &[Difference], out: &mut impl Write) -> Result<(), Failure> {
    for difference in differences {
        match difference {
            Difference::Added(row) => writeln!(out, "+ {}", row.key)?,
            Difference::Removed(row) => writeln!(out, "- {}", row.key)?,
            Difference::Changed { after, .. } => writeln!(out, "~ {}", after.key)?,
        }
    }
    Ok(())
}

pub(super) fn line(out: &mut impl Write, value: &impl serde::Serialize) -> Result<(), Failure> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")?;
    Ok(())
}
