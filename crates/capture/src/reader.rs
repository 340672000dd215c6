//! One capture, frame by frame.

use core::fmt;

use gridtap_model::Timestamp;
use gridtap_wire::{Frame, LinkType};

use crate::error::{Error, Fault, FaultReason, Looks};
use crate::order::size;
use crate::pcap::Pcap;
use crate::pcapng::{Interface, PcapNg};
use crate::stream::{Source, Stream, look_bytes, looks};
use crate::window::Window;

/// The longest frame that is read where the file announces none longer.
const FRAME_BYTES_MAX: usize = 256 * 1024;

/// The longest frame that is read at all.
pub(crate) const FRAME_BYTES_CAP: usize = 1024 * 1024;

/// The longest frame that is read from a file that announces its own limit.
pub(crate) fn frame_bytes_max(snaplen: u32) -> usize {
    size(snaplen).clamp(FRAME_BYTES_MAX, FRAME_BYTES_CAP)
}

/// Where the next frame lies in the window, and what its header says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record {
    pub(crate) time: Timestamp,
    pub(crate) link: LinkType,
    pub(crate) start: usize,
    pub(crate) length: usize,
    /// The whole record, header and all.
    pub(crate) whole: usize,
    pub(crate) original_length: u32,
    /// By how much its number is above that of the frame before it.
    pub(crate) number_step: u64,
}

#[derive(Debug)]
enum Format {
    Pcap(Pcap),
    PcapNg(PcapNg),
}

/// How far reading has come, in octets of the file as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Read so far.
    pub read_bytes: u64,
    /// There are in all, where that is known: not on standard input or a pipe.
    pub total_bytes: Option<u64>,
}

/// Reads one capture from the beginning to the end or to its first fault.
pub struct Reader {
    name: String,
    capture: u16,
    window: Window,
    format: Format,
    number: u64,
    frames: u64,
    /// The frame that the window is at.
    record: Option<Record>,
    /// A fault was given, nothing comes any more.
    ended: bool,
    /// What is cut off may be whole later.
    grows: bool,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, number, .. } = self;
        f.debug_struct("Reader").field("name", name).field("number", number).finish_non_exhaustive()
    }
}

impl Reader {
    /// Recognises a capture by its first octets. `name` is for messages, `capture` for the frames.
    ///
    /// # Errors
    /// When it is empty, no capture, or cannot be read.
    pub fn new(name: &str, capture: u16, source: Source) -> Result<Self, Error> {
        let unreadable = |source| Error::Unreadable { name: name.to_owned(), source };
        let stream = Stream::new(source).map_err(unreadable)?;
        let mut window = Window::new(stream);
        // No more than the mark, so that a capture that is being written is recognised at once.
        let mark = window.want(4).first_chunk::<4>().copied();
        let pcap = mark.and_then(Pcap::recognise).map(Format::Pcap);
        let format = pcap.or_else(|| mark.and_then(PcapNg::recognise).map(Format::PcapNg));
        if let Some(format) = format {
            let name = name.to_owned();
            let (number, frames, record, ended, grows) = (0, 0, None, false, false);
            return Ok(Self {
                name,
                capture,
                window,
                format,
                number,
                frames,
                record,
                ended,
                grows,
            });
        }
        Err(no_capture(name.to_owned(), &mut window))
    }

    /// From now on its end is where it stands at the moment: a frame that is half there is waited for, and what comes
    /// behind it is read.
    pub(crate) fn grow(&mut self) {
        self.grows = true;
        self.window.grow();
    }

    /// Whether all that was read are whole frames and blocks.
    pub(crate) fn is_whole(&self) -> bool {
        let is_passing = matches!(&self.format, Format::PcapNg(pcapng) if pcapng.is_passing());
        self.window.held().is_empty() && !is_passing
    }

    /// The number of the frame that the last step went to.
    pub(crate) const fn number(&self) -> u64 {
        self.number
    }

    /// The next frame; none at the end. After a fault nothing comes any more.
    ///
    /// # Errors
    /// The first thing that cannot be read ends the capture.
    #[expect(clippy::should_implement_trait, reason = "an iterator cannot lend")]
    #[inline]
    pub fn next(&mut self) -> Result<Option<Frame<'_>>, Error> {
        self.step()?;
        Ok(self.frame())
    }

    /// Goes to the next frame; its time.
    #[inline]
    pub(crate) fn step(&mut self) -> Result<Option<Timestamp>, Box<Fault>> {
        if let Some(record) = self.record.take() {
            self.window.consume(record.whole);
        }
        if self.ended {
            return Ok(None);
        }
        let next = match &mut self.format {
            Format::Pcap(pcap) => pcap.next(&mut self.window),
            Format::PcapNg(pcapng) => pcapng.next(&mut self.window),
        };
        match next {
            Ok(Some(record)) => {
                self.number = self.number.saturating_add(record.number_step);
                self.frames = self.frames.saturating_add(1);
                self.record = Some(record);
                Ok(Some(record.time))
            }
            Ok(None) => Ok(None),
            Err(FaultReason::CutOff { .. }) if self.grows => Ok(None),
            Err(reason) => Err(self.fault(reason)),
        }
    }

    /// The frame that the last step went to.
    #[inline]
    pub(crate) fn frame(&self) -> Option<Frame<'_>> {
        let record = self.record.as_ref()?;
        let end = record.start.saturating_add(record.length);
        Some(Frame {
            time: record.time,
            capture: self.capture,
            number: self.number,
            link: record.link,
            bytes: self.window.held().get(record.start..end)?,
            original_length: record.original_length,
        })
    }

    pub(crate) fn set_capture(&mut self, capture: u16) {
        self.capture = capture;
    }

    #[cold]
    fn fault(&mut self, reason: FaultReason) -> Box<Fault> {
        self.ended = true;
        let offset = match &self.format {
            Format::Pcap(_) => self.window.offset(),
            Format::PcapNg(pcapng) => pcapng.block_offset(),
        };
        let (name, frames) = (self.name.clone(), self.frames);
        let unpacked = self.window.stream().packing().is_some();
        Box::new(Fault { name, offset, unpacked, frames, reason })
    }

    /// The interfaces that the current section of a pcapng file has described so far; none in a pcap file.
    #[must_use]
    pub fn interfaces(&self) -> &[Interface] {
        match &self.format {
            Format::Pcap(_) => &[],
            Format::PcapNg(pcapng) => pcapng.interfaces(),
        }
    }

    /// How much was read, in octets of the file as it is stored.
    #[must_use]
    pub fn read_bytes(&self) -> u64 {
        self.window.stream().read_bytes()
    }
}

/// What to say of something that has no capture's mark.
fn no_capture(name: String, window: &mut Window) -> Error {
    let first = window.want(look_bytes());
    let (held, what) = (first.len(), looks(first));
    let packing = window.stream().packing();
    if held < look_bytes() {
        // Fewer octets than were wanted: the stream ended, or something broke while they were read.
        match window.short("file", held, look_bytes()) {
            Err(FaultReason::Io(source)) => return Error::Unreadable { name, source },
            Err(reason @ FaultReason::Packed(..)) => {
                let fault = Fault { name, offset: 0, unpacked: true, frames: 0, reason };
                return Error::Fault(Box::new(fault));
            }
            _ => {}
        }
    }
    if let Some(packing) = packing {
        Error::NotCapture { name, looks: Looks::Packed(packing) }
    } else if held == 0 {
        Error::Empty { name }
    } else {
        Error::NotCapture { name, looks: what }
    }
}

#[cfg(test)]
mod tests;
