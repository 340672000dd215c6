//! What a device says of itself in its answers: that it restarted, lost events, is in trouble.
//!
//! What counts is the change. A device keeps a bit set in every answer until its master has dealt with it, and some
//! keep one set of bits for each of their masters. What was learned of a device is silent, but for restarts: those
//! are told each time, and are medium where they come again and again and nobody commanded them.

use core::net::IpAddr;

use gridtap_baseline::{Baseline, FactKey, FactKind};
use gridtap_model::{Class, Device, Effect, Indications, Phase, Severity, Timestamp};

use super::outstation::Heard;
use crate::book::Cause;
use crate::bounded::Bounded;
use crate::config::Config;
use crate::scene::Scene;
use crate::series::Series;
use crate::window::Window;
use crate::words;

const TEN_MINUTES_NS: u64 = 600_000_000_000;
/// A restart so long after a command to restart is part of it.
const RESTART_TAKES_NS: u64 = 300_000_000_000;
/// A change of local control so long after a command goes with it.
const AROUND_COMMAND_NS: u64 = 60_000_000_000;
/// Bits that are worth a word when they are set.
const WATCHED: u16 = Indications::BROADCAST.0
    | Indications::NEED_TIME.0
    | Indications::LOCAL_CONTROL.0
    | Indications::TROUBLE.0
    | Indications::RESTART.0
    | Indications::EVENTS_LOST.0
    | Indications::ALREADY_EXECUTING.0
    | Indications::CONFIGURATION_CORRUPT.0
    | Indications::RESERVED.0;
/// Beside the bits of a device: it was learned that it does this again and again.
const OFTEN: u64 = 0x1_0000;

/// What a device said to one master.
#[derive(Debug, Default)]
struct Said {
    last: Option<Indications>,
    restarts: Window<()>,
    losses: Window<()>,
}

/// What a device was told.
#[derive(Debug, Default)]
struct Sent {
    command: Option<Order>,
    restart: Option<Order>,
}

#[derive(Debug, Clone, Copy)]
struct Order {
    time: Timestamp,
    frame: u64,
    master: IpAddr,
}

impl Order {
    fn within(self, now: Timestamp, span_ns: u64) -> Option<Self> {
        (now.since_ns(self.time) <= span_ns).then_some(self)
    }
}

/// What devices say of themselves.
pub(crate) struct Indicators {
    said: Bounded<(Device, IpAddr), Said>,
    sent: Bounded<Device, Sent>,
    config: Config,
}

impl Indicators {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            said: Bounded::new(config.pairs_max),
            sent: Bounded::new(config.pairs_max),
            config: config.clone(),
        }
    }

    pub(crate) const fn evicted(&self) -> u64 {
        self.said.evicted().saturating_add(self.sent.evicted())
    }

    /// A request: a command or a restart may be why the device changes next.
    pub(crate) fn request(&mut self, scene: &Scene<'_>) {
        let message = scene.message;
        let restarts = message.effect == Effect::Restart;
        let commands = message.class == Class::Command && message.phase != Phase::Select;
        if !restarts && !commands {
            return;
        }
        let sent = self.sent.entry(message.device, || scene.verdict.access.host_known);
        let order = Order {
            time: scene.obs.time,
            frame: scene.obs.place.frame,
            master: message.master.address,
        };
        *(if restarts { &mut sent.restart } else { &mut sent.command }) = Some(order);
    }

    /// What a device says of itself.
    pub(crate) fn answer(
        &mut self,
        heard: &Heard<'_>,
        baseline: &mut Baseline,
        out: &mut Vec<Series>,
    ) {
        let message = heard.message;
        let Some(now) = message.dialogue.indications else { return };
        let (device, master) = (message.device, message.master.address);
        let known = || baseline.knows_host(device.zone, master, heard.obs.time);
        let said = self.said.entry((device, master), known);
        let before = said.last.replace(now);
        let rising = now.0 & !before.unwrap_or_default().0 & WATCHED;
        let local = Indications::LOCAL_CONTROL;
        let switched = before.is_some_and(|before| before.has(local) != now.has(local));
        if rising == 0 && !switched {
            return;
        }
        let since_heard = before.is_some();
        let change = Change { heard, rising: Indications(rising), now, switched, since_heard };
        let sent = self.sent.get(&device);
        let order = |pick: fn(&Sent) -> Option<Order>, span_ns| {
            sent.and_then(pick).and_then(|order| order.within(heard.obs.time, span_ns))
        };
        if change.rising.has(Indications::RESTART) {
            let commanded = order(|sent| sent.restart, RESTART_TAKES_NS);
            change.restarted(said, commanded, baseline, &self.config, out);
        }
        if change.rising.has(Indications::EVENTS_LOST) {
            change.lost(said, baseline, &self.config, out);
        }
        change.states(baseline, out);
        if let Some(command) = order(|sent| sent.command, AROUND_COMMAND_NS).filter(|_| switched) {
            change.local(command, out);
        }
    }
}

