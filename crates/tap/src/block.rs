//! A block of the ring: a head, and frames each with a head of its own (TPACKET_V3 of linux/if_packet.h).
//!
//! The kernel wrote it, and every number is held against the block all the same.

use gridtap_model::Timestamp;

use crate::config::Clock;

/// Where a frame lies in its block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) time: Timestamp,
    /// Whose clock that is of.
    pub(crate) clock: Clock,
    /// Where its octets begin, from the block's beginning.
    pub(crate) at: usize,
    pub(crate) length: usize,
    pub(crate) original_length: u32,
    /// The tag that the interface took out of it: its protocol and what it says.
    pub(crate) tag: Option<[u8; 4]>,
}

/// The frames of a block that are still to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Walk {
    left: u32,
    at: usize,
}

const VLAN_VALID: u32 = 1 << 4;
const VLAN_TPID_VALID: u32 = 1 << 6;
/// The time is that of the interface's clock (TP_STATUS_TS_RAW_HARDWARE).
const STAMPED_BY_HARDWARE: u32 = 1 << 31;
/// The protocol of a tag where none is told (IEEE 802.1Q).
const TPID: u16 = 0x8100;

impl Walk {
    /// All frames of a block.
    pub(crate) fn of(block: &[u8]) -> Self {
        let (left, at) = (word(block, 12).unwrap_or(0), word(block, 16).unwrap_or(0));
        Self { left, at: size(at) }
    }

    /// How many frames it says are still to come.
    pub(crate) const fn left(self) -> u32 {
        self.left
    }

    /// The next frame; none at the end of the block, or where what comes is none.
    pub(crate) fn next(&mut self, block: &[u8]) -> Option<Place> {
        self.left = self.left.checked_sub(1)?;
        let head = block.get(self.at..)?;
        let [next, seconds, nanos] = [word(head, 0)?, word(head, 4)?, word(head, 8)?];
        let [kept, original_length, status] = [word(head, 12)?, word(head, 16)?, word(head, 20)?];
        let octets_at = self.at.checked_add(usize::from(half(head, 24)?))?;
        let length = size(kept);
        let end = octets_at.checked_add(length)?;
        block.get(octets_at..end)?;
        let tag = if status & VLAN_VALID == 0 {
            None
        } else {
            let says = u16::try_from(word(head, 32)? & 0xffff).ok()?;
            let protocol = if status & VLAN_TPID_VALID == 0 { TPID } else { half(head, 36)? };
            let ([a, b], [c, d]) = (protocol.to_be_bytes(), says.to_be_bytes());
            Some([a, b, c, d])
        };
        // The last frame names no next one, or one behind it.
        self.at = self.at.checked_add(size(next))?;
        if next == 0 {
            self.left = 0;
        }
        let time = Timestamp::from_parts(i64::from(seconds), nanos);
        let is_own = status & STAMPED_BY_HARDWARE != 0;
        let clock = if is_own { Clock::Hardware } else { Clock::Kernel };
        Some(Place { time, clock, at: octets_at, length, original_length, tag })
    }
}

fn word(octets: &[u8], at: usize) -> Option<u32> {
    octets.get(at..)?.first_chunk().map(|chunk| u32::from_ne_bytes(*chunk))
}

fn half(octets: &[u8], at: usize) -> Option<u16> {
    octets.get(at..)?.first_chunk().map(|chunk| u16::from_ne_bytes(*chunk))
}

fn size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A block with frames of so many octets, the second with a tag that was taken out.
    fn block(lengths: &[u32]) -> Vec<u8> {
        let mut block = vec![0; 48];
        block[12..16].copy_from_slice(&u32::try_from(lengths.len()).unwrap().to_ne_bytes());
        block[16..20].copy_from_slice(&48_u32.to_ne_bytes());
        for (nth, length) in lengths.iter().enumerate() {
            let mut head = vec![0; 82];
            let next = if nth + 1 == lengths.len() { 0 } else { 82 + length };
            let status: u32 = match nth {
                1 => VLAN_VALID | VLAN_TPID_VALID,
                2 => 0x8000_0000,
                _ => 1 << 29,
            };
            for (at, word) in [next, 7, 9, *length, *length + 1, status].iter().enumerate() {
                head[at * 4..at * 4 + 4].copy_from_slice(&word.to_ne_bytes());
            }
            head[24..26].copy_from_slice(&82_u16.to_ne_bytes());
            head[32..36].copy_from_slice(&0x2005_u32.to_ne_bytes());
            head[36..38].copy_from_slice(&0x88a8_u16.to_ne_bytes());
            block.extend(head);
            block.extend((0..*length).map(|_| u8::try_from(nth).unwrap()));
        }
        block
    }

    fn walked(block: &[u8]) -> Vec<Place> {
        let mut walk = Walk::of(block);
        core::iter::from_fn(|| walk.next(block)).collect()
    }

    #[test]
    fn each_frame_is_found_with_its_time_and_the_tag_that_was_taken_out() {
        let block = block(&[60, 3, 0]);
        let places = walked(&block);
        assert_eq!(places.len(), 3);
        for (nth, place) in places.iter().enumerate() {
            let octets = &block[place.at..place.at + place.length];
            assert!(octets.iter().all(|octet| usize::from(*octet) == nth), "{place:?}");
            assert_eq!(place.time, Timestamp::from_parts(7, 9));
            assert_eq!(size(place.original_length), place.length + 1);
        }
        let clocks: Vec<Clock> = places.iter().map(|place| place.clock).collect();
        assert_eq!(clocks, [Clock::Kernel, Clock::Kernel, Clock::Hardware]);
        assert_eq!(places[0].tag, None);
        assert_eq!(places[1].tag, Some([0x88, 0xa8, 0x20, 0x05]));
    }

    #[test]
    fn no_number_in_a_block_leads_out_of_it() {
        let good = block(&[60, 60, 60]);
        for at in 0..good.len() {
            for wrong in [0, 0x7f, 0xff] {
                let mut bad = good.clone();
                bad[at] = wrong;
                let places = walked(&bad);
                assert!(places.len() <= 3 || bad[12..16] != good[12..16]);
                assert!(places.iter().all(|place| place.at + place.length <= bad.len()));
            }
        }
        for cut in 0..good.len() {
            let all_within = |place: &Place| place.at + place.length <= cut;
            assert!(walked(&good[..cut]).iter().all(all_within));
        }
    }
}
