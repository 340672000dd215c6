//! One Modbus conversation: its two streams, its footing in them, and the account of its bytes.

use gridtap_modbus::{Extent, FunctionCode, Header, Side};
use gridtap_model::{Direction, Endpoint, Protocol, Timestamp, Transport};

use super::exchange::Exchange;
use super::framing::{Footing, Framing, History, Message, Next, Reader};
use super::roles::{Roles, shape};
use crate::account::Account;
use crate::copies::Recent;
use crate::sides::{side, side_mut};
use crate::stage::{Circumstances, Speakers, Stage, ends};

/// One direction.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    /// The beginning of a message whose rest has not come.
    pub(super) carry: Vec<u8>,
    /// Since when the rest is waited for. None once that was given up: what has come is looked at again when
    /// more comes, and at the end, but not every time that time passes.
    pub(super) carry_since: Option<Timestamp>,
    pub(super) footing: Footing,
    /// Capture and frame of the last bytes.
    pub(super) heard_at: (u16, u64),
    /// Bytes skipped since the last message.
    pub(super) skipped: u64,
}

/// A conversation that speaks Modbus.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) framing: Framing,
    /// The direction of requests.
    pub(crate) client: Direction,
    /// The roles may still turn out to be the other way round.
    roles_open: bool,
    streams: [Stream; 2],
    pub(crate) exchange: Exchange,
    pub(crate) history: History,
    /// The last messages, to know a second copy by.
    pub(super) recent: Recent,
    pub(crate) lossy_until: Option<Timestamp>,
    pub(crate) circumstances: Circumstances,
    pub(crate) account: Account,
    armed: bool,
}

impl Session {
    pub(crate) fn new(framing: Framing, roles: Roles) -> Self {
        Self {
            framing,
            client: roles.client,
            roles_open: roles.open,
            streams: [Stream::default(), Stream::default()],
            exchange: Exchange::default(),
            history: History::default(),
            recent: Recent::default(),
            lossy_until: None,
            circumstances: Circumstances::default(),
            account: Account::new(Protocol::Modbus),
            armed: false,
        }
    }

    /// Client and server.
    pub(crate) fn roles(&self, speakers: &Speakers) -> [Endpoint; 2] {
        ends(speakers, self.client)
    }

    pub(crate) fn side(&self, direction: Direction) -> Side {
        if direction == self.client { Side::Client } else { Side::Server }
    }

    pub(super) fn stream_mut(&mut self, direction: Direction) -> &mut Stream {
        side_mut(&mut self.streams, direction)
    }

    pub(super) fn stream(&self, direction: Direction) -> &Stream {
        side(&self.streams, direction)
    }

    /// The room of the two streams for what has come of a message.
    pub(super) const fn carries(&self) -> [usize; 2] {
        let [forward, backward] = &self.streams;
        [forward.carry.capacity(), backward.carry.capacity()]
    }

    /// The next bytes of a direction.
    pub(crate) fn hear(
        &mut self,
        stage: &mut Stage<'_>,
        speakers: &Speakers,
        direction: Direction,
        bytes: &[u8],
    ) {
        match speakers.transport {
            Transport::Tcp => self.stream_bytes(stage, speakers, direction, bytes),
            Transport::Udp => self.datagram(stage, speakers, direction, bytes),
        }
    }

    fn stream_bytes(
        &mut self,
        stage: &mut Stage<'_>,
        speakers: &Speakers,
        direction: Direction,
        bytes: &[u8],
    ) {
        let heard_at = (stage.capture, stage.frame);
        self.stream_mut(direction).heard_at = heard_at;
        if self.stream(direction).carry.is_empty() {
            let used = self.read(stage, speakers, direction, bytes);
            let left = bytes.get(used..).unwrap_or_default();
            if !left.is_empty() {
                let mut carry = stage.shared.buffers.take();
                carry.extend_from_slice(left);
                self.keep(stage, direction, carry, true);
            }
        } else {
            let mut buffer = core::mem::take(&mut self.stream_mut(direction).carry);
            buffer.extend_from_slice(bytes);
            let used = self.read(stage, speakers, direction, &buffer);
            buffer.drain(..used);
            if buffer.is_empty() {
                stage.shared.buffers.give_back(buffer);
            } else {
                self.keep(stage, direction, buffer, used > 0);
            }
        }
        self.watch_blindness(stage, speakers, direction, bytes.len());
    }

