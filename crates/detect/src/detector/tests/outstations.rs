//! Outstations that say how they are, speak unasked and ask for proof: what the families say of it.

use gridtap_model::{
    Authentication, Control, Dialogue, Indications, Operation, Reading, TripClose, Value,
};

use super::*;

mod feedback;

const LINK: u16 = 10;
const MASTER_LINK: u16 = 1;

/// One message between a master and an outstation.
#[derive(Clone)]
struct Say {
    master: u8,
    master_link: u16,
    rtu: u8,
    link: u16,
    code: u16,
    class: Class,
    effect: Effect,
    phase: Phase,
    outcome: Outcome,
    first: u32,
    readings: Vec<Reading>,
    indications: Option<u16>,
    authentication: Authentication,
    faults: Vec<FaultKind>,
    request_frame: Option<u64>,
    hearing: Hearing,
    /// Of what is not the usual table of such a message.
    table: Option<Table>,
}

impl Say {
    fn poll() -> Self {
        Self {
            master: MASTER,
            master_link: MASTER_LINK,
            rtu: RTU,
            link: LINK,
            code: 1,
            class: Class::Read,
            effect: Effect::Survey,
            phase: Phase::Request,
            outcome: Outcome::Pending,
            first: 7,
            readings: Vec::new(),
            indications: None,
            authentication: Authentication::Unknown,
            faults: Vec::new(),
            request_frame: None,
            hearing: Hearing::default(),
            table: None,
        }
    }

    fn answered(&self, frame: u64, indications: u16) -> Self {
        Self {
            phase: Phase::Response,
            outcome: Outcome::Success,
            indications: Some(indications),
            request_frame: Some(frame),
            ..self.clone()
        }
    }

    /// A trip of this output.
    fn trip() -> Self {
        Self {
            code: 5,
            class: Class::Command,
            effect: Effect::Plain,
            readings: vec![TRIP],
            ..Self::poll()
        }
    }

    fn restart() -> Self {
        Self { code: 13, class: Class::Diagnostic, effect: Effect::Restart, ..Self::poll() }
    }

    fn report(number: i64) -> Self {
        let value = Some(Value::Integer(number));
        Self {
            code: 130,
            effect: Effect::Plain,
            phase: Phase::Unsolicited,
            outcome: Outcome::Success,
            indications: Some(0),
            readings: vec![Reading { value, ..Reading::default() }],
            ..Self::poll()
        }
    }

    fn link_status() -> Self {
        Self { code: 0x109, class: Class::Link, effect: Effect::Plain, ..Self::poll() }
    }
}

const TRIP: Reading = Reading {
    value: Some(Value::Control(Control {
        operation: Operation::PulseOn,
        trip_close: TripClose::Trip,
        clear: false,
        count: 1,
        on_ms: 100,
        off_ms: 0,
    })),
    quality: None,
    time: None,
    status: None,
};

impl Plant {
    fn says(&mut self, say: &Say) -> u64 {
        let master = Endpoint::new(host(say.master), 40_000);
        let server = Endpoint::new(host(say.rtu), 20_000);
        let device = Device {
            zone: Zone(0),
            protocol: Protocol::Dnp3,
            address: server.address,
            sub: SubAddress::Link(say.link),
        };
        let count = u32::try_from(say.readings.len()).unwrap();
        let written = say.class == Class::Command;
        let table = if written { Table::BINARY_OUTPUT } else { Table::BINARY_INPUT };
        let run = Run {
            table: say.table.unwrap_or(table),
            first: say.first,
            count,
            values: Values::Readings(&say.readings),
            written,
        };
        let runs = if count > 0 { vec![run] } else { Vec::new() };
        let mut faults = Faults::NONE;
        for kind in &say.faults {
            faults.push(*kind, 1, 2);
        }
        let message = Message {
            master,
            device,
            class: say.class,
            phase: say.phase,
            function: Function { code: say.code, sub: None, name: "some_function" },
            effect: say.effect,
            runs: &runs,
            outcome: say.outcome,
            request_frame: say.request_frame,
            latency_ns: None,
            faults,
            hearing: say.hearing,
            identity: None,
            file: None,
            dialogue: Dialogue {
                master_sub: SubAddress::Link(say.master_link),
                indications: say.indications.map(Indications),
                authentication: say.authentication,
                ..Dialogue::NONE
            },
        };
        let asks =
            matches!(say.phase, Phase::Request | Phase::Select | Phase::Operate | Phase::Confirm);
        let (source, destination) = if asks { (master, server) } else { (server, master) };
        self.hears(source, destination, What::Message(message))
    }

