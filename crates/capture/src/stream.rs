//! The octets of a capture: from a file, a pipe or standard input, unpacked where they are in gzip.

use std::io::{self, BufReader, Cursor, Read};

use flate2::bufread::MultiGzDecoder;

use crate::error::Looks;

/// Where octets come from.
pub(crate) type Source = Box<dyn Read + Send>;

/// The first octets of a source, kept while it was looked at, and then the rest of it.
type Whole = io::Chain<Cursor<Vec<u8>>, Source>;

/// How much of a source is looked at to tell what it is.
const LOOK_BYTES: usize = 512;

/// How much packed data is read at once.
const PACKED_BYTES: usize = 32 * 1024;

const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A source that knows how much was read from it.
pub(crate) struct Counted<R> {
    inner: R,
    read: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.read = self.read.saturating_add(crate::order::octets(read));
        Ok(read)
    }
}

/// The octets of a capture, unpacked.
pub(crate) enum Stream {
    Plain(Counted<Whole>),
    Gzip(Box<MultiGzDecoder<BufReader<Counted<Whole>>>>),
}

impl Stream {
    /// Looks at the beginning of a source and unpacks it where it is packed.
    pub(crate) fn new(mut source: Source) -> io::Result<Self> {
        let first = beginning(&mut source, GZIP.len())?;
        let packed = first == GZIP;
        let counted = Counted { inner: Cursor::new(first).chain(source), read: 0 };
        Ok(if packed {
            let buffered = BufReader::with_capacity(PACKED_BYTES, counted);
            Self::Gzip(Box::new(MultiGzDecoder::new(buffered)))
        } else {
            Self::Plain(counted)
        })
    }

    /// Whether it was packed.
    pub(crate) fn packed(&self) -> bool {
        matches!(self, Self::Gzip(_))
    }

    /// How many octets of the file were read, packed as they are.
    pub(crate) fn read_bytes(&self) -> u64 {
        match self {
            Self::Plain(counted) => counted.read,
            Self::Gzip(decoder) => decoder.get_ref().get_ref().read,
        }
    }
}

impl Read for Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(counted) => counted.read(into),
            Self::Gzip(decoder) => decoder.read(into),
        }
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
    const KNOWN: [(&[u8], &str); 17] = [
        (b"\xff\xd8\xff", "a JPEG picture"),
        (b"\x89PNG", "a PNG picture"),
        (b"GIF8", "a GIF picture"),
        (b"%PDF", "a PDF document"),
        (b"PK\x03\x04", "a ZIP archive (unpack it first)"),
        (b"7z\xbc\xaf", "a 7z archive (unpack it first)"),
        (b"\x28\xb5\x2f\xfd", "zstd data (unpack them first: zstd -d)"),
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
