//! Polls that stop, parties that fall silent, pauses of everything, and polls that change their pace.

use super::*;

/// The polls of a second, as they were learned.
const POLLS: [(u8, u8, u32, u32); 6] = [
    (MASTER, RTU, 0, 10),
    (MASTER, RTU, 100, 20),
    (HISTORIAN, RTU, 0, 10),
    (MASTER, RTU + 1, 0, 10),
    (MASTER, RTU + 1, 100, 20),
    (HISTORIAN, RTU + 1, 0, 10),
];

impl Plant {
    /// A plant that also knows when polls come.
    fn timed() -> Self {
        Self::untimed().learns()
    }

    fn untimed() -> Self {
        let block = "10s".parse().unwrap();
        Self::with(gridtap_baseline::Config { block, ..Default::default() }, "")
    }

    /// Polls as they were learned, but for those that are left out.
    fn goes_on(&mut self, seconds: u32, left_out: impl Fn(u8, u8, u32) -> bool) {
        for _ in 0..seconds {
            for (master, rtu, first, count) in POLLS {
                if !left_out(master, rtu, first) {
                    self.ask(Ask::read(master, rtu, first, count));
                }
            }
            self.pass(1);
        }
    }

    fn latest(&self, detection: &str) -> Option<&Anomaly> {
        self.told.iter().rev().find(|anomaly| anomaly.detection == detection)
    }

    /// Everything told, the sensor's own health too, each once.
    fn all(&self) -> Vec<(&'static str, Severity)> {
        let mut last: Vec<&Anomaly> = Vec::new();
        for anomaly in &self.told {
            last.retain(|other| other.id != anomaly.id);
            last.push(anomaly);
        }
        last.iter().map(|anomaly| (anomaly.detection, anomaly.severity)).collect()
    }
}

#[test]
fn a_poll_that_stops_while_the_two_go_on_speaking_is_told_after_five_of_its_periods() {
    let mut plant = Plant::timed();
    plant.goes_on(4, |master, rtu, first| (master, rtu, first) == (MASTER, RTU, 100));
    assert_eq!(plant.all(), [], "five periods are not over yet");
    plant.goes_on(2, |master, rtu, first| (master, rtu, first) == (MASTER, RTU, 100));
    assert_eq!(plant.all(), [("MB-43", Severity::Medium)]);
    let told = plant.latest("MB-43").unwrap();
    assert!(
        told.observed.starts_with(
            "10.0.0.7 has not asked modbus 10.0.0.21 unit 1 for holding registers 100 to 119 for "
        ),
        "{}",
        told.observed
    );
    assert!(told.expected.contains("every 1.0 s"), "{}", told.expected);
    assert_eq!((told.source.address, told.destination.address), (host(MASTER), host(RTU)));
    plant.goes_on(600, |master, rtu, first| (master, rtu, first) == (MASTER, RTU, 100));
    assert_eq!(plant.all().len(), 1, "it is told once");
}

#[test]
fn a_device_that_falls_silent_is_low_and_after_an_hour_medium_and_its_polls_are_not_told() {
    let mut plant = Plant::timed();
    plant.goes_on(60, |_, rtu, _| rtu == RTU);
    assert_eq!(plant.all(), [("OT-12", Severity::Low)], "whoever asks it");
    let told = plant.latest("OT-12").unwrap();
    assert!(told.observed.starts_with("nothing is heard of modbus 10.0.0.21 unit 1 for "));
    plant.goes_on(30, |_, _, _| false);
    assert!(plant.above_low().is_empty(), "it is back: {:?}", plant.all());
    let mut plant = Plant::timed();
    plant.goes_on(2 * 3_600, |_, rtu, _| rtu == RTU);
    assert!(plant.said().contains(&("OT-12", Severity::Medium)), "{:?}", plant.all());
    assert!(plant.latest("MB-43").is_none());
}

#[test]
fn a_master_that_stops_is_one_low_finding_and_the_other_masters_polls_go_on() {
    let mut plant = Plant::timed();
    plant.goes_on(120, |master, _, _| master == MASTER);
    assert_eq!(plant.all(), [("OT-12", Severity::Low)]);
    let told = plant.latest("OT-12").unwrap();
    assert!(told.observed.starts_with("nothing is heard of 10.0.0.7 for "), "{}", told.observed);
}

