//! `cargo xtask floods`: what is meant to blind or drown the sensor, live, beside a substation and an attack.
//!
//! For each flood: first how many frames a second are heard without loss or lag; then, from a fresh start, so long a flood
//! at a share of that rate, and once more as fast as it can be sent. Meanwhile the lab's substation goes on at its own
//! pace, and in the middle a stranger reads and writes its registers (S1).

mod came;
mod kind;
mod play;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use clap::ValueEnum;
use serde_json::Value;

use self::came::{Came, Watch};
use self::kind::{Kind, Parties};
use self::play::{Due, UNPACED, play, read};
use crate::frames::End;
use crate::live::{Metrics, Sensor, gridtap, learn, make_network, now, sent};
use crate::process::{program, root, say};

/// Flood the sensor in ten ways beside a substation and an attack, and report what it still hears and tells
///
/// Needs root: it makes a network namespace of its own. Each flood takes twice as long as it lasts, and a minute and a half.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// How long each flood lasts
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    seconds: u64,
    /// Per cent of the rate without loss at which everything must be heard
    #[arg(long, default_value_t = 80, value_name = "PERCENT")]
    share: u64,
    /// The memory that no flood may exceed [default: what docs/limits.md says, with the ring and what comes on top]
    #[arg(long, value_name = "MIB")]
    memory_max_mib: Option<u64>,
    /// Only these floods
    #[arg(long, value_enum, value_name = "KIND")]
    only: Vec<Kind>,
    /// The processor that hears, with nothing else of ours on it
    #[arg(long, value_name = "CORE")]
    core: Option<usize>,
    /// The processor that sends
    #[arg(long, value_name = "CORE")]
    sender_core: Option<usize>,
    /// The program that hears [default: the release build of this workspace]
    #[arg(long, value_name = "FILE")]
    gridtap: Option<PathBuf>,
}

const SUBSTATION: &str = "fixtures/modbus/learn-1.pcap.gz";
const ATTACK: &str = "fixtures/modbus/s1-stranger-1";
/// How long the substation is heard alone before a flood, and after it.
const BEFORE: Duration = Duration::from_secs(10);
const AFTER: Duration = Duration::from_secs(15);
/// Within what an overload must be told, and be over.
const PROMPTLY: Duration = Duration::from_secs(5);
/// What is looked at while it is heard, how often.
const BEAT: Duration = Duration::from_millis(500);
/// How long a rate is held before the next is tried, and up to what lag it is kept up with.
const STEP: Duration = Duration::from_secs(2);
const LAG_MAX_MS: f64 = 250.0;
const RATE_MIN: u64 = 2_000;

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let gridtap = gridtap(arguments.gridtap.as_ref())?;
    let folder = tempfile::tempdir()?;
    let scene = Scene::read(arguments, gridtap, folder.path())?;
    let memory_max_mib = match arguments.memory_max_mib {
        Some(mib) => mib,
        None => documented_mib()?,
    };
    make_network()?;
    let kinds: Vec<_> = match &arguments.only[..] {
        [] => Kind::value_variants().to_vec(),
        only => only.to_vec(),
    };
    let mut faults = Vec::new();
    writeln!(
        std::io::stdout(),
        "flood\tasked\tsent/s\theard\tlost\tuncounted\tsubstation %\tS1\tMiB\tlag p99 ms\ttold after s\tover after s"
    )?;
    for kind in kinds {
        let loss_free = scene.loss_free_rate(kind)?;
        if loss_free == 0 {
            faults.push(format!("{kind:?}: lost or late at {RATE_MIN} a second already"));
        }
        for rate in [loss_free.max(RATE_MIN) * arguments.share / 100, UNPACED] {
            let came = scene.flooded(kind, rate)?;
            came.print(kind, rate)?;
            let faults_of = came.faults(rate, memory_max_mib);
            faults.extend(faults_of.iter().map(|fault| format!("{kind:?}: {fault}")));
        }
    }
    if !faults.is_empty() {
        bail!("not withstood:\n  {}", faults.join("\n  "));
    }
    Ok(())
}

