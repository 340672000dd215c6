//! An incident in full.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;

use gridtap_model::{Armed, State, Timestamp};

use super::text::{BOLD, DIM, clean, clock, date, moment, padded, style, wrapped};
use super::{Finding, Incident, Layout};

const LABEL: usize = 10;
/// How many kinds of other findings of the incident are named.
const OTHERS_MAX: usize = 6;
/// How many further devices of such a kind are named.
const DEVICES_MAX: usize = 8;
/// Lines of prose longer than this are hard to read on a wide screen.
const PROSE_MAX: usize = 110;

pub(super) fn write(
    out: &mut impl Write,
    incident: &Incident<'_>,
    layout: &Layout<'_>,
) -> io::Result<()> {
    let anomaly = incident.first;
    let width = width(layout);
    writeln!(out, "\n{DIM}{}{DIM:#}", "─".repeat(width))?;
    let style = style(anomaly.severity);
    let severity = anomaly.severity.name().to_uppercase();
    writeln!(
        out,
        "{style}{severity}{style:#}  {BOLD}{}{BOLD:#} {DIM}({}){DIM:#}",
        clean(&anomaly.name),
        clean(&anomaly.detection)
    )?;
    for (label, text) in paragraphs(incident, layout) {
        paragraph(out, label, &text, width)?;
    }
    if let Some(key) = &anomaly.key {
        // On a line of its own and never broken: it is there to be copied.
        let key = clean(key).replace('\'', "'\\''");
        writeln!(
            out,
            "{DIM}{}{DIM:#}  gridtap baseline accept '{key}' --reason … --until … --state …",
            padded("If right", LABEL)
        )?;
    }
    Ok(())
}

pub(super) fn width(layout: &Layout<'_>) -> usize {
    layout.width.min(PROSE_MAX + LABEL + 2)
}

fn paragraphs(incident: &Incident<'_>, layout: &Layout<'_>) -> Vec<(&'static str, String)> {
    let anomaly = incident.first;
    let mut told = vec![
        ("When", when(anomaly.time, anomaly.last_time, anomaly.count)),
        ("Who", layout.host(anomaly.source.ip())),
        ("To", to(anomaly, layout)),
        ("Observed", clean(&anomaly.observed)),
        ("Expected", clean(&anomaly.expected)),
        ("Do", clean(&anomaly.advice)),
    ];
    if let Some(standing) = standing(anomaly) {
        told.insert(0, ("Stands", standing));
    }
    if !incident.others.is_empty() {
        let seen = when(incident.time, incident.last_time, incident.count.max(2));
        told.push(("Incident", format!("{seen} in all, {} findings", incident.others.len() + 1)));
    }
    let others = kinds(&incident.others);
    told.extend(others.iter().take(OTHERS_MAX).map(|kind| ("With it", with_it(kind))));
    if others.len() > OTHERS_MAX {
        told.push(("With it", format!("{} more kinds of findings", others.len() - OTHERS_MAX)));
    }
    told.push(("Evidence", evidence(anomaly, layout)));
    told.push(("Known as", known_as(anomaly)));
    if anomaly.baseline == Armed::Learning {
        let note = "The baseline was still learning: this is told because it is wrong or dangerous anywhere, \
                    not because it is new here.";
        told.push(("Note", note.to_owned()));
    }
    told
}

/// What people did about it, and whether it is over; nothing where it is as it was found.
fn standing(anomaly: &Finding) -> Option<String> {
    let by =
        |who: &Option<String>| who.as_ref().map_or_else(String::new, |who| format!(" by {who}"));
    let mut text = match anomaly.state {
        State::UnacknowledgedActive => String::new(),
        State::AcknowledgedActive => format!("acknowledged{}", by(&anomaly.acknowledged_by)),
        State::UnacknowledgedCleared => "over, and not acknowledged yet".to_owned(),
        State::Cleared => format!("over, and acknowledged{}", by(&anomaly.acknowledged_by)),
        State::Closed => {
            let verdict = anomaly.verdict().map_or_else(String::new, |is| format!(" as {is}"));
            format!("closed{verdict}{}", by(&anomaly.closed_by))
        }
    };
    let mut add = |separator: &str, part: &str| {
        if !text.is_empty() {
            text.push_str(separator);
        }
        text.push_str(part);
    };
    if let Some(window) = &anomaly.suppressed {
        add(", ", &format!("suppressed by {window:?}"));
    }
    if let Some(until) = anomaly.shelved_until {
        add(", ", &format!("shelved{} until {} UTC", by(&anomaly.shelved_by), moment(until)));
    }
    if let Some(comment) = &anomaly.comment {
        add(": ", comment);
    }
    (!text.is_empty()).then(|| clean(&text))
}