    fn hears(&mut self, source: Endpoint, destination: Endpoint, what: What<'_>) -> u64 {
        self.frame += 1;
        let observation = Observation {
            time: self.now,
            place: Place { capture: 0, frame: self.frame, position: 0 },
            zone: Zone(0),
            conversation: Conversation(1),
            transport: Transport::Tcp,
            protocol: Protocol::Dnp3,
            source,
            destination,
            what,
        };
        self.detector.observe(&observation, &mut self.baseline);
        self.told.extend(self.detector.take());
        self.frame
    }

    /// A request and its answer.
    fn asks(&mut self, say: &Say) {
        self.asks_and_hears(say, 0);
    }

    fn asks_and_hears(&mut self, say: &Say, indications: u16) {
        let frame = self.says(say);
        self.says(&say.answered(frame, indications));
    }

    /// Ten minutes of polls of two outstations, trips of one of them, and a few reports.
    fn of_outstations() -> Self {
        Self::of_outstations_with(|plant, second| {
            if second % 30 == 5 {
                plant.asks(&Say::trip());
            }
        })
    }

    fn of_outstations_with(also: impl Fn(&mut Self, u32)) -> Self {
        let mut plant = Self::new("");
        plant.baseline.teach(true);
        for second in 0..600_u32 {
            plant.asks(&Say::poll());
            plant.asks(&Say { rtu: RTU + 1, link: LINK + 1, ..Say::poll() });
            if second % 20 == 7 {
                plant.says(&Say::report(i64::from(second)));
            }
            also(&mut plant, second);
            plant.pass(1);
        }
        plant.baseline.teach(false);
        assert!(plant.baseline.is_zone_armed(Zone(0)));
        assert_eq!(plant.said(), [], "learning is quiet");
        plant.told.clear();
        plant
    }

    /// The last word on each anomaly of a detection.
    fn of(&self, detection: &str) -> Vec<Anomaly> {
        let mut last: Vec<Anomaly> = Vec::new();
        for anomaly in self.told.iter().filter(|anomaly| anomaly.detection == detection) {
            last.retain(|other| other.id != anomaly.id);
            last.push(anomaly.clone());
        }
        last
    }

    #[track_caller]
    fn tells(&self, detection: &str, severity: Severity) -> Anomaly {
        let told = self.of(detection);
        let found = told.iter().find(|anomaly| anomaly.severity == severity);
        found.unwrap_or_else(|| panic!("no {detection} {severity}: {:#?}", self.told)).clone()
    }
}

#[test]
fn a_restart_is_low_a_second_one_that_nobody_commanded_is_medium_and_a_held_bit_is_one_restart() {
    let mut plant = Plant::of_outstations();
    for _ in 0..5 {
        plant.asks_and_hears(&Say::poll(), Indications::RESTART.0);
        plant.pass(1);
    }
    assert_eq!(plant.tells("DN-29", Severity::Low).count, 1);
    plant.asks(&Say::poll());
    plant.pass(120);
    plant.asks_and_hears(&Say::poll(), Indications::RESTART.0);
    let often = plant.tells("DN-29", Severity::Medium);
    assert_eq!(often.frames.len(), 2, "both restarts are shown");
    assert_eq!(often.source.address, host(RTU));
}

#[test]
fn what_a_device_says_when_it_is_first_heard_is_no_restart_of_now() {
    // It said so from the first packet on, until its master had dealt with it.
    let poll = Say { rtu: RTU + 5, link: LINK + 5, ..Say::poll() };
    let mut plant = Plant::of_outstations_with(|plant, second| match second {
        0..300 => {}
        300 => plant.asks_and_hears(&poll, Indications::RESTART.0),
        _ => plant.asks(&poll),
    });
    plant.asks_and_hears(&poll, Indications::RESTART.0);
    assert_eq!(plant.said(), [], "one restart is low, however young the baseline is");
    assert_eq!(plant.tells("DN-29", Severity::Low).count, 1);
}

