//! Outstations and their masters in observations: what is commanded, selected, restarted, set and frozen.

mod campaign;
mod evasion;
mod files;
mod routine;

use gridtap_baseline::{FactKey, FactKind};
use gridtap_model::{
    Control, Dialogue, FileAccess, FileMode, Occasion, Operation, Reading, Selected, TripClose,
    Value, file_index,
};

use super::*;

/// The front end's link address, and that of the outstation behind it.
const FRONT_END: u16 = 1;
const OUTSTATION: u16 = 10;

const TRIP: Control = Control {
    operation: Operation::PulseOn,
    trip_close: TripClose::Trip,
    clear: false,
    count: 1,
    on_ms: 100,
    off_ms: 0,
};
const CLOSE: Control = Control { trip_close: TripClose::Close, ..TRIP };

/// One request, with what comes back.
#[derive(Clone)]
struct Say {
    master: u8,
    rtu: u8,
    sub: u16,
    conversation: u64,
    phase: Phase,
    code: u16,
    name: &'static str,
    class: Class,
    effect: Effect,
    table: Table,
    points: Vec<u32>,
    values: Option<Value>,
    /// A second value, in a second run over the same points.
    then: Option<Value>,
    hearing: Hearing,
    faults: Faults,
    dialogue: Dialogue,
    file: Option<FileAccess<'static>>,
    answer: Option<Outcome>,
}

impl Say {
    fn poll(master: u8) -> Self {
        Self {
            master,
            rtu: RTU,
            sub: OUTSTATION,
            conversation: 1,
            phase: Phase::Request,
            code: 1,
            name: "read",
            class: Class::Read,
            effect: Effect::Survey,
            table: Table::EVENT_CLASS,
            points: vec![1, 2, 3],
            values: None,
            then: None,
            hearing: Hearing::default(),
            faults: Faults::NONE,
            dialogue: Dialogue { master_sub: SubAddress::Link(FRONT_END), ..Dialogue::NONE },
            file: None,
            answer: Some(Outcome::Success),
        }
    }

    fn function(code: u16, name: &'static str, class: Class, effect: Effect) -> Self {
        Self { code, name, class, effect, points: Vec::new(), ..Self::poll(MASTER) }
    }

    fn direct(point: u32, control: Control) -> Self {
        Self {
            table: Table::BINARY_OUTPUT,
            points: vec![point],
            values: Some(Value::Control(control)),
            ..Self::function(5, "direct_operate", Class::Command, Effect::Plain)
        }
    }

    fn select(point: u32, control: Control) -> Self {
        Self { phase: Phase::Select, code: 3, name: "select", ..Self::direct(point, control) }
    }

    fn operate(point: u32, control: Control) -> Self {
        let dialogue = Dialogue {
            selected: Some(Selected { frame: 1, gap_ns: 2 * SECOND_NS }),
            ..Self::poll(MASTER).dialogue
        };
        Self {
            phase: Phase::Operate,
            code: 4,
            name: "operate",
            dialogue,
            ..Self::direct(point, control)
        }
    }

    fn clock(ahead_s: i64, now: Timestamp) -> Self {
        let time = Timestamp::from_nanos(now.nanos() + ahead_s * 1_000_000_000);
        Self {
            table: Table::CLOCK,
            points: vec![0],
            values: Some(Value::Time(time)),
            ..Self::function(2, "write", Class::Time, Effect::ClockSet)
        }
    }

    fn reporting(on: bool) -> Self {
        let (code, name, effect) = match on {
            true => (20, "enable_unsolicited", Effect::ReportingOn),
            false => (21, "disable_unsolicited", Effect::ReportingOff),
        };
        Self {
            table: Table::EVENT_CLASS,
            points: vec![1, 2, 3],
            ..Self::function(code, name, Class::Configuration, effect)
        }
    }

    fn restart_seen() -> Self {
        Self {
            table: Table::INDICATION,
            points: vec![7],
            values: Some(Value::Bit(false)),
            ..Self::function(2, "write", Class::Configuration, Effect::RestartSeen)
        }
    }

    fn at(self, occasion: Occasion) -> Self {
        Self { dialogue: Dialogue { occasion, ..self.dialogue }, ..self }
    }

