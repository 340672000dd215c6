//! What a segment does to its connection (RFC 9293, section 3.10, as a listener sees it).

use gridtap_model::Direction;

use crate::checksum::Verdict;
use crate::counters::Counters;
use crate::entry::{Context, Entry, Sink, side};
use crate::event::{Closing, Event, Heard};
use crate::stream::Base;
use crate::transport::{FIN, RST, SYN, Segment};
use crate::waiting::{At, Octets, distance};

/// Octets by which a segment may be behind before it is taken for another connection's.
pub(crate) const BEHIND_MAX: u32 = 1 << 20;
/// Octets by which a segment may be ahead: a capture can lack much, and the way back is open.
pub(crate) const AHEAD_MAX: u32 = 1 << 30;

/// Whether a segment this far ahead (or, negative, behind) may belong to the connection.
fn is_near(ahead: i32) -> bool {
    ahead.unsigned_abs() < if ahead < 0 { BEHIND_MAX } else { AHEAD_MAX }
}

impl Entry {
    /// The common case: the next octets, or an acknowledgement, with nothing open. Says whether it was that.
    #[inline]
    pub(crate) fn in_order(
        &mut self,
        direction: Direction,
        segment: &Segment<'_>,
        at: At,
        (counters, history_room): (&mut Counters, usize),
        sink: &mut (impl FnMut(&Heard<'_>) + ?Sized),
    ) -> bool {
        let (stream, other) = match (&mut self.streams, direction) {
            ([forward, backward], Direction::Forward) => (forward, backward),
            ([forward, backward], Direction::Backward) => (backward, forward),
        };
        let Some(acknowledgement) = segment.acknowledgement else { return false };
        let usual = segment.is_plain()
            && segment.missing == 0
            && match segment.verdict {
                Verdict::Right => stream.checks.right,
                Verdict::Partial => stream.checks.offloaded,
                Verdict::Unjudged => true,
                Verdict::Wrong => false,
            }
            && stream.base == Base::Firm
            && segment.sequence == stream.next
            && stream.waiting.is_none()
            && other.waiting.is_none()
            && other.is_placed()
            && distance(other.next, acknowledgement) <= 0
            && self.closing.is_none()
            && self.doubt.is_none();
        if !usual {
            return false;
        }
        if distance(other.acknowledged, acknowledgement) > 0 {
            other.acknowledged = acknowledgement;
            other.acknowledged_at = at.time;
        }
        stream.window = segment.window;
        let length = segment.length();
        if length == 0 {
            return true;
        }
        let roomy = stream.history.is_roomy(segment.payload.len(), history_room);
        if stream.history.is_released() || !roomy || distance(stream.next, stream.charged) > 0 {
            return false;
        }
        other.history.answered();
        stream.history.remember(stream.next, segment.payload);
        stream.next = stream.next.wrapping_add(length);
        stream.absent = 0;
        let octets = side(&mut self.flow.octets, direction);
        *octets = octets.saturating_add(u64::from(length));
        counters.tcp_octets = counters.tcp_octets.saturating_add(u64::from(length));
        let At { time, frame, capture } = at;
        let event = Event::Bytes { direction, bytes: segment.payload };
        sink(&Heard { time, capture, frame, flow: &self.flow, event });
        true
    }

    /// Any segment of this connection, in the general case.
    pub(crate) fn segment(
        &mut self,
        direction: Direction,
        segment: &Segment<'_>,
        at: At,
        context: &mut Context<'_>,
        sink: &mut Sink<'_>,
    ) {
        if !self.passes_checksum(direction, segment, at, context, sink) {
            return;
        }
        if segment.has(RST) {
            if !self.reset(direction, segment, at, context) {
                self.tell(at, Event::ResetMisplaced { direction }, sink);
            }
            return;
        }
        if segment.has(SYN) {
            self.synchronize(direction, segment);
        }
        if let Some(acknowledgement) = segment.acknowledgement {
            self.acknowledge(direction.reversed(), acknowledgement, at, context, sink);
        }
        self.stream_mut(direction).window = segment.window;
        let octets = Octets {
            sequence: segment.payload_sequence(),
            bytes: segment.payload,
            missing: segment.missing,
            needs: segment.acknowledgement,
            at,
        };
        self.take(direction, &octets, context, sink);
        self.urgent(direction, segment, at, context.counters);
        if segment.has(FIN) {
            let end = segment.payload_sequence().wrapping_add(segment.length());
            self.end(direction, end, context);
        }
        self.settle(Some(at), context, sink);
    }

    /// A SYN gives the first sequence number; it may come after the answer to it.
    fn synchronize(&mut self, direction: Direction, segment: &Segment<'_>) {
        let next = segment.sequence.wrapping_add(1);
        let heard = self.flow.octets;
        let stream = self.stream_mut(direction);
        let fresh = match direction {
            Direction::Forward => heard[0] == 0,
            Direction::Backward => heard[1] == 0,
        };
        if !stream.syn && fresh {
            if stream.base == Base::Acknowledged && stream.next == next {
                stream.base = Base::Firm;
            } else {
                stream.start(Base::Firm, next);
            }
        }
        if !stream.syn {
            stream.syn = true;
            stream.initial = segment.sequence;
            stream.scale = segment.scale.unwrap_or(0);
        }
    }

    /// RST ends the connection where a receiver could take it: in the window of what it expects. One beside it is a
    /// trick to make listeners forget the connection. Even a good one ends it only after a while without data. Says
    /// whether it was good.
    fn reset(
        &mut self,
        direction: Direction,
        segment: &Segment<'_>,
        at: At,
        context: &mut Context<'_>,
    ) -> bool {
        let (stream, other) = (self.stream(direction), self.stream(direction.reversed()));
        let acceptable = match stream.base {
            Base::Unknown => segment.acknowledgement.is_none_or(|number| {
                !other.is_placed() || distance(other.next, number).unsigned_abs() <= 65_535
            }),
            Base::Starting => distance(stream.next, segment.sequence).unsigned_abs() <= 65_535,
            Base::Acknowledged | Base::Firm => {
                let (mut from, mut to) = (stream.acknowledged, stream.next);
                if distance(from, to) < 0 {
                    (from, to) = (to, from);
                }
                to = to.wrapping_add(other.window_octets());
                distance(from, segment.sequence) >= 0 && distance(segment.sequence, to) >= 0
            }
        };
        if acceptable {
            self.close_soon(Closing::Reset, direction, at);
        } else {
            context.counters.tcp_reset_ignored =
                context.counters.tcp_reset_ignored.saturating_add(1);
        }
        acceptable
    }

    /// It is over, unless there is more data.
    pub(crate) fn close_soon(&mut self, reason: Closing, direction: Direction, at: At) {
        if self.closing.is_none() {
            self.closing = Some((reason, direction));
            self.closing_at = at.time;
        }
    }

    /// The other side has everything of `direction` before `number`.
    fn acknowledge(
        &mut self,
        direction: Direction,
        number: u32,
        at: At,
        context: &mut Context<'_>,
        sink: &mut Sink<'_>,
    ) {
        let stream = self.stream_mut(direction);
        if stream.base == Base::Unknown {
            stream.start(Base::Acknowledged, number);
        }
        if stream.base == Base::Starting {
            // The receiver waits for what comes before the first octet heard.
            let first = stream.waiting.as_ref().and_then(|waiting| waiting.first());
            let before = first.map_or(0, |first| distance(number, first.sequence));
            if (1..BEHIND_MAX.cast_signed()).contains(&before) {
                stream.start(Base::Acknowledged, number);
            }
        }
        if let Some(waiting) = &mut stream.waiting {
            waiting.other_heard = true;
            waiting.receiver_heard |= waiting.first().is_some();
        }
        if stream.lost.is_some_and(|(_, end)| distance(end, number) >= 0) {
            stream.lost = None;
        }
        // Half of all numbers are ahead: one so far ahead is from another connection.
        if (1..AHEAD_MAX.cast_signed()).contains(&distance(stream.acknowledged, number)) {
            stream.acknowledged = number;
            stream.acknowledged_at = at.time;
            let known = if distance(stream.charged, stream.next) > 0 {
                stream.next
            } else {
                stream.charged
            };
            let unheard = u64::try_from(distance(known, number)).unwrap_or(0);
            if distance(stream.charged, number) > 0 {
                stream.charged = number;
            }
            let total = side(&mut self.flow.unheard, direction);
            *total = total.saturating_add(unheard);
        }
        if self
            .stream(direction)
            .waiting
            .as_ref()
            .is_some_and(|waiting| !waiting.doubtful.is_empty())
        {
            self.believe_acknowledged(direction, number, context, sink);
        }
    }

    /// Takes octets of a direction: delivers them, keeps them, or finds that they are known.
    pub(crate) fn take(
        &mut self,
        direction: Direction,
        octets: &Octets<'_>,
        context: &mut Context<'_>,
        sink: &mut Sink<'_>,
    ) {
        let length =
            u32::try_from(octets.bytes.len()).unwrap_or(u32::MAX).saturating_add(octets.missing);
        if length == 0 {
            return;
        }
        if self.closing.is_some() {
            // What was under way has not all come.
            self.closing_at = octets.at.time;
        }
        self.place(direction, octets.sequence, context);
        let stream = self.stream_mut(direction);
        if stream.base == Base::Starting {
            if distance(stream.next, octets.sequence).unsigned_abs() >= BEHIND_MAX {
                self.put_aside(direction, octets, context);
            } else {
                let origin = stream.next.wrapping_sub(BEHIND_MAX);
                self.keep(direction, origin, octets, context, sink);
            }
            return;
        }
        let mut ahead = distance(stream.next, octets.sequence);
        if !is_near(ahead) {
            self.put_aside(direction, octets, context);
            return;
        }
        if ahead == -1 && length <= 1 {
            context.counters.tcp_keepalives = context.counters.tcp_keepalives.saturating_add(1);
            return;
        }
        if ahead < 0 && self.return_to(direction, octets.sequence, context) {
            ahead = 0;
            self.tell(octets.at, Event::Returned { direction }, sink);
        }
        let rest = if ahead < 0 {
            self.repeat(direction, octets, ahead.unsigned_abs(), context, sink)
        } else {
            *octets
        };
        if rest.bytes.is_empty() && rest.missing == 0 {
            return;
        }
        if ahead > 0 {
            context.counters.tcp_out_of_order = context.counters.tcp_out_of_order.saturating_add(1);
        }
        let other = self.stream(direction.reversed());
        let in_time = rest.needs.is_none_or(|needs| other.reaches(needs));
        let stream = self.stream(direction);
        let free = stream.waiting.as_ref().is_none_or(|waiting| waiting.first().is_none());
        if ahead <= 0 && in_time && free {
            self.deliver(direction, rest.bytes, rest.at, context, sink);
            self.miss(direction, rest.missing, rest.at, context, sink);
        } else {
            let origin = stream.next;
            self.keep(direction, origin, &rest, context, sink);
        }
    }

    /// Finds the place of a direction by its first data, where no SYN gave it: where the receiver expects it, or else,
    /// after a moment in which earlier octets may still come, where they begin.
    fn place(&mut self, direction: Direction, sequence: u32, context: &Context<'_>) {
        let patient = context.config.order_patience.nanos() > 0;
        let stream = self.stream_mut(direction);
        let base = if patient { Base::Starting } else { Base::Firm };
        match stream.base {
            Base::Unknown => stream.start(base, sequence),
            Base::Acknowledged
                if stream.waiting.as_ref().is_none_or(|waiting| waiting.first().is_none()) =>
            {
                // What the receiver had before the first octet heard is no gap in what was heard.
                let ahead = distance(stream.acknowledged, sequence);
                if is_near(ahead) {
                    stream.next = if ahead > 0 { stream.acknowledged } else { sequence };
                    stream.base = if ahead < 0 { base } else { Base::Firm };
                }
            }
            Base::Acknowledged | Base::Starting | Base::Firm => {}
        }
    }

    /// Goes back to octets that were given up although the receiver still waits for them: what came after them was
    /// forged, or overtook them by more than the patience.
    fn return_to(
        &mut self,
        direction: Direction,
        sequence: u32,
        context: &mut Context<'_>,
    ) -> bool {
        let stream = self.stream_mut(direction);
        let Some((from, to)) = stream.lost else { return false };
        let within = distance(from, sequence) >= 0 && distance(sequence, to) > 0;
        if !within || distance(stream.acknowledged, sequence) < 0 {
            return false;
        }
        stream.next = sequence;
        stream.lost = None;
        stream.history.forget();
        context.counters.tcp_returned = context.counters.tcp_returned.saturating_add(1);
        true
    }

    /// Compares octets heard again; gives back those that are new.
    fn repeat<'a>(
        &mut self,
        direction: Direction,
        octets: &Octets<'a>,
        behind: u32,
        context: &mut Context<'_>,
        sink: &mut Sink<'_>,
    ) -> Octets<'a> {
        let stream = self.stream(direction);
        let differing = stream.history.difference(stream.next, octets.sequence, octets.bytes);
        let count = usize::try_from(behind).unwrap_or(usize::MAX);
        let (old, new) = octets.bytes.split_at_checked(count).unwrap_or((octets.bytes, &[]));
        let old_length = u32::try_from(old.len()).unwrap_or(u32::MAX);
        let repeated = u64::from(old_length);
        context.counters.tcp_repeated_octets =
            context.counters.tcp_repeated_octets.saturating_add(repeated);
        if differing > 0 {
            self.differs(direction, differing, octets, context, sink);
        }
        Octets {
            sequence: octets.sequence.wrapping_add(behind),
            bytes: new,
            missing: octets.missing.saturating_sub(behind.saturating_sub(old_length)),
            ..*octets
        }
    }

    /// A FIN ends the direction after `end`, when everything before has come.
    fn end(&mut self, direction: Direction, end: u32, context: &Context<'_>) {
        if self.stream(direction).base == Base::Acknowledged {
            self.place(direction, end, context);
        }
        let stream = self.stream_mut(direction);
        if stream.finished {
            return;
        }
        if stream.base == Base::Unknown {
            stream.start(Base::Firm, end);
        }
        let ahead = distance(stream.next, end);
        if stream.base == Base::Starting || (0..AHEAD_MAX.cast_signed()).contains(&ahead) {
            stream.waiting_or_new().fin = Some(end);
        }
    }
}
