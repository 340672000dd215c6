//! The truth of a capture: tshark reads it back and tells which frames the act was.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result};

use super::actor::{Sent, Trace};
use super::cast::speaker;
use super::play::{Act, Done};
use super::scenario::Actor;
use super::site::{PORT, Site, device_name};
use crate::scenario::Expect;
use crate::truth::{Event, Expected, Frame, Request, dissected};

/// How many requests of an act a truth lists.
const REQUESTS: usize = 32;

/// A message and the place of its frame and of its answer's among all frames.
struct Found<'a> {
    sent: &'a Sent,
    frame: &'a Frame,
    answer: Option<&'a Frame>,
}

/// Reads a capture back and tells what is true of it.
pub(super) fn read_back(site: &Site, act: &Act, done: &Done<'_>, file: &Path) -> Result<Event> {
    let frames = dissected(file)?;
    let found = found(&done.sent, &frames)?;
    let expected = act
        .variant
        .expect
        .iter()
        .map(|expect| expectation(expect, &found))
        .collect::<Result<_>>()?;
    let source = speaker(site, act.variant.actor)?.map(|(host, _)| host.address.to_string());
    let source = match act.variant.actor {
        Actor::Outstation => Some(done.target.station.host.address.to_string()),
        Actor::Nobody => None,
        _ => source.filter(|_| !found.is_empty()),
    };
    Ok(Event {
        scenario: act.scenario.id.clone(),
        variant: act.variant.name.clone(),
        title: act.scenario.title.clone(),
        source,
        devices: devices(done, &found),
        frames: attack(site, &found, &frames).into_iter().collect(),
        requests: found.iter().take(REQUESTS).map(request).collect(),
        expected,
        listed: act.variant.listed.clone(),
        awaits: act.variant.awaits.clone(),
    })
}

/// The target, and whom else a message is about.
fn devices(done: &Done<'_>, found: &[Found<'_>]) -> Vec<String> {
    let mut devices = vec![done.target.name()];
    for found in found {
        let name = device_name(found.sent.station, found.sent.link);
        if !devices.contains(&name) {
            devices.push(name);
        }
    }
    devices
}

/// The lab's own connections whole, of other messages those with their answers, and all frames of a stranger.
fn attack(site: &Site, found: &[Found<'_>], frames: &[Frame]) -> BTreeSet<u64> {
    let own: BTreeSet<[SocketAddr; 2]> = found
        .iter()
        .filter(|found| matches!(found.sent.trace, Trace::Segment { .. }))
        .filter_map(|found| found.frame.ends)
        .collect();
    let mut attack: BTreeSet<u64> = found
        .iter()
        .flat_map(|found| [Some(found.frame.number), found.answer.map(|answer| answer.number)])
        .flatten()
        .collect();
    for frame in frames {
        let connection = frame
            .ends
            .is_some_and(|[from, to]| own.contains(&[from, to]) || own.contains(&[to, from]));
        if connection || frame.macs.contains(&site.stranger.mac) {
            attack.insert(frame.number);
        }
    }
    attack
}

fn found<'a>(sent: &'a [Sent], frames: &'a [Frame]) -> Result<Vec<Found<'a>>> {
    let mut used: BTreeMap<SocketAddr, usize> = BTreeMap::new();
    let mut taken: BTreeSet<u64> = BTreeSet::new();
    let mut all = Vec::new();
    for sent in sent {
        let frame = match &sent.trace {
            Trace::Segment { local } => {
                let nth = used.entry(*local).or_default();
                let far = SocketAddr::from((sent.to, PORT));
                let mut flow = frames
                    .iter()
                    .filter(|frame| frame.carries && frame.ends == Some([*local, far]));
                let frame = flow.nth(*nth);
                *nth = nth.saturating_add(1);
                frame
            }
            Trace::Message { after } => frames.iter().find(|frame| {
                frame.carries
                    && frame.time >= *after
                    && frame.is_between(sent.from, sent.to)
                    && frame.functions.contains(&sent.function)
                    && frame.links.contains(&sent.link)
                    && !taken.contains(&frame.number)
            }),
            Trace::Octets { octets } => frames.iter().find(|frame| frame.octets.contains(octets)),
        };
        let frame = frame.with_context(|| format!("{sent:?} is not in the capture"))?;
        taken.insert(frame.number);
        all.push(Found { sent, frame, answer: answer(frame, frames) });
    }
    Ok(all)
}

/// The response that has the number of a request and comes back on its connection before long.
fn answer<'a>(request: &Frame, frames: &'a [Frame]) -> Option<&'a Frame> {
    let [from, to] = request.ends?;
    let number = request.sequences.first()?;
    frames
        .iter()
        .filter(|frame| frame.number > request.number && frame.ends == Some([to, from]))
        .take(4)
        .find(|frame| {
            frame.carries && frame.functions.contains(&129) && frame.sequences.contains(number)
        })
}

fn request(found: &Found<'_>) -> Request {
    Request {
        frame: found.frame.number,
        answer: found.answer.map(|answer| answer.number),
        time: found.frame.time.clone(),
        answered: found.answer.map(|answer| answer.time.clone()),
        device: device_name(found.sent.station, found.sent.link),
        function: found.sent.function,
        label: found.sent.label.clone(),
        points: found.sent.points.clone(),
    }
}

fn expectation(expect: &Expect, found: &[Found<'_>]) -> Result<Expected> {
    let own: Vec<&Found<'_>> = found.iter().filter(|found| found.sent.label == expect.on).collect();
    let first = own.first().with_context(|| format!("nothing was sent as {}", expect.on))?;
    let last = own.get(expect.within.saturating_sub(1)).or(own.last()).unwrap_or(first);
    let address = first.sent.station;
    let points = |own: &[&Found<'_>]| -> Vec<String> {
        let points = own.iter().flat_map(|own| own.sent.points.clone());
        if expect.points { points.collect() } else { Vec::new() }
    };
    let frames: BTreeSet<u64> = own
        .iter()
        .flat_map(|own| [Some(own.frame.number), own.answer.map(|answer| answer.number)])
        .flatten()
        .collect();
    let until = last.answer.map_or(&last.frame.time, |answer| &answer.time);
    Ok(Expected {
        detection: expect.detection.clone(),
        instead: expect.instead.clone(),
        severity: expect.severity,
        source: first.sent.from.to_string(),
        device: if expect.host {
            format!("dnp3 {address} ")
        } else {
            device_name(address, first.sent.link)
        },
        points: points(own.get(..1).unwrap_or_default()),
        more_points: points(own.get(1..).unwrap_or_default()),
        frames: frames.into_iter().collect(),
        deadline: until.clone(),
    })
}