    fn by(self, master: u8, link: u16) -> Self {
        let dialogue = Dialogue { master_sub: SubAddress::Link(link), ..self.dialogue };
        Self { master, dialogue, ..self }
    }

    fn to(self, sub: u16) -> Self {
        Self { sub, answer: None, ..self }
    }

    fn faulty(self, kind: FaultKind) -> Self {
        let mut faults = Faults::NONE;
        faults.push(kind, 5, 4);
        let dialogue = Dialogue { selected: None, ..self.dialogue };
        Self { faults, dialogue, ..self }
    }

    fn in_conversation(self, conversation: u64) -> Self {
        Self { conversation, ..self }
    }
}

impl Plant {
    fn say(&mut self, say: &Say) -> u64 {
        let master = Endpoint::new(host(say.master), 40_000);
        let server = Endpoint::new(host(say.rtu), 20_000);
        let written = matches!(say.class, Class::Command | Class::Configuration | Class::Time);
        let readings = [Reading { value: say.values, ..Reading::default() }];
        let values = if say.values.is_some() { Values::Readings(&readings) } else { Values::None };
        let run = |first: &u32| Run { table: say.table, first: *first, count: 1, values, written };
        let mut runs: Vec<Run<'_>> = say.points.iter().map(run).collect();
        let then = [Reading { value: say.then, ..Reading::default() }];
        if say.then.is_some() {
            let again = runs.clone().into_iter();
            runs.extend(again.map(|run| Run { values: Values::Readings(&then), ..run }));
        }
        runs.extend(say.file.and_then(|file| file.run(say.effect == Effect::FileWrite)));
        let request = Message {
            master,
            device: Device {
                zone: Zone(0),
                protocol: Protocol::Dnp3,
                address: server.address,
                sub: SubAddress::Link(say.sub),
            },
            class: say.class,
            phase: say.phase,
            function: Function { code: say.code, sub: None, name: say.name },
            effect: say.effect,
            runs: &runs,
            outcome: Outcome::Pending,
            request_frame: None,
            latency_ns: None,
            faults: say.faults,
            hearing: say.hearing,
            dialogue: say.dialogue,
            identity: None,
            file: say.file,
        };
        let (from, to) =
            if say.phase == Phase::Response { (server, master) } else { (master, server) };
        let asked = self.heard_in(say.conversation, from, to, What::Message(request));
        if let Some(outcome) = say.answer {
            let refused = matches!(outcome, Outcome::Refused { .. });
            let answer = Message {
                phase: if refused { Phase::Exception } else { Phase::Response },
                outcome,
                request_frame: Some(asked),
                faults: Faults::NONE,
                ..request
            };
            self.heard_in(say.conversation, server, master, What::Message(answer));
        }
        asked
    }

    /// An operator selects a point and operates it.
    fn two_steps(&mut self, point: u32, control: Control) {
        self.say(&Say::select(point, control));
        self.pass(2);
        self.say(&Say::operate(point, control));
    }

    /// A station whose front end has polled for ten minutes, set the clock every two, frozen its counters, and
    /// whose operator has opened and closed two breakers; a historian polls as well.
    pub(super) fn station() -> Self {
        Self::station_with("")
    }

    fn station_with(site: &str) -> Self {
        Self::station_of(site, &[Say::reporting(false).at(Occasion::Opening)], &[])
    }

    /// A station whose front end begins with these, and whose operator also does these once a minute.
    fn station_of(site: &str, first: &[Say], often: &[Say]) -> Self {
        let mut plant = Self::new(site);
        for say in first {
            plant.say(say);
        }
        for second in 0..600_u32 {
            for say in often.iter().filter(|_| second % 60 == 15) {
                plant.say(say);
            }
            plant.say(&Say::poll(MASTER));
            plant.say(&Say::poll(HISTORIAN).by(HISTORIAN, 2).in_conversation(2));
            match second % 60 {
                10 => plant.two_steps(7, TRIP),
                20 => plant.two_steps(7, CLOSE),
                30 => plant.two_steps(8, TRIP),
                40 => {
                    let freeze = Say::function(7, "freeze", Class::Command, Effect::Freeze);
                    plant.say(&freeze);
                }
                50 if second < 300 => {
                    let clock = Say::clock(0, plant.now);
                    plant.say(&clock);
                }
                _ => plant.pass(1),
            }
        }
        assert!(plant.baseline.is_zone_armed(Zone(0)), "ten minutes of ten-second blocks arm");
        let early: Vec<_> = plant.above_low().into_iter().map(|a| a.observed).collect();
        assert!(early.is_empty(), "learning is quiet: {early:?}");
        plant.told.clear();
        plant
    }

