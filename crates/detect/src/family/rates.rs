//! How much: bursts of commands, requests that nobody answers, devices that fell silent.

use core::net::IpAddr;

use gridtap_baseline::{Baseline, FactKey, FactKind, Site};
use gridtap_model::{Class, Device, Message, Observation, Point, Severity, Timestamp, Zone};

use super::{control, rows};
use crate::book::Cause;
use crate::bounded::Bounded;
use crate::config::Config;
use crate::scene::Scene;
use crate::series::Series;
use crate::window::Window;
use crate::words;

/// Commands are counted in windows of this length.
const COMMAND_WINDOW_NS: i64 = 10_000_000_000;
/// A burst is more than this many times the most that was learned.
const BURST_FACTOR: u64 = 3;
/// A setpoint that is corrected, or a breaker that is worked on, gets a few commands in an hour: so many are too many where
/// they are more than so many times the most that was learned.
const POINT_COMMANDS_MIN: u64 = 10;
const POINTS_MAX: usize = 16;
const HOUR_NS: u64 = 3_600_000_000_000;
/// Tells the count of a point from that of its device.
const OF_POINT: u64 = 1 << 63;
/// Frames that are remembered of a point; beyond so many commands, more say nothing more.
const POINT_FRAMES_MAX: usize = 64;
/// The most that was learned within an hour says something once so many of them were heard.
const HOURS_MIN: u64 = 12;
const MINUTE_NS: u64 = 60_000_000_000;
const SILENCE_NS: u64 = 300_000_000_000;

#[derive(Debug, Default)]
struct Commands {
    window: i64,
    count: u64,
    first_frame: u64,
}

#[derive(Debug, Default)]
struct Silence {
    since_answer: Window<()>,
}

/// Counts of commands and of requests without an answer.
pub(crate) struct Rates {
    commands: Bounded<(Device, IpAddr), Commands>,
    points: Bounded<(Device, IpAddr, u64), Window<()>>,
    silent: Bounded<(Device, IpAddr), Silence>,
    backlog: Bounded<(Zone, IpAddr, IpAddr), Window<()>>,
    config: Config,
}