/// The worst case of `docs/limits.md`, with what it says comes on top: the ring of an interface, and the program itself.
fn documented_mib() -> Result<u64> {
    const ON_TOP_MIB: u64 = 64 + 30;
    let text = fs::read_to_string(root().join("docs/limits.md"))?;
    let row = text.lines().find_map(|line| line.strip_prefix("| together | ")?.split(' ').next());
    Ok(row.context("docs/limits.md: no row of all together")?.parse::<u64>()? + ON_TOP_MIB)
}

/// What all runs share.
struct Scene<'a> {
    arguments: &'a Arguments,
    gridtap: PathBuf,
    folder: PathBuf,
    learned: PathBuf,
    substation: Vec<Due>,
    attack: Vec<Due>,
    /// What must be told of the attack: detection and device.
    expected: Vec<(String, String)>,
    attacker: String,
    /// When each request to a device of the substation is sent, by device.
    requests: BTreeMap<String, Vec<Duration>>,
    /// How many requests of the attack each has.
    attack_requests: BTreeMap<String, u64>,
    parties: Parties,
}

impl<'a> Scene<'a> {
    fn read(arguments: &'a Arguments, gridtap: PathBuf, folder: &Path) -> Result<Self> {
        let capture = root().join(SUBSTATION);
        let learned = folder.join("learned");
        learn(&gridtap, &capture, &learned)?;
        let substation = read(&capture)?;
        let requests = requests(&gridtap, &capture, &substation)?;
        let truth = fs::read_to_string(root().join(ATTACK).with_extension("json"))?;
        let truth: Value = serde_json::from_str(&truth)?;
        let act = truth.pointer("/acts/0").context("a truth without an act")?;
        let frames = text(act, "frames")?;
        let frames: Vec<_> = frames.split(' ').map(range).collect::<Result<_>>()?;
        let whole = read(&root().join(ATTACK).with_extension("pcap.gz"))?;
        let numbered = (1_usize..).zip(whole);
        let its_own =
            |(number, _): &(usize, Due)| frames.iter().any(|range| range.contains(number));
        let attack: Vec<Due> = numbered.filter(its_own).map(|(_, due)| due).collect();
        let expected = act.get("expected").and_then(Value::as_array).context("nothing expected")?;
        let expected =
            expected.iter().map(|each| Ok((text(each, "detection")?, text(each, "device")?)));
        let mut attack_requests = BTreeMap::new();
        for request in act.get("requests").and_then(Value::as_array).context("no requests")? {
            *attack_requests.entry(text(request, "device")?).or_insert(0) += 1;
        }
        let parties = parties(&substation).context("nothing is polled on port 502")?;
        Ok(Self {
            arguments,
            gridtap,
            folder: folder.to_owned(),
            learned,
            expected: expected.collect::<Result<_>>()?,
            attacker: text(act, "source")?,
            substation,
            attack,
            requests,
            attack_requests,
            parties,
        })
    }

    /// A copy of what was learned.
    fn state(&self) -> Result<PathBuf> {
        let state = self.folder.join("state");
        if state.exists() {
            fs::remove_dir_all(&state)?;
        }
        fs::create_dir(&state)?;
        for entry in fs::read_dir(&self.learned)? {
            let path = entry?.path();
            fs::copy(&path, state.join(path.file_name().unwrap_or_default()))?;
        }
        Ok(state)
    }

    /// The highest rate at which nothing is lost and little lags: raised by a third until something does.
    fn loss_free_rate(&self, kind: Kind) -> Result<u64> {
        let sensor =
            Sensor::start(&self.gridtap, &self.state()?, &self.folder, self.arguments.core)?;
        let flood = (kind, self.parties);
        let (control, player) = play(self.substation.clone(), flood, self.arguments.sender_core);
        let (mut kept, mut rate) = (0, RATE_MIN);
        let mut before = Metrics::read()?;
        let why = loop {
            control.rate.store(rate, Ordering::Relaxed);
            let made = control.flood_frames.load(Ordering::Relaxed);
            let began = now();
            sleep(STEP);
            let made = control.flood_frames.load(Ordering::Relaxed).saturating_sub(made);
            let milliseconds = u64::try_from(began.elapsed().as_millis())?.max(1);
            let reached = made * 1_000 / milliseconds;
            let current = Metrics::read()?;
            let lag = current.lag_p99_ms(&before).parse::<f64>().unwrap_or(f64::INFINITY);
            if current.lost != before.lost || lag > LAG_MAX_MS {
                break "lost or late at more";
            }
            kept = reached;
            if reached < rate * 9 / 10 {
                break "more cannot be sent here";
            }
            before = current;
            rate = rate * 4 / 3;
        };
        control.is_over.store(true, Ordering::Relaxed);
        player.join().map_err(|_| anyhow!("the sender failed"))??;
        drop(sensor);
        say(&format!("{kind:?}: {kept} a second without loss, {why}"));
        Ok(kept)
    }