    /// Each anomaly as it was told last.
    fn last(&self) -> Vec<Anomaly> {
        let mut last: Vec<Anomaly> = Vec::new();
        for anomaly in &self.told {
            last.retain(|other| other.id != anomaly.id);
            last.push(anomaly.clone());
        }
        last
    }

    /// The detections and severities told, notes of expected controls left out.
    pub(super) fn findings(&self) -> Vec<(&'static str, Severity)> {
        let last = self.last().into_iter().filter(|anomaly| anomaly.severity > Severity::Info);
        last.map(|anomaly| (anomaly.detection, anomaly.severity)).collect()
    }
}

/// What is found of these requests, a second apart.
fn found(says: &[Say]) -> Vec<(&'static str, Severity)> {
    let mut plant = Plant::station();
    for say in says {
        plant.say(say);
        plant.pass(1);
    }
    plant.findings()
}

#[test]
fn an_operator_s_usual_work_is_for_the_record_only() {
    let mut plant = Plant::station();
    plant.say(&Say::poll(MASTER));
    for _ in 0..3 {
        plant.two_steps(7, TRIP);
        plant.pass(20);
        plant.two_steps(7, CLOSE);
        plant.pass(20);
    }
    assert_eq!(plant.findings(), []);
    let told = plant.last();
    assert_eq!(told.len(), 1, "one note a device, counted");
    assert_eq!((told[0].detection, told[0].severity), ("DN-39", Severity::Info));
    assert!(told[0].points.contains(&"binary output 7".to_owned()), "{:?}", told[0].points);
}

#[test]
fn who_reads_or_commands_and_never_did_is_named() {
    use Severity::{Critical, High};
    assert_eq!(found(&[Say::poll(STRANGER).by(STRANGER, 9)]), [("DN-20", High)]);
    for master in [STRANGER, HISTORIAN] {
        let trip = Say::direct(7, TRIP).by(master, 9);
        assert_eq!(found(&[trip]), [("DN-21", Critical)], "{master}");
        let select = Say::select(7, TRIP).by(master, 9);
        assert_eq!(found(&[select]), [("DN-22", Critical)], "{master}");
        let freeze = Say::function(9, "freeze_clear", Class::Command, Effect::FreezeClear);
        assert_eq!(found(&[freeze.by(master, 9)]), [("DN-49", Critical)], "{master}");
    }
}

#[test]
fn a_master_that_only_says_what_is_reported_is_none_that_trips() {
    let mut plant = Plant::station();
    let report = Say::reporting(true).at(Occasion::Opening).by(HISTORIAN, 2).in_conversation(2);
    plant.say(&report);
    plant.pass(1);
    assert!(plant.findings().iter().all(|(_, severity)| *severity <= Severity::Low));
    plant.say(&Say::direct(7, TRIP).by(HISTORIAN, 2).in_conversation(2));
    assert!(plant.findings().contains(&("DN-21", Severity::Critical)));
}

#[test]
fn a_known_commander_s_first_control_of_a_point_is_high_and_its_select_low() {
    use Severity::{High, Low};
    assert_eq!(found(&[Say::select(9, TRIP)]), [("DN-40", Low)]);
    let both = [Say::select(9, TRIP), Say::operate(9, TRIP)];
    assert_eq!(found(&both), [("DN-40", High)], "one anomaly, raised by the operate");
    let setpoint = Say {
        table: Table::ANALOG_OUTPUT,
        values: Some(Value::Float(12.5)),
        ..Say::operate(3, TRIP)
    };
    assert_eq!(found(&[setpoint]), [("DN-41", High)]);
}

#[test]
fn a_direct_operate_where_points_are_selected_first_is_high() {
    use Severity::High;
    assert_eq!(found(&[Say::direct(7, TRIP)]), [("DN-43", High)]);
    let unanswered =
        Say { code: 6, name: "direct_operate_no_response", answer: None, ..Say::direct(7, TRIP) };
    assert_eq!(found(&[unanswered]), [("DN-43", High)]);
    assert_eq!(
        found(&[Say::direct(30, TRIP)]),
        [("DN-43", High)],
        "a point that was never operated"
    );
}

