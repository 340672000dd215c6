//! Files, directories and standard input, as they are named.

use core::fmt;
use std::fs::{self, File, Metadata};
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use crate::error::{Error, Looks};
use crate::reader::Reader;

const STANDARD_INPUT: &str = "-";

/// What is done with each capture.
type Add<'a> = &'a mut dyn FnMut(Named) -> Result<(), Error>;

/// A capture that was recognised.
pub(super) struct Named {
    pub(super) name: String,
    /// Where it can be opened again: not a pipe.
    pub(super) path: Option<PathBuf>,
    pub(super) length: Option<u64>,
    pub(super) reader: Reader,
}

/// Something in a directory that is not read.
#[derive(Debug)]
pub struct Skipped {
    /// Why, with its name.
    pub reason: Error,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.reason)
    }
}

/// Calls `add` with every capture that was named, one after the other, so that no more than one is open; what
/// directories hold besides.
pub(super) fn named<P: AsRef<Path>>(inputs: &[P], add: Add<'_>) -> Result<Vec<Skipped>, Error> {
    let mut skipped = Vec::new();
    if inputs.is_empty() {
        return Err(Error::Nothing);
    }
    let mut standard_input = false;
    for input in inputs {
        let path = input.as_ref();
        if path == Path::new(STANDARD_INPUT) {
            if core::mem::replace(&mut standard_input, true) {
                return Err(Error::StandardInputTwice);
            }
            add(from_standard_input()?)?;
            continue;
        }
        let name = path.display().to_string();
        let metadata = fs::metadata(path).map_err(|error| refused(&name, error))?;
        if metadata.is_dir() {
            directory(path, &name, add, &mut skipped)?;
        } else {
            add(file(path, name, &metadata)?)?;
        }
    }
    Ok(skipped)
}

fn from_standard_input() -> Result<Named, Error> {
    let input = io::stdin();
    if input.is_terminal() {
        return Err(Error::Terminal);
    }
    let name = "standard input".to_owned();
    let reader = Reader::new(&name, 0, Box::new(input))?;
    Ok(Named { name, path: None, length: None, reader })
}

fn file(path: &Path, name: String, metadata: &Metadata) -> Result<Named, Error> {
    let reader = open_file(path, &name)?;
    let regular = metadata.is_file();
    let (path, length) = (regular.then(|| path.to_owned()), regular.then_some(metadata.len()));
    Ok(Named { name, path, length, reader })
}

/// The captures of a directory, by name; the rest is skipped, each with its reason.
fn directory(
    path: &Path,
    name: &str,
    add: Add<'_>,
    skipped: &mut Vec<Skipped>,
) -> Result<(), Error> {
    let entries = fs::read_dir(path).map_err(|error| refused(name, error))?;
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry.map_err(|error| refused(name, error))?.path());
    }
    paths.sort();
    let (mut captures, mut others) = (0_usize, 0_usize);
    for path in paths {
        let name = path.display().to_string();
        let one = match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => {
                Err(Error::NotCapture { name, looks: Looks::Directory })
            }
            // What is no file might never give an octet.
            Ok(metadata) if !metadata.is_file() => Err(Error::NotCapture {
                name,
                looks: Looks::Known("no file but a pipe, socket or device"),
            }),
            Ok(metadata) => file(&path, name, &metadata),
            Err(error) => Err(refused(&name, error)),
        };
        match one {
            Ok(capture) => {
                captures = captures.saturating_add(1);
                add(capture)?;
            }
            Err(reason) => {
                let directory = matches!(reason, Error::NotCapture { looks: Looks::Directory, .. });
                others = others.saturating_add(usize::from(!directory));
                skipped.push(Skipped { reason });
            }
        }
    }
    if captures == 0 {
        return Err(Error::NoCaptures { name: name.to_owned(), files: others });
    }
    Ok(())
}

/// Opens a file as a capture.
pub(super) fn open_file(path: &Path, name: &str) -> Result<Reader, Error> {
    let file = File::open(path).map_err(|error| refused(name, error))?;
    Reader::new(name, 0, Box::new(file))
}

fn refused(name: &str, source: io::Error) -> Error {
    let name = name.to_owned();
    if source.kind() == io::ErrorKind::NotFound {
        Error::Missing { name }
    } else {
        Error::Unreadable { name, source }
    }
}
