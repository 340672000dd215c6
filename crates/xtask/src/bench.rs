//! `cargo xtask bench`: what each stage costs, and what decoding costs beside a peer in the same run.
//!
//! Machines differ and neighbours disturb, so only the ratio counts: both read the same capture in turn, and what is
//! compared is the processor time of the whole process, which the kernel counts.

mod flows;

use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use nix::sys::resource::{UsageWho, getrusage};

use crate::process::{cargo, is_installed, program, root, say, step, target_directory};

/// Measure each stage, and decoding beside tshark: processor time a packet and a message, and the ratio
///
/// Below the stages stands what a stub costs that does nothing else: the floor, measured on another machine.
///
/// Without a capture, the longest of each protocol under fixtures/ is repeated until it is long enough. Both programs
/// print a line a message to /dev/null: `gridtap decode` all that it says, tshark eight fields.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Pairs of runs; the first warms the caches and does not count
    #[arg(long, default_value_t = 3, value_name = "PAIRS")]
    pairs: usize,
    /// Only the stages: no peer
    #[arg(long)]
    stages: bool,
    /// Only what a flow takes and a packet costs among few flows and among many
    #[arg(long, conflicts_with = "stages")]
    flows: bool,
    /// The program that is measured with --flows [default: the release build of this workspace]
    #[arg(long, value_name = "FILE", requires = "flows")]
    gridtap: Option<PathBuf>,
    /// Packets that a repeated fixture has at least
    #[arg(long, default_value_t = 200_000, value_name = "PACKETS")]
    packets: u64,
    /// Only captures to read as they are [default: fixtures, repeated]
    captures: Vec<PathBuf>,
}

const PROTOCOLS: [&str; 2] = ["modbus", "dnp3"];

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    if arguments.flows {
        let gridtap = match &arguments.gridtap {
            Some(path) => path.clone(),
            None => built()?,
        };
        return flows::run(&gridtap);
    }
    if !arguments.stages && !is_installed("tshark") {
        bail!("missing: tshark, to measure beside; apt-get install tshark");
    }
    let captures = if arguments.captures.is_empty() {
        PROTOCOLS
            .iter()
            .map(|protocol| repeated(protocol, arguments.packets))
            .collect::<Result<_>>()?
    } else {
        arguments.captures.clone()
    };
    let absolute = captures.iter().map(|capture| Ok(fs::canonicalize(capture)?));
    let absolute = absolute.collect::<Result<Vec<_>>>().context("a capture that cannot be read")?;
    let mut stages = cargo();
    stages.args([
        "bench",
        "--quiet",
        "--locked",
        "-p",
        "gridtap-sensor",
        "--bench",
        "stages",
        "--",
    ]);
    step("stages", stages.args(&absolute))?;
    if arguments.stages {
        return Ok(());
    }
    let gridtap = built()?;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{:<24} {:>9} {:>9}  {:>24}  {:>12}  {:>6}",
        "capture", "packets", "messages", "gridtap ns/packet (msg)", "tshark", "ratio"
    )?;
    for capture in &captures {
        writeln!(out, "{}", measured(&gridtap, capture, arguments.pairs)?)?;
    }
    Ok(())
}

/// The release build of this workspace.
fn built() -> Result<PathBuf> {
    step("cargo build --release", cargo().args(["build", "--release", "--quiet", "--locked"]))?;
    Ok(target_directory().join("release/gridtap"))
}

/// One line of the table.
fn measured(gridtap: &Path, capture: &Path, pairs: usize) -> Result<String> {
    let counted = |program: &mut Command| -> Result<u64> {
        let output = program.output().context("counting")?;
        let lines = output.stdout.iter().filter(|octet| **octet == b'\n').count();
        Ok(u64::try_from(lines)?)
    };
    let decode = || {
        let mut decode = program(gridtap);
        decode.arg("decode").arg(capture);
        decode
    };
    let dissect = || {
        let mut dissect = program("tshark");
        dissect.args(["-n", "-r"]).arg(capture).args(["-Y", "modbus||dnp3", "-T", "fields"]);
        for field in [
            "frame.time_epoch",
            "ip.src",
            "ip.dst",
            "mbtcp.trans_id",
            "modbus.func_code",
            "modbus.reference_num",
            "dnp3.al.func",
            "dnp3.al.obj",
        ] {
            dissect.args(["-e", field]);
        }
        dissect
    };
    say(&format!("{} beside tshark, {pairs} pairs", capture.display()));
    let messages = counted(&mut decode())?;
    let packets = counted(program("tshark").args(["-n", "-r"]).arg(capture).args([
        "-T",
        "fields",
        "-e",
        "frame.number",
    ]))?;
    if messages == 0 || packets == 0 {
        bail!("{}: nothing in it that is decoded", capture.display());
    }
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for pair in 0..=pairs {
        let both = (spent(&mut decode())?, spent(&mut dissect())?);
        if pair > 0 {
            ours.push(both.0);
            theirs.push(both.1);
        }
    }
    let (ours, theirs) = (median(ours), median(theirs));
    let name = capture.file_name().unwrap_or_default().to_string_lossy();
    let each = |spent_ns: u64, of: u64| spent_ns / of;
    let ratio_tenths = theirs.saturating_mul(10) / ours.max(1);
    Ok(format!(
        "{name:<24} {packets:>9} {messages:>9}  {:>14} ({:>7})  {:>12}  {:>4}.{}",
        each(ours, packets),
        each(ours, messages),
        each(theirs, packets),
        ratio_tenths / 10,
        ratio_tenths % 10,
    ))
}