    /// One flood from a fresh start.
    fn flooded(&self, kind: Kind, rate: u64) -> Result<Came> {
        let state = self.state()?;
        let sensor = Sensor::start(&self.gridtap, &state, &self.folder, self.arguments.core)?;
        let flood_end = BEFORE + Duration::from_secs(self.arguments.seconds);
        let end = flood_end + AFTER;
        let (sent_before, first) = (sent()?, Metrics::read()?);
        let core = self.arguments.sender_core;
        let (control, player) = play(self.frames(end), (kind, self.parties), core);
        let (began, mut watch) = (now(), Watch::default());
        let (mut at_begin, mut lag_p99_ms) = (None, String::new());
        let (mut flood_began, mut flooded) = (None, Duration::ZERO);
        while began.elapsed() < end {
            let is_flooded = (BEFORE..flood_end).contains(&began.elapsed());
            if is_flooded && at_begin.is_none() {
                at_begin = Some(Metrics::read()?);
            }
            if !is_flooded
                && let Some(before) = &at_begin
                && lag_p99_ms.is_empty()
            {
                lag_p99_ms = Metrics::read()?.lag_p99_ms(before);
            }
            control.rate.store(if is_flooded { rate } else { 0 }, Ordering::Relaxed);
            if is_flooded {
                flood_began.get_or_insert_with(now);
            } else if let Some(began) = flood_began.take() {
                flooded = began.elapsed();
            }
            watch.look(began.elapsed())?;
            sleep(BEAT);
        }
        control.is_over.store(true, Ordering::Relaxed);
        player.join().map_err(|_| anyhow!("the sender failed"))??;
        let frames = control.flood_frames.load(Ordering::Relaxed);
        // What was sent last is heard before it is counted.
        sleep(Duration::from_secs(3));
        let last = Metrics::read()?;
        let lost = [0, 1, 2].map(|at| last.lost[at].saturating_sub(first.lost[at]));
        let (sent, heard) = (sent()?, last.packets.saturating_sub(first.packets));
        let peak_mib = sensor.resident_mib("VmHWM")?;
        drop(sensor);
        Ok(Came {
            sent: sent.saturating_sub(sent_before),
            flood_rate: frames * 1_000 / u64::try_from(flooded.as_millis())?.max(1),
            heard,
            lost,
            decoded: self.decoded(&first, &last, end)?,
            found: [self.found(&state)?, self.expected.len()],
            peak_mib,
            lag_p99_ms,
            watch,
            flood_end,
        })
    }

    /// What goes on until then: the substation, and the attack in the middle of the flood.
    fn frames(&self, end: Duration) -> Vec<Due> {
        let middle = BEFORE + Duration::from_secs(self.arguments.seconds) / 2;
        let first = self.attack.first().map_or(Duration::ZERO, |(due, _)| *due);
        let attack = self.attack.iter().map(|(due, frame)| (*due - first + middle, frame.clone()));
        let mut frames: Vec<Due> = self.substation.iter().cloned().chain(attack).collect();
        frames.retain(|(due, _)| *due < end);
        frames.sort_by_key(|(due, _)| *due);
        frames
    }

