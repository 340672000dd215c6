//! Only one direction is heard: the commonest fault of a SPAN port.

use super::*;

/// A poll in a connection of its own, of which one direction alone is heard.
fn one_sided_poll(talk: &mut Talk, generation: u32, direction: Direction) {
    let at = usize::from(direction == Direction::Backward);
    talk.flow.id.generation = generation;
    talk.flow.first.port = u16::try_from(40_000 + generation).unwrap();
    talk.flow.packets = [0, 0];
    talk.flow.packets[at] = 2;
    talk.flow.octets = [0, 0];
    match direction {
        Direction::Forward => talk.ask(&adu(1, 3, "05 0010 FF00")),
        Direction::Backward => talk.answer(&adu(1, 3, "03 02 0001")),
    };
    talk.later(1_000).close(Closing::Idle);
}

fn missing(talk: &Talk) -> Vec<LinkEvent> {
    let events = talk.links.iter().map(|(_, event)| *event);
    events.filter(|event| matches!(event, LinkEvent::OneDirection { .. })).collect()
}

#[test]
fn answers_that_are_never_heard_are_said_once_and_nothing_is_unanswered() {
    let mut talk = Talk::tcp();
    for generation in 0..60 {
        one_sided_poll(&mut talk, generation, Direction::Forward);
        talk.later(1_000);
    }
    let [LinkEvent::OneDirection { missing: endpoint }] = missing(&talk)[..] else {
        panic!("{:?}", talk.links)
    };
    assert_eq!(endpoint, Endpoint::new(SERVER, 502));
    assert_eq!(talk.phases, [Phase::Request; 60], "commands are decoded all the same");
    let said_at = talk.lines.iter().position(|line| line.contains("OneDirection")).unwrap();
    let elapsed = talk.times[said_at].since_ns(Timestamp::from_parts(1_000, 0));
    assert!(elapsed < 60_000_000_000, "{elapsed} ns");
    assert_eq!(talk.dissector.counters().unanswered_withheld, 60);
}

#[test]
fn requests_that_are_never_heard_are_said_and_answers_are_no_faults() {
    let mut talk = Talk::tcp();
    for generation in 0..60 {
        one_sided_poll(&mut talk, generation, Direction::Backward);
        talk.later(1_000);
    }
    let [LinkEvent::OneDirection { missing: endpoint }] = missing(&talk)[..] else {
        panic!("{:?}", talk.links)
    };
    assert_eq!(endpoint.address, CLIENT);
    let blamed = talk.faults.iter().filter(|kind| **kind == FaultKind::Unrequested).count();
    assert!(blamed < 12, "{blamed} answers were blamed before the loss was known");
}

#[test]
fn a_direction_that_falls_silent_in_mid_connection_is_said() {
    let mut talk = Talk::tcp();
    talk.ask(&adu(1, 3, "03 0010 0001")).answer(&adu(1, 3, "03 02 0001"));
    for transaction in 2..60 {
        // The client acknowledges answers that the sensor does not hear.
        talk.flow.unheard[1] += 11;
        talk.later(1_000).ask(&adu(transaction, 3, "03 0010 0001"));
    }
    assert_eq!(missing(&talk).len(), 1);
    assert!(!talk.phases.contains(&Phase::Unanswered), "they were answered unheard");
}

#[test]
fn datagrams_that_nobody_ever_answers_are_a_missing_direction_too() {
    let mut talk = Talk::new(Transport::Udp, (49_152, 502), false);
    talk.flow.packets = [1, 0];
    for transaction in 1..90 {
        talk.later(1_000).ask(&adu(transaction, 3, "03 0010 0001"));
        talk.flow.packets = [1, 0];
    }
    assert_eq!(missing(&talk).len(), 1);
}

#[test]
fn a_device_that_is_dead_is_not_an_unheard_direction() {
    let mut talk = Talk::tcp();
    talk.ask(&adu(1, 3, "03 0010 0001")).answer(&adu(1, 3, "03 02 0001"));
    for transaction in 2..60 {
        // The device acknowledges and does not answer.
        talk.flow.packets[1] += 1;
        talk.later(1_000).ask(&adu(transaction, 3, "03 0010 0001"));
    }
    assert_eq!(missing(&talk), []);
    let unanswered = talk.phases.iter().filter(|phase| **phase == Phase::Unanswered).count();
    assert!(unanswered > 50, "{unanswered}");
}

#[test]
fn a_host_that_speaks_to_itself_has_no_directions() {
    let mut talk = Talk::tcp();
    talk.flow.second.address = CLIENT;
    talk.flow.packets = [2, 0];
    for transaction in 0..60 {
        talk.later(1_000).ask(&adu(transaction, 3, "03 0010 0001"));
    }
    assert_eq!(missing(&talk), []);
}
