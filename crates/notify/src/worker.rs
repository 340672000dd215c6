//! The threads of deliveries, one an endpoint, over the store's outbox.
//!
//! A thread looks for what is due, tries it, and notes what came of it before it looks again; between, it waits for the
//! bell or for the next moment that something is due. What was sent and not noted, because the process ended or the disk
//! was full, is sent again under the same id.

mod resend;
mod silences;

use core::time::Duration;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};

use gridtap_model::{Span, Timestamp};
use gridtap_store::{Announcement, Due, Handle, Outcome, Store, StoreError};

use crate::bell::Bell;
use crate::courier::Courier;

/// Deliveries that are looked up at once.
const DUE_MAX: u32 = 16;
/// Longest wait: the clock may be set meanwhile.
const WAIT_MAX: Span = Span::from_secs(60);
/// How often it is looked whether a digest is due.
const GATHER_EVERY: Span = Span::from_secs(15);
/// How long a thread waits after the store failed it.
const TROUBLE_WAIT: Span = Span::from_secs(5);
/// How long an endpoint is left alone at the most because it asked for it; the delivery that was refused waits longer.
const REST_MAX: Span = Span::from_secs(3_600);
/// So many failures one after the other are the receiver's and not a delivery's.
const OUTAGE: u32 = 3;

/// What deliveries need of the world.
#[derive(Clone)]
pub struct World {
    /// Where the state is.
    pub directory: PathBuf,
    /// The way to its writer.
    pub handle: Handle,
    /// What is added to alerts that are sent again.
    pub announcement: Announcement,
    /// This machine's time.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Hears what happens, for the log and the metrics.
    pub tell: Arc<dyn Fn(&Told<'_>) + Send + Sync>,
}

/// What happened.
#[derive(Debug)]
#[non_exhaustive]
pub enum Told<'a> {
    /// A delivery was tried, and what came of it is noted.
    Attempt {
        /// Which.
        due: &'a Due,
        /// What came of it.
        outcome: &'a Outcome,
    },
    /// Alerts that stand were sent again, or were not.
    Resent {
        /// To whom.
        endpoint: &'a str,
        /// How many.
        alerts: usize,
        /// Why it failed.
        error: Option<String>,
    },
    /// An Alertmanager was asked for its silences, and something came of it.
    Silences {
        /// Which.
        endpoint: &'a str,
        /// How many anomalies they acknowledged.
        acknowledged: usize,
        /// Why it failed.
        error: Option<String>,
    },
    /// Deliveries to an endpoint are held up by us: the store fails, or there is a fault in the program.
    Trouble {
        /// To whom.
        endpoint: &'a str,
        /// What is wrong.
        error: String,
    },
}

/// The threads.
#[derive(Debug)]
pub struct Deliveries {
    bell: Bell,
    /// Those at work, by their endpoint.
    threads: BTreeMap<String, Thread>,
    /// Every thread has one, those too of endpoints that are gone.
    alive: Sender<Infallible>,
    /// Hears nothing until the last thread has ended.
    ended: Receiver<Infallible>,
}

/// A thread that was started, as those see it who wait for it.
#[derive(Debug)]
struct Thread {
    stopped: Arc<AtomicBool>,
    /// Hears nothing until the thread has ended.
    ended: Receiver<Infallible>,
}

impl Thread {
    fn start(
        courier: Arc<Courier>,
        world: &World,
        bell: &Bell,
        before: Option<Self>,
        all: Sender<Infallible>,
    ) -> std::io::Result<Self> {
        let stopped = Arc::new(AtomicBool::new(false));
        let (alive, ended) = channel::<Infallible>();
        let name = format!("notify {}", courier.endpoint().name);
        let worker = Worker::new(courier, world.clone(), bell.clone(), Arc::clone(&stopped));
        std::thread::Builder::new().name(name).spawn(move || {
            let _alive = (alive, all);
            // What its predecessor has under way ends first: else it would be sent twice.
            if let Some(before) = before {
                let _ = before.ended.recv();
            }
            worker.run();
        })?;
        Ok(Self { stopped, ended })
    }

