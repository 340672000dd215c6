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
pub(crate) fn sum(bytes: &[u8]) -> u16 {
    u16::from_be(fold(words(bytes)))
}

/// The sum of the octets in the machine's own order, not brought back to 16 bits.
///
/// The sum does not depend on the order of octets in a word but for a last swap (RFC 1071, 2(B)), so eight octets
/// are added at a time.
#[inline]
fn words(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut total: u64 = 0;
    for word in words {
        let word = u64::from_ne_bytes(*word);
        total = total.wrapping_add(word & 0xFFFF_FFFF).wrapping_add(word >> 32);
    }
    if rest.is_empty() { total } else { total.wrapping_add(tail(rest)) }
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

/// Whether an IPv4 header without options has a right checksum.
#[inline]
pub(crate) fn is_right(header: &[u8; 20]) -> bool {
    let (words, _) = header.as_chunks::<4>();
    let add = |sum: u64, word: &[u8; 4]| sum.wrapping_add(u64::from(u32::from_ne_bytes(*word)));
    fold(words.iter().fold(0, add)) == 0xFFFF
}

/// A sum of words brought back to 16 bits with the carries added in.
#[inline]
fn fold(sum: u64) -> u16 {
    let sum = (sum & 0xFFFF_FFFF).wrapping_add(sum >> 32);
    let sum = (sum & 0xFFFF).wrapping_add((sum >> 16) & 0xFFFF).wrapping_add(sum >> 32);
    let sum = (sum & 0xFFFF).wrapping_add(sum >> 16);
    let sum = (sum & 0xFFFF).wrapping_add(sum >> 16);
    u16::try_from(sum & 0xFFFF).unwrap_or(0)
}

/// The sum of the addresses and the protocol of the pseudo-header, in the machine's own order; the length is added
/// apart.
#[inline]
fn pseudo_sum(source: IpAddr, destination: IpAddr, protocol: u8) -> u64 {
    let of = |address: IpAddr| match address {
        IpAddr::V4(address) => u64::from(u32::from_ne_bytes(address.octets())),
        IpAddr::V6(address) => words(&address.octets()),
    };
    of(source).wrapping_add(of(destination)).wrapping_add(u64::from(u16::from(protocol).to_be()))
}

/// Judges the checksum of a whole TCP segment or UDP datagram, whose checksum field is `field`.
#[inline]
pub(crate) fn judge(
    source: IpAddr,
    destination: IpAddr,
    protocol: u8,
    bytes: &[u8],
    field: u16,
) -> Verdict {
    let pseudo = pseudo_sum(source, destination, protocol);
    // No length is beyond 16 bits but of a jumbogram, whose is added in two words.
    let length = u64::from(u32::try_from(bytes.len()).unwrap_or(0).to_be());
    let with_length = pseudo.wrapping_add(length);
    if fold(with_length.wrapping_add(words(bytes))) == 0xFFFF {
        return Verdict::Right;
    }
    // Some interfaces want the length left out for what they will cut into segments.
    let field = field.to_be();
    if field == fold(with_length) || field == fold(pseudo) {
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
