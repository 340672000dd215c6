//! Who asks, where the signs disagree.

use super::*;

/// Whether the first message was taken for one of the first side, as a request.
fn first_asks(talk: &Talk) -> bool {
    let at = talk.lines.iter().position(|line| !line.contains("Opened")).unwrap();
    talk.ends[at].0.address == CLIENT && talk.phases[0] == Phase::Request
}

#[test]
fn a_client_may_send_from_a_port_of_ours() {
    // An order goes both ways, so its SYN tells; a read tells by itself.
    for (pdu, handshake, transport) in [
        ("05 0002 FF00", true, Transport::Tcp),
        ("06 0002 0001", true, Transport::Tcp),
        ("03 0002 0001", true, Transport::Tcp),
        ("03 0002 0001", false, Transport::Tcp),
        ("10 0002 0001 02 0007", false, Transport::Tcp),
        ("03 0002 0001", false, Transport::Udp),
    ] {
        for ports in [(502, 5_020), (502, 50_502), (802, 5_020)] {
            let mut talk = Talk::new(transport, ports, handshake);
            talk.ask(&adu(1, 1, pdu));
            assert!(
                first_asks(&talk),
                "{pdu} {handshake} {transport:?} {ports:?}: {:?}",
                talk.lines
            );
        }
    }
}

#[test]
fn an_order_from_a_port_of_ours_is_turned_round_by_the_first_message_that_tells() {
    // Not from the beginning, and an order that goes both ways: the port is all there is.
    let mut talk = Talk::new(Transport::Udp, (502, 5_020), false);
    talk.ask(&adu(1, 1, "05 0002 FF00"));
    assert!(!first_asks(&talk));
    talk.ask(&adu(2, 1, "03 0002 0001"));
    assert_eq!(talk.phases, [Phase::Response, Phase::Request]);
    talk.answer(&adu(2, 1, "03 02 0001"));
    assert_eq!(talk.phases, [Phase::Response, Phase::Request, Phase::Response]);
}

#[test]
fn what_a_client_sends_to_a_port_of_ours_is_a_request_however_it_looks() {
    // The forms of answers, and of refusals.
    for pdu in ["03 02 0001", "0F 0001 0008", "83 02", "81 06 00", "01 01 FF"] {
        let mut talk = Talk::tcp();
        talk.ask(&adu(1, 1, pdu));
        assert!(first_asks(&talk), "{pdu}: {:?}", talk.lines);
    }
}

#[test]
fn a_device_that_calls_its_master_from_its_port_and_refuses_is_the_device() {
    let mut talk = Talk::new(Transport::Tcp, (502, 4_446), true);
    talk.ask(&adu(1, 10, "81 06 00"));
    assert_eq!(talk.phases, [Phase::Exception]);
    // In mid-session a refusal from the port of a device is the device's, and one to it the master's.
    let mut talk = Talk::new(Transport::Tcp, (502, 4_446), false);
    talk.ask(&adu(1, 10, "83 02"));
    assert_eq!(talk.phases, [Phase::Exception]);
}

#[test]
fn in_mid_session_the_port_tells_what_the_message_does_not() {
    for (ports, phase) in [((49_152, 502), Phase::Request), ((502, 49_152), Phase::Response)] {
        let mut talk = Talk::new(Transport::Tcp, ports, false);
        talk.ask(&adu(1, 1, "05 0002 FF00"));
        assert_eq!(talk.phases, [phase], "{ports:?}");
        // Both ports are ours, or neither: the message that goes one way tells.
        for same in [502, 5_020] {
            let mut talk = Talk::new(Transport::Tcp, (same, same), false);
            talk.ask(&adu(1, 1, "03 02 0001"));
            assert_eq!(talk.phases, [Phase::Response], "{same}");
        }
    }
}
