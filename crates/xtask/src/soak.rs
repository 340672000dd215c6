//! `cargo xtask soak`: the lab's substation, heard live for as long as somebody likes.
//!
//! In a network namespace that it makes for itself, a capture is sent from memory at one end of a pair of virtual
//! Ethernets, and the service hears at the other. What it hears, loses, holds and costs is told over time.

use std::fmt::Write as _;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::thread::{JoinHandle, sleep};
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use gridtap_tap::Taps;

use crate::live::load::{Load, Sent};
use crate::live::{
    FIELD, MIRROR, Metrics, Sensor, gridtap, learn, make_network, now, sent, stay_on,
};
use crate::process::{root, say};

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

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let capture = arguments.capture.clone().unwrap_or_else(|| root().join("fixtures/demo.pcapng"));
    if arguments.ring {
        return count(&capture, arguments);
    }
    let gridtap = gridtap(arguments.gridtap.as_ref())?;
    let folder = tempfile::tempdir()?;
    let state = folder.path().join("state");
    learn(&gridtap, arguments.learn.as_ref().unwrap_or(&capture), &state)?;
    make_network()?;
    let sensor = Sensor::start(&gridtap, &state, folder.path(), arguments.core)?;
    let sender = play(&capture, arguments)?;
    let told = observe(arguments, &sender, &sensor)?;
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

/// Sends from a thread of its own, which is in the network of the one that starts it.
fn play(capture: &Path, arguments: &Arguments) -> Result<JoinHandle<Result<Sent>>> {
    let mut load = Load::read(capture)?;
    let (rate, time) = (arguments.rate.max(1), Duration::from_secs(arguments.seconds));
    let core = arguments.sender_core;
    Ok(std::thread::spawn(move || {
        stay_on(core)?;
        load.send(FIELD, rate, time)
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
    let mut taps = Taps::open(&[MIRROR.to_owned()], &gridtap_tap::Config::default())?;
    let sender = play(capture, arguments)?;
    stay_on(arguments.core)?;
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

fn observe<T>(arguments: &Arguments, sender: &JoinHandle<T>, sensor: &Sensor) -> Result<Told> {
    say(&format!("{} frames a second for {} s", arguments.rate, arguments.seconds));
    let mut out = std::io::stdout().lock();
    writeln!(out, "   s\tsent\theard\tring\tinterface\tqueue\tlag p99 ms\tMiB\tfiles\tCPU %")?;
    let began = now();
    let (mut before, mut spent) = (Metrics::read()?, sensor.spent()?);
    let mut at = began;
    loop {
        let is_over = sender.is_finished();
        // What was sent last is heard before it is counted.
        sleep(if is_over { Duration::from_secs(3) } else { Duration::from_secs(arguments.every) });
        let (current, used) = (Metrics::read()?, sensor.spent()?);
        let passed = at.elapsed().as_millis().max(1);
        at = now();
        let cpu = used.saturating_sub(spent).as_millis() * 100 / passed;
        let mut line = String::new();
        write!(line, "{:>4}\t{}\t{}", began.elapsed().as_secs(), sent()?, current.packets)?;
        for lost in current.lost {
            write!(line, "\t{lost}")?;
        }
        write!(
            line,
            "\t{}\t{}\t{}\t{cpu}",
            current.lag_p99_ms(&before),
            sensor.resident_mib("VmRSS")?,
            sensor.files()?
        )?;
        writeln!(out, "{line}")?;
        (before, spent) = (current, used);
        if is_over {
            return Ok(Told { sent: sent()?, heard: before.packets, lost: before.lost });
        }
    }
}