#[test]
fn restarts_half_an_hour_apart_stay_low() {
    let mut plant = Plant::of_outstations();
    for _ in 0..3 {
        plant.asks_and_hears(&Say::poll(), Indications::RESTART.0);
        plant.asks(&Say::poll());
        plant.pass(1_800);
    }
    assert_eq!(plant.said(), []);
    assert!(!plant.of("DN-29").is_empty());
}

#[test]
fn two_masters_that_each_see_the_restart_see_one_restart() {
    let mut plant = Plant::of_outstations_with(|plant, _| {
        plant.asks(&Say { master: HISTORIAN, master_link: 2, ..Say::poll() });
    });
    let other = Say { master: HISTORIAN, master_link: 2, ..Say::poll() };
    plant.asks_and_hears(&Say::poll(), Indications::RESTART.0);
    for _ in 0..3 {
        plant.asks(&Say::poll());
        plant.asks_and_hears(&other, Indications::RESTART.0);
        plant.pass(1);
    }
    assert_eq!(plant.said(), []);
}

#[test]
fn restarts_that_follow_commands_are_told_with_them_and_are_not_frequent() {
    let mut plant = Plant::of_outstations();
    let mut command = None;
    for _ in 0..3 {
        let frame = plant.says(&Say::restart());
        plant.pass(10);
        plant.asks_and_hears(&Say::poll(), Indications::RESTART.0 | Indications::NEED_TIME.0);
        plant.asks(&Say::poll());
        let told = plant.tells("DN-29", Severity::Low);
        assert!(told.frames.contains(command.get_or_insert(frame)));
        plant.pass(50);
    }
    assert!(plant.of("DN-29").iter().all(|anomaly| anomaly.severity == Severity::Low));
    assert!(plant.of("DN-34").is_empty(), "after a restart a device wants the time");
}

#[test]
fn lost_events_are_low_and_medium_at_the_third_time_and_silent_where_learned() {
    let mut plant = Plant::of_outstations();
    for (nth, severity) in [(1, Severity::Low), (2, Severity::Low), (3, Severity::Medium)] {
        plant.asks_and_hears(&Say::poll(), Indications::EVENTS_LOST.0);
        plant.asks(&Say::poll());
        plant.pass(5);
        assert_eq!(plant.tells("DN-30", severity).count, nth);
    }
    let mut plant = Plant::of_outstations_with(|plant, second| {
        if second % 60 == 0 {
            plant.asks_and_hears(&Say::poll(), Indications::EVENTS_LOST.0);
        }
    });
    for _ in 0..4 {
        plant.asks_and_hears(&Say::poll(), Indications::EVENTS_LOST.0);
        plant.asks(&Say::poll());
    }
    assert!(plant.of("DN-30").is_empty());
}

#[test]
fn each_state_of_a_device_is_told_once_as_what_it_is_and_not_where_it_was_learned() {
    let states = [
        (Indications::CONFIGURATION_CORRUPT, "DN-31", Severity::Medium),
        (Indications::TROUBLE, "DN-32", Severity::Low),
        (Indications::RESERVED, "DN-33", Severity::Low),
        (Indications::NEED_TIME, "DN-34", Severity::Low),
        (Indications::BROADCAST, "DN-34", Severity::Low),
    ];
    for (state, row, severity) in states {
        let mut plant = Plant::of_outstations();
        for _ in 0..3 {
            plant.asks_and_hears(&Say::poll(), state.0);
            plant.pass(1);
        }
        assert_eq!(plant.tells(row, severity).count, 1, "{row}");
        assert_eq!(plant.told.len(), 1, "{row} alone");
        if state == Indications::CONFIGURATION_CORRUPT {
            continue;
        }
        let mut plant = Plant::of_outstations_with(|plant, second| {
            let set = if second % 100 < 50 { state.0 } else { 0 };
            plant.asks_and_hears(&Say::poll(), set);
        });
        plant.asks_and_hears(&Say::poll(), state.0);
        assert!(plant.told.is_empty(), "{row} was learned");
    }
}

#[test]
fn a_corrupt_configuration_is_told_while_the_baseline_learns_too() {
    let mut plant = Plant::new("");
    plant.asks_and_hears(&Say::poll(), Indications::CONFIGURATION_CORRUPT.0);
    plant.tells("DN-31", Severity::Medium);
}

#[test]
fn events_of_a_class_are_no_news() {
    let mut plant = Plant::of_outstations();
    plant.asks_and_hears(&Say::poll(), 0b1110);
    assert!(plant.told.is_empty());
}

