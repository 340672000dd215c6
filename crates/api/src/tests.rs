//! What the tests of this crate share: a store, the API over it, and a caller that holds every answer against the
//! document of the interface.

mod acting;
mod alertmanager;
mod commands;
mod decisions;
mod document;
mod grafana;
mod hooks;
mod limits;
mod mattermost;
mod network;
mod page;
mod pagerduty;
mod reading;
mod runbooks;
mod slack;
mod webhooks;

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use gridtap_model::{
    Anomaly, AnomalyId, Armed, Endpoint, IncidentId, Protocol, Severity, State, Timestamp,
};
use gridtap_notify::Couriers;
use gridtap_store::{Batch, Store, StoreError, Writer};
use gridtap_telemetry::{Known, Metrics};
use serde_json::Value;
use tempfile::TempDir;

use crate::{Api, Config, Guide, Health, Network, Parts, Role, Running, Token};

pub(crate) const NOW: Timestamp = Timestamp::from_nanos(1_714_557_600_000_000_000);

pub(crate) const VIEWER: &str = "viewer-0123456789-0123456789";
pub(crate) const OPERATOR: &str = "operator-0123456789-0123456789";
pub(crate) const ENGINEER: &str = "engineer-0123456789-0123456789";
pub(crate) const ADMIN: &str = "admin-0123456789-0123456789";

pub(crate) fn anomaly(nth: u8) -> Anomaly {
    Anomaly {
        id: AnomalyId([nth; 16]),
        incident: IncidentId([nth % 2; 16]),
        revision: 1,
        state: State::UnacknowledgedActive,
        suppressed: None,
        time: NOW.plus_ns(nth.into()),
        last_time: NOW.plus_ns(nth.into()),
        count: 1,
        capture: None,
        frames: vec![4711],
        detection: "MB-29",
        name: "Unauthorised write",
        also: vec!["OT-03"],
        severity: if nth.is_multiple_of(3) { Severity::Critical } else { Severity::Low },
        score: 3.1,
        protocol: Protocol::Modbus,
        zone: "default".to_owned(),
        source: Endpoint::new([10, 0, 0, 99].into(), 50_211),
        destination: Endpoint::new([10, 0, 0, 21].into(), 502),
        device: format!("modbus 10.0.0.21 unit {nth}"),
        points: vec!["coil 2".to_owned()],
        technique: vec!["T0855"],
        observed: "write single coil 2 := on".to_owned(),
        expected: "no host but 10.0.0.7 wrote to this device".to_owned(),
        advice: "ask the control room",
        baseline: Armed::Armed,
        key: None,
    }
}

/// A detection as the catalogue has it.
fn guide() -> Guide {
    Guide {
        id: "MB-29".to_owned(),
        name: "Unauthorised write".to_owned(),
        advice: "Verify the position first. Then ask the <b>shift</b> leader.".to_owned(),
        techniques: vec![("T0855".to_owned(), "Unauthorized Command Message".to_owned())],
        attack_version: "18.1".to_owned(),
        is_of_sensor: false,
    }
}

pub(crate) fn id(nth: u8) -> String {
    AnomalyId([nth; 16]).to_string()
}

pub(crate) fn incident(nth: u8) -> String {
    IncidentId([nth % 2; 16]).to_string()
}

/// Settings with a token for each role that the tests play.
pub(crate) fn config() -> Config {
    let token = |name: &str, role, text| Token::of_text(name, role, text);
    Config {
        listen: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
        token: vec![
            token("wall", Role::Viewer, VIEWER),
            token("shift-lead", Role::Operator, OPERATOR),
            token("planner", Role::Engineer, ENGINEER),
            token("auditor", Role::Admin, ADMIN),
        ],
        rate_per_second: 100_000,
        rate_burst: 100_000,
        ..Config::default()
    }
}

/// A store with the API over it.
pub(crate) struct Stage {
    pub(crate) directory: TempDir,
    pub(crate) config: Config,
    pub(crate) clock: Arc<AtomicI64>,
    pub(crate) metrics: Metrics,
    pub(crate) health: Health,
    pub(crate) couriers: Couriers,
    pub(crate) network: Network,
    writer: Option<Writer>,
    running: Option<Running>,
}

impl Stage {
    pub(crate) fn of(config: Config) -> Self {
        let hooks = config.hook.iter().map(|hook| hook.name.clone()).collect();
        let mut stage = Self {
            directory: tempfile::tempdir().unwrap(),
            config,
            clock: Arc::new(AtomicI64::new(NOW.nanos())),
            metrics: Metrics::new(&Known { hooks, ..Known::default() }),
            health: Health::default(),
            couriers: Couriers::default(),
            network: Network::default(),
            writer: None,
            running: None,
        };
        stage.begin();
        stage
    }

    /// With this many anomalies.
    pub(crate) fn with(config: Config, anomalies: u8) -> Self {
        let stage = Self::of(config);
        stage.write(move |batch| {
            (1..=anomalies).try_for_each(|nth| batch.anomaly(&anomaly(nth)).map(drop))
        });
        stage
    }

