//! Of a place in a stream that was said twice, otherwise, both copies are judged.

use super::*;

fn overlaps(talk: &mut Talk, direction: Direction, segment: &[u8]) {
    talk.frame += 1;
    talk.time = talk.time.plus_ns(1_000_000);
    talk.event(Event::OverlapDiffers { direction, bytes: 2 });
    talk.event(Event::OtherCopy { direction, octets: segment, before: 0, behind: 0 });
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
    let lines = talk.records.iter().filter(|line| line.contains("write_single"));
    assert_eq!(lines.count(), 0, "decode tells one stream");
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

/// A DNP3 frame of the master.
fn dnp3(data: &str) -> Vec<u8> {
    let data = octets(data);
    let mut frame = vec![0x05, 0x64, u8::try_from(data.len() + 5).unwrap(), 0xC4, 10, 0, 1, 0];
    frame.extend(gridtap_dnp3::crc16(&frame).to_le_bytes());
    for block in data.chunks(16) {
        frame.extend(block);
        frame.extend(gridtap_dnp3::crc16(block).to_le_bytes());
    }
    frame
}

#[test]
fn an_operate_in_the_place_of_a_poll_is_heard_beside_it_and_each_copy_once() {
    let mut talk = Talk::new(Transport::Tcp, (49_152, 20_000), true);
    let poll = dnp3("C0 C3 01 3C 02 06");
    let operate = dnp3("C1 C4 05 0C 01 28 0100 0700 81 01 64000000 00000000 00");
    talk.ask(&poll);
    // The other leg of a man in the middle: an octet further on, with what was there before and a command.
    overlaps(&mut talk, Direction::Forward, &[&poll[3..], &poll, &operate].concat());
    overlaps(&mut talk, Direction::Forward, &operate);
    let asked = |name: &str| talk.lines.iter().filter(|line| line.contains(name)).count();
    assert_eq!((asked(" read "), asked("direct_operate")), (1, 1), "{:?}", talk.lines);
    assert_eq!(talk.dissector.counters().second_copies, 1);
}