#[test]
fn that_breakers_are_selected_first_is_known_beside_set_points_that_are_not_and_of_another_device()
{
    use Severity::High;
    let setpoint = || Say {
        table: Table::ANALOG_OUTPUT,
        values: Some(Value::Float(12.5)),
        ..Say::direct(3, TRIP)
    };
    let mut plant = Plant::station_of("", &[], &[setpoint()]);
    plant.say(&setpoint());
    assert_eq!(plant.findings(), [], "as ever");
    plant.say(&Say::direct(30, TRIP));
    assert_eq!(plant.findings(), [("DN-43", High)], "a point that was never operated");
    let elsewhere = Say { sub: OUTSTATION + 1, ..Say::poll(MASTER) };
    let mut plant = Plant::station_of("", &[], &[setpoint(), elsewhere]);
    plant.say(&Say { sub: OUTSTATION + 1, ..Say::direct(7, TRIP) });
    assert_eq!(plant.findings(), [("DN-43", High)], "a device that was never operated");
    let expected = plant.last().pop().unwrap().expected;
    assert!(
        expected.contains("what 10.0.0.7 operated of this kind here was selected"),
        "{expected}"
    );
}

#[test]
fn what_an_older_version_learned_of_a_whole_device_still_counts() {
    let elsewhere = || Say { sub: OUTSTATION + 1, ..Say::poll(MASTER) };
    let mut plant = Plant::station_of("", &[], &[elsewhere()]);
    let device = Device {
        zone: Zone(0),
        protocol: Protocol::Dnp3,
        address: host(RTU),
        sub: SubAddress::Link(OUTSTATION + 1),
    };
    let whole = FactKey { kind: FactKind::SelectFirst, device, master: None, detail: u64::MAX };
    let now = plant.now;
    plant.baseline.facts_mut().note(whole, now, |fact| fact.count = 500);
    plant.say(&Say { sub: OUTSTATION + 1, ..Say::direct(7, TRIP) });
    assert_eq!(plant.findings(), [("DN-43", Severity::High)]);
    let expected = plant.last().pop().unwrap().expected;
    assert!(expected.contains("of this device that was operated was selected"), "{expected}");
    assert!(expected.contains("(500×)"), "{expected}");
}

#[test]
fn a_station_that_is_operated_directly_may_be() {
    let mut plant = Plant::new("");
    for second in 0..600 {
        plant.say(&Say::poll(MASTER));
        if second % 60 == 10 {
            plant.say(&Say::direct(7, if second % 120 == 10 { TRIP } else { CLOSE }));
        }
        plant.pass(1);
    }
    plant.told.clear();
    plant.say(&Say::direct(7, TRIP));
    assert_eq!(plant.findings(), []);
}

#[test]
fn a_control_of_another_kind_than_ever_is_high_and_the_way_back_low() {
    use Severity::{High, Low};
    let said = |control| found(&[Say::select(8, control), Say::operate(8, control)]);
    assert_eq!(said(TRIP), []);
    assert_eq!(said(CLOSE), [("DN-40", Low)], "8 was only tripped so far");
    for control in [
        Control { operation: Operation::LatchOff, trip_close: TripClose::None, ..TRIP },
        Control { count: 10, ..TRIP },
        Control { on_ms: 10_000, ..TRIP },
        Control { clear: true, ..TRIP },
    ] {
        assert_eq!(said(control), [("DN-40", High)], "{control}");
        let select = found(&[Say::select(8, control)]);
        assert_eq!(select, [("DN-40", High)], "it says what comes");
    }
}

#[test]
fn an_operate_that_does_not_fit_its_select_is_high() {
    for kind in [
        FaultKind::NoSelect,
        FaultKind::SelectDiffers,
        FaultKind::SelectSequence,
        FaultKind::SelectLate,
    ] {
        let operate = Say::operate(7, TRIP).faulty(kind);
        assert_eq!(found(&[operate]), [("DN-42", Severity::High)], "{kind:?}");
    }
}

