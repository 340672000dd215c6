//! What was told of a capture, held against its labels.

use std::collections::{BTreeMap, BTreeSet};

use gridtap_model::{Severity, Span};
use serde_json::{Map, Value};

use super::beside::{self, Method};
use super::device;
use super::heard::{Heard, Stretch, Told};
use super::labels::{Label, Place};
use crate::judge::HEALTH;

/// What came of a capture.
#[derive(Debug, Clone)]
pub struct Scored {
    /// The capture, as the labels name it.
    pub capture: String,
    /// How many frames it has.
    pub frames: u64,
    /// How many messages were heard in it.
    pub messages: u64,
    /// The baseline's blocks.
    pub block: Span,
    /// The levels of the baseline that judged at its end.
    pub armed: Vec<&'static str>,
    /// How long it is outside what is labelled as an attack, in seconds.
    pub outside_s: f64,
    /// What came of its labels.
    pub labels: Vec<Outcome>,
    /// The incidents above low that no attack's label explains.
    pub wrong: Vec<Wrong>,
    /// What of it could not be read.
    pub faults: Vec<String>,
    /// What the methods of the literature made of it, if they were asked.
    pub methods: Vec<Method>,
    /// Its messages, if they were asked for.
    pub(super) lines: Vec<Line>,
    /// When each attack began and ended, in seconds since 1970.
    pub(super) attacks: Vec<(String, f64, f64)>,
}

/// What came of a label.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The label.
    pub label: Label,
    /// When it began, in nanoseconds since 1970; none where the capture does not hold it.
    pub began: Option<i64>,
    /// When it ended.
    pub ended: i64,
    /// By what it was shown.
    pub shown: Option<Shown>,
    /// Whether it lies in an incident that shows another of its kind at the same device.
    pub covered: bool,
}

/// By what a label was shown first.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The primary detection's id.
    pub detection: &'static str,
    /// How bad it was said to be.
    pub severity: Severity,
    /// The anomaly.
    pub anomaly: String,
    /// Seconds from the beginning of the label until it was told.
    pub seconds: f64,
    /// Messages heard from the beginning of the label until it was told.
    pub messages: u64,
}

/// An incident that was told and should not have been.
#[derive(Debug, Clone)]
pub struct Wrong {
    /// The incident.
    pub incident: String,
    /// The worst that was said in it.
    pub severity: Severity,
    /// The detections in it, above low.
    pub detections: BTreeSet<&'static str>,
    /// When it began.
    pub time: String,
    /// Seconds since the last attack before it ended.
    pub after_s: Option<f64>,
    /// Its worst anomaly in words.
    pub observed: String,
}

/// A message, for other people's evaluators.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) time: i64,
    pub(super) malicious: bool,
    /// The detections that were told of it.
    pub(super) told: BTreeSet<&'static str>,
    /// What it is, where a message was decoded.
    pub(super) fields: Map<String, Value>,
}

pub(super) fn weigh(name: &str, labels: &[&Label], heard: &Heard, block: Span) -> Scored {
    let told: Vec<&Told> = heard.told.iter().filter(|told| counts(told)).collect();
    let mut outcomes: Vec<Outcome> = labels
        .iter()
        .zip(&heard.stretches)
        .enumerate()
        .map(|(nth, (label, stretch))| Outcome {
            label: (*label).clone(),
            began: stretch.began.map(|(time, _)| time),
            ended: stretch.ended,
            shown: shown(nth, label, stretch, &told, heard),
            covered: false,
        })
        .collect();
    cover(&mut outcomes, labels, heard, &told);
    let attacks: Vec<(i64, i64)> = outcomes
        .iter()
        .filter(|own| own.label.attack)
        .filter_map(|own| Some((own.began?, own.ended)))
        .collect();
    let total = match (heard.times.iter().min(), heard.times.iter().max()) {
        (Some(first), Some(last)) => last.saturating_sub(*first),
        _ => 0,
    };
    let outside_s = seconds(total.saturating_sub(together(&attacks)));
    let wrong = wrong(labels, heard, &told, &attacks);
    let kinds = outcomes
        .iter()
        .filter(|own| own.label.attack)
        .filter_map(|own| Some((own.label.kind.clone(), seconds(own.began?), seconds(own.ended))));
    Scored {
        capture: name.to_owned(),
        frames: u64::try_from(heard.times.len()).unwrap_or(u64::MAX),
        messages: heard.message_count,
        block,
        armed: heard.armed.clone(),
        outside_s,
        attacks: kinds.collect(),
        lines: lines(labels, heard, &told),
        methods: beside::weigh(labels, &outcomes, heard, &heard.methods),
        labels: outcomes,
        wrong,
        faults: heard.faults.clone(),
    }
}

