//! Label stacks (RFC 3032) and what is behind them, which nothing names.
//!
//! The first four bits tell IP, and pseudowires that keep to RFC 4385; but an Ethernet frame without a control word
//! begins with any address. So each reading that the first bits allow must hold further in: a header checksum, a
//! length that fits, an EtherType in its place.

use crate::checksum;
use crate::link::{Carried, IPV4, IPV6, Reason, ethernet};

/// Labels that are followed in one stack.
const LABELS_MAX: usize = 8;

/// Takes a stack of labels away.
pub(crate) fn labels(carried: Carried<'_>) -> Result<Carried<'_>, Reason> {
    let mut rest = carried.bytes;
    for _ in 0..LABELS_MAX {
        let (label, after) = rest.split_first_chunk::<4>().ok_or(Reason::Malformed)?;
        rest = after;
        if label[2] & 1 != 0 {
            return labelled(Carried { bytes: rest, ..carried });
        }
    }
    Err(Reason::LabelsExcess)
}

/// What is behind the last label.
fn labelled(carried: Carried<'_>) -> Result<Carried<'_>, Reason> {
    let Carried { bytes, cut, .. } = carried;
    let first = bytes.first().ok_or(Reason::Malformed)? >> 4;
    if first == 4 && is_ipv4(bytes, cut) {
        return Ok(Carried { kind: IPV4, ..carried });
    }
    // Without a control word first: a frame with a tag looks like one without, behind a control word, but not the
    // other way round.
    if is_ethernet(bytes, cut) {
        return ethernet(carried);
    }
    // No bit of a control word says that the frame is one part of several.
    if let Some(([0x00..=0x0F, second, _, _], frame)) = bytes.split_first_chunk::<4>()
        && second & 0xC0 == 0
        && is_ethernet(frame, cut)
    {
        return ethernet(Carried { bytes: frame, ..carried });
    }
    match first {
        4 => Ok(Carried { kind: IPV4, ..carried }),
        6 => Ok(Carried { kind: IPV6, ..carried }),
        _ => Err(Reason::Labelled),
    }
}

/// Whether octets are a frame of a protocol that is known, in which IP holds where it is IP.
fn is_ethernet(bytes: &[u8], cut: u32) -> bool {
    let Some((head, mut rest)) = bytes.split_first_chunk::<14>() else { return false };
    let mut kind = u16::from_be_bytes([head[12], head[13]]);
    for _ in 0..4 {
        match (kind, rest.split_first_chunk::<4>()) {
            (0x8100 | 0x88A8 | 0x9100 | 0x9200, Some((tag, after))) => {
                kind = u16::from_be_bytes([tag[2], tag[3]]);
                rest = after;
            }
            _ => break,
        }
    }
    match kind {
        IPV4 => is_ipv4(rest, cut),
        IPV6 => is_ipv6(rest, cut),
        0x0806 => rest.starts_with(&[0, 1, 8, 0]),
        0x8847 | 0x8848 | 0x8864 | 0x8892 | 0x88B8..=0x88BA | 0x88CC | 0x88E5 | 0x88F7 => true,
        0x88FB | 0x892F => true,
        _ => false,
    }
}

fn is_ipv4(bytes: &[u8], cut: u32) -> bool {
    let Some(head) = bytes.first_chunk::<20>() else { return false };
    let header_length = usize::from(head[0] & 0x0F).saturating_mul(4);
    let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
    head[0] >> 4 == 4
        && length >= header_length
        && fits(length, bytes, cut)
        && header_length >= 20
        && bytes.get(..header_length).is_some_and(|header| checksum::sum(header) == 0xFFFF)
}

fn is_ipv6(bytes: &[u8], cut: u32) -> bool {
    let Some(head) = bytes.first_chunk::<40>() else { return false };
    let length = usize::from(u16::from_be_bytes([head[4], head[5]]));
    head[0] >> 4 == 6 && length > 0 && fits(length.saturating_add(40), bytes, cut)
}

fn fits(length: usize, bytes: &[u8], cut: u32) -> bool {
    let cut = usize::try_from(cut).unwrap_or(usize::MAX);
    length <= bytes.len().saturating_add(cut)
}
