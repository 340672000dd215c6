use super::*;
use crate::scenario::Listed;
use crate::truth::Request;

const DEVICE: &str = "modbus 10.0.0.21 unit 3";

fn truth() -> Truth {
    let request = |frame: u64, second: u64| Request {
        frame,
        answer: Some(frame + 1),
        time: format!("2026-01-01T00:00:{second:02}.000000000Z"),
        answered: Some(format!("2026-01-01T00:00:{second:02}.500000000Z")),
        device: DEVICE.to_owned(),
        function: 6,
        label: "write".to_owned(),
        points: vec![format!("holding register {frame}")],
    };
    Truth {
        seed: 0,
        capture: "attack.pcap".to_owned(),
        learn: None,
        acts: vec![Event {
            scenario: "S1".to_owned(),
            variant: "stranger".to_owned(),
            title: String::new(),
            source: Some("10.0.0.99".to_owned()),
            devices: vec![DEVICE.to_owned()],
            frames: (7..=14).collect(),
            requests: vec![request(10, 10), request(13, 13)],
            expected: vec![Expected {
                detection: "MB-29".to_owned(),
                instead: Vec::new(),
                severity: Severity::Critical,
                source: "10.0.0.99".to_owned(),
                device: DEVICE.to_owned(),
                points: vec!["holding register 10".to_owned()],
                more_points: vec!["holding register 13".to_owned()],
                frames: [10, 11, 13, 14].into_iter().collect(),
                deadline: "2026-01-01T00:00:10.500000000Z".to_owned(),
            }],
            listed: vec![
                Listed { detections: vec!["OT-02".to_owned()], about: About::Attack },
                Listed { detections: vec!["MB-42".to_owned()], about: About::Aftermath },
            ],
            awaits: None,
        }],
    }
}

fn right() -> Said {
    Said {
        id: "a".to_owned(),
        incident: "a".to_owned(),
        revision: 1,
        time: "2026-01-01T00:00:10.000000000Z".to_owned(),
        detection: "MB-29".to_owned(),
        severity: Severity::Critical,
        source: "10.0.0.99:50211".to_owned(),
        device: DEVICE.to_owned(),
        points: vec!["holding register 10".to_owned()],
        frames: vec![10],
        capture: None,
        observed: String::new(),
    }
}

#[test]
fn the_right_anomaly_is_found_and_is_not_false() {
    let judgement = judge(&truth(), &[right()]);
    assert!(judgement.right(), "{judgement:?}");
    assert_eq!(judgement.found.len(), 1);
}

#[test]
fn an_anomaly_that_is_wrong_in_any_one_way_does_not_count_as_found() {
    let changed = |change: &dyn Fn(&mut Said)| {
        let mut said = right();
        change(&mut said);
        judge(&truth(), &[said]).missed.first().map(|(_, why)| why.clone())
    };
    let why = |change: &dyn Fn(&mut Said), expected: &str| {
        let why = changed(change).unwrap_or_default();
        assert!(why.starts_with(expected), "{expected}: {why}");
    };
    why(&|said| said.detection = "MB-31".to_owned(), "no such detection");
    why(&|said| said.source = "10.0.0.98:50211".to_owned(), "another source");
    why(&|said| said.device = "modbus 10.0.0.21 unit 4".to_owned(), "another device");
    why(&|said| said.points = vec![], "other points");
    why(&|said| said.points.push("coil 1".to_owned()), "other points");
    why(&|said| said.frames = vec![3], "no frame");
    why(&|said| said.severity = Severity::High, "too low");
    why(&|said| said.time = "2026-01-01T00:00:13.000000000Z".to_owned(), "too late");
    assert_eq!(changed(&|said| said.points.push("holding register 13".to_owned())), None);
}

#[test]
fn what_is_neither_expected_nor_listed_is_false_above_low_only() {
    let other = |detection: &str, severity, frames: &[u64]| {
        let mut said = right();
        said.id = "b".to_owned();
        said.detection = detection.to_owned();
        said.severity = severity;
        said.frames = frames.to_vec();
        judge(&truth(), &[right(), said]).wrong.len()
    };
    assert_eq!(other("OT-02", Severity::High, &[8]), 0);
    assert_eq!(other("OT-02", Severity::High, &[3]), 1);
    assert_eq!(other("MB-01", Severity::Medium, &[10]), 1);
    assert_eq!(other("MB-01", Severity::Low, &[10]), 0);
    assert_eq!(other("MB-42", Severity::Medium, &[99]), 0);
    assert_eq!(other("MB-29", Severity::Critical, &[99]), 1);
    assert_eq!(other("OT-31", Severity::High, &[99]), 0);
}

#[test]
fn an_anomaly_that_became_worse_counts_with_its_worst_severity() {
    let mut low = right();
    low.id = "b".to_owned();
    low.detection = "MB-01".to_owned();
    low.severity = Severity::Medium;
    let mut later = low.clone();
    later.revision = 2;
    later.severity = Severity::Low;
    assert_eq!(judge(&truth(), &[right(), low, later]).wrong.len(), 1);
}
