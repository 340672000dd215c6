//! Zstandard data unpacked (RFC 8878): frames one behind the other, each with its check sum where it has one.

use std::io::{self, BufRead, BufReader, ErrorKind, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use crate::stream::{Counted, PACKED_BYTES};

/// Unpacks a source. A frame keeps as much unpacked data as its window says, up to the 128 MiB that `zstd` itself allows.
pub(crate) struct Unzstd<R> {
    source: BufReader<Counted<R>>,
    decoder: FrameDecoder,
    /// A frame has begun and not ended.
    in_frame: bool,
}

impl<R: Read> Unzstd<R> {
    pub(crate) fn new(source: Counted<R>) -> Self {
        let source = BufReader::with_capacity(PACKED_BYTES, source);
        Self { source, decoder: FrameDecoder::new(), in_frame: false }
    }

    /// How many octets were read, packed as they are.
    pub(crate) fn read_bytes(&self) -> u64 {
        self.source.get_ref().read_bytes()
    }

    /// Begins the next frame that holds data; false where there is none.
    fn begin(&mut self) -> io::Result<bool> {
        while !self.source.fill_buf()?.is_empty() {
            match self.decoder.reset(&mut self.source) {
                Ok(()) => {
                    self.in_frame = true;
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => self.skip(length)?,
                Err(error) => return Err(self.refused(error)),
            }
        }
        Ok(false)
    }

    fn skip(&mut self, length: u32) -> io::Result<()> {
        let skipped = io::copy(&mut (&mut self.source).take(length.into()), &mut io::sink())?;
        if skipped < length.into() { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    /// The frame has ended: its check sum, where it has one, is that of what was unpacked.
    fn end(&mut self) -> io::Result<()> {
        self.in_frame = false;
        let sums = (self.decoder.get_checksum_from_data(), self.decoder.get_calculated_checksum());
        match sums {
            (Some(told), Some(right)) if told != right => {
                Err(io::Error::new(ErrorKind::InvalidData, "its check sum is another"))
            }
            _ => Ok(()),
        }
    }

    /// What the system says of the source, or what is wrong with the data.
    fn refused(&mut self, error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
        if let Some(failed) = self.source.get_mut().take_failure() {
            return failed;
        }
        match self.source.fill_buf() {
            Ok([]) => ErrorKind::UnexpectedEof.into(),
            _ => io::Error::new(ErrorKind::InvalidData, error),
        }
    }
}

impl<R: Read> Read for Unzstd<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        loop {
            if self.decoder.can_collect() > 0 {
                let read = self.decoder.read(into)?;
                if read > 0 {
                    return Ok(read);
                }
            }
            if self.in_frame && !self.decoder.is_finished() {
                let one = BlockDecodingStrategy::UptoBlocks(1);
                if let Err(error) = self.decoder.decode_blocks(&mut self.source, one) {
                    return Err(self.refused(error));
                }
            } else if self.in_frame {
                self.end()?;
            } else if !self.begin()? {
                return Ok(0);
            }
        }
    }
}
