//! What a sender formed wrongly is told, what a loss can explain is not.

use gridtap_model::{Fault, Hearing};

use super::*;

/// The stretches that their sender formed wrongly.
fn malformed(talk: &Talk) -> Vec<(FaultKind, Hearing)> {
    let events = talk.links.iter().filter_map(|(_, event)| match event {
        LinkEvent::Malformed { fault: Fault { kind, .. }, hearing } => Some((*kind, *hearing)),
        _ => None,
    });
    events.collect()
}

fn kinds(talk: &Talk) -> Vec<FaultKind> {
    malformed(talk).into_iter().map(|(kind, _)| kind).collect()
}

#[test]
fn a_frame_that_is_damaged_is_told_with_what_is_wrong_and_nothing_is_lost_by_it() {
    for (at, octet, kind) in [
        (8, 0xFF, FaultKind::HeaderChecksum),
        (12, 0xFF, FaultKind::DataChecksum),
        (2, 0x04, FaultKind::Length),
    ] {
        let mut frame = read();
        frame[at] = octet;
        let mut talk = tcp();
        talk.ask(&read()).answer(&answer(0xC2, "81 0000")).ask(&frame).ask(&operate());
        assert_eq!(malformed(&talk), [(kind, Hearing::default())]);
        assert_eq!(talk.unclean, 0, "no octet went unheard");
        assert_eq!(talk.ends[4].0.address, CLIENT, "it names the sender");
    }
    let mut talk = Talk::new(Transport::Udp, HOME, false);
    talk.ask(&read()).answer(&answer(0xC2, "81 0000")).ask(&read()[..14]);
    assert_eq!(kinds(&talk), [FaultKind::Truncated]);
    // The first one too: no datagram that went unheard before it makes it so.
    let mut talk = Talk::new(Transport::Udp, HOME, false);
    talk.ask(&read()[..14]).ask(&operate());
    assert_eq!(malformed(&talk), [(FaultKind::Truncated, Hearing::default())]);
}

#[test]
fn each_kind_of_damage_in_a_row_is_told_once_where_it_is() {
    let damaged = |at: usize, octet: u8| {
        let mut frame = read();
        frame[at] = octet;
        frame
    };
    let mut talk = tcp();
    talk.ask(&read()).answer(&answer(0xC2, "81 0000"));
    for (at, octet) in [(2, 0x04), (8, 0xFF), (8, 0xFE), (12, 0xFF)] {
        talk.ask(&damaged(at, octet));
    }
    let told = [FaultKind::Length, FaultKind::HeaderChecksum, FaultKind::DataChecksum];
    assert_eq!(kinds(&talk), told, "before anything whole follows");
    talk.ask(&operate());
    assert_eq!(kinds(&talk), told);
}

#[test]
fn a_control_without_an_index_is_a_fault_of_its_header() {
    let mut talk = tcp();
    talk.ask(&ask(0xC1, "05 0C 01 07 01 81 01 64000000 00000000 00"));
    assert_eq!(talk.faults, [FaultKind::ObjectHeader]);
    // A pattern has none: the mask behind it says which points.
    let mut talk = tcp();
    let pattern = "05 0C 02 07 01 81 01 64000000 00000000 00 0C 03 00 00 07 05";
    talk.ask(&ask(0xC1, pattern));
    assert_eq!(talk.faults, []);
}

#[test]
fn junk_between_frames_is_skipped_and_no_fault() {
    let mut talk = tcp();
    talk.ask(&[b"junk".as_slice(), &operate()].concat());
    assert_eq!(malformed(&talk), []);
}

#[test]
fn segments_that_do_not_make_a_message_are_told() {
    let segment = |octet: u8| from_master(&[octet, 0xC1, 0x01, 0x3C, 0x01, 0x06]);
    // No first; another number than expected; a first before the end.
    for segments in [vec![0x81], vec![0x41, 0x83], vec![0x41, 0xC2]] {
        let mut talk = tcp();
        talk.ask(&read()).answer(&answer(0xC2, "81 0000"));
        segments.iter().for_each(|octet| _ = talk.ask(&segment(*octet)));
        assert_eq!(malformed(&talk), [(FaultKind::Segments, Hearing::default())], "{segments:?}");
    }
    // The same segment again is the link's business.
    let mut talk = tcp();
    talk.ask(&segment(0x41)).ask(&segment(0x41)).ask(&segment(0x82));
    assert_eq!(malformed(&talk), []);
}

