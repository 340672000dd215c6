//! What came of one play: what was found, when, and what was said besides.

use std::collections::BTreeMap;

use gridtap_model::Timestamp;

use super::Tape;
use crate::judge::{HEALTH, Judgement, Said, judge};
use crate::methods::beside::By;
use crate::sim::script::Variant;
use crate::truth::{Request, Truth};

/// What came of one play of a scenario.
#[derive(Debug, Clone, Default)]
pub struct Played {
    /// What was expected.
    pub expected: usize,
    /// What was found of it.
    pub found: usize,
    /// What was not: why.
    pub missed: Vec<String>,
    /// What was said above low and should not have been: an incident a line.
    pub wrong: Vec<String>,
    /// Seconds and messages from the first message to the first finding.
    pub after: Option<(f64, usize)>,
    /// By what it was told at all.
    pub by: By,
}

pub(super) fn played(truth: &Truth, variant: &Variant, tape: &Tape, begin: i64) -> Played {
    let Judgement { found, missed, wrong, .. } = judge(truth, &tape.said);
    let mut missed: Vec<String> = missed
        .into_iter()
        .map(|(own, why)| format!("{} {} {}: {why}", own.detection, own.severity, own.device))
        .collect();
    let (mut count, mut hits) = (found.len() + missed.len(), found.len());
    if variant.health {
        count += 1;
        if tape.said.iter().any(|said| HEALTH.contains(&said.detection.as_str())) {
            hits += 1;
        } else {
            missed.push("nothing was said of the sensor's hearing".to_owned());
        }
    }
    let mut incidents: BTreeMap<&str, &Said> = BTreeMap::new();
    for said in &wrong {
        let worst = incidents.entry(&said.incident).or_insert(said);
        if said.severity > worst.severity {
            *worst = said;
        }
    }
    let beginning = Timestamp::from_nanos(begin).to_string();
    let line = |said: &&Said| {
        let before = if said.time < beginning { "before it: " } else { "" };
        format!("{before}{}", said.line())
    };
    Played {
        expected: count,
        found: hits,
        missed,
        wrong: incidents.values().map(line).collect(),
        after: found
            .iter()
            .map(|(own, said)| after(truth, own, said, tape))
            .min_by(|one, other| one.0.total_cmp(&other.0)),
        by: By::default(),
    }
}

/// Seconds and messages from the first message that an expectation is about until it was told.
fn after(truth: &Truth, own: &crate::truth::Expected, said: &Said, tape: &Tape) -> (f64, usize) {
    let about: Vec<&Request> = truth
        .acts
        .iter()
        .flat_map(|act| &act.requests)
        .filter(|request| own.frames.contains(request.frame))
        .collect();
    let told = about.iter().filter(|request| request.time <= said.time).count();
    let time_of = |frame: u64| tape.marks.iter().find(|own| own.0 == frame).map(|own| own.1);
    let first = about.first().and_then(|request| time_of(request.frame)).unwrap_or(0);
    let last = about.iter().rfind(|request| request.time <= said.time);
    let seconds =
        last.and_then(|request| time_of(request.answer.unwrap_or(request.frame))).unwrap_or(first);
    (crate::sim::calendar::in_seconds(seconds - first), told.max(1))
}
