//! The Internet checksum (RFC 1071) and what a wrong one means.

use core::net::IpAddr;

/// What a checksum says of its packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is right.
    Right,
    /// It holds the sum of the pseudo-header alone: what a host leaves to its network interface to complete, and what
    /// an interface leaves when it joins received segments.
    Partial,
    /// It is wrong.
    Wrong,
    /// It cannot be judged: there is none, or octets are missing.
    Unjudged,
}

/// The one's complement sum of the octets as big-endian words, not complemented.
///
/// The sum does not depend on the order of octets in a word but for a last swap (RFC 1071, 2(B)), so eight octets
/// are added at a time in the machine's own order.
pub(crate) fn sum(bytes: &[u8]) -> u16 {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut total: u64 = 0;
    for word in words {
        let word = u64::from_ne_bytes(*word);
        total = total.wrapping_add(word & 0xFFFF_FFFF).wrapping_add(word >> 32);
    }
    u16::from_be(fold(total.wrapping_add(tail(rest))))
}

/// The words of the last octets, of which there are fewer than eight, in the machine's order.
fn tail(bytes: &[u8]) -> u64 {
    let mut total: u64 = 0;
    let mut rest = bytes;
    if let Some((word, after)) = rest.split_first_chunk::<4>() {
        total = u64::from(u32::from_ne_bytes(*word));
        rest = after;
    }
    if let Some((word, after)) = rest.split_first_chunk::<2>() {
        total = total.wrapping_add(u64::from(u16::from_ne_bytes(*word)));
        rest = after;
    }
    rest.first().map_or(total, |last| total.wrapping_add(u64::from(u16::from_ne_bytes([*last, 0]))))
}

/// The sum of an IPv4 header without options, not brought back to 16 bits.
pub(crate) fn words(header: &[u8; 20]) -> u64 {
    let (words, _) = header.as_chunks::<4>();
    words.iter().fold(0, |sum: u64, word| {
        let word = u64::from(u32::from_be_bytes(*word));
        sum.wrapping_add(word >> 16).wrapping_add(word & 0xFFFF)
    })
}

/// A sum of words brought back to 16 bits with the carries added in.
pub(crate) fn fold(sum: u64) -> u16 {
    let sum = (sum & 0xFFFF_FFFF).wrapping_add(sum >> 32);
    let mut sum = (sum & 0xFFFF).wrapping_add((sum >> 16) & 0xFFFF).wrapping_add(sum >> 32);
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF).wrapping_add(sum >> 16);
    }
    u16::try_from(sum).unwrap_or(u16::MAX)
}

/// The sum of the addresses and the protocol of the pseudo-header; the length is added apart.
fn pseudo_sum(source: IpAddr, destination: IpAddr, protocol: u8) -> u64 {
    let addresses = match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let (source, destination) =
                (u64::from(source.to_bits()), u64::from(destination.to_bits()));
            (source >> 16)
                .wrapping_add(source & 0xFFFF)
                .wrapping_add(destination >> 16)
                .wrapping_add(destination & 0xFFFF)
        }
        (source, destination) => {
            let of = |address: IpAddr| match address {
                IpAddr::V4(address) => u64::from(sum(&address.octets())),
                IpAddr::V6(address) => u64::from(sum(&address.octets())),
            };
            of(source).wrapping_add(of(destination))
        }
    };
    addresses.wrapping_add(u64::from(protocol))
}

/// Judges the checksum of a whole TCP segment or UDP datagram, whose checksum field is `field`.
pub(crate) fn judge(
    source: IpAddr,
    destination: IpAddr,
    protocol: u8,
    bytes: &[u8],
    field: u16,
) -> Verdict {
    let pseudo = pseudo_sum(source, destination, protocol);
    let length = u64::try_from(bytes.len()).unwrap_or(0);
    let with_length = pseudo.wrapping_add(length);
    if fold(with_length.wrapping_add(u64::from(sum(bytes)))) == 0xFFFF {
        Verdict::Right
    } else if field == fold(with_length) || field == fold(pseudo) {
        // Some interfaces want the length left out for what they will cut into segments.
        Verdict::Partial
    } else {
        Verdict::Wrong
    }
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "the lengths are those of the tests")]
mod tests {
    use super::*;

    // RFC 1071, section 3: the octets 00 01 f2 03 f4 f5 f6 f7 sum to ddf2.
    #[test]
    fn the_sum_is_that_of_the_example_in_rfc_1071() {
        assert_eq!(sum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), 0xddf2);
    }

    #[test]
    fn the_sum_agrees_with_the_plain_one_at_every_length() {
        let bytes: Vec<u8> = (0..200_u32).map(|n| (n * 151 + 17) as u8 | 0x80).collect();
        for length in 0..bytes.len() {
            let mut plain: u32 = 0;
            for pair in bytes[..length].chunks(2) {
                plain += u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0));
            }
            while plain > 0xFFFF {
                plain = (plain & 0xFFFF) + (plain >> 16);
            }
            assert_eq!(u32::from(sum(&bytes[..length])), plain, "length {length}");
        }
    }
}
