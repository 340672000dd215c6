use super::*;

/// A response in segments: 249 octets each, numbered from `sequence`.
fn segments(sequence: u8, fragment: &[u8]) -> Vec<Vec<u8>> {
    let pieces: Vec<_> = fragment.chunks(249).collect();
    let last = pieces.len() - 1;
    pieces
        .iter()
        .enumerate()
        .map(|(nth, piece)| {
            let first = if nth == 0 { 0x40 } else { 0 };
            let end = if nth == last { 0x80 } else { 0 };
            let number = sequence.wrapping_add(u8::try_from(nth).unwrap()) & 0x3F;
            from_outstation(&[&[first | end | number], *piece].concat())
        })
        .collect()
}

/// 300 analog inputs of 32 bits without flags.
fn response() -> Vec<u8> {
    [octets("C2 81 0000 1E 03 01 0000 2B01"), vec![0; 1_200]].concat()
}

#[test]
fn a_response_in_segments_is_one_message_at_its_last_frame() {
    // 63 is followed by 0.
    for first in [0, 61] {
        let mut talk = Talk::new(Transport::Tcp, HOME, true);
        let segments = segments(first, &response());
        assert_eq!(segments.len(), 5);
        talk.answer(&segments.concat());
        assert_eq!(functions(&talk), ["response"]);
        assert!(talk.records[0].contains(r#"{"index":299,"value":0}]"#), "{}", talk.records[0]);
        assert_eq!(accounts(&talk), (segments.concat().len(), 0, 0));
    }
}

#[test]
fn a_fragment_that_is_not_completed_is_not_decoded_and_counts_as_that() {
    let segments = segments(0, &response());
    // The third of five is lost.
    let mut talk = Talk::new(Transport::Tcp, HOME, true);
    talk.answer(&[&segments[0][..], &segments[1]].concat());
    talk.event(Event::Gap { direction: Direction::Backward, bytes: 292 });
    talk.answer(&[&segments[3][..], &segments[4]].concat()).ask(&operate());
    assert_eq!(functions(&talk), ["direct_operate"]);
    let (third, rest) = (segments[0].len() * 3, segments[4].len());
    assert_eq!(
        problems(&talk),
        ["missing,292".to_owned(), format!("incomplete,{third}"), format!("incomplete,{rest}")]
    );
    assert_eq!(accounts(&talk), (operate().len(), third + rest, 292));
    // The connection ends within it.
    let mut talk = Talk::new(Transport::Tcp, HOME, true);
    talk.answer(&segments[0]).close(Closing::Finished);
    assert_eq!(accounts(&talk), (0, segments[0].len(), 0));
    // Another begins before it is complete.
    let mut talk = Talk::new(Transport::Tcp, HOME, true);
    let report = from_outstation(&octets("C7 F0 82 8000"));
    talk.answer(&segments[0]).answer(&report);
    assert_eq!(functions(&talk), ["unsolicited_response"]);
    assert!(talk.records[1].contains(r#""faults":[{"kind":"transport_unfinished","found":7}]"#));
    assert_eq!(accounts(&talk), (report.len(), segments[0].len(), 0));
}

#[test]
fn stations_behind_one_address_do_not_mix_their_segments() {
    let mut talk = Talk::new(Transport::Tcp, HOME, true);
    let one = segments(0, &response());
    let other: Vec<_> =
        one.iter().map(|frame| framed(0x44, 11, MASTER, &user_data(frame))).collect();
    for (one, other) in one.iter().zip(&other) {
        talk.answer(one).answer(other);
    }
    assert_eq!(functions(&talk), ["response"; 2]);
    assert!(talk.records[0].contains(r#""link":{"source":10,"#));
    assert!(talk.records[1].contains(r#""link":{"source":11,"#));
}

/// The user data of a frame without its CRCs.
fn user_data(frame: &[u8]) -> Vec<u8> {
    frame[10..].chunks(18).flat_map(|block| &block[..block.len() - 2]).copied().collect()
}

#[test]
fn too_many_stations_give_way_and_none_of_their_octets_is_lost_from_the_account() {
    let config = Config { dnp3_links_max: 2, ..Config::default() };
    let mut talk = Talk::with(config, Transport::Tcp, HOME, true);
    let first = &segments(0, &response())[0];
    for source in [20, 21, 22] {
        talk.answer(&framed(0x44, source, MASTER, &user_data(first)));
    }
    assert_eq!(talk.dissector.counters().dnp3_links_evicted, 1);
    talk.ask(&operate()).close(Closing::Finished);
    assert_eq!(operates(&talk), 1);
    assert_eq!(accounts(&talk), (operate().len(), 3 * first.len(), 0));
}

// The independent dissector takes the first three octets of such a fragment for the end of the one before it.
#[test]
fn a_message_of_one_segment_numbered_0_after_63_is_one_of_its_own() {
    let mut talk = Talk::new(Transport::Tcp, HOME, true);
    talk.answer(&from_outstation(&octets("FF C7 81 0000")));
    talk.answer(&from_outstation(&octets("C0 FE 82 0000")));
    assert_eq!(functions(&talk), ["response", "unsolicited_response"]);
}

#[test]
fn a_repeated_frame_is_told_as_one() {
    let mut talk = Talk::new(Transport::Tcp, HOME, true);
    talk.ask(&operate()).ask(&operate());
    assert_eq!(functions(&talk), ["direct_operate"; 2]);
    assert!(talk.records[1].contains(r#"{"kind":"transport_duplicate","found":0}"#));
}

#[test]
fn a_fragment_in_a_frame_of_another_function_is_shown_with_its_fault() {
    let fragment = octets("C0 C3 05 0C 01 28 0100 0700 81 01 64000000 00000000 00");
    let mut talk = Talk::new(Transport::Tcp, HOME, true);
    talk.ask(&framed(0xCA, MASTER, OUTSTATION, &fragment));
    assert_eq!(functions(&talk), ["direct_operate"]);
    let fault = r#""function":"reserved","function_code":10,"faults":[{"kind":"link_function","found":10}]"#;
    assert!(talk.records[0].contains(fault), "{}", talk.records[0]);
    // A reset acts on the link, whatever it holds.
    talk.ask(&framed(0xC0, MASTER, OUTSTATION, &fragment));
    assert_eq!(functions(&talk), ["direct_operate"]);
    assert!(talk.records[1].contains(r#""data":"c0c3050c01"#), "{}", talk.records[1]);
}

#[test]
fn what_is_no_fragment_is_told_with_its_octets() {
    let mut talk = Talk::new(Transport::Tcp, HOME, true);
    talk.ask(&from_master(&octets("C0 C3")));
    assert!(
        talk.records[0].ends_with(r#""data":"c3","faults":[{"kind":"fragment_cut"}]}}}"#),
        "{}",
        talk.records[0]
    );
    // A function that nobody knows, and a header that is cut.
    talk.ask(&from_master(&octets("C1 C4 70 0102")));
    assert!(talk.records[1].contains(r#""objects":[],"data":"0102","faults":[{"kind":"#));
    talk.ask(&from_master(&octets("C2 C5 01 3C0106 3C02")));
    assert!(
        talk.records[2]
            .contains(r#""data":"3c02","faults":[{"kind":"object_header_cut","found":2}]"#),
        "{}",
        talk.records[2]
    );
}
