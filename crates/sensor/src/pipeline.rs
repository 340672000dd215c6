//! Frames through all stages, with ticks between them.

use gridtap_baseline::{Baseline, Site};
use gridtap_detect::{Condition, Detector, Planned};
use gridtap_dissect::{Dissector, Output, ZoneRule};
use gridtap_model::{Anomaly, Timestamp};
use gridtap_telemetry::{Heard as Counts, Learned, LevelLearned, PROTOCOLS, ProtocolHeard};
use gridtap_wire::{Frame, Heard, Wire};

use crate::commands::{Command, Commands, LeftOut};
use crate::summary::{ByteCounts, Summary};
use crate::tally::{DeviceStanding, Tally};

pub(crate) const SECOND_NS: i64 = 1_000_000_000;
/// Seconds of a silence that are ticked one by one. After that every deadline has passed, and time jumps: a
/// capture whose clock leaps by years must not be a loop.
const TICKS_IN_ROW_MAX: i64 = 7200;

/// Settings of every stage.
#[derive(Debug, Clone, Default, serde::Deserialize, serde::Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Frames to ordered bytes.
    pub wire: gridtap_wire::Config,
    /// Bytes to observations.
    pub dissect: gridtap_dissect::Config,
    /// What is normal.
    pub baseline: gridtap_baseline::Config,
    /// What is said of what is not.
    pub detect: gridtap_detect::Config,
    /// What is counted.
    pub telemetry: gridtap_telemetry::Config,
}

/// All stages, one after the other, on one thread.
pub struct Pipeline {
    wire: Wire,
    dissector: Dissector,
    judge: Judge,
    /// The next whole second.
    next_tick: Option<i64>,
    packets: u64,
}

/// What comes after the observations.
struct Judge {
    baseline: Baseline,
    detector: Detector,
    tally: Tally,
    /// Where somebody wants them.
    commands: Option<Commands>,
    observations: u64,
}

impl Judge {
    fn take(&mut self, output: &Output<'_>) {
        if let Output::Observation(observation) = output {
            self.observations = self.observations.saturating_add(1);
            self.tally.observe(observation, self.baseline.site());
            if let Some(commands) = &mut self.commands {
                commands.observe(observation, self.baseline.site());
            }
            self.detector.observe(observation, &mut self.baseline);
        }
    }
}

impl Pipeline {
    /// A pipeline that has heard nothing yet. `captures` names the inputs in the order of their ordinals.
    #[must_use]
    pub fn new(config: &Config, site: Site, captures: Vec<String>) -> Self {
        let dissect = gridtap_dissect::Config {
            zones: zones(&site).chain(config.dissect.zones.iter().cloned()).collect(),
            ..config.dissect.clone()
        };
        let mut dissector = Dissector::new(dissect);
        dissector.name_captures(&captures);
        Self {
            wire: Wire::new(config.wire.clone()),
            dissector,
            judge: Judge {
                tally: Tally::new(&captures, &config.telemetry),
                detector: Detector::new(&config.detect, site.clone(), captures),
                baseline: Baseline::new(config.baseline.clone(), site),
                commands: None,
                observations: 0,
            },
            next_tick: None,
            packets: 0,
        }
    }

    /// What is declared from now on: windows of planned work, and detections that are out of service.
    pub fn plan(&mut self, planned: Planned) {
        self.judge.detector.plan(planned);
    }

    /// What the site file declares from now on. Its zones have to be those that it had: conversations and what was
    /// learned of them belong to a zone.
    pub fn declare_site(&mut self, site: Site) {
        debug_assert_eq!(self.judge.baseline.site().zone_rules(), site.zone_rules());
        self.judge.detector.declare_site(site.clone());
        self.judge.baseline.declare_site(site);
    }

