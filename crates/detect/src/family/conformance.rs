//! Messages that do not fit the standard, or each other.
//!
//! One such message is low: devices have habits. What a party never does by habit, and no loss can explain,
//! weighs more: a second and different answer to one request, an answer that contradicts its request from a
//! device whose answers always matched. A burst of malformed messages is medium.

use core::net::IpAddr;

use gridtap_baseline::{Baseline, FactKey, FactKind, Site};
use gridtap_model::{Device, Fault, FaultKind, Message, Observation, Outcome, Phase, Severity};

use super::{link, rows};
use crate::book::{Cause, Subject};
use crate::bounded::Bounded;
use crate::config::Config;
use crate::scene::{Candidate, Scene, rank};
use crate::series::Series;
use crate::window::Window;
use crate::words;

const BURST_NS: u64 = 600_000_000_000;
/// Answers that must have matched before one that does not means something.
const MATCHED_MIN: u64 = 20;

#[derive(Debug, Default)]
struct Answers {
    matched: u64,
    mismatched: u64,
}

/// How well parties keep to the standard.
pub(crate) struct Conformance {
    answers: Bounded<(Device, u16), Answers>,
    malformed: Bounded<(IpAddr, IpAddr), Window<()>>,
    config: Config,
}

impl Conformance {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            answers: Bounded::new(config.pairs_max),
            malformed: Bounded::new(config.pairs_max),
            config: config.clone(),
        }
    }

    pub(crate) const fn evicted(&self) -> u64 {
        self.answers.evicted().saturating_add(self.malformed.evicted())
    }

    /// The faults of a request, for its finding; and the burst that they may complete.
    pub(crate) fn request(
        &mut self,
        scene: &Scene<'_>,
        baseline: &mut Baseline,
        out: &mut Vec<Candidate>,
        series: &mut Vec<Series>,
    ) {
        let message = scene.message;
        let Some(rows) = rows(message.device.protocol) else { return };
        for fault in message.faults.iter() {
            if excused(&fault, message) || is_of_select(fault.kind) {
                continue;
            }
            out.push(Candidate {
                detection: (rows.fault)(fault.kind),
                severity: severity(scene, baseline, fault.kind),
                rank: rank::MESSAGE,
                cause: Cause::Conformance,
                novelty: false,
                variant: u64::from(message.function.code),
                of_host: false,
                score: 2.0,
                expected: format!("the standard's form; this has {}", words::fault(fault)).into(),
            });
        }
        self.burst(scene.site, scene.obs, message, baseline, series);
    }

    /// The faults of an answer.
    pub(crate) fn answer(
        &mut self,
        site: &Site,
        obs: &Observation<'_>,
        message: &Message<'_>,
        baseline: &mut Baseline,
        series: &mut Vec<Series>,
    ) {
        let Some(rows) = rows(message.device.protocol) else { return };
        let bound = message.request_frame.is_some();
        let (zone, device) = (obs.zone, message.device.address);
        let known = || baseline.knows_host(zone, device, obs.time);
        if message.faults.is_empty() {
            if bound && message.outcome == Outcome::Success && message.phase == Phase::Response {
                self.matched(message, true, known);
            }
            return;
        }
        for fault in message.faults.iter() {
            if excused(&fault, message) {
                continue;
            }
            let severity = self.severity(&fault, message, known);
            let observed =
                format!("{}: {}", words::sender(site, obs, message), words::fault(fault));
            let finding =
                Series::about((rows.fault)(fault.kind), severity, Cause::Conformance, obs, message)
                    .variant(u64::from(message.function.code))
                    .scored(if severity == Severity::High { 4.0 } else { 2.0 })
                    .saying(observed, expectation(fault.kind));
            // Two second answers are two facts; the answer's sender is the one who did it.
            series.push(Series { subject: by_sender(finding.subject, obs), ..finding });
        }
        self.burst(site, obs, message, baseline, series);
    }

    /// How bad a fault of an answer is.
    fn severity(
        &mut self,
        fault: &Fault,
        message: &Message<'_>,
        known: impl FnOnce() -> bool,
    ) -> Severity {
        match fault.kind {
            FaultKind::SecondResponse => Severity::High,
            FaultKind::ResponseMismatch(_) => {
                let usual = self.answers.get(&(message.device, message.function.code)).is_some_and(
                    |answers| answers.matched >= MATCHED_MIN && answers.mismatched == 0,
                );
                if usual {
                    return Severity::High;
                }
                self.matched(message, false, known);
                Severity::Low
            }
            _ => Severity::Low,
        }
    }

    fn matched(&mut self, message: &Message<'_>, fits: bool, known: impl FnOnce() -> bool) {
        let answers = self.answers.entry((message.device, message.function.code), known);
        let count = if fits { &mut answers.matched } else { &mut answers.mismatched };
        *count = count.saturating_add(1);
    }

    /// Malformed messages in a row. What a device does by habit was learned and does not count.
    fn burst(
        &mut self,
        site: &Site,
        obs: &Observation<'_>,
        message: &Message<'_>,
        baseline: &mut Baseline,
        series: &mut Vec<Series>,
    ) {
        let (device, master) = (&message.device, message.master.address);
        let armed = baseline.is_armed(device, master);
        let mut counts = false;
        for fault in message.faults.iter() {
            if excused(&fault, message) || !malformed(fault.kind) {
                continue;
            }
            let detail = habit(fault.kind, message);
            let fact =
                FactKey { kind: FactKind::Habit, device: *device, master: Some(master), detail };
            let known = baseline.facts().known(&fact);
            if !known && !armed {
                baseline.facts_mut().note(fact, obs.time, |fact| fact.count = 1);
            }
            counts |= armed && !known;
        }
        if counts {
            let finding =
                Series::about("OT-23", Severity::Medium, Cause::Conformance, obs, message);
            self.count(site, obs, finding, baseline, series);
        }
    }

    /// A stretch of a conversation that its sender formed wrongly, where no loss can explain it.
    pub(crate) fn damaged(
        &mut self,
        site: &Site,
        obs: &Observation<'_>,
        fault: &Fault,
        baseline: &mut Baseline,
        series: &mut Vec<Series>,
    ) {
        let Some(rows) = rows(obs.protocol) else { return };
        let observed = format!(
            "{} sent {} octets to {} that are no message: {}",
            words::host(site, obs.source.address),
            obs.protocol,
            words::host(site, obs.destination.address),
            words::fault(*fault)
        );
        series.push(
            link::about((rows.fault)(fault.kind), Severity::Low, obs).scored(2.0).saying(
                observed,
                "the standard's form; nothing was lost here that could explain it",
            ),
        );
        let device = link::device(obs);
        let armed = baseline.is_zone_armed(obs.zone);
        let key = FactKey {
            kind: FactKind::Habit,
            device,
            master: Some(obs.source.address),
            detail: hashed(fault.kind),
        };
        let known = baseline.facts().known(&key);
        if !known && !armed {
            baseline.facts_mut().note(key, obs.time, |fact| fact.count = 1);
        }
        if armed && !known {
            let finding = link::about("OT-23", Severity::Medium, obs);
            self.count(site, obs, finding, baseline, series);
        }
    }

    /// Counts a malformed message; tells the burst that it completes.
    fn count(
        &mut self,
        site: &Site,
        obs: &Observation<'_>,
        finding: Series,
        baseline: &Baseline,
        series: &mut Vec<Series>,
    ) {
        let key = (obs.source.address, obs.destination.address);
        let window = self.malformed.entry(key, || baseline.knows_host(obs.zone, key.0, obs.time));
        let limit = self.config.malformed_burst.max(1);
        window.push(obs.time, obs.place.frame, (), BURST_NS, limit);
        if window.count() >= limit {
            let observed = format!(
                "{} sent {} malformed messages to {} within ten minutes",
                words::host(site, obs.source.address),
                window.count(),
                words::host(site, obs.destination.address)
            );
            let finding = finding
                .of_host()
                .scored(3.0)
                .shown_by(window.frames())
                .saying(observed, "these two used to speak by the standard");
            series.push(Series { subject: by_sender(finding.subject, obs), ..finding });
            window.clear();
        }
    }
}

