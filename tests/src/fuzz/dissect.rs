//! Any conversations, in any pieces, through the dissector.

use core::net::{IpAddr, Ipv4Addr};

use gridtap_dissect::{Config, Counters, Dissector, Output};
use gridtap_model::{Direction, Endpoint, Protocol, Timestamp, Transport, What};
use gridtap_wire::{Closing, Event, Flow, FlowId, Heard};

use super::dnp3::{FRAGMENTS, framed};
use super::script::Script;
use super::seeds::{PDUS, mbap};

const BEGIN_NS: i64 = 1_700_000_000_000_000_000;

/// Ports of ours, of TLS over ours, and of something else.
const PORTS: [u16; 4] = [502, 802, 20_000, 443];

/// What happens to a conversation.
#[derive(Debug, Clone)]
enum Step {
    Open(Flow),
    Bytes(Direction, Vec<u8>),
    Gap(Direction, u64),
    Odd(Direction, u8),
    Close,
    Tick,
}

/// A step, of which of the conversations, and how long after the one before it.
#[derive(Debug, Clone)]
struct Move {
    conversation: usize,
    wait_ns: i64,
    step: Step,
}

fn endpoint(host: u8, port: u16) -> Endpoint {
    Endpoint { address: IpAddr::V4(Ipv4Addr::new(10, 0, 0, host)), port }
}

/// A conversation as its first octet says.
fn flow(number: usize, octet: u8) -> Flow {
    let slot = u32::try_from(number % 3).unwrap_or(0);
    let host = u8::try_from(number % 100).unwrap_or(0);
    let port = PORTS.into_iter().nth(usize::from(octet & 3)).unwrap_or(502);
    let (client, server) = (endpoint(host, 40_000), endpoint(200, port));
    let turned = octet & 8 != 0;
    let (first, second) = if turned { (server, client) } else { (client, server) };
    Flow {
        id: FlowId { slot, generation: u32::try_from(number / 3).unwrap_or(0) },
        transport: if octet & 4 == 0 { Transport::Tcp } else { Transport::Udp },
        first,
        second,
        capture: 0,
        vlan: (octet & 0x10 != 0).then_some(7),
        handshake: octet & 0x20 == 0 && !turned,
        packets: [0; 2],
        octets: [0; 2],
        unheard: [0; 2],
    }
}

/// An input as conversations, three at most of them open at a time. Where the messages are whole, in frames of one
/// protocol, whatever they say is in frames of the right length, and nothing is lost.
fn moves(input: &[u8], conversations_max: usize, whole: Option<Protocol>) -> Vec<Move> {
    let mut script = Script::new(input);
    let mut open = [None; 3];
    let mut opened = 0_usize;
    let mut moves = Vec::new();
    while !script.is_empty() {
        let kind = script.u8();
        let slot = usize::from(kind & 3) % conversations_max.clamp(1, 3);
        let Some(number) = open.get_mut(slot) else { break };
        let wait_ns = if kind & 0x40 == 0 { 0 } else { 1_i64 << (script.u8() % 37) };
        let mut push = |conversation, step| moves.push(Move { conversation, wait_ns, step });
        let conversation = match *number {
            Some(conversation) => conversation,
            None => {
                if opened >= conversations_max {
                    continue;
                }
                let conversation = opened / 3 * 3 + slot;
                opened = opened.saturating_add(1);
                *number = Some(conversation);
                push(conversation, Step::Open(flow(conversation, script.u8())));
                conversation
            }
        };
        let direction = if kind & 4 == 0 { Direction::Forward } else { Direction::Backward };
        match kind >> 3 & 7 {
            0..=2 => {
                let length = usize::from(script.u8());
                let bytes = script.take(length);
                let bytes = match whole {
                    Some(_) if bytes.is_empty() => Vec::new(),
                    Some(Protocol::Dnp3) => framed(bytes.get(..240).unwrap_or(bytes)),
                    Some(_) => mbap(bytes),
                    None => bytes.to_vec(),
                };
                if !bytes.is_empty() {
                    push(conversation, Step::Bytes(direction, bytes));
                }
            }
            3 | 4 => {
                let adu = adu(&mut script, whole);
                let cut = if kind & 0x80 == 0 { adu.len() } else { usize::from(script.u8()) };
                let (head, tail) = adu.split_at(cut.min(adu.len()));
                for piece in [head, tail].into_iter().filter(|piece| !piece.is_empty()) {
                    push(conversation, Step::Bytes(direction, piece.to_vec()));
                }
            }
            5 if whole.is_some() => {}
            5 => push(conversation, Step::Gap(direction, u64::from(script.u8()).saturating_add(1))),
            6 if kind & 0x80 != 0 => {
                push(conversation, Step::Close);
                *number = None;
            }
            6 => push(conversation, Step::Tick),
            _ => push(conversation, Step::Odd(direction, script.u8())),
        }
    }
    moves
}

