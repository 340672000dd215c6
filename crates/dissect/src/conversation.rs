//! One conversation from its first packet to its end, whatever it speaks.

mod giving_way;
mod identify;
mod second_copy;
mod second_look;
mod speech;

use gridtap_model::{
    Conversation as Number, Direction, Endpoint, LinkEvent, Protocol, Timestamp, Transport,
};
use gridtap_wire::{Closing, Event, Flow, FlowId, Heard};

use self::speech::Speech;
use crate::host_pair::PairId;
use crate::modbus::{Framing, is_ours};
use crate::record::{Problem, Reason};
use crate::sides::{side, side_mut};
use crate::stage::{Speakers, Stage};
use crate::taste::Forgotten;

/// A conversation.
#[derive(Debug)]
pub(crate) struct Conversation {
    flow: FlowId,
    speakers: Speakers,
    speech: Speech,
    /// What it was said to be.
    announced: Option<Protocol>,
    pair: Option<PairId>,
    /// The other side's packets, and its bytes that were acknowledged unheard, when each direction last spoke.
    replies: [u64; 2],
    unheard: [u64; 2],
    /// When it was heard first.
    since: Timestamp,
}

impl Conversation {
    pub(crate) fn new(flow: &Flow, stage: &mut Stage<'_>) -> Self {
        let mut speakers = Speakers {
            conversation: number(stage.capture, stage.frame),
            zone: gridtap_model::Zone(0),
            transport: flow.transport,
            first: flow.first,
            second: flow.second,
            handshake: flow.handshake,
            at_home: [false; 2],
            rtu: false,
            silent: [false; 2],
        };
        let ends = [flow.first, flow.second];
        let (group, servers) = (speakers.group(), &stage.shared.servers);
        let known = ends.map(|end| servers.framing(group, flow.transport, end));
        let [first, second] = known.map(|framing| framing.is_some());
        speakers.at_home = [is_ours(flow.first) || first, is_ours(flow.second) || second];
        speakers.rtu = known.contains(&Some(Framing::Rtu));
        let [_, server] = presumed_roles(&speakers);
        speakers.zone = stage.shared.zones.of(flow, server.address);
        let count = &mut stage.shared.counters.conversations;
        *count = count.saturating_add(1);
        Self {
            flow: flow.id,
            speakers,
            speech: Speech::Tasting(Box::default()),
            announced: None,
            pair: None,
            replies: [0; 2],
            unheard: [0; 2],
            since: stage.time,
        }
    }

    pub(crate) const fn flow(&self) -> FlowId {
        self.flow
    }

    pub(crate) const fn number(&self) -> Number {
        self.speakers.conversation
    }

    pub(crate) fn hear(&mut self, stage: &mut Stage<'_>, heard: &Heard<'_>) {
        self.speakers.handshake = heard.flow.handshake;
        self.speakers.silent =
            heard.flow.packets.map(|packets| packets == 0 && heard.flow.handshake);
        match heard.event {
            Event::Opened => self.begin(stage),
            Event::Bytes { direction, bytes } => {
                self.bytes(stage, heard.flow, direction, bytes);
                self.watch_directions(stage, heard.flow, direction);
            }
            Event::Gap { direction, bytes } => self.gap(stage, direction, bytes),
            Event::Ahead { direction, bytes } => match &mut self.speech {
                Speech::Dnp3(session) => session.ahead(stage, &self.speakers, direction, bytes),
                _ => self.gap(stage, direction, bytes),
            },
            Event::Returned { direction } => {
                if let Speech::Dnp3(session) = &mut self.speech {
                    session.returned(stage, &self.speakers, direction);
                }
            }
            Event::OverlapDiffers { direction, bytes } => {
                self.oddity(stage, direction, LinkEvent::OverlapDiffers { bytes });
            }
            Event::OtherCopy { direction, octets, before, behind } => {
                let end = octets.len().saturating_sub(behind);
                self.other_copy(stage, direction, octets, before..end);
            }
            Event::ChecksumsOffloaded { direction } => {
                self.oddity(stage, direction, LinkEvent::ChecksumsOffloaded);
            }
            Event::ChecksumWrong { direction } => {
                self.oddity(stage, direction, LinkEvent::ChecksumWrong);
            }
            Event::ResetMisplaced { direction } => {
                self.oddity(stage, direction, LinkEvent::ResetMisplaced);
            }
            Event::AddressInvalid => {
                self.oddity(stage, Direction::Forward, LinkEvent::AddressInvalid);
            }
            Event::Closed(closing) => self.close(stage, heard.flow, closing),
        }
    }

