//! The methods of the literature on captures that others labelled.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Result;
use gridtap_sensor::Config;
use serde_json::{Value, json};

use super::heard::{Heard, duration};
use super::interval::number;
use super::labels::Label;
use super::weighed::{Outcome, Scored};
use crate::methods::beside::Beside;
use crate::methods::{Alert, Alerts, NAMES, PATIENCE_NS, Pair, Threshold, Trained};
use crate::sim::calendar::in_seconds;

/// What came of a method on a capture.
#[derive(Debug, Clone)]
pub struct Method {
    /// Which.
    pub name: &'static str,
    /// From how many messages it learned.
    pub learned: u64,
    /// Alerts outside attacks, as published.
    pub alerts: u64,
    /// So many an hour of the capture: a scan that lasts all the time leaves the rest to be judged.
    pub alerts_an_hour: f64,
    /// As published, then calibrated to at most one incident a day in what was learned.
    pub at: [At; 2],
}

/// What came of a method at a threshold.
#[derive(Debug, Clone)]
pub struct At {
    /// The threshold.
    pub threshold: Threshold,
    /// Incidents outside attacks.
    pub incidents: u64,
    /// Labels of attacks that an alert shows, by kind.
    pub shown: BTreeMap<String, u64>,
}

/// Learns what the methods can from captures.
pub(super) fn learn(files: &[std::path::PathBuf], config: &Config) -> Result<Trained> {
    let mut sources = gridtap_capture::Sources::open(files)?;
    let length = i64::try_from(duration(files)?.nanos()).unwrap_or(i64::MAX);
    let mut beside = None;
    while let Some(frame) = sources.next()? {
        let from = frame.time.nanos();
        let beside = beside
            .get_or_insert_with(|| Beside::learning(config, from, from.saturating_add(length)));
        beside.frame(&frame, false);
    }
    let mut beside = beside.unwrap_or_else(|| Beside::learning(config, 0, 0));
    beside.arm();
    Ok(beside.trained())
}

/// Generous: an alert between two hosts of a label, while it lasts, shows it.
pub(super) fn weigh(
    labels: &[&Label],
    outcomes: &[Outcome],
    heard: &Heard,
    told: &[(Alerts, Threshold)],
) -> Vec<Method> {
    let attacks: Vec<(usize, (i64, i64))> = outcomes
        .iter()
        .enumerate()
        .filter(|(_, own)| own.label.attack)
        .filter_map(|(nth, own)| Some((nth, (own.began?, own.ended))))
        .collect();
    let is_of = |nth: usize, pair: Pair| {
        let hosts = heard.stretches.get(nth).map(|own| &own.hosts);
        hosts.is_none_or(|own| {
            own.is_empty() || own.contains(&pair.source) && own.contains(&pair.destination)
        })
    };
    let span = heard.times.iter().min().zip(heard.times.iter().max());
    let seconds = span.map_or(0.0, |(first, last)| in_seconds(last.saturating_sub(*first)));
    let hours = seconds.max(1.0) / 3600.0;
    let method = |(nth, (alerts, calibrated)): (usize, &(Alerts, Threshold))| {
        let outside: Vec<Alert> = alerts
            .list()
            .iter()
            .filter(|alert| {
                !attacks.iter().any(|(nth, (from, to))| {
                    (*from..=*to).contains(&alert.time) && is_of(*nth, alert.pair)
                })
            })
            .copied()
            .collect();
        let at = |threshold: Threshold| {
            let is_shown = |(nth, during): &&(usize, (i64, i64))| {
                threshold.tells(alerts.list(), *during, |pair| is_of(*nth, pair))
            };
            let own: Vec<_> = attacks.iter().filter(is_shown).collect();
            let mut shown: BTreeMap<String, u64> = BTreeMap::new();
            for one in &attacks {
                let Some(label) = labels.get(one.0) else { continue };
                let told = own.iter().any(|other| covers(other, one, labels, heard));
                *shown.entry(label.kind.clone()).or_default() += u64::from(told);
            }
            At { threshold, incidents: threshold.incidents(&outside), shown }
        };
        let count = outside.iter().map(|alert| u64::from(alert.count)).sum();
        Method {
            name: NAMES.get(nth).copied().unwrap_or("Suricata's rules"),
            learned: heard.learned,
            alerts: count,
            alerts_an_hour: number(count) / hours,
            at: [at(Threshold::PUBLISHED), at(*calibrated)],
        }
    };
    told.iter().enumerate().map(method).collect()
}

/// Whether one attack's label, which is shown, is the other, or shares its kind, a host and the time of an incident with it:
/// the monitor's incidents cover labels so.
fn covers(
    one: &(usize, (i64, i64)),
    other: &(usize, (i64, i64)),
    labels: &[&Label],
    heard: &Heard,
) -> bool {
    let kind = |nth: usize| labels.get(nth).map(|label| &label.kind);
    let hosts = |nth: usize| heard.stretches.get(nth).map(|own| &own.hosts);
    let apart = (one.1.0.saturating_sub(other.1.1)).max(other.1.0.saturating_sub(one.1.1));
    let share = hosts(one.0)
        .zip(hosts(other.0))
        .is_none_or(|(one, other)| one.is_empty() || other.is_empty() || !one.is_disjoint(other));
    one.0 == other.0 || kind(one.0) == kind(other.0) && apart <= PATIENCE_NS && share
}

fn sum(at: &At) -> u64 {
    at.shown.values().sum()
}

/// A table of the methods; nothing where they were not asked.
pub(super) fn text(own: &Scored, out: &mut String) -> std::fmt::Result {
    if own.methods.is_empty() {
        return Ok(());
    }
    let learned = own.methods.first().map_or(0, |method| method.learned);
    let attacks = own.labels.iter().filter(|own| own.label.attack && own.began.is_some());
    let (count, shown) = attacks.fold((0_u64, 0_u64), |(count, shown), own| {
        (count + 1, shown + u64::from(own.shown.is_some() || own.covered))
    });
    writeln!(
        out,
        "  beside the methods of the literature, which learned from {learned} messages: alerts an hour and incidents outside \
         attacks, labels of {count} attacks shown or covered; incidents and labels when calibrated to one incident a day"
    )?;
    writeln!(out, "    {:<20} {:>9} {:>9} {shown:>7}", "ours", "", own.wrong.len())?;
    for method in &own.methods {
        let [published, calibrated] = &method.at;
        writeln!(
            out,
            "    {:<20} {:>9.1} {:>9} {:>7}   {:>9} {:>7}",
            method.name,
            method.alerts_an_hour,
            published.incidents,
            sum(published),
            calibrated.incidents,
            sum(calibrated)
        )?;
    }
    if own.methods.len() == NAMES.len() {
        writeln!(out, "    Suricata's rules: suricata, or its rules, is not installed")?;
    }
    Ok(())
}

/// Lines of JSON, one a method.
pub(super) fn json(own: &Scored) -> impl Iterator<Item = Value> + '_ {
    own.methods.iter().map(|method| {
        let at = |at: &At| {
            let Threshold { score, count } = at.threshold;
            json!({
                "tolerance": score.is_finite().then_some(score),
                "alerts_of_an_incident": count,
                "false_incidents": at.incidents,
                "shown": at.shown,
            })
        };
        let [published, calibrated] = &method.at;
        json!({
            "record": "method",
            "capture": own.capture,
            "method": method.name,
            "learned_messages": method.learned,
            "false_alerts": method.alerts,
            "false_alerts_an_hour": method.alerts_an_hour,
            "published": at(published),
            "calibrated": at(calibrated),
        })
    })
}
