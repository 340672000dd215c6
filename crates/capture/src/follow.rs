//! A directory in which captures grow and rotate, as one sequence of frames.
//!
//! Files are read one after the other, in the order of their first frames' times. One is left when its end was reached
//! and another was there before that: whoever writes them has closed the first before it begins the next. A file is known
//! by its first frame, so that it stays the same when it is renamed or packed, and is another when it is overwritten.
//!
//! Nothing here waits: [`Follow::look`] sees what is there now, and frames come from what was seen.

mod event;
mod file;
mod ledger;
mod listing;
mod look;

use core::fmt;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use gridtap_model::Timestamp;
use gridtap_wire::Frame;

use crate::error::{Error, Fault, FaultReason};
use crate::reader::Reader;
use file::open;
use listing::{Standing, list};

pub use event::{Event, Turn};
pub use ledger::{Ledger, Print, Read};

/// For how many looks a file that vanished unread is waited for under another name.
const ABSENT_LOOKS: u32 = 5;

/// For how many looks the next file waits for one of which it is not known what it is: it may have to come before.
const UNKNOWN_LOOKS: u32 = 3;

/// A directory that is followed.
pub struct Follow {
    directory: PathBuf,
    name: String,
    capture: u16,
    entries: BTreeMap<OsString, Entry>,
    ledger: Ledger,
    current: Option<Current>,
    /// The number of the last frame that was given.
    number: u64,
    absent: Vec<Absent>,
    events: Vec<Event>,
    is_gone: bool,
    is_crowded: bool,
}

#[derive(Debug)]
struct Entry {
    standing: Standing,
    state: State,
    /// It has stood so since the look before.
    is_settled: bool,
    /// For how many looks it was not known what it is.
    unknown: u32,
    /// How much of it was read when it was left.
    read: Option<(Print, u64)>,
    /// That it is not read was said.
    was_told: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// To be looked at.
    New,
    /// Looked at, and nothing can be said until it changes.
    Quiet,
    /// There is something in it that was not read.
    Waiting(Print),
    /// Read to its end, or being read, or another of the same capture is.
    Read(Print),
    /// Read up to its damage.
    Damaged(Print),
}

struct Current {
    /// Under which name it is in the directory; none where it is there no more.
    name: Option<OsString>,
    /// The file itself.
    inode: u64,
    print: Print,
    /// How long it is known to be.
    length: u64,
    reader: Reader,
    /// What its own numbers lack to the directory's.
    before: u64,
    /// The reader stands at a frame that was not given.
    is_unheard: bool,
}

/// A file that vanished unread.
#[derive(Debug)]
struct Absent {
    name: OsString,
    print: Print,
    bytes: u64,
    looks: u32,
}

impl fmt::Debug for Follow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, number, .. } = self;
        f.debug_struct("Follow").field("name", name).field("number", number).finish_non_exhaustive()
    }
}

