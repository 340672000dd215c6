//! Scores what the monitor says of captures that other people labelled.
//!
//! Three ideas. The captures go through the monitor's own pipeline, after what was learned from others where some are
//! named. A label is *shown* where an anomaly above low has evidence in it, or happened in it between its hosts; it is
//! *covered* where it lies in an incident about the same device that shows another label of its kind, as one incident
//! tells a flood of a thousand connections. An incident above low that has nothing to do with any attack's label is
//! false, and how many such there are a day is told with what so short a time can say of it.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, anyhow, bail, ensure};
use gridtap_baseline::Site;
use gridtap_model::Span;
use gridtap_sensor::Config;

pub mod beside;
mod heard;
pub mod interval;
mod ipal;
pub mod labels;
pub(crate) mod packet;
mod report;
mod transcript;
mod weighed;

use heard::{Learned, Reading, duration, hear, learn};
use labels::Label;

use crate::methods::Trained;

pub use ipal::write as write_ipal;
pub use report::{json, text};
pub use weighed::{Outcome, Scored, Wrong};

/// What is to be scored, and how.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The folder of the captures that the labels name.
    pub captures: PathBuf,
    /// The labels.
    pub labels: PathBuf,
    /// Captures to learn from first.
    pub learn: Vec<PathBuf>,
    /// Captures in which nobody does anything that must be told.
    pub normal: Vec<PathBuf>,
    /// The site file.
    pub site: Option<PathBuf>,
    /// The baseline's blocks; else as long as the captures allow.
    pub block: Option<Span>,
    /// Every message is listed, for IPAL.
    pub messages: bool,
    /// The methods of the literature judge the captures too.
    pub methods: bool,
}

/// A capture and its labels.
struct Task {
    file: PathBuf,
    name: String,
    labels: Vec<Label>,
}

/// Scores captures, in the order of the labels.
///
/// # Errors
/// A file is missing, or the first line that is no label.
pub fn score(options: &Options) -> Result<Vec<Scored>> {
    ensure!(
        options.captures.is_dir(),
        "there is no folder {}: name the one that the captures' paths in the labels begin in",
        options.captures.display()
    );
    let site = site(options.site.as_deref())?;
    let tasks = tasks(options)?;
    let learn_files = options.learn.iter().map(|file| found(&options.captures, file));
    let learn_files: Vec<PathBuf> = learn_files.collect::<Result<_>>()?;
    let mut config = Config::default();
    let learned = if learn_files.is_empty() {
        None
    } else {
        config.baseline.block = block(options, &learn_files)?;
        Some(learn(&learn_files, &config, &site)?)
    };
    let trained = if options.methods && !learn_files.is_empty() {
        Some(beside::learn(&learn_files, &config)?)
    } else {
        None
    };
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(task) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let taught = (learned.as_ref(), trained.as_ref());
                    let scored = one(task, options, config.clone(), &site, taught);
                    let scored = scored.with_context(|| task.name.clone());
                    if let Ok(mut results) = results.lock() {
                        results.push((task.name.clone(), scored));
                    }
                }
            });
        }
    });
    let mut results = results.into_inner().map_err(|_| anyhow!("a reader of captures failed"))?;
    results.sort_by_key(|(name, _)| tasks.iter().position(|task| task.name == *name));
    results.into_iter().map(|(_, scored)| scored).collect()
}

fn one(
    task: &Task,
    options: &Options,
    mut config: Config,
    site: &Site,
    (learned, trained): (Option<&Learned>, Option<&Trained>),
) -> Result<Scored> {
    if learned.is_none() {
        config.baseline.block = block(options, core::slice::from_ref(&task.file))?;
    }
    let labels: Vec<&Label> = task.labels.iter().collect();
    let Options { messages, methods, .. } = *options;
    let reading = Reading { config: &config, site, learned, messages, methods, trained };
    let heard = hear(&task.file, &labels, reading)?;
    Ok(weighed::weigh(&task.name, &labels, &heard, config.baseline.block))
}

/// Blocks in which even a short capture teaches what it can: each level has its minimum within four fifths of it.
fn block(options: &Options, files: &[PathBuf]) -> Result<Span> {
    const BLOCKS: u64 = 60;
    const SHORTEST_S: u64 = 10;
    const LONGEST_S: u64 = 3600;
    if let Some(block) = options.block {
        return Ok(block);
    }
    let seconds = duration(files)?.nanos() / 1_000_000_000 / BLOCKS;
    Ok(Span::from_secs(seconds.clamp(SHORTEST_S, LONGEST_S)))
}

fn site(file: Option<&Path>) -> Result<Site> {
    let Some(file) = file else { return Ok(Site::default()) };
    let name = file.display();
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {name}"))?;
    Site::parse(&text).map_err(|error| anyhow!("{name}: {error}"))
}

/// The captures that the labels name, each with its labels, then those in which nothing is.
fn tasks(options: &Options) -> Result<Vec<Task>> {
    let mut tasks: Vec<Task> = Vec::new();
    for label in labels::read(&options.labels)? {
        if let Some(task) = tasks.iter_mut().find(|task| task.name == label.capture) {
            task.labels.push(label);
            continue;
        }
        let file = found(&options.captures, Path::new(&label.capture));
        let file = file.with_context(|| format!("{}:{}", options.labels.display(), label.line))?;
        tasks.push(Task { file, name: label.capture.clone(), labels: vec![label] });
    }
    for normal in &options.normal {
        let file = found(&options.captures, normal)?;
        let name = normal.display().to_string();
        ensure!(
            tasks.iter().all(|task| task.file != file),
            "{name} is said to be normal and has labels"
        );
        tasks.push(Task { file, name, labels: Vec::new() });
    }
    Ok(tasks)
}

/// A capture by its path, or by the end of it that is there below the folder.
fn found(folder: &Path, path: &Path) -> Result<PathBuf> {
    let mut parts = path.components();
    loop {
        let below = folder.join(parts.as_path());
        if below.is_file() {
            return Ok(below);
        }
        if parts.next().is_none() {
            break;
        }
    }
    if path.is_file() {
        return Ok(path.to_owned());
    }
    bail!("there is no capture {} in {}", path.display(), folder.display())
}

/// The host of an anomaly's device, where its destination is one.
fn device(anomaly: &gridtap_model::Anomaly) -> IpAddr {
    anomaly.destination.address
}

#[cfg(test)]
mod tests;
