//! A small plant in observations: what the families say of what happens there.

use core::net::{IpAddr, Ipv4Addr};

use gridtap_model::{
    Class, Conversation, Device, Effect, Endpoint, Fault, FaultKind, Faults, Function, Hearing,
    Outcome, Place, Protocol, Refusal, Run, SubAddress, Table, Transport, Values, Zone,
};

use super::*;

mod aside;
mod declared;
mod dnp3;
mod feedback;
mod network;
mod outstations;
mod reports;
mod severities;
mod timing;
mod usual;
mod values;

const MASTER: u8 = 7;
const HISTORIAN: u8 = 8;
const STRANGER: u8 = 99;
const RTU: u8 = 21;

/// One request with what comes back.
#[derive(Clone, Copy)]
struct Ask {
    master: u8,
    rtu: u8,
    unit: u8,
    code: u16,
    class: Class,
    effect: Effect,
    table: Table,
    first: u32,
    count: u32,
    value: Option<u16>,
    answer: Answer,
    fault: Option<Fault>,
}

#[derive(Clone, Copy, PartialEq)]
enum Answer {
    Done(u16),
    Refused(Refusal, u16),
    None,
}

impl Ask {
    fn read(master: u8, rtu: u8, first: u32, count: u32) -> Self {
        Self {
            master,
            rtu,
            unit: 1,
            code: 3,
            class: Class::Read,
            effect: Effect::Plain,
            table: Table::HOLDING_REGISTER,
            first,
            count,
            value: None,
            answer: Answer::Done(0),
            fault: None,
        }
    }

    fn write(master: u8, rtu: u8, register: u32, value: u16) -> Self {
        Self {
            code: 6,
            class: Class::Command,
            value: Some(value),
            answer: Answer::Done(value),
            ..Self::read(master, rtu, register, 1)
        }
    }

    fn function(master: u8, rtu: u8, code: u16, class: Class, effect: Effect) -> Self {
        Self { code, class, effect, count: 0, ..Self::read(master, rtu, 0, 0) }
    }
}

/// A plant with a baseline and detections over it.
struct Plant {
    baseline: Baseline,
    detector: Detector,
    now: Timestamp,
    frame: u64,
    told: Vec<Anomaly>,
    latency_ns: u64,
    conversation: u64,
}

const SECOND_NS: u64 = 1_000_000_000;

impl Plant {
    fn new(site: &str) -> Self {
        let config =
            gridtap_baseline::Config { block: "10s".parse().unwrap(), ..Default::default() };
        // What these tests play comes at any time: those about time say so.
        let config = gridtap_baseline::Config { timing_blocks_min: u32::MAX, ..config };
        Self::with(config, site)
    }

    fn with(config: gridtap_baseline::Config, site: &str) -> Self {
        let site = Site::parse(site).unwrap();
        Self {
            baseline: Baseline::new(config, site.clone()),
            detector: Detector::new(&Config::default(), site, vec!["test".to_owned()]),
            now: Timestamp::from_parts(1_760_000_000, 0),
            frame: 0,
            told: Vec::new(),
            latency_ns: 5_000_000,
            conversation: 1,
        }
    }

    /// A plant whose baseline has heard ten minutes of polls by a master and a historian, and operator's writes.
    fn learned() -> Self {
        Self::learned_with("")
    }

    fn learned_with(site: &str) -> Self {
        Self::new(site).learns()
    }

    fn learns(mut self) -> Self {
        let plant = &mut self;
        for second in 0..600_u32 {
            for rtu in [RTU, RTU + 1] {
                plant.ask(Ask::read(MASTER, rtu, 0, 10));
                plant.ask(Ask::read(MASTER, rtu, 100, 20));
                plant.ask(Ask::read(HISTORIAN, rtu, 0, 10));
            }
            if second % 30 == 5 {
                let value = u16::try_from(second).unwrap();
                plant.ask(Ask::write(MASTER, RTU, 5, value));
                plant.ask(Ask { answer: Answer::Done(value), ..Ask::read(MASTER, RTU, 5, 1) });
            }
            plant.pass(1);
        }
        assert!(plant.baseline.is_zone_armed(Zone(0)), "ten minutes of ten-second blocks arm");
        let early: Vec<_> = plant.above_low().into_iter().map(|a| a.observed).collect();
        assert!(early.is_empty(), "learning is quiet: {early:?}");
        self
    }

