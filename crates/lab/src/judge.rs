//! Holds what a monitor said against the truth.
//!
//! *Found*: an anomaly whose primary detection is the one that the scenario names, at or above its severity, with
//! the right source, device and points, whose evidence holds a frame of the attack, said in time. Anything else
//! above low is false, unless the scenario lists it. Sensor health is a class of its own and never false.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use gridtap_model::{Anomaly, Severity};
use serde::Deserialize;

use crate::scenario::About;
use crate::truth::{Event, Expected, Truth};

/// Detections about the sensor's own sight.
pub(crate) const HEALTH: [&str; 2] = ["OT-29", "OT-31"];

/// One revision of an anomaly, as far as the truth is concerned: a line of `monitor --json` reads as one.
#[derive(Debug, Clone, Deserialize)]
pub struct Said {
    /// The anomaly's id.
    pub id: String,
    /// The incident it belongs to.
    pub incident: String,
    /// Which of its revisions this is.
    pub revision: u32,
    /// When it was last seen, by this revision.
    #[serde(rename = "last_time")]
    pub time: String,
    /// The primary detection's id.
    pub detection: String,
    /// How bad.
    pub severity: Severity,
    /// The host that did it, with its port.
    pub source: String,
    /// The device.
    pub device: String,
    /// The points.
    pub points: Vec<String>,
    /// The evidence.
    pub frames: Vec<u64>,
    /// Which capture the evidence is in, where there are several.
    #[serde(default)]
    pub capture: Option<String>,
    /// What happened, in words.
    pub observed: String,
}

impl From<&Anomaly> for Said {
    fn from(anomaly: &Anomaly) -> Self {
        Self {
            id: anomaly.id.to_string(),
            incident: anomaly.incident.to_string(),
            revision: anomaly.revision,
            time: anomaly.last_time.to_string(),
            detection: anomaly.detection.to_owned(),
            severity: anomaly.severity,
            source: anomaly.source.to_string(),
            device: anomaly.device.clone(),
            points: anomaly.points.clone(),
            frames: anomaly.frames.clone(),
            capture: anomaly.capture.clone(),
            observed: anomaly.observed.clone(),
        }
    }
}

impl Said {
    /// In a line.
    #[must_use]
    pub fn line(&self) -> String {
        format!(
            "{} {} {} -> {} {:?} frames {:?} at {}: {}",
            self.detection,
            self.severity,
            self.source,
            self.device,
            self.points,
            self.frames,
            self.time,
            self.observed
        )
    }

    /// Whether its evidence is in the capture of the scenario, and not in the one that was learned from.
    fn is_of(&self, truth: &Truth) -> bool {
        self.capture.as_ref().is_none_or(|capture| capture.ends_with(&truth.capture))
    }

    fn host(&self) -> String {
        let address = self.source.parse::<std::net::SocketAddr>().map(|end| end.ip());
        let address = address.or_else(|_| self.source.parse::<IpAddr>());
        address.map_or_else(|_| self.source.clone(), |address| address.to_string())
    }
}

/// What came of the comparison.
#[derive(Debug, Clone, Default)]
pub struct Judgement {
    /// What was expected and found: by which anomaly.
    pub found: Vec<(Expected, Said)>,
    /// What was expected and not found: why not, by the anomaly that came closest.
    pub missed: Vec<(Expected, String)>,
    /// What was said and should not have been.
    pub wrong: Vec<Said>,
    /// What was said besides and follows from the attack.
    pub listed: Vec<Said>,
}

impl Judgement {
    /// What came of it, a line each.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let about = |expected: &Expected| format!("{} {}", expected.detection, expected.device);
        let found =
            self.found.iter().map(|(own, by)| format!("found  {}: {}", about(own), by.line()));
        let missed = self.missed.iter().map(|(own, why)| format!("missed {}: {why}", about(own)));
        let wrong = self.wrong.iter().map(|said| format!("false  {}", said.line()));
        let listed = self.listed.iter().map(|said| format!("listed {}", said.line()));
        found.chain(missed).chain(wrong).chain(listed).collect()
    }

    /// How many incidents above low a person would see.
    #[must_use]
    pub fn incidents(&self) -> usize {
        let above = self.wrong.iter().chain(&self.listed);
        above.map(|said| said.incident.as_str()).collect::<BTreeSet<_>>().len()
    }

    /// Everything was found and nothing false was said.
    #[must_use]
    pub fn right(&self) -> bool {
        self.missed.is_empty() && self.wrong.is_empty()
    }
}

