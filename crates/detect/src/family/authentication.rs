//! Authentication that fails, and commands that are done without it where it was always asked for.

use core::net::IpAddr;

use gridtap_baseline::{Baseline, FactKey, FactKind, Site};
use gridtap_model::{Authentication, Device, Message, Observation, Severity};

use super::OutstationRows;
use super::outstation::Heard;
use crate::book::Cause;
use crate::bounded::Bounded;
use crate::config::Config;
use crate::scene::Scene;
use crate::series::Series;
use crate::window::Window;
use crate::words;

const MINUTE_NS: u64 = 60_000_000_000;
/// Authenticated messages after which one without means something.
const SHOWN_MIN: u64 = 3;
/// Beyond so many, counting on says nothing more.
const COUNTED_MAX: u64 = 100;
/// Tells what holds for a pair from what holds for one function of it.
const ANY_FUNCTION: u64 = u64::MAX;
const POINTS_LISTED: usize = 16;

/// Failures by device and master.
pub(crate) struct Authentications {
    failed: Bounded<(Device, IpAddr), Window<()>>,
    config: Config,
}

impl Authentications {
    pub(crate) fn new(config: &Config) -> Self {
        Self { failed: Bounded::new(config.pairs_max), config: config.clone() }
    }

    pub(crate) const fn evicted(&self) -> u64 {
        self.failed.evicted()
    }

    /// A request that no challenge can follow, or one that carries its proof.
    pub(crate) fn request(
        &mut self,
        scene: &Scene<'_>,
        rows: &'static OutstationRows,
        baseline: &mut Baseline,
        out: &mut Vec<Series>,
    ) {
        if scene.message.dialogue.authentication == Authentication::Unknown {
            return;
        }
        let Scene { site, obs, message, .. } = *scene;
        let stranger = scene.is_stranger();
        self.heard(&Heard { site, obs, message, rows }, stranger, baseline, out);
    }

    /// An answer, which shows whether its request was challenged.
    pub(crate) fn answer(
        &mut self,
        heard: &Heard<'_>,
        baseline: &mut Baseline,
        out: &mut Vec<Series>,
    ) {
        let message = heard.message;
        if message.dialogue.authentication == Authentication::Unknown {
            return;
        }
        let (device, master) = (&message.device, message.master.address);
        let stranger = baseline.is_armed(device, master) && !baseline.is_master_of(device, master);
        self.heard(heard, stranger, baseline, out);
    }

    fn heard(
        &mut self,
        heard: &Heard<'_>,
        stranger: bool,
        baseline: &mut Baseline,
        out: &mut Vec<Series>,
    ) {
        match heard.message.dialogue.authentication {
            Authentication::Unknown => {}
            Authentication::Failed(code) => self.failed(heard, code, baseline, out),
            Authentication::Shown => {
                if !stranger {
                    note(heard, true, baseline);
                }
            }
            Authentication::Absent => {
                if let Some(shown) = always_shown(heard.message, baseline) {
                    out.push(downgrade(heard, shown));
                } else if !stranger {
                    note(heard, false, baseline);
                }
            }
        }
    }

    fn failed(&mut self, heard: &Heard<'_>, code: u16, baseline: &Baseline, out: &mut Vec<Series>) {
        let Heard { site, obs, message, rows } = *heard;
        let (device, master) = (message.device, message.master.address);
        let known = || baseline.knows_host(device.zone, master, obs.time);
        let window = self.failed.entry((device, master), known);
        let limit = self.config.authentication_failures.max(1);
        window.push(obs.time, obs.place.frame, (), MINUTE_NS, limit.saturating_mul(4));
        let many = window.count() >= limit;
        let severity = if many { Severity::Medium } else { Severity::Low };
        let observed = format!(
            "authentication between {} and {} failed (code {code}), {}× within a minute",
            words::host(site, master),
            words::device(site, &device),
            window.count()
        );
        out.push(
            Series::about(rows.authentication, severity, Cause::Access, obs, message)
                .scored(if many { 3.0 } else { 1.0 })
                .shown_by(window.frames())
                .saying(observed, "both sides hold the same key and the same time"),
        );
    }
}

fn fact(message: &Message<'_>, detail: u64) -> FactKey {
    FactKey {
        kind: FactKind::Authenticated,
        device: message.device,
        master: Some(message.master.address),
        detail,
    }
}

fn note(heard: &Heard<'_>, shown: bool, baseline: &mut Baseline) {
    let message = heard.message;
    for detail in [ANY_FUNCTION, u64::from(message.function.code)] {
        let key = fact(message, detail);
        let (count, against) =
            baseline.facts().get(&key).map_or((0, 0), |fact| (fact.count, fact.against));
        if if shown { count } else { against } >= COUNTED_MAX {
            continue;
        }
        baseline.facts_mut().note(key, heard.obs.time, |fact| {
            let counted = if shown { &mut fact.count } else { &mut fact.against };
            *counted = counted.saturating_add(1);
        });
    }
}

/// How often this was authenticated, where it always was: the function, or else all that the pair did.
fn always_shown(message: &Message<'_>, baseline: &Baseline) -> Option<u64> {
    let look = |detail| {
        let fact = baseline.facts().get(&fact(message, detail))?;
        Some((fact.count, fact.against))
    };
    let (count, against) = look(u64::from(message.function.code)).or_else(|| look(ANY_FUNCTION))?;
    (count >= SHOWN_MIN && against == 0).then_some(count)
}

/// A message that was done without a proof, between two that always gave one.
fn downgrade(heard: &Heard<'_>, shown: u64) -> Series {
    let Heard { site, obs, message, rows } = *heard;
    let observed = format!(
        "{} did {} of {} without authentication",
        words::device(site, &message.device),
        message.function,
        words::host(site, message.master.address)
    );
    let times = if shown >= COUNTED_MAX { "at least " } else { "" };
    let expected = format!("between these two it was always asked for and given ({times}{shown}×)");
    let frames = message.request_frame.into_iter().chain([obs.place.frame]).collect();
    Series::about(rows.authentication, Severity::High, Cause::Access, obs, message)
        .variant(u64::from(message.function.code).saturating_add(1))
        .scored(4.0)
        .shown_by(frames)
        .naming(points(site, obs, message))
        .saying(observed, expected)
}

fn points(site: &Site, _obs: &Observation<'_>, message: &Message<'_>) -> Vec<String> {
    let points = message.runs.iter().flat_map(gridtap_model::Run::points);
    points.take(POINTS_LISTED).map(|point| words::point(site, &message.device, &point)).collect()
}
