//! Controls that a device refuses, one after the other: somebody tries which outputs can be moved, or an operator does
//! not know that a bay is in local.

use core::net::IpAddr;

use gridtap_baseline::{Baseline, FactKey, FactKind};
use gridtap_model::{Class, Device, Phase, Point, Severity};

use super::outstation::Heard;
use crate::book::Cause;
use crate::bounded::Bounded;
use crate::config::Config;
use crate::series::Series;
use crate::window::Window;
use crate::words;

const MINUTE_NS: u64 = 60_000_000_000;
const REMEMBERED_MAX: usize = 64;
const POINTS_LISTED: usize = 16;
/// Points of one run that are looked at.
const POINTS_MAX: u32 = 2_048;

/// Refused controls by device and master.
pub(crate) struct ControlStatus {
    refused: Bounded<(Device, IpAddr), Window<Refused>>,
    config: Config,
}

/// A point that was not moved, and why.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Refused {
    point: Point,
    status: u8,
}

impl ControlStatus {
    pub(crate) fn new(config: &Config) -> Self {
        Self { refused: Bounded::new(config.pairs_max), config: config.clone() }
    }

    pub(crate) const fn evicted(&self) -> u64 {
        self.refused.evicted()
    }

    /// How a device answered controls.
    pub(crate) fn answer(
        &mut self,
        heard: &Heard<'_>,
        baseline: &mut Baseline,
        out: &mut Vec<Series>,
    ) {
        let Heard { site, obs, message, rows } = *heard;
        let answers = matches!(message.phase, Phase::Response | Phase::Exception);
        if message.class != Class::Command || !answers {
            return;
        }
        let refused = message.runs.iter().flat_map(|run| {
            (0..run.count.min(POINTS_MAX)).zip(run.points()).filter_map(|(offset, point)| {
                let status = run.values.reading(offset)?.status.filter(|status| *status != 0)?;
                Some(Refused { point: Point { value: None, ..point }, status })
            })
        });
        let refused: Vec<Refused> = refused.take(REMEMBERED_MAX).collect();
        if refused.is_empty() {
            return;
        }
        let (device, master) = (message.device, message.master.address);
        let known = || baseline.knows_host(device.zone, master, obs.time);
        let window = self.refused.entry((device, master), known);
        for refused in refused {
            window.push(obs.time, obs.place.frame, refused, MINUTE_NS, REMEMBERED_MAX);
        }
        let count = u64::try_from(window.count()).unwrap_or(u64::MAX);
        let fact =
            FactKey { kind: FactKind::RefusedControls, device, master: Some(master), detail: 0 };
        if !baseline.is_armed(&device, master) {
            baseline.facts_mut().note_most(fact, obs.time, count);
            return;
        }
        let usual = baseline.facts().count(&fact);
        let limit = u64::try_from(self.config.refused_controls).unwrap_or(u64::MAX);
        if count < limit.max(usual.saturating_add(1)) {
            return;
        }
        let mut points: Vec<String> = Vec::new();
        for refused in window.iter() {
            let name = words::point(site, &device, &refused.point);
            if points.len() < POINTS_LISTED && !points.contains(&name) {
                points.push(name);
            }
        }
        let last = window.iter().last().map_or("", |refused| (rows.status)(refused.status));
        let observed = format!(
            "{} refused {count} controls of {} within a minute, the last because {last}",
            words::device(site, &device),
            words::host(site, master)
        );
        let expected = format!("controls are carried out; the most that was learned is {usual}");
        let mut frames = window.frames();
        frames.dedup();
        out.push(
            Series::about(rows.refused_controls, Severity::Medium, Cause::Access, obs, message)
                .scored(3.0)
                .shown_by(frames)
                .naming(points)
                .saying(observed, expected),
        );
    }
}
