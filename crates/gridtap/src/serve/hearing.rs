//! The thread that hears: frames through the pipeline, and what it finds on its way to the store.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gridtap_capture::Turn;
use gridtap_model::Timestamp;
use gridtap_sensor::{Command, Pipeline};
use gridtap_telemetry::Metrics;
use gridtap_wire::Frame;

use crate::condition::{Conditions, Moment};
use crate::failure::Failure;
use crate::feed::{Inputs, Listener, Missed, Read};
use crate::followed::Followed;
use crate::learned::Learned;
use crate::person;
use crate::serve::clock::Clock;
use crate::serve::commands::Row;
use crate::serve::deciding::Docket;
use crate::serve::health::Health;
use crate::serve::live::Inbox;
use crate::serve::news::{self, Event, News};
use crate::serve::outgoing::{Bundle, Outgoing};
use crate::serve::overview::Overview;
use crate::serve::supervisor::Supervisor;
use crate::settings::Settings;
use crate::state::{self, Changes};
use crate::watch::kept;

/// How often figures are handed over.
const BEAT: Duration = Duration::from_secs(1);

/// How often all that was learned is stored; more often at first, when nearly all of it is new.
const KEEP: Duration = Duration::from_secs(60);

/// Hears for a service.
pub(crate) struct Hearing {
    pub pipeline: Pipeline,
    news: News,
    /// Levels that armed: told with what armed them.
    activated: Vec<Event>,
    ways: Ways,
    learned: Learned,
    /// How many frames of each capture teach nothing, because the state has heard them before.
    repeats: Vec<u64>,
    silent_after: Duration,
    /// The newest frame's time, and when it came.
    last: Option<(Timestamp, Instant)>,
    beat_at: Instant,
    keep_at: Instant,
    keep_after: Duration,
    began: Instant,
    clock: Clock,
    is_live: bool,
    /// Packets come at once: this machine's clock is that of their time.
    is_prompt: bool,
    /// What did not reach us, by interface.
    missed: Vec<Missed>,
    /// How far directories were read that are followed.
    followed: Followed,
    conditions: Conditions,
}

/// Whom the thread that hears speaks to.
pub(crate) struct Ways {
    /// Takes what is to be stored.
    pub outgoing: Arc<Outgoing>,
    /// Takes what was counted.
    pub metrics: Metrics,
    /// Takes how the sensor is.
    pub health: Arc<Health>,
    /// Takes what is heard; none where nobody can ask.
    pub overview: Option<Overview>,
    /// Where people's decisions come in.
    pub docket: Docket,
    /// Wants to hear that the service lives.
    pub supervisor: Supervisor,
    /// Brings what changes while it hears.
    pub inbox: Inbox,
}

impl Hearing {
    pub(crate) fn new(
        mut pipeline: Pipeline,
        learned: Learned,
        followed: Followed,
        news: News,
        ways: Ways,
        settings: &Settings,
        inputs: &Inputs,
    ) -> Self {
        let now = now();
        ways.metrics.heard(pipeline.heard(person::now()));
        ways.metrics.learned(pipeline.learned());
        ways.health.learned(&pipeline.baseline().levels().levels);
        let repeats = learned.frames();
        pipeline.repeats(repeats.clone());
        pipeline.keep_evidence(&settings.sensor, learned.names().to_vec());
        Self {
            pipeline,
            news,
            activated: Vec::new(),
            ways,
            repeats,
            learned,
            silent_after: Duration::from_nanos(settings.service.silent_after.nanos()),
            last: None,
            beat_at: now,
            keep_at: now.checked_add(BEAT).unwrap_or(now),
            keep_after: BEAT,
            began: now,
            clock: Clock::new(),
            is_live: inputs.is_live(),
            is_prompt: inputs.is_prompt(),
            missed: Vec::new(),
            followed,
            conditions: Conditions::default(),
        }
    }

    /// The input ended, or was left: the last findings and what was learned go to the store.
    pub(crate) fn finish(&mut self, read: &Read) -> Result<(), Failure> {
        self.ways.inbox.close();
        match read.stopped {
            Some(_) => self.pipeline.stop(),
            None => self.pipeline.finish(),
        }
        self.send();
        if let Some(evidence) = self.pipeline.evidence_mut() {
            evidence.finish();
        }
        self.send();
        self.tell_devices(read.stopped.is_none())?;
        self.send_commands();
        self.ways.docket.settle(self.pipeline.baseline_mut());
        while self.keep(read.stopped.is_none())? {}
        self.tell_learned();
        self.beat();
        if let Some(overview) = &self.ways.overview {
            overview.look_now(&self.pipeline, self.newest(), now());
        }
        Ok(())
    }

