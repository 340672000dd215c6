use std::net::IpAddr;

use gridtap_model::{
    Anomaly, AnomalyId, Armed, Endpoint, IncidentId, Protocol, Severity, State, Timestamp,
};

use super::{Finding, Findings, Layout, tally, write, write_line};

const START: Timestamp = Timestamp::from_nanos(1_714_557_600_123_456_789);

pub(crate) fn anomaly(id: u8, incident: u8, severity: Severity) -> Anomaly {
    Anomaly {
        id: AnomalyId([id; 16]),
        incident: IncidentId([incident; 16]),
        revision: 1,
        state: State::UnacknowledgedActive,
        suppressed: None,
        time: START.plus_ns(u64::from(id) * 1_000_000_000),
        last_time: START.plus_ns(u64::from(id) * 2_000_000_000),
        count: 1,
        capture: None,
        frames: vec![4711, 4713],
        detection: "MB-29",
        name: "Unauthorised write",
        also: vec!["OT-03"],
        severity,
        score: 3.1,
        protocol: Protocol::Modbus,
        zone: "default".to_owned(),
        source: Endpoint::new([10, 0, 0, 99].into(), 50_211),
        destination: Endpoint::new([10, 0, 0, 21].into(), 502),
        device: "Feeder 3 RTU".to_owned(),
        points: vec!["coil 2 (breaker 52-F3)".to_owned()],
        technique: vec!["T0855"],
        observed: "write single coil 2 (breaker 52-F3) := on".to_owned(),
        expected:
            "in 212 h no host but 10.0.0.7 wrote to this device; new writers appear at most 0.34 \
                   times a day here (none did)"
                .to_owned(),
        advice: "Ask the control room whether someone switched 52-F3 just now. A planned switching \
                 order from another desk makes it benign. Otherwise take the RTU to local and bar the \
                 sender.",
        baseline: Armed::Armed,
        key: None,
    }
}

fn names(address: IpAddr) -> Option<String> {
    (address == IpAddr::from([10, 0, 0, 99])).then(|| "office-pc".to_owned())
}

fn printed(findings: &Findings, width: usize) -> String {
    let layout = Layout { width, host: Box::new(names), capture: Some("demo.pcapng") };
    let mut out = Vec::new();
    write(&mut out, findings, &layout).unwrap();
    String::from_utf8(anstream::adapter::strip_bytes(&out).into_vec()).unwrap()
}

fn told(anomaly: &Anomaly) -> Finding {
    Finding::of(&serde_json::to_string(anomaly).unwrap()).unwrap()
}

fn findings(anomalies: impl IntoIterator<Item = Anomaly>) -> Findings {
    let mut findings = Findings::default();
    for anomaly in anomalies {
        findings.note(told(&anomaly));
    }
    findings
}

#[test]
fn an_incident_tells_everything_that_is_needed_to_act() {
    let text = printed(&findings([anomaly(1, 1, Severity::Critical)]), 100);
    for fact in [
        "CRITICAL",
        "10:00:01",
        "office-pc",
        "Feeder 3 RTU",
        "at 10.0.0.21",
        "Unauthorised write",
        "breaker 52-F3",
        "MB-29",
        "no host but 10.0.0.7 wrote",
        "▸ Ask the control room whether someone switched 52-F3 just now.\n",
        "bar the sender",
        "frames 4711, 4713 of demo.pcapng",
        "frame.number in {4711, 4713}",
        "T0855",
        "OT-03",
        "2024-05-01 10:00:01.123 UTC",
        "01010101-0101-0101-0101-010101010101",
    ] {
        assert!(text.contains(fact), "{fact} in\n{text}");
    }
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let all = (1..=9).map(|id| anomaly(id, id % 4, Severity::ALL[usize::from(id) % 5]));
    let findings = findings(all);
    for width in [72, 80, 100, 140, 200] {
        for line in printed(&findings, width).lines() {
            let wide = textwrap::core::display_width(line);
            assert!(wide <= width, "{wide} > {width}: {line}");
        }
    }
}

