//! The truth of a capture: which frames are the attack, and what must be said of them.
//!
//! The actor knows its connections and what it sent on each, in order; an independent dissector (tshark) reads the
//! capture back and tells the frames. A truth lies beside its capture as JSON.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result};
use gridtap_model::Severity;
use serde::{Deserialize, Serialize};

use crate::actor::{Sent, Target};
use crate::outstation::PORT;
use crate::play::{Act, Done};
use crate::scenario::{Expect, Listed};
use crate::site::{Host, Site};

mod dissected;

pub(crate) use dissected::{Frame, dissected};

/// What is true of one capture.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Truth {
    /// The seed of the site.
    pub seed: u64,
    /// The capture, in the same folder.
    pub capture: String,
    /// The capture of normal traffic to learn from first, in the same folder. Absent where the capture begins with it.
    pub learn: Option<String>,
    /// What happens in it, in order.
    pub acts: Vec<Event>,
}

impl Truth {
    /// Why it is not judged yet.
    #[must_use]
    pub fn awaits(&self) -> Option<&str> {
        self.acts.iter().find_map(|act| act.awaits.as_deref())
    }
}

/// What happened in one act.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// The scenario's id.
    pub scenario: String,
    /// Its variant.
    pub variant: String,
    /// What happens, in a sentence.
    pub title: String,
    /// Who does it; absent where it is nobody's doing.
    pub source: Option<String>,
    /// The devices that it is done to, as a finding names them.
    pub devices: Vec<String>,
    /// Every frame of the actor's connections, handshakes too, and all other frames of a host that is new.
    pub frames: Frames,
    /// The first requests that the actor sent, in order.
    pub requests: Vec<Request>,
    /// What must be said.
    pub expected: Vec<Expected>,
    /// What else may be said above low.
    pub listed: Vec<Listed>,
    /// Why it is not judged yet.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub awaits: Option<String>,
}

/// A request of the actor.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Its frame.
    pub frame: u64,
    /// The frame of its answer.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub answer: Option<u64>,
    /// When it was captured.
    pub time: String,
    /// When its answer was.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub answered: Option<String>,
    /// The device, as a finding names it.
    pub device: String,
    /// Its function.
    pub function: u8,
    /// The label of its step, empty for preparation.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub label: String,
    /// The points that it commands.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub points: Vec<String>,
}

/// An anomaly that must be found.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// The primary detection's id.
    pub detection: String,
    /// Others that say the same, with more reason.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub instead: Vec<String>,
    /// Its severity, at the least.
    pub severity: Severity,
    /// The host that it must name as its source.
    pub source: String,
    /// The device that it must name, or how the name of each fitting device begins.
    pub device: String,
    /// Points that it must name.
    pub points: Vec<String>,
    /// Points that it may name besides: of the same device, commanded later.
    pub more_points: Vec<String>,
    /// Its evidence must hold one of these frames.
    pub frames: Frames,
    /// By when it must have been said, in packet time: the answer to the last message that it may take.
    pub deadline: String,
}

impl Expected {
    /// Whether a detection says it.
    #[must_use]
    pub fn is_said_by(&self, detection: &str) -> bool {
        self.detection == detection || self.instead.iter().any(|own| own == detection)
    }
}

/// Frame numbers, kept as runs from and to. Written as text: `7-14 20`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Frames(Vec<[u64; 2]>);

impl From<Frames> for String {
    fn from(frames: Frames) -> Self {
        let run = |[first, last]: &[u64; 2]| {
            if first == last { first.to_string() } else { format!("{first}-{last}") }
        };
        frames.0.iter().map(run).collect::<Vec<_>>().join(" ")
    }
}

impl TryFrom<String> for Frames {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> std::result::Result<Self, Self::Error> {
        let run = |run: &str| {
            let (first, last) = run.split_once('-').unwrap_or((run, run));
            Ok([first.parse()?, last.parse()?])
        };
        text.split_whitespace().map(run).collect::<std::result::Result<_, _>>().map(Self)
    }
}