    fn pass(&mut self, seconds: u64) {
        self.now = self.now.plus_ns(seconds * SECOND_NS);
        self.baseline.tick(self.now);
        self.detector.pace(self.now, &mut self.baseline);
        self.detector.tick(self.now);
        self.told.extend(self.detector.take());
    }

    fn ask(&mut self, ask: Ask) {
        let master = Endpoint::new(host(ask.master), 40_000);
        let server = Endpoint::new(host(ask.rtu), 502);
        let device = Device {
            zone: Zone(0),
            protocol: Protocol::Modbus,
            address: server.address,
            sub: SubAddress::Unit(ask.unit),
        };
        let value = ask.value.unwrap_or(0);
        let bytes: Vec<u8> = (0..ask.count).flat_map(|_| value.to_be_bytes()).collect();
        // Coils that are written together are all written alike.
        let bits =
            |on: bool| if ask.code == 15 { [u8::from(on) * 0xff; 3] } else { [u8::from(on), 0, 0] };
        let bit = bits(ask.value != Some(0));
        let values = match (ask.value, ask.table) {
            (None, _) => Values::None,
            (_, Table::COIL | Table::DISCRETE_INPUT) => Values::Bits(&bit),
            _ => Values::Words(&bytes),
        };
        let written = ask.class == Class::Command;
        let run = Run { table: ask.table, first: ask.first, count: ask.count, values, written };
        let runs = if ask.count > 0 { vec![run] } else { Vec::new() };
        let mut faults = Faults::NONE;
        if let Some(fault) = ask.fault {
            faults.push(fault.kind, fault.found, fault.expected);
        }
        let request = Message {
            master,
            device,
            class: ask.class,
            phase: Phase::Request,
            function: Function { code: ask.code, sub: None, name: "some_function" },
            effect: ask.effect,
            runs: &runs,
            outcome: Outcome::Pending,
            request_frame: None,
            latency_ns: None,
            faults,
            hearing: Hearing::default(),
            dialogue: gridtap_model::Dialogue::NONE,
            identity: None,
            file: None,
        };
        let asked = self.heard(master, server, What::Message(request));
        let (phase, outcome, value) = match ask.answer {
            Answer::Done(value) => (Phase::Response, Outcome::Success, value),
            Answer::Refused(reason, code) => {
                (Phase::Exception, Outcome::Refused { reason, code }, 0)
            }
            Answer::None => (Phase::Unanswered, Outcome::Unanswered, 0),
        };
        let words: Vec<u8> = (0..ask.count).flat_map(|_| value.to_be_bytes()).collect();
        let bit = bits(value != 0);
        let values = if [Table::COIL, Table::DISCRETE_INPUT].contains(&ask.table) {
            Values::Bits(&bit)
        } else {
            Values::Words(&words)
        };
        let run = Run { values, ..run };
        let runs = if ask.count > 0 { vec![run] } else { Vec::new() };
        let answer = Message {
            phase,
            outcome,
            runs: &runs,
            request_frame: Some(asked),
            latency_ns: Some(self.latency_ns),
            faults: Faults::NONE,
            ..request
        };
        self.heard(server, master, What::Message(answer));
    }

    fn heard(&mut self, source: Endpoint, destination: Endpoint, what: What<'_>) -> u64 {
        self.heard_in(self.conversation, source, destination, what)
    }

    fn heard_in(
        &mut self,
        conversation: u64,
        source: Endpoint,
        destination: Endpoint,
        what: What<'_>,
    ) -> u64 {
        let protocol = match what {
            What::Message(message) => message.device.protocol,
            What::Link(_) | What::Network(_) => Protocol::Unknown,
        };
        self.heard_of(protocol, conversation, source, destination, what)
    }

    /// The same, of a conversation of this protocol.
    fn heard_of(
        &mut self,
        protocol: Protocol,
        conversation: u64,
        source: Endpoint,
        destination: Endpoint,
        what: What<'_>,
    ) -> u64 {
        self.frame += 1;
        self.detector.frame(0);
        let observation = Observation {
            time: self.now,
            place: Place { capture: 0, frame: self.frame, position: 0 },
            zone: Zone(0),
            conversation: Conversation(conversation),
            transport: Transport::Tcp,
            protocol,
            source,
            destination,
            what,
        };
        self.detector.observe(&observation, &mut self.baseline);
        self.told.extend(self.detector.take());
        self.frame
    }

