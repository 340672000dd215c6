//! Modbus is known by its structure, and nothing else is taken for it.

use super::*;

fn client_of(talk: &Talk) -> Endpoint {
    talk.ends[0].0
}

#[test]
fn modbus_is_known_on_any_port() {
    for ports in [(49_152, 502), (49_152, 8_899), (502, 502)] {
        let mut talk = Talk::new(Transport::Tcp, ports, true);
        talk.ask(&adu(1, 3, "03 0010 0002"));
        assert_eq!(talk.phases, [Phase::Request], "{ports:?}");
    }
}

#[test]
fn another_protocol_on_port_502_is_not_claimed() {
    for (first, second) in [
        ("474554202f20485454502f312e310d0a0d0a", "485454502f312e3120323030204f4b0d0a"),
        ("05000b03100000004800000001000000b810b81000000000", "05000b030003008001"),
        ("0300002b26e00000000000436f6f6b69653a206d73747368", "0300002b0003008001"),
    ] {
        let mut talk = Talk::tcp();
        talk.ask(&octets(first)).answer(&octets(second)).close(Closing::Finished);
        assert_eq!(talk.phases, [], "{first}");
        assert_eq!(
            talk.links,
            [
                (Protocol::Unknown, LinkEvent::Opened { handshake: true }),
                (Protocol::Unknown, LinkEvent::Closed),
            ]
        );
    }
}

#[test]
fn tls_on_port_502_is_encrypted_once_and_counted() {
    let mut talk = Talk::tcp();
    // Version, a random of 32 octets, no session, one cipher suite, no compression.
    let hello = octets(&format!("160301002d 010000290303{}00 0002c02f 0100", "aa".repeat(32)));
    talk.ask(&hello).answer(&octets("1603030004 02000000")).ask(&octets("1703030004 deadbeef"));
    talk.close(Closing::Finished);
    assert_eq!(
        talk.links,
        [
            (Protocol::Tls, LinkEvent::Opened { handshake: true }),
            (Protocol::Tls, LinkEvent::Encrypted),
            (Protocol::Tls, LinkEvent::Closed),
        ]
    );
    assert_eq!(talk.dissector.counters().bytes.encrypted, 50 + 9 + 9);
}

#[test]
fn a_modbus_message_that_begins_like_a_tls_record_is_a_modbus_message() {
    // Transaction 0x1603, UMAS with its length of 0x0101: protocol 0, unit 1, stop PLC, then the rest of it.
    let mut talk = Talk::tcp();
    let stop = octets(&format!("1603 0000 0101 01 5a 01 41 {}", "00".repeat(253)));
    talk.ask(&stop).ask(&octets("1604 0000 0006 01 05 0002 ff00"));
    assert!(
        talk.links.iter().all(|(protocol, _)| *protocol == Protocol::Modbus),
        "{:?}",
        talk.links
    );
    // Octets that say they are a handshake of six octets, which no hello is.
    let mut talk = Talk::tcp();
    talk.ask(&octets("1603010006 010000020303")).ask(&octets("0001 0000 0006 01 05 0002 ff00"));
    talk.answer(&octets("0001 0000 0006 01 05 0002 ff00"));
    assert!(
        !talk.links.iter().any(|(_, event)| *event == LinkEvent::Encrypted),
        "{:?}",
        talk.links
    );
}

