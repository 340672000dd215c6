//! One body for every fuzzer: octets become frames, and what must always hold of the answer is asserted.

use std::collections::BTreeMap;

use gridtap_model::{Span, Timestamp, Transport};

use crate::{Checksums, Config, Event, FlowId, Frame, Heard, LinkType, Overlap, Wire};

/// What a fuzzer's octets stand for.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// Frames as they are: link type, time, octets cut off, length, octets.
    Frames,
    /// Segments between two hosts, made from a few octets each, so that reassembly is reached.
    Segments,
}

/// Takes any octets for a capture, hears it with narrow limits, and panics where something does not hold: the limits,
/// that events of a flow lie between `Opened` and `Closed`, and that the counts agree with what was told.
pub fn any_octets(input: &[u8]) {
    let Some((&[choices, ..], _)) = input.split_first_chunk::<1>() else { return };
    let form = if choices & 1 == 0 { Form::Frames } else { Form::Segments };
    let config = Config {
        flows_max: 8,
        reassembly_bytes_max: 4096,
        direction_bytes_max: 1024,
        direction_segments_max: 6,
        history_bytes: if choices & 2 == 0 { 64 } else { 0 },
        overlap: if choices & 4 == 0 { Overlap::First } else { Overlap::Last },
        checksums: if choices & 8 == 0 { Checksums::Ignore } else { Checksums::Verify },
        order_patience: if choices & 16 == 0 {
            Span::from_nanos(20_000_000)
        } else {
            Span::from_nanos(0)
        },
        fragment_datagrams_max: 4,
        fragment_bytes_max: 4096,
        ..Config::default()
    };
    let mut wire = Wire::new(config);
    let mut watch = Watch::default();
    let mut rest = input.get(1..).unwrap_or(&[]);
    let mut time = 0_i64;
    let mut number = 0_u64;
    while let Some((head, after)) = rest.split_first_chunk::<8>() {
        rest = after;
        // Time mostly goes on, sometimes far, sometimes back.
        let step = i64::from(head[1]).saturating_sub(16);
        time = time.saturating_add(step.saturating_mul(if head[0] & 0x80 == 0 {
            1_000_000
        } else {
            500_000_000
        }));
        number = number.saturating_add(1);
        let made;
        let (link, bytes, cut) = match form {
            Form::Frames => {
                let length = usize::from(head[2]);
                let (bytes, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
                rest = after;
                (link(head[0]), bytes, u32::from(head[3]))
            }
            Form::Segments => {
                made = segment(*head);
                (LinkType::RawIp, made.as_slice(), u32::from(head[0] & 0x40 != 0))
            }
        };
        let original_length = u32::try_from(bytes.len()).unwrap_or(0).saturating_add(cut);
        let time = Timestamp::from_nanos(time);
        let frame = Frame { time, capture: 0, number, link, bytes, original_length };
        wire.frame(&frame, &mut |heard| watch.hear(heard));
        if head[1] & 7 == 0 {
            wire.tick(time, &mut |heard| watch.hear(heard));
        }
        assert!(wire.flows() <= 8, "{} flows", wire.flows());
        // The last to come may overshoot by itself before something gives way.
        assert!(wire.waiting_bytes() <= 16_384, "{} octets wait", wire.waiting_bytes());
    }
    wire.finish(&mut |heard| watch.hear(heard));
    assert!(watch.open.is_empty(), "a flow is left open");
    assert_eq!((wire.flows(), wire.waiting_bytes()), (0, 0), "something is left");
    let counters = wire.counters();
    assert_eq!(counters.flows_opened, watch.opened, "flows are counted as told");
    assert_eq!(
        counters.tcp_octets.saturating_add(counters.udp_octets),
        watch.octets,
        "octets are counted as told"
    );
}

const fn link(choice: u8) -> LinkType {
    match choice & 7 {
        0 | 1 => LinkType::Ethernet,
        2 => LinkType::LinuxCooked1,
        3 => LinkType::LinuxCooked2,
        4 | 5 => LinkType::RawIp,
        6 => LinkType::Null,
        _ => LinkType::Other(9),
    }
}

/// A segment between two hosts from eight octets: which way, flags, a place near the start, a length.
fn segment(head: [u8; 8]) -> Vec<u8> {
    let [ways, _, flags, place, far, length, acknowledged, fill] = head;
    let (from, to) = if ways & 1 == 0 { (1, 2) } else { (2, 1) };
    let port = |host: u8| if host == 1 { 0x8000_u16 | u16::from(ways >> 1 & 3) } else { 502 };
    let base = |host: u8| if host == 1 { u32::MAX.wrapping_sub(100) } else { 7_000 };
    let leap = match far {
        0 => 1 << 31,
        1 => 1 << 29,
        2 => 3 << 20,
        _ => 0,
    };
    let payload = vec![fill; usize::from(length >> 1)];
    let mut bytes = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, from, 10, 0, 0, to];
    bytes.extend(port(from).to_be_bytes());
    bytes.extend(port(to).to_be_bytes());
    bytes.extend(base(from).wrapping_add(u32::from(place)).wrapping_add(leap).to_be_bytes());
    bytes.extend(base(to).wrapping_add(u32::from(acknowledged)).to_be_bytes());
    bytes.extend([0x50, flags, 0x10, 0, 0, fill, 0, 0]);
    bytes.extend(payload);
    bytes
}

/// What was told so far.
#[derive(Debug, Default)]
struct Watch {
    open: BTreeMap<u32, FlowId>,
    opened: u64,
    octets: u64,
}

impl Watch {
    fn hear(&mut self, heard: &Heard<'_>) {
        let id = heard.flow.id;
        match heard.event {
            Event::Opened => {
                self.opened = self.opened.saturating_add(1);
                assert_eq!(self.open.insert(id.slot, id), None, "opened twice");
            }
            Event::Closed(_) => {
                assert_eq!(self.open.remove(&id.slot), Some(id), "closed but not open")
            }
            event => {
                assert_eq!(
                    self.open.get(&id.slot),
                    Some(&id),
                    "{event:?} of a flow that is not open"
                );
                if let Event::Bytes { bytes, .. } = event {
                    assert!(
                        !bytes.is_empty() || heard.flow.transport == Transport::Udp,
                        "no octets"
                    );
                    self.octets =
                        self.octets.saturating_add(u64::try_from(bytes.len()).unwrap_or(0));
                }
            }
        }
    }
}
