//! An interface of a section: link type, name, and how its times are counted.

use gridtap_model::Timestamp;
use gridtap_wire::LinkType;

use crate::order::{Order, size};

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// How much of an interface's name is kept.
const NAME_BYTES_MAX: usize = 256;

const OPTION_END: u16 = 0;
const OPTION_NAME: u16 = 2;
const OPTION_RESOLUTION: u16 = 9;
const OPTION_OFFSET: u16 = 14;

/// An interface that frames of a pcapng section were captured on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Its name at the capturing host, where the file gives one.
    pub name: Option<String>,
    /// What the first octets of its frames are.
    pub link: LinkType,
    pub(crate) snaplen: u32,
    pub(crate) frame_bytes_max: usize,
    units: Units,
    offset_s: i64,
}

/// The units of a time, of which there are so many in a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Units {
    /// A unit is so many nanoseconds.
    Nanos(u64),
    /// So many units are a nanosecond.
    PerNano(u64),
    /// Two to this power are a second.
    PowerOfTwo(u32),
}

impl Units {
    /// From the option's octet: the exponent of ten, or of two where the high bit is set.
    fn read(octet: u8) -> Self {
        let exponent = u32::from(octet & 0x7f);
        if octet & 0x80 != 0 {
            Self::PowerOfTwo(exponent)
        } else if let Some(under) = 9_u32.checked_sub(exponent) {
            Self::Nanos(10_u64.saturating_pow(under))
        } else {
            Self::PerNano(10_u64.saturating_pow(exponent.saturating_sub(9)))
        }
    }

    #[inline]
    fn nanos(self, ticks: u64) -> i64 {
        let nanos = match self {
            Self::Nanos(each) => ticks.saturating_mul(each),
            Self::PerNano(many) => ticks.checked_div(many).unwrap_or(0),
            Self::PowerOfTwo(exponent) => {
                let scaled = u128::from(ticks).saturating_mul(u128::from(NANOS_PER_SECOND));
                u64::try_from(scaled.checked_shr(exponent).unwrap_or(0)).unwrap_or(u64::MAX)
            }
        };
        i64::try_from(nanos).unwrap_or(i64::MAX)
    }
}

impl Interface {
    /// From a whole interface description block of at least the least length.
    pub(crate) fn read(order: Order, block: &[u8]) -> Self {
        let (link, snaplen, frame_bytes_max) = super::link_and_length(order, block);
        let mut interface =
            Self { name: None, link, snaplen, frame_bytes_max, units: Units::read(6), offset_s: 0 };
        let end = block.len().saturating_sub(4);
        let mut options = block.get(16..end).unwrap_or_default();
        // An option that does not fit ends the list; what came before it holds.
        while let Some((code, value, rest)) = option(order, options) {
            interface.take(order, code, value);
            options = rest;
        }
        interface
    }

    fn take(&mut self, order: Order, code: u16, value: &[u8]) {
        match (code, value) {
            (OPTION_NAME, name) => {
                let kept = name.get(..NAME_BYTES_MAX).unwrap_or(name);
                let kept = kept.strip_suffix(b"\0").unwrap_or(kept);
                self.name = Some(String::from_utf8_lossy(kept).into_owned());
            }
            (OPTION_RESOLUTION, [octet, ..]) => self.units = Units::read(*octet),
            (OPTION_OFFSET, value) => {
                if let Some(offset) = order.i64(value, 0) {
                    self.offset_s = offset;
                }
            }
            _ => {}
        }
    }

    /// The moment of a frame, from the two halves of its count of units.
    #[inline]
    pub(crate) fn time(&self, high: u32, low: u32) -> Timestamp {
        let nanos = self.units.nanos(u64::from(high) << 32 | u64::from(low));
        let offset = i64::try_from(NANOS_PER_SECOND).unwrap_or(i64::MAX);
        Timestamp::from_nanos(nanos.saturating_add(self.offset_s.saturating_mul(offset)))
    }
}

/// The first option of a list, and what is behind its padding.
fn option(order: Order, options: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let code = order.u16(options, 0)?;
    let length = usize::from(order.u16(options, 2)?);
    if code == OPTION_END {
        return None;
    }
    let rest = options.get(4..)?;
    let value = rest.get(..length)?;
    let padded = length.next_multiple_of(size(4));
    Some((code, value, rest.get(padded..).unwrap_or_default()))
}
