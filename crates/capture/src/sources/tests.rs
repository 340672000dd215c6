use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::order::Order;
use crate::testing::{Bytes, gzip};

fn pcap(link: u32, times: &[u32]) -> Vec<u8> {
    let mut file = Bytes::new(Order::Little).pcap(0xa1b2_c3d4, 0, link);
    for time in times {
        file = file.record((*time, 0), 60, b"frame");
    }
    file.bytes
}

/// A directory with these files in it.
fn directory(files: &[(&str, Vec<u8>)]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(directory.path().join(name), bytes).unwrap();
    }
    directory
}

/// Capture, number and second of every frame, with the sentences between them.
fn all(sources: &mut Sources) -> (Vec<(u16, u64, i64)>, Vec<String>) {
    let (mut frames, mut errors) = (Vec::new(), Vec::new());
    loop {
        match sources.next() {
            Ok(Some(frame)) => {
                frames.push((frame.capture, frame.number, frame.time.nanos() / 1_000_000_000));
            }
            Ok(None) => return (frames, errors),
            Err(error) => errors.push(error.to_string()),
        }
    }
}

fn open(directory: &TempDir, names: &[&str]) -> Result<Sources, Error> {
    let paths: Vec<_> = names.iter().map(|name| directory.path().join(name)).collect();
    Sources::open(&paths)
}

#[test]
fn captures_merge_by_time_and_by_their_order_where_times_are_equal() {
    let files = directory(&[
        ("a", pcap(1, &[10, 30, 30, 50])),
        ("b", gzip(&pcap(1, &[20, 30, 40]))),
        ("none", pcap(1, &[])),
        ("c", pcap(1, &[5, 30, 60])),
    ]);
    let mut sources = open(&files, &["a", "b", "none", "c"]).unwrap();
    let (frames, errors) = all(&mut sources);
    assert_eq!(errors, [""; 0]);
    assert_eq!(
        frames,
        [
            (3, 1, 5),
            (0, 1, 10),
            (1, 1, 20),
            (0, 2, 30),
            (0, 3, 30),
            (1, 2, 30),
            (3, 2, 30),
            (1, 3, 40),
            (0, 4, 50),
            (3, 3, 60),
        ]
    );
    let names: Vec<_> = sources.names().collect();
    assert!(names[3].ends_with("/c"), "{names:?}");
}

#[test]
fn a_capture_whose_time_steps_back_is_given_in_its_own_order() {
    let files = directory(&[("a", pcap(1, &[10, 40, 20, 50])), ("b", pcap(1, &[30, 45]))]);
    let (frames, _) = all(&mut open(&files, &["a", "b"]).unwrap());
    let times: Vec<_> = frames.iter().map(|frame| frame.2).collect();
    assert_eq!(times, [10, 30, 40, 20, 45, 50]);
}

#[test]
fn a_file_is_open_only_while_its_frames_are_due() {
    let names: Vec<_> = (0..40).map(|n| format!("{n:02}")).collect();
    let captures: Vec<_> =
        (0..40).map(|n| (names[n as usize].as_str(), pcap(1, &[n * 10, n * 10 + 9]))).collect();
    let files = directory(&captures);
    let mut sources = Sources::open(&[files.path()]).unwrap();
    let mut frames = 0;
    while sources.next().unwrap().is_some() {
        frames += 1;
        let open = sources.slots.iter().filter(|slot| matches!(slot.state, State::Open(_)));
        assert_eq!(open.count(), 0, "but for the current one");
        assert!(sources.current.is_some());
    }
    assert_eq!(frames, 80);
}

#[test]
fn a_damaged_capture_ends_there_and_the_others_go_on() {
    let mut cut = pcap(1, &[10, 20, 30]);
    cut.truncate(cut.len() - 1);
    let files = directory(&[
        ("cut", cut),
        ("head", pcap(1, &[])[..20].to_vec()),
        ("whole", pcap(1, &[25, 35])),
    ]);
    let (frames, errors) = all(&mut open(&files, &["cut", "head", "whole"]).unwrap());
    let times: Vec<_> = frames.iter().map(|frame| frame.2).collect();
    assert_eq!(times, [10, 20, 25, 35]);
    let [head, cut] = &errors[..] else { panic!("{errors:?}") };
    assert!(head.contains("/head: damaged at byte 0, after 0 good frames"), "{head}");
    assert!(
        cut.ends_with(
            "/cut: damaged at byte 66, after 2 good frames: \
             the file ends inside a frame, 20 of 21 bytes are there"
        ),
        "{cut}"
    );
}

