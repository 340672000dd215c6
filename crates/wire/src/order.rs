//! Delivery in order, and giving up what does not come.

use gridtap_model::{Direction, Timestamp};

use crate::entry::{Context, Entry, Sink, side};
use crate::event::{Closing, Event};
use crate::stream::Base;
use crate::waiting::{At, Octets, Piece, distance};

/// Why what blocks a direction is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    Patience,
    Limit,
    Closing,
}

impl Entry {
    /// Hands over the next octets of a direction.
    pub(crate) fn deliver(
        &mut self,
        direction: Direction,
        bytes: &[u8],
        at: At,
        context: &mut Context<'_>,
        sink: &mut Sink<'_>,
    ) {
        if bytes.is_empty() {
            return;
        }
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.stream_mut(direction.reversed()).history.answered();
        let stream = self.stream_mut(direction);
        stream.history.make_room(stream.next, bytes.len(), context.config.history_room());
        stream.history.remember(stream.next, bytes);
        stream.base = Base::Firm;
        stream.absent = 0;
        // What the other side acknowledged before it was heard is heard now.
        let charged = u32::try_from(distance(stream.next, stream.charged)).unwrap_or(0);
        stream.next = stream.next.wrapping_add(length);
        let refund = u64::from(charged.min(length));
        if let Some(waiting) = &mut stream.waiting {
            waiting.since = at.time;
            waiting.other_heard = false;
            waiting.receiver_heard = false;
        }
        let unheard = side(&mut self.flow.unheard, direction);
        *unheard = unheard.saturating_sub(refund);
        let octets = side(&mut self.flow.octets, direction);
        *octets = octets.saturating_add(u64::from(length));
        context.counters.tcp_octets = context.counters.tcp_octets.saturating_add(u64::from(length));
        self.goes_on(direction);
        self.forget_doubt(direction);
        self.tell(at, Event::Bytes { direction, bytes }, sink);
    }

    /// A connection that was taken for finished or reset goes on: nobody listened to the RST.
    fn goes_on(&mut self, direction: Direction) {
        match self.closing {
            Some((Closing::Reset, by)) if by != direction => {}
            _ => self.closing = None,
        }
    }

    /// A side that goes on as before has not begun a new connection.
    fn forget_doubt(&mut self, direction: Direction) {
        if let Some(doubt) = &mut self.doubt {
            doubt.handshake = doubt.handshake.filter(|(from, _)| *from != direction);
            doubt.stray = doubt.stray.take().filter(|(from, _)| *from != direction);
            if doubt.handshake.is_none() && doubt.stray.is_none() {
                self.doubt = None;
            }
        }
    }

    /// Hands over that the snap length cut octets off.
    pub(crate) fn miss(
        &mut self,
        direction: Direction,
        octets: u32,
        at: At,
        context: &mut Context<'_>,
        sink: &mut Sink<'_>,
    ) {
        if octets > 0 {
            context.counters.gaps_by_snap_length =
                context.counters.gaps_by_snap_length.saturating_add(1);
            self.gap((direction, true), octets, at, context, sink);
        }
    }

    fn gap(
        &mut self,
        (direction, lost): (Direction, bool),
        octets: u32,
        at: At,
        context: &mut Context<'_>,
        sink: &mut Sink<'_>,
    ) {
        let stream = self.stream_mut(direction);
        stream.next = stream.next.wrapping_add(octets);
        stream.history.forget();
        context.counters.tcp_gap_octets =
            context.counters.tcp_gap_octets.saturating_add(u64::from(octets));
        let bytes = u64::from(octets);
        let event = match lost {
            true => Event::Gap { direction, bytes },
            false => Event::Ahead { direction, bytes },
        };
        self.tell(at, event, sink);
    }

    /// Keeps octets that cannot be delivered yet.
    pub(crate) fn keep(
        &mut self,
        direction: Direction,
        origin: u32,
        octets: &Octets<'_>,
        context: &mut Context<'_>,
        sink: &mut Sink<'_>,
    ) {
        let overlap = context.config.overlap;
        let differing = self.stream_mut(direction).waiting_or_new().insert(origin, octets, overlap);
        if differing > 0 {
            self.differs(direction, differing, octets, context, sink);
        }
    }

    /// Says that octets differ from those heard first at their place, and keeps them to be told with what is around them.
    pub(crate) fn differs(
        &mut self,
        direction: Direction,
        differing: u32,
        octets: &Octets<'_>,
        context: &mut Context<'_>,
        sink: &mut Sink<'_>,
    ) {
        self.tell(octets.at, Event::OverlapDiffers { direction, bytes: differing }, sink);
        let length = u32::try_from(octets.bytes.len()).unwrap_or(u32::MAX);
        let place = (octets.sequence, octets.sequence.wrapping_add(length));
        self.keep_copy(direction, place, octets.bytes.to_vec(), octets.at, context.counters);
    }