    fn keep(&mut self, stage: &mut Stage<'_>, direction: Direction, carry: Vec<u8>, fresh: bool) {
        let time = stage.time;
        let stream = self.stream_mut(direction);
        stream.carry = carry;
        if fresh || stream.carry_since.is_none() {
            stream.carry_since = Some(time);
        }
        self.arm(stage);
    }

    /// One datagram: messages do not go on in the next.
    fn datagram(
        &mut self,
        stage: &mut Stage<'_>,
        speakers: &Speakers,
        direction: Direction,
        bytes: &[u8],
    ) {
        self.stream_mut(direction).footing = Footing::Firm;
        let used = self.read(stage, speakers, direction, bytes);
        let left = bytes.len().saturating_sub(used);
        self.skip(direction, left);
        self.report_skipped(stage, speakers, direction, None);
        self.watch_blindness(stage, speakers, direction, bytes.len());
    }

    /// Takes whole messages from the head of the bytes; gives how many octets are done with.
    fn read(
        &mut self,
        stage: &mut Stage<'_>,
        speakers: &Speakers,
        direction: Direction,
        bytes: &[u8],
    ) -> usize {
        let mut used = 0_usize;
        loop {
            let rest = bytes.get(used..).unwrap_or_default();
            let length_max = stage.shared.config.modbus_length_max;
            let whole = speakers.transport == Transport::Udp;
            match self.next(length_max, direction, rest, whole) {
                Next::Message(mut message, octets) => {
                    used = used.saturating_add(octets);
                    if whole {
                        let behind = bytes.get(used..).unwrap_or_default();
                        message.note_trailing(behind, length_max);
                    }
                    self.take(stage, speakers, direction, &message, octets);
                }
                Next::Skip(octets) => {
                    used = used.saturating_add(octets);
                    self.skip(direction, octets);
                    self.stream_mut(direction).footing = Footing::Lost;
                    self.lose(stage);
                }
                Next::More => return used,
            }
        }
    }

