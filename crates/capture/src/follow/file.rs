//! One file of a directory that is followed.

use core::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::error::{Error, Fault, FaultReason, Looks};
use crate::follow::ledger::Print;
use crate::reader::Reader;
use crate::stream::packing;

/// As much of the head of a file as shows whether it is still the same: the first frame's time is in it.
const HEAD_BYTES: usize = 1024;

/// What a file is that nobody reads yet.
pub(super) enum Probe {
    /// Its first frame is not there yet.
    NotYet,
    /// It is packed and may still be written.
    Unsettled,
    /// It is no capture, or cannot be read.
    Foreign(Error),
    Capture(Print),
}

/// Looks at the first frame of a file. What is packed is opened when the file has kept its size for a while.
pub(super) fn probe(path: &Path, name: &str, is_settled: bool) -> Probe {
    match first(path, name, 0, is_settled) {
        Ok(Some((_, print))) => Probe::Capture(print),
        Ok(None) => Probe::NotYet,
        Err(None) => Probe::Unsettled,
        Err(Some(error)) => Probe::Foreign(error),
    }
}

/// A file to be read on behind frame `from`, and whether it stands at a frame that nobody had. None where it is another
/// by now.
pub(super) fn open(
    path: &Path,
    name: &str,
    capture: u16,
    expected: &Print,
    from: u64,
) -> Result<Option<(Reader, bool)>, Error> {
    let (mut reader, print) = match first(path, name, capture, true) {
        Ok(Some(opened)) => opened,
        Ok(None) | Err(None) => return Ok(None),
        Err(Some(error)) => return Err(error),
    };
    if print != *expected {
        return Ok(None);
    }
    while reader.number() < from && reader.step()?.is_some() {}
    let is_unheard = from == 0;
    Ok(Some((reader, is_unheard)))
}

/// A reader at the first frame. An error without one: it is packed, and `is_settled` is not so.
fn first(
    path: &Path,
    name: &str,
    capture: u16,
    is_settled: bool,
) -> Result<Option<(Reader, Print)>, Option<Error>> {
    let refused = |source: io::Error| Error::Unreadable { name: name.to_owned(), source };
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(refused)?,
    };
    let mut head = vec![0; HEAD_BYTES];
    let held = file.read_at(&mut head, 0).map_err(refused)?;
    head.truncate(held);
    let is_packed = packing(&head).is_some();
    if is_packed && !is_settled {
        return Err(None);
    }
    let source = Guarded { file, head };
    let mut reader = match Reader::new(name, capture, Box::new(source)) {
        Err(Error::Empty { .. } | Error::NotCapture { looks: Looks::Short(_), .. }) => {
            return Ok(None);
        }
        Err(Error::Unreadable { source, .. }) if is_overwritten(&source) => return Ok(None),
        opened => opened?,
    };
    if !is_packed {
        reader.grow();
    }
    match reader.step() {
        Ok(Some(_)) => {
            Ok(reader.frame().map(|frame| Print::of(&frame)).map(|print| (reader, print)))
        }
        Ok(None) => Ok(None),
        Err(fault) if fault.is_overwritten() => Ok(None),
        Err(fault) => Err(Some(Error::Fault(fault))),
    }
}

/// A file that may be overwritten while it is read: its head shows that.
struct Guarded {
    file: File,
    head: Vec<u8>,
}

/// Another capture is written in the place of the one that was being read.
#[derive(Debug)]
struct Overwritten;

impl fmt::Display for Overwritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it was overwritten while it was read")
    }
}

impl std::error::Error for Overwritten {}

fn is_overwritten(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<Overwritten>())
}

impl Fault {
    /// Whether the file became another one while it was read.
    pub(super) fn is_overwritten(&self) -> bool {
        matches!(&self.reason, FaultReason::Io(error) | FaultReason::Packed(_, error) if is_overwritten(error))
    }
}

impl Read for Guarded {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(into)?;
        // After it was read: what was read before it changed is right.
        let mut now = [0; HEAD_BYTES];
        let part = now.get_mut(..self.head.len()).unwrap_or_default();
        let there = self.file.read_at(part, 0)?;
        if part.get(..there) != Some(self.head.as_slice()) {
            return Err(io::Error::other(Overwritten));
        }
        Ok(read)
    }
}
