//! What outstations report of what switches, by events and by polls.

use gridtap_model::{Dialogue, Quality, Reading, Value};

use super::*;

/// An outstation reports binary inputs from the first on: unasked one event each, otherwise as they are polled.
fn report(plant: &mut Plant, asked: bool, first: u32, states: &[bool], quality: Quality) {
    let (outstation, master) =
        (Endpoint::new(host(RTU), 20_000), Endpoint::new(host(MASTER), 40_000));
    let reading = |state: &bool| Reading {
        value: Some(Value::Bit(*state)),
        quality: Some(quality),
        ..Reading::default()
    };
    let readings: Vec<Reading> = states.iter().map(reading).collect();
    let run = Run {
        table: Table::BINARY_INPUT,
        first,
        count: u32::try_from(states.len()).unwrap(),
        values: Values::Readings(&readings),
        written: false,
    };
    let message = Message {
        master,
        device: Device {
            zone: Zone(0),
            protocol: Protocol::Dnp3,
            address: outstation.address,
            sub: SubAddress::Link(10),
        },
        class: Class::Read,
        phase: if asked { Phase::Response } else { Phase::Unsolicited },
        function: Function {
            code: if asked { 129 } else { 130 },
            sub: None,
            name: if asked { "response" } else { "unsolicited_response" },
        },
        effect: Effect::Plain,
        runs: &[run],
        outcome: Outcome::Success,
        request_frame: None,
        latency_ns: None,
        faults: Faults::NONE,
        hearing: Hearing::default(),
        dialogue: Dialogue::NONE,
        identity: None,
        file: None,
    };
    plant.heard(outstation, master, What::Message(message));
}

const GOOD: Quality = Quality(0);

/// A station whose outstation told thirty changes by an event, and then when it was polled.
fn station() -> (Plant, [bool; 4]) {
    let mut plant = Plant::station();
    let mut states = [false; 4];
    report(&mut plant, true, 0, &states, GOOD);
    for nth in 0..30_usize {
        states[nth % 3] ^= true;
        let at = u32::try_from(nth % 3).unwrap();
        report(&mut plant, false, at, &[states[nth % 3]], GOOD);
        plant.pass(5);
        report(&mut plant, true, 0, &states, GOOD);
        plant.pass(5);
    }
    assert!(plant.findings().iter().all(|(row, _)| *row != "DN-46"), "{:?}", plant.findings());
    (plant, states)
}

fn contradictions(plant: &Plant) -> Vec<Severity> {
    let rows = plant.findings().into_iter().filter(|(row, _)| *row == "DN-46");
    rows.map(|(_, severity)| severity).collect()
}

#[test]
fn an_event_that_no_poll_confirms_and_no_other_event_takes_back_is_high_after_a_minute() {
    let (mut plant, states) = station();
    report(&mut plant, false, 3, &[true], GOOD);
    for _ in 0..5 {
        plant.pass(10);
        report(&mut plant, true, 0, &states, GOOD);
    }
    assert_eq!(contradictions(&plant), [], "its event may come yet");
    plant.pass(20);
    report(&mut plant, true, 0, &states, GOOD);
    assert_eq!(contradictions(&plant), [Severity::High]);
}

#[test]
fn a_storm_of_trips_with_their_events_contradicts_nothing() {
    let (mut plant, mut states) = station();
    for nth in 0..30_usize {
        states[nth % 4] ^= true;
        report(&mut plant, false, u32::try_from(nth % 4).unwrap(), &[states[nth % 4]], GOOD);
        plant.pass(1);
    }
    report(&mut plant, true, 0, &states, GOOD);
    plant.pass(100);
    report(&mut plant, true, 0, &states, GOOD);
    assert_eq!(contradictions(&plant), []);
}

#[test]
fn an_event_that_comes_late_is_no_contradiction_and_its_device_is_known_for_it() {
    let (mut plant, mut states) = station();
    states[1] ^= true;
    report(&mut plant, true, 0, &states, GOOD);
    plant.pass(20);
    report(&mut plant, false, 1, &[states[1]], GOOD);
    plant.pass(100);
    report(&mut plant, true, 0, &states, GOOD);
    report(&mut plant, false, 3, &[true], GOOD);
    plant.pass(10);
    report(&mut plant, true, 0, &states, GOOD);
    plant.pass(100);
    report(&mut plant, true, 0, &states, GOOD);
    assert_eq!(contradictions(&plant), []);
}

#[test]
fn a_change_that_was_put_in_by_hand_is_high_where_none_ever_was() {
    let (mut plant, states) = station();
    report(&mut plant, false, 0, &[states[0]], Quality::LOCAL_FORCED);
    assert_eq!(contradictions(&plant), [], "it did not change");
    report(&mut plant, false, 0, &[!states[0]], Quality::LOCAL_FORCED);
    assert_eq!(contradictions(&plant), [Severity::High]);
}