    /// Says that there is one, before it is known what it speaks. Of TCP that needs its SYN: else nobody knows who began.
    fn begin(&self, stage: &mut Stage<'_>) {
        let Speakers { transport, first, second, handshake, .. } = self.speakers;
        if handshake || transport == Transport::Udp {
            stage.link(&self.speakers, Protocol::Unknown, [first, second], LinkEvent::Begun);
        }
    }

    pub(crate) fn protocol(&self) -> Protocol {
        match self.speech {
            Speech::Modbus(_) => Protocol::Modbus,
            Speech::Dnp3(_) => Protocol::Dnp3,
            Speech::Tls(_) => Protocol::Tls,
            Speech::Tasting(_) | Speech::Foreign(_) => Protocol::Unknown,
        }
    }

    /// Something about one direction: its source is the sender.
    fn oddity(&self, stage: &mut Stage<'_>, direction: Direction, event: LinkEvent) {
        let ends = match direction {
            Direction::Forward => [self.speakers.first, self.speakers.second],
            Direction::Backward => [self.speakers.second, self.speakers.first],
        };
        stage.link(&self.speakers, self.protocol(), ends, event);
    }

    fn roles(&self) -> [Endpoint; 2] {
        match &self.speech {
            Speech::Modbus(session) => session.roles(&self.speakers),
            Speech::Dnp3(session) => session.roles(&self.speakers),
            _ => presumed_roles(&self.speakers),
        }
    }

    fn bytes(&mut self, stage: &mut Stage<'_>, flow: &Flow, direction: Direction, bytes: &[u8]) {
        match &mut self.speech {
            Speech::Foreign(_) => self.look_again(stage, flow, direction, bytes),
            Speech::Modbus(_) | Speech::Dnp3(_) => {
                // What this side acknowledges and the capture does not hold was said all the same.
                if side(&flow.unheard, direction.reversed()) > side(&self.unheard, direction) {
                    self.speech.unheard(stage, direction);
                }
                self.speech.hear(stage, &self.speakers, direction, bytes);
                self.note_server(stage);
            }
            Speech::Tls(octets) => encrypted(stage, &self.speakers, octets, bytes.len()),
            Speech::Tasting(_) => self.taste(stage, flow, direction, bytes),
        }
    }

    /// Remembers where Modbus was answered, where the port does not say so, or says another framing.
    fn note_server(&mut self, stage: &mut Stage<'_>) {
        let Speech::Modbus(session) = &self.speech else { return };
        let rtu = session.framing == Framing::Rtu;
        let known = self.speakers.ours() && (!rtu || self.speakers.rtu);
        if !session.exchange.paired || known {
            return;
        }
        let [_, server] = session.roles(&self.speakers);
        let ends = [self.speakers.first, self.speakers.second];
        self.speakers.at_home = ends.map(|end| end == server);
        self.speakers.rtu = rtu;
        let (group, transport) = (self.speakers.group(), self.speakers.transport);
        stage.shared.servers.note(group, transport, server, session.framing);
    }

    fn announce(&mut self, stage: &mut Stage<'_>, protocol: Protocol) {
        if self.announced == Some(protocol) {
            return;
        }
        self.announced = Some(protocol);
        let event = LinkEvent::Opened { handshake: self.speakers.handshake };
        let roles = self.roles();
        stage.link(&self.speakers, protocol, roles, event);
    }

