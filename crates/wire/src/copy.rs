//! Octets that came twice with different content: what a direction reads where its receiver took the other copy.

use gridtap_model::Direction;

use crate::counters::Counters;
use crate::entry::{Entry, Sink};
use crate::event::Event;
use crate::transport::Segment;
use crate::waiting::{At, distance};

/// Octets before and behind a copy that are told with it: no message of a control protocol is longer.
const AROUND: u32 = 292;
/// Copies of a direction that are kept until all of their surroundings were heard.
const COPIES_MAX: usize = 8;
/// Octets of one that are kept.
const OCTETS_MAX: usize = 2048;
/// Times that one is told, each with more behind it.
const TELLINGS_MAX: u8 = 16;

/// The copy that was not delivered.
#[derive(Debug)]
pub(crate) struct OtherCopy {
    sequence: u32,
    /// The sequence number behind the octets that it stands for.
    end: u32,
    octets: Box<[u8]>,
    at: At,
    /// How far the direction was heard when it was told.
    told: Option<u32>,
    tellings: u8,
}

impl OtherCopy {
    /// What it costs to keep.
    pub(crate) fn cost(&self) -> usize {
        self.octets.len().saturating_add(size_of::<Self>())
    }
}

impl Entry {
    /// Keeps a copy until what stands before it was heard. It stands for the octets up to `end`.
    pub(crate) fn keep_copy(
        &mut self,
        direction: Direction,
        (sequence, end): (u32, u32),
        octets: Vec<u8>,
        at: At,
        counters: &mut Counters,
    ) {
        let waiting = self.stream_mut(direction).waiting_or_new();
        if octets.len() > OCTETS_MAX || waiting.copies.len() >= COPIES_MAX {
            counters.tcp_copies_dropped = counters.tcp_copies_dropped.saturating_add(1);
            return;
        }
        let octets = octets.into_boxed_slice();
        waiting.copies.push(OtherCopy { sequence, end, octets, at, told: None, tellings: 0 });
    }

    /// Most receivers take one octet that is marked urgent out of the stream (RFC 6093, section 3.1): so it reads
    /// otherwise for them.
    pub(crate) fn urgent(
        &mut self,
        direction: Direction,
        segment: &Segment<'_>,
        at: At,
        counters: &mut Counters,
    ) {
        let Some(marked) = segment.urgent.and_then(|urgent| usize::from(urgent).checked_sub(1))
        else {
            return;
        };
        if marked >= segment.payload.len() {
            return;
        }
        let mut octets = segment.payload.to_vec();
        octets.remove(marked);
        let start = segment.payload_sequence();
        let place = (start, start.wrapping_add(segment.length()));
        self.keep_copy(direction, place, octets, at, counters);
    }

    /// Tells the copies around which more was heard.
    pub(crate) fn tell_copies(&mut self, direction: Direction, sink: &mut Sink<'_>) {
        let Some(waiting) = &mut self.stream_mut(direction).waiting else { return };
        if waiting.copies.is_empty() {
            return;
        }
        let mut copies = core::mem::take(&mut waiting.copies);
        let next = self.stream(direction).next;
        for copy in &mut copies {
            if distance(copy.end, next) < 0 || copy.told == Some(next) {
                continue;
            }
            let mut octets = Vec::new();
            let history = &self.stream(direction).history;
            history.read(next, copy.sequence.wrapping_sub(AROUND), copy.sequence, &mut octets);
            let before = octets.len();
            octets.extend_from_slice(&copy.octets);
            let without = octets.len();
            history.read(next, copy.end, next, &mut octets);
            let behind = octets.len().saturating_sub(without);
            let event = Event::OtherCopy { direction, octets: &octets, before, behind };
            self.tell(copy.at, event, sink);
            copy.told = Some(next);
            copy.tellings = copy.tellings.saturating_add(1);
        }
        copies.retain(|copy| {
            copy.tellings < TELLINGS_MAX && distance(copy.end, next) < AROUND.cast_signed()
        });
        if let Some(waiting) = &mut self.stream_mut(direction).waiting {
            waiting.copies = copies;
        }
    }
}