    /// The last word on each anomaly above low.
    fn above_low(&self) -> Vec<Anomaly> {
        let mut last: Vec<Anomaly> = Vec::new();
        for anomaly in &self.told {
            last.retain(|other| other.id != anomaly.id);
            last.push(anomaly.clone());
        }
        last.retain(|anomaly| anomaly.severity > Severity::Low);
        last
    }

    /// The detections and severities told above low.
    fn said(&self) -> Vec<(&'static str, Severity)> {
        self.above_low().iter().map(|anomaly| (anomaly.detection, anomaly.severity)).collect()
    }
}

fn host(last: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, last))
}

fn says(asks: &[Ask]) -> Vec<(&'static str, Severity)> {
    let mut plant = Plant::learned();
    for ask in asks {
        plant.ask(*ask);
        plant.pass(1);
    }
    plant.said()
}

#[test]
fn what_was_learned_is_quiet() {
    let usual = [
        Ask::read(MASTER, RTU, 0, 10),
        Ask::read(HISTORIAN, RTU, 0, 10),
        Ask::write(MASTER, RTU, 5, 1),
    ];
    assert_eq!(says(&usual), []);
}

#[test]
fn a_stranger_that_writes_is_critical_at_its_first_message() {
    assert_eq!(says(&[Ask::write(STRANGER, RTU, 5, 1)]), [("MB-29", Severity::Critical)]);
}

#[test]
fn a_reader_that_writes_is_critical() {
    assert_eq!(says(&[Ask::write(HISTORIAN, RTU, 5, 1)]), [("MB-29", Severity::Critical)]);
}

#[test]
fn an_outstation_that_commands_another_is_critical() {
    assert_eq!(says(&[Ask::write(RTU + 1, RTU, 5, 1)]), [("MB-29", Severity::Critical)]);
}

#[test]
fn a_stranger_that_only_reads_is_high() {
    assert_eq!(says(&[Ask::read(STRANGER, RTU, 0, 10)]), [("MB-28", Severity::High)]);
}

#[test]
fn a_client_that_sends_refusals_is_told_as_that_and_not_as_a_reader() {
    let refusal = |master| Ask {
        fault: Some(Fault { kind: FaultKind::ExceptionFromMaster, found: 131, expected: 127 }),
        answer: Answer::None,
        ..Ask::function(master, RTU, 131, Class::Diagnostic, Effect::Reserved)
    };
    assert_eq!(says(&[refusal(STRANGER)]), [("MB-10", Severity::High)]);
    let mut plant = Plant::learned();
    plant.ask(refusal(MASTER));
    let told: Vec<_> = plant.told.iter().map(|anomaly| anomaly.detection).collect();
    assert_eq!(told, ["MB-10"]);
}

#[test]
fn a_connection_in_which_nothing_is_said_is_no_other_protocol() {
    let told = |client| {
        let mut plant = Plant::learned();
        let (client, server) = (Endpoint::new(host(client), 40_000), Endpoint::new(host(RTU), 502));
        plant.heard(client, server, What::Link(LinkEvent::Attempted { failed: true }));
        let told = plant.told.iter();
        told.map(|anomaly| (anomaly.detection, anomaly.severity)).collect::<Vec<_>>()
    };
    assert_eq!(told(MASTER), [], "a poller's test of its connection");
    assert_eq!(told(STRANGER), [("OT-01", Severity::Low)]);
}

#[test]
fn a_known_commander_at_a_point_it_never_commanded_is_high() {
    assert_eq!(says(&[Ask::write(MASTER, RTU, 6, 1)]), [("MB-31", Severity::High)]);
    let elsewhere = says(&[Ask::write(MASTER, RTU + 1, 5, 1)]);
    assert_eq!(
        elsewhere,
        [("MB-31", Severity::High)],
        "its first command to a device that it polls"
    );
}

#[test]
fn what_alarmed_is_not_learned_by_repetition() {
    let mut plant = Plant::learned();
    for _ in 0..100 {
        plant.ask(Ask::write(STRANGER, RTU, 5, 1));
        plant.pass(10);
    }
    plant.detector.finish();
    plant.told.extend(plant.detector.take());
    let said = plant.above_low();
    assert_eq!(said.len(), 1);
    assert_eq!(said[0].detection, "MB-29");
    assert!(said[0].count >= 100);
}

