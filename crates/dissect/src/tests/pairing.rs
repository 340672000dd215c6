//! Answers find their requests.

use gridtap_model::Matched;

use super::*;

#[test]
fn a_poll_and_its_answer_are_one_exchange() {
    let mut talk = Talk::tcp();
    talk.ask(&adu(1, 3, "03 0010 0002")).answer(&adu(1, 3, "03 04 0001 0002"));
    assert_eq!(
        talk.said(),
        [
            "modbus Opened { handshake: true }",
            "Request read_holding_registers Unit(3) holding register->16+2",
            "Response read_holding_registers Unit(3) holding register->16+2=1,2 of 1",
        ]
    );
    assert_eq!(talk.unclean, 0);
}

#[test]
fn a_response_without_its_request_names_no_points() {
    let mut talk = Talk::new(Transport::Tcp, (49_152, 502), false);
    talk.answer(&adu(9, 3, "03 04 0001 0002"));
    assert_eq!(talk.said()[1], "Response read_holding_registers Unit(3)");
    assert_eq!(talk.unclean, 1, "the conversation is older than the capture");
}

#[test]
fn a_refusal_names_the_points_of_its_request() {
    let mut talk = Talk::tcp();
    talk.ask(&adu(1, 3, "06 0010 0007")).answer(&adu(1, 3, "86 02"));
    assert_eq!(
        talk.said()[1..],
        [
            "Request write_single_register Unit(3) holding register<-16+1=7",
            "Exception write_single_register Unit(3) holding register<-16+1 refused 2 illegal address of 1",
        ]
    );
}

#[test]
fn pipelined_requests_pair_by_transaction_in_any_order() {
    let mut talk = Talk::tcp();
    let requests =
        [adu(1, 3, "03 0001 0001"), adu(2, 3, "03 0002 0001"), adu(3, 3, "03 0003 0001")];
    talk.ask(&requests.concat());
    talk.said();
    talk.answer(&adu(3, 3, "03 02 0033")).answer(&adu(1, 3, "03 02 0011"));
    assert_eq!(
        talk.said(),
        [
            "Response read_holding_registers Unit(3) holding register->3+1=51 of 1",
            "Response read_holding_registers Unit(3) holding register->1+1=17 of 1",
        ]
    );
    assert_eq!(talk.faults, []);
}

#[test]
fn a_device_with_a_constant_transaction_is_paired_first_in_first_out() {
    let mut talk = Talk::tcp();
    talk.ask(&adu(7, 1, "03 0001 0001")).ask(&adu(8, 1, "03 0002 0001"));
    talk.answer(&adu(0, 1, "03 02 0011")).answer(&adu(0, 1, "03 02 0022"));
    assert_eq!(
        talk.said()[3..],
        [
            "Response read_holding_registers Unit(1) holding register->1+1=17 of 1",
            "Response read_holding_registers Unit(1) holding register->2+1=34 of 2",
        ]
    );
    assert_eq!(talk.faults, []);
}

#[test]
fn a_client_with_a_constant_transaction_is_paired_first_in_first_out() {
    let mut talk = Talk::tcp();
    for address in ["0001", "0002"] {
        talk.ask(&adu(0, 1, &format!("03 {address} 0001")));
    }
    talk.answer(&adu(0, 1, "03 02 0011")).answer(&adu(0, 1, "03 02 0022"));
    assert_eq!(
        talk.said()[3..],
        [
            "Response read_holding_registers Unit(1) holding register->1+1=17 of 1",
            "Response read_holding_registers Unit(1) holding register->2+1=34 of 2",
        ]
    );
    assert_eq!(talk.faults, []);
}

#[test]
fn a_request_without_an_answer_is_unanswered_at_its_deadline() {
    let mut talk = Talk::tcp();
    talk.ask(&adu(1, 3, "03 0010 0002")).answer(&adu(1, 3, "03 04 0001 0002"));
    talk.ask(&adu(2, 3, "05 0010 FF00"));
    let asked = talk.time;
    talk.said();
    talk.later(4_990).ask(&adu(3, 3, "03 0010 0002"));
    assert_eq!(talk.said().len(), 1);
    talk.later(20).answer(&adu(3, 3, "03 04 0001 0002"));
    let said = talk.said();
    assert_eq!(said[0], "Unanswered write_single_coil Unit(3) coil<-16+1 of 3");
    assert_eq!(talk.times[talk.times.len() - 2], asked.plus_ns(5_000_000_000));
    assert_eq!(talk.dissector.counters().unanswered, 1);
}

