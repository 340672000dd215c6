//! Each error is one clear sentence: what, where, and what would be right.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use tempfile::{TempDir, tempdir};

use crate::run::{Ran, gridtap_at, run};
use crate::traffic::Traffic;

/// One sentence on standard error, nothing on standard output, and the exit code of its kind.
fn refused(ran: &Ran, code: i32, parts: &[&str]) {
    assert_eq!(ran.code, Some(code), "{ran:?}");
    assert_eq!(ran.out, "", "{ran:?}");
    let told: Vec<&str> = ran.err.lines().filter(|line| line.starts_with("gridtap: ")).collect();
    assert_eq!(told.len(), 1, "{ran:?}");
    assert_eq!(ran.err.lines().count(), 1, "{ran:?}");
    for part in parts {
        assert!(ran.err.contains(part), "{part} in {ran:?}");
    }
}

/// A directory with a capture of some polls in it.
fn with_capture() -> (TempDir, String) {
    let directory = tempdir().unwrap();
    let capture = directory.path().join("polls.pcap");
    Traffic::polls(30).write(&capture);
    let capture = capture.to_str().unwrap().to_owned();
    (directory, capture)
}

/// Every command that reads captures refuses these in the same words.
fn reading(file: &Path, state: &Path) -> [Ran; 3] {
    let (file, state) = (file.to_str().unwrap(), state.to_str().unwrap());
    [
        run(["decode", file]),
        run(["monitor", "--read", file]),
        run(["learn", file, "--state", state]),
    ]
}

#[test]
fn a_file_that_is_not_there() {
    let directory = tempdir().unwrap();
    for ran in reading(&directory.path().join("missing.pcap"), &directory.path().join("state")) {
        refused(&ran, 4, &["missing.pcap", "no such file"]);
    }
}

#[test]
fn a_directory_without_captures() {
    let directory = tempdir().unwrap();
    fs::write(directory.path().join("notes.txt"), "polls look slow").unwrap();
    for ran in reading(directory.path(), &directory.path().join("state")) {
        refused(&ran, 4, &["without captures", "pcap or pcapng"]);
    }
}

