//! The packets' own time, or a multiple of it.

use std::time::{Duration, Instant};

use gridtap_model::Timestamp;

use crate::failure::Failure;
use crate::stop::Stop;

/// The longest sleep without a look at signals.
const SLEEP_MAX: Duration = Duration::from_millis(100);

/// Holds frames back until they are due.
#[derive(Debug)]
pub(crate) struct Pace {
    factor: f64,
    /// The first frame's time, and when it was given.
    start: Option<(Timestamp, Instant)>,
}

impl Pace {
    pub(crate) const fn new(factor: f64) -> Self {
        Self { factor, start: None }
    }

    /// Sleeps until a frame of this time is due. Before a sleep, `pause` may tell what was found.
    pub(crate) fn wait_for(
        &mut self,
        time: Timestamp,
        stop: &Stop,
        mut pause: impl FnMut() -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let now = now();
        let (first, since) = *self.start.get_or_insert((time, now));
        let nanos = Duration::from_nanos(time.since_ns(first)).as_secs_f64() / self.factor;
        let Some(due) =
            Duration::try_from_secs_f64(nanos).ok().and_then(|wait| since.checked_add(wait))
        else {
            return Ok(());
        };
        let mut left = due.saturating_duration_since(now);
        if left.is_zero() {
            return Ok(());
        }
        pause()?;
        while !left.is_zero() && stop.asked().is_none() {
            std::thread::sleep(left.min(SLEEP_MAX));
            pause()?;
            left = due.saturating_duration_since(self::now());
        }
        Ok(())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "pacing is against the clock, and decides nothing that is printed"
)]
fn now() -> Instant {
    Instant::now()
}