#[test]
fn an_operate_of_what_another_master_selected_is_critical() {
    let mut plant = Plant::station();
    plant.say(&Say::select(7, TRIP));
    plant.say(
        &Say::operate(7, TRIP).faulty(FaultKind::NoSelect).by(HISTORIAN, 2).in_conversation(2),
    );
    assert_eq!(plant.findings(), [("DN-42", Severity::Critical)]);
    let told = plant.last();
    let told = told.last().unwrap();
    assert!(told.also.contains(&"DN-21"), "{told:?}");
    assert!(told.expected.contains("selected by 10.0.0.7"), "{}", told.expected);
}

#[test]
fn an_operate_of_what_another_selected_is_critical_wherever_its_conversation_began() {
    let mut plant = Plant::station();
    plant.say(&Say::select(7, TRIP));
    // Over UDP, or from the middle of a conversation, nobody knows what it selected before: no fault is found.
    let mut operate = Say::operate(7, TRIP).by(HISTORIAN, 2).in_conversation(2);
    operate.dialogue.selected = None;
    plant.say(&operate);
    assert_eq!(plant.findings(), [("DN-42", Severity::Critical)]);
}

#[test]
fn a_select_in_the_same_master_s_other_conversation_is_a_select() {
    let mut plant = Plant::station();
    plant.say(&Say::select(7, TRIP));
    plant.say(&Say::operate(7, TRIP).faulty(FaultKind::NoSelect).in_conversation(5));
    assert_eq!(plant.findings(), []);
}

#[test]
fn a_device_that_says_it_was_not_selected_tells_the_same() {
    let refused = Outcome::Refused { reason: Refusal::Other, code: 2 };
    let mut plant = Plant::station();
    plant.say(&Say { answer: Some(refused), ..Say::operate(7, TRIP) });
    assert!(plant.findings().contains(&("DN-42", Severity::High)));
}

#[test]
fn a_selection_that_another_master_of_the_device_took_the_place_of_is_refused_and_low() {
    let refused = Some(Outcome::Refused { reason: Refusal::Other, code: 2 });
    for (between, severity) in [(true, Severity::Low), (false, Severity::High)] {
        let mut plant = Plant::station();
        if !between {
            plant.say(&Say::select(8, TRIP).by(HISTORIAN, 2).in_conversation(2));
        }
        plant.pass(1);
        plant.say(&Say::select(7, TRIP));
        if between {
            plant.say(&Say::select(8, TRIP).by(HISTORIAN, 2).in_conversation(2));
        }
        plant.say(&Say { answer: refused, ..Say::operate(7, TRIP) });
        let of_front_end = |it: &&Anomaly| it.observed.contains("refused an operate of 10.0.0.7");
        let told = plant.last();
        let told: Vec<_> = told.iter().filter(of_front_end).map(|it| it.severity).collect();
        assert_eq!(told, [severity], "in between: {between}");
    }
}

/// A select and its operate, so many seconds after it.
fn slow_operate(gap_s: u64) -> [Say; 2] {
    let mut operate = Say::operate(7, TRIP);
    operate.dialogue.selected = Some(Selected { frame: 1, gap_ns: gap_s * SECOND_NS });
    if gap_s > 30 {
        operate.faults.push(FaultKind::SelectLate, 1, 1);
    }
    [Say::select(7, TRIP), operate]
}

#[test]
fn an_operator_who_always_took_his_time_is_judged_by_that_and_another_by_the_default() {
    for (usual_s, taken_s, expected) in [
        (40, 45, None),
        (40, 90, Some(Severity::High)),
        (2, 40, Some(Severity::High)),
        (2, 3, None),
    ] {
        let mut plant = Plant::station_of("", &[], &slow_operate(usual_s));
        for say in &slow_operate(taken_s) {
            plant.say(say);
        }
        let told = plant.findings().into_iter().find(|(row, _)| *row == "DN-42");
        assert_eq!(told.map(|(_, severity)| severity), expected, "{taken_s} s after {usual_s} s");
    }
}

