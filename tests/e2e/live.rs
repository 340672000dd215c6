//! Interfaces heard by the shipped binary, in a network namespace that each test makes for itself.

use std::fs;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::machine::{gridtap, root};
use crate::stage::{Host, Recording, Running, Service, Session, modbus, patience, web};

/// Runs in a namespace of its own, on a thread of its own, with a pair of virtual Ethernets: what is sent at `field` is
/// heard at `mirror`.
pub(crate) fn in_namespace(test: impl FnOnce() + Send + 'static) {
    // What has to be built is built where there is a network.
    drop(gridtap());
    let ran = std::thread::spawn(move || {
        if let Err(error) = nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET) {
            println!("not run: a network namespace needs root here ({error})");
            return;
        }
        fs::write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1").expect("our own namespace");
        ip("link set lo up");
        pair();
        test();
    });
    ran.join().expect("the test");
}

fn ip(arguments: &str) {
    let done = Command::new("ip").args(arguments.split(' ')).output().expect("iproute2");
    assert!(done.status.success(), "ip {arguments}: {}", String::from_utf8_lossy(&done.stderr));
}

fn pair() {
    ip("link add field type veth peer name mirror");
    ip("link set field up");
    ip("link set mirror up");
}

/// Sends the frames of a capture as they are, with Python: gridtap can send nothing.
pub(crate) fn send(recording: &Recording) {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("frames");
    let mut octets = Vec::new();
    for frame in &recording.frames {
        octets.extend(u32::try_from(frame.bytes.len()).expect("a frame").to_le_bytes());
        octets.extend(&frame.bytes);
    }
    fs::write(&path, octets).expect("a file");
    let sent = Command::new("python3")
        .arg(root().join("tests/peers/send_frames.py"))
        .args(["field".as_ref(), path.as_os_str()])
        .output()
        .expect("python3");
    assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
}

/// Frames that were sent at the end that is listened to.
fn sent_by_mirror() -> u64 {
    let text = fs::read_to_string("/proc/thread-self/net/dev").expect("Linux");
    let row = text.lines().find(|line| line.trim_start().starts_with("mirror:")).expect("a pair");
    row.split_ascii_whitespace().nth(10).and_then(|word| word.parse().ok()).expect("a count")
}

pub(crate) fn stopped(mut child: Child) -> (Option<i32>, String) {
    let id = child.id().to_string();
    let asked = Command::new("kill").args(["-INT", &id]).status().expect("kill");
    assert!(asked.success());
    let code = child.wait().expect("it is our child").code();
    let mut said = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        std::io::Read::read_to_string(&mut stderr, &mut said).expect("text");
    }
    (code, said)
}

/// Messages without what is the sensor's own: when a frame came.
fn messages(text: &str) -> Vec<Value> {
    let message = |line: &str| {
        let mut message: Value = serde_json::from_str(line).expect("a line of JSON");
        for part in ["", "modbus", "dnp3"] {
            let part = if part.is_empty() { Some(&mut message) } else { message.get_mut(part) };
            if let Some(Value::Object(fields)) = part {
                for time in ["time", "latency_us"] {
                    fields.remove(time);
                }
            }
        }
        message
    };
    text.lines().map(message).collect()
}

/// Waits for a socket of AF_PACKET in this namespace that is bound: one that is only open hears nothing yet.
fn until_heard() {
    patience("gridtap hears", || {
        let sockets = fs::read_to_string("/proc/thread-self/net/packet").expect("Linux");
        let is_running = |line: &str| line.split_whitespace().nth(5) == Some("1");
        sockets.lines().skip(1).any(is_running).then_some(())
    });
}

#[test]
fn an_interface_is_decoded_as_its_capture_is_and_nothing_is_sent() {
    in_namespace(|| {
        let demo = root().join("fixtures/demo.pcapng");
        let folder = tempfile::tempdir().expect("a directory");
        let some = Recording::read(&demo).first(6000);
        let file = some.write(folder.path(), "some.pcap");
        let of_file = gridtap().arg("decode").arg(&file).output().expect("gridtap");
        let of_file = String::from_utf8(of_file.stdout).expect("JSON");

        let out = folder.path().join("out");
        let heard = fs::File::create(&out).expect("a file");
        let mut decode = gridtap();
        decode.args(["decode", "--interface", "mirror"]).stdout(heard).stderr(Stdio::piped());
        let child = decode.spawn().expect("gridtap");
        until_heard();
        send(&some);
        let lines = of_file.lines().count();
        patience("everything is heard", || {
            let text = fs::read_to_string(&out).expect("a file");
            (text.lines().count() >= lines).then_some(())
        });
        let (_, said) = stopped(child);
        assert_eq!(said, "");
        let of_interface = fs::read_to_string(&out).expect("a file");
        assert!(lines > 2000);
        assert_eq!(messages(&of_interface), messages(&of_file));
        assert_eq!(sent_by_mirror(), 0);
    });
}

