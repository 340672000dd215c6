//! Conversations as the wire would tell them.

mod accounts;
mod any_events;
mod captures;
mod directions;
mod dnp3;
mod first_words;
mod forgotten;
mod held;
mod pairing;
mod recognition;
mod records;
mod roles;
mod second_copy;
mod second_look;

use core::net::{IpAddr, Ipv4Addr};

use gridtap_model::{
    Dialogue, Direction, Effect, Endpoint, FaultKind, LinkEvent, Message, Observation, Outcome,
    Phase, Protocol, Table, Timestamp, Transport, What,
};
use gridtap_wire::{Closing, Event, Flow, FlowId, Heard};

use crate::{Config, Dissector, Output};

pub(crate) const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 7));
pub(crate) const SERVER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 21));

/// Octets from text: `03 006B 0003`.
pub(crate) fn octets(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}

/// A Modbus/TCP frame.
pub(crate) fn adu(transaction: u16, unit: u8, pdu: &str) -> Vec<u8> {
    let pdu = octets(pdu);
    let mut frame = transaction.to_be_bytes().to_vec();
    frame.extend([0, 0]);
    frame.extend(u16::try_from(pdu.len() + 1).unwrap().to_be_bytes());
    frame.push(unit);
    frame.extend(pdu);
    frame
}

/// An RTU frame.
pub(crate) fn rtu(unit: u8, pdu: &str) -> Vec<u8> {
    let mut frame = vec![unit];
    frame.extend(octets(pdu));
    frame.extend(gridtap_modbus::crc16(&frame).to_le_bytes());
    frame
}

/// What was said, in a line each: enough to compare, short enough to read.
pub(crate) fn line(observation: &Observation<'_>) -> String {
    match observation.what {
        What::Link(event) => format!("{} {event:?}", observation.protocol),
        What::Message(message) => message_line(&message),
        What::Network(event) => format!("{event:?}"),
    }
}

fn message_line(message: &Message<'_>) -> String {
    let mut line =
        format!("{:?} {} {:?}", message.phase, message.function.name, message.device.sub);
    for run in message.runs {
        let arrow = if run.written { "<-" } else { "->" };
        line += &format!(" {}{arrow}{}+{}", run.table.name, run.first, run.count);
        let values: Vec<_> = run.points().filter_map(|p| p.value).map(|v| v.to_string()).collect();
        if !values.is_empty() {
            line += &format!("={}", values.join(","));
        }
    }
    if let Outcome::Refused { reason, code } = message.outcome {
        line += &format!(" refused {code} {reason}");
    }
    if let Some(frame) = message.request_frame {
        line += &format!(" of {frame}");
    }
    for fault in message.faults.iter() {
        line += &format!(" !{}({},{})", fault.kind.name(), fault.found, fault.expected);
    }
    line
}

/// The file of a message, how it was opened, its blocks and octets so far, and its whole size.
fn file_line(message: &Message<'_>) -> Option<String> {
    let file = message.file?;
    let name = file.name.map_or("?".into(), String::from_utf8_lossy);
    let what = if message.phase == Phase::Response { "response" } else { message.function.name };
    let mut line = format!("{what} {name} {:?} {}/{}", file.mode, file.blocks, file.octets_moved);
    if let Some(octets) = file.octets {
        line += &format!(" of {octets}");
    }
    Some(line)
}

/// A dissector, the flows it hears, and all it said.
pub(crate) struct Talk {
    pub(crate) dissector: Dissector,
    pub(crate) flow: Flow,
    pub(crate) frame: u64,
    pub(crate) time: Timestamp,
    pub(crate) lines: Vec<String>,
    pub(crate) records: Vec<String>,
    pub(crate) faults: Vec<FaultKind>,
    pub(crate) links: Vec<(Protocol, LinkEvent)>,
    pub(crate) phases: Vec<Phase>,
    pub(crate) dialogues: Vec<Dialogue>,
    pub(crate) files: Vec<String>,
    /// What requests about files do, and as which point they name them.
    pub(crate) file_requests: Vec<(Effect, Option<(Table, u32)>)>,
    pub(crate) unclean: usize,
    pub(crate) ends: Vec<(Endpoint, Endpoint)>,
    pub(crate) times: Vec<Timestamp>,
}

