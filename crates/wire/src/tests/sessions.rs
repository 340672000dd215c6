//! How connections begin and end.

use super::*;

#[test]
fn the_first_side_is_the_client_even_where_its_answer_was_heard_first() {
    let mut ear = Ear::usual();
    ear.hear(0, &answer(5000, 1001, b"").flags(SYN | ACK));
    ear.hear(1, &ask(1000, 0, b"").flags(SYN));
    ear.hear(2, &ask(1001, 5001, b"read"));
    ear.hear(3, &answer(5001, 1005, b"value"));
    check(&mut ear, &["opened 10.0.0.1:40000", "> read", "< value"]);
}

#[test]
fn a_connection_is_finished_by_both_sides_and_its_last_packets_open_nothing() {
    let mut ear = shaken();
    ear.hear(1, &ask(1001, 5001, b"bye").flags(ACK | FIN));
    ear.hear(2, &answer(5001, 1005, b"bye").flags(ACK | FIN));
    ear.hear(3, &ask(1005, 5005, b""));
    check(&mut ear, &["> bye", "< bye"]);
    ear.tick(1000);
    check(&mut ear, &[]);
    ear.tick(3000);
    check(&mut ear, &["closed Finished"]);
    ear.hear(4000, &ask(1005, 5005, b""));
    ear.hear(4000, &ask(1004, 5005, b"").flags(ACK | FIN));
    check(&mut ear, &[]);
    assert_eq!(ear.wire.counters().tcp_without_flow, 2);
}

#[test]
fn a_fin_that_overtook_the_last_data_does_not_hide_it() {
    let mut ear = shaken();
    ear.hear(1, &ask(1005, 5001, b"").flags(ACK | FIN));
    ear.hear(2, &ask(1001, 5001, b"last"));
    ear.hear(3, &answer(5001, 1006, b"").flags(ACK | FIN));
    ear.tick(3000);
    check(&mut ear, &["> last", "closed Finished"]);
}

#[test]
fn a_connection_of_which_one_side_is_heard_finishes_with_that() {
    let mut ear = Ear::usual();
    ear.hear(0, &ask(1000, 0, b"").flags(SYN));
    ear.hear(1, &ask(1001, 5001, b"read"));
    ear.hear(2, &ask(1005, 5006, b"").flags(ACK | FIN));
    ear.tick(3000);
    check(&mut ear, &["opened 10.0.0.1:40000", "> read", "closed Finished"]);
}

#[test]
fn a_reset_in_the_window_ends_a_connection_after_a_while() {
    let mut ear = shaken();
    ear.hear(1, &answer(5001, 1001, b"").flags(RST | ACK));
    ear.hear(2, &ask(1001, 5001, b"underway"));
    ear.tick(3000);
    check(&mut ear, &["> underway", "closed Reset"]);
}

#[test]
fn a_reset_outside_the_window_is_a_trick() {
    let mut ear = shaken();
    ear.hear(1, &ask(1000, 5001, b"").flags(RST));
    ear.hear(1, &ask(900_000, 5001, b"").flags(RST));
    ear.tick(10_000);
    check(&mut ear, &["> misplaced reset", "> misplaced reset"]);
    assert_eq!(ear.wire.counters().tcp_reset_ignored, 2);
}

#[test]
fn data_after_a_reset_that_nobody_listened_to_is_told_in_the_same_flow() {
    let mut ear = shaken();
    ear.hear(1, &ask(1001, 5001, b"").flags(RST));
    ear.hear(2, &ask(1001, 5001, b"read"));
    ear.hear(3, &answer(5001, 1005, b"value"));
    ear.tick(10_000);
    ear.hear(11_000, &ask(1005, 5006, b"next"));
    check(&mut ear, &["> read", "< value", "> next"]);
}

#[test]
fn data_long_after_a_reset_is_told_in_a_new_flow() {
    let mut ear = shaken();
    ear.hear(1, &ask(1001, 5001, b"").flags(RST));
    ear.hear(5000, &ask(1001, 5001, b"read"));
    ear.tick(6000);
    check(&mut ear, &["closed Reset", "opened 10.0.0.1:40000", "> read"]);
}

#[test]
fn a_refused_connection_is_reset() {
    let mut ear = Ear::usual();
    ear.hear(0, &ask(1000, 0, b"").flags(SYN));
    ear.hear(1, &answer(0, 1001, b"").flags(RST | ACK));
    ear.tick(3000);
    check(&mut ear, &["opened 10.0.0.1:40000", "closed Reset"]);
}

#[test]
fn a_new_handshake_on_the_same_endpoints_is_a_new_flow() {
    let mut ear = shaken();
    ear.hear(1, &ask(1001, 5001, b"old"));
    ear.hear(2, &ask(700_000, 0, b"").flags(SYN));
    ear.hear(3, &answer(80_000, 700_001, b"").flags(SYN | ACK));
    ear.hear(4, &ask(700_001, 80_001, b"new"));
    check(&mut ear, &["> old", "closed Reused", "opened 10.0.0.1:40000", "> new"]);
}

#[test]
fn a_new_handshake_of_which_the_answer_is_not_heard_is_a_new_flow_with_its_first_data() {
    let mut ear = shaken();
    ear.hear(1, &ask(1001, 5001, b"old"));
    ear.hear(2, &ask(700_000, 0, b"").flags(SYN));
    ear.hear(4, &ask(700_001, 80_001, b"new"));
    check(&mut ear, &["> old", "closed Reused", "opened 10.0.0.1:40000", "> new"]);
}

