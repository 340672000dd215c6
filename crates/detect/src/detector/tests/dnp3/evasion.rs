//! What someone does who knows the rules: each is kept to what it is for.

use super::*;

/// One select or operate of several points, each with a control of its own.
fn together(plant: &mut Plant, phase: Phase, points: &[u32], conversation: u64, kind: FaultKind) {
    let step = if phase == Phase::Select { Say::select(7, TRIP) } else { Say::operate(7, TRIP) };
    let step = Say { points: points.to_vec(), ..step }.in_conversation(conversation);
    plant.say(&if phase == Phase::Select { step } else { step.faulty(kind) });
}

fn is_told(plant: &Plant, detection: &str, severity: Severity) -> bool {
    plant.findings().iter().any(|(row, at)| *row == detection && *at == severity)
}

#[test]
fn a_select_in_another_conversation_excuses_only_what_it_selected_and_for_half_a_minute() {
    let kind = FaultKind::NoSelect;
    for (first, second, wait, fits) in [
        (Say::select(7, TRIP), Say::operate(7, TRIP), 2, true),
        (Say::select(7, CLOSE), Say::operate(7, TRIP), 2, false),
        (Say::select(7, TRIP), Say::operate(7, TRIP), 31, false),
    ] {
        let mut plant = Plant::station();
        plant.say(&first);
        plant.pass(wait);
        plant.say(&second.faulty(kind).in_conversation(5));
        assert_eq!(!is_told(&plant, "DN-42", Severity::High), fits, "{wait} s");
    }
    for (selected, fits) in [(vec![7, 8], true), (vec![7], false)] {
        let mut plant = Plant::station();
        together(&mut plant, Phase::Select, &selected, 1, kind);
        together(&mut plant, Phase::Operate, &[7, 8], 5, kind);
        assert_eq!(!is_told(&plant, "DN-42", Severity::High), fits, "{selected:?}");
    }
}

#[test]
fn a_select_that_was_refused_in_another_conversation_excuses_nothing() {
    let refused = Outcome::Refused { reason: Refusal::Other, code: 4 };
    let mut plant = Plant::station();
    plant.say(&Say { answer: Some(refused), ..Say::select(7, TRIP) });
    plant.say(&Say::operate(7, TRIP).faulty(FaultKind::NoSelect).in_conversation(5));
    assert!(is_told(&plant, "DN-42", Severity::High));
}

#[test]
fn reports_switched_off_beside_a_conversation_that_goes_on_are_high_learned_or_not_and_read_or_not()
{
    for known in [true, false] {
        let mut plant = if known { Plant::station() } else { Plant::station_of("", &[], &[]) };
        plant.say(&Say::poll(MASTER));
        for say in [Say::reporting(false), Say::poll(MASTER)] {
            plant.say(&say.at(Occasion::Opening).in_conversation(3));
        }
        plant.pass(2);
        assert!(!is_told(&plant, "DN-17", Severity::High), "the other may be over");
        plant.say(&Say::poll(MASTER));
        assert!(is_told(&plant, "DN-17", Severity::High), "{known}");
    }
}

#[test]
fn a_master_that_reconnects_at_once_and_leaves_its_old_conversation_is_quiet() {
    for first in [&[Say::reporting(false).at(Occasion::Opening)][..], &[]] {
        let mut plant = Plant::station_of("", first, &[]);
        plant.say(&Say::poll(MASTER));
        for say in [Say::reporting(false), Say::poll(MASTER), Say::reporting(true)] {
            plant.say(&say.at(Occasion::Opening).in_conversation(3));
            plant.pass(1);
        }
        for _ in 0..60 {
            plant.say(&Say::poll(MASTER).in_conversation(3));
            plant.pass(1);
        }
        let told = plant.findings();
        assert!(told.iter().all(|(_, severity)| *severity <= Severity::Low), "{told:?}");
    }
}

#[test]
fn every_time_that_one_message_sets_is_judged() {
    let mut plant = Plant::station();
    let (right, wrong) = (Say::clock(0, plant.now), Say::clock(7_200, plant.now));
    plant.say(&Say { then: wrong.values, ..right });
    assert!(is_told(&plant, "DN-28", Severity::High));
}

#[test]
fn clocks_that_are_set_a_little_further_each_time_are_told_once_they_are_far() {
    let mut plant = Plant::station();
    for step in 1..=10_i64 {
        let clock = Say::clock(step * 8, plant.now);
        plant.say(&clock);
        plant.pass(2);
    }
    assert!(is_told(&plant, "DN-28", Severity::High));
}

#[test]
fn a_control_that_cannot_be_read_to_its_end_is_medium() {
    let unread = Say { points: Vec::new(), values: None, ..Say::operate(7, TRIP) };
    for say in [
        unread.faulty(FaultKind::UnknownObject),
        Say::direct(7, TRIP).faulty(FaultKind::ObjectHeader),
        Say::operate(7, TRIP).faulty(FaultKind::Truncated),
    ] {
        let mut plant = Plant::station();
        plant.say(&say);
        let told = plant.findings();
        assert!(told.iter().any(|(_, severity)| *severity >= Severity::Medium), "{told:?}");
    }
    let reading = found(&[Say::poll(MASTER).faulty(FaultKind::Truncated)]);
    assert!(reading.iter().all(|(_, severity)| *severity == Severity::Low), "{reading:?}");
}

#[test]
fn the_first_trip_of_what_was_only_ever_closed_is_high_every_time() {
    let often = [Say::select(9, CLOSE), Say::operate(9, CLOSE)];
    let mut plant = Plant::station_of("", &[], &often);
    for _ in 0..2 {
        plant.two_steps(9, TRIP);
        plant.pass(3);
    }
    let told = plant.last().into_iter().find(|told| told.detection == "DN-40").unwrap();
    assert_eq!((told.severity, told.count), (Severity::High, 4), "{told:?}");
}

#[test]
fn an_answer_without_its_request_is_no_function_of_its_master() {
    let mut plant = Plant::station();
    let mut answer = Say::poll(MASTER);
    (answer.code, answer.name, answer.phase) = (129, "response", Phase::Response);
    answer.hearing.one_direction = true;
    answer.answer = None;
    plant.say(&answer);
    assert_eq!(plant.findings(), []);
}

#[test]
fn what_is_for_the_record_is_no_part_of_an_incident() {
    let mut plant = Plant::station();
    plant.say(&Say::direct(7, TRIP));
    plant.two_steps(8, TRIP);
    plant.pass(120);
    let told = plant.last();
    let of = |row: &str| told.iter().find(|told| told.detection == row).unwrap().incident;
    assert_ne!(of("DN-39"), of("DN-43"));
    assert_eq!(plant.last().iter().filter(|told| told.incident == of("DN-39")).count(), 1);
}
