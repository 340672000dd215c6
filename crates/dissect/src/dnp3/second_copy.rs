//! What a segment says that repeats octets with other content.

use core::hash::{BuildHasher as _, Hasher as _};
use core::ops::Range;

use gridtap_dnp3::{Ending, FRAME_OCTETS_MAX, Found, Fragment, Frame, TransportHeader, frame};
use gridtap_model::Direction;

use super::course::Said;
use super::framing::count;
use super::session::{Reading, Session};
use crate::stage::{Speakers, Stage};

impl Session {
    /// Judges the messages of a copy whose place in the stream is taken by other octets, with those around it that it is
    /// part of: frames tell by their CRCs where they begin. Only messages of one frame; of longer ones nobody can tell
    /// which parts go together.
    pub(crate) fn second_copy(
        &mut self,
        stage: &mut Stage<'_>,
        speakers: &Speakers,
        direction: Direction,
        octets: &[u8],
        copy: Range<usize>,
    ) {
        let mut reading = Reading { stage, speakers, direction };
        let mut at = 0_usize;
        while at < copy.end {
            let found = match frame(octets.get(at..).unwrap_or_default(), Ending::Closed) {
                Found::Frame(frame) => {
                    if at.saturating_add(frame.octets()) > copy.start {
                        self.copied(&mut reading, &frame);
                    }
                    frame.octets()
                }
                // What looks like the head of a frame before the copy may hide one that begins later.
                Found::Damaged(_) => 1,
                Found::Skipped(skipped) => skipped.octets,
                Found::More(_) => return,
            };
            at = at.saturating_add(found.max(1));
        }
    }

    /// One frame of it, where it was not heard before.
    fn copied(&mut self, reading: &mut Reading<'_, '_, '_>, frame: &Frame<'_>) {
        let carries = frame.header.function().carries_user_data();
        if !carries || self.recent.note(digest(reading.stage, frame)) {
            return;
        }
        let mut octets = [0_u8; FRAME_OCTETS_MAX];
        let mut length = 0_usize;
        for (octet, slot) in frame.user_data().flatten().zip(octets.iter_mut()) {
            *slot = *octet;
            length = length.saturating_add(1);
        }
        let held = octets.get(..length).unwrap_or_default().split_first();
        let whole = held.filter(|(header, _)| {
            let header = TransportHeader(**header);
            header.is_first() && header.is_final()
        });
        let Some(fragment) = whole.and_then(|(_, fragment)| Fragment::of(fragment)) else { return };
        let place = reading.stage.place();
        let counters = &mut reading.stage.shared.counters;
        count(&mut counters.second_copies);
        count(&mut counters.dnp3_fragments);
        self.course.fragment(
            reading,
            &Said { frame, place, transport: None, known: None, echo: false },
            &fragment,
        );
    }
}

/// Tells frames apart.
pub(super) fn digest(stage: &Stage<'_>, frame: &Frame<'_>) -> u64 {
    let mut hasher = stage.shared.digest.build_hasher();
    hasher.write_u16(frame.header.source.0);
    hasher.write_u16(frame.header.destination.0);
    for block in frame.user_data() {
        hasher.write(block);
    }
    hasher.finish()
}