fn median(mut times: Vec<u64>) -> u64 {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or(0)
}

/// Processor time in nanoseconds that a program takes, in user and kernel mode.
fn spent(command: &mut Command) -> Result<u64> {
    let before = of_children()?;
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    let status = status.with_context(|| format!("cannot start {:?}", command.get_program()))?;
    if !status.success() {
        bail!("{:?} ended with {status}", command.get_program());
    }
    Ok(of_children()?.saturating_sub(before))
}

/// Processor time in nanoseconds of all children that have ended.
fn of_children() -> Result<u64> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("getrusage")?;
    let of = |time: nix::sys::time::TimeVal| -> Result<u64> {
        let (seconds, micros) = (u64::try_from(time.tv_sec())?, u64::try_from(time.tv_usec())?);
        Ok(seconds * 1_000_000_000 + micros * 1_000)
    };
    Ok(of(usage.user_time())? + of(usage.system_time())?)
}

/// The longest fixture of a protocol, one time after the other until it has so many packets.
fn repeated(protocol: &str, packets: u64) -> Result<PathBuf> {
    let folder = root().join("fixtures").join(protocol);
    let longest = fs::read_dir(&folder)
        .with_context(|| format!("there are no fixtures of {protocol}"))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.to_string_lossy().ends_with(".pcap.gz"))
        .max_by_key(|path| (fs::metadata(path).map_or(0, |data| data.len()), path.clone()))
        .with_context(|| format!("no capture in {}", folder.display()))?;
    let mut octets = Vec::new();
    flate2::read::MultiGzDecoder::new(File::open(&longest)?).read_to_end(&mut octets)?;
    let path = target_directory().join("bench").join(format!("{protocol}.pcap"));
    fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    let capture = Pcap::of(&octets).with_context(|| format!("{}: no pcap", longest.display()))?;
    capture.repeat(packets, &mut BufWriter::new(File::create(&path)?))?;
    Ok(path)
}

/// A little-endian pcap, its records by their place.
struct Pcap<'a> {
    header: &'a [u8],
    records: Vec<&'a [u8]>,
}

const FILE_HEADER_OCTETS: usize = 24;
const RECORD_HEADER_OCTETS: usize = 16;

impl<'a> Pcap<'a> {
    fn of(octets: &'a [u8]) -> Option<Self> {
        let header = octets.get(..FILE_HEADER_OCTETS)?;
        let mut rest = octets.get(FILE_HEADER_OCTETS..)?;
        let mut records = Vec::new();
        while let Some(length) = word(rest, 8) {
            let octets = RECORD_HEADER_OCTETS + usize::try_from(length).ok()?;
            records.push(rest.get(..octets)?);
            rest = rest.get(octets..)?;
        }
        (!records.is_empty()).then_some(Self { header, records })
    }

    fn repeat(&self, packets: u64, out: &mut impl Write) -> Result<()> {
        let second =
            |record: Option<&&[u8]>| record.and_then(|record| word(record, 0)).unwrap_or(0);
        // A minute between two rounds: connections of the last are over.
        let round = second(self.records.last()).saturating_sub(second(self.records.first())) + 60;
        let rounds = packets.div_ceil(u64::try_from(self.records.len())?);
        out.write_all(self.header)?;
        for nth in 0..u32::try_from(rounds)? {
            for record in &self.records {
                let later = second(Some(record)).wrapping_add(round.wrapping_mul(nth));
                out.write_all(&later.to_le_bytes())?;
                out.write_all(record.get(4..).unwrap_or_default())?;
            }
        }
        Ok(out.flush()?)
    }
}

fn word(octets: &[u8], at: usize) -> Option<u32> {
    octets.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capture_is_repeated_a_minute_after_its_end_until_it_is_long_enough() {
        let mut octets = vec![0xd4, 0xc3, 0xb2, 0xa1];
        octets.resize(FILE_HEADER_OCTETS, 0);
        for second in [100_u32, 107] {
            for word in [second, 5, 2, 2] {
                octets.extend(word.to_le_bytes());
            }
            octets.extend([0xab, 0xcd]);
        }
        let mut longer = Vec::new();
        Pcap::of(&octets).unwrap().repeat(3, &mut longer).unwrap();
        let again = Pcap::of(&longer).unwrap();
        let seconds: Vec<_> = again.records.iter().map(|record| word(record, 0).unwrap()).collect();
        assert_eq!(seconds, [100, 107, 167, 174]);
        assert!(longer.starts_with(&octets));
    }
}
