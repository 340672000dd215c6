//! Decisions of people about the baseline, made while it hears.
//!
//! The baseline lives with the thread that hears. Between frames it checks a decision and hands it to the store, in one
//! order with what it has found and learned; once it is on the disk, and not before, it holds and is answered. While
//! one is under way no other row of the baseline is handed over: none that knows nothing of it may come after it.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gridtap_api::{Decided, Decision, Undecided};
use gridtap_baseline::Baseline;
use gridtap_model::Timestamp;
use gridtap_store::{Handle, Store, StoreError};

use crate::decision::{self, Known, Planned, Refusal};
use crate::person;
use crate::serve::outgoing::{Bundle, Outgoing};

/// How long the end waits for a decision that is under way.
const LAST_PATIENCE: Duration = Duration::from_secs(5);

/// Somebody who waits for what comes of a decision.
struct Asked {
    decision: Decision,
    known: Known,
    now: Timestamp,
    answer: SyncSender<Result<Decided, Refusal>>,
}

/// The way of decisions from the interface to the thread that hears.
pub(crate) struct Decider {
    directory: PathBuf,
    handle: Handle,
    asked: SyncSender<Asked>,
    /// One at a time: a second person is told by what is stored of the first.
    turn: Mutex<()>,
}

/// A decision on its way to the disk.
#[derive(Debug, Clone)]
pub(crate) struct Due {
    pub planned: Arc<Planned>,
    stored: SyncSender<Result<(), StoreError>>,
}

impl Due {
    /// Tells what came of storing it.
    pub(crate) fn told(&self, stored: Result<(), StoreError>) {
        // Whoever waited may have gone with the end.
        let _ = self.stored.try_send(stored);
    }
}

/// The end of that way where the thread hears.
pub(crate) struct Docket {
    asked: Receiver<Asked>,
    under_way: Option<UnderWay>,
}

struct UnderWay {
    planned: Arc<Planned>,
    stored: Receiver<Result<(), StoreError>>,
    answer: SyncSender<Result<Decided, Refusal>>,
}

/// Both ends.
pub(crate) fn ways(directory: PathBuf, handle: Handle) -> (Decider, Docket) {
    let (put, asked) = sync_channel(1);
    let decider = Decider { directory, handle, asked: put, turn: Mutex::new(()) };
    (decider, Docket { asked, under_way: None })
}

impl Decider {
    /// Has a decision made, and waits until it holds. What is refused is in the audit log.
    pub(crate) fn decide(&self, decision: Decision) -> Result<Decided, Undecided> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let decided = self.ask(&decision);
        match &decided {
            Ok(decided) => {
                tracing::info!(key = decided.key, by = decided.by, "baseline: {}", decided.message);
            }
            Err(Undecided::Unavailable(_)) => {}
            Err(refused) => {
                let row = decision::audited(&decision, &refused.to_string(), &decision.reason);
                self.handle
                    .run(move |batch| batch.audit(&row))
                    .map_err(|error| unstored(&error))?;
            }
        }
        decided
    }

    fn ask(&self, decision: &Decision) -> Result<Decided, Undecided> {
        let now = person::now();
        let store = Store::read(&self.directory).map_err(|error| unstored(&error))?;
        let known = Known::of(&store, decision, now).map_err(|error| unstored(&error))?;
        match self.put(decision, known.clone(), now) {
            Err(Refusal::Unheard) => {}
            Err(Refusal::Because(undecided)) => return Err(undecided),
            Ok(decided) => return Ok(decided),
        }
        decision::told(&store, &decision.key)?;
        self.put(decision, Known { is_told: true, ..known }, now).map_err(|refusal| match refusal {
            Refusal::Because(undecided) => undecided,
            Refusal::Unheard => gone(),
        })
    }

    fn put(&self, decision: &Decision, known: Known, now: Timestamp) -> Result<Decided, Refusal> {
        let (answer, answered) = sync_channel(1);
        let asked = Asked { decision: decision.clone(), known, now, answer };
        self.asked.send(asked).map_err(|_| Refusal::Because(gone()))?;
        answered.recv().map_err(|_| Refusal::Because(gone()))?
    }
}

impl Docket {
    /// Whether rows of the baseline have to wait.
    pub(crate) const fn is_busy(&self) -> bool {
        self.under_way.is_some()
    }

    /// Takes the next step of what is asked and what is under way; waits for nothing.
    pub(crate) fn look(&mut self, baseline: &mut Baseline, outgoing: &Outgoing) {
        if let Some(under_way) = self.under_way.take() {
            match under_way.stored.try_recv() {
                Err(TryRecvError::Empty) => self.under_way = Some(under_way),
                Err(TryRecvError::Disconnected) => under_way.answer(Err(gone())),
                Ok(stored) => under_way.end(stored, baseline),
            }
        }
        if self.under_way.is_none()
            && let Ok(asked) = self.asked.try_recv()
        {
            self.begin(asked, baseline, outgoing);
        }
    }

    fn begin(&mut self, asked: Asked, baseline: &Baseline, outgoing: &Outgoing) {
        let Asked { decision, known, now, answer } = asked;
        let planned = match Planned::of(&decision, &known, baseline, now) {
            Ok(planned) => Arc::new(planned),
            Err(refusal) => {
                let _ = answer.try_send(Err(refusal));
                return;
            }
        };
        let (tell, stored) = sync_channel(1);
        let due = Due { planned: Arc::clone(&planned), stored: tell };
        outgoing.put(Bundle { decisions: vec![due], ..Bundle::default() });
        self.under_way = Some(UnderWay { planned, stored, answer });
    }

    /// Before the last rows are handed over: what is under way comes to its end, or is given up.
    pub(crate) fn settle(&mut self, baseline: &mut Baseline) {
        let Some(under_way) = self.under_way.take() else { return };
        match under_way.stored.recv_timeout(LAST_PATIENCE) {
            Ok(stored) => under_way.end(stored, baseline),
            Err(_) => under_way.answer(Err(gone())),
        }
    }
}

impl UnderWay {
    fn end(self, stored: Result<(), StoreError>, baseline: &mut Baseline) {
        let decided = match stored {
            Ok(()) => Planned::clone(&self.planned).apply(baseline),
            Err(error) => Err(unstored(&error)),
        };
        self.answer(decided);
    }

    fn answer(self, decided: Result<Decided, Undecided>) {
        // Whoever asked may have gone; it holds all the same.
        let _ = self.answer.try_send(decided.map_err(Refusal::Because));
    }
}

fn gone() -> Undecided {
    let sentence = "the service is ending, and it is not known whether this was decided: look at the audit log before you repeat it";
    Undecided::Unavailable(sentence.to_owned())
}

/// Why is for the log, not for the asker.
fn unstored(error: &StoreError) -> Undecided {
    tracing::error!(%error, "a decision about the baseline could not be stored");
    let sentence =
        "the store cannot be used now and nothing was decided: try again, and see the sensor's log";
    Undecided::Unavailable(sentence.to_owned())
}