#[test]
fn an_overrun_ring_is_told_with_how_much_was_lost_and_over_again() {
    in_namespace(|| {
        let demo = Recording::read(&root().join("fixtures/demo.pcapng"));
        let folder = tempfile::tempdir().expect("a directory");
        let out = folder.path().join("out");
        let mut monitor = gridtap();
        monitor.args([
            "monitor",
            "--interface",
            "mirror",
            "--json",
            "--set",
            "tap.ring_bytes=1048576",
        ]);
        monitor.stdout(fs::File::create(&out).expect("a file")).stderr(Stdio::piped());
        let mut running = Running(Some(monitor.spawn().expect("gridtap")));
        let id = running.0.as_ref().expect("it runs").id().to_string();
        let signal = |name: &str| {
            let done = Command::new("kill").args([name, &id]).status().expect("kill");
            assert!(done.success());
        };
        until_heard();
        send(&demo.first(500));
        // It is given no time, and the ring has no room for all of this.
        signal("-STOP");
        send(&demo.first(20_000));
        signal("-CONT");
        let overload = |state: &str| {
            patience(state, || {
                let text = fs::read_to_string(&out).expect("a file");
                let lines = text.lines().filter_map(|line| serde_json::from_str(line).ok());
                let is_it = |each: &Value| each["detection"] == "OT-29" && each["state"] == state;
                lines.into_iter().find(is_it)
            })
        };
        let lost = |record: &Value| -> u64 {
            let observed = record["observed"].as_str().expect("a sentence").to_owned();
            let words: Vec<_> = observed.split(' ').collect();
            let at = words.iter().position(|word| *word == "packets").expect(&observed);
            assert_eq!(
                words.get(at + 1..at + 4),
                Some(&["in", "the", "kernel's"][..]),
                "{observed}"
            );
            words[at - 1].parse().expect("a count")
        };
        let opened = overload("unacknowledged-active");
        assert!(lost(&opened) > 1_000, "{opened}");
        // What comes then is judged as ever: an order to say nothing any more.
        let (master, device) = (host([10, 71, 81, 9], 40_000), host([10, 71, 81, 170], 502));
        let silence = modbus(7, 31, 8, &[0, 4, 0, 0]);
        let frames = Session::new(master, device, 0).opened().asked(&silence).closed().frames;
        send(&Recording { frames });
        patience("the command is told", || {
            let text = fs::read_to_string(&out).expect("a file");
            // Nothing is learned yet: what is told then rests on the command alone.
            let is_it = |line: &str| line.contains("10.71.81.9:") && line.contains("\"MB-2");
            text.lines().any(is_it).then_some(())
        });
        let cleared = overload("unacknowledged-cleared");
        assert!(lost(&cleared) >= lost(&opened), "{cleared}");
        let (code, said) = stopped(running.0.take().expect("it runs"));
        assert_eq!(code, Some(130));
        assert!(said.contains("packets in the kernel's ring were lost"), "{said}");
    });
}

fn host(ip: [u8; 4], port: u16) -> Host {
    Host { mac: [2, 0, ip[0], ip[1], ip[2], ip[3]], ip, port }
}

const SETTINGS: &str = r#"
[service]
name = "north"
interfaces = ["mirror"]
silent_after = "3s"
[api]
listen = "127.0.0.1:0"
"#;

/// What the sensor says is wrong with it.
fn degraded(service: &Service) -> String {
    let health = service.get("/api/v1/health");
    health["degraded"].as_array().expect("a list").iter().map(Value::to_string).collect()
}

pub(crate) fn packets(service: &Service, interface: &str) -> u64 {
    let (_, text) = web::get(&service.address, "/metrics");
    let name = format!("gridtap_capture_packets_total{{interface=\"{interface}\"}} ");
    let count = text.lines().find_map(|line| line.strip_prefix(&name)).unwrap_or("0");
    count.parse().expect("a count")
}

#[test]
fn a_service_waits_for_an_interface_that_vanishes_and_hears_it_again() {
    in_namespace(|| {
        let some = Recording::read(&root().join("fixtures/demo.pcapng")).first(200);
        let service = Service::start(SETTINGS, &[]);
        send(&some);
        patience("the service hears", || (packets(&service, "mirror") == 200).then_some(()));
        patience("and says so", || {
            (service.get("/api/v1/health")["hearing"] == true).then_some(())
        });

        // The right to open interfaces (bit 13) is gone from every thread by then.
        let threads = fs::read_dir(format!("/proc/{}/task", service.id())).expect("Linux");
        for thread in threads.flatten() {
            let status = fs::read_to_string(thread.path().join("status")).unwrap_or_default();
            for set in ["CapEff:", "CapPrm:", "CapAmb:", "CapInh:"] {
                let line = status.lines().find_map(|line| line.strip_prefix(set)).unwrap_or("0");
                let rights = u64::from_str_radix(line.trim(), 16).expect("a set of rights");
                assert_eq!(rights >> 13 & 1, 0, "{set} {line} of {}", thread.path().display());
            }
        }

        ip("link del field");
        let said = patience("the service says so", || {
            Some(degraded(&service)).filter(|said| said.contains("mirror"))
        });
        assert!(said.contains("mirror: down or gone, and waited for"), "{said}");

        pair();
        patience("the service hears again", || {
            // It looks once a second; what comes before is not heard.
            send(&some);
            (packets(&service, "mirror") != 200 && degraded(&service).is_empty()).then_some(())
        });
        patience("silence is told", || {
            degraded(&service).contains("nothing was heard").then_some(())
        });
        assert_eq!(sent_by_mirror(), 0);
    });
}
