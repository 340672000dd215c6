use core::net::Ipv4Addr;

use gridtap_model::{
    Anomaly, Armed, Device, Endpoint, Place, Protocol, Severity, SubAddress, Timestamp, Zone,
};

use super::*;
use crate::book::{Book, Subject};
use crate::{Config, catalogue};

fn host(last: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, last))
}

fn net(text: &str) -> Party {
    Party::Net(text.parse().unwrap())
}

fn unit(last: u8, unit: u8) -> Party {
    Party::Device { protocol: Protocol::Modbus, address: host(last), sub: SubAddress::Unit(unit) }
}

/// From second 100 to second 200.
fn window(change: impl FnOnce(&mut Window)) -> Planned {
    let mut window = Window {
        name: "plan 17".to_owned(),
        start: Timestamp::from_parts(100, 0),
        end: Timestamp::from_parts(200, 0),
        detections: Vec::new(),
        classes: Vec::new(),
        sources: Vec::new(),
        targets: vec![unit(21, 3)],
        points: Vec::new(),
    };
    change(&mut window);
    Planned { windows: vec![window], out_of_service: Vec::new() }
}

/// Something that a host does to a device, at a second within the window.
struct Done {
    second: i64,
    detection: &'static str,
    also: &'static [&'static str],
    cause: Cause,
    actor: u8,
    target: u8,
    device: Option<(u8, u8)>,
    points: &'static [&'static str],
}

const DONE: Done = Done {
    second: 150,
    detection: "MB-29",
    also: &["OT-03"],
    cause: Cause::Access,
    actor: 7,
    target: 21,
    device: Some((21, 3)),
    points: &["52-1 trip (coil 2)"],
};

fn told(planned: &Planned, done: &[Done]) -> Vec<Anomaly> {
    let mut book = Book::new(&Config::default(), vec!["one".to_owned()]);
    book.plan(planned.clone());
    for each in done {
        let device = each.device.map(|(last, unit)| Device {
            zone: Zone(0),
            protocol: Protocol::Modbus,
            address: host(last),
            sub: SubAddress::Unit(unit),
        });
        let (actor, target) = (host(each.actor), host(each.target));
        let finding = Finding {
            subject: Subject { detection: each.detection, actor, target, device, variant: 0 },
            detection: catalogue::detection(each.detection).unwrap(),
            also: each.also,
            severity: Severity::Critical,
            score: 1.0,
            cause: each.cause,
            time: Timestamp::from_parts(each.second, 0),
            place: Place { capture: 0, frame: each.second.unsigned_abs(), position: 0 },
            earlier: &[],
            protocol: Protocol::Modbus,
            zone: Zone(0),
            source: Endpoint::new(actor, 40_000),
            destination: Endpoint::new(target, 502),
            armed: Armed::Armed,
            gist: 0,
            key: &|| None,
            stranger: true,
            unknown: true,
        };
        book.enter(&finding, || Words {
            zone: "default".to_owned(),
            device: "device".to_owned(),
            points: each.points.iter().map(|point| (*point).to_owned()).collect(),
            observed: "observed".to_owned(),
            expected: "expected".to_owned(),
        });
    }
    book.take()
}

fn is_suppressed(planned: &Planned, done: Done) -> bool {
    told(planned, &[done])[0].suppressed.is_some()
}

#[test]
fn what_a_window_names_is_told_as_suppressed_with_its_severity_and_its_name() {
    let told = told(&window(|_| ()), &[DONE]);
    assert_eq!(told[0].suppressed.as_deref(), Some("plan 17"));
    assert_eq!(told[0].severity, Severity::Critical);
}

#[test]
fn what_a_window_does_not_name_alarms_as_always() {
    let plan = window(|window| window.sources = vec![net("10.0.0.7/32")]);
    assert!(is_suppressed(&plan, DONE));
    for (other, what) in [
        (Done { second: 99, ..DONE }, "before it"),
        (Done { second: 200, ..DONE }, "at its end"),
        (Done { actor: 8, ..DONE }, "another source"),
        (Done { device: Some((21, 4)), ..DONE }, "another device behind the same address"),
        (Done { device: Some((22, 3)), target: 22, ..DONE }, "another device"),
        (Done { device: None, ..DONE }, "the host and not the device"),
    ] {
        assert!(!is_suppressed(&plan, other), "{what}");
    }
    let kinds = window(|window| window.detections = vec!["MB-29", "OT-03"]);
    assert!(is_suppressed(&kinds, DONE));
    assert!(!is_suppressed(&kinds, Done { detection: "MB-30", ..DONE }), "another kind");
    assert!(!is_suppressed(&kinds, Done { also: &["MB-31"], ..DONE }), "and another kind with it");
    let class = window(|window| window.classes = vec!["access"]);
    assert!(is_suppressed(&class, DONE));
    assert!(!is_suppressed(&class, Done { cause: Cause::Dangerous, ..DONE }), "another class");
}

