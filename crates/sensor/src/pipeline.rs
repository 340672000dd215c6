//! Frames through all stages, with ticks between them.

use gridtap_baseline::{Baseline, Site};
use gridtap_detect::{Condition, Planned};
use gridtap_dissect::{Dissector, Output, ZoneRule};
use gridtap_model::{Anomaly, Timestamp};
use gridtap_telemetry::{Heard as Counted, Learned, LevelLearned, PROTOCOLS, ProtocolHeard};
use gridtap_wire::{Frame, Wire};

use crate::commands::{Command, Commands, LeftOut};
use crate::config::SensorConfig;
use crate::ear::Ear;
use crate::evidence::Evidence;
use crate::judge::Judge;
use crate::kept::GatherObservations;
use crate::seconds::Seconds;
use crate::shards::{Counts, Shards, shard_count};
use crate::summary::{ByteCounts, Summary};
use crate::tally::DeviceStanding;

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
    /// How it runs.
    pub sensor: SensorConfig,
}

/// All stages: what hears, on this thread or on several, and what judges, on this one.
pub struct Pipeline {
    hearing: Hearing,
    judge: Judge,
    seconds: Seconds,
}

/// What hears.
enum Hearing {
    Here(Box<Ear>),
    Threads(Box<Shards<GatherObservations>>),
}

impl Hearing {
    fn new(config: &Config, dissect: &gridtap_dissect::Config, captures: &[String]) -> Self {
        let dissector = |config| {
            let mut dissector = Dissector::new(config);
            dissector.name_captures(captures);
            dissector
        };
        let count = shard_count(config.sensor.shards);
        let threads = (count > 1)
            .then(|| Shards::start(count, &config.wire, dissector, dissect, || GatherObservations));
        match threads {
            Some(Ok(shards)) => Self::Threads(Box::new(shards)),
            // Where there can be no threads, it is heard without.
            None | Some(Err(_)) => Self::Here(Box::new(Ear {
                wire: Wire::new(config.wire.clone()),
                dissector: dissector(dissect.clone()),
            })),
        }
    }

    fn counts(&self) -> Counts {
        match self {
            Self::Here(ear) => Counts::of(ear),
            Self::Threads(shards) => shards.counts(),
        }
    }
}