impl Frames {
    /// Whether a frame is among them.
    #[must_use]
    pub fn contains(&self, frame: u64) -> bool {
        self.0.iter().any(|[first, last]| (*first..=*last).contains(&frame))
    }

    /// Whether any of some frames is among them.
    #[must_use]
    pub fn touch(&self, frames: &[u64]) -> bool {
        frames.iter().any(|frame| self.contains(*frame))
    }
}

impl FromIterator<u64> for Frames {
    /// Runs of frames in a row are put together; give them in order.
    fn from_iter<I: IntoIterator<Item = u64>>(frames: I) -> Self {
        let mut runs: Vec<[u64; 2]> = Vec::new();
        for frame in frames {
            match runs.last_mut() {
                Some([_, last]) if last.checked_add(1) == Some(frame) => *last = frame,
                _ => runs.push([frame, frame]),
            }
        }
        Self(runs)
    }
}

/// How many requests of an act a truth lists.
const REQUESTS: usize = 32;

/// A device, as a finding names it where no site file gives it a name.
fn device(site: &Site, target: Target) -> Result<String> {
    let rtu = site.rtus.get(target.rtu).context("no such outstation")?;
    Ok(format!("modbus {} unit {}", rtu.host.address, target.unit))
}

/// Reads a capture back and tells what is true of it.
///
/// # Errors
/// tshark is missing, or the capture does not hold what was sent.
pub fn read_back(site: &Site, acts: &[Act], done: &[Done], file: &Path) -> Result<Vec<Event>> {
    let frames = dissected(file)?;
    acts.iter().zip(done).map(|(act, done)| event(site, act, done, &frames)).collect()
}

fn event(site: &Site, act: &Act, done: &Done, frames: &[Frame]) -> Result<Event> {
    let mut devices = Vec::new();
    for target in &done.targets {
        devices.push(device(site, *target)?);
    }
    let stranger = done.actor.as_ref().filter(|actor| **actor == site.stranger);
    let requests = requests(&done.sent, frames)?;
    let source = done.actor.as_ref().map(|actor| actor.address.to_string());
    let mut expected = Vec::new();
    for target in &done.targets {
        for expect in &act.variant.expect {
            let source = source.clone().context("an expectation without a source")?;
            let rtu = site.rtus.get(target.rtu).context("no such outstation")?;
            let prefix = format!("modbus {} ", rtu.host.address);
            expected.push(expectation(
                expect,
                source,
                &device(site, *target)?,
                &prefix,
                &requests,
            )?);
        }
    }
    Ok(Event {
        scenario: act.scenario.id.clone(),
        variant: act.variant.name.clone(),
        title: act.scenario.title.clone(),
        source,
        devices,
        frames: attack(&done.sent, stranger, frames),
        requests: requests.into_iter().take(REQUESTS).collect(),
        expected,
        listed: act.variant.listed.clone(),
        awaits: None,
    })
}

/// The frames of the actor's connections, and everything else of a host that has no business here.
fn attack(sent: &[Sent], stranger: Option<&Host>, frames: &[Frame]) -> Frames {
    let of_connection = |frame: &Frame| {
        frame.ends.is_some_and(|ends| {
            sent.iter().any(|sent| {
                let far = SocketAddr::from((sent.to, PORT));
                ends == [sent.local, far] || ends == [far, sent.local]
            })
        })
    };
    let of_stranger = |frame: &Frame| stranger.is_some_and(|host| frame.macs.contains(&host.mac));
    frames
        .iter()
        .filter(|frame| of_connection(frame) || of_stranger(frame))
        .map(|frame| frame.number)
        .collect()
}

