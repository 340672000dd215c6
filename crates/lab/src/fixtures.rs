//! Makes the captures that the tests read, with their truth and where they come from.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use fastrand::Rng;
use flate2::{Compression, GzBuilder};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::play::{Act, Course, between, play};
use crate::scenario::{Actor, Scenario, Variant, all};
use crate::site::Site;
use crate::truth::{Truth, read_back};

/// How long the capture is that is learned from.
const LEARN: Duration = Duration::from_secs(112);

/// The packages whose peers speak DNP3.
const PEERS: &str = include_str!("../peers/requirements.txt");

/// What no peer could say, for who reads the captures.
const LIMITS: &str = "Under DNP3 the stations, the front end and the second master are opendnp3 (by the Python \
    package yadnp3), the historian is nfm-dnp3, a pure Python master. opendnp3 serves one connection a listener: each \
    station listens itself and hands every connection to a listener of opendnp3 behind the loopback, so that masters \
    are served side by side and a second connection of a master is, too; selections and event buffers are each \
    connection's own. What a peer can say, a peer says: normal traffic, and of the attacks S17, S18, S19 (no-select, \
    altered, other-master), S21 to S23, S25 to S27, S29, S32 and the file. The lab's own octets, sent over TCP to the \
    peers, are S19 (sequence, timeout), S20, S24 (no master of ours can ask for SAVE_CONFIG), S28, S30 and S31; their \
    answers are the peers'. Secure authentication is in opendnp3 and not in its Python package: the challenges, replies \
    and key changes of group 120 are the lab's own, between two opendnp3 ends, with a digest in place of the AES key \
    wrap. No peer had data sets, virtual terminals, IEC 62351 certificates, frozen analog inputs or octet strings \
    here; no UDP is in these captures. Under DNP3 over a line the outstations are opendnp3 on pseudo terminals; the \
    serial server that joins the masters' connections to them is the lab's own.";

/// The play of the README's first command.
const DEMO: &str = include_str!("../scenarios/demo.toml");

/// The seeds whose captures are in the repository.
pub const SEEDS: [u64; 3] = [1, 2, 3];

/// The seeds of the captures of a line behind a serial server: one of four wires, one of two.
pub const LINE_SEEDS: [u64; 2] = [1, 2];

/// The folder of those captures.
pub const LINE: &str = "dnp3-line";

/// Plays all scenarios of a seed, or those of some ids, into a folder: captures, and a truth beside each.
///
/// # Errors
/// A play failed, or its capture does not hold what was sent.
pub fn scenarios(seed: u64, only: &[String], folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    let site = Site::draw(seed);
    let learn = format!("learn-{seed}.pcap.gz");
    let course = Course { seed, mid_session: seed.is_multiple_of(2), tail: LEARN };
    let scratch = Scratch::new(folder, &format!("learn-{seed}"));
    play(&site, &[], course, &scratch.0)?;
    pack(&scratch.0, &folder.join(&learn))?;
    std::thread::scope(|scope| {
        let mut plays = Vec::new();
        for (nth, scenario) in (1_u64..).zip(all()?) {
            if !only.is_empty() && !only.contains(&scenario.id) {
                continue;
            }
            for (variant, number) in scenario.variants.clone().into_iter().zip(1_u64..) {
                let (scenario, site, learn) = (scenario.clone(), &site, &learn);
                let seed = seed.rotate_left(20) ^ (nth << 8) ^ number;
                plays.push(scope.spawn(move || {
                    let name = format!("{} {}", scenario.id, variant.name);
                    one(site, &scenario, variant, seed, learn, folder)
                        .with_context(|| format!("{name} of seed {}", site.seed))
                }));
            }
        }
        together(plays)
    })
}

/// Waits for all plays, and tells of every one that failed.
///
/// # Errors
/// A play failed.
pub fn together(plays: Vec<std::thread::ScopedJoinHandle<'_, Result<()>>>) -> Result<()> {
    let results = plays.into_iter().map(|play| match play.join() {
        Ok(result) => result,
        Err(_) => Err(anyhow::anyhow!("a play panicked")),
    });
    let failures: Vec<String> =
        results.filter_map(|result| result.err().map(|error| format!("{error:#}"))).collect();
    ensure!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}

