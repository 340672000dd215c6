//! What a datagram does to its flow.

use gridtap_model::Direction;

use crate::checksum::Verdict;
use crate::entry::{Context, Entry, Sink, side};
use crate::event::Event;
use crate::stream::WRONG_ENOUGH;
use crate::transport::UserDatagram;
use crate::waiting::{At, Piece};

impl Entry {
    /// Hands over a datagram, unless its checksum speaks against it. Without acknowledgements only the datagrams
    /// themselves tell whether wrong checksums are the capturing host's work.
    pub(crate) fn user_datagram(
        &mut self,
        direction: Direction,
        user: &UserDatagram<'_>,
        at: At,
        context: &mut Context<'_>,
        sink: &mut Sink<'_>,
    ) {
        let checks = self.stream(direction).checks;
        match user.verdict {
            Verdict::Unjudged => {}
            Verdict::Right => {
                self.stream_mut(direction).checks.right = true;
                self.disbelieve(direction, None, context, sink);
            }
            _ if checks.right => return self.checksum_wrong(direction, at, context, sink),
            Verdict::Partial => self.offloaded(direction, at, context, sink),
            Verdict::Wrong if checks.offloaded => {}
            Verdict::Wrong => {
                let wrong = checks.wrong.saturating_add(1);
                self.stream_mut(direction).checks.wrong = wrong;
                if wrong < WRONG_ENOUGH {
                    let piece = Piece {
                        sequence: 0,
                        bytes: user.payload.into(),
                        missing: user.missing,
                        needs: None,
                        partial: false,
                        at,
                    };
                    self.stream_mut(direction).waiting_or_new().doubt(piece);
                    return self.settle(None, context, sink);
                }
                self.offloaded(direction, at, context, sink);
                self.believe(direction, context, sink);
            }
        }
        self.hand_over(direction, user.payload, user.missing, at, context, sink);
        self.settle(None, context, sink);
    }

    /// Hands over the octets of a datagram.
    pub(crate) fn hand_over(
        &mut self,
        direction: Direction,
        bytes: &[u8],
        missing: u32,
        at: At,
        context: &mut Context<'_>,
        sink: &mut Sink<'_>,
    ) {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let octets = side(&mut self.flow.octets, direction);
        *octets = octets.saturating_add(length);
        context.counters.udp_octets = context.counters.udp_octets.saturating_add(length);
        self.tell(at, Event::Bytes { direction, bytes }, sink);
        if missing > 0 {
            context.counters.gaps_by_snap_length =
                context.counters.gaps_by_snap_length.saturating_add(1);
            self.tell(at, Event::Gap { direction, bytes: u64::from(missing) }, sink);
        }
    }
}
