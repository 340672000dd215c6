//! Select before operate.

use gridtap_model::Selected;

use super::*;

const TRIP: &str = "0C 01 28 0100 0700 81 01 64000000 00000000 00";
const CLOSE: &str = "0C 01 28 0100 0700 41 01 64000000 00000000 00";

fn select(sequence: u8, objects: &str) -> Vec<u8> {
    ask(0xC0 | sequence, &format!("03 {objects}"))
}

fn operate_of(sequence: u8, objects: &str) -> Vec<u8> {
    ask(0xC0 | sequence, &format!("04 {objects}"))
}

/// The echo of a command that was done.
fn done(sequence: u8, objects: &str) -> Vec<u8> {
    answer(0xC0 | sequence, &format!("81 0000 {objects}"))
}

/// A talk in which a trip was selected and the device has said yes.
fn selected() -> Talk {
    let mut talk = tcp();
    talk.ask(&select(1, TRIP)).answer(&done(1, TRIP));
    talk
}

fn gap(talk: &Talk) -> Option<Selected> {
    talk.dialogues.last().unwrap().selected
}

#[test]
fn an_operate_goes_back_to_its_select() {
    let mut talk = selected();
    talk.later(99).ask(&operate_of(2, TRIP));
    assert_eq!(gap(&talk), Some(Selected { frame: 1, gap_ns: 101_000_000 }));
    assert_eq!(talk.phases, [Phase::Select, Phase::Response, Phase::Operate]);
    assert_eq!(talk.faults, []);
    // The next pair likewise, and 15 is followed by 0.
    talk.answer(&done(2, TRIP)).ask(&select(15, CLOSE)).answer(&done(15, CLOSE));
    talk.ask(&operate_of(0, CLOSE));
    assert_eq!(gap(&talk).map(|selected| selected.frame), Some(5));
    assert_eq!(talk.faults, []);
}

#[test]
fn an_operate_without_a_select_is_a_fault() {
    let mut talk = tcp();
    talk.ask(&operate_of(1, TRIP));
    assert_eq!((talk.faults.as_slice(), gap(&talk)), (&[FaultKind::NoSelect][..], None));
    // One select is for one operate.
    let mut talk = selected();
    talk.ask(&operate_of(2, TRIP)).answer(&done(2, TRIP)).ask(&operate_of(3, TRIP));
    assert_eq!(talk.faults, [FaultKind::NoSelect]);
}

#[test]
fn an_operate_of_something_else_is_a_fault_that_names_both_frames() {
    let mut talk = selected();
    talk.ask(&operate_of(2, CLOSE));
    assert_eq!(talk.faults, [FaultKind::SelectDiffers]);
    assert!(talk.lines.last().unwrap().contains("!select_differs(3,1)"), "{:?}", talk.lines);
    assert_eq!(gap(&talk), None);
}

#[test]
fn an_operate_with_another_sequence_number_is_a_fault() {
    for sequence in [1, 3, 9] {
        let mut talk = tcp();
        talk.ask(&ask(0xC0, "01 3C 01 06")).answer(&answer(0xC0, "81 0000"));
        talk.ask(&select(1, TRIP)).answer(&done(1, TRIP)).ask(&operate_of(sequence, TRIP));
        assert_eq!(talk.faults, [FaultKind::SelectSequence], "{sequence}");
        assert_eq!(gap(&talk), None);
    }
}

#[test]
fn an_operate_long_after_its_select_is_a_fault_by_the_configured_time() {
    let mut talk = selected();
    talk.later(30_000).ask(&operate_of(2, TRIP));
    assert!(talk.lines.last().unwrap().contains("!select_late(30002,30000)"), "{:?}", talk.lines);
    assert!(gap(&talk).is_some());
    let mut talk = selected();
    talk.later(29_000).ask(&operate_of(2, TRIP));
    assert_eq!(talk.faults, []);
    let config =
        Config { dnp3_select_late: gridtap_model::Span::from_secs(2), ..Config::default() };
    let mut talk = Talk::with(config, Transport::Tcp, HOME, true);
    talk.ask(&select(1, TRIP)).answer(&done(1, TRIP)).later(3_000).ask(&operate_of(2, TRIP));
    assert_eq!(talk.faults, [FaultKind::SelectLate]);
}