fn one(
    site: &Site,
    scenario: &Scenario,
    variant: Variant,
    seed: u64,
    learn: &str,
    folder: &Path,
) -> Result<()> {
    let mut rng = Rng::with_seed(seed);
    let name = format!("{}-{}-{}", scenario.id.to_lowercase(), variant.name, site.seed);
    let act =
        Act { scenario: scenario.clone(), variant, lead: between(&mut rng, scenario.lead_ms) };
    let course = Course {
        seed,
        mid_session: site.seed.is_multiple_of(2),
        tail: between(&mut rng, scenario.tail_ms),
    };
    let scratch = Scratch::new(folder, &name);
    let acts = [act];
    let done = play(site, &acts, course, &scratch.0)?;
    let truth = Truth {
        seed: site.seed,
        capture: format!("{name}.pcap.gz"),
        learn: Some(learn.to_owned()),
        acts: read_back(site, &acts, &done, &scratch.0)?,
    };
    pack(&scratch.0, &folder.join(&truth.capture))?;
    write(&truth, &folder.join(format!("{name}.json")))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Demo {
    seed: u64,
    tail_ms: u64,
    #[serde(rename = "act")]
    acts: Vec<DemoAct>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DemoAct {
    scenario: String,
    variant: String,
    lead_ms: u64,
    actor: Option<Actor>,
}

/// Plays the demonstration into `demo.pcapng` of a folder, its truth beside it.
///
/// # Errors
/// The play failed, or editcap is missing.
pub fn demo(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    let demo: Demo = toml::from_str(DEMO)?;
    let scenarios = all()?;
    let mut acts = Vec::new();
    for act in demo.acts {
        let found = scenarios.iter().find(|scenario| scenario.id == act.scenario);
        let scenario = found.with_context(|| format!("no scenario {}", act.scenario))?.clone();
        let found = scenario.variants.iter().find(|variant| variant.name == act.variant);
        let mut variant = found.with_context(|| format!("no variant {}", act.variant))?.clone();
        variant.actor = act.actor.unwrap_or(variant.actor);
        acts.push(Act { scenario, variant, lead: Duration::from_millis(act.lead_ms) });
    }
    let site = Site::draw(demo.seed);
    let tail = Duration::from_millis(demo.tail_ms);
    let course = Course { seed: demo.seed, mid_session: false, tail };
    let scratch = Scratch::new(folder, "demo");
    let done = play(&site, &acts, course, &scratch.0)?;
    let truth = Truth {
        seed: site.seed,
        capture: "demo.pcapng".to_owned(),
        learn: None,
        acts: read_back(&site, &acts, &done, &scratch.0)?,
    };
    let converted = Command::new("editcap")
        .args(["-F", "pcapng"])
        .arg(&scratch.0)
        .arg(folder.join(&truth.capture))
        .status()
        .context("the demonstration is written as pcapng by editcap (wireshark-common), which is missing")?;
    ensure!(converted.success(), "editcap failed");
    write(&truth, &folder.join("demo.json"))
}

/// The file of a capture while it is made; it goes away with this.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new(folder: &Path, name: &str) -> Self {
        Self(folder.join(format!(".{name}.pcap")))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Compresses a capture. No name and no time go into the file, so that the same octets stay the same.
pub(crate) fn pack(from: &Path, to: &Path) -> Result<()> {
    let mut packed = GzBuilder::new().mtime(0).write(fs::File::create(to)?, Compression::best());
    packed.write_all(&fs::read(from)?)?;
    packed.finish()?;
    Ok(())
}

pub(crate) fn write(truth: &Truth, file: &Path) -> Result<()> {
    Ok(fs::write(file, format!("{}\n", serde_json::to_string_pretty(truth)?))?)
}

/// Reads a truth.
///
/// # Errors
/// There is no such file, or it is not a truth.
pub fn truth(file: &Path) -> Result<Truth> {
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    serde_json::from_str(&text).with_context(|| file.display().to_string())
}

/// The truths of a folder, in the order of their files' names.
///
/// # Errors
/// The folder cannot be read, or a file in it is not a truth.
pub fn truths(folder: &Path) -> Result<Vec<(PathBuf, Truth)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "json") {
            files.push(file);
        }
    }
    files.sort();
    files.into_iter().map(|file| Ok((file.clone(), truth(&file)?))).collect()
}

