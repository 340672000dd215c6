//! How long a device may be quiet before it is silent.

use gridtap_model::Timestamp;

const MINUTE_NS: i64 = 60 * 1_000_000_000;

/// A device that is quiet for less than this is not silent, however often it spoke before.
const LEAST_NS: u64 = 5 * 60 * 1_000_000_000;

/// As long as little is known of a device, it may be one that is polled seldom.
const UNKNOWN_NS: u64 = 3600 * 1_000_000_000;

/// In so many minutes a device must have spoken before its silences say what it is used to: one burst does not.
const MINUTES_MIN: u32 = 5;

/// How long the longest silence is remembered: this hour's and the last one's.
const WINDOW_NS: i64 = 3600 * 1_000_000_000;

/// The longest time between two words of a device, in this window and the one before.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Silences {
    window: i64,
    longest_ns: [u64; 2],
    /// In how many minutes it spoke, up to [`MINUTES_MIN`].
    minutes: u32,
}

impl Silences {
    /// What an earlier run knew.
    pub(super) const fn known(last: Timestamp, usual_ns: u64) -> Self {
        let window = last.nanos().div_euclid(WINDOW_NS);
        Self { window, longest_ns: [usual_ns, usual_ns], minutes: MINUTES_MIN }
    }

    /// A word, and the one before.
    pub(super) fn add(&mut self, time: Timestamp, before: Option<Timestamp>) {
        let minute = |time: Timestamp| time.nanos().div_euclid(MINUTE_NS);
        if before.is_none_or(|before| minute(before) != minute(time)) {
            self.minutes = self.minutes.saturating_add(1).min(MINUTES_MIN);
        }
        let Some(before) = before else { return };
        let window = time.nanos().div_euclid(WINDOW_NS);
        let [this, _] = self.longest_ns;
        match window.saturating_sub(self.window) {
            ..=0 => {}
            1 => self.longest_ns = [0, this],
            _ => self.longest_ns = [0, 0],
        }
        self.window = self.window.max(window);
        if let Some(longest) = self.longest_ns.first_mut() {
            *longest = time.since_ns(before).max(*longest);
        }
    }

    /// The longest silence that it is used to; none where too little was heard to say.
    pub(super) fn usual_ns(&self) -> Option<u64> {
        let [this, before] = self.longest_ns;
        (self.minutes >= MINUTES_MIN).then_some(this.max(before))
    }

    /// Quiet for longer than this, it is silent.
    pub(super) fn patience_ns(&self) -> u64 {
        let [this, before] = self.longest_ns;
        let least_ns = if self.minutes >= MINUTES_MIN { LEAST_NS } else { UNKNOWN_NS };
        this.max(before).saturating_mul(2).max(least_ns)
    }
}
