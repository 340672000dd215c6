//! Floods, and what gives way.

use super::*;

/// A connection with its handshake that exchanged a little data.
fn converse(ear: &mut Ear, port: u16, milliseconds: i64, rounds: u32) {
    let master = Side { port, ..MASTER };
    let mut told = |made: &Made| ear.hear(milliseconds, made);
    told(&segment(master, OUTSTATION, 1000, 0, b"").flags(SYN));
    told(&segment(OUTSTATION, master, 5000, 1001, b"").flags(SYN | ACK));
    for round in 0..rounds {
        told(&segment(master, OUTSTATION, 1001 + 4 * round, 5001 + 5 * round, b"read"));
        told(&segment(OUTSTATION, master, 5001 + 5 * round, 1005 + 4 * round, b"value"));
    }
}

#[test]
fn a_flood_of_handshakes_evicts_itself() {
    let mut ear = Ear::new(Config { flows_max: 100, ..Config::default() });
    for port in 1..=20 {
        converse(&mut ear, port, 0, 10);
    }
    for port in 1000..3000 {
        let scanner = Side { address: "10.9.9.9", port };
        ear.hear(1000, &segment(scanner, OUTSTATION, 7, 0, b"").flags(SYN));
        assert!(ear.wire.flows() <= 100);
    }
    let counters = *ear.wire.counters();
    assert_eq!(counters.flows_evicted_unanswered, 1920);
    assert_eq!(counters.flows_evicted_answered + counters.flows_evicted_established, 0);
    ear.told();
    ear.hear(2000, &segment(Side { port: 7, ..MASTER }, OUTSTATION, 1041, 5051, b"still"));
    check(&mut ear, &["> still"]);
}

#[test]
fn a_flood_of_answered_connections_leaves_the_long_standing_ones() {
    let mut ear = Ear::new(Config { flows_max: 100, ..Config::default() });
    for port in 1..=20 {
        converse(&mut ear, port, 0, 10);
    }
    for port in 1..=20_u16 {
        let master = Side { port, ..MASTER };
        ear.hear(40_000, &segment(master, OUTSTATION, 1041, 5051, b"more"));
    }
    for port in 1000..3000 {
        converse(&mut ear, port, 50_000, 1);
    }
    let counters = ear.wire.counters();
    assert_eq!((counters.flows_evicted_answered, counters.flows_evicted_established), (1920, 0));
}

#[test]
fn a_flood_of_segments_ahead_stays_in_its_bounds() {
    let config = Config {
        reassembly_bytes_max: 64 << 10,
        direction_bytes_max: 8 << 10,
        direction_segments_max: 16,
        ..Config::default()
    };
    let mut ear = Ear::new(config);
    for port in 1..=50 {
        converse(&mut ear, port, 0, 1);
    }
    for round in 0..40_u32 {
        for port in 1..=50 {
            let master = Side { port, ..MASTER };
            let sequence = 1_010 + 1_000 * round;
            ear.hear(1, &segment(master, OUTSTATION, sequence, 5006, &[7; 500]));
            assert!(ear.wire.waiting_bytes() <= 64 << 10);
        }
    }
    assert!(ear.wire.counters().gaps_by_limit > 100);
    ear.finish();
    assert_eq!(ear.wire.waiting_bytes(), 0);
}

#[test]
fn what_waits_in_new_flows_leaves_room_for_the_established() {
    let mut ear = Ear::new(Config { reassembly_bytes_max: 64 << 10, ..Config::default() });
    converse(&mut ear, 1, 0, 10);
    ear.hear(40_000, &segment(Side { port: 1, ..MASTER }, OUTSTATION, 1041, 5051, b"more"));
    for port in 1000..2000 {
        let scanner = Side { address: "10.9.9.9", port };
        ear.hear(40_001, &segment(scanner, OUTSTATION, 7, 0, b"").flags(SYN));
        ear.hear(40_001, &segment(scanner, OUTSTATION, 1000, 0, &[7; 500]));
    }
    assert!(ear.wire.waiting_bytes() <= 16 << 10);
    ear.told();
    let late = [7; 1000];
    for index in 1..20 {
        let sequence = 1045 + 1000 * index;
        ear.hear(40_002, &segment(Side { port: 1, ..MASTER }, OUTSTATION, sequence, 5051, &late));
    }
    check(&mut ear, &[]);
}

#[test]
fn an_idle_flow_is_small() {
    let size = size_of::<crate::entry::Entry>();
    assert!(
        size <= 352,
        "{size} octets, streams {}, flow {}",
        size_of::<crate::stream::Stream>(),
        size_of::<crate::Flow>()
    );
}

#[test]
fn of_flows_that_are_all_answered_those_in_use_stay() {
    let mut ear = Ear::new(Config { flows_max: 100, ..Config::default() });
    for port in 1..=20 {
        converse(&mut ear, port, 0, 1);
    }
    for round in 1..=20_u32 {
        let time = 100 * i64::from(round);
        for port in 1..=20_u16 {
            let master = Side { port, ..MASTER };
            ear.hear(time, &segment(master, OUTSTATION, 1004 + round, 5006, b"p"));
        }
        for port in 0..40 {
            converse(&mut ear, 1000 + 40 * round as u16 + port, time, 1);
        }
    }
    ear.told();
    for port in 1..=20 {
        ear.hear(3000, &segment(Side { port, ..MASTER }, OUTSTATION, 1025, 5006, b"still"));
    }
    assert_eq!(ear.told(), ["> still"; 20]);
}