impl Rates {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            commands: Bounded::new(config.pairs_max),
            points: Bounded::new(config.points_max),
            silent: Bounded::new(config.pairs_max),
            backlog: Bounded::new(config.pairs_max),
            config: config.clone(),
        }
    }

    pub(crate) const fn evicted(&self) -> u64 {
        self.commands
            .evicted()
            .saturating_add(self.points.evicted())
            .saturating_add(self.silent.evicted())
            .saturating_add(self.backlog.evicted())
    }

    /// A command: counted against the most that was learned for this pair in as long a time.
    pub(crate) fn command(
        &mut self,
        scene: &Scene<'_>,
        baseline: &mut Baseline,
        out: &mut Vec<Series>,
    ) {
        let (obs, message) = (scene.obs, scene.message);
        // Many writes move a process; many other functions are a sweep over functions, which is told as one.
        if message.class != Class::Command {
            return;
        }
        let Some(rows) = rows(message.device.protocol) else { return };
        self.of_points(scene, rows.oscillation, baseline, out);
        let (device, master) = (message.device, message.master.address);
        let window = window_of(obs.time);
        let commands = self.commands.entry((device, master), || scene.verdict.access.host_known);
        if commands.window != window {
            if commands.count > 0
                && !scene.is_stranger()
                && !too_many(baseline, &device, master, commands.count, &self.config)
            {
                baseline.facts_mut().note_most(fact(device, master), obs.time, commands.count);
            }
            *commands = Commands { window, count: 0, first_frame: obs.place.frame };
        }
        commands.count = commands.count.saturating_add(1);
        let count = commands.count;
        if count <= self.config.command_burst_min || scene.verdict.accepted {
            return;
        }
        if !too_many(baseline, &device, master, count, &self.config) {
            return;
        }
        let usual = baseline.usual_count(&fact(device, master));
        let observed = format!(
            "{} sent {count} commands to {} within 10 s, the last: {}",
            words::host(scene.site, master),
            words::device(scene.site, &device),
            words::request(scene)
        );
        let expected = format!("the most that was learned of this pair in 10 s is {usual}");
        out.push(
            Series::about(rows.command_burst, Severity::Medium, Cause::Access, obs, message)
                .scored(4.0)
                .shown_by(vec![commands.first_frame, obs.place.frame])
                .saying(observed, expected),
        );
    }

    /// Counts the commands of each point against the most that was learned of it in an hour: what moves step by step, each
    /// like an operator's, takes more steps than operators do.
    fn of_points(
        &mut self,
        scene: &Scene<'_>,
        row: &'static str,
        baseline: &mut Baseline,
        out: &mut Vec<Series>,
    ) {
        let (obs, message) = (scene.obs, scene.message);
        let (device, master) = (message.device, message.master.address);
        let written: u32 = message.runs.iter().filter(|run| run.written).map(|run| run.count).sum();
        if scene.selects() || usize::try_from(written).unwrap_or(usize::MAX) > POINTS_MAX {
            return;
        }
        for point in scene.points(POINTS_MAX) {
            let detail = OF_POINT | control::variant(&point);
            let key = FactKey { detail, ..fact(device, master) };
            let known = scene.verdict.access.host_known;
            let window = self.points.entry((device, master, detail), || known);
            window.push(obs.time, obs.place.frame, (), HOUR_NS, POINT_FRAMES_MAX);
            let count = u64::try_from(window.count()).unwrap_or(u64::MAX);
            let usual = baseline.usual_count(&key);
            let enough = POINT_COMMANDS_MIN.max(usual.saturating_mul(BURST_FACTOR));
            let heard = scene.verdict.rate.heard_ns >= HOUR_NS.saturating_mul(HOURS_MIN);
            let judged = heard && baseline.is_zone_armed(device.zone) && !scene.verdict.accepted;
            if judged && count > enough {
                out.push(often(scene, row, &point, count, usual).shown_by(window.frames()));
            } else if !judged && !scene.is_stranger() {
                baseline.facts_mut().note_most(key, obs.time, count);
            }
        }
    }

    /// A request that got no answer in its patience.
    pub(crate) fn unanswered(
        &mut self,
        site: &Site,
        obs: &Observation<'_>,
        message: &Message<'_>,
        baseline: &Baseline,
        out: &mut Vec<Series>,
    ) {
        let Some(rows) = rows(message.device.protocol) else { return };
        // Where answers are not heard at all, their absence is the sensor's, not the device's.
        if message.hearing.one_direction {
            return;
        }
        let (device, master) = (message.device, message.master.address);
        let frame = message.request_frame.unwrap_or(obs.place.frame);
        let known = || baseline.knows_host(device.zone, master, obs.time);
        let silence = self.silent.entry((device, master), known);
        let remembered = self.config.unresponsive_requests.max(1).saturating_mul(4);
        silence.since_answer.push(obs.time, frame, (), SILENCE_NS, remembered);
        let unanswered = silence.since_answer.count();
        if unanswered >= self.config.unresponsive_requests && baseline.has_answered(&device) {
            let observed = format!(
                "{} has not answered the last {unanswered} requests of {}",
                words::device(site, &device),
                words::host(site, master)
            );
            out.push(
                Series::about(rows.unresponsive, Severity::Low, Cause::Availability, obs, message)
                    .shown_by(silence.since_answer.frames())
                    .saying(observed, "this device used to answer this master"),
            );
        }
        let pair = (device.zone, master, device.address);
        let backlog = self.backlog.entry(pair, known);
        let remembered = self.config.backlog_requests.max(1);
        backlog.push(obs.time, frame, (), MINUTE_NS, remembered);
        if backlog.count() >= remembered {
            let observed = format!(
                "{} sent {} requests to {} within a minute that got no answer",
                words::host(site, master),
                backlog.count(),
                device.address
            );
            out.push(
                Series::about(rows.backlog, Severity::Medium, Cause::Access, obs, message)
                    .of_host()
                    .scored(3.0)
                    .shown_by(backlog.frames())
                    .saying(observed, "a master waits for an answer before it asks on"),
            );
            backlog.clear();
        }
    }

    /// An answer ends a silence.
    pub(crate) fn answered(&mut self, message: &Message<'_>) {
        if !self.silent.is_empty() {
            self.silent.remove(&(message.device, message.master.address));
        }
    }
}

fn often(scene: &Scene<'_>, row: &'static str, point: &Point, count: u64, usual: u64) -> Series {
    let (obs, message) = (scene.obs, scene.message);
    let name = words::told_with(scene, point).name(scene.site, &message.device);
    let observed = format!(
        "{} commanded {name} of {} {count} times within an hour, the last: {}",
        words::host(scene.site, message.master.address),
        words::device(scene.site, &message.device),
        words::request(scene)
    );
    let expected = format!(
        "the most that was learned of this point in an hour is {usual}; a controller that was put into operation, or a \
         ramp that the control room knows of, would explain it"
    );
    Series::about(row, Severity::Medium, Cause::Process, obs, message)
        .variant(OF_POINT | control::variant(point))
        .scored(4.0)
        .naming(vec![name])
        .saying(observed, expected)
}

const fn fact(device: Device, master: IpAddr) -> FactKey {
    FactKey { kind: FactKind::MostCommands, device, master: Some(master), detail: 0 }
}

fn window_of(now: Timestamp) -> i64 {
    now.nanos().checked_div_euclid(COMMAND_WINDOW_NS).unwrap_or(0)
}

/// Whether this many commands in a window are a burst for the pair. While it is learned, none is, declared or not:
/// a site file says nothing of how many.
fn too_many(
    baseline: &Baseline,
    device: &Device,
    master: IpAddr,
    count: u64,
    config: &Config,
) -> bool {
    let usual = baseline.usual_count(&fact(*device, master));
    baseline.is_zone_armed(device.zone)
        && count > config.command_burst_min.max(usual.saturating_mul(BURST_FACTOR))
}
