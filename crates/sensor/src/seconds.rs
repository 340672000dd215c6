//! The grid on which time passes.

use gridtap_model::Timestamp;

pub(crate) const SECOND_NS: i64 = 1_000_000_000;
/// Seconds of a silence that are ticked one by one. After that every deadline has passed, and time jumps: a
/// capture whose clock leaps by years must not be a loop.
const TICKS_IN_ROW_MAX: i64 = 7200;

/// Whole seconds of packet time.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seconds {
    next: Option<i64>,
}

impl Seconds {
    /// Ticks every second up to now.
    #[inline]
    pub(crate) fn until(&mut self, now: Timestamp, tick: impl FnMut(Timestamp)) {
        let last = now.nanos().div_euclid(SECOND_NS);
        match self.next {
            Some(next) if next > last => {}
            Some(next) => self.pass(next, last, tick),
            None => self.next = Some(last.saturating_add(1)),
        }
    }

    #[cold]
    fn pass(&mut self, mut next: i64, last: i64, mut tick: impl FnMut(Timestamp)) {
        let mut until = |next: &mut i64, end: i64| {
            while *next < end {
                tick(Timestamp::from_parts(*next, 0));
                *next = next.saturating_add(1);
            }
        };
        if last.saturating_sub(next) > TICKS_IN_ROW_MAX {
            let end = next.saturating_add(TICKS_IN_ROW_MAX);
            until(&mut next, end);
            next = last;
        }
        until(&mut next, last.saturating_add(1));
        self.next = Some(next);
    }
}
