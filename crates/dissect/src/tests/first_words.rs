//! The first words of a conversation, where they are wrong: Modbus with a fault, or something else.

use super::*;

/// A read of unit 3 whose header says otherwise.
fn read_with(protocol: u16, length: u16) -> Vec<u8> {
    let mut frame = adu(1, 3, "03 0010 0002");
    frame[2..4].copy_from_slice(&protocol.to_be_bytes());
    frame[4..6].copy_from_slice(&length.to_be_bytes());
    frame
}

/// What a conversation was announced as.
fn opened(talk: &Talk) -> Vec<Protocol> {
    let opened = |event: &LinkEvent| matches!(event, LinkEvent::Opened { .. });
    talk.links.iter().filter(|(_, event)| opened(event)).map(|(protocol, _)| *protocol).collect()
}

#[test]
fn a_first_request_with_a_foreign_protocol_identifier_is_modbus_with_that_fault() {
    for transport in [Transport::Tcp, Transport::Udp] {
        for protocol in [1, 0x1234, 0xffff] {
            let mut talk = Talk::new(transport, (49_152, 502), transport == Transport::Tcp);
            talk.ask(&read_with(protocol, 6));
            assert_eq!(talk.faults, [FaultKind::ProtocolIdentifier], "{protocol}");
            talk.answer(&adu(1, 3, "03 04 0001 0002")).close(Closing::Finished);
            assert_eq!(opened(&talk), [Protocol::Modbus]);
            assert_eq!(talk.phases, [Phase::Request, Phase::Response]);
        }
    }
}

#[test]
fn a_first_request_with_a_wrong_length_is_modbus_with_that_fault() {
    // Nothing, no function, too much, too much for any message, and more than is taken for a length.
    for length in [0, 1, 8, 200, 255, 1_100, 1_101, 0x4000, 0xffff] {
        for transport in [Transport::Tcp, Transport::Udp] {
            let mut talk = Talk::new(transport, (49_152, 502), transport == Transport::Tcp);
            talk.ask(&read_with(0, length)).later(6_000).close(Closing::Finished);
            assert_eq!(talk.faults, [FaultKind::Length], "{transport:?} {length}");
            assert_eq!(opened(&talk), [Protocol::Modbus], "{transport:?} {length}");
            assert_eq!(talk.dissector.counters().bytes.decoded, 12);
        }
    }
    // Too little: the rest is no message.
    for length in 2..6 {
        let mut talk = Talk::tcp();
        talk.ask(&read_with(0, length)).ask(&adu(2, 3, "03 0010 0002"));
        assert_eq!(talk.phases, [Phase::Request; 2], "{length}");
        assert!(talk.faults.contains(&FaultKind::Truncated), "{length}: {:?}", talk.faults);
        assert_eq!(opened(&talk), [Protocol::Modbus]);
    }
}

#[test]
fn a_wrong_first_request_is_the_same_however_it_was_cut() {
    for frame in [read_with(7, 6), read_with(0, 0), read_with(0, 2_000), read_with(0, 9)] {
        let said = |cut: usize| {
            let mut talk = Talk::tcp();
            talk.ask(&frame[..cut]).ask(&[&frame[cut..], &adu(2, 3, "05 0001 FF00")].concat());
            talk.close(Closing::Finished);
            talk.said()
        };
        for cut in 2..frame.len() {
            assert_eq!(said(cut), said(1), "{frame:x?} cut at {cut}");
        }
    }
}

#[test]
fn a_wrong_length_within_a_conversation_is_a_fault_and_not_silence() {
    for length in [0, 1, 1_101, 0xffff] {
        let mut talk = Talk::tcp();
        talk.ask(&adu(9, 3, "03 0010 0002")).ask(&read_with(0, length));
        talk.ask(&adu(2, 3, "03 0010 0002"));
        assert_eq!(talk.phases, [Phase::Request; 3], "{length}");
        assert_eq!(talk.faults, [FaultKind::Length], "{length}");
    }
}