    fn order_stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
    }
}

impl Deliveries {
    /// Starts a thread an endpoint.
    ///
    /// # Errors
    ///
    /// The system gives no thread.
    pub fn start(
        couriers: Vec<impl Into<Arc<Courier>>>,
        world: &World,
        bell: &Bell,
    ) -> std::io::Result<Self> {
        let (alive, ended) = channel();
        let mut deliveries = Self { bell: bell.clone(), threads: BTreeMap::new(), alive, ended };
        deliveries.replace(couriers, world, bell)?;
        Ok(deliveries)
    }

    /// Starts a thread for each of these endpoints in the place of those before. One that was there already begins when
    /// its predecessor has ended what it has under way; nobody waits for the receiver of another.
    ///
    /// # Errors
    ///
    /// The system gives no thread.
    pub fn replace(
        &mut self,
        couriers: Vec<impl Into<Arc<Courier>>>,
        world: &World,
        bell: &Bell,
    ) -> std::io::Result<()> {
        let mut before = std::mem::take(&mut self.threads);
        before.values().for_each(Thread::order_stop);
        self.bell.ring();
        for courier in couriers {
            let courier = courier.into();
            let name = courier.endpoint().name.clone();
            let thread =
                Thread::start(courier, world, bell, before.remove(&name), self.alive.clone());
            match thread {
                Ok(thread) => self.threads.insert(name, thread),
                Err(error) => {
                    self.order_stop();
                    return Err(error);
                }
            };
        }
        Ok(())
    }

    fn order_stop(&self) {
        self.threads.values().for_each(Thread::order_stop);
        self.bell.ring();
    }

    /// Starts nothing more, and waits for exchanges under way at the most for so long. Whether all threads have ended;
    /// an exchange that has not is left to itself, and its delivery is repeated after the next start.
    #[must_use]
    pub fn stop(self, patience: Duration) -> bool {
        self.order_stop();
        drop(self.alive);
        matches!(self.ended.recv_timeout(patience), Err(RecvTimeoutError::Disconnected))
    }
}

/// One thread's work.
struct Worker {
    courier: Arc<Courier>,
    world: World,
    bell: Bell,
    stopped: Arc<AtomicBool>,
    store: Option<Store>,
    /// Sent and not noted yet.
    unsettled: Option<(Due, Outcome)>,
    /// The receiver asked to be left alone until then.
    rest_until: Timestamp,
    failures_in_a_row: u32,
    gather_at: Timestamp,
    resend_at: Timestamp,
    silences_at: Timestamp,
    /// The silences that stand and were looked at, and when that was last noted.
    silences: BTreeMap<String, Timestamp>,
}

impl Worker {
    fn new(courier: Arc<Courier>, world: World, bell: Bell, stopped: Arc<AtomicBool>) -> Self {
        Self {
            courier,
            world,
            bell,
            stopped,
            store: None,
            unsettled: None,
            rest_until: Timestamp::MIN,
            failures_in_a_row: 0,
            gather_at: Timestamp::MIN,
            resend_at: Timestamp::MIN,
            silences_at: Timestamp::MIN,
            silences: BTreeMap::new(),
        }
    }