#[test]
fn local_control_is_told_around_a_command_and_not_without_one() {
    let local = Indications::LOCAL_CONTROL.0;
    let mut plant = Plant::of_outstations();
    plant.pass(100);
    plant.asks(&Say::poll());
    plant.asks(&Say::trip());
    plant.pass(10);
    plant.asks_and_hears(&Say::poll(), local);
    assert_eq!(plant.tells("DN-54", Severity::Low).frames.len(), 2);

    let mut plant = Plant::of_outstations();
    plant.pass(100);
    plant.asks_and_hears(&Say::poll(), local);
    plant.pass(100);
    plant.asks(&Say::poll());
    assert!(plant.of("DN-54").is_empty());
}

fn refused(statuses: &[u8]) -> Say {
    let readings = statuses.iter().map(|status| Reading { status: Some(*status), ..TRIP });
    Say {
        readings: readings.collect(),
        phase: Phase::Exception,
        outcome: Outcome::Refused { reason: Refusal::Other, code: 7 },
        ..Say::trip()
    }
}

#[test]
fn a_burst_of_refused_controls_is_medium_with_its_points_and_two_are_not_one() {
    let mut plant = Plant::of_outstations();
    plant.says(&refused(&[7]));
    plant.pass(5);
    plant.says(&refused(&[7, 0]));
    assert!(plant.of("DN-45").is_empty());
    plant.pass(5);
    plant.says(&refused(&[4, 7]));
    let told = plant.tells("DN-45", Severity::Medium);
    assert_eq!(told.points, ["binary output 7", "binary output 8"]);
    assert!(told.observed.contains("local control"), "{}", told.observed);
}

#[test]
fn refused_controls_two_minutes_apart_are_no_burst() {
    let mut plant = Plant::of_outstations();
    for _ in 0..5 {
        plant.says(&refused(&[7]));
        plant.pass(120);
    }
    assert!(plant.of("DN-45").is_empty());
}

#[test]
fn thirty_reports_within_seconds_are_low_and_a_hundred_are_medium() {
    let mut plant = Plant::of_outstations();
    for number in 0..30 {
        plant.says(&Say::report(number));
        plant.says(&Say { phase: Phase::Confirm, ..Say::report(number) });
        if number % 6 == 5 {
            plant.pass(1);
        }
    }
    assert_eq!(plant.said(), []);
    plant.tells("DN-18", Severity::Low);
    for number in 30..130 {
        plant.says(&Say::report(number));
    }
    let storm = plant.tells("DN-18", Severity::Medium);
    assert_eq!(storm.source.address, host(RTU));
}

#[test]
fn a_report_that_is_repeated_until_it_is_confirmed_counts_once() {
    let mut plant = Plant::of_outstations();
    for _ in 0..20 {
        plant.says(&Say::report(5));
        plant.pass(1);
    }
    assert!(plant.of("DN-18").is_empty());
    for _ in 0..20 {
        plant.says(&Say::report(5));
    }
    plant.tells("DN-18", Severity::Low);
}

#[test]
fn reports_of_a_device_that_reported_as_many_before_are_silent() {
    let mut plant = Plant::of_outstations_with(|plant, second| {
        if second == 300 {
            (0..70).for_each(|number| {
                plant.says(&Say::report(number));
            });
        }
    });
    (0..60).for_each(|number| {
        plant.says(&Say::report(number));
    });
    assert!(plant.of("DN-18").is_empty());
}

#[test]
fn a_device_that_is_declared_with_all_its_masters_reports_to_no_other() {
    let site = "[[hosts]]\nname = \"front end\"\naddresses = [\"10.0.0.7\"]\n\
                [[devices]]\nname = \"RTU\"\nprotocol = \"dnp3\"\naddress = \"10.0.0.21\"\ncomplete = true\n\
                [[access]]\nhosts = [\"front end\"]\ndevices = [\"RTU\"]\n";
    let mut plant = Plant::new(site);
    plant.says(&Say::report(1));
    assert!(plant.told.is_empty());
    plant.says(&Say { master: STRANGER, ..Say::report(1) });
    plant.tells("DN-19", Severity::Medium);
}

