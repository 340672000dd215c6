//! What can go wrong with a capture, in sentences that a person can act on.

use core::fmt;
use std::io;

const WANTED: &str = "wanted is pcap or pcapng, either of them plain, in gzip or in zstd";

/// Why a capture cannot be read, or not further.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing to read was named.
    #[error("no capture was named; name files, directories, or - for standard input")]
    Nothing,
    /// There is no such file.
    #[error("{name}: no such file or directory")]
    Missing {
        /// What was named.
        name: String,
    },
    /// The system refuses it.
    #[error("{name}: cannot be read: {source}")]
    Unreadable {
        /// What was named.
        name: String,
        /// What the system says.
        source: io::Error,
    },
    /// There is not one octet in it.
    #[error("{name}: is empty; {WANTED}")]
    Empty {
        /// What was named.
        name: String,
    },
    /// It is something else.
    #[error("{name}: is {looks}, not a capture; {WANTED}")]
    NotCapture {
        /// What was named.
        name: String,
        /// What its first octets look like.
        looks: Looks,
    },
    /// A directory without a single capture.
    #[error(
        "{name}: a directory without captures ({files} other files in it, directories in it are not searched); {WANTED}"
    )]
    NoCaptures {
        /// What was named.
        name: String,
        /// How many files there are that are no captures.
        files: usize,
    },
    /// A directory is wanted, and this is none.
    #[error("{name}: is no directory; one is followed into which captures are written")]
    NoDirectory {
        /// What was named.
        name: String,
    },
    /// Standard input was named and nothing is connected to it.
    #[error(
        "standard input is a terminal; pipe a capture into it (tcpdump -w - | …), or name a file"
    )]
    Terminal,
    /// Standard input was named more than once.
    #[error("standard input (-) is named more than once; it can be read once")]
    StandardInputTwice,
    /// More files than a frame's ordinal can tell apart.
    #[error("more than {max} captures are named; merge some of them first (mergecap)")]
    TooMany {
        /// How many there may be.
        max: usize,
    },
    /// The file is damaged. Every frame before the fault was given.
    #[error(transparent)]
    Fault(#[from] Box<Fault>),
}

/// The first thing in a capture that could not be read. Every frame before it was given.
#[derive(Debug)]
pub struct Fault {
    /// The file.
    pub name: String,
    /// Where the record or block begins that could not be read, in octets from the start of the file.
    pub offset: u64,
    /// The file is packed: the offset counts octets of the unpacked data.
    pub unpacked: bool,
    /// How many frames were read before it.
    pub frames: u64,
    /// What is wrong there.
    pub reason: FaultReason,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = if self.unpacked { " of the unpacked data" } else { "" };
        let s = if self.frames == 1 { "" } else { "s" };
        let Self { name, offset, frames, reason, .. } = self;
        write!(f, "{name}: damaged at byte {offset}{of}, after {frames} good frame{s}: {reason}")
    }
}

impl std::error::Error for Fault {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.reason {
            FaultReason::Packed(_, source) | FaultReason::Io(source) => Some(source),
            _ => None,
        }
    }
}

/// What is wrong at the place of a [`Fault`].
#[derive(Debug)]
#[non_exhaustive]
pub enum FaultReason {
    /// The file ends in the middle of something.
    CutOff {
        /// Of what.
        part: &'static str,
        /// How many octets of it are there.
        have: usize,
        /// How many it should have at least.
        want: usize,
    },
    /// A frame is longer than a frame can be.
    FrameLength {
        /// The length it claims.
        length: u32,
        /// The longest that is read.
        max: usize,
    },
    /// A block's length cannot be: too short for its kind, no multiple of four, or beyond what is read.
    BlockLength {
        /// The kind of block.
        kind: u32,
        /// The length it claims.
        length: u32,
    },
    /// A block's length is told twice, before and after it, and the two differ.
    BlockLengthsDiffer {
        /// Before it.
        first: u32,
        /// After it.
        last: u32,
    },
    /// A frame does not fit into its block.
    FrameBeyondBlock {
        /// The length the frame claims.
        captured: u32,
        /// The room there is.
        room: usize,
    },
    /// A section that tells its byte order by an unknown mark.
    ByteOrder(u32),
    /// A version that is not read.
    Version {
        /// The major version.
        major: u16,
        /// The minor version.
        minor: u16,
    },
    /// A frame of an interface that the section does not describe.
    Interface {
        /// The number of the interface.
        number: u32,
        /// How many are described so far.
        described: usize,
    },
    /// A section with more interfaces than are kept.
    InterfacesMany {
        /// How many are kept.
        max: usize,
    },
    /// The packed data are damaged or end too early.
    Packed(Packing, io::Error),
    /// The system could not read on.
    Io(io::Error),
}

impl fmt::Display for FaultReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CutOff { part, have, want } => {
                write!(f, "the file ends inside a {part}, {have} of {want} bytes are there")
            }
            Self::FrameLength { length, max } => {
                write!(f, "a frame of {length} bytes, at most {max} are possible")
            }
            Self::BlockLength { kind, length } => {
                write!(f, "a block of type {kind:#x} cannot be {length} bytes long")
            }
            Self::BlockLengthsDiffer { first, last } => {
                write!(f, "a block says {first} bytes before its content and {last} after it")
            }
            Self::FrameBeyondBlock { captured, room } => {
                write!(f, "a frame of {captured} bytes in a block with room for {room}")
            }
            Self::ByteOrder(mark) => {
                write!(f, "a section whose byte-order mark is {mark:#010x}, not 0x1a2b3c4d")
            }
            Self::Version { major, minor } => {
                write!(f, "format version {major}.{minor}, which is not known")
            }
            Self::Interface { number, described } => write!(
                f,
                "a frame of interface {number} in a section that describes {described} so far"
            ),
            Self::InterfacesMany { max } => {
                write!(f, "a section with more than {max} interfaces")
            }
            Self::Packed(packing, source) if source.kind() == io::ErrorKind::UnexpectedEof => {
                write!(f, "the {packing} data end too early")
            }
            Self::Packed(packing, source) => write!(f, "the {packing} data are damaged ({source})"),
            Self::Io(source) => write!(f, "the system could not read on ({source})"),
        }
    }
}

/// How a file is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Packing {
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

impl fmt::Display for Packing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        })
    }
}

/// What the first octets of something that is no capture look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Looks {
    /// Fewer octets than any mark has.
    Short(usize),
    /// A known kind of file, with its article.
    Known(&'static str),
    /// Text.
    Text,
    /// Something else in packed data.
    Packed(Packing),
    /// A directory, where a file is wanted.
    Directory,
    /// Nothing we know, by its first four octets.
    Unknown([u8; 4]),
}

impl fmt::Display for Looks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short(1) => write!(f, "a single byte"),
            Self::Short(length) => write!(f, "{length} bytes short"),
            Self::Known(name) => f.write_str(name),
            Self::Text => f.write_str("text"),
            Self::Packed(packing) => write!(f, "{packing} of something else"),
            Self::Directory => f.write_str("a directory"),
            Self::Unknown([a, b, c, d]) => {
                write!(
                    f,
                    "an unknown kind of file (it begins with {a:02x} {b:02x} {c:02x} {d:02x})"
                )
            }
        }
    }
}
