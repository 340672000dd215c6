//! `cargo xtask soak`: the lab's substation, heard live for as long as somebody likes.
//!
//! In a network namespace that it makes for itself, a capture is sent from memory at one end of a pair of virtual
//! Ethernets, and the service hears at the other. What it hears, loses, holds and costs is told over time.

mod sender;

use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use gridtap_tap::Taps;
use nix::sched::{CloneFlags, CpuSet, sched_setaffinity, unshare};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use self::sender::{Load, Sent};
use crate::process::{cargo, is_installed, program, root, say, step, target_directory};

/// Play a substation into a network namespace and report drops, lag, memory and descriptors over time
///
/// Needs root. The sensor learns the capture first, so that its baseline judges while it hears. What is lost, and where, is
/// in the table; the end says the whole. A capture that is over before the time is begins anew with other addresses.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Frames a second that are sent
    #[arg(long, default_value_t = 50_000, value_name = "FRAMES")]
    rate: u64,
    /// How long
    #[arg(long, default_value_t = 600, value_name = "SECONDS")]
    seconds: u64,
    /// Seconds from line to line
    #[arg(long, default_value_t = 10, value_name = "SECONDS")]
    every: u64,
    /// What is played [default: the demo of the lab]
    capture: Option<PathBuf>,
    /// Only count what a ring takes, with nothing behind it: what the sender and the machine can
    #[arg(long)]
    ring: bool,
    /// Capture to learn from [default: what is played]
    #[arg(long, value_name = "FILE")]
    learn: Option<PathBuf>,
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

/// Of processor time in /proc (USER_HZ).
const TICKS_A_SECOND: u128 = 100;
const ADDRESS: &str = "127.0.0.1:9470";
/// How long the service may take to answer at its start, and to end.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    if !is_installed("ip") {
        bail!("missing: ip; apt-get install iproute2");
    }
    let capture = arguments.capture.clone().unwrap_or_else(|| root().join("fixtures/demo.pcapng"));
    if arguments.ring {
        return count(&capture, arguments);
    }
    let gridtap = match &arguments.gridtap {
        Some(path) => path.clone(),
        None => {
            let build = ["build", "--release", "--quiet", "--locked", "-p", "gridtap"];
            step("cargo build --release", cargo().args(build))?;
            target_directory().join("release/gridtap")
        }
    };
    let folder = tempfile::tempdir()?;
    let state = folder.path().join("state");
    let learn = ["--set", "baseline.block=10s", "--quiet", "--state"];
    let mut learning = program(&gridtap);
    learning
        .arg("learn")
        .arg(arguments.learn.as_ref().unwrap_or(&capture))
        .args(learn)
        .arg(&state)
        .stdout(Stdio::null());
    step("gridtap learn", &mut learning)?;
    make_network()?;
    let settings = folder.path().join("gridtap.toml");
    fs::write(
        &settings,
        format!("[service]\ninterfaces = [\"mirror\"]\n[api]\nlisten = {ADDRESS:?}\n"),
    )?;
    let log = fs::File::create(folder.path().join("log"))?;
    let mut sensor = Ended(
        on_core(arguments.core, &gridtap)
            .args(["monitor", "--serve", "--set", "baseline.block=10s", "--config"])
            .arg(&settings)
            .arg("--state")
            .arg(&state)
            .stderr(log)
            .spawn()?,
    );
    let began = now();
    while Metrics::read().is_err() {
        if began.elapsed() > PATIENCE || sensor.0.try_wait()?.is_some() {
            let log = fs::read_to_string(folder.path().join("log"))?;
            bail!("the service does not answer:\n{log}");
        }
        sleep(Duration::from_millis(100));
    }
    let sender = play(&capture, arguments)?;
    let told = observe(arguments, &sender, sensor.0.id())?;
    let done = ended(sender)?;
    let sent = told.sent;
    writeln!(
        std::io::stdout(),
        "{}; {} heard, {} lost in the ring, {} at the interface, {} in the queue",
        say_sent(&done),
        told.heard,
        told.lost[0],
        told.lost[1],
        told.lost[2]
    )?;
    if told.heard < sent || told.lost.iter().any(|lost| *lost > 0) {
        bail!("not everything that was sent was heard");
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a soak is about the time that passes here")]
fn now() -> Instant {
    Instant::now()
}

/// A process that is ended with us.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let id = i32::try_from(self.0.id()).map(Pid::from_raw);
        if let (Ok(None), Ok(id)) = (self.0.try_wait(), id) {
            // It may have ended since.
            let _ = kill(id, Signal::SIGTERM);
            let _ = self.0.wait();
        }
    }
}