#[test]
fn frames_of_the_link_that_a_device_sends_are_no_reports() {
    let mut plant = Plant::of_outstations();
    for _ in 0..10 {
        plant.says(&Say { class: Class::Link, ..Say::report(1) });
    }
    plant.says(&Say { class: Class::Link, master: STRANGER, ..Say::report(1) });
    assert!(plant.of("DN-18").is_empty() && plant.of("DN-19").is_empty());
}

#[test]
fn a_report_to_a_host_that_is_no_master_of_the_device_is_medium_and_to_a_known_one_nothing() {
    let mut plant = Plant::of_outstations();
    plant.says(&Say { rtu: RTU + 1, link: LINK + 1, ..Say::report(1) });
    assert!(plant.told.is_empty(), "it never reported, but this is its master");
    plant.says(&Say { master: STRANGER, ..Say::report(1) });
    let told = plant.tells("DN-19", Severity::Medium);
    assert_eq!((told.source.address, told.destination.address), (host(RTU), host(STRANGER)));
}

#[test]
fn a_new_master_with_a_known_master_s_address_is_a_masquerade_and_with_its_own_a_new_reader() {
    let mut plant = Plant::of_outstations();
    plant.asks(&Say { master: STRANGER, ..Say::poll() });
    let told = plant.tells("OT-03", Severity::High);
    assert!(told.also.contains(&"DN-20") && told.also.contains(&"DN-47"), "{:?}", told.also);
    assert_eq!(told.source.address, host(STRANGER));
    assert!(told.expected.contains("10.0.0.7"), "{}", told.expected);

    let mut plant = Plant::of_outstations();
    plant.asks(&Say { master: STRANGER, master_link: 77, ..Say::poll() });
    assert!(plant.of("OT-03").is_empty());
    plant.tells("DN-20", Severity::High);
}

#[test]
fn a_command_under_a_known_master_s_address_is_a_strangers_command_first() {
    let mut plant = Plant::of_outstations();
    plant.asks(&Say { master: STRANGER, ..Say::trip() });
    let told = plant.tells("DN-21", Severity::Critical);
    assert!(told.also.contains(&"OT-03") && told.also.contains(&"DN-47"), "{:?}", told.also);
}

#[test]
fn two_masters_that_were_learned_with_one_address_are_both_known() {
    let standby = Say { master: HISTORIAN, ..Say::poll() };
    let mut plant = Plant::of_outstations_with(|plant, second| {
        if second < 100 {
            plant.asks(&Say { master: HISTORIAN, ..Say::poll() });
        }
    });
    plant.asks(&standby);
    assert!(plant.told.is_empty());
}

#[test]
fn an_address_at_two_hosts_is_medium_while_both_speak_and_low_once_the_first_is_silent() {
    let twin = Say { rtu: 50, ..Say::poll() };
    let mut plant = Plant::of_outstations();
    plant.asks(&twin);
    let told = plant.tells("DN-47", Severity::Medium);
    assert_eq!(told.source.address, host(50));

    let mut plant = Plant::of_outstations();
    plant.pass(300);
    plant.asks(&twin);
    plant.tells("DN-47", Severity::Low);
}

#[test]
fn an_address_that_was_learned_at_two_hosts_or_where_that_is_common_is_silent() {
    let mut plant = Plant::of_outstations_with(|plant, second| {
        if second % 10 == 0 {
            for rtu in [50, 51] {
                plant.asks(&Say { rtu, ..Say::poll() });
                plant.asks(&Say { rtu, link: LINK + 1, ..Say::poll() });
            }
        }
    });
    plant.asks(&Say { rtu: 50, ..Say::poll() });
    plant.asks(&Say { rtu: 52, ..Say::poll() });
    assert!(plant.of("DN-47").is_empty());
}

fn authenticated(authentication: Authentication) -> impl Fn(&mut Plant, u32) {
    move |plant, second| {
        if second % 60 == 5 {
            let frame = plant.says(&Say::trip());
            plant.says(&Say { authentication, ..Say::trip().answered(frame, 0) });
        }
    }
}