    /// One captured frame, after the ticks that are due before it.
    pub fn frame(&mut self, frame: &Frame<'_>) {
        self.packets = self.packets.saturating_add(1);
        self.judge.tally.packet(frame.capture, frame.original_length, frame.time);
        self.tick_until(frame.time);
        let Self { wire, dissector, judge, .. } = self;
        wire.frame(frame, &mut |heard: &Heard<'_>| {
            dissector.heard(heard, &mut |output: Output<'_>| judge.take(&output));
        });
        if let Some(notice) = wire.take_notice() {
            dissector.notice(&notice, &mut |output: Output<'_>| judge.take(&output));
        }
    }

    /// The input ended: what was waiting is decided, and told.
    pub fn finish(&mut self) {
        self.stop();
        self.judge.baseline.finish();
    }

    /// The input was left before its end: what was waiting is decided and told, and the running block of the
    /// baseline stays open, to go on where the next run begins. Ended here, it would be two blocks, and what is
    /// heard in both would no longer count as heard in one.
    pub fn stop(&mut self) {
        let Self { wire, dissector, judge, .. } = self;
        wire.finish(&mut |heard: &Heard<'_>| {
            dissector.heard(heard, &mut |output: Output<'_>| judge.take(&output));
        });
        dissector.finish(&mut |output: Output<'_>| judge.take(&output));
        judge.detector.finish();
        if let Some(commands) = &mut judge.commands {
            commands.finish();
        }
    }

    /// Keeps commands from now on, so many a second at the most, until they are taken.
    pub fn log_commands(&mut self, captures: &[String], per_second: u32) {
        self.judge.commands = (per_second > 0).then(|| Commands::new(captures, per_second));
    }

    /// The commands whose answers were heard since the last call, or will not be, and for how many there was no room.
    /// What is told of a command until then is noted with it.
    #[must_use]
    pub fn take_commands(&mut self) -> (Vec<Command>, Vec<LeftOut>) {
        self.judge.commands.as_mut().map(Commands::take).unwrap_or_default()
    }

    /// Something is wrong with the sensor itself, or still is.
    pub fn sensor_troubled(&mut self, condition: &Condition<'_>) {
        self.judge.detector.sensor_troubled(condition);
    }

    /// What was wrong with the sensor is over.
    pub fn sensor_recovered(&mut self, condition: &Condition<'_>) {
        self.judge.detector.sensor_recovered(condition);
    }

    /// Anomalies that opened or changed since the last call, in order.
    #[must_use]
    pub fn take_anomalies(&mut self) -> Vec<Anomaly> {
        let anomalies = self.judge.detector.take();
        if let Some(commands) = &mut self.judge.commands {
            anomalies.iter().for_each(|anomaly| commands.mark(anomaly));
        }
        anomalies
    }

    /// Whether there are such.
    #[must_use]
    #[inline]
    pub const fn has_anomalies(&self) -> bool {
        self.judge.detector.has_anomalies()
    }

    /// What is normal here.
    #[must_use]
    pub const fn baseline(&self) -> &Baseline {
        &self.judge.baseline
    }

    /// What is normal here, to restore it or to read out what changed.
    pub const fn baseline_mut(&mut self) -> &mut Baseline {
        &mut self.judge.baseline
    }

    /// What this run came to, so far.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let dissected = self.dissector.counters();
        let some = |(name, count): (&str, u64)| (count > 0).then(|| (name.to_owned(), count));
        let evicted = self.evictions().filter_map(some).collect();
        let not_followed = self.wire.counters().not_followed().filter_map(some).collect();
        Summary {
            packets: self.packets,
            messages: [("modbus", dissected.modbus_messages()), ("dnp3", dissected.dnp3_fragments)]
                .into(),
            observations: self.judge.observations,
            anomalies: self.judge.detector.counts().anomalies,
            bytes: ByteCounts {
                decoded: dissected.bytes.decoded,
                skipped: dissected.bytes.skipped,
                missing: dissected.bytes.missing,
                encrypted: dissected.bytes.encrypted,
            },
            copies: self.wire.counters().udp_copies,
            not_followed,
            evicted,
        }
    }

    /// What was heard so far, as the metrics want it; `now` decides which devices are silent.
    #[must_use]
    pub fn heard(&self, now: Timestamp) -> Counts {
        let dissected = self.dissector.counters();
        let protocols = PROTOCOLS.map(|protocol| {
            let Some(spoken) = dissected.spoken(protocol) else { return ProtocolHeard::default() };
            let bytes = spoken.bytes;
            ProtocolHeard {
                pdus: dissected.messages(protocol),
                errors: [spoken.incomplete, spoken.garbage, spoken.link_crc, spoken.link_length],
                bytes: [bytes.decoded, bytes.skipped, bytes.missing, bytes.encrypted],
                flows: count(self.dissector.open(protocol)),
                gaps: spoken.gaps,
                ..ProtocolHeard::default()
            }
        });
        let mut heard = Counts {
            protocols,
            buffered_bytes: count(self.wire.waiting_bytes()),
            not_followed: self.wire.counters().not_followed().collect(),
            evictions: self.evictions().collect(),
            ..Counts::default()
        };
        self.judge.tally.tell(&mut heard, now);
        heard
    }

    /// A device that an earlier run has heard is missed from now on, until it speaks.
    pub fn know(&mut self, known: &DeviceStanding) {
        self.judge.tally.know(known, self.judge.baseline.site());
    }

    /// How each device stands that has a place among the metrics; `now` decides which are silent.
    pub fn devices(&self, now: Timestamp) -> impl Iterator<Item = DeviceStanding> + '_ {
        self.judge.tally.devices(now)
    }

