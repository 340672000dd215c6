use gridtap_model::{
    Class, Conversation, Dialogue, Faults, Function, Hearing, Place, Refusal, Run, SubAddress,
    Table, Transport, Values, Zone,
};

use super::*;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_nanos(1_714_557_600_000_000_000 + millis * 1_000_000)
}

fn host(last: u8) -> IpAddr {
    IpAddr::from([10, 0, 0, last])
}

/// What is heard in a test, to one device.
struct Log {
    commands: Commands,
    site: Site,
    sub: SubAddress,
}

impl Log {
    fn new(per_second: u32) -> Self {
        let site = Site::parse(
            "[[devices]]\nname = 'RTU 21'\nprotocol = 'modbus'\naddress = '10.0.0.21'\nunit = 3\n\
             [[devices.points]]\ntable = 'coil'\nindex = 2\nname = '52-1 trip'\nstates = { 0 = 'off', 1 = 'trip' }\n",
        );
        Self {
            commands: Commands::new(&["eth1".to_owned()], per_second),
            site: site.unwrap(),
            sub: SubAddress::Unit(3),
        }
    }

    fn hear(&mut self, millis: i64, frame: u64, master: IpAddr, what: (Class, Phase, Outcome)) {
        self.hear_of(millis, (frame, 0), master, what, 2);
    }

    /// The same of a coil, at a place in the frame.
    fn hear_of(
        &mut self,
        millis: i64,
        (frame, position): (u64, u16),
        master: IpAddr,
        what: (Class, Phase, Outcome),
        coil: u32,
    ) {
        let device =
            Device { zone: Zone(0), protocol: Protocol::Modbus, address: host(21), sub: self.sub };
        let (class, phase, outcome) = what;
        let is_request = phase == Phase::Request;
        let runs = [Run {
            table: Table::COIL,
            first: coil,
            count: 1,
            values: Values::Bits(&[1]),
            written: true,
        }];
        let master = Endpoint::new(master, 49_152);
        let message = Message {
            master,
            device,
            class,
            phase,
            function: Function { code: 5, sub: None, name: "write_single_coil" },
            effect: Effect::Plain,
            runs: &runs,
            outcome,
            request_frame: (!is_request).then_some(frame),
            latency_ns: (!is_request).then_some(4_000_000),
            faults: Faults::default(),
            hearing: Hearing::default(),
            identity: None,
            file: None,
            dialogue: Dialogue::NONE,
        };
        let is_answer = matches!(phase, Phase::Response | Phase::Exception);
        let place = Place { capture: 0, frame: frame + u64::from(is_answer), position };
        let observation = Observation {
            time: at(millis),
            place,
            zone: device.zone,
            conversation: Conversation(7),
            transport: Transport::Tcp,
            protocol: Protocol::Modbus,
            source: master,
            destination: Endpoint::new(device.address, 502),
            what: What::Message(message),
        };
        self.commands.observe(&observation, &self.site);
    }

    fn ask(&mut self, millis: i64, frame: u64, class: Class) {
        self.hear(millis, frame, host(7), (class, Phase::Request, Outcome::Pending));
    }

    fn answer(&mut self, millis: i64, frame: u64, phase: Phase, outcome: Outcome) {
        self.hear(millis, frame, host(7), (Class::Command, phase, outcome));
    }

    fn outcomes(&mut self) -> Vec<(u64, CommandOutcome)> {
        self.commands.take().0.into_iter().map(|each| (each.frame, each.outcome)).collect()
    }
}

#[test]
fn a_command_is_told_with_its_points_its_answer_and_what_was_found() {
    let mut log = Log::new(50);
    log.ask(0, 1, Class::Command);
    let anomaly = Anomaly {
        id: AnomalyId([9; 16]),
        incident: gridtap_model::IncidentId([9; 16]),
        revision: 1,
        state: gridtap_model::State::UnacknowledgedActive,
        suppressed: None,
        time: at(0),
        last_time: at(0),
        count: 1,
        capture: None,
        frames: vec![1],
        detection: "MB-29",
        name: "Unauthorised write",
        also: Vec::new(),
        severity: Severity::High,
        score: 1.0,
        protocol: Protocol::Modbus,
        zone: "default".to_owned(),
        source: Endpoint::new(host(7), 49_152),
        destination: Endpoint::new(host(21), 502),
        device: "RTU 21".to_owned(),
        points: Vec::new(),
        technique: Vec::new(),
        observed: String::new(),
        expected: String::new(),
        advice: "",
        baseline: gridtap_model::Armed::Armed,
        key: None,
    };
    log.commands.mark(&anomaly);
    log.commands.mark(&Anomaly { severity: Severity::Low, id: AnomalyId([1; 16]), ..anomaly });
    log.answer(4, 1, Phase::Response, Outcome::Success);
    let (told, left_out) = log.commands.take();
    assert_eq!((told.len(), left_out.len()), (1, 0));
    let command = &told[0];
    let point = &command.points[0];
    assert_eq!((&*command.device, &*point.point), ("modbus 10.0.0.21 unit 3", "coil 2"));
    assert_eq!(command.device_name.as_deref(), Some("RTU 21"));
    assert_eq!(point.name.as_deref(), Some("52-1 trip"));
    assert_eq!((point.value.as_deref(), point.meaning.as_deref()), (Some("on"), Some("trip")));
    assert_eq!((command.outcome, command.latency_ns), (CommandOutcome::Accepted, Some(4_000_000)));
    assert_eq!(command.anomaly, Some((AnomalyId([9; 16]), Severity::High)));
    assert_eq!((command.class, command.time), ("control", at(0)));
}