#[test]
fn another_request_in_between_cancels_a_select() {
    let device = |request: &str| ask(0xC2, request);
    let everyone = framed(0xC4, MASTER, 0xFFFF, &octets("C0 C2 07 14 00 06"));
    for between in [device("01 3C 02 06"), device("17"), everyone] {
        let mut talk = selected();
        talk.ask(&between).answer(&answer(0xC2, "81 0000")).ask(&operate_of(2, TRIP));
        assert!(talk.faults.contains(&FaultKind::NoSelect), "{:?}", talk.lines);
    }
    // Another select takes its place.
    let mut talk = selected();
    talk.ask(&select(2, CLOSE)).answer(&done(2, CLOSE)).ask(&operate_of(3, TRIP));
    assert_eq!(talk.faults, [FaultKind::SelectDiffers]);
}

#[test]
fn receipts_frames_of_the_link_and_reports_in_between_do_not_cancel_a_select() {
    let mut talk = selected();
    talk.answer(&answer(0xF3, "82 0000 02 01 28 0100 0300 81")).ask(&ask(0xD3, "00"));
    talk.ask(&framed(0xC9, MASTER, OUTSTATION, &[])).answer(&framed(0x0B, OUTSTATION, MASTER, &[]));
    talk.ask(&operate_of(2, TRIP));
    assert_eq!(talk.faults, []);
    assert!(gap(&talk).is_some());
}

#[test]
fn a_select_or_an_operate_that_is_sent_again_is_the_same_one() {
    let mut talk = tcp();
    talk.ask(&select(1, TRIP)).later(2_000).ask(&select(1, TRIP)).answer(&done(1, TRIP));
    talk.ask(&operate_of(2, TRIP)).later(2_000).ask(&operate_of(2, TRIP));
    assert_eq!(talk.faults, []);
    assert_eq!(gap(&talk).map(|selected| selected.frame), Some(1));
    talk.answer(&done(2, TRIP));
    assert_eq!(talk.faults, []);
}

#[test]
fn a_select_that_the_device_refused_or_left_unanswered_selects_nothing() {
    for refusal in [
        "81 0000 0C 01 28 0100 0700 81 01 64000000 00000000 04",
        "81 0001",
        "81 0004 0C 01 28 0100 0700 81 01 64000000 00000000 00",
    ] {
        let mut talk = tcp();
        talk.ask(&select(1, TRIP)).answer(&answer(0xC1, refusal)).ask(&operate_of(2, TRIP));
        assert_eq!(talk.faults, [FaultKind::NoSelect], "{refusal}");
    }
    let mut talk = tcp();
    talk.ask(&ask(0xC0, "01 3C 01 06")).answer(&answer(0xC0, "81 0000"));
    talk.ask(&select(1, TRIP)).later(6_000).ask(&operate_of(2, TRIP));
    assert_eq!(talk.faults, [FaultKind::NoSelect]);
    // Sent right behind it, before any answer: the device has both.
    let mut talk = tcp();
    talk.ask(&select(1, TRIP)).ask(&operate_of(2, TRIP));
    assert_eq!(talk.faults, []);
}

#[test]
fn each_master_and_each_device_has_a_selection_of_its_own() {
    let of = |source, destination, octet: u8, objects: &str| {
        framed(0xC4, source, destination, &[&[0xC0, octet][..], &octets(objects)].concat())
    };
    // Another master reads, selects and operates, another device is read: the selection stands.
    let mut talk = selected();
    talk.ask(&of(2, OUTSTATION, 0xC7, "01 3C 01 06"));
    talk.ask(&of(2, OUTSTATION, 0xC8, &format!("03 {CLOSE}")));
    talk.ask(&of(2, OUTSTATION, 0xC9, &format!("04 {CLOSE}")));
    talk.ask(&of(MASTER, 11, 0xC2, "01 3C 01 06"));
    talk.ask(&operate_of(2, TRIP));
    assert_eq!(talk.faults, []);
    // What one master selected no other operates.
    let mut talk = selected();
    talk.ask(&of(2, OUTSTATION, 0xC2, &format!("04 {TRIP}")));
    assert_eq!(talk.faults, [FaultKind::NoSelect]);
    let mut talk = selected();
    talk.ask(&of(MASTER, 11, 0xC2, &format!("04 {TRIP}")));
    assert_eq!(talk.faults, [FaultKind::NoSelect]);
}