    fn gap(&mut self, stage: &mut Stage<'_>, direction: Direction, bytes: u64) {
        match &mut self.speech {
            Speech::Modbus(session) => session.gap(stage, &self.speakers, direction, bytes),
            Speech::Dnp3(session) => session.gap(stage, &self.speakers, direction, bytes),
            Speech::Tasting(tasting) => tasting.gap(direction, bytes),
            Speech::Tls(_) => {
                let forgotten = Forgotten { heard: 0, missing: bytes };
                account_forgotten(stage, &self.speakers, forgotten);
            }
            Speech::Foreign(Some(second)) => second.gap(direction, bytes),
            Speech::Foreign(None) => {}
        }
    }

    fn find_pair(&mut self, stage: &mut Stage<'_>, flow: &Flow) {
        if self.pair.is_some() {
            return;
        }
        match stage.shared.hosts.of(self.speakers.zone, flow) {
            Ok(pair) => self.pair = pair,
            Err(_) => {
                let refused = &mut stage.shared.counters.host_pairs_refused;
                *refused = refused.saturating_add(1);
            }
        }
    }

    /// Notes which directions of this flow and its hosts are heard.
    fn watch_directions(&mut self, stage: &mut Stage<'_>, flow: &Flow, direction: Direction) {
        if self.speech.asking().is_none() {
            return;
        }
        let is_answered = self.speech.expects_reply(direction);
        let packets = *side(&flow.packets, direction.reversed());
        let unheard = *side(&flow.unheard, direction.reversed());
        let silent = packets == *side(&self.replies, direction);
        let alone = match flow.transport {
            // Nobody can send bytes before an answer to his SYN, or acknowledge what was never sent.
            Transport::Tcp => {
                (packets == 0 && flow.handshake)
                    || (silent && unheard > *side(&self.unheard, direction))
            }
            // Nobody answers what nobody asked; and a device that never says a word in all this time is as good as
            // unheard.
            Transport::Udp => packets == 0 && is_answered,
        };
        *side_mut(&mut self.replies, direction) = packets;
        *side_mut(&mut self.unheard, direction) = unheard;
        if let Some(pair) = self.pair {
            let moment = (stage.time, &stage.shared.config);
            let missing = stage.shared.hosts.heard(pair, flow, direction, alone, moment);
            self.say_missing(stage, missing);
        }
        self.refresh(stage, flow);
    }

    fn say_missing(&self, stage: &mut Stage<'_>, missing: Option<Endpoint>) {
        if let Some(missing) = missing {
            let roles = self.roles();
            let event = LinkEvent::OneDirection { missing };
            stage.link(&self.speakers, self.protocol(), roles, event);
        }
    }

    /// Tells the session what is known of its hosts.
    fn refresh(&mut self, stage: &Stage<'_>, flow: &Flow) {
        if self.pair.is_none()
            && let Some(circumstances) = self.speech.circumstances()
        {
            for asking in [Direction::Forward, Direction::Backward] {
                *side_mut(&mut circumstances.answers_heard, asking) |=
                    *side(&flow.packets, asking.reversed()) > 0;
            }
        }
        self.refresh_from_hosts(stage);
    }

    fn refresh_from_hosts(&mut self, stage: &Stage<'_>) {
        let (Some(pair), Some(circumstances)) = (self.pair, self.speech.circumstances()) else {
            return;
        };
        let hosts = &stage.shared.hosts;
        circumstances.one_direction = hosts.is_one_direction(pair);
        let answers_heard = |asking| hosts.answers_heard(pair, &self.speakers, asking);
        circumstances.answers_heard =
            [answers_heard(Direction::Forward), answers_heard(Direction::Backward)];
    }

    pub(crate) fn tick(&mut self, stage: &mut Stage<'_>) {
        self.refresh_from_hosts(stage);
        match &mut self.speech {
            Speech::Modbus(session) => session.tick(stage, &self.speakers),
            Speech::Dnp3(session) => session.tick(stage, &self.speakers),
            Speech::Tasting(_) | Speech::Tls(_) | Speech::Foreign(_) => {}
        }
    }

