use std::collections::{BTreeMap, BTreeSet};

use gridtap_model::{Protocol, Severity, State, Timestamp};

use crate::table::{Kind, TABLE};
use crate::*;

fn known() -> Known {
    Known {
        version: "0.1.0".to_owned(),
        commit: "c1136d4".to_owned(),
        detections: vec!["MB-29", "OT-01"],
        endpoints: vec!["control-room".to_owned()],
        hooks: vec!["pager".to_owned()],
    }
}

/// A pipeline that has heard nothing yet.
fn silence() -> Heard {
    Heard {
        interfaces: vec![InterfaceHeard { name: "eth1".to_owned(), ..InterfaceHeard::default() }],
        not_followed: vec![("nesting_excess", 0)],
        evictions: vec![("flows_evicted_unanswered", 0)],
        ..Heard::default()
    }
}

fn device(name: &str, state: DeviceState) -> DeviceHeard {
    DeviceHeard {
        name: name.to_owned(),
        protocol: Protocol::Modbus,
        commands: [300, 4, 2, 1, 1, 1, 1, 1],
        last: Some(Timestamp::from_parts(1_800_000_000, 250_000_000)),
        state,
        poll: Some(PollInterval { median_ns: 1_000_000_000, p95_ns: 1_250_000_000 }),
    }
}

/// A store with something of everything.
fn full() -> Stored {
    let all = [
        State::UnacknowledgedActive,
        State::AcknowledgedActive,
        State::UnacknowledgedCleared,
        State::Cleared,
        State::Closed,
    ];
    let each = all.into_iter().flat_map(|state| Severity::ALL.map(|severity| (state, severity)));
    Stored {
        anomalies: each.map(|key| (key, 1)).collect(),
        suppressed: Severity::ALL.map(|severity| (severity, 1)).into(),
        oldest: Severity::ALL.map(|of| (of, Timestamp::from_parts(1_799_999_000, 0))).into(),
        size_bytes: 4_096,
        available_bytes: Some(1 << 30),
        audit_records: 17,
        queues: vec![
            Queue {
                endpoint: "control-room".to_owned(),
                length: 2,
                oldest: Some(Timestamp::from_parts(1_799_999_990, 0)),
            },
            Queue {
                endpoint: "gone from the configuration".to_owned(),
                length: 1,
                oldest: Some(Timestamp::from_parts(1_799_999_980, 0)),
            },
        ],
    }
}

/// Everything happened at least once.
fn busy() -> Metrics {
    let metrics = Metrics::new(&known());
    let mut protocol = ProtocolHeard {
        pdus: 620,
        errors: [1, 2, 3, 4],
        bytes: [7_440, 40, 30, 20],
        flows: 2,
        gaps: 3,
        commands: [300, 5, 2, 1, 1, 1, 1, 1],
        exceptions: [1, 2, 3, 4, 5, 6, 7, 8, 9],
        ..ProtocolHeard::default()
    };
    protocol.response.add(4_000_000);
    protocol.response.add(80_000_000);
    let interface = InterfaceHeard {
        name: "eth1".to_owned(),
        packets: 1_000,
        bytes: 64_000,
        drops: [1, 2, 3],
        files_lost: 4,
        last: Some(Timestamp::from_parts(1_800_000_000, 500_000_000)),
    };
    let mut heard = Heard {
        interfaces: vec![interface],
        protocols: [protocol.clone(), protocol],
        buffered_bytes: 512,
        held: [4_096, 3],
        not_followed: vec![("nesting_excess", 4)],
        evictions: vec![("flows_evicted_unanswered", 9)],
        devices: vec![
            device("Feeder 12 RTU (modbus 10.0.0.21 unit 3)", DeviceState::Active),
            device("modbus 10.0.0.22 unit 1", DeviceState::Silent),
            device("modbus 10.0.0.23 unit 1", DeviceState::Unanswered),
        ],
        other_devices: [[1; CommandClass::COUNT]; 2],
        capped: 2,
        clock_ahead_ns: -2_500_000,
        clock_steps: 1,
        ..Heard::default()
    };
    heard.lag.add(2_000_000);
    metrics.heard(heard);
    metrics.stored(full());
    let mut learned =
        Learned { created: Some(Timestamp::from_parts(1_799_000_000, 0)), ..Learned::default() };
    for level in &mut learned.levels {
        level.novel_per_day = 0.25;
    }
    metrics.learned(learned);
    happen(&metrics);
    metrics
}

