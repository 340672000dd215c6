//! What a message says beside its points: occasions, indications, authentication, who is meant.

use gridtap_model::{Authentication, Indications, Occasion, SubAddress};

use super::*;

const CHALLENGE: &str = "83 0000 78 01 5B 01 0C00 01000000 0100 04 01 AABBCCDD";
const REPLY: &str = "20 78 02 5B 01 0800 01000000 0100 EEFF";
const FAILED: &str = "83 0000 78 07 5B 01 0F00 01000000 0100 0100 02 000000000000";
const OPERATE: &str = "05 0C 01 28 0100 0700 81 01 64000000 00000000 00";

fn last(talk: &Talk) -> Dialogue {
    *talk.dialogues.last().unwrap()
}

#[test]
fn a_message_names_both_link_addresses_whoever_sends_it() {
    let mut talk = tcp();
    talk.ask(&ask(0xC1, "01 3C 01 06")).answer(&answer(0xC1, "81 9000"));
    for dialogue in &talk.dialogues {
        assert_eq!(dialogue.master_sub, SubAddress::Link(MASTER));
    }
    assert!(talk.lines[1..].iter().all(|line| line.contains("Link(10)")));
    assert_eq!(talk.dialogues[0].indications, None);
    let indications = talk.dialogues[1].indications.unwrap();
    assert!(indications.has(Indications::NEED_TIME) && indications.has(Indications::RESTART));
}

#[test]
fn a_master_s_first_requests_on_a_new_connection_are_its_opening() {
    let mut talk = tcp();
    for sequence in 1..=9 {
        talk.ask(&ask(0xC0 | sequence, "01 3C 01 06")).answer(&answer(0xC0 | sequence, "81 0000"));
    }
    let openings = talk.dialogues.iter().filter(|told| told.occasion == Occasion::Opening);
    assert_eq!(openings.count(), 8);
    // Those of another master are its own; a minute later it is over.
    talk.ask(&framed(0xC4, 2, OUTSTATION, &octets("C0 C1 01 3C 01 06")));
    assert_eq!(last(&talk).occasion, Occasion::Opening);
    talk.later(61_000).ask(&framed(0xC4, 2, OUTSTATION, &octets("C0 C2 01 3C 01 06")));
    assert_eq!(last(&talk).occasion, Occasion::None);
    // So it is over UDP, which has no handshake.
    let mut talk = Talk::new(Transport::Udp, HOME, false);
    talk.ask(&ask(0xC1, "01 3C 01 06"));
    assert_eq!(last(&talk).occasion, Occasion::Opening);
    // Of a connection that is older than the capture nobody knows how it began.
    let mut talk = Talk::new(Transport::Tcp, HOME, false);
    talk.ask(&ask(0xC1, "01 3C 01 06"));
    assert_eq!(last(&talk).occasion, Occasion::None);
}

#[test]
fn a_restart_explains_what_is_asked_until_a_minute_after_it_is_cleared() {
    let mut talk = Talk::new(Transport::Tcp, HOME, false);
    let disable = |sequence: u8| ask(0xC0 | sequence, "15 3C 02 06");
    talk.ask(&disable(1)).answer(&answer(0xC1, "81 0000")).ask(&disable(2));
    assert_eq!(last(&talk).occasion, Occasion::None);
    talk.answer(&answer(0xF0, "82 8000")).ask(&disable(3));
    assert_eq!(last(&talk).occasion, Occasion::Restart);
    // Another master knows of it too.
    talk.ask(&framed(0xC4, 2, OUTSTATION, &octets("C0 C1 15 3C 02 06")));
    assert_eq!(last(&talk).occasion, Occasion::Restart);
    talk.answer(&answer(0xC3, "81 0000")).later(50_000).ask(&disable(4));
    assert_eq!(last(&talk).occasion, Occasion::Restart);
    talk.later(11_000).ask(&disable(5));
    assert_eq!(last(&talk).occasion, Occasion::None);
}

#[test]
fn a_device_that_needs_time_explains_one_setting_of_its_clock() {
    let mut talk = Talk::new(Transport::Tcp, HOME, false);
    let set = |sequence: u8| ask(0xC0 | sequence, "02 32 01 07 01 000000000000");
    talk.ask(&ask(0xC1, "01 3C 01 06")).answer(&answer(0xC1, "81 1000"));
    talk.ask(&ask(0xC2, "01 3C 01 06"));
    assert_eq!(last(&talk).occasion, Occasion::None, "a read needs no time");
    talk.ask(&set(3));
    assert_eq!(last(&talk).occasion, Occasion::NeedTime);
    talk.ask(&set(4));
    assert_eq!(last(&talk).occasion, Occasion::None);
    talk.answer(&answer(0xC4, "81 1000")).ask(&set(5));
    assert_eq!(last(&talk).occasion, Occasion::NeedTime, "it says so again");
}

