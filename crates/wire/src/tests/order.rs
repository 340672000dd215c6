//! Bytes come in order, whatever the order of segments.

use super::*;

#[test]
fn segments_in_order_are_told_as_they_come() {
    let mut ear = shaken();
    ear.hear(1, &ask(1001, 5001, b"read"));
    ear.hear(2, &answer(5001, 1005, b"value"));
    ear.hear(3, &ask(1005, 5006, b"next"));
    check(&mut ear, &["> read", "< value", "> next"]);
    ear.finish();
    check(&mut ear, &["closed End"]);
}

#[test]
fn a_segment_that_overtook_waits_for_the_one_before() {
    let mut ear = shaken();
    ear.hear(1, &ask(1003, 5001, b"cd"));
    check(&mut ear, &[]);
    ear.hear(2, &ask(1001, 5001, b"ab"));
    check(&mut ear, &["> ab", "> cd"]);
}

#[test]
fn a_retransmission_is_told_once() {
    let mut ear = shaken();
    for time in 1..4 {
        ear.hear(time, &ask(1001, 5001, b"once"));
    }
    ear.hear(4, &ask(1003, 5001, b"ceand"));
    check(&mut ear, &["> once", "> and"]);
    assert_eq!(ear.wire.counters().tcp_repeated_octets, 10);
}

#[test]
fn octets_that_come_again_with_other_content_are_reported_and_the_first_stand() {
    let mut ear = shaken();
    ear.hear(1, &ask(1001, 5001, b"open"));
    ear.hear(2, &ask(1001, 5001, b"trip"));
    check(&mut ear, &["> open", "> differs 4", "> or [trip]"]);
    ear.hear(3, &ask(1005, 5001, b" now"));
    check(&mut ear, &[">  now", "> or [trip] now"]);
}

#[test]
fn a_part_that_comes_again_with_other_content_is_told_with_what_is_around_it() {
    let mut ear = shaken();
    ear.hear(1, &ask(1001, 5001, b"we open it"));
    ear.hear(2, &ask(1004, 5001, b"trip"));
    check(&mut ear, &["> we open it", "> differs 4", "> or we [trip] it"]);
}

#[test]
fn a_part_that_waits_with_other_content_is_told_when_what_is_before_it_has_come() {
    let mut ear = shaken();
    ear.hear(1, &ask(1004, 5001, b"open"));
    ear.hear(2, &ask(1004, 5001, b"trip it"));
    check(&mut ear, &["> differs 4"]);
    ear.hear(3, &ask(1001, 5001, b"we "));
    check(&mut ear, &["> we ", "> open", ">  it", "> or we [trip it]"]);
}

#[test]
fn more_copies_than_are_kept_are_counted() {
    let mut ear = shaken();
    ear.hear(1, &ask(1005, 5001, b"open"));
    for octet in b'a'..b'k' {
        ear.hear(2, &ask(1005, 5001, &[octet; 4]));
    }
    ear.hear(3, &ask(1001, 5001, b"the "));
    let told = ear.told().into_iter().filter(|line| line.starts_with("> or ")).count();
    assert_eq!((told, ear.wire.counters().tcp_copies_dropped), (8, 2));
}

#[test]
fn an_octet_that_is_urgent_may_be_taken_out() {
    let mut ear = shaken();
    let mut marked = ask(1001, 5001, b"tr_ip").flags(ACK | URG);
    marked.urgent = 3;
    ear.hear(1, &marked);
    check(&mut ear, &["> tr_ip", "> or [trip]"]);
    marked = ask(1006, 5001, b" on").flags(ACK | URG);
    marked.urgent = 70;
    ear.hear(2, &marked);
    check(&mut ear, &[">  on", "> or [trip] on"]);
}

#[test]
fn of_octets_that_wait_the_first_or_the_last_win_as_configured() {
    for (overlap, told) in [(Overlap::First, "> ENopen"), (Overlap::Last, "> ENtrip")] {
        let mut ear = Ear::new(Config { overlap, ..Config::default() });
        ear.shake();
        ear.hear(1, &ask(1005, 5001, b"open"));
        ear.hear(1, &ask(1005, 5001, b"trip"));
        check(&mut ear, &["> differs 4"]);
        ear.hear(2, &ask(1001, 5001, b"BEGI"));
        ear.hear(2, &ask(1003, 5001, b"GI"));
        let told_bytes = ear.told().into_iter().filter(|line| !line.starts_with("> or "));
        let all: String = told_bytes.map(|line| line.trim_start_matches("> ").to_owned()).collect();
        assert_eq!(format!("> EN{}", all.trim_start_matches("BEGI")), told);
    }
}

