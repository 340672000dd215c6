//! Fragmented datagrams put together (RFC 791, RFC 8200 section 4.5).

use core::net::IpAddr;
use std::collections::BTreeMap;

use gridtap_model::Timestamp;

use crate::config::{Config, Overlap};
use crate::counters::Counters;
use crate::internet::{Datagram, Fragment};
use crate::waiting::{At, Octets, Piece, Waiting};

/// Datagrams of one pair of addresses that are put together at a time: more, and the pair's own oldest gives way.
const PAIR_MAX: usize = 16;
/// No datagram is longer.
const LENGTH_MAX: u32 = 65_535;
/// Fragments of one datagram.
const PARTS_MAX: usize = 256;
/// What a datagram costs beside its fragments.
const DATAGRAM_COST: usize = 256;

/// Fragments belong together by these. The pair of addresses comes first, so that a pair's own are neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    source: IpAddr,
    destination: IpAddr,
    identification: u32,
    protocol: u8,
}

#[derive(Debug)]
struct Parts {
    since: Timestamp,
    parts: Waiting,
    /// The same as the other way to treat overlaps makes it, once some differ: which of the two the receiver takes its
    /// transport checksum may tell.
    other: Option<Waiting>,
    /// The length of the whole, when the last fragment has come.
    length: Option<u32>,
    /// The protocol that the first fragment names.
    protocol: u8,
    differing: u32,
    header_wrong: bool,
}

impl Parts {
    fn cost(&self) -> usize {
        self.parts.cost().saturating_add(self.other.as_ref().map_or(0, Waiting::cost))
    }

    /// Takes a fragment; says how many of its octets differ from those that were there.
    fn insert(&mut self, octets: &Octets<'_>, overlap: Overlap) -> u32 {
        let other = match overlap {
            Overlap::First => Overlap::Last,
            Overlap::Last => Overlap::First,
        };
        if let Some(second) = &mut self.other {
            second.insert(0, octets, other);
            return self.parts.insert(0, octets, overlap);
        }
        let end = octets.sequence.saturating_add(u32::try_from(octets.bytes.len()).unwrap_or(0));
        let is_there = |piece: &Piece| piece.sequence < end && piece.end() > octets.sequence;
        if !self.parts.iter().any(is_there) {
            return self.parts.insert(0, octets, overlap);
        }
        let before: Vec<(u32, Box<[u8]>)> =
            self.parts.iter().map(|piece| (piece.sequence, piece.bytes.clone())).collect();
        let differing = self.parts.insert(0, octets, overlap);
        if differing > 0 {
            let mut second = Waiting::default();
            for (sequence, bytes) in &before {
                second.insert(0, &Octets { sequence: *sequence, bytes, ..*octets }, other);
            }
            second.insert(0, octets, other);
            self.other = Some(second);
        }
        differing
    }
}

/// A datagram put together.
#[derive(Debug)]
pub(crate) struct Joined {
    pub(crate) payload: Vec<u8>,
    /// What it is where the receiver treats overlaps the other way.
    pub(crate) other: Option<Vec<u8>>,
    pub(crate) protocol: u8,
    /// Octets of fragments that overlapped others with other content.
    pub(crate) differing: u32,
    pub(crate) header_wrong: bool,
}

impl Joined {
    /// The whole, after its last fragment; and as the other way to treat overlaps makes it, where that differs.
    pub(crate) fn datagrams<'j>(
        &'j self,
        last: &Datagram<'_>,
    ) -> impl Iterator<Item = Datagram<'j>> + use<'j> {
        let Datagram { source, destination, missing, routed, fragment, .. } = *last;
        core::iter::once(&self.payload).chain(&self.other).map(move |payload| Datagram {
            source,
            destination,
            protocol: self.protocol,
            payload,
            missing,
            header_wrong: self.header_wrong,
            routed,
            identification: fragment.map_or(0, |fragment| fragment.identification),
            fragment: None,
        })
    }
}

/// Datagrams of which fragments wait.
#[derive(Debug, Default)]
pub(crate) struct Fragments {
    datagrams: BTreeMap<Key, Parts>,
    cost: usize,
}

impl Fragments {
    /// Octets held, with their bookkeeping.
    pub(crate) const fn cost(&self) -> usize {
        self.cost
    }

