//! How news came over each channel, for a person.

use std::io::{self, Write};

use gridtap_baseline::{Channel, ZoneChannels};

use super::heard::table;

/// A table for each zone: what is new, how often, and how well that was foretold.
pub(super) fn write(out: &mut impl Write, zones: &[ZoneChannels]) -> io::Result<()> {
    for zone in zones {
        let name =
            if zones.len() > 1 { format!("NEWS IN {}", zone.name) } else { "NEWS".to_owned() };
        let heading = [
            "OF",
            "LEVEL",
            "IN ONE BLOCK",
            "A DAY",
            "AT MOST",
            "LAST THIRD",
            "FORETOLD",
            "AT MOST",
            "RATIO",
        ];
        table(out, &name, heading, zone.channels.iter().map(row).collect())?;
    }
    if zones.is_empty() {
        return Ok(());
    }
    writeln!(out, "What comes within one block is one piece of news, but for states of points.")?;
    writeln!(
        out,
        "AT MOST is the bound with 95 % confidence. RATIO is what came in the last third of the blocks over the most that"
    )?;
    writeln!(
        out,
        "the rest foretold for it: up to 1 the bound held; a level does not arm while the news of it is above."
    )
}

fn row(channel: &Channel) -> Vec<String> {
    let level = match (channel.level, channel.armed) {
        (Some(level), true) => format!("{level}, judges"),
        (Some(level), false) => format!("{level}, learns"),
        (None, true) => "judges".to_owned(),
        (None, false) => "learns".to_owned(),
    };
    let or_none = |number: Option<f64>| number.map_or_else(|| "-".to_owned(), rounded);
    vec![
        channel.channel.to_owned(),
        level,
        channel.once.to_string(),
        rounded(channel.novel_per_day),
        or_none(channel.novel_per_day_max),
        channel.observed.map_or_else(|| "-".to_owned(), |observed| observed.to_string()),
        or_none(channel.predicted),
        or_none(channel.predicted_max),
        or_none(channel.observed_over_predicted),
    ]
}

/// To two places below ten.
fn rounded(number: f64) -> String {
    if number < 9.995 { format!("{number:.2}") } else { format!("{number:.0}") }
}
