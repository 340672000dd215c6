use super::*;

fn opened(talk: &Talk) -> Vec<Protocol> {
    let opened = |(_, event): &&(Protocol, LinkEvent)| matches!(event, LinkEvent::Opened { .. });
    talk.links.iter().filter(opened).map(|(protocol, _)| *protocol).collect()
}

#[test]
fn dnp3_is_known_on_any_port_by_its_first_frame() {
    for ports in [HOME, (49_152, 4_001), (49_152, 502), (20_000, 20_000)] {
        for transport in [Transport::Tcp, Transport::Udp] {
            let mut talk = Talk::new(transport, ports, transport == Transport::Tcp);
            talk.ask(&operate());
            assert_eq!(operates(&talk), 1, "{ports:?}");
            assert_eq!(opened(&talk), [Protocol::Dnp3]);
        }
    }
}

#[test]
fn dnp3_is_known_by_a_header_that_comes_octet_by_octet() {
    let mut talk = Talk::new(Transport::Tcp, (49_152, 4_001), true);
    for octet in operate() {
        talk.ask(&[octet]);
    }
    assert_eq!(operates(&talk), 1);
    assert_eq!(opened(&talk), [Protocol::Dnp3]);
}

#[test]
fn a_conversation_that_began_as_something_else_becomes_dnp3() {
    let mut talk = Talk::new(Transport::Tcp, (49_152, 4_001), true);
    talk.ask(b"AT+CONNECT\r\n").answer(b"OK\r\n").ask(&operate()).close(Closing::Finished);
    assert_eq!(operates(&talk), 1);
    assert_eq!(opened(&talk), [Protocol::Unknown, Protocol::Dnp3]);
    assert_eq!(accounts(&talk), (operate().len(), 16, 0));
}

#[test]
fn another_protocol_on_port_20000_is_not_claimed() {
    let mut talk = Talk::new(Transport::Tcp, HOME, true);
    talk.ask(b"GET / HTTP/1.1\r\n\r\n").answer(b"HTTP/1.1 200 OK\r\n\r\n");
    talk.close(Closing::Finished);
    assert_eq!(opened(&talk), [Protocol::Unknown]);
    assert_eq!(talk.records, Vec::<String>::new());
    assert_eq!(accounts(&talk), (0, 0, 0));
}

#[test]
fn what_begins_like_dnp3_and_is_not_is_no_dnp3() {
    let mut talk = Talk::new(Transport::Tcp, (49_152, 4_001), true);
    talk.ask(&octets("0564 0500 0000 0000 0000 0000")).close(Closing::Finished);
    assert_eq!(opened(&talk), [Protocol::Unknown]);
}

#[test]
fn tls_on_port_20000_is_encrypted_and_counted() {
    let hello = octets(&format!("160301002d 010000290303{}00 0002c02f 0100", "aa".repeat(32)));
    let mut talk = Talk::new(Transport::Tcp, HOME, true);
    talk.ask(&hello).close(Closing::Finished);
    assert!(talk.links.contains(&(Protocol::Tls, LinkEvent::Encrypted)));
    assert_eq!(talk.dissector.counters().bytes.encrypted, 50);
}

#[test]
fn the_client_is_who_opened_the_connection_else_the_master() {
    // An outstation calls its master: the direction bit says who is the master all the same.
    let mut talk = Talk::new(Transport::Tcp, (49_152, 20_000), true);
    let report = from_outstation(&octets("C0 F0 82 8000"));
    talk.ask(&report);
    assert_eq!(talk.ends[0].0.address, CLIENT);
    assert!(talk.records[0].contains(r#""from_master":false"#));
    // Nothing tells but the direction bit.
    let mut talk = Talk::new(Transport::Udp, (20_000, 20_000), false);
    talk.ask(&report);
    assert_eq!(talk.ends[0].0.address, SERVER);
}

#[test]
fn what_was_said_before_is_decoded_and_accounted_at_its_own_place() {
    let mut talk = Talk::new(Transport::Tcp, (49_152, 4_001), true);
    talk.ask(&octets("05")).ask(&operate()[1..]);
    assert!(talk.records[0].contains(r#""frame":2,"#), "{}", talk.records[0]);
    assert_eq!(accounts(&talk), (operate().len(), 0, 0));
}

#[test]
fn a_frame_that_begins_among_the_first_octets_heard_is_waited_for() {
    let mut talk = Talk::new(Transport::Tcp, (49_152, 4_001), false);
    let (head, tail) = (&operate()[..12], &operate()[12..]);
    talk.ask(&[&read()[5..], head].concat()).ask(tail);
    assert_eq!(operates(&talk), 1);
}

#[test]
fn a_connection_that_begins_in_the_middle_of_a_frame_is_dnp3_and_nothing_else_before() {
    let fragment = octets(&["C0 C1 81 0000 01 01 00 00 EF", &"FF".repeat(30)].concat());
    let long = from_outstation(&fragment);
    // In mid-session, and on a line that was at work before the connection was opened.
    for handshake in [false, true] {
        let mut talk = Talk::new(Transport::Tcp, HOME, handshake);
        talk.answer(&long[12..]).answer(&from_outstation(&octets("C0 C2 81 0000")));
        talk.ask(&read());
        assert_eq!(opened(&talk), [Protocol::Dnp3], "handshake {handshake}");
    }
    let mut talk = Talk::new(Transport::Tcp, HOME, false);
    talk.answer(&[0x55; 300]);
    assert_eq!(opened(&talk), [Protocol::Unknown]);
}
