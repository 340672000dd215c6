//! What frames become: anomalies, stored first and then told.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use gridtap_baseline::{Level, Site};
use gridtap_capture::Turn;
use gridtap_model::{Anomaly, AnomalyId, Timestamp};
use gridtap_sensor::{Pipeline, SensorConfig, Slice};
use gridtap_store::{Standpoint, Store};
use gridtap_wire::Frame;

use crate::condition::Conditions;
use crate::failure::Failure;
use crate::feed::{Listener, Missed, Read};
use crate::followed::{self, Followed};
use crate::knowledge::counted;
use crate::learned::Learned;
use crate::output::{Voice, width};
use crate::report::{self, Finding, Findings, Layout};
use crate::settings::Settings;
use crate::{person, state};

/// The protocols whose messages are judged, as summaries and people call them.
const SPOKEN: [(&str, &str); 2] = [("modbus", "Modbus"), ("dnp3", "DNP3")];

/// What to look at where no message was decoded.
pub(crate) const CHECK: &str = "check that the capture was taken where masters and devices speak, and that the traffic is not \
                                encrypted";

/// How long what was found may wait where frames come as fast as they are read.
const GLANCE: Duration = Duration::from_millis(250);

/// What is printed while reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// A line of JSON for each change of an anomaly.
    Records,
    /// A line of prose for each new anomaly.
    Lines,
    /// Nothing until the end.
    Silent,
}

/// The pipeline between the captures and the store.
pub(crate) struct Watch {
    pub pipeline: Pipeline,
    pub store: Store,
    pub findings: Findings,
    pub captures: Vec<String>,
    pub tone: Tone,
    pub voice: Voice,
    /// How many frames of each capture are passed over, because they were learned before.
    pub skip: Vec<u64>,
    /// Whether reading goes on when nobody reads the output any more, because the run has something else to give.
    pub unheard: bool,
    /// The ids by which anomalies are kept that have another than the detector gives.
    kept_as: BTreeMap<AnomalyId, String>,
    /// What is lost because we are too slow.
    conditions: Conditions,
    /// How far directories were read that are followed.
    pub followed: Followed,
    /// What the audit log calls a run that is noted there with what it learned.
    pub deed: Option<&'static str>,
    /// What was declared beforehand: the ids of what each window named.
    suppressed: BTreeMap<String, BTreeSet<String>>,
    site: Site,
    packets: u64,
    /// When the baseline began to judge in this run.
    armed: Option<Timestamp>,
    /// The time of the first and of the last frame.
    heard: Option<(Timestamp, Timestamp)>,
    /// When it was last looked around among frames: when the last one came, where they are heard as they come.
    paused: Option<Instant>,
    /// Reused for every line.
    text: Vec<u8>,
}

impl Listener for Watch {
    #[inline]
    fn frame(&mut self, frame: &Frame<'_>) -> Result<(), Failure> {
        if self.skip.get(usize::from(frame.capture)).is_some_and(|known| frame.number <= *known) {
            return Ok(());
        }
        let (first, _) = *self.heard.get_or_insert((frame.time, frame.time));
        self.heard = Some((first, frame.time));
        self.packets = self.packets.saturating_add(1);
        self.pipeline.frame(frame);
        while self.pipeline.is_full() {
            self.paused = Some(now());
            self.look()?;
            self.pipeline.go_on();
        }
        Ok(())
    }

    fn idle(&mut self) -> Result<(), Failure> {
        if let Some(time) = self.time() {
            self.pipeline.pass(time);
            self.settle()?;
            if let Some(evidence) = self.pipeline.evidence_mut() {
                evidence.tick(time);
            }
        }
        self.look()
    }

    fn glance(&mut self) -> Result<(), Failure> {
        // Each time that something is stored the disk is waited for.
        if self.paused.is_some_and(|paused| now().duration_since(paused) < GLANCE) {
            return Ok(());
        }
        self.paused = Some(now());
        self.look()
    }

    fn rest(&mut self) -> Result<(), Failure> {
        self.settle()?;
        self.look()
    }

    fn interfaces(&mut self, missed: &[Missed], lost: &[String]) {
        self.conditions.interfaces(missed, lost, now());
        self.look_at_losses();
    }

    fn turned(&mut self, turn: &Turn) {
        self.followed.turned(turn);
    }

    fn pause(&mut self) -> Result<(), Failure> {
        self.paused = Some(now());
        self.settle()?;
        self.look()
    }
}

#[expect(clippy::disallowed_methods, reason = "how long nothing came is the clock's to say")]
fn now() -> Instant {
    Instant::now()
}

