//! pcap: a header of 24 octets, then frames, each behind a header of 16 (draft-ietf-opsawg-pcap).

use gridtap_model::Timestamp;
use gridtap_wire::LinkType;

use crate::error::FaultReason;
use crate::link::link_type;
use crate::order::{Order, size};
use crate::reader::{Record, frame_bytes_max};
use crate::window::Window;

const FILE_HEADER_BYTES: usize = 24;
const FRAME_HEADER_BYTES: usize = 16;

/// The link type's octets; the ones above tell of a frame check sequence.
const LINK_TYPE_MASK: u32 = 0x03ff_ffff;

/// How a pcap file counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pcap {
    order: Order,
    /// Nanoseconds of a unit of the fraction.
    unit_ns: i64,
    /// Known once the file's header was read.
    header: Option<Header>,
}

#[derive(Debug, Clone, Copy)]
struct Header {
    link: LinkType,
    frame_bytes_max: usize,
}

impl Pcap {
    /// A pcap file by its mark.
    pub(crate) fn recognise(mark: [u8; 4]) -> Option<Self> {
        let (order, unit_ns) = match mark {
            [0xd4, 0xc3, 0xb2, 0xa1] => (Order::Little, 1000),
            [0xa1, 0xb2, 0xc3, 0xd4] => (Order::Big, 1000),
            [0x4d, 0x3c, 0xb2, 0xa1] => (Order::Little, 1),
            [0xa1, 0xb2, 0x3c, 0x4d] => (Order::Big, 1),
            _ => return None,
        };
        Some(Self { order, unit_ns, header: None })
    }

    /// The next frame, whole in the window.
    #[inline]
    pub(crate) fn next(&mut self, window: &mut Window) -> Result<Option<Record>, FaultReason> {
        let header = match self.header {
            Some(header) => header,
            None => self.file_header(window)?,
        };
        let held = window.want(FRAME_HEADER_BYTES);
        let Some([seconds, fraction, captured, original]) = fields(self.order, held) else {
            let have = held.len();
            return window.short("frame's header", have, FRAME_HEADER_BYTES).map(|()| None);
        };
        let length = size(captured);
        if length > header.frame_bytes_max {
            let max = header.frame_bytes_max;
            return Err(FaultReason::FrameLength { length: captured, max });
        }
        let whole = FRAME_HEADER_BYTES.saturating_add(length);
        let have = window.want(whole).len();
        if have < whole {
            return window.short("frame", have, whole).map(|()| None);
        }
        // Neither product can overflow: 2^32 times 10^9 is below 2^62.
        let nanos = i64::from(seconds)
            .saturating_mul(1_000_000_000)
            .saturating_add(i64::from(fraction).saturating_mul(self.unit_ns));
        Ok(Some(Record {
            time: Timestamp::from_nanos(nanos),
            link: header.link,
            start: FRAME_HEADER_BYTES,
            length,
            whole,
            original_length: original,
            number_step: 1,
        }))
    }

    #[cold]
    fn file_header(&mut self, window: &mut Window) -> Result<Header, FaultReason> {
        let held = window.want(FILE_HEADER_BYTES);
        let (have, order) = (held.len(), self.order);
        let read = || {
            held.get(..FILE_HEADER_BYTES)?;
            let version = (order.u16(held, 4)?, order.u16(held, 6)?);
            Some((version, order.u32(held, 16)?, order.u32(held, 20)?))
        };
        let Some(((major, minor), snaplen, link)) = read() else {
            window.short("file header", have, FILE_HEADER_BYTES)?;
            return Err(FaultReason::CutOff { part: "file header", have, want: FILE_HEADER_BYTES });
        };
        if major != 2 {
            return Err(FaultReason::Version { major, minor });
        }
        window.consume(FILE_HEADER_BYTES);
        let link = link_type(link & LINK_TYPE_MASK);
        let header = Header { link, frame_bytes_max: frame_bytes_max(snaplen) };
        self.header = Some(header);
        Ok(header)
    }
}

/// The four numbers of a frame's header.
#[inline]
fn fields(order: Order, held: &[u8]) -> Option<[u32; 4]> {
    let header = held.first_chunk::<FRAME_HEADER_BYTES>()?;
    Some([
        order.u32(header, 0)?,
        order.u32(header, 4)?,
        order.u32(header, 8)?,
        order.u32(header, 12)?,
    ])
}
