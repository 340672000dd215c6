//! Frames of directories in which captures rotate, as far as they are written.

use std::time::{Duration, Instant};

use gridtap_capture::{Error, Event, Follow};
use gridtap_model::Timestamp;

use crate::failure::Failure;
use crate::feed::{FRAMES, Listener, Missed, Read};
use crate::stop::Stop;

/// How often it is looked which files there are, and which have grown.
const LOOK: Duration = Duration::from_secs(1);

/// How long to rest where nothing more is there.
const REST: Duration = Duration::from_millis(100);

/// Directories that are followed.
struct Directories<'a> {
    follows: &'a mut [Follow],
    /// The time of the frame that each is at, where there is one.
    heads: Vec<Option<Timestamp>>,
    missed: Vec<Missed>,
    look_at: Instant,
}

/// Gives every frame to the listener until a signal comes, the earliest first of those that are there.
pub(super) fn run(
    follows: &mut [Follow],
    stop: &Stop,
    listener: &mut impl Listener,
    read: &mut Read,
) -> Result<(), Failure> {
    let mut directories = Directories {
        heads: vec![None; follows.len()],
        missed: vec![Missed::default(); follows.len()],
        look_at: now(),
        follows,
    };
    let (mut since_pause, mut since_glance) = (0_u64, 0_u64);
    while stop.asked().is_none() {
        let next = if since_glance < FRAMES { directories.next(listener) } else { None };
        if let Some(at) = next {
            if let Some(frame) = directories.take(at) {
                listener.frame(&frame)?;
                read.took(&frame);
            }
            since_pause = since_pause.saturating_add(1);
            since_glance = since_glance.saturating_add(1);
            continue;
        }
        let is_quiet = since_glance < FRAMES;
        since_glance = 0;
        if directories.look(listener) {
            // What it brought may be read at once.
        } else if !is_quiet {
            listener.glance()?;
        } else if since_pause > 0 {
            listener.pause()?;
            since_pause = 0;
        } else {
            listener.rest()?;
            std::thread::sleep(REST);
        }
    }
    read.stopped = stop.asked();
    read.missed = directories.missed;
    Ok(())
}

impl Directories<'_> {
    /// Which one's frame comes next, of those that are there.
    #[inline]
    fn next(&mut self, listener: &mut impl Listener) -> Option<usize> {
        let mut first: Option<(Timestamp, usize)> = None;
        for (at, (follow, head)) in self.follows.iter_mut().zip(&mut self.heads).enumerate() {
            if head.is_none() {
                *head = follow.step();
                tell(follow, listener, self.missed.get_mut(at));
            }
            if let Some(time) = *head
                && first.is_none_or(|(earliest, _)| time < earliest)
            {
                first = Some((time, at));
            }
        }
        first.map(|(_, at)| at)
    }

    #[inline]
    fn take(&mut self, at: usize) -> Option<gridtap_wire::Frame<'_>> {
        if let Some(head) = self.heads.get_mut(at) {
            *head = None;
        }
        self.follows.get(at)?.frame()
    }

    /// Sees which files there are, once a second; whether it was time for that.
    fn look(&mut self, listener: &mut impl Listener) -> bool {
        if now() < self.look_at {
            return false;
        }
        for (follow, missed) in self.follows.iter_mut().zip(&mut self.missed) {
            follow.look();
            tell(follow, listener, Some(missed));
        }
        self.look_at = now().checked_add(LOOK).unwrap_or(self.look_at);
        let gone = self.follows.iter().filter(|follow| follow.is_gone());
        let gone: Vec<String> = gone.map(|follow| follow.name().to_owned()).collect();
        listener.interfaces(&self.missed, &gone);
        true
    }
}

/// Hands over what there is to say of a directory.
#[inline]
fn tell(follow: &mut Follow, listener: &mut impl Listener, missed: Option<&mut Missed>) {
    let events = follow.take_events();
    if !events.is_empty() {
        told(follow.name(), events, listener, missed);
    }
}

#[cold]
fn told(
    directory: &str,
    events: Vec<Event>,
    listener: &mut impl Listener,
    missed: Option<&mut Missed>,
) {
    let mut lost = 0_u64;
    for event in events {
        match event {
            Event::Turn(turn) => {
                let first = turn.number.saturating_add(1);
                tracing::info!("{} is read, from frame {first} of {directory} on", turn.file);
                listener.turned(&turn);
            }
            Event::Lost { file, bytes } => {
                lost = lost.saturating_add(1);
                tracing::error!(
                    "{file}: deleted or overwritten before it was read: at least {bytes} bytes of it are lost; let more files be kept, or larger ones"
                );
            }
            Event::CutOff { file } => tracing::warn!(
                "{file}: ends in the middle of a frame, and a newer file is there: what is missing is not waited for"
            ),
            Event::Grew { file } => tracing::warn!(
                "{file}: grew after another file had begun, and is read on: into one directory one program should write"
            ),
            Event::Past { file } => tracing::warn!(
                "{file}: as old as captures that were read and are no longer remembered, so it is not read"
            ),
            Event::Unread(error @ Error::NotCapture { .. }) => tracing::info!("{error}"),
            Event::Unread(error) => tracing::error!("{error}"),
            Event::Crowded { max } => tracing::error!(
                "{directory}: holds more than {max} files; those beyond are not looked at: let old ones be deleted"
            ),
            Event::Gone(error) => {
                tracing::error!("{directory}: cannot be read, and is waited for: {error}");
            }
            Event::Back => tracing::info!("{directory}: can be read again"),
            other => tracing::warn!("{directory}: {other:?}"),
        }
    }
    if let Some(missed) = missed {
        missed.files = missed.files.saturating_add(lost);
    }
}

#[expect(clippy::disallowed_methods, reason = "how often it is looked is the clock's to say")]
fn now() -> Instant {
    Instant::now()
}
