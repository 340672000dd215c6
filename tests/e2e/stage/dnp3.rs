//! DNP3 frames, written by these lines alone, so that the tests do not trust the codec under test.

/// CRC-16/DNP, bit by bit (IEEE 1815, annex E).
fn crc(octets: &[u8]) -> [u8; 2] {
    let mut register = 0_u16;
    for octet in octets {
        register ^= u16::from(*octet);
        for _ in 0..8 {
            register = if register & 1 == 1 { register >> 1 ^ 0xA6BC } else { register >> 1 };
        }
    }
    (!register).to_le_bytes()
}

/// A link frame, whatever it holds.
pub(crate) fn frame(control: u8, source: u16, destination: u16, data: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x05, 0x64, u8::try_from(data.len() + 5).unwrap(), control];
    frame.extend(destination.to_le_bytes());
    frame.extend(source.to_le_bytes());
    let sum = crc(&frame);
    frame.extend(sum);
    for block in data.chunks(16) {
        frame.extend(block);
        frame.extend(crc(block));
    }
    frame
}

/// A request of master 1 to outstation 10, in one segment: application control, function, objects.
pub(crate) fn request(application: &[u8]) -> Vec<u8> {
    frame(0xC4, 1, 10, &[&[0xC0], application].concat())
}

/// An answer of outstation 10 to master 1, in one segment.
pub(crate) fn response(application: &[u8]) -> Vec<u8> {
    frame(0x44, 10, 1, &[&[0xC0], application].concat())
}

#[test]
fn the_check_value_of_the_catalogue_of_crcs_comes_out() {
    // CRC-16/DNP of "123456789" is 0xEA82.
    assert_eq!(crc(b"123456789"), 0xEA82_u16.to_le_bytes());
}