fn make_network() -> Result<()> {
    unshare(CloneFlags::CLONE_NEWNET).context("a network namespace needs root here")?;
    fs::write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1")?;
    for line in [
        "link set lo up",
        "link add field type veth peer name mirror",
        "link set field up",
        "link set mirror up",
    ] {
        step(&format!("ip {line}"), program("ip").args(line.split(' ')))?;
    }
    Ok(())
}

/// A program, on one processor where that is wanted.
fn on_core(core: Option<usize>, path: &Path) -> Command {
    let Some(core) = core else { return program(path) };
    let mut command = program("taskset");
    command.arg("--cpu-list").arg(core.to_string()).arg(path);
    command
}

/// Sends from a thread of its own, which is in the network of the one that starts it.
fn play(capture: &Path, arguments: &Arguments) -> Result<JoinHandle<Result<Sent>>> {
    let mut load = Load::read(capture)?;
    let (rate, time) = (arguments.rate.max(1), Duration::from_secs(arguments.seconds));
    let core = arguments.sender_core;
    Ok(std::thread::spawn(move || {
        if let Some(core) = core {
            let mut cores = CpuSet::new();
            cores.set(core)?;
            sched_setaffinity(Pid::from_raw(0), &cores)?;
        }
        load.send("field", rate, time)
    }))
}

fn ended(sender: JoinHandle<Result<Sent>>) -> Result<Sent> {
    sender.join().map_err(|_| anyhow!("the sender failed"))?
}

