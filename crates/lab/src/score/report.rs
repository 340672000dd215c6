//! What came of captures, for people and for machines.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use gridtap_model::Severity;
use serde_json::{Value, json};

use super::beside;
use super::interval::{number, poisson};
use super::weighed::{Outcome, Scored};

/// Labels of a kind closer together than this are one episode, as anomalies are one incident.
const EPISODE_NS: i64 = 15 * 60 * 1_000_000_000;

const DAY_S: f64 = 86_400.0;

/// What came of the labels of a kind.
#[derive(Debug, Default)]
struct Kind {
    attack: bool,
    labels: u64,
    untold: u64,
    shown: u64,
    covered: u64,
    /// Labels close together count once.
    episodes: u64,
    episodes_shown: u64,
    seconds: Vec<f64>,
    messages: Vec<u64>,
    by: BTreeMap<&'static str, u64>,
}

fn kinds(scored: &Scored) -> BTreeMap<(bool, &str), Kind> {
    let mut kinds: BTreeMap<(bool, &str), Kind> = BTreeMap::new();
    let mut last: BTreeMap<(bool, &str), (i64, bool)> = BTreeMap::new();
    let mut outcomes: Vec<&Outcome> = scored.labels.iter().collect();
    outcomes.sort_by_key(|own| own.began);
    for own in outcomes {
        let key = (!own.label.attack, own.label.kind.as_str());
        let kind = kinds.entry(key).or_default();
        kind.attack = own.label.attack;
        kind.labels += 1;
        let Some(began) = own.began else {
            kind.untold += 1;
            continue;
        };
        kind.covered += u64::from(own.covered);
        if let Some(shown) = &own.shown {
            kind.shown += 1;
            kind.seconds.push(shown.seconds);
            kind.messages.push(shown.messages);
            *kind.by.entry(shown.detection).or_default() += 1;
        }
        let hit = own.shown.is_some();
        match last.get_mut(&key) {
            Some((ended, was_hit)) if began.saturating_sub(*ended) < EPISODE_NS => {
                kind.episodes_shown += u64::from(hit && !*was_hit);
                (*ended, *was_hit) = (own.ended.max(*ended), hit || *was_hit);
            }
            _ => {
                kind.episodes += 1;
                kind.episodes_shown += u64::from(hit);
                last.insert(key, (own.ended, hit));
            }
        }
    }
    kinds
}

/// The middle one.
fn median<T: Copy>(sorted: &[T]) -> Option<T> {
    sorted.get(sorted.len() / 2).copied()
}

/// So many a day, and what so short a time says of it.
fn a_day(count: u64, seconds: f64) -> [f64; 3] {
    let days = (seconds / DAY_S).max(1.0 / DAY_S);
    let (low, high) = poisson(count);
    [number(count) / days, low / days, high / days]
}

/// Where false incidents are counted: everything above low, and what gets people out of bed.
const COUNTED: [Severity; 3] = [Severity::Medium, Severity::High, Severity::Critical];