impl Watch {
    /// Judges every frame that came.
    fn settle(&mut self) -> Result<(), Failure> {
        while !self.pipeline.settle() {
            self.look()?;
        }
        Ok(())
    }

    /// What the time of packets is by now, where they come as they are sent.
    fn time(&self) -> Option<Timestamp> {
        let since = self.paused?.elapsed().as_nanos();
        Some(self.heard?.1.plus_ns(u64::try_from(since).unwrap_or(u64::MAX)))
    }

    /// Whether packets are lost is an anomaly of the sensor itself, by the time of packets.
    fn look_at_losses(&mut self) {
        if let Some(time) = self.time() {
            let Self { conditions, captures, pipeline, .. } = self;
            conditions.look_at_losses(time, now(), captures, pipeline);
        }
    }

    /// Stores and tells what was found.
    fn look(&mut self) -> Result<(), Failure> {
        for armed in self.pipeline.baseline_mut().take_armed() {
            tracing::info!("the {:?} level judges from {} on", armed.level, armed.time);
            if armed.level == Level::Function {
                self.armed = self.armed.max(Some(armed.time));
            }
        }
        let anomalies = self.pipeline.take_anomalies();
        let kept = self.store(&anomalies)?;
        if anomalies.is_empty() {
            return Ok(());
        }
        match self.tell(&kept) {
            // What is stored is not lost with its listener.
            Err(failure) if failure.is_broken_pipe() && self.unheard => self.tone = Tone::Silent,
            told => told?,
        }
        kept.into_iter().for_each(|kept| self.findings.keep(kept));
        Ok(())
    }
}

/// A slice as the state keeps it.
pub(crate) fn kept(slice: Slice) -> gridtap_store::Evidence {
    let Slice { pcapng, frames, missing, note, at, .. } = slice;
    gridtap_store::Evidence { pcap: pcapng, frames, missing, note, at }
}

impl Watch {
    pub(crate) fn new(
        settings: &Settings,
        site: Site,
        captures: &[String],
        store: Store,
        tone: Tone,
        voice: Voice,
    ) -> Self {
        Self {
            pipeline: Pipeline::new(&settings.sensor(), site.clone(), captures.to_vec()),
            store,
            findings: Findings::default(),
            captures: captures.to_vec(),
            tone,
            voice,
            skip: Vec::new(),
            unheard: false,
            kept_as: BTreeMap::new(),
            conditions: Conditions::default(),
            followed: Followed::default(),
            deed: None,
            suppressed: BTreeMap::new(),
            site,
            packets: 0,
            armed: None,
            heard: None,
            paused: None,
            text: Vec::new(),
        }
    }

    /// The input ended: the last anomalies are stored and told, what was learned is stored.
    pub(crate) fn finish(&mut self, read: &Read, learned: &Learned) -> Result<(), Failure> {
        self.interfaces(&read.missed, &[]);
        match read.stopped {
            Some(_) => self.pipeline.stop(),
            None => self.pipeline.finish(),
        }
        self.look()?;
        if let Some(evidence) = self.pipeline.evidence_mut() {
            evidence.finish();
        }
        self.look()?;
        self.findings.read()?;
        let mut batch = self.store.batch(person::now())?;
        state::keep(&mut batch, self.pipeline.baseline_mut())?;
        learned.note(&mut batch, read)?;
        if let Some(text) = self.followed.text(&read.last)? {
            batch.meta(followed::META, &text)?;
        }
        if let Some(deed) = self.deed {
            let detail = format!("{} frames", read.frames);
            batch.audit(&person::audited(&person::user(), deed, &learned.subject(), &detail))?;
        }
        Ok(batch.commit()?)
    }

    /// Keeps the frames that show what will be told, if the settings want that.
    pub(crate) fn keep_evidence(&mut self, config: &SensorConfig) {
        self.pipeline.keep_evidence(config, self.captures.clone());
    }