    /// Delivers all that can be, in both directions. What a frame made deliverable carries its time and number;
    /// without a frame, each piece carries its own.
    pub(crate) fn settle(
        &mut self,
        at: Option<At>,
        context: &mut Context<'_>,
        sink: &mut Sink<'_>,
    ) {
        while self.drain(Direction::Forward, at, context, sink)
            | self.drain(Direction::Backward, at, context, sink)
        {}
        for direction in [Direction::Forward, Direction::Backward] {
            self.tell_copies(direction, sink);
            while self.is_over_limit(direction, context) {
                self.give_up(direction, Reason::Limit, context, sink);
            }
        }
        let alone = self.flow.packets.contains(&0);
        if self.streams.iter().all(|stream| stream.finished || alone)
            && self.streams.iter().any(|stream| stream.finished)
        {
            let at = self.last;
            self.close_soon(Closing::Finished, Direction::Forward, at);
        }
        let config = context.config;
        for stream in &mut self.streams {
            stream.tidy();
            stream.set_deadline(config.order_patience, config.gap_patience);
        }
    }

    fn is_over_limit(&self, direction: Direction, context: &Context<'_>) -> bool {
        let config = context.config;
        self.stream(direction).waiting.as_ref().is_some_and(|waiting| {
            waiting.first().is_some()
                && (waiting.cost() > config.direction_bytes_max
                    || waiting.pieces() > config.direction_segments_max
                    || self.cost() > context.bytes_max)
        })
    }

    /// Delivers what has its turn in a direction; says whether there was any.
    fn drain(
        &mut self,
        direction: Direction,
        at: Option<At>,
        context: &mut Context<'_>,
        sink: &mut Sink<'_>,
    ) -> bool {
        let mut moved = false;
        while let Some(piece) = self.next_piece(direction) {
            moved = true;
            let stream = self.stream(direction);
            let behind = usize::try_from(distance(piece.sequence, stream.next)).unwrap_or(0);
            let bytes = piece.bytes.get(behind..).unwrap_or(&[]);
            let late = u32::try_from(behind.saturating_sub(piece.bytes.len())).unwrap_or(u32::MAX);
            let at = at.unwrap_or(piece.at);
            self.deliver(direction, bytes, at, context, sink);
            self.miss(direction, piece.missing.saturating_sub(late), at, context, sink);
        }
        let stream = self.stream_mut(direction);
        let ends = stream.is_placed()
            && stream.waiting.as_ref().is_some_and(|waiting| waiting.fin == Some(stream.next));
        if ends {
            if let Some(waiting) = &mut stream.waiting {
                waiting.fin = None;
            }
            stream.finished = true;
            stream.next = stream.next.wrapping_add(1);
            // The FIN was heard: it is nothing that the capture lacks.
            let charged = distance(stream.next, stream.charged) >= 0;
            let unheard = side(&mut self.flow.unheard, direction);
            *unheard = unheard.saturating_sub(u64::from(charged));
        }
        moved || ends
    }

    /// The first piece of a direction, if nothing blocks it.
    fn next_piece(&mut self, direction: Direction) -> Option<Piece> {
        let other = self.stream(direction.reversed());
        let stream = self.stream(direction);
        let first = stream.waiting.as_ref()?.first()?;
        let ready = stream.is_placed()
            && distance(stream.next, first.sequence) <= 0
            && first.needs.is_none_or(|needs| other.reaches(needs));
        if ready { self.stream_mut(direction).waiting.as_mut()?.pop() } else { None }
    }

    /// A single octet, with nothing after it, that is the first thing heard of a session in progress is a keep-alive
    /// probe: an octet of no meaning in front of the next.
    fn drop_probe(&mut self, direction: Direction, context: &mut Context<'_>) -> bool {
        let stream = self.stream_mut(direction);
        if stream.base != Base::Starting {
            return false;
        }
        let Some(waiting) = &mut stream.waiting else { return false };
        let probe = {
            let mut pieces = waiting.iter();
            let first = pieces.next().filter(|first| first.length() == 1).map(Piece::end);
            first.filter(|end| pieces.next().is_none_or(|second| second.sequence != *end))
        };
        let Some(next) = probe else { return false };
        waiting.pop();
        stream.base = Base::Firm;
        stream.next = next;
        context.counters.tcp_keepalives = context.counters.tcp_keepalives.saturating_add(1);
        true
    }

