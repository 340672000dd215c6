//! What is taken for the reason of a change, and what is not.

use super::*;

const ISOLATOR: usize = 3;

impl Bay {
    /// The same bay, heard by a sensor that was just started.
    fn heard_anew(&mut self) {
        let (meta, rows) = (self.plant.baseline.meta(), self.plant.baseline.rows());
        let plant = Plant::new("");
        let mut baseline = plant.baseline;
        baseline.restore(Some(meta), &rows).unwrap();
        self.plant.baseline = baseline;
        self.plant.detector = plant.detector;
    }

    fn learned_pairs(&self) -> Vec<String> {
        let rows = self.plant.baseline.rows();
        rows.iter()
            .filter(|row| row.key.contains("|feedback|") || row.key.contains("|feedback-moves|"))
            .map(ToString::to_string)
            .collect()
    }
}

#[test]
fn what_is_always_switched_after_a_breaker_does_not_follow_the_breaker() {
    let mut bay = Bay::learned(0);
    for nth in 0..16 {
        for point in [BREAKER, ISOLATOR] {
            bay.operate(point, nth % 2 == 0);
            bay.pass(20);
        }
        bay.pass(200);
    }
    assert_eq!(bay.learned_pairs(), QUIET, "which of the two moved it is not known");
    for nth in 0..12 {
        bay.operate(BREAKER, nth % 2 == 0);
        bay.pass(200);
    }
    assert!(bay.learned_pairs().iter().all(|pair| !pair.contains("input 3")));
    bay.operate(BREAKER, true);
    bay.pass(300);
    assert_eq!(bay.told(), QUIET, "the isolator stands still, as nobody commanded it");
}

#[test]
fn of_several_points_that_change_none_is_known_to_follow() {
    let mut bay = Bay::learned(0);
    for nth in 0..12 {
        bay.operate(BREAKER, nth % 2 == 0);
        bay.turns(5, nth % 2 == 0);
        bay.pass(200);
    }
    assert_eq!(bay.learned_pairs(), QUIET);
}

#[test]
fn a_poll_of_one_point_by_a_sensor_that_was_just_started_tells_no_change() {
    let mut bay = Bay::learned(6);
    bay.heard_anew();
    bay.pass(400);
    let frame = bay.plant.says(&Say::poll());
    let readings = vec![reading(true)];
    let first = u32::try_from(BREAKER).unwrap();
    bay.plant.says(&Say { first, readings, ..Say::poll().answered(frame, 0) });
    bay.pass(200);
    assert_eq!(bay.told(), QUIET);
    let mut bay = Bay::learned(6);
    bay.heard_anew();
    bay.pass(400);
    bay.turns(BREAKER, true);
    bay.pass(200);
    assert_eq!(bay.told().len(), 1, "an event does");
}

#[test]
fn a_device_that_was_in_local_control_and_had_nothing_to_tell_then_is_explained() {
    let mut bay = Bay::learned(6);
    bay.plant.asks_and_hears(&Say::poll(), Indications::LOCAL_CONTROL.0);
    bay.pass(20);
    bay.turns(BREAKER, true);
    bay.pass(200);
    assert_eq!(bay.told(), QUIET);
}

#[test]
fn what_polls_show_since_is_held_against_a_command_not_the_event_before() {
    let mut bay = Bay::learned(6);
    bay.operate(BREAKER, true);
    bay.pass(200);
    bay.inputs[BREAKER] = false;
    bay.poll_states();
    bay.pass(200);
    bay.plant.told.clear();
    bay.plant.asks(&command(BREAKER, true));
    bay.pass(60);
    let told = bay.told();
    assert!(told.iter().any(|told| told.contains("it was accepted, but")), "{told:?}");
}

#[test]
fn a_pair_is_entered_when_it_is_seen_for_the_second_time() {
    let mut bay = Bay::learned(1);
    assert_eq!(bay.learned_pairs(), QUIET);
    bay.operate(BREAKER, true);
    bay.pass(200);
    let pairs = bay.learned_pairs();
    assert_eq!(pairs.len(), 2, "{pairs:#?}");
    assert!(pairs.iter().all(|pair| pair.contains("| 2 times")), "{pairs:#?}");
}

#[test]
fn what_is_known_of_one_device_is_bounded() {
    let mut bay = Bay::learned(0);
    bay.plant.baseline.teach(true);
    let follows = |bay: &mut Bay, points: core::ops::Range<u32>| {
        for first in points.flat_map(|point| [point; 2]) {
            bay.plant.asks(&Say { first, ..command(0, true) });
            bay.plant.pass(1);
            for (on, seconds) in [(true, 130), (false, 300)] {
                bay.plant.says(&Say { first, readings: vec![reading(on)], ..Say::report(0) });
                bay.plant.pass(seconds);
            }
        }
    };
    follows(&mut bay, 100..160);
    assert_eq!(bay.learned_pairs().len(), 120);
    bay.heard_anew();
    bay.plant.baseline.teach(true);
    follows(&mut bay, 200..240);
    assert_eq!(bay.learned_pairs().len(), 192);
    assert!(bay.plant.detector.families.feedbacks.evicted() > 0, "what had no room is counted");
}

