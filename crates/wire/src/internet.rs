//! IPv4 (RFC 791) and IPv6 (RFC 8200) headers.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::checksum;

pub(crate) const TCP: u8 = 6;
pub(crate) const UDP: u8 = 17;

/// Extension headers that are followed in one packet.
const EXTENSIONS_MAX: usize = 8;

/// One IP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Datagram<'a> {
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    /// What the payload is, behind all extension headers.
    pub(crate) protocol: u8,
    /// What was captured of the payload, without what the link layer padded.
    pub(crate) payload: &'a [u8],
    /// Octets of the payload that the snap length cut off.
    pub(crate) missing: u32,
    /// The checksum of the header is wrong, and not merely left to the interface.
    pub(crate) header_wrong: bool,
    /// The destination of the pseudo-header is another than that of the packet (source routing).
    pub(crate) routed: bool,
    /// What its sender tells it from others by; 0 where it does not.
    pub(crate) identification: u32,
    /// Which part of a fragmented datagram it is.
    pub(crate) fragment: Option<Fragment>,
}

/// The place of a fragment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fragment {
    pub(crate) identification: u32,
    /// In octets.
    pub(crate) offset: u32,
    pub(crate) more: bool,
}

/// Why there is no datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IpError {
    Malformed,
    ExtensionsExcess,
}

/// Reads an IP packet, of which the snap length cut off `cut` octets (with what may follow it in the frame).
#[inline]
pub(crate) fn datagram(bytes: &[u8], cut: u32) -> Result<Datagram<'_>, IpError> {
    match bytes.first().map(|first| first >> 4) {
        Some(4) => ipv4(bytes, cut).ok_or(IpError::Malformed),
        Some(6) => ipv6(bytes, cut),
        _ => Err(IpError::Malformed),
    }
}

/// Cuts `bytes` to the `length` that a header gives; where there is less, says how much the snap length took.
///
/// A length beyond what was on the wire is no gap: the octets never were.
#[inline]
fn cut_to(bytes: &[u8], length: usize, cut: u32) -> (&[u8], u32) {
    match bytes.get(..length) {
        Some(exact) => (exact, 0),
        None => {
            let lacking = length.saturating_sub(bytes.len());
            (bytes, u32::try_from(lacking).unwrap_or(u32::MAX).min(cut))
        }
    }
}

#[inline]
fn ipv4(bytes: &[u8], cut: u32) -> Option<Datagram<'_>> {
    let head = bytes.first_chunk::<20>()?;
    let header_length = usize::from(head[0] & 0x0F).checked_mul(4)?;
    if header_length < 20 {
        return None;
    }
    let (header, rest) = bytes.split_at_checked(header_length)?;
    let total_length = usize::from(u16::from_be_bytes([head[2], head[3]]));
    // 0 is what a capturing host shows of a packet that its interface will cut into segments.
    let length = match total_length {
        0 => rest.len(),
        _ => total_length.checked_sub(header_length)?,
    };
    let (payload, missing) = cut_to(rest, length, cut);
    let flags = u16::from_be_bytes([head[6], head[7]]);
    let identification = u32::from(u16::from_be_bytes([head[4], head[5]]));
    let fragment = (flags & 0x3FFF != 0).then(|| Fragment {
        identification,
        offset: u32::from(flags & 0x1FFF) << 3,
        more: flags & 0x2000 != 0,
    });
    Some(Datagram {
        source: IpAddr::V4(Ipv4Addr::new(head[12], head[13], head[14], head[15])),
        destination: IpAddr::V4(Ipv4Addr::new(head[16], head[17], head[18], head[19])),
        protocol: head[9],
        payload,
        missing,
        header_wrong: !(checksum::is_right(head) && header_length == 20)
            && [head[10], head[11]] != [0, 0]
            && checksum::sum(header) != 0xFFFF,
        routed: false,
        identification,
        fragment,
    })
}

fn ipv6(bytes: &[u8], cut: u32) -> Result<Datagram<'_>, IpError> {
    let (head, rest) = bytes.split_first_chunk::<40>().ok_or(IpError::Malformed)?;
    let (fixed, addresses) = head.split_first_chunk::<8>().ok_or(IpError::Malformed)?;
    let (source, destination) = addresses.split_first_chunk::<16>().ok_or(IpError::Malformed)?;
    let destination: &[u8; 16] = destination.first_chunk().ok_or(IpError::Malformed)?;
    let length = match u16::from_be_bytes([fixed[4], fixed[5]]) {
        0 => rest.len(),
        length => usize::from(length),
    };
    let (payload, missing) = cut_to(rest, length, cut);
    let mut found = Datagram {
        source: IpAddr::V6(Ipv6Addr::from(*source)),
        destination: IpAddr::V6(Ipv6Addr::from(*destination)),
        protocol: fixed[6],
        payload,
        missing,
        header_wrong: false,
        routed: false,
        identification: 0,
        fragment: None,
    };
    for _ in 0..EXTENSIONS_MAX {
        match found.protocol {
            // A later fragment's payload is not a header.
            _ if found.fragment.is_some_and(|fragment| fragment.offset > 0) => return Ok(found),
            0 | 43 | 60 | 135 | 139 | 140 => {
                let units = usize::from(second(found.payload)?).saturating_add(1);
                found.routed |=
                    found.protocol == 43 && found.payload.get(3).is_some_and(|&left| left > 0);
                skip(&mut found, units.saturating_mul(8))?;
            }
            51 => {
                let units = usize::from(second(found.payload)?).saturating_add(2);
                skip(&mut found, units.saturating_mul(4))?;
            }
            44 if found.fragment.is_some() => return Err(IpError::Malformed),
            44 => {
                let field = found.payload.first_chunk::<8>().ok_or(IpError::Malformed)?;
                let place = u16::from_be_bytes([field[2], field[3]]);
                found.fragment = Some(Fragment {
                    identification: u32::from_be_bytes([field[4], field[5], field[6], field[7]]),
                    offset: u32::from(place & 0xFFF8),
                    more: place & 1 != 0,
                });
                skip(&mut found, 8)?;
                // What follows the fragment header is the datagram's own, to be read when it is whole.
                if found.fragment.is_some_and(|fragment| fragment.offset > 0 || fragment.more) {
                    return Ok(found);
                }
                found.fragment = None;
            }
            _ => return Ok(found),
        }
    }
    Err(IpError::ExtensionsExcess)
}

fn second(bytes: &[u8]) -> Result<u8, IpError> {
    bytes.get(1).copied().ok_or(IpError::Malformed)
}

/// Steps over an extension header, whose first octet says what follows.
fn skip(found: &mut Datagram<'_>, length: usize) -> Result<(), IpError> {
    let next = *found.payload.first().ok_or(IpError::Malformed)?;
    found.payload = found.payload.get(length..).ok_or(IpError::Malformed)?;
    found.protocol = next;
    Ok(())
}
