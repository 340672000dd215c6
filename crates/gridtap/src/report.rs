//! What was found, for a person at three in the morning: the worst first, who did what to what, what to check.

mod detail;
mod finding;
mod list;
mod table;
mod text;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::IpAddr;

use gridtap_model::{Severity, Timestamp};
use gridtap_store::Standpoint;

pub(crate) use finding::Finding;
pub(crate) use list::write as write_list;
pub(crate) use text::{clean, clock, filled, moment, padded, period};

/// How many anomalies are kept to be printed at the end. Every one is in the state.
const ANOMALIES_MAX: usize = 10_000;

/// How many incidents the table shows.
const ROWS_MAX: usize = 60;

/// How many incidents are told in full.
const DETAILS_MAX: usize = 20;

/// The newest revision of every anomaly of a run.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    anomalies: BTreeMap<String, Finding>,
    /// The records of those that were not read yet, by their ids.
    unread: BTreeMap<String, String>,
    worst: Option<Severity>,
    not_kept: u64,
}

impl Findings {
    /// Takes a revision.
    pub(crate) fn note(&mut self, anomaly: Finding) {
        self.worst = self.worst.max(Some(anomaly.severity));
        if self.anomalies.len() >= ANOMALIES_MAX && !self.anomalies.contains_key(&anomaly.id) {
            self.not_kept = self.not_kept.saturating_add(1);
        } else {
            self.anomalies.insert(anomaly.id.clone(), anomaly);
        }
    }

    /// Takes a revision by its record, which is read when it is asked for: most have another revision by then.
    pub(crate) fn keep(&mut self, kept: Standpoint) {
        self.worst = self.worst.max(Some(kept.severity));
        if let Some(record) = self.unread.get_mut(&kept.id) {
            *record = kept.record;
        } else if self.unread.len() < ANOMALIES_MAX {
            self.unread.insert(kept.id, kept.record);
        } else {
            self.not_kept = self.not_kept.saturating_add(1);
        }
    }

    /// Reads what was taken by its record.
    pub(crate) fn read(&mut self) -> serde_json::Result<()> {
        while let Some((_, record)) = self.unread.pop_first() {
            self.note(Finding::of(&record)?);
        }
        Ok(())
    }

    /// The worst severity that any anomaly ever had.
    pub(crate) const fn worst(&self) -> Option<Severity> {
        self.worst
    }

    /// How many anomalies there were.
    pub(crate) fn count(&self) -> u64 {
        self.not_kept.saturating_add(u64::try_from(self.anomalies.len()).unwrap_or(u64::MAX))
    }

    /// The incidents, the worst first, then by time.
    fn incidents(&self) -> Vec<Incident<'_>> {
        let mut grouped: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
        for anomaly in self.anomalies.values() {
            grouped.entry(&anomaly.incident).or_default().push(anomaly);
        }
        let mut incidents: Vec<_> = grouped.into_values().filter_map(Incident::of).collect();
        incidents.sort_by(|one, other| {
            let worse = other.severity().cmp(&one.severity());
            worse.then((one.time, &one.first.id).cmp(&(other.time, &other.first.id)))
        });
        incidents
    }
}

/// Findings of one cause.
#[derive(Debug)]
struct Incident<'a> {
    /// The finding that stands for it: the most severe, then the earliest.
    first: &'a Finding,
    /// The others, in that order.
    others: Vec<&'a Finding>,
    time: Timestamp,
    last_time: Timestamp,
    count: u64,
}

impl<'a> Incident<'a> {
    fn of(mut anomalies: Vec<&'a Finding>) -> Option<Self> {
        anomalies.sort_by(|one, other| {
            // Of equally bad ones the surer leads: a restart, not the stranger's greeting before it.
            let worse = other.severity.cmp(&one.severity);
            let surer = other.score.total_cmp(&one.score);
            worse.then(surer).then((one.time, &one.id).cmp(&(other.time, &other.id)))
        });
        Self::in_order(anomalies)
    }

    /// The first of them stands for all.
    fn in_order(anomalies: Vec<&'a Finding>) -> Option<Self> {
        let time = anomalies.iter().map(|anomaly| anomaly.time).min()?;
        let last_time = anomalies.iter().map(|anomaly| anomaly.last_time).max()?;
        let count = anomalies.iter().fold(0_u64, |sum, anomaly| sum.saturating_add(anomaly.count));
        let mut anomalies = anomalies.into_iter();
        let first = anomalies.next()?;
        Some(Self { first, others: anomalies.collect(), time, last_time, count })
    }