#[test]
fn a_master_that_never_counts_operates_by_the_number_of_its_select_and_no_other_does() {
    let numbered = |found: u32| {
        let mut operate = Say::operate(7, TRIP).faulty(FaultKind::SelectSequence);
        operate.faults = Faults::NONE;
        operate.faults.push(FaultKind::SelectSequence, found, 1);
        [Say::select(7, TRIP), operate]
    };
    for (often, then, expected) in
        [(true, 0, None), (true, 5, Some(Severity::High)), (false, 0, Some(Severity::High))]
    {
        let often = if often { numbered(0).to_vec() } else { Vec::new() };
        let mut plant = Plant::station_of("", &[], &often);
        for say in &numbered(then) {
            plant.say(say);
        }
        let told = plant.findings().into_iter().find(|(row, _)| *row == "DN-42");
        assert_eq!(told.map(|(_, severity)| severity), expected, "{then} after {}", often.len());
    }
}

#[test]
fn a_walk_over_outputs_by_selecting_them_is_medium() {
    let walk: Vec<Say> = (0..12).map(|point| Say::select(point, TRIP)).collect();
    let told = found(&walk);
    assert!(told.contains(&("DN-42", Severity::Medium)), "{told:?}");
    assert!(told.iter().all(|(_, severity)| *severity <= Severity::Medium), "{told:?}");
    let mut plant = Plant::station();
    plant.say(&Say { points: (0..20).collect(), ..Say::select(0, TRIP) });
    assert!(!plant.findings().contains(&("DN-42", Severity::Medium)), "its operate may come");
    plant.pass(11);
    assert!(plant.findings().contains(&("DN-42", Severity::Medium)), "it did not");
}

#[test]
fn six_breakers_selected_and_operated_one_after_the_other_are_no_walk() {
    let mut plant = Plant::station();
    for _ in 0..3 {
        for (point, control) in [(7, TRIP), (8, TRIP), (7, CLOSE), (8, CLOSE)] {
            plant.two_steps(point, control);
            plant.pass(10);
        }
    }
    assert!(plant.findings().iter().all(|(_, severity)| *severity == Severity::Low));
}

#[test]
fn an_operate_long_after_its_select_is_low() {
    let mut slow = Say::operate(7, TRIP);
    slow.dialogue.selected = Some(Selected { frame: 1, gap_ns: 20 * SECOND_NS });
    assert_eq!(found(&[Say::select(7, TRIP), slow]), [("DN-42", Severity::Low)]);
}

#[test]
fn restarts_stops_saves_and_files_are_never_taken_for_normal() {
    use Severity::High;
    for (code, class, effect, row) in [
        (13, Class::Diagnostic, Effect::Restart, "DN-13"),
        (14, Class::Diagnostic, Effect::Restart, "DN-14"),
        (15, Class::Program, Effect::Initialise, "DN-16"),
        (16, Class::Program, Effect::Initialise, "DN-15"),
        (17, Class::Program, Effect::Start, "DN-15"),
        (18, Class::Program, Effect::Stop, "DN-15"),
        (19, Class::Configuration, Effect::Configure, "DN-16"),
        (31, Class::Configuration, Effect::Configure, "DN-35"),
        (27, Class::File, Effect::FileWrite, "DN-36"),
    ] {
        let say = Say::function(code, "some_function", class, effect);
        assert_eq!(found(std::slice::from_ref(&say)), [(row, High)]);
        let strange = found(&[say.by(STRANGER, 9)]);
        assert_eq!(strange, [(row, Severity::Critical)]);
    }
}

#[test]
fn counters_that_are_frozen_as_ever_are_silent_and_cleared_ones_are_high() {
    let freeze = |code, effect| Say::function(code, "freeze", Class::Command, effect);
    assert_eq!(found(&[freeze(7, Effect::Freeze)]), []);
    assert_eq!(found(&[freeze(9, Effect::FreezeClear)]), [("DN-49", Severity::High)]);
    assert_eq!(found(&[freeze(8, Effect::Freeze)]), [("DN-49", Severity::High)]);
}

#[test]
fn what_is_reported_changed_for_the_first_time_is_high() {
    let assign = Say::function(22, "assign_class", Class::Configuration, Effect::ReportingChange);
    assert_eq!(found(&[assign]), [("DN-48", Severity::High)]);
    let band = Say {
        table: Table::DEAD_BAND,
        points: vec![4],
        values: Some(Value::Integer(1_000)),
        ..Say::function(2, "write", Class::Configuration, Effect::ReportingChange)
    };
    assert_eq!(found(&[band]), [("DN-48", Severity::High)]);
}