#[test]
fn a_directory_gives_its_captures_by_what_they_are_and_names_the_rest() {
    let files = directory(&[
        ("2.dump", pcap(1, &[1])),
        ("1", gzip(&pcap(1, &[1]))),
        ("notes.pcap", b"not what it is called".to_vec()),
        ("empty", Vec::new()),
    ]);
    fs::create_dir(files.path().join("deeper")).unwrap();
    fs::write(files.path().join("deeper/3"), pcap(1, &[1])).unwrap();
    let sources = Sources::open(&[files.path()]).unwrap();
    let base = |name: &str| name.rsplit('/').next().unwrap().to_owned();
    assert_eq!(sources.names().map(base).collect::<Vec<_>>(), ["1", "2.dump"]);
    let skipped: Vec<_> = sources.skipped().iter().map(|one| base(&one.to_string())).collect();
    let tail = "wanted is pcap or pcapng, either of them plain, in gzip or in zstd";
    assert_eq!(
        skipped,
        [
            format!("deeper: is a directory, not a capture; {tail}"),
            format!("empty: is empty; {tail}"),
            format!("notes.pcap: is text, not a capture; {tail}"),
        ]
    );
}

fn refused<P: AsRef<Path>>(inputs: &[P], sentence: &str) {
    let error = Sources::open(inputs).expect_err("it cannot be read").to_string();
    assert!(error.contains(sentence), "{error}");
}

#[test]
fn what_cannot_be_read_is_refused_before_the_first_frame() {
    let files = directory(&[("notes", b"words".to_vec()), ("good", pcap(1, &[1]))]);
    let path = |name: &str| files.path().join(name);
    refused::<&str>(&[], "no capture was named");
    refused(&[path("good"), path("missing")], "/missing: no such file or directory");
    refused(&[path("good"), path("notes")], "/notes: is text, not a capture");
    fs::remove_file(path("good")).unwrap();
    refused(&[files.path()], ": a directory without captures (1 other files in it");
}

#[test]
#[cfg(target_os = "linux")]
fn a_file_that_cannot_be_read_is_named_with_what_the_system_says() {
    // Nothing is mapped at address 0 of any process, whoever reads it.
    refused(&["/proc/self/mem"], "/proc/self/mem: cannot be read: Input/output error");
}

#[test]
fn frames_of_unknown_link_types_are_counted_by_type() {
    let files = directory(&[("usb", pcap(220, &[1, 2])), ("ethernet", pcap(1, &[1]))]);
    let mut sources = open(&files, &["usb", "ethernet"]).unwrap();
    assert_eq!(all(&mut sources).0.len(), 3);
    assert_eq!(sources.links_other(), &BTreeMap::from([(220, 2)]));
}

#[test]
fn progress_counts_the_octets_of_the_files_as_they_are_stored() {
    let seconds: Vec<_> = (0..20_000).collect();
    let (plain, packed) = (pcap(1, &seconds), gzip(&pcap(1, &seconds)));
    let total = (plain.len() + packed.len()) as u64;
    let files = directory(&[("plain", plain), ("packed", packed)]);
    let mut sources = Sources::open(&[files.path()]).unwrap();
    let mut last = sources.progress();
    assert_eq!(last, Progress { read_bytes: 0, total_bytes: Some(total) });
    while sources.next().unwrap().is_some() {
        let now = sources.progress();
        assert!(now.read_bytes >= last.read_bytes && now.read_bytes <= total);
        last = now;
    }
    assert_eq!(sources.progress().read_bytes, total);
}

#[test]
#[cfg(unix)]
fn a_named_pipe_is_read_once_as_it_comes() {
    let files = directory(&[]);
    let pipe = files.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    if !made.is_ok_and(|status| status.success()) {
        println!("not run: mkfifo is not there");
        return;
    }
    let writer = {
        let pipe = pipe.clone();
        std::thread::spawn(move || fs::write(pipe, pcap(1, &[1, 2])).unwrap())
    };
    let mut sources = Sources::open(&[&pipe]).unwrap();
    assert_eq!(sources.progress().total_bytes, None);
    assert_eq!(all(&mut sources).0.len(), 2);
    writer.join().unwrap();
}