    fn next<'a>(
        &self,
        length_max: u16,
        direction: Direction,
        rest: &'a [u8],
        whole: bool,
    ) -> Next<'a> {
        let side = self.side(direction);
        let expected = |transaction, unit, function: FunctionCode| match side {
            Side::Client => self.exchange.expects_request(transaction),
            Side::Server => self.exchange.expects_answer(transaction, unit, function),
        };
        let history = &self.history;
        let reader = Reader { side, length_max, whole, history, expected: &expected };
        reader.next(self.framing, self.stream(direction).footing, rest)
    }

    /// A whole message.
    fn take(
        &mut self,
        stage: &mut Stage<'_>,
        speakers: &Speakers,
        direction: Direction,
        message: &Message<'_>,
        octets: usize,
    ) {
        let frame = stage.frame;
        self.report_skipped(stage, speakers, direction, Some(frame));
        // Where the content says another length than the header, what comes next need not be a header, and
        // must show that it is one.
        let measured = match self.side(direction).extent(message.pdu) {
            Extent::Octets(extent) => extent == message.pdu.len(),
            Extent::More => false,
            Extent::Unknown => true,
        };
        self.stream_mut(direction).footing =
            if measured { Footing::Firm } else { Footing::Doubtful };
        let octets = u64::try_from(octets).unwrap_or(u64::MAX);
        self.account.decode(stage, octets);
        self.recent.note(message.digest(stage, direction));
        self.reconsider_roles(direction, message.pdu);
        match self.side(direction) {
            Side::Client => self.request(stage, speakers, message),
            Side::Server => self.response(stage, speakers, message),
        }
        let function = FunctionCode::of(message.pdu.first().copied().unwrap_or(0));
        self.history.learn(message.unit, function);
        self.arm(stage);
    }

    /// Where too little tells, the first message that can only go one way settles who asks.
    fn reconsider_roles(&mut self, direction: Direction, pdu: &[u8]) {
        if !self.roles_open || self.exchange.paired {
            self.roles_open = false;
            return;
        }
        let Some(side) = shape(pdu) else { return };
        if side != self.side(direction) && pdu.first().is_some_and(|function| *function < 128) {
            self.client = self.client.reversed();
            self.exchange.clear();
        }
        self.roles_open = false;
    }

    /// Asks to be woken when the patience of the next request, or of a message that has begun, is over.
    fn arm(&mut self, stage: &mut Stage<'_>) {
        if self.armed {
            return;
        }
        let patience = stage.shared.config.patience.nanos();
        let begun = self.streams.iter().filter(|stream| !stream.carry.is_empty());
        let begun = begun.filter_map(|stream| stream.carry_since);
        let begun = begun.map(|since| since.plus_ns(patience)).min();
        let asked = self.exchange.deadline(patience);
        if let Some(time) = [begun, asked].into_iter().flatten().min() {
            self.armed = true;
            stage.wake(time);
        }
    }

    /// Time has come this far.
    pub(crate) fn tick(&mut self, stage: &mut Stage<'_>, speakers: &Speakers) {
        self.armed = false;
        let patience = stage.shared.config.patience.nanos();
        let now = stage.time;
        while let Some(asked) = self.exchange.expire(now, patience) {
            self.unanswered(stage, speakers, &asked, asked.time.plus_ns(patience));
        }
        for direction in [Direction::Forward, Direction::Backward] {
            let Stream { carry, carry_since, .. } = self.stream(direction);
            let over = carry_since.is_some_and(|since| since.plus_ns(patience) <= now);
            if !carry.is_empty() && over {
                let took = self.settle(stage, speakers, direction);
                self.stream_mut(direction).carry_since = took.then_some(now);
            }
        }
        self.arm(stage);
    }

    /// A message that claims more than will come, but is whole by its own fields, is taken as it is; whether
    /// there was one.
    fn settle(&mut self, stage: &mut Stage<'_>, speakers: &Speakers, direction: Direction) -> bool {
        let mut carry = core::mem::take(&mut self.stream_mut(direction).carry);
        let mut used = 0;
        if self.framing == Framing::Mbap
            && self.stream(direction).footing == Footing::Firm
            && let Some(header) = Header::at(&carry)
        {
            let nothing = |_, _, _| false;
            let reader = Reader {
                side: self.side(direction),
                length_max: stage.shared.config.modbus_length_max,
                whole: true,
                history: &History::default(),
                expected: &nothing,
            };
            if let Next::Message(message, octets) = reader.cut_short(&header, &carry) {
                let here = (stage.capture, stage.frame);
                (stage.capture, stage.frame) = self.stream(direction).heard_at;
                self.take(stage, speakers, direction, &message, octets);
                (stage.capture, stage.frame) = here;
                used = octets;
            }
        }
        carry.drain(..used);
        self.stream_mut(direction).carry = carry;
        used > 0
    }

    /// The conversation ended. `answers_may_come` where the capture, not the conversation, ended.
    pub(crate) fn close(
        &mut self,
        stage: &mut Stage<'_>,
        speakers: &Speakers,
        answers_may_come: bool,
    ) {
        for direction in [Direction::Forward, Direction::Backward] {
            self.settle(stage, speakers, direction);
            self.drop_carry(stage, direction);
            self.report_skipped(stage, speakers, direction, None);
        }
        let patience = stage.shared.config.patience.nanos();
        let until = if answers_may_come { stage.time } else { Timestamp::MAX };
        while let Some(asked) = self.exchange.expire(until, patience) {
            let deadline = asked.time.plus_ns(patience).min(stage.time);
            self.unanswered(stage, speakers, &asked, deadline);
        }
    }
}
