//! The frames that show an anomaly, with what its hosts said to each other before and after, as a capture file.
//!
//! Everything happens at places in the stream of frames and never at a time of the machine's: a slice is the same at
//! any speed. It is cut when its anomaly is told, so that nothing of it is lost any more, and cut once more when packet
//! time has passed, or the ring is about to let go what came after, for what followed. It is given away when it was cut
//! first, and from then on whenever it is whole: an anomaly that is told again and again is not written each time.

mod case;
mod pieces;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use gridtap_model::{Anomaly, AnomalyId, Severity, Span, Timestamp};
use gridtap_wire::Frame;

use crate::config::SensorConfig;
use crate::ring::{BYTES_MAX, Ring};
use crate::seconds::SECOND_NS;
use case::{Around, Case};

/// A slice of the traffic around an anomaly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    /// Whose evidence it is.
    pub anomaly: AnomalyId,
    /// A capture file. The frames that show the anomaly are commented with its id and their place in their capture.
    pub pcapng: Vec<u8>,
    /// How many frames it holds.
    pub frames: u32,
    /// How many of the frames that the anomaly names could not be had any more.
    pub missing: u32,
    /// What a reader must know of it, in a sentence.
    pub note: String,
    /// When it was cut, in the time of the packets.
    pub at: Timestamp,
}

/// Keeps recent frames, and cuts slices out of them.
#[derive(Debug)]
pub struct Evidence {
    around: Around,
    after: Span,
    captures: Vec<String>,
    ring: Ring,
    cases: BTreeMap<AnomalyId, Case>,
    /// Those that wait for what follows, by the moment that ends it.
    by_due: BTreeSet<(Timestamp, AnomalyId)>,
    /// The same, by the place in the ring where it begins.
    by_place: BTreeSet<(u64, AnomalyId)>,
    /// All of them, the one that was told the longest ago first.
    by_telling: BTreeSet<(u64, AnomalyId)>,
    /// Those that changed since they were last taken.
    changed: BTreeSet<AnomalyId>,
    /// Those that changed and were let go.
    ended: VecDeque<(AnomalyId, Case)>,
    ended_bytes: usize,
    held_bytes: usize,
    held_bytes_max: usize,
    ended_bytes_max: usize,
    tellings: u64,
    /// The latest time that was heard.
    now: Timestamp,
    /// The first moment at which something is due.
    due: Timestamp,
    /// The place in the ring at whose end something is due.
    place: u64,
}

/// What was let go and waits to be taken may come to this part of what is held.
const ENDED_PART: usize = 8;

impl Evidence {
    /// Has heard nothing yet. `captures` names the inputs in the order of their ordinals.
    #[must_use]
    pub fn new(config: &SensorConfig, captures: Vec<String>) -> Self {
        let ring_bytes = config.ring_bytes.min(BYTES_MAX);
        Self {
            around: Around { frames: config.around_frames, bytes: config.around_bytes },
            after: config.after,
            captures,
            ring: Ring::new(ring_bytes),
            cases: BTreeMap::new(),
            by_due: BTreeSet::new(),
            by_place: BTreeSet::new(),
            by_telling: BTreeSet::new(),
            changed: BTreeSet::new(),
            ended: VecDeque::new(),
            ended_bytes: 0,
            held_bytes: 0,
            held_bytes_max: ring_bytes,
            ended_bytes_max: ring_bytes / ENDED_PART,
            tellings: 0,
            now: Timestamp::MIN,
            due: Timestamp::MAX,
            place: u64::MAX,
        }
    }

    /// Keeps a frame, after what is due before it. To be called before the frame is judged, so that what is told of it
    /// finds it.
    #[inline]
    pub fn frame(&mut self, frame: &Frame<'_>) {
        self.now = self.now.max(frame.time);
        if self.due <= self.now {
            self.cut_due();
        }
        self.ring.push(frame);
        if self.place <= self.ring.first() {
            self.cut_before_it_is_lost();
        }
    }

    /// Lets time pass without a frame.
    pub fn tick(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
        if self.due <= self.now {
            self.cut_due();
        }
    }

    /// The input ended: nothing follows any more.
    pub fn finish(&mut self) {
        while let Some((_, id)) = self.by_due.first().copied() {
            self.complete(id);
        }
    }

