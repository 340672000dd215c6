//! How much is known, in words.

use std::io::{self, Write};

use anstyle::Style;
use gridtap_baseline::{LedgerEntry, Level, LevelState, Levels, PerLevel, Waiting};
use gridtap_model::{Span, Timestamp};

use crate::report::{clock, filled};
use crate::settings::Settings;

const BOLD: Style = Style::new().bold();

/// The levels with their names, coarse to fine.
pub(crate) fn each(levels: &PerLevel) -> [(&'static str, &LevelState); 5] {
    [
        ("flow", &levels.flow),
        ("function", &levels.function),
        ("address", &levels.address),
        ("point", &levels.point),
        ("value", &levels.value),
    ]
}

/// What a level is called.
pub(crate) const fn level_name(level: Level) -> &'static str {
    match level {
        Level::Flow => "flow",
        Level::Function => "function",
        Level::Address => "address",
        Level::Point => "point",
        Level::Value => "value",
        Level::Timing => "timing",
    }
}

/// How certain a command of the ledger is, in words.
pub(crate) fn standing(entry: &LedgerEntry) -> String {
    let mut words = Vec::new();
    if entry.held && entry.acceptance.is_none() {
        words.push("held back: it alarmed".to_owned());
    } else if entry.held {
        words.push("alarmed".to_owned());
    } else if entry.provisional {
        words.push("provisional".to_owned());
    } else if !entry.signed_off {
        words.push("learned".to_owned());
    }
    if entry.signed_off {
        words.push("signed off".to_owned());
    }
    if let Some(acceptance) = &entry.acceptance {
        let until = acceptance
            .until_ns
            .map_or_else(String::new, |until| format!(" until {}", Timestamp::from_nanos(until)));
        let second = acceptance.second.as_ref();
        let second = second.map_or_else(String::new, |second| format!(" and {second}"));
        words.push(format!("accepted by {}{second}{until} ({})", acceptance.by, acceptance.reason));
    }
    words.join(", ")
}

/// Whoever learns in blocks of so many seconds needs no hint that they could be shorter.
const SHORT_BLOCK_S: u64 = 10;

/// One sentence: what judges and on what evidence, or that silence is not a result yet.
pub(crate) fn sentence(levels: &Levels) -> String {
    let block = Span::from_secs(levels.block_s);
    let judging = names(levels, true);
    let learning = names(levels, false);
    if levels.since.is_none() {
        return "nothing is known yet".to_owned();
    }
    if levels.armed {
        let rest = if learning.is_empty() {
            String::new()
        } else {
            format!("; still learning: {}", learning.join(", "))
        };
        return format!("{} judge, on {} blocks of {block}{rest}", listed(&judging), levels.blocks);
    }
    let wait = [&levels.levels.flow, &levels.levels.function]
        .into_iter()
        .map(|level| level.armed_in_s)
        .max()
        .unwrap_or(0);
    let wait = if wait == 0 {
        "it has to hear a controlled device first".to_owned()
    } else {
        format!("about {} more are needed if nothing new comes", Span::from_secs(wait))
    };
    let shorter = if levels.block_s > SHORT_BLOCK_S {
        "for a short capture use shorter blocks (--set baseline.block=10s), or declare the site (--site FILE)"
    } else {
        "or declare the site (--site FILE)"
    };
    format!(
        "still learning after {} blocks of {block}: silence is not a result. {}; {shorter}",
        levels.blocks,
        capitalised(&wait)
    )
}

/// That a state goes on in the blocks it was learned in, where somebody set others.
pub(crate) fn other_block(levels: &Levels, settings: &Settings) -> Option<String> {
    let (set, learned) = (settings.baseline.block, Span::from_secs(levels.block_s));
    let asked = set != gridtap_baseline::Config::default().block;
    (levels.since.is_some() && asked && set != learned).then(|| {
        format!("the state was learned in blocks of {learned}, and goes on in them: baseline.block={set} is left aside")
    })
}

