//! Any octets as a capture file.

use std::io::{Cursor, Read};

use gridtap_capture::{Error, Reader};

/// More than any input holds, so that what unpacks to more is cut: a bomb is slow, not wrong.
const UNPACKED_MAX: u64 = 1 << 22;

/// What was read of a file.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    /// Number, time, original length and octets of each frame.
    frames: Vec<(u64, i64, u32, Vec<u8>)>,
    fault: Option<String>,
}

fn read(source: Box<dyn Read + Send>) -> Found {
    let mut found = Found { frames: Vec::new(), fault: None };
    let mut reader = match Reader::new("input", 3, source) {
        Ok(reader) => reader,
        Err(error) => {
            found.fault = Some(error.to_string());
            return found;
        }
    };
    let mut octets = 0_u64;
    loop {
        match reader.next() {
            Ok(Some(frame)) => {
                assert_eq!(frame.capture, 3);
                let last = found.frames.last().map_or(0, |last| last.0);
                assert!(frame.number > last, "numbers rise");
                let kept = frame.bytes.to_vec();
                octets = octets.saturating_add(u64::try_from(kept.len()).unwrap_or(u64::MAX));
                found.frames.push((frame.number, frame.time.nanos(), frame.original_length, kept));
                if octets > UNPACKED_MAX {
                    return found;
                }
            }
            Ok(None) => return found,
            Err(error) => {
                if let Error::Fault(fault) = &error {
                    let count = u64::try_from(found.frames.len()).unwrap_or(u64::MAX);
                    assert_eq!(fault.frames, count, "a fault counts the frames before it");
                }
                found.fault = Some(error.to_string());
                assert!(matches!(reader.next(), Ok(None)), "nothing comes after a fault");
                return found;
            }
        }
    }
}

/// Gives one octet at a time.
struct Dripping<R>(R);

impl<R: Read> Read for Dripping<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let one = into.len().min(1);
        self.0.read(into.get_mut(..one).unwrap_or_default())
    }
}

/// A file reads without a panic, in bounded memory, and the same however its octets come in.
pub(super) fn any_file(input: &[u8]) {
    let whole = read(Box::new(Cursor::new(input.to_vec())));
    let packed = input.starts_with(&[0x1f, 0x8b]);
    if !packed {
        let octets: usize = whole.frames.iter().map(|frame| frame.3.len()).sum();
        assert!(octets <= input.len(), "frames lie in the file");
    }
    if input.len() <= 4096 && !packed {
        let dripped = read(Box::new(Dripping(Cursor::new(input.to_vec()))));
        assert_eq!(whole, dripped, "the same however it comes in");
    }
}
