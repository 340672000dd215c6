use std::sync::mpsc;

use gridtap_model::{Anomaly, AnomalyId, Armed, Endpoint as Place, IncidentId, Protocol, Severity};
use gridtap_store::{Act, Action, Disposition, Person, Target, Writer};
use serde_json::Value;

use super::*;
use crate::config::{Config, Endpoint, Format};
use crate::testing::receiver::{Heard, Receiver, Reply};

const NOW: Timestamp = Timestamp::from_nanos(1_714_557_600_000_000_000);
/// After this a test that waits has failed.
const PATIENCE: Duration = Duration::from_secs(60);
const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
const ERROR: &str = "HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n";

fn anomaly(id: u8, revision: u32) -> Anomaly {
    Anomaly {
        id: AnomalyId([id; 16]),
        incident: IncidentId([7; 16]),
        revision,
        state: gridtap_model::State::UnacknowledgedActive,
        suppressed: None,
        time: NOW,
        last_time: NOW.plus_ns(u64::from(revision)),
        count: u64::from(revision),
        capture: None,
        frames: vec![4711],
        detection: "MB-29",
        name: "Unauthorised write",
        also: Vec::new(),
        severity: Severity::High,
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

fn id(nth: u8) -> String {
    AnomalyId([nth; 16]).to_string()
}

/// What was told, without what it borrows.
#[derive(Debug, Clone, PartialEq)]
enum Said {
    Attempt(Due, Outcome),
    Resent(usize, Option<String>),
    Trouble(String),
    Silences(usize, Option<String>),
}

/// A state with its writer, and the settings of the endpoints.
struct Plant {
    directory: tempfile::TempDir,
    writer: Writer,
    bell: Bell,
    world: World,
    said: mpsc::Receiver<Said>,
    config: Config,
}

impl Plant {
    /// A plant whose clock stands still at `clock`.
    fn at(clock: Timestamp, endpoints: Vec<Endpoint>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut store = Store::open(directory.path(), NOW).unwrap();
        let config = Config {
            targets: vec!["127.0.0.1".to_owned()],
            retry: vec![Span::default(); 4],
            endpoint: endpoints,
            ..Config::default()
        };
        let announcement = Announcement {
            site: "north".to_owned(),
            sensor: "tap-1".to_owned(),
            ..Announcement::default()
        };
        let subscriptions = config.endpoint.iter().map(Endpoint::subscription).collect();
        store.announce(announcement.clone(), subscriptions);
        let bell = Bell::default();
        let ring = bell.clone();
        let writer = Writer::start(store, || NOW, move || ring.ring()).unwrap();
        let (tell, said) = channel();
        let world = World {
            directory: directory.path().to_owned(),
            handle: writer.handle(),
            announcement,
            clock: Arc::new(move || clock),
            tell: Arc::new(move |told| {
                let said = match told {
                    Told::Attempt { due, outcome } => {
                        Said::Attempt((*due).clone(), (*outcome).clone())
                    }
                    Told::Resent { alerts, error, .. } => Said::Resent(*alerts, error.clone()),
                    Told::Trouble { error, .. } => Said::Trouble(error.clone()),
                    Told::Silences { acknowledged, error, .. } => {
                        Said::Silences(*acknowledged, error.clone())
                    }
                };
                let _ = tell.send(said);
            }),
        };
        Self { directory, writer, bell, world, said, config }
    }

    fn new(endpoints: Vec<Endpoint>) -> Self {
        Self::at(NOW, endpoints)
    }

    fn start(&self) -> Deliveries {
        let couriers = Courier::all(&self.config).unwrap_or_else(|faults| panic!("{faults:?}"));
        Deliveries::start(couriers, &self.world, &self.bell).unwrap()
    }

    fn find(&self, nth: u8, revision: u32, severity: Severity) {
        let finding = Anomaly { severity, ..anomaly(nth, revision) };
        self.writer.handle().run(move |batch| batch.anomaly(&finding).map(drop)).unwrap();
    }

    fn act(&self, nth: u8, action: Action) {
        let by =
            Person { name: "a".to_owned(), role: "operator".to_owned(), via: "cli".to_owned() };
        let comment = "test".to_owned();
        let target = Target::Anomaly(id(nth));
        self.writer
            .handle()
            .act(Act { target, action, by, comment, expected_revision: None })
            .unwrap();
    }

    /// The next attempt.
    fn attempt(&self) -> (Due, Outcome) {
        loop {
            match self.said.recv_timeout(PATIENCE).unwrap() {
                Said::Attempt(due, outcome) => return (due, outcome),
                Said::Resent(..) | Said::Silences(..) => {}
                Said::Trouble(error) => panic!("{error}"),
            }
        }
    }

    /// Deliveries in a state, as they are stored.
    fn stored(&self, state: &str) -> Vec<gridtap_store::Delivery> {
        Store::read(self.directory.path()).unwrap().deliveries(None, Some(state), 1000).unwrap()
    }
}

/// Ends the threads, all of them.
fn end(deliveries: Deliveries) {
    assert!(deliveries.stop(PATIENCE));
}

fn endpoint(name: &str, receiver: &Receiver) -> Endpoint {
    Endpoint {
        name: name.to_owned(),
        url: Some(receiver.url("/hook")),
        format: Format::CloudEvents,
        digest: Some(false),
        ..Endpoint::default()
    }
}

fn replies(texts: &[&str]) -> Receiver {
    Receiver::start(texts.iter().map(|text| Reply::text(text)).collect())
}

fn json(heard: &Heard) -> Value {
    serde_json::from_slice(&heard.body).unwrap()
}

#[test]
fn what_is_owed_before_and_after_the_start_is_delivered_once_in_order_under_its_id() {
    let receiver = replies(&[OK; 6]);
    let plant = Plant::new(vec![endpoint("noc", &receiver)]);
    plant.find(1, 1, Severity::High);
    plant.find(1, 2, Severity::High);
    plant.find(2, 1, Severity::High);
    let deliveries = plant.start();
    for _ in 0..3 {
        plant.attempt();
    }
    plant.find(2, 2, Severity::High);
    plant.act(1, Action::Acknowledge);
    plant.find(3, 1, Severity::High);
    for _ in 0..3 {
        plant.attempt();
    }
    end(deliveries);
    let heard = receiver.heard();
    let of = |nth: u8| -> Vec<String> {
        let about = |each: &&Heard| json(each)["subject"] == id(nth).as_str();
        heard
            .iter()
            .filter(about)
            .map(|each| json(each)["type"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        of(1),
        ["gridtap.anomaly.opened", "gridtap.anomaly.updated", "gridtap.anomaly.acknowledged"]
    );
    assert_eq!(of(2), ["gridtap.anomaly.opened", "gridtap.anomaly.updated"]);
    assert_eq!(of(3), ["gridtap.anomaly.opened"]);
    let mut stored: Vec<String> =
        plant.stored("delivered").into_iter().map(|each| each.due.id).collect();
    let mut sent: Vec<String> =
        heard.iter().map(|each| each.header("webhook-id").to_owned()).collect();
    stored.sort();
    sent.sort();
    assert_eq!(sent, stored);
    assert!(plant.stored("pending").is_empty());
}

#[test]
fn a_delivery_is_tried_again_under_its_id_before_what_follows_it() {
    let receiver = replies(&[ERROR, "", OK, OK]);
    let plant = Plant::new(vec![endpoint("noc", &receiver)]);
    plant.find(1, 1, Severity::High);
    plant.find(1, 2, Severity::High);
    let deliveries = plant.start();
    let attempts: Vec<(Due, Outcome)> = (0..4).map(|_| plant.attempt()).collect();
    end(deliveries);
    assert_eq!(attempts.iter().map(|(due, _)| due.attempts).collect::<Vec<_>>(), [0, 1, 2, 0]);
    assert!(attempts[..3].iter().all(|(due, _)| due.id == attempts[0].0.id));
    assert_eq!(attempts[2].1, Outcome::Delivered { status: 200 });
    let kinds: Vec<Value> =
        receiver.heard().iter().map(|each| json(each)["type"].clone()).collect();
    assert_eq!(
        kinds[..3],
        ["gridtap.anomaly.opened", "gridtap.anomaly.opened", "gridtap.anomaly.opened"]
    );
    assert_eq!(kinds[3], "gridtap.anomaly.updated");
}

#[test]
fn after_its_last_attempt_a_delivery_has_failed_and_waits_for_a_person() {
    let receiver = replies(&[ERROR, ERROR, ERROR, ERROR, OK]);
    let plant = Plant::new(vec![endpoint("noc", &receiver)]);
    plant.find(1, 1, Severity::High);
    let deliveries = plant.start();
    let attempts: Vec<_> = (0..4).map(|_| plant.attempt()).collect();
    let last = attempts.last().unwrap();
    let failed = Outcome::Failed { status: Some(500), error: "answered 500".to_owned() };
    assert_eq!(last.1, failed);
    plant.writer.handle().run(|batch| batch.replay("noc", &gridtap_store::Replay::Failed)).unwrap();
    let replayed = plant.attempt();
    assert_eq!(replayed.0.id, last.0.id);
    assert_eq!(replayed.1, Outcome::Delivered { status: 200 });
    end(deliveries);
}

#[test]
fn a_receiver_that_hangs_holds_up_nobody_else_and_gets_it_again_after_a_restart() {
    let hangs = Receiver::start(vec![Reply::hanging("HTTP/1.1 2"), Reply::text(OK)]);
    let listens = replies(&[OK, OK]);
    let patient = Endpoint { timeout: Span::from_secs(120), ..endpoint("hangs", &hangs) };
    let plant = Plant::new(vec![patient, endpoint("listens", &listens)]);
    plant.find(1, 1, Severity::High);
    let deliveries = plant.start();
    let first = hangs.next();
    plant.find(2, 1, Severity::High);
    assert_eq!(
        (plant.attempt().0.endpoint, plant.attempt().0.endpoint),
        ("listens".to_owned(), "listens".to_owned())
    );
    // The exchange under way is not waited for.
    assert!(!deliveries.stop(Duration::from_millis(1)));
    hangs.release();
    let again = plant.start();
    // The thread that was left to itself may be heard too, but sends nothing more.
    let second = hangs.next();
    assert_eq!(second.header("webhook-id"), first.header("webhook-id"));
    assert_eq!(second.body, first.body);
    drop(again);
}

#[test]
fn a_receiver_that_is_gone_is_not_asked_again_until_a_person_says_so() {
    let receiver = replies(&["HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n", OK, OK]);
    let plant = Plant::new(vec![endpoint("noc", &receiver)]);
    plant.find(1, 1, Severity::High);
    plant.find(2, 1, Severity::High);
    let deliveries = plant.start();
    let (refused, outcome) = plant.attempt();
    assert_eq!(outcome, Outcome::Gone { status: 410 });
    end(deliveries);
    let deliveries = plant.start();
    assert_eq!(plant.stored("pending").len(), 2);
    assert_eq!(receiver.heard().len(), 1);
    plant.writer.handle().run(|batch| batch.enable_endpoint("noc")).unwrap();
    assert_eq!(plant.attempt().0.id, refused.id);
    assert_eq!(plant.attempt().1, Outcome::Delivered { status: 200 });
    end(deliveries);
}

#[test]
fn a_receiver_that_asks_for_time_is_left_alone_with_everything() {
    let busy = "HTTP/1.1 429 Slow down\r\nretry-after: 600\r\ncontent-length: 0\r\n\r\n";
    let receiver = replies(&[busy, OK]);
    let plant = Plant::new(vec![endpoint("noc", &receiver)]);
    plant.find(1, 1, Severity::High);
    plant.find(2, 1, Severity::High);
    let deliveries = plant.start();
    let (_, outcome) = plant.attempt();
    let at = NOW.plus_ns(600_000_000_000);
    assert_eq!(outcome, Outcome::Retry { at, status: Some(429), error: "answered 429".to_owned() });
    end(deliveries);
    assert_eq!(receiver.heard().len(), 1);
    assert!(plant.said.try_recv().is_err(), "the other one waits too");
}

#[test]
fn when_a_receiver_is_back_what_it_missed_does_not_wait_for_its_turn() {
    let receiver = replies(&[ERROR, ERROR, ERROR, OK, OK, OK, OK]);
    let mut plant = Plant::new(vec![endpoint("noc", &receiver)]);
    plant.config.retry = vec![Span::default(), Span::from_secs(3_600)];
    for nth in 1..=3 {
        plant.find(nth, 1, Severity::High);
    }
    let deliveries = plant.start();
    for _ in 0..3 {
        assert!(matches!(plant.attempt().1, Outcome::Retry { .. }));
    }
    // Nothing is due for an hour, and the clock stands still; this one shows that the receiver is back.
    plant.find(4, 1, Severity::High);
    let told: Vec<_> = (0..4).map(|_| plant.attempt()).collect();
    end(deliveries);
    assert!(told.iter().all(|(_, outcome)| *outcome == Outcome::Delivered { status: 200 }));
    assert_eq!(told[0].0.anomaly, Some(id(4)));
    assert!(plant.stored("pending").is_empty());
}

#[test]
fn what_is_held_is_told_by_id_in_a_digest_when_its_time_has_come() {
    let receiver = replies(&[OK; 11]);
    let gathers = Endpoint { digest: Some(true), ..endpoint("noc", &receiver) };
    let mut plant = Plant::new(vec![gathers]);
    for nth in 1..=12 {
        plant.find(nth, 1, Severity::High);
    }
    let deliveries = plant.start();
    for _ in 0..10 {
        assert_eq!(plant.attempt().0.kind, "anomaly.opened");
    }
    end(deliveries);
    assert_eq!(plant.stored("held").len(), 2);
    // The writer's clock stands still as well: it has to be one that is ten minutes on.
    let Plant { directory, writer, config, .. } = plant;
    drop(writer.stop());
    let mut store = Store::open(directory.path(), NOW).unwrap();
    store.announce(
        Announcement::default(),
        config.endpoint.iter().map(Endpoint::subscription).collect(),
    );
    let later = NOW.plus_ns(600_000_000_000);
    let writer = Writer::start(store, move || later, || ()).unwrap();
    plant = Plant::at(later, config.endpoint.clone());
    plant.world.directory = directory.path().to_owned();
    plant.world.handle = writer.handle();
    let deliveries = plant.start();
    assert_eq!(plant.attempt().0.kind, "anomaly.digest");
    end(deliveries);
    let digest = receiver.heard().pop().unwrap();
    let ids: Vec<Value> = json(&digest)["data"]["anomalies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| each["id"].clone())
        .collect();
    assert_eq!(ids, [id(11), id(12)]);
}

#[test]
fn an_alertmanager_is_told_again_what_stands_with_the_same_labels() {
    let receiver = replies(&[OK; 20]);
    let manager = Endpoint {
        format: Format::Alertmanager,
        digest: None,
        url: Some(receiver.url("")),
        ..endpoint("am", &receiver)
    };
    let plant = Plant::new(vec![manager]);
    for nth in 1..=4 {
        plant.find(nth, 1, Severity::High);
    }
    plant.act(2, Action::Shelve { until: NOW.plus_ns(3_600_000_000_000) });
    plant.act(3, Action::Acknowledge);
    plant.act(4, Action::Acknowledge);
    plant.act(4, Action::Close { disposition: Disposition::FalsePositive });
    let deliveries = plant.start();
    assert_eq!(plant.said.recv_timeout(PATIENCE).unwrap(), Said::Resent(2, None));
    let resent = receiver.next();
    assert_eq!(resent.line, "POST /api/v2/alerts HTTP/1.1");
    let resent = json(&resent);
    let ids: Vec<&Value> =
        resent.as_array().unwrap().iter().map(|each| &each["labels"]["anomaly"]).collect();
    assert!(ids.contains(&&Value::from(id(1))) && ids.contains(&&Value::from(id(3))));
    // The deliveries follow: the labels of the first are those of the alert that was sent again.
    let told = json(&receiver.next());
    assert_eq!(told[0]["labels"]["anomaly"], id(1).as_str());
    let same = resent.as_array().unwrap().iter().find(|each| each["labels"] == told[0]["labels"]);
    assert!(same.is_some());
    end(deliveries);
}

#[test]
fn an_alertmanager_that_is_gone_is_not_told_again_what_stands() {
    let receiver = replies(&[OK; 5]);
    let manager =
        Endpoint { format: Format::Alertmanager, digest: None, ..endpoint("am", &receiver) };
    let plant = Plant::new(vec![manager]);
    plant.find(1, 1, Severity::High);
    plant.writer.handle().run(|batch| batch.disable_endpoint("am", "a person said so")).unwrap();
    let deliveries = plant.start();
    plant.find(2, 1, Severity::High);
    end(deliveries);
    assert!(receiver.heard().is_empty());
}

#[test]
fn a_clock_that_was_set_back_makes_nobody_wait_for_it() {
    let hour = Span::from_secs(3_600);
    assert!(waits(NOW, NOW.plus_ns(hour.nanos()), hour));
    assert!(!waits(NOW, NOW.plus_ns(hour.nanos() + 1), hour));
    assert!(!waits(NOW, NOW, hour));
}

#[test]
fn a_row_that_is_no_body_fails_at_once_and_holds_up_nothing() {
    let receiver = replies(&[OK]);
    let plant = Plant::new(vec![endpoint("noc", &receiver)]);
    let courier = Courier::all(&plant.config).unwrap().remove(0);
    let due = Due {
        sequence: 1,
        endpoint: "noc".to_owned(),
        id: "x".to_owned(),
        kind: "anomaly.opened".to_owned(),
        anomaly: None,
        body: "{}".to_owned(),
        attempts: 0,
        created: NOW,
    };
    let (outcome, _) = courier.deliver(&due, &|| NOW);
    assert!(matches!(outcome, Outcome::Failed { status: None, .. }));
    assert!(receiver.heard().is_empty());
}

#[test]
fn without_the_state_s_writer_the_threads_end() {
    let receiver = replies(&[OK]);
    let plant = Plant::new(vec![endpoint("noc", &receiver)]);
    plant.find(1, 1, Severity::High);
    let Plant { writer, config, world, bell, directory, .. } = plant;
    drop(writer.stop());
    let mut deliveries = Deliveries::start(Courier::all(&config).unwrap(), &world, &bell).unwrap();
    // Whether it was told is not noted, so it is owed still.
    let thread = deliveries.threads.remove("noc").unwrap();
    assert!(matches!(thread.ended.recv_timeout(PATIENCE), Err(RecvTimeoutError::Disconnected)));
    let store = Store::read(directory.path()).unwrap();
    assert_eq!(store.due("noc", NOW, 9).unwrap().len(), 1);
}

#[test]
fn other_settings_send_nothing_twice_at_a_time_and_hold_up_nobody_else() {
    let slow = Receiver::start(vec![Reply::hanging(""), Reply::text(OK), Reply::text(OK)]);
    let quick = replies(&[OK, OK]);
    let plant = Plant::new(vec![endpoint("slow", &slow), endpoint("quick", &quick)]);
    let mut deliveries = plant.start();
    plant.find(1, 1, Severity::High);
    let first = slow.next();
    quick.next();
    // While the first is still under way, others take over.
    let couriers = Courier::all(&plant.config).unwrap_or_else(|faults| panic!("{faults:?}"));
    deliveries.replace(couriers, &plant.world, &plant.bell).unwrap();
    plant.find(2, 1, Severity::High);
    let quick = quick.next();
    assert!(
        String::from_utf8_lossy(&quick.body).contains(&id(2)),
        "it waits for no other receiver"
    );
    assert!(slow.heard().is_empty(), "what is under way is not sent beside itself");
    slow.release();
    let again = slow.next();
    assert_eq!(again.header("webhook-id"), first.header("webhook-id"));
    assert!(String::from_utf8_lossy(&slow.next().body).contains(&id(2)), "in its order");
    assert!(deliveries.stop(PATIENCE));
}

#[test]
fn an_endpoint_asks_the_store_for_what_it_was_set_to() {
    let set = Endpoint {
        name: "noc".to_owned(),
        types: vec!["device.*".to_owned(), "anomaly.opened".to_owned()],
        severity_min: Severity::Medium,
        ..Endpoint::default()
    };
    let subscription = set.subscription();
    assert_eq!(
        subscription.types,
        ["anomaly.opened", "device.new", "device.silent", "device.returned"]
    );
    assert_eq!(
        (subscription.severity_min, subscription.digest_above),
        (Severity::Medium, Some(10))
    );
    assert!(Endpoint::default().subscription().types.is_empty());
    // People are not called for what was meant to happen, unless they ask for it.
    let chat = Endpoint { format: Format::Slack, ..Endpoint::default() };
    let types = chat.subscription().types;
    assert!(types.iter().any(|kind| kind == "anomaly.opened"), "{types:?}");
    assert!(!types.iter().any(|kind| kind == "anomaly.suppressed"), "{types:?}");
    let asked = Endpoint { types: vec!["anomaly.suppressed".to_owned()], ..chat };
    assert_eq!(asked.subscription().types, ["anomaly.suppressed"]);
}

/// A list of silences, each by its id and the anomaly that it names, as an answer.
fn listed(silences: &[(&str, u8)]) -> String {
    let each = |(name, nth): &(&str, u8)| {
        serde_json::json!({
            "id": name, "status": { "state": "active" }, "createdBy": "maria", "comment": "seen",
            "matchers": [{ "name": "anomaly", "value": id(*nth), "isRegex": false, "isEqual": true }],
        })
    };
    let body = Value::from(silences.iter().map(each).collect::<Vec<_>>()).to_string();
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

#[test]
fn a_silence_acts_once_and_up_to_its_severity_and_another_sensor_s_anomaly_is_left_alone() {
    let round = listed(&[("s1", 1), ("s2", 2), ("s3", 9)]);
    let receiver = replies(&[&round, &round]);
    let ask = Endpoint {
        format: Format::Alertmanager,
        types: vec!["webhook.test".to_owned()],
        silences_every: Some(Span::from_secs(1)),
        silences_severity_max: Severity::High,
        ..endpoint("am", &receiver)
    };
    let plant = Plant::new(vec![ask]);
    plant.find(1, 1, Severity::High);
    plant.find(2, 1, Severity::Critical);
    let state = |nth: u8| {
        let store = Store::read(plant.directory.path()).unwrap();
        store.anomaly(&id(nth)).unwrap().unwrap().state
    };
    let deliveries = plant.start();
    assert_eq!(plant.said.recv_timeout(PATIENCE).unwrap(), Said::Silences(1, None));
    end(deliveries);
    assert_eq!(receiver.next().line, "GET /hook/api/v2/silences HTTP/1.1");
    assert_eq!(state(1), gridtap_model::State::AcknowledgedActive);
    assert_eq!(state(2), gridtap_model::State::UnacknowledgedActive);
    // The clock stands still, so the second round is that of the second start: the silence still stands, and whoever
    // took the acknowledgement back is not overruled.
    plant.act(1, Action::Unacknowledge);
    let deliveries = plant.start();
    receiver.next();
    assert!(matches!(plant.said.try_recv(), Err(mpsc::TryRecvError::Empty)));
    end(deliveries);
    assert_eq!(state(1), gridtap_model::State::UnacknowledgedActive);
    let store = Store::read(plant.directory.path()).unwrap();
    let rows: Vec<_> = store
        .audit_log(0, 100)
        .unwrap()
        .into_iter()
        .map(|each| (each.row.who, each.row.via, each.row.outcome))
        .collect();
    let of = |who: &str, via: &str, outcome: &str| (who.into(), via.into(), outcome.into());
    let refused = "refused: a silence may acknowledge anomalies up to high only";
    assert_eq!(
        rows,
        [
            of("maria", "silences am", "done"),
            of("maria", "silences am", refused),
            of("a", "cli", "done"),
        ]
    );
}
