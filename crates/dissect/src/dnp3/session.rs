//! One DNP3 conversation: its two streams, the frames in them, and the account of its bytes.

use gridtap_dnp3::{
    Damage, Ending, FRAME_OCTETS_MAX, Found, Fragment, Frame, SkipReason, TransportHeader, frame,
};
use gridtap_model::{Direction, Endpoint, Place, Protocol, Timestamp, Transport};
use gridtap_wire::FlowId;

use super::links::Links;
use super::record::Dnp3Record;
use crate::account::{Account, Parties};
use crate::record::{Detail, Problem, Reason, Record};
use crate::stage::{Speakers, Stage, ends};

/// One direction.
#[derive(Debug, Default)]
struct Stream {
    /// The beginning of a frame whose rest has not come: less than a frame.
    carry: Vec<u8>,
    /// Since when the rest is waited for. None once that was given up.
    carry_since: Option<Timestamp>,
    /// Octets skipped since the last frame, and why the first of them were.
    skipped: u64,
    why: Option<Reason>,
}

/// A conversation that speaks DNP3.
#[derive(Debug)]
pub(crate) struct Session {
    /// The direction in which the client speaks: who opened the connection, master or not.
    pub(crate) client: Direction,
    streams: [Stream; 2],
    links: Links,
    account: Account,
    armed: bool,
}

/// So many octets can hold a whole round of transport sequence numbers: 64 frames with an octet besides the header.
const SEQUENCE_ROUND_OCTETS: u64 = 64 * 14;

/// Where and how one direction is read.
struct Reading<'a, 's, 'w> {
    stage: &'a mut Stage<'w>,
    speakers: &'s Speakers,
    direction: Direction,
}

impl Session {
    pub(crate) fn new(client: Direction) -> Self {
        Self {
            client,
            streams: [Stream::default(), Stream::default()],
            links: Links::default(),
            account: Account::new(Protocol::Dnp3),
            armed: false,
        }
    }

    /// Client and server.
    pub(crate) const fn roles(&self, speakers: &Speakers) -> [Endpoint; 2] {
        ends(speakers, self.client)
    }

    pub(crate) const fn account(&mut self) -> &mut Account {
        &mut self.account
    }

    fn parties(&self, speakers: &Speakers, direction: Direction) -> Parties {
        Parties { roles: self.roles(speakers), ends: ends(speakers, direction) }
    }

    const fn stream(&mut self, direction: Direction) -> &mut Stream {
        let [forward, backward] = &mut self.streams;
        match direction {
            Direction::Forward => forward,
            Direction::Backward => backward,
        }
    }

    /// The next bytes of a direction.
    pub(crate) fn hear(
        &mut self,
        stage: &mut Stage<'_>,
        speakers: &Speakers,
        flow: FlowId,
        direction: Direction,
        bytes: &[u8],
    ) {
        let mut reading = Reading { stage, speakers, direction };
        let frames = match speakers.transport {
            Transport::Tcp => self.stream_bytes(&mut reading, bytes),
            // Frames do not go on in the next datagram.
            Transport::Udp => {
                let (_, frames) = self.read(&mut reading, bytes, Ending::Closed);
                self.report_skipped(&mut reading, None);
                frames
            }
        };
        let waits = self.stream(direction).skipped > 0 || speakers.transport == Transport::Udp;
        if frames == 0 && waits {
            let roles = self.roles(speakers);
            self.account.stay_blind(stage, speakers, roles, bytes.len());
        }
        self.arm(stage, flow);
    }

    /// How many frames there were.
    fn stream_bytes(&mut self, reading: &mut Reading<'_, '_, '_>, bytes: &[u8]) -> usize {
        let (direction, time) = (reading.direction, reading.stage.time);
        let mut carry = core::mem::take(&mut self.stream(direction).carry);
        let fresh = carry.is_empty();
        let (used, frames) = if fresh {
            self.read(reading, bytes, Ending::Open)
        } else {
            carry.extend_from_slice(bytes);
            self.read(reading, &carry, Ending::Open)
        };
        if fresh {
            let left = bytes.get(used..).unwrap_or_default();
            if left.is_empty() {
                return frames;
            }
            carry = reading.stage.shared.buffers.take();
            carry.extend_from_slice(left);
        } else {
            carry.drain(..used);
        }
        if carry.is_empty() {
            reading.stage.shared.buffers.give_back(carry);
            return frames;
        }
        let stream = self.stream(direction);
        stream.carry = carry;
        if used > 0 || fresh || stream.carry_since.is_none() {
            stream.carry_since = Some(time);
        }
        frames
    }

