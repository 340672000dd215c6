//! Datagrams that were captured more than once.

use super::*;

/// A frame of a datagram with an identification and a time to live.
fn frame(made: &Made, identification: u16, hops: u8) -> Vec<u8> {
    let (source, destination) = made.addresses();
    let [high, low] = identification.to_be_bytes();
    let mut packet = ip(source, destination, 17, [high, low, 0x40, 0], &made.transport());
    if source.is_ipv4() {
        packet[8] = hops;
        packet[10..12].fill(0);
        let checksum = plain_checksum(&[&packet[..20]]);
        packet[10..12].copy_from_slice(&checksum.to_be_bytes());
    }
    ethernet(if source.is_ipv4() { 0x0800 } else { 0x86DD }, &packet)
}

impl Ear {
    /// At a time in microseconds.
    fn at(&mut self, microseconds: i64, bytes: &[u8]) {
        self.number += 1;
        let frame = Frame {
            time: Timestamp::from_nanos(microseconds * 1000),
            capture: 0,
            number: self.number,
            link: LinkType::Ethernet,
            bytes,
            original_length: bytes.len() as u32,
        };
        let Self { wire, told, .. } = self;
        wire.frame(&frame, &mut |heard| told.push(line(heard)));
    }
}

#[test]
fn a_datagram_captured_twice_is_told_once() {
    let mut ear = Ear::usual();
    let (ask, answer) =
        (datagram(MASTER, OUTSTATION, b"ask"), datagram(OUTSTATION, MASTER, b"answer"));
    // Before and behind a router, after the answer, and on a capture whose clock is behind.
    for (time, made, identification, hops) in [
        (0, &ask, 7, 64),
        (10, &ask, 7, 63),
        (400, &answer, 9, 64),
        (420, &ask, 7, 64),
        (390, &answer, 9, 63),
    ] {
        ear.at(time, &frame(made, identification, hops));
    }
    check(&mut ear, &["opened 10.0.0.1:40000", "> ask", "< answer"]);
    assert_eq!(ear.wire.counters().udp_copies, 3);
}

/// What was sent, each at its microsecond and with its identification.
type Sent<'a> = &'a [(i64, &'a Made, u16)];

#[test]
fn a_datagram_that_was_sent_twice_is_told_twice() {
    let made = datagram(MASTER, OUTSTATION, b"ask");
    let other = datagram(MASTER, OUTSTATION, b"other");
    let six = datagram(MASTER6, OUTSTATION6, b"ask");
    let cases: [(&str, Config, Sent<'_>, usize); 8] = [
        ("of another identification", Config::default(), &[(0, &made, 1), (10, &made, 2)], 2),
        ("too late for a copy", Config::default(), &[(0, &made, 1), (50_000, &made, 1)], 2),
        ("of no identification", Config::default(), &[(0, &made, 0), (1_000, &made, 0)], 2),
        ("of no identification, at once", Config::default(), &[(0, &made, 0), (999, &made, 0)], 1),
        ("of version 6", Config::default(), &[(0, &six, 0), (1_000, &six, 0)], 2),
        (
            "of a host that does not count",
            Config::default(),
            &[(0, &made, 5), (9, &other, 5), (2_000, &made, 5)],
            3,
        ),
        (
            "with another before it",
            Config::default(),
            &[(0, &made, 5), (9, &other, 6), (2_000, &made, 5)],
            2,
        ),
        (
            "where none is looked for",
            Config { copy_window: Span::from_nanos(0), ..Config::default() },
            &[(0, &made, 1), (0, &made, 1)],
            2,
        ),
    ];
    for (what, config, sent, told) in cases {
        let mut ear = Ear::new(config);
        for (time, made, identification) in sent {
            ear.at(*time, &frame(made, *identification, 64));
        }
        let said = ear.told().iter().filter(|line| line.starts_with('>')).count();
        assert_eq!(said, told, "{what}");
    }
}

#[test]
fn an_answer_between_two_equal_requests_without_identification_makes_them_two() {
    let (ask, answer) =
        (datagram(MASTER, OUTSTATION, b"ask"), datagram(OUTSTATION, MASTER, b"answer"));
    let mut ear = Ear::usual();
    for (time, made) in [(0, &ask), (200, &answer), (400, &ask)] {
        ear.at(time, &frame(made, 0, 64));
    }
    check(&mut ear, &["opened 10.0.0.1:40000", "> ask", "< answer", "> ask"]);
}

#[test]
fn many_in_between_are_many() {
    let mut ear = Ear::usual();
    for round in 0..2 {
        for identification in 1..=8 {
            let made = datagram(MASTER, OUTSTATION, &[b'a' + identification as u8]);
            ear.at(round * 100, &frame(&made, identification, 64));
        }
    }
    assert_eq!((ear.told().len(), ear.wire.counters().udp_copies), (9, 8));
}

#[test]
fn a_damaged_segment_captured_twice_counts_once() {
    // Where one was right, and where none was: three wrong ones would be taken for the capturing host's work.
    let mut ear = shaken();
    let damaged = ask(1001, 5001, b"x").check(Check::Wrong).frame();
    ear.at(1000, &damaged);
    ear.at(1010, &damaged);
    check(&mut ear, &["> wrong"]);
    ear.at(60_000, &damaged);
    check(&mut ear, &["> wrong"]);
    let heard = |copies: i64| {
        let mut ear = Ear::usual();
        for (time, sequence) in [(0, 1001), (20, 1002)] {
            for copy in 0..copies {
                let made = ask(sequence, 5001, b"x").check(Check::Wrong);
                ear.at(time + 10 * copy, &made.frame());
            }
        }
        ear.at(40, &ask(1003, 5001, b"y").frame());
        ear.finish();
        ear.told()
    };
    assert_eq!(heard(2), heard(1));
    assert_eq!(heard(1)[..3], ["opened 10.0.0.1:40000", "> wrong", "> wrong"]);
}

#[test]
fn a_datagram_in_fragments_captured_twice_is_told_once() {
    for (from, to) in [(MASTER, OUTSTATION), (MASTER6, OUTSTATION6)] {
        let parts = fragments::pieces(&datagram(from, to, b"a datagram in pieces"), 16);
        let mut ear = Ear::usual();
        // More than a millisecond apart: told by the identification of the fragments.
        for time in [0, 2] {
            for part in &parts {
                ear.raw(time, LinkType::RawIp, part, part.len());
            }
        }
        assert_eq!(ear.told()[1..], ["> a datagram in pieces"]);
    }
}
