//! A conversation on another port that begins as none of ours is looked at again.

use super::*;

const ELSEWHERE: (u16, u16) = (49_152, 8_899);

/// A request with a protocol identifier that no Modbus has.
fn foreign() -> Vec<u8> {
    let mut frame = adu(1, 3, "03 0010 0002");
    frame[2] = 7;
    frame
}

fn accounts(talk: &Talk) -> (u64, u64, u64) {
    let bytes = talk.dissector.counters().bytes;
    (bytes.decoded, bytes.skipped, bytes.missing)
}

#[test]
fn one_bad_message_does_not_make_a_conversation_foreign_for_ever() {
    for transport in [Transport::Tcp, Transport::Udp] {
        let mut talk = Talk::new(transport, ELSEWHERE, transport == Transport::Tcp);
        talk.ask(&foreign()).answer(&foreign()).ask(b"\x00\x00 something else");
        talk.ask(&adu(2, 3, "03 0010 0002"));
        assert_eq!(talk.phases, [], "one message may be chance");
        talk.answer(&adu(2, 3, "03 04 0001 0002"));
        talk.ask(&adu(3, 3, "05 0001 FF00"));
        assert_eq!(talk.phases, [Phase::Request, Phase::Response, Phase::Request]);
        assert_eq!(talk.ends[1].0.address, CLIENT);
        assert!(talk.records[0].contains(r#""frame":4,"#), "{}", talk.records[0]);
        assert_eq!(accounts(&talk), (12 + 13 + 12, 12 + 12 + 17, 0));
        let opened: Vec<_> = talk.links.iter().map(|(protocol, _)| *protocol).collect();
        assert_eq!(opened, [Protocol::Unknown, Protocol::Modbus]);
    }
}

#[test]
fn two_messages_of_one_side_are_enough_where_they_come_one_behind_the_other() {
    let mut talk = Talk::new(Transport::Tcp, ELSEWHERE, true);
    talk.ask(&foreign()).ask(&adu(2, 3, "03 0010 0002")).ask(&adu(3, 3, "05 0001 FF00"));
    assert_eq!(talk.phases, [Phase::Request; 2]);
    let mut talk = Talk::new(Transport::Tcp, ELSEWHERE, true);
    talk.ask(&foreign());
    talk.ask(&[adu(2, 3, "03 0010 0002"), adu(3, 3, "05 0001 FF00")].concat());
    assert_eq!(talk.phases, [Phase::Request; 2]);
    let mut talk = Talk::new(Transport::Tcp, ELSEWHERE, true);
    talk.ask(&foreign()).ask(&rtu(3, "03 0010 0002")).answer(&rtu(3, "03 04 0001 0002"));
    assert_eq!(talk.phases, [Phase::Request, Phase::Response]);
}

#[test]
fn messages_that_do_not_agree_or_are_apart_are_chance() {
    for (one, other) in [
        // Other units, another transaction, another function, two answers.
        (adu(2, 3, "03 0010 0002"), adu(2, 4, "03 04 0001 0002")),
        (adu(2, 3, "03 0010 0002"), adu(3, 3, "03 04 0001 0002")),
        (adu(2, 3, "03 0010 0002"), adu(2, 3, "04 04 0001 0002")),
        (adu(2, 3, "03 04 0001 0002"), adu(2, 3, "03 04 0001 0002")),
    ] {
        let mut talk = Talk::new(Transport::Tcp, ELSEWHERE, true);
        talk.ask(&foreign()).ask(&one).answer(&other);
        assert_eq!(talk.phases, [], "{one:x?} {other:x?}");
    }
    let mut talk = Talk::new(Transport::Tcp, ELSEWHERE, true);
    talk.ask(&foreign());
    talk.ask(&adu(2, 3, "03 0010 0002")).ask(b"other").answer(&adu(2, 3, "03 04 0001 0002"));
    assert_eq!(talk.phases, []);
}

#[test]
fn a_conversation_that_stays_foreign_is_let_alone_after_so_many_looks() {
    let config = Config { second_looks_max: 3, ..Config::default() };
    let mut talk = Talk::with(config, Transport::Tcp, ELSEWHERE, true);
    talk.ask(&foreign()).ask(b"one").answer(b"two").ask(b"three");
    talk.ask(&adu(2, 3, "03 0010 0002")).answer(&adu(2, 3, "03 04 0001 0002"));
    assert_eq!(talk.phases, []);
    assert_eq!(accounts(&talk), (0, 0, 0), "what is not ours is in no account");
}

#[test]
fn what_was_missing_before_is_accounted_too() {
    let mut talk = Talk::new(Transport::Tcp, ELSEWHERE, true);
    talk.ask(&foreign()).ask(&adu(2, 3, "03 0010 0002"));
    talk.event(Event::Gap { direction: Direction::Forward, bytes: 40 });
    talk.answer(&adu(2, 3, "03 04 0001 0002"));
    assert_eq!(talk.phases, [], "what is before a gap is no neighbour");
    talk.ask(&adu(3, 3, "03 0010 0002")).answer(&adu(3, 3, "03 04 0001 0002"));
    assert_eq!(accounts(&talk), (12 + 13, 12 + 12 + 13, 40));
}