    /// Cuts what shows an anomaly that was told, for the first time or with more frames than before.
    ///
    /// One that was let go because too much is held keeps the slice it has.
    pub fn told(&mut self, anomaly: &Anomaly) {
        let mut case = match self.lift(anomaly.id) {
            Some(case) => case,
            None if anomaly.revision > 1 => return,
            None => Case::new(self.ordinal(anomaly.capture.as_deref())),
        };
        let fresh = case.name(&anomaly.frames);
        if !fresh.is_empty() {
            case.follow(&self.ring);
            // What is for the record only is shown by its own frames.
            let is_record = anomaly.severity == Severity::Info;
            let around = if is_record { Around::NOTHING } else { self.around };
            case.cut(&self.ring, &fresh, around);
            case.due = whole_second(self.now.plus_ns(self.after.nanos()));
            case.at = self.now;
            case.is_owed = true;
            // One that was given before is given again when it is whole.
            if !case.is_given || case.awaits().is_none() {
                self.changed.insert(anomaly.id);
            }
        }
        self.tellings = self.tellings.saturating_add(1);
        case.telling = self.tellings;
        self.put(anomaly.id, case);
        self.let_go();
    }

    /// Slices that were cut since the last call, each as it stands now; `name` says by which id an anomaly is kept.
    pub fn take(&mut self, mut name: impl FnMut(AnomalyId) -> String) -> Vec<Slice> {
        core::iter::from_fn(|| self.take_one(&mut name)).collect()
    }

    /// One of them, as long as there are any: there may be more than there is room for at once.
    pub fn take_one(&mut self, mut name: impl FnMut(AnomalyId) -> String) -> Option<Slice> {
        if let Some((id, case)) = self.ended.pop_front() {
            self.ended_bytes = self.ended_bytes.saturating_sub(case.bytes());
            return Some(case.slice(id, &name(id), &self.captures));
        }
        while let Some(id) = self.changed.pop_first() {
            if let Some(case) = self.cases.get_mut(&id) {
                (case.is_given, case.is_owed) = (true, false);
                return Some(case.slice(id, &name(id), &self.captures));
            }
        }
        None
    }

    /// Whether there are such.
    #[must_use]
    pub fn has_slices(&self) -> bool {
        !self.ended.is_empty() || !self.changed.is_empty()
    }

    /// Whether so much waits to be taken that it should be, now.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.ended_bytes > self.ended_bytes_max
    }

    fn ordinal(&self, capture: Option<&str>) -> u16 {
        let place = capture.and_then(|name| self.captures.iter().position(|each| each == name));
        place.and_then(|place| u16::try_from(place).ok()).unwrap_or(0)
    }

    #[cold]
    fn cut_due(&mut self) {
        while let Some((due, id)) = self.by_due.first().copied()
            && due <= self.now
        {
            self.complete(id);
        }
    }

    #[cold]
    fn cut_before_it_is_lost(&mut self) {
        while let Some((place, id)) = self.by_place.first().copied()
            && place <= self.ring.first()
        {
            self.complete(id);
        }
    }

    /// Adds what followed up to now; nothing more will.
    fn complete(&mut self, id: AnomalyId) {
        let Some(mut case) = self.lift(id) else { return };
        case.follow(&self.ring);
        case.at = self.now;
        case.is_owed = true;
        self.changed.insert(id);
        self.put(id, case);
        self.let_go();
    }

    /// Lets those go that were told the longest ago, while too much is held.
    fn let_go(&mut self) {
        while self.held_bytes > self.held_bytes_max
            && let Some((_, id)) = self.by_telling.first().copied()
            && let Some(mut case) = self.lift(id)
        {
            let has_grown = case.follow(&self.ring);
            self.changed.remove(&id);
            if case.is_owed || has_grown {
                self.ended_bytes = self.ended_bytes.saturating_add(case.bytes());
                self.ended.push_back((id, case));
            }
        }
    }

    /// Takes a case out of all lists.
    fn lift(&mut self, id: AnomalyId) -> Option<Case> {
        let case = self.cases.remove(&id)?;
        self.by_telling.remove(&(case.telling, id));
        if let Some(place) = case.awaits() {
            self.by_due.remove(&(case.due, id));
            self.by_place.remove(&(place, id));
            self.look_ahead();
        }
        self.held_bytes = self.held_bytes.saturating_sub(case.bytes());
        Some(case)
    }

    /// Enters a case into all lists.
    fn put(&mut self, id: AnomalyId, case: Case) {
        self.by_telling.insert((case.telling, id));
        if let Some(place) = case.awaits() {
            self.by_due.insert((case.due, id));
            self.by_place.insert((place, id));
            self.look_ahead();
        }
        self.held_bytes = self.held_bytes.saturating_add(case.bytes());
        self.cases.insert(id, case);
    }

    fn look_ahead(&mut self) {
        self.due = self.by_due.first().map_or(Timestamp::MAX, |(due, _)| *due);
        self.place = self.by_place.first().map_or(u64::MAX, |(place, _)| *place);
    }
}

/// The first whole second from a moment on: where ticks are.
fn whole_second(moment: Timestamp) -> Timestamp {
    let seconds = moment.nanos().div_euclid(SECOND_NS);
    let floor = Timestamp::from_parts(seconds, 0);
    if floor < moment { Timestamp::from_parts(seconds.saturating_add(1), 0) } else { floor }
}

#[cfg(test)]
mod tests;