#[test]
fn devices_that_come_and_go_between_two_ticks_do_not_pile_up() {
    let mut bay = Bay::learned(6);
    let config = Config { pairs_max: 16, ..Config::default() };
    bay.plant.detector = Detector::new(&config, Site::default(), vec!["test".to_owned()]);
    bay.plant.baseline.teach(true);
    for nth in 0..100 {
        bay.plant.asks(&Say { link: 100 + nth, ..command(BREAKER, true) });
    }
    let feedbacks = &bay.plant.detector.families.feedbacks;
    assert!((1..=2).contains(&feedbacks.waiting()), "{}", feedbacks.waiting());
}

#[test]
fn breakers_that_open_together_were_tripped_and_that_is_low() {
    let mut bay = Bay::learned_at(&[BREAKER, ISOLATOR], 12);
    for point in [BREAKER, ISOLATOR] {
        bay.operate(point, true);
        bay.pass(200);
    }
    // The contact of its protection has stood since the last time.
    bay.plant.told.clear();
    for point in [BREAKER, ISOLATOR] {
        bay.turns(point, false);
        bay.pass(2);
    }
    bay.pass(200);
    assert_eq!(bay.told(), QUIET);
    let told = bay.plant.of("DN-46");
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().all(|told| told.severity == Severity::Low), "{told:?}");
    assert!(told[0].expected.contains("as when protection trips"), "{told:?}");
}

#[test]
fn breakers_of_two_devices_that_open_together_were_tripped_too() {
    let mut bay = Bay::learned(6);
    bay.plant.baseline.teach(true);
    bay.nth = 1;
    for nth in 0..12 {
        bay.operate(BREAKER, nth % 2 == 0);
        bay.pass(200);
    }
    bay.operate(BREAKER, true);
    bay.nth = 0;
    bay.operate(BREAKER, true);
    bay.plant.baseline.teach(false);
    bay.pass(300);
    bay.plant.told.clear();
    for nth in [0, 1] {
        bay.nth = nth;
        bay.turns(BREAKER, false);
        bay.pass(30);
    }
    bay.pass(200);
    assert_eq!(bay.told(), QUIET);
    assert_eq!(bay.plant.of("DN-46").len(), 2);
}

#[test]
fn a_breaker_that_shows_at_two_points_was_not_tripped_for_that() {
    let mut bay = Bay::learned(0);
    bay.plant.baseline.teach(true);
    let shows = |bay: &mut Bay, on| {
        bay.turns(BREAKER, on);
        let (table, readings) = (Table::BINARY_OUTPUT, vec![reading(on)]);
        bay.plant.says(&Say { table: Some(table), readings, ..Say::report(0) });
    };
    for nth in 0..12 {
        bay.plant.asks(&command(BREAKER, nth % 2 == 0));
        bay.pass(1);
        shows(&mut bay, nth % 2 == 0);
        bay.pass(200);
    }
    bay.plant.baseline.teach(false);
    bay.pass(200);
    shows(&mut bay, true);
    bay.pass(200);
    assert_eq!(bay.told().len(), 2, "both of its points are told: {:?}", bay.told());
}

#[test]
fn a_breaker_that_opens_and_closes_again_by_itself_was_reclosed_and_that_is_low() {
    let mut bay = Bay::learned(6);
    bay.operate(BREAKER, true);
    bay.pass(300);
    bay.turns(BREAKER, false);
    bay.pass(30);
    bay.turns(BREAKER, true);
    bay.pass(200);
    assert_eq!(bay.told(), QUIET);
    assert_eq!(bay.plant.of("DN-46").len(), 1);
}

#[test]
fn a_breaker_of_a_device_at_which_hundreds_of_points_change_is_followed_all_the_same() {
    let many = |bay: &mut Bay| {
        for point in 100..300 {
            for on in [true, false] {
                bay.plant.says(&Say {
                    first: point,
                    readings: vec![reading(on)],
                    ..Say::report(0)
                });
                bay.plant.pass(1);
            }
        }
    };
    let evicted = |bay: &Bay| bay.plant.detector.families.feedbacks.evicted();
    let mut bay = Bay::learned(6);
    many(&mut bay);
    bay.pass(200);
    bay.turns(BREAKER, true);
    bay.pass(200);
    assert_eq!(bay.told().len(), 1, "it is one of the first");
    assert!(evicted(&bay) > 100, "what gave way is counted: {}", evicted(&bay));
    let mut bay = Bay::learned(6);
    bay.heard_anew();
    bay.pass(400);
    many(&mut bay);
    bay.pass(200);
    bay.turns(BREAKER, true);
    bay.pass(200);
    assert_eq!(bay.told().len(), 1, "it is the last");
}