    /// Takes what there is from the head of the bytes: how many octets are done with, and how many frames those were.
    fn read(
        &mut self,
        reading: &mut Reading<'_, '_, '_>,
        bytes: &[u8],
        ending: Ending,
    ) -> (usize, usize) {
        let (mut used, mut frames) = (0_usize, 0_usize);
        loop {
            let rest = bytes.get(used..).unwrap_or_default();
            let octets = match frame(rest, ending) {
                Found::Frame(frame) => {
                    frames = frames.saturating_add(1);
                    self.frame(reading, &frame);
                    frame.octets()
                }
                Found::Damaged(damaged) => {
                    let reason = match damaged.damage {
                        Damage::Block(_) => Reason::LinkCrc,
                        Damage::Cut(_) => Reason::Incomplete,
                    };
                    self.skip(reading.direction, damaged.octets(), reason);
                    damaged.octets()
                }
                Found::Skipped(skipped) => {
                    let reason = match skipped.reason {
                        SkipReason::Junk => Reason::Garbage,
                        SkipReason::Length(_) => Reason::LinkLength,
                        SkipReason::HeaderCrc => Reason::LinkCrc,
                        SkipReason::Cut => Reason::Incomplete,
                    };
                    self.skip(reading.direction, skipped.octets, reason);
                    skipped.octets
                }
                Found::More(_) => return (used, frames),
            };
            used = used.saturating_add(octets);
        }
    }

    fn skip(&mut self, direction: Direction, octets: usize, reason: Reason) {
        let stream = self.stream(direction);
        stream.skipped = stream.skipped.saturating_add(u64::try_from(octets).unwrap_or(u64::MAX));
        stream.why = stream.why.or(Some(reason));
    }

    /// Accounts for what was skipped up to here, as one stretch.
    fn report_skipped(&mut self, reading: &mut Reading<'_, '_, '_>, resumed_frame: Option<u64>) {
        let stream = self.stream(reading.direction);
        let (bytes, why) = (core::mem::take(&mut stream.skipped), stream.why.take());
        self.lose(reading, bytes, why.unwrap_or(Reason::Garbage), resumed_frame);
    }

    /// Accounts for octets that are part of no message.
    fn lose(
        &mut self,
        reading: &mut Reading<'_, '_, '_>,
        bytes: u64,
        reason: Reason,
        resumed_frame: Option<u64>,
    ) {
        if bytes == 0 {
            return;
        }
        let problem = Problem { reason, bytes, resumed_frame };
        let parties = self.parties(reading.speakers, reading.direction);
        self.account.skip(reading.stage, reading.speakers, parties, problem);
    }

    /// A whole frame.
    fn frame(&mut self, reading: &mut Reading<'_, '_, '_>, frame: &Frame<'_>) {
        let here = Some(reading.stage.frame);
        self.report_skipped(reading, here);
        let place = reading.stage.place();
        if !frame.header.function().carries_user_data() {
            self.account.decode(reading.stage, u64::try_from(frame.octets()).unwrap_or(u64::MAX));
            link_frame(reading, place, frame);
            return;
        }
        let config = &reading.stage.shared.config;
        let room = (config.dnp3_links_max, config.dnp3_fragment_octets_max);
        if let Some(lost) = self.links.make_room(reading.direction, frame, room) {
            count(&mut reading.stage.shared.counters.dnp3_links_evicted);
            self.lose(reading, lost, Reason::Incomplete, None);
        }
        let parties = self.parties(reading.speakers, reading.direction);
        let Some(brought) = self.links.push(reading.direction, frame) else { return };
        if brought.lost > 0 {
            let resumed_frame = here.filter(|_| brought.segment.fragment.is_some());
            let problem =
                Problem { reason: Reason::Incomplete, bytes: brought.lost, resumed_frame };
            self.account.skip(reading.stage, reading.speakers, parties, problem);
        }
        if brought.decoded > 0 {
            self.account.decode(reading.stage, brought.decoded);
        }
        let fault = brought.segment.fault;
        match brought.segment.fragment {
            Some(octets) => {
                let record = match Fragment::of(octets) {
                    Some(fragment) => {
                        count(&mut reading.stage.shared.counters.dnp3_fragments);
                        Dnp3Record::fragment(frame, fault, fragment)
                    }
                    None => Dnp3Record::cut(frame, fault, octets),
                };
                write(reading, place, record);
            }
            None if brought.segment.header.is_none() => {
                count(&mut reading.stage.shared.counters.dnp3_link_frames);
                write(reading, place, Dnp3Record::link_only(frame, fault));
            }
            None => {}
        }
    }

    /// Octets that the capture does not hold.
    pub(crate) fn gap(
        &mut self,
        stage: &mut Stage<'_>,
        speakers: &Speakers,
        direction: Direction,
        bytes: u64,
    ) {
        let mut reading = Reading { stage, speakers, direction };
        self.end_stream(&mut reading, bytes >= SEQUENCE_ROUND_OCTETS);
        let parties = self.parties(speakers, direction);
        self.account.miss(stage, speakers, parties, bytes);
    }

