//! Hears captures and prints what each flow carried; then how long that took for a frame already in memory.
//!
//! `cargo run --release -p gridtap-wire --example hear -- [--quiet] FILE…`

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, BufWriter, Write};

use gridtap_capture::Sources;
use gridtap_model::{Direction, Timestamp};
use gridtap_wire::{Config, Event, Flow, FlowId, Frame, LinkType, Wire};

fn main() -> Result<(), Box<dyn Error>> {
    let (flags, files): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    let mut out = BufWriter::new(io::stdout().lock());
    let (frames, octets) = load(&files, &mut out)?;
    let mut wire = Wire::new(Config::default());
    let mut flows: BTreeMap<FlowId, [Vec<u8>; 2]> = BTreeMap::new();
    let (mut events, mut told) = (0_u64, 0_usize);
    let quiet = flags.iter().any(|flag| flag == "--quiet");
    let mut lines = Vec::new();
    let mut hear = |heard: &gridtap_wire::Heard<'_>| {
        events += 1;
        if let Event::Bytes { bytes, .. } = heard.event {
            told += bytes.len();
        }
        if quiet {
            return;
        }
        let carried = flows.entry(heard.flow.id).or_default();
        match heard.event {
            Event::Bytes { direction, bytes } => match direction {
                Direction::Forward => carried[0].extend(bytes),
                Direction::Backward => carried[1].extend(bytes),
            },
            Event::Closed(reason) => {
                let [forward, backward] = flows.remove(&heard.flow.id).unwrap_or_default();
                let Flow { first, second, transport, octets, unheard, .. } = heard.flow;
                let [forward, backward] = [sum(&forward), sum(&backward)];
                lines.push(format!(
                    "{first} {second} {transport:?} {reason:?} {octets:?} {unheard:?} {forward:x} {backward:x}"
                ));
            }
            Event::Opened => {}
            event => lines.push(format!("{} frame {} {event:?}", heard.flow.first, heard.frame)),
        }
    };
    let begin = processor_ns();
    let mut second = Timestamp::MIN;
    for (index, &(time, capture, number, link, original_length, start)) in frames.iter().enumerate()
    {
        let end = frames.get(index + 1).map_or(octets.len(), |next| next.5);
        if time >= second {
            wire.tick(time, &mut hear);
            second = time.plus_ns(1_000_000_000);
        }
        let bytes = octets.get(start..end).unwrap_or(&[]);
        wire.frame(&Frame { time, capture, number, link, bytes, original_length }, &mut hear);
    }
    let taken = processor_ns().saturating_sub(begin);
    wire.finish(&mut hear);
    for line in &lines {
        writeln!(out, "{line}")?;
    }
    let each = taken / u64::try_from(frames.len().max(1))?;
    writeln!(out, "{} frames, {each} ns a frame, {events} events, {told} octets", frames.len())?;
    for (name, count) in wire.counters().iter().filter(|(_, count)| *count > 0) {
        writeln!(out, "{name} {count}")?;
    }
    Ok(())
}

/// A frame without its octets, and where those begin.
type Placed = (Timestamp, u16, u64, LinkType, u32, usize);

fn load(files: &[String], out: &mut impl Write) -> Result<(Vec<Placed>, Vec<u8>), Box<dyn Error>> {
    let mut sources = Sources::open(files)?;
    let (mut frames, mut octets) = (Vec::new(), Vec::new());
    loop {
        match sources.next() {
            Ok(Some(frame)) => {
                let Frame { time, capture, number, link, original_length, bytes } = frame;
                frames.push((time, capture, number, link, original_length, octets.len()));
                octets.extend_from_slice(bytes);
            }
            Ok(None) => return Ok((frames, octets)),
            Err(error) => writeln!(out, "{error}")?,
        }
    }
}

/// What this thread has used of the processor, on Linux.
fn processor_ns() -> u64 {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    statistics.split(' ').next().and_then(|used| used.parse().ok()).unwrap_or(0)
}

/// FNV-1a, to compare contents.
fn sum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
