//! What is true of a play: which frames were the attack, and what must be said of them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use anyhow::{Result, anyhow};
use gridtap_model::{Severity, Timestamp};

use super::Tape;
use crate::judge::Said;
use crate::layers::layer;
use crate::sim::act::Sent;
use crate::sim::cast::Cast;
use crate::sim::script::{Scenario, Step, Variant};
use crate::sim::wire::Mark;
use crate::truth::{Event, Frames, Request, Truth, expectation};

pub(super) fn truth(
    scenario: &Scenario,
    variant: &Variant,
    cast: &Cast,
    sent: &[Sent],
    tape: &Tape,
    end: i64,
) -> Result<Truth> {
    let requests = requests(sent, tape);
    let long = variant.steps(scenario).iter().any(|step| {
        // What is told of a report may be told of the polls that contradict it.
        matches!(
            step,
            Step::Replay { .. }
                | Step::Slow { .. }
                | Step::Report { function: 130, .. }
                | Step::Jam { .. }
                | Step::Moves { .. }
        )
    });
    let wide = variant.steps(scenario).iter().any(|step| matches!(step, Step::Campaign { .. }));
    let first = tape.marks.first().map_or(tape.number, |own| own.0);
    let mut expected = Vec::new();
    for (device, source) in &cast.targets {
        for expect in &variant.expect {
            let own = |device: &str| {
                requests.iter().any(|own| own.label == expect.on && own.device == device)
            };
            let other =
                requests.iter().find(|own| own.label == expect.on).map(|own| own.device.as_str());
            let device = if own(device) { device.as_str() } else { other.unwrap_or(device) };
            let prefix = if wide { "dnp3 ".to_owned() } else { host_of(device) };
            let mut expect = expect.clone();
            expect.host |= wide;
            let mut source = source.clone().unwrap_or_default();
            if expect.by_device {
                device.split(' ').nth(1).unwrap_or_default().clone_into(&mut source);
            }
            let Ok(mut own) = expectation(&expect, source, device, &prefix, &requests) else {
                return Err(anyhow!("nothing was sent of {:?}", expect.on));
            };
            if long || expect.by_device {
                own.frames = (first..=tape.number).collect();
                own.deadline = Timestamp::from_nanos(end).to_string();
            }
            expected.push(own);
        }
        if wide {
            break;
        }
    }
    let frames: Frames = if long {
        (first..=tape.number).collect()
    } else {
        tape.marks.iter().map(|own| own.0).collect()
    };
    let mut devices: Vec<String> = cast.targets.iter().map(|own| own.0.clone()).collect();
    devices.extend(requests.iter().map(|own| own.device.clone()));
    Ok(Truth {
        seed: 0,
        capture: String::new(),
        learn: None,
        acts: vec![Event {
            scenario: scenario.id.clone(),
            variant: variant.name.clone(),
            title: scenario.title.clone(),
            source: cast.targets.first().and_then(|own| own.1.clone()),
            devices,
            frames,
            requests,
            expected,
            listed: variant.listed.clone(),
            awaits: None,
        }],
    })
}

/// A device's name without what tells it from others behind its host.
fn host_of(device: &str) -> String {
    let mut words: Vec<&str> = device.split(' ').collect();
    words.truncate(words.len().saturating_sub(2));
    words.join(" ") + " "
}

/// The messages that were captured.
fn requests(sent: &[Sent], tape: &Tape) -> Vec<Request> {
    let mut asked: BTreeMap<u32, (u64, i64)> = BTreeMap::new();
    let mut answered: BTreeMap<u32, (u64, i64)> = BTreeMap::new();
    for (number, time, mark) in &tape.marks {
        match mark {
            Mark::Request(nth) => {
                asked.entry(*nth).or_insert((*number, *time));
            }
            Mark::Answer(nth) => {
                answered.entry(*nth).or_insert((*number, *time));
            }
            Mark::Normal | Mark::Actor => {}
        }
    }
    let text = |time: i64| Timestamp::from_nanos(time).to_string();
    asked
        .into_iter()
        .filter_map(|(nth, (frame, time))| {
            let own = sent.get(usize::try_from(nth).ok()?)?;
            let answer = answered.get(&nth);
            Some(Request {
                frame,
                answer: answer.map(|own| own.0),
                time: text(time),
                answered: answer.map(|own| text(own.1)),
                device: own.device.clone(),
                function: own.function,
                label: own.label.clone(),
                points: own.points.clone(),
            })
        })
        .collect()
}

/// The layers by which anything above low was told of a play.
pub(super) fn layers(truth: &Truth, said: &[Said]) -> BTreeSet<String> {
    let is_about = |said: &&Said| {
        said.severity > Severity::Low && truth.acts.iter().any(|act| act.frames.touch(&said.frames))
    };
    let own = said.iter().filter(is_about).filter_map(|said| layer(&said.detection));
    own.map(str::to_owned).collect()
}

/// The hosts of the devices that something is done to.
pub(super) fn hosts(truth: &Truth) -> BTreeSet<IpAddr> {
    let words = truth.acts.iter().flat_map(|act| &act.devices).flat_map(|own| own.split(' '));
    words.filter_map(|word| word.trim_matches(['(', ')']).parse().ok()).collect()
}
