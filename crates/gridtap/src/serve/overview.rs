//! What is heard, kept on a board for the interface, at a price that packets do not feel.

use std::time::{Duration, Instant};

use gridtap_api::Network;
use gridtap_model::Timestamp;
use gridtap_sensor::Pipeline;

use crate::network;

/// The share of the time of the thread that hears which may go into this: one part in so many.
const SHARE: u32 = 200;

/// Writes the board.
pub(crate) struct Overview {
    board: Network,
    rows_max: usize,
    /// Not before this.
    next: Option<Instant>,
}

impl Overview {
    pub(crate) fn new(board: Network, rows_max: u32) -> Self {
        Self { board, rows_max: usize::try_from(rows_max).unwrap_or(usize::MAX), next: None }
    }

    /// Looks again, unless the last look was so dear that it is too early; `newest` is the time of the newest packet.
    pub(crate) fn look(&mut self, pipeline: &Pipeline, newest: Option<Timestamp>, now: Instant) {
        if self.next.is_none_or(|next| now >= next) {
            let cost = self.look_now(pipeline, newest, now);
            self.next = now.checked_add(cost.saturating_mul(SHARE));
        }
    }

    /// Looks again whatever it costs: how much that was.
    pub(crate) fn look_now(
        &self,
        pipeline: &Pipeline,
        newest: Option<Timestamp>,
        now: Instant,
    ) -> Duration {
        let baseline = pipeline.baseline();
        // Where nothing comes, no time passes: a sensor that is deaf does not call every device silent.
        let heard = newest.unwrap_or(Timestamp::MIN);
        self.board.set(network::overview(baseline, pipeline.devices(heard), newest, self.rows_max));
        now.elapsed()
    }
}
