//! Every command that was heard: who did what, when, and what came of it.

use std::io::{self, BufWriter, Write};

use anstyle::Style;
use gridtap_store::{CommandFilter, CommandRow};
use serde_json::Value;

use crate::arguments::Commands;
use crate::failure::Failure;
use crate::knowledge::counted;
use crate::output::Voice;
use crate::report::{clean, moment};
use crate::{person, state};

const BOLD: Style = Style::new().bold();

/// How many rows are shown where nobody says how many.
const ROWS: u32 = 100;
/// How many are read at once.
const PART: u32 = 1000;

pub(crate) fn run(wanted: &Commands, voice: Voice) -> Result<(), Failure> {
    let store = state::read(&wanted.state.directory)?;
    let now = person::now();
    let mut filter = CommandFilter {
        device: wanted.device.clone(),
        source: wanted.master.clone(),
        since: wanted.since.as_deref().map(|text| person::since(text, now)).transpose()?,
        until: wanted.until.as_deref().map(|text| person::before(text, now)).transpose()?,
        before: None,
    };
    let mut left = wanted.limit.unwrap_or(if wanted.json { u32::MAX } else { ROWS });
    let mut out = BufWriter::new(voice.prose());
    let mut is_any = false;
    while left > 0 {
        let part = left.min(PART);
        let found = store.commands(&filter, part)?;
        let count = u32::try_from(found.len()).unwrap_or(u32::MAX);
        for row in &found {
            is_any = true;
            if wanted.json { object(row)? } else { line(&mut out, row)? }
        }
        left = left.saturating_sub(count);
        match found.last() {
            Some(last) if count == part => filter.before = Some(last.sequence),
            _ => break,
        }
    }
    if !is_any && !wanted.json {
        writeln!(out, "No command was heard that is as asked for. A service writes them down.")?;
    }
    out.flush()?;
    Ok(())
}

fn object(row: &CommandRow) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(row.command.record.as_bytes())?;
    out.write_all(b"\n")?;
    Ok(())
}

fn line(out: &mut impl Write, row: &CommandRow) -> Result<(), Failure> {
    let record: Value = serde_json::from_str(&row.command.record)?;
    let text = |name: &str| clean(record.get(name).and_then(Value::as_str).unwrap_or_default());
    let at = moment(row.command.time);
    if let Some(count) = record.get("left_out").and_then(Value::as_u64) {
        writeln!(out, "{at} UTC  {} commands of this second had no room here", counted(count))?;
        return Ok(());
    }
    let device = match text("device_name") {
        name if name.is_empty() => text("device"),
        name => format!("{name} ({})", text("device")),
    };
    writeln!(
        out,
        "{at} UTC  {BOLD}{}{BOLD:#} {} → {device}: {}",
        text("class"),
        text("master"),
        what(&record)
    )?;
    let refusal = match text("refusal") {
        reason if reason.is_empty() => String::new(),
        reason => format!(": {reason}"),
    };
    let anomaly = match text("anomaly") {
        id if id.is_empty() => String::new(),
        id => format!(", anomaly {}", id.get(..8).unwrap_or(&id)),
    };
    let frame = record.get("frame").and_then(Value::as_u64).unwrap_or_default();
    writeln!(out, "    {}{refusal}, frame {frame}{anomaly}", text("outcome"))?;
    Ok(())
}

/// The function and its points: `write single coil: 52-1 trip (coil 2) := on`.
fn what(record: &Value) -> String {
    let function = record.get("function").and_then(Value::as_str).unwrap_or_default();
    let phase = match record.get("phase").and_then(Value::as_str) {
        Some("select") => " (select)",
        Some("operate") => " (operate)",
        _ => "",
    };
    let points = record.get("points").and_then(Value::as_array).into_iter().flatten();
    let points: Vec<String> = points.map(point).collect();
    let more = match record.get("points_left_out").and_then(Value::as_u64) {
        Some(count) => format!(" and {} more", counted(count)),
        None => String::new(),
    };
    let list = if points.is_empty() { String::new() } else { format!(": {}", points.join(", ")) };
    format!("{}{phase}{}{more}", clean(&function.replace('_', " ")), clean(&list))
}

fn point(point: &Value) -> String {
    let text = |name: &str| point.get(name).and_then(Value::as_str);
    let address = text("point").unwrap_or_default();
    let name = match text("name") {
        Some(name) => format!("{name} ({address})"),
        None => address.to_owned(),
    };
    match (text("meaning"), text("value")) {
        (Some(meaning), Some(value)) if meaning != value => {
            format!("{name} := {meaning} (raw {value})")
        }
        (_, Some(value)) => format!("{name} := {value}"),
        _ => name,
    }
}