#[test]
fn a_pause_of_the_input_is_one_line_about_the_sensor_and_alarms_for_nothing_else() {
    let mut plant = Plant::timed();
    (0..30).for_each(|_| plant.pass(1));
    assert_eq!(plant.all(), [], "nothing is said of a silence that may be the input's end");
    plant.goes_on(120, |_, _, _| false);
    assert_eq!(plant.all(), [("OT-29", Severity::Medium)]);
    let told = plant.latest("OT-29").unwrap();
    assert!(told.observed.contains("6 requests should have come"), "{}", told.observed);
    (0..7_200).for_each(|_| plant.pass(1));
    assert_eq!(plant.all().len(), 1, "the end of the input is no pause");
}

#[test]
fn another_file_that_begins_where_one_ended_is_no_pause() {
    let mut plant = Plant::timed();
    (0..30).for_each(|_| plant.pass(1));
    plant.detector.frame(1);
    (0..30).for_each(|_| plant.pass(1));
    assert_eq!(plant.all(), []);
}

#[test]
fn everything_that_stops_at_once_while_other_packets_come_is_one_line_about_the_sensor() {
    let mut plant = Plant::timed();
    for _ in 0..60 {
        plant.detector.frame(0);
        plant.pass(1);
    }
    assert_eq!(plant.all(), [("OT-29", Severity::Medium)]);
    plant.goes_on(120, |_, _, _| false);
    assert_eq!(plant.all().len(), 1);
}

#[test]
fn octets_that_are_missing_in_the_conversation_explain_a_poll_that_does_not_come() {
    let mut plant = Plant::timed();
    let stopped = |master, rtu, first| (master, rtu, first) == (MASTER, RTU, 100);
    for _ in 0..20 {
        plant.goes_on(2, stopped);
        let ends = (Endpoint::new(host(MASTER), 40_000), Endpoint::new(host(RTU), 502));
        plant.heard(ends.0, ends.1, What::Link(LinkEvent::Missing { bytes: 12 }));
    }
    assert_eq!(plant.all(), [("OT-29", Severity::Medium)], "so much is missing that it is told");
}

#[test]
fn a_poll_that_doubles_comes_ten_times_as_often_or_slows_by_a_third_is_medium() {
    let again = |plant: &mut Plant, seconds: u64, part: u64| {
        for _ in 0..seconds * part {
            plant.ask(Ask::read(MASTER, RTU, 0, 10));
            plant.now = plant.now.plus_ns(SECOND_NS / part);
            if plant.now.nanos() % 1_000_000_000 < 1_000 {
                plant.pass(0);
            }
        }
    };
    for part in [2, 10] {
        let mut plant = Plant::timed();
        again(&mut plant, 10, part);
        plant.pass(1);
        let told = plant.latest("MB-43").expect("told within ten seconds");
        assert_eq!(told.severity, Severity::Medium);
        assert!(told.observed.contains("more often than it did"), "{}", told.observed);
    }
    let mut plant = Plant::timed();
    for _ in 0..40 {
        plant.ask(Ask::read(MASTER, RTU, 0, 10));
        plant.ask(Ask::read(MASTER, RTU, 100, 20));
        plant.now = plant.now.plus_ns(300_000_000);
        plant.pass(1);
    }
    let told = plant.latest("MB-43").expect("told within 40 polls");
    assert!(told.observed.contains("more seldom than it did"), "{}", told.observed);
    let explained = told.observed.clone();
    assert!(explained.contains("once every 1.3 s"), "{explained}");
}

#[test]
fn a_master_that_waits_in_vain_and_so_asks_more_seldom_is_low() {
    let mut plant = Plant::timed();
    for _ in 0..60 {
        for (master, rtu, first, count) in POLLS {
            let answer = if rtu == RTU { Answer::Done(0) } else { Answer::None };
            plant.ask(Ask { answer, ..Ask::read(master, rtu, first, count) });
        }
        (0..3).for_each(|_| plant.pass(1));
    }
    assert!(plant.latest("MB-43").is_some(), "{:?}", plant.all());
    assert!(plant.above_low().is_empty(), "{:?}", plant.all());
}

#[test]
fn a_poll_that_is_due_after_its_device_came_back_is_late_only_where_it_stays_away() {
    let mut plant = Plant::timed();
    for _ in 0..4 {
        plant.goes_on(1, |_, rtu, _| rtu == RTU);
        plant.ask(Ask { answer: Answer::None, ..Ask::read(MASTER, RTU, 0, 10) });
    }
    // It is polled again at once, but for the one request that comes last.
    let is_last = |master, rtu, first| (master, rtu, first) == (MASTER, RTU, 100);
    plant.goes_on(4, is_last);
    assert!(plant.above_low().is_empty(), "{:?}", plant.all());
    plant.goes_on(5, is_last);
    assert_eq!(plant.said(), [("MB-43", Severity::Medium)]);
}

