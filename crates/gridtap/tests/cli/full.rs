//! A disk that fills under the running service: it hears on, says so, promises nothing that it cannot keep, and makes up
//! for it when there is room again.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use gridtap_store::{Filter, Page, Store};
use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};

use crate::receiver::Receiver;
use crate::run::gridtap;
use crate::service::{Site, answered, assert_told, stopped};
use crate::traffic::{DEVICES, PCAP_HEAD, Traffic, record};

const LOOKS: u32 = 1200;
const WHILE: Duration = Duration::from_millis(50);
const START_US: u64 = 1_714_564_800_000_000;

/// A service whose state is on a small disk of its own, which nobody else sees.
struct Cramped {
    child: Child,
    pipe: ChildStdin,
    /// The small disk, as it is seen from here.
    disk: PathBuf,
}

impl Cramped {
    /// Nothing where this machine lets nobody make one.
    fn start(site: &Site, settings: &Path) -> Option<Self> {
        let disk = site.directory.path().join("disk");
        fs::create_dir(&disk).unwrap();
        let mount = format!("mount -t tmpfs -o size=3m,mode=700 tmpfs {}", disk.display());
        let unshare = || {
            let mut unshare = Command::new("unshare");
            unshare.args(["--user", "--map-root-user", "--mount", "sh", "-c"]);
            unshare
        };
        if !unshare().arg(&mount).output().is_ok_and(|tried| tried.status.success()) {
            println!("not run: nobody may mount here");
            return None;
        }
        let program = gridtap(["monitor"]);
        let state = site.state();
        let script = format!(
            "{mount} && cp -r {} {}/state && exec {} monitor --serve --read - --state {}/state --config {}",
            state.display(),
            disk.display(),
            program.get_program().display(),
            disk.display(),
            settings.display()
        );
        let mut command = unshare();
        command.arg(script).stdin(Stdio::piped()).stderr(Stdio::piped()).stdout(Stdio::null());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("GRIDTAP_")) {
            command.env_remove(name);
        }
        let mut child = command.spawn().unwrap();
        let mut pipe = child.stdin.take().unwrap();
        pipe.write_all(&PCAP_HEAD).unwrap();
        write(&mut pipe, &Traffic::polls(200));
        let seen = format!("/proc/{}/root{}", child.id(), disk.display());
        let cramped = Self { child, pipe, disk: seen.into() };
        until("the service", || cramped.state().join("gridtap.api").exists());
        Some(cramped)
    }

    fn state(&self) -> PathBuf {
        self.disk.join("state")
    }

    /// A stranger of its own switches a coil.
    fn hears(&mut self, nth: u8) {
        let mut traffic = Traffic::default();
        traffic.switches(300.5 + 2.0 * f64::from(nth), [10, 0, 1, nth].into(), DEVICES[0]);
        write(&mut self.pipe, &traffic);
    }

    /// Takes all the room there is.
    fn fill(&self) {
        let mut file =
            fs::OpenOptions::new().create(true).append(true).open(self.filler()).unwrap();
        for size in [65_536, 4096, 512, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
    }

    fn filler(&self) -> PathBuf {
        self.disk.join("filler")
    }

    /// The status, the head and the body of an answer.
    fn asked(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, String, Value) {
        let (status, head, body) = answered(None, &self.state(), method, path, body);
        (status, head.to_ascii_lowercase(), serde_json::from_str(&body).unwrap_or_default())
    }

    /// The state as it is at one moment, elsewhere: SQLite does not find its way to a disk that is not mounted here.
    fn copied(&self) -> (TempDir, Store) {
        let copy = tempdir().unwrap();
        let pid = self.child.id().to_string();
        let signal = |name: &str| {
            assert!(Command::new("kill").args([name, &pid]).status().unwrap().success())
        };
        signal("-STOP");
        for file in ["gridtap.db", "gridtap.db-wal"] {
            fs::copy(self.state().join(file), copy.path().join(file)).unwrap();
        }
        signal("-CONT");
        let store = Store::read(copy.path()).unwrap();
        (copy, store)
    }

    fn troubles(&self) -> String {
        self.asked("GET", "/api/v1/health", None).2["degraded"].to_string()
    }
}

