//! What came before a conversation was recognised, and what never comes to an end.

use super::*;

#[test]
fn what_was_heard_and_missed_before_a_conversation_is_recognised_is_accounted() {
    let mut talk = Talk::new(Transport::Tcp, (49_152, 502), false);
    talk.ask(&octets("FFFE FDFC FB"));
    talk.event(Event::Gap { direction: Direction::Forward, bytes: 100 });
    talk.ask(&adu(1, 3, "03 0010 0002")).answer(&adu(1, 3, "03 04 0001 0002"));
    talk.close(Closing::Finished);
    let bytes = talk.dissector.counters().bytes;
    assert_eq!((bytes.decoded, bytes.skipped, bytes.missing), (12 + 13, 5, 100));
}

#[test]
fn more_than_is_kept_before_a_conversation_is_recognised_is_accounted() {
    let config = Config { tasting_bytes_max: 20, ..Config::default() };
    let mut talk = Talk::with(config, Transport::Tcp, (49_152, 502), false);
    talk.ask(&[0xff; 15]).ask(&[0xff; 30]);
    talk.event(Event::Gap { direction: Direction::Backward, bytes: 7 });
    talk.ask(&adu(1, 3, "03 0010 0002")).answer(&adu(1, 3, "03 04 0001 0002"));
    talk.close(Closing::Finished);
    let bytes = talk.dissector.counters().bytes;
    assert_eq!((bytes.decoded, bytes.skipped, bytes.missing), (12 + 13, 45, 7));
}

#[test]
fn a_message_that_has_begun_is_not_looked_at_again_for_every_moment_of_a_leap_in_time() {
    let mut talk = Talk::tcp();
    talk.ask(&adu(1, 3, "03 0010 0002")).ask(&adu(2, 3, "03 0010 0002")[..9]);
    // Three centuries, in which a look each few seconds would take minutes.
    talk.dissector.tick(Timestamp::MAX, &mut |_| {});
    talk.close(Closing::Finished);
    assert_eq!(talk.dissector.counters().bytes.skipped, 9);
}

#[test]
fn an_answer_whose_request_was_lost_before_anything_was_heard_is_no_fault() {
    let mut talk = Talk::tcp();
    talk.event(Event::Gap { direction: Direction::Forward, bytes: 12 });
    talk.answer(&adu(1, 3, "03 04 0001 0002")).ask(&adu(2, 3, "03 0010 0002"));
    talk.answer(&adu(2, 3, "03 04 0001 0002"));
    assert_eq!(talk.faults, []);
    assert!(talk.unclean > 0);
}
