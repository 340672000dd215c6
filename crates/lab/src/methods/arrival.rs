//! How long it is until the same message comes again.
//!
//! Lin, Nadjm-Tehrani and Asplund, "Timing-based anomaly detection in SCADA networks" (CRITIS 2017), with the parameters of
//! IPAL (`inter-arrival-mean`, `inter-arrival-range`): N = 4 standard deviations, windows of W = 5 messages, alerts on events
//! that were not learned. An event is source, destination, function and the names of what it is about; one with at most W
//! intervals in learning is not learned.
//!
//! *Mean*: the mean of a window's intervals leaves mu - N sigma (0 at the least) to mu + N sigma of all intervals. *Range*: the
//! longest less the shortest interval of a window does that with mu and sigma of the ranges of learning's windows, which
//! have W intervals. IPAL has a stricter lower limit for ranges, the least that learning showed, which is more than half again
//! as many alerts on normal traffic (on Lemay and Fernandez' `channel_5d_3s` 848 an hour and not 512).

use std::collections::{BTreeMap, VecDeque};

use super::Said;
use crate::sim::calendar::in_seconds;

/// Standard deviations that are tolerated.
const N: f64 = 4.0;
/// Messages in a window.
const W: usize = 5;

/// Mean and standard deviation as numbers come (Welford).
#[derive(Debug, Clone, Copy, Default)]
struct Spread {
    count: u32,
    mean: f64,
    squares: f64,
}

impl Spread {
    fn add(&mut self, number: f64) {
        self.count += 1;
        let from = number - self.mean;
        self.mean += from / f64::from(self.count);
        self.squares += from * (number - self.mean);
    }

    fn sigma(&self) -> f64 {
        (self.squares / f64::from(self.count.max(1))).sqrt()
    }
}

/// An event: what was learned of it, and the moments of its last messages.
#[derive(Debug, Clone, Default)]
struct Event {
    last: Option<i64>,
    intervals: Spread,
    /// The shortest and the longest interval of the window that is being learned, and how many it has.
    window: Option<(f64, f64, usize)>,
    ranges: Spread,
    recent: VecDeque<i64>,
}

impl Event {
    fn learn(&mut self, time: i64) {
        let Some(last) = self.last.replace(time) else { return };
        let interval = in_seconds(time.saturating_sub(last));
        self.intervals.add(interval);
        let (least, most, count) = self.window.unwrap_or((interval, interval, 0));
        let (least, most) = (least.min(interval), most.max(interval));
        self.window = (count + 1 < W).then_some((least, most, count + 1));
        if count + 1 == W {
            self.ranges.add(most - least);
        }
    }

    fn is_learned(&self) -> bool {
        usize::try_from(self.intervals.count).is_ok_and(|count| count > W)
    }

    fn judge(&mut self, time: i64) -> [Option<f64>; 2] {
        if self.recent.len() == W {
            self.recent.pop_front();
        }
        self.recent.push_back(time);
        if self.recent.len() < W {
            return [None, None];
        }
        let pairs = self.recent.iter().zip(self.recent.iter().skip(1));
        let (mut spread, mut least, mut most) = (Spread::default(), f64::MAX, f64::MIN);
        for (one, other) in pairs {
            let interval = in_seconds(other.saturating_sub(*one));
            spread.add(interval);
            (least, most) = (least.min(interval), most.max(interval));
        }
        [beyond(spread.mean, self.intervals), beyond(most - least, self.ranges)]
    }
}

/// How many times the tolerance a number is beyond the limits, where it is.
fn beyond(number: f64, learned: Spread) -> Option<f64> {
    let tolerance = N * learned.sigma();
    let low = (learned.mean - tolerance).max(0.0);
    let is_alert = !(low < number && number < learned.mean + tolerance);
    is_alert.then(|| ((number - learned.mean).abs() / tolerance).max(1.0))
}

/// Every event.
#[derive(Debug, Clone, Default)]
pub(super) struct Arrivals {
    events: BTreeMap<u64, Event>,
}

impl Arrivals {
    pub(super) fn learn(&mut self, said: &Said<'_>) {
        self.events.entry(said.event).or_default().learn(said.time);
    }

    pub(super) fn learned(&mut self) {
        self.events.retain(|_, event| event.is_learned());
    }

    /// Alerts on mean and range.
    pub(super) fn judge(&mut self, said: &Said<'_>) -> [Option<f64>; 2] {
        match self.events.get_mut(&said.event) {
            Some(event) => event.judge(said.time),
            None => [Some(f64::INFINITY); 2],
        }
    }
}