#[test]
fn the_first_command_done_without_authentication_where_it_always_was_is_high() {
    let mut plant = Plant::of_outstations_with(authenticated(Authentication::Shown));
    let frame = plant.says(&Say::trip());
    plant.says(&Say { authentication: Authentication::Absent, ..Say::trip().answered(frame, 0) });
    let told = plant.tells("DN-37", Severity::High);
    assert!(told.frames.contains(&frame));
    assert_eq!(told.points, ["binary output 7"]);

    let mut plant = Plant::of_outstations_with(authenticated(Authentication::Absent));
    let frame = plant.says(&Say::trip());
    plant.says(&Say { authentication: Authentication::Absent, ..Say::trip().answered(frame, 0) });
    assert!(plant.of("DN-37").is_empty(), "it never was");
}

#[test]
fn failed_authentications_are_low_and_a_burst_of_them_is_medium() {
    let failed = Say { authentication: Authentication::Failed(2), ..Say::poll().answered(1, 0) };
    let mut plant = Plant::of_outstations();
    plant.says(&failed);
    plant.pass(120);
    plant.says(&failed);
    plant.tells("DN-37", Severity::Low);
    plant.says(&failed);
    plant.says(&failed);
    plant.tells("DN-37", Severity::Medium);
}

#[test]
fn requests_that_wait_for_no_answer_are_one_flood_from_the_known_master_too() {
    let mut plant = Plant::of_outstations();
    for _ in 0..30 {
        plant.says(&Say::link_status());
    }
    assert!(plant.of("DN-12").is_empty(), "thirty are no flood yet");
    for _ in 0..100 {
        plant.says(&Say::poll());
    }
    let told = plant.tells("DN-12", Severity::Medium);
    assert_eq!(plant.of("DN-12").len(), 1);
    assert_eq!(told.source.address, host(MASTER));
}

#[test]
fn a_poll_a_second_that_nobody_answers_for_half_a_minute_is_no_flood() {
    let mut plant = Plant::of_outstations();
    for _ in 0..30 {
        plant.says(&Say::poll());
        plant.pass(2);
    }
    assert!(plant.of("DN-12").is_empty());
}

#[test]
fn a_flood_that_the_device_answers_is_a_flood_and_answered_requests_at_their_pace_are_none() {
    let mut plant = Plant::of_outstations();
    for _ in 0..90 {
        plant.asks(&Say::poll());
    }
    assert!(plant.of("DN-12").is_empty());
    for _ in 0..90 {
        plant.asks(&Say::poll());
    }
    plant.tells("DN-12", Severity::Medium);
}

#[test]
fn answers_that_are_not_heard_make_no_flood() {
    let mut plant = Plant::of_outstations();
    let hearing = Hearing { one_direction: true, ..Hearing::default() };
    for _ in 0..60 {
        plant.says(&Say { hearing, ..Say::poll() });
    }
    assert!(plant.of("DN-12").is_empty());
}

#[test]
fn a_device_that_commands_is_critical_as_that_also_while_all_is_learned() {
    let turned = Say { faults: vec![FaultKind::Direction], ..Say::trip() };
    let mut plant = Plant::of_outstations();
    // The outstation commands its own master, under its own address.
    plant.says(&Say {
        master: RTU,
        master_link: LINK,
        rtu: MASTER,
        link: MASTER_LINK,
        ..turned.clone()
    });
    let told = plant.tells("DN-11", Severity::Critical);
    assert!(told.also.contains(&"DN-21"), "{:?}", told.also);
    assert_eq!(told.source.address, host(RTU));

    let mut plant = Plant::new("");
    plant.asks(&Say::poll());
    plant.says(&Say { master: RTU, rtu: MASTER, ..turned.clone() });
    plant.tells("DN-11", Severity::Critical);

    let mut plant = Plant::new("");
    plant.says(&turned);
    assert_eq!(plant.said(), [], "a bit that is wrong makes no device of a master");
}

#[test]
fn a_known_master_s_command_that_goes_against_its_conversation_is_medium_unless_all_of_them_do() {
    let turned = Say { faults: vec![FaultKind::Direction], ..Say::trip() };
    let mut plant = Plant::of_outstations();
    plant.asks(&turned);
    plant.tells("DN-11", Severity::Medium);
    let mut plant = Plant::of_outstations_with({
        let turned = turned.clone();
        move |plant, second| {
            if second % 60 == 0 {
                plant.asks(&turned);
            }
        }
    });
    plant.asks(&turned);
    assert!(plant.of("DN-11").iter().all(|told| told.severity == Severity::Low));
}