    /// Gives up what blocks the first piece of a direction.
    fn give_up(
        &mut self,
        direction: Direction,
        reason: Reason,
        context: &mut Context<'_>,
        sink: &mut Sink<'_>,
    ) {
        if self.drop_probe(direction, context) {
            return;
        }
        let acknowledged = self.stream(direction).hole_is_acknowledged();
        let stream = self.stream_mut(direction);
        let waits = stream.waiting.as_ref().is_some_and(|waiting| waiting.receiver_heard);
        let lost = acknowledged || !waits;
        let Some(first) = stream.waiting.as_ref().and_then(|waiting| waiting.first()) else {
            return;
        };
        let (sequence, needs, at) = (first.sequence, first.needs, first.at);
        if !stream.is_placed() {
            stream.base = Base::Firm;
            stream.next = sequence;
        }
        let lacking = distance(stream.next, sequence);
        if let Ok(lacking @ 1..) = u32::try_from(lacking) {
            let counters = &mut context.counters;
            let counter = match reason {
                _ if acknowledged => &mut counters.gaps_by_acknowledgement,
                Reason::Patience => &mut counters.gaps_by_patience,
                Reason::Limit => &mut counters.gaps_by_limit,
                Reason::Closing => &mut counters.gaps_by_closing,
            };
            *counter = counter.saturating_add(1);
            if !acknowledged {
                // Several gaps in a row that nobody acknowledged are one place to return to.
                let from = stream.lost.map_or(stream.next, |(from, _)| from);
                stream.lost = Some((from, sequence));
            }
            self.gap((direction, lost), lacking, at, context, sink);
        } else if let Some(needs) = needs {
            let other = self.stream_mut(direction.reversed());
            other.excused = needs;
            other.absent = other.absent.saturating_add(1);
            context.counters.order_waits_in_vain =
                context.counters.order_waits_in_vain.saturating_add(1);
        }
        while self.drain(Direction::Forward, None, context, sink)
            | self.drain(Direction::Backward, None, context, sink)
        {}
        for direction in [Direction::Forward, Direction::Backward] {
            self.tell_copies(direction, sink);
        }
    }

    /// Gives up what has waited until `now`.
    pub(crate) fn give_up_due(
        &mut self,
        now: Timestamp,
        context: &mut Context<'_>,
        sink: &mut Sink<'_>,
    ) {
        while let Some(direction) = self.due(now) {
            let gap_patience = context.config.gap_patience.nanos();
            let stream = self.stream_mut(direction);
            let acknowledged = stream.hole_is_acknowledged();
            let (right, placed, next) = (stream.checks.right, stream.is_placed(), stream.next);
            let Some(waiting) = &mut stream.waiting else { return };
            let due = waiting.deadline;
            let doubted = waiting
                .doubtful
                .first()
                .is_some_and(|piece| piece.at.time.max(waiting.since).plus_ns(gap_patience) <= due);
            let hole = placed && waiting.first().is_some_and(|first| first.sequence != next);
            if doubted {
                if right && waiting.other_heard {
                    self.disbelieve(direction, None, context, sink);
                } else {
                    self.believe(direction, context, sink);
                }
            } else if hole && !acknowledged && waiting.other_heard {
                // The receiver waits as well: the octets were not lost on the way to the capture.
                waiting.other_heard = false;
                waiting.since = due;
            } else {
                self.give_up(direction, Reason::Patience, context, sink);
            }
            self.settle(None, context, sink);
        }
    }

    /// The direction that has waited longest beyond its patience.
    fn due(&self, now: Timestamp) -> Option<Direction> {
        let deadline = |direction: Direction| {
            self.stream(direction)
                .waiting
                .as_ref()
                .map_or(Timestamp::MAX, |waiting| waiting.deadline)
        };
        let (forward, backward) = (deadline(Direction::Forward), deadline(Direction::Backward));
        let (first, direction) = if forward <= backward {
            (forward, Direction::Forward)
        } else {
            (backward, Direction::Backward)
        };
        (first <= now && first < Timestamp::MAX).then_some(direction)
    }

    /// Delivers everything that waits, in the order in which it was heard.
    pub(crate) fn flush(&mut self, context: &mut Context<'_>, sink: &mut Sink<'_>) {
        for direction in [Direction::Forward, Direction::Backward] {
            let right = self.stream(direction).checks.right;
            if right {
                self.disbelieve(direction, None, context, sink);
            } else {
                self.believe(direction, context, sink);
            }
        }
        loop {
            let first = |direction: Direction| {
                let waiting = self.stream(direction).waiting.as_ref()?;
                waiting.first().map(|piece| (piece.at.time, piece.at.frame))
            };
            let direction = match (first(Direction::Forward), first(Direction::Backward)) {
                (None, None) => break,
                (Some(forward), Some(backward)) if forward <= backward => Direction::Forward,
                (Some(_), None) => Direction::Forward,
                _ => Direction::Backward,
            };
            self.give_up(direction, Reason::Closing, context, sink);
        }
    }
}
