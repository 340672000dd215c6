//! Coils that are written and discrete inputs that show them.

use super::*;

const COIL: u32 = 2;
const INPUT: u32 = 20;
const DOOR: u32 = 30;
const OTHER_COIL: u32 = 3;
const OTHER: u32 = 40;
const SETPOINT: u32 = 5;

/// A controller whose coil moves a breaker that an input shows, polled every ten seconds.
struct Controller {
    plant: Plant,
    coil: u32,
    closed: bool,
    door: bool,
    other: bool,
    /// Its master writes a setpoint every half minute.
    sets: bool,
    /// Its master writes this to the coil every five seconds.
    rewrites: Option<bool>,
    /// The inputs are not polled.
    unseen: bool,
}

impl Controller {
    /// The breaker was closed and opened so many times, minutes apart.
    fn learned(times: u32) -> Self {
        Self::new().learns(times)
    }

    fn new() -> Self {
        Self {
            plant: Plant::learned(),
            coil: COIL,
            closed: false,
            door: false,
            other: false,
            sets: false,
            rewrites: None,
            unseen: false,
        }
    }

    fn learns(mut self, times: u32) -> Self {
        self.plant.baseline.teach(true);
        let mut own = self;
        for _ in 0..times {
            for closes in [true, false] {
                own.operate(closes);
                own.pass(180);
            }
        }
        own.plant.baseline.teach(false);
        own.pass(60);
        own.plant.told.clear();
        own
    }

    fn write(&mut self, closes: bool) {
        let (table, value) = (Table::COIL, u16::from(closes));
        self.plant.ask(Ask { table, code: 5, ..Ask::write(MASTER, RTU, self.coil, value) });
        self.rewrites = self.rewrites.map(|_| closes);
    }

    /// So many coils in one message.
    fn write_all(&mut self, first: u32, count: u32, closes: bool) {
        let write = Ask::write(MASTER, RTU, first, u16::from(closes));
        self.plant.ask(Ask { table: Table::COIL, code: 15, count, ..write });
    }

    fn operate(&mut self, closes: bool) {
        self.write(closes);
        self.closed = closes;
    }

    fn pass(&mut self, seconds: u64) {
        for second in 0..seconds {
            if self.sets && second % 30 == 17 {
                self.plant.ask(Ask::write(MASTER, RTU, SETPOINT, 1));
            }
            if let Some(closes) = self.rewrites.filter(|_| second % 5 == 4) {
                self.write(closes);
            }
            if second % 10 == 3 && !self.unseen {
                for (first, on) in [(INPUT, self.closed), (DOOR, self.door), (OTHER, self.other)] {
                    let (table, answer) = (Table::DISCRETE_INPUT, Answer::Done(u16::from(on)));
                    let poll = Ask::read(MASTER, RTU, first, 1);
                    self.plant.ask(Ask { table, code: 2, answer, ..poll });
                }
            }
            self.plant.pass(1);
        }
    }

    /// Another poll, which shows the breaker among others.
    fn slow_poll(&mut self) {
        let (table, answer) = (Table::DISCRETE_INPUT, Answer::Done(u16::from(self.closed)));
        self.plant.ask(Ask { table, code: 2, answer, ..Ask::read(MASTER, RTU, INPUT, 2) });
    }

    fn gap(&mut self) {
        let (master, rtu) = (Endpoint::new(host(MASTER), 40_000), Endpoint::new(host(RTU), 502));
        self.plant.heard(rtu, master, What::Link(LinkEvent::Missing { bytes: 9 }));
    }

    /// What is told of commands and their effects.
    fn of_effects(&self) -> Vec<String> {
        self.told().into_iter().filter(|told| told.starts_with("MB-45 high")).collect()
    }

    fn told(&self) -> Vec<String> {
        let told = self.plant.above_low().into_iter();
        told.map(|one| format!("{} {} {}", one.detection, one.severity, one.observed)).collect()
    }
}

const QUIET: [&str; 0] = [];

#[test]
fn a_coil_that_is_written_and_an_input_that_stands_still_are_a_command_without_effect() {
    let mut own = Controller::learned(6);
    own.operate(true);
    own.pass(180);
    own.operate(false);
    own.pass(180);
    assert_eq!(own.told(), QUIET);
    own.write(true);
    own.pass(8);
    assert_eq!(own.told(), QUIET, "it may follow yet");
    own.pass(30);
    assert_eq!(
        own.told(),
        [
            "MB-45 high 10.0.0.7 switched coil 2 of modbus 10.0.0.21 unit 1 on and it was accepted, but discrete input 20 \
          is still off 11.0 s later"
        ]
    );
}

#[test]
fn an_input_that_turns_and_no_coil_was_written_is_an_effect_without_a_command() {
    let mut own = Controller::learned(6);
    own.closed = true;
    own.pass(110);
    assert_eq!(
        own.told(),
        [
            "MB-45 high modbus 10.0.0.21 unit 1 shows that discrete input 20 turned on, and nobody was heard commanding \
          coil 2"
        ]
    );
    let mut own = Controller::learned(6);
    (own.closed, own.door) = (true, true);
    own.pass(110);
    assert_eq!(own.told(), QUIET, "something else moved with it");
}

#[test]
fn what_a_controller_refuses_has_no_effect_and_that_is_no_news() {
    let mut own = Controller::learned(6);
    let answer = Answer::Refused(Refusal::Busy, 6);
    let write = Ask { table: Table::COIL, code: 5, answer, ..Ask::write(MASTER, RTU, COIL, 1) };
    own.plant.ask(write);
    own.pass(180);
    assert_eq!(own.told(), QUIET);
}