#[test]
fn a_command_heard_in_one_block_while_learning_is_never_silent_when_it_returns() {
    let mut plant = Plant::new("");
    for second in 0..600_u32 {
        plant.ask(Ask::read(MASTER, RTU, 0, 10));
        plant.ask(Ask::read(HISTORIAN, RTU, 0, 10));
        if second == 15 {
            plant.ask(Ask::write(HISTORIAN, RTU, 5, 1));
        }
        if second % 50 == 17 {
            plant.ask(Ask::write(MASTER, RTU, 1000 + second, 1));
        }
        plant.pass(1);
    }
    plant.told.clear();
    plant.ask(Ask::write(HISTORIAN, RTU, 5, 1));
    assert_eq!(plant.said(), [("MB-29", Severity::High)], "one step below a stranger");
    plant.told.clear();
    plant.ask(Ask::write(MASTER, RTU, 1017, 1));
    assert_eq!(plant.said(), [], "an established commander's rare commands are for the record");
    assert!(plant.told.iter().any(|anomaly| anomaly.severity == Severity::Low));
}

#[test]
fn a_known_commander_with_a_new_function_on_a_known_point_is_high() {
    let ask = Ask { code: 16, ..Ask::write(MASTER, RTU, 5, 1) };
    assert_eq!(says(&[ask]), [("MB-30", Severity::High)]);
}

#[test]
fn the_first_mask_write_of_a_known_commander_is_named_for_what_it_is() {
    let ask = Ask { code: 22, effect: Effect::Mask, ..Ask::write(MASTER, RTU, 5, 1) };
    assert_eq!(says(&[ask]), [("MB-38", Severity::High)]);
}

#[test]
fn listen_only_is_critical_from_a_stranger_and_high_from_a_commander() {
    let ask = |master| Ask::function(master, RTU, 8, Class::Diagnostic, Effect::ListenOnly);
    assert_eq!(says(&[ask(STRANGER)]), [("MB-21", Severity::Critical)]);
    assert_eq!(says(&[ask(MASTER)]), [("MB-21", Severity::High)]);
}

#[test]
fn a_restart_alarms_while_the_baseline_still_learns() {
    let mut plant = Plant::new("");
    plant.ask(Ask::function(MASTER, RTU, 8, Class::Diagnostic, Effect::Restart));
    assert_eq!(plant.said(), [("MB-22", Severity::High)]);
    assert_eq!(plant.told[0].baseline, Armed::Learning);
}

#[test]
fn nothing_new_alarms_while_the_baseline_still_learns() {
    let mut plant = Plant::new("");
    plant.ask(Ask::write(STRANGER, RTU, 5, 1));
    assert_eq!(plant.said(), []);
}

#[test]
fn trying_functions_until_they_are_refused_is_a_scan() {
    let refused = Answer::Refused(Refusal::Function, 1);
    let asks: Vec<_> = (65..70)
        .map(|code| Ask {
            answer: refused,
            ..Ask::function(MASTER, RTU, code, Class::Diagnostic, Effect::Vendor)
        })
        .collect();
    assert!(says(&asks).contains(&("MB-13", Severity::Medium)), "{:?}", says(&asks));
}

#[test]
fn walking_through_addresses_is_a_scan_within_ten_requests_answered_or_not() {
    for answer in [Answer::Refused(Refusal::Address, 2), Answer::Done(0), Answer::None] {
        let asks: Vec<_> = (0..10)
            .map(|nth| Ask { answer, ..Ask::read(MASTER, RTU, 1000 + nth * 125, 125) })
            .collect();
        assert!(says(&asks).contains(&("MB-14", Severity::Medium)), "{:?}", says(&asks));
    }
}

#[test]
fn the_refusals_of_a_scan_are_told_with_the_scan_and_not_once_more() {
    let answer = Answer::Refused(Refusal::Address, 2);
    let asks: Vec<_> =
        (0..40).map(|nth| Ask { answer, ..Ask::read(MASTER, RTU, 1000 + nth * 9, 9) }).collect();
    assert_eq!(says(&asks), [("MB-14", Severity::Medium)]);
    // What is asked again and again and refused is no scan: a poll list that is wrong.
    let again = [Ask { answer, ..Ask::read(MASTER, RTU, 0, 10) }; 25];
    assert_eq!(says(&again), [("MB-11", Severity::Medium)]);
}

