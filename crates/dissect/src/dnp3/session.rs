//! One DNP3 conversation: its two streams, and what is waited for.

use gridtap_dnp3::Ending;
use gridtap_model::{Direction, Endpoint, Protocol, Timestamp, Transport};

use super::course::Course;
use super::framing::{Asked, Skipping, before_a_frame};
use super::links::Links;
use crate::account::{Account, Parties};
use crate::copies::Recent;
use crate::record::Reason;
use crate::sides::{side, side_mut};
use crate::stage::{Circumstances, Speakers, Stage, ends};

/// One direction.
#[derive(Debug, Default)]
pub(super) struct Stream {
    /// The beginning of a frame whose rest has not come: less than a frame.
    carry: Vec<u8>,
    /// That of a frame whose rest may yet come, where something was sent ahead of it.
    aside: Vec<u8>,
    /// Since when the rest is waited for. None once that was given up.
    carry_since: Option<Timestamp>,
    /// What was skipped since the last frame.
    pub(super) skipping: Skipping,
}

/// A conversation that speaks DNP3.
#[derive(Debug)]
pub(crate) struct Session {
    /// The direction in which the client speaks: who opened the connection, master or not.
    pub(crate) client: Direction,
    streams: [Stream; 2],
    pub(super) links: Links,
    pub(super) course: Course,
    pub(super) account: Account,
    /// The last frames with user data, to know a second copy by.
    pub(super) recent: Recent,
    /// The last frame of a master that told the line nothing new.
    pub(super) asked: Option<Asked>,
    armed: bool,
}

/// So many octets can hold a whole round of transport sequence numbers: 64 frames with an octet besides the header.
const SEQUENCE_ROUND_OCTETS: u64 = 64 * 14;

/// Where and how one direction is read.
pub(super) struct Reading<'a, 's, 'w> {
    pub(super) stage: &'a mut Stage<'w>,
    pub(super) speakers: &'s Speakers,
    pub(super) direction: Direction,
}

