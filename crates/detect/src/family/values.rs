//! Values that go beyond what was learned, or declared, of their point.
//!
//! What a master sets is weighed against what was set before: how far, how far at once, how far within one block of time.
//! Each piece of evidence is an e-value; a point earns its alarm when theirs reach K/B: K the values that are tested a
//! day, B this family's share of the false alarms that the operator allows. Within a block of time the strongest counts,
//! over blocks they multiply. What a device shows is physics, and a breaker that opens moves all that hangs on it: it is
//! told for the record. What the site file declares needs no evidence.

use gridtap_baseline::{Baseline, Departure, Measure, Site};
use gridtap_model::{Class, Device, Message, Observation, Outcome, Phase, Point, Severity, Span};

use super::{control, rows};
use crate::book::Cause;
use crate::bounded::Bounded;
use crate::budget::needed;
use crate::config::Config;
use crate::float;
use crate::scene::Scene;
use crate::series::Series;
use crate::words;

/// This family's part of the false alarms that the operator allows.
const SHARE: f64 = 0.125;
/// Evidence is forgotten after so many blocks of time without any.
const BLOCKS_QUIET: u32 = 2;
/// Frames that show one incident.
const FRAMES_MAX: usize = 16;
/// Points of one message that are held against what is declared.
const POINTS_OF_MESSAGE_MAX: u32 = 256;
/// Tells what goes beyond a declaration from what goes beyond what was learned.
const DECLARED: u64 = 1 << 62;

/// The evidence about one point.
#[derive(Debug, Default)]
struct Evidence {
    /// Of the blocks of time before the running one.
    earlier: f64,
    running: f64,
    block: u32,
    frames: Vec<u64>,
}

/// What is gathered apart: what a point shows, what it is set to, and the course of the poll that begins with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Shown,
    Set,
    Course,
}

/// The evidence about points, as far as it is not earned yet.
pub(crate) struct Values {
    points: Bounded<(Device, u16, u32, Kind), Evidence>,
    heard: Vec<Departure>,
    high_per_day: f64,
}

impl Values {
    pub(crate) fn new(config: &Config) -> Self {
        let high_per_day = (config.budget_high_per_day * SHARE).max(1e-6);
        Self { points: Bounded::new(config.points_max), heard: Vec::new(), high_per_day }
    }

    pub(crate) const fn evicted(&self) -> u64 {
        self.points.evicted()
    }

    /// A command that did not alarm: the values that it sets.
    pub(crate) fn command(
        &mut self,
        scene: &Scene<'_>,
        baseline: &mut Baseline,
        out: &mut Vec<Series>,
    ) {
        if scene.message.class != Class::Command || scene.selects() || scene.is_stranger() {
            return;
        }
        declared(scene.site, scene.obs, scene.message, true, out);
        if !scene.verdict.accepted {
            self.weigh(scene.site, scene.obs, scene.message, true, baseline, out);
        }
    }

    /// An answer: the values that it shows.
    #[inline]
    pub(crate) fn answer(
        &mut self,
        site: &Site,
        obs: &Observation<'_>,
        message: &Message<'_>,
        baseline: &mut Baseline,
        out: &mut Vec<Series>,
    ) {
        let shows = matches!(message.phase, Phase::Response | Phase::Unsolicited)
            && message.outcome == Outcome::Success
            && !message.runs.is_empty();
        if shows {
            declared(site, obs, message, false, out);
            self.weigh(site, obs, message, false, baseline, out);
        }
    }

    fn weigh(
        &mut self,
        site: &Site,
        obs: &Observation<'_>,
        message: &Message<'_>,
        written: bool,
        baseline: &mut Baseline,
        out: &mut Vec<Series>,
    ) {
        self.heard.clear();
        baseline.hear_values(message, written, &mut self.heard);
        for nth in 0..self.heard.len() {
            let Some(departure) = self.heard.get(nth).copied() else { break };
            let (score, frames, earned) = self.earn(obs, message, &departure);
            // A state that was never heard is rare, and seldom more than that.
            if earned || departure.measure == Measure::State {
                let medium = earned && (written || departure.measure.is_course());
                let severity = if medium { Severity::Medium } else { Severity::Low };
                let weight = Weight { severity, score, frames: frames.clone() };
                out.extend(told(site, obs, message, &departure, weight, baseline.block()));
            }
        }
    }

    fn earn(
        &mut self,
        obs: &Observation<'_>,
        message: &Message<'_>,
        departure: &Departure,
    ) -> (f64, &Vec<u64>, bool) {
        let Departure { point, written, measure, score, block, tests_per_day, .. } = *departure;
        let kind = match written {
            true => Kind::Set,
            false if measure.is_course() => Kind::Course,
            false => Kind::Shown,
        };
        let key = (message.device, point.table.code, point.index, kind);
        let evidence = self.points.entry(key, || true);
        if evidence.block != block {
            evidence.earlier += evidence.running;
            if block.saturating_sub(evidence.block) > BLOCKS_QUIET {
                evidence.earlier = 0.0;
                evidence.frames.clear();
            }
            (evidence.running, evidence.block) = (0.0, block);
        }
        evidence.running = evidence.running.max(score);
        if evidence.frames.len() < FRAMES_MAX && evidence.frames.last() != Some(&obs.place.frame) {
            evidence.frames.push(obs.place.frame);
        }
        let sum = evidence.earlier + evidence.running;
        (sum, &evidence.frames, sum >= needed(tests_per_day, self.high_per_day))
    }
}