/// Finds the frame of each request and of its answer: on one connection they come in the order they were sent.
fn requests(sent: &[Sent], frames: &[Frame]) -> Result<Vec<Request>> {
    let mut flows: BTreeMap<[SocketAddr; 2], Vec<&Frame>> = BTreeMap::new();
    for frame in frames.iter().filter(|frame| frame.carries) {
        if let Some(ends) = frame.ends {
            flows.entry(ends).or_default().push(frame);
        }
    }
    let mut used: BTreeMap<[SocketAddr; 2], usize> = BTreeMap::new();
    let mut requests = Vec::new();
    for sent in sent {
        let far = SocketAddr::from((sent.to, PORT));
        let nth = used.entry([sent.local, far]).or_default();
        let flow = flows.get(&[sent.local, far]).map_or(&[][..], Vec::as_slice);
        let frame = flow.get(*nth).with_context(|| format!("{sent:?} is not in the capture"))?;
        let next = flow.get(nth.saturating_add(1)).map_or(u64::MAX, |frame| frame.number);
        *nth = nth.saturating_add(1);
        let answer = flows.get(&[far, sent.local]).and_then(|flow| {
            flow.iter().find(|answer| answer.number > frame.number && answer.number < next)
        });
        requests.push(Request {
            frame: frame.number,
            answer: answer.map(|answer| answer.number),
            time: frame.time.clone(),
            answered: answer.map(|answer| answer.time.clone()),
            device: format!("modbus {} unit {}", sent.to, sent.unit),
            function: sent.function,
            label: sent.label.clone(),
            points: sent.points.clone(),
        });
    }
    Ok(requests)
}

pub(crate) fn expectation(
    expect: &Expect,
    source: String,
    device: &str,
    prefix: &str,
    requests: &[Request],
) -> Result<Expected> {
    let own: Vec<&Request> = requests
        .iter()
        .filter(|request| {
            request.label == expect.on
                && if expect.host {
                    request.device.starts_with(prefix)
                } else {
                    request.device == device
                }
        })
        .collect();
    let first = own.first().with_context(|| format!("nothing was sent to {device}"))?;
    let last = own.get(expect.within.saturating_sub(1)).or(own.last()).unwrap_or(first);
    let points = |requests: &[&Request]| {
        let points = requests.iter().flat_map(|request| request.points.clone());
        if expect.points { points.collect() } else { Vec::new() }
    };
    Ok(Expected {
        detection: expect.detection.clone(),
        instead: expect.instead.clone(),
        severity: expect.severity,
        source,
        device: if expect.host { prefix.to_owned() } else { device.to_owned() },
        points: points(own.get(..1).unwrap_or_default()),
        more_points: points(own.get(1..).unwrap_or_default()),
        frames: own.iter().flat_map(|own| [Some(own.frame), own.answer]).flatten().collect(),
        deadline: last.answered.clone().unwrap_or_else(|| last.time.clone()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_read_back_as_they_are_written() {
        let frames: Frames = [7, 8, 9, 14, 20, 21].into_iter().collect();
        let text = String::from(frames.clone());
        assert_eq!(text, "7-9 14 20-21");
        assert_eq!(Frames::try_from(text).unwrap(), frames);
        assert!(frames.touch(&[1, 8]) && !frames.touch(&[10, 13, 22]));
        assert!(Frames::try_from("7-x".to_owned()).is_err());
    }

    #[test]
    fn the_answer_of_a_request_lies_before_the_next_request_on_its_connection() {
        let near: SocketAddr = "10.0.0.9:40000".parse().unwrap();
        let far: SocketAddr = "10.0.0.1:502".parse().unwrap();
        let frame = |number: u64, ends: [SocketAddr; 2], carries| Frame {
            number,
            time: number.to_string(),
            ends: Some(ends),
            carries,
            ..Frame::default()
        };
        let frames = [
            frame(1, [near, far], false),
            frame(2, [near, far], true),
            frame(4, [near, far], true),
            frame(5, [far, near], false),
            frame(6, [far, near], true),
        ];
        let sent = Sent {
            local: near,
            to: [10, 0, 0, 1].into(),
            unit: 1,
            function: 6,
            label: String::new(),
            points: Vec::new(),
        };
        let requests = requests(&[sent.clone(), sent], &frames).unwrap();
        let found: Vec<_> = requests.iter().map(|own| (own.frame, own.answer)).collect();
        assert_eq!(found, [(2, None), (4, Some(6))]);
    }
}