/// How bad a fault of a request is. A control that this sensor cannot read to its end hides what it moves.
fn severity(scene: &Scene<'_>, baseline: &Baseline, kind: FaultKind) -> Severity {
    let (message, verdict) = (scene.message, scene.verdict);
    let has_objects = rows(message.device.protocol).is_some_and(|rows| rows.control_form.is_some());
    let unread = message.runs.is_empty()
        || matches!(
            kind,
            FaultKind::ObjectHeader
                | FaultKind::Truncated
                | FaultKind::Quantity
                | FaultKind::UnknownObject
        );
    let fact = FactKey {
        kind: FactKind::Habit,
        device: message.device,
        master: Some(message.master.address),
        detail: habit(kind, message),
    };
    let judged = verdict.armed && !verdict.accepted && !baseline.facts().known(&fact);
    if judged && has_objects && scene.controls() && unread {
        Severity::Medium
    } else {
        Severity::Low
    }
}

/// A fault that a loss can explain belongs to the account of what was not heard.
fn excused(fault: &Fault, message: &Message<'_>) -> bool {
    let explained_by_loss = matches!(
        fault.kind,
        FaultKind::Unrequested
            | FaultKind::ResponseMismatch(_)
            | FaultKind::SecondResponse
            | FaultKind::TransactionReuse
            | FaultKind::Length
            | FaultKind::ByteCount
            | FaultKind::Truncated
            | FaultKind::TrailingBytes
            | FaultKind::Segments
    );
    explained_by_loss && !message.hearing.is_clean()
}

