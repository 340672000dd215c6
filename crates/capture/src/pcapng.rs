//! pcapng: sections of blocks, each with its own byte order and its own interfaces (draft-ietf-opsawg-pcapng).

mod interface;

pub use interface::Interface;

use gridtap_model::Timestamp;
use gridtap_wire::LinkType;

use crate::error::FaultReason;
use crate::order::{Order, size};
use crate::reader::{FRAME_BYTES_CAP, Record, frame_bytes_max};
use crate::window::Window;

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;
const JOURNAL: u32 = 9;
/// Blocks of system calls, in the forms that were written over the years.
const SYSTEM_CALLS: [u32; 5] = [0x204, 0x208, 0x209, 0x216, 0x221];

const BYTE_ORDER_MARK: u32 = 0x1a2b_3c4d;

/// Kind and length before the content, length again after it.
const AROUND_BYTES: usize = 12;
const SECTION_BYTES: usize = 28;
const INTERFACE_BYTES: usize = 20;
const PACKET_BYTES: usize = 32;
const SIMPLE_PACKET_BYTES: usize = 16;

/// How large a block may be of which the whole is looked at: the longest frame and as much again for options.
const BLOCK_BYTES_MAX: usize = 2 * FRAME_BYTES_CAP;

/// How many interfaces of a section are kept.
const INTERFACES_MAX: usize = 4096;

/// The state of reading a pcapng file.
#[derive(Debug)]
pub(crate) struct PcapNg {
    order: Order,
    interfaces: Vec<Interface>,
    /// The time of the last frame, for those that have none.
    last: Timestamp,
    /// Records since the last frame that take a number and are no frames.
    numbered: u64,
    /// Where the block begins that is being read.
    block_offset: u64,
    /// The block that is being passed over.
    passing: Option<Passing>,
}

/// A block that is passed over: more of it may come later.
#[derive(Debug, Clone, Copy)]
struct Passing {
    length: u32,
    /// How much is left of it before its second length.
    left: usize,
}

/// A packet block's fields, whichever of the three kinds it is.
struct Packet {
    interface: u32,
    /// High and low half of the time, in the interface's units.
    ticks: Option<(u32, u32)>,
    captured: u32,
    original: u32,
    /// Where the frame begins in the block.
    start: usize,
}

impl PcapNg {
    /// A pcapng file by its mark.
    pub(crate) fn recognise(mark: [u8; 4]) -> Option<Self> {
        (mark == SECTION_HEADER.to_be_bytes()).then(|| Self {
            order: Order::Little,
            interfaces: Vec::new(),
            last: Timestamp::default(),
            numbered: 0,
            block_offset: 0,
            passing: None,
        })
    }

