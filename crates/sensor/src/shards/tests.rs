//! What several threads tell is what one tells.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gridtap_baseline::Site;
use gridtap_capture::Sources;
use gridtap_model::{Span, Timestamp};

use crate::{Config, Pipeline, SensorConfig};

/// Larger captures are left to the tests of the program.
const OCTETS_MAX: u64 = 128 << 10;

/// Every capture below a folder that is not too large.
fn captures(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    let each = paths.into_iter().flat_map(|path| match path.is_dir() {
        true => captures(&path),
        false => vec![path],
    });
    let fits = |path: &PathBuf| std::fs::metadata(path).is_ok_and(|it| it.len() <= OCTETS_MAX);
    each.filter(fits).collect()
}

/// Captures of the repository, and those that other people recorded, where they are there.
fn all() -> Vec<Vec<PathBuf>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let recorded = std::env::var_os("GRIDTAP_CAPTURES")
        .map_or_else(|| root.join("../shared/captures"), PathBuf::from);
    if !recorded.is_dir() {
        println!("not run: captures that others recorded, {} is absent", recorded.display());
    }
    let fixtures = captures(&root.join("fixtures"));
    // The normal traffic of a site and then what happened there, so that most detections are armed.
    let of = |folder: &str| -> Vec<PathBuf> {
        let is_of = |path: &&PathBuf| {
            let path = path.to_string_lossy();
            path.contains(folder) && path.contains("-1.pcap")
        };
        fixtures.iter().filter(is_of).cloned().collect()
    };
    let together = ["fixtures/modbus/", "fixtures/dnp3/", "fixtures/dnp3-line/"].map(of);
    let alone = captures(&recorded).into_iter().map(|path| vec![path]);
    together.into_iter().chain(alone).collect()
}

/// All that is told of captures: anomalies and commands in order, evidence, counts.
#[derive(Debug, PartialEq)]
struct Told {
    anomalies: Vec<String>,
    commands: Vec<String>,
    evidence: BTreeMap<String, String>,
    counts: String,
}

impl Told {
    fn take(&mut self, pipeline: &mut Pipeline) {
        let anomalies = pipeline.take_anomalies();
        self.anomalies.extend(anomalies.iter().map(|anomaly| format!("{anomaly:?}")));
        let slices = pipeline.evidence_mut().map(|it| it.take(|id| id.to_string()));
        for slice in slices.into_iter().flatten() {
            self.evidence.insert(slice.anomaly.to_string(), format!("{slice:?}"));
        }
    }
}

/// Hears captures with so many threads, and settles after each so many frames.
fn told(files: &[PathBuf], shards: u16, settled: usize) -> Option<Told> {
    let mut sources = Sources::open(files).ok()?;
    let names: Vec<String> = sources.names().map(str::to_owned).collect();
    let sensor = SensorConfig { shards, ..SensorConfig::default() };
    let mut config = Config { sensor, ..Config::default() };
    config.baseline.block = Span::from_secs(10);
    config.wire.hash_seed = u64::from(shards);
    let mut pipeline = Pipeline::new(&config, Site::default(), names.clone());
    assert_eq!(pipeline.shards(), usize::from(shards));
    pipeline.keep_evidence(&config.sensor, names.clone());
    pipeline.log_commands(&names, 1_000);
    let (anomalies, commands) = (Vec::new(), Vec::new());
    let mut told = Told { anomalies, commands, evidence: BTreeMap::new(), counts: String::new() };
    let (mut frames, mut last) = (0_usize, Timestamp::MIN);
    loop {
        match sources.next() {
            Ok(Some(frame)) => {
                last = last.max(frame.time);
                pipeline.frame(&frame);
            }
            Ok(None) => break,
            Err(_) => continue,
        }
        frames += 1;
        while pipeline.is_full() {
            told.take(&mut pipeline);
            pipeline.go_on();
        }
        if frames.is_multiple_of(settled) {
            while !pipeline.settle() {
                told.take(&mut pipeline);
            }
            told.take(&mut pipeline);
        }
    }
    pipeline.finish();
    told.take(&mut pipeline);
    if let Some(evidence) = pipeline.evidence_mut() {
        evidence.finish();
    }
    told.take(&mut pipeline);
    // At the end, because what is told of a command until it is taken is noted with it.
    let (commands, left_out) = pipeline.take_commands();
    told.commands.extend(commands.iter().map(|command| format!("{command:?}")));
    told.commands.extend(left_out.iter().map(|left_out| format!("{left_out:?}")));
    told.counts = format!("{:?} {:?}", pipeline.summary(), pipeline.heard(last));
    Some(told)
}

#[track_caller]
fn assert_same(one: &Told, several: &Told, what: &str) {
    let places = one.anomalies.iter().zip(&several.anomalies);
    let differs = places.enumerate().find(|(_, (one, several))| one != several);
    assert_eq!(differs, None, "{what}");
    assert_eq!(one.commands, several.commands, "{what}");
    assert_eq!(one.counts, several.counts, "{what}");
    for (id, slice) in &one.evidence {
        let other = several.evidence.get(id).map_or("", String::as_str);
        let differs = slice.bytes().zip(other.bytes()).position(|(one, other)| one != other);
        assert!(slice == other, "{what}: {id} differs at {differs:?}: {slice}\n{other}");
    }
    assert!(one == several, "{what}");
}

#[test]
fn any_number_of_threads_tells_what_one_tells() {
    let (mut heard, mut anomalies) = (0, 0);
    for files in all() {
        let Some(one) = told(&files, 1, usize::MAX) else { continue };
        let name = format!("{:?}", files.first());
        let both = [(4, 1_000), (2, usize::MAX)];
        let runs = if files.len() > 1 { 2 } else { 1 };
        for (shards, settled) in both.into_iter().take(runs) {
            let several = told(&files, shards, settled);
            assert_same(&one, &several.expect("opened before"), &format!("{shards}: {name}"));
        }
        heard += 1;
        anomalies += one.anomalies.len();
    }
    assert!(heard >= 3 && anomalies > 100, "{anomalies} anomalies in {heard} captures");
}