#[test]
fn a_picture() {
    let directory = tempdir().unwrap();
    let picture = directory.path().join("photo.pcap");
    fs::write(&picture, b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x48").unwrap();
    for ran in reading(&picture, &directory.path().join("state")) {
        refused(&ran, 4, &["photo.pcap", "JPEG", "pcap or pcapng"]);
    }
}

#[test]
fn an_empty_file() {
    let directory = tempdir().unwrap();
    let file = directory.path().join("empty.pcap");
    fs::write(&file, b"").unwrap();
    for ran in reading(&file, &directory.path().join("state")) {
        refused(&ran, 4, &["empty.pcap", "is empty", "pcap or pcapng"]);
    }
}

#[test]
fn a_capture_without_modbus() {
    let directory = tempdir().unwrap();
    let file = directory.path().join("web.pcap");
    let mut traffic = Traffic::default();
    traffic.exchange_bytes(0.0, 80, b"GET / HTTP/1.0\r\n\r\n", b"HTTP/1.0 200 OK\r\n\r\n");
    traffic.write(&file);
    let file = file.to_str().unwrap();
    let decoded = run(["decode", file]);
    assert_eq!((decoded.code, decoded.out.as_str()), (Some(0), ""), "{decoded:?}");
    assert!(decoded.err.contains("no Modbus or DNP3 message in 2 packets of"), "{decoded:?}");
    let judged = run(["monitor", "--read", file, "--json"]);
    assert_eq!(judged.code, Some(4), "{judged:?}");
    assert!(judged.err.contains("no Modbus or DNP3 message in 2 packets of"), "{judged:?}");
    assert!(judged.err.contains("check that the capture was taken where"), "{judged:?}");
}

/// Nothing is unwritable for root, so root runs it as nobody, from where nobody may read.
fn run_without_privilege(directory: &Path, arguments: &[&str]) -> Ran {
    if fs::metadata(directory).unwrap().uid() != 0 {
        return run(arguments);
    }
    let program = directory.join("gridtap");
    // Copied by another process: a file that this one holds open for writing cannot be run, and every process that
    // another test starts in that moment holds it too.
    let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_gridtap")).arg(&program).status();
    assert!(copied.unwrap().success());
    fs::set_permissions(directory, fs::Permissions::from_mode(0o755)).unwrap();
    gridtap_at(&program, arguments).uid(65_534).gid(65_534).output().unwrap().into()
}

#[test]
fn a_state_that_may_only_be_read_is_shown_all_the_same() {
    let (directory, capture) = with_capture();
    // Characters that mean something in the address of a database.
    let state = directory.path().join("what? 100%");
    let path = state.to_str().unwrap();
    assert_eq!(run(["learn", "--quiet", &capture, "--state", path]).code, Some(0));
    for file in fs::read_dir(&state).unwrap() {
        fs::set_permissions(file.unwrap().path(), fs::Permissions::from_mode(0o444)).unwrap();
    }
    fs::set_permissions(&state, fs::Permissions::from_mode(0o555)).unwrap();
    let arguments = ["baseline", "show", "--state", path];
    let ran = run_without_privilege(directory.path(), &arguments);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.starts_with("Heard from"), "{ran:?}");
    // What a writer that was killed left behind is not passed over in silence.
    fs::set_permissions(&state, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(state.join("gridtap.db-wal"), [0; 32]).unwrap();
    fs::set_permissions(&state, fs::Permissions::from_mode(0o555)).unwrap();
    let ran = run_without_privilege(directory.path(), &arguments);
    refused(&ran, 5, &["was not closed in order", "write access", "copy"]);
}

#[test]
fn a_state_directory_that_cannot_be_written() {
    let (directory, capture) = with_capture();
    let state = directory.path().join("state");
    fs::create_dir(&state).unwrap();
    fs::set_permissions(&state, fs::Permissions::from_mode(0o555)).unwrap();
    let arguments = ["monitor", "--quiet", "--read", &capture, "--state", state.to_str().unwrap()];
    let ran = run_without_privilege(directory.path(), &arguments);
    refused(&ran, 5, &["state directory", "cannot be written", "permission denied", "--state"]);
}

#[test]
fn a_state_that_is_a_file() {
    let (_directory, capture) = with_capture();
    let ran = run(["monitor", "--quiet", "--read", &capture, "--state", &capture]);
    refused(&ran, 5, &["is a file", "needs a directory"]);
}

#[test]
fn a_state_of_a_newer_version() {
    let (directory, capture) = with_capture();
    let state = directory.path().join("state");
    let path = state.to_str().unwrap();
    drop(gridtap_store::Store::open(&state, gridtap_model::Timestamp::from_nanos(1)).unwrap());
    // The version stands at byte 60 of the file's header (https://sqlite.org/fileformat.html, 1.3).
    let file = state.join("gridtap.db");
    let mut bytes = fs::read(&file).unwrap();
    bytes[60..64].copy_from_slice(&99_u32.to_be_bytes());
    fs::write(&file, &bytes).unwrap();
    for arguments in [
        &["monitor", "--quiet", "--read", &capture, "--state", path][..],
        &["learn", &capture, "--state", path],
        &["baseline", "show", "--state", path],
    ] {
        refused(&run(arguments), 5, &["newer gridtap", "schema 99"]);
    }
    assert_eq!(fs::read(&file).unwrap(), bytes, "it was left as it was");
}

#[test]
fn a_state_that_is_not_there() {
    let directory = tempdir().unwrap();
    let state = directory.path().join("nothing");
    for command in ["show", "ledger", "export"] {
        let ran = run(["baseline", command, "--state", state.to_str().unwrap()]);
        refused(&ran, 5, &["no state in", "gridtap learn"]);
    }
    assert!(!state.exists());
}

#[test]
fn a_setting_that_does_not_exist() {
    let (_directory, capture) = with_capture();
    let ran = run(["monitor", "--read", &capture, "--set", "baseline.blok=10s"]);
    refused(&ran, 3, &["--set baseline.blok=10s", "did you mean baseline.block?"]);
    let ran = run(["decode", &capture, "--set", "baseline.block=10"]);
    refused(&ran, 3, &["baseline.block", "such as 500ms, 10s"]);
    for (setting, parts) in [
        ("baseline.block=0s", &["baseline.block: 0s is too short", "at least 1s"][..]),
        ("wire.flows_max=0", &["wire.flows_max: 0 would keep nothing", "at least 1"]),
        (
            "wire.flows_max=many",
            &["\"many\", where a whole number from 0 to 4,294,967,295 is wanted"],
        ),
        ("site.x=1", &["site.x is not a setting: site is one value"]),
    ] {
        refused(&run(["monitor", "--read", &capture, "--set", setting]), 3, parts);
    }
}

#[test]
fn a_file_of_settings_with_a_fault() {
    let (directory, capture) = with_capture();
    let file = directory.path().join("gridtap.toml");
    fs::write(&file, "[baseline]\nblok = \"10s\"\n").unwrap();
    let ran = run(["monitor", "--read", &capture, "--config", file.to_str().unwrap()]);
    refused(&ran, 3, &["gridtap.toml:2:1: ", "did you mean baseline.block?"]);
    fs::write(&file, "[baseline]\nblok = \"10s\"\nblock = \"soon\"\n").unwrap();
    let ran = run(["monitor", "--read", &capture, "--config", file.to_str().unwrap()]);
    assert_eq!((ran.code, ran.err.lines().count()), (Some(3), 2), "each fault is a line: {ran:?}");
    assert!(ran.err.lines().all(|line| line.starts_with("gridtap: ")), "{ran:?}");
}

#[test]
fn a_list_of_points_with_a_fault() {
    let (directory, capture) = with_capture();
    let file = directory.path().join("site.toml");
    let device =
        "[[devices]]\nname = \"a\"\nprotocol = \"dnp3\"\naddress = \"10.0.0.21\"\nlink = 10\n";
    fs::write(&file, format!("{device}points_from = \"points.csv\"\n")).unwrap();
    let monitor = || run(["monitor", "--read", &capture, "--site", file.to_str().unwrap()]);
    let list = directory.path().join("points.csv");
    let names = ["site.toml: line 6", "points_from \"points.csv\""];
    refused(&monitor(), 3, &[names[0], names[1], "there is no file"]);
    fs::write(&list, b"group,index,name\n12,7,\xff\n").unwrap();
    refused(&monitor(), 3, &[names[0], names[1], "not in UTF-8: save the list as that"]);
    fs::write(&list, "group,index,name\n12,7,52-1\n12,7,52-2\n").unwrap();
    refused(&monitor(), 3, &[names[1], "line 3: this point was listed in line 2 already"]);
    fs::write(&list, "group,index,name\n12,7,52-1\n").unwrap();
    assert_eq!(monitor().code, Some(0));
}

#[test]
fn a_site_file_with_a_fault() {
    let (directory, capture) = with_capture();
    let file = directory.path().join("site.toml");
    fs::write(&file, "[[hosts]]\nnmae = \"scada\"\naddresses = [\"10.0.0.7\"]\n").unwrap();
    let ran = run(["monitor", "--read", &capture, "--site", file.to_str().unwrap()]);
    refused(&ran, 3, &["site.toml: line 2", "did you mean `name`?"]);
    let unit =
        "[[devices]]\nname = \"RTU\"\nprotocol = \"modbus\"\naddress = \"10.0.0.21\"\nunit = 300\n";
    fs::write(&file, unit).unwrap();
    let ran = run(["monitor", "--read", &capture, "--site", file.to_str().unwrap()]);
    refused(&ran, 3, &["site.toml: line 5", "`300`, where a whole number from 0 to 255 is wanted"]);
    let missing = directory.path().join("missing.toml");
    let ran = run(["monitor", "--read", &capture, "--site", missing.to_str().unwrap()]);
    refused(&ran, 3, &["missing.toml", "no such file"]);
}

#[test]
fn a_summary_that_cannot_be_written_is_refused_before_anything_is_read() {
    let (directory, capture) = with_capture();
    let summary = directory.path().join("missing/summary.json");
    let ran = run(["monitor", "--read", &capture, "--summary", summary.to_str().unwrap()]);
    refused(&ran, 2, &["--summary", "a directory that exists"]);
}

#[test]
fn a_key_that_is_none() {
    let (directory, capture) = with_capture();
    let state = directory.path().join("state");
    let state = state.to_str().unwrap();
    assert_eq!(run(["learn", "--quiet", &capture, "--state", state]).code, Some(0));
    let ran =
        run(["baseline", "accept", "nonsense", "--reason", "x", "--until", "1d", "--state", state]);
    refused(&ran, 2, &["not a key", "baseline export"]);
}

#[test]
fn a_capture_in_a_directory_that_may_not_be_read_is_named_and_ends_with_4() {
    let (directory, capture) = with_capture();
    let captures = directory.path().join("captures");
    fs::create_dir(&captures).unwrap();
    fs::copy(&capture, captures.join("a.pcap")).unwrap();
    fs::copy(&capture, captures.join("b.pcap")).unwrap();
    fs::set_permissions(captures.join("b.pcap"), fs::Permissions::from_mode(0o000)).unwrap();
    let ran =
        run_without_privilege(directory.path(), &["decode", "--quiet", captures.to_str().unwrap()]);
    assert_eq!(ran.code, Some(4), "{ran:?}");
    assert!(ran.err.contains("b.pcap: cannot be read"), "{ran:?}");
    assert!(!ran.out.is_empty(), "the other is read all the same");
}

#[test]
fn a_state_that_may_not_be_read_is_not_called_absent() {
    let (directory, capture) = with_capture();
    let state = directory.path().join("state");
    let path = state.to_str().unwrap();
    assert_eq!(run(["learn", "--quiet", &capture, "--state", path]).code, Some(0));
    fs::set_permissions(&state, fs::Permissions::from_mode(0o000)).unwrap();
    let ran = run_without_privilege(directory.path(), &["baseline", "show", "--state", path]);
    refused(&ran, 5, &["cannot be read (permission denied)", "as its owner"]);
}