#[test]
fn segments_that_a_loss_can_explain_are_never_a_fault_of_the_sender() {
    let segment = |octet: u8| from_master(&[octet, 0xC1, 0x01, 0x3C, 0x01, 0x06]);
    let doubtful = |talk: &Talk| malformed(talk).iter().all(|(_, hearing)| !hearing.is_clean());
    // The conversation is older than the capture; so is this device's.
    let mut talk = Talk::new(Transport::Tcp, HOME, false);
    talk.ask(&segment(0x82));
    assert!(doubtful(&talk));
    let mut talk = Talk::new(Transport::Tcp, HOME, false);
    talk.ask(&framed(0xC4, MASTER, 11, &octets("C0 C1 01 3C 01 06")));
    talk.answer(&framed(0x44, 11, MASTER, &octets("C0 C1 81 0000"))).ask(&segment(0x82));
    assert!(doubtful(&talk));
    // A segment is lost, the next comes soon or late.
    for later in [0, 60_000] {
        let mut talk = tcp();
        talk.ask(&read()).answer(&answer(0xC2, "81 0000")).ask(&segment(0x41));
        talk.event(Event::Gap { direction: Direction::Forward, bytes: 18 });
        talk.later(later).ask(&segment(0x03)).ask(&segment(0x84));
        assert_eq!(kinds(&talk).len(), 2);
        assert!(doubtful(&talk), "{later}");
    }
    // Datagrams are lost without a trace.
    let mut talk = Talk::new(Transport::Udp, HOME, false);
    talk.ask(&read()).answer(&answer(0xC2, "81 0000"));
    talk.ask(&segment(0x41)).ask(&segment(0x83));
    assert_eq!(kinds(&talk), [FaultKind::Segments]);
    assert!(doubtful(&talk));
    // A segment whose frame was damaged is missing: what follows is told with it.
    let mut damaged = segment(0x02);
    damaged[12] ^= 1;
    let mut talk = tcp();
    talk.ask(&read()).answer(&answer(0xC2, "81 0000")).ask(&segment(0x41));
    talk.ask(&damaged).ask(&segment(0x83));
    let clean: Vec<_> = malformed(&talk).into_iter().filter(|(_, it)| it.is_clean()).collect();
    assert_eq!(clean, [(FaultKind::DataChecksum, Hearing::default())]);
}

#[test]
fn a_message_that_breaks_the_standard_says_how() {
    let from = |source, destination, octet: u8| {
        framed(octet, source, destination, &octets("C0 C1 01 3C 01 06"))
    };
    let of = |control: u8, fragment: &str| ask(control, fragment);
    for (frame, kind) in [
        (from(MASTER, 0xFFF3, 0xC4), FaultKind::ReservedAddress),
        (from(0xFFF0, OUTSTATION, 0xC4), FaultKind::ReservedAddress),
        (from(MASTER, OUTSTATION, 0x44), FaultKind::Direction),
        (of(0xC1, "70"), FaultKind::ReservedFunction),
        (of(0x81, "01 3C 01 06"), FaultKind::Control),
        (of(0xE1, "01 3C 01 06"), FaultKind::Control),
        (of(0xD1, "01 3C 01 06"), FaultKind::Control),
        (of(0xC1, "01 1E 63 06"), FaultKind::UnknownObject),
        (of(0xC1, "01 1E 01 7F"), FaultKind::ObjectHeader),
        (of(0xC1, "01 1E 01 00 09 03"), FaultKind::AddressRange),
        (of(0xC1, "05 0C 01 28 FFFF 0700 81 01 64000000 00000000 00"), FaultKind::Quantity),
        (of(0xC1, "01 1E 01 01 0000 FFFF"), FaultKind::Quantity),
        (of(0xC1, "01 1E 01"), FaultKind::Truncated),
        (of(0xC1, "05 0C 01 28 0100 0700 87 01 64000000 00000000 00"), FaultKind::Value),
        (from_master(&[0xC0, 0xC1]), FaultKind::Truncated),
        (framed(0xC4, MASTER, OUTSTATION, &[]), FaultKind::Truncated),
        (framed(0xC9, MASTER, OUTSTATION, &[1]), FaultKind::TrailingBytes),
    ] {
        let mut talk = tcp();
        talk.ask(&frame);
        assert_eq!(talk.faults, [kind], "{:?}", talk.lines);
    }
    let mut talk = tcp();
    talk.ask(&read()).answer(&answer(0xC2, "81 00C0"));
    assert_eq!(talk.faults, [FaultKind::ReservedBits]);
}

#[test]
fn a_device_that_asks_and_a_master_that_answers_are_faults() {
    let mut talk = tcp();
    talk.ask(&read()).answer(&answer(0xC2, "81 0000"));
    // With the direction bit of a master, so that nothing else tells.
    talk.answer(&framed(
        0xC4,
        9,
        1,
        &octets("C0 C1 05 0C 01 28 0100 0700 81 01 64000000 00000000 00"),
    ));
    assert_eq!(talk.faults, [FaultKind::Direction]);
    assert!(talk.lines.last().unwrap().starts_with("Request direct_operate Link(1)"));
    assert_eq!(talk.ends.last().unwrap().0.address, SERVER);
    let mut talk = tcp();
    talk.ask(&read()).answer(&answer(0xC2, "81 0000"));
    talk.ask(&framed(0x44, 10, 1, &octets("C0 C2 81 0000")));
    assert!(talk.faults.contains(&FaultKind::Direction));
}
