//! Any events of eight conversations: a kind, a number, and octets each.

use core::net::{IpAddr, Ipv4Addr};

use gridtap_model::{Direction, Endpoint, Timestamp, Transport};
use gridtap_wire::{Closing, Event, Flow, FlowId, Heard};

use crate::{Config, Dissector, Output};

/// Hears them all; survives.
pub(crate) fn survive(events: &[(u8, u16, Vec<u8>)]) {
    let mut dissector = Dissector::with_records(Config::default());
    let mut texts = 0_usize;
    let mut sink = |output: Output<'_>| texts = texts.saturating_add(format!("{output:?}").len());
    let mut time = Timestamp::from_parts(1_000, 0);
    let mut frame = 0_u64;
    for (kind, number, octets) in events {
        frame = frame.saturating_add(1);
        let flow = flow(*number);
        let direction = match number & 8 {
            0 => Direction::Forward,
            _ => Direction::Backward,
        };
        let step = u64::from(*number).saturating_mul(1_000_000);
        // Time may step back.
        time = if kind & 64 == 0 { time.plus_ns(step) } else { time.minus_ns(step) };
        let event = match kind & 15 {
            0 => Event::Opened,
            1 => Event::Gap { direction, bytes: u64::from(*number) },
            2 => Event::OverlapDiffers { direction, bytes: 1 },
            10 => Event::OtherCopy { direction, octets, before: octets.len() / 2, behind: 0 },
            3 => Event::ChecksumWrong { direction },
            4 => Event::AddressInvalid,
            5 => Event::Closed(Closing::Finished),
            6 => Event::Closed(Closing::End),
            7 => Event::ChecksumsOffloaded { direction },
            8 => Event::Ahead { direction, bytes: u64::from(*number) },
            9 => Event::Returned { direction },
            _ => Event::Bytes { direction, bytes: octets },
        };
        dissector.heard(&Heard { time, capture: 0, frame, flow: &flow, event }, &mut sink);
        if kind & 128 != 0 {
            dissector.tick(time, &mut sink);
        }
    }
    dissector.finish(&mut sink);
}

/// One of eight conversations: on a port of ours or not, over TCP or UDP, from its beginning or not.
fn flow(number: u16) -> Flow {
    let slot = u32::from(number & 7);
    let transport = if number & 1 == 0 { Transport::Tcp } else { Transport::Udp };
    let port = if number & 2 == 0 { 502 } else { 7_777 };
    let (client, server) = (Ipv4Addr::new(10, 0, 0, 7), Ipv4Addr::new(10, 0, 0, 21));
    Flow {
        id: FlowId { slot, generation: 0 },
        transport,
        first: Endpoint::new(IpAddr::V4(client), 49_152),
        second: Endpoint::new(IpAddr::V4(server), port),
        capture: 0,
        vlan: None,
        handshake: number & 4 == 0,
        packets: [1, u64::from(number & 16)],
        octets: [1, 1],
        unheard: [0, u64::from(number & 32)],
    }
}
