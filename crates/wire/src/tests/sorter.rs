//! Frames given to several, each to whom it belongs.

use gridtap_model::Endpoint;

use super::fragments::pieces;
use super::*;
use crate::{Sorter, Way};

/// What three of them tell of frames, and what all have counted.
fn told_by_three(frames: &[Vec<u8>]) -> (Vec<String>, u64, usize) {
    let mut sorter = Sorter::new(Config::default());
    let mut wires = [(); 3].map(|()| Wire::new(Config::default()));
    let (mut told, mut used) = (Vec::new(), [false; 3]);
    for (nth, bytes) in frames.iter().enumerate() {
        let frame = Frame {
            time: Timestamp::from_nanos(0),
            capture: 0,
            number: nth as u64 + 1,
            link: LinkType::RawIp,
            bytes,
            original_length: bytes.len() as u32,
        };
        let mut hear = |heard: &Heard<'_>| told.push(line(heard));
        let whose = |group: gridtap_model::Group| {
            usize::from(group.hosts()[0] > "10.0.0.100".parse::<IpAddr>().unwrap())
        };
        match sorter.frame(&frame) {
            Way::To(group) => {
                used[whose(group)] = true;
                wires[whose(group)].frame(&frame, &mut hear);
            }
            Way::Apart => wires[2].frame(&frame, &mut hear),
            Way::Taken => {}
            Way::Whole(group, whole) => wires[whose(group)].whole(&whole, &mut hear),
        }
    }
    let mut frames = sorter.counters().frames;
    wires.iter().for_each(|wire| frames += wire.counters().frames);
    (told, frames, used.into_iter().filter(|used| *used).count())
}

/// A UDP packet from elsewhere, which another follows.
fn elsewhere() -> Made {
    let from = Side { address: "10.0.1.1", port: 9_000 };
    datagram(from, Side { address: "10.0.1.2", port: 9_001 }, b"elsewhere")
}

#[test]
fn several_tell_what_one_tells_of_fragments_and_of_what_is_carried_in_them() {
    let packets: Vec<_> = [
        ask(1000, 0, b"").flags(SYN),
        answer(5000, 1001, b"").flags(SYN | ACK),
        ask(1001, 5001, b"hello"),
        answer(5001, 1006, b"there"),
        ask(1006, 5006, b"again"),
    ]
    .iter()
    .map(Made::packet)
    .collect();
    // The third is carried by two others in a packet, the fourth too, and that comes in fragments.
    let (from, to) = ("192.0.2.1".parse().unwrap(), "192.0.2.9".parse().unwrap());
    let carried = ip(from, to, 4, [0; 4], &packets[2]);
    let parts = packets[3].chunks(24).enumerate().map(|(nth, part)| {
        let more = u16::from(nth == 0) << 13;
        let field = ((nth as u16 * 3) | more).to_be_bytes();
        ip(from, to, 4, [0, 7, field[0], field[1]], part)
    });
    let mut frames = vec![packets[0].clone(), elsewhere().packet(), packets[1].clone(), carried];
    frames.extend(parts);
    frames.extend(pieces(&ask(1006, 5006, b"again"), 8));
    frames.push(vec![0; 3]);
    let mut one = Ear::usual();
    for bytes in &frames {
        one.raw(0, LinkType::RawIp, bytes, bytes.len());
    }
    let expected = one.told();
    assert!(expected.contains(&"> again".to_owned()), "{expected:?}");
    assert!(expected.contains(&"< there".to_owned()), "{expected:?}");
    assert_eq!(told_by_three(&frames), (expected, frames.len() as u64, 2));
}

#[test]
fn a_group_is_that_of_the_ports_inside() {
    let packet = segment(MASTER, Side { port: 502, ..OUTSTATION }, 1, 1, b"x").packet();
    let carried =
        ip("192.0.2.1".parse().unwrap(), "192.0.2.9".parse().unwrap(), 4, [0; 4], &packet);
    let frame = Frame {
        time: Timestamp::from_nanos(0),
        capture: 0,
        number: 1,
        link: LinkType::RawIp,
        bytes: &carried,
        original_length: carried.len() as u32,
    };
    let server = Endpoint::new(OUTSTATION.address.parse().unwrap(), 502);
    let client = Endpoint::new(MASTER.address.parse().unwrap(), 40_000);
    let expected = gridtap_model::Group::of(client, server);
    let mut sorter = Sorter::new(Config::default());
    assert!(matches!(sorter.frame(&frame), Way::To(group) if group == expected));
}
