//! What was told, in the lines that `ipal-evaluate` reads, in the order of time: `id`, `timestamp`, `malicious`, `ids`; with
//! them what the message is, in the fields of IPAL's transcriber, and in `alerts` the detections. A frame that holds no
//! message and was told of has a line without those fields.
//!
//! Beside them, in a file of its own, the attacks: `id`, `start`, `end`.

use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result};

use super::weighed::{Line, Scored};

/// Writes the messages of all captures, and beside them (`FILE.attacks.json`) the attacks.
///
/// # Errors
/// A file cannot be written.
pub fn write(scored: &[Scored], file: &Path) -> Result<()> {
    let name = file.display();
    let mut lines: Vec<&Line> = scored.iter().flat_map(|own| &own.lines).collect();
    lines.sort_by_key(|line| line.time);
    let create = |file: &Path| {
        let file = std::fs::File::create(file);
        file.map(BufWriter::new).with_context(|| format!("cannot write {name}"))
    };
    let mut out = create(file)?;
    for (id, line) in lines.into_iter().enumerate() {
        let second = line.time.div_euclid(1_000_000_000);
        let micros = line.time.rem_euclid(1_000_000_000) / 1_000;
        write!(out, "{{\"id\":{id},\"timestamp\":{second}.{micros:06}")?;
        for (key, value) in &line.fields {
            write!(out, ",\"{key}\":{value}")?;
        }
        let alerts: Vec<&str> = line.told.iter().copied().collect();
        writeln!(
            out,
            ",\"malicious\":{},\"ids\":{},\"alerts\":{}}}",
            line.malicious,
            !alerts.is_empty(),
            serde_json::to_string(&alerts)?
        )?;
    }
    out.flush()?;
    let mut attacks: Vec<&(String, f64, f64)> =
        scored.iter().flat_map(|own| &own.attacks).collect();
    attacks.sort_by(|one, other| one.1.total_cmp(&other.1));
    let attacks: Vec<serde_json::Value> = attacks
        .into_iter()
        .enumerate()
        .map(|(nth, (kind, start, end))| {
            serde_json::json!({
                "id": (nth + 1).to_string(), "description": kind, "attack_point": [], "start": start, "end": end,
            })
        })
        .collect();
    let mut beside = file.as_os_str().to_owned();
    beside.push(".attacks.json");
    serde_json::to_writer_pretty(create(Path::new(&beside))?, &attacks)?;
    Ok(())
}
