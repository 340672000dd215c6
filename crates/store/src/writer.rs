//! The one thread that writes: jobs come from everywhere, and those that wait together are synced together.
//!
//! A job is whole: it takes effect with its answer or not at all, and its answer is given once it is on the disk.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use gridtap_model::Timestamp;

use crate::{Act, ActError, Announcement, Batch, Standpoint, Store, StoreError, Subscription};

/// How many jobs may wait. Who comes later waits outside.
const WAITING_MAX: usize = 256;

/// How many jobs are synced together.
const TOGETHER_MAX: usize = 128;

/// What is left of a job once it ran: to be told whether it is on the disk.
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
/// A job runs in a batch, or is told why there is none.
type Job = Box<dyn FnOnce(Result<&mut Batch<'_>, &StoreError>) -> Answer + Send>;

/// The thread that writes, until it is stopped.
#[derive(Debug)]
pub struct Writer {
    thread: JoinHandle<Store>,
    handle: Handle,
}

/// A way to the thread that writes; any number of them.
#[derive(Debug, Clone)]
pub struct Handle {
    jobs: SyncSender<Order>,
}

enum Order {
    Job(Job),
    Announce(Announcement, Vec<Subscription>),
    Stop,
}

impl Writer {
    /// Hands a store over to a thread of its own. `clock` gives the moment of writing; `committed` is called after
    /// each commit, from that thread.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(
        store: Store,
        clock: impl Fn() -> Timestamp + Send + 'static,
        committed: impl Fn() + Send + 'static,
    ) -> std::io::Result<Self> {
        let (jobs, orders) = sync_channel(WAITING_MAX);
        let thread = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || write(store, &orders, &clock, &committed))?;
        Ok(Self { thread, handle: Handle { jobs } })
    }

    /// A way to it.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Lets it finish what waits, and gives the store back; none where the thread fell.
    #[must_use]
    pub fn stop(self) -> Option<Store> {
        // It may have ended already; then there is nobody to tell.
        let _ = self.handle.jobs.send(Order::Stop);
        drop(self.handle);
        self.thread.join().ok()
    }
}

impl Handle {
    /// Runs a job and waits until it is on the disk.
    ///
    /// # Errors
    /// What the job failed with, or why it could not be stored: nothing of it is.
    pub fn run<T, E>(
        &self,
        job: impl FnOnce(&mut Batch<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (tell, told) = sync_channel(1);
        let whole: Job = Box::new(move |batch| {
            let done = match batch {
                Ok(batch) => batch.whole(job),
                Err(error) => Err(error.clone().into()),
            };
            Box::new(move |stored| {
                let done = match stored {
                    Ok(()) => done,
                    // A job that had failed by itself says why by itself.
                    Err(error) => done.and_then(|_| Err(error.into())),
                };
                // Whoever asked may have gone; it is stored all the same.
                let _ = tell.send(done);
            })
        });
        self.jobs.send(Order::Job(whole)).map_err(|_| StoreError::Stopped)?;
        told.recv().map_err(|_| StoreError::Stopped)?
    }

    /// Tells from now on these receivers, of everything that is written after this.
    ///
    /// # Errors
    /// The thread that writes has ended.
    pub fn announce(
        &self,
        announcement: Announcement,
        subscriptions: Vec<Subscription>,
    ) -> Result<(), StoreError> {
        let order = Order::Announce(announcement, subscriptions);
        self.jobs.send(order).map_err(|_| StoreError::Stopped)
    }

    /// Acts on anomalies and waits until that is on the disk. What is refused is in the audit log all the same.
    ///
    /// # Errors
    /// Why nothing was done.
    pub fn act(&self, act: Act) -> Result<Vec<Standpoint>, ActError> {
        self.run(move |batch| Ok::<_, ActError>(batch.act(&act)))?
    }
}

fn write(
    mut store: Store,
    orders: &Receiver<Order>,
    clock: &impl Fn() -> Timestamp,
    committed: &impl Fn(),
) -> Store {
    // What ends a batch before it is full: it comes after the jobs before it, and before those after it.
    let mut next = None;
    loop {
        let order = match next.take() {
            Some(order) => order,
            None => orders.recv().unwrap_or(Order::Stop),
        };
        let first = match order {
            Order::Job(job) => job,
            Order::Announce(announcement, subscriptions) => {
                store.announce(announcement, subscriptions);
                continue;
            }
            // Those that came before it are done; those after it have nobody to wait for them.
            Order::Stop => return store,
        };
        let mut jobs = vec![first];
        while jobs.len() < TOGETHER_MAX {
            match orders.try_recv() {
                Ok(Order::Job(job)) => jobs.push(job),
                Ok(other) => {
                    next = Some(other);
                    break;
                }
                Err(_) => break,
            }
        }
        together(&mut store, jobs, clock());
        committed();
    }
}

/// Runs jobs and syncs them together. Where that fails, each is told.
fn together(store: &mut Store, jobs: Vec<Job>, now: Timestamp) {
    let mut answers = Vec::with_capacity(jobs.len());
    let stored = match store.batch(now) {
        Ok(mut batch) => {
            answers.extend(jobs.into_iter().map(|job| job(Ok(&mut batch))));
            batch.commit()
        }
        Err(error) => {
            answers.extend(jobs.into_iter().map(|job| job(Err(&error))));
            Err(error)
        }
    };
    for answer in answers {
        answer(stored.clone());
    }
}

#[cfg(test)]
mod tests;