#[test]
fn proof_that_a_device_asks_for_does_not_cancel_a_select() {
    let mut talk = tcp();
    let challenge = "83 0000 78 01 5B 01 0C00 01000000 0100 04 01 AABBCCDD";
    let reply = "20 78 02 5B 01 0800 01000000 0100 EEFF";
    talk.ask(&select(1, TRIP)).answer(&answer(0xC1, challenge)).ask(&ask(0xC1, reply));
    talk.answer(&done(1, TRIP)).ask(&operate_of(2, TRIP));
    talk.answer(&answer(0xC2, challenge)).ask(&ask(0xC2, reply)).answer(&done(2, TRIP));
    assert_eq!(talk.faults, []);
    assert!(talk.dialogues.iter().any(|dialogue| dialogue.selected.is_some()));
}

#[test]
fn an_operate_whose_select_may_have_gone_unheard_is_no_fault() {
    // The conversation is older than the capture.
    let mut talk = Talk::new(Transport::Tcp, HOME, false);
    talk.ask(&operate_of(2, TRIP)).answer(&done(2, TRIP));
    assert_eq!(talk.faults, []);
    // So is that with this device, while another was heard to answer.
    let mut talk = Talk::new(Transport::Tcp, HOME, false);
    talk.ask(&framed(0xC4, MASTER, 11, &octets("C0 C1 01 3C 01 06")));
    talk.answer(&framed(0x44, 11, MASTER, &octets("C0 C1 81 0000")));
    talk.ask(&operate_of(2, TRIP));
    assert_eq!(talk.faults, []);
    // Nothing of the device was ever heard.
    let mut talk = tcp();
    talk.flow.packets = [2, 0];
    talk.ask(&operate_of(2, TRIP));
    assert_eq!(talk.faults, []);
    // A gap, just before or a while ago.
    for later in [0, 60_000] {
        let mut talk = tcp();
        talk.ask(&ask(0xC0, "01 3C 01 06")).answer(&answer(0xC0, "81 0000"));
        talk.event(Event::Gap { direction: Direction::Forward, bytes: 35 });
        talk.later(later).ask(&operate_of(2, TRIP));
        assert_eq!(talk.faults, [], "{later}");
        // What is heard from here on counts again.
        talk.later(60_000).ask(&operate_of(3, TRIP));
        assert_eq!(talk.faults, [FaultKind::NoSelect], "{later}");
    }
}

#[test]
fn an_operate_whose_select_was_lost_before_anything_was_heard_is_no_fault() {
    let mut talk = tcp();
    talk.event(Event::Gap { direction: Direction::Forward, bytes: 35 });
    talk.ask(&operate_of(2, TRIP)).answer(&done(2, TRIP));
    assert_eq!(talk.faults, []);
    // Its answer is heard first.
    let mut talk = tcp();
    talk.flow.unheard = [35, 0];
    talk.answer(&done(1, TRIP));
    assert_eq!(talk.faults, []);
}

#[test]
fn a_master_that_never_counts_selects_and_operates_with_one_number() {
    let mut talk = tcp();
    talk.ask(&select(0, TRIP)).answer(&done(0, TRIP)).ask(&operate_of(0, TRIP));
    assert!(gap(&talk).is_some());
    talk.answer(&done(0, TRIP)).ask(&select(0, CLOSE)).answer(&done(0, CLOSE));
    talk.ask(&operate_of(0, CLOSE));
    assert_eq!(talk.faults, []);
}

#[test]
fn a_select_that_is_accepted_late_or_by_a_busy_device_stands() {
    let mut talk = tcp();
    talk.ask(&ask(0xC0, "01 3C 01 06")).answer(&answer(0xC0, "81 0000"));
    talk.ask(&select(1, TRIP)).later(6_000).answer(&done(1, TRIP)).ask(&operate_of(2, TRIP));
    assert_eq!(talk.faults, []);
    assert!(gap(&talk).is_some());
    let mut talk = tcp();
    talk.ask(&select(1, TRIP)).answer(&answer(0xC1, &format!("81 0010 {TRIP}")));
    talk.ask(&operate_of(2, TRIP));
    assert_eq!(talk.faults, []);
    assert!(!talk.phases.contains(&Phase::Exception), "{:?}", talk.lines);
    // Without a word of the command, it is refused.
    let mut talk = tcp();
    talk.ask(&select(1, TRIP)).answer(&answer(0xC1, "81 0010")).ask(&operate_of(2, TRIP));
    assert_eq!(talk.faults, [FaultKind::NoSelect]);
}

