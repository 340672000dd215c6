//! Which segments are taken as heard, by their checksums. The crate's documentation gives the reasoning.

use gridtap_model::{Direction, Span, Transport};

use crate::checksum::Verdict;
use crate::entry::{Context, Entry, Sink};
use crate::event::Event;
use crate::stream::{Base, WRONG_ENOUGH};
use crate::transport::{RST, Segment};
use crate::waiting::{At, Octets, Piece, distance};

impl Entry {
    /// Whether a segment may be taken as heard. See the crate's documentation for the reasoning.
    pub(crate) fn passes_checksum(
        &mut self,
        direction: Direction,
        segment: &Segment<'_>,
        at: At,
        context: &mut Context<'_>,
        sink: &mut Sink<'_>,
    ) -> bool {
        let checks = self.stream(direction).checks;
        let partial = segment.verdict == Verdict::Partial;
        let doubted = match segment.verdict {
            Verdict::Right | Verdict::Unjudged => false,
            Verdict::Partial => !checks.offloaded,
            Verdict::Wrong => checks.right || !checks.offloaded,
        };
        if doubted && self.is_wrong_again(direction, segment, at, context.config.copy_window) {
            return false;
        }
        match segment.verdict {
            Verdict::Unjudged => return true,
            Verdict::Right => {
                // A host's answer to what belongs to no connection is made by other code, with a right checksum.
                if !segment.has(RST) {
                    self.stream_mut(direction).checks.right = true;
                    self.disbelieve(direction, Some(segment), context, sink);
                }
                return true;
            }
            Verdict::Partial if checks.offloaded => return true,
            Verdict::Partial if !checks.right => {
                self.offloaded(direction, at, context, sink);
                return true;
            }
            Verdict::Wrong if checks.offloaded && !checks.right => return true,
            Verdict::Partial => {}
            Verdict::Wrong if checks.right => {
                self.checksum_wrong(direction, at, context, sink);
                return false;
            }
            Verdict::Wrong => {
                let wrong = checks.wrong.saturating_add(1);
                self.stream_mut(direction).checks.wrong = wrong;
                if wrong >= WRONG_ENOUGH {
                    self.offloaded(direction, at, context, sink);
                    self.believe(direction, context, sink);
                    return true;
                }
            }
        }
        if segment.payload.is_empty() {
            return !segment.has(RST);
        }
        let piece = Piece {
            sequence: segment.payload_sequence(),
            bytes: segment.payload.into(),
            missing: 0,
            needs: segment.acknowledgement,
            partial,
            at,
        };
        self.stream_mut(direction).waiting_or_new().doubt(piece);
        let stream = self.stream(direction);
        let pieces = stream.waiting.as_ref().map_or(0, |waiting| waiting.pieces());
        if stream.cost() > context.config.direction_bytes_max
            || pieces > context.config.direction_segments_max
            || self.cost() > context.bytes_max
        {
            self.disbelieve(direction, None, context, sink);
        }
        self.settle(None, context, sink);
        false
    }

    /// Whether a segment with a wrong checksum was captured before, elsewhere on its way: one damaged segment must not
    /// count as several.
    fn is_wrong_again(
        &mut self,
        direction: Direction,
        segment: &Segment<'_>,
        at: At,
        window: Span,
    ) -> bool {
        let which = [segment.sequence, segment.acknowledgement.unwrap_or(0), segment.length()];
        self.recent.get_or_insert_default().is_wrong_again(at.time, direction, which, window)
    }

    pub(crate) fn checksum_wrong(
        &self,
        direction: Direction,
        at: At,
        context: &mut Context<'_>,
        sink: &mut Sink<'_>,
    ) {
        context.counters.checksum_wrong = context.counters.checksum_wrong.saturating_add(1);
        self.tell(at, Event::ChecksumWrong { direction }, sink);
    }

    /// Names a direction whose wrong checksums are the work of the capturing host, once.
    pub(crate) fn offloaded(
        &mut self,
        direction: Direction,
        at: At,
        context: &mut Context<'_>,
        sink: &mut Sink<'_>,
    ) {
        let checks = &mut self.stream_mut(direction).checks;
        if !checks.offloaded {
            checks.offloaded = true;
            context.counters.checksum_offloaded =
                context.counters.checksum_offloaded.saturating_add(1);
            self.tell(at, Event::ChecksumsOffloaded { direction }, sink);
        }
    }

    /// Takes everything doubtful of a direction after all.
    pub(crate) fn believe(
        &mut self,
        direction: Direction,
        context: &mut Context<'_>,
        sink: &mut Sink<'_>,
    ) {
        let Some(waiting) = &mut self.stream_mut(direction).waiting else { return };
        for piece in waiting.take_doubtful() {
            self.take_piece(direction, &piece, context, sink);
        }
    }

    fn take_piece(
        &mut self,
        direction: Direction,
        piece: &Piece,
        context: &mut Context<'_>,
        sink: &mut Sink<'_>,
    ) {
        self.offloaded(direction, piece.at, context, sink);
        let Piece { sequence, ref bytes, missing, needs, at, .. } = *piece;
        if self.flow.transport == Transport::Udp {
            return self.hand_over(direction, bytes, missing, at, context, sink);
        }
        self.take(direction, &Octets { sequence, bytes, missing, needs, at }, context, sink);
    }

    /// The receiver has everything before `number`: what is doubtful of that and came in no better form was right.
    pub(crate) fn believe_acknowledged(
        &mut self,
        direction: Direction,
        number: u32,
        context: &mut Context<'_>,
        sink: &mut Sink<'_>,
    ) {
        let Some(waiting) = &mut self.stream_mut(direction).waiting else { return };
        for piece in waiting.take_doubtful() {
            let stream = self.stream_mut(direction);
            if distance(piece.end(), number) < 0 {
                stream.waiting_or_new().doubt(piece);
            } else if stream.base == Base::Firm && distance(stream.next, piece.sequence) < 0 {
                self.checksum_wrong(direction, piece.at, context, sink);
            } else {
                self.take_piece(direction, &piece, context, sink);
            }
        }
    }

    /// Drops what is doubtful of a direction: all, or what a segment with a right checksum refutes.
    pub(crate) fn disbelieve(
        &mut self,
        direction: Direction,
        by: Option<&Segment<'_>>,
        context: &mut Context<'_>,
        sink: &mut Sink<'_>,
    ) {
        let Some(waiting) = &mut self.stream_mut(direction).waiting else { return };
        if waiting.doubtful.is_empty() {
            return;
        }
        for piece in waiting.take_doubtful() {
            let refuted = by.is_none_or(|segment| {
                let from = segment.payload_sequence();
                let to = from.wrapping_add(segment.length());
                !piece.partial
                    || (distance(from, piece.end()) > 0 && distance(piece.sequence, to) > 0)
            });
            if refuted {
                self.checksum_wrong(direction, piece.at, context, sink);
            } else {
                self.stream_mut(direction).waiting_or_new().doubt(piece);
            }
        }
    }
}
