//! One row an incident.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::net::IpAddr;

use gridtap_model::{Severity, State};

use super::text::{BOLD, DIM, clean, clock, date, first_sentence, hanging, padded, style, wrapped};
use super::{Finding, Incident, Layout};

const GAP: &str = "  ";
const SEVERITY: usize = 8;
const COUNT: usize = 5;
const RULE: usize = 5;
/// A column of hosts and devices wider than this only moves the rest away from the eye.
const WHO_MAX: usize = 44;

struct Columns {
    when: usize,
    who: usize,
    what: usize,
    /// The rows are of several days: each tells its own.
    dated: bool,
}

impl Columns {
    fn of(incidents: &[Incident<'_>], width: usize) -> Self {
        let days: BTreeSet<String> = incidents.iter().map(|incident| date(incident.time)).collect();
        let dated = days.len() > 1;
        let when = if dated { 10 } else { 8 };
        let fixed = SEVERITY + when + COUNT + RULE + 5 * GAP.len();
        let free = width.saturating_sub(fixed).max(36);
        let who = (free * 2 / 5).min(WHO_MAX);
        Self { when, who, what: free - who, dated }
    }
}

pub(super) fn write(
    out: &mut impl Write,
    incidents: &[Incident<'_>],
    layout: &Layout<'_>,
) -> io::Result<()> {
    let columns = Columns::of(incidents, layout.width);
    let heading = [
        padded("SEVERITY", SEVERITY),
        padded("UTC", columns.when),
        padded("WHO", columns.who),
        padded("WHAT", columns.what),
        format!("{:>COUNT$}", "COUNT"),
        "RULE".to_owned(),
    ]
    .join(GAP);
    writeln!(out, "{BOLD}{}{BOLD:#}", heading.trim_end())?;
    for incident in incidents {
        row(out, incident, &columns, layout)?;
    }
    Ok(())
}

fn row(
    out: &mut impl Write,
    incident: &Incident<'_>,
    columns: &Columns,
    layout: &Layout<'_>,
) -> io::Result<()> {
    let anomaly = incident.first;
    let when = if columns.dated {
        vec![date(anomaly.time), clock(anomaly.time)]
    } else {
        vec![clock(anomaly.time)]
    };
    let who = who(incident, columns.who, layout);
    let what = format!("{}{}: {}", anomaly.name, handled(anomaly), anomaly.observed);
    let what = wrapped(&clean(&what), columns.what);
    let height = who.len().max(what.len()).max(when.len());
    let cell = |lines: &[String], line: usize| lines.get(line).cloned().unwrap_or_default();
    for line in 0..height {
        let severity = match line {
            0 => {
                let style = style(anomaly.severity);
                let name = anomaly.severity.name().to_uppercase();
                format!("{style}{name}{style:#}{:1$}", "", SEVERITY - name.len().min(SEVERITY))
            }
            _ => padded("", SEVERITY),
        };
        let (count, detection) = match line {
            0 => (anomaly.count.to_string(), anomaly.detection.as_str()),
            _ => (String::new(), ""),
        };
        let text = [
            severity,
            padded(&cell(&when, line), columns.when),
            padded(&cell(&who, line), columns.who),
            padded(&cell(&what, line), columns.what),
            format!("{count:>COUNT$}"),
            detection.to_owned(),
        ]
        .join(GAP);
        writeln!(out, "{}", text.trim_end())?;
    }
    let indent = SEVERITY + GAP.len();
    let first = first_sentence(&anomaly.advice);
    for (nth, line) in wrapped(first, layout.width.saturating_sub(indent + 2)).iter().enumerate() {
        let mark = if nth == 0 { "▸" } else { " " };
        writeln!(out, "{:indent$}{DIM}{mark} {line}{DIM:#}", "")?;
    }
    Ok(())
}

/// That a person has looked at it already.
fn handled(anomaly: &Finding) -> &'static str {
    match anomaly.state {
        State::UnacknowledgedActive | State::UnacknowledgedCleared => "",
        State::AcknowledgedActive | State::Cleared => " (acknowledged)",
        State::Closed => " (closed)",
    }
}

/// Who did it, and to which devices.
fn who(incident: &Incident<'_>, width: usize, layout: &Layout<'_>) -> Vec<String> {
    let anomalies = || std::iter::once(incident.first).chain(incident.others.iter().copied());
    let sources: BTreeSet<IpAddr> = anomalies().map(|anomaly| anomaly.source.ip()).collect();
    // What is only told for context names no further victims.
    let grave = anomalies().filter(|anomaly| anomaly.severity > Severity::Low);
    let devices: BTreeSet<&str> = std::iter::once(incident.first)
        .chain(grave)
        .map(|anomaly| anomaly.device.as_str())
        .collect();
    let more = |count: usize| match count {
        0 | 1 => String::new(),
        many => format!(" and {} more", many - 1),
    };
    let source = layout.host_short(incident.first.source.ip());
    let mut lines = wrapped(&format!("{source}{}", more(sources.len())), width);
    let target = format!("→ {}{}", layout.device(incident.first), more(devices.len()));
    lines.extend(hanging(&target, width, "  "));
    lines
}