/// One tick of all stages, where one thread hears.
fn tick(ear: &mut Ear, judge: &mut Judge, now: Timestamp) {
    ear.tick(now, &mut |output: Output<'_>| judge.take(&output));
    judge.tick(now);
}

impl Pipeline {
    /// A pipeline that has heard nothing yet. `captures` names the inputs in the order of their ordinals.
    #[must_use]
    pub fn new(config: &Config, site: Site, captures: Vec<String>) -> Self {
        let dissect = gridtap_dissect::Config {
            zones: zones(&site).chain(config.dissect.zones.iter().cloned()).collect(),
            ..config.dissect.clone()
        };
        Self {
            hearing: Hearing::new(config, &dissect, &captures),
            judge: Judge::new(config, site, captures),
            seconds: Seconds::default(),
        }
    }

    /// How many threads hear: 1 where it is this one.
    #[must_use]
    pub fn shards(&self) -> usize {
        match &self.hearing {
            Hearing::Here(_) => 1,
            Hearing::Threads(shards) => shards.count(),
        }
    }

    /// Keeps the frames that show what will be found, if the settings want that. `captures` as for the pipeline.
    pub fn keep_evidence(&mut self, config: &SensorConfig, captures: Vec<String>) {
        self.judge.evidence = (config.ring_bytes > 0).then(|| Evidence::new(config, captures));
    }

    /// What is kept of the frames, where it is.
    pub const fn evidence_mut(&mut self) -> Option<&mut Evidence> {
        self.judge.evidence.as_mut()
    }

    /// How many frames of each capture teach nothing, because they were heard in an earlier run.
    pub fn repeats(&mut self, frames: Vec<u64>) {
        self.judge.repeats = frames;
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

    /// One captured frame, after the ticks that are due before it. Where several threads hear, it is judged when they
    /// have heard it, after those before it.
    pub fn frame(&mut self, frame: &Frame<'_>) {
        let Self { hearing, judge, seconds } = self;
        match hearing {
            Hearing::Here(ear) => {
                seconds.until(frame.time, |now| tick(ear, judge, now));
                judge.frame(frame);
                ear.frame(frame, &mut |output: Output<'_>| judge.take(&output));
                judge.heard();
            }
            Hearing::Threads(shards) => {
                seconds.until(frame.time, |now| shards.tick(now));
                shards.frame(frame);
                if shards.is_ready() {
                    shards.go_on(|step| judge.step(step));
                }
            }
        }
    }

    /// Whether so much was found that it should be taken, before [`Pipeline::go_on`].
    #[inline]
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.judge.is_full()
    }

    /// Goes on judging what was heard, where it was left because too much was found.
    pub fn go_on(&mut self) {
        if let Hearing::Threads(shards) = &mut self.hearing {
            shards.go_on(|step| self.judge.step(step));
        }
    }

    /// Judges every frame that was given, or as many as there is room for what is found; says whether it was every one.
    pub fn settle(&mut self) -> bool {
        let Hearing::Threads(shards) = &mut self.hearing else { return true };
        shards.settle(|step| self.judge.step(step));
        shards.is_settled()
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
        let judge = &mut self.judge;
        match &mut self.hearing {
            Hearing::Here(ear) => {
                ear.finish(&mut |output: Output<'_>| judge.take(&output));
                judge.finish();
            }
            Hearing::Threads(shards) => {
                shards.end();
                shards.settle(|step| {
                    judge.step(step);
                    true
                });
            }
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
        self.judge.take_found()
    }

    /// Whether there are such.
    #[must_use]
    #[inline]
    pub const fn has_anomalies(&self) -> bool {
        self.judge.has_found()
    }

    /// The number of the last frame of each capture that was judged.
    #[must_use]
    pub fn numbers(&self) -> &[u64] {
        &self.judge.numbers
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
        let counts = self.hearing.counts();
        let dissected = &counts.dissected;
        let some = |(name, count): (&str, u64)| (count > 0).then(|| (name.to_owned(), count));
        let evicted = self.evictions(&counts).filter_map(some).collect();
        let not_followed = counts.wire.not_followed().filter_map(some).collect();
        Summary {
            packets: self.judge.packets,
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
            copies: counts.wire.udp_copies,
            not_followed,
            evicted,
        }
    }

    /// What was heard so far, as the metrics want it; `now` decides which devices are silent.
    #[must_use]
    pub fn heard(&self, now: Timestamp) -> Counted {
        let counts = self.hearing.counts();
        let dissected = &counts.dissected;
        let protocols = PROTOCOLS.map(|protocol| {
            let Some(spoken) = dissected.spoken(protocol) else { return ProtocolHeard::default() };
            let bytes = spoken.bytes;
            ProtocolHeard {
                pdus: dissected.messages(protocol),
                errors: [spoken.incomplete, spoken.garbage, spoken.link_crc, spoken.link_length],
                bytes: [bytes.decoded, bytes.skipped, bytes.missing, bytes.encrypted],
                flows: count(counts.open(protocol)),
                gaps: spoken.gaps,
                ..ProtocolHeard::default()
            }
        });
        let mut heard = Counted {
            protocols,
            buffered_bytes: count(counts.waiting_bytes),
            held: counts.held.map(count),
            not_followed: counts.wire.not_followed().collect(),
            evictions: self.evictions(&counts).collect(),
            ..Counted::default()
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
    fn evictions(&self, counts: &Counts) -> impl Iterator<Item = (&'static str, u64)> {
        let gave_way = |name: &str| name.contains("evicted") || name.contains("dropped");
        let wire = counts.wire.iter().filter(move |(name, _)| gave_way(name));
        let commands = self.judge.commands.iter().map(|log| ("commands_dropped", log.left_out()));
        wire.chain(counts.dissected.evictions())
            .chain(self.judge.detector.evictions())
            .chain(self.judge.baseline.evictions())
            .chain(commands)
    }

    /// Time passes and nothing is heard: every deadline up to now falls as it would before the next frame.
    pub fn pass(&mut self, now: Timestamp) {
        let Self { hearing, judge, seconds } = self;
        match hearing {
            Hearing::Here(ear) => seconds.until(now, |now| tick(ear, judge, now)),
            Hearing::Threads(shards) => seconds.until(now, |now| shards.tick(now)),
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
