//! Frames out of captures, at full speed or at their own pace, or out of interfaces as they come, until the end or until
//! asked to stop.

mod followed;
mod live;
mod missed;
mod pace;
mod progress;
mod taps;

use std::path::{Path, PathBuf};

use gridtap_capture::{Error, Follow, Ledger, Sources, Turn};
use gridtap_tap::Taps;
use gridtap_wire::Frame;

use crate::failure::{Exit, Failure};
use crate::output::{Voice, complain};
use crate::rights;
use crate::stop::Stop;

use live::{Come, Live};
pub(crate) use missed::Missed;
use pace::Pace;
use progress::Bar;

/// Frames between two looks at what was found, at the progress, and at signals. It decides nothing that is printed.
const FRAMES: u64 = 4096;

/// What is to be heard.
#[derive(Debug, Clone)]
pub(crate) enum Inputs {
    /// Captures, directories of them, or `-`.
    Captures(Vec<PathBuf>),
    /// Interfaces of this machine.
    Interfaces(Vec<String>),
    /// Directories in which captures are written.
    Followed(Vec<PathBuf>),
}

impl Inputs {
    /// What was named, which is of one kind.
    pub(crate) fn of(files: &[PathBuf], interfaces: &[String], directories: &[PathBuf]) -> Self {
        match (interfaces, directories) {
            ([], []) => Self::Captures(files.to_vec()),
            ([], directories) => Self::Followed(directories.to_vec()),
            (interfaces, _) => Self::Interfaces(interfaces.to_vec()),
        }
    }

    /// Whether it is heard as it comes, until it is stopped.
    pub(crate) fn is_live(&self) -> bool {
        self.is_prompt() || matches!(self, Self::Followed(_))
    }

    /// Whether it comes at once, so that its time is this machine's.
    pub(crate) fn is_prompt(&self) -> bool {
        match self {
            Self::Captures(files) => matches!(files.as_slice(), [only] if only == Path::new("-")),
            Self::Interfaces(_) => true,
            Self::Followed(_) => false,
        }
    }

    /// The captures among them.
    pub(crate) fn captures(&self) -> &[PathBuf] {
        match self {
            Self::Captures(files) => files,
            Self::Interfaces(_) | Self::Followed(_) => &[],
        }
    }
}

/// Where frames come from.
enum Source {
    Captures(Sources),
    Interfaces(Taps),
    Followed(Vec<Follow>),
}

/// What was named, ready to be heard.
pub(crate) struct Feed {
    source: Source,
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
    /// What did not reach us, by input, where it was heard as it came.
    pub missed: Vec<Missed>,
}

impl Read {
    /// A frame was given.
    fn took(&mut self, frame: &Frame<'_>) {
        self.frames = self.frames.saturating_add(1);
        if let Some(last) = self.last.get_mut(usize::from(frame.capture)) {
            *last = frame.number;
        }
    }

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
    /// The same between frames that are all there, where a pause can wait until it is worth it.
    fn glance(&mut self) -> Result<(), Failure> {
        self.pause()
    }
    /// Nothing has come for a while.
    fn idle(&mut self) -> Result<(), Failure> {
        self.pause()
    }
    /// Nothing has come for a while, which says nothing of the time of packets: they come in lots.
    fn rest(&mut self) -> Result<(), Failure> {
        self.pause()
    }
    /// How the inputs are that are heard as they come, about once a second: what did not reach us of each, and which are
    /// gone.
    fn interfaces(&mut self, missed: &[Missed], lost: &[String]) {
        let _ = (missed, lost);
    }
    /// The next file of a directory is read.
    fn turned(&mut self, turn: &Turn) {
        let _ = turn;
    }
}

impl Feed {
    /// Recognises everything that was named, or begins to hear it.
    pub(crate) fn open(
        inputs: &Inputs,
        factor: Option<f64>,
        config: &gridtap_tap::Config,
        voice: Voice,
    ) -> Result<Self, Failure> {
        match inputs {
            Inputs::Captures(files) => Self::of_captures(files, factor, voice),
            Inputs::Followed(directories) => {
                let follows = directories.iter().zip(0..).map(|(path, at)| Follow::open(path, at));
                let follows = follows.collect::<Result<Vec<_>, _>>().map_err(Failure::capture)?;
                let names = follows.iter().map(|follow| follow.name().to_owned()).collect();
                Self::of_live(Source::Followed(follows), names, voice)
            }
            Inputs::Interfaces(names) => {
                let taps = Taps::open(names, config).map_err(Failure::capture)?;
                taps.seal().map_err(Failure::capture)?;
                // Before any other thread begins: each has its own rights.
                rights::give_up().map_err(|error| {
                    Failure::capture(format_args!(
                        "the right to open interfaces cannot be given up: {error}"
                    ))
                })?;
                Self::of_live(Source::Interfaces(taps), names.clone(), voice)
            }
        }
    }