/// Writes where the captures of a folder and its subfolders come from, with their hashes, into `SOURCES.md`.
///
/// # Errors
/// A capture has no truth that tells its origin, or a file cannot be read.
pub fn sources(folder: &Path) -> Result<()> {
    let mut rows = String::new();
    for file in captures(folder)? {
        let name = file.strip_prefix(folder)?.display().to_string();
        writeln!(rows, "| `{name}` | {} | `{}` |", origin(&file)?, hash(&file)?)?;
    }
    let text = format!(
        "# Where the captures come from\n\n\
         The lab (`crates/lab`) plays all of them, between real implementations of the protocol on a network of \
         its own: `cargo xtask fixtures` makes them anew, with other packet times. They hold no data of any \
         real site and are licensed like the rest of the project. A test compares the hashes.\n\n\
         Beside each capture of a scenario lies its truth: `crates/lab/src/truth.rs` describes it, \
         `crates/lab/scenarios` the scenarios. \
         Normal traffic to learn from is in `learn-<seed>`, and before each scenario in its own capture.\n\n\
         {LIMITS}\n\n\
         Made with {}.\n\n| capture | origin | SHA-256 |\n|---|---|---|\n{rows}",
        tools()?
    );
    Ok(fs::write(folder.join("SOURCES.md"), text)?)
}

/// Every capture of a folder and its subfolders, in the order of their names.
///
/// # Errors
/// The folder cannot be read.
pub fn captures(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            let name = path.display().to_string();
            if path.is_dir() {
                folders.push(path);
            } else if [".pcap", ".pcap.gz", ".pcapng"].iter().any(|end| name.ends_with(end)) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn origin(capture: &Path) -> Result<String> {
    let name = capture.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let stem = name.split('.').next().unwrap_or_default();
    if let Some(seed) = stem.strip_prefix("learn-") {
        return Ok(format!("normal traffic, seed {seed}"));
    }
    let truth = truth(&capture.with_file_name(format!("{stem}.json")))?;
    let acts: Vec<String> =
        truth.acts.iter().map(|act| format!("{} {}", act.scenario, act.variant)).collect();
    Ok(format!("{}, seed {}", acts.join("; "), truth.seed))
}

/// The SHA-256 of a file, in hexadecimal.
///
/// # Errors
/// The file cannot be read.
pub fn hash(file: &Path) -> Result<String> {
    let octets = fs::read(file).with_context(|| file.display().to_string())?;
    Ok(Sha256::digest(octets).iter().fold(String::new(), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    }))
}

/// The hashes that `SOURCES.md` of a folder states, by file.
///
/// # Errors
/// The file cannot be read.
pub fn stated(folder: &Path) -> Result<BTreeMap<String, String>> {
    let text = fs::read_to_string(folder.join("SOURCES.md"))?;
    let rows = text.lines().filter_map(|line| {
        let mut cells = line.split('|').map(|cell| cell.trim().trim_matches('`').to_owned());
        let (name, hash) = (cells.nth(1)?, cells.nth(1)?);
        (hash.len() == 64).then_some((name, hash))
    });
    Ok(rows.collect())
}

fn tools() -> Result<String> {
    let first_line = |program: &str| -> Result<String> {
        let output = Command::new(program)
            .arg("--version")
            .output()
            .with_context(|| format!("{program} is missing"))?;
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        let Some(line) = text.lines().find(|line| !line.trim().is_empty()) else {
            bail!("{program} does not tell its version")
        };
        Ok(line.trim().trim_end_matches('.').to_owned())
    };
    let peers = PEERS.lines().map(|line| line.replace("==", " ")).collect::<Vec<_>>().join(", ");
    Ok(format!("tokio-modbus 0.17, {peers}, {}, {}", first_line("tcpdump")?, first_line("tshark")?))
}