    fn begin(&mut self) {
        let store = Store::open(self.directory.path(), NOW).unwrap();
        let clock = Arc::clone(&self.clock);
        let now = move || Timestamp::from_nanos(clock.load(Ordering::SeqCst));
        let writer = Writer::start(store, now.clone(), || {}).unwrap();
        let parts = Parts {
            config: self.config.clone(),
            state_directory: self.directory.path().to_owned(),
            handle: writer.handle(),
            clock: Arc::new(now),
            metrics: self.metrics.clone(),
            health: self.health.clone(),
            couriers: self.couriers.clone(),
            guides: vec![guide()],
            network: self.network.clone(),
            decide: Arc::new(decisions::decide),
            local_token: None,
        };
        let api = Api::new(parts).unwrap_or_else(|faults| panic!("{faults:?}"));
        self.running = Some(api.start().unwrap());
        self.writer = Some(writer);
    }

    /// Ends the API and the store.
    pub(crate) fn end(&mut self) {
        self.running.take().unwrap().stop();
        drop(self.writer.take().unwrap().stop());
    }

    /// Ends both, and begins anew over what is on the disk.
    pub(crate) fn restart(&mut self) {
        self.end();
        self.begin();
    }

    /// Takes other settings.
    pub(crate) fn reload(&mut self, config: Config) {
        self.running.as_ref().unwrap().reload(&config).unwrap();
        self.config = config;
    }

    /// Ends the store's writer under the API.
    pub(crate) fn lose_store(&mut self) {
        drop(self.writer.take().unwrap().stop());
    }

    /// Begins anew after that.
    pub(crate) fn revive(&mut self) {
        self.running.take().unwrap().stop();
        self.begin();
    }

    pub(crate) fn wait(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1_000_000_000, Ordering::SeqCst);
    }

    pub(crate) fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Batch<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        self.writer.as_ref().unwrap().handle().run(job).unwrap()
    }

    pub(crate) fn store(&self) -> Store {
        Store::read(self.directory.path()).unwrap()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.running.as_ref().unwrap().address()
    }

    /// Asks, and holds the answer against the document.
    pub(crate) fn ask(&self, method: &str, path: &str, headers: &[&str], body: &[u8]) -> Answer {
        let answer = self.send(&request(method, path, headers, body));
        document::holds(method, path, &answer);
        answer
    }

    pub(crate) fn get(&self, path: &str, token: &str) -> Answer {
        self.ask("GET", path, &[&bearer(token)], b"")
    }

    pub(crate) fn post(&self, path: &str, token: &str, body: &str) -> Answer {
        let headers = [&*bearer(token), "Content-Type: application/json"];
        self.ask("POST", path, &headers, body.as_bytes())
    }

    /// Sends octets and reads until the other end closes.
    pub(crate) fn send(&self, octets: &[u8]) -> Answer {
        answered(TcpStream::connect(self.address()).unwrap(), octets)
    }

    /// The same from another address of this machine.
    pub(crate) fn send_from(&self, address: [u8; 4], octets: &[u8]) -> Answer {
        let connected = async {
            let socket = tokio::net::TcpSocket::new_v4()?;
            socket.bind((address, 0).into())?;
            socket.connect(self.address()).await?.into_std()
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let stream = runtime.block_on(connected).unwrap();
        stream.set_nonblocking(false).unwrap();
        answered(stream, octets)
    }

    /// What the audit log has, as `via | action | outcome`.
    pub(crate) fn audited(&self) -> Vec<String> {
        let rows = self.store().audit_log(0, 10_000).unwrap();
        rows.iter()
            .map(|each| format!("{} | {} | {}", each.row.via, each.row.action, each.row.outcome))
            .collect()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop();
        }
    }
}

pub(crate) fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}")
}

fn answered(mut stream: TcpStream, octets: &[u8]) -> Answer {
    // It may hang up before it has read all of it.
    let _ = stream.write_all(octets);
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    Answer::of(&answer)
}

/// The octets of a request.
pub(crate) fn request(method: &str, path: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
    let has = |name: &str| {
        headers.iter().any(|header| header.to_lowercase().starts_with(&name.to_lowercase()))
    };
    if !has("Host:") {
        head.push_str("Host: 127.0.0.1\r\n");
    }
    if !has("Content-Length:") && !has("Transfer-Encoding:") && method == "POST" {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    for header in headers {
        head.push_str(&format!("{header}\r\n"));
    }
    [head.as_bytes(), b"\r\n", body].concat()
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn of(octets: &[u8]) -> Self {
        let end = octets
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(octets)));
        let head = String::from_utf8(octets[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head, body: octets[end + 4..].to_vec() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (given, value) = line.split_once(": ")?;
            given.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    /// Every header of a name.
    pub(crate) fn headers(&self, name: &str) -> Vec<&str> {
        let pairs = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        pairs
            .filter(|(given, _)| given.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .collect()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The status and the code of the problem.
    pub(crate) fn problem(&self) -> (u16, String) {
        let code = self.json()["error"]["code"].as_str().unwrap_or_default().to_owned();
        (self.status, code)
    }

    /// The sentence of the problem.
    pub(crate) fn message(&self) -> String {
        self.json()["error"]["message"].as_str().unwrap_or_default().to_owned()
    }
}
