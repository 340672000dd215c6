//! The checksum of link headers and blocks.

/// The reflected polynomial 0xA6BC worked out for every octet.
const TABLE: [u16; 256] = table();

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "a constant, worked out by the compiler within the bounds of its own table"
)]
const fn table() -> [u16; 256] {
    let mut table = [0; 256];
    let mut octet: u16 = 0;
    while octet < 256 {
        let mut crc = octet;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 0 { crc >> 1 } else { (crc >> 1) ^ 0xA6BC };
            bit += 1;
        }
        table[octet as usize] = crc;
        octet += 1;
    }
    table
}

/// The CRC of a header or block (clause 9, CRC-16/DNP): polynomial 0x3D65 reflected, initial 0, complemented.
#[must_use]
pub fn crc16(octets: &[u8]) -> u16 {
    !octets.iter().fold(0, |crc: u16, octet| {
        let [low, high] = crc.to_le_bytes();
        let entry = TABLE.get(usize::from(low ^ octet)).copied().unwrap_or_default();
        u16::from(high) ^ entry
    })
}

/// The octets before the CRC that they end in (low octet first), where it is theirs.
pub(crate) fn checked(octets: &[u8]) -> Option<&[u8]> {
    let (octets, crc) = octets.split_last_chunk::<2>()?;
    (crc16(octets) == u16::from_le_bytes(*crc)).then_some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogued_check_value_holds() {
        assert_eq!(crc16(b"123456789"), 0xEA82);
        assert_eq!(crc16(&[]), 0xFFFF);
    }

    #[test]
    fn headers_of_real_devices_end_in_their_crc() {
        // Three headers of public captures: two of one master, and an answer.
        for header in [
            [0x05, 0x64, 0x05, 0x49, 0x64, 0x00, 0x01, 0x00, 0x7E, 0x5F],
            [0x05, 0x64, 0x14, 0xC4, 0x02, 0x00, 0x03, 0x00, 0x45, 0x03],
            [0x05, 0x64, 0x74, 0x44, 0x03, 0x00, 0x02, 0x00, 0x68, 0x54],
        ] {
            assert_eq!(checked(&header), header.get(..8), "{header:02X?}");
        }
    }

    #[test]
    fn every_changed_bit_is_noticed() {
        let header = [0x05, 0x64, 0x05, 0x49, 0x64, 0x00, 0x01, 0x00, 0x7E, 0x5F];
        for bit in 0..80 {
            let mut changed = header;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(checked(&changed), None, "bit {bit}");
        }
    }
}