    /// The interfaces of the section that is being read, so far.
    pub(crate) fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }

    /// Whether a block is being passed over that is not there to its end.
    pub(crate) fn is_passing(&self) -> bool {
        self.passing.is_some()
    }

    /// Where the block begins that was read last, or could not be read.
    pub(crate) fn block_offset(&self) -> u64 {
        self.block_offset
    }

    /// The next frame, its block whole in the window.
    #[inline]
    pub(crate) fn next(&mut self, window: &mut Window) -> Result<Option<Record>, FaultReason> {
        loop {
            self.pass(window)?;
            self.block_offset = window.offset();
            let held = window.want(AROUND_BYTES);
            if held.len() < AROUND_BYTES {
                let have = held.len();
                return window.short("block's header", have, AROUND_BYTES).map(|()| None);
            }
            let kind = self.u32(held, 0);
            if kind == SECTION_HEADER {
                self.section(window)?;
                continue;
            }
            let length = self.u32(held, 4);
            if size(length) < AROUND_BYTES || !length.is_multiple_of(4) {
                return Err(FaultReason::BlockLength { kind, length });
            }
            match kind {
                ENHANCED_PACKET | PACKET | SIMPLE_PACKET => {
                    return self.packet(window, kind, length).map(Some);
                }
                INTERFACE_DESCRIPTION => self.interface(window, length)?,
                _ => {
                    if kind == JOURNAL || SYSTEM_CALLS.contains(&kind) {
                        self.numbered = self.numbered.saturating_add(1);
                    }
                    self.skip(window, length)?;
                }
            }
        }
    }

    /// A number of a block; its place was checked by length before.
    #[inline]
    fn u32(&self, block: &[u8], at: usize) -> u32 {
        self.order.u32(block, at).unwrap_or_default()
    }

    /// A whole block in the window, its second length checked.
    #[inline]
    fn block<'w>(
        &self,
        window: &'w mut Window,
        kind: u32,
        length: u32,
        least: usize,
    ) -> Result<&'w [u8], FaultReason> {
        let whole = size(length);
        if whole < least || whole > BLOCK_BYTES_MAX {
            return Err(FaultReason::BlockLength { kind, length });
        }
        let have = window.want(whole).len();
        if have < whole {
            return Err(cut_off(window, "block", have, whole));
        }
        let block = window.held().get(..whole).unwrap_or_default();
        let last = self.u32(block, whole.saturating_sub(4));
        if last != length {
            return Err(FaultReason::BlockLengthsDiffer { first: length, last });
        }
        Ok(block)
    }

    /// Section header block: byte-order mark, version, the length of the section (which is not needed), options.
    #[cold]
    fn section(&mut self, window: &mut Window) -> Result<(), FaultReason> {
        let have = window.want(SECTION_BYTES).len();
        if have < SECTION_BYTES {
            return Err(cut_off(window, "section header block", have, SECTION_BYTES));
        }
        let held = window.held();
        let mark = Order::Little.u32(held, 8).unwrap_or_default();
        self.order = if mark == BYTE_ORDER_MARK {
            Order::Little
        } else if mark.swap_bytes() == BYTE_ORDER_MARK {
            Order::Big
        } else {
            return Err(FaultReason::ByteOrder(mark));
        };
        let half = |at| self.order.u16(held, at).unwrap_or_default();
        let (major, minor) = (half(12), half(14));
        if major != 1 {
            return Err(FaultReason::Version { major, minor });
        }
        let length = self.u32(held, 4);
        if size(length) < SECTION_BYTES || !length.is_multiple_of(4) {
            return Err(FaultReason::BlockLength { kind: SECTION_HEADER, length });
        }
        self.interfaces.clear();
        self.skip(window, length)
    }

    /// Interface description block: link type, reserved, the longest frame, options.
    #[cold]
    fn interface(&mut self, window: &mut Window, length: u32) -> Result<(), FaultReason> {
        let block = self.block(window, INTERFACE_DESCRIPTION, length, INTERFACE_BYTES)?;
        if self.interfaces.len() >= INTERFACES_MAX {
            return Err(FaultReason::InterfacesMany { max: INTERFACES_MAX });
        }
        let interface = Interface::read(self.order, block);
        self.interfaces.push(interface);
        window.consume(size(length));
        Ok(())
    }

    /// A block that says nothing we need, of any length.
    #[cold]
    fn skip(&mut self, window: &mut Window, length: u32) -> Result<(), FaultReason> {
        self.passing = Some(Passing { length, left: size(length).saturating_sub(4) });
        self.pass(window)
    }

    /// Goes on to the end of a block that is passed over, where there is one.
    #[inline]
    fn pass(&mut self, window: &mut Window) -> Result<(), FaultReason> {
        let Some(Passing { length, left }) = self.passing else { return Ok(()) };
        let left = left.saturating_sub(window.skip(left));
        self.passing = Some(Passing { length, left });
        let tail = if left == 0 { window.want(4) } else { &[] };
        if tail.len() < 4 {
            let missing = left.saturating_add(4).saturating_sub(tail.len());
            let whole = size(length);
            return Err(cut_off(window, "block", whole.saturating_sub(missing), whole));
        }
        let last = self.u32(tail, 0);
        if last != length {
            return Err(FaultReason::BlockLengthsDiffer { first: length, last });
        }
        window.consume(4);
        self.passing = None;
        Ok(())
    }

    #[inline]
    fn packet(
        &mut self,
        window: &mut Window,
        kind: u32,
        length: u32,
    ) -> Result<Record, FaultReason> {
        let least = if kind == SIMPLE_PACKET { SIMPLE_PACKET_BYTES } else { PACKET_BYTES };
        let block = self.block(window, kind, length, least)?;
        let packet = self.fields(kind, block);
        let described = self.interfaces.len();
        let Some(interface) = self.interfaces.get(size(packet.interface)) else {
            return Err(FaultReason::Interface { number: packet.interface, described });
        };
        let room = size(length).saturating_sub(packet.start).saturating_sub(4);
        let captured = size(packet.captured);
        let max = interface.frame_bytes_max;
        if captured > max {
            return Err(FaultReason::FrameLength { length: packet.captured, max });
        }
        if captured > room {
            return Err(FaultReason::FrameBeyondBlock { captured: packet.captured, room });
        }
        if let Some((high, low)) = packet.ticks {
            self.last = interface.time(high, low);
        }
        let number_step = core::mem::take(&mut self.numbered).saturating_add(1);
        Ok(Record {
            time: self.last,
            link: interface.link,
            start: packet.start,
            length: captured,
            whole: size(length),
            original_length: packet.original,
            number_step,
        })
    }

    #[inline]
    fn fields(&self, kind: u32, block: &[u8]) -> Packet {
        let word = |at| self.u32(block, at);
        match kind {
            SIMPLE_PACKET => self.simple(block),
            // Interface and the count of drops share a word; what follows is as in the enhanced block.
            PACKET => Packet {
                interface: u32::from(self.order.u16(block, 8).unwrap_or_default()),
                ticks: Some((word(12), word(16))),
                captured: word(20),
                original: word(24),
                start: 28,
            },
            _ => Packet {
                interface: word(8),
                ticks: Some((word(12), word(16))),
                captured: word(20),
                original: word(24),
                start: 28,
            },
        }
    }

    /// A simple packet block says the original length only: the captured one is that, but for the longest frame of
    /// the first interface and the room in the block. It has no time, so it gets that of the frame before it.
    fn simple(&self, block: &[u8]) -> Packet {
        let original = self.u32(block, 8);
        let snaplen = self.interfaces.first().map_or(0, |interface| interface.snaplen);
        let kept = if snaplen == 0 { original } else { original.min(snaplen) };
        Packet { interface: 0, ticks: None, captured: kept, original, start: 12 }
    }
}

/// The file ends in a block whose head is there.
#[cold]
fn cut_off(window: &mut Window, part: &'static str, have: usize, want: usize) -> FaultReason {
    // `short` takes nothing at all for a proper end, which is none here.
    match window.short(part, have, want) {
        Err(reason) => reason,
        Ok(()) => FaultReason::CutOff { part, have, want },
    }
}

/// What an interface description says of the frames that name it.
fn link_and_length(order: Order, block: &[u8]) -> (LinkType, u32, usize) {
    let link = order.u16(block, 8).unwrap_or_default();
    let snaplen = order.u32(block, 12).unwrap_or_default();
    (crate::link::link_type(u32::from(link)), snaplen, frame_bytes_max(snaplen))
}
