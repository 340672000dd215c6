//! A capture read through the monitor's pipeline: what was told, when, and where the labelled stretches lie.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use anyhow::{Context, Result};
use gridtap_baseline::{Meta, Row, Site};
use gridtap_capture::Sources;
use gridtap_model::{Anomaly, Span, Timestamp};
use gridtap_sensor::{Config, Pipeline};
use gridtap_wire::Frame;

use super::labels::{Label, Place};
use super::packet::packet;
use super::transcript::{Spoken, Transcriber};
use crate::methods::beside::Beside;
use crate::methods::{Alerts, Threshold, Trained};

/// What was learned before, and how.
#[derive(Debug, Clone)]
pub(crate) struct Learned {
    pub(crate) meta: Meta,
    pub(crate) rows: Vec<Row>,
}

/// One telling of an anomaly.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) anomaly: Anomaly,
    /// The frame after which it was told.
    pub(crate) frame: u64,
    /// When it was told.
    pub(crate) time: Timestamp,
    /// How many messages had been heard by then.
    pub(crate) messages: u64,
}

/// Where a label lies in its capture.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stretch {
    /// When its first frame came, and how many messages had been heard then; none where the capture has no such frame.
    pub(crate) began: Option<(i64, u64)>,
    /// When its last frame came, or its interval ends.
    pub(crate) ended: i64,
    /// The hosts of its frames, where it names frames.
    pub(crate) hosts: BTreeSet<IpAddr>,
    /// The connection, where it is one.
    pub(crate) ends: Option<[SocketAddr; 2]>,
}

/// What was heard of a capture.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) told: Vec<Told>,
    /// In the order of the labels.
    pub(crate) stretches: Vec<Stretch>,
    /// When each frame came.
    pub(crate) times: Vec<i64>,
    /// To which labelled connection each frame belongs; empty where no connection is labelled.
    pub(crate) connections: Vec<Option<u32>>,
    /// The messages; empty unless asked for.
    pub(super) messages: Vec<Spoken>,
    /// What the methods of the literature alert on, and their thresholds; empty unless asked for.
    pub(super) methods: Vec<(Alerts, Threshold)>,
    /// From how many messages they learned.
    pub(super) learned: u64,
    pub(crate) message_count: u64,
    /// The levels of the baseline that judged at the end.
    pub(crate) armed: Vec<&'static str>,
    /// What of the capture could not be read.
    pub(crate) faults: Vec<String>,
}

/// How a capture is to be read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading<'a> {
    pub(crate) config: &'a Config,
    pub(crate) site: &'a Site,
    pub(crate) learned: Option<&'a Learned>,
    /// Every message is to be told of.
    pub(crate) messages: bool,
    /// The methods of the literature are to judge it.
    pub(crate) methods: bool,
    /// What they learned before; else they learn until the first attack.
    pub(crate) trained: Option<&'a Trained>,
}

/// Learns from captures, as `gridtap learn` does.
pub(crate) fn learn(files: &[PathBuf], config: &Config, site: &Site) -> Result<Learned> {
    let mut sources = Sources::open(files).context("what is to be learned from")?;
    let names = sources.names().map(str::to_owned).collect();
    let mut pipeline = Pipeline::new(config, site.clone(), names);
    pipeline.baseline_mut().teach(true);
    while let Some(frame) = sources.next()? {
        pipeline.frame(&frame);
        drop(pipeline.take_anomalies());
    }
    pipeline.finish();
    Ok(Learned { meta: pipeline.baseline().meta(), rows: pipeline.baseline().rows() })
}

/// How long captures last together, from the first frame to the last.
pub(crate) fn duration(files: &[PathBuf]) -> Result<Span> {
    let mut sources = Sources::open(files)?;
    let (mut first, mut last) = (None, Timestamp::MIN);
    while let Ok(Some(frame)) = sources.next() {
        first.get_or_insert(frame.time);
        last = last.max(frame.time);
    }
    Ok(Span::from_nanos(first.map_or(0, |first| last.since_ns(first))))
}

/// Reads a capture.
pub(crate) fn hear(file: &PathBuf, labels: &[&Label], reading: Reading<'_>) -> Result<Heard> {
    let mut sources = Sources::open(&[file])?;
    let names: Vec<String> = sources.names().map(str::to_owned).collect();
    let mut pipeline = Pipeline::new(reading.config, reading.site.clone(), names);
    if let Some(learned) = reading.learned {
        let restored = pipeline.baseline_mut().restore(Some(learned.meta.clone()), &learned.rows);
        restored.map_err(|error| anyhow::anyhow!("what was learned: {error}"))?;
    }
    let mut heard = Heard { stretches: vec![Stretch::default(); labels.len()], ..Heard::default() };
    let mut places = Places::of(labels);
    let mut transcriber = reading.messages.then(|| Transcriber::new(reading.config));
    let mut beside = reading.methods.then(|| match reading.trained {
        Some(trained) => Beside::judging(reading.config, trained),
        None => Beside::learning(reading.config, i64::MAX, i64::MAX),
    });
    loop {
        let frame = match sources.next() {
            Ok(Some(frame)) => frame,
            Ok(None) => break,
            Err(error) => {
                heard.faults.push(error.to_string());
                continue;
            }
        };
        heard.times.push(frame.time.nanos());
        places.frame(&frame, labels, &mut heard, || messages(&pipeline));
        if let Some(transcriber) = &mut transcriber {
            transcriber.frame(&frame, &mut heard.messages);
        }
        if let Some(beside) = &mut beside {
            let mut begun = labels.iter().zip(&heard.stretches);
            if !beside.is_armed() && begun.any(|(label, own)| label.attack && own.began.is_some()) {
                beside.arm();
            }
            beside.frame(&frame, false);
        }
        let (number, time) = (frame.number, frame.time);
        pipeline.frame(&frame);
        if pipeline.has_anomalies() {
            heard.told(&mut pipeline, number, time);
        }
    }
    let last = heard.times.iter().max().map_or(Timestamp::MIN, |time| Timestamp::from_nanos(*time));
    let levels = pipeline.learned().levels.map(|level| !level.learning);
    let names = ["flow", "function", "address", "point"];
    heard.armed =
        names.into_iter().zip(levels).filter(|(_, armed)| *armed).map(|own| own.0).collect();
    pipeline.finish();
    let frames = u64::try_from(heard.times.len()).unwrap_or(u64::MAX);
    heard.told(&mut pipeline, frames, last);
    heard.message_count = messages(&pipeline);
    heard.learned = beside.as_ref().map_or(0, Beside::learned);
    heard.methods = beside.map_or(Ok(Vec::new()), Beside::finish)?;
    Ok(heard)
}