/// An answer whose indications differ from those before.
struct Change<'a> {
    heard: &'a Heard<'a>,
    /// Those that were not set before.
    rising: Indications,
    now: Indications,
    /// Local control was taken or given back.
    switched: bool,
    /// It was heard before without this: what a device says when it is heard first may be days old.
    since_heard: bool,
}

impl Change<'_> {
    fn series(&self, detection: &'static str, severity: Severity) -> Series {
        let Heard { obs, message, .. } = self.heard;
        Series::about(detection, severity, Cause::Availability, obs, message).by_sender(obs)
    }

    fn device(&self) -> String {
        words::device(self.heard.site, &self.heard.message.device)
    }

    fn fact(&self, detail: u64) -> FactKey {
        FactKey {
            kind: FactKind::Indication,
            device: self.heard.message.device,
            master: None,
            detail,
        }
    }

    /// Whether this was learned of the device. Until its baseline is armed it is learned, and not told.
    fn is_learned(&self, detail: u64, baseline: &mut Baseline) -> bool {
        let (fact, message) = (self.fact(detail), self.heard.message);
        if baseline.facts().known(&fact) {
            return true;
        }
        let learns = !baseline.is_armed(&message.device, message.master.address);
        if learns {
            baseline.facts_mut().note(fact, self.heard.obs.time, |fact| fact.count = 1);
        }
        learns
    }

    fn restarted(
        &self,
        said: &mut Said,
        commanded: Option<Order>,
        baseline: &mut Baseline,
        config: &Config,
        out: &mut Vec<Series>,
    ) {
        let Heard { obs, message, rows, site } = *self.heard;
        let limit = config.restarts_frequent.max(1);
        if commanded.is_none() && self.since_heard {
            let most = limit.saturating_mul(4);
            said.restarts.push(obs.time, obs.place.frame, (), TEN_MINUTES_NS, most);
        }
        let often = commanded.is_none() && self.since_heard && said.restarts.count() >= limit;
        let often = often && !self.is_learned(OFTEN | u64::from(Indications::RESTART.0), baseline);
        if !baseline.is_armed(&message.device, message.master.address) {
            return;
        }
        let device = self.device();
        let told = match commanded {
            Some(order) => self
                .series(rows.restarted, Severity::Low)
                .shown_by(vec![order.frame, obs.place.frame])
                .saying(
                    format!(
                        "{device} says that it has restarted, {} s after {} told it to",
                        obs.time.since_ns(order.time) / SECOND_NS,
                        words::host(site, order.master)
                    ),
                    "a device restarts when it is told to: whether it was to be told so is the question",
                ),
            None if often => self
                .series(rows.restarted, Severity::Medium)
                .scored(3.0)
                .shown_by(said.restarts.frames())
                .saying(
                    format!(
                        "{device} has restarted {} times within ten minutes",
                        said.restarts.count()
                    ),
                    "a device runs for months; nobody was heard telling it to restart",
                ),
            None => self.series(rows.restarted, Severity::Low).saying(
                format!("{device} says that it has restarted"),
                "nobody was heard telling it to: its power, its watchdog, or somebody on site",
            ),
        };
        out.push(told);
    }

    fn lost(
        &self,
        said: &mut Said,
        baseline: &mut Baseline,
        config: &Config,
        out: &mut Vec<Series>,
    ) {
        let Heard { obs, rows, .. } = *self.heard;
        let limit = config.losses_frequent.max(1);
        let most = limit.saturating_mul(4);
        said.losses.push(obs.time, obs.place.frame, (), TEN_MINUTES_NS, most);
        let bit = u64::from(Indications::EVENTS_LOST.0);
        let often = said.losses.count() >= limit && !self.is_learned(OFTEN | bit, baseline);
        let learned = self.is_learned(bit, baseline);
        if learned && !often {
            return;
        }
        let severity = if often { Severity::Medium } else { Severity::Low };
        let observed = format!(
            "{} says that events were lost, {}× within ten minutes",
            self.device(),
            said.losses.count()
        );
        out.push(
            self.series(rows.events_lost, severity)
                .shown_by(said.losses.frames())
                .saying(observed, "its buffers hold what happens between two polls"),
        );
    }

    /// What is a state rather than an event.
    fn states(&self, baseline: &mut Baseline, out: &mut Vec<Series>) {
        let Heard { message, rows, .. } = *self.heard;
        let reserved = !message.faults.iter().any(|fault| {
            // Where the decoder has said it already.
            fault.kind == gridtap_model::FaultKind::ReservedBits
        });
        // A device whose clock runs free after a restart asks for the time: that is no news of its own.
        let restarts = self.now.has(Indications::RESTART);
        for (state, detection, severity, tells) in [
            (Indications::CONFIGURATION_CORRUPT, rows.corrupt, Severity::Medium, true),
            (Indications::TROUBLE, rows.trouble, Severity::Low, true),
            (Indications::RESERVED, rows.reserved, Severity::Low, reserved),
            (Indications::BROADCAST, rows.new_indication, Severity::Low, true),
            (Indications::NEED_TIME, rows.new_indication, Severity::Low, !restarts),
            (Indications::ALREADY_EXECUTING, rows.new_indication, Severity::Low, true),
            (Indications::LOCAL_CONTROL, rows.new_indication, Severity::Low, !self.switched),
        ] {
            if !self.rising.has(state) {
                continue;
            }
            let detail = u64::from(state.0);
            // A damaged configuration is told at once, even while all is being learned; once learned it is the state.
            let damaged = state == Indications::CONFIGURATION_CORRUPT
                && !baseline.facts().known(&self.fact(detail));
            let learned = self.is_learned(detail, baseline);
            if !tells || learned && !damaged {
                continue;
            }
            let says = (rows.indication)(state.0.trailing_zeros());
            let observed = format!("{} says that it {says}", self.device());
            out.push(
                self.series(detection, severity)
                    .variant(detail)
                    .saying(observed, "this device was not heard saying so before"),
            );
        }
    }

    fn local(&self, command: Order, out: &mut Vec<Series>) {
        let Heard { obs, rows, site, .. } = *self.heard;
        let did = if self.now.has(Indications::LOCAL_CONTROL) { "went to" } else { "left" };
        let observed = format!(
            "{} {did} local control {} s after a command of {}",
            self.device(),
            obs.time.since_ns(command.time) / SECOND_NS,
            words::host(site, command.master)
        );
        out.push(
            self.series(rows.local_control, Severity::Low)
                .shown_by(vec![command.frame, obs.place.frame])
                .saying(observed, "who commands from afar and who works on site take turns"),
        );
    }
}

const SECOND_NS: u64 = 1_000_000_000;