#[test]
fn asking_many_units_is_a_scan_within_ten_requests() {
    let answer = Answer::Refused(Refusal::Gateway, 11);
    let asks: Vec<_> =
        (2..12).map(|unit| Ask { unit, answer, ..Ask::read(MASTER, RTU, 0, 1) }).collect();
    assert!(says(&asks).contains(&("MB-20", Severity::Medium)), "{:?}", says(&asks));
}

#[test]
fn one_new_read_of_a_known_reader_is_no_alarm() {
    assert_eq!(says(&[Ask::read(MASTER, RTU, 500, 2)]), []);
}

#[test]
fn a_device_that_restarts_is_never_above_low() {
    let mut asks = Vec::new();
    for _ in 0..30 {
        asks.push(Ask { answer: Answer::None, ..Ask::read(MASTER, RTU, 0, 10) });
    }
    for refusal in [(Refusal::Gateway, 11), (Refusal::Busy, 6), (Refusal::Failure, 4)] {
        for _ in 0..25 {
            let answer = Answer::Refused(refusal.0, refusal.1);
            asks.push(Ask { answer, ..Ask::read(MASTER, RTU, 0, 10) });
        }
    }
    asks.push(Ask::read(MASTER, RTU, 0, 10));
    asks.push(Ask::write(MASTER, RTU, 5, 3));
    assert_eq!(says(&asks), []);
}

#[test]
fn a_burst_of_commands_is_medium_when_it_is_many_times_what_was_learned() {
    let mut plant = Plant::learned();
    for value in 0..200 {
        plant.ask(Ask::write(MASTER, RTU, 5, value));
    }
    assert_eq!(plant.said(), [("MB-36", Severity::Medium)]);
}

#[test]
fn a_sweep_over_functions_that_write_nothing_is_no_burst_of_commands() {
    let refused = Answer::Refused(Refusal::Function, 1);
    let asks: Vec<_> = (65..165)
        .map(|code| Ask {
            answer: refused,
            ..Ask::function(MASTER, RTU, code, Class::Configuration, Effect::Vendor)
        })
        .collect();
    assert!(says(&asks).iter().all(|(detection, _)| *detection != "MB-36"), "{:?}", says(&asks));
}

#[test]
fn a_read_that_contradicts_the_last_write_is_high_where_reads_always_agreed() {
    let mut plant = Plant::learned();
    plant.ask(Ask::write(MASTER, RTU, 5, 600));
    plant.ask(Ask { answer: Answer::Done(17), ..Ask::read(MASTER, RTU, 5, 1) });
    assert_eq!(plant.said(), [("MB-44", Severity::High)]);
}

#[test]
fn a_coil_contradicts_only_after_more_agreement_than_chance_gives() {
    let coil = |ask: Ask| Ask { table: Table::COIL, ..ask };
    let contradicted_after = |agreements: u16, value: fn(u16) -> u16| {
        let mut plant = Plant::learned();
        for nth in 0..agreements {
            plant.ask(coil(Ask::write(MASTER, RTU, 5, value(nth))));
            let answer = Answer::Done(value(nth));
            plant.ask(coil(Ask { answer, ..Ask::read(MASTER, RTU, 5, 1) }));
        }
        plant.ask(coil(Ask::write(MASTER, RTU, 5, value(agreements))));
        let answer = Answer::Done(1 - value(agreements));
        plant.ask(coil(Ask { answer, ..Ask::read(MASTER, RTU, 5, 1) }));
        plant.said().contains(&("MB-44", Severity::High))
    };
    assert!(contradicted_after(14, |nth| nth % 2));
    assert!(!contradicted_after(8, |nth| nth % 2), "a coin agrees eight times now and then");
    assert!(!contradicted_after(30, |_| 1), "a bit that stays what it was shows no effect");
}

