//! Directories in which other programs' captures rotate, followed by the shipped binary.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::live::{in_namespace, packets, send, stopped};
use crate::machine::{gridtap, root};
use crate::stage::{Recording, Running, Service, patience};

/// The files of a directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("a directory");
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    files
}

/// A program that writes what `mirror` hears.
fn recorder(program: &str, arguments: &[&str], into: &Path) -> Running {
    let mut command = Command::new(program);
    command.args(["-i", "mirror"]).args(arguments).arg("-w").arg(into);
    let sockets =
        || fs::read_to_string("/proc/thread-self/net/packet").expect("Linux").lines().count();
    let before = sockets();
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect(program);
    let child = Running(Some(child));
    patience("it records", || (sockets() > before).then_some(()));
    child
}

/// What is decoded while a program records equals what is decoded of all that it recorded, put together by others.
fn is_decoded_as_the_whole(program: &str, arguments: &[&str], name: &str, least_files: usize) {
    let folder = tempfile::tempdir().expect("a directory");
    let captures = folder.path().join("captures");
    fs::create_dir(&captures).expect("a directory");
    let out = folder.path().join("out");
    let mut decode = gridtap();
    decode.arg("decode").arg("--follow").arg(&captures).stderr(Stdio::piped());
    let follower = decode.stdout(fs::File::create(&out).expect("a file")).spawn().expect("gridtap");
    let mut follower = Running(Some(follower));
    let demo = Recording::read(&root().join("fixtures/demo.pcapng")).first(6_000);
    let count = demo.frames.len().to_string();
    let all = [&["-c", count.as_str()], arguments].concat();
    let mut recorder = recorder(program, &all, &captures.join(name));
    let (one, other) = demo.halves();
    for part in [one.halves(), other.halves()].iter().flat_map(|(one, two)| [one, two]) {
        send(part);
        // Some rotate by the clock.
        let second = || std::time::UNIX_EPOCH.elapsed().expect("after 1970").as_secs();
        let sent = second();
        patience("two seconds pass", || (second() > sent + 1).then_some(()));
    }
    patience("everything is recorded", || {
        recorder.0.as_mut()?.try_wait().expect("it is our child")
    });
    let whole = folder.path().join("whole.pcapng");
    patience("it packed the last but one", || {
        (!files(&captures).iter().any(|file| {
            file.extension().is_some_and(|end| end == "gz") && file.with_extension("").exists()
        }))
        .then_some(())
    });
    let parts = files(&captures);
    assert!(parts.len() >= least_files, "{parts:?}");
    let merged = Command::new("mergecap").arg("-w").arg(&whole).args(&parts).output();
    assert!(merged.expect("mergecap").status.success());
    let of_whole = gridtap().arg("decode").arg(&whole).output().expect("gridtap").stdout;
    let of_whole = String::from_utf8(of_whole).expect("JSON");
    let lines = of_whole.lines().count();
    assert!(lines > 2_000, "{lines}");
    patience("everything is decoded", || {
        let text = fs::read_to_string(&out).expect("a file");
        (text.lines().count() >= lines).then_some(())
    });
    let (_, said) = stopped(follower.0.take().expect("it runs"));
    assert_eq!(said, "");
    assert!(fs::read_to_string(&out).expect("a file") == of_whole, "other lines than of the whole");
}

#[test]
fn what_tcpdump_rotates_and_packs_is_decoded_as_the_whole_is() {
    in_namespace(|| {
        let arguments = ["-Z", "root", "-B", "65536", "-G", "1", "-z", "gzip"];
        is_decoded_as_the_whole("tcpdump", &arguments, "part-%s.pcap", 4);
    });
}

#[test]
fn what_dumpcap_rotates_is_decoded_as_the_whole_is() {
    in_namespace(|| {
        let arguments = ["-q", "-B", "64", "-b", "filesize:60"];
        is_decoded_as_the_whole("dumpcap", &arguments, "part.pcapng", 5);
    });
}

#[test]
fn a_service_goes_on_after_a_restart_and_hears_nothing_twice() {
    let demo = Recording::read(&root().join("fixtures/demo.pcapng")).first(4_000);
    let (first, second) = demo.halves();
    let captures = tempfile::tempdir().expect("a directory");
    let path = captures.path();
    let settings = format!(
        "[service]\nname = \"north\"\nfollow = [{path:?}]\n[api]\nlisten = \"127.0.0.1:0\"\n"
    );
    let mut service = Service::start(&settings, &[]);
    let heard = |service: &Service, count: usize| {
        let count = u64::try_from(count).expect("a count");
        let name = path.display().to_string();
        patience("that is heard", || {
            let packets = packets(service, &name);
            assert!(packets <= count, "{packets} where there are {count}");
            (packets == count).then_some(())
        });
    };
    first.write(path, "one.pcap");
    let half = second.halves();
    half.0.write(path, "two.pcap.tmp");
    heard(&service, first.frames.len());
    fs::rename(path.join("two.pcap.tmp"), path.join("two.pcap")).expect("it is there");
    heard(&service, demo.frames.len() - half.1.frames.len());
    service.restart();
    // The last file grows, its frames behind those that were heard.
    let mut file = fs::OpenOptions::new().append(true).open(path.join("two.pcap")).expect("a file");
    file.write_all(half.1.octets().get(24..).expect("a header")).expect("there is room");
    heard(&service, half.1.frames.len());
    service.restart();
    demo.later(3_600_000_000_000).write(path, "three.pcap");
    heard(&service, demo.frames.len());

    fs::rename(path, path.with_extension("aside")).expect("it is there");
    patience("the service says that it is gone", || {
        let health = service.get("/api/v1/health");
        health["degraded"].to_string().contains("down or gone").then_some(())
    });
    fs::rename(path.with_extension("aside"), path).expect("it is there");
    patience("and that it is back", || {
        let health = service.get("/api/v1/health");
        (!health["degraded"].to_string().contains("down or gone")).then_some(())
    });
}

#[test]
fn check_config_says_of_a_directory_that_it_is_not_there() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("gridtap.toml");
    fs::write(&path, "[service]\nfollow = [\"/absent/captures\"]\n").expect("a file");
    let checked =
        gridtap().args(["check-config", "--config"]).arg(&path).output().expect("gridtap");
    assert_eq!(checked.status.code(), Some(3));
    let said = String::from_utf8_lossy(&checked.stderr);
    let sentence = "service.follow: /absent/captures: there is no such directory";
    assert!(said.contains("gridtap.toml:2") && said.contains(sentence), "{said}");
}
