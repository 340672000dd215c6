//! Frames of interfaces, as they come.

use std::time::{Duration, Instant};

use gridtap_tap::{Change, Clock, Stamped, Taps};

use crate::failure::Failure;
use crate::feed::{FRAMES, Listener, Missed, Read};
use crate::stop::Stop;

/// How long a silence is before it is told.
const SILENCE: Duration = Duration::from_millis(250);

/// How often the interfaces are looked after.
const LOOK: Duration = Duration::from_secs(1);

/// Gives every frame to the listener until a signal comes, and tells it when none does.
pub(super) fn run(
    taps: &mut Taps,
    stop: &Stop,
    listener: &mut impl Listener,
    read: &mut Read,
) -> Result<(), Failure> {
    let (mut since_pause, mut since_glance) = (0_u64, 0_u64);
    let mut look_at = now();
    let mut lost = Vec::new();
    let mut stamped = Vec::new();
    let mut backlog = Backlog::new(look_at);
    while stop.asked().is_none() {
        let is_quiet = match taps.next() {
            Some(frame) => {
                listener.frame(&frame)?;
                read.took(&frame);
                since_pause = since_pause.saturating_add(1);
                since_glance = since_glance.saturating_add(1);
                false
            }
            None => true,
        };
        if !is_quiet && since_glance < FRAMES {
            continue;
        }
        if !is_quiet {
            listener.glance()?;
        } else if since_pause > 0 {
            listener.pause()?;
            since_pause = 0;
        }
        since_glance = 0;
        if now() >= look_at {
            look_at = now().checked_add(LOOK).unwrap_or(look_at);
            look(taps, &mut lost);
            look_at_clocks(taps, &mut stamped);
            let overflowed = taps.drops().iter().map(|drops| drops.kernel).sum();
            if let Some(keep) = backlog.look(taps.waiting(), overflowed, read.frames, now()) {
                taps.shed(keep);
            }
            listener.interfaces(&missed(taps), &lost);
        }
        if is_quiet && !taps.wait(SILENCE)? {
            listener.idle()?;
        }
    }
    read.stopped = stop.asked();
    read.missed = missed(taps);
    Ok(())
}

/// What waits while there is more than can be heard.
///
/// A ring takes up what comes in bursts, and must. But where it overflows, everything in it has waited for as long as it
/// takes to hear a whole ring: half a minute late an operator is told of a command, and for half a minute after a flood
/// nothing is heard that comes then. What is lost is lost either way; what is heard shall be what comes now.
struct Backlog {
    looked: Instant,
    frames: u64,
    /// Frames that were heard in each of the last seconds: a process that stood still for one of them is not slow.
    rates: [u64; RATES],
    nth: usize,
    overflowed: u64,
    /// How many more times an overflow counts as going on.
    overloaded: u8,
}

/// How many seconds tell what can be heard.
const RATES: usize = 8;

/// For how many looks after its last loss a ring counts as overflowing.
const OVERFLOWING: u8 = 3;

impl Backlog {
    const fn new(looked: Instant) -> Self {
        Self { looked, frames: 0, rates: [0; RATES], nth: 0, overflowed: 0, overloaded: 0 }
    }

    /// How many frames a ring may keep, where it overflows and what waits in it takes longer than two seconds to hear: what
    /// takes half a second.
    fn look(&mut self, waiting: u64, overflowed: u64, frames: u64, now: Instant) -> Option<u64> {
        let milliseconds = now.saturating_duration_since(self.looked).as_millis().max(1);
        let heard = u128::from(frames.saturating_sub(self.frames)).saturating_mul(1_000);
        let rate = u64::try_from(heard.div_euclid(milliseconds)).unwrap_or(u64::MAX);
        (self.looked, self.frames) = (now, frames);
        if let Some(slot) = self.rates.get_mut(self.nth) {
            *slot = rate;
        }
        self.nth = (self.nth + 1) % RATES;
        self.overloaded = if overflowed > self.overflowed {
            OVERFLOWING
        } else {
            self.overloaded.saturating_sub(1)
        };
        self.overflowed = overflowed;
        let a_second = self.rates.into_iter().max().unwrap_or(0);
        (self.overloaded > 0 && waiting > a_second.saturating_mul(2)).then_some(a_second / 2)
    }
}

fn missed(taps: &mut Taps) -> Vec<Missed> {
    taps.drops().into_iter().map(Missed::from).collect()
}

/// Looks after the interfaces: `lost` are those that are not heard now.
fn look(taps: &mut Taps, lost: &mut Vec<String>) {
    for (name, change) in taps.look() {
        match change {
            Change::Lost => {
                tracing::error!(interface = name, "is down or gone, and is waited for");
                lost.push(name);
            }
            Change::Back => {
                tracing::info!(interface = name, "is heard again");
                lost.retain(|each| *each != name);
            }
        }
    }
}

/// Says whose times the frames of each interface have, at first and whenever that changes. `told` is what was said, by
/// their order.
fn look_at_clocks(taps: &mut Taps, told: &mut Vec<Option<Stamped>>) {
    let all = taps.stamped();
    told.resize(all.len(), None);
    for ((name, now), told) in all.into_iter().zip(told) {
        let Some(stamped) = now.filter(|_| now != *told) else { continue };
        *told = now;
        let (had, wanted) = (stamped.had.name(), stamped.wanted.name());
        match stamped {
            Stamped { mixed: true, .. } => tracing::warn!(
                interface = name,
                "some frames have the interface's times and some the kernel's: their order may be wrong where the two clocks differ"
            ),
            Stamped { had: Clock::Kernel, wanted: Clock::Hardware, .. } => tracing::warn!(
                interface = name,
                timestamps = had,
                wanted,
                "does not stamp what it receives: the kernel's times are used (tap.timestamps; hwstamp_ctl -r 1 switches stamping on where it can)"
            ),
            Stamped { .. } => tracing::info!(interface = name, timestamps = had, "is heard"),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "that nothing comes is the clock's to say")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backlog_is_given_up_only_where_the_ring_overflows_and_it_takes_two_seconds_to_hear() {
        let began = now();
        let mut backlog = Backlog::new(began);
        let mut look = |second: u64, waiting, overflowed, frames| {
            backlog.look(waiting, overflowed, frames, began + Duration::from_secs(second))
        };
        // A thousand a second are heard; a burst that the ring takes up is no overload, however long it takes.
        assert_eq!(look(1, 0, 0, 1_000), None);
        assert_eq!(look(2, 50_000, 0, 2_000), None);
        assert_eq!(look(3, 2_000, 10, 3_000), None, "it overflows, and is heard in two seconds");
        assert_eq!(look(4, 2_001, 20, 4_000), Some(500));
        // What was lost last counts for two more looks; a second in which nothing was heard makes nobody slow.
        assert_eq!(look(5, 2_001, 20, 4_000), Some(500));
        assert_eq!(look(6, 2_001, 20, 5_000), Some(500));
        assert_eq!(look(7, 50_000, 20, 6_000), None, "it overflows no more");
    }
}
