//! Requests that do not come when they use to: one that stopped, a party that fell silent, everything at once; and
//! requests that come more often, or more seldom, than ever.
//!
//! What is missing may be missing for the sensor only. So it is told of the widest party that is silent: of the input
//! where no frame came at all, of the zone where none of its devices is heard, then of the master, of the device, and
//! only where both still speak with each other of the request that stopped.

use core::net::IpAddr;

use gridtap_baseline::{Around, Baseline, Drifted, Late, Poll, Site, Slowed};
use gridtap_model::{Device, LinkEvent, Observation, Severity, Timestamp, Zone};

use crate::bounded::Bounded;
use crate::budget::{evidence, price};
use crate::config::Config;
use crate::series::Series;

mod say;

/// The part of the budget of false alarms that is for timing.
const SHARE: f64 = 0.25;
/// An input that brought nothing for this long has paused: as long as no request may be missed (RFC 6298: a lost segment
/// is sent again after one second and after two more).
const PAUSE_NS: u64 = 3_000_000_000;
/// A delay below the shortest that TCP waits before it sends a segment again (RFC 6298 asks for a second, systems in use
/// take 200 ms) may be any network's doing.
const DELAY_NS: u64 = 200_000_000;
/// A device that restarts, or a cable that is put elsewhere, is back within an hour.
const LONG_NS: u64 = 3_600_000_000_000;
/// So many devices of one master that change their pace at once are one finding about the master.
const MANY: usize = 3;

/// How far a silence reaches, narrow last: what was told of a wider one is told again of a narrower.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    Zone,
    Master,
    Device,
    Poll,
}

impl Reach {
    const fn number(self) -> u8 {
        match self {
            Self::Zone => 1,
            Self::Master => 2,
            Self::Device => 3,
            Self::Poll => 5,
        }
    }
}

/// A device that has been silent for long.
const LONG_SILENT: u8 = 4;

/// What one input brings.
#[derive(Debug, Clone, Copy)]
struct Input {
    /// It brought a frame since the last tick.
    heard: bool,
    /// The last tick before which it had brought one.
    last: Timestamp,
    /// When it last came back after it had paused.
    resumed: Timestamp,
    /// How many requests were due while it paused.
    missed: u64,
}

/// When requests come.
pub(crate) struct Timing {
    /// When this run began, where it does not go on where another ended.
    began: Timestamp,
    /// By the ordinal of the capture.
    inputs: Vec<Input>,
    /// Where octets were missing last, by both hosts, the lower address first.
    gaps: Bounded<(Zone, IpAddr, IpAddr), Option<Timestamp>>,
    /// When a master last waited in vain for an answer: of this host, and of any.
    waited: Bounded<(Zone, IpAddr, Option<IpAddr>), Option<Timestamp>>,
    /// Polls that were excused by that, and until when: once for a silence.
    excused: Bounded<Poll, Option<Timestamp>>,
    /// Zones that were told to be silent, and when they were heard again.
    silent: Vec<(Zone, Option<Timestamp>)>,
    late: Vec<Late>,
    drifted: Vec<Drifted>,
    slowed: Vec<Slowed>,
    budget: f64,
}

/// What is said at a tick.
pub(crate) enum Said {
    /// Something about a party or a request.
    Series(Box<Series>, Timestamp, gridtap_model::Place),
    /// An input, or all that is heard of a zone, paused.
    Pause(gridtap_model::Place, String),
}