/// One event of each kind and result.
fn happen(metrics: &Metrics) {
    for detection in ["MB-29", "OT-01"] {
        for severity in Severity::ALL {
            let delay_ns = Some(30_000_000);
            metrics.record(&AnomalyOpened { id: "6f0c", detection, severity, delay_ns });
        }
    }
    let delay_ns = 90_000_000_000;
    metrics.record(&AnomalyAcknowledged { id: "6f0c", by: "shift leader", delay_ns });
    for endpoint in ["control-room", "nobody configured this"] {
        for result in DeliveryResult::ALL {
            metrics.record(&DeliveryTried { endpoint, result: *result, error: "" });
        }
    }
    for hook in ["pager", "made up by a caller"] {
        for result in InboundResult::ALL {
            metrics.record(&InboundAnswered { hook, result: *result });
        }
    }
    metrics.record(&StoreWriteFailed { error: "disk full" });
}

/// The samples of a text: metric with labels, and value.
fn samples(text: &str) -> BTreeMap<&str, f64> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let parsed: Vec<(&str, f64)> = lines
        .map(|line| line.rsplit_once(' ').expect("a sample has a value"))
        .map(|(series, value)| (series, value.parse().expect("a value is a number")))
        .collect();
    let count = parsed.len();
    let samples: BTreeMap<&str, f64> = parsed.into_iter().collect();
    assert_eq!(samples.len(), count, "no series stands twice");
    samples
}

fn value(text: &str, series: &str) -> f64 {
    *samples(text).get(series).unwrap_or_else(|| panic!("there is no {series} in\n{text}"))
}

#[test]
fn the_text_is_the_one_that_was_agreed() {
    let text = busy().own_text();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/tests/metrics.txt");
    if std::env::var_os("GRIDTAP_WRITE_GOLDEN").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let agreed = std::fs::read_to_string(path).unwrap();
    for (line, (ours, theirs)) in text.lines().zip(agreed.lines()).enumerate() {
        assert_eq!(ours, theirs, "line {}; GRIDTAP_WRITE_GOLDEN=1 writes what is", line + 1);
    }
    assert_eq!(text, agreed);
}

#[test]
fn at_the_start_every_metric_is_there_with_its_help_and_at_zero() {
    let metrics = Metrics::new(&known());
    metrics.heard(silence());
    let text = metrics.own_text();
    for metric in TABLE {
        assert!(text.contains(&format!("# HELP {} {}\n", metric.name, metric.help)), "{metric:?}");
        let kind = format!("# TYPE {} {}\n", metric.name, metric.kind.name());
        assert!(text.contains(&kind), "{metric:?}");
    }
    let told = ["gridtap_build_info", "gridtap_baseline_learning", "gridtap_store_available_bytes"];
    for (series, value) in samples(&text) {
        let at_start = told.iter().any(|name| series.starts_with(name));
        assert!(at_start || value == 0.0, "{series} {value}");
    }
}

#[test]
fn whatever_can_happen_moves_its_series() {
    let text = busy().own_text();
    for (series, value) in samples(&text) {
        // The first bucket of a distribution, and what nobody ever says a word as, may stay at zero.
        let is_of_other = series.contains("device=\"_other\"")
            && (series.contains("_seen_") || series.contains("_poll_"));
        let may_rest = series.contains("_bucket{") || is_of_other;
        assert!(may_rest || value != 0.0, "{series} {value}");
    }
}