    /// How far the baseline is, as the metrics want it. Looks at every key: for once a minute, not for once a second.
    #[must_use]
    pub fn learned(&self) -> Learned {
        let levels = self.judge.baseline.levels();
        let each = &levels.levels;
        let level = |state: gridtap_baseline::LevelState| LevelLearned {
            learning: !state.armed,
            novel_per_day: state.novel_per_day,
        };
        Learned {
            levels: [each.flow, each.function, each.address, each.point].map(level),
            created: levels.since,
        }
    }

    /// What gave way because a table was full, by table; also where nothing did.
    fn evictions(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let gave_way = |name: &str| name.contains("evicted") || name.contains("dropped");
        let wire = self.wire.counters().iter().filter(move |(name, _)| gave_way(name));
        let commands = self.judge.commands.iter().map(|log| ("commands_dropped", log.left_out()));
        wire.chain(self.judge.detector.evictions())
            .chain(self.judge.baseline.evictions())
            .chain(commands)
    }

    /// Time passes and nothing is heard: every deadline up to now falls as it would before the next frame.
    pub fn pass(&mut self, now: Timestamp) {
        self.tick_until(now);
    }

    fn tick_until(&mut self, now: Timestamp) {
        let Some(mut next) = self.next_tick else {
            self.next_tick = Some(now.nanos().div_euclid(SECOND_NS).saturating_add(1));
            return;
        };
        let last = now.nanos().div_euclid(SECOND_NS);
        if next > last {
            return;
        }
        if last.saturating_sub(next) > TICKS_IN_ROW_MAX {
            let until = next.saturating_add(TICKS_IN_ROW_MAX);
            while next < until {
                self.tick(next);
                next = next.saturating_add(1);
            }
            next = last;
        }
        while next <= last {
            self.tick(next);
            next = next.saturating_add(1);
        }
        self.next_tick = Some(next);
    }

    fn tick(&mut self, second: i64) {
        let now = Timestamp::from_parts(second, 0);
        let Self { wire, dissector, judge, .. } = self;
        wire.tick(now, &mut |heard: &Heard<'_>| {
            dissector.heard(heard, &mut |output: Output<'_>| judge.take(&output));
        });
        dissector.tick(now, &mut |output: Output<'_>| judge.take(&output));
        judge.baseline.tick(now);
        judge.detector.tick(now);
        if let Some(commands) = &mut judge.commands {
            commands.tick(now);
        }
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// The site's zones as rules, in the site's order: a zone has the same number in both.
fn zones(site: &Site) -> impl Iterator<Item = ZoneRule> + '_ {
    site.zone_rules().iter().map(|rule| ZoneRule {
        name: site.zone_name(rule.zone).to_owned(),
        captures: rule.captures.clone(),
        vlans: rule.vlans.clone(),
        subnets: rule.subnets.clone(),
    })
}
