//! Agreement with capinfos and tshark, which others wrote, on captures that others recorded.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Sources;

/// The directory of recorded captures, where there is one.
fn captures() -> Option<PathBuf> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/captures");
    let directory = std::env::var_os("GRIDTAP_CAPTURES").map_or(default, PathBuf::from);
    if directory.is_dir() {
        return Some(directory);
    }
    println!("not run: no captures in {} (GRIDTAP_CAPTURES)", directory.display());
    None
}

/// The capture files below a directory.
fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, found);
        } else if ["pcap", "pcapng", "gz"]
            .map(|end| Some(OsStr::new(end)))
            .contains(&path.extension())
        {
            found.push(path);
        }
    }
}

/// What a program prints, where it is installed.
fn output(program: &str, arguments: &[&OsStr]) -> Option<String> {
    let Ok(output) = Command::new(program).args(arguments).env("TZ", "UTC").output() else {
        println!("not run: {program} is not installed");
        return None;
    };
    Some(String::from_utf8(output.stdout).expect("its output is text"))
}

fn arguments<'a>(options: &'a [&'a str], paths: &'a [PathBuf]) -> Vec<&'a OsStr> {
    options.iter().map(OsStr::new).chain(paths.iter().map(|path| path.as_os_str())).collect()
}

/// Frames, octets on the wire, earliest and latest time in nanoseconds.
#[derive(Debug, PartialEq, Eq)]
struct Account(u64, u64, Option<(i64, i64)>);

fn account(path: &Path) -> Account {
    let mut sources = Sources::open(&[path]).expect("it opens");
    let mut account = Account(0, 0, None);
    loop {
        match sources.next() {
            Ok(Some(frame)) => {
                account.0 += 1;
                assert_eq!(frame.number, account.0);
                account.1 += u64::from(frame.original_length);
                let nanos = frame.time.nanos();
                let (first, last) = account.2.unwrap_or((nanos, nanos));
                account.2 = Some((first.min(nanos), last.max(nanos)));
            }
            Ok(None) => return account,
            // capinfos counts what is before a fault too.
            Err(error) => println!("{error}"),
        }
    }
}

/// Seconds with any number of decimals as nanoseconds.
fn nanos(seconds: &str) -> Option<i64> {
    let (whole, part) = seconds.split_once('.').unwrap_or((seconds, ""));
    let part: i64 = format!("{part:0<9}").parse().ok()?;
    Some(whole.parse::<i64>().ok()? * 1_000_000_000 + part)
}

#[test]
fn every_recorded_capture_has_the_frames_octets_and_times_that_capinfos_says() {
    let Some(directory) = captures() else { return };
    let mut paths = Vec::new();
    files(&directory, &mut paths);
    assert!(paths.len() > 200, "only {} captures", paths.len());
    let options = ["-T", "-m", "-r", "-N", "-Q", "-S", "-c", "-d", "-a", "-e"];
    let Some(said) = output("capinfos", &arguments(&options, &paths)) else { return };
    let mut accounts: BTreeMap<String, Account> = BTreeMap::new();
    for line in said.lines() {
        let fields: Vec<_> = line.split("\",\"").collect();
        let [path, frames, octets, first, last] = fields[..] else { panic!("{line}") };
        let path = path.trim_start_matches('"').to_owned();
        let times = nanos(first).zip(nanos(last.trim_end_matches('"')));
        let account = Account(frames.parse().unwrap(), octets.parse().unwrap(), times);
        accounts.insert(path, account);
    }
    assert_eq!(accounts.len(), paths.len(), "{said}");
    for path in paths {
        let said = &accounts[&path.display().to_string()];
        assert_eq!(&account(&path), said, "{}", path.display());
    }
}

/// One line a frame: number, nanoseconds, length on the wire, length kept.
fn lines(path: &Path) -> Vec<(u64, i64, u32, usize)> {
    let mut sources = Sources::open(&[path]).expect("it opens");
    let mut lines = Vec::new();
    while let Some(frame) = sources.next().expect("it is whole") {
        let time = frame.time.nanos();
        lines.push((frame.number, time, frame.original_length, frame.bytes.len()));
    }
    lines
}

fn lines_of_tshark(path: &Path) -> Option<Vec<(u64, i64, u32, usize)>> {
    const OPTIONS: [&str; 14] = [
        "-n",
        "-T",
        "fields",
        "-e",
        "frame.number",
        "-e",
        "frame.time_epoch",
        "-e",
        "frame.len",
        "-e",
        "frame.cap_len",
        "--disable-protocol",
        "eth",
        "-r",
    ];
    let said = output("tshark", &arguments(&OPTIONS, &[path.to_owned()]))?;
    let line = |line: &str| {
        let fields: Vec<_> = line.split('\t').collect();
        let [number, time, length, kept] = fields[..] else { panic!("{line}") };
        let (number, length) = (number.parse().unwrap(), length.parse().unwrap());
        (number, nanos(time).unwrap(), length, kept.parse().unwrap())
    };
    Some(said.lines().map(line).collect())
}

#[test]
fn what_editcap_makes_of_a_capture_reads_as_tshark_reads_it() {
    let Some(directory) = captures() else { return };
    let mut paths = Vec::new();
    files(&directory, &mut paths);
    let small = |path: &&PathBuf| fs::metadata(path).is_ok_and(|file| file.len() < 400_000);
    let made = tempfile::tempdir().unwrap();
    let mut compared = 0;
    for path in paths.iter().filter(small).step_by(48) {
        for (format, more) in [
            ("pcap", &[][..]),
            ("nsecpcap", &["-t", "0.000000123"][..]),
            ("pcapng", &["-t", "-0.5", "-s", "40"][..]),
        ] {
            let into = made.path().join(format);
            let options = [&["-F", format], more].concat();
            let both = [path.clone(), into.clone()];
            if output("editcap", &arguments(&options, &both)).is_none() {
                return;
            }
            // A capture of several link types fits into no pcap.
            if !into.exists() {
                continue;
            }
            let Some(said) = lines_of_tshark(&into) else { return };
            let read = lines(&into);
            let other = read.iter().zip(&said).find(|(ours, theirs)| ours != theirs);
            assert_eq!(other, None, "{} as {format}", path.display());
            assert_eq!(read.len(), said.len(), "{} as {format}", path.display());
            compared += said.len();
            fs::remove_file(into).unwrap();
        }
    }
    assert!(compared > 500, "only {compared} frames were compared");
}

#[test]
fn captures_that_mergecap_joined_read_as_the_same_captures_named_together() {
    let Some(directory) = captures() else { return };
    let mut paths = Vec::new();
    files(&directory, &mut paths);
    paths.retain(|path| path.to_string_lossy().contains("labelled/lemay-modbus"));
    let made = tempfile::tempdir().unwrap();
    let merged = made.path().join("merged.pcapng");
    let mut arguments = vec![OsStr::new("-w"), merged.as_os_str()];
    arguments.extend(paths.iter().map(|path| path.as_os_str()));
    if paths.is_empty() || output("mergecap", &arguments).is_none() {
        return;
    }
    let frames = |inputs: &[PathBuf]| {
        let mut sources = Sources::open(inputs).unwrap();
        let mut frames = Vec::new();
        while let Some(frame) = sources.next().unwrap() {
            frames.push((frame.time, frame.link, frame.bytes.to_vec()));
        }
        frames
    };
    let (joined, together) = (frames(&[merged]), frames(&paths));
    assert_eq!(joined.len(), together.len());
    assert!(joined == together, "the same frames in the same order");
}
