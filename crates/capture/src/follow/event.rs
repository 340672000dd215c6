//! What there is to say of a directory that is followed.

use std::io;

use crate::error::Error;
use crate::follow::Print;

/// The next file is read from here on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// The directory, by its ordinal.
    pub capture: u16,
    /// The file.
    pub file: String,
    /// Which capture it holds.
    pub print: Print,
    /// The number of the last frame before it, of all that the directory gave.
    pub number: u64,
    /// How many of its own frames were read before.
    pub from: u64,
    /// Whether the file before it was left at its end.
    pub completed: bool,
}

/// What there is to say of a directory.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// The next file is read.
    Turn(Turn),
    /// A file was deleted or overwritten before it was read.
    Lost {
        /// Its name.
        file: String,
        /// How many octets of it are known to be lost.
        bytes: u64,
    },
    /// A file was left that ends in the middle of a frame.
    CutOff {
        /// Its name.
        file: String,
    },
    /// A file that was left has grown, and is read on.
    Grew {
        /// Its name.
        file: String,
    },
    /// A file is as old as those that are no longer remembered, and is not read.
    Past {
        /// Its name.
        file: String,
    },
    /// A file cannot be read, or not further.
    Unread(Error),
    /// The directory holds more files than are looked at.
    Crowded {
        /// How many are.
        max: usize,
    },
    /// The directory cannot be read, and is waited for.
    Gone(io::Error),
    /// It can be read again.
    Back,
}