    /// Takes a fragment; gives the datagram when it is whole.
    pub(crate) fn take(
        &mut self,
        datagram: &Datagram<'_>,
        fragment: Fragment,
        at: At,
        config: &Config,
        counters: &mut Counters,
    ) -> Option<Joined> {
        counters.fragments = counters.fragments.saturating_add(1);
        let length = u32::try_from(datagram.payload.len()).unwrap_or(u32::MAX);
        let end = fragment.offset.saturating_add(length);
        // All but the last are multiples of eight octets long.
        let uneven = fragment.more && length & 7 != 0;
        if datagram.missing > 0 || length == 0 || end > LENGTH_MAX || uneven {
            counters.fragments_malformed = counters.fragments_malformed.saturating_add(1);
            return None;
        }
        // In IPv6 later fragments may name another protocol than the first, which counts.
        let protocol = if datagram.source.is_ipv4() { datagram.protocol } else { 0 };
        let (source, destination) = (datagram.source, datagram.destination);
        let key = Key { source, destination, identification: fragment.identification, protocol };
        let late =
            |parts: &Parts| at.time.since_ns(parts.since) >= config.fragment_patience.nanos();
        if self.datagrams.get(&key).is_some_and(late) {
            self.remove(&key);
            counters.fragments_timed_out = counters.fragments_timed_out.saturating_add(1);
        }
        if !self.datagrams.contains_key(&key) {
            self.make_room(&key, config, counters);
            self.cost = self.cost.saturating_add(DATAGRAM_COST);
        }
        let parts = self.datagrams.entry(key).or_insert_with(|| Parts {
            since: at.time,
            parts: Waiting::default(),
            other: None,
            length: None,
            protocol: datagram.protocol,
            differing: 0,
            header_wrong: false,
        });
        let before = parts.cost();
        let octets = Octets {
            sequence: fragment.offset,
            bytes: datagram.payload,
            missing: 0,
            needs: None,
            at,
        };
        let differing = parts.insert(&octets, config.overlap);
        parts.differing = parts.differing.saturating_add(differing);
        parts.header_wrong |= datagram.header_wrong;
        counters.fragments_overlap_differs =
            counters.fragments_overlap_differs.saturating_add(u64::from(differing));
        if !fragment.more {
            parts.length = parts.length.or(Some(end));
        }
        if fragment.offset == 0 {
            parts.protocol = datagram.protocol;
        }
        self.cost = self.cost.saturating_add(parts.cost()).saturating_sub(before);
        if is_whole(parts) {
            counters.fragments_joined = counters.fragments_joined.saturating_add(1);
            return self.remove(&key).map(join);
        }
        if self.cost > config.fragment_bytes_max || self.has_too_many_parts(&key) {
            self.remove(&key);
            counters.fragments_evicted = counters.fragments_evicted.saturating_add(1);
        }
        None
    }

    fn has_too_many_parts(&self, key: &Key) -> bool {
        self.datagrams.get(key).is_some_and(|parts| parts.parts.pieces() > PARTS_MAX)
    }

    /// Makes room for a datagram. The pair's own oldest gives way first, so that a flood displaces itself.
    fn make_room(&mut self, key: &Key, config: &Config, counters: &mut Counters) {
        let from = Key { identification: 0, protocol: 0, ..*key };
        let to = Key { identification: u32::MAX, protocol: u8::MAX, ..*key };
        let oldest = |found: &mut dyn Iterator<Item = (&Key, &Parts)>| {
            found.map(|(key, parts)| (parts.since, *key)).min().map(|(_, key)| key)
        };
        let own = self.datagrams.range(from..=to).count();
        let victim = if own >= PAIR_MAX {
            oldest(&mut self.datagrams.range(from..=to))
        } else if self.datagrams.len() >= config.fragment_datagrams_max {
            oldest(&mut self.datagrams.iter())
        } else {
            None
        };
        if let Some(victim) = victim {
            self.remove(&victim);
            counters.fragments_evicted = counters.fragments_evicted.saturating_add(1);
        }
    }

    /// Gives up what waits at the end of the input.
    pub(crate) fn finish(&mut self, counters: &mut Counters) {
        let left = u64::try_from(self.datagrams.len()).unwrap_or(u64::MAX);
        counters.fragments_ended = counters.fragments_ended.saturating_add(left);
        *self = Self::default();
    }

    fn remove(&mut self, key: &Key) -> Option<Parts> {
        let parts = self.datagrams.remove(key)?;
        self.cost = self.cost.saturating_sub(parts.cost().saturating_add(DATAGRAM_COST));
        Some(parts)
    }

    /// Gives up what has waited too long.
    pub(crate) fn tick(&mut self, now: Timestamp, config: &Config, counters: &mut Counters) {
        if self.datagrams.is_empty() {
            return;
        }
        let mut freed = 0_usize;
        let mut given_up = 0_u64;
        self.datagrams.retain(|_, parts| {
            let keep = now.since_ns(parts.since) < config.fragment_patience.nanos();
            if !keep {
                freed = freed.saturating_add(parts.cost().saturating_add(DATAGRAM_COST));
                given_up = given_up.saturating_add(1);
            }
            keep
        });
        self.cost = self.cost.saturating_sub(freed);
        counters.fragments_timed_out = counters.fragments_timed_out.saturating_add(given_up);
    }
}

/// Nothing is missing up to the end of the last fragment.
fn is_whole(parts: &Parts) -> bool {
    let mut expected = 0_u32;
    for piece in parts.parts.iter() {
        if piece.sequence > expected {
            break;
        }
        expected = piece.end();
    }
    parts.length.is_some_and(|length| expected >= length)
}

fn join(parts: Parts) -> Joined {
    let Parts { parts, other, length, protocol, differing, header_wrong, .. } = parts;
    let length = length.and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
    let whole = |mut parts: Waiting| {
        let mut payload = Vec::new();
        while let Some(piece) = parts.pop() {
            payload.extend_from_slice(&piece.bytes);
        }
        payload.truncate(length);
        payload
    };
    Joined { payload: whole(parts), other: other.map(whole), protocol, differing, header_wrong }
}
