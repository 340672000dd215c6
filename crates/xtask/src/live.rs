//! What live runs share: a network of their own with a mirror in it, the service that hears there, and what it tells of
//! itself.

pub(crate) mod load;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sched::{CloneFlags, CpuSet, sched_setaffinity, unshare};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::process::{cargo, is_installed, program, step, target_directory};

/// Where frames are sent, and where they are heard.
pub(crate) const FIELD: &str = "field";
pub(crate) const MIRROR: &str = "mirror";
/// Of processor time in /proc (USER_HZ).
const TICKS_A_SECOND: u64 = 100;
const ADDRESS: &str = "127.0.0.1:9470";
/// How long the service may take to answer at its start, and to end.
const PATIENCE: Duration = Duration::from_secs(60);
/// Blocks short enough for a capture of two minutes to teach what is normal.
const BLOCKS: &str = "baseline.block=10s";

#[expect(clippy::disallowed_methods, reason = "a live run is about the time that passes here")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The program that hears: the one that is named, or the release build of this workspace.
pub(crate) fn gridtap(named: Option<&PathBuf>) -> Result<PathBuf> {
    if !is_installed("ip") {
        bail!("missing: ip; apt-get install iproute2");
    }
    if let Some(path) = named {
        return Ok(path.clone());
    }
    let build = ["build", "--release", "--quiet", "--locked", "-p", "gridtap"];
    step("cargo build --release", cargo().args(build))?;
    Ok(target_directory().join("release/gridtap"))
}

/// Learns a capture, so that the service judges while it hears.
pub(crate) fn learn(gridtap: &Path, capture: &Path, state: &Path) -> Result<()> {
    let mut learning = program(gridtap);
    learning.arg("learn").arg(capture).args(["--set", BLOCKS, "--quiet", "--state"]).arg(state);
    step("gridtap learn", learning.stdout(Stdio::null()))
}

/// This process and all it starts from here on are in a network of their own.
pub(crate) fn make_network() -> Result<()> {
    unshare(CloneFlags::CLONE_NEWNET).context("a network namespace needs root here")?;
    fs::write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1")?;
    for line in [
        "link set lo up",
        &format!("link add {FIELD} type veth peer name {MIRROR}"),
        &format!("link set {FIELD} up"),
        &format!("link set {MIRROR} up"),
    ] {
        step(&format!("ip {line}"), program("ip").args(line.split(' ')))?;
    }
    Ok(())
}

/// Keeps the thread that calls on one processor, where that is wanted.
pub(crate) fn stay_on(core: Option<usize>) -> Result<()> {
    if let Some(core) = core {
        let mut cores = CpuSet::new();
        cores.set(core)?;
        sched_setaffinity(Pid::from_raw(0), &cores)?;
    }
    Ok(())
}

/// The service, hearing at the mirror. It is ended with this value.
pub(crate) struct Sensor(Child);

impl Sensor {
    /// Starts it over a state, and waits until it answers.
    pub(crate) fn start(
        gridtap: &Path,
        state: &Path,
        folder: &Path,
        core: Option<usize>,
    ) -> Result<Self> {
        let settings = folder.join("gridtap.toml");
        let text = format!("[service]\ninterfaces = [\"{MIRROR}\"]\n[api]\nlisten = {ADDRESS:?}\n");
        fs::write(&settings, text)?;
        let log = folder.join("log");
        let mut command = on_core(core, gridtap);
        command.args(["monitor", "--serve", "--set", BLOCKS, "--config"]).arg(&settings);
        command.arg("--state").arg(state).stdout(Stdio::null()).stderr(fs::File::create(&log)?);
        let mut sensor = Self(command.spawn()?);
        let began = now();
        while Metrics::read().is_err() {
            if began.elapsed() > PATIENCE || sensor.0.try_wait()?.is_some() {
                bail!("the service does not answer:\n{}", fs::read_to_string(&log)?);
            }
            sleep(Duration::from_millis(100));
        }
        Ok(sensor)
    }

    fn process(&self, what: &str) -> Result<String> {
        Ok(fs::read_to_string(format!("/proc/{}/{what}", self.0.id()))?)
    }

    /// Processor time so far.
    pub(crate) fn spent(&self) -> Result<Duration> {
        let text = self.process("stat")?;
        let fields = text.rsplit_once(')').map(|(_, rest)| rest).context("no stat")?;
        let ticks = fields.split_ascii_whitespace().skip(11).take(2);
        let ticks: u64 = ticks.filter_map(|field| field.parse::<u64>().ok()).sum();
        Ok(Duration::from_millis(ticks * 1_000 / TICKS_A_SECOND))
    }