/// Whether an anomaly is one that people are troubled with and that is not about the sensor itself.
fn counts(told: &Told) -> bool {
    let anomaly = &told.anomaly;
    anomaly.severity > Severity::Low
        && anomaly.suppressed.is_none()
        && !HEALTH.contains(&anomaly.detection)
}

fn seconds(nanos: i64) -> f64 {
    std::time::Duration::from_nanos(u64::try_from(nanos).unwrap_or(0)).as_secs_f64()
}

/// How long intervals are together.
fn together(intervals: &[(i64, i64)]) -> i64 {
    let mut sorted = intervals.to_vec();
    sorted.sort_unstable();
    let (mut sum, mut reached) = (0_i64, i64::MIN);
    for (from, to) in sorted {
        sum = sum.saturating_add(to.saturating_sub(from.max(reached)).max(0));
        reached = reached.max(to);
    }
    sum
}

/// Whether an anomaly's evidence is in a label, or it happened there between its hosts.
fn is_in(nth: usize, label: &Label, stretch: &Stretch, told: &Told, heard: &Heard) -> bool {
    let anomaly = &told.anomaly;
    let time_of = |frame: u64| {
        let place = usize::try_from(frame).ok()?.checked_sub(1)?;
        heard.times.get(place).copied()
    };
    let within =
        |time: i64| stretch.began.is_some_and(|(began, _)| (began..=stretch.ended).contains(&time));
    let between = |time: i64| {
        within(time)
            && [anomaly.source.address, device(anomaly)]
                .iter()
                .all(|host| stretch.hosts.contains(host))
    };
    let moments = [anomaly.time.nanos(), anomaly.last_time.nanos()];
    match label.place {
        Place::Frames(first, last) => {
            anomaly.frames.iter().any(|frame| (first..=last).contains(frame))
                || moments.into_iter().any(between)
        }
        Place::Epoch(first, last) => {
            let within = |time: i64| (first..=last).contains(&time);
            anomaly.frames.iter().filter_map(|frame| time_of(*frame)).any(within)
                || moments.into_iter().any(within)
        }
        Place::Connection(_) => anomaly.frames.iter().any(|frame| {
            let place = usize::try_from(*frame).ok().and_then(|frame| frame.checked_sub(1));
            let own = place.and_then(|place| heard.connections.get(place).copied().flatten());
            own.is_some_and(|own| usize::try_from(own) == Ok(nth))
        }),
        Place::Untold => false,
    }
}

fn shown(
    nth: usize,
    label: &Label,
    stretch: &Stretch,
    told: &[&Told],
    heard: &Heard,
) -> Option<Shown> {
    let (began, before) = stretch.began?;
    let first = told.iter().find(|told| is_in(nth, label, stretch, told, heard))?;
    Some(Shown {
        detection: first.anomaly.detection,
        severity: first.anomaly.severity,
        anomaly: first.anomaly.id.to_string(),
        seconds: seconds(first.time.nanos().saturating_sub(began)),
        messages: first.messages.saturating_sub(before),
    })
}

