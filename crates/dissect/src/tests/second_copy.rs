//! Of a place in a stream that was said twice, otherwise, both copies are judged.

use super::*;

fn overlaps(talk: &mut Talk, direction: Direction, segment: &[u8]) {
    talk.frame += 1;
    talk.time = talk.time.plus_ns(1_000_000);
    talk.event(Event::OverlapDiffers { direction, bytes: 2, segment });
}

#[test]
fn a_write_in_the_place_of_a_read_is_heard_beside_it() {
    let mut talk = Talk::tcp();
    talk.ask(&adu(1, 3, "03 0010 0002"));
    overlaps(&mut talk, Direction::Forward, &adu(1, 3, "06 0010 0007"));
    talk.answer(&adu(1, 3, "03 04 0001 0002"));
    let said = talk.said();
    assert!(said.iter().any(|line| line.starts_with("Request write_single_register")), "{said:?}");
    assert!(said.iter().any(|line| line.starts_with("Response read_holding")), "{said:?}");
    assert_eq!(talk.dissector.counters().second_copies, 1);
    talk.later(60_000).close(Closing::Finished);
    assert!(!talk.phases.contains(&Phase::Unanswered), "one of the two was answered");
}

#[test]
fn what_both_copies_say_is_heard_once() {
    let mut talk = Talk::tcp();
    let (read, write) = (adu(1, 3, "03 0010 0002"), adu(2, 3, "06 0010 0007"));
    talk.ask(&read);
    overlaps(&mut talk, Direction::Forward, &[read, write].concat());
    let requests = talk.phases.iter().filter(|phase| **phase == Phase::Request);
    assert_eq!(requests.count(), 2);
}

#[test]
fn a_piece_of_a_message_says_nothing() {
    let mut talk = Talk::tcp();
    talk.ask(&adu(1, 3, "03 0010 0002"));
    let write = adu(1, 3, "06 0010 0007");
    overlaps(&mut talk, Direction::Forward, &write[1..]);
    overlaps(&mut talk, Direction::Forward, &write[..write.len() - 1]);
    overlaps(&mut talk, Direction::Forward, &[]);
    assert_eq!(talk.phases, [Phase::Request]);
}