/// What a level waits for before it judges.
pub(crate) fn waits_for(level: &LevelState) -> Option<&'static str> {
    (!level.armed).then_some(match level.waits_for {
        Some(Waiting::Blocks) => "more time has to be heard",
        Some(Waiting::Weekend) => "a day of a weekend has to be heard",
        Some(Waiting::Settling) => "news still comes faster than foretold",
        Some(Waiting::Coarser) => "a coarser level has to judge first",
        None => "something has to be heard first",
    })
}

fn names(levels: &Levels, armed: bool) -> Vec<&'static str> {
    each(&levels.levels)
        .into_iter()
        .filter(|(_, level)| level.armed == armed)
        .map(|(name, _)| name)
        .collect()
}

fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}

pub(crate) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The whole account, as `baseline show` prints it.
pub(crate) fn write(out: &mut impl Write, levels: &Levels) -> io::Result<()> {
    let (Some(since), Some(until)) = (levels.since, levels.until) else {
        return writeln!(out, "Nothing was learned yet.");
    };
    writeln!(out, "Heard from {since} to {until}.")?;
    writeln!(out, "{}.", capitalised(&sentence(levels)))?;
    table(out, &levels.levels)?;
    if levels.zones.len() > 1 {
        for zone in &levels.zones {
            writeln!(out, "\nZone {} ({} blocks)", zone.name, zone.blocks)?;
            table(out, &zone.levels)?;
        }
    }
    match &levels.declared {
        Some(site) => writeln!(out, "\nDeclared in {site}."),
        None => writeln!(out, "\nNothing is declared: --site FILE adds names, devices and rules."),
    }
}

fn table(out: &mut impl Write, levels: &PerLevel) -> io::Result<()> {
    let heading =
        "LEVEL      JUDGES      KEYS   BLOCKS   NEWS A DAY   AT MOST   ARMS IN   WAITS FOR";
    writeln!(out, "\n{BOLD}{heading}{BOLD:#}")?;
    let all = each(levels).into_iter().chain([("timing", &levels.timing)]);
    for (name, level) in all {
        let judges = if level.armed { "yes" } else { "not yet" };
        let most =
            level.novel_per_day_max.map_or_else(|| "-".to_owned(), |max| format!("{max:.2}"));
        let wait = match (level.armed, level.armed_in_s) {
            (true, _) => String::new(),
            (false, 0) => "-".to_owned(),
            (false, seconds) => Span::from_secs(seconds).to_string(),
        };
        let row = format!(
            "{name:<9}  {judges:<7}  {:>7}  {:>7}  {:>11.2}  {most:>8}   {wait:<7}   {}",
            level.keys,
            level.blocks,
            level.novel_per_day,
            waits_for(level).unwrap_or_default()
        );
        writeln!(out, "{}", row.trim_end())?;
    }
    Ok(())
}

/// A number with its thousands apart: `1,234,567`.
pub(crate) fn counted(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (nth, digit) in digits.chars().enumerate() {
        if nth > 0 && (digits.len() - nth).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What is known, as a paragraph of a report: in bold where silence is not a result. `armed` is when it began to
/// judge, where that was in this run.
pub(crate) fn paragraph(
    out: &mut impl Write,
    levels: &Levels,
    armed: Option<Timestamp>,
    width: usize,
) -> io::Result<()> {
    let text = capitalised(&sentence(levels));
    if !levels.armed {
        writeln!(out, "{BOLD}{}{BOLD:#}", filled(&format!("{text}."), width))?;
    } else if let Some(armed) = armed {
        let text = format!("{text}. Judged from {} UTC on.", clock(armed));
        writeln!(out, "{}", filled(&text, width))?;
    } else {
        writeln!(out, "{}", filled(&format!("{text}."), width))?;
    }
    let known = format!(
        "Known: {} hosts, devices and conversations, {} functions, {} address ranges, {} commanded points.",
        counted(levels.levels.flow.keys),
        counted(levels.levels.function.keys),
        counted(levels.levels.address.keys),
        counted(levels.levels.point.keys)
    );
    writeln!(out, "{}", filled(&known, width))
}

#[cfg(test)]
mod tests;