#[test]
fn a_tick_brings_the_deadline_of_a_silent_device() {
    let mut talk = Talk::tcp();
    talk.ask(&adu(2, 3, "05 0010 FF00"));
    let mut phases = Vec::new();
    let later = talk.time.plus_ns(60_000_000_000);
    talk.dissector.tick(later, &mut |output| {
        if let Output::Observation(Observation { what: What::Message(message), time, .. }) = output
        {
            phases.push((message.phase, *time));
        }
    });
    assert_eq!(phases, [(Phase::Unanswered, talk.time.plus_ns(5_000_000_000))]);
}

#[test]
fn a_late_answer_still_finds_its_request() {
    let mut talk = Talk::tcp();
    talk.ask(&adu(2, 3, "03 0010 0001")).later(6_000).answer(&adu(2, 3, "03 02 0001"));
    let said = talk.said();
    assert!(said[2].starts_with("Unanswered"), "{said:?}");
    assert_eq!(said[3], "Response read_holding_registers Unit(3) holding register->16+1=1 of 1");
}

#[test]
fn a_connection_that_closes_leaves_its_request_unanswered() {
    let mut talk = Talk::tcp();
    talk.ask(&adu(2, 3, "03 0010 0001")).later(100).close(Closing::Reset);
    assert_eq!(talk.phases, [Phase::Request, Phase::Unanswered]);
    assert_eq!(talk.times[2], talk.time);
    let mut talk = Talk::tcp();
    talk.ask(&adu(2, 3, "03 0010 0001")).later(100).close(Closing::End);
    assert_eq!(talk.phases, [Phase::Request], "the capture ended, not the patience");
}

#[test]
fn listen_only_mode_is_not_missed_an_answer() {
    let mut talk = Talk::tcp();
    talk.ask(&adu(2, 3, "08 0004 0000")).later(6_000).close(Closing::Finished);
    assert_eq!(talk.phases, [Phase::Request]);
}

#[test]
fn an_answer_that_nobody_asked_for_is_a_fault() {
    let mut talk = Talk::tcp();
    talk.ask(&adu(1, 3, "03 0010 0001")).answer(&adu(1, 3, "03 02 0001"));
    talk.answer(&adu(77, 3, "03 02 0001"));
    assert_eq!(talk.faults, [FaultKind::Unrequested]);
}

#[test]
fn a_second_answer_with_other_content_is_a_fault() {
    let mut talk = Talk::tcp();
    talk.ask(&adu(1, 3, "03 0010 0001")).answer(&adu(1, 3, "03 02 0001"));
    talk.answer(&adu(1, 3, "03 02 0001"));
    assert_eq!(talk.faults, [], "a mere repetition is none");
    talk.answer(&adu(1, 3, "03 02 0002"));
    assert_eq!(talk.faults, [FaultKind::SecondResponse]);
}

#[test]
fn an_answer_that_disagrees_with_its_request_is_a_fault() {
    for (request, response, of, expected) in [
        ("03 0010 0002", "03 02 0001", Matched::Octets, (2, 4)),
        ("01 0010 0009", "01 01 FF", Matched::Octets, (1, 2)),
        ("06 0010 0007", "06 0010 0008", Matched::Value, (8, 7)),
        ("06 0010 0007", "06 0011 0007", Matched::Address, (17, 16)),
        ("10 0010 0001 02 0007", "10 0010 0002", Matched::Quantity, (2, 1)),
        ("16 0010 FFFF 0000", "16 0010 FFFF 0001", Matched::Content, (1, 0)),
        ("03 0010 0001", "04 02 0001", Matched::Function, (4, 3)),
        ("08 000B 0000", "08 000C 0000", Matched::SubFunction, (12, 11)),
    ] {
        let mut talk = Talk::tcp();
        talk.ask(&adu(1, 3, request)).answer(&adu(1, 3, response));
        let (found, right) = expected;
        let wanted = format!("!response_mismatch({found},{right})");
        assert!(talk.said()[2].contains(&wanted), "{request} {response}");
        assert_eq!(talk.faults, [FaultKind::ResponseMismatch(of)], "{request} {response}");
        let record = format!(
            r#"{{"kind":"response_mismatch","of":"{}","found":{found},"expected":{right}}}"#,
            of.name()
        );
        assert!(talk.records[1].contains(&record), "{}", talk.records[1]);
    }
    let mut talk = Talk::tcp();
    talk.ask(&adu(1, 3, "03 0010 0001")).answer(&adu(1, 5, "03 02 0001"));
    assert_eq!(talk.faults, [FaultKind::ResponseMismatch(Matched::Unit)]);
}

#[test]
fn a_transaction_used_again_while_it_is_open_is_a_fault() {
    let mut talk = Talk::tcp();
    talk.ask(&adu(1, 3, "03 0010 0001")).answer(&adu(1, 3, "03 02 0001"));
    talk.ask(&adu(2, 3, "03 0010 0001")).ask(&adu(2, 3, "06 0010 0001"));
    assert_eq!(talk.faults, [FaultKind::TransactionReuse]);
}

