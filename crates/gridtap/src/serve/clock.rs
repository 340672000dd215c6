//! This machine's clock beside the one that stamps packets, and beside its own steady one.

use std::time::Instant;

use gridtap_model::Timestamp;
use gridtap_telemetry::{Heard, Spread};

/// A clock that moved by more than this against the steady one was set.
const STEP_NS: u64 = 500_000_000;

/// What is known of the clocks.
#[derive(Debug)]
pub(crate) struct Clock {
    lag: Spread,
    /// The shortest way of a packet since the last beat: the rest of it is not the clocks' doing.
    shortest_ns: Option<i64>,
    /// The same of those after which all was read that had come: what waits for us tells nothing of the clocks.
    shortest_read_ns: Option<i64>,
    ahead_ns: i64,
    steps: u64,
    before: Option<(Timestamp, Instant)>,
}

impl Clock {
    pub(crate) const fn new() -> Self {
        Self {
            lag: Spread::DELAY,
            shortest_ns: None,
            shortest_read_ns: None,
            ahead_ns: 0,
            steps: 0,
            before: None,
        }
    }

    /// A packet of this time was read now.
    pub(crate) fn packet(&mut self, time: Timestamp, now: Timestamp) {
        self.lag.add(now.since_ns(time));
        let way_ns = now.nanos().saturating_sub(time.nanos());
        self.shortest_ns = Some(self.shortest_ns.map_or(way_ns, |least| least.min(way_ns)));
    }

    /// All that has come was read.
    pub(crate) fn caught_up(&mut self) {
        if let Some(way_ns) = self.shortest_ns.take() {
            let least = self.shortest_read_ns.map_or(way_ns, |least| least.min(way_ns));
            self.shortest_read_ns = Some(least);
        }
    }

    /// It is now by the clock, and by the steady one.
    pub(crate) fn beat(&mut self, now: Timestamp, steady: Instant) {
        self.shortest_ns = None;
        if let Some(way_ns) = self.shortest_read_ns.take() {
            self.ahead_ns = way_ns.saturating_neg();
        }
        if let Some((before, steady_before)) = self.before.replace((now, steady)) {
            let passed = steady.saturating_duration_since(steady_before).as_nanos();
            let due = before.plus_ns(u64::try_from(passed).unwrap_or(u64::MAX));
            self.steps += u64::from(now.since_ns(due).max(due.since_ns(now)) > STEP_NS);
        }
    }

    /// What that comes to.
    pub(crate) fn tell(&self, heard: &mut Heard) {
        heard.lag = self.lag;
        heard.clock_ahead_ns = self.ahead_ns;
        heard.clock_steps = self.steps;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn told(clock: &Clock) -> Heard {
        let mut heard = Heard::default();
        clock.tell(&mut heard);
        heard
    }

    #[test]
    fn the_shortest_way_of_a_packet_tells_how_far_the_clocks_are_apart() {
        let mut clock = Clock::new();
        let at = |ns: i64| Timestamp::from_nanos(1_000_000_000_000 + ns);
        let steady = crate::serve::hearing::now();
        clock.packet(at(0), at(40_000_000));
        clock.packet(at(0), at(3_000_000));
        clock.caught_up();
        clock.beat(at(0), steady);
        assert_eq!(told(&clock).clock_ahead_ns, -3_000_000);
        assert_eq!(told(&clock).lag.count(), 2);
        // A stamping clock that runs on TAI is 37 seconds ahead.
        clock.packet(at(37_000_000_000), at(1_000_000));
        clock.caught_up();
        clock.beat(at(0), steady);
        assert_eq!(told(&clock).clock_ahead_ns, 36_999_000_000);
    }

    #[test]
    fn what_waited_for_us_tells_nothing_of_the_clocks() {
        let mut clock = Clock::new();
        let at = |ns: i64| Timestamp::from_nanos(1_000_000_000_000 + ns);
        let steady = crate::serve::hearing::now();
        clock.packet(at(0), at(6_000_000_000));
        clock.beat(at(0), steady);
        assert_eq!(told(&clock).clock_ahead_ns, 0, "there is more in the ring");
        clock.packet(at(0), at(6_000_000_000));
        clock.packet(at(0), at(2_000_000));
        clock.caught_up();
        clock.beat(at(0), steady);
        assert_eq!(told(&clock).clock_ahead_ns, -2_000_000);
        clock.caught_up();
        clock.packet(at(0), at(7_000_000_000));
        clock.beat(at(0), steady);
        assert_eq!(told(&clock).clock_ahead_ns, -2_000_000, "as it was found when all was read");
    }

    #[test]
    fn a_clock_that_is_set_is_counted_and_one_that_drifts_is_not() {
        let mut clock = Clock::new();
        let steady = crate::serve::hearing::now();
        let at = |ms: i64| Timestamp::from_nanos(ms * 1_000_000);
        for (wall_ms, steady_ms, steps) in [
            (0, 0, 0),
            (1_000, 1_000, 0),
            (2_400, 2_000, 0),
            (1_000, 3_000, 1),
            (2_000, 4_000, 1),
            (9_000, 5_000, 2),
        ] {
            clock.beat(at(wall_ms), steady + Duration::from_millis(steady_ms));
            assert_eq!(told(&clock).clock_steps, steps, "{wall_ms}");
        }
    }
}
