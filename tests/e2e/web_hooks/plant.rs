//! A state with its writer, and deliveries from it.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use gridtap_model::{
    Anomaly, AnomalyId, Armed, Endpoint as Place, IncidentId, Protocol, Severity, Span, State,
    Timestamp,
};
use gridtap_notify::{Bell, Config, Courier, Deliveries, Endpoint, Told, World};
use gridtap_store::{Act, Action, Announcement, Due, Outcome, Person, Store, Target, Writer};

/// This machine's time.
pub(super) fn now() -> Timestamp {
    let nanos = i64::try_from(jiff::Timestamp::now().as_nanosecond()).expect("before 2262");
    Timestamp::from_nanos(nanos)
}

/// What was told.
#[derive(Debug)]
pub(super) enum Said {
    Attempt(Due, Outcome),
    Resent(usize, Option<String>),
    Silences(usize, Option<String>),
}

pub(super) struct Plant {
    _directory: tempfile::TempDir,
    writer: Writer,
    bell: Bell,
    world: World,
    said: mpsc::Receiver<Said>,
    config: Config,
}

impl Plant {
    pub(super) fn new(endpoint: Vec<Endpoint>) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let mut store = Store::open(directory.path(), now()).expect("a state");
        let config = Config {
            targets: vec!["127.0.0.1".to_owned()],
            resend: Span::from_secs(1),
            endpoint,
            ..Config::default()
        };
        let announcement = Announcement {
            site: "north".to_owned(),
            sensor: "tap-1".to_owned(),
            attack_version: "17".to_owned(),
            links: Some("https://tap.example".to_owned()),
        };
        let subscriptions = config.endpoint.iter().map(Endpoint::subscription).collect();
        store.announce(announcement.clone(), subscriptions);
        let bell = Bell::default();
        let ring = bell.clone();
        let writer = Writer::start(store, now, move || ring.ring()).expect("a thread");
        let (tell, said) = mpsc::channel();
        let world = World {
            directory: directory.path().to_owned(),
            handle: writer.handle(),
            announcement,
            clock: Arc::new(now),
            tell: Arc::new(move |told| {
                let said = match told {
                    Told::Attempt { due, outcome } => {
                        Said::Attempt((*due).clone(), (*outcome).clone())
                    }
                    Told::Resent { alerts, error, .. } => Said::Resent(*alerts, error.clone()),
                    Told::Silences { acknowledged, error, .. } => {
                        Said::Silences(*acknowledged, error.clone())
                    }
                    other => panic!("{other:?}"),
                };
                // The test may have heard enough.
                let _ = tell.send(said);
            }),
        };
        Self { _directory: directory, writer, bell, world, said, config }
    }

    /// An anomaly is found.
    pub(super) fn find(&self, nth: u8) {
        let finding = anomaly(nth);
        self.writer.handle().run(move |batch| batch.anomaly(&finding).map(drop)).expect("stored");
    }

    pub(super) fn act(&self, nth: u8, action: Action) {
        let act = Act {
            target: Target::Anomaly(AnomalyId([nth; 16]).to_string()),
            action,
            by: Person {
                name: "shift lead".to_owned(),
                role: "operator".to_owned(),
                via: "cli".to_owned(),
            },
            comment: "seen".to_owned(),
            expected_revision: None,
        };
        self.writer.handle().act(act).expect("allowed");
    }

    /// What is on the disk.
    pub(super) fn store(&self) -> Store {
        Store::read(&self.world.directory).expect("it reads")
    }

    pub(super) fn start(&self) -> Deliveries {
        let couriers = Courier::all(&self.config).unwrap_or_else(|faults| panic!("{faults:?}"));
        Deliveries::start(couriers, &self.world, &self.bell).expect("threads")
    }

    pub(super) fn end(&self, deliveries: Deliveries) {
        assert!(deliveries.stop(Duration::from_secs(60)));
    }

    pub(super) fn said(&self) -> Said {
        self.said.recv_timeout(Duration::from_secs(60)).expect("the threads live and say something")
    }

    /// The next attempt.
    pub(super) fn attempt(&self) -> (Due, Outcome) {
        loop {
            if let Said::Attempt(due, outcome) = self.said() {
                return (due, outcome);
            }
        }
    }
}

/// The id of an anomaly that was found.
pub(super) fn id(nth: u8) -> String {
    AnomalyId([nth; 16]).to_string()
}

fn anomaly(nth: u8) -> Anomaly {
    Anomaly {
        id: AnomalyId([nth; 16]),
        incident: IncidentId([7; 16]),
        revision: 1,
        state: State::UnacknowledgedActive,
        suppressed: None,
        time: now(),
        last_time: now(),
        count: 1,
        capture: None,
        frames: vec![4711],
        detection: "MB-29",
        name: "Unauthorised write",
        also: Vec::new(),
        severity: Severity::Critical,
        score: 3.1,
        protocol: Protocol::Modbus,
        zone: "default".to_owned(),
        source: Place::new([10, 0, 0, 99].into(), 50_211),
        destination: Place::new([10, 0, 0, 21].into(), 502),
        device: "modbus 10.0.0.21 unit 3".to_owned(),
        points: vec!["coil 2".to_owned()],
        technique: vec!["T0855"],
        observed: "write single coil 2 := on".to_owned(),
        expected: "no host but 10.0.0.7 wrote to this device".to_owned(),
        advice: "ask the control room",
        baseline: Armed::Armed,
        key: None,
    }
}