#[test]
fn a_datagram_with_octets_behind_its_message_is_a_fault() {
    let mut talk = Talk::new(Transport::Udp, (49_152, 502), false);
    talk.ask(&[adu(1, 3, "03 0010 0002"), vec![0xde, 0xad]].concat());
    assert_eq!(talk.faults, [FaultKind::TrailingBytes]);
    talk.ask(&[adu(2, 3, "03 0010 0002"), adu(3, 3, "03 0010 0002")].concat());
    assert_eq!(talk.phases, [Phase::Request; 3]);
    assert_eq!(talk.faults, [FaultKind::TrailingBytes], "two messages are two messages");
    let bytes = talk.dissector.counters().bytes;
    assert_eq!((bytes.decoded, bytes.skipped), (36, 2));
}

#[test]
fn a_first_message_that_breaks_off_is_modbus_that_was_skipped() {
    let mut talk = Talk::tcp();
    talk.ask(&adu(1, 3, "03 0010 0002")[..10]).close(Closing::End);
    assert_eq!(opened(&talk), [Protocol::Modbus]);
    let bytes = talk.dissector.counters().bytes;
    assert_eq!((bytes.decoded, bytes.skipped), (0, 10));
}

#[test]
fn two_wrong_constants_are_something_else() {
    for frame in [read_with(7, 0), read_with(7, 8), read_with(0x0b03, 0x1000)] {
        let mut talk = Talk::tcp();
        talk.ask(&frame).close(Closing::Finished);
        assert_eq!(opened(&talk), [Protocol::Unknown], "{frame:x?}");
    }
}

#[test]
fn where_modbus_was_answered_before_a_wrong_header_is_modbus_with_a_fault() {
    let mut talk = Talk::new(Transport::Tcp, (49_152, 8_899), true);
    talk.ask(&adu(1, 3, "03 0010 0002")).answer(&adu(1, 3, "03 04 0001 0002"));
    talk.close(Closing::Finished);
    for (nth, frame) in [read_with(7, 6), read_with(0, 0), read_with(0, 9)].iter().enumerate() {
        talk.flow.id.generation += 1;
        talk.flow.first.port += 1;
        talk.flow.octets = [0, 0];
        talk.ask(frame).later(6_000).close(Closing::Finished);
        assert_eq!(talk.faults.len(), nth + 1, "{frame:x?}: {:?}", talk.faults);
    }
    // And a client that asks there from a port of ours is no server. To that group it is told with the tick.
    talk.dissector.tick(talk.time, &mut |_| {});
    talk.flow.id.generation += 1;
    talk.flow.first.port = 502;
    talk.flow.handshake = false;
    talk.said();
    talk.ask(&adu(1, 3, "05 0010 FF00"));
    assert!(talk.said()[1].starts_with("Request"));
}

#[test]
fn where_rtu_was_answered_before_one_frame_of_any_function_is_modbus() {
    let mut talk = Talk::new(Transport::Tcp, (49_152, 4_001), true);
    // A connection for each poll: one request, one answer.
    talk.ask(&rtu(3, "03 0010 0002")).answer(&rtu(3, "03 04 0001 0002"));
    talk.close(Closing::Finished);
    talk.flow.id.generation += 1;
    talk.flow.first.port += 1;
    talk.flow.octets = [0, 0];
    talk.said();
    // Schneider's stop, of which only its CRC tells the length.
    talk.ask(&rtu(3, "5A 00 41 00 00"));
    assert!(talk.said().iter().any(|line| line.starts_with("Request")));
}

#[test]
fn on_another_port_a_wrong_header_is_not_modbus() {
    for frame in [read_with(7, 6), read_with(0, 0), read_with(0, 9)] {
        let mut talk = Talk::new(Transport::Tcp, (49_152, 8_899), true);
        talk.ask(&frame).later(6_000).close(Closing::Finished);
        assert_eq!(talk.phases, [], "{frame:x?}");
    }
}
