//! Requests and their answers, receipts, and silence.

use super::*;

#[test]
fn an_answer_names_its_request_what_it_did_and_the_values() {
    let mut talk = tcp();
    talk.ask(&ask(0xC1, "01 1E 05 00 02 03")).later(20);
    talk.answer(&answer(0xC1, "81 0000 1E 05 00 02 03 01 0000C03F 02 00000000"));
    assert_eq!(
        talk.said()[1..],
        [
            "Request read Link(10) analog input->2+2",
            "Response read Link(10) analog input->2+2=1.5,0 of 1"
        ]
    );
    assert!(talk.records[1].ends_with(r#""request_frame":1,"latency_us":21000}}"#));
}

#[test]
fn a_command_and_its_echo_name_the_point_and_what_it_is_told() {
    let mut talk = tcp();
    talk.ask(&operate())
        .answer(&answer(0xC3, "81 0000 0C 01 28 0100 0700 81 01 64000000 00000000 00"));
    assert_eq!(
        talk.said()[1..],
        [
            "Request direct_operate Link(10) binary output<-7+1=trip, pulse on 100 ms",
            "Response direct_operate Link(10) binary output<-7+1=trip, pulse on 100 ms of 1"
        ]
    );
    talk.ask(&operate())
        .answer(&answer(0xC3, "81 0000 0C 01 28 0100 0700 81 01 64000000 00000000 07"));
    assert!(talk.said()[1].contains("refused 7 other refusal of 3"));
}

#[test]
fn what_a_device_refuses_is_said_with_the_points_that_were_asked_for() {
    for (iin, refused) in [
        ("0001", "refused 256 illegal function"),
        ("0002", "refused 512 illegal address"),
        ("0004", "refused 1024 illegal value"),
        ("0010", "refused 4096 device busy"),
    ] {
        let mut talk = tcp();
        talk.ask(&ask(0xC1, "02 22 01 00 03 03 0500")).answer(&answer(0xC1, &format!("81 {iin}")));
        let said = talk.said();
        assert_eq!(said[1], "Request write Link(10) analog input dead band<-3+1=5");
        assert_eq!(
            said[2],
            format!("Exception write Link(10) analog input dead band<-3+1 {refused} of 1")
        );
    }
}

#[test]
fn every_part_of_an_answer_goes_back_to_the_one_request() {
    let mut talk = tcp();
    talk.ask(&ask(0xC1, "01 3C 01 06"));
    talk.answer(&answer(0xA1, "81 0000 14 05 00 00 00 07000000"));
    talk.ask(&ask(0xC1, "00"));
    talk.answer(&answer(0x22, "81 0000 14 05 00 01 01 08000000"));
    talk.ask(&ask(0xC2, "00"));
    talk.answer(&answer(0x43, "81 0000 14 05 00 02 02 09000000"));
    talk.ask(&ask(0xC2, "01 3C 02 06")).answer(&answer(0xC2, "81 0000"));
    assert_eq!(
        talk.said()[1..],
        [
            "Request read Link(10) class->0+1",
            "Response read Link(10) counter->0+1=7 of 1",
            "Confirm confirm Link(10) of 2",
            "Response read Link(10) counter->1+1=8 of 1",
            "Confirm confirm Link(10) of 4",
            "Response read Link(10) counter->2+1=9 of 1",
            "Request read Link(10) class->1+1",
            "Response read Link(10) of 7",
        ]
    );
}

#[test]
fn a_part_that_goes_on_from_nothing_and_a_beginning_in_the_place_of_the_rest_answer_nothing() {
    let mut talk = tcp();
    talk.ask(&ask(0xC1, "01 3C 01 06")).answer(&answer(0x41, "81 0000"));
    assert_eq!(talk.faults, [FaultKind::Unrequested]);
    let mut talk = tcp();
    talk.ask(&ask(0xC1, "01 3C 01 06")).answer(&answer(0xA1, "81 0000"));
    talk.answer(&answer(0xC2, "81 0000"));
    assert_eq!(talk.faults, [FaultKind::Unrequested]);
}

#[test]
fn an_unasked_report_between_request_and_answer_is_not_the_answer() {
    let mut talk = tcp();
    talk.ask(&ask(0xC1, "01 3C 01 06"));
    talk.answer(&answer(0xF1, "82 0000 02 01 28 0100 0300 81"));
    talk.ask(&ask(0xD1, "00")).answer(&answer(0xC1, "81 0000"));
    assert_eq!(
        talk.said()[2..],
        [
            "Unsolicited unsolicited_response Link(10) binary input->3+1=on",
            "Confirm confirm Link(10) of 2",
            "Response read Link(10) of 1",
        ]
    );
}

#[test]
fn an_answer_to_nothing_and_another_answer_are_faults() {
    let mut talk = tcp();
    talk.ask(&ask(0xC1, "01 3C 01 06")).answer(&answer(0xC1, "81 0000"));
    talk.answer(&answer(0xC2, "81 0000"));
    talk.answer(&answer(0xC1, "81 0000"));
    assert_eq!(talk.faults, [FaultKind::Unrequested], "the same again is none");
    talk.answer(&answer(0xC1, "81 0000 0A 02 00 00 00 81"));
    assert_eq!(talk.faults, [FaultKind::Unrequested, FaultKind::SecondResponse]);
}

#[test]
fn a_request_that_is_sent_again_is_answered_once_or_twice() {
    let mut talk = tcp();
    let read = ask(0xC1, "01 3C 01 06");
    talk.ask(&read).later(3_000).ask(&read);
    talk.answer(&answer(0xC1, "81 0000")).answer(&answer(0xC1, "81 0000 0A 02 00 00 00 81"));
    talk.later(60_000).close(Closing::Finished);
    assert_eq!(talk.faults, []);
    assert_eq!(talk.dissector.counters().unanswered, 0);
    assert!(talk.lines[3].ends_with("of 2") && talk.lines[4].ends_with("of 2"), "{:?}", talk.lines);
}

#[test]
fn a_sequence_number_that_is_used_again_for_something_else_is_a_fault() {
    let mut talk = tcp();
    talk.ask(&ask(0xC1, "01 3C 01 06")).answer(&answer(0xC1, "81 0000"));
    talk.ask(&ask(0xC2, "01 3C 01 06")).answer(&answer(0xC2, "81 0000"));
    assert_eq!(talk.faults, []);
    talk.ask(&ask(0xC2, "0D"));
    assert_eq!(talk.faults, [FaultKind::TransactionReuse]);
}

#[test]
fn silence_is_said_after_the_patience_and_only_where_an_answer_is_due() {
    let mut talk = tcp();
    talk.ask(&ask(0xC1, "01 1E 05 00 02 03")).answer(&answer(0xC1, "81 0000"));
    // Without answer, to everyone, and a read.
    talk.ask(&ask(0xC2, "06 0C 01 28 0100 0700 81 01 64000000 00000000 00"));
    talk.ask(&framed(0xC4, MASTER, 0xFFFF, &octets("C0 C3 0D")));
    talk.ask(&ask(0xC4, "01 1E 05 00 02 03")).said();
    talk.later(6_000).ask(&ask(0xC5, "01 3C 01 06"));
    assert_eq!(talk.said()[0], "Unanswered read Link(10) analog input->2+2 of 5");
    assert_eq!(talk.dissector.counters().unanswered, 1);
    let unanswered = talk.records.iter().find(|record| record.contains("unanswered")).unwrap();
    assert!(unanswered.ends_with(
        r#""dnp3":{"kind":"unanswered","sequence":4,"function":1,"function_name":"read","link":{"source":1,"destination":10,"from_master":true},"request_frame":5}}"#
    ), "{unanswered}");
    // A late answer finds its request.
    talk.answer(&answer(0xC4, "81 0000"));
    assert!(talk.said()[0].ends_with("of 5"));
    assert_eq!(talk.faults, []);
}

#[test]
fn silence_says_nothing_where_answers_are_not_heard_or_may_be_lost() {
    // Nothing of the other side was ever heard.
    let mut talk = Talk::new(Transport::Udp, HOME, false);
    talk.ask(&ask(0xC1, "01 3C 01 06")).later(10_000).ask(&ask(0xC2, "01 3C 01 06"));
    assert_eq!(talk.dissector.counters().unanswered, 0);
    assert_eq!(talk.dissector.counters().unanswered_withheld, 1);
    // A gap may hold the answer.
    let mut talk = tcp();
    talk.ask(&ask(0xC1, "01 3C 01 06")).answer(&answer(0xC1, "81 0000"));
    talk.ask(&ask(0xC2, "01 3C 01 06"));
    talk.event(Event::Gap { direction: Direction::Backward, bytes: 17 });
    talk.later(10_000).close(Closing::Finished);
    assert_eq!(talk.dissector.counters().unanswered, 0);
    assert_eq!(talk.dissector.counters().unanswered_withheld, 1);
}

#[test]
fn a_function_that_no_standard_has_and_one_without_answer_may_be_refused() {
    for request in ["70", "06 0C 01 28 0100 0700 81 01 64000000 00000000 00"] {
        let mut talk = tcp();
        talk.ask(&ask(0xC1, request)).answer(&answer(0xC1, "81 0001"));
        assert!(talk.lines[2].contains("refused 256"), "{:?}", talk.lines);
        assert!(talk.lines[2].ends_with("of 1"), "{:?}", talk.lines);
    }
}

#[test]
fn masters_and_devices_on_one_line_are_told_apart() {
    let mut talk = tcp();
    let of = |control, source, destination, fragment: &str| {
        framed(control, source, destination, &octets(fragment))
    };
    // Two masters ask two devices with the same sequence number.
    talk.ask(&of(0xC4, 1, 10, "C0 C1 01 3C 01 06")).ask(&of(0xC4, 2, 10, "C0 C1 01 3C 02 06"));
    talk.ask(&of(0xC4, 1, 11, "C0 C1 01 3C 03 06"));
    talk.answer(&of(0x44, 11, 1, "C0 C1 81 0000")).answer(&of(0x44, 10, 2, "C0 C1 81 0000"));
    talk.answer(&of(0x44, 10, 1, "C0 C1 81 0000"));
    assert_eq!(
        talk.said()[4..],
        [
            "Response read Link(11) of 3",
            "Response read Link(10) of 2",
            "Response read Link(10) of 1",
        ]
    );
    assert_eq!(talk.faults, []);
}

#[test]
fn too_many_dialogues_give_way_and_what_waits_in_them_is_told() {
    let config = Config { dnp3_links_max: 2, ..Config::default() };
    let mut talk = Talk::with(config, Transport::Tcp, HOME, true);
    talk.ask(&ask(0xC1, "01 3C 01 06")).answer(&answer(0xC1, "81 0000"));
    for device in 20..24 {
        talk.ask(&framed(0xC4, MASTER, device, &octets("C0 C1 01 3C 01 06")));
    }
    let unanswered = talk.phases.iter().filter(|phase| **phase == Phase::Unanswered);
    assert_eq!(unanswered.count(), 3, "the one that was answered is kept");
}

#[test]
fn frames_of_the_link_pair_with_each_other() {
    let mut talk = tcp();
    talk.ask(&framed(0xC9, MASTER, OUTSTATION, &[])).answer(&framed(0x0B, OUTSTATION, MASTER, &[]));
    // The device asks as well.
    talk.answer(&framed(0x49, OUTSTATION, MASTER, &[])).ask(&framed(0x8B, MASTER, OUTSTATION, &[]));
    assert_eq!(
        talk.said()[1..],
        [
            "Request request_link_status Link(10)",
            "Response link_status Link(10) of 1",
            "Unsolicited request_link_status Link(10)",
            "Confirm link_status Link(10)",
        ]
    );
    assert_eq!(talk.faults, []);
}
