//! Commands and the points that show them: without effect, and without a command.

use gridtap_model::Quality;

use super::*;

mod causes;

const INPUTS: usize = 12;
/// The breaker that is commanded and seen at points of this number.
const BREAKER: usize = 7;
const SIGN: usize = 11;
const QUIET: [&str; 0] = [];

/// A bay whose breakers are reported by events, and polled for events every five seconds.
struct Bay {
    plant: Plant,
    inputs: [bool; INPUTS],
    /// Its master asks for all states every minute.
    states: bool,
    indications: u16,
    /// Which of two devices is commanded and tells.
    nth: u8,
}

fn reading(on: bool) -> Reading {
    let (value, quality) = (Some(Value::Bit(on)), Some(Quality(0)));
    Reading { value, quality, ..Reading::default() }
}

fn control(closes: bool) -> Reading {
    let Some(Value::Control(trip)) = TRIP.value else { panic!("a trip is a control") };
    let trip_close = if closes { TripClose::Close } else { TripClose::Trip };
    Reading { value: Some(Value::Control(Control { trip_close, ..trip })), ..TRIP }
}

fn command(point: usize, closes: bool) -> Say {
    Say { first: u32::try_from(point).unwrap(), readings: vec![control(closes)], ..Say::trip() }
}

impl Bay {
    /// Its breaker was closed and opened so many times, minutes apart, and followed.
    fn learned(times: u32) -> Self {
        Self::learned_at(&[BREAKER], times)
    }

    fn learned_at(breakers: &[usize], times: u32) -> Self {
        let plant = Plant::of_outstations_with(|plant, second| {
            if second % 60 == 5 {
                for breaker in [2, 3, BREAKER] {
                    plant.asks(&command(breaker, second % 120 == 5));
                }
            }
        });
        let mut bay =
            Self { plant, inputs: [false; INPUTS], states: false, indications: 0, nth: 0 };
        bay.poll_states();
        bay.pass(300);
        for nth in 0..times {
            let breaker = breakers[nth as usize % breakers.len()];
            for closes in [true, false] {
                bay.operate(breaker, closes);
                bay.pass(200);
            }
        }
        assert_eq!(bay.told(), QUIET, "learning is quiet");
        bay
    }

    fn poll_states(&mut self) {
        let frame = self.plant.says(&Say::poll());
        let readings = self.inputs.iter().map(|on| reading(*on)).collect();
        let answer = Say { first: 0, readings, ..Say::poll().answered(frame, self.indications) };
        self.plant.says(&answer);
    }

    fn pass(&mut self, seconds: u64) {
        for second in 0..seconds {
            if self.states && second % 60 == 59 {
                self.poll_states();
            } else if second % 5 == 4 {
                self.plant.asks_and_hears(&Say::poll(), self.indications);
            }
            self.plant.pass(1);
        }
    }

    /// A point changes, and its event tells it.
    fn turns(&mut self, point: usize, on: bool) {
        if self.nth == 0 {
            self.inputs[point] = on;
        }
        self.tells(point, on, Quality(0));
    }

    fn tells(&mut self, point: usize, on: bool, quality: Quality) {
        let readings = vec![Reading { quality: Some(quality), ..reading(on) }];
        let first = u32::try_from(point).unwrap();
        let indications = Some(self.indications);
        let report = Say { first, readings, indications, ..Say::report(0) };
        self.plant.says(&self.of_device(report));
    }

    fn of_device(&self, say: Say) -> Say {
        Say { rtu: RTU + self.nth, link: LINK + u16::from(self.nth), ..say }
    }

    fn operate(&mut self, point: usize, closes: bool) {
        self.plant.asks(&self.of_device(command(point, closes)));
        self.pass(1);
        self.turns(point, closes);
    }

    fn told(&self) -> Vec<String> {
        let told = self.plant.of("DN-46").into_iter().filter(|one| one.severity >= Severity::High);
        told.map(|anomaly| anomaly.observed).collect()
    }
}

#[test]
fn an_accepted_trip_after_which_the_breaker_stays_closed_is_high() {
    let mut bay = Bay::learned(6);
    bay.operate(BREAKER, true);
    bay.pass(200);
    bay.plant.asks(&command(BREAKER, false));
    let sent = bay.plant.frame - 1;
    bay.pass(9);
    assert_eq!(bay.told(), QUIET, "it may follow yet");
    bay.pass(30);
    let told = bay.told();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].starts_with(
            "10.0.0.7 switched binary output 7 of dnp3 10.0.0.21 link 10 off and it was accepted, but binary input 7 is \
             still on "
        ),
        "{told:?}"
    );
    let told = bay.plant.tells("DN-46", Severity::High);
    assert_eq!((told.source.address, told.frames.len()), (host(MASTER), 2));
    assert_eq!(told.frames[0], sent, "the command is shown");
    assert!(told.expected.starts_with("after 6 such commands within 0 days the input turned off"));
}