#[test]
fn a_device_that_misses_a_request_now_and_then_keeps_no_other_that_stopped_from_being_told() {
    let mut plant = Plant::timed();
    let is_last = |master, rtu, first| (master, rtu, first) == (MASTER, RTU, 100);
    for _ in 0..10 {
        plant.goes_on(3, is_last);
        plant.ask(Ask { answer: Answer::None, ..Ask::read(MASTER, RTU, 0, 10) });
    }
    assert!(plant.said().contains(&("MB-43", Severity::Medium)), "{:?}", plant.all());
}

#[test]
fn while_it_is_learned_nothing_is_late() {
    let mut plant = Plant::untimed();
    plant.goes_on(200, |_, _, _| false);
    plant.goes_on(60, |_, _, first| first == 100);
    plant.goes_on(60, |_, _, _| false);
    assert!(plant.latest("MB-43").is_none() && plant.latest("OT-12").is_none());
}

#[test]
fn a_device_that_takes_a_second_longer_to_answer_is_medium_and_one_that_takes_a_little_longer_is_not()
 {
    for (latency_ns, told) in [(1_005_000_000, true), (100_000_000, false)] {
        let mut plant = Plant::timed();
        for _ in 0..20 {
            for (master, rtu, first, count) in POLLS {
                plant.latency_ns = if rtu == RTU { latency_ns } else { 5_000_000 };
                plant.ask(Ask::read(master, rtu, first, count));
            }
            plant.pass(1);
        }
        assert_eq!(plant.latest("MB-43").is_some(), told, "{:?}", plant.all());
        if let Some(slow) = plant.latest("MB-43") {
            assert_eq!(slow.severity, Severity::Medium);
            assert!(slow.observed.contains("1.0 s for the last answer"), "{}", slow.observed);
            assert_eq!(slow.expected, "about 5 ms, as in every block that was learned");
        }
    }
}

/// A benign look-alike: a mirror port that loses one packet in twenty, without anybody noticing.
#[test]
fn one_message_in_twenty_that_is_lost_alarms_for_nothing_above_low() {
    let mut plant = Plant::timed();
    let mut random = 12_345_u64;
    for _ in 0..1_800 {
        for (master, rtu, first, count) in POLLS {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            if !(random >> 33).is_multiple_of(20) {
                plant.ask(Ask::read(master, rtu, first, count));
            }
        }
        plant.pass(1);
    }
    assert!(plant.above_low().is_empty(), "{:?}", plant.all());
}

/// The same: a second master takes over, and asks as the first one did; what it asked itself is among that.
#[test]
fn a_standby_that_takes_over_leaves_its_first_one_silent_and_that_is_low() {
    let mut plant = Plant::timed();
    for _ in 0..120 {
        for (_, rtu, first, count) in POLLS.into_iter().filter(|poll| poll.0 == MASTER) {
            plant.ask(Ask::read(HISTORIAN, rtu, first, count));
        }
        plant.pass(1);
    }
    let about_timing = |id: &&str| matches!(*id, "MB-43" | "OT-12" | "OT-13" | "OT-29");
    let said: Vec<_> = plant.all().into_iter().filter(|(id, _)| about_timing(id)).collect();
    assert_eq!(said, [("OT-12", Severity::Low)], "{:?}", plant.all());
}

#[test]
fn one_gap_in_a_hundred_messages_is_told_of_the_sensor_and_over_when_little_is_missing() {
    let mut plant = Plant::timed();
    let ends = (Endpoint::new(host(MASTER), 40_000), Endpoint::new(host(RTU), 502));
    let loses = |plant: &mut Plant, every: u32| {
        for _ in 0..8 {
            plant.goes_on(every, |_, _, _| false);
            plant.heard(ends.0, ends.1, What::Link(LinkEvent::Missing { bytes: 12 }));
        }
    };
    loses(&mut plant, 40);
    assert_eq!(plant.all(), [], "one in four hundred and eighty messages");
    loses(&mut plant, 2);
    assert_eq!(plant.all(), [("OT-29", Severity::Medium)]);
    let told = plant.latest("OT-29").unwrap();
    assert!(told.observed.starts_with("60 octets of the conversations"), "{}", told.observed);
    plant.goes_on(1_300, |_, _, _| false);
    assert_eq!(plant.latest("OT-29").unwrap().state, gridtap_model::State::UnacknowledgedCleared);
}
