//! Frames out of captures, at full speed or at their own pace, until the end or until asked to stop.

mod live;
mod pace;
mod progress;

use std::path::PathBuf;

use gridtap_capture::{Error, Sources};
use gridtap_wire::Frame;

use crate::failure::{Exit, Failure};
use crate::output::{Voice, complain};
use crate::stop::Stop;

use live::{Come, Live};
use pace::Pace;
use progress::Bar;

/// Frames between two looks at what was found, at the progress, and at signals. It decides nothing that is printed.
const FRAMES: u64 = 4096;

/// The captures that were named, ready to be read.
pub(crate) struct Feed {
    sources: Sources,
    names: Vec<String>,
    pace: Option<Pace>,
    stop: Stop,
    bar: Bar,
    voice: Voice,
    unread: bool,
}

/// What was read, and how it ended.
#[derive(Debug, Default)]
pub(crate) struct Read {
    /// Frames in all.
    pub frames: u64,
    /// The number of the last frame of each capture.
    pub last: Vec<u64>,
    /// Captures that broke off, by their place in the list.
    pub broken: Vec<usize>,
    /// Something in a directory may not be read.
    pub unread: bool,
    /// A signal ended it.
    pub stopped: Option<Exit>,
}

impl Read {
    /// How the process should end, as far as reading decides it.
    pub(crate) fn exit(&self) -> Exit {
        match (self.stopped, self.broken.is_empty() && !self.unread) {
            (Some(exit), _) => exit,
            (None, true) => Exit::Done,
            (None, false) => Exit::Capture,
        }
    }
}

/// Looks at what came of the frames.
pub(crate) trait Listener {
    /// A frame.
    fn frame(&mut self, frame: &Frame<'_>) -> Result<(), Failure>;
    /// A moment to tell what was found so far: nothing may come for a while.
    fn pause(&mut self) -> Result<(), Failure>;
    /// Nothing has come for a while.
    fn idle(&mut self) -> Result<(), Failure> {
        self.pause()
    }
}

impl Feed {
    /// Recognises everything that was named.
    pub(crate) fn open(
        files: &[PathBuf],
        factor: Option<f64>,
        voice: Voice,
    ) -> Result<Self, Failure> {
        let sources = Sources::open(files).map_err(Failure::capture)?;
        let names: Vec<String> = sources.names().map(str::to_owned).collect();
        let mut unread = false;
        for skipped in sources.skipped() {
            if matches!(skipped.reason, Error::Unreadable { .. }) {
                unread = true;
                complain(skipped);
            } else {
                tracing::info!("{skipped:?}");
            }
        }
        let bar = Bar::new(voice.shows_progress() && factor.is_none(), sources.progress());
        Ok(Self {
            sources,
            names,
            pace: factor.map(Pace::new),
            stop: Stop::on_signals()?,
            bar,
            voice,
            unread,
        })
    }

    /// The captures, in the order of [`Frame::capture`].
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Gives every frame to the listener. A damaged capture ends there, with a sentence; the others go on.
    pub(crate) fn run(&mut self, listener: &mut impl Listener) -> Result<Read, Failure> {
        let mut read =
            Read { last: vec![0; self.names.len()], unread: self.unread, ..Read::default() };
        loop {
            match self.sources.next() {
                Ok(None) => break,
                Ok(Some(frame)) => {
                    if let Some(pace) = &mut self.pace {
                        pace.wait_for(frame.time, &self.stop, || listener.pause())?;
                        if self.stop.asked().is_some() {
                            break;
                        }
                    }
                    listener.frame(&frame)?;
                    read.frames = read.frames.saturating_add(1);
                    if let Some(last) = read.last.get_mut(usize::from(frame.capture)) {
                        *last = frame.number;
                    }
                }
                Err(error) => self.broke_off(&error, &mut read),
            }
            if read.frames.is_multiple_of(FRAMES) {
                listener.pause()?;
                self.bar.show(|| self.sources.progress(), read.frames);
                if self.stop.asked().is_some() {
                    break;
                }
            }
        }
        read.stopped = self.stop.asked();
        self.bar.end();
        for (number, frames) in self.sources.links_other() {
            self.voice.say(format_args!(
                "{frames} frames are of link type {number}, which is not decoded (see tcpdump.org/linktypes.html)"
            ));
        }
        Ok(read)
    }

    /// Gives every frame to the listener as it comes, and tells it when none does.
    pub(crate) fn run_live(self, listener: &mut impl Listener) -> Result<Read, Failure> {
        let mut read =
            Read { last: vec![0; self.names.len()], unread: self.unread, ..Read::default() };
        let mut live = Live::start(self.sources)?;
        let mut since_pause = 0_u64;
        let mut is_patient = false;
        while self.stop.asked().is_none() {
            match live.next(is_patient) {
                Come::Frame => {
                    let Some(frame) = live.frame() else { continue };
                    listener.frame(&frame)?;
                    read.frames = read.frames.saturating_add(1);
                    if let Some(last) = read.last.get_mut(usize::from(frame.capture)) {
                        *last = frame.number;
                    }
                    since_pause = since_pause.saturating_add(1);
                    is_patient = false;
                }
                Come::Nothing => is_patient = true,
                Come::Silence => listener.idle()?,
                Come::Broken(error) => {
                    complain(&error);
                    read.broken.push(0);
                }
                Come::End => break,
            }
            if since_pause > 0 && (is_patient || since_pause >= FRAMES) {
                listener.pause()?;
                since_pause = 0;
            }
        }
        read.stopped = self.stop.asked();
        Ok(read)
    }

    /// What asks to stop.
    pub(crate) const fn stop(&self) -> &Stop {
        &self.stop
    }

    fn broke_off(&self, error: &Error, read: &mut Read) {
        self.bar.aside(|| complain(error));
        let at = match error {
            Error::Fault(fault) => self.names.iter().position(|name| *name == fault.name),
            _ => None,
        };
        read.broken.push(at.unwrap_or(0));
    }
}
