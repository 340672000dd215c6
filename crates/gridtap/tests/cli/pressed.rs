//! The service under load: how soon a receiver knows, and whether those who call it keep it from hearing.
//!
//! Nothing is judged by a clock: what was measured is printed (`--nocapture`), for longer runs in a release build with
//! `GRIDTAP_PRESSED=60` (seconds).

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use gridtap_store::Store;
use jiff::Timestamp;
use serde_json::Value;
use tempfile::{TempDir, tempdir};

use crate::receiver::Receiver;
use crate::run::{gridtap, run};
use crate::traffic::{DEVICES, PCAP_HEAD, Traffic, record};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n";

/// For how long it is pressed, in seconds.
fn seconds() -> u32 {
    std::env::var("GRIDTAP_PRESSED").ok().and_then(|text| text.parse().ok()).unwrap_or(2)
}

fn now_us() -> u64 {
    u64::try_from(Timestamp::now().as_microsecond()).unwrap()
}

fn since(from: Timestamp) -> Duration {
    Timestamp::now().duration_since(from).unsigned_abs()
}

/// A state that has learned from five minutes of polls that end now, a secret, and settings.
struct Site {
    directory: TempDir,
}

impl Site {
    fn new(settings: &str) -> Self {
        let directory = tempdir().unwrap();
        let site = Self { directory };
        fs::write(site.path("secret"), SECRET).unwrap();
        let text = settings.replace("SECRET", site.path("secret").to_str().unwrap());
        fs::write(site.path("gridtap.toml"), text).unwrap();
        Traffic::polls(300).write_from(now_us() - 300_000_000, &site.path("learned.pcap"));
        let (learned, state) = (site.path("learned.pcap"), site.path("state"));
        let ran = run([
            "learn",
            learned.to_str().unwrap(),
            "--state",
            state.to_str().unwrap(),
            "--set",
            "baseline.block=10s",
        ]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn service(&self, read: &Path) -> Command {
        let mut command = gridtap(["monitor", "--serve", "--config"]);
        command.arg(self.path("gridtap.toml")).arg("--state").arg(self.path("state"));
        command.arg("--read").arg(read).stdin(Stdio::piped());
        command.stdout(Stdio::null()).stderr(fs::File::create(self.path("log")).unwrap());
        command
    }

    /// Where a service that was just started listens.
    fn address(&self, child: &mut Child) -> String {
        for _ in 0..1200 {
            if let Ok(note) = fs::read(self.path("state").join("gridtap.api")) {
                let note: Value = serde_json::from_slice(&note).unwrap();
                return note["address"].as_str().unwrap().to_owned();
            }
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none(), "{}", fs::read_to_string(self.path("log")).unwrap());
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("it does not listen");
    }
}

/// The times below which so many of a hundred are, and the longest, in milliseconds.
fn spread(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |percent: usize| {
        let time = times[(times.len() * percent / 100).min(times.len() - 1)];
        format!("{:.1}", time.as_secs_f64() * 1000.0)
    };
    format!(
        "{} times: half {} ms, 90 % {} ms, 99 % {} ms, longest {} ms",
        times.len(),
        at(50),
        at(90),
        at(99),
        at(100)
    )
}

const TELLING: &str = r#"
[baseline]
block = "10s"
[detect]
flood_incidents = 100000
flood_anomalies = 100000
flood_targets = 100000
[notify]
targets = ["127.0.0.1"]
[[notify.endpoint]]
name = "noc"
url = "http://RECEIVER/hook"
plain_http = true
secret_files = ["SECRET"]
digest = false
"#;

/// A thousand a minute, each a write by a stranger to a unit that nobody wrote to.
#[test]
fn a_thousand_anomalies_a_minute_reach_their_receiver_one_by_one() {
    let receiver = Receiver::start(|_| 204);
    let site = Site::new(&TELLING.replace("RECEIVER", &receiver.address.to_string()));
    let mut traffic = Traffic::polls(seconds() + 1);
    let writes = seconds() * 1000 / 60;
    for nth in 0..writes {
        let stranger = [10, 0, 0, 100 + u8::try_from(nth / 494).unwrap()].into();
        let unit = u8::try_from(1 + nth % 247).unwrap();
        let device = DEVICES[usize::try_from(nth / 247 % 2).unwrap()];
        let message = [unit, 5, 0, 2, 0xff, 0];
        traffic.exchange(0.5 + f64::from(nth) * 0.06, stranger, device, &message, &message);
    }
    traffic.frames.sort_by_key(|(us, _)| *us);
    let mut child = site.service(Path::new("-")).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(&PCAP_HEAD).unwrap();
    // Each frame is captured when it is due, with that moment as its time.
    let start_us = now_us() + 1_000_000;
    for (us, frame) in &traffic.frames {
        std::thread::sleep(Duration::from_micros((start_us + us).saturating_sub(now_us())));
        pipe.write_all(&record(now_us(), frame)).unwrap();
    }
    let told = || {
        let got = receiver.got().into_iter();
        let is_write = |data: &Value| data["detection"] == "MB-29";
        let got = got.filter(|got| got.kind == "anomaly.opened" && is_write(&got.data));
        got.map(|got| {
            let packet: Timestamp = got.data["time"].as_str().unwrap().parse().unwrap();
            let id = got.data["id"].as_str().unwrap().to_owned();
            (id, got.at.duration_since(packet).unsigned_abs())
        })
        .collect::<BTreeMap<_, _>>()
    };
    for _ in 0..1200 {
        if told().len() >= usize::try_from(writes).unwrap() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let told = told();
    let asked = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(asked.success() && child.wait().unwrap().success());
    println!("packet to first octet of the web hook: {}", spread(told.values().copied().collect()));
    println!("{} deliveries in {} s", receiver.got().len(), seconds());
    assert_eq!(told.len(), usize::try_from(writes).unwrap(), "each by itself");
}

const CALLED: &str = r#"
[baseline]
block = "10s"
[api]
listen = "127.0.0.1:0"
rate_per_second = 100000
rate_burst = 100000
[[api.hook]]
name = "noc"
secret_files = ["SECRET"]
"#;

/// How many hear at once what is refused.
const CALLERS: u64 = 8;

/// A thousand calls of a hook a second until `is_over`, by somebody who does not know its secret; how many were
/// answered, by status.
fn call(address: &str, is_over: &AtomicBool) -> BTreeMap<u16, u64> {
    let turn = AtomicU64::new(0);
    let began = Timestamp::now();
    let caller = || {
        let mut answers: BTreeMap<u16, u64> = BTreeMap::new();
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut reader = BufReader::new(stream);
        while !is_over.load(Ordering::Relaxed) {
            let nth = turn.fetch_add(1, Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(nth).saturating_sub(since(began)));
            let Some(status) = refused(&mut reader, address, nth) else { break };
            *answers.entry(status).or_default() += 1;
        }
        answers
    };
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS).map(|_| scope.spawn(caller)).collect();
        let mut all = BTreeMap::new();
        for (status, count) in callers.into_iter().flat_map(|caller| caller.join().unwrap()) {
            *all.entry(status).or_default() += count;
        }
        all
    })
}

