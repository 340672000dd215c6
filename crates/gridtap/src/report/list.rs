//! One row an anomaly: what `gridtap anomalies list` shows.

use std::io::{self, Write};

use gridtap_model::State;

use super::text::{BOLD, clean, clock, date, hanging, padded, style, wrapped};
use super::{Finding, Layout};

const GAP: &str = "  ";
const ID: usize = 8;
const SEVERITY: usize = 8;
const STATE: usize = 14;
const WHEN: usize = 10;
const COUNT: usize = 5;
const WHAT_MIN: usize = 16;

/// Prints a row for each of them.
pub(crate) fn write(
    out: &mut impl Write,
    findings: &[Finding],
    layout: &Layout<'_>,
) -> io::Result<()> {
    let fixed = ID + SEVERITY + STATE + WHEN + COUNT + 5 * GAP.len();
    let width = layout.width.saturating_sub(fixed).max(WHAT_MIN);
    let heading = [
        padded("ID", ID),
        padded("SEVERITY", SEVERITY),
        padded("STATE", STATE),
        padded("UTC", WHEN),
        format!("{:>COUNT$}", "COUNT"),
        "WHAT".to_owned(),
    ];
    writeln!(out, "{BOLD}{}{BOLD:#}", heading.join(GAP))?;
    for finding in findings {
        row(out, finding, width, layout)?;
    }
    Ok(())
}

fn row(
    out: &mut impl Write,
    finding: &Finding,
    width: usize,
    layout: &Layout<'_>,
) -> io::Result<()> {
    let state = states(finding);
    let when = [date(finding.time), clock(finding.time)];
    let what = what(finding, width, layout);
    let height = what.len().max(state.len()).max(when.len());
    let cell = |lines: &[String], line: usize| lines.get(line).cloned().unwrap_or_default();
    for line in 0..height {
        let (id, severity, count) = match line {
            0 => {
                let style = style(finding.severity);
                let name = finding.severity.name().to_uppercase();
                let fill = SEVERITY.saturating_sub(name.len());
                let severity = format!("{style}{name}{style:#}{:fill$}", "");
                (clean(finding.short()), severity, finding.count.to_string())
            }
            _ => (String::new(), padded("", SEVERITY), String::new()),
        };
        let text = [
            padded(&id, ID),
            severity,
            padded(&cell(&state, line), STATE),
            padded(&cell(&when, line), WHEN),
            format!("{count:>COUNT$}"),
            cell(&what, line),
        ]
        .join(GAP);
        writeln!(out, "{}", text.trim_end())?;
    }
    Ok(())
}

/// Where it stands, one thing a line.
fn states(finding: &Finding) -> Vec<String> {
    let words: &[&str] = match finding.state {
        State::UnacknowledgedActive => &["unacknowledged", "active"],
        State::AcknowledgedActive => &["acknowledged", "active"],
        State::UnacknowledgedCleared => &["unacknowledged", "cleared"],
        State::Cleared => &["acknowledged", "cleared"],
        State::Closed => &["closed"],
    };
    let mut lines: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    lines.extend(finding.verdict().map(|verdict| verdict.replace(" change", "")));
    if finding.suppressed.is_some() {
        lines.push("suppressed".to_owned());
    }
    if let Some(until) = finding.shelved_until {
        lines.push(format!("shelved {}", clock(until).get(..5).unwrap_or_default()));
    }
    lines
}

/// What it is, who did it to what.
fn what(finding: &Finding, width: usize, layout: &Layout<'_>) -> Vec<String> {
    let mut lines = wrapped(&clean(&format!("{} ({})", finding.name, finding.detection)), width);
    let source = layout.host_short(finding.source.ip());
    let points = match finding.points.as_slice() {
        [] => String::new(),
        [one] => format!(": {}", clean(one)),
        [first, others @ ..] => format!(": {} and {} more", clean(first), others.len()),
    };
    let parties = format!("{source} → {}{points}", layout.device(finding));
    lines.extend(hanging(&parties, width, "  "));
    lines
}
