//! Every byte of a recognised conversation is decoded, skipped or missing, however it was cut up.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// The account of a talk that heard all of these bytes, and no others.
fn accounts(talk: &Talk) -> (u64, u64, u64) {
    let bytes = talk.dissector.counters().bytes;
    (bytes.decoded, bytes.skipped, bytes.missing)
}

fn poll(transaction: u16) -> Vec<u8> {
    adu(transaction, 3, "03 0010 0002")
}

#[test]
fn one_message_over_many_segments_is_one_message() {
    let mut talk = Talk::tcp();
    for octet in poll(1) {
        talk.ask(&[octet]);
    }
    assert_eq!(talk.phases, [Phase::Request]);
    assert!(talk.records[0].contains(r#""frame":12,"#), "{}", talk.records[0]);
    assert_eq!(accounts(&talk), (12, 0, 0));
}

#[test]
fn garbage_is_skipped_up_to_the_next_message_and_accounted() {
    let mut talk = Talk::tcp();
    let garbage = octets("FFFE FDFC FBFA F9F8 F7F6 F5");
    talk.ask(&poll(1)).ask(&[garbage.clone(), poll(2)].concat()).ask(&poll(3));
    assert_eq!(talk.phases, [Phase::Request; 3]);
    assert_eq!(talk.links[1], (Protocol::Modbus, LinkEvent::Skipped { bytes: 11 }));
    assert!(talk.records.iter().any(|record| {
        record.contains(r#""problem":{"reason":"garbage","bytes":11,"resumed_frame":2}"#)
    }));
    assert_eq!(accounts(&talk), (36, 11, 0));
}

#[test]
fn after_a_gap_decoding_goes_on_at_the_next_message() {
    let mut talk = Talk::tcp();
    talk.ask(&poll(1)).answer(&adu(1, 3, "03 04 0001 0002"));
    // The first octets of a request, then a hole, then the middle of another, then a whole one.
    talk.ask(&poll(2)[..5]);
    talk.event(Event::Gap { direction: Direction::Forward, bytes: 100 });
    talk.ask(&[&poll(9)[4..], &poll(10)].concat());
    assert_eq!(talk.phases, [Phase::Request, Phase::Response, Phase::Request]);
    assert_eq!(accounts(&talk), (12 + 13 + 12, 5 + 8, 100));
    assert_eq!(talk.unclean, 1, "what follows a loss says so");
}

#[test]
fn after_a_gap_a_message_that_begins_at_once_is_taken_at_once() {
    let mut talk = Talk::tcp();
    talk.ask(&poll(1)).answer(&adu(1, 3, "03 04 0001 0002"));
    talk.event(Event::Gap { direction: Direction::Backward, bytes: 26 });
    talk.answer(&adu(4, 3, "03 04 0001 0002"));
    assert_eq!(talk.phases.len(), 3);
    assert_eq!(talk.faults, [], "its request may have been lost too");
}

#[test]
fn a_request_whose_answer_may_have_been_lost_is_not_unanswered() {
    let mut talk = Talk::tcp();
    talk.ask(&poll(1)).answer(&adu(1, 3, "03 04 0001 0002")).ask(&poll(2));
    talk.event(Event::Gap { direction: Direction::Backward, bytes: 13 });
    talk.later(10_000).close(Closing::Finished);
    assert_eq!(talk.phases.len(), 3);
    assert_eq!(talk.dissector.counters().unanswered_withheld, 1);
}

#[test]
fn registers_that_look_like_a_message_are_not_taken_for_one() {
    // Within the answer of a read stands a perfect request of the same unit.
    let mut talk = Talk::tcp();
    talk.ask(&adu(1, 3, "03 0000 0006"));
    talk.answer(&adu(1, 3, "03 0C 0001 0000 0006 0303 0010 0002"));
    assert_eq!(talk.phases, [Phase::Request, Phase::Response]);
}

#[test]
fn a_length_field_that_claims_too_much_does_not_swallow_the_next_message() {
    let mut talk = Talk::tcp();
    let mut lie = poll(1);
    lie[5] = 0x30;
    talk.ask(&lie).ask(&poll(2));
    assert_eq!(talk.phases, [Phase::Request; 2]);
    assert_eq!(talk.faults, [FaultKind::Length]);
    assert_eq!(accounts(&talk), (24, 0, 0));
}

#[test]
fn behind_a_length_that_is_wrong_nothing_is_taken_for_a_message_by_chance() {
    // A header that claims 300 octets, then polls of another unit behind the same gateway.
    let mut talk = Talk::tcp();
    let mut lie = poll(3);
    lie[4..6].copy_from_slice(&300_u16.to_be_bytes());
    talk.ask(&poll(1)).ask(&adu(2, 5, "03 0000 0001")).ask(&lie);
    for transaction in 4..60 {
        talk.ask(&adu(transaction, 5, "03 0000 0001"));
    }
    assert_eq!(talk.phases, vec![Phase::Request; 59]);
    assert_eq!(talk.faults, [FaultKind::Length]);
    // The same where the lie is believed, because what follows is no header: decoding finds its place again.
    let mut talk = Talk::tcp();
    talk.ask(&poll(1)).ask(&lie).ask(&[0x55; 20]);
    for transaction in 4..60 {
        talk.ask(&poll(transaction));
    }
    let last = talk.phases.len();
    assert!((30..=58).contains(&last), "{last} of 58");
    let mut requests = talk.lines.iter().filter(|line| line.contains("Unit("));
    assert!(requests.all(|line| line.contains("Unit(3)")), "{:#?}", talk.lines);
}

#[test]
fn a_length_field_that_claims_what_never_comes_is_said_after_the_patience() {
    let mut talk = Talk::tcp();
    let mut lie = poll(2);
    lie[5] = 0x30;
    talk.ask(&poll(1)).ask(&lie).later(6_000).answer(&adu(1, 3, "03 04 0001 0002"));
    assert_eq!(talk.faults, [FaultKind::Length]);
}

#[test]
fn a_foreign_protocol_identifier_in_a_modbus_conversation_is_a_fault() {
    let mut talk = Talk::tcp();
    let mut foreign = poll(2);
    foreign[3] = 0x10;
    talk.ask(&poll(1)).ask(&foreign).ask(&poll(3));
    assert_eq!(talk.phases, [Phase::Request; 3]);
    assert_eq!(talk.faults, [FaultKind::ProtocolIdentifier]);
}

#[test]
fn a_long_frame_is_a_fault_and_a_long_umas_frame_is_none() {
    let mut talk = Talk::tcp();
    let long = format!("03 0010 0002 {}", "00".repeat(300));
    talk.ask(&poll(1)).ask(&adu(2, 3, &long)).ask(&poll(3));
    assert_eq!(talk.phases, [Phase::Request; 3]);
    assert_eq!(talk.faults, [FaultKind::Oversize, FaultKind::TrailingBytes]);
    let mut talk = Talk::tcp();
    talk.ask(&adu(1, 0, &format!("5A 00 0A {}", "54".repeat(900))));
    assert_eq!((talk.phases, talk.faults), (vec![Phase::Request], vec![]));
}

#[test]
fn a_conversation_that_cannot_be_decoded_any_more_is_blind() {
    let mut talk = Talk::tcp();
    talk.ask(&poll(1));
    for _ in 0..30 {
        talk.later(1_000).ask(&[0xFF; 40]);
    }
    let blind = talk.links.iter().filter(|(_, event)| matches!(event, LinkEvent::Blind { .. }));
    assert_eq!(blind.count(), 1);
    talk.close(Closing::Finished);
    assert_eq!(accounts(&talk), (12, 30 * 40, 0));
}

/// A dialogue of requests and answers, joined by direction but for where the other side speaks.
fn dialogue(rtu_framing: bool) -> Vec<(Direction, Vec<u8>)> {
    let frame = |transaction, pdu: &str| {
        if rtu_framing { rtu(3, pdu) } else { adu(transaction, 3, pdu) }
    };
    let asked = [frame(1, "03 0010 0002"), frame(2, "10 0004 0001 02 0007")].concat();
    let answered = [frame(1, "03 04 0001 0002"), frame(2, "10 0004 0001")].concat();
    vec![
        (Direction::Forward, asked),
        (Direction::Backward, answered),
        (Direction::Forward, frame(3, "2B 0E 01 00")),
        (Direction::Backward, frame(3, "2B 0E 01 01 00 00 01 00 02 4142")),
        (Direction::Forward, frame(4, "06 0001 0002")),
        (Direction::Backward, frame(4, "86 04")),
    ]
}

/// What is said of a dialogue that is cut at these places, without frames and moments.
fn told(ports: (u16, u16), dialogue: &[(Direction, Vec<u8>)], cuts: &[usize]) -> Vec<String> {
    let mut talk = Talk::new(Transport::Tcp, ports, true);
    let mut cuts = cuts.iter().cycle();
    for (direction, bytes) in dialogue {
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let (now, after) = rest.split_at((*cuts.next().unwrap()).clamp(1, rest.len()));
            match direction {
                Direction::Forward => talk.ask(now),
                Direction::Backward => talk.answer(now),
            };
            rest = after;
        }
    }
    talk.close(Closing::Finished);
    let without_frame = |line: String| match line.find(" of ") {
        Some(at) => line.chars().take(at).collect(),
        None => line,
    };
    talk.said().into_iter().map(without_frame).collect()
}

proptest! {
    #[test]
    fn any_cut_of_the_same_stream_tells_the_same(cuts in vec(1_usize..40, 1..20), port in 0_usize..2) {
        let ports = [(49_152, 502), (49_152, 7_777)][port];
        for rtu_framing in [false, true] {
            let dialogue = dialogue(rtu_framing);
            let whole = told(ports, &dialogue, &[usize::MAX]);
            prop_assert_eq!(whole.len(), 10, "{:?}", &whole);
            prop_assert_eq!(told(ports, &dialogue, &cuts), whole);
        }
    }

    #[test]
    fn any_damage_is_accounted_to_the_octet(
        cuts in vec(1_usize..60, 1..12),
        damage in vec((0_usize..6, 0_usize..40, any::<u8>()), 0..5),
        garbage in vec(any::<u8>(), 0..60),
        gap in proptest::option::of((0_usize..6, 1_u64..5_000)),
    ) {
        let mut talk = Talk::tcp();
        // The first exchange makes the conversation a recognised one.
        talk.ask(&poll(0)).answer(&adu(0, 3, "03 04 0001 0002"));
        let mut heard = 25;
        let mut cuts = cuts.iter().cycle();
        for (nth, (direction, mut bytes)) in dialogue(false).into_iter().enumerate() {
            for (_, at, octet) in damage.iter().filter(|(which, _, _)| *which == nth) {
                let at = at % bytes.len();
                bytes[at] = *octet;
            }
            if nth == 3 {
                bytes.extend(&garbage);
            }
            heard += u64::try_from(bytes.len()).unwrap();
            if let Some((_, missing)) = gap.filter(|(which, _)| *which == nth) {
                talk.event(Event::Gap { direction, bytes: missing });
            }
            let mut rest = bytes.as_slice();
            while !rest.is_empty() {
                let (now, after) = rest.split_at((*cuts.next().unwrap()).min(rest.len()));
                talk.bytes(direction, now);
                rest = after;
            }
        }
        talk.close(Closing::Finished);
        let (decoded, skipped, missing) = accounts(&talk);
        prop_assert_eq!(decoded + skipped, heard);
        prop_assert_eq!(missing, gap.map_or(0, |(_, missing)| missing));
    }

    #[test]
    fn any_events_are_survived(events in vec((0_u8..12, any::<u16>(), vec(any::<u8>(), 0..80)), 0..40)) {
        any_events::survive(&events);
    }
}
