//! Requests that pour in: more of them open at once than ever, or more in a short time.
//!
//! A master asks one thing and waits. Requests that do not wait for answers, and many more than this master sends,
//! keep a device from its work, whether it answers them or not.

use core::net::IpAddr;
use std::collections::VecDeque;

use gridtap_baseline::{Baseline, FactKey, FactKind};
use gridtap_model::{Device, Message, Observation, Phase, Severity, Timestamp};

use super::OutstationRows;
use crate::book::Cause;
use crate::bounded::Bounded;
use crate::config::Config;
use crate::scene::Scene;
use crate::series::Series;
use crate::words;

const MINUTE_NS: u64 = 60_000_000_000;
/// Requests are counted in windows of this length.
const WINDOW_NS: i64 = 10_000_000_000;
/// A flood is more than this many times the most that was learned.
const FLOOD_FACTOR: u64 = 4;
/// As few open requests as any master may have are not worth learning.
const OPEN_FEW: usize = 4;
/// The most open requests of one pair that are remembered.
const OPEN_MAX: usize = 512;
const FRAMES_SHOWN: usize = 16;

#[derive(Debug, Default)]
struct Requests {
    /// Those without an answer, oldest first, with their frames.
    open: VecDeque<(Timestamp, u64)>,
    window: i64,
    count: u64,
    first_frame: u64,
}

/// Requests by device and master.
pub(crate) struct Floods {
    pairs: Bounded<(Device, IpAddr), Requests>,
    config: Config,
}

impl Floods {
    pub(crate) fn new(config: &Config) -> Self {
        Self { pairs: Bounded::new(config.pairs_max), config: config.clone() }
    }

    pub(crate) const fn evicted(&self) -> u64 {
        self.pairs.evicted()
    }

    /// A request of any kind.
    pub(crate) fn request(
        &mut self,
        scene: &Scene<'_>,
        rows: &OutstationRows,
        baseline: &mut Baseline,
        out: &mut Vec<Series>,
    ) {
        let (obs, message) = (scene.obs, scene.message);
        let known = scene.verdict.access.host_known;
        let told = self.asked(obs, message, known, !scene.is_stranger(), baseline);
        out.extend(told.filter(|_| !scene.verdict.accepted).map(|told| told.told(scene, rows)));
    }

    /// Counts a request; says so where it is one too many.
    pub(crate) fn asked(
        &mut self,
        obs: &Observation<'_>,
        message: &Message<'_>,
        known: bool,
        teaches: bool,
        baseline: &mut Baseline,
    ) -> Option<Flood> {
        let (now, frame) = (obs.time, obs.place.frame);
        let pair = (message.device, message.master.address);
        let requests = self.pairs.entry(pair, || known);
        let asks = matches!(message.phase, Phase::Request | Phase::Select | Phase::Operate);
        let heard_whole = !message.hearing.one_direction && !message.hearing.gap;
        let told = if asks && heard_whole {
            open(requests, pair, now, frame, teaches, &self.config, baseline)
        } else {
            None
        };
        told.or_else(|| {
            let window = now.nanos().checked_div_euclid(WINDOW_NS).unwrap_or(0);
            many(requests, pair, window, frame, teaches, &self.config, baseline)
        })
    }

    /// An answer: the oldest request has it.
    pub(crate) fn answer(&mut self, message: &Message<'_>) {
        if !matches!(message.phase, Phase::Response | Phase::Exception) {
            return;
        }
        if let Some(requests) = self.pairs.get_mut(&(message.device, message.master.address)) {
            requests.open.pop_front();
        }
    }
}

/// More requests than there should be.
pub(crate) struct Flood {
    what: String,
    usual: u64,
    frames: Vec<u64>,
}

impl Flood {
    pub(crate) fn told(self, scene: &Scene<'_>, rows: &OutstationRows) -> Series {
        let Self { what, usual, frames } = self;
        let message = scene.message;
        let observed = format!(
            "{} sent {what} to {}, the last: {}",
            words::host(scene.site, message.master.address),
            words::device(scene.site, &message.device),
            words::request(scene)
        );
        Series::about(rows.flood, Severity::Medium, Cause::Access, scene.obs, message)
            .scored(4.0)
            .shown_by(frames)
            .saying(observed, format!("the most that was learned of this pair is {usual}"))
    }
}

/// Counts requests that wait for an answer.
fn open(
    requests: &mut Requests,
    pair: (Device, IpAddr),
    now: Timestamp,
    frame: u64,
    teaches: bool,
    config: &Config,
    baseline: &mut Baseline,
) -> Option<Flood> {
    let open = &mut requests.open;
    while open.len() >= OPEN_MAX
        || open.front().is_some_and(|(at, _)| now.since_ns(*at) > MINUTE_NS)
    {
        open.pop_front();
    }
    open.push_back((now, frame));
    if open.len() <= OPEN_FEW {
        return None;
    }
    let fact = fact(FactKind::OpenRequests, pair);
    let count = u64::try_from(open.len()).unwrap_or(u64::MAX);
    let usual = baseline.facts().count(&fact);
    let limit = u64::try_from(config.open_requests).unwrap_or(u64::MAX);
    let flood = baseline.is_zone_armed(pair.0.zone) && count > limit.max(usual.saturating_mul(2));
    if flood {
        let mut frames: Vec<u64> = open.iter().map(|(_, frame)| *frame).collect();
        frames.dedup();
        frames.truncate(FRAMES_SHOWN);
        let what = format!("{count} requests within a minute that are not answered");
        return Some(Flood { what, usual, frames });
    }
    if teaches {
        baseline.facts_mut().note_most(fact, now, count);
    }
    None
}

/// Counts requests, answered or not.
fn many(
    requests: &mut Requests,
    pair: (Device, IpAddr),
    window: i64,
    frame: u64,
    teaches: bool,
    config: &Config,
    baseline: &mut Baseline,
) -> Option<Flood> {
    let fact = fact(FactKind::MostRequests, pair);
    let floods = |count: u64, baseline: &Baseline| {
        let usual = baseline.facts().count(&fact);
        baseline.is_zone_armed(pair.0.zone)
            && count > config.requests_burst_min.max(usual.saturating_mul(FLOOD_FACTOR))
    };
    if requests.window != window {
        let began = requests.window.checked_mul(WINDOW_NS).unwrap_or(0);
        if requests.count > 0 && teaches && !floods(requests.count, baseline) {
            let began = Timestamp::from_nanos(began);
            baseline.facts_mut().note_most(fact, began, requests.count);
        }
        requests.window = window;
        requests.count = 0;
        requests.first_frame = frame;
    }
    requests.count = requests.count.saturating_add(1);
    if requests.count <= config.requests_burst_min || !floods(requests.count, baseline) {
        return None;
    }
    Some(Flood {
        what: format!("{} requests within ten seconds", requests.count),
        usual: baseline.facts().count(&fact),
        frames: vec![requests.first_frame, frame],
    })
}

const fn fact(kind: FactKind, (device, master): (Device, IpAddr)) -> FactKey {
    FactKey { kind, device, master: Some(master), detail: 0 }
}
