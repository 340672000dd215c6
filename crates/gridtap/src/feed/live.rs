//! Frames as they come, from a source that may be silent: read by a thread of its own, so that whoever listens can be
//! told that nothing comes.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::time::Duration;

use gridtap_capture::{Error, Sources};
use gridtap_model::Timestamp;
use gridtap_wire::{Frame, LinkType};

/// Frames that wait at most. Beyond that the source waits: a pipe holds them back, and its writer counts what it drops.
const WAITING_MAX: usize = 8192;

/// How long a silence is before it is told.
const SILENCE: Duration = Duration::from_millis(250);

/// A frame that owns its octets.
struct Owned {
    time: Timestamp,
    capture: u16,
    number: u64,
    link: LinkType,
    original_length: u32,
    bytes: Vec<u8>,
}

/// What comes of waiting.
pub(super) enum Come {
    /// A frame is held.
    Frame,
    /// Nothing more is there at this moment.
    Nothing,
    /// The source is silent.
    Silence,
    /// It broke off.
    Broken(Error),
    /// It ended.
    End,
}

/// A source read by a thread of its own.
pub(super) struct Live {
    frames: Receiver<Result<Owned, Error>>,
    held: Option<Owned>,
}

impl Live {
    pub(super) fn start(sources: Sources) -> std::io::Result<Self> {
        let (put, frames) = sync_channel(WAITING_MAX);
        // It ends with its source, or with the process: nothing can wake a read that waits.
        std::thread::Builder::new().name("reader".to_owned()).spawn(move || read(sources, &put))?;
        Ok(Self { frames, held: None })
    }

    /// Waits for the next frame. With `patiently`, until one comes or a silence has passed.
    pub(super) fn next(&mut self, patiently: bool) -> Come {
        let come = if patiently {
            self.frames.recv_timeout(SILENCE).map_err(|error| match error {
                RecvTimeoutError::Timeout => Come::Silence,
                RecvTimeoutError::Disconnected => Come::End,
            })
        } else {
            self.frames.try_recv().map_err(|error| match error {
                TryRecvError::Empty => Come::Nothing,
                TryRecvError::Disconnected => Come::End,
            })
        };
        match come {
            Ok(Ok(frame)) => {
                self.held = Some(frame);
                Come::Frame
            }
            Ok(Err(error)) => Come::Broken(error),
            Err(other) => other,
        }
    }

    /// The frame that came last.
    pub(super) fn frame(&self) -> Option<Frame<'_>> {
        let held = self.held.as_ref()?;
        Some(Frame {
            time: held.time,
            capture: held.capture,
            number: held.number,
            link: held.link,
            bytes: &held.bytes,
            original_length: held.original_length,
        })
    }
}

fn read(mut sources: Sources, put: &SyncSender<Result<Owned, Error>>) {
    loop {
        let next = match sources.next() {
            Ok(None) => return,
            Ok(Some(frame)) => Ok(Owned {
                time: frame.time,
                capture: frame.capture,
                number: frame.number,
                link: frame.link,
                original_length: frame.original_length,
                bytes: frame.bytes.to_vec(),
            }),
            Err(error) => Err(error),
        };
        if put.send(next).is_err() {
            return;
        }
    }
}