impl Timing {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            began: Timestamp::MIN,
            inputs: Vec::new(),
            gaps: Bounded::new(config.pairs_max),
            waited: Bounded::new(config.pairs_max),
            excused: Bounded::new(config.pairs_max),
            silent: Vec::new(),
            late: Vec::new(),
            drifted: Vec::new(),
            slowed: Vec::new(),
            budget: config.budget_high_per_day * SHARE,
        }
    }

    pub(crate) const fn evicted(&self) -> u64 {
        let evicted = self.gaps.evicted().saturating_add(self.waited.evicted());
        evicted.saturating_add(self.excused.evicted())
    }

    /// A frame came from an input.
    #[inline]
    pub(crate) fn frame(&mut self, capture: u16) {
        match self.inputs.get_mut(usize::from(capture)) {
            Some(input) => input.heard = true,
            None => self.inputs.resize(usize::from(capture).saturating_add(1), Input::NEW),
        }
    }

    /// A master waits in vain: what it asks next comes later, or again.
    pub(crate) fn unanswered(&mut self, device: Device, master: IpAddr, now: Timestamp) {
        self.waits(device.zone, master, device.address, now);
    }

    fn waits(&mut self, zone: Zone, master: IpAddr, host: IpAddr, now: Timestamp) {
        for host in [None, Some(host)] {
            *self.waited.entry((zone, master, host), || false) = Some(now);
        }
    }

    /// Something happened to a conversation: octets of it may be missing.
    pub(crate) fn link(&mut self, obs: &Observation<'_>, event: &LinkEvent) {
        let pair = pair(obs.zone, obs.source.address, obs.destination.address);
        match event {
            LinkEvent::Missing { .. }
            | LinkEvent::Skipped { .. }
            | LinkEvent::Blind { .. }
            | LinkEvent::Encrypted
            | LinkEvent::OneDirection { .. } => {
                *self.gaps.entry(pair, || false) = Some(obs.time);
            }
            LinkEvent::Attempted { failed: true } => {
                self.waits(obs.zone, obs.source.address, obs.destination.address, obs.time);
            }
            _ => {}
        }
    }

    /// A message of a zone is heard.
    #[inline]
    pub(crate) fn heard(&mut self, zone: Zone, now: Timestamp) {
        if !self.silent.is_empty() {
            self.heard_again(zone, now);
        }
    }

    #[cold]
    fn heard_again(&mut self, zone: Zone, now: Timestamp) {
        for (silent, again) in &mut self.silent {
            if *silent == zone && again.is_none() {
                *again = Some(now);
            }
        }
    }

    /// Time passes.
    pub(crate) fn tick(
        &mut self,
        now: Timestamp,
        site: &Site,
        baseline: &mut Baseline,
        out: &mut Vec<Said>,
    ) {
        if self.began == Timestamp::MIN {
            let before = baseline.restored_until();
            let seamless = before.is_none_or(|until| now.since_ns(until) <= PAUSE_NS);
            self.began = if seamless { Timestamp::MIN.plus_ns(1) } else { now };
        }
        for (capture, input) in (0_u16..).zip(&mut self.inputs) {
            if let Some((since, missed)) = input.tick(now) {
                out.push(say::paused(capture, since, now, missed));
            }
        }
        let mut late = core::mem::take(&mut self.late);
        baseline.late(now, &mut late);
        let told = late.drain(..).filter_map(|late| self.judge_late(late, now, baseline)).collect();
        say::silences(site, baseline, now, told, out);
        self.late = late;
        let mut drifted = core::mem::take(&mut self.drifted);
        let mut slowed = core::mem::take(&mut self.slowed);
        baseline.drifted(&mut drifted, &mut slowed);
        drifted.retain(|each| self.earned(each.poll.device.zone, each.surprise, baseline));
        for drifted in &drifted {
            baseline.drift_over(drifted.poll);
        }
        let waited = |drifted: &Drifted| {
            // Whoever waits for one is late with all others.
            self.waited(drifted.poll, None).is_some_and(|waited| waited >= drifted.from)
        };
        say::drifts(site, baseline, &drifted, MANY, waited, out);
        drifted.clear();
        self.drifted = drifted;
        slowed.retain(|each| {
            each.took_ns >= DELAY_NS.max(each.usual_ns.saturating_mul(2))
                && self.earned(each.device.zone, each.surprise, baseline)
        });
        for slowed in slowed.drain(..) {
            baseline.slowed_over(&slowed);
            out.extend(say::slowed(site, &slowed));
        }
        self.slowed = slowed;
        let long_ago =
            |again: &Option<Timestamp>| again.is_some_and(|at| now.since_ns(at) > LONG_NS);
        self.silent.retain(|(_, again)| !long_ago(again));
    }

    /// How far a silence reaches, where it is worth telling and nothing explains it.
    fn judge_late(
        &mut self,
        late: Late,
        now: Timestamp,
        baseline: &mut Baseline,
    ) -> Option<(Late, Told)> {
        if late.last < self.began {
            baseline.forget_silence(late.poll);
            return None;
        }
        let half_ns = late.silent_ns / 2;
        let zone = late.poll.device.zone;
        if let Some(input) = self.inputs.get_mut(usize::from(late.place.capture)) {
            if now.since_ns(input.last) >= half_ns {
                input.missed = input.missed.saturating_add(u64::from(late.checks == 1));
                return None;
            }
            if late.last < input.resumed {
                baseline.excuse_silence(late.poll, input.resumed);
                return None;
            }
        }
        let explained = [
            self.gaps
                .get(&pair(zone, late.poll.master, late.poll.device.address))
                .copied()
                .flatten(),
            self.silent.iter().find(|(silent, _)| *silent == zone).and_then(|(_, again)| *again),
        ];
        if let Some(until) =
            explained.into_iter().flatten().max().filter(|until| *until > late.last)
        {
            baseline.excuse_silence(late.poll, until);
            return None;
        }
        let reach = reach(&late.around, half_ns);
        if reach == Reach::Poll && late.told > 0 && late.told < Reach::Poll.number() {
            // Its party is back, and this request may take as long as ever to follow.
            baseline.excuse_silence(late.poll, now);
            return None;
        }
        // It is due as long after its device came back as it ever was after the request before. Once: who has its device
        // miss one request now and then keeps no other away by it.
        if let Some(until) = self
            .waited(late.poll, Some(late.poll.device.address))
            .filter(|until| reach == Reach::Poll && *until > late.last)
            && self.excused.get(&late.poll).copied().flatten() != Some(late.last)
        {
            *self.excused.entry(late.poll, || true) = Some(until);
            baseline.excuse_silence(late.poll, until);
            return None;
        }
        let long = reach == Reach::Device && late.silent_ns >= LONG_NS;
        let number = if long { LONG_SILENT } else { reach.number() };
        if late.told >= number || !self.earned(zone, late.surprise, baseline) {
            return None;
        }
        baseline.silence_told(late.poll, number);
        if reach == Reach::Zone {
            if self.silent.iter().any(|(silent, again)| *silent == zone && again.is_none()) {
                return None;
            }
            self.silent.retain(|(silent, _)| *silent != zone);
            self.silent.push((zone, None));
        }
        Some((late, Told { reach, long }))
    }

    /// When the master last waited in vain for an answer of this host, or of any.
    fn waited(&self, poll: Poll, host: Option<IpAddr>) -> Option<Timestamp> {
        self.waited.get(&(poll.device.zone, poll.master, host)).copied().flatten()
    }

    /// Whether something of this surprise is worth its price: one over the false alarms that timing may cost, for each
    /// time that the day asks of each request.
    fn earned(&self, zone: Zone, surprise: f64, baseline: &Baseline) -> bool {
        evidence(surprise) >= price(self.budget, baseline.timing_hypotheses_per_day(zone))
    }
}

