//! Commands that were heard, each with what came of it: what somebody asks for who has to say who did what, and when,
//! whether or not it was unusual.
//!
//! A command waits until its answer is heard, or until none will come. So many a second are kept, with a share for each
//! master, so that one that floods takes no room from another; what is beyond that is counted second by second.

use std::collections::BTreeMap;
use std::net::IpAddr;

use gridtap_baseline::Site;
use gridtap_model::{
    Anomaly, AnomalyId, Device, Effect, Endpoint, Message, Observation, Outcome, Phase, Protocol,
    Severity, Timestamp, What,
};
use gridtap_telemetry::{CommandClass, Label};

/// Points that are told of one command; of the rest, how many there are.
const POINTS_MAX: usize = 16;
/// Masters that have a share of their own. All others have one together.
const MASTERS_MAX: usize = 256;
/// Commands that wait for their answers.
const WAITING_MAX: usize = 4096;
/// Commands that wait to be taken.
const DONE_MAX: usize = 16_384;
/// Seconds with something left out that wait to be taken.
const GAPS_MAX: usize = 4096;
/// After this nobody waits for an answer: the conversation ended, or a gateway passed it on to everyone.
const PATIENCE_NS: u64 = 60 * 1_000_000_000;
/// So many seconds' worth may come at once.
const BURST_SECONDS: u64 = 10;

/// A command that was heard.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// When, in the time of the packets.
    pub time: Timestamp,
    /// The input, by its ordinal.
    pub input: u16,
    /// The input's name, where there is more than one.
    pub capture: Option<String>,
    /// The frame that completed it.
    pub frame: u64,
    /// The zone's name.
    pub zone: String,
    /// The protocol.
    pub protocol: Protocol,
    /// Who commanded.
    pub master: Endpoint,
    /// The device, as records name it.
    pub device: String,
    /// The device's name in the site file.
    pub device_name: Option<String>,
    /// What it asks for: `control`, `write`, `restart`, `config`, `file` or `time`.
    pub class: &'static str,
    /// Whether it selects, operates, or does it at once.
    pub phase: Phase,
    /// The function's name.
    pub function: &'static str,
    /// The first of the points that it names.
    pub points: Vec<PointCommanded>,
    /// How many more there are.
    pub more_points: u64,
    /// What came of it.
    pub outcome: CommandOutcome,
    /// From command to answer.
    pub latency_ns: Option<u64>,
    /// The worst that was told of it while it was here.
    pub anomaly: Option<(AnomalyId, Severity)>,
}

/// A point that was commanded.
#[derive(Debug, Clone, PartialEq)]
pub struct PointCommanded {
    /// Table and index: `coil 2`.
    pub point: String,
    /// Its name in the site file.
    pub name: Option<String>,
    /// Its value, as the message carries it.
    pub value: Option<String>,
    /// The same in its unit, or by its state's name.
    pub meaning: Option<String>,
}

/// What came of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandOutcome {
    /// The device took it.
    Accepted,
    /// The device refused it.
    Refused {
        /// Why.
        reason: &'static str,
        /// The protocol's code.
        code: u16,
    },
    /// No answer within the patience.
    Unanswered,
    /// No answer was heard, and perhaps none was to come.
    Unknown,
}

/// Commands of one second for which there was no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeftOut {
    /// The second in which they were heard.
    pub time: Timestamp,
    /// How many.
    pub commands: u64,
}

/// Keeps them until they are taken.
#[derive(Debug)]
pub(crate) struct Commands {
    captures: Vec<String>,
    per_second: u64,
    all: Share,
    masters: BTreeMap<IpAddr, Share>,
    /// By conversation, frame and position.
    waiting: BTreeMap<(u64, u64, u16), Waiting>,
    done: Vec<Command>,
    gaps: Vec<LeftOut>,
    left_out: u64,
}

#[derive(Debug)]
struct Waiting {
    device: Device,
    command: Command,
}

/// How much of a rate is used up: the time to which it is.
#[derive(Debug, Clone, Copy, Default)]
struct Share(u64);

impl Share {
    /// The time to which it is used up with one more; none where that is too much.
    fn with_one(self, now: u64, per_second: u64) -> Option<Self> {
        let cost = 1_000_000_000_u64.checked_div(per_second)?;
        let window = BURST_SECONDS.saturating_mul(1_000_000_000);
        // A clock that was ahead and is right again must not close the log until then.
        let used = if self.0 > now.saturating_add(window.saturating_mul(2)) { now } else { self.0 };
        let next = used.max(now).saturating_add(cost);
        (next <= now.saturating_add(window)).then_some(Self(next))
    }
}