/// Whether a fault is about the form of a message, not about its place in the dialogue.
const fn malformed(kind: FaultKind) -> bool {
    !is_of_select(kind)
        && !matches!(
            kind,
            FaultKind::Unrequested
                | FaultKind::ResponseMismatch(_)
                | FaultKind::SecondResponse
                | FaultKind::TransactionReuse
                | FaultKind::ReservedFunction
                | FaultKind::ReservedSubFunction
                | FaultKind::ReservedBits
                | FaultKind::Direction
        )
}

/// Whether a fault is one between a select and its operate: their own family tells it.
const fn is_of_select(kind: FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::NoSelect
            | FaultKind::SelectDiffers
            | FaultKind::SelectSequence
            | FaultKind::SelectLate
    )
}

/// What a device does by habit: this fault with this function.
fn habit(kind: FaultKind, message: &Message<'_>) -> u64 {
    hashed(kind).wrapping_mul(65_536).wrapping_add(u64::from(message.function.code))
}

fn hashed(kind: FaultKind) -> u64 {
    let mut hash = 0_u64;
    for byte in kind.name().bytes() {
        hash = hash.wrapping_mul(31).wrapping_add(u64::from(byte));
    }
    hash
}

/// The subject, with the sender of the message as the one who did it.
fn by_sender(subject: Subject, obs: &Observation<'_>) -> Subject {
    Subject { actor: obs.source.address, target: obs.destination.address, ..subject }
}

const fn expectation(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::SecondResponse => {
            "one answer to one request; a second and different one comes from elsewhere"
        }
        FaultKind::ResponseMismatch(_) => "an answer that repeats what was asked",
        FaultKind::Unrequested => "answers only to requests",
        FaultKind::TransactionReuse => "a transaction number is used again after its answer",
        _ => "the standard's form",
    }
}
