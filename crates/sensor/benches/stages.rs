//! Processor time a packet, stage by stage: each run goes one stage further than the one before, and the table says what
//! that added. Run by `cargo xtask bench`; medians of runs in turn.

use std::fs::File;
use std::hint::black_box;
use std::io::Write as _;
use std::path::Path;

use gridtap_baseline::{Baseline, Site};
use gridtap_capture::Reader;
use gridtap_dissect::{Dissector, Output};
use gridtap_model::{Span, Timestamp};
use gridtap_sensor::{Config, Evidence, Pipeline, SensorConfig};
use gridtap_wire::{Frame, Heard, Wire, address_pair};
use nix::sys::resource::{UsageWho, getrusage};

#[path = "../../gridtap/src/json.rs"]
#[expect(dead_code, unused_imports, reason = "its tests are the program's")]
mod json;

type Failure = Box<dyn std::error::Error>;

/// What is measured: a name, what it goes beyond, and one run over a capture.
struct Stage {
    name: &'static str,
    beyond: Option<usize>,
    /// A run over a capture, with a pipeline for those that go to the end.
    run: fn(&Path, &mut Pipeline) -> Result<(), Failure>,
    /// The pipeline knows the capture.
    judges: bool,
}

const STAGES: [Stage; 9] = [
    stage("walk the file", None, |path, _| walk(path)),
    stage("link and IP headers", Some(0), |path, _| headers(path)),
    stage("wire: headers, flows, reassembly", Some(0), |path, _| wire(path)),
    stage("dissect to records", Some(2), |path, _| records(path)),
    stage("JSON", Some(3), |path, _| lines(path)),
    stage("dissect to observations", Some(2), |path, _| observations(path)),
    stage("baseline and detections, learning", Some(5), replay),
    Stage { judges: true, ..stage("baseline and detections, judging", Some(5), replay) },
    Stage { judges: true, ..stage("evidence", Some(7), evidence) },
];

/// What a stub cost on mixed traffic that does no more than its name says, on two virtual cores at 2 GHz: no recovery
/// from gaps, no timers, checksums, rules or metrics.
const FLOOR: [(&str, u32); 4] = [
    ("stub: walk the file, decode by hand", 27),
    ("stub: with flows", 33),
    ("stub: with reassembly, parsers, baseline", 129),
    ("stub: with JSON", 267),
];

const fn stage(
    name: &'static str,
    beyond: Option<usize>,
    run: fn(&Path, &mut Pipeline) -> Result<(), Failure>,
) -> Stage {
    Stage { name, beyond, run, judges: false }
}