/// One call: wrongly signed, of long ago, or no JSON; none where the service has gone.
fn refused(reader: &mut BufReader<TcpStream>, address: &str, nth: u64) -> Option<u16> {
    let at = Timestamp::now().as_second() - if nth.is_multiple_of(3) { 100_000 } else { 0 };
    let body = if nth.is_multiple_of(2) { "{}".repeat(2000) } else { "[".repeat(4000) };
    let head = format!(
        "POST /api/v1/hooks/noc HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         webhook-id: msg_{nth}\r\nwebhook-timestamp: {at}\r\nwebhook-signature: v1,{}=\r\n\
         content-length: {}\r\n\r\n",
        "A".repeat(43),
        body.len()
    );
    reader.get_mut().write_all([head, body].concat().as_bytes()).ok()?;
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let status = line.split(' ').nth(1)?.parse().ok()?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if line.trim_end().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
            length = value.trim_end().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(status)
}

#[test]
fn a_thousand_refused_calls_a_second_fill_no_disk_and_hearing_goes_on_beside_them() {
    let capture = tempdir().unwrap();
    let capture = capture.path().join("heard.pcap");
    Traffic::polls(seconds() * 10_000).write(&capture);
    let frames = u64::from(seconds()) * 40_000;
    let mut took: [Vec<Duration>; 2] = Default::default();
    for nth in 0..6 {
        let is_pressed = nth % 2 == 1;
        let site = Site::new(CALLED);
        let mut child = site.service(&capture).spawn().unwrap();
        let address = site.address(&mut child);
        let before = Store::read(&site.path("state")).unwrap().octets().unwrap();
        let is_over = AtomicBool::new(false);
        let began = Timestamp::now();
        let answers = std::thread::scope(|scope| {
            let calling = is_pressed.then(|| scope.spawn(|| call(&address, &is_over)));
            let ended = child.wait().unwrap();
            assert!(ended.success(), "{}", fs::read_to_string(site.path("log")).unwrap());
            took[usize::from(is_pressed)].push(since(began));
            is_over.store(true, Ordering::Relaxed);
            calling.map(|calling| calling.join().unwrap()).unwrap_or_default()
        });
        let store = Store::read(&site.path("state")).unwrap();
        let heard = store.captures().unwrap().iter().map(|each| each.frames).max();
        assert_eq!(heard, Some(frames), "every frame was heard");
        if is_pressed {
            let rows = store.audit_log(0, 10_000).unwrap();
            let rows = rows.iter().filter(|row| row.row.via.starts_with("hook")).count();
            let grown = store.octets().unwrap().saturating_sub(before);
            println!("{answers:?}, {rows} rows of the audit log, {grown} octets more");
            assert!(answers.keys().all(|status| *status == 401), "{answers:?}");
            assert!((1..20).contains(&rows), "one a source, reason and minute: {rows}");
            assert!(grown < 1 << 20, "{grown} octets");
        }
    }
    let [alone, pressed] = took.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64()
    });
    println!(
        "{frames} frames heard alone in {alone:.2} s, beside the calls in {pressed:.2} s: {:.2}",
        pressed / alone
    );
}
