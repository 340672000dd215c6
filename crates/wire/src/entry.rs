//! One open flow: what is told of it, and when something is due in it.

use gridtap_model::{Direction, Endpoint, Span, Timestamp, Transport};

use crate::config::Config;
use crate::copies::Recent;
use crate::counters::Counters;
use crate::event::{Closing, Event, Flow, Heard};
use crate::stream::Stream;
use crate::waiting::{At, Piece};

/// Where events go.
pub(crate) type Sink<'s> = dyn FnMut(&Heard<'_>) + 's;

/// What a flow is handled with.
pub(crate) struct Context<'c> {
    pub(crate) config: &'c Config,
    pub(crate) counters: &'c mut Counters,
    /// What this flow may hold of octets that wait.
    pub(crate) bytes_max: usize,
}

/// How much a flow has proved itself; the lowest gives way first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    /// One side spoke, and little.
    Unanswered,
    /// Both sides spoke, or one at length.
    Answered,
    /// It has carried data for a while.
    Established,
}

/// Packets of a flow of which one side alone is heard, that make it more than a probe.
const SPOKEN_AT_LENGTH: u64 = 8;
/// How old a flow is that gives way last.
const ESTABLISHED_AGE: Span = Span::from_secs(30);
/// Packets without which it is not established at any age.
const ESTABLISHED_PACKETS: u64 = 16;
/// Silence after which what was remembered for comparison is released.
const HISTORY_IDLE: Span = Span::from_secs(10);

/// What was heard that only a new connection on the same endpoints explains, if anything confirms it.
#[derive(Debug, Default)]
pub(crate) struct Doubt {
    /// The side that sent a SYN in an established connection (or was answered by SYN-ACK), and its sequence number.
    pub(crate) handshake: Option<(Direction, u32)>,
    /// Data far from where its direction stood.
    pub(crate) stray: Option<(Direction, Piece)>,
}

/// An open flow.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) flow: Flow,
    pub(crate) streams: [Stream; 2],
    pub(crate) opened: Timestamp,
    /// Its last packet.
    pub(crate) last: At,
    /// When it is looked at next at the latest, by the table of timers.
    pub(crate) timer: Timestamp,
    pub(crate) closing: Option<(Closing, Direction)>,
    pub(crate) closing_at: Timestamp,
    pub(crate) rank: Rank,
    pub(crate) doubt: Option<Box<Doubt>>,
    /// What may come again from another place on the way.
    pub(crate) recent: Option<Box<Recent>>,
}

impl Entry {
    pub(crate) fn new(flow: Flow, at: At) -> Self {
        Self {
            flow,
            streams: [Stream::default(), Stream::default()],
            opened: at.time,
            last: at,
            timer: Timestamp::MAX,
            closing: None,
            closing_at: at.time,
            rank: Rank::Unanswered,
            doubt: None,
            recent: None,
        }
    }

    /// Which way a packet between its endpoints goes.
    pub(crate) fn direction(&self, source: Endpoint) -> Direction {
        if source == self.flow.first { Direction::Forward } else { Direction::Backward }
    }

    pub(crate) const fn stream(&self, direction: Direction) -> &Stream {
        match direction {
            Direction::Forward => &self.streams[0],
            Direction::Backward => &self.streams[1],
        }
    }

    pub(crate) const fn stream_mut(&mut self, direction: Direction) -> &mut Stream {
        match direction {
            Direction::Forward => &mut self.streams[0],
            Direction::Backward => &mut self.streams[1],
        }
    }

    /// Counts a packet.
    pub(crate) fn count_packet(&mut self, direction: Direction, at: At) {
        let packets = side(&mut self.flow.packets, direction);
        *packets = packets.saturating_add(1);
        self.last = At { time: at.time.max(self.last.time), ..at };
    }

    pub(crate) fn tell(&self, at: At, event: Event<'_>, sink: &mut Sink<'_>) {
        let At { time, frame, capture } = at;
        sink(&Heard { time, capture, frame, flow: &self.flow, event });
    }

    /// Octets that wait in it.
    pub(crate) fn cost(&self) -> usize {
        let [forward, backward] = &self.streams;
        let stray = self.doubt.as_ref().and_then(|doubt| doubt.stray.as_ref());
        let stray = stray.map_or(0, |(_, piece)| piece.cost());
        forward.cost().saturating_add(backward.cost()).saturating_add(stray)
    }

    /// Whether it is worth a look if its rank has risen: at its first packets, then at every eighth.
    pub(crate) fn may_be_promoted(&self, direction: Direction) -> bool {
        let packets = match direction {
            Direction::Forward => self.flow.packets[0],
            Direction::Backward => self.flow.packets[1],
        };
        self.rank != Rank::Established && (packets < 4 || packets & 7 == 0)
    }

    /// The rank it deserves by now.
    pub(crate) fn deserved_rank(&self) -> Rank {
        let [forward, backward] = self.flow.packets;
        let packets = forward.saturating_add(backward);
        let answered = forward > 0 && backward > 0;
        let spoken = self.flow.octets != [0, 0];
        if !answered && (packets < SPOKEN_AT_LENGTH || !spoken) {
            Rank::Unanswered
        } else if spoken
            && packets >= ESTABLISHED_PACKETS
            && self.last.time.since_ns(self.opened) >= ESTABLISHED_AGE.nanos()
        {
            Rank::Established
        } else {
            Rank::Answered
        }
    }

    /// Whether a TCP connection came about, as far as can be told.
    pub(crate) fn is_in_progress(&self) -> bool {
        self.closing.is_none() && (self.rank > Rank::Unanswered || self.flow.octets != [0, 0])
    }

    /// When silence ends it.
    pub(crate) fn idle_deadline(&self, config: &Config) -> Timestamp {
        let patience = match self.flow.transport {
            Transport::Udp => config.udp_idle,
            Transport::Tcp if self.closing.is_some() => {
                return self.closing_at.plus_ns(config.closing_linger.nanos());
            }
            Transport::Tcp if self.is_in_progress() => config.tcp_idle,
            Transport::Tcp => config.half_open_idle,
        };
        self.last.time.plus_ns(patience.nanos())
    }

    /// When something is due in it.
    pub(crate) fn deadline(&self, config: &Config) -> Timestamp {
        let mut due = self.idle_deadline(config);
        if self.streams.iter().any(|stream| !stream.history.is_released()) {
            due = due.min(self.last.time.plus_ns(HISTORY_IDLE.nanos()));
        }
        for waiting in self.streams.iter().filter_map(|stream| stream.waiting.as_ref()) {
            due = due.min(waiting.deadline);
        }
        due
    }

    /// After a while of silence, releases what was remembered for comparison; keeps old numbers comparable.
    pub(crate) fn rest(&mut self, now: Timestamp) {
        let silent = now.since_ns(self.last.time) >= HISTORY_IDLE.nanos();
        for stream in &mut self.streams {
            stream.refresh();
            if silent {
                stream.history.release();
            }
        }
    }

    /// The reason for which it ends when it is due, and the moment.
    pub(crate) fn ended(&self, config: &Config, now: Timestamp) -> Option<(Closing, Timestamp)> {
        let due = self.idle_deadline(config);
        (due <= now).then(|| (self.closing.map_or(Closing::Idle, |(reason, _)| reason), due))
    }
}

/// The count of a direction.
pub(crate) const fn side(counts: &mut [u64; 2], direction: Direction) -> &mut u64 {
    match direction {
        Direction::Forward => &mut counts[0],
        Direction::Backward => &mut counts[1],
    }
}