#[test]
fn a_request_sent_twice_needs_one_answer() {
    let mut talk = Talk::tcp();
    talk.ask(&adu(1, 3, "03 0010 0001")).ask(&adu(1, 3, "03 0010 0001"));
    talk.answer(&adu(1, 3, "03 02 0001")).later(10_000).close(Closing::Finished);
    assert_eq!(talk.phases, [Phase::Request, Phase::Request, Phase::Response]);
    assert_eq!(talk.faults, []);
}

#[test]
fn a_flood_of_requests_gives_way_and_blames_nobody() {
    let mut talk = Talk::tcp();
    talk.ask(&adu(0, 3, "03 0010 0001")).answer(&adu(0, 3, "03 02 0001"));
    for transaction in 0..400 {
        talk.ask(&adu(transaction, 3, "03 0010 0001"));
    }
    assert_eq!(talk.dissector.counters().pending_evicted, 144);
    let unanswered = talk.phases.iter().filter(|phase| **phase == Phase::Unanswered);
    assert_eq!(unanswered.count(), 144, "what cannot be waited for is told");
    talk.answer(&adu(0, 3, "03 02 0001"));
    assert_eq!(talk.faults, [], "its request gave way");
}

#[test]
fn a_write_that_reads_is_two_runs() {
    let mut talk = Talk::tcp();
    talk.ask(&adu(1, 3, "17 0003 0002 000E 0001 02 00FF")).answer(&adu(1, 3, "17 04 0001 0002"));
    assert_eq!(
        talk.said()[1..],
        [
            "Request read_write_multiple_registers Unit(3) holding register->3+2 holding register<-14+1=255",
            "Response read_write_multiple_registers Unit(3) holding register->3+2=1,2 of 1",
        ]
    );
}

#[test]
fn a_lost_answer_does_not_shift_the_answers_of_a_client_with_a_constant_transaction() {
    let mut talk = Talk::tcp();
    talk.ask(&adu(0, 1, "03 0001 0001")).answer(&adu(0, 1, "03 02 0011"));
    talk.ask(&adu(0, 1, "03 0002 0001"));
    talk.event(Event::Gap { direction: Direction::Backward, bytes: 11 });
    talk.ask(&adu(0, 1, "03 0003 0001"));
    talk.said();
    talk.answer(&adu(0, 1, "03 02 0033"));
    let expected = "Response read_holding_registers Unit(1) holding register->3+1=51 of 4";
    assert_eq!(talk.said(), [expected]);
    // And one that the device never gave.
    talk.ask(&adu(0, 1, "03 0004 0001")).later(8_000).ask(&adu(0, 1, "03 0005 0001"));
    talk.said();
    talk.answer(&adu(0, 1, "03 02 0055"));
    let expected = "Response read_holding_registers Unit(1) holding register->5+1=85 of 7";
    assert_eq!(talk.said(), [expected]);
}

#[test]
fn a_request_that_is_heard_after_its_answer_is_not_unanswered() {
    let mut talk = Talk::new(Transport::Tcp, (49_152, 502), false);
    talk.later(5).answer(&adu(1, 3, "03 02 0001"));
    talk.time = talk.time.minus_ns(4_000_000);
    talk.ask(&adu(1, 3, "03 0001 0001")).later(20_000).close(Closing::Finished);
    assert_eq!(talk.phases, [Phase::Response, Phase::Request]);
}

#[test]
fn an_answer_that_acknowledges_an_unheard_request_is_no_second_answer() {
    let heard_with = |unheard: u64| {
        let mut talk = Talk::tcp();
        for value in 0..3 {
            // A client that never changes its transaction.
            talk.ask(&adu(1, 3, "03 0010 0001")).answer(&adu(1, 3, &format!("03 02 000{value}")));
        }
        talk.flow.unheard[0] += unheard;
        talk.answer(&adu(1, 3, "03 02 0009"));
        talk.faults
    };
    assert_eq!(heard_with(0), [FaultKind::SecondResponse]);
    assert_eq!(heard_with(12), []);
}

#[test]
fn datagrams_without_numbers_accuse_nobody_of_answering_twice() {
    let faults_with = |vary: u16| {
        let mut talk = Talk::new(Transport::Udp, (49_152, 502), false);
        for nth in 0..4_u16 {
            let transaction = 1 + nth * vary;
            talk.ask(&adu(transaction, 3, "03 0010 0001"));
            talk.answer(&adu(transaction, 3, &format!("03 02 000{nth}")));
        }
        // The capture lost a request: its answer has nothing to answer.
        talk.answer(&adu(1 + 3 * vary, 3, "03 02 0009"));
        talk.faults
    };
    assert_eq!(faults_with(1), [FaultKind::SecondResponse]);
    assert_eq!(faults_with(0), []);
}