fn main() -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let (mut rounds, mut only, mut captures) = (5, String::new(), Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            // What cargo adds on its own account.
            "--bench" => {}
            "--rounds" => rounds = arguments.next().ok_or("--rounds wants a number")?.parse()?,
            "--only" => only = arguments.next().ok_or("--only wants a part of a name")?,
            _ => captures.push(argument),
        }
    }
    for capture in &captures {
        let path = Path::new(capture);
        let packets = f64::from(packets(path)?);
        let learned = learned(path)?;
        let wanted = |stage: &Stage| stage.name.contains(&only);
        let mut times = vec![Vec::new(); STAGES.len()];
        for _ in 0..rounds {
            for (stage, times) in STAGES.iter().zip(&mut times).filter(|(stage, _)| wanted(stage)) {
                let mut pipeline = pipeline();
                if stage.judges {
                    *pipeline.baseline_mut() = learned.clone();
                    pipeline.repeats(vec![u64::MAX]);
                }
                times.push(spent(|| (stage.run)(path, &mut pipeline))? / packets);
            }
        }
        let times: Vec<f64> = times.into_iter().map(median).collect();
        writeln!(out, "{capture}: {packets} packets, ns a packet")?;
        writeln!(out, "{:<36} {:>7} {:>7}", "stage", "adds", "in all")?;
        for (stage, time) in STAGES.iter().zip(&times).filter(|(stage, _)| wanted(stage)) {
            let before = stage.beyond.and_then(|at| times.get(at)).copied().unwrap_or(0.0);
            writeln!(out, "{:<36} {:>7.0} {time:>7.0}", stage.name, time - before)?;
        }
        for (floor, time) in FLOOR {
            writeln!(out, "{floor:<44} {time:>7}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(0.0)
}

/// Nanoseconds of processor time.
fn spent(act: impl FnOnce() -> Result<(), Failure>) -> Result<f64, Failure> {
    let now = || -> Result<f64, Failure> {
        let usage = getrusage(UsageWho::RUSAGE_SELF)?;
        let of = |time: nix::sys::time::TimeVal| -> Result<f64, Failure> {
            let (seconds, micros) = (i32::try_from(time.tv_sec())?, i32::try_from(time.tv_usec())?);
            Ok(f64::from(seconds) * 1e9 + f64::from(micros) * 1e3)
        };
        Ok(of(usage.user_time())? + of(usage.system_time())?)
    };
    let before = now()?;
    act()?;
    Ok(now()? - before)
}

fn packets(path: &Path) -> Result<u32, Failure> {
    let mut packets = 0;
    frames(path, |_| packets += 1)?;
    Ok(packets)
}

fn frames(path: &Path, mut each: impl FnMut(&Frame<'_>)) -> Result<(), Failure> {
    let mut reader = Reader::new("capture", 0, Box::new(File::open(path)?))?;
    while let Some(frame) = reader.next()? {
        each(&frame);
    }
    Ok(())
}

/// Frames with ticks on the grid of seconds before them.
fn ticked(
    path: &Path,
    mut tick: impl FnMut(Option<Timestamp>, Option<&Frame<'_>>),
) -> Result<(), Failure> {
    let mut last = i64::MIN;
    frames(path, |frame| {
        let second = frame.time.nanos().div_euclid(1_000_000_000);
        let due = (second > last).then(|| Timestamp::from_parts(second, 0));
        last = last.max(second);
        tick(due, Some(frame));
    })?;
    tick(None, None);
    Ok(())
}

fn walk(path: &Path) -> Result<(), Failure> {
    frames(path, |frame| {
        black_box(frame.bytes.first());
    })
}

fn headers(path: &Path) -> Result<(), Failure> {
    frames(path, |frame| {
        black_box(address_pair(frame));
    })
}

fn wire(path: &Path) -> Result<(), Failure> {
    let mut wire = Wire::new(gridtap_wire::Config::default());
    let mut events = 0_u64;
    let mut sink = |heard: &Heard<'_>| {
        black_box(heard);
        events += 1;
    };
    ticked(path, |due, frame| {
        if let Some(due) = due {
            wire.tick(due, &mut sink);
        }
        match frame {
            Some(frame) => wire.frame(frame, &mut sink),
            None => wire.finish(&mut sink),
        }
    })?;
    black_box(events);
    Ok(())
}

fn dissect(
    path: &Path,
    mut dissector: Dissector,
    mut sink: impl FnMut(Output<'_>),
) -> Result<(), Failure> {
    let mut wire = Wire::new(gridtap_wire::Config::default());
    ticked(path, |due, frame| {
        if let Some(due) = due {
            wire.tick(due, &mut |heard| dissector.heard(heard, &mut sink));
            dissector.tick(due, &mut sink);
        }
        match frame {
            Some(frame) => wire.frame(frame, &mut |heard| dissector.heard(heard, &mut sink)),
            None => {
                wire.finish(&mut |heard| dissector.heard(heard, &mut sink));
                dissector.finish(&mut sink);
            }
        }
    })
}

fn records(path: &Path) -> Result<(), Failure> {
    let dissector = Dissector::of_records(gridtap_dissect::Config::default());
    dissect(path, dissector, |output| {
        black_box(output);
    })
}

fn observations(path: &Path) -> Result<(), Failure> {
    dissect(path, Dissector::new(gridtap_dissect::Config::default()), |output| {
        black_box(output);
    })
}

fn lines(path: &Path) -> Result<(), Failure> {
    let mut text = Vec::with_capacity(512 * 1024);
    let mut fault = None;
    let dissector = Dissector::of_records(gridtap_dissect::Config::default());
    dissect(path, dissector, |output| {
        if let Output::Record(record) = output {
            fault = json::append(&mut text, record).err().or(fault.take());
            text.push(b'\n');
        }
        if text.len() > 64 * 1024 {
            black_box(&text);
            text.clear();
        }
    })?;
    fault.map_or(Ok(()), |fault| Err(fault.into()))
}

fn pipeline() -> Pipeline {
    let mut config = Config::default();
    config.baseline.block = Span::from_secs(10);
    config.sensor.shards = 1;
    Pipeline::new(&config, Site::default(), vec!["capture".to_owned()])
}

fn replay(path: &Path, pipeline: &mut Pipeline) -> Result<(), Failure> {
    frames(path, |frame| {
        pipeline.frame(frame);
        if pipeline.has_anomalies() {
            black_box(pipeline.take_anomalies());
        }
    })?;
    pipeline.finish();
    black_box(pipeline.take_anomalies());
    Ok(())
}

/// A baseline that has learned the capture.
fn learned(path: &Path) -> Result<Baseline, Failure> {
    let mut teacher = pipeline();
    replay(path, &mut teacher)?;
    Ok(teacher.baseline().clone())
}

fn evidence(path: &Path, pipeline: &mut Pipeline) -> Result<(), Failure> {
    let mut evidence = Evidence::new(&SensorConfig::default(), vec!["capture".to_owned()]);
    frames(path, |frame| {
        evidence.frame(frame);
        pipeline.frame(frame);
        for anomaly in pipeline.take_anomalies() {
            evidence.told(&anomaly);
        }
        if evidence.has_slices() && (frame.number.is_multiple_of(16_384) || evidence.is_full()) {
            black_box(evidence.take(|id| id.to_string()));
        }
    })
}