fn false_of(scored: &Scored, severity: Severity) -> u64 {
    let count = scored.wrong.iter().filter(|wrong| wrong.severity == severity).count();
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// Tables, one a capture.
#[must_use]
pub fn text(scored: &[Scored]) -> String {
    let mut out = String::new();
    for own in scored {
        // Writing to a text cannot fail.
        let _ = table(own, &mut out);
    }
    out
}

fn table(own: &Scored, out: &mut String) -> std::fmt::Result {
    let judged = if own.armed.is_empty() { "none".to_owned() } else { own.armed.join(", ") };
    writeln!(out, "{}: {} frames, {} messages", own.capture, own.frames, own.messages)?;
    writeln!(out, "  blocks of {}; levels that judged at the end: {judged}", own.block)?;
    for fault in &own.faults {
        writeln!(out, "  not all of it could be read: {fault}")?;
    }
    let kinds = kinds(own);
    if !kinds.is_empty() {
        writeln!(
            out,
            "  {:<42} {:>6} {:>6} {:>7} {:>11} {:>9} {:>9}  first by",
            "label", "labels", "shown", "covered", "episodes", "median s", "messages"
        )?;
    }
    for ((_, label), kind) in &kinds {
        let name = if kind.attack { (*label).to_owned() } else { format!("{label} (benign)") };
        let mut seconds = kind.seconds.clone();
        seconds.sort_by(f64::total_cmp);
        let mut messages = kind.messages.clone();
        messages.sort_unstable();
        let seconds = median(&seconds).map_or("-".to_owned(), |own| format!("{own:.1}"));
        let messages = median(&messages).map_or("-".to_owned(), |own| own.to_string());
        let by: Vec<String> = kind.by.iter().map(|(id, count)| format!("{id} {count}")).collect();
        let untold = match kind.untold {
            0 => String::new(),
            count => format!(" ({count} name no place in it)"),
        };
        writeln!(
            out,
            "  {name:<42} {:>6} {:>6} {:>7} {:>5} of {:<2} {seconds:>9} {messages:>9}  {}{untold}",
            kind.labels,
            kind.shown,
            kind.covered,
            kind.episodes_shown,
            kind.episodes,
            by.join(", ")
        )?;
    }
    let hours = own.outside_s / 3600.0;
    writeln!(out, "  false incidents in {hours:.2} h outside attacks (a day, 95 % confidence):")?;
    for severity in COUNTED {
        let count = false_of(own, severity);
        let [rate, low, high] = a_day(count, own.outside_s);
        writeln!(out, "    {:<8} {count:>4}   {rate:.1} ({low:.1} to {high:.1})", severity.name())?;
    }
    for wrong in &own.wrong {
        let detections: Vec<&str> = wrong.detections.iter().copied().collect();
        let after =
            wrong.after_s.map_or(String::new(), |own| format!(", {own:.0} s after an attack"));
        let (time, severity) = (&wrong.time, wrong.severity);
        writeln!(out, "    {time} {severity} {}{after}: {}", detections.join(" "), wrong.observed)?;
    }
    beside::text(own, out)?;
    writeln!(out)
}

/// Lines of JSON: each label, each false incident, then each capture.
#[must_use]
pub fn json(scored: &[Scored]) -> Vec<Value> {
    let mut lines = Vec::new();
    for own in scored {
        let capture = &own.capture;
        lines.extend(own.labels.iter().map(|own| {
            let shown = own.shown.as_ref();
            json!({
                "record": "label",
                "capture": capture,
                "line": own.label.line,
                "label": own.label.kind,
                "attack": own.label.attack,
                "in_capture": own.began.is_some(),
                "shown": shown.is_some(),
                "covered": own.covered,
                "detection": shown.map(|shown| shown.detection),
                "severity": shown.map(|shown| shown.severity.name()),
                "anomaly": shown.map(|shown| shown.anomaly.as_str()),
                "seconds": shown.map(|shown| shown.seconds),
                "messages": shown.map(|shown| shown.messages),
            })
        }));
        lines.extend(own.wrong.iter().map(|wrong| {
            json!({
                "record": "false",
                "capture": capture,
                "incident": wrong.incident,
                "severity": wrong.severity.name(),
                "detections": wrong.detections,
                "time": wrong.time,
                "seconds_after_attack": wrong.after_s,
                "observed": wrong.observed,
            })
        }));
        let rates: BTreeMap<&str, Value> = COUNTED
            .iter()
            .map(|severity| {
                let count = false_of(own, *severity);
                let [rate, low, high] = a_day(count, own.outside_s);
                let rate = json!({"count": count, "a_day": rate, "low": low, "high": high});
                (severity.name(), rate)
            })
            .collect();
        lines.extend(beside::json(own));
        lines.push(json!({
            "record": "capture",
            "capture": capture,
            "frames": own.frames,
            "messages": own.messages,
            "block_s": own.block.nanos() / 1_000_000_000,
            "judging": own.armed,
            "outside_s": own.outside_s,
            "false": rates,
            "faults": own.faults,
        }));
    }
    lines
}
