//! What is played: the substation at its own pace, an attack in the middle, and as much flood as is asked for at the time.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{JoinHandle, sleep};
use std::time::Duration;

use anyhow::{Context, Result};
use gridtap_capture::Reader;

use super::kind::{Kind, Parties};
use crate::live::load::{AT_ONCE, Outlet};
use crate::live::{FIELD, now, stay_on};

/// A frame and when it is due.
pub(crate) type Due = (Duration, Vec<u8>);

/// The frames of a capture, each with how long after the first it came.
pub(crate) fn read(path: &Path) -> Result<Vec<Due>> {
    let name = path.display().to_string();
    let file = std::fs::File::open(path).with_context(|| name.clone())?;
    let mut reader = Reader::new(&name, 0, Box::new(file))?;
    let (mut frames, mut first) = (Vec::new(), None);
    while let Some(frame) = reader.next()? {
        let first = *first.get_or_insert(frame.time);
        frames.push((Duration::from_nanos(frame.time.since_ns(first)), frame.bytes.to_vec()));
    }
    Ok(frames)
}

/// No pace: as fast as it goes.
pub(crate) const UNPACED: u64 = u64::MAX;

/// What the one that plays is told, and tells.
#[derive(Debug, Default)]
pub(crate) struct Control {
    /// Frames of the flood a second.
    pub(crate) rate: AtomicU64,
    pub(crate) is_over: AtomicBool,
    pub(crate) flood_frames: AtomicU64,
}

/// Plays from a thread of its own, in the network of the one that starts it, until it is told that it is over.
pub(crate) fn play(
    frames: Vec<Due>,
    flood: (Kind, Parties),
    core: Option<usize>,
) -> (Arc<Control>, JoinHandle<Result<()>>) {
    let control = Arc::new(Control::default());
    let told = Arc::clone(&control);
    let thread = std::thread::spawn(move || {
        stay_on(core)?;
        send(&frames, flood, &told)
    });
    (control, thread)
}

fn send(frames: &[Due], (kind, parties): (Kind, Parties), control: &Control) -> Result<()> {
    let mut outlet = Outlet::open(FIELD)?;
    let mut buffers = vec![Vec::new(); AT_ONCE];
    let mut frames = frames.iter().peekable();
    let began = now();
    let (mut rate, mut since, mut at_rate, mut nth) = (0, Duration::ZERO, 0_u64, 0_u64);
    while !control.is_over.load(Ordering::Relaxed) {
        let passed = began.elapsed();
        let wanted = control.rate.load(Ordering::Relaxed);
        if wanted != rate {
            (rate, since, at_rate) = (wanted, passed, 0);
        }
        let nanoseconds = passed.saturating_sub(since).as_nanos() * u128::from(rate);
        let allowed = u64::try_from(nanoseconds / 1_000_000_000).unwrap_or(u64::MAX);
        let mut used = 0;
        for buffer in &mut buffers {
            if let Some((_, frame)) = frames.next_if(|(due, _)| *due <= passed) {
                buffer.clone_from(frame);
            } else if at_rate < allowed {
                kind.write(nth, &parties, buffer);
                at_rate += 1;
                nth += 1;
            } else {
                break;
            }
            used += 1;
        }
        if used == 0 {
            sleep(Duration::from_micros(100));
            continue;
        }
        outlet.send(buffers.iter().take(used).map(Vec::as_slice))?;
        control.flood_frames.store(nth, Ordering::Relaxed);
    }
    Ok(())
}