impl Session {
    pub(crate) fn new(client: Direction) -> Self {
        Self {
            client,
            streams: [Stream::default(), Stream::default()],
            links: Links::default(),
            course: Course::default(),
            account: Account::new(Protocol::Dnp3),
            recent: Recent::default(),
            asked: None,
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

    /// The direction of requests: of whom it is known that he asks, else of the client.
    pub(crate) fn asking(&self) -> Direction {
        self.course.asking().unwrap_or(self.client)
    }

    pub(crate) const fn circumstances(&mut self) -> &mut Circumstances {
        &mut self.course.circumstances
    }

    /// Whether something that was said in a direction waits for a reply.
    pub(crate) fn expects_reply(&self, direction: Direction) -> bool {
        self.course.expects_reply(direction)
    }

    /// Octets of a direction were said unheard before what is heard first.
    pub(crate) fn begin_after_gap(&mut self, stage: &Stage<'_>, direction: Direction) {
        self.course.begin_after_gap(stage, direction);
    }

    /// Octets in a direction were acknowledged that nobody heard.
    pub(crate) fn unheard(&mut self, stage: &Stage<'_>, direction: Direction) {
        self.course.lose(stage);
        self.links.doubt(direction);
    }

    /// What waits now may have been answered unheard.
    pub(crate) fn excuse(&mut self) {
        self.course.excuse();
    }

    pub(super) fn parties(&self, speakers: &Speakers, direction: Direction) -> Parties {
        Parties { roles: self.roles(speakers), ends: ends(speakers, direction) }
    }

    pub(super) const fn stream(&mut self, direction: Direction) -> &mut Stream {
        side_mut(&mut self.streams, direction)
    }

    /// The next bytes of a direction.
    pub(crate) fn hear(
        &mut self,
        stage: &mut Stage<'_>,
        speakers: &Speakers,
        direction: Direction,
        bytes: &[u8],
    ) {
        self.course.heard(direction);
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
        let waits = side(&self.streams, direction).skipping.octets > 0
            || speakers.transport == Transport::Udp;
        if frames == 0 && waits {
            let roles = self.roles(speakers);
            self.account.stay_blind(stage, speakers, roles, bytes.len());
        }
        self.arm(stage);
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

    /// Octets that the capture does not hold.
    pub(crate) fn gap(
        &mut self,
        stage: &mut Stage<'_>,
        speakers: &Speakers,
        direction: Direction,
        bytes: u64,
    ) {
        self.course.lose_octets(stage, direction);
        self.links.doubt(direction);
        let mut reading = Reading { stage, speakers, direction };
        self.end_stream(&mut reading, bytes >= SEQUENCE_ROUND_OCTETS);
        self.course.excuse();
        let parties = self.parties(speakers, direction);
        self.account.miss(stage, speakers, parties, bytes);
    }

    /// What follows was sent ahead of octets that the receiver waits for: nothing can have been said unheard in them,
    /// and a frame that was begun goes on when they come.
    pub(crate) fn ahead(
        &mut self,
        stage: &mut Stage<'_>,
        speakers: &Speakers,
        direction: Direction,
        bytes: u64,
    ) {
        self.links.doubt(direction);
        let stream = self.stream(direction);
        if stream.aside.is_empty() {
            stream.aside = core::mem::take(&mut stream.carry);
        }
        let mut reading = Reading { stage, speakers, direction };
        self.end_stream(&mut reading, false);
        self.course.excuse();
        let parties = self.parties(speakers, direction);
        self.account.miss(stage, speakers, parties, bytes);
    }

    /// The octets come that something was sent ahead of.
    pub(crate) fn returned(
        &mut self,
        stage: &mut Stage<'_>,
        speakers: &Speakers,
        direction: Direction,
    ) {
        self.course.find_octets(direction);
        let time = stage.time;
        let mut reading = Reading { stage, speakers, direction };
        self.end_stream(&mut reading, false);
        let stream = self.stream(direction);
        stream.carry = core::mem::take(&mut stream.aside);
        stream.carry_since = (!stream.carry.is_empty()).then_some(time);
    }

    /// Nothing follows on what has come, nor on what something was sent ahead of.
    pub(super) fn end_both(&mut self, reading: &mut Reading<'_, '_, '_>) {
        self.end_stream(reading, true);
        let stream = self.stream(reading.direction);
        stream.carry = core::mem::take(&mut stream.aside);
        self.end_stream(reading, true);
    }

    /// Octets of room for what has come of frames.
    pub(super) fn streams_octets(&self) -> usize {
        let rooms = self.streams.iter().flat_map(|it| [it.carry.capacity(), it.aside.capacity()]);
        rooms.fold(0, usize::saturating_add)
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

    /// Asks to be woken when the patience of a request, or of a frame that has begun, is over.
    fn arm(&mut self, stage: &mut Stage<'_>) {
        if self.armed {
            return;
        }
        let patience = stage.shared.config.patience.nanos();
        let begun = self.streams.iter().filter(|stream| !stream.carry.is_empty());
        let begun = begun.filter_map(|stream| stream.carry_since).min();
        let begun = begun.map(|since| since.plus_ns(patience));
        let asked = self.course.deadline(patience);
        if let Some(time) = [begun, asked].into_iter().flatten().min() {
            self.armed = true;
            stage.wake(time);
        }
    }

    /// Time has come this far. What follows a frame that was begun and not ended is not held back any longer: no
    /// header may hide a command behind a length that never comes.
    pub(crate) fn tick(&mut self, stage: &mut Stage<'_>, speakers: &Speakers) {
        self.armed = false;
        let patience = stage.shared.config.patience.nanos();
        let now = stage.time;
        self.course.expire(stage, speakers, now);
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
                self.skip_claimed(&mut reading, octets);
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
        self.arm(stage);
    }

    /// The conversation ended. `answers_may_come` where the capture, not the conversation, ended.
    pub(crate) fn close(
        &mut self,
        stage: &mut Stage<'_>,
        speakers: &Speakers,
        answers_may_come: bool,
    ) {
        for direction in [Direction::Forward, Direction::Backward] {
            let mut reading = Reading { stage: &mut *stage, speakers, direction };
            self.end_both(&mut reading);
        }
        let until = if answers_may_come { stage.time } else { Timestamp::MAX };
        self.course.expire(stage, speakers, until);
    }
}