    /// What it holds (`VmRSS`), or has held at most (`VmHWM`).
    pub(crate) fn resident_mib(&self, row: &str) -> Result<u64> {
        let text = self.process("status")?;
        let row = text.lines().find_map(|line| line.strip_prefix(row)?.strip_prefix(':'));
        let kib: u64 =
            row.and_then(|row| row.split_ascii_whitespace().next()?.parse().ok()).unwrap_or(0);
        Ok(kib / 1024)
    }

    pub(crate) fn files(&self) -> Result<usize> {
        Ok(fs::read_dir(format!("/proc/{}/fd", self.0.id()))?.count())
    }
}

impl Drop for Sensor {
    fn drop(&mut self) {
        let id = i32::try_from(self.0.id()).map(Pid::from_raw);
        if let (Ok(None), Ok(id)) = (self.0.try_wait(), id) {
            // It may have ended since.
            let _ = kill(id, Signal::SIGTERM);
            let _ = self.0.wait();
        }
    }
}

/// A program, on one processor where that is wanted.
fn on_core(core: Option<usize>, path: &Path) -> Command {
    let Some(core) = core else { return program(path) };
    let mut command = program("taskset");
    command.arg("--cpu-list").arg(core.to_string()).arg(path);
    command
}

/// Frames that were sent at the other end.
pub(crate) fn sent() -> Result<u64> {
    let text = fs::read_to_string("/proc/thread-self/net/dev")?;
    let row = text.lines().find(|line| line.trim_start().starts_with(&format!("{FIELD}:")));
    let count = row.and_then(|row| row.split_ascii_whitespace().nth(10)?.parse().ok());
    count.context("no count of what was sent")
}

/// What the service answers to a request.
pub(crate) fn get(path: &str) -> Result<String> {
    let mut stream = TcpStream::connect(ADDRESS)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {ADDRESS}\r\nConnection: close\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    match text.split_once("\r\n\r\n") {
        Some((head, body)) if head.starts_with("HTTP/1.1 200") => Ok(body.to_owned()),
        _ => bail!("{path}: {}", text.lines().next().unwrap_or_default()),
    }
}

/// What the service tells of its hearing.
pub(crate) struct Metrics {
    pub(crate) packets: u64,
    /// In the ring, at the interface, in its own queue.
    pub(crate) lost: [u64; 3],
    /// How many packets lagged up to so many seconds, cumulated.
    lag: Vec<(f64, u64)>,
    text: String,
}

impl Metrics {
    pub(crate) fn read() -> Result<Self> {
        let text = get("/metrics")?;
        let drops = |place: &str| {
            sum(&text, "gridtap_capture_drops_total{", &[&format!("where=\"{place}\"")])
        };
        let lag = text.lines().filter_map(|row| {
            let (bound, count) =
                row.strip_prefix("gridtap_capture_lag_seconds_bucket{le=\"")?.split_once("\"} ")?;
            Some((bound.parse().ok()?, count.parse().ok()?))
        });
        Ok(Self {
            packets: sum(&text, "gridtap_capture_packets_total{", &[MIRROR]),
            lost: ["kernel", "interface", "queue"].map(drops),
            lag: lag.collect(),
            text,
        })
    }

    /// The sum of the series that begin so (`name{`) and have all these words among their labels.
    pub(crate) fn sum(&self, name: &str, labels: &[&str]) -> u64 {
        sum(&self.text, name, labels)
    }

    /// The bound under which 99 of 100 packets lagged since then.
    pub(crate) fn lag_p99_ms(&self, before: &Self) -> String {
        let since = |nth: usize| {
            let earlier = before.lag.get(nth).map_or(0, |(_, count)| *count);
            self.lag.get(nth).map_or(0, |(_, count)| count.saturating_sub(earlier))
        };
        let all = since(self.lag.len().saturating_sub(1));
        let enough = |nth: &usize| since(*nth) * 100 >= all * 99;
        match (0..self.lag.len()).find(enough).and_then(|nth| self.lag.get(nth)) {
            Some((bound, _)) if all > 0 => format!("{:.0}", bound * 1000.0),
            _ => "-".to_owned(),
        }
    }
}

fn sum(text: &str, name: &str, labels: &[&str]) -> u64 {
    let rows = text.lines().filter_map(|row| row.strip_prefix(name));
    let rows = rows.filter(|row| labels.iter().all(|label| row.contains(label)));
    rows.filter_map(|row| row.rsplit_once(' ')?.1.parse::<u64>().ok()).sum()
}