#[test]
fn a_keep_alive_is_neither_data_nor_an_overlap() {
    let mut ear = shaken();
    ear.hear(1, &ask(1001, 5001, b"data"));
    ear.hear(2, &ask(1004, 5001, b""));
    ear.hear(3, &ask(1004, 5001, b"\0"));
    check(&mut ear, &["> data"]);
    assert_eq!(ear.wire.counters().tcp_keepalives, 1);
    ear.hear(4, &ask(1005, 5001, b"more"));
    check(&mut ear, &["> more"]);
}

#[test]
fn a_window_probe_is_the_next_octet_once() {
    let mut ear = shaken();
    ear.hear(1, &ask(1001, 5001, b"x"));
    ear.hear(2, &ask(1001, 5001, b"x"));
    ear.hear(3, &ask(1001, 5001, b"xyz"));
    check(&mut ear, &["> x", "> yz"]);
}

#[test]
fn sequence_numbers_wrap() {
    let mut ear = Ear::usual();
    ear.hear(0, &ask(u32::MAX - 2, 0, b"").flags(SYN));
    ear.hear(0, &answer(5000, u32::MAX - 1, b"").flags(SYN | ACK));
    ear.hear(1, &ask(2, 5001, b"ef"));
    ear.hear(1, &ask(0, 5001, b"cd"));
    ear.hear(1, &ask(u32::MAX - 1, 5001, b"ab"));
    check(&mut ear, &["opened 10.0.0.1:40000", "> ab", "> cd", "> ef"]);
}

#[test]
fn data_with_the_syn_is_data() {
    let mut ear = Ear::usual();
    ear.hear(0, &ask(1000, 0, b"fast").flags(SYN));
    ear.hear(1, &answer(5000, 1005, b"").flags(SYN | ACK));
    ear.hear(2, &ask(1005, 5001, b"open"));
    check(&mut ear, &["opened 10.0.0.1:40000", "> fast", "> open"]);
}

#[test]
fn a_gap_is_told_after_the_patience_with_the_octets_behind_it() {
    let mut ear = shaken();
    ear.hear(100, &ask(1005, 5001, b"late"));
    ear.tick(1000);
    ear.tick(2000);
    check(&mut ear, &[]);
    ear.tick(3000);
    check(&mut ear, &["> gap 4", "> late"]);
    assert_eq!(ear.wire.counters().gaps_by_patience, 1);
}

#[test]
fn a_gap_that_the_receiver_acknowledged_is_told_soon() {
    let mut ear = shaken();
    ear.hear(100, &ask(1005, 5001, b"late"));
    ear.hear(101, &answer(5001, 1009, b"value"));
    check(&mut ear, &[]);
    ear.hear(200, &ask(1009, 5006, b"next"));
    check(&mut ear, &["> gap 4", "> late", "< value", "> next"]);
    assert_eq!(ear.wire.counters().gaps_by_acknowledgement, 1);
}

#[test]
fn octets_that_the_receiver_waits_for_too_are_not_given_up() {
    let mut ear = shaken();
    ear.hear(100, &ask(1005, 5001, b"late"));
    ear.hear(101, &answer(5001, 1001, b""));
    ear.tick(3000);
    check(&mut ear, &[]);
    ear.hear(3100, &ask(1001, 5001, b"lost"));
    check(&mut ear, &["> lost", "> late"]);
}

#[test]
fn an_answer_waits_a_moment_for_the_request_that_it_acknowledges() {
    let mut ear = shaken();
    ear.hear(1, &answer(5001, 1005, b"value"));
    check(&mut ear, &[]);
    ear.hear(2, &ask(1001, 5001, b"read"));
    check(&mut ear, &["> read", "< value"]);
}

#[test]
fn an_answer_to_a_request_that_was_not_heard_is_told_all_the_same() {
    let mut ear = shaken();
    let mut next = 5001;
    for round in 0..6_u32 {
        let time = 1000 * i64::from(round);
        ear.hear(time, &answer(next, 1001 + 4 * (round + 1), b"value"));
        ear.tick(time + 500);
        check(&mut ear, &["< value"]);
        next += 5;
    }
    // After a few times in vain it is told at once.
    ear.hear(6000, &answer(next, 1029, b"value"));
    check(&mut ear, &["< value"]);
    assert_eq!(ear.wire.counters().order_waits_in_vain, 3);
}

#[test]
fn a_session_in_progress_begins_with_what_is_heard_and_a_little_before() {
    let mut ear = Ear::usual();
    ear.hear(0, &ask(1005, 5001, b"next"));
    ear.hear(1, &ask(1001, 5001, b"read"));
    check(&mut ear, &["opened 10.0.0.1:40000"]);
    ear.hear(30, &answer(5001, 1009, b"value"));
    check(&mut ear, &["> read", "> next", "< value"]);
}

