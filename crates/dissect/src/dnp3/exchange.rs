//! Which answer belongs to which request.

use std::collections::VecDeque;

use gridtap_dnp3::FunctionCode;
use gridtap_model::{Class, Direction, Effect, Function, Place, Run, Table, Timestamp, Values};

use super::observe::{Back, Roles};
use super::proof::Proof;
use crate::held::Held;

/// A master and a device by their link addresses.
pub(super) type Pair = (u16, u16);

/// A request, as much of it as its answer needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) time: Timestamp,
    pub(super) place: Place,
    pub(super) pair: Pair,
    /// Which way it went.
    pub(super) direction: Direction,
    /// The sequence number of the answer, or of the next part of it; none of a frame of the link.
    pub(super) sequence: Option<u8>,
    pub(super) code: FunctionCode,
    pub(super) function: Function,
    pub(super) class: Class,
    pub(super) effect: Effect,
    /// Of function and objects.
    pub(super) digest: u64,
    pub(super) runs: [Option<Run<'static>>; Asked::RUNS_KEPT],
    /// It was sent so often more.
    pub(super) repeats: u8,
    /// What became of its authentication.
    pub(super) proof: Proof,
    /// The first part of its answer came.
    pub(super) begun: bool,
    /// Its answer may well have gone unheard, or something else than an answer came: silence means nothing.
    pub(super) excused: bool,
    /// Its patience is over, or none is due; a late answer still finds it.
    pub(super) expired: bool,
}

impl Asked {
    /// Runs of points that are kept.
    const RUNS_KEPT: usize = 4;

    /// No points.
    const NO_RUN: Run<'static> =
        Run { table: Table::CLOCK, first: 0, count: 0, values: Values::None, written: false };

    /// A request of which only time, place and parties are known.
    pub(super) const fn new(
        time: Timestamp,
        place: Place,
        roles: Roles,
        sequence: Option<u8>,
    ) -> Self {
        Self {
            time,
            place,
            pair: roles.pair,
            direction: roles.asking,
            sequence,
            code: FunctionCode::CONFIRM,
            function: Function { code: 0, sub: None, name: "" },
            class: Class::Read,
            effect: Effect::Plain,
            digest: 0,
            runs: [None; Self::RUNS_KEPT],
            repeats: 0,
            proof: Proof::None,
            begun: false,
            excused: false,
            expired: false,
        }
    }

    /// This request, from an answer at `time`.
    pub(super) fn back(&self, time: Timestamp) -> Back {
        Back { frame: self.place.frame, latency_ns: Some(time.since_ns(self.time)) }
    }

    /// The runs that were kept.
    pub(super) fn named(&self) -> Named {
        let mut runs = [Self::NO_RUN; Self::RUNS_KEPT];
        let mut count = 0_usize;
        for (slot, run) in runs.iter_mut().zip(self.runs.iter().flatten()) {
            *slot = *run;
            count = count.saturating_add(1);
        }
        Named { runs, count }
    }

    /// The first runs, without their values.
    pub(super) fn kept(runs: &[Run<'_>]) -> [Option<Run<'static>>; Asked::RUNS_KEPT] {
        let mut kept = [None; Asked::RUNS_KEPT];
        // What a file is called is not kept, and its number alone says nothing.
        let points = runs.iter().filter(|run| run.table != Table::FILE);
        for (slot, run) in kept.iter_mut().zip(points) {
            let Run { table, first, count, written, .. } = *run;
            *slot = Some(Run { table, first, count, values: Values::None, written });
        }
        kept
    }
}

/// The points that a request named, without their values.
pub(super) struct Named {
    runs: [Run<'static>; Asked::RUNS_KEPT],
    count: usize,
}

impl Named {
    pub(super) fn as_slice(&self) -> &[Run<'static>] {
        self.runs.get(..self.count).unwrap_or_default()
    }
}

/// An answer, to know a second one by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answered {
    pub(super) sequence: u8,
    /// Of the objects.
    pub(super) digest: u64,
    /// Of the request.
    pub(super) frame: u64,
    /// So many more answers are due, since the request was repeated before the first came.
    pub(super) repeats: u8,
}

/// What a request does to those before it.
#[derive(Debug, Default)]
pub(super) struct Entered {
    /// Another one with its sequence number waits.
    pub(super) reused: bool,
    /// This one gave way, because too many wait.
    pub(super) evicted: Option<Asked>,
}

/// The requests of one conversation that wait for their answers, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    waiting: VecDeque<Asked>,
    /// The last answer to nothing, and when: packets of the two directions may come out of order.
    orphan: Option<(Timestamp, Pair, u8)>,
    /// A request gave way since the queue was last empty: an answer to nothing may be its answer.
    pub(super) overflowed: bool,
}

/// A request that waits is small, and few wait: more room than this is given back.
const ROOM: usize = 4;

/// An answer that comes later than this belongs to nothing.
const FORGOTTEN_NS: u64 = 60_000_000_000;