    /// What people decide is made, as far as it is without waiting. Also once the input has ended.
    pub(crate) fn decide(&mut self) -> Result<(), Failure> {
        let was_busy = self.ways.docket.is_busy();
        self.ways.docket.look(self.pipeline.baseline_mut(), &self.ways.outgoing);
        if was_busy && !self.ways.docket.is_busy() { self.keep_new() } else { Ok(()) }
    }

    /// Every frame that came is judged.
    fn settle(&mut self) {
        while !self.pipeline.settle() {
            self.send();
        }
    }

    /// What was found goes on its way.
    fn send(&mut self) {
        for armed in self.pipeline.baseline_mut().take_armed() {
            tracing::info!("the {:?} level judges from {} on", armed.level, armed.time);
            self.activated.push(news::activated(&armed, self.pipeline.baseline()));
        }
        let mut bundle = Bundle { anomalies: self.pipeline.take_anomalies(), ..Bundle::default() };
        if let Some(evidence) = self.pipeline.evidence_mut() {
            let slices = evidence.take(|id| id.to_string());
            bundle.evidence =
                slices.into_iter().map(|slice| (slice.anomaly, kept(slice))).collect();
        }
        if !bundle.is_empty() {
            self.put(bundle);
        }
    }

    /// Commands whose answers were heard go to the store; not those of frames that an earlier run has heard.
    fn send_commands(&mut self) {
        let (commands, left_out) = self.pipeline.take_commands();
        let is_new = |command: &&Command| {
            let known = self.repeats.get(usize::from(command.input)).copied().unwrap_or(0);
            command.frame > known
        };
        let mut rows: Vec<Row> = commands.iter().filter(is_new).map(Row::of).collect();
        rows.extend(left_out.into_iter().map(Row::of_left_out));
        if !rows.is_empty() {
            self.put(Bundle { commands: rows, ..Bundle::default() });
        }
    }

    fn put(&self, bundle: Bundle) {
        if self.ways.outgoing.put(bundle) > 0 {
            self.ways.health.lost(self.ways.outgoing.lost());
        }
    }

    /// What was learned since the last time goes to the store; of values so much as has room. Whether there is more.
    fn keep(&mut self, is_complete: bool) -> Result<bool, Failure> {
        let baseline = self.pipeline.baseline_mut();
        let (Changes { rows, is_more }, baseline) =
            (state::changes(baseline, false)?, serde_json::to_string(&baseline.meta())?);
        let captures = self.learned.captures(self.pipeline.numbers(), is_complete);
        let newest = self.newest().unwrap_or(Timestamp::MIN);
        let devices = self.news.text(self.pipeline.devices(newest))?;
        let followed = self.followed.text(self.pipeline.numbers())?;
        let events = std::mem::take(&mut self.activated);
        self.put(Bundle {
            rows,
            baseline: Some(baseline),
            captures,
            followed,
            events,
            devices: Some(devices),
            ..Bundle::default()
        });
        Ok(is_more)
    }

    /// The time of the newest packet.
    fn newest(&self) -> Option<Timestamp> {
        self.last.map(|(time, _)| time)
    }

    fn beat(&mut self) {
        self.ways.supervisor.alive();
        let newest = self.newest();
        self.ways.health.beat(newest);
        if let Some(overview) = &mut self.ways.overview {
            overview.look(&self.pipeline, newest, now());
        }
        self.clock.beat(person::now(), now());
        let mut heard = self.pipeline.heard(newest.unwrap_or(Timestamp::MIN));
        self.clock.tell(&mut heard);
        for (interface, missed) in heard.interfaces.iter_mut().zip(&self.missed) {
            (interface.drops, interface.files_lost) = (missed.by_place(), missed.files);
        }
        if self.is_live {
            let quiet = self.last.map_or(self.began, |(_, at)| at).elapsed();
            let numbers = self.pipeline.numbers().to_vec();
            let moment = Moment {
                time: newest.map_or_else(person::now, |newest| newest.plus_ns(nanos(quiet))),
                steady: now(),
                quiet,
                silent_after: self.silent_after,
                numbers: &numbers,
                heard: &heard,
            };
            self.conditions.look(&moment, &mut self.pipeline);
            let is_blind = quiet >= self.silent_after;
            self.ways.health.trouble(
                "hearing",
                is_blind.then(|| {
                    format!(
                        "nothing was heard for {} s: check the mirror port, the cable and what feeds this sensor",
                        quiet.as_secs()
                    )
                }),
            );
        }
        self.ways.metrics.heard(heard);
    }