#[test]
fn what_the_receiver_had_before_a_session_was_heard_is_no_gap() {
    let mut ear = Ear::usual();
    ear.hear(0, &ask(1001, 5001, b"read"));
    ear.hear(1, &ask(1005, 5021, b"more"));
    ear.hear(30, &answer(5021, 1009, b"value"));
    check(&mut ear, &["opened 10.0.0.1:40000", "> read", "> more", "< value"]);
}

#[test]
fn octets_far_ahead_that_nobody_acknowledges_do_not_make_the_rest_unheard() {
    let mut ear = shaken();
    ear.hear(0, &ask(9001, 5001, b"forged"));
    ear.tick(5000);
    check(&mut ear, &["> gap 8000", "> forged"]);
    ear.hear(10_000, &ask(1001, 5001, b"read"));
    ear.hear(10_001, &answer(5001, 1005, b"value"));
    ear.hear(11_000, &ask(1005, 5006, b"next"));
    check(&mut ear, &["> returned", "> read", "< value", "> next"]);
    assert_eq!(ear.wire.counters().tcp_returned, 1);
}

#[test]
fn octets_ahead_of_those_that_the_receiver_waits_for_are_told_as_that_and_lost_ones_as_a_gap() {
    let mut ear = shaken();
    ear.hear(0, &ask(1501, 5001, b"forged"));
    ear.hear(1, &answer(5001, 1001, b""));
    ear.tick(5000);
    check(&mut ear, &["> ahead 500", "> forged"]);
    ear.hear(10_000, &ask(1001, 5001, b"read"));
    check(&mut ear, &["> returned", "> read"]);
    // What crossed the lost octets does not say that they are waited for.
    let mut ear = shaken();
    ear.hear(0, &ask(1005, 5001, b"next"));
    ear.hear(1, &answer(5001, 1001, b""));
    ear.hear(2, &answer(5001, 1009, b""));
    ear.tick(5000);
    check(&mut ear, &["> gap 4", "> next"]);
}

#[test]
fn octets_cut_off_by_the_snap_length_are_a_gap_and_the_stream_goes_on() {
    let mut ear = shaken();
    let whole = ask(1001, 5001, b"abcdefgh").frame();
    ear.raw(1, LinkType::Ethernet, &whole[..whole.len() - 5], whole.len());
    ear.hear(2, &ask(1009, 5001, b"next"));
    check(&mut ear, &["> abc", "> gap 5", "> next"]);
    assert_eq!(ear.wire.counters().checksum_wrong, 0);
}

#[test]
fn octets_cut_off_in_a_segment_that_waits_are_a_gap_too() {
    let mut ear = shaken();
    let whole = ask(1005, 5001, b"abcdefgh").frame();
    ear.raw(1, LinkType::Ethernet, &whole[..whole.len() - 5], whole.len());
    ear.hear(2, &ask(1013, 5001, b"next"));
    ear.hear(2, &ask(1001, 5001, b"read"));
    check(&mut ear, &["> read", "> abc", "> gap 5", "> next"]);
}

/// The counts of the flow at its end.
fn counts(made: &[Made]) -> ([u64; 2], [u64; 2], [u64; 2]) {
    let mut wire = Wire::new(Config::default());
    let mut last = ([0; 2], [0; 2], [0; 2]);
    let mut hear = |heard: &Heard<'_>| {
        last = (heard.flow.packets, heard.flow.octets, heard.flow.unheard);
    };
    for (number, made) in (0..).zip(made) {
        let bytes = made.frame();
        let frame = Frame {
            time: Timestamp::from_nanos(number * MILLISECOND),
            capture: 0,
            number: 1,
            link: LinkType::Ethernet,
            bytes: &bytes,
            original_length: bytes.len() as u32,
        };
        wire.frame(&frame, &mut hear);
    }
    wire.finish(&mut hear);
    last
}

#[test]
fn octets_acknowledged_but_not_heard_are_counted() {
    let one_sided =
        [answer(5001, 1001, b"value"), answer(5006, 1013, b"value"), answer(5011, 1025, b"value")];
    assert_eq!(counts(&one_sided), ([3, 0], [15, 0], [0, 24]));
    let with_gap = [
        ask(1000, 0, b"").flags(SYN),
        answer(5000, 1001, b"").flags(SYN | ACK),
        answer(5001, 1013, b"value"),
        ask(1013, 5006, b"next"),
    ];
    assert_eq!(counts(&with_gap), ([2, 2], [4, 5], [12, 0]));
}

#[test]
fn octets_acknowledged_before_they_are_heard_are_not_counted_as_unheard() {
    let overtaken = [
        ask(1000, 0, b"").flags(SYN),
        answer(5000, 1001, b"").flags(SYN | ACK),
        answer(5001, 1006, b"value"),
        ask(1001, 5001, b"read").flags(ACK | FIN),
        ask(1006, 5006, b""),
    ];
    assert_eq!(counts(&overtaken), ([3, 2], [4, 5], [0, 0]));
}
