//! What comes after the observations, on the thread that reads.

use gridtap_baseline::{Baseline, Site};
use gridtap_detect::Detector;
use gridtap_dissect::Output;
use gridtap_model::{Anomaly, Observation, Timestamp};
use gridtap_wire::Frame;

use crate::commands::Commands;
use crate::evidence::Evidence;
use crate::kept::Observations;
use crate::pipeline::Config;
use crate::shards::Step;
use crate::tally::Tally;

/// Anomalies that wait to be taken, before it should be done.
const FOUND_MAX: usize = 256;

/// Judges what is heard, in its order.
pub(crate) struct Judge {
    pub(crate) baseline: Baseline,
    pub(crate) detector: Detector,
    pub(crate) tally: Tally,
    /// Where somebody wants them.
    pub(crate) commands: Option<Commands>,
    pub(crate) observations: u64,
    pub(crate) packets: u64,
    /// Recent frames; none where no evidence is kept.
    pub(crate) evidence: Option<Evidence>,
    /// How many frames of each capture teach nothing, because they were heard in an earlier run.
    pub(crate) repeats: Vec<u64>,
    /// The last frame of each capture.
    pub(crate) numbers: Vec<u64>,
    /// Anomalies whose evidence was cut, and that nobody has taken yet.
    found: Vec<Anomaly>,
}

impl Judge {
    pub(crate) fn new(config: &Config, site: Site, captures: Vec<String>) -> Self {
        Self {
            tally: Tally::new(&captures, &config.telemetry),
            numbers: vec![0; captures.len()],
            detector: Detector::new(&config.detect, site.clone(), captures),
            baseline: Baseline::new(config.baseline.clone(), site),
            commands: None,
            observations: 0,
            packets: 0,
            evidence: None,
            repeats: Vec::new(),
            found: Vec::new(),
        }
    }

    /// A frame is heard, before what it brings.
    #[inline]
    pub(crate) fn frame(&mut self, frame: &Frame<'_>) {
        self.packets = self.packets.saturating_add(1);
        self.detector.frame(frame.capture);
        let nth = usize::from(frame.capture);
        if !self.repeats.is_empty() {
            let known = self.repeats.get(nth).copied().unwrap_or(0);
            self.baseline.repeat(frame.number <= known);
        }
        if let Some(number) = self.numbers.get_mut(nth) {
            *number = frame.number;
        }
        self.tally.packet(frame.capture, frame.original_length, frame.time);
        if let Some(evidence) = &mut self.evidence {
            evidence.frame(frame);
        }
    }

    #[inline]
    pub(crate) fn take(&mut self, output: &Output<'_>) {
        if let Output::Observation(observation) = output {
            self.observe(observation);
        }
    }

    fn observe(&mut self, observation: &Observation<'_>) {
        self.observations = self.observations.saturating_add(1);
        self.tally.observe(observation, self.baseline.site());
        if let Some(commands) = &mut self.commands {
            commands.observe(observation, self.baseline.site());
        }
        self.detector.observe(observation, &mut self.baseline);
    }

    /// All that a frame brings was taken. What was found is shown by the frames up to this one, so that its evidence is
    /// the same however fast they come.
    #[inline]
    pub(crate) fn heard(&mut self) {
        if self.evidence.is_some() && self.detector.has_anomalies() {
            self.gather();
        }
    }

    /// All that a tick brings was taken.
    pub(crate) fn tick(&mut self, now: Timestamp) {
        self.baseline.tick(now);
        self.detector.pace(now, &mut self.baseline);
        self.detector.tick(now);
        if let Some(commands) = &mut self.commands {
            commands.tick(now);
        }
    }

    pub(crate) fn finish(&mut self) {
        self.detector.finish();
        if let Some(commands) = &mut self.commands {
            commands.finish();
        }
    }

    /// Does the next step; says whether to go on.
    pub(crate) fn step(&mut self, step: Step<'_, Observations>) -> bool {
        match step {
            Step::Frame(frame) => self.frame(frame),
            Step::Told(kept, nth) => kept.look(nth, |observation| self.observe(observation)),
            Step::Heard => {
                self.heard();
                return !self.is_full();
            }
            Step::Ticked(now) => self.tick(now),
            Step::Ended => self.finish(),
        }
        true
    }

    /// Cuts the evidence of what was found.
    fn gather(&mut self) {
        let anomalies = self.detector.take();
        if let Some(commands) = &mut self.commands {
            anomalies.iter().for_each(|anomaly| commands.mark(anomaly));
        }
        if let Some(evidence) = &mut self.evidence {
            anomalies.iter().for_each(|anomaly| evidence.told(anomaly));
        }
        self.found.extend(anomalies);
    }

    /// What was found since the last call, in order.
    pub(crate) fn take_found(&mut self) -> Vec<Anomaly> {
        self.gather();
        core::mem::take(&mut self.found)
    }

    #[inline]
    pub(crate) const fn has_found(&self) -> bool {
        !self.found.is_empty() || self.detector.has_anomalies()
    }

    /// Whether so much was found that it should be taken.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.found.len() >= FOUND_MAX || self.evidence.as_ref().is_some_and(Evidence::is_full)
    }
}
