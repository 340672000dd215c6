//! What a person names, as one sequence of frames in the order of time.

mod named;

use core::cmp::Reverse;
use core::fmt;
use std::collections::{BTreeMap, BinaryHeap};
use std::path::{Path, PathBuf};

use gridtap_model::Timestamp;
use gridtap_wire::{Frame, LinkType};

use crate::error::Error;
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
    /// The time of the next frame of each capture that has one.
    next: BinaryHeap<Reverse<(Timestamp, u16)>>,
    /// The capture whose frame was given last: it is at the head of `next`.
    given: Option<u16>,
    /// What could not be read of captures that have no frame: told first.
    faults: Vec<Error>,
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

enum State {
    /// Its first frame is not due yet.
    Waiting(PathBuf),
    Open(Box<Reader>),
    Done,
}

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
                self.faults.push(error);
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
        if let Some(error) = self.faults.pop() {
            return Err(error);
        }
        if self.given.take().is_some() {
            self.step()?;
        }
        let Some(&Reverse((_, capture))) = self.next.peek() else { return Ok(None) };
        if matches!(
            self.slots.get(usize::from(capture)),
            Some(Slot { state: State::Waiting(_), .. })
        ) {
            self.begin(capture)?;
        }
        self.given = Some(capture);
        let Some(Slot { state: State::Open(reader), .. }) = self.slots.get(usize::from(capture))
        else {
            return Ok(None);
        };
        let frame = reader.frame();
        if let Some(LinkType::Other(number)) = frame.map(|frame| frame.link) {
            let count = self.links_other.entry(number).or_default();
            *count = count.saturating_add(1);
        }
        Ok(frame)
    }

    /// Goes on in the capture whose frame was given last.
    #[inline]
    fn step(&mut self) -> Result<(), Error> {
        let Some(mut head) = self.next.peek_mut() else { return Ok(()) };
        let capture = head.0.1;
        let Some(slot) = self.slots.get_mut(usize::from(capture)) else { return Ok(()) };
        let State::Open(reader) = &mut slot.state else { return Ok(()) };
        let stepped = reader.step();
        if let Ok(Some(time)) = stepped {
            if head.0.0 != time {
                *head = Reverse((time, capture));
            }
            return Ok(());
        }
        std::collections::binary_heap::PeekMut::pop(head);
        self.read_bytes = self.read_bytes.saturating_add(reader.read_bytes());
        slot.state = State::Done;
        stepped.map(|_| ())
    }

    /// Opens a capture whose first frame is due.
    #[cold]
    fn begin(&mut self, capture: u16) -> Result<(), Error> {
        let Some(slot) = self.slots.get_mut(usize::from(capture)) else { return Ok(()) };
        let State::Waiting(path) = core::mem::replace(&mut slot.state, State::Done) else {
            return Ok(());
        };
        let opened = open_file(&path, &slot.name).and_then(|mut reader| {
            reader.set_capture(capture);
            Ok(reader.step()?.map(|_| reader))
        });
        match opened {
            Ok(Some(reader)) => {
                slot.state = State::Open(Box::new(reader));
                Ok(())
            }
            // It has changed since it was looked at.
            Ok(None) => {
                self.next.pop();
                Ok(())
            }
            Err(error) => {
                self.next.pop();
                Err(error)
            }
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
        let open = self.slots.iter().map(|slot| match &slot.state {
            State::Open(reader) => reader.read_bytes(),
            State::Waiting(_) | State::Done => 0,
        });
        let read_bytes = open.fold(self.read_bytes, u64::saturating_add);
        Progress { read_bytes, total_bytes: self.total_bytes }
    }
}

#[cfg(test)]
mod tests;
