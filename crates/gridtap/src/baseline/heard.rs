//! Everything that was heard so far, in tables for a person or as JSON.

use std::io::{self, Write};
use std::path::Path;

use gridtap_api::network::{ByClass, Command, Conversation, Device, Host, Overview};
use gridtap_baseline::{Baseline, Levels, ZoneChannels};
use gridtap_model::Timestamp;
use serde::Serialize;

use super::news;
use super::show::{BOLD, line};

use crate::failure::Failure;
use crate::knowledge::{self, counted};
use crate::network;
use crate::output::Voice;
use crate::report::{clean, moment, padded};

const DIM: anstyle::Style = anstyle::Style::new().dimmed();

/// A column wider than this only moves the rest away from the eye.
const CELL_MAX: usize = 48;

/// What `baseline show --json` prints.
#[derive(Serialize)]
struct Heard<'a> {
    #[serde(flatten)]
    levels: &'a Levels,
    hosts: &'a [Host],
    devices: &'a [Device],
    conversations: &'a [Conversation],
    commands: &'a [Command],
    channels: &'a [ZoneChannels],
}

pub(super) fn show(
    baseline: &Baseline,
    directory: &Path,
    json: bool,
    voice: Voice,
) -> Result<(), Failure> {
    let levels = baseline.levels();
    let channels = baseline.channels();
    let overview = network::overview(baseline, std::iter::empty(), levels.until, usize::MAX);
    if json {
        let heard = Heard {
            levels: &levels,
            hosts: &overview.hosts,
            devices: &overview.devices,
            conversations: &overview.conversations,
            commands: &overview.commands,
            channels: &channels,
        };
        return line(&mut io::stdout().lock(), &heard);
    }
    let mut out = voice.prose();
    knowledge::write(&mut out, &levels)?;
    news::write(&mut out, &channels)?;
    lists(&mut out, &overview)?;
    if levels.since.is_some() {
        let directory = directory.display();
        writeln!(
            out,
            "\nA draft of the site file to correct: gridtap baseline draft --state {directory} > site.toml"
        )?;
        writeln!(
            out,
            "The commands with their keys, to sign off: gridtap baseline ledger --state {directory}"
        )?;
    }
    Ok(())
}

fn lists(out: &mut impl Write, overview: &Overview) -> io::Result<()> {
    let hosts = overview.hosts.iter().map(|host| {
        let role = if host.declared { host.role.to_owned() } else { format!("{}?", host.role) };
        vec![
            named(&host.address, host.name.as_deref()),
            role,
            asked(&host.classes),
            when(host.first),
            when(host.last),
            worded(host.standing),
        ]
    });
    let heading =
        ["ADDRESS", "ROLE (? GUESSED)", "ASKED FOR", "FIRST (UTC)", "LAST (UTC)", "STANDING"];
    table(out, "HOSTS", heading, hosts.collect())?;
    let devices = overview.devices.iter().map(|device| {
        vec![
            named(&device.device, device.name.as_deref()),
            asked(&device.classes),
            when(device.first),
            when(device.last),
            worded(device.standing),
        ]
    });
    let heading = ["DEVICE", "WAS ASKED FOR", "FIRST (UTC)", "LAST (UTC)", "STANDING"];
    table(out, "DEVICES", heading, devices.collect())?;
    let conversations = overview.conversations.iter().map(|row| {
        let with = match (&row.device, row.port) {
            (Some(device), _) => named(device, row.device_name.as_deref()),
            (None, Some(port)) => format!("{} {} port {port}", row.protocol, row.server),
            (None, None) => format!("{} {}", row.protocol, row.server),
        };
        vec![
            named(&row.master, row.master_name.as_deref()),
            with,
            asked(&row.classes),
            counted(row.count),
            when(Some(row.last)),
            worded(row.standing),
        ]
    });
    let heading = ["WHO", "WITH", "ASKED FOR", "COUNT", "LAST (UTC)", "STANDING"];
    table(out, "CONVERSATIONS", heading, conversations.collect())?;
    let commands = overview.commands.iter().map(|row| {
        vec![
            named(&row.master, row.master_name.as_deref()),
            named(&row.device, row.device_name.as_deref()),
            what(row),
            counted(row.count),
            when(Some(row.last)),
            clean(&row.standing_text),
        ]
    });
    let heading = ["WHO", "TO", "WHAT", "COUNT", "LAST (UTC)", "STANDING"];
    table(out, "COMMANDS AND DANGEROUS FUNCTIONS", heading, commands.collect())
}

/// What a command does, with the value that was last commanded.
fn what(command: &Command) -> String {
    let point = command.point.as_ref().map(|point| {
        let name =
            command.point_name.as_ref().map_or_else(String::new, |name| format!(" ({name})"));
        let value = command.value.as_ref().map_or_else(String::new, |value| format!(" := {value}"));
        format!("{point}{name}{value}")
    });
    let function = || command.function.as_ref().map(|function| function.replace('_', " "));
    let what = point.or_else(function).unwrap_or_default();
    clean(&format!("{} {what}", command.class))
}

fn named(address: &str, name: Option<&str>) -> String {
    name.map_or_else(|| address.to_owned(), |name| clean(&format!("{name} ({address})")))
}

fn asked(classes: &ByClass) -> String {
    let each = classes.iter().map(|(class, count)| format!("{class} {}", counted(*count)));
    let text = each.collect::<Vec<_>>().join(", ");
    if text.is_empty() { "-".to_owned() } else { text }
}

fn when(time: Option<Timestamp>) -> String {
    time.map_or_else(|| "never".to_owned(), |time| moment(time).chars().take(19).collect())
}

fn worded(standing: &str) -> String {
    match standing {
        "held" => "held back: it alarmed".to_owned(),
        "attempted" => "nobody answered".to_owned(),
        other => other.replace('_', " "),
    }
}

/// A list under its name and its number of rows; nothing where it has none.
pub(super) fn table<const N: usize>(
    out: &mut impl Write,
    name: &str,
    heading: [&str; N],
    rows: Vec<Vec<String>>,
) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let count = counted(u64::try_from(rows.len()).unwrap_or(u64::MAX));
    writeln!(out, "\n{BOLD}{name} ({count}){BOLD:#}")?;
    let mut all = vec![heading.map(str::to_owned).to_vec()];
    all.extend(rows);
    let widths: Vec<usize> = (0..N)
        .map(|column| {
            let cells = all.iter().filter_map(|cells| cells.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0).min(CELL_MAX)
        })
        .collect();
    for (nth, cells) in all.iter().enumerate() {
        let cells: Vec<String> =
            cells.iter().zip(&widths).map(|(cell, width)| padded(cell, *width)).collect();
        let text = cells.join("  ");
        match nth {
            0 => writeln!(out, "{DIM}{}{DIM:#}", text.trim_end())?,
            _ => writeln!(out, "{}", text.trim_end())?,
        }
    }
    Ok(())
}
