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
