//! The site's wall clock.

/// A second, in nanoseconds.
pub const SECOND: i64 = 1_000_000_000;
/// A minute.
pub const MINUTE: i64 = 60 * SECOND;
/// An hour.
pub const HOUR: i64 = 60 * MINUTE;
/// A day.
pub const DAY: i64 = 24 * HOUR;

/// What a person at the site calls a moment: an hour ahead of UTC, and from `summer_from` on two.
#[derive(Debug, Clone, Copy)]
pub struct Calendar {
    /// When clocks were put forward.
    pub summer_from: i64,
}

impl Calendar {
    /// A moment on the wall, as nanoseconds of a day that begins at local midnight, and the day since Monday.
    #[must_use]
    pub const fn local(&self, time: i64) -> (i64, i64) {
        let ahead = if time >= self.summer_from { 2 * HOUR } else { HOUR };
        let local = time + ahead;
        // 1970-01-01 was a Thursday.
        (local.rem_euclid(DAY), (local.div_euclid(DAY) + 3).rem_euclid(7))
    }

    /// The hour on the wall, with its fraction.
    #[must_use]
    pub fn hour(&self, time: i64) -> f64 {
        let minutes = self.local(time).0 / MINUTE;
        f64::from(i32::try_from(minutes).unwrap_or(0)) / 60.0
    }

    /// Saturday or Sunday.
    #[must_use]
    pub const fn is_weekend(&self, time: i64) -> bool {
        self.local(time).1 >= 5
    }

    /// How many people work at a moment: the day shift has its engineers, the others one operator.
    #[must_use]
    pub fn staff(&self, time: i64) -> f64 {
        let hour = self.hour(time);
        match (self.is_weekend(time), hour) {
            (false, 7.0..16.0) => 1.0,
            (false, 16.0..22.0) => 0.4,
            (true, 8.0..18.0) => 0.3,
            _ => 0.12,
        }
    }

    /// The load of the network, between 0.5 and 1: nights are low, evenings high, weekends lower.
    #[must_use]
    pub fn load(&self, time: i64) -> f64 {
        let hour = self.hour(time);
        let wave = |peak: f64| ((hour - peak) / 24.0 * core::f64::consts::TAU).cos();
        let day =
            0.75 + 0.15 * wave(18.0) + 0.06 * ((hour - 8.0) / 12.0 * core::f64::consts::TAU).cos();
        if self.is_weekend(time) { day * 0.88 } else { day }
    }
}

/// Seconds as nanoseconds.
#[must_use]
pub fn seconds(seconds: f64) -> i64 {
    let span = std::time::Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or_default();
    i64::try_from(span.as_nanos()).unwrap_or(i64::MAX)
}

/// Nanoseconds as seconds.
#[must_use]
pub fn in_seconds(nanos: i64) -> f64 {
    std::time::Duration::from_nanos(u64::try_from(nanos).unwrap_or(0)).as_secs_f64()
}
