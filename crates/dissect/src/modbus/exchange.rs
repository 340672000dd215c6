//! Which answer belongs to which request.

use std::collections::VecDeque;

use gridtap_modbus::FunctionCode;
use gridtap_model::{Place, Timestamp};

use crate::held::Held;

/// A request, as much of it as its answer needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) time: Timestamp,
    pub(crate) place: Place,
    pub(crate) transaction: u16,
    pub(crate) unit: u8,
    pub(crate) function: FunctionCode,
    /// Sub-function, MEI type or UMAS function.
    pub(crate) sub: Option<u16>,
    /// The points it reads; of a write, those it writes.
    pub(crate) address: u16,
    pub(crate) quantity: u16,
    /// The points that function 23 writes; the value of functions 5 and 6.
    pub(crate) second: u16,
    pub(crate) second_quantity: u16,
    /// Of the whole PDU.
    pub(crate) digest: u64,
    /// No answer is due, was heard already, or may well have been lost: silence means nothing.
    pub(crate) excused: bool,
    /// Its patience is over; a late answer still finds it.
    pub(crate) expired: bool,
}

/// An answer, to know a second one by.
#[derive(Debug, Clone, Copy)]
struct Answered {
    transaction: u16,
    unit: u8,
    function: FunctionCode,
    digest: u64,
    /// Of the request.
    frame: u64,
    /// It repeated the transaction of its request.
    exact: bool,
}

/// How an answer stands to what was asked.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Match {
    /// It answers this.
    Request(Asked),
    /// It repeats the answer to the request in this frame.
    Repeated(u64),
    /// The request in this frame was answered before, otherwise.
    Second(u64),
    /// Nothing heard asked for it.
    Nothing,
}

/// The requests of one conversation that wait, and its habits.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    waiting: VecDeque<Asked>,
    answered: [Option<Answered>; 2],
    /// The last answer to nothing, and when: packets of the two directions may come out of order.
    orphan: Option<(Timestamp, u16, u8, FunctionCode)>,
    last_transaction: Option<u16>,
    /// The client has used more than one transaction number.
    pub(super) transactions_vary: bool,
    /// An answer has repeated its request's transaction, where the client varies it.
    transactions_match: bool,
    /// A request was answered: the conversation is under way.
    pub(crate) paired: bool,
    /// A request gave way since the queue was last empty: an answer to nothing may be its answer.
    pub(crate) overflowed: bool,
}

/// A request that waits is small, and few wait: more room than this is given back.
const ROOM: usize = 8;

/// An answer that comes later than this belongs to nothing.
const FORGOTTEN_NS: u64 = 60_000_000_000;

impl Exchange {
    /// Takes in a request; tells whether its transaction is in use, and which older request gave way.
    pub(crate) fn ask(&mut self, mut asked: Asked, waiting_max: usize) -> (bool, Option<Asked>) {
        if let Some((time, transaction, unit, function)) = self.orphan
            && time >= asked.time
            && (transaction, unit, function) == (asked.transaction, asked.unit, asked.function)
        {
            asked.excused = true;
            self.orphan = None;
        }
        let repeated = self.last_transaction == Some(asked.transaction);
        let reused = self.transactions_vary
            && self.waiting.iter().any(|open| {
                open.transaction == asked.transaction
                    && open.unit == asked.unit
                    && !open.expired
                    && open.digest != asked.digest
            });
        self.transactions_vary |= self.last_transaction.is_some() && !repeated;
        self.last_transaction = Some(asked.transaction);
        while self
            .waiting
            .front()
            .is_some_and(|oldest| oldest.expired && asked.time.since_ns(oldest.time) > FORGOTTEN_NS)
        {
            self.waiting.pop_front();
        }
        let full = self.waiting.len() >= waiting_max;
        let mut evicted = None;
        if full {
            evicted = self.waiting.pop_front().filter(|gone| !gone.expired);
            self.overflowed |= evicted.is_some();
        }
        if self.waiting.capacity() == 0 {
            self.waiting.reserve_exact(1);
        }
        self.waiting.push_back(asked);
        (reused, evicted)
    }

    /// No answer is due to the request taken in last: its place in the stream is another's.
    pub(super) fn excuse_last(&mut self) {
        if let Some(last) = self.waiting.back_mut() {
            last.excused = true;
        }
    }

    /// Whether a request with this transaction would go on from the last one.
    pub(crate) fn expects_request(&self, transaction: u16) -> bool {
        self.last_transaction.is_some_and(|last| transaction.wrapping_sub(last) < 16)
    }

    /// Whether an answer with these would answer something.
    pub(crate) fn expects_answer(
        &self,
        transaction: u16,
        unit: u8,
        function: FunctionCode,
    ) -> bool {
        self.waiting.iter().any(|asked| {
            (asked.transaction, asked.unit, asked.function) == (transaction, unit, function)
        })
    }