impl Follow {
    /// Begins to follow a directory. `capture` is for its frames.
    ///
    /// # Errors
    /// When it is none, or cannot be read.
    pub fn open(directory: &Path, capture: u16) -> Result<Self, Error> {
        let name = directory.display().to_string();
        match list(directory) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(Error::Missing { name });
            }
            Err(error) if error.kind() == ErrorKind::NotADirectory => {
                return Err(Error::NoDirectory { name });
            }
            Err(source) => return Err(Error::Unreadable { name, source }),
        }
        Ok(Self {
            directory: directory.to_owned(),
            name,
            capture,
            entries: BTreeMap::new(),
            ledger: Ledger::default(),
            current: None,
            number: 0,
            absent: Vec::new(),
            events: Vec::new(),
            is_gone: false,
            is_crowded: false,
        })
    }

    /// Goes on behind what an earlier run has read: `number` is that of its last frame.
    pub fn resume(&mut self, ledger: Ledger, number: u64) {
        (self.ledger, self.number) = (ledger, number);
    }

    /// The directory, as it was named.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the directory cannot be read at the moment.
    #[must_use]
    pub const fn is_gone(&self) -> bool {
        self.is_gone
    }

    /// What there is to say since the last time.
    #[inline]
    pub fn take_events(&mut self) -> Vec<Event> {
        core::mem::take(&mut self.events)
    }

    /// Goes to the next frame that is there; its time.
    #[inline]
    pub fn step(&mut self) -> Option<Timestamp> {
        loop {
            if let Some(current) = &mut self.current {
                match current.step() {
                    Ok(Some(time)) => {
                        self.number = current.number();
                        return Some(time);
                    }
                    Ok(None) => {}
                    Err(fault) => self.broke(fault),
                }
            }
            if !self.turn() {
                return None;
            }
        }
    }

    /// The frame that the last step went to.
    #[inline]
    #[must_use]
    pub fn frame(&self) -> Option<Frame<'_>> {
        let frame = self.current.as_ref()?.reader.frame()?;
        Some(Frame { number: self.number, ..frame })
    }

    /// Turns from the current file, which was read to its end, to the next one that waits, if there is one.
    #[cold]
    fn turn(&mut self) -> bool {
        let mut completed = false;
        loop {
            let waiting = self.entries.iter().filter_map(|(name, entry)| match entry.state {
                State::Waiting(print) => Some((print, name)),
                _ => None,
            });
            let Some((print, name)) = waiting.min() else {
                // Nobody can write any more to what has no name.
                if self.current.as_ref().is_some_and(|current| current.name.is_none()) {
                    self.leave(true);
                }
                return false;
            };
            if self.is_held(&print) {
                return false;
            }
            let name = name.clone();
            let is_newer = self.current.as_ref().is_some_and(|current| print > current.print);
            completed |= self.leave(is_newer);
            if self.begin(name, print, completed) {
                return true;
            }
        }
    }

    /// Whether something may be there that has to be read before.
    fn is_held(&self, print: &Print) -> bool {
        let is_unknown = |entry: &Entry| entry.state == State::New && entry.unknown < UNKNOWN_LOOKS;
        self.absent.iter().any(|absent| absent.print < *print)
            || self.entries.values().any(is_unknown)
    }

    /// Reads a file from now on; whether it can be.
    fn begin(&mut self, name: OsString, print: Print, completed: bool) -> bool {
        let path = self.directory.join(&name);
        let file = path.display().to_string();
        let from = self.ledger.get(&print).map_or(0, |read| read.frames);
        let Some(entry) = self.entries.get_mut(&name) else { return false };
        match open(&path, &file, self.capture, &print, from) {
            Ok(Some((reader, is_unheard))) => {
                entry.state = State::Read(print);
                let Standing { inode, length, .. } = entry.standing;
                let from = if is_unheard { 0 } else { reader.number() };
                let (capture, number) = (self.capture, self.number);
                self.ledger.note(print, Read { frames: from, complete: false });
                let turn = Turn { capture, file, print, number, from, completed };
                self.events.push(Event::Turn(turn));
                let before = number.saturating_sub(from);
                let name = Some(name);
                self.current =
                    Some(Current { name, inode, print, length, reader, before, is_unheard });
                true
            }
            Ok(None) => {
                // It vanished or changed since the look; the next one says what it is now.
                self.absent.extend(Absent::of(&name, entry));
                self.entries.remove(&name);
                false
            }
            Err(error) => {
                entry.state = State::Damaged(print);
                self.events.push(Event::Unread(error));
                false
            }
        }
    }

    /// Leaves the current file at its end, for good where nothing more will come; whether that is so.
    fn leave(&mut self, is_final: bool) -> bool {
        let Some(Current { name, print, reader, .. }) = self.current.take() else { return false };
        let is_whole = reader.is_whole();
        let complete = is_final && is_whole;
        self.ledger.note(print, Read { frames: reader.number(), complete });
        let name = name.as_deref();
        if !is_whole {
            self.events.push(Event::CutOff { file: self.file(name) });
        }
        if let Some(entry) = name.and_then(|name| self.entries.get_mut(name)) {
            entry.state = State::Read(print);
            entry.read = Some((print, reader.read_bytes()));
        }
        complete
    }

    /// The current file is damaged, or became another.
    #[cold]
    fn broke(&mut self, fault: Box<Fault>) {
        let Some(Current { name, print, length, reader, .. }) = self.current.take() else { return };
        self.ledger.note(print, Read { frames: reader.number(), complete: false });
        let is_other = fault.is_overwritten();
        if let Some(entry) = name.as_deref().and_then(|name| self.entries.get_mut(name)) {
            (entry.state, entry.read) = match fault.reason {
                _ if is_other => (State::New, None),
                // It is read on when it has grown.
                FaultReason::Packed(_, ref error) if error.kind() == ErrorKind::UnexpectedEof => {
                    (State::Read(print), Some((print, length)))
                }
                _ => (State::Damaged(print), None),
            };
        }
        if !is_other {
            self.events.push(Event::Unread(Error::Fault(fault)));
            return;
        }
        let bytes = length.saturating_sub(reader.read_bytes());
        if bytes > 0 || !reader.is_whole() {
            self.events.push(Event::Lost { file: self.file(name.as_deref()), bytes });
        }
    }

    /// How a file of the directory is called, where it has a name.
    fn file(&self, name: Option<&OsStr>) -> String {
        name.map_or_else(|| self.directory.clone(), |name| self.directory.join(name))
            .display()
            .to_string()
    }
}

impl Absent {
    /// What would be lost with a file.
    fn of(name: &OsStr, entry: &Entry) -> Option<Self> {
        let State::Waiting(print) = entry.state else { return None };
        let read = entry.read.map_or(0, |(_, read)| read);
        let bytes = entry.standing.length.saturating_sub(read);
        Some(Self { name: name.to_owned(), print, bytes, looks: ABSENT_LOOKS })
    }
}

impl Current {
    #[inline]
    fn step(&mut self) -> Result<Option<Timestamp>, Box<Fault>> {
        if core::mem::take(&mut self.is_unheard) {
            return Ok(self.reader.frame().map(|frame| frame.time));
        }
        self.reader.step()
    }

    /// The number of its frame among all of the directory.
    #[inline]
    fn number(&self) -> u64 {
        self.reader.number().saturating_add(self.before)
    }
}

#[cfg(test)]
mod tests;