#[test]
fn reports_switched_off_out_of_the_blue_are_high_learned_or_not() {
    assert_eq!(found(&[Say::reporting(false)]), [("DN-17", Severity::High)]);
}

#[test]
fn a_master_that_reconnects_is_quiet() {
    let mut plant = Plant::station();
    plant.pass(20);
    let dialogue = [Say::reporting(false), Say::poll(MASTER), Say::reporting(true)];
    for say in dialogue {
        plant.say(&say.at(Occasion::Opening).in_conversation(3));
        plant.pass(1);
    }
    plant.pass(60);
    assert!(plant.findings().iter().all(|(_, severity)| *severity <= Severity::Low));
}

#[test]
fn reports_switched_off_on_connecting_and_nothing_after_are_told_in_the_end() {
    let mut plant = Plant::station();
    plant.pass(6);
    let frame = plant.say(&Say::reporting(false).at(Occasion::Opening).in_conversation(3));
    plant.pass(25);
    assert_eq!(plant.findings(), [], "it may still ask");
    plant.say(&Say::poll(MASTER));
    plant.pass(6);
    assert_eq!(plant.findings(), [("DN-17", Severity::High)], "the other conversation is not it");
    let told = plant.last().into_iter().find(|told| told.detection == "DN-17").unwrap();
    assert_eq!(told.frames, [frame]);
}

#[test]
fn reports_switched_off_by_a_master_that_has_begun_are_high() {
    let mut plant = Plant::station();
    plant.pass(20);
    let dialogue =
        [Say::poll(MASTER), Say::reporting(true), Say::poll(MASTER), Say::reporting(false)];
    for say in dialogue {
        plant.say(&say.at(Occasion::Opening).in_conversation(3));
        plant.pass(1);
    }
    assert!(plant.findings().contains(&("DN-17", Severity::High)));
}

#[test]
fn a_device_that_restarts_is_told_what_masters_tell_then() {
    let mut plant = Plant::station();
    let clock = Say::clock(0, plant.now);
    for say in [Say::restart_seen(), Say::reporting(false), Say::poll(MASTER), clock] {
        plant.say(&say.at(Occasion::Restart));
        plant.pass(1);
    }
    plant.say(&Say::reporting(true).at(Occasion::Restart));
    plant.pass(60);
    assert!(plant.findings().iter().all(|(_, severity)| *severity <= Severity::Low));
}

#[test]
fn a_restart_that_is_taken_note_of_without_one_is_low() {
    let told = found(&[Say::restart_seen()]);
    assert!(told.contains(&("DN-29", Severity::Low)), "{told:?}");
    assert!(told.iter().all(|(_, severity)| *severity == Severity::Low), "{told:?}");
}

#[test]
fn a_clock_that_is_set_wrong_is_high_at_whatever_occasion() {
    use Severity::High;
    let plant = Plant::station();
    let said = |ahead, occasion| found(&[Say::clock(ahead, plant.now).at(occasion)]);
    assert_eq!(said(0, Occasion::None), [], "it is set every other minute");
    assert_eq!(said(3, Occasion::None), []);
    for occasion in [Occasion::None, Occasion::NeedTime, Occasion::Restart] {
        assert_eq!(said(3_600, occasion), [("DN-28", High)]);
        assert_eq!(said(-3_600, occasion), [("DN-28", High)]);
    }
}

#[test]
fn a_wrong_clock_is_no_measure_of_the_right_one_however_often_it_is_set() {
    let mut plant = Plant::new("");
    for _ in 0..600 {
        plant.say(&Say::poll(MASTER));
        plant.pass(1);
    }
    plant.told.clear();
    for _ in 0..20 {
        let wrong = Say::clock(3_600, plant.now).at(Occasion::NeedTime);
        plant.say(&wrong);
        plant.pass(1);
    }
    assert!(plant.findings().iter().all(|found| *found == ("DN-28", Severity::Low)));
    plant.told.clear();
    let right = Say::clock(0, plant.now).at(Occasion::NeedTime);
    plant.say(&right);
    let wrong = Say::clock(3_600, plant.now).at(Occasion::NeedTime);
    assert_eq!(plant.findings(), [], "the right one");
    plant.say(&wrong);
    assert!(plant.findings().contains(&("DN-28", Severity::High)), "now one is known");
}