#[test]
fn what_follows_its_command_or_was_there_before_is_silent() {
    let mut bay = Bay::learned(6);
    bay.plant.asks(&command(BREAKER, false));
    bay.pass(300);
    bay.operate(BREAKER, true);
    bay.pass(300);
    assert_eq!(bay.told(), QUIET, "it was open before, and closed when it was told to");
}

#[test]
fn four_occasions_teach_nothing_yet_nor_do_many_commands_in_one_burst() {
    let mut bay = Bay::learned(4);
    bay.plant.asks(&command(BREAKER, true));
    bay.pass(300);
    assert_eq!(bay.told(), QUIET);
    let mut bay = Bay::learned(0);
    for _ in 0..20 {
        bay.operate(BREAKER, true);
        bay.pass(8);
        bay.operate(BREAKER, false);
        bay.pass(8);
    }
    bay.pass(300);
    bay.plant.asks(&command(BREAKER, true));
    bay.pass(300);
    assert_eq!(bay.told(), QUIET);
}

#[test]
fn nothing_is_said_of_what_was_not_heard() {
    let quiet = |name: &str, change: fn(&mut Bay), after: fn(&mut Bay)| {
        let mut bay = Bay::learned(6);
        change(&mut bay);
        bay.plant.asks(&command(BREAKER, true));
        bay.pass(2);
        after(&mut bay);
        bay.pass(300);
        assert_eq!(bay.told(), QUIET, "{name}");
    };
    quiet("local", |bay| bay.indications = Indications::LOCAL_CONTROL.0, |_| ());
    quiet("an event waits", |bay| bay.indications = Indications::EVENTS_WAIT.0, |_| ());
    quiet("events lost", |_| (), |bay| bay.indications = Indications::EVENTS_LOST.0);
    quiet("restarted", |_| (), |bay| bay.indications = Indications::RESTART.0);
    quiet("forced", |_| (), |bay| bay.tells(BREAKER, true, Quality::COMMUNICATION_LOST));
    quiet(
        "a gap",
        |_| (),
        |bay| {
            let (master, rtu) = (Endpoint::new(host(MASTER), 40_000), Endpoint::new(host(RTU), 1));
            let missing = What::Link(LinkEvent::Missing { bytes: 9 });
            bay.plant.hears(rtu, master, missing);
        },
    );
    quiet(
        "unanswered",
        |_| (),
        |bay| {
            let (phase, outcome) = (Phase::Unanswered, Outcome::Unanswered);
            bay.plant.says(&Say { phase, outcome, ..Say::poll() });
        },
    );
}

#[test]
fn where_states_are_polled_the_poll_shows_that_nothing_moved() {
    let mut bay = Bay::learned(6);
    (bay.states, bay.indications) = (true, Indications::EVENTS_WAIT.0);
    bay.plant.asks(&command(BREAKER, true));
    bay.pass(58);
    assert_eq!(bay.told(), QUIET);
    bay.pass(60);
    assert_eq!(bay.told().len(), 1);
}

#[test]
fn a_breaker_that_is_seldom_moved_is_known_by_the_others_of_its_bay() {
    let mut bay = Bay::learned_at(&[2, 3], 8);
    bay.plant.asks(&command(BREAKER, true));
    bay.pass(300);
    assert_eq!(bay.told().len(), 1);
    let mut bay = Bay::learned_at(&[2], 8);
    bay.plant.asks(&command(BREAKER, true));
    bay.pass(300);
    assert_eq!(bay.told(), QUIET, "one breaker is not all");
}

#[test]
fn a_contact_that_chatters_follows_nothing() {
    let mut bay = Bay::learned(0);
    for _ in 0..12 {
        for closes in [true, false] {
            bay.operate(BREAKER, closes);
            for second in 0..40 {
                bay.turns(5, second % 2 == 0);
                bay.pass(5);
            }
        }
    }
    // The breaker follows, the contact stands still.
    bay.operate(BREAKER, true);
    bay.pass(300);
    assert_eq!(bay.told(), QUIET);
}

#[test]
fn what_alarmed_is_not_learned() {
    let mut bay = Bay::learned(6);
    for _ in 0..10 {
        bay.operate(BREAKER, true);
        bay.pass(200);
        bay.plant.asks(&command(BREAKER, false));
        bay.pass(200);
        bay.plant.told.clear();
        bay.turns(BREAKER, false);
        bay.pass(200);
    }
    bay.operate(BREAKER, true);
    bay.pass(200);
    bay.plant.told.clear();
    bay.plant.asks(&command(BREAKER, false));
    bay.pass(100);
    let facts = bay.plant.baseline.rows();
    let failed = facts.iter().filter(|row| row.key.contains("|feedback|") && row.against.is_some());
    assert_eq!(failed.count(), 0, "{facts:#?}");
}

