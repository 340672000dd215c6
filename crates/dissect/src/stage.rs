//! Where outputs leave: what every part of the dissector has in its hands while it hears one event.

use crate::buffer::Buffers;
use crate::dnp3;
use crate::host_pair::HostPairs;
use crate::record::{Detail, Problem, Record};
use crate::servers::Servers;
use crate::sides::side;
use crate::{Config, Counters, Zones};
use gridtap_model::{
    Conversation, Direction, Endpoint, Group, LinkEvent, Observation, Place, Protocol, Timestamp,
    Transport, What, Zone,
};

/// What the dissector says.
#[derive(Debug, Clone, Copy)]
pub enum Output<'a> {
    /// Something was heard.
    Observation(&'a Observation<'a>),
    /// A line of `decode`; only where records were asked for.
    Record(&'a Record<'a>),
}

/// What all conversations share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) records: bool,
    pub(crate) observations: bool,
    pub(crate) zones: Zones,
    pub(crate) buffers: Buffers,
    /// Room for DNP3 fragments of several frames.
    pub(crate) fragments: Buffers,
    /// Room for the points of one DNP3 message.
    pub(crate) dnp3: dnp3::Scratch,
    /// What DNP3 devices said of their data sets.
    pub(crate) data_sets: dnp3::DataSets,
    pub(crate) hosts: HostPairs,
    pub(crate) servers: Servers,
    /// Which masters ask which DNP3 devices, and where.
    pub(crate) lines: dnp3::Lines,
    pub(crate) counters: Counters,
    pub(crate) digest: ahash::RandomState,
}

impl Shared {
    pub(crate) fn new(config: Config, records: bool) -> Self {
        let zones = Zones::new(&config.zones, &[]);
        let hosts = HostPairs::new(config.host_pairs_max);
        let servers = Servers::new(config.servers_max);
        let lines = dnp3::Lines::new(config.dnp3_lines_max);
        Self {
            config,
            records,
            observations: true,
            zones,
            buffers: Buffers::default(),
            fragments: Buffers::default(),
            dnp3: dnp3::Scratch::default(),
            data_sets: dnp3::DataSets::default(),
            hosts,
            servers,
            lines,
            counters: Counters::default(),
            digest: ahash::RandomState::with_seeds(0x6772, 0x6964, 0x7461, 0x7021),
        }
    }
}

/// Who speaks in a conversation, and where it belongs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Speakers {
    pub(crate) conversation: Conversation,
    pub(crate) zone: Zone,
    pub(crate) transport: Transport,
    pub(crate) first: Endpoint,
    pub(crate) second: Endpoint,
    pub(crate) handshake: bool,
    /// Modbus is at home at the first side, and at the other: by the port, or because it was answered there.
    pub(crate) at_home: [bool; 2],
    /// RTU was answered at one of them before.
    pub(crate) rtu: bool,
    /// Of the direction from the first side, and of the other: the connection was opened, and nothing was
    /// heard that way.
    pub(crate) silent: [bool; 2],
}

impl Speakers {
    /// The conversations that this one knows of at once.
    pub(crate) fn group(&self) -> Group {
        Group::of(self.first, self.second)
    }

    /// Whether Modbus is to be expected.
    pub(crate) const fn ours(&self) -> bool {
        let [first, second] = self.at_home;
        first || second
    }

    /// Whether a protocol that is decoded is to be expected.
    pub(crate) fn expected(&self) -> bool {
        self.ours() || [self.first, self.second].into_iter().any(dnp3::is_home)
    }

    /// The protocol that is to be expected.
    pub(crate) const fn presumed(&self) -> Protocol {
        if self.ours() { Protocol::Modbus } else { Protocol::Dnp3 }
    }

    /// Whether nothing was heard in a direction of an opened connection.
    pub(crate) const fn silent(&self, direction: Direction) -> bool {
        *side(&self.silent, direction)
    }
}

/// What is known of the hosts and the connection beyond the bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Circumstances {
    /// One direction of these two hosts is not heard.
    pub(crate) one_direction: bool,
    /// Of requests in one direction and in the other: answers to them have been heard between these hosts, now or
    /// before.
    pub(crate) answers_heard: [bool; 2],
}

/// Sender and receiver of a direction.
pub(crate) const fn ends(speakers: &Speakers, direction: Direction) -> [Endpoint; 2] {
    match direction {
        Direction::Forward => [speakers.first, speakers.second],
        Direction::Backward => [speakers.second, speakers.first],
    }
}

/// One moment: when and where it was heard, and the way out.
pub(crate) struct Stage<'s> {
    pub(crate) shared: &'s mut Shared,
    pub(crate) sink: &'s mut dyn FnMut(Output<'_>),
    pub(crate) time: Timestamp,
    pub(crate) capture: u16,
    pub(crate) frame: u64,
    /// The place of the last output of this conversation: those of others must not matter.
    pub(crate) last_place: Place,
    /// When the conversation wants to be looked at again.
    pub(crate) wake_at: Option<Timestamp>,
}

impl Stage<'_> {
    /// The place of the next output of this frame.
    pub(crate) fn place(&mut self) -> Place {
        let last = self.last_place;
        let position = if (last.capture, last.frame) == (self.capture, self.frame) {
            last.position.saturating_add(1)
        } else {
            0
        };
        let place = Place { capture: self.capture, frame: self.frame, position };
        self.last_place = place;
        place
    }

    pub(crate) fn observe(&mut self, observation: &Observation<'_>) {
        self.shared.counters.observations = self.shared.counters.observations.saturating_add(1);
        (self.sink)(Output::Observation(observation));
    }

    pub(crate) fn record(&mut self, record: &Record<'_>) {
        (self.sink)(Output::Record(record));
    }

    /// Says something about a conversation, from its client to its server.
    pub(crate) fn link(
        &mut self,
        speakers: &Speakers,
        protocol: Protocol,
        [client, server]: [Endpoint; 2],
        event: LinkEvent,
    ) {
        if !self.shared.observations {
            return;
        }
        let observation = Observation {
            time: self.time,
            place: self.place(),
            zone: speakers.zone,
            conversation: speakers.conversation,
            transport: speakers.transport,
            protocol,
            source: client,
            destination: server,
            what: What::Link(event),
        };
        self.observe(&observation);
    }

    /// A line for a stretch that could not be decoded.
    pub(crate) fn problem(
        &mut self,
        speakers: &Speakers,
        protocol: Protocol,
        [source, destination]: [Endpoint; 2],
        problem: Problem,
    ) {
        if !self.shared.records {
            return;
        }
        let record = Record {
            time: self.time,
            place: Place { capture: self.capture, frame: self.frame, position: 0 },
            capture: None,
            protocol,
            transport: speakers.transport,
            source,
            destination,
            detail: Detail::Problem(problem),
        };
        self.record(&record);
    }

    /// Looks at the conversation again at `time`.
    pub(crate) const fn wake(&mut self, time: Timestamp) {
        self.wake_at = Some(time);
    }
}