#[test]
fn unit_0_is_a_broadcast_behind_a_gateway_and_the_device_itself_elsewhere() {
    let mut plant = Plant::learned();
    let broadcast = Ask { unit: 0, answer: Answer::None, ..Ask::write(MASTER, RTU, 5, 1) };
    let mut alone = Plant::learned();
    alone.ask(broadcast);
    assert!(!alone.said().iter().any(|(detection, _)| *detection == "MB-35"));
    for unit in [1, 2] {
        plant.ask(Ask { unit, ..Ask::read(MASTER, RTU, 0, 10) });
    }
    plant.told.clear();
    plant.ask(broadcast);
    assert_eq!(plant.said(), [("MB-35", Severity::High)], "its master commands what is behind it");
    plant.ask(Ask { master: STRANGER, ..broadcast });
    assert!(plant.said().contains(&("MB-29", Severity::Critical)), "{:?}", plant.said());
}

#[test]
fn a_malformed_request_is_low_and_a_burst_of_them_medium() {
    let fault = Some(Fault { kind: FaultKind::Quantity, found: 2500, expected: 2000 });
    let ask = Ask { fault, ..Ask::read(MASTER, RTU, 0, 10) };
    assert_eq!(says(&[ask]), []);
    assert_eq!(says(&[ask; 5]), [("OT-23", Severity::Medium)]);
}

#[test]
fn an_alarm_carries_the_names_of_the_site_file() {
    let site = r#"
        [[hosts]]
        name = "SCADA front end A"
        addresses = ["10.0.0.7"]
        role = "master"

        [[devices]]
        name = "Feeder 12 RTU"
        protocol = "modbus"
        address = "10.0.0.21"
        unit = 1

        [[devices.points]]
        table = "holding register"
        index = 6
        name = "Tap changer setpoint"
    "#;
    let mut plant = Plant::learned_with(site);
    plant.ask(Ask::write(MASTER, RTU, 6, 1));
    let said = plant.above_low();
    let told = said.last().unwrap();
    assert!(told.device.contains("Feeder 12 RTU"), "{told:?}");
    assert!(told.points[0].contains("Tap changer setpoint"), "{told:?}");
    assert!(told.observed.contains("SCADA front end A"), "{told:?}");
    assert!(told.observed.contains("Tap changer setpoint"), "{told:?}");
}

#[test]
fn a_known_master_s_unusual_write_is_told_at_once_beside_a_flood_of_strangers() {
    let mut plant = Plant::learned();
    for stranger in 50..=255 {
        for unit in 1..=3 {
            plant.ask(Ask { unit, ..Ask::write(stranger, RTU, 5, u16::from(stranger)) });
        }
    }
    plant.told.clear();
    plant.ask(Ask::write(MASTER, RTU + 1, 77, 1));
    let [told] = plant.told.as_slice() else { panic!("{:?}", plant.told) };
    assert_eq!((told.detection, told.severity), ("MB-31", Severity::High));
    for row in plant.baseline.rows() {
        let of_stranger = (50..=255).any(|last| row.key.contains(&format!("|10.0.0.{last}|")));
        assert!(!row.key.starts_with("fact|") || !of_stranger, "{}", row.key);
    }
}

#[test]
fn a_device_that_has_just_come_is_low_where_its_reader_reads_others_and_news_of_a_stranger() {
    let new = |master| Ask::read(master, RTU + 5, 0, 10);
    let mut plant = Plant::learned();
    plant.ask(new(MASTER));
    plant.ask(new(HISTORIAN));
    plant.pass(1);
    assert_eq!(plant.said(), []);
    let told = plant.told.iter().find(|anomaly| anomaly.detection == "MB-28").unwrap();
    assert!(told.expected.contains("put into service"), "{}", told.expected);
    plant.ask(Ask::write(MASTER, RTU + 5, 5, 1));
    assert_eq!(plant.said(), [("MB-31", Severity::High)], "its first command is told");
    assert_eq!(says(&[new(STRANGER)]), [("MB-28", Severity::High)]);
    let mut plant = Plant::learned();
    plant.ask(Ask::read(STRANGER, RTU, 0, 10));
    plant.pass(60);
    plant.ask(Ask::read(HISTORIAN, RTU, 0, 10));
    plant.ask(Ask::read(RTU + 1, RTU, 0, 10));
    let high = plant.said().iter().filter(|said| said.1 == Severity::High).count();
    assert_eq!(high, 2, "who was never heard reading is news at a device that was always here");
}