#[test]
fn a_breaker_that_moves_and_nobody_commanded_it_is_high_and_one_that_protection_trips_is_not() {
    let mut bay = Bay::learned(6);
    bay.operate(BREAKER, true);
    bay.pass(300);
    bay.turns(BREAKER, false);
    bay.pass(89);
    assert_eq!(bay.told(), QUIET, "its reason may come yet");
    bay.pass(5);
    let told = bay.told();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(
        told[0],
        "dnp3 10.0.0.21 link 10 shows that binary input 7 turned off, and nobody was heard commanding binary output 7"
    );
    for before in [true, false] {
        let mut bay = Bay::learned(6);
        bay.operate(BREAKER, true);
        bay.pass(300);
        let order = if before {
            [(SIGN, true), (BREAKER, false)]
        } else {
            [(BREAKER, false), (SIGN, true)]
        };
        for (point, on) in order {
            bay.turns(point, on);
            bay.pass(2);
        }
        bay.pass(200);
        assert_eq!(bay.told(), QUIET, "protection");
    }
}

#[test]
fn what_moves_in_local_control_behind_a_gap_or_by_another_s_command_needs_no_other_reason() {
    let quiet = |name: &str, before: fn(&mut Bay), after: fn(&mut Bay)| {
        let mut bay = Bay::learned(6);
        before(&mut bay);
        bay.turns(BREAKER, true);
        bay.pass(2);
        after(&mut bay);
        bay.pass(200);
        assert_eq!(bay.told(), QUIET, "{name}");
    };
    quiet("local", |bay| bay.indications = Indications::LOCAL_CONTROL.0, |_| ());
    quiet("events lost", |bay| bay.indications = Indications::EVENTS_LOST.0, |_| ());
    quiet("bad", |bay| bay.tells(BREAKER, true, Quality::COMMUNICATION_LOST), |_| ());
    let stranger = |bay: &mut Bay| {
        bay.plant.asks(&Say { master: STRANGER, ..command(BREAKER, true) });
    };
    quiet("by a stranger, who is told for that", stranger, |_| ());
    let gap = |bay: &mut Bay| {
        let (master, rtu) = (Endpoint::new(host(MASTER), 40_000), Endpoint::new(host(RTU), 1));
        let missing = What::Link(LinkEvent::Missing { bytes: 9 });
        bay.plant.hears(rtu, master, missing);
    };
    quiet("a gap before", gap, |_| ());
    quiet("a gap that is heard of later", |_| (), gap);
}

#[test]
fn a_breaker_that_moved_alone_while_it_was_learned_may_go_on() {
    let mut bay = Bay::learned(2);
    bay.turns(BREAKER, true);
    bay.pass(200);
    for _ in 0..6 {
        bay.operate(BREAKER, false);
        bay.pass(200);
        bay.operate(BREAKER, true);
        bay.pass(200);
    }
    bay.turns(BREAKER, false);
    bay.pass(200);
    assert_eq!(bay.told(), QUIET);
}

#[test]
fn what_was_learned_outlives_a_restart() {
    let mut bay = Bay::learned(6);
    let (meta, rows) = (bay.plant.baseline.meta(), bay.plant.baseline.rows());
    let text: Vec<String> = rows
        .iter()
        .filter(|row| row.key.contains("|feedback"))
        .map(|row| row.to_string())
        .collect();
    assert!(text.iter().any(|row| row.contains("\"binary input 7 = 0, 1000 ms\"")), "{text:#?}");
    let plant = Plant::new("");
    let mut baseline = plant.baseline;
    baseline.restore(Some(meta), &rows).unwrap();
    bay.plant.baseline = baseline;
    bay.plant.detector = plant.detector;
    bay.poll_states();
    bay.plant.asks(&command(BREAKER, true));
    bay.pass(100);
    assert_eq!(bay.told().len(), 1);
}

#[test]
fn what_one_device_reported_is_none_of_the_next_message_s() {
    let mut bay = Bay::learned(5);
    let flips = |bay: &Bay| bay.plant.detector.families.outstations.flips().len();
    bay.turns(BREAKER, true);
    assert_eq!(flips(&bay), 1);
    bay.plant.ask(Ask::read(MASTER, RTU + 9, 0, 10));
    assert_eq!(flips(&bay), 0, "a device of another protocol has answered");
}