    fn run(mut self) {
        while !self.is_stopped() {
            let heard = self.bell.rings();
            let round = catch_unwind(AssertUnwindSafe(|| self.round()));
            let next = match round {
                Ok(Ok(next)) => next,
                Ok(Err(StoreError::Stopped)) => return,
                Ok(Err(error)) => self.trouble(error.to_string()),
                Err(_) => self.trouble("a fault in gridtap ended an attempt".to_owned()),
            };
            let wait = next.since_ns((self.world.clock)()).min(WAIT_MAX.nanos());
            if !self.is_stopped() {
                self.bell.wait(heard, Duration::from_nanos(wait));
            }
        }
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    /// Tells what holds deliveries up; when to look again.
    fn trouble(&mut self, error: String) -> Timestamp {
        // A reader that failed is opened anew.
        self.store = None;
        (self.world.tell)(&Told::Trouble { endpoint: &self.courier.endpoint().name, error });
        (self.world.clock)().plus_ns(TROUBLE_WAIT.nanos())
    }

    /// Does everything that is due; when something will be next.
    fn round(&mut self) -> Result<Timestamp, StoreError> {
        loop {
            self.settle()?;
            let now = (self.world.clock)();
            let later = self.gather(now)?.min(self.send_again(now)?).min(self.ask_silences(now)?);
            if self.is_stopped() {
                return Ok(later);
            }
            if waits(now, self.rest_until, REST_MAX) {
                return Ok(later.min(self.rest_until));
            }
            let name = self.courier.endpoint().name.clone();
            let due = self.store()?.due(&name, now, DUE_MAX)?;
            if due.is_empty() {
                let next = self.store()?.next_due(&name)?.unwrap_or(Timestamp::MAX);
                return Ok(later.min(next));
            }
            for each in due {
                let is_there = self.attempt(each)?;
                if !is_there
                    || self.is_stopped()
                    || waits((self.world.clock)(), self.rest_until, REST_MAX)
                {
                    break;
                }
            }
        }
    }

    /// Tries one delivery. Whether its receiver is still to be tried with others.
    fn attempt(&mut self, due: Due) -> Result<bool, StoreError> {
        let (outcome, asked) = self.courier.deliver(&due, self.world.clock.as_ref());
        if let (Outcome::Retry { .. } | Outcome::Failed { .. }, Some(asked)) = (&outcome, asked) {
            let now = (self.world.clock)();
            self.rest_until = now.plus_ns(asked.min(REST_MAX).nanos());
        }
        let is_over = self.failures_in_a_row >= OUTAGE;
        self.failures_in_a_row = match outcome {
            Outcome::Delivered { .. } => 0,
            _ => self.failures_in_a_row.saturating_add(1),
        };
        let is_over = is_over && self.failures_in_a_row == 0;
        let is_there = !matches!(outcome, Outcome::Gone { .. });
        self.unsettled = Some((due, outcome));
        self.settle()?;
        if is_over {
            // What failed while the receiver was away need not wait for hours now that it is back.
            let name = self.courier.endpoint().name.clone();
            self.world.handle.run(move |batch| batch.hasten(&name))?;
        }
        Ok(is_there)
    }

    /// Notes what came of the last attempt. Until that is on the disk nothing else is sent: it would be sent twice.
    fn settle(&mut self) -> Result<(), StoreError> {
        if let Some((due, outcome)) = self.unsettled.clone() {
            let (noted, came) = (due.clone(), outcome.clone());
            self.world.handle.run(move |batch| batch.settle(&noted, &came))?;
            self.unsettled = None;
            (self.world.tell)(&Told::Attempt { due: &due, outcome: &outcome });
        }
        Ok(())
    }

    /// Has a digest written where one is due; when to look again.
    fn gather(&mut self, now: Timestamp) -> Result<Timestamp, StoreError> {
        if !self.courier.endpoint().gathers() {
            return Ok(Timestamp::MAX);
        }
        if !waits(now, self.gather_at, GATHER_EVERY) {
            let name = self.courier.endpoint().name.clone();
            // Looked at first: every write rings the bell for all.
            if !self.store()?.deliveries(Some(&name), Some("held"), 1)?.is_empty() {
                self.world.handle.run(move |batch| batch.digest_due(&name))?;
            }
            self.gather_at = now.plus_ns(GATHER_EVERY.nanos());
        }
        Ok(self.gather_at)
    }

    fn store(&mut self) -> Result<&Store, StoreError> {
        match &mut self.store {
            Some(store) => Ok(store),
            none => Ok(none.insert(Store::read(&self.world.directory)?)),
        }
    }
}

/// Whether a moment is still to come that was set `longest` ahead at the most; further ahead, the clock was set back.
fn waits(now: Timestamp, until: Timestamp, longest: Span) -> bool {
    until > now && until.since_ns(now) <= longest.nanos()
}

#[cfg(test)]
mod tests;
