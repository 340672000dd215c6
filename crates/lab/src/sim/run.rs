//! A simulated site through the monitor's own pipeline: two weeks, with snapshots, and scenarios that branch from them.

use anyhow::{Result, anyhow};
use fastrand::Rng;
use gridtap_baseline::{Meta, Row};
use gridtap_detect::{Party, Window};
use gridtap_model::{Span, Timestamp};
use gridtap_sensor::{Config, Pipeline};
use gridtap_wire::LinkType;

use super::act::Sent;
use super::calendar::{DAY, HOUR, MINUTE, seconds};
use super::cast::{Cast, cast};
use super::script::{Actor, Scenario, Variant};
use super::spec::{Kind, Site};
use super::week::{WEEK, Work};
use super::wire::Mark;
use super::world::World;
use crate::judge::{Said, judge};
use crate::methods::Trained;
use crate::methods::beside::{Beside, By, Cost};
use crate::truth::Truth;

mod played;
mod poison;
mod told;

pub use played::Played;
use played::played;
pub use poison::{Poisoned, poison};
use told::{hosts, layers, truth};

/// How long is learned and judged.
#[derive(Debug, Clone, Copy)]
pub struct Lengths {
    /// Of learning, in nanoseconds.
    pub learns: i64,
    /// Of the normal traffic that is judged after it.
    pub judges: i64,
    /// The baseline's blocks.
    pub block: Span,
    /// When copies are taken for scenarios, in days after the beginning of what is judged.
    pub copies: &'static [f64],
    /// The methods of the literature learn and judge beside the monitor.
    pub methods: bool,
    /// When the copy is taken in which an attack is learned, in nanoseconds after the beginning of learning.
    pub poisoned: i64,
}

/// Two weeks; a copy on Monday at noon, on Tuesday evening, on Wednesday night and on Saturday.
pub const WEEKS: Lengths = Lengths {
    learns: WEEK,
    judges: WEEK,
    block: Span::from_secs(3600),
    copies: &[0.563, 1.796, 2.104, 5.583],
    methods: false,
    poisoned: 3 * HOUR,
};

/// A working day and a bit, with shorter blocks.
pub const SHORT: Lengths = Lengths {
    learns: DAY / 2,
    judges: DAY / 24,
    block: Span::from_secs(600),
    copies: &[0.021],
    methods: false,
    poisoned: HOUR / 2,
};

/// A site and what was learned of it at a moment.
#[derive(Debug, Clone)]
pub struct Snapshot {
    world: World,
    meta: Meta,
    rows: Vec<Row>,
    at: i64,
    works: Vec<Work>,
    methods: Option<Trained>,
}

/// Copies of a site from which scenarios branch.
#[derive(Debug, Clone)]
pub struct Snapshots {
    /// After learning.
    pub learned: Vec<Snapshot>,
    /// While it was learned, before anything judged.
    pub learning: Snapshot,
}

/// What came of the normal traffic after learning.
#[derive(Debug, Clone, Default)]
pub struct Normal {
    /// How long it was, in days.
    pub days: f64,
    /// What was said above low, one anomaly once.
    pub wrong: Vec<Said>,
    /// How many frames were judged.
    pub frames: u64,
    /// Levels that judged when learning ended.
    pub armed: Vec<&'static str>,
    /// After how many hours the flow and function levels judged.
    pub armed_after_h: Option<f64>,
    /// Of the flow, function, address and point levels: news a day that was expected, at most expected, and that came.
    pub news: [[f64; 3]; 4],
    /// What the methods of the literature came to.
    pub methods: Vec<Cost>,
    /// The same from the middle of what was learned to its end: nothing of the network changes in it.
    pub calibration: [[f64; 3]; 4],
}

/// What goes through a pipeline is written down.
#[derive(Default)]
struct Tape {
    number: u64,
    marks: Vec<(u64, i64, Mark)>,
    said: Vec<Said>,
    /// From, to, which share is lost.
    losses: Vec<(i64, i64, f64)>,
    beside: Option<Beside>,
}

impl Tape {
    fn feed(&mut self, world: &mut World, pipeline: &mut Pipeline, until: i64, rng: &mut Rng) {
        while let Some(frame) = world.next_before(until) {
            let lost = self
                .losses
                .iter()
                .any(|(from, to, share)| (*from..*to).contains(&frame.time) && rng.f64() < *share);
            if lost {
                continue;
            }
            self.number += 1;
            if frame.mark != Mark::Normal {
                self.marks.push((self.number, frame.time, frame.mark));
            }
            let time = Timestamp::from_nanos(frame.time);
            let original_length = u32::try_from(frame.bytes.len()).unwrap_or(u32::MAX);
            let heard = gridtap_wire::Frame {
                time,
                capture: 0,
                number: self.number,
                link: LinkType::Ethernet,
                bytes: &frame.bytes,
                original_length,
            };
            pipeline.frame(&heard);
            if let Some(beside) = &mut self.beside {
                beside.frame(&heard, frame.mark != Mark::Normal);
            }
            self.take(pipeline, time);
        }
        let time = Timestamp::from_nanos(until);
        pipeline.pass(time);
        self.take(pipeline, time);
    }

