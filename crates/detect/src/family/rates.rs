//! How much: bursts of commands, requests that nobody answers, devices that fell silent.

use core::net::IpAddr;

use gridtap_baseline::{Baseline, FactKey, FactKind, Site};
use gridtap_model::{Class, Device, Message, Observation, Severity, Timestamp, Zone};

use super::rows;
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
    silent: Bounded<(Device, IpAddr), Silence>,
    backlog: Bounded<(Zone, IpAddr, IpAddr), Window<()>>,
    config: Config,
}

impl Rates {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            commands: Bounded::new(config.pairs_max),
            silent: Bounded::new(config.pairs_max),
            backlog: Bounded::new(config.pairs_max),
            config: config.clone(),
        }
    }

    pub(crate) const fn evicted(&self) -> u64 {
        self.commands
            .evicted()
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
        let usual = baseline.facts().count(&fact(device, master));
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
    let usual = baseline.facts().count(&fact(*device, master));
    baseline.is_zone_armed(device.zone)
        && count > config.command_burst_min.max(usual.saturating_mul(BURST_FACTOR))
}