#[test]
fn the_worst_comes_first_and_only_what_is_above_low_is_told_in_full() {
    let findings = findings([
        anomaly(1, 1, Severity::Low),
        anomaly(2, 2, Severity::Medium),
        anomaly(3, 3, Severity::Critical),
        anomaly(4, 4, Severity::Info),
    ]);
    let text = printed(&findings, 120);
    let at = |word: &str| text.find(word).unwrap();
    assert!(at("CRITICAL") < at("MEDIUM") && at("MEDIUM") < at("LOW") && at("LOW") < at("INFO"));
    assert_eq!(text.matches("Evidence").count(), 2);
    assert_eq!(tally(&findings), "4 incidents: 1 critical, 1 medium, 1 low, 1 info");
}

#[test]
fn findings_of_one_incident_are_one_row_that_counts_what_it_names() {
    let mut second = anomaly(2, 1, Severity::High);
    second.count = 41;
    second.detection = "MB-14";
    let findings = findings([anomaly(1, 1, Severity::Critical), second]);
    let text = printed(&findings, 120);
    let row = text.lines().find(|line| line.starts_with("CRITICAL")).unwrap();
    assert!(row.contains("    1  MB-29"), "{row}");
    assert!(text.contains("42 times in all, 2 findings"), "{text}");
    assert!(text.contains("With it     10:00:02 MB-14"), "{text}");
    assert_eq!(tally(&findings), "1 incident: 1 critical");
}

#[test]
fn other_findings_of_one_kind_are_told_once_with_their_number() {
    let many = (2..50).map(|id| {
        let mut other = anomaly(id, 1, Severity::High);
        other.detection = "MB-28";
        other.device = format!("modbus 10.0.0.21 unit {}", id % 8);
        other
    });
    let text = printed(&findings(many.chain([anomaly(1, 1, Severity::Critical)])), 140);
    assert_eq!(text.matches("With it").count(), 1, "{text}");
    assert!(text.contains("MB-28 Unauthorised write (high, 48 times)"), "{text}");
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for unit in [0, 1, 3, 4, 5, 6, 7] {
        assert!(words.contains(&format!("10.0.0.21 unit {unit}")), "every device is named: {text}");
    }
}

#[test]
fn a_newer_revision_takes_the_place_of_the_older() {
    let mut newer = anomaly(1, 1, Severity::High);
    newer.revision = 2;
    newer.count = 7;
    let findings = findings([anomaly(1, 1, Severity::Critical), newer]);
    assert_eq!(findings.count(), 1);
    assert!(printed(&findings, 100).contains("7 times"));
    assert_eq!(findings.worst(), Some(Severity::Critical), "the worst it ever was");
}

#[test]
fn incidents_of_several_days_tell_the_day() {
    let mut later = anomaly(2, 2, Severity::High);
    later.time = later.time.plus_ns(86_400_000_000_000);
    let text = printed(&findings([anomaly(1, 1, Severity::High), later]), 80);
    assert!(text.contains("HIGH      2024-05-01"), "{text}");
    assert!(text.contains("HIGH      2024-05-02"), "{text}");
}

#[test]
fn text_from_the_network_cannot_drive_the_terminal() {
    let mut hostile = anomaly(1, 1, Severity::High);
    hostile.observed =
        "\u{1b}[2J\u{1b}]0;title\u{7}\r\nALL CLEAR \u{202e}dlrow \u{9b}31m".to_owned();
    hostile.device = "rtu\u{8}\u{8}\u{8}".to_owned();
    let findings = findings([hostile.clone()]);
    let mut out = Vec::new();
    write_line(&mut out, &told(&hostile)).unwrap();
    let mut text = printed(&findings, 100);
    text.push_str(&String::from_utf8(anstream::adapter::strip_bytes(&out).into_vec()).unwrap());
    assert!(text.contains("\\u{1b}[2J"), "{text}");
    let harmful = text.chars().find(|c| c.is_control() && *c != '\n' || *c == '\u{202e}');
    assert_eq!(harmful, None);
}

#[test]
fn the_first_sentence_does_not_end_in_an_abbreviation() {
    let first = super::text::first_sentence;
    assert_eq!(first("Look at it, e.g. at the panel. Then act."), "Look at it, e.g. at the panel.");
    assert_eq!(first("One sentence."), "One sentence.");
    assert_eq!(first(""), "");
}