    const fn severity(&self) -> Severity {
        self.first.severity
    }
}

/// How to print: for which width, and by which names.
pub(crate) struct Layout<'a> {
    /// Columns of the terminal.
    pub width: usize,
    /// The site's name for a host.
    pub host: Box<dyn Fn(IpAddr) -> Option<String> + 'a>,
    /// The only capture, where there is one: anomalies name theirs where there are more.
    pub capture: Option<&'a str>,
}

impl Layout<'_> {
    /// A host by its name and address, or its address alone.
    fn host(&self, address: IpAddr) -> String {
        match (self.host)(address) {
            Some(name) if name != address.to_string() => {
                format!("{} ({address})", clean(&name))
            }
            Some(_) => address.to_string(),
            None => address.to_string(),
        }
    }

    /// A device by its name; where its protocol is not known, by its address.
    pub(crate) fn device(&self, anomaly: &Finding) -> String {
        let device = anomaly.device.strip_prefix("unknown ").unwrap_or(&anomaly.device);
        match device.parse() {
            Ok(address) => self.host_short(address),
            Err(_) => clean(device),
        }
    }

    /// A host by the shorter of what it is called.
    pub(crate) fn host_short(&self, address: IpAddr) -> String {
        (self.host)(address).map_or_else(|| address.to_string(), |name| clean(&name))
    }
}

/// Prints the table of incidents, then each one above low in full.
pub(crate) fn write(
    out: &mut impl Write,
    findings: &Findings,
    layout: &Layout<'_>,
) -> io::Result<()> {
    let incidents = findings.incidents();
    if incidents.is_empty() {
        return Ok(());
    }
    let shown = incidents.get(..ROWS_MAX).unwrap_or(&incidents);
    table::write(out, shown, layout)?;
    if incidents.len() > shown.len() {
        let more = incidents.len() - shown.len();
        writeln!(out, "\n… and {more} more, none of them worse: --json prints every one.")?;
    }
    let grave = shown.iter().filter(|incident| incident.severity() > Severity::Low);
    for incident in grave.clone().take(DETAILS_MAX) {
        detail::write(out, incident, layout)?;
    }
    let untold = grave.count().saturating_sub(DETAILS_MAX);
    if untold > 0 {
        writeln!(out, "\n… and {untold} more of the table: --json prints every one in full.")?;
    }
    Ok(())
}

/// Prints one anomaly in full, with the others of its incident.
pub(crate) fn write_one(
    out: &mut impl Write,
    anomaly: &Finding,
    others: &[Finding],
    layout: &Layout<'_>,
) -> io::Result<()> {
    let all = std::iter::once(anomaly).chain(others).collect();
    Incident::in_order(all).map_or(Ok(()), |incident| detail::write(out, &incident, layout))
}

/// Prints a paragraph below an anomaly, with its label where that is not empty.
pub(crate) fn write_paragraph(
    out: &mut impl Write,
    label: &str,
    text: &str,
    layout: &Layout<'_>,
) -> io::Result<()> {
    detail::paragraph(out, label, text, detail::width(layout))
}

/// One line for an anomaly that has just opened. What was observed names who and where.
pub(crate) fn write_line(out: &mut impl Write, anomaly: &Finding) -> io::Result<()> {
    let style = text::style(anomaly.severity);
    writeln!(
        out,
        "{} {style}{:<8}{style:#} {} {}: {}",
        clock(anomaly.time),
        anomaly.severity.name().to_uppercase(),
        anomaly.detection,
        anomaly.name,
        clean(&anomaly.observed),
    )
}

/// How many incidents there are of each severity, the worst first: `1 critical, 2 high`.
pub(crate) fn tally(findings: &Findings) -> String {
    let incidents = findings.incidents();
    let of = |severity| incidents.iter().filter(|incident| incident.severity() == severity).count();
    let counts: Vec<String> = Severity::ALL
        .into_iter()
        .rev()
        .map(|severity| (severity, of(severity)))
        .filter(|(_, count)| *count > 0)
        .map(|(severity, count)| format!("{count} {severity}"))
        .collect();
    match incidents.len() {
        0 => "no incidents".to_owned(),
        1 => format!("1 incident: {}", counts.join(", ")),
        many => format!("{many} incidents: {}", counts.join(", ")),
    }
}

#[cfg(test)]
pub(crate) mod tests;
