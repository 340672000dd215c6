//! What is declared, and what it suppressed.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use gridtap_model::{Severity, Span, Timestamp};
use gridtap_store::{Filter, Page};
use serde_json::json;

use super::sort_name;
use crate::configuration::{Layered, Step};
use crate::failure::Failure;
use crate::output::{Voice, width};
use crate::planned::Window;
use crate::settings::Settings;
use crate::{person, planned, state};

/// Anomalies that are read at once.
const PAGE: u32 = 500;

/// How a window stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    Running,
    Coming,
    Past,
}

impl Standing {
    fn of(window: &Window, now: Timestamp) -> Self {
        let (start, end) = (
            window.start.map(planned::Moment::timestamp),
            window.end.map(planned::Moment::timestamp),
        );
        match (start.is_some_and(|start| start <= now), end.is_some_and(|end| end <= now)) {
            (_, true) => Self::Past,
            (true, false) => Self::Running,
            (false, false) => Self::Coming,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Coming => "coming",
            Self::Past => "past",
        }
    }
}

/// Prints what is declared: what runs first, then what is to come, what is over last.
pub(super) fn list(
    layered: &Layered<Settings>,
    directory: Option<&Path>,
    running: bool,
    json: bool,
    voice: Voice,
) -> Result<(), Failure> {
    let now = person::now();
    let mut windows: Vec<(Standing, &Window)> = layered
        .settings
        .window
        .iter()
        .map(|window| (Standing::of(window, now), window))
        .filter(|(standing, _)| !running || *standing == Standing::Running)
        .collect();
    windows.sort_by_key(|(standing, window)| {
        let end = window.end.map_or(Timestamp::MAX, planned::Moment::timestamp);
        // Of what is over, the last first.
        let order =
            if *standing == Standing::Past { end.nanos().wrapping_neg() } else { end.nanos() };
        (*standing, order)
    });
    let known = directory.filter(|directory| directory.join("gridtap.db").exists());
    let suppressed = known.map(suppressed).transpose()?;
    if json {
        let mut out = io::stdout().lock();
        for (standing, window) in &windows {
            let mut record = serde_json::to_value(window)?;
            record["standing"] = json!(standing.name());
            record["place"] = json!(place(layered, &window.name));
            if let Some(suppressed) = &suppressed {
                record["suppressed"] =
                    json!(suppressed.get(&window.name).cloned().unwrap_or_default());
            }
            serde_json::to_writer(&mut out, &record)?;
            out.write_all(b"\n")?;
        }
        return Ok(());
    }
    let mut out = voice.prose();
    if windows.is_empty() {
        let which = if running { "No window is running." } else { "No window is declared." };
        writeln!(out, "{which}")?;
        return Ok(());
    }
    let indent = textwrap::Options::new(width()).initial_indent("  ").subsequent_indent("  ");
    for (standing, window) in &windows {
        writeln!(
            out,
            "{:<8} {} ({})",
            standing.name().to_uppercase(),
            window.name,
            sort_name(window)
        )?;
        let mut say = |text: String| writeln!(out, "{}", textwrap::fill(&text, &indent));
        say(when(*standing, window, now))?;
        say(what(window))?;
        say(format!("{}; {} answers for it", window.reason, window.by))?;
        let counts =
            suppressed.as_ref().map(|all| all.get(&window.name).cloned().unwrap_or_default());
        if let Some(counts) = counts.filter(|_| *standing != Standing::Coming) {
            say(told(&counts))?;
        }
        say(place(layered, &window.name))?;
    }
    Ok(())
}

/// Where a window is written.
pub(super) fn place(layered: &Layered<Settings>, name: &str) -> String {
    let path = Step::path("window");
    let tables = layered.written.tables(&path);
    let of_name = tables.filter(|(_, named)| *named == Some(name)).map(|(place, _)| place).last();
    of_name.unwrap_or("settings").to_owned()
}

fn when(standing: Standing, window: &Window, now: Timestamp) -> String {
    let Some((start, end)) = window.start.zip(window.end) else { return "no time".to_owned() };
    let wait = match standing {
        Standing::Running => format!(", {} to go", rounded(end.timestamp().since_ns(now))),
        Standing::Coming => format!(", in {}", rounded(start.timestamp().since_ns(now))),
        Standing::Past => String::new(),
    };
    format!("from {start} to {end}{wait}")
}

/// A length to the minute, or to the second below one.
fn rounded(nanos: u64) -> String {
    let seconds = nanos / 1_000_000_000;
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    match (hours, minutes) {
        (0, 0) => Span::from_secs(seconds.max(1)).to_string(),
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) if hours < 48 => format!("{hours} h"),
        (hours, minutes) if hours < 48 => format!("{hours} h {minutes} min"),
        (hours, _) => format!("{} days", hours / 24),
    }
}

/// `HMI 1 → RTU 21 bay 3: coil 7; MB-31, dangerous`.
fn what(window: &Window) -> String {
    let or =
        |list: &[String], all: &str| if list.is_empty() { all.to_owned() } else { list.join(", ") };
    let points = if window.points.is_empty() {
        String::new()
    } else {
        format!(": {}", window.points.join(", "))
    };
    format!(
        "{} → {}{points}; {}",
        or(&window.sources, "anybody"),
        or(&window.targets, "anything"),
        or(&window.kinds, "all kinds but the sensor's own hearing")
    )
}

/// What each window suppressed: how many anomalies of each severity.
type Suppressed = BTreeMap<String, BTreeMap<&'static str, u64>>;

fn suppressed(directory: &Path) -> Result<Suppressed, Failure> {
    let store = state::read(directory)?;
    let filter = Filter { suppressed: Some(true), ..Filter::default() };
    let mut page = Page { limit: PAGE, ..Page::default() };
    let mut counts = Suppressed::new();
    loop {
        let found = store.find(&filter, &page)?;
        for anomaly in &found {
            let Some(name) = &anomaly.suppressed else { continue };
            let count = counts.entry(name.clone()).or_default().entry(anomaly.severity.name());
            *count.or_default() += 1;
        }
        let Some(last) = found.last().filter(|_| found.len() >= PAGE as usize) else {
            return Ok(counts);
        };
        page.after = Some(last.id.clone());
    }
}

fn told(counts: &BTreeMap<&'static str, u64>) -> String {
    let all: u64 = counts.values().sum();
    if all == 0 {
        return "suppressed nothing".to_owned();
    }
    let each = Severity::ALL.into_iter().rev().filter_map(|severity| {
        let count = counts.get(severity.name())?;
        Some(format!("{count} {}", severity.name()))
    });
    let each: Vec<String> = each.collect();
    let anomalies = if all == 1 { "anomaly" } else { "anomalies" };
    format!(
        "suppressed {all} {anomalies} ({}): `gridtap anomalies list --suppressed`",
        each.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_told_as_people_say_it() {
        let secs = |seconds: u64| rounded(seconds * 1_000_000_000);
        assert_eq!(
            [secs(20), secs(90), secs(7_200), secs(8_000), secs(300_000)],
            ["20s", "1 min", "2 h", "2 h 13 min", "3 days"]
        );
    }
}