#[test]
fn a_controller_that_drops_one_command_in_eight_is_known_for_it() {
    let mut own = Controller::learned(4);
    own.plant.baseline.teach(true);
    own.write(true);
    own.pass(400);
    own.plant.baseline.teach(false);
    for _ in 0..4 {
        for closes in [true, false] {
            own.operate(closes);
            own.pass(180);
        }
    }
    own.plant.told.clear();
    own.write(true);
    own.pass(60);
    assert_eq!(own.told(), QUIET);
}

#[test]
fn coils_that_are_written_together_teach_no_pairs() {
    let mut own = Controller::new();
    own.plant.baseline.teach(true);
    for nth in 0..16 {
        let on = nth % 2 == 0;
        own.write_all(COIL, OTHER_COIL - COIL + 1, on);
        (own.closed, own.other) = (on, on);
        own.pass(180);
    }
    own.plant.baseline.teach(false);
    own.pass(60);
    let learned = own.plant.baseline.rows();
    let pairs: Vec<_> = learned.iter().filter(|row| row.key.contains("|feedback")).collect();
    assert!(pairs.is_empty(), "{pairs:#?}");
    own.operate(true);
    own.pass(180);
    assert_eq!(own.of_effects(), QUIET, "the other input belongs to the other coil");
}

#[test]
fn a_coil_among_twenty_that_are_written_at_once_was_commanded() {
    let mut own = Controller { coil: 18, ..Controller::new() }.learns(6);
    own.write_all(0, 20, true);
    own.pass(150);
    own.closed = true;
    own.pass(110);
    assert_eq!(own.of_effects(), QUIET);
}

#[test]
fn a_unit_that_does_not_answer_says_nothing_of_the_others_behind_its_gateway() {
    let mut own = Controller::learned(6);
    own.write(true);
    for _ in 0..6 {
        let poll = Ask::read(MASTER, RTU, 0, 10);
        own.plant.ask(Ask { unit: 2, answer: Answer::None, ..poll });
        own.pass(10);
    }
    assert_eq!(own.of_effects().len(), 1, "{:?}", own.told());
    let mut own = Controller::learned(6);
    own.write(true);
    own.plant.ask(Ask { answer: Answer::None, ..Ask::read(MASTER, RTU, 0, 10) });
    own.pass(60);
    assert_eq!(own.of_effects(), QUIET, "it was silent itself");
}

#[test]
fn a_setpoint_that_is_written_in_turns_explains_nothing_and_one_that_is_not_does() {
    let mut own = Controller { sets: true, ..Controller::new() }.learns(6);
    own.closed = true;
    own.pass(110);
    assert_eq!(own.of_effects().len(), 1, "{:?}", own.told());
    let mut own = Controller::learned(6);
    own.plant.ask(Ask::write(MASTER, RTU, SETPOINT + 4, 1));
    own.closed = true;
    own.pass(110);
    assert_eq!(own.of_effects(), QUIET);
}

#[test]
fn a_coil_that_is_written_again_and_again_is_followed_all_the_same() {
    let learned = || Controller { rewrites: Some(false), ..Controller::new() }.learns(6);
    let mut own = learned();
    own.write(true);
    own.pass(60);
    assert_eq!(own.of_effects().len(), 1, "{:?}", own.told());
    let mut own = learned();
    own.closed = true;
    own.pass(110);
    assert_eq!(own.of_effects().len(), 1, "{:?}", own.told());
    let mut own = learned();
    own.operate(true);
    own.pass(200);
    own.closed = false;
    own.pass(4);
    own.plant.told.clear();
    own.closed = true;
    own.pass(110);
    let told = own.of_effects();
    assert!(
        told.iter().all(|told| told.contains("turned off")),
        "the coil put it on again: {told:?}"
    );
}

#[test]
fn a_gap_while_an_input_was_not_shown_may_have_hidden_its_command() {
    let unseen = |own: &mut Controller, seconds| {
        own.unseen = true;
        own.pass(seconds);
        own.unseen = false;
    };
    let mut own = Controller::learned(6);
    unseen(&mut own, 300);
    own.gap();
    own.closed = true;
    unseen(&mut own, 300);
    own.pass(110);
    assert_eq!(own.of_effects(), QUIET);
    let mut own = Controller::learned(6);
    own.gap();
    own.pass(900);
    own.closed = true;
    own.pass(110);
    assert_eq!(own.of_effects().len(), 1, "it was shown since the gap: {:?}", own.told());
}

#[test]
fn a_slow_poll_behind_a_gap_tells_no_change_that_a_quick_one_told_long_before() {
    let learned = || {
        let mut own = Controller::new();
        own.plant.baseline.teach(true);
        own.slow_poll();
        let mut own = own.learns(6);
        own.slow_poll();
        own
    };
    let mut own = learned();
    own.operate(true);
    own.pass(300);
    own.plant.ask(Ask { answer: Answer::None, ..Ask::read(MASTER, RTU, 0, 10) });
    own.pass(3_000);
    own.slow_poll();
    own.pass(110);
    assert_eq!(own.of_effects(), QUIET);
    let mut own = learned();
    own.unseen = true;
    own.pass(3_000);
    own.closed = true;
    own.slow_poll();
    own.pass(110);
    assert_eq!(own.of_effects().len(), 1, "the slow poll shows it first: {:?}", own.told());
}