    fn of_live(source: Source, names: Vec<String>, voice: Voice) -> Result<Self, Failure> {
        Ok(Self {
            source,
            names,
            pace: None,
            stop: Stop::on_signals()?,
            bar: Bar::new(false, gridtap_capture::Progress::default()),
            voice,
            unread: false,
        })
    }

    /// Goes on with what is followed where an earlier run was.
    pub(crate) fn resume(&mut self, places: impl Iterator<Item = (Ledger, u64)>) {
        if let Source::Followed(follows) = &mut self.source {
            for (follow, (ledger, number)) in follows.iter_mut().zip(places) {
                follow.resume(ledger, number);
            }
        }
    }

    fn of_captures(files: &[PathBuf], factor: Option<f64>, voice: Voice) -> Result<Self, Failure> {
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
            source: Source::Captures(sources),
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
        let sources = match &mut self.source {
            Source::Captures(sources) => sources,
            Source::Interfaces(heard) => {
                taps::run(heard, &self.stop, listener, &mut read)?;
                self.say_missed(&read);
                return Ok(read);
            }
            Source::Followed(follows) => {
                followed::run(follows, &self.stop, listener, &mut read)?;
                self.say_missed(&read);
                return Ok(read);
            }
        };
        loop {
            match sources.next() {
                Ok(None) => break,
                Ok(Some(frame)) => {
                    if let Some(pace) = &mut self.pace {
                        pace.wait_for(frame.time, &self.stop, || listener.pause())?;
                        if self.stop.asked().is_some() {
                            break;
                        }
                    }
                    listener.frame(&frame)?;
                    read.took(&frame);
                }
                Err(error) => broke_off(&error, &self.bar, &self.names, &mut read),
            }
            if read.frames.is_multiple_of(FRAMES) {
                listener.glance()?;
                self.bar.show(|| sources.progress(), read.frames);
                if self.stop.asked().is_some() {
                    break;
                }
            }
        }
        read.stopped = self.stop.asked();
        self.bar.end();
        for (number, frames) in sources.links_other() {
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
        let mut live = match self.source {
            Source::Captures(sources) => Live::start(sources)?,
            Source::Interfaces(mut heard) => {
                taps::run(&mut heard, &self.stop, listener, &mut read)?;
                return Ok(read);
            }
            Source::Followed(mut follows) => {
                followed::run(&mut follows, &self.stop, listener, &mut read)?;
                return Ok(read);
            }
        };
        let mut since_pause = 0_u64;
        let mut is_patient = false;
        while self.stop.asked().is_none() {
            match live.next(is_patient) {
                Come::Frame => {
                    let Some(frame) = live.frame() else { continue };
                    listener.frame(&frame)?;
                    read.took(&frame);
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
            if since_pause > 0 && is_patient {
                listener.pause()?;
                since_pause = 0;
            } else if since_pause > 0 && since_pause.is_multiple_of(FRAMES) {
                listener.glance()?;
            }
        }
        read.stopped = self.stop.asked();
        Ok(read)
    }

    /// What did not reach us, at the end.
    fn say_missed(&self, read: &Read) {
        for (name, missed) in self.names.iter().zip(&read.missed) {
            let told = missed.told();
            if !told.is_empty() {
                self.voice.say(format_args!("{name}: {told} were lost"));
            }
        }
    }

    /// What asks to stop.
    pub(crate) const fn stop(&self) -> &Stop {
        &self.stop
    }
}

fn broke_off(error: &Error, bar: &Bar, names: &[String], read: &mut Read) {
    bar.aside(|| complain(error));
    let at = match error {
        Error::Fault(fault) => names.iter().position(|name| *name == fault.name),
        _ => None,
    };
    read.broken.push(at.unwrap_or(0));
}
