//! Frames as a pcap file, for other people's programs.

use std::io::{Result, Write};

use super::wire::Frame;

/// Writes what goes before the frames: nanoseconds, Ethernet.
///
/// # Errors
/// It cannot be written.
pub fn begin(out: &mut impl Write) -> Result<()> {
    let numbers: [u32; 6] = [0xa1b2_3c4d, 2 | 4 << 16, 0, 0, 262_144, 1];
    numbers.iter().try_for_each(|number| out.write_all(&number.to_le_bytes()))
}

/// Writes a frame.
///
/// # Errors
/// It cannot be written.
pub fn frame(out: &mut impl Write, frame: &Frame) -> Result<()> {
    octets(out, frame.time, &frame.bytes)
}

/// Writes a frame's octets, at a moment in nanoseconds since 1970.
///
/// # Errors
/// It cannot be written.
pub fn octets(out: &mut impl Write, time: i64, octets: &[u8]) -> Result<()> {
    let length = u32::try_from(octets.len()).unwrap_or(u32::MAX);
    let second = u32::try_from(time.div_euclid(1_000_000_000)).unwrap_or(u32::MAX);
    let nanos = u32::try_from(time.rem_euclid(1_000_000_000)).unwrap_or(0);
    for number in [second, nanos, length, length] {
        out.write_all(&number.to_le_bytes())?;
    }
    out.write_all(octets)
}