/// How many messages a pipeline has heard.
fn messages(pipeline: &Pipeline) -> u64 {
    pipeline.summary().messages.values().sum()
}

impl Heard {
    fn told(&mut self, pipeline: &mut Pipeline, frame: u64, time: Timestamp) {
        let messages = messages(pipeline);
        let anomalies = pipeline.take_anomalies().into_iter();
        self.told.extend(anomalies.map(|anomaly| Told { anomaly, frame, time, messages }));
    }
}

/// Which labels begin next, and which are open.
struct Places {
    /// Those that name frames or times, the next one last.
    next: Vec<usize>,
    open: Vec<usize>,
    /// Labelled connections by their first frames.
    firsts: BTreeMap<u64, usize>,
    /// The labelled connections that are open, with the sequence number of their SYN.
    connections: BTreeMap<[SocketAddr; 2], (usize, Option<u32>)>,
}

impl Places {
    fn of(labels: &[&Label]) -> Self {
        let begins = |nth: &usize| match labels.get(*nth).map(|label| label.place) {
            Some(Place::Frames(first, _)) => i64::try_from(first).unwrap_or(i64::MAX),
            Some(Place::Epoch(first, _)) => first,
            _ => i64::MAX,
        };
        let mut next: Vec<usize> = (0..labels.len()).filter(|nth| begins(nth) < i64::MAX).collect();
        next.sort_by_key(|nth| core::cmp::Reverse(begins(nth)));
        let firsts = labels.iter().enumerate().filter_map(|(nth, label)| match label.place {
            Place::Connection(first) => Some((first, nth)),
            _ => None,
        });
        let firsts = firsts.collect();
        Self { next, open: Vec::new(), firsts, connections: BTreeMap::new() }
    }

    fn frame(
        &mut self,
        frame: &Frame<'_>,
        labels: &[&Label],
        heard: &mut Heard,
        messages: impl Fn() -> u64,
    ) {
        let (number, time) = (frame.number, frame.time.nanos());
        let reached = |nth: usize| match labels.get(nth).map(|label| label.place) {
            Some(Place::Frames(first, _)) => first <= number,
            Some(Place::Epoch(first, _)) => first <= time,
            _ => false,
        };
        while let Some(nth) = self.next.pop_if(|nth| reached(*nth)) {
            self.open.push(nth);
        }
        let over = |nth: usize| match labels.get(nth).map(|label| label.place) {
            Some(Place::Frames(_, last)) => last < number,
            Some(Place::Epoch(_, last)) => last < time,
            _ => true,
        };
        self.open.retain(|nth| !over(*nth));
        let packet = if self.open.is_empty() && self.firsts.is_empty() {
            None
        } else {
            packet(frame.link, frame.bytes)
        };
        let mut own = None;
        if let Some(packet) = &packet {
            own = self.connection(number, packet);
        }
        if !self.firsts.is_empty() {
            heard.connections.push(own.and_then(|nth| u32::try_from(nth).ok()));
        }
        for nth in self.open.iter().copied().chain(own) {
            let (Some(stretch), Some(label)) = (heard.stretches.get_mut(nth), labels.get(nth))
            else {
                continue;
            };
            stretch.began.get_or_insert_with(|| (time, messages()));
            stretch.ended = stretch.ended.max(time);
            if let (Some(packet), false) = (&packet, matches!(label.place, Place::Epoch(..))) {
                stretch.hosts.extend(packet.ends.map(|end| end.ip()));
                stretch.ends = own.map(|_| packet.pair());
            }
        }
    }

    /// The labelled connection that a packet belongs to.
    fn connection(&mut self, number: u64, packet: &super::packet::Packet) -> Option<usize> {
        let pair = packet.pair();
        if let Some(nth) = self.firsts.get(&number) {
            self.connections.insert(pair, (*nth, packet.opens));
        } else if packet.opens.is_some()
            && self.connections.get(&pair).is_some_and(|(_, opens)| *opens != packet.opens)
        {
            // Another connection between the same ends.
            self.connections.remove(&pair);
        }
        self.connections.get(&pair).map(|(nth, _)| *nth)
    }
}