/// What is told of a silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Told {
    reach: Reach,
    /// For so long that no restart explains it.
    long: bool,
}

impl Told {
    const fn severity(self) -> Severity {
        match self.reach {
            // What stops while everything about it goes on was stopped.
            Reach::Poll => Severity::Medium,
            Reach::Device if self.long => Severity::Medium,
            _ => Severity::Low,
        }
    }
}

impl Input {
    const NEW: Self =
        Self { heard: true, last: Timestamp::MIN, resumed: Timestamp::MIN, missed: 0 };

    /// Time passes; says since when it had paused, and how many requests were due, where it is back and they were.
    fn tick(&mut self, now: Timestamp) -> Option<(Timestamp, u64)> {
        if !core::mem::take(&mut self.heard) {
            return None;
        }
        let since = core::mem::replace(&mut self.last, now);
        if since == Timestamp::MIN || now.since_ns(since) <= PAUSE_NS {
            return None;
        }
        self.resumed = now;
        let missed = core::mem::take(&mut self.missed);
        (missed > 0).then_some((since, missed))
    }
}

/// The widest party that was silent for most of the time.
fn reach(around: &Around, half_ns: u64) -> Reach {
    if around.zone_ns.is_some_and(|silent_ns| silent_ns >= half_ns) {
        Reach::Zone
    } else if around.master_ns.is_some_and(|silent_ns| silent_ns >= half_ns) {
        Reach::Master
    } else if around.device_ns >= half_ns {
        Reach::Device
    } else {
        Reach::Poll
    }
}

fn pair(zone: Zone, one: IpAddr, other: IpAddr) -> (Zone, IpAddr, IpAddr) {
    (zone, one.min(other), one.max(other))
}