/// A unit of Modbus or a frame of DNP3, most of them right.
fn adu(script: &mut Script<'_>, whole: Option<Protocol>) -> Vec<u8> {
    let (choice, transaction, damage) = (script.u8(), script.u8(), script.u8());
    match whole {
        Some(Protocol::Dnp3) => return link_frame(script, choice, transaction, 0),
        None if choice & 0x80 != 0 => {
            return link_frame(script, choice & 0x7f, transaction, damage);
        }
        _ => {}
    }
    let pdu = PDUS.into_iter().cycle().nth(usize::from(choice)).map_or(&b""[..], |(_, pdu)| pdu);
    let mut adu = mbap(pdu);
    if let Some(low) = adu.get_mut(1) {
        *low = transaction;
    }
    if damage & 0x80 != 0 && whole.is_none() {
        let place = usize::from(damage & 0x7f) % adu.len().max(1);
        if let Some(octet) = adu.get_mut(place) {
            *octet = script.u8();
        }
    }
    adu
}

/// A frame of DNP3 with a sequence number, most of them right.
fn link_frame(script: &mut Script<'_>, choice: u8, sequence: u8, damage: u8) -> Vec<u8> {
    let fragment = FRAGMENTS.into_iter().cycle().nth(usize::from(choice));
    let mut fragment = fragment.map_or(Vec::new(), |(_, fragment)| fragment.to_vec());
    if let Some(control) = fragment.first_mut() {
        *control = *control & 0xF0 | sequence & 0x0F;
    }
    let mut frame = framed(&fragment);
    if damage & 0x80 != 0 {
        let place = usize::from(damage & 0x7f) % frame.len().max(1);
        if let Some(octet) = frame.get_mut(place) {
            *octet = script.u8();
        }
    }
    frame
}

/// What came of a number of moves.
#[derive(Debug, PartialEq, Eq)]
struct Came {
    /// Every message as text, without the place it was heard at.
    messages: Vec<String>,
    counters: Counters,
    /// Octets that were given, those of gaps among them.
    given: u64,
}

/// Plays moves to a dissector.
struct Play {
    dissector: Dissector,
    flows: Vec<(usize, Flow)>,
    messages: Vec<String>,
    time: i64,
    frame: u64,
    given: u64,
}

impl Play {
    fn new() -> Self {
        let config = Config { pending_max: 4, tasting_bytes_max: 600, ..Config::default() };
        Self {
            dissector: Dissector::with_records(config),
            flows: Vec::new(),
            messages: Vec::new(),
            time: BEGIN_NS,
            frame: 0,
            given: 0,
        }
    }

    /// All moves in one frame and one moment where `still`.
    fn moves(mut self, moves: &[Move], still: bool) -> Came {
        for one in moves {
            if !still {
                self.time = self.time.saturating_add(one.wait_ns);
                self.frame = self.frame.saturating_add(1);
            }
            self.step(one);
        }
        let Self { mut dissector, mut messages, given, .. } = self;
        dissector.finish(&mut |output| said(&output, &mut messages));
        Came { messages, counters: *dissector.counters(), given }
    }

    fn step(&mut self, one: &Move) {
        if let Step::Open(flow) = one.step {
            self.flows.retain(|(_, open)| open.id.slot != flow.id.slot);
            self.flows.push((one.conversation, flow));
        }
        let Self { dissector, flows, messages, time, frame, given } = self;
        let time = Timestamp::from_nanos(*time);
        let mut sink = |output: Output<'_>| said(&output, messages);
        let open = flows.iter_mut().find(|(conversation, _)| *conversation == one.conversation);
        let Some((_, flow)) = open else { return };
        let event = match &one.step {
            Step::Tick => return dissector.tick(time, &mut sink),
            Step::Open(_) => Event::Opened,
            Step::Bytes(direction, bytes) => {
                let (direction, count) = (*direction, octets(bytes));
                *given = given.saturating_add(count);
                let way = usize::from(direction == Direction::Backward);
                for (index, total) in flow.octets.iter_mut().enumerate() {
                    *total = total.saturating_add(if index == way { count } else { 0 });
                }
                // As many as octets, so that no number depends on the pieces.
                flow.packets = flow.octets;
                Event::Bytes { direction, bytes }
            }
            Step::Gap(direction, bytes) => {
                *given = given.saturating_add(*bytes);
                Event::Gap { direction: *direction, bytes: *bytes }
            }
            Step::Odd(direction, choice) => odd(*direction, *choice),
            Step::Close => Event::Closed(Closing::Finished),
        };
        let heard = Heard { time, capture: 0, frame: *frame, flow, event };
        dissector.heard(&heard, &mut sink);
    }
}

