//! What a person names, as one sequence of frames in the order of time.

mod named;

use core::cmp::Reverse;
use core::fmt;
use std::collections::{BTreeMap, BinaryHeap};
use std::path::{Path, PathBuf};

use gridtap_model::Timestamp;
use gridtap_wire::{Frame, LinkType};

use crate::error::{Error, Fault};
use crate::reader::{Progress, Reader};
use named::{Named, open_file};

pub use named::Skipped;

/// Many captures, merged by time.
///
/// Always the frame with the earliest time of those that are next in their files comes next, the first-named file
/// first where times are equal. A file whose own times step back is given in its own order.
#[derive(Debug, Default)]
pub struct Sources {
    slots: Vec<Slot>,
    /// The capture whose frame was given last.
    current: Option<Current>,
    /// The times of the next frames of all others that have one.
    next: BinaryHeap<Reverse<(Timestamp, u16)>>,
    /// The first of those.
    due: (Timestamp, u16),
    /// What could not be read of captures that have no frame: told first.
    faults: Vec<Fault>,
    skipped: Vec<Skipped>,
    links_other: BTreeMap<u32, u64>,
    /// Octets read of captures that are closed.
    read_bytes: u64,
    total_bytes: Option<u64>,
}

/// A capture and how far it is.
struct Slot {
    name: String,
    state: State,
}

/// What can be done with a capture that is not the current one.
enum State {
    /// Its first frame is not due yet.
    Waiting(PathBuf),
    Open(Box<Reader>),
    Done,
}

#[derive(Debug)]
struct Current {
    capture: u16,
    reader: Box<Reader>,
}

/// Nothing is later.
const NEVER: (Timestamp, u16) = (Timestamp::MAX, u16::MAX);

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Slot").field(&self.name).finish()
    }
}

impl Sources {
    /// Recognises everything that was named: files, directories (the captures in them, by name, not those in
    /// directories in them) and `-` for standard input.
    ///
    /// # Errors
    /// The first thing that was named and is no capture. A damaged capture is no error here.
    pub fn open<P: AsRef<Path>>(inputs: &[P]) -> Result<Self, Error> {
        let mut sources = Self { total_bytes: Some(0), ..Self::default() };
        sources.skipped = named::named(inputs, &mut |named| sources.add(named))?;
        // They are taken from the end.
        sources.faults.reverse();
        Ok(sources)
    }

    /// Looks at a capture's first frame for its time. A file is closed again, so that only those are open whose
    /// frames are being merged.
    fn add(&mut self, named: Named) -> Result<(), Error> {
        let Ok(capture) = u16::try_from(self.slots.len()) else {
            return Err(Error::TooMany { max: self.slots.len() });
        };
        let Named { name, path, length, mut reader } = named;
        reader.set_capture(capture);
        let state = match reader.step() {
            Ok(Some(time)) => {
                self.next.push(Reverse((time, capture)));
                match path {
                    Some(path) => State::Waiting(path),
                    None => State::Open(Box::new(reader)),
                }
            }
            Ok(None) => State::Done,
            Err(error) => {
                self.faults.push(*error);
                State::Done
            }
        };
        self.total_bytes = match (self.total_bytes, length) {
            (Some(total), Some(length)) => Some(total.saturating_add(length)),
            _ => None,
        };
        if matches!(state, State::Done) {
            self.read_bytes = self.read_bytes.saturating_add(length.unwrap_or(0));
        }
        self.slots.push(Slot { name, state });
        Ok(())
    }

    /// The next frame of all; none at the end. An error is of one capture, which ends there: call again for the
    /// frames of the others.
    ///
    /// # Errors
    /// A capture that is damaged from here on, or cannot be opened any more.
    #[expect(clippy::should_implement_trait, reason = "an iterator cannot lend")]
    #[inline]
    pub fn next(&mut self) -> Result<Option<Frame<'_>>, Error> {
        let stepped = match &mut self.current {
            Some(current) => match current.reader.step() {
                // Most often the same capture goes on.
                Ok(Some(time)) if (time, current.capture) <= self.due => None,
                stepped => Some(stepped),
            },
            None => Some(Ok(None)),
        };
        if let Some(stepped) = stepped {
            self.turn(stepped)?;
        }
        let Some(current) = &self.current else { return Ok(None) };
        let frame = current.reader.frame();
        if let Some(LinkType::Other(number)) = frame.map(|frame| frame.link) {
            let count = self.links_other.entry(number).or_default();
            *count = count.saturating_add(1);
        }
        Ok(frame)
    }

    /// Turns from the current capture, which ended or is not due, to the one that is.
    #[cold]
    fn turn(&mut self, stepped: Result<Option<Timestamp>, Box<Fault>>) -> Result<(), Error> {
        if let Some(Current { capture, reader }) = self.current.take() {
            let state = match stepped {
                Ok(Some(time)) => {
                    self.next.push(Reverse((time, capture)));
                    State::Open(reader)
                }
                _ => {
                    self.read_bytes = self.read_bytes.saturating_add(reader.read_bytes());
                    State::Done
                }
            };
            self.set(capture, state);
        }
        stepped?;
        if let Some(error) = self.faults.pop() {
            return Err(Error::Fault(Box::new(error)));
        }
        while let Some(Reverse((_, capture))) = self.next.pop() {
            let reader = match self.set(capture, State::Done) {
                State::Waiting(path) => self.first(capture, &path)?,
                State::Open(reader) => Some(reader),
                State::Done => None,
            };
            if let Some(reader) = reader {
                self.current = Some(Current { capture, reader });
                break;
            }
        }
        self.due = self.next.peek().map_or(NEVER, |head| head.0);
        Ok(())
    }

    /// Opens a capture whose first frame is due. It can have none any more if the file changed since.
    fn first(&self, capture: u16, path: &Path) -> Result<Option<Box<Reader>>, Error> {
        let name = self.slots.get(usize::from(capture)).map_or("", |slot| slot.name.as_str());
        let mut reader = open_file(path, name)?;
        reader.set_capture(capture);
        Ok(reader.step()?.map(|_| Box::new(reader)))
    }

    /// Sets the state of a capture; the one it had.
    fn set(&mut self, capture: u16, state: State) -> State {
        match self.slots.get_mut(usize::from(capture)) {
            Some(slot) => core::mem::replace(&mut slot.state, state),
            None => State::Done,
        }
    }

    /// The names of all captures, in the order of [`Frame::capture`].
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.slots.iter().map(|slot| slot.name.as_str())
    }

    /// What was found in directories and is not read.
    #[must_use]
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// How many frames were given whose link type is not decoded, by its number.
    #[must_use]
    pub fn links_other(&self) -> &BTreeMap<u32, u64> {
        &self.links_other
    }

    /// How far reading has come in all captures together.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let open = self.slots.iter().filter_map(|slot| match &slot.state {
            State::Open(reader) => Some(reader),
            State::Waiting(_) | State::Done => None,
        });
        let open = open.chain(self.current.as_ref().map(|current| &current.reader));
        let read_bytes =
            open.fold(self.read_bytes, |read, reader| read.saturating_add(reader.read_bytes()));
        Progress { read_bytes, total_bytes: self.total_bytes }
    }
}

#[cfg(test)]
mod tests;