#[test]
fn a_device_that_opens_a_conversation_of_its_own_to_command_another_is_critical_as_that() {
    let mut plant = Plant::of_outstations();
    let pivot = Say { master: RTU, rtu: RTU + 1, link: LINK + 1, ..Say::trip() };
    plant.asks(&pivot);
    plant.tells("DN-11", Severity::Critical);

    let mut plant = Plant::of_outstations();
    plant.asks(&Say { master: STRANGER, ..pivot });
    assert!(plant.of("DN-11").is_empty(), "a stranger is no device");
}

#[test]
fn a_concentrator_that_asks_other_devices_is_a_master_and_no_device_that_commands() {
    let down = Say { master: RTU, master_link: LINK, rtu: 60, link: 60, ..Say::poll() };
    let mut plant = Plant::of_outstations_with({
        let down = down.clone();
        move |plant, _| plant.asks(&down)
    });
    plant.asks(&Say { readings: vec![TRIP], code: 5, class: Class::Command, ..down });
    assert!(plant.of("DN-11").is_empty());
}

#[test]
fn misplaced_answers_are_low() {
    let mut plant = Plant::of_outstations();
    let frame = plant.says(&Say::poll());
    plant.says(&Say { faults: vec![FaultKind::Direction], ..Say::poll().answered(frame, 0) });
    plant.tells("DN-11", Severity::Low);
    assert_eq!(plant.said(), []);
}

#[test]
fn link_functions_of_a_stranger_are_a_probe_and_a_walk_over_addresses_is_one_anomaly() {
    let probe = Say { master: STRANGER, master_link: 3, ..Say::link_status() };
    let mut plant = Plant::of_outstations();
    plant.says(&probe);
    plant.tells("DN-52", Severity::Medium);
    for link in 0..101 {
        plant.says(&Say { link, ..probe.clone() });
    }
    assert_eq!(plant.of("DN-52").len(), 1);
    assert_eq!(plant.said(), [("DN-52", Severity::Medium)]);
}

#[test]
fn a_known_master_s_first_link_test_is_low_and_what_it_does_every_day_is_silent() {
    let mut plant = Plant::of_outstations();
    plant.says(&Say::link_status());
    assert_eq!(plant.said(), []);
    plant.tells("DN-52", Severity::Low);
    let mut plant = Plant::of_outstations_with(|plant, second| {
        if second % 30 == 0 {
            plant.asks(&Say::link_status());
        }
    });
    plant.asks(&Say::link_status());
    assert!(plant.told.is_empty());
}

fn damage(plant: &mut Plant, kind: FaultKind, hearing: Hearing) {
    let ends = (Endpoint::new(host(RTU), 20_000), Endpoint::new(host(MASTER), 40_000));
    let fault = Fault { kind, found: 1, expected: 2 };
    plant.hears(ends.0, ends.1, What::Link(LinkEvent::Malformed { fault, hearing }));
}

#[test]
fn damage_is_told_by_its_kind_and_not_where_a_loss_explains_it() {
    for (kind, row) in [
        (FaultKind::HeaderChecksum, "DN-02"),
        (FaultKind::DataChecksum, "DN-03"),
        (FaultKind::Length, "DN-04"),
        (FaultKind::Segments, "DN-05"),
    ] {
        let mut plant = Plant::of_outstations();
        damage(&mut plant, kind, Hearing { gap: true, ..Hearing::default() });
        assert!(plant.told.is_empty(), "{row}");
        damage(&mut plant, kind, Hearing::default());
        let told = plant.tells(row, Severity::Low);
        assert_eq!(told.source.address, host(RTU));
    }
}

#[test]
fn a_burst_of_damage_is_one_incident_and_damage_that_was_learned_is_no_burst() {
    let kinds = [FaultKind::HeaderChecksum, FaultKind::DataChecksum, FaultKind::Length];
    let mut plant = Plant::of_outstations();
    for nth in 0..12 {
        damage(&mut plant, kinds[nth % 3], Hearing::default());
        plant.pass(1);
    }
    plant.tells("OT-23", Severity::Medium);
    let said = plant.told.iter().filter(|anomaly| anomaly.severity > Severity::Info);
    let incidents: std::collections::BTreeSet<_> = said.map(|anomaly| anomaly.incident).collect();
    assert_eq!(incidents.len(), 1);

    let mut plant = Plant::of_outstations_with(|plant, second| {
        if second % 50 == 0 {
            damage(plant, FaultKind::DataChecksum, Hearing::default());
        }
    });
    for _ in 0..12 {
        damage(&mut plant, FaultKind::DataChecksum, Hearing::default());
    }
    assert!(plant.of("OT-23").is_empty());
}