fn octets(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// A write of a register, as a segment that says something else than the one before it.
const WRITE: [u8; 12] = [0, 7, 0, 0, 0, 6, 1, 6, 0, 1, 0, 9];

fn odd(direction: Direction, choice: u8) -> Event<'static> {
    match choice % 4 {
        0 => {
            let (before, behind) = (usize::from(choice & 8), usize::from(choice >> 5 & 3));
            Event::OtherCopy { direction, octets: &WRITE, before, behind }
        }
        1 => Event::ChecksumsOffloaded { direction },
        2 => Event::ChecksumWrong { direction },
        _ => Event::AddressInvalid,
    }
}

/// Looks at everything that is said, and keeps the messages.
fn said(output: &Output<'_>, messages: &mut Vec<String>) {
    match output {
        Output::Observation(observation) => {
            let text = format!("{observation:?}");
            if let What::Message(_) = observation.what {
                let place = format!("{:?}", observation.place);
                messages.push(text.replacen(&place, "here", 1));
            }
        }
        Output::Record(record) => {
            let line = serde_json::to_string(record);
            let read = line.as_deref().map(serde_json::from_str::<serde_json::Value>);
            assert!(matches!(read, Ok(Ok(_))), "a record is one line of JSON: {line:?}");
            assert!(!line.is_ok_and(|line| line.contains('\n')), "and only one");
        }
    }
}

/// Every octet of a recognised conversation is decoded, skipped, missing or encrypted, and none twice.
pub(super) fn any_conversations(input: &[u8]) {
    let moves = moves(input, 3, None);
    let came = Play::new().moves(&moves, false);
    let Came { counters, given, .. } = &came;
    let bytes = counters.bytes;
    let accounted = [bytes.decoded, bytes.skipped, bytes.missing, bytes.encrypted]
        .into_iter()
        .fold(0_u64, u64::saturating_add);
    assert!(accounted <= *given, "{accounted} octets accounted for of {given}");
    let known = counters.recognised.saturating_add(counters.encrypted);
    if known >= counters.conversations {
        assert_eq!(accounted, *given, "every octet of recognised conversations");
    }
    assert_eq!(came, Play::new().moves(&moves, false), "the same again");
}

/// In which pieces the messages of a stream come does not change what is heard.
///
/// After a loss or garbage that holds no longer to the letter: there the dissector decides on what has come by then.
pub(super) fn any_pieces(input: &[u8]) {
    for protocol in [Protocol::Modbus, Protocol::Dnp3] {
        any_pieces_of(protocol, input);
    }
}

fn any_pieces_of(protocol: Protocol, input: &[u8]) {
    let mut pieces = moves(input, 1, Some(protocol));
    pieces.retain(|one| !matches!(one.step, Step::Tick));
    for one in &mut pieces {
        // A datagram is a message, its edges mean something; and on a strange port the first piece of a
        // session in progress tells whether more is looked at.
        if let Step::Open(flow) = &mut one.step {
            flow.transport = Transport::Tcp;
            flow.handshake = true;
            let port = if protocol == Protocol::Dnp3 { 20_000 } else { 502 };
            (flow.first.port, flow.second.port) = (40_000, port);
        }
    }
    let mut joined: Vec<Move> = Vec::new();
    for one in &pieces {
        if let (Some(Move { step: Step::Bytes(to, before), .. }), Step::Bytes(direction, bytes)) =
            (joined.last_mut(), &one.step)
            && to == direction
        {
            before.extend(bytes);
            continue;
        }
        joined.push(one.clone());
    }
    let (apart, together) = (Play::new().moves(&pieces, true), Play::new().moves(&joined, true));
    assert_eq!(apart.messages, together.messages, "in pieces and in one");
    assert_eq!(apart.counters.bytes, together.counters.bytes, "in pieces and in one");
}