    /// Stores anomalies and what was cut of evidence together. Gives those that alarm, as they stand with what people did
    /// about them in an earlier run over the same state.
    fn store(&mut self, anomalies: &[Anomaly]) -> Result<Vec<Standpoint>, Failure> {
        let has_slices = self.pipeline.evidence_mut().is_some_and(|it| it.has_slices());
        if anomalies.is_empty() && !has_slices {
            return Ok(Vec::new());
        }
        let mut alarming = Vec::with_capacity(anomalies.len());
        let mut excused = Vec::new();
        let mut batch = self.store.batch(person::now())?;
        for anomaly in anomalies {
            let kept = batch.anomaly(anomaly)?.standpoint;
            if kept.id != anomaly.id.to_string() {
                self.kept_as.insert(anomaly.id, kept.id.clone());
            }
            match kept.suppressed {
                Some(window) => excused.push((kept.id, window)),
                None => alarming.push(kept),
            }
        }
        if let Some(evidence) = self.pipeline.evidence_mut() {
            let name =
                |id: AnomalyId| self.kept_as.get(&id).cloned().unwrap_or_else(|| id.to_string());
            while let Some(slice) = evidence.take_one(name) {
                batch.evidence(&name(slice.anomaly), &kept(slice))?;
            }
        }
        batch.commit()?;
        for (id, window) in excused {
            self.suppressed.entry(window).or_default().insert(id);
        }
        Ok(alarming)
    }

    fn tell(&mut self, told: &[Standpoint]) -> Result<(), Failure> {
        match self.tone {
            Tone::Silent => {}
            Tone::Records => {
                self.text.clear();
                for told in told {
                    self.text.extend_from_slice(told.record.as_bytes());
                    self.text.push(b'\n');
                }
                let mut out = io::stdout().lock();
                out.write_all(&self.text)?;
                out.flush()?;
            }
            Tone::Lines => {
                let mut out = self.voice.prose();
                for told in told.iter().filter(|told| told.revision == 1) {
                    report::write_line(&mut out, &Finding::of(&told.record)?)?;
                }
                out.flush()?;
            }
        }
        Ok(())
    }

    /// Frames that went through the pipeline.
    pub(crate) const fn packets(&self) -> u64 {
        self.packets
    }

    /// Messages that were decoded and judged.
    pub(crate) fn messages(&self) -> u64 {
        let messages = SPOKEN.iter().map(|(protocol, _)| self.messages_of(protocol));
        messages.fold(0, u64::saturating_add)
    }

    fn messages_of(&self, protocol: &str) -> u64 {
        self.pipeline.summary().messages.get(protocol).copied().unwrap_or(0)
    }

    /// What was declared beforehand and happened, in a sentence.
    pub(crate) fn suppressed_of(&self) -> Option<String> {
        let count: usize = self.suppressed.values().map(BTreeSet::len).sum();
        if count == 0 {
            return None;
        }
        let each =
            self.suppressed.iter().map(|(window, ids)| format!("{} by {window:?}", ids.len()));
        let how = if count == 1 { "1 anomaly is" } else { &*format!("{count} anomalies are") };
        let each = each.collect::<Vec<_>>().join(", ");
        let which = "`gridtap anomalies list --suppressed` shows what was declared and happened";
        Some(format!("{how} suppressed ({each}): {which}"))
    }

    /// How the report is laid out.
    pub(crate) fn layout(&self) -> Layout<'_> {
        Layout {
            width: width(),
            host: Box::new(|address: IpAddr| self.site.host_name(address).map(str::to_owned)),
            capture: match self.captures.as_slice() {
                [one] => Some(one),
                _ => None,
            },
        }
    }

    /// `demo.pcapng: 12,345 packets, 4,002 Modbus messages, 2024-05-01 10:00:00 to 10:32:10 UTC`
    pub(crate) fn heard_of(&self) -> String {
        let period = self
            .heard
            .map_or_else(String::new, |(first, last)| format!(", {}", report::period(first, last)));
        format!("{}: {} packets, {}{period}", self.named(), counted(self.packets), self.spoken())
    }

    /// When the baseline began to judge, where that was in this run.
    pub(crate) const fn armed(&self) -> Option<Timestamp> {
        self.armed
    }

    /// That nothing was decoded, of what.
    pub(crate) fn silence(&self) -> String {
        format!("{} in {} packets of {}", self.spoken(), counted(self.packets), self.named())
    }

    /// `4,002 Modbus and 310 DNP3 messages`
    fn spoken(&self) -> String {
        let heard = SPOKEN.iter().map(|(protocol, name)| (self.messages_of(protocol), name));
        let heard = heard.filter(|(messages, _)| *messages > 0);
        let heard = heard.map(|(messages, name)| format!("{} {name}", counted(messages)));
        match heard.collect::<Vec<_>>().join(" and ").as_str() {
            "" => "no Modbus or DNP3 message".to_owned(),
            heard => format!("{heard} messages"),
        }
    }

    /// The captures, by name where they are few.
    fn named(&self) -> String {
        match self.captures.as_slice() {
            few if few.len() <= 3 => few.join(", "),
            many => format!("{} captures", counted(u64::try_from(many.len()).unwrap_or(u64::MAX))),
        }
    }
}