#[test]
fn a_common_time_that_is_written_sets_the_clock_and_one_that_is_told_does_not() {
    let mut talk = tcp();
    talk.ask(&ask(0xC1, "02 33 01 07 01 0068E5CF8B01"));
    assert!(talk.lines[1].contains("clock<-0+1="), "{:?}", talk.lines);
    talk.answer(&answer(0xC1, "81 0000")).ask(&ask(0xC2, "01 3C 02 06"));
    talk.answer(&answer(0xC2, "81 0000 33 01 07 01 0068E5CF8B01"));
    assert!(!talk.lines[4].contains("clock"), "{:?}", talk.lines);
}

#[test]
fn a_command_that_was_challenged_and_proved_shows_it_in_its_answer() {
    let mut talk = tcp();
    talk.ask(&ask(0xC1, OPERATE)).answer(&answer(0xC1, CHALLENGE)).ask(&ask(0xC1, REPLY));
    talk.answer(&answer(0xC1, "81 0000"));
    assert_eq!(last(&talk).authentication, Authentication::Shown);
    assert!(talk.lines[4].starts_with("Response direct_operate"), "{:?}", talk.lines);
    assert!(talk.lines[4].ends_with("of 1"), "{:?}", talk.lines);
    talk.later(60_000).close(Closing::Finished);
    assert_eq!((talk.faults.len(), talk.dissector.counters().unanswered), (0, 0));
}

#[test]
fn a_challenge_that_nobody_answers_is_no_silence_of_the_device() {
    let mut talk = tcp();
    talk.ask(&ask(0xC1, OPERATE)).answer(&answer(0xC1, CHALLENGE));
    talk.later(60_000).close(Closing::Finished);
    assert_eq!(talk.dissector.counters().unanswered, 0);
    assert!(talk.lines[2].starts_with("Response authenticate_resp"), "{:?}", talk.lines);
    assert!(talk.lines[2].ends_with("of 1"), "{:?}", talk.lines);
}

#[test]
fn a_command_that_was_done_without_proof_and_one_that_nobody_can_challenge_show_none() {
    let mut talk = tcp();
    talk.ask(&ask(0xC1, OPERATE)).answer(&answer(0xC1, "81 0000"));
    assert_eq!(talk.dialogues[0].authentication, Authentication::Unknown);
    assert_eq!(last(&talk).authentication, Authentication::Absent);
    talk.ask(&ask(0xC2, "01 3C 01 06")).answer(&answer(0xC2, "81 0000"));
    assert_eq!(last(&talk).authentication, Authentication::Unknown, "reads are not critical");
    talk.ask(&ask(0xC3, &OPERATE.replacen("05", "06", 1)));
    assert_eq!(last(&talk).authentication, Authentication::Absent);
}

#[test]
fn a_proof_that_comes_with_its_request_is_shown() {
    let aggressive = "78 03 07 01 01000000 0100 0C 01 28 0100 0700 81 01 64000000 00000000 00 78 09 5B 01 0200 AABB";
    let mut talk = tcp();
    talk.ask(&ask(0xC1, &format!("05 {aggressive}")));
    assert_eq!(last(&talk).authentication, Authentication::Shown);
    assert!(talk.lines[1].contains("binary output<-7+1=trip"), "{:?}", talk.lines);
    talk.answer(&answer(0xC1, "81 0000"));
    assert_eq!(last(&talk).authentication, Authentication::Shown);
    talk.ask(&ask(0xC2, &format!("06 {aggressive}")));
    assert_eq!(last(&talk).authentication, Authentication::Shown);
}

#[test]
fn a_proof_that_is_refused_and_an_error_are_failures() {
    let mut talk = tcp();
    talk.ask(&ask(0xC1, OPERATE)).answer(&answer(0xC1, CHALLENGE)).ask(&ask(0xC1, REPLY));
    talk.answer(&answer(0xC1, FAILED));
    assert_eq!(last(&talk).authentication, Authentication::Failed(2));
    // A challenge in the place of an answer, and an error of the master.
    let mut talk = tcp();
    talk.ask(&ask(0xC1, OPERATE)).answer(&answer(0xC1, CHALLENGE)).ask(&ask(0xC1, REPLY));
    talk.answer(&answer(0xC1, CHALLENGE));
    assert_eq!(last(&talk).authentication, Authentication::Failed(0));
    talk.ask(&ask(0xC2, &FAILED.replacen("83 0000", "21", 1)));
    assert_eq!(last(&talk).authentication, Authentication::Failed(2));
}