/// When a finding was seen, and how often where it was more than once.
fn when(time: Timestamp, last_time: Timestamp, count: u64) -> String {
    let first = moment(time);
    let last = moment(last_time);
    let same_day = date(time) == date(last_time);
    let last = if same_day { last.split(' ').next_back().unwrap_or(&last) } else { &last };
    match count {
        0 | 1 => format!("{first} UTC"),
        count => format!("{first} to {last} UTC, {count} times"),
    }
}

fn to(anomaly: &Finding, layout: &Layout<'_>) -> String {
    let mut text = layout.device(anomaly);
    let address = anomaly.destination.ip();
    let host = layout.host(address);
    if !text.contains(&address.to_string()) {
        text.push_str(&format!(", at {host}"));
    }
    if !anomaly.points.is_empty() {
        text.push_str(": ");
        text.push_str(&clean(&anomaly.points.join(", ")));
    }
    text
}

/// Findings of one detection at one severity, in their order.
fn kinds<'a>(others: &[&'a Finding]) -> Vec<Vec<&'a Finding>> {
    let mut kinds: Vec<Vec<&Finding>> = Vec::new();
    for other in others {
        let same = |kind: &&mut Vec<&Finding>| {
            kind.first().is_some_and(|first| {
                (&first.detection, first.severity) == (&other.detection, other.severity)
            })
        };
        match kinds.iter_mut().find(same) {
            Some(kind) => kind.push(other),
            None => kinds.push(vec![other]),
        }
    }
    kinds
}

fn with_it(kind: &[&Finding]) -> String {
    let Some(first) = kind.first() else { return String::new() };
    let devices: BTreeSet<&str> = kind.iter().map(|other| other.device.as_str()).collect();
    let count = kind.iter().fold(0_u64, |sum, other| sum.saturating_add(other.count));
    let times = if count > 1 { format!(", {count} times") } else { String::new() };
    let also: Vec<&str> =
        devices.iter().copied().filter(|device| *device != first.device).collect();
    let at = match also.len() {
        0 => String::new(),
        few if few <= DEVICES_MAX => format!(". The same to {}", also.join(", ")),
        many => {
            let named = also.get(..DEVICES_MAX).unwrap_or_default();
            format!(". The same to {} and {} more", named.join(", "), many - DEVICES_MAX)
        }
    };
    format!(
        "{} {} {} ({}{times}): {}{}",
        clock(first.time),
        first.detection,
        first.name,
        first.severity,
        clean(&first.observed),
        clean(&at)
    )
}

fn evidence(anomaly: &Finding, layout: &Layout<'_>) -> String {
    let frames: Vec<String> = anomaly.frames.iter().map(u64::to_string).collect();
    let capture = anomaly.capture.as_deref().or(layout.capture).map_or_else(String::new, |name| {
        let file = Path::new(name).file_name().map_or(name.into(), |file| file.to_string_lossy());
        format!(" of {}", clean(&file))
    });
    match frames.as_slice() {
        [] => "no single frame shows it".to_owned(),
        [one] => format!("frame {one}{capture} (Wireshark: frame.number == {one})"),
        many => {
            let list = many.join(", ");
            format!("frames {list}{capture} (Wireshark: frame.number in {{{list}}})")
        }
    }
}

fn known_as(anomaly: &Finding) -> String {
    let mut text = format!("score {:.1} of 9", anomaly.score);
    if !anomaly.technique.is_empty() {
        text.push_str(&format!(", ATT&CK {}", anomaly.technique.join(" ")));
    }
    if !anomaly.also.is_empty() {
        text.push_str(&format!(", also {}", anomaly.also.join(" ")));
    }
    text.push_str(&format!(", anomaly {}", anomaly.id));
    text
}

pub(super) fn paragraph(
    out: &mut impl Write,
    label: &str,
    text: &str,
    width: usize,
) -> io::Result<()> {
    for (nth, line) in wrapped(text, width.saturating_sub(LABEL + 2)).iter().enumerate() {
        let label = if nth == 0 { label } else { "" };
        writeln!(out, "{DIM}{}{DIM:#}  {line}", padded(label, LABEL))?;
    }
    Ok(())
}