/// What the site file says that a point may be.
fn declared(
    site: &Site,
    obs: &Observation<'_>,
    message: &Message<'_>,
    written: bool,
    out: &mut Vec<Series>,
) {
    if !site.has_limits() {
        return;
    }
    let Some(row) = rows(message.device.protocol).map(|rows| rows.value) else { return };
    let device = &message.device;
    for run in message.runs.iter().filter(|run| run.written == written) {
        for offset in 0..run.count.min(POINTS_OF_MESSAGE_MAX) {
            let index = run.first.saturating_add(offset);
            let point = Point { table: run.table, index, value: run.values.at(offset) };
            let Some(known) = site.point(device, &point) else { continue };
            let Some(number) = known.number_in(run, offset) else { continue };
            let (limit, side) = match (known.min, known.max) {
                (Some(min), _) if number < min => (min, "below the least"),
                (_, Some(max)) if number > max => (max, "above the greatest"),
                _ => continue,
            };
            let unit = known.unit.as_deref().map_or(String::new(), |unit| format!(" {unit}"));
            let name = words::told_at(site, device, run, &point).name(site, device);
            let which = words::device(site, device);
            let observed = if written {
                let master = words::host(site, message.master.address);
                format!("{master} set {name} of {which} to {number}{unit}")
            } else {
                format!("{which} shows {name} = {number}{unit}")
            };
            // What may not be was set by somebody; what is shown may be the plant's own trouble.
            let severity = if written { Severity::High } else { Severity::Medium };
            out.push(
                Series::about(row, severity, Cause::Process, obs, message)
                    .variant(DECLARED | control::variant(&point))
                    .scored(4.0)
                    .naming(vec![name])
                    .saying(
                        observed,
                        format!("the site file declares {limit}{unit}, and this is {side}"),
                    ),
            );
        }
    }
}

/// How bad a departure is, on what evidence.
struct Weight {
    severity: Severity,
    score: f64,
    frames: Vec<u64>,
}

fn told(
    site: &Site,
    obs: &Observation<'_>,
    message: &Message<'_>,
    departure: &Departure,
    weight: Weight,
    block: Span,
) -> Option<Series> {
    let rows = rows(message.device.protocol)?;
    let row = if departure.measure.is_course() { rows.replay? } else { rows.value };
    let Departure { point, written, measure, found, learned, support, .. } = *departure;
    let device = &message.device;
    let run = message.runs.iter().find(|run| {
        run.table == point.table
            && run.written == written
            && (run.first..run.first.saturating_add(run.count)).contains(&point.index)
    })?;
    let told = words::told_at(site, device, run, &point);
    let (name, which) = (told.name(site, device), words::device(site, device));
    let value = told.value(site, device)?;
    let (last, times) = (run.first.saturating_add(run.count.saturating_sub(1)), figure(found));
    let poll = format!("{}s {} to {last} of {which}", run.table.name, run.first);
    let observed = match measure {
        Measure::Replay => format!(
            "the values of {poll} come as they came before: {times} polls in a row that brought something new repeat \
             what was heard, in its order"
        ),
        Measure::Still => {
            format!("the values of {poll} have not moved for {times} polls, while others did")
        }
        _ if written => format!(
            "{} set {name} of {which} to {value}",
            words::host(site, message.master.address)
        ),
        _ => format!("{which} shows {name} = {value}"),
    };
    let before = format!("in {support} blocks of {block} in which it moved");
    let (what, found, learned) = (verb(written), figure(found), figure(learned));
    let expected = match measure {
        Measure::Range => format!(
            "{before} this point was {what} no further than {learned}; another way to run the plant would explain it"
        ),
        Measure::Step => format!(
            "{before} this point was {what} with steps of at most {learned}, and this one is {found}; a change of \
             setpoint that the control room knows of would explain it"
        ),
        Measure::Drift => format!(
            "{before} this point was {what} at most {learned} away from where a block began, and this is {found}; a \
             ramp that the control room knows of would explain it"
        ),
        Measure::Replay => format!(
            "in {support} blocks of {block} at most {learned} polls in a row did so; a test signal or a simulator that \
             starts again would explain it"
        ),
        Measure::Still => format!(
            "in {support} blocks of {block} they stood still for at most {learned} polls; equipment that is out of \
             service, or a converter that hangs, would explain it"
        ),
        Measure::State => format!(
            "in {support} changes this point had {learned} states and never this one; a new mode of the device would \
             explain it"
        ),
    };
    Some(
        Series::about(row, weight.severity, Cause::Process, obs, message)
            .variant(control::variant(&point) << 1 | u64::from(written))
            .scored(float::rounded(weight.score))
            .shown_by(weight.frames)
            .naming(vec![name])
            .saying(observed, expected),
    )
}

const fn verb(written: bool) -> &'static str {
    if written { "set" } else { "seen" }
}

/// A number as it is told: no digits that nobody measured.
fn figure(number: f64) -> String {
    format!("{}", libm::round(number * 1e4) / 1e4)
}
