//! Other settings while the service runs: taken whole or not at all, and nothing is lost by it.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gridtap_store::Store;
use serde_json::{Value, json};

use crate::receiver::Receiver;
use crate::run::{gridtap, run};
use crate::service::{Site, asked, stopped};
use crate::traffic::{DEVICES, PCAP_HEAD, Traffic, record};

const LOOKS: u32 = 1200;
const WHILE: Duration = Duration::from_millis(50);

/// A service that hears a pipe, with what it says on its log and to its supervisor.
struct Running {
    child: Child,
    pipe: ChildStdin,
    log: Arc<Mutex<String>>,
    told: UnixDatagram,
    state: PathBuf,
}

/// The moment after what was learned: packets come at the time of their capture.
const START_US: u64 = 1_714_564_800_000_000;

impl Running {
    fn start(site: &Site, settings: &Path) -> Self {
        let socket = site.directory.path().join("notify");
        let told = UnixDatagram::bind(&socket).unwrap();
        told.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut command = gridtap(["monitor", "--read", "-", "--config"]);
        command.arg(settings).env("NOTIFY_SOCKET", &socket);
        command.stdin(Stdio::piped()).stderr(Stdio::piped()).stdout(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut pipe = child.stdin.take().unwrap();
        // A pipe says what it carries before the service is ready.
        pipe.write_all(&PCAP_HEAD).unwrap();
        for (us, frame) in &Traffic::polls(200).frames {
            pipe.write_all(&record(START_US + us, frame)).unwrap();
        }
        pipe.flush().unwrap();
        let log: Arc<Mutex<String>> = Arc::default();
        let (kept, lines) = (Arc::clone(&log), BufReader::new(child.stderr.take().unwrap()));
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                kept.lock().unwrap().push_str(&format!("{line}\n"));
            }
        });
        let running = Self { child, pipe, log, told, state: site.state() };
        running.until_told("READY=1");
        running
    }

    /// Waits for a word to the supervisor, and gives the whole message.
    fn until_told(&self, word: &str) -> String {
        let mut message = [0; 4096];
        loop {
            let length = self.told.recv(&mut message).expect("a word to the supervisor");
            let text = String::from_utf8_lossy(&message[..length]).into_owned();
            if text.contains(word) {
                return text;
            }
        }
    }

    /// Asks for a reload, and waits until the service says that it is done.
    fn reload(&self) -> String {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
        let begun = self.until_told("RELOADING=1");
        assert!(begun.contains("MONOTONIC_USEC="), "{begun}");
        self.until_told("READY=1")
    }

    /// Somebody switches a coil, at a second.
    fn hears(&mut self, at: f64, who: [u8; 4], device: usize) {
        let mut traffic = Traffic::default();
        traffic.switches(at, who.into(), DEVICES[device]);
        for (us, frame) in &traffic.frames {
            self.pipe.write_all(&record(START_US + us, frame)).unwrap();
        }
        self.pipe.flush().unwrap();
    }

    fn health(&self) -> Value {
        let (status, text) = asked(&self.state, "GET", "/api/v1/health", None);
        assert_eq!(status, 200, "{text}");
        serde_json::from_str(&text).unwrap()
    }

    fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    fn stop(self) {
        drop(self.pipe);
        let ran = stopped(self.child);
        assert!(matches!(ran.code, Some(0 | 4)), "{ran:?}");
    }
}

fn until(what: &str, is: impl Fn() -> bool) {
    for _ in 0..LOOKS {
        if is() {
            return;
        }
        std::thread::sleep(WHILE);
    }
    panic!("{what}: it did not come");
}

/// What a receiver got of a host.
fn kinds(receiver: &Receiver, source: &str) -> Vec<String> {
    let of = |data: &Value| data["source"].as_str().is_some_and(|text| text.starts_with(source));
    receiver.got().iter().filter(|got| of(&got.data)).map(|got| got.kind.clone()).collect()
}

fn reloads(state: &Path) -> Vec<(String, String)> {
    let rows = Store::read(state).unwrap().audit_log(0, 1000).unwrap();
    let reloads = rows.into_iter().filter(|each| each.row.action == "reload");
    reloads.map(|each| (each.row.outcome, each.row.detail)).collect()
}

fn token(name: &str, text: &str, site: &Site) -> String {
    let path = site.directory.path().join(name);
    fs::write(&path, text).unwrap();
    format!("[[api.token]]\nname = \"{name}\"\nrole = \"operator\"\ntoken_file = {path:?}\n")
}