impl Commands {
    /// `captures` names the inputs in the order of their ordinals.
    pub(crate) fn new(captures: &[String], per_second: u32) -> Self {
        Self {
            captures: if captures.len() > 1 { captures.to_vec() } else { Vec::new() },
            per_second: per_second.into(),
            all: Share::default(),
            masters: BTreeMap::new(),
            waiting: BTreeMap::new(),
            done: Vec::new(),
            gaps: Vec::new(),
            left_out: 0,
        }
    }

    /// How many had no room, ever.
    pub(crate) const fn left_out(&self) -> u64 {
        self.left_out
    }

    pub(crate) fn observe(&mut self, observation: &Observation<'_>, site: &Site) {
        let What::Message(message) = &observation.what else { return };
        match message.phase {
            Phase::Request | Phase::Select | Phase::Operate => {
                let class = CommandClass::of(observation.protocol, message);
                if !class.acts() {
                    return;
                }
                if !self.admits(message.master.address, observation.time) {
                    self.leave_out(observation.time);
                    return;
                }
                self.wait(observation, message, class, site);
            }
            Phase::Response | Phase::Exception if !self.waiting.is_empty() => {
                if let Some(frame) = message.request_frame {
                    self.answered(observation, message, frame);
                }
            }
            Phase::Unanswered if !self.waiting.is_empty() => {
                self.answered(observation, message, observation.place.frame);
            }
            _ => {}
        }
    }

    /// Whether there is room for one more of this master.
    fn admits(&mut self, master: IpAddr, time: Timestamp) -> bool {
        let now = u64::try_from(time.nanos()).unwrap_or(0);
        let Some(all) = self.all.with_one(now, self.per_second) else { return false };
        let has_room = self.masters.len() < MASTERS_MAX || self.masters.contains_key(&master);
        let key = if has_room { master } else { IpAddr::from([0, 0, 0, 0]) };
        let own = self.masters.entry(key).or_default();
        let half = self.per_second.div_ceil(2);
        let Some(next) = own.with_one(now, half) else { return false };
        *own = next;
        self.all = all;
        true
    }

    fn leave_out(&mut self, time: Timestamp) {
        self.left_out = self.left_out.saturating_add(1);
        let second = Timestamp::from_parts(time.nanos().div_euclid(crate::seconds::SECOND_NS), 0);
        let is_full = self.gaps.len() >= GAPS_MAX;
        match self.gaps.last_mut() {
            Some(last) if last.time == second || is_full => {
                last.commands = last.commands.saturating_add(1);
            }
            _ => self.gaps.push(LeftOut { time: second, commands: 1 }),
        }
    }

    fn wait(
        &mut self,
        observation: &Observation<'_>,
        message: &Message<'_>,
        class: CommandClass,
        site: &Site,
    ) {
        let place = observation.place;
        let (points, more_points) = points(message, site);
        let command = Command {
            time: observation.time,
            input: place.capture,
            capture: self.captures.get(usize::from(place.capture)).cloned(),
            frame: place.frame,
            zone: site.zone_name(observation.zone).to_owned(),
            protocol: observation.protocol,
            master: message.master,
            device: message.device.to_string(),
            device_name: site.device_name(&message.device).map(str::to_owned),
            class: class.name(),
            phase: message.phase,
            function: message.function.name,
            points,
            more_points,
            outcome: CommandOutcome::Unknown,
            latency_ns: None,
            anomaly: None,
        };
        if message.device.sub.is_broadcast() {
            // Nobody answers it.
            self.keep(command);
            return;
        }
        if self.waiting.len() >= WAITING_MAX
            && let Some((_, oldest)) = self.waiting.pop_first()
        {
            self.keep(oldest.command);
        }
        let key = (observation.conversation.0, place.frame, place.position);
        let waiting = Waiting { device: message.device, command };
        if let Some(same) = self.waiting.insert(key, waiting) {
            self.keep(same.command);
        }
    }