#[test]
fn points_have_to_be_named_all_of_them() {
    for named in ["coil 2", "52-1 trip", "52-1 trip (coil 2)"] {
        let plan = window(|window| window.points = vec![named.to_owned()]);
        assert!(is_suppressed(&plan, DONE), "{named}");
        assert!(!is_suppressed(&plan, Done { points: &["coil 3"], ..DONE }));
        assert!(!is_suppressed(&plan, Done { points: &["coil 2", "coil 3"], ..DONE }));
        assert!(!is_suppressed(&plan, Done { points: &[], ..DONE }), "which points is not known");
        let many = &["coil 2"; 16];
        assert!(!is_suppressed(&plan, Done { points: many, ..DONE }), "there may be more");
    }
}

#[test]
fn a_device_s_own_part_in_the_work_is_named_and_what_it_does_to_others_is_not() {
    let plan = window(|window| window.sources = vec![net("10.0.0.7/32")]);
    let own = Done { actor: 21, target: 7, ..DONE };
    assert!(is_suppressed(&plan, own));
    let to_another = Done { actor: 21, target: 9, ..DONE };
    assert!(!is_suppressed(&plan, to_another), "it answers somebody who does not work on it");
    let pivot = Done { actor: 21, target: 22, device: Some((22, 3)), ..DONE };
    assert!(!is_suppressed(&window(|_| ()), pivot), "it commands another device");
}

#[test]
fn how_well_the_sensor_hears_is_planned_by_nobody_unless_it_is_named() {
    let deaf = || Done { cause: Cause::Hearing, also: &[], ..DONE };
    assert!(!is_suppressed(&window(|_| ()), deaf()));
    assert!(is_suppressed(&window(|window| window.classes = vec!["hearing"]), deaf()));
}

#[test]
fn what_goes_on_after_a_window_is_another_anomaly_and_is_told() {
    let at = |second| Done { second, ..DONE };
    let told = told(&window(|_| ()), &[at(90), at(110), at(120), at(210), at(220)]);
    let plain: Vec<_> = told.iter().filter(|each| each.suppressed.is_none()).collect();
    let planned: Vec<_> = told.iter().filter(|each| each.suppressed.is_some()).collect();
    // What was open before goes on in its own anomaly, and counts nothing of the window.
    assert_eq!(plain.iter().map(|each| each.count).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(plain[0].id, plain[1].id);
    assert_eq!(planned.iter().map(|each| each.count).collect::<Vec<_>>(), [1, 2]);
    assert_ne!(planned[0].id, plain[0].id);
    assert_ne!(planned[0].incident, plain[0].incident, "it is part of nobody's incident");
}

#[test]
fn a_crowd_is_never_counted_away_at_what_a_window_names() {
    let plan = window(|window| window.sources = vec![net("10.0.0.1/32")]);
    let crowd: Vec<Done> =
        (1..200).map(|actor| Done { actor, second: 100 + i64::from(actor) / 4, ..DONE }).collect();
    let told = told(&plan, &crowd);
    let planned: Vec<_> = told.iter().filter(|each| each.suppressed.is_some()).collect();
    assert_eq!(planned.len(), 1);
    assert_eq!(planned[0].count, 1);
    assert!(told.iter().filter(|each| each.suppressed.is_none()).any(|each| each.count > 50));
    // Nor is what it names counted at what alarms.
    let last = window(|window| window.sources = vec![net("10.0.0.199/32")]);
    let told = self::told(&last, &crowd);
    assert_eq!(told.last().unwrap().suppressed.as_deref(), Some("plan 17"));
}

#[test]
fn a_detection_out_of_service_is_kept_and_alarms_nobody_until_it_is_back() {
    let until = Some(Timestamp::from_parts(180, 0));
    let planned = Planned {
        windows: Vec::new(),
        out_of_service: vec![OutOfService { detection: "MB-29", until }],
    };
    let told = told(&planned, &[DONE, Done { second: 180, ..DONE }]);
    assert_eq!(told[0].suppressed.as_deref(), Some(OUT_OF_SERVICE));
    assert_eq!(told[1].suppressed, None);
    assert!(!is_suppressed(&planned, Done { detection: "MB-30", ..DONE }));
}

#[test]
fn work_that_is_not_heard_is_missed_once_and_work_that_is_heard_is_not() {
    let at = |second| Timestamp::from_parts(second, 0);
    let planned = window(|_| {});
    let mut work = work::Work::default();
    work.declare(&planned.windows);
    assert!(work.over(&planned.windows, at(50)).is_empty());
    assert!(work.over(&planned.windows, at(199)).is_empty());
    assert_eq!(work.over(&planned.windows, at(200)), [&planned.windows[0]]);
    work.declare(&planned.windows);
    assert!(work.over(&planned.windows, at(300)).is_empty(), "told once, also after a reload");

    let mut heard = work::Work::default();
    heard.declare(&planned.windows);
    assert!(heard.over(&planned.windows, at(50)).is_empty());
    heard.excused("plan 17");
    assert!(heard.over(&planned.windows, at(200)).is_empty());

    let mut late = work::Work::default();
    late.declare(&planned.windows);
    assert!(late.over(&planned.windows, at(101)).is_empty());
    assert!(late.over(&planned.windows, at(200)).is_empty(), "what was heard before is not known");
}