    /// Nothing follows on what has come.
    fn end_stream(&mut self, reading: &mut Reading<'_, '_, '_>, abandon: bool) {
        let carry = core::mem::take(&mut self.stream(reading.direction).carry);
        self.stream(reading.direction).carry_since = None;
        self.read(reading, &carry, Ending::Closed);
        reading.stage.shared.buffers.give_back(carry);
        self.report_skipped(reading, None);
        if abandon {
            let lost = self.links.abandon(reading.direction);
            self.lose(reading, lost, Reason::Incomplete, None);
        }
    }

    /// Asks to be woken when the patience of a frame that has begun is over.
    fn arm(&mut self, stage: &mut Stage<'_>, flow: FlowId) {
        if self.armed {
            return;
        }
        let begun = self.streams.iter().filter(|stream| !stream.carry.is_empty());
        let Some(since) = begun.filter_map(|stream| stream.carry_since).min() else { return };
        self.armed = true;
        stage.wake(since.plus_ns(stage.shared.config.patience.nanos()), flow);
    }

    /// Time has come this far. What follows a frame that was begun and not ended is not held back any longer: no
    /// header may hide a command behind a length that never comes.
    pub(crate) fn tick(&mut self, stage: &mut Stage<'_>, speakers: &Speakers, flow: FlowId) {
        self.armed = false;
        let patience = stage.shared.config.patience.nanos();
        let now = stage.time;
        for direction in [Direction::Forward, Direction::Backward] {
            let stream = self.stream(direction);
            let over = stream.carry_since.is_some_and(|since| since.plus_ns(patience) <= now);
            if !over || stream.carry.is_empty() {
                continue;
            }
            stream.carry_since = None;
            let mut carry = core::mem::take(&mut stream.carry);
            let mut reading = Reading { stage: &mut *stage, speakers, direction };
            if let Some(octets) = before_a_frame(&carry) {
                self.skip(direction, octets, Reason::Incomplete);
                let behind = carry.get(octets..).unwrap_or_default();
                let (used, _) = self.read(&mut reading, behind, Ending::Open);
                carry.drain(..octets.saturating_add(used));
            }
            let stream = self.stream(direction);
            if !carry.is_empty() {
                stream.carry = carry;
            } else {
                stage.shared.buffers.give_back(carry);
            }
        }
        self.arm(stage, flow);
    }

    /// The conversation ended.
    pub(crate) fn close(&mut self, stage: &mut Stage<'_>, speakers: &Speakers) {
        for direction in [Direction::Forward, Direction::Backward] {
            let mut reading = Reading { stage: &mut *stage, speakers, direction };
            self.end_stream(&mut reading, true);
        }
    }
}

/// How many octets come before a whole frame that is inside of what another claims.
fn before_a_frame(carry: &[u8]) -> Option<usize> {
    let mut at = 0_usize;
    loop {
        let rest = carry.get(at..)?;
        let octets = match frame(rest, Ending::Closed) {
            Found::Frame(_) => return (at > 0).then_some(at),
            Found::Damaged(damaged) => damaged.octets(),
            Found::Skipped(skipped) => skipped.octets,
            Found::More(_) => return None,
        };
        at = at.saturating_add(octets);
    }
}

/// A frame whose function carries no user data. Where it holds a whole fragment all the same, that is shown with the
/// fault: no station should take it, and one may. Resets and status requests act on the link whatever they hold.
fn link_frame(reading: &mut Reading<'_, '_, '_>, place: Place, frame: &Frame<'_>) {
    let function = frame.header.function();
    let acts_on_link = !function.primary || matches!(function.code, 0 | 1 | 9);
    let mut octets = [0_u8; FRAME_OCTETS_MAX];
    let mut length = 0_usize;
    for (octet, slot) in frame.user_data().flatten().zip(octets.iter_mut()) {
        *slot = *octet;
        length = length.saturating_add(1);
    }
    let held = octets.get(..length).unwrap_or_default().split_first();
    let whole = held.filter(|(header, _)| {
        let header = TransportHeader(**header);
        !acts_on_link && header.is_first() && header.is_final()
    });
    let counters = &mut reading.stage.shared.counters;
    match whole.and_then(|(_, fragment)| Fragment::of(fragment)) {
        Some(fragment) => {
            count(&mut counters.dnp3_fragments);
            write(reading, place, Dnp3Record::fragment(frame, None, fragment));
        }
        None => {
            count(&mut counters.dnp3_link_frames);
            write(reading, place, Dnp3Record::link_only(frame, None));
        }
    }
}

const fn count(counter: &mut u64) {
    *counter = counter.saturating_add(1);
}

fn write(reading: &mut Reading<'_, '_, '_>, place: Place, message: Dnp3Record<'_>) {
    let Reading { stage, speakers, direction } = reading;
    if !stage.shared.records {
        return;
    }
    let [source, destination] = ends(speakers, *direction);
    stage.record(&Record {
        time: stage.time,
        place,
        capture: None,
        protocol: Protocol::Dnp3,
        transport: speakers.transport,
        source,
        destination,
        detail: Detail::Dnp3(message),
    });
}