    fn take(&mut self, pipeline: &mut Pipeline, time: Timestamp) {
        if !pipeline.has_anomalies() {
            return;
        }
        let now = time.to_string();
        for anomaly in pipeline.take_anomalies().iter().filter(|own| own.suppressed.is_none()) {
            let mut said = Said::from(anomaly);
            if said.time < now {
                said.time.clone_from(&now);
            }
            self.said.push(said);
        }
    }
}

/// The site file: masters and who stands in for them.
fn declared(site: &Site) -> Result<gridtap_baseline::Site> {
    let mut text = String::new();
    for (master, standby) in &site.standbys {
        let (Some(one), Some(other)) = (site.hosts.get(*master), site.hosts.get(*standby)) else {
            continue;
        };
        text += &format!(
            "[[hosts]]\nname = {:?}\naddresses = [\"{}\"]\nrole = \"master\"\n\n[[hosts]]\nname = {:?}\naddresses = [\"{}\"]\nrole = \"standby\"\nstandby_for = {:?}\n\n",
            one.name, one.address, other.name, other.address, one.name
        );
    }
    gridtap_baseline::Site::parse(&text)
        .map_err(|error| anyhow!("the simulated site's file: {error}"))
}

fn pipeline(site: &Site, lengths: Lengths) -> Result<Pipeline> {
    let mut config = Config::default();
    config.baseline.block = lengths.block;
    Ok(Pipeline::new(&config, declared(site)?, vec![site.kind.name().to_owned()]))
}

/// Learns a site's first week and judges its second.
///
/// # Errors
/// The site's file is wrong.
pub fn weeks(kind: Kind, seed: u64, lengths: Lengths) -> Result<(Normal, Snapshots)> {
    let mut world = World::new(Site::draw(kind, seed), seed);
    let mut pipeline = pipeline(&world.site, lengths)?;
    let mut rng = Rng::with_seed(seed);
    let (start, mut tape) = (world.site.start, Tape::default());
    tape.beside = lengths
        .methods
        .then(|| Beside::learning(&Config::default(), start, start + lengths.learns));
    let mut normal = Normal::default();
    if lengths.learns >= WEEK {
        world.plan_first_week();
    }
    let begin = start + lengths.learns;
    // A lesson that a person chose, as `gridtap learn` gives it: what is new in it is learned and not judged.
    pipeline.baseline_mut().teach(true);
    let mut hour = start + lengths.poisoned;
    tape.feed(&mut world, &mut pipeline, hour, &mut rng);
    let learning = Snapshot::of(&world, &pipeline, hour, &[]);
    let mut half = None;
    while hour < begin {
        hour = (hour + seconds(1800.0)).min(begin);
        tape.feed(&mut world, &mut pipeline, hour, &mut rng);
        if half.is_none() && hour - start >= lengths.learns / 2 {
            half = Some((each(&pipeline), super::calendar::in_seconds(begin - hour) / 86_400.0));
        }
        if normal.armed_after_h.is_none() && pipeline.baseline().armed() {
            normal.armed_after_h = Some(super::calendar::in_seconds(hour - start) / 3600.0);
        }
    }
    pipeline.baseline_mut().teach(false);
    let works = if lengths.judges >= WEEK { world.plan_second_week() } else { Vec::new() };
    pipeline.plan(world.declared(&works));
    let before = each(&pipeline);
    if let Some((half, days)) = half {
        normal.calibration = foretold(half, before, days);
    }
    normal.armed = ["flow", "function", "address", "point"]
        .into_iter()
        .zip(before)
        .filter(|(_, own)| own.state.armed)
        .map(|own| own.0)
        .collect();
    tape.said.clear();
    let first = tape.number;
    let mut snapshots = Vec::new();
    for days in lengths.copies {
        let at = begin + seconds(days * 86_400.0);
        tape.feed(&mut world, &mut pipeline, at, &mut rng);
        let methods = tape.beside.as_ref().map(Beside::trained);
        snapshots.push(Snapshot { methods, ..Snapshot::of(&world, &pipeline, at, &works) });
    }
    tape.feed(&mut world, &mut pipeline, begin + lengths.judges, &mut rng);
    normal.days = super::calendar::in_seconds(lengths.judges) / 86_400.0;
    normal.frames = tape.number - first;
    normal.news = foretold(before, each(&pipeline), normal.days);
    normal.wrong =
        judge(&Truth { seed, capture: String::new(), learn: None, acts: Vec::new() }, &tape.said)
            .wrong;
    normal.methods = tape.beside.map_or(Ok(Vec::new()), Beside::of_normal)?;
    Ok((normal, Snapshots { learned: snapshots, learning }))
}

