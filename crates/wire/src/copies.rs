//! Datagrams that were captured more than once on their way: both directions of a port mirrored, two taps on a path, both
//! networks of parallel redundancy.
//!
//! TCP needs no such thing: octets heard again are compared with those before and told once. For a datagram only the
//! sender's identification of its packet tells a copy from one that was really sent twice. Where that says nothing (IPv6;
//! a host that sends 0 always, as it may when nothing will be cut in fragments, or that does not count), a copy is
//! believed only within a millisecond and with nothing heard from the other side in between: no master asks again so
//! soon.
//!
//! The payload takes part by a keyed digest, so that nobody can make a datagram that goes unheard as another's copy.

use core::hash::{BuildHasher, Hasher};

use gridtap_model::{Direction, Span, Timestamp};

/// Datagrams of a flow that are remembered.
const KEPT: usize = 8;

/// How soon a datagram without an identification may be a copy.
const BLIND: Span = Span::from_nanos(1_000_000);

/// A datagram that was heard.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    time: Timestamp,
    /// Of all that does not change on the way.
    digest: u64,
    /// Of the packet; 0 where there is none.
    identification: u32,
    direction: Direction,
}

/// The last datagrams of a flow, or in TCP the last segments that were damaged.
#[derive(Debug)]
pub(crate) struct Recent {
    marks: [Option<Mark>; KEPT],
    /// Their digests and identifications, for the first look.
    digests: [u64; KEPT],
    identifications: [u32; KEPT],
    /// The place of the next.
    next: usize,
    /// The last segment with a wrong checksum, forward first: when, and by its sequence number, acknowledgement and
    /// length which.
    wrong: [Option<(Timestamp, [u32; 3])>; 2],
    /// A direction gave different datagrams the same identification, forward first: it says nothing there.
    constant: [bool; 2],
}

impl Default for Recent {
    fn default() -> Self {
        Self {
            marks: [None; KEPT],
            digests: [0; KEPT],
            identifications: [0; KEPT],
            next: 0,
            wrong: [None; 2],
            constant: [false; 2],
        }
    }
}

impl Mark {
    pub(crate) fn new(
        hasher: &impl BuildHasher,
        time: Timestamp,
        direction: Direction,
        identification: u32,
        payload: &[u8],
        missing: u32,
    ) -> Self {
        let mut state = hasher.build_hasher();
        state.write_u32(missing);
        state.write(payload);
        Self { time, digest: state.finish(), identification, direction }
    }
}

impl Recent {
    /// Whether a segment with a wrong checksum is one that was heard at most `window` before.
    pub(crate) fn is_wrong_again(
        &mut self,
        time: Timestamp,
        direction: Direction,
        which: [u32; 3],
        window: Span,
    ) -> bool {
        let last = match direction {
            Direction::Forward => &mut self.wrong[0],
            Direction::Backward => &mut self.wrong[1],
        };
        let again = last
            .is_some_and(|(before, last)| last == which && time.since_ns(before) < window.nanos());
        if !again {
            *last = Some((time, which));
        }
        again
    }

    /// Whether a datagram is a copy of one that was heard at most `window` before; remembers it where it is not.
    pub(crate) fn is_copy(&mut self, mark: Mark, window: Span) -> bool {
        let is_known = self.digests.contains(&mark.digest)
            || mark.identification != 0 && self.identifications.contains(&mark.identification);
        if is_known && self.is_copy_among(&mark, window) {
            return true;
        }
        if let Some(place) = self.marks.get_mut(self.next) {
            *place = Some(mark);
        }
        if let Some(place) = self.digests.get_mut(self.next) {
            *place = mark.digest;
        }
        if let Some(place) = self.identifications.get_mut(self.next) {
            *place = mark.identification;
        }
        self.next = self.next.wrapping_add(1) % KEPT;
        false
    }

    /// A closer look.
    fn is_copy_among(&mut self, mark: &Mark, window: Span) -> bool {
        let constant = match mark.direction {
            Direction::Forward => &mut self.constant[0],
            Direction::Backward => &mut self.constant[1],
        };
        let mut other_heard = false;
        // The last first.
        let (new, old) = self.marks.split_at(self.next.min(KEPT));
        for before in new.iter().rev().chain(old.iter().rev()).flatten() {
            if before.direction != mark.direction {
                other_heard = true;
                continue;
            }
            let same = before.digest == mark.digest;
            let numbered = mark.identification != 0 && before.identification != 0;
            if numbered && before.identification == mark.identification {
                *constant |= !same;
            }
            if !same {
                continue;
            }
            let passed = mark.time.since_ns(before.time);
            let is_copy = if numbered && !*constant {
                before.identification == mark.identification && passed < window.nanos()
            } else {
                !other_heard && passed < BLIND.nanos().min(window.nanos())
            };
            if is_copy {
                return true;
            }
        }
        false
    }
}