    fn close(&mut self, stage: &mut Stage<'_>, flow: &Flow, closing: Closing) {
        if flow.octets == [0, 0] && self.announced.is_none() {
            if flow.handshake && flow.transport == Transport::Tcp {
                let roles = self.roles();
                let attempted = LinkEvent::Attempted { failed: is_failed(flow, closing) };
                stage.link(&self.speakers, Protocol::Unknown, roles, attempted);
            }
            return;
        }
        if flow.transport == Transport::Tcp {
            self.decide_joined(stage, flow, true);
        }
        if let Some(asking) = self.speech.asking()
            && side(&flow.unheard, asking.reversed()) > side(&self.unheard, asking)
        {
            self.speech.excuse();
        }
        if self.announced.is_none() && flow.octets != [0, 0] {
            self.announce(stage, Protocol::Unknown);
        }
        self.end(stage, closing);
    }

    /// The last words, also where the input ends without a word from the wire.
    pub(crate) fn end(&mut self, stage: &mut Stage<'_>, closing: Closing) {
        self.refresh_from_hosts(stage);
        let may_come = matches!(closing, Closing::End | Closing::Evicted);
        match &mut self.speech {
            Speech::Modbus(session) => session.close(stage, &self.speakers, may_come),
            Speech::Dnp3(session) => session.close(stage, &self.speakers, may_come),
            Speech::Tls(octets) if *octets > 0 => {
                let problem =
                    Problem { reason: Reason::Encrypted, bytes: *octets, resumed_frame: None };
                let roles = presumed_roles(&self.speakers);
                stage.problem(&self.speakers, Protocol::Tls, roles, problem);
            }
            _ => {}
        }
        if may_come && let Some(pair) = self.pair {
            let missing = stage.shared.hosts.at_end(pair);
            self.say_missing(stage, missing);
        }
        if self.announced.is_some() {
            let roles = self.roles();
            stage.link(&self.speakers, self.protocol(), roles, LinkEvent::Closed);
        }
    }
}

/// Whether a connection without data did not come about: nobody answered, or as often as was asked, with a reset. Where
/// it came about, its client has acknowledged that, and said one thing more than its server.
fn is_failed(flow: &Flow, closing: Closing) -> bool {
    let [asked, answered] = flow.packets;
    answered == 0 || closing == Closing::Reset && asked <= answered
}

/// The number of the conversation that a frame begins, for it begins one at the most: the same whatever else is heard.
fn number(capture: u16, frame: u64) -> Number {
    Number(u64::from(capture) << 48 | frame & 0xFFFF_FFFF_FFFF)
}

/// Encrypted bytes count where a protocol of ours was to be expected.
fn encrypted(stage: &mut Stage<'_>, speakers: &Speakers, octets: &mut u64, more: usize) {
    if !speakers.expected() {
        return;
    }
    let more = u64::try_from(more).unwrap_or(u64::MAX);
    *octets = octets.saturating_add(more);
    let counters = &mut stage.shared.counters;
    counters.bytes.encrypted = counters.bytes.encrypted.saturating_add(more);
    let spoken = &mut counters.spoken_mut(speakers.presumed()).bytes.encrypted;
    *spoken = spoken.saturating_add(more);
}

/// What is forgotten of an encrypted conversation counts under the same condition.
fn account_forgotten(stage: &mut Stage<'_>, speakers: &Speakers, forgotten: Forgotten) {
    if !speakers.expected() {
        return;
    }
    let Forgotten { heard, missing } = forgotten;
    let counters = &mut stage.shared.counters;
    let spoken = &mut counters.spoken_mut(speakers.presumed()).bytes;
    (spoken.skipped, spoken.missing) =
        (spoken.skipped.saturating_add(heard), spoken.missing.saturating_add(missing));
    let total = &mut counters.bytes;
    (total.skipped, total.missing) =
        (total.skipped.saturating_add(heard), total.missing.saturating_add(missing));
}

/// Client and server of a conversation that has not shown who asks: by a registered port, by the SYN, by
/// the lower port.
fn presumed_roles(speakers: &Speakers) -> [Endpoint; 2] {
    let (first, second) = (speakers.first, speakers.second);
    let known = |endpoint: Endpoint| Protocol::of_port(endpoint.port) != Protocol::Unknown;
    match (known(first), known(second)) {
        (false, true) => [first, second],
        (true, false) => [second, first],
        _ if !speakers.handshake && first.port < second.port => [second, first],
        _ => [first, second],
    }
}