#[test]
fn a_forged_syn_does_not_disturb_a_connection() {
    let mut ear = shaken();
    ear.hear(1, &ask(1001, 5001, b"read"));
    ear.hear(2, &ask(700_000, 0, b"").flags(SYN));
    ear.hear(3, &answer(5001, 1005, b"value"));
    ear.hear(4, &ask(1005, 5006, b"next"));
    check(&mut ear, &["> read", "< value", "> next"]);
}

#[test]
fn a_finished_connection_gives_way_to_a_new_one_at_once() {
    let mut ear = shaken();
    ear.hear(1, &ask(1001, 5001, b"").flags(ACK | FIN));
    ear.hear(2, &answer(5001, 1002, b"").flags(ACK | FIN));
    ear.hear(3, &ask(700_000, 0, b"").flags(SYN));
    check(&mut ear, &["closed Finished", "opened 10.0.0.1:40000"]);
}

#[test]
fn a_connection_that_was_renewed_unheard_is_found_again() {
    let mut ear = shaken();
    ear.hear(1, &ask(1001, 5001, b"old"));
    ear.hear(5000, &ask(3_000_000_000, 9_000_001, b"read"));
    check(&mut ear, &["> old"]);
    ear.hear(5001, &answer(9_000_001, 3_000_000_004, b"value"));
    ear.hear(5030, &ask(3_000_000_004, 9_000_006, b"next"));
    check(&mut ear, &["closed Reused", "opened 10.0.0.1:40000", "> read", "< value", "> next"]);
}

#[test]
fn one_forged_segment_far_away_does_not_disturb_a_connection() {
    let mut ear = shaken();
    ear.hear(1, &ask(3_000_000_000, 5001, b"trip"));
    ear.hear(2, &ask(1001, 5001, b"read"));
    ear.hear(3, &answer(5001, 1005, b"value"));
    ear.finish();
    check(&mut ear, &["> read", "< value", "closed End"]);
    assert_eq!(ear.wire.counters().tcp_stray, 1);
}

#[test]
fn silence_ends_a_flow_with_the_moment_it_was_due() {
    let mut ear = shaken();
    ear.hear(0, &ask(1001, 5001, b"read"));
    ear.tick(3_599_000);
    check(&mut ear, &["> read"]);
    ear.tick(3_601_000);
    check(&mut ear, &["closed Idle"]);
    assert_eq!(ear.wire.flows(), 0);
}

#[test]
fn a_connection_that_never_came_about_is_forgotten_sooner() {
    let mut ear = Ear::usual();
    ear.hear(0, &ask(1000, 0, b"").flags(SYN));
    ear.tick(30_000);
    check(&mut ear, &["opened 10.0.0.1:40000", "closed Idle"]);
}

#[test]
fn time_that_steps_back_does_no_harm() {
    let mut ear = shaken();
    ear.hear(3_000_000, &ask(1001, 5001, b"a"));
    ear.hear(-50, &ask(1002, 5001, b"b"));
    ear.tick(i64::MIN / MILLISECOND);
    ear.hear(1, &ask(1004, 5001, b"d"));
    ear.hear(0, &ask(1003, 5001, b"c"));
    assert_eq!(ear.told().last().map(String::as_str), Some("> d"));
}

#[test]
fn a_keep_alive_probe_as_the_first_thing_heard_is_no_data() {
    let mut ear = Ear::usual();
    ear.hear(0, &ask(1000, 5001, b"\0"));
    ear.hear(1, &answer(5001, 1001, b""));
    ear.tick(1000);
    ear.hear(2000, &ask(1001, 5001, b"read"));
    check(&mut ear, &["opened 10.0.0.1:40000", "> read"]);
}

#[test]
fn data_far_ahead_is_told_after_its_gap() {
    let mut ear = shaken();
    ear.hear(1, &ask(1001, 5001, b"read"));
    ear.hear(60_000, &ask(9_000_000, 8_005_000, b"much later"));
    ear.tick(70_000);
    check(&mut ear, &["> read", "> gap 8998995", "> much later"]);
}

#[test]
fn an_early_segment_that_comes_very_late_is_told_if_nobody_has_it() {
    let mut ear = Ear::usual();
    ear.hear(0, &ask(1001, 5001, b"read"));
    ear.hear(10_000, &answer(2_005_001, 900_000, b"late"));
    ear.tick(20_000);
    ear.hear(30_000, &answer(1_005_001, 500_000, b"early"));
    check(
        &mut ear,
        &["opened 10.0.0.1:40000", "> read", "< gap 2000000", "< late", "< returned", "< early"],
    );
}

#[test]
fn a_held_segment_is_not_refuted_by_the_acknowledgement_of_it() {
    let mut ear = Ear::usual();
    ear.hear(0, &ask(1001, 5001, b"read").check(Check::Wrong));
    ear.hear(1, &answer(5001, 1005, b"value").check(Check::Wrong));
    ear.hear(2, &ask(1005, 5006, b"next").check(Check::Wrong));
    ear.tick(5000);
    assert_eq!(
        ear.told(),
        ["opened 10.0.0.1:40000", "> offloaded", "> read", "> next", "< offloaded", "< value"],
    );
}

#[test]
fn acknowledgements_do_not_keep_a_finished_connection() {
    let mut ear = shaken();
    ear.hear(1, &ask(1001, 5001, b"").flags(ACK | FIN));
    ear.hear(2, &answer(5001, 1002, b"").flags(ACK | FIN));
    ear.hear(1900, &ask(1002, 5002, b""));
    ear.tick(3000);
    check(&mut ear, &["closed Finished"]);
}