    /// What is new of devices is told. Where nothing is heard, no time passes for them.
    fn tell_devices(&mut self, end: bool) -> Result<(), Failure> {
        let Some(newest) = self.newest() else { return Ok(()) };
        let standings = || self.pipeline.devices(newest);
        let events = self.news.look(standings(), self.pipeline.baseline(), now(), end);
        if !events.is_empty() {
            let devices = Some(self.news.text(standings())?);
            self.put(Bundle { events, devices, ..Bundle::default() });
        }
        Ok(())
    }

    /// What is new goes to the store at once, so that whoever looks at the state sees it.
    fn keep_new(&mut self) -> Result<(), Failure> {
        let baseline = self.pipeline.baseline_mut();
        if baseline.has_new_rows() && !self.ways.docket.is_busy() {
            let Changes { rows, .. } = state::changes(baseline, true)?;
            self.put(Bundle { rows, ..Bundle::default() });
        }
        Ok(())
    }

    /// How far learning is: this looks at every key.
    fn tell_learned(&self) {
        self.ways.metrics.learned(self.pipeline.learned());
        self.ways.health.learned(&self.pipeline.baseline().levels().levels);
    }

    /// What a reload left, between two packets.
    fn take_change(&mut self) {
        let Some(change) = self.ways.inbox.take() else { return };
        if let Some(site) = change.site {
            self.pipeline.declare_site(site);
        }
        self.pipeline.plan(change.planned);
        self.silent_after = change.silent_after;
    }

    /// What is due by the clock of this machine.
    fn house(&mut self) -> Result<(), Failure> {
        self.take_change();
        let now = now();
        if now >= self.beat_at {
            self.beat();
            self.beat_at = now.checked_add(BEAT).unwrap_or(now);
            self.tell_devices(false)?;
            self.send_commands();
            if now < self.keep_at {
                self.keep_new()?;
            }
        }
        if (now >= self.keep_at || !self.activated.is_empty()) && !self.ways.docket.is_busy() {
            self.tell_learned();
            let is_more = self.keep(false)?;
            let after = if is_more { BEAT } else { self.keep_after };
            self.keep_at = now.checked_add(after).unwrap_or(now);
            self.keep_after = self.keep_after.saturating_mul(2).min(KEEP);
        }
        Ok(())
    }
}

impl Listener for Hearing {
    #[inline]
    fn frame(&mut self, frame: &Frame<'_>) -> Result<(), Failure> {
        self.pipeline.frame(frame);
        // At once: the control room waits for it.
        if self.pipeline.has_anomalies() {
            self.send();
            self.pipeline.go_on();
        }
        if self.is_prompt {
            self.clock.packet(frame.time, person::now());
        }
        let newest = self.last.map_or(frame.time, |(time, _)| time.max(frame.time));
        self.last = Some((newest, self.last.map_or_else(now, |(_, at)| at)));
        Ok(())
    }

    fn pause(&mut self) -> Result<(), Failure> {
        self.clock.caught_up();
        self.settle();
        self.glance()
    }

    fn glance(&mut self) -> Result<(), Failure> {
        if let Some((_, at)) = &mut self.last {
            *at = now();
        }
        self.send();
        self.decide()?;
        self.house()
    }

    fn rest(&mut self) -> Result<(), Failure> {
        self.settle();
        self.send();
        self.decide()?;
        self.house()
    }

    fn turned(&mut self, turn: &Turn) {
        self.followed.turned(turn);
    }

    fn interfaces(&mut self, missed: &[Missed], lost: &[String]) {
        self.missed = missed.to_vec();
        self.conditions.interfaces(missed, lost, now());
        let told = || format!("{}: down or gone, and waited for", lost.join(", "));
        self.ways.health.trouble("interface", (!lost.is_empty()).then(told));
    }

    /// Nothing comes, and time passes all the same: deadlines fall as they would with the next packet.
    fn idle(&mut self) -> Result<(), Failure> {
        if let Some((time, at)) = self.last {
            let now = time.plus_ns(nanos(at.elapsed()));
            self.pipeline.pass(now);
            self.settle();
            if let Some(evidence) = self.pipeline.evidence_mut() {
                evidence.tick(now);
            }
        }
        self.rest()
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long nothing came is the clock's to say, and no packet's"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}