/// Judges what was said while a capture was read: every revision of every anomaly of it, in order.
#[must_use]
pub fn judge(truth: &Truth, said: &[Said]) -> Judgement {
    let mut judgement = Judgement::default();
    let own: Vec<&Said> = said.iter().filter(|said| said.is_of(truth)).collect();
    for expected in truth.acts.iter().flat_map(|event| &event.expected) {
        match find(expected, &own) {
            Ok(found) => judgement.found.push((expected.clone(), found.clone())),
            Err(why) => judgement.missed.push((expected.clone(), why)),
        }
    }
    // The last revision of an anomaly stands for it, with the worst severity that it ever had.
    let mut last: BTreeMap<&str, Said> = BTreeMap::new();
    for said in said {
        let worst = last.get(said.id.as_str()).map_or(said.severity, |old| old.severity);
        let mut said_worst = said.clone();
        said_worst.severity = worst.max(said.severity);
        last.insert(&said.id, said_worst);
    }
    for said in last.into_values() {
        if said.severity <= Severity::Low || HEALTH.contains(&said.detection.as_str()) {
            continue;
        }
        if said.is_of(truth) && truth.acts.iter().any(|event| follows(event, &said)) {
            judgement.listed.push(said);
        } else {
            judgement.wrong.push(said);
        }
    }
    judgement
}

/// Each condition in its turn, so that a miss says how far the closest anomaly came.
fn find<'a>(expected: &Expected, said: &[&'a Said]) -> Result<&'a Said, String> {
    type Condition<'c> = (&'c str, &'c dyn Fn(&Said) -> bool);
    let named = |said: &Said| {
        let may = |point: &String| {
            expected.points.contains(point) || expected.more_points.contains(point)
        };
        expected.points.iter().all(|point| said.points.contains(point))
            && (expected.points.is_empty() || said.points.iter().all(may))
    };
    let device = |said: &Said| {
        said.device == expected.device
            || (expected.device.ends_with(' ')
                && (said.device.starts_with(&expected.device)
                    || said.device == expected.device.trim_end()))
    };
    let conditions: [Condition<'_>; 7] = [
        ("no such detection", &|said| expected.is_said_by(&said.detection)),
        ("another source", &|said| said.host() == expected.source),
        ("another device", &device),
        ("other points", &named),
        ("no frame of the attack", &|said| expected.frames.touch(&said.frames)),
        ("too low", &|said| said.severity >= expected.severity),
        ("too late", &|said| said.time <= expected.deadline),
    ];
    let mut left: Vec<&Said> = said.to_vec();
    for (why, holds) in conditions {
        let closest = left.first().map(|said| said.line());
        left.retain(|said| holds(said));
        if left.is_empty() {
            return Err(match closest {
                Some(closest) if why != "no such detection" => format!("{why}: {closest}"),
                _ => why.to_owned(),
            });
        }
    }
    left.first().copied().ok_or_else(|| "nothing was said".to_owned())
}

/// Whether an anomaly is one that an act expects or lists.
fn follows(event: &Event, said: &Said) -> bool {
    let touches = event.frames.touch(&said.frames);
    let expected = event.expected.iter().any(|expected| expected.is_said_by(&said.detection));
    let listed = |about: About| {
        event
            .listed
            .iter()
            .filter(|listed| listed.about == about)
            .any(|listed| listed.detections.contains(&said.detection))
    };
    let began = event.requests.first().is_some_and(|request| said.time >= request.time);
    (touches && (expected || listed(About::Attack)))
        || (began && event.devices.contains(&said.device) && listed(About::Aftermath))
}

#[cfg(test)]
mod tests;