/// A request with a token of its own, on a connection that stays.
fn health_by(stream: &mut TcpStream, token: &str) -> u16 {
    let head = format!(
        "GET /api/v1/health HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut status, mut length) = (0, 0);
    loop {
        let mut line = String::new();
        assert!(reader.read_line(&mut line).unwrap() > 0, "the connection was cut");
        let line = line.trim_end().to_ascii_lowercase();
        if let Some(rest) = line.strip_prefix("http/1.1 ") {
            status = rest.get(..3).unwrap().parse().unwrap();
        }
        if let Some(rest) = line.strip_prefix("content-length: ") {
            length = rest.parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    reader.read_exact(&mut vec![0; length]).unwrap();
    status
}

#[test]
fn a_window_of_the_command_line_is_taken_by_the_running_service() {
    let site = Site::new(1);
    let receiver = Receiver::start(|_| 204);
    let settings = site.settings(&receiver, "[api]\nlisten = \"127.0.0.1:0\"\n");
    let mut running = Running::start(&site, &settings);
    let config = settings.to_str().unwrap();
    let state = running.state.to_str().unwrap().to_owned();
    let added = run([
        "windows",
        "add",
        "--config",
        config,
        "--state",
        &state,
        "--name",
        "plan 17",
        "--from",
        "2024-05-01T12:05:00Z",
        "--to",
        "2024-05-01T13:00:00Z",
        "--source",
        "10.0.1.2",
        "--reason",
        "x",
    ]);
    assert_eq!(added.code, Some(0), "{added:?}");
    let process = running.child.id();
    assert!(added.out.contains(&format!("(process {process}) was asked to take it")), "{added:?}");
    running.until_told("RELOADING=1");
    running.until_told("READY=1");
    assert_eq!(reloads(&running.state)[0].0, "done");
    running.hears(310.5, [10, 0, 1, 2], 0);
    running.hears(312.5, [10, 0, 1, 3], 0);
    until("the finding of another", || !kinds(&receiver, "10.0.1.3:").is_empty());
    until("what the window names", || !kinds(&receiver, "10.0.1.2:").is_empty());
    assert_eq!(kinds(&receiver, "10.0.1.2:"), ["anomaly.suppressed"]);
    let listed = run(["windows", "list", "--config", config, "--state", &state]);
    assert!(listed.out.contains("suppressed 1 anomaly"), "{listed:?}");
    running.stop();
}

#[test]
fn a_reload_takes_receivers_tokens_and_windows_and_cuts_nobody_off() {
    let site = Site::new(1);
    let (first, second) = (Receiver::start(|_| 204), Receiver::start(|_| 204));
    let old = token("desk", "desk-0123456789-0123456789-x", &site);
    let settings = site.settings(&first, &format!("[api]\nlisten = \"127.0.0.1:0\"\n{old}"));
    let mut running = Running::start(&site, &settings);
    running.hears(300.5, [10, 0, 1, 1], 0);
    until("the first finding", || !kinds(&first, "10.0.1.1:").is_empty());
    let note: Value =
        serde_json::from_slice(&fs::read(running.state.join("gridtap.api")).unwrap()).unwrap();
    let mut stream = TcpStream::connect(note["address"].as_str().unwrap()).unwrap();
    assert_eq!(health_by(&mut stream, "desk-0123456789-0123456789-x"), 200);

    // A planner drops a window in, a second receiver comes, one token goes and another comes.
    let text = fs::read_to_string(&settings).unwrap();
    let new = token("night-desk", "night-0123456789-0123456789", &site);
    fs::write(&settings, text.replace(&old, &new)).unwrap();
    fs::create_dir(site.directory.path().join("conf.d")).unwrap();
    let secret = site.directory.path().join("secret");
    let receiver = format!(
        "[[notify.endpoint]]\nname = \"second\"\nurl = \"http://{}/hook\"\nplain_http = true\nsecret_files = [{secret:?}]\n",
        second.address
    );
    fs::write(site.directory.path().join("conf.d/second.toml"), receiver).unwrap();
    let window = "[[window]]\nname = \"plan 17\"\nstart = 2024-05-01T12:05:00Z\nend = 2024-05-01T13:00:00Z\n\
                  sources = [\"10.0.1.2\"]\ntargets = [\"10.0.0.21\"]\nreason = \"x\"\nby = \"y\"\n";
    fs::write(site.directory.path().join("conf.d/window.toml"), window).unwrap();
    let told = running.reload();
    assert!(told.contains("STATUS=the settings were reloaded"), "{told}");

    // The connection stands; whom it lets in is as it is now.
    assert_eq!(health_by(&mut stream, "desk-0123456789-0123456789-x"), 401);
    assert_eq!(health_by(&mut stream, "night-0123456789-0123456789"), 200);
    running.hears(310.5, [10, 0, 1, 2], 0);
    running.hears(312.5, [10, 0, 1, 3], 1);
    until("the second receiver", || !kinds(&second, "10.0.1.3:").is_empty());
    until("the first receiver", || !kinds(&first, "10.0.1.3:").is_empty());
    until("what was declared", || !kinds(&first, "10.0.1.2:").is_empty());
    assert_eq!(kinds(&first, "10.0.1.2:"), ["anomaly.suppressed"]);
    assert!(kinds(&second, "10.0.1.1:").is_empty(), "what was before it is none of its news");
    let state = running.state.clone();
    assert!(running.log().contains("the settings were reloaded: "), "{}", running.log());
    running.stop();
    let reloads = reloads(&state);
    assert_eq!(reloads.len(), 1);
    assert_eq!(reloads[0].0, "done");
    for key in ["api.token[0].name", "notify.endpoint[1].name", "window[0].name"] {
        assert!(reloads[0].1.contains(key), "{reloads:?}");
    }
    let all: Vec<_> = first.got().iter().map(|got| got.id.clone()).collect();
    let once: std::collections::BTreeSet<_> = all.iter().collect();
    assert_eq!(all.len(), once.len(), "nothing was sent twice");
}

#[test]
fn settings_with_a_fault_are_not_taken_and_the_sensor_says_so_until_they_are_mended() {
    let site = Site::new(1);
    let receiver = Receiver::start(|_| 204);
    let settings = site.settings(&receiver, "[api]\nlisten = \"127.0.0.1:0\"\n");
    let running = Running::start(&site, &settings);
    let good = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, good.replace("name = \"north\"", "nmae = \"south\"")).unwrap();
    let told = running.reload();
    assert!(
        told.contains("STATUS=the settings were not reloaded: ") && told.contains("did you mean"),
        "{told}"
    );
    until("the trouble", || {
        running.health()["degraded"].to_string().contains("gridtap check-config")
    });
    let health = running.health();
    assert_eq!(health["site"], "north", "those from before hold");
    assert!(running.log().contains("service.nmae is not a setting"), "{}", running.log());
    until("sensor.degraded", || receiver.got().iter().any(|got| got.kind == "sensor.degraded"));

    fs::write(&settings, good.replace("name = \"north\"", "name = \"south\"")).unwrap();
    assert!(running.reload().contains("were reloaded"));
    until("the name", || running.health()["site"] == "south");
    until("the end of the trouble", || {
        !running.health()["degraded"].to_string().contains("check-config")
    });
    until("sensor.recovered", || receiver.got().iter().any(|got| got.kind == "sensor.recovered"));
    let state = running.state.clone();
    running.stop();
    let outcomes: Vec<String> = reloads(&state).into_iter().map(|(outcome, _)| outcome).collect();
    assert_eq!(outcomes, ["refused", "done"]);
}

#[test]
fn what_waits_for_a_restart_is_named_every_time_and_the_rest_is_taken() {
    let site = Site::new(1);
    let receiver = Receiver::start(|_| 204);
    let settings = site.settings(&receiver, "[api]\nlisten = \"127.0.0.1:0\"\n");
    let running = Running::start(&site, &settings);
    let good = fs::read_to_string(&settings).unwrap();
    let changed = good.replace("flood_incidents = 1000", "flood_incidents = 999");
    fs::write(&settings, changed.replace("name = \"north\"", "name = \"south\"")).unwrap();
    for _ in 0..2 {
        running.reload();
    }
    until("the name", || running.health()["site"] == "south");
    let log = running.log();
    assert_eq!(
        log.matches("these settings wait for a restart: detect.flood_incidents").count(),
        2,
        "{log}"
    );
    let state = running.state.clone();
    running.stop();
    let details: Vec<String> = reloads(&state).into_iter().map(|(_, detail)| detail).collect();
    assert_eq!(details[0], "service.name; waits for a restart: detect.flood_incidents");
    assert!(
        details[1].starts_with("no value changed; files that they name were read anew; waits"),
        "{details:?}"
    );
}

#[test]
fn a_service_over_captures_reloads_as_well_and_after_their_end() {
    let site = Site::new(2);
    let receiver = Receiver::start(|_| 204);
    let settings = site.settings(&receiver, "[api]\nlisten = \"127.0.0.1:0\"\n");
    let mut child = site.service(&settings, "5000").spawn().unwrap();
    site.wait_until_told(&mut child, None);
    let good = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, good.replace("name = \"north\"", "name = \"south\"")).unwrap();
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
    let state = site.state();
    until("the reload", || !reloads(&state).is_empty());
    let (_, text) = asked(&state, "GET", "/api/v1/anomalies?limit=1", None);
    let found: Value = serde_json::from_str(&text).unwrap();
    let id = found["anomalies"][0]["id"].as_str().unwrap();
    let before = receiver.got().len();
    let action = json!({ "action": "acknowledge", "comment": "seen" });
    let (status, text) =
        asked(&state, "POST", &format!("/api/v1/anomalies/{id}/actions"), Some(&action));
    assert_eq!(status, 200, "{text}");
    until("the news", || receiver.got().len() > before);
    assert_eq!(
        receiver.got().last().unwrap().data["site"],
        "south",
        "messages carry what holds now"
    );
    assert_eq!(stopped(child).code, Some(0));
}