#[test]
fn a_stranger_who_is_not_answered_hides_nothing() {
    let (phase, outcome) = (Phase::Unanswered, Outcome::Unanswered);
    let unanswered = Say { master: STRANGER, phase, outcome, ..Say::poll() };
    let mut bay = Bay::learned(6);
    bay.plant.says(&unanswered);
    bay.turns(BREAKER, true);
    bay.pass(200);
    assert_eq!(bay.told().len(), 1, "it moved without a command");
    let asks: [(&str, Vec<Say>); 5] = [
        ("a poll", vec![unanswered]),
        ("the same command", vec![command(BREAKER, true)]),
        ("the other command", vec![command(BREAKER, false)]),
        ("many commands", (20..40).map(|point| command(point, true)).collect()),
        ("one that is refused", vec![command(BREAKER, true)]),
    ];
    for before in [true, false] {
        for (name, asks) in &asks {
            let mut bay = Bay::learned(6);
            let strange = |bay: &mut Bay| {
                for ask in asks {
                    let ask = Say { master: STRANGER, ..ask.clone() };
                    let frame = bay.plant.says(&ask);
                    if *name == "one that is refused" {
                        let outcome = Outcome::Refused { reason: Refusal::Busy, code: 4 };
                        bay.plant.says(&Say { outcome, ..ask.answered(frame, 0) });
                    }
                }
            };
            if before {
                strange(&mut bay);
            }
            bay.plant.asks(&command(BREAKER, true));
            if !before {
                strange(&mut bay);
            }
            bay.pass(200);
            assert_eq!(bay.told().len(), 1, "{name}, before: {before}");
        }
    }
}

#[test]
fn what_a_stranger_switched_back_is_no_command_without_effect() {
    let mut bay = Bay::learned(6);
    bay.operate(BREAKER, true);
    bay.pass(200);
    bay.plant.asks(&command(BREAKER, false));
    bay.plant.asks(&Say { master: STRANGER, ..command(BREAKER, true) });
    bay.pass(200);
    assert_eq!(bay.told(), QUIET, "the stranger is told for that");
}

impl Bay {
    fn refused(&self) -> u64 {
        self.plant.detector.families.feedbacks.evicted()
    }

    /// A point turns on after a command to another one, twice, and off again by itself.
    fn follows_twice(&mut self, output: u32, input: u32) {
        for _ in 0..2 {
            self.plant.asks(&Say { first: output, ..command(0, true) });
            self.plant.pass(1);
            for (on, seconds) in [(true, 130), (false, 300)] {
                let readings = vec![reading(on)];
                self.plant.says(&Say { first: input, readings, ..Say::report(0) });
                self.plant.pass(seconds);
            }
        }
    }
}

#[test]
fn sixteen_breakers_that_move_at_once_are_told_and_more_are_counted() {
    let breakers = 100..118_u32;
    let tells = |bay: &mut Bay, first, on| {
        bay.plant.says(&Say { first, readings: vec![reading(on)], ..Say::report(0) });
    };
    let mut bay = Bay::learned(0);
    bay.plant.baseline.teach(true);
    for first in breakers.clone().flat_map(|breaker| [breaker; 3]) {
        for on in [true, false] {
            bay.plant.asks(&Say { first, ..command(0, on) });
            bay.plant.pass(1);
            tells(&mut bay, first, on);
            bay.plant.pass(200);
        }
    }
    bay.plant.baseline.teach(false);
    bay.pass(200);
    bay.plant.told.clear();
    assert_eq!(bay.refused(), 0);
    for breaker in breakers {
        tells(&mut bay, breaker, true);
        bay.plant.pass(1);
    }
    bay.pass(200);
    assert_eq!((bay.plant.of("DN-46").len(), bay.refused()), (16, 2));
}

#[test]
fn of_nine_commands_that_wait_for_their_points_the_last_is_not_followed_and_counted() {
    let mut bay = Bay::learned(6);
    for point in 0..9 {
        assert_eq!(bay.refused(), 0);
        bay.plant.asks(&command(point, true));
    }
    assert_eq!(bay.refused(), 1);
}

#[test]
fn more_points_than_can_be_kept_of_one_command_are_counted_and_take_no_room() {
    let mut bay = Bay::learned(0);
    bay.plant.baseline.teach(true);
    (100..160).for_each(|point| bay.follows_twice(point, point));
    bay.heard_anew();
    bay.pass(400);
    bay.plant.baseline.teach(true);
    (200..230).for_each(|point| bay.follows_twice(point, point));
    (300..304).for_each(|point| bay.follows_twice(50, point));
    assert_eq!((bay.learned_pairs().len(), bay.refused()), (188, 0));
    (304..307).for_each(|point| bay.follows_twice(50, point));
    assert_eq!((bay.learned_pairs().len(), bay.refused()), (191, 3), "that they move is known");
}