fn say_sent(sent: &Sent) -> String {
    let milliseconds = u64::try_from(sent.spent.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = sent.frames.saturating_mul(1_000) / milliseconds;
    let again = match sent.rounds {
        0 => String::new(),
        rounds => format!(", the capture {rounds} times anew"),
    };
    format!("{} frames sent in {milliseconds} ms, {rate} a second{again}", sent.frames)
}

/// What a ring takes where nothing is done with it.
fn count(capture: &Path, arguments: &Arguments) -> Result<()> {
    make_network()?;
    let mut taps = Taps::open(&["mirror".to_owned()], &gridtap_tap::Config::default())?;
    let sender = play(capture, arguments)?;
    if let Some(core) = arguments.core {
        let mut cores = CpuSet::new();
        cores.set(core)?;
        sched_setaffinity(Pid::from_raw(0), &cores)?;
    }
    let (mut heard, mut octets) = (0_u64, 0_u64);
    loop {
        let is_over = sender.is_finished();
        while let Some(frame) = taps.next() {
            heard += 1;
            octets += u64::try_from(frame.bytes.len())?;
        }
        if !taps.wait(Duration::from_millis(100))? && is_over {
            break;
        }
    }
    let done = ended(sender)?;
    let lost: u64 = taps.drops().iter().map(|drops| drops.kernel + drops.interface).sum();
    writeln!(
        std::io::stdout(),
        "{}; {heard} heard, {octets} octets, {lost} lost",
        say_sent(&done)
    )?;
    if lost > 0 || heard < done.frames {
        bail!("not everything that was sent was heard");
    }
    Ok(())
}

/// The whole of what was sent and heard.
struct Told {
    sent: u64,
    heard: u64,
    lost: [u64; 3],
}

fn observe<T>(arguments: &Arguments, sender: &JoinHandle<T>, sensor: u32) -> Result<Told> {
    say(&format!("{} frames a second for {} s", arguments.rate, arguments.seconds));
    let mut out = std::io::stdout().lock();
    writeln!(out, "   s\tsent\theard\tring\tinterface\tqueue\tlag p99 ms\tMiB\tfiles\tCPU %")?;
    let began = now();
    let (mut before, mut spent) = (Metrics::read()?, cpu_ticks(sensor)?);
    let mut at = began;
    loop {
        let is_over = sender.is_finished();
        // What was sent last is heard before it is counted.
        sleep(if is_over { Duration::from_secs(3) } else { Duration::from_secs(arguments.every) });
        let (current, used) = (Metrics::read()?, cpu_ticks(sensor)?);
        let passed = at.elapsed().as_millis().max(1);
        at = now();
        let cpu = u128::from(used.saturating_sub(spent)) * 100_000 / (passed * TICKS_A_SECOND);
        let mut line = String::new();
        write!(line, "{:>4}\t{}\t{}", began.elapsed().as_secs(), sent()?, current.packets)?;
        for lost in current.lost {
            write!(line, "\t{lost}")?;
        }
        write!(
            line,
            "\t{}\t{}\t{}\t{cpu}",
            current.lag_p99_ms(&before),
            resident_mib(sensor)?,
            files(sensor)?
        )?;
        writeln!(out, "{line}")?;
        (before, spent) = (current, used);
        if is_over {
            return Ok(Told { sent: sent()?, heard: before.packets, lost: before.lost });
        }
    }
}

/// Frames that were sent at the other end.
fn sent() -> Result<u64> {
    let text = fs::read_to_string("/proc/thread-self/net/dev")?;
    let row = text.lines().find(|line| line.trim_start().starts_with("field:"));
    let count = row.and_then(|row| row.split_ascii_whitespace().nth(10)?.parse().ok());
    count.context("no count of what was sent")
}

fn cpu_ticks(process: u32) -> Result<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let fields = text.rsplit_once(')').map(|(_, rest)| rest).context("no stat")?;
    let ticks = fields.split_ascii_whitespace().skip(11).take(2);
    Ok(ticks.filter_map(|field| field.parse::<u64>().ok()).sum())
}

fn resident_mib(process: u32) -> Result<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/status"))?;
    let row = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: u64 =
        row.and_then(|row| row.split_ascii_whitespace().next()?.parse().ok()).unwrap_or(0);
    Ok(kib / 1024)
}

fn files(process: u32) -> Result<usize> {
    Ok(fs::read_dir(format!("/proc/{process}/fd"))?.count())
}

/// What the service tells of its hearing.
struct Metrics {
    packets: u64,
    /// In the ring, at the interface, in its own queue.
    lost: [u64; 3],
    /// How many packets lagged up to so many seconds, cumulated.
    lag: Vec<(f64, u64)>,
}

impl Metrics {
    fn read() -> Result<Self> {
        let mut stream = TcpStream::connect(ADDRESS)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(stream, "GET /metrics HTTP/1.1\r\nHost: {ADDRESS}\r\nConnection: close\r\n\r\n")?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        if !text.starts_with("HTTP/1.1 200") {
            bail!("no metrics: {}", text.lines().next().unwrap_or_default());
        }
        let sum = |name: &str, label: &str| {
            let rows = text.lines().filter(|row| row.starts_with(name) && row.contains(label));
            rows.filter_map(|row| row.rsplit_once(' ')?.1.parse::<u64>().ok()).sum()
        };
        let drops =
            |place: &str| sum("gridtap_capture_drops_total{", &format!("where=\"{place}\""));
        let lag = text.lines().filter_map(|row| {
            let (bound, count) =
                row.strip_prefix("gridtap_capture_lag_seconds_bucket{le=\"")?.split_once("\"} ")?;
            Some((bound.parse().ok()?, count.parse().ok()?))
        });
        Ok(Self {
            packets: sum("gridtap_capture_packets_total{", "mirror"),
            lost: ["kernel", "interface", "queue"].map(drops),
            lag: lag.collect(),
        })
    }

    /// The bound under which 99 of 100 packets lagged since then.
    fn lag_p99_ms(&self, before: &Self) -> String {
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
