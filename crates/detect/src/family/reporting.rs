//! What devices report unasked: more than they ever did, or to a host that is no master of theirs.

use core::net::IpAddr;

use gridtap_baseline::{Baseline, FactKey, FactKind};
use gridtap_model::{Class, Device, Message, Phase, Reading, Severity, Timestamp, Value};

use super::outstation::Heard;
use crate::book::Cause;
use crate::bounded::Bounded;
use crate::config::Config;
use crate::series::Series;
use crate::window::Window;
use crate::words;

const WINDOW_NS: u64 = 10_000_000_000;
/// No device waits less for a receipt before it repeats a report.
const REPEAT_NS: u64 = 1_000_000_000;
/// A storm is more than this many times the most that was learned.
const STORM_FACTOR: u64 = 3;
/// What is worth a line is more than this many times the most that was learned.
const RECORD_FACTOR: u64 = 2;
/// Points of a report that are compared.
const COMPARED_MAX: usize = 64;

/// Reports of one device to one host.
#[derive(Debug, Default)]
struct Reports {
    window: Window<()>,
    /// The last one, until its receipt is heard.
    unconfirmed: Option<(u64, Timestamp)>,
}

/// Reports by device and master.
pub(crate) struct Reporting {
    pairs: Bounded<(Device, IpAddr), Reports>,
    config: Config,
}

impl Reporting {
    pub(crate) fn new(config: &Config) -> Self {
        Self { pairs: Bounded::new(config.pairs_max), config: config.clone() }
    }

    pub(crate) const fn evicted(&self) -> u64 {
        self.pairs.evicted()
    }

    /// A report, or the receipt of one.
    pub(crate) fn answer(
        &mut self,
        heard: &Heard<'_>,
        baseline: &mut Baseline,
        out: &mut Vec<Series>,
    ) {
        let Heard { obs, message, .. } = *heard;
        // The link's own frames report nothing.
        if message.class == Class::Link {
            return;
        }
        let pair = (message.device, message.master.address);
        match message.phase {
            Phase::Confirm => {
                if let Some(reports) = self.pairs.get_mut(&pair) {
                    reports.unconfirmed = None;
                }
            }
            Phase::Unsolicited => {
                stray(heard, baseline, out);
                let known = || baseline.knows_host(pair.0.zone, pair.1, obs.time);
                let reports = self.pairs.entry(pair, known);
                let content = content(message);
                let is_repeat = reports.unconfirmed.is_some_and(|(before, time)| {
                    before == content && obs.time.since_ns(time) >= REPEAT_NS
                });
                reports.unconfirmed = Some((content, obs.time));
                if !is_repeat {
                    let most = usize::try_from(self.config.reports_storm).unwrap_or(usize::MAX);
                    let most = most.clamp(1, 1024).saturating_mul(4);
                    reports.window.push(obs.time, obs.place.frame, (), WINDOW_NS, most);
                    storm(heard, reports, &self.config, baseline, out);
                }
            }
            _ => {}
        }
    }
}

/// More reports than this device ever sent in as long a time.
fn storm(
    heard: &Heard<'_>,
    reports: &Reports,
    config: &Config,
    baseline: &mut Baseline,
    out: &mut Vec<Series>,
) {
    let Heard { site, obs, message, rows } = *heard;
    let count = u64::try_from(reports.window.count()).unwrap_or(u64::MAX);
    if count < config.reports_burst {
        return;
    }
    let (device, master) = (message.device, message.master.address);
    let fact = FactKey { kind: FactKind::Reports, device, master: Some(master), detail: 1 };
    if !baseline.is_armed(&device, master) {
        baseline.facts_mut().note_most(fact, obs.time, count);
        return;
    }
    let usual = baseline.facts().count(&fact);
    // A little more than ever is what any new record is.
    if count <= usual.saturating_mul(RECORD_FACTOR) {
        return;
    }
    let many = count >= config.reports_storm && count > usual.saturating_mul(STORM_FACTOR);
    let severity = if many { Severity::Medium } else { Severity::Low };
    let observed = format!(
        "{} sent {count} reports to {} within ten seconds",
        words::device(site, &device),
        words::host(site, master)
    );
    let expected = format!("the most that was learned of it in ten seconds is {usual}");
    out.push(
        Series::about(rows.storm, severity, Cause::Availability, obs, message)
            .by_sender(obs)
            .scored(if many { 3.0 } else { 1.0 })
            .shown_by(reports.window.frames())
            .saying(observed, expected),
    );
}

/// A report to a host that is not known as a master of the device.
fn stray(heard: &Heard<'_>, baseline: &mut Baseline, out: &mut Vec<Series>) {
    let Heard { site, obs, message, rows } = *heard;
    let (device, master) = (message.device, message.master.address);
    let fact = FactKey { kind: FactKind::Reports, device, master: Some(master), detail: 0 };
    if baseline.facts().known(&fact) {
        return;
    }
    if !baseline.is_armed(&device, master) || baseline.is_master_of(&device, master) {
        baseline.facts_mut().note(fact, obs.time, |fact| fact.count = 1);
        return;
    }
    let observed = format!(
        "{} sent a report to {}, which is not known as a master of it",
        words::device(site, &device),
        words::host(site, master)
    );
    let masters = baseline.masters(&device, false);
    let expected = format!("its masters are {}", words::hosts(site, &masters));
    let told = Series::about(rows.stray_report, Severity::Medium, Cause::Access, obs, message);
    // It is the receiver who is new: what else that host does belongs with it.
    out.push(
        Series { source: obs.source, destination: obs.destination, ..told }
            .scored(3.0)
            .saying(observed, expected),
    );
}

/// The content of a report as one number, to know a repeat by.
fn content(message: &Message<'_>) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut add = |number: u64| {
        hash = (hash ^ number).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
    };
    let mut left = COMPARED_MAX;
    for run in message.runs {
        add(u64::from(run.table.code) << 32 | u64::from(run.first));
        add(u64::from(run.count));
        for offset in 0..run.count {
            let Some(rest) = left.checked_sub(1) else { break };
            left = rest;
            let Some(Reading { value, quality, time, .. }) = run.values.reading(offset) else {
                break;
            };
            add(value.map_or(0, bits));
            add(quality.map_or(0, |quality| u64::from(quality.0)));
            add(time.map_or(0, |time| time.nanos().cast_unsigned()));
        }
    }
    hash
}

fn bits(value: Value) -> u64 {
    match value {
        Value::Bit(bit) => u64::from(bit),
        Value::Word(word) => u64::from(word),
        Value::Integer(integer) => integer.cast_unsigned(),
        Value::Float(float) => float.to_bits(),
        Value::Control(control) => u64::from(control.code()) << 32 | u64::from(control.on_ms),
        Value::Time(time) => time.nanos().cast_unsigned(),
    }
}
