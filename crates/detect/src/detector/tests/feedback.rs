//! Coils that are written and discrete inputs that show them.

use super::*;

const COIL: u32 = 2;
const INPUT: u32 = 20;
const DOOR: u32 = 30;

/// A controller whose coil moves a breaker that an input shows, polled every ten seconds.
struct Controller {
    plant: Plant,
    closed: bool,
    door: bool,
}

impl Controller {
    /// The breaker was closed and opened so many times, minutes apart.
    fn learned(times: u32) -> Self {
        let mut plant = Plant::learned();
        plant.baseline.teach(true);
        let mut own = Self { plant, closed: false, door: false };
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
        self.plant.ask(Ask { table, code: 5, ..Ask::write(MASTER, RTU, COIL, value) });
    }

    fn operate(&mut self, closes: bool) {
        self.write(closes);
        self.closed = closes;
    }

    fn pass(&mut self, seconds: u64) {
        for second in 0..seconds {
            if second % 10 == 3 {
                for (first, on) in [(INPUT, self.closed), (DOOR, self.door)] {
                    let (table, answer) = (Table::DISCRETE_INPUT, Answer::Done(u16::from(on)));
                    let poll = Ask::read(MASTER, RTU, first, 1);
                    self.plant.ask(Ask { table, code: 2, answer, ..poll });
                }
            }
            self.plant.pass(1);
        }
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