impl Talk {
    pub(crate) fn new(transport: Transport, ports: (u16, u16), handshake: bool) -> Self {
        Self::with(Config::default(), transport, ports, handshake)
    }

    pub(crate) fn with(
        config: Config,
        transport: Transport,
        ports: (u16, u16),
        handshake: bool,
    ) -> Self {
        let flow = Flow {
            id: FlowId { slot: 0, generation: 0 },
            transport,
            first: Endpoint::new(CLIENT, ports.0),
            second: Endpoint::new(SERVER, ports.1),
            capture: 0,
            vlan: None,
            handshake,
            packets: if handshake { [2, 1] } else { [0, 0] },
            octets: [0, 0],
            unheard: [0, 0],
        };
        Self {
            dissector: Dissector::with_records(config),
            flow,
            frame: 0,
            time: Timestamp::from_parts(1_000, 0),
            lines: Vec::new(),
            records: Vec::new(),
            faults: Vec::new(),
            links: Vec::new(),
            phases: Vec::new(),
            dialogues: Vec::new(),
            files: Vec::new(),
            file_requests: Vec::new(),
            unclean: 0,
            ends: Vec::new(),
            times: Vec::new(),
        }
    }

    /// A TCP conversation with port 502 from its beginning.
    pub(crate) fn tcp() -> Self {
        Self::new(Transport::Tcp, (49_152, 502), true)
    }

    pub(crate) fn event(&mut self, event: Event<'_>) -> &mut Self {
        let Self { dissector, flow, frame, time, lines, records, faults, links, phases, .. } = self;
        let (unclean, ends, times) = (&mut self.unclean, &mut self.ends, &mut self.times);
        let (dialogues, files) = (&mut self.dialogues, &mut self.files);
        let file_requests = &mut self.file_requests;
        let heard = Heard { time: *time, capture: 0, frame: *frame, flow, event };
        dissector.heard(&heard, &mut |output| match output {
            Output::Observation(observation) => {
                lines.push(line(observation));
                ends.push((observation.source, observation.destination));
                times.push(observation.time);
                match observation.what {
                    What::Link(LinkEvent::Begun) | What::Network(_) => {}
                    What::Link(event) => links.push((observation.protocol, event)),
                    What::Message(message) => {
                        phases.push(message.phase);
                        dialogues.push(message.dialogue);
                        files.extend(file_line(&message));
                        if message.file.is_some() && message.phase == Phase::Request {
                            let run = message.runs.first().map(|run| (run.table, run.first));
                            file_requests.push((message.effect, run));
                        }
                        faults.extend(message.faults.iter().map(|fault| fault.kind));
                        *unclean += usize::from(!message.hearing.is_clean());
                    }
                }
            }
            Output::Record(record) => records.push(serde_json::to_string(record).unwrap()),
        });
        self
    }

    fn bytes(&mut self, direction: Direction, bytes: &[u8]) -> &mut Self {
        let at = usize::from(direction == Direction::Backward);
        self.frame += 1;
        self.time = self.time.plus_ns(1_000_000);
        self.flow.packets[at] += 1;
        self.flow.octets[at] += u64::try_from(bytes.len()).unwrap();
        self.event(Event::Bytes { direction, bytes })
    }

    /// The first side says something, a millisecond later.
    pub(crate) fn ask(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes(Direction::Forward, bytes)
    }

    /// The second side says something, a millisecond later.
    pub(crate) fn answer(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes(Direction::Backward, bytes)
    }

    pub(crate) fn later(&mut self, milliseconds: u64) -> &mut Self {
        self.time = self.time.plus_ns(milliseconds * 1_000_000);
        self
    }

    /// The lines said since the last call.
    pub(crate) fn said(&mut self) -> Vec<String> {
        core::mem::take(&mut self.lines)
    }

    pub(crate) fn close(&mut self, closing: Closing) -> &mut Self {
        self.event(Event::Closed(closing))
    }
}