    /// Of the requests to the substation's devices, those of the attack among them, how many were decoded and sent in this
    /// time.
    fn decoded(&self, first: &Metrics, last: &Metrics, end: Duration) -> Result<[u64; 2]> {
        let (mut all, mut decoded) = (0, 0);
        for (device, requests) in &self.requests {
            let label = format!("device=\"{device}\"");
            let of = |metrics: &Metrics| metrics.sum("gridtap_device_commands_total{", &[&label]);
            let sent = requests.iter().filter(|due| **due < end).count();
            let attacks = self.attack_requests.get(device).copied().unwrap_or(0);
            let sent = u64::try_from(sent)? + attacks;
            all += sent;
            decoded += of(last).saturating_sub(of(first)).min(sent);
        }
        Ok([decoded, all])
    }

    /// How much of what must be told of the attack is in the store.
    fn found(&self, state: &Path) -> Result<usize> {
        let mut list = program(&self.gridtap);
        list.args(["anomalies", "list", "--json", "--state"]).arg(state);
        let out = list.output()?;
        if !out.status.success() {
            bail!("gridtap anomalies: {}", String::from_utf8_lossy(&out.stderr));
        }
        let told: Vec<Value> = String::from_utf8_lossy(&out.stdout)
            .lines()
            .map(serde_json::from_str)
            .collect::<Result<_, _>>()?;
        let is_told = |(detection, device): &&(String, String)| {
            told.iter().any(|anomaly| {
                let said = |key: &str| anomaly.get(key).and_then(Value::as_str).unwrap_or("");
                said("detection") == detection
                    && said("device") == device
                    && said("severity") == "critical"
                    && said("source").starts_with(&self.attacker)
            })
        };
        Ok(self.expected.iter().filter(is_told).count())
    }
}

fn text(value: &Value, key: &str) -> Result<String> {
    let text = value.get(key).and_then(Value::as_str);
    Ok(text.with_context(|| format!("no {key}"))?.to_owned())
}

/// `7` or `7-9`.
fn range(text: &str) -> Result<RangeInclusive<usize>> {
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    Ok(from.parse()?..=to.parse()?)
}

/// When each device of a capture is asked, as our own decoder has it where nothing is lost.
fn requests(
    gridtap: &Path,
    capture: &Path,
    frames: &[Due],
) -> Result<BTreeMap<String, Vec<Duration>>> {
    let out = program(gridtap).arg("decode").arg(capture).output()?;
    if !out.status.success() {
        bail!("gridtap decode: {}", String::from_utf8_lossy(&out.stderr));
    }
    let mut requests: BTreeMap<String, Vec<Duration>> = BTreeMap::new();
    for line in String::from_utf8_lossy(&out.stdout).lines() {
        let record: Value = serde_json::from_str(line)?;
        let modbus = record.get("modbus").context("no Modbus")?;
        if modbus.get("kind").and_then(Value::as_str) != Some("request") {
            continue;
        }
        let number = record.get("frame").and_then(Value::as_u64).context("no frame")?;
        let unit = modbus.get("unit").and_then(Value::as_u64).context("no unit")?;
        let to = text(&record, "destination")?;
        let address = to.split_once(':').map_or(&*to, |(address, _)| address);
        let due = usize::try_from(number)?.checked_sub(1).and_then(|nth| frames.get(nth));
        let (due, _) = due.context("a frame that is not there")?;
        requests.entry(format!("modbus {address} unit {unit}")).or_default().push(*due);
    }
    Ok(requests)
}

/// A device that is polled, as the first request to it has it, and two hosts beside it.
fn parties(frames: &[Due]) -> Option<Parties> {
    let to_modbus = |frame: &&Due| {
        frame.1.get(12..15) == Some(&[8, 0, 0x45])
            && frame.1.get(23) == Some(&6)
            && frame.1.get(36..38) == Some(&502_u16.to_be_bytes())
    };
    let (_, frame) = frames.iter().find(to_modbus)?;
    let hardware: [u8; 6] = frame.get(..6)?.try_into().ok()?;
    let address = u32::from_be_bytes(frame.get(30..34)?.try_into().ok()?);
    let beside = |last: u8, port| End {
        hardware: [2, 0, 0, 0, 9, last],
        address: (address & 0xFFFF_FF00) | u32::from(last),
        port,
    };
    let polled = End { hardware, address, port: 502 };
    Some(Parties { polled, stranger: beside(251, 45_000), gateway: beside(250, 502) })
}
