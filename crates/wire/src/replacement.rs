//! A new connection on the endpoints of another.

use gridtap_model::Direction;

use crate::checksum::Verdict;
use crate::entry::{Context, Doubt, Entry, Sink};
use crate::stream::Base;
use crate::transport::{ACK, RST, SYN, Segment};
use crate::waiting::{Octets, PIECE_COST, Piece, distance};

/// A segment shows that another connection has taken the endpoints.
#[derive(Debug)]
pub(crate) struct Replacement {
    /// The client and its initial sequence number, where a handshake was heard.
    pub(crate) handshake: Option<(Direction, u32)>,
    /// Data of the new connection that was put aside.
    pub(crate) stray: Option<(Direction, Piece)>,
}

impl Entry {
    /// Whether a segment shows that another connection has taken the endpoints; a SYN that only may be so is kept in
    /// mind, since anyone can send one and the endpoints would not listen.
    pub(crate) fn replaced(
        &mut self,
        direction: Direction,
        segment: &Segment<'_>,
    ) -> Option<Replacement> {
        if segment.verdict == Verdict::Wrong && self.stream(direction).checks.right {
            return None;
        }
        if segment.has(SYN) && !segment.has(RST) {
            return self.replaced_by_handshake(direction, segment);
        }
        let doubt = self.doubt.as_mut()?;
        if let Some((client, initial)) = doubt.handshake
            && client == direction
            && segment.sequence == initial.wrapping_add(1)
            && !segment.has(RST)
        {
            return Some(Replacement { handshake: Some((client, initial)), stray: None });
        }
        let (from, piece) = doubt.stray.as_ref()?;
        let confirmed = if *from == direction {
            segment.sequence == piece.end()
        } else {
            segment.acknowledgement.is_some_and(|number| {
                distance(piece.sequence, number) > 0 && distance(number, piece.end()) >= 0
            })
        };
        (confirmed && !segment.has(RST))
            .then(|| Replacement { handshake: None, stray: doubt.stray.take() })
    }

    fn replaced_by_handshake(
        &mut self,
        direction: Direction,
        segment: &Segment<'_>,
    ) -> Option<Replacement> {
        let answers = segment.has(ACK);
        let next = segment.sequence.wrapping_add(1);
        let stream = self.stream(direction);
        let known = if stream.syn {
            stream.initial == segment.sequence
        } else {
            // The answer was heard before: or nothing of this direction was.
            match stream.base {
                Base::Unknown => true,
                Base::Acknowledged => stream.next == next,
                Base::Starting | Base::Firm => false,
            }
        };
        if known {
            return None;
        }
        let (client, initial) = match segment.acknowledgement {
            Some(number) if answers => (direction.reversed(), number.wrapping_sub(1)),
            _ => (direction, segment.sequence),
        };
        let expected =
            self.doubt.as_ref().and_then(|doubt| doubt.handshake) == Some((client, initial));
        if !self.is_in_progress() || (answers && expected) {
            return Some(Replacement { handshake: Some((client, initial)), stray: None });
        }
        self.doubt.get_or_insert_with(|| Box::new(Doubt::default())).handshake =
            Some((client, initial));
        None
    }

    /// Begins a direction by the initial sequence number of a SYN heard before.
    pub(crate) fn begin(&mut self, direction: Direction, initial: u32) {
        let stream = self.stream_mut(direction);
        stream.start(Base::Firm, initial.wrapping_add(1));
        stream.syn = true;
        stream.initial = initial;
    }

    /// Begins a direction with data that was put aside, now that more agrees with it.
    pub(crate) fn resume(
        &mut self,
        direction: Direction,
        piece: &Piece,
        context: &mut Context<'_>,
        sink: &mut Sink<'_>,
    ) {
        self.stream_mut(direction).start(Base::Firm, piece.sequence);
        self.deliver(direction, &piece.bytes, piece.at, context, sink);
        self.miss(direction, piece.missing, piece.at, context, sink);
    }

    /// Keeps data that is far from where its direction stands: if more agrees with it, the endpoints have begun a new
    /// connection that was not heard to begin.
    pub(crate) fn put_aside(
        &mut self,
        direction: Direction,
        octets: &Octets<'_>,
        context: &mut Context<'_>,
    ) {
        context.counters.tcp_stray = context.counters.tcp_stray.saturating_add(1);
        let room = context.bytes_max.saturating_sub(self.cost());
        if octets.bytes.len().saturating_add(PIECE_COST) > room {
            context.counters.tcp_stray_dropped =
                context.counters.tcp_stray_dropped.saturating_add(1);
            return;
        }
        let piece = Piece {
            sequence: octets.sequence,
            bytes: octets.bytes.into(),
            missing: octets.missing,
            needs: None,
            partial: false,
            at: octets.at,
        };
        self.doubt.get_or_insert_with(|| Box::new(Doubt::default())).stray =
            Some((direction, piece));
    }
}
