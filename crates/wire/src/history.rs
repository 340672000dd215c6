//! The last octets delivered, to compare a retransmission with what it repeats.

use crate::waiting::differing;

/// A ring in which the octet with sequence number `s` stands at `s` modulo the length: no position is stored.
#[derive(Debug, Default)]
pub(crate) struct History {
    ring: Box<[u8]>,
    /// How many octets before the next one are held.
    held: u16,
    /// Octets since the other side spoke: a message, as a rule.
    turn: u16,
}

/// The least room there is.
const ROOM_MIN: usize = 32;

impl History {
    pub(crate) const fn is_released(&self) -> bool {
        self.ring.is_empty()
    }

    /// Whether all that was said since the other side spoke has room with so many octets more, and as much before it; or
    /// there is all the room there can be.
    pub(crate) fn is_roomy(&self, more: usize, octets_max: usize) -> bool {
        let room = self.ring.len();
        room >= octets_max || self.turn_with(more).saturating_mul(2) <= room
    }

    fn turn_with(&self, more: usize) -> usize {
        usize::from(self.turn).saturating_add(more)
    }

    /// Makes that room, of at most `octets_max`, which is a power of two. What is held, of which the last stands before
    /// `next`, stays. A flow of short messages takes little.
    pub(crate) fn make_room(&mut self, next: u32, more: usize, octets_max: usize) {
        if self.is_roomy(more, octets_max) {
            return;
        }
        let wanted = self.turn_with(more).saturating_mul(2).max(ROOM_MIN).min(octets_max);
        let room = wanted.next_power_of_two().min(octets_max);
        let mut held = Vec::with_capacity(usize::from(self.held));
        let first = next.wrapping_sub(self.held.into());
        self.read(next, first, next, &mut held);
        self.ring = vec![0; room].into_boxed_slice();
        self.held = 0;
        let turn = self.turn;
        self.remember(first, &held);
        self.turn = turn;
    }

    /// The other side spoke.
    pub(crate) const fn answered(&mut self) {
        self.turn = 0;
    }

    /// Gives the memory back.
    pub(crate) fn release(&mut self) {
        *self = Self::default();
    }

    /// What comes next does not follow what was held.
    pub(crate) const fn forget(&mut self) {
        self.held = 0;
    }

    fn index(&self, sequence: u32) -> usize {
        usize::try_from(sequence).unwrap_or(0) & self.ring.len().saturating_sub(1)
    }

    /// Remembers octets, the first of which has this sequence number.
    pub(crate) fn remember(&mut self, sequence: u32, bytes: &[u8]) {
        let room = self.ring.len();
        let skipped = bytes.len().saturating_sub(room);
        let Some(kept) = bytes.get(skipped..) else { return };
        let first = self.index(sequence.wrapping_add(u32::try_from(skipped).unwrap_or(0)));
        let (head, tail) = kept.split_at(kept.len().min(room.saturating_sub(first)));
        if let Some(to) = self.ring.get_mut(first..).and_then(|ring| ring.get_mut(..head.len())) {
            to.copy_from_slice(head);
        }
        if let Some(to) = self.ring.get_mut(..tail.len()) {
            to.copy_from_slice(tail);
        }
        self.turn = self.turn.saturating_add(u16::try_from(bytes.len()).unwrap_or(u16::MAX));
        let held = usize::from(self.held).saturating_add(kept.len()).min(room);
        self.held = u16::try_from(held).unwrap_or(u16::MAX);
    }

    /// Adds the octets from `from` to `to`, as far as they are held, of which the last stands before `next`.
    pub(crate) fn read(&self, next: u32, from: u32, to: u32, into: &mut Vec<u8>) {
        let back =
            |sequence: u32| usize::try_from(next.wrapping_sub(sequence)).unwrap_or(usize::MAX);
        let (from_back, to_back) = (back(from).min(usize::from(self.held)), back(to));
        for behind in (to_back.saturating_add(1)..=from_back).rev() {
            let sequence = next.wrapping_sub(u32::try_from(behind).unwrap_or(0));
            into.extend(self.ring.get(self.index(sequence)));
        }
    }

    /// How many of the octets from `sequence` on differ from those held, of which the last stands before `next`.
    pub(crate) fn difference(&self, next: u32, sequence: u32, bytes: &[u8]) -> u32 {
        let behind = usize::try_from(next.wrapping_sub(sequence)).unwrap_or(usize::MAX);
        let skipped = behind.saturating_sub(usize::from(self.held));
        let Some(bytes) = bytes.get(skipped..) else { return 0 };
        let count = behind.saturating_sub(skipped).min(bytes.len());
        let bytes = bytes.get(..count).unwrap_or(&[]);
        let first = self.index(sequence.wrapping_add(u32::try_from(skipped).unwrap_or(0)));
        let head = self.ring.get(first..).unwrap_or(&[]);
        let rest = bytes.get(head.len().min(bytes.len())..).unwrap_or(&[]);
        differing(head, bytes).saturating_add(differing(&self.ring, rest))
    }
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "the lengths are those of the tests")]
mod tests {
    use super::*;

    #[test]
    fn a_repetition_is_compared_as_far_as_it_is_remembered() {
        let mut history = History::default();
        history.make_room(0, 8, 16);
        let start = u32::MAX - 5;
        let text: Vec<u8> = (0..40).collect();
        let mut next = start;
        for chunk in text.chunks(7) {
            history.remember(next, chunk);
            next = next.wrapping_add(chunk.len() as u32);
        }
        assert_eq!(history.difference(next, start, &text), 0);
        let mut other = text.clone();
        for octet in &mut other {
            *octet ^= 0xFF;
        }
        assert_eq!(history.difference(next, start, &other), 16, "only the last 16 are held");
        assert_eq!(history.difference(next, next.wrapping_sub(4), &other[36..]), 4);
        assert_eq!(history.difference(next, next.wrapping_sub(4), &other), 4, "the rest is new");
        let read = |from: u32, to: u32| {
            let mut read = Vec::new();
            history.read(next, next.wrapping_sub(from), next.wrapping_sub(to), &mut read);
            read
        };
        assert_eq!(read(5, 2), [35, 36, 37]);
        assert_eq!(read(40, 15), [24], "no more is held");
        assert_eq!(read(2, 2), [0_u8; 0]);
    }

    #[test]
    fn there_is_room_for_what_one_side_says_at_a_time_and_as_much_before_it() {
        let mut history = History::default();
        let text: Vec<u8> = (0..200).collect();
        let mut next = u32::MAX - 20;
        let start = next;
        let mut said = 0;
        for (length, room) in [(12, 32), (12, 32), (12, 32), (40, 128), (60, 128)] {
            history.answered();
            history.make_room(next, length, 256);
            history.remember(next, &text[said..said + length]);
            next = next.wrapping_add(length as u32);
            said += length;
            assert_eq!(history.ring.len(), room);
            assert_eq!(history.difference(next, start, &text[..said]), 0);
        }
        // A message in small pieces.
        for octet in &text[said..] {
            history.make_room(next, 1, 256);
            history.remember(next, &[*octet]);
            next = next.wrapping_add(1);
        }
        assert_eq!(history.ring.len(), 256);
        let mut read = Vec::new();
        history.read(next, next.wrapping_sub(128), next, &mut read);
        assert_eq!(read, text[72..], "what was held stays when there is more room");
    }
}