/// Labels that lie in the time of an incident that shows another of their kind, at the same device.
fn cover(outcomes: &mut [Outcome], labels: &[&Label], heard: &Heard, told: &[&Told]) {
    // By kind and device: from when to when an incident lasted that shows one of the kind.
    let mut spans: BTreeMap<(&str, std::net::IpAddr), Vec<(i64, i64)>> = BTreeMap::new();
    let mut incidents: BTreeMap<_, Vec<&Told>> = BTreeMap::new();
    for told in told {
        incidents.entry(told.anomaly.incident).or_default().push(told);
    }
    for telling in incidents.values() {
        let first = telling.iter().map(|told| told.anomaly.time.nanos()).min().unwrap_or(i64::MAX);
        let last =
            telling.iter().map(|told| told.anomaly.last_time.nanos()).max().unwrap_or(i64::MIN);
        for (nth, label) in labels.iter().enumerate() {
            let Some(stretch) = heard.stretches.get(nth) else { continue };
            if telling.iter().any(|told| is_in(nth, label, stretch, told, heard)) {
                for host in
                    telling.iter().map(|told| device(&told.anomaly)).collect::<BTreeSet<_>>()
                {
                    spans.entry((&label.kind, host)).or_default().push((first, last));
                }
            }
        }
    }
    for (outcome, stretch) in outcomes.iter_mut().zip(&heard.stretches) {
        let Some(began) = outcome.began.filter(|_| outcome.shown.is_none()) else { continue };
        let kind = outcome.label.kind.clone();
        outcome.covered = stretch.hosts.iter().any(|host| {
            let own = spans.get(&(kind.as_str(), *host));
            own.is_some_and(|own| own.iter().any(|(first, last)| (*first..=*last).contains(&began)))
        });
    }
}

fn wrong(labels: &[&Label], heard: &Heard, told: &[&Told], attacks: &[(i64, i64)]) -> Vec<Wrong> {
    let mut incidents: BTreeMap<_, Vec<&Told>> = BTreeMap::new();
    for told in told {
        incidents.entry(told.anomaly.incident).or_default().push(told);
    }
    let explained = |telling: &[&Told]| {
        labels.iter().zip(&heard.stretches).enumerate().any(|(nth, (label, stretch))| {
            label.attack && telling.iter().any(|told| is_in(nth, label, stretch, told, heard))
        })
    };
    let mut wrong: Vec<Wrong> = incidents
        .into_iter()
        .filter(|(_, telling)| !explained(telling))
        .filter_map(|(incident, telling)| {
            let worst = telling.iter().max_by_key(|told| told.anomaly.severity)?;
            let time = telling.iter().map(|told| told.anomaly.time).min()?;
            let ended = attacks.iter().map(|(_, to)| *to).filter(|to| *to <= time.nanos()).max();
            Some(Wrong {
                incident: incident.to_string(),
                severity: worst.anomaly.severity,
                detections: telling.iter().map(|told| told.anomaly.detection).collect(),
                time: time.to_string(),
                after_s: ended.map(|ended| seconds(time.nanos().saturating_sub(ended))),
                observed: worst.anomaly.observed.clone(),
            })
        })
        .collect();
    wrong.sort_by(|one, other| one.time.cmp(&other.time));
    wrong
}

/// Every message, and every frame that something was told of.
fn lines(labels: &[&Label], heard: &Heard, told: &[&Told]) -> Vec<Line> {
    if heard.messages.is_empty() {
        return Vec::new();
    }
    let mut alarmed: BTreeMap<u64, BTreeSet<&'static str>> = BTreeMap::new();
    for told in told {
        for frame in told.anomaly.frames.iter().copied().chain([told.frame]) {
            alarmed.entry(frame).or_default().insert(told.anomaly.detection);
        }
    }
    let spoken: BTreeSet<u64> = heard.messages.iter().map(|own| own.frame).collect();
    let silent = alarmed.keys().copied().filter(|frame| !spoken.contains(frame));
    let own = heard.messages.iter().map(|own| (own.frame, own.fields.clone()));
    let mut frames: Vec<(u64, Map<String, Value>)> =
        own.chain(silent.map(|frame| (frame, Map::new()))).collect();
    frames.sort_by_key(|(frame, _)| *frame);
    let line = |(frame, fields): (u64, Map<String, Value>)| {
        let place = usize::try_from(frame).ok()?.checked_sub(1)?;
        let time = *heard.times.get(place)?;
        let malicious = labels.iter().filter(|label| label.attack).any(|label| match label.place {
            Place::Frames(first, last) => (first..=last).contains(&frame),
            Place::Epoch(first, last) => (first..=last).contains(&time),
            Place::Connection(_) | Place::Untold => false,
        });
        let own = heard.connections.get(place).copied().flatten();
        let own = own.and_then(|own| labels.get(usize::try_from(own).ok()?));
        let malicious = malicious || own.is_some_and(|label| label.attack);
        let told = alarmed.get(&frame).cloned().unwrap_or_default();
        Some(Line { time, malicious, told, fields })
    };
    frames.into_iter().filter_map(line).collect()
}