    /// Finds what an answer answers: the oldest request with its transaction, unit and function; without
    /// one, the oldest with its transaction; and where the device does not repeat transactions, the
    /// oldest with its unit and function.
    pub(crate) fn answer(
        &mut self,
        transaction: u16,
        unit: u8,
        function: FunctionCode,
        digest: u64,
        time: Timestamp,
    ) -> Match {
        let exact = |asked: &Asked| {
            (asked.transaction, asked.unit, asked.function) == (transaction, unit, function)
        };
        // A client that never changes the transaction may have given up on an older request.
        let found = self
            .find(|asked| exact(asked) && !asked.expired && !asked.excused)
            .or_else(|| self.find(exact))
            .inspect(|_| self.transactions_match |= self.transactions_vary)
            .or_else(|| self.inexact(transaction, unit, function));
        let Some(at) = found else {
            self.orphan = Some((time, transaction, unit, function));
            return self.again(transaction, unit, function, digest);
        };
        let Some(asked) = self.waiting.remove(at) else { return Match::Nothing };
        self.paired = true;
        for twin in &mut self.waiting {
            let is_twin = twin.digest == asked.digest && twin.transaction == asked.transaction;
            twin.excused |= is_twin && twin.unit == asked.unit;
        }
        if self.waiting.is_empty() {
            self.overflowed = false;
            if self.waiting.capacity() > ROOM {
                self.waiting.shrink_to(ROOM);
            }
        }
        self.answered.rotate_right(1);
        if let Some(first) = self.answered.first_mut() {
            let (frame, exact) = (asked.place.frame, asked.transaction == transaction);
            *first = Some(Answered { transaction, unit, function, digest, frame, exact });
        }
        Match::Request(asked)
    }

    /// The request of an answer that does not repeat all of it: one with its transaction, if that tells
    /// anything; else the oldest with its unit and function, if the device does not repeat transactions.
    /// Where answers may have been lost, neither says enough.
    fn inexact(&self, transaction: u16, unit: u8, function: FunctionCode) -> Option<usize> {
        if self.is_answered(transaction, unit, function) {
            return None;
        }
        let telling = self.transactions_vary || self.waiting.len() == 1;
        let same = |asked: &Asked| telling && !asked.excused && asked.transaction == transaction;
        let tolerant = !self.transactions_match;
        self.find(|asked| same(asked) && asked.unit == unit)
            .or_else(|| self.find(|asked| same(asked) && asked.function == function))
            .or_else(|| {
                self.find(|asked| {
                    tolerant && !asked.excused && (asked.unit, asked.function) == (unit, function)
                })
            })
    }

    fn find(&self, fits: impl Fn(&Asked) -> bool) -> Option<usize> {
        self.waiting.iter().position(fits)
    }

    fn is_answered(&self, transaction: u16, unit: u8, function: FunctionCode) -> bool {
        self.earlier(transaction, unit, function).is_some_and(|answered| answered.exact)
    }

    fn earlier(&self, transaction: u16, unit: u8, function: FunctionCode) -> Option<Answered> {
        self.answered.iter().flatten().copied().find(|answered| {
            (answered.transaction, answered.unit, answered.function)
                == (transaction, unit, function)
        })
    }

    fn again(&self, transaction: u16, unit: u8, function: FunctionCode, digest: u64) -> Match {
        match self.earlier(transaction, unit, function) {
            Some(answered) if answered.digest == digest => Match::Repeated(answered.frame),
            Some(answered) => Match::Second(answered.frame),
            None => Match::Nothing,
        }
    }

    /// What waits now may have been answered unheard.
    pub(crate) fn excuse(&mut self) {
        for asked in &mut self.waiting {
            asked.excused = true;
        }
    }

    /// When the patience of the next request is over.
    pub(crate) fn deadline(&self, patience_ns: u64) -> Option<Timestamp> {
        let open = self.waiting.iter().find(|asked| !asked.expired)?;
        Some(open.time.plus_ns(patience_ns))
    }

    /// The next request whose patience is over by `now`, marked.
    pub(crate) fn expire(&mut self, now: Timestamp, patience_ns: u64) -> Option<Asked> {
        let open = self.waiting.iter_mut().find(|asked| !asked.expired)?;
        if open.time.plus_ns(patience_ns) > now {
            return None;
        }
        open.expired = true;
        Some(*open)
    }

    /// What waits, and the room for it.
    pub(crate) fn held(&self) -> Held {
        Held::of(self.waiting.capacity().saturating_mul(size_of::<Asked>()), self.waiting.len())
    }

    /// Forgets all requests for want of room.
    pub(crate) fn give_way(&mut self) {
        self.overflowed |= !self.waiting.is_empty();
        self.waiting = VecDeque::new();
    }

    /// Forgets all requests.
    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }
}
