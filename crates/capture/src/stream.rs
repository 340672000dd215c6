//! The octets of a capture: from a file, a pipe or standard input, unpacked where they are in gzip or zstd.

use std::io::{self, BufReader, Cursor, Read};

use flate2::bufread::MultiGzDecoder;

use crate::error::{Looks, Packing};
use crate::zstd::Unzstd;

/// Where octets come from.
pub(crate) type Source = Box<dyn Read + Send>;

/// The first octets of a source, kept while it was looked at, and then the rest of it.
type Whole = io::Chain<Cursor<Vec<u8>>, Source>;

/// How much of a source is looked at to tell what it is.
const LOOK_BYTES: usize = 512;

/// How much packed data is read at once.
pub(crate) const PACKED_BYTES: usize = 32 * 1024;

const GZIP: [u8; 2] = [0x1f, 0x8b];
/// A frame of Zstandard, and the first octets of one to be skipped behind its lowest four bits (RFC 8878, section 3.1).
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
const ZSTD_SKIPPED: [u8; 3] = [0x2a, 0x4d, 0x18];

/// A source that knows how much was read from it.
pub(crate) struct Counted<R> {
    inner: R,
    read: u64,
    /// What the system said last, for those who say it otherwise.
    failure: Option<io::Error>,
}

impl<R> Counted<R> {
    pub(crate) const fn read_bytes(&self) -> u64 {
        self.read
    }

    pub(crate) fn take_failure(&mut self) -> Option<io::Error> {
        self.failure.take()
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into);
        match &read {
            Ok(read) => self.read = self.read.saturating_add(crate::order::octets(*read)),
            Err(error) => self.failure = Some(io::Error::new(error.kind(), error.to_string())),
        }
        read
    }
}

/// The octets of a capture, unpacked.
pub(crate) enum Stream {
    Plain(Counted<Whole>),
    Gzip(Box<MultiGzDecoder<BufReader<Counted<Whole>>>>),
    Zstd(Box<Unzstd<Whole>>),
}

impl Stream {
    /// Looks at the beginning of a source and unpacks it where it is packed.
    pub(crate) fn new(mut source: Source) -> io::Result<Self> {
        let first = beginning(&mut source, ZSTD.len())?;
        let packing = packing(&first);
        let inner = Cursor::new(first).chain(source);
        let counted = Counted { inner, read: 0, failure: None };
        Ok(match packing {
            Some(Packing::Gzip) => {
                let buffered = BufReader::with_capacity(PACKED_BYTES, counted);
                Self::Gzip(Box::new(MultiGzDecoder::new(buffered)))
            }
            Some(Packing::Zstd) => Self::Zstd(Box::new(Unzstd::new(counted))),
            None => Self::Plain(counted),
        })
    }

    /// How it was packed, where it was.
    pub(crate) const fn packing(&self) -> Option<Packing> {
        match self {
            Self::Plain(_) => None,
            Self::Gzip(_) => Some(Packing::Gzip),
            Self::Zstd(_) => Some(Packing::Zstd),
        }
    }

    /// How many octets of the file were read, packed as they are.
    pub(crate) fn read_bytes(&self) -> u64 {
        match self {
            Self::Plain(counted) => counted.read,
            Self::Gzip(decoder) => decoder.get_ref().get_ref().read,
            Self::Zstd(decoder) => decoder.read_bytes(),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(counted) => counted.read(into),
            Self::Gzip(decoder) => decoder.read(into),
            Self::Zstd(decoder) => decoder.read(into),
        }
    }
}

/// How something is packed, by its first octets.
pub(crate) fn packing(first: &[u8]) -> Option<Packing> {
    if first.starts_with(&GZIP) {
        Some(Packing::Gzip)
    } else if first.starts_with(&ZSTD) || first.get(1..4) == Some(&ZSTD_SKIPPED[..]) {
        Some(Packing::Zstd)
    } else {
        None
    }
}

/// Up to `length` octets from the head of a source: fewer only where it ends.
fn beginning(source: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    let mut first = Vec::with_capacity(length);
    source.take(crate::order::octets(length)).read_to_end(&mut first)?;
    Ok(first)
}

/// How many octets [`looks`] wants to see.
pub(crate) const fn look_bytes() -> usize {
    LOOK_BYTES
}

/// What something looks like that is no capture, by its first octets.
pub(crate) fn looks(first: &[u8]) -> Looks {
    const KNOWN: [(&[u8], &str); 16] = [
        (b"\xff\xd8\xff", "a JPEG picture"),
        (b"\x89PNG", "a PNG picture"),
        (b"GIF8", "a GIF picture"),
        (b"%PDF", "a PDF document"),
        (b"PK\x03\x04", "a ZIP archive (unpack it first)"),
        (b"7z\xbc\xaf", "a 7z archive (unpack it first)"),
        (b"\xfd7zX", "xz data (unpack them first: xz -d)"),
        (b"BZh", "bzip2 data (unpack them first: bzip2 -d)"),
        (b"\x04\x22\x4d\x18", "lz4 data (unpack them first: lz4 -d)"),
        (b"\x7fELF", "a program"),
        (b"SQLite", "a SQLite database"),
        (b"snoop\0\0\0", "a snoop file (convert it first: editcap -F pcapng)"),
        (
            b"\xa1\xb2\xcd\x34",
            "a pcap file in a modified form (convert it first: editcap -F pcapng)",
        ),
        (
            b"\x34\xcd\xb2\xa1",
            "a pcap file in a modified form (convert it first: editcap -F pcapng)",
        ),
        (b"XCP\0", "a NetXRay file (convert it first: editcap -F pcapng)"),
        (b"\xef\xbb\xbf", "text"),
    ];
    if let Some((_, name)) = KNOWN.iter().find(|(mark, _)| first.starts_with(mark)) {
        return Looks::Known(name);
    }
    let Some(four) = first.first_chunk::<4>() else { return Looks::Short(first.len()) };
    let printable = |octet: &u8| matches!(octet, b'\t' | b'\n' | b'\r' | b' '..=b'~' | 0x80..);
    let whole = match core::str::from_utf8(first) {
        Ok(_) => true,
        // The look may end in the middle of a character.
        Err(error) => error.error_len().is_none(),
    };
    if whole && first.iter().all(printable) { Looks::Text } else { Looks::Unknown(*four) }
}