#[test]
fn rtu_over_tcp_is_known_by_its_crc() {
    let mut talk = Talk::new(Transport::Tcp, (49_152, 4_001), true);
    talk.ask(&rtu(3, "03 0010 0002"));
    assert_eq!(talk.said(), [""; 0], "one frame may be chance");
    talk.answer(&rtu(3, "03 04 0001 0002"));
    assert_eq!(
        talk.said(),
        [
            "modbus Opened { handshake: true }",
            "Request read_holding_registers Unit(3) holding register->16+2",
            "Response read_holding_registers Unit(3) holding register->16+2=1,2 of 1",
        ]
    );
    assert!(talk.records[0].contains(r#""frame":1,"#), "{}", talk.records[0]);
    assert!(talk.records[0].contains(r#""framing":"rtu""#), "{}", talk.records[0]);
}

#[test]
fn rtu_over_udp_is_known_by_its_crc() {
    let mut talk = Talk::new(Transport::Udp, (49_152, 4_001), false);
    talk.ask(&rtu(3, "03 0010 0002")).answer(&rtu(3, "03 04 0001 0002"));
    assert_eq!(talk.phases, [Phase::Request, Phase::Response]);
}

#[test]
fn modbus_over_udp_is_known() {
    let mut talk = Talk::new(Transport::Udp, (49_152, 502), false);
    talk.ask(&adu(1, 3, "03 0010 0002")).answer(&adu(1, 3, "03 04 0001 0002"));
    assert_eq!(talk.phases, [Phase::Request, Phase::Response]);
    let mut other = Talk::new(Transport::Udp, (5_353, 5_353), false);
    other.ask(&octets("0000 0000 0001 0000 0000 0000 0000 0000 0000 0000"));
    assert_eq!(other.links, [(Protocol::Unknown, LinkEvent::Opened { handshake: false })]);
}

#[test]
fn the_client_is_known_where_the_beginning_was_missed() {
    // The server speaks first in the capture, and its port is no help.
    let mut talk = Talk::new(Transport::Tcp, (5_020, 6_000), false);
    talk.ask(&adu(1, 3, "03 04 0001 0002"));
    assert_eq!((client_of(&talk).port, talk.phases[0]), (6_000, Phase::Response));
    let mut talk = Talk::new(Transport::Tcp, (502, 49_152), false);
    talk.ask(&adu(1, 3, "06 0001 0002"));
    assert_eq!((client_of(&talk).port, talk.phases[0]), (49_152, Phase::Response));
    // An echo goes both ways: the ephemeral port asks.
    let mut talk = Talk::new(Transport::Tcp, (5_020, 49_152), false);
    talk.ask(&adu(1, 3, "06 0001 0002"));
    assert_eq!((client_of(&talk).port, talk.phases[0]), (49_152, Phase::Response));
}

#[test]
fn a_device_that_calls_its_master_is_still_the_device() {
    let mut talk = Talk::new(Transport::Tcp, (49_152, 8_000), true);
    talk.answer(&adu(1, 3, "03 0010 0002")).ask(&adu(1, 3, "03 04 0001 0002"));
    assert_eq!(talk.phases, [Phase::Request, Phase::Response]);
    assert_eq!(client_of(&talk).port, 8_000);
}

#[test]
fn a_refusal_by_the_master_is_a_fault_of_the_master() {
    let mut talk = Talk::tcp();
    talk.ask(&adu(1, 3, "83 02"));
    assert_eq!(talk.faults, [FaultKind::ExceptionFromMaster]);
    assert_eq!(
        talk.said()[1],
        "Request exception_response Unit(3) !exception_from_master(131,127)",
        "it reads nothing"
    );
    assert!(talk.records[0].contains(r#""kind":"exception""#), "{}", talk.records[0]);
}

#[test]
fn a_connection_in_which_nothing_is_said_was_an_attempt() {
    let mut talk = Talk::tcp();
    talk.close(Closing::Reset);
    assert_eq!(talk.links, [(Protocol::Unknown, LinkEvent::Attempted { failed: false })]);
}

#[test]
fn an_unknown_protocol_elsewhere_is_opened_once() {
    let mut talk = Talk::new(Transport::Tcp, (49_152, 4_444), true);
    talk.ask(b"whoami\n").answer(b"root\n").ask(b"id\n").close(Closing::Finished);
    assert_eq!(
        talk.links,
        [
            (Protocol::Unknown, LinkEvent::Opened { handshake: true }),
            (Protocol::Unknown, LinkEvent::Closed),
        ]
    );
    assert_eq!(talk.ends[0].1.port, 4_444);
}