#[test]
fn broadcasts_are_high_and_of_controls_critical() {
    use Severity::{Critical, High};
    let broadcast = 0xFFFF;
    assert_eq!(found(&[Say::direct(7, TRIP).to(broadcast)]), [("DN-23", Critical)]);
    let freeze = Say::function(8, "freeze", Class::Command, Effect::Freeze);
    assert_eq!(found(&[freeze.clone().to(broadcast)]), [("DN-23", High)]);
    assert_eq!(found(&[freeze.by(STRANGER, 9).to(broadcast)]), [("DN-23", Critical)]);
    let mut plant = Plant::new("");
    for second in 0..600 {
        plant.say(&Say::poll(MASTER));
        if second % 60 == 10 {
            let clock = Say::clock(0, plant.now);
            plant.say(&clock.to(broadcast));
        }
        plant.pass(1);
    }
    plant.told.clear();
    let clock = Say::clock(0, plant.now);
    plant.say(&clock.to(broadcast));
    assert_eq!(plant.findings(), [], "a learned time broadcast");
}

#[test]
fn what_is_asked_of_a_device_for_the_first_time_is_low_and_its_files_are_high() {
    use Severity::{High, Low};
    for (say, row, severity) in [
        (Say::function(1, "read", Class::Diagnostic, Effect::Identify), "DN-53", Low),
        (Say::function(25, "open_file", Class::File, Effect::FileRead), "DN-36", High),
        (Say::function(0x109, "request_link_status", Class::Link, Effect::Plain), "DN-52", Low),
    ] {
        assert_eq!(found(&[say]), [(row, severity)]);
    }
}

#[test]
fn a_breaker_that_is_closed_at_once_after_it_was_opened_or_driven_to_and_fro_is_high() {
    let mut plant = Plant::station();
    plant.pass(90);
    plant.two_steps(7, TRIP);
    plant.now = plant.now.plus_ns(SECOND_NS / 2);
    plant.say(&Say::operate(7, CLOSE));
    assert_eq!(plant.findings(), [("DN-44", Severity::High)]);
    assert!(plant.last().iter().any(|a| a.observed.contains("500 ms after opening it")));
    let mut plant = Plant::station();
    plant.pass(90);
    for nth in 0..9 {
        plant.two_steps(7, if nth % 2 == 0 { TRIP } else { CLOSE });
        plant.pass(2);
    }
    assert_eq!(plant.findings(), [("DN-44", Severity::High)]);
    assert!(plant.last().iter().any(|a| a.observed.contains("to and fro")));
}

/// What a master begins with at an outstation that has just come.
fn put_into_service(say: Say) -> Say {
    Say { rtu: RTU + 5, sub: OUTSTATION + 5, ..say }.at(Occasion::Opening).in_conversation(5)
}

#[test]
fn a_master_of_others_begins_with_a_new_outstation_as_it_began_with_them_and_others_may_not() {
    let other = |say| Say { rtu: RTU + 1, sub: OUTSTATION + 1, ..say }.in_conversation(4);
    let first = [Say::reporting(false), other(Say::reporting(false))];
    let first = first.map(|say| say.at(Occasion::Opening));
    let often = [other(Say::poll(MASTER))];
    let mut plant = Plant::station_of("", &first, &often);
    for say in [
        Say::reporting(false),
        Say::poll(MASTER),
        Say::restart_seen(),
        Say::reporting(true),
        Say::clock(0, plant.now).at(Occasion::NeedTime),
    ] {
        plant.say(&put_into_service(say));
        let reader = Say::poll(HISTORIAN).by(HISTORIAN, 2);
        plant.say(&Say { rtu: RTU + 5, sub: OUTSTATION + 5, ..reader }.in_conversation(6));
        plant.pass(1);
    }
    plant.pass(120);
    assert_eq!(plant.said(), [], "the outstation is new, and not what is done to it");
    plant.say(&put_into_service(Say::direct(3, TRIP)));
    assert!(plant.said().iter().all(|(_, severity)| *severity == Severity::High));
    assert!(!plant.said().is_empty(), "its first control is told");
    let mut plant = Plant::station_of("", &first, &often);
    plant.say(&put_into_service(Say::reporting(false).by(HISTORIAN, 2)));
    assert_eq!(plant.said(), [("DN-17", Severity::Critical)], "who only polls does not do this");
}