#[test]
fn reads_are_left_aside_and_every_command_is_told_once_whatever_came_of_it() {
    let mut log = Log::new(50);
    log.ask(0, 1, Class::Read);
    log.answer(1, 1, Phase::Response, Outcome::Success);
    log.ask(10, 3, Class::Command);
    let refused = Outcome::Refused { reason: Refusal::Address, code: 2 };
    log.answer(11, 3, Phase::Exception, refused);
    log.ask(20, 5, Class::Configuration);
    log.answer(2000, 5, Phase::Unanswered, Outcome::Unanswered);
    log.ask(30, 7, Class::Time);
    assert_eq!(
        log.outcomes(),
        [
            (3, CommandOutcome::Refused { reason: "illegal address", code: 2 }),
            (5, CommandOutcome::Unanswered)
        ]
    );
    // Nobody waits for ever, and an answer that comes after all is no second command.
    log.commands.tick(at(59_000));
    assert_eq!(log.outcomes(), []);
    log.commands.tick(at(61_000));
    assert_eq!(log.outcomes(), [(7, CommandOutcome::Unknown)]);
    log.answer(62_000, 7, Phase::Response, Outcome::Success);
    log.ask(70_000, 9, Class::File);
    log.commands.finish();
    assert_eq!(log.outcomes(), [(9, CommandOutcome::Unknown)]);
}

#[test]
fn a_command_to_everyone_is_told_at_once_for_nobody_answers_it() {
    let mut log = Log::new(100);
    log.sub = SubAddress::Link(0xFFFF);
    log.ask(0, 1, Class::Command);
    assert_eq!(log.outcomes(), [(1, CommandOutcome::Unknown)]);
    // A unit 0 may be one device that answers.
    log.sub = SubAddress::Unit(0);
    log.ask(1, 2, Class::Command);
    assert_eq!(log.outcomes(), []);
    log.answer(5, 2, Phase::Response, Outcome::Success);
    assert_eq!(log.outcomes(), [(2, CommandOutcome::Accepted)]);
}

#[test]
fn of_several_commands_in_one_frame_each_has_its_own_outcome() {
    let mut log = Log::new(50);
    let mut hear = |millis, position, phase, outcome, coil| {
        log.hear_of(millis, (1, position), host(7), (Class::Command, phase, outcome), coil);
    };
    for (position, coil) in [(0, 2), (1, 9), (2, 4)] {
        hear(0, position, Phase::Request, Outcome::Pending, coil);
    }
    // The device answers the last first, the second never.
    hear(4, 0, Phase::Response, Outcome::Success, 4);
    hear(2000, 1, Phase::Unanswered, Outcome::Unanswered, 2);
    let refused = Outcome::Refused { reason: Refusal::Address, code: 2 };
    hear(5, 0, Phase::Exception, refused, 2);
    let (mut told, _) = log.commands.take();
    told.sort_by_key(|each| each.points[0].point.clone());
    let told: Vec<_> = told.iter().map(|each| (&*each.points[0].point, each.outcome)).collect();
    let refused = CommandOutcome::Refused { reason: "illegal address", code: 2 };
    assert_eq!(
        told,
        [
            ("coil 2", refused),
            ("coil 4", CommandOutcome::Accepted),
            ("coil 9", CommandOutcome::Unanswered)
        ]
    );
}

#[test]
fn a_flood_is_counted_second_by_second_and_takes_no_room_from_another_master() {
    let mut log = Log::new(10);
    for frame in 0..5000 {
        let millis = i64::try_from(frame).unwrap();
        log.hear(millis, frame, host(66), (Class::Command, Phase::Request, Outcome::Pending));
        if frame % 1000 == 999 {
            log.ask(millis, 1_000_000 + frame, Class::Command);
        }
    }
    log.commands.finish();
    let (told, left_out) = log.commands.take();
    let of = |master: IpAddr| told.iter().filter(|each| each.master.address == master).count();
    // Ten seconds' worth of its half at once, and its half of each of the five.
    assert!((50..=80).contains(&of(host(66))), "{}", of(host(66)));
    assert_eq!(of(host(7)), 5);
    let counted: u64 = left_out.iter().map(|each| each.commands).sum();
    assert_eq!(usize::try_from(counted).unwrap() + told.len(), 5005);
    assert_eq!(log.commands.left_out(), counted);
    assert!(left_out.len() <= 6, "{left_out:?}");
    assert_eq!(log.commands.take(), (Vec::new(), Vec::new()));
    // A clock that was years ahead does not close the log.
    log.ask(1_000_000_000_000, 1, Class::Command);
    log.ask(10_000, 2, Class::Command);
    log.commands.finish();
    assert_eq!(log.commands.take().0.len(), 2);
}

#[test]
fn made_up_masters_share_what_is_left() {
    let mut log = Log::new(100);
    for nth in 0..20_000_u32 {
        let master = IpAddr::from(nth.to_be_bytes());
        let frame = u64::from(nth);
        log.hear(0, frame, master, (Class::Command, Phase::Request, Outcome::Pending));
    }
    assert!(log.commands.masters.len() <= MASTERS_MAX + 1);
    assert!(log.commands.waiting.len() <= WAITING_MAX);
    assert!(log.commands.left_out() >= 19_000);
}
