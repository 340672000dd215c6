//! Every scenario on every site, again and again: what is found, how fast, and how often wolf is cried.
//!
//! Each result is a line of JSON in a file, written when it is there: what is in the file already is not done again.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, anyhow};
use gridtap_model::Severity;
use serde::{Deserialize, Serialize};

use super::run::{Lengths, Normal, Played, SHORT, Snapshot, Snapshots, WEEKS, play, poison, weeks};
use super::script::Scenario;
use super::spec::{Kind, Speaks};
use crate::methods::beside::{By, Cost};

mod table;

pub(crate) use table::order;
pub use table::text;

/// What is to be measured.
#[derive(Debug, Clone)]
pub struct Options {
    /// On which sites.
    pub sites: Vec<Kind>,
    /// How many seeds, from which on.
    pub seeds: u64,
    /// The first of them.
    pub first_seed: u64,
    /// What happens.
    pub scenarios: Vec<Scenario>,
    /// Half a day of learning in place of a week, and an hour in place of the other.
    pub quick: bool,
    /// The methods of the literature are measured beside the monitor.
    pub methods: bool,
    /// Where results are kept.
    pub results: Option<PathBuf>,
}

/// A result.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "kebab-case")]
pub enum Record {
    /// Of a play.
    Play {
        /// On which site.
        site: String,
        /// Of which seed.
        seed: u64,
        /// Which scenario.
        scenario: String,
        /// Which variant.
        variant: String,
        /// How much was expected.
        expected: usize,
        /// How much of it was found.
        found: usize,
        /// What was missed, and why.
        missed: Vec<String>,
        /// What was said and should not have been.
        wrong: Vec<String>,
        /// Seconds until the first finding.
        seconds: Option<f64>,
        /// Messages until the first finding.
        messages: Option<usize>,
        /// By what it was told at all.
        #[serde(flatten)]
        by: By,
    },
    /// Of a play while the site was learned, of which commands were part.
    Poisoned {
        /// On which site.
        site: String,
        /// Of which seed.
        seed: u64,
        /// Which scenario.
        scenario: String,
        /// Which variant.
        variant: String,
        /// How many masters commanded how many devices.
        commanded: usize,
        /// How many of these the ledger lists.
        listed: usize,
        /// How much would have been expected of a baseline that had learned.
        expected: usize,
        /// How much of that was told by one that still learned.
        alerted: usize,
    },
    /// Of normal traffic.
    Normal {
        /// On which site.
        site: String,
        /// Of which seed.
        seed: u64,
        /// How long.
        days: f64,
        /// How many frames.
        frames: u64,
        /// Incidents of medium, high and critical severity.
        wrong: [u64; 3],
        /// Them, in words.
        lines: Vec<String>,
        /// Levels that judged from its beginning on.
        armed: Vec<String>,
        /// After how many hours of learning the flow and function levels judged.
        armed_after_h: Option<f64>,
        /// By level: news a day expected, at most expected, and as it came.
        news: [[f64; 3]; 4],
        /// What the methods of the literature came to.
        #[serde(default)]
        methods: Vec<Cost>,
        /// The same from the middle of the first week to its end, in which nothing of the network changes.
        #[serde(default)]
        calibration: [[f64; 3]; 4],
    },
}

/// Tells a scenario that was played while the site was learned from the same one afterwards.
const POISONED: &str = "while learning";

impl Record {
    fn key(&self) -> (String, u64, String, String) {
        match self {
            Self::Play { site, seed, scenario, variant, .. } => {
                (site.clone(), *seed, scenario.clone(), variant.clone())
            }
            Self::Poisoned { site, seed, scenario, variant, .. } => {
                (site.clone(), *seed, format!("{scenario} {POISONED}"), variant.clone())
            }
            Self::Normal { site, seed, .. } => (site.clone(), *seed, String::new(), String::new()),
        }
    }
}

/// Measures; `progress` is told of each site that is done.
///
/// # Errors
/// The file of results cannot be read or written.
pub fn measure(options: &Options, progress: &(impl Fn(&str) + Sync)) -> Result<Vec<Record>> {
    let mut records = Vec::new();
    if let Some(file) = options.results.as_ref().filter(|file| file.is_file()) {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("{} cannot be read", file.display()))?;
        for (nth, line) in (1..).zip(text.lines()) {
            let record = serde_json::from_str(line);
            records.push(record.with_context(|| format!(
                    "{}:{nth} is no result of an evaluation; take the line out, or name another file",
                    file.display()
                ))?);
        }
    }
    let done: BTreeSet<_> = records.iter().map(Record::key).collect();
    let seeds = options.first_seed..options.first_seed + options.seeds;
    let tasks: Vec<(Kind, u64)> =
        seeds.flat_map(|seed| options.sites.iter().map(move |site| (*site, seed))).collect();
    let out = options
        .results
        .as_ref()
        .map(|file| std::fs::OpenOptions::new().create(true).append(true).open(file));
    let out = out.transpose().context("the file of results cannot be written")?;
    let out = Mutex::new((records, out));
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(None));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some((kind, seed)) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let told = site(options, *kind, *seed, &done, &|record| {
                        let Ok(mut out) = out.lock() else { return Ok(()) };
                        if let Some(file) = &mut out.1 {
                            writeln!(file, "{}", serde_json::to_string(&record)?)?;
                        }
                        out.0.push(record);
                        Ok(())
                    });
                    if let (Err(error), Ok(mut failed)) = (told, failed.lock()) {
                        failed.get_or_insert(error);
                    }
                    progress(&format!("{} of seed {seed} is measured", kind.name()));
                }
            });
        }
    });
    if let Some(error) =
        failed.into_inner().map_err(|_| anyhow!("a thread that measures failed"))?
    {
        return Err(error);
    }
    let (mut records, _) =
        out.into_inner().map_err(|_| anyhow!("a thread that measures failed"))?;
    let wanted: BTreeSet<(String, u64)> =
        tasks.iter().map(|(kind, seed)| (kind.name().to_owned(), *seed)).collect();
    records.retain(|own| {
        let (site, seed, ..) = own.key();
        wanted.contains(&(site, seed))
    });
    records.sort_by_key(Record::key);
    Ok(records)
}

