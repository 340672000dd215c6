//! pcapng out: a section with its interfaces and frames, put together in memory (draft-ietf-opsawg-pcapng).

use gridtap_model::Timestamp;
use gridtap_wire::{Frame, LinkType};

use crate::link::link_number;

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const ENHANCED_PACKET: u32 = 6;
const BYTE_ORDER_MARK: u32 = 0x1a2b_3c4d;

const OPTION_COMMENT: u16 = 1;
const OPTION_NAME: u16 = 2;
const OPTION_PROGRAM: u16 = 4;
const OPTION_RESOLUTION: u16 = 9;

/// Ten to the minus this are the units of its times.
const NANOSECONDS: u8 = 9;

/// The longest frame that is written: what readers take where no longer one is announced.
const FRAME_BYTES_MAX: usize = 256 * 1024;
/// The longest text of an option.
const TEXT_BYTES_MAX: usize = 4096;

/// A pcapng file with one section, little-endian, its times in nanoseconds. An interface is described where its first
/// frame comes.
#[derive(Debug)]
pub struct Writer {
    bytes: Vec<u8>,
    /// Capture and link type of each interface.
    interfaces: Vec<(u16, LinkType)>,
}

impl Writer {
    /// Begins a file; `program` says who wrote it.
    #[must_use]
    pub fn new(program: &str) -> Self {
        let mut writer = Self { bytes: Vec::with_capacity(1024), interfaces: Vec::new() };
        writer.block(SECTION_HEADER, |bytes| {
            bytes.extend_from_slice(&BYTE_ORDER_MARK.to_le_bytes());
            // Version 1.0, and a length that nobody said.
            bytes.extend_from_slice(&[1, 0, 0, 0]);
            bytes.extend_from_slice(&[0xff; 8]);
            text(bytes, OPTION_PROGRAM, program);
            end_of_options(bytes);
        });
        writer
    }

    /// Room for so many octets more.
    #[must_use]
    pub fn with_room(mut self, octets: usize) -> Self {
        self.bytes.reserve_exact(octets);
        self
    }

    /// Adds a frame. `capture` names where it was captured; a comment goes with it where there is one.
    ///
    /// A time before 1970 cannot be written and becomes its beginning; a frame above 256 KiB is cut short.
    pub fn frame(&mut self, frame: &Frame<'_>, capture: &str, comment: Option<&str>) {
        let interface = self.interface(frame, capture);
        let kept = frame.bytes.get(..FRAME_BYTES_MAX).unwrap_or(frame.bytes);
        let captured = u32::try_from(kept.len()).unwrap_or(u32::MAX);
        let nanos = u64::try_from(frame.time.max(Timestamp::default()).nanos()).unwrap_or(0);
        let [b0, b1, b2, b3, b4, b5, b6, b7] = nanos.to_le_bytes();
        let [i0, i1, i2, i3] = interface.to_le_bytes();
        let [c0, c1, c2, c3] = captured.to_le_bytes();
        let [l0, l1, l2, l3] = frame.original_length.max(captured).to_le_bytes();
        // The high half of the time comes first.
        let head = [i0, i1, i2, i3, b4, b5, b6, b7, b0, b1, b2, b3, c0, c1, c2, c3, l0, l1, l2, l3];
        self.block(ENHANCED_PACKET, |bytes| {
            bytes.extend_from_slice(&head);
            bytes.extend_from_slice(kept);
            pad(bytes);
            if let Some(comment) = comment {
                text(bytes, OPTION_COMMENT, comment);
                end_of_options(bytes);
            }
        });
    }

    /// The file.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The number of the interface of a frame.
    fn interface(&mut self, frame: &Frame<'_>, name: &str) -> u32 {
        let wanted = (frame.capture, frame.link);
        let known = self.interfaces.iter().position(|interface| *interface == wanted);
        let number = known.unwrap_or(self.interfaces.len());
        if known.is_none() {
            self.interfaces.push(wanted);
            self.block(INTERFACE_DESCRIPTION, |bytes| {
                bytes.extend_from_slice(&link_number(frame.link).to_le_bytes());
                // Reserved; no limit of length.
                bytes.extend_from_slice(&[0; 6]);
                text(bytes, OPTION_NAME, name);
                option(bytes, OPTION_RESOLUTION, &[NANOSECONDS]);
                end_of_options(bytes);
            });
        }
        u32::try_from(number).unwrap_or(u32::MAX)
    }

    /// Kind and length, content, length again.
    fn block(&mut self, kind: u32, content: impl FnOnce(&mut Vec<u8>)) {
        let start = self.bytes.len();
        let [k0, k1, k2, k3] = kind.to_le_bytes();
        self.bytes.extend_from_slice(&[k0, k1, k2, k3, 0, 0, 0, 0]);
        content(&mut self.bytes);
        let whole = self.bytes.len().saturating_sub(start).saturating_add(4);
        let length = u32::try_from(whole).unwrap_or(u32::MAX).to_le_bytes();
        if let Some(place) = self.bytes.get_mut(start..).and_then(|block| block.get_mut(4..8)) {
            place.copy_from_slice(&length);
        }
        self.bytes.extend_from_slice(&length);
    }
}

/// A text as an option, as far as it has room.
fn text(bytes: &mut Vec<u8>, code: u16, text: &str) {
    let end = text.floor_char_boundary(TEXT_BYTES_MAX);
    option(bytes, code, text.as_bytes().get(..end).unwrap_or_default());
}

fn option(bytes: &mut Vec<u8>, code: u16, value: &[u8]) {
    let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
    bytes.extend_from_slice(&code.to_le_bytes());
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(value);
    pad(bytes);
}

fn end_of_options(bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(&[0; 4]);
}

/// Up to a multiple of four, as every part of the file is.
fn pad(bytes: &mut Vec<u8>) {
    let [missing, ..] = bytes.len().wrapping_neg().to_le_bytes();
    bytes.extend_from_slice([0; 3].get(..usize::from(missing & 3)).unwrap_or_default());
}

#[cfg(test)]
mod tests;