fn write(pipe: &mut ChildStdin, traffic: &Traffic) {
    for (us, frame) in &traffic.frames {
        pipe.write_all(&record(START_US + us, frame)).unwrap();
    }
    pipe.flush().unwrap();
}

fn until(what: &str, mut is: impl FnMut() -> bool) {
    for _ in 0..LOOKS {
        if is() {
            return;
        }
        std::thread::sleep(WHILE);
    }
    panic!("{what}: it did not come");
}

fn sources(receiver: &Receiver) -> BTreeSet<String> {
    let got = receiver.got();
    let sources = got.iter().filter_map(|got| got.data["source"].as_str());
    sources.map(|source| source.split(':').next().unwrap().to_owned()).collect()
}

fn hears_of(receiver: &Receiver, nth: u8) -> bool {
    sources(receiver).contains(&format!("10.0.1.{nth}"))
}

#[test]
fn when_the_disk_fills_the_service_hears_on_and_everything_is_stored_and_told_once_there_is_room() {
    let site = Site::new(0);
    let receiver = Receiver::start(|_| 204);
    let settings = site.settings(&receiver, "[api]\nlisten = \"127.0.0.1:0\"\n");
    let Some(mut service) = Cramped::start(&site, &settings) else { return };
    service.hears(1);
    until("the first finding", || hears_of(&receiver, 1));
    let id = receiver.got()[0].data["id"].as_str().unwrap().to_owned();

    service.fill();
    service.hears(2);
    // What is left of the log of the database is used up, and then nothing can be written.
    let path = format!("/api/v1/anomalies/{id}/actions");
    let mut promised = Vec::new();
    let mut refused = None;
    for nth in 0..2000 {
        let comment = format!("remark {nth} {}", "x".repeat(1000));
        let action = json!({ "action": "comment", "comment": comment });
        let (status, head, body) = service.asked("POST", &path, Some(&action));
        if status == 200 {
            promised.push(comment);
            continue;
        }
        assert_eq!(status, 503, "{head}\n{body}");
        assert!(head.contains("\r\nretry-after: "), "{head}");
        assert_eq!(body["error"]["code"], "store_unavailable", "{body}");
        refused = Some(comment);
        break;
    }
    let refused = refused.expect("a full disk takes no remarks");
    until("the trouble", || service.troubles().contains("full"));
    // It hears on.
    for nth in 3..=6 {
        service.hears(nth);
    }
    let (status, _, _) = service.asked("GET", "/readyz", None);
    assert_eq!(status, 503, "whoever watches is told");
    let (status, _, metrics) = service.asked("GET", "/healthz", None);
    assert_eq!(status, 200, "it is alive all the same: {metrics}");
    assert!(!hears_of(&receiver, 6), "what is not stored is not told");

    fs::remove_file(service.filler()).unwrap();
    until("all findings", || (2..=6).all(|nth| hears_of(&receiver, nth)));
    until("the end of the trouble", || !service.troubles().contains("full"));
    until("the last delivery", || {
        let (_copy, store) = service.copied();
        store.queues().unwrap().iter().all(|queue| queue.waiting == 0)
    });
    let (_copy, store) = service.copied();
    let kept: BTreeSet<String> =
        store.history_of(&id).unwrap().into_iter().map(|each| each.comment).collect();
    for comment in &promised {
        assert!(kept.contains(comment), "what was answered 200 is there");
    }
    assert!(!kept.contains(&refused), "what was refused is not");
    let all = Page { limit: 1000, ..Page::default() };
    let anomalies = store.find(&Filter::default(), &all).unwrap();
    let anomalies: BTreeSet<String> = anomalies.into_iter().map(|each| each.id).collect();
    let got = receiver.got();
    assert_told(&anomalies, &got);
    let ids: BTreeSet<&String> = got.iter().map(|got| &got.id).collect();
    assert_eq!(ids.len(), got.len(), "each was told once");
    assert!(store.check(None).unwrap().faults.is_empty());
    drop(service.pipe);
    let ran = stopped(service.child);
    assert!(matches!(ran.code, Some(0 | 4)), "{ran:?}");
}