impl Snapshot {
    fn of(world: &World, pipeline: &Pipeline, at: i64, works: &[Work]) -> Self {
        let (meta, rows) = (pipeline.baseline().meta(), pipeline.baseline().rows());
        Self { world: world.clone(), meta, rows, at, works: works.to_vec(), methods: None }
    }
}

/// News a day that was expected, at most expected, and that came in so many days.
fn foretold(before: [News; 4], after: [News; 4], days: f64) -> [[f64; 3]; 4] {
    let mut news = [[0.0; 3]; 4];
    for (place, (old, new)) in news.iter_mut().zip(before.into_iter().zip(after)) {
        let came = crate::score::interval::number(new.pieces.saturating_sub(old.pieces)) / days;
        *place = [old.state.novel_per_day, old.state.novel_per_day_max.unwrap_or(0.0), came];
    }
    news
}

/// How far a level is.
#[derive(Clone, Copy, Default)]
struct News {
    state: gridtap_baseline::LevelState,
    /// Pieces of news so far, as it counts them.
    pieces: u64,
}

fn each(pipeline: &Pipeline) -> [News; 4] {
    let levels = pipeline.baseline().levels().levels;
    let channels = pipeline.baseline().channels();
    let named = [
        ("flow", levels.flow),
        ("function", levels.function),
        ("address", levels.address),
        ("point", levels.point),
    ];
    named.map(|(name, state)| {
        let all = channels.iter().flat_map(|zone| &zone.channels);
        let of_level = all.filter(|channel| channel.level == Some(name));
        News { state, pieces: of_level.map(|channel| channel.news).sum() }
    })
}

/// A play that is over.
struct Over {
    truth: Truth,
    tape: Tape,
    pipeline: Pipeline,
    sent: Vec<Sent>,
    begin: i64,
    by: By,
}

/// Plays a variant of a scenario from a snapshot.
///
/// # Errors
/// The site has nobody to do it, or to do it to.
pub fn play(
    from: &Snapshot,
    scenario: &Scenario,
    variant: &Variant,
    lengths: Lengths,
    seed: u64,
) -> Result<Played> {
    let over = enact(from, scenario, variant, lengths, seed)?;
    Ok(Played { by: over.by, ..played(&over.truth, variant, &over.tape, over.begin) })
}

fn enact(
    from: &Snapshot,
    scenario: &Scenario,
    variant: &Variant,
    lengths: Lengths,
    seed: u64,
) -> Result<Over> {
    let mut rng = Rng::with_seed(seed);
    let mut world = from.world.clone();
    world.reseed(rng.u64(..));
    let mut pipeline = pipeline(&world.site, lengths)?;
    let restored = pipeline.baseline_mut().restore(Some(from.meta.clone()), &from.rows);
    restored.map_err(|error| anyhow!("a snapshot of the baseline does not restore: {error}"))?;
    let lead = seconds(420.0 + rng.f64() * 700.0);
    let begin = from.at + lead;
    let cast = cast(&world, scenario, variant, begin, &mut rng)?;
    let end = begin
        + cast.lasts
        + seconds(scenario.tail_s[0] + rng.f64() * (scenario.tail_s[1] - scenario.tail_s[0]));
    let mut planned = world.declared(&from.works);
    if variant.declared {
        planned.windows.push(window(&world, variant, &cast, begin, end));
    }
    pipeline.plan(planned);
    let losses = cast.losses.iter();
    let losses = losses.map(|(one, other, share)| (begin + one, begin + other, *share)).collect();
    let beside = from.methods.as_ref().map(|own| Beside::judging(&Config::default(), own));
    let mut tape = Tape { losses, beside, ..Tape::default() };
    for (at, act) in cast.acts.iter().cloned() {
        world.acts(begin + at, act);
    }
    tape.feed(&mut world, &mut pipeline, end, &mut rng);
    pipeline.finish();
    tape.take(&mut pipeline, Timestamp::from_nanos(end));
    let truth = truth(scenario, variant, &cast, &world.sent, &tape, end)?;
    let methods = tape.beside.take().map(|own| own.of_play(hosts(&truth), begin, end));
    let methods = methods.transpose()?.unwrap_or_default();
    let by = By { layers: layers(&truth, &tape.said), methods };
    Ok(Over { truth, tape, pipeline, sent: world.sent, begin, by })
}

fn window(world: &World, variant: &Variant, cast: &Cast, begin: i64, end: i64) -> Window {
    let net = |host: usize| {
        let address = world.site.hosts.get(host).map(|own| std::net::IpAddr::V4(own.address));
        address.map(|address| Party::Net(address.into()))
    };
    let sources = match variant.actor {
        Actor::Nobody => net(world.site.engineer).into_iter().collect(),
        _ => cast.hosts.first().copied().and_then(net).into_iter().collect(),
    };
    Window {
        name: "declared".to_owned(),
        start: Timestamp::from_nanos(begin - 10 * MINUTE),
        end: Timestamp::from_nanos(end),
        detections: Vec::new(),
        classes: Vec::new(),
        sources,
        targets: Vec::new(),
        points: Vec::new(),
    }
}
