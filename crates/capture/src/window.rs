//! A window on a stream: the octets that are being looked at, contiguous, with their offset.

use std::io::{self, Read};

use crate::error::FaultReason;
use crate::order::octets;
use crate::stream::Stream;

/// How much is read at once.
const READ_BYTES: usize = 64 * 1024;

/// How a stream ended.
#[derive(Debug)]
enum Ending {
    Clean,
    Failed(io::Error),
}

pub(crate) struct Window {
    stream: Stream,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// The offset of `start` in the stream.
    offset: u64,
    ending: Option<Ending>,
    /// The end of the stream is where it stands now, and is asked for again.
    grows: bool,
}

impl Window {
    pub(crate) fn new(stream: Stream) -> Self {
        let buffer = vec![0; READ_BYTES];
        Self { stream, buffer, start: 0, end: 0, offset: 0, ending: None, grows: false }
    }

    /// From now on more may come behind the end.
    pub(crate) fn grow(&mut self) {
        self.grows = true;
    }

    /// The octets from here on: at least `length` of them, fewer only where the stream ends.
    ///
    /// The caller bounds `length`; the window doubles only when it is full, so it is never larger than twice
    /// what was really read.
    #[inline]
    pub(crate) fn want(&mut self, length: usize) -> &[u8] {
        if self.end.saturating_sub(self.start) < length {
            self.refill(length);
        }
        self.held()
    }

    /// The octets from here on that are held already.
    #[inline]
    pub(crate) fn held(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Gives up the next `length` octets, all of which are held.
    #[inline]
    pub(crate) fn consume(&mut self, length: usize) {
        let length = length.min(self.end.saturating_sub(self.start));
        self.start = self.start.saturating_add(length);
        self.offset = self.offset.saturating_add(octets(length));
    }

    /// Gives up the next `length` octets, held or not; how many there were.
    pub(crate) fn skip(&mut self, length: usize) -> usize {
        let mut left = length;
        loop {
            let held = self.held().len();
            let now = held.min(left);
            self.consume(now);
            left = left.saturating_sub(now);
            if left == 0 || self.want(1).is_empty() {
                return length.saturating_sub(left);
            }
        }
    }

    /// The offset of the next octet in the stream.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    pub(crate) fn stream(&self) -> &Stream {
        &self.stream
    }

    /// Why there are fewer octets than were wanted. The end of a stream that ends properly between two items is
    /// no fault.
    #[cold]
    pub(crate) fn short(
        &mut self,
        part: &'static str,
        have: usize,
        want: usize,
    ) -> Result<(), FaultReason> {
        match self.ending.take() {
            Some(Ending::Failed(error)) => {
                self.ending = Some(Ending::Clean);
                Err(match self.stream.packing().filter(|_| is_of_packing(&error)) {
                    Some(packing) => FaultReason::Packed(packing, error),
                    None => FaultReason::Io(error),
                })
            }
            ending => {
                self.ending = ending;
                if have == 0 { Ok(()) } else { Err(FaultReason::CutOff { part, have, want }) }
            }
        }
    }

    #[cfg(test)]
    pub(crate) fn capacity(&self) -> usize {
        self.buffer.len()
    }

    #[cold]
    fn refill(&mut self, length: usize) {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end = self.end.saturating_sub(self.start);
        self.start = 0;
        while self.end < length && self.ending.is_none() {
            if self.end == self.buffer.len() {
                self.buffer.resize(self.buffer.len().saturating_mul(2), 0);
            }
            let free = self.buffer.get_mut(self.end..).unwrap_or_default();
            match self.stream.read(free) {
                Ok(0) if self.grows => break,
                Ok(0) => self.ending = Some(Ending::Clean),
                Ok(read) => self.end = self.end.saturating_add(read).min(self.buffer.len()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.ending = Some(Ending::Failed(error)),
            }
        }
    }
}

/// Whether an error is what the unpacking says of its data, and not what the system says of the file.
fn is_of_packing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput
    )
}
