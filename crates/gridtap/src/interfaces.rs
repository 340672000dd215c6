//! What this machine could hear.

use std::io::{self, Write};
use std::time::Duration;

use gridtap_tap::{Counts, Interface, counts, interfaces};
use serde_json::json;

use crate::failure::Failure;
use crate::output::Voice;

/// How long it is looked how busy they are.
const WHILE: Duration = Duration::from_secs(1);

/// Lists the interfaces, and how busy each was within a second. Nothing is opened, and no right needed.
pub(crate) fn run(json: bool, voice: Voice) -> Result<(), Failure> {
    let before = interfaces()?;
    std::thread::sleep(WHILE);
    let now = |name: &str| counts(name).unwrap_or_default();
    let all: Vec<(Interface, Counts)> = before
        .into_iter()
        .map(|interface| {
            let now = now(&interface.name);
            let busy = Counts {
                packets: now.packets.saturating_sub(interface.counts.packets),
                bytes: now.bytes.saturating_sub(interface.counts.bytes),
                drops: now.drops,
            };
            (interface, busy)
        })
        .collect();
    if json { lines(&all) } else { table(&all, voice) }
}

fn lines(all: &[(Interface, Counts)]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    for (interface, busy) in all {
        let record = json!({
            "name": interface.name,
            "up": interface.is_up,
            "speed_mbit": interface.speed_mbit,
            "decoded": interface.is_decoded,
            "packets_per_second": busy.packets,
            "bytes_per_second": busy.bytes,
            "lost": busy.drops,
        });
        writeln!(out, "{record}")?;
    }
    Ok(())
}

fn table(all: &[(Interface, Counts)], voice: Voice) -> Result<(), Failure> {
    let mut out = voice.prose();
    let width = all.iter().map(|(interface, _)| interface.name.len()).max().unwrap_or(0).max(9);
    writeln!(
        out,
        "{:width$}  {:5}  {:>12}  {:>14}  {:>12}",
        "INTERFACE", "STATE", "PACKETS/S", "OCTETS/S", "LOST BY IT"
    )?;
    for (interface, busy) in all {
        let state = if interface.is_up { "up" } else { "down" };
        let remark = if interface.is_decoded { "" } else { "  its frames are not decoded" };
        writeln!(
            out,
            "{:width$}  {state:5}  {:>12}  {:>14}  {:>12}{remark}",
            interface.name, busy.packets, busy.bytes, busy.drops
        )?;
    }
    writeln!(
        out,
        "\nA mirror port has packets although nobody speaks to this machine: gridtap monitor --interface NAME"
    )?;
    Ok(())
}
