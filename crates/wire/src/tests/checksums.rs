//! Wrong checksums: forged or damaged segments, and the capturing host's own.

use super::*;

#[test]
fn in_a_direction_otherwise_right_a_wrong_segment_is_reported_and_not_told() {
    let mut ear = shaken();
    ear.hear(1, &ask(1001, 5001, b"FORG").check(Check::Wrong));
    ear.hear(2, &ask(1001, 5001, b"read"));
    check(&mut ear, &["> wrong", "> read"]);
    assert_eq!(ear.wire.counters().checksum_wrong, 1);
}

#[test]
fn a_wrong_ip_header_checksum_is_as_bad_as_a_wrong_one_of_its_segment() {
    let mut ear = shaken();
    let mut frame = ask(1001, 5001, b"FORG").frame();
    frame[14 + 8] = 63;
    ear.raw(1, LinkType::Ethernet, &frame, frame.len());
    frame[14 + 10] = 0;
    frame[14 + 11] = 0;
    ear.raw(2, LinkType::Ethernet, &frame, frame.len());
    check(&mut ear, &["> wrong", "> FORG"]);
}

#[test]
fn a_direction_with_the_pseudo_header_sum_alone_is_told_at_once_and_named_once() {
    let mut ear = Ear::usual();
    ear.hear(0, &ask(1000, 0, b"").flags(SYN).check(Check::Partial));
    ear.hear(0, &answer(5000, 1001, b"").flags(SYN | ACK));
    ear.hear(0, &ask(1001, 5001, b"").check(Check::Partial));
    ear.hear(1, &ask(1001, 5001, b"read").check(Check::Partial));
    ear.hear(2, &answer(5001, 1005, b"value"));
    ear.hear(3, &ask(1005, 5006, b"next").check(Check::Partial));
    check(&mut ear, &["opened 10.0.0.1:40000", "> offloaded", "> read", "< value", "> next"]);
    assert_eq!(ear.wire.counters().checksum_wrong, 0);
}

#[test]
fn a_direction_whose_checksums_are_all_wrong_is_told_and_named_once() {
    let mut ear = Ear::usual();
    for (time, text) in [b"abcd", b"efgh", b"ijkl", b"mnop"].iter().enumerate() {
        let sequence = 1001 + 4 * time as u32;
        ear.hear(time as i64, &ask(sequence, 5001, *text).check(Check::Wrong));
    }
    ear.tick(1000);
    check(
        &mut ear,
        &["opened 10.0.0.1:40000", "> offloaded", "> abcd", "> efgh", "> ijkl", "> mnop"],
    );
}

#[test]
fn first_data_with_a_wrong_checksum_is_told_when_the_receiver_acknowledges_it() {
    let mut ear = Ear::usual();
    ear.hear(0, &ask(1000, 0, b"").flags(SYN).check(Check::Wrong));
    ear.hear(0, &answer(5000, 1001, b"").flags(SYN | ACK));
    ear.hear(1, &ask(1001, 5001, b"read").check(Check::Wrong));
    check(&mut ear, &["opened 10.0.0.1:40000"]);
    ear.hear(2, &answer(5001, 1005, b"value"));
    check(&mut ear, &["> offloaded", "> read", "< value"]);
}

#[test]
fn a_forged_first_segment_is_dropped_when_a_right_one_follows() {
    let mut ear = Ear::usual();
    ear.hear(0, &ask(1001, 5001, b"trip").check(Check::Wrong));
    ear.hear(1, &ask(1001, 5001, b"read"));
    ear.tick(1000);
    check(&mut ear, &["opened 10.0.0.1:40000", "> wrong", "> read"]);
}

#[test]
fn a_lone_segment_with_a_wrong_checksum_is_told_in_the_end() {
    let mut ear = Ear::usual();
    ear.hear(0, &ask(1001, 5001, b"read").check(Check::Wrong));
    ear.tick(1000);
    check(&mut ear, &["opened 10.0.0.1:40000"]);
    ear.tick(3000);
    check(&mut ear, &["> offloaded", "> read"]);
}

// An interface that joins received segments leaves the sum of the pseudo-header in what it hands up.
#[test]
fn a_joined_segment_in_a_right_direction_is_told_once_the_receiver_acknowledges_it() {
    let mut ear = shaken();
    ear.hear(1, &ask(1001, 5001, b"readmore").check(Check::Partial));
    check(&mut ear, &[]);
    ear.hear(2, &answer(5001, 1009, b"value"));
    check(&mut ear, &["> offloaded", "> readmore", "< value"]);
}

#[test]
fn a_forged_segment_in_the_shape_of_an_unfinished_one_is_not_told() {
    let mut ear = shaken();
    ear.hear(1, &ask(1001, 5001, b"trip").check(Check::Partial));
    ear.hear(2, &ask(1001, 5001, b"read"));
    ear.hear(3, &answer(5001, 1005, b"value"));
    check(&mut ear, &["> wrong", "> read", "< value"]);
}

#[test]
fn a_forged_reset_does_not_end_a_connection() {
    let mut ear = shaken();
    ear.hear(1, &ask(1001, 5001, b"").flags(RST).check(Check::Wrong));
    ear.tick(10_000);
    check(&mut ear, &["> wrong"]);
}

#[test]
fn datagrams_follow_the_same_rules() {
    let mut ear = Ear::usual();
    ear.hear(0, &datagram(MASTER, OUTSTATION, b"none").check(Check::None));
    ear.hear(1, &datagram(MASTER, OUTSTATION, b"right"));
    ear.hear(2, &datagram(MASTER, OUTSTATION, b"forged").check(Check::Wrong));
    check(&mut ear, &["opened 10.0.0.1:40000", "> none", "> right", "> wrong"]);
    for text in [b"a", b"b", b"c", b"d"] {
        ear.hear(3, &datagram(OUTSTATION, MASTER, text).check(Check::Wrong));
    }
    check(&mut ear, &["< offloaded", "< a", "< b", "< c", "< d"]);
    ear.finish();
}

#[test]
fn checksums_are_not_looked_at_where_they_are_to_be_ignored() {
    let mut ear = Ear::new(Config { checksums: Checksums::Ignore, ..Config::default() });
    ear.shake();
    ear.hear(1, &ask(1001, 5001, b"read").check(Check::Wrong));
    check(&mut ear, &["> read"]);
}