impl Exchange {
    /// Takes in a request. One that is sent again takes the place of the first.
    pub(super) fn ask(&mut self, mut asked: Asked, waiting_max: usize) -> Entered {
        if let Some((time, pair, sequence)) = self.orphan
            && time >= asked.time
            && pair == asked.pair
            && asked.sequence == Some(sequence)
        {
            asked.excused = true;
            self.orphan = None;
        }
        let mut entered = Entered::default();
        let mut repeats = 0_u8;
        let time = asked.time;
        self.waiting.retain(|open| {
            let same = open.pair == asked.pair && open.direction == asked.direction;
            if same && open.sequence == asked.sequence && !open.expired && !open.begun {
                if open.digest == asked.digest {
                    repeats = open.repeats.saturating_add(1);
                    return false;
                }
                entered.reused = true;
            }
            let over = open.expired && time.since_ns(open.time) > FORGOTTEN_NS;
            let superseded =
                same && open.begun && open.sequence.is_some() == asked.sequence.is_some();
            !over && !superseded
        });
        asked.repeats = repeats;
        if self.waiting.len() >= waiting_max.max(1) {
            let gone = self.waiting.pop_front();
            entered.evicted = gone.filter(|gone| !gone.expired && !gone.begun);
            self.overflowed |= entered.evicted.is_some();
        }
        if self.waiting.capacity() == 0 {
            self.waiting.reserve_exact(1);
        }
        self.waiting.push_back(asked);
        entered
    }

    /// The last request of a pair that waits for an answer with this sequence number.
    pub(super) fn find(&mut self, pair: Pair, sequence: Option<u8>) -> Option<&mut Asked> {
        let fits = |asked: &&mut Asked| asked.pair == pair && asked.sequence == sequence;
        self.waiting.iter_mut().rev().find(fits)
    }

    /// The request that an answer, or the `last` part of one, belongs to. It waits for the rest, or no more. Nothing
    /// answers what went the same way: that was heard back from a line.
    pub(super) fn answer(
        &mut self,
        (pair, asking): (Pair, Direction),
        sequence: Option<u8>,
        last: bool,
    ) -> Option<Asked> {
        let fits = |asked: &Asked| {
            asked.pair == pair && asked.sequence == sequence && asked.direction == asking
        };
        let at = self.waiting.iter().rposition(fits)?;
        if !last {
            let asked = self.waiting.get_mut(at)?;
            asked.begun = true;
            asked.sequence = asked.sequence.map(|sequence| sequence.wrapping_add(1) & 0x0F);
            return Some(*asked);
        }
        let asked = self.waiting.remove(at)?;
        if self.waiting.is_empty() {
            self.overflowed = false;
            if self.waiting.capacity() > ROOM {
                self.waiting.shrink_to(ROOM);
            }
        }
        Some(asked)
    }

    /// An answer to nothing.
    pub(super) const fn miss(&mut self, pair: Pair, sequence: u8, time: Timestamp) {
        self.orphan = Some((time, pair, sequence));
    }

    /// The next request of a pair that is forgotten, and waits.
    pub(super) fn give_up(&mut self, pair: Pair) -> Option<Asked> {
        loop {
            let at = self.waiting.iter().position(|asked| asked.pair == pair)?;
            let gone = self.waiting.remove(at)?;
            if !gone.expired && !gone.begun {
                self.overflowed = true;
                return Some(gone);
            }
        }
    }

    /// What waits, and the room for it.
    pub(super) fn held(&self) -> Held {
        Held::of(self.waiting.capacity().saturating_mul(size_of::<Asked>()), self.waiting.len())
    }

    /// Forgets all requests for want of room.
    pub(super) fn give_way(&mut self) {
        self.overflowed |= !self.waiting.is_empty();
        self.waiting = VecDeque::new();
    }

    /// Whether something that went this way waits.
    pub(super) fn is_waiting(&self, direction: Direction) -> bool {
        self.waiting
            .iter()
            .any(|asked| asked.direction == direction && !asked.begun && !asked.expired)
    }

    /// What waits now may have been answered unheard.
    pub(super) fn excuse(&mut self) {
        for asked in &mut self.waiting {
            asked.excused = true;
        }
    }

    /// When the patience of the next request is over.
    pub(super) fn deadline(&self, patience_ns: u64) -> Option<Timestamp> {
        let open = self.waiting.iter().find(|asked| !asked.expired && !asked.begun)?;
        Some(open.time.plus_ns(patience_ns))
    }

    /// The next request whose patience is over by `now`, marked.
    pub(super) fn expire(&mut self, now: Timestamp, patience_ns: u64) -> Option<Asked> {
        let mut open = self.waiting.iter_mut();
        let open = open.find(|asked| !asked.expired && !asked.begun)?;
        if open.time.plus_ns(patience_ns) > now {
            return None;
        }
        open.expired = true;
        Some(*open)
    }
}
