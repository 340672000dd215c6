//! `cargo xtask bench --flows`: what a flow takes, and what a packet costs among many.
//!
//! Many masters poll many devices in turn, each in a connection that stays open: the same number of packets among few
//! flows and among many. Memory is the peak of the process; its slope from count to count is what one more flow takes,
//! with what is learned of its two hosts. All flows are of their own hosts, which is the dearest they can be.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Result, bail};

use super::of_children;
use crate::frames::{End, PUSH_ACK, SYN, SYN_ACK, segment};
use crate::process::{program, say, target_directory};

/// Open flows, ascending.
const COUNTS: [u32; 4] = [200, 10_000, 30_000, 50_000];
/// Packets of each capture.
const PACKETS: u32 = 600_000;

/// Measures both protocols and prints a table of each.
pub(super) fn run(gridtap: &Path) -> Result<()> {
    let folder = target_directory().join("bench");
    fs::create_dir_all(&folder)?;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{:<8} {:>7} {:>9} {:>12} {:>10}",
        "", "flows", "peak KiB", "octets/flow", "ns/packet"
    )?;
    for (name, poll) in [("modbus", modbus as Poll), ("dnp3", dnp3 as Poll)] {
        let mut before: Option<(u32, u64)> = None;
        for flows in COUNTS {
            say(&format!("{name}, {flows} flows"));
            let path = folder.join(format!("flows-{name}.pcap"));
            write(&path, flows, poll)?;
            let (peak_kib, spent_ns) = measured(gridtap, &path)?;
            let slope = before.map(|(fewer, kib)| {
                peak_kib.saturating_sub(kib) * 1024 / u64::from(flows.saturating_sub(fewer).max(1))
            });
            let slope = slope.map_or("-".to_owned(), |octets| octets.to_string());
            let each = spent_ns / u64::from(PACKETS);
            writeln!(out, "{name:<8} {flows:>7} {peak_kib:>9} {slope:>12} {each:>10}")?;
            before = Some((flows, peak_kib));
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// Peak memory of a run in KiB, looked at while it runs, and its processor time in ns.
fn measured(gridtap: &Path, capture: &Path) -> Result<(u64, u64)> {
    let spent = of_children()?;
    let mut run = program(gridtap);
    run.args(["monitor", "--quiet", "--read"]).arg(capture);
    let mut child = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let mut peak_kib = 0;
    while child.try_wait()?.is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let row = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = row.and_then(|row| row.split_ascii_whitespace().next()?.parse().ok());
        peak_kib = peak_kib.max(kib.unwrap_or(0));
        sleep(Duration::from_millis(2));
    }
    let ended = child.wait()?;
    if ended.code().is_none() {
        bail!("gridtap monitor ended with {ended}");
    }
    Ok((peak_kib, of_children()?.saturating_sub(spent)))
}

type Poll = fn(u16) -> [Vec<u8>; 2];

/// A read of ten registers and its answer.
fn modbus(round: u16) -> [Vec<u8>; 2] {
    let [high, low] = round.to_be_bytes();
    let mut answer = vec![high, low, 0, 0, 0, 23, 1, 3, 20];
    answer.resize(29, 7);
    [vec![high, low, 0, 0, 0, 6, 1, 3, 0, 16, 0, 10], answer]
}

/// A read of class 0 and an answer of 50 analog inputs.
fn dnp3(round: u16) -> [Vec<u8>; 2] {
    let sequence = u8::try_from(round % 16).unwrap_or(0);
    let read = [0xC0 | sequence, 0xC0 | sequence, 1, 60, 1, 6];
    let mut answer = vec![0xC0 | sequence, 0xC0 | sequence, 0x81, 0, 0, 30, 3, 0, 0, 49];
    answer.resize(210, 0);
    [frame(0xC4, 1, 10, &read), frame(0x44, 10, 1, &answer)]
}

fn frame(control: u8, source: u16, destination: u16, data: &[u8]) -> Vec<u8> {
    let mut frame = vec![5, 0x64, u8::try_from(data.len() + 5).unwrap_or(0), control];
    frame.extend(destination.to_le_bytes());
    frame.extend(source.to_le_bytes());
    let check = crc(&frame);
    frame.extend(check);
    for block in data.chunks(16) {
        frame.extend(block);
        frame.extend(crc(block));
    }
    frame
}

fn crc(octets: &[u8]) -> [u8; 2] {
    let crc = octets.iter().fold(0_u16, |crc, octet| {
        (0..8).fold(crc ^ u16::from(*octet), |crc, _| {
            if crc & 1 == 1 { (crc >> 1) ^ 0xA6BC } else { crc >> 1 }
        })
    });
    (!crc).to_le_bytes()
}

/// Writes a capture of so many flows: all handshakes, then polls in turn, a round a second.
fn write(path: &PathBuf, flows: u32, poll: Poll) -> Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    out.write_all(&[
        0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 1, 0, 0, 0,
    ])?;
    let port = if poll(0)[0].starts_with(&[5]) { 20_000 } else { 502 };
    let (mut written, mut round, mut said) = (0_u32, 0_u16, [1_u32, 1]);
    let mut frame = Vec::new();
    while written < PACKETS {
        let messages = poll(round);
        for nth in 0..flows {
            let microseconds =
                u64::from(round) * 1_000_000 + u64::from(nth) * 1_000_000 / u64::from(flows);
            let end = |hardware, address, port| End {
                hardware: [2, 0, 0, 0, 0, hardware],
                address,
                port,
            };
            let client = end(2, 0x0A00_0000 | nth, 40_000);
            let server = end(1, 0x0A80_0000 | nth, port);
            let opening = [
                ([client, server], [0, 0], SYN, &[][..]),
                ([server, client], [0, 1], SYN_ACK, &[][..]),
            ];
            let [request, answer] = &messages;
            let next = said[0].wrapping_add(u32::try_from(request.len())?);
            let polled = [
                ([client, server], [said[0], said[1]], PUSH_ACK, &request[..]),
                ([server, client], [said[1], next], PUSH_ACK, &answer[..]),
            ];
            for (ends, numbers, flags, data) in if round == 0 { opening } else { polled } {
                segment(&mut frame, ends, numbers, flags, data);
                record(&mut out, microseconds, &frame)?;
                written += 1;
            }
            if written >= PACKETS {
                break;
            }
        }
        if round > 0 {
            for (said, message) in said.iter_mut().zip(&messages) {
                *said = said.wrapping_add(u32::try_from(message.len())?);
            }
        }
        round += 1;
    }
    Ok(out.flush()?)
}

fn record(out: &mut impl Write, microseconds: u64, frame: &[u8]) -> Result<()> {
    let (seconds, rest) = (1_700_000_000 + microseconds / 1_000_000, microseconds % 1_000_000);
    let length = u32::try_from(frame.len())?;
    for word in [u32::try_from(seconds)?, u32::try_from(rest)?, length, length] {
        out.write_all(&word.to_le_bytes())?;
    }
    Ok(out.write_all(frame)?)
}