/// Whether a scenario can be played on a site.
fn applies(scenario: &Scenario, kind: Kind) -> bool {
    let speaks = match kind {
        Kind::Plant => scenario.speaks == Speaks::Modbus,
        Kind::Utility => scenario.speaks == Speaks::Dnp3,
        Kind::Substation => true,
    };
    speaks && (scenario.sites.is_empty() || scenario.sites.contains(&kind))
}

fn site(
    options: &Options,
    kind: Kind,
    seed: u64,
    done: &BTreeSet<(String, u64, String, String)>,
    keep: &impl Fn(Record) -> Result<()>,
) -> Result<()> {
    let lengths = if options.quick { SHORT } else { WEEKS };
    let lengths = Lengths { methods: options.methods, ..lengths };
    let key = |scenario: &str, variant: &str| {
        (kind.name().to_owned(), seed, scenario.to_owned(), variant.to_owned())
    };
    let plays: Vec<_> = options
        .scenarios
        .iter()
        .filter(|scenario| applies(scenario, kind))
        .flat_map(|scenario| scenario.variant.iter().map(move |variant| (scenario, variant)))
        .filter(|(scenario, variant)| !done.contains(&key(&scenario.id, &variant.name)))
        .collect();
    if plays.is_empty() && done.contains(&key("", "")) {
        return Ok(());
    }
    let (normal, Snapshots { learned: snapshots, learning }) = weeks(kind, seed, lengths)?;
    if !done.contains(&key("", "")) {
        keep(of_normal(kind, seed, normal))?;
    }
    for (nth, (scenario, variant)) in (0_u64..).zip(plays) {
        let chosen = usize::try_from(nth.wrapping_add(seed)).unwrap_or(0) % snapshots.len().max(1);
        let from: &Snapshot = snapshots.get(chosen).context("no snapshot")?;
        let drawn = seed.rotate_left(24) ^ crc(&scenario.id) ^ crc(&variant.name).rotate_left(17);
        let played = play(from, scenario, variant, lengths, drawn).unwrap_or_else(|why| Played {
            expected: variant.expect.len(),
            missed: vec![format!("not played: {why:#}")],
            ..Played::default()
        });
        let poisoned = format!("{} {POISONED}", scenario.id);
        if !done.contains(&key(&poisoned, &variant.name))
            && let Some(own) = poison(&learning, scenario, variant, lengths, drawn)?
        {
            keep(Record::Poisoned {
                site: kind.name().to_owned(),
                seed,
                scenario: scenario.id.clone(),
                variant: variant.name.clone(),
                commanded: own.commanded,
                listed: own.listed,
                expected: own.expected,
                alerted: own.alerted,
            })?;
        }
        keep(Record::Play {
            site: kind.name().to_owned(),
            seed,
            scenario: scenario.id.clone(),
            variant: variant.name.clone(),
            expected: played.expected,
            found: played.found,
            missed: played.missed,
            wrong: played.wrong,
            seconds: played.after.map(|own| own.0),
            messages: played.after.map(|own| own.1),
            by: played.by,
        })?;
    }
    Ok(())
}

/// A number of a text, always the same.
fn crc(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |sum, octet| {
        (sum ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3)
    })
}

const COUNTED: [Severity; 3] = [Severity::Medium, Severity::High, Severity::Critical];

fn of_normal(kind: Kind, seed: u64, normal: Normal) -> Record {
    let mut incidents: BTreeMap<&str, &crate::judge::Said> = BTreeMap::new();
    for said in &normal.wrong {
        let worst = incidents.entry(&said.incident).or_insert(said);
        if said.severity > worst.severity {
            *worst = said;
        }
    }
    let count =
        |severity: Severity| incidents.values().filter(|own| own.severity == severity).count();
    Record::Normal {
        site: kind.name().to_owned(),
        seed,
        days: normal.days,
        frames: normal.frames,
        wrong: COUNTED.map(|severity| u64::try_from(count(severity)).unwrap_or(u64::MAX)),
        lines: incidents.values().map(|said| said.line()).collect(),
        armed: normal.armed.iter().map(|own| (*own).to_owned()).collect(),
        armed_after_h: normal.armed_after_h,
        news: normal.news,
        methods: normal.methods,
        calibration: normal.calibration,
    }
}