#[test]
fn a_series_has_the_same_labels_at_the_start_as_later() {
    let names = |text: &str| -> BTreeSet<String> {
        samples(text).keys().map(|series| (*series).to_owned()).collect()
    };
    let metrics = Metrics::new(&known());
    metrics.heard(silence());
    let (before, after) = (names(&metrics.own_text()), names(&busy().own_text()));
    let new: Vec<&String> = after.difference(&before).collect();
    assert!(before.is_subset(&after));
    assert!(new.iter().all(|series| series.contains("device=\"")), "{new:?}");
}

#[test]
fn a_name_that_no_configuration_has_makes_no_series() {
    let metrics = Metrics::new(&known());
    let before = metrics.own_text().lines().count();
    for nth in 0..100 {
        let hook = format!("hook {nth}");
        metrics.record(&InboundAnswered { hook: &hook, result: InboundResult::Unknown });
    }
    let text = metrics.own_text();
    assert_eq!(text.lines().count(), before);
    assert_eq!(
        value(&text, "gridtap_webhook_inbound_total{hook=\"_other\",result=\"unknown\"}"),
        100.0
    );
    assert_eq!(value(&text, "gridtap_metrics_series_capped_total"), 100.0);
}

#[test]
fn two_of_one_name_are_told_as_one_and_no_series_stands_twice() {
    let metrics = Metrics::new(&known());
    let interface = InterfaceHeard { name: "a.pcap".to_owned(), packets: 2, ..Default::default() };
    metrics.heard(Heard {
        interfaces: vec![interface.clone(), interface],
        devices: vec![
            device("RTU", DeviceState::Active),
            device("RTU", DeviceState::Silent),
            device("_other", DeviceState::Silent),
        ],
        ..Heard::default()
    });
    let text = metrics.own_text();
    assert_eq!(value(&text, "gridtap_capture_packets_total{interface=\"a.pcap\"}"), 4.0);
    let read = |name: &str| {
        let labels = format!("{{device=\"{name}\",protocol=\"modbus\",class=\"read\"}}");
        value(&text, &format!("gridtap_device_commands_total{labels}"))
    };
    assert_eq!((read("RTU"), read("_other")), (300.0, 600.0));
}

#[test]
fn an_endpoint_of_a_new_configuration_begins_at_zero_and_the_old_one_stays() {
    let metrics = busy();
    let endpoints = vec!["night shift".to_owned()];
    metrics.know(&Known { endpoints, ..Known::default() });
    let text = metrics.own_text();
    let delivered = |endpoint: &str| {
        let labels = format!("{{endpoint=\"{endpoint}\",result=\"delivered\"}}");
        value(&text, &format!("gridtap_webhook_deliveries_total{labels}"))
    };
    assert_eq!((delivered("night shift"), delivered("control-room")), (0.0, 1.0));
}

#[test]
fn the_whole_text_has_the_process_too() {
    let text = Metrics::new(&known()).text();
    for name in ["process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds"] {
        assert!(samples(&text).contains_key(name), "{name} in\n{text}");
    }
    assert!(value(&text, "process_resident_memory_bytes") > 0.0);
}

#[test]
fn names_and_labels_keep_the_rules_of_prometheus() {
    let mut names = BTreeSet::new();
    for metric in TABLE {
        assert!(metric.name.starts_with("gridtap_"), "{}", metric.name);
        assert!(names.insert(metric.name), "{} stands twice", metric.name);
        assert_eq!(
            metric.name.ends_with("_total"),
            metric.kind == Kind::Counter,
            "{}",
            metric.name
        );
        assert!(metric.help.ends_with('.'), "{}", metric.help);
        assert!(!metric.labels.contains(&"le") && !metric.labels.contains(&"job"));
        for wrong in ["milli", "_ms", "_age", "minutes"] {
            assert!(!metric.name.contains(wrong), "{}: base units, moments not ages", metric.name);
        }
    }
}