#[test]
fn addresses_that_nobody_answers_excuse_no_operate() {
    let config = Config { dnp3_links_max: 2, ..Config::default() };
    let mut talk = Talk::with(config, Transport::Tcp, HOME, true);
    let of = |source, request: &str| framed(0xC4, source, OUTSTATION, &octets(request));
    talk.ask(&ask(0xC0, "01 3C 01 06")).answer(&answer(0xC0, "81 0000"));
    talk.ask(&select(1, TRIP)).answer(&done(1, TRIP));
    for source in 50..60 {
        talk.ask(&of(source, "C0 C1 01 3C 01 06"));
    }
    talk.ask(&operate_of(2, TRIP)).answer(&done(2, TRIP));
    assert_eq!(talk.faults, []);
    assert!(talk.dialogues.iter().any(|told| told.selected.is_some()), "the real one is kept");
    talk.ask(&operate_of(3, TRIP));
    assert_eq!(talk.faults, [FaultKind::NoSelect]);
    talk.ask(&of(60, &format!("C0 C1 04 {TRIP}")));
    assert_eq!(talk.faults, [FaultKind::NoSelect, FaultKind::NoSelect]);
}

fn datagrams() -> Talk {
    Talk::new(Transport::Udp, HOME, false)
}

#[test]
fn the_first_operate_in_a_flow_of_datagrams_needs_a_select_too() {
    let mut talk = datagrams();
    talk.ask(&operate_of(2, TRIP));
    assert_eq!((talk.faults.as_slice(), talk.unclean), (&[FaultKind::NoSelect][..], 0));
    let mut talk = datagrams();
    talk.ask(&select(1, TRIP)).answer(&done(1, TRIP)).ask(&operate_of(2, TRIP));
    assert_eq!(talk.faults, []);
}

#[test]
fn a_select_in_a_lost_datagram_is_known_by_its_answer_or_by_the_numbers() {
    let begun = || {
        let mut talk = datagrams();
        talk.ask(&ask(0xC0, "01 3C 01 06")).answer(&answer(0xC0, "81 0000"));
        talk
    };
    let mut talk = begun();
    talk.answer(&done(1, TRIP));
    talk.faults.clear();
    talk.ask(&operate_of(2, TRIP)).later(2_000).ask(&operate_of(2, TRIP));
    assert_eq!(talk.faults, []);
    let mut talk = begun();
    talk.ask(&operate_of(2, TRIP)).answer(&done(2, TRIP)).ask(&operate_of(3, TRIP));
    assert_eq!(talk.faults, [FaultKind::NoSelect], "the second goes back to nothing");
    let mut talk = begun();
    talk.ask(&operate_of(1, TRIP));
    assert_eq!(talk.faults, [FaultKind::NoSelect], "no number is left out");
}

#[test]
fn octets_that_somebody_says_he_has_excuse_no_operate() {
    // Of the master's octets and of the device's: nothing is left out where the master goes on.
    for at in [0, 1] {
        let mut talk = tcp();
        talk.ask(&ask(0xC0, "01 3C 01 06")).answer(&answer(0xC0, "81 0000"));
        talk.flow.unheard[at] += 10;
        if at == 0 {
            talk.answer(&answer(0xF3, "82 0000"));
        }
        talk.ask(&operate_of(1, TRIP));
        assert_eq!(talk.faults, [FaultKind::NoSelect], "{at}");
    }
    // What is left out of the device's octets is no select.
    let mut talk = tcp();
    talk.ask(&ask(0xC0, "01 3C 01 06")).answer(&answer(0xC0, "81 0000"));
    talk.event(Event::Gap { direction: Direction::Backward, bytes: 35 });
    let unclean = talk.unclean;
    talk.ask(&operate_of(1, TRIP));
    assert_eq!((talk.faults.as_slice(), talk.unclean), (&[FaultKind::NoSelect][..], unclean));
}

#[test]
fn what_is_sent_ahead_of_octets_that_the_receiver_waits_for_excuses_no_operate() {
    let mut talk = tcp();
    talk.ask(&ask(0xC0, "01 3C 01 06")).answer(&answer(0xC0, "81 0000"));
    // The operate is begun, something is sent ahead, and the rest comes.
    let operate = operate_of(1, TRIP);
    let (half, rest) = operate.split_at(13);
    talk.ask(half).event(Event::Ahead { direction: Direction::Forward, bytes: 500 });
    talk.ask(&[0x05]).event(Event::Returned { direction: Direction::Forward }).ask(rest);
    assert_eq!(talk.faults, [FaultKind::NoSelect]);
    assert_eq!(talk.unclean, 0);
}