    /// The command that an answer is to. One frame can hold several to the same device, and one without an answer must not
    /// take another's: the one that is most alike it is, of these the first.
    fn asked(
        &self,
        observation: &Observation<'_>,
        message: &Message<'_>,
        frame: u64,
    ) -> Option<(u64, u64, u16)> {
        let conversation = observation.conversation.0;
        let first = message.runs.first().and_then(|run| run.points().next());
        let first = first.map(|point| point.to_string());
        let likeness = |key: &(u64, u64, u16), command: &Command| {
            // What stays unanswered is told at the place where it was asked.
            let is_place =
                message.phase == Phase::Unanswered && key.2 == observation.place.position;
            let is_function = command.function == message.function.name;
            let named = command.points.first().map(|each| each.point.as_str());
            (is_place, is_function, first.is_some() && named == first.as_deref())
        };
        let of_frame = (conversation, frame, 0)..=(conversation, frame, u16::MAX);
        let to_it = self.waiting.range(of_frame).filter(|(_, each)| each.device == message.device);
        // Of those that are alike the last is the greatest, so that they are looked at from the end.
        let found = to_it.rev().max_by_key(|(key, each)| likeness(key, &each.command));
        found.map(|(key, _)| *key)
    }

    fn answered(&mut self, observation: &Observation<'_>, message: &Message<'_>, frame: u64) {
        let Some(key) = self.asked(observation, message, frame) else { return };
        let Some(Waiting { mut command, .. }) = self.waiting.remove(&key) else { return };
        command.latency_ns = message.latency_ns;
        command.outcome = match message.outcome {
            Outcome::Success => CommandOutcome::Accepted,
            Outcome::Refused { reason, code } => {
                CommandOutcome::Refused { reason: reason.name(), code }
            }
            Outcome::Unanswered => CommandOutcome::Unanswered,
            Outcome::Pending => CommandOutcome::Unknown,
        };
        self.keep(command);
    }

    fn keep(&mut self, command: Command) {
        if self.done.len() >= DONE_MAX {
            self.leave_out(command.time);
        } else {
            self.done.push(command);
        }
    }

    /// Nobody waits for what is too long ago.
    pub(crate) fn tick(&mut self, now: Timestamp) {
        let is_late = |each: &Waiting| now.since_ns(each.command.time) > PATIENCE_NS;
        let late: Vec<_> =
            self.waiting.iter().filter(|(_, each)| is_late(each)).map(|(key, _)| *key).collect();
        for key in late {
            if let Some(waiting) = self.waiting.remove(&key) {
                self.keep(waiting.command);
            }
        }
    }

    /// No more answers will be heard.
    pub(crate) fn finish(&mut self) {
        for (_, waiting) in std::mem::take(&mut self.waiting) {
            self.keep(waiting.command);
        }
    }

    /// What was told of commands that are still here.
    pub(crate) fn mark(&mut self, anomaly: &Anomaly) {
        let is_about = |command: &Command| {
            let is_seen = anomaly.frames.contains(&command.frame);
            let is_last = anomaly.last_time == command.time
                && anomaly.source.address == command.master.address;
            (is_seen || is_last) && anomaly.capture == command.capture
        };
        let waiting = self.waiting.values_mut().map(|each| &mut each.command);
        for command in waiting.chain(&mut self.done) {
            let is_worse = command.anomaly.is_none_or(|(_, worst)| anomaly.severity > worst);
            if is_worse && is_about(command) {
                command.anomaly = Some((anomaly.id, anomaly.severity));
            }
        }
    }

    /// Those that are done, in the order of their frames, and the seconds in which there was no room.
    pub(crate) fn take(&mut self) -> (Vec<Command>, Vec<LeftOut>) {
        let mut done = std::mem::take(&mut self.done);
        done.sort_by_key(|command| (command.time, command.input, command.frame));
        (done, std::mem::take(&mut self.gaps))
    }
}

/// The first points that a message commands, and how many more there are.
fn points(message: &Message<'_>, site: &Site) -> (Vec<PointCommanded>, u64) {
    let device = &message.device;
    let commanded =
        |run: &&gridtap_model::Run<'_>| run.written || message.effect != Effect::WriteRead;
    let runs = || message.runs.iter().filter(commanded);
    let all = runs().fold(0_u64, |sum, run| sum.saturating_add(run.count.into()));
    let points: Vec<PointCommanded> = runs()
        .flat_map(|run| run.points().take(POINTS_MAX))
        .take(POINTS_MAX)
        .map(|point| PointCommanded {
            point: point.to_string(),
            name: site.point_name(device, &point).map(str::to_owned),
            value: point.value.map(|value| value.to_string()),
            meaning: site.scaled(device, &point),
        })
        .collect();
    let told = u64::try_from(points.len()).unwrap_or(u64::MAX);
    (points, all.saturating_sub(told))
}

#[cfg(test)]
mod tests;