#[test]
fn a_second_different_answer_is_high_and_a_sequence_used_again_is_low() {
    let mut plant = Plant::of_outstations();
    let frame = plant.says(&Say::poll());
    plant.says(&Say { faults: vec![FaultKind::SecondResponse], ..Say::poll().answered(frame, 0) });
    plant.tells("DN-50", Severity::High);
    let mut plant = Plant::of_outstations();
    plant.says(&Say { faults: vec![FaultKind::TransactionReuse], ..Say::poll() });
    plant.tells("DN-50", Severity::Low);
}

#[test]
fn something_else_on_the_protocol_s_port_is_told_as_that() {
    let mut plant = Plant::of_outstations();
    let ends = (Endpoint::new(host(STRANGER), 40_000), Endpoint::new(host(RTU), 20_000));
    let observation = Observation {
        time: plant.now,
        place: Place { capture: 0, frame: 1, position: 0 },
        zone: Zone(0),
        conversation: Conversation(9),
        transport: Transport::Tcp,
        protocol: Protocol::Unknown,
        source: ends.0,
        destination: ends.1,
        what: What::Link(LinkEvent::Opened { handshake: true }),
    };
    plant.detector.observe(&observation, &mut plant.baseline);
    plant.told.extend(plant.detector.take());
    let told = plant.tells("DN-01", Severity::Medium);
    assert!(told.also.contains(&"OT-20"), "{:?}", told.also);
}

/// Strangers that try to open conversations with an outstation, one each.
fn strangers(plant: &mut Plant, count: u32) {
    for nth in 0..count {
        let source = IpAddr::V4(Ipv4Addr::from_bits(0x2000_0000 + nth * 7_919));
        let observation = Observation {
            time: plant.now,
            place: Place { capture: 0, frame: u64::from(nth) + 1, position: 0 },
            zone: Zone(0),
            conversation: Conversation(u64::from(nth) + 100),
            transport: Transport::Tcp,
            protocol: Protocol::Unknown,
            source: Endpoint::new(source, 4_000),
            destination: Endpoint::new(host(RTU), 20_000),
            what: What::Link(LinkEvent::Attempted { failed: true }),
        };
        plant.detector.observe(&observation, &mut plant.baseline);
        plant.told.extend(plant.detector.take());
    }
    plant.pass(1);
    plant.detector.finish();
    plant.told.extend(plant.detector.take());
}

#[test]
fn a_flood_of_strangers_at_a_server_is_one_incident_that_names_their_spread() {
    let mut plant = Plant::of_outstations();
    strangers(&mut plant, 371);
    let told = plant.tells("OT-10", Severity::Medium);
    assert!(told.observed.contains("(32.0.0.0 to "), "{}", told.observed);
    assert!(told.observed.contains("hosts"), "{}", told.observed);
    let said = plant.told.iter().filter(|anomaly| anomaly.severity > Severity::Info);
    let incidents: std::collections::BTreeSet<_> = said.map(|anomaly| anomaly.incident).collect();
    assert_eq!(incidents.len(), 1);

    let mut plant = Plant::of_outstations();
    strangers(&mut plant, 19);
    assert!(plant.of("OT-10").is_empty());
    let mut plant = Plant::of_outstations_with(|plant, second| {
        if second == 300 {
            strangers(plant, 15);
        }
    });
    strangers(&mut plant, 40);
    assert!(plant.of("OT-10").is_empty(), "as many have come before");
}

#[test]
fn ranges_that_an_outstation_refuses_one_after_the_other_are_a_scan_of_points() {
    let mut plant = Plant::of_outstations();
    for first in 100..106 {
        let readings = vec![Reading::default()];
        let ask = Say { first, effect: Effect::Plain, readings, ..Say::poll() };
        let frame = plant.says(&ask);
        let reason = if first % 2 == 0 { Refusal::Value } else { Refusal::Address };
        let outcome = Outcome::Refused { reason, code: 0x400 };
        plant.says(&Say { phase: Phase::Exception, outcome, ..ask.answered(frame, 0) });
        plant.pass(1);
    }
    plant.tells("DN-24", Severity::Medium);
}
