//! Frames heard by several threads, and what they tell in the order in which one would tell it.
//!
//! Every conversation belongs to a group, and every group to one thread, which alone follows it. All threads are given
//! the same batches of frames and of ticks between them, and take out what is theirs. What they tell is put in the order
//! of the frames, and at a tick of what was due first; that does not depend on how many there are.

mod batch;
mod thread;
mod turn;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::thread::{Builder, JoinHandle};

use gridtap_dissect::{Counters as Dissected, Dissector, Output};
use gridtap_model::{Group, Protocol, Timestamp};
use gridtap_wire::{Counters as Wired, Frame, Sorter, Way, Wire};

use crate::ear::Ear;
use batch::{Batch, Entry, NOBODY};
use thread::{COUNTED, Counted, Peers, Shard, Task, Told};
use turn::Turn;

/// Batches that are heard or wait for it: each thread has one to go on with.
const RUNNING_MAX: usize = 4;

/// Threads that can be asked for.
pub const SHARDS_MAX: u16 = 64;

/// Keeps what a thread has heard until its turn comes.
pub trait Gather: Send + 'static {
    /// What is kept of a batch.
    type Kept: Default + Send + 'static;

    /// Keeps something, if it is wanted, and says whether it is.
    fn take(&mut self, output: &Output<'_>, kept: &mut Self::Kept) -> bool;

    /// Forgets what was kept, so that what it was kept in can be used again.
    fn clear(kept: &mut Self::Kept);
}

/// What comes next, in order.
pub enum Step<'s, K> {
    /// A frame is heard; what it brings follows.
    Frame(&'s Frame<'s>),
    /// Something that was told: which one of all that was kept.
    Told(&'s K, usize),
    /// All of a frame was told.
    Heard,
    /// All that a tick brings was told.
    Ticked(Timestamp),
    /// All that the end brings was told.
    Ended,
}

/// Threads that hear.
pub struct Shards<G: Gather> {
    sorter: Sorter,
    hasher: ahash::RandomState,
    threads: Vec<Thread<G::Kept>>,
    filling: Batch,
    spare: Vec<Batch>,
    running: VecDeque<Arc<Batch>>,
    turn: Option<Turn<G::Kept>>,
    /// What can be told into.
    empty: Vec<Told<G::Kept>>,
}

/// A thread, seen from outside.
struct Thread<K> {
    tasks: Sender<Task<K>>,
    done: Receiver<Told<K>>,
    counted: Receiver<Counted>,
    handle: Option<JoinHandle<()>>,
}

/// What all threads together have counted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    /// Of frames.
    pub wire: Wired,
    /// Of conversations.
    pub dissected: Dissected,
    /// Octets that wait for others.
    pub waiting_bytes: usize,
    /// Octets that conversations hold, and requests that wait in them.
    pub held: [usize; 2],
    open: [usize; COUNTED.len()],
}

impl Counts {
    /// What one has counted.
    #[must_use]
    pub fn of(ear: &Ear) -> Self {
        let Ear { wire, dissector } = ear;
        Self {
            wire: *wire.counters(),
            dissected: *dissector.counters(),
            waiting_bytes: wire.waiting_bytes(),
            held: dissector.held(),
            open: COUNTED.map(|protocol| dissector.open(protocol)),
        }
    }

    /// Open conversations of a protocol.
    #[must_use]
    pub fn open(&self, protocol: Protocol) -> usize {
        let open = COUNTED.iter().zip(self.open);
        open.filter(|(counted, _)| **counted == protocol).map(|(_, open)| open).sum()
    }

    fn add(&mut self, counted: &Counted) {
        self.wire.add(&counted.wire);
        self.dissected.add(&counted.dissected);
        self.waiting_bytes = self.waiting_bytes.saturating_add(counted.waiting_bytes);
        let own = self.open.iter_mut().chain(&mut self.held);
        for (own, more) in own.zip(counted.open.into_iter().chain(counted.held)) {
            *own = own.saturating_add(more);
        }
    }
}

/// How many threads hear where so many are wanted: 0 is for as many as there are processors.
#[must_use]
pub fn shard_count(wanted: u16) -> u16 {
    let count = match wanted {
        0 => std::thread::available_parallelism()
            .map_or(1, |count| u16::try_from(count.get()).unwrap_or(SHARDS_MAX)),
        wanted => wanted,
    };
    count.min(SHARDS_MAX)
}

impl<G: Gather> Shards<G> {
    /// Starts `count` threads. What is bounded for all of them is shared out.
    pub fn start(
        count: u16,
        wire: &gridtap_wire::Config,
        dissector: impl Fn(gridtap_dissect::Config) -> Dissector,
        dissect: &gridtap_dissect::Config,
        gather: impl Fn() -> G,
    ) -> std::io::Result<Self> {
        let seed = wire.hash_seed;
        let hasher = ahash::RandomState::with_seeds(seed, !seed, seed.rotate_left(29), 0x7368);
        let mut shards = Self {
            sorter: Sorter::new(wire.clone()),
            hasher,
            threads: Vec::new(),
            filling: Batch::default(),
            spare: Vec::new(),
            running: VecDeque::new(),
            turn: None,
            empty: Vec::new(),
        };
        let (wire, dissect) = (wire.shared_by(count), dissect.shared_by(count));
        for (number, peers) in (0..count).zip(peers(count)) {
            let ear = Ear { wire: Wire::new(wire.clone()), dissector: dissector(dissect.clone()) };
            let shard = Shard { number, ear, gather: gather(), peers };
            let (tasks, to_do) = channel();
            let (is_done, done) = channel();
            let (counts, counted) = channel();
            let handle = Builder::new()
                .name(format!("shard {number}"))
                .spawn(move || shard.run(&to_do, &is_done, &counts))?;
            shards.threads.push(Thread { tasks, done, counted, handle: Some(handle) });
        }
        Ok(shards)
    }

    /// How many threads there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.threads.len()
    }

    /// Takes a frame. It is heard with others.
    #[inline]
    pub fn frame(&mut self, frame: &Frame<'_>) {
        match self.sorter.frame(frame) {
            Way::To(group) => {
                let shard = self.of(group);
                self.filling.push(frame, shard, None);
            }
            Way::Apart => self.filling.push(frame, 0, None),
            Way::Taken => self.filling.push(frame, NOBODY, None),
            Way::Whole(group, whole) => {
                let shard = self.of(group);
                self.filling.push(frame, shard, Some(*whole));
            }
        }
    }

    /// Time has come this far.
    pub fn tick(&mut self, now: Timestamp) {
        self.sorter.tick(now);
        self.filling.entries.push(Entry::Tick(now));
    }

    /// The input ended.
    pub fn end(&mut self) {
        self.sorter.finish();
        self.filling.entries.push(Entry::End);
    }

    #[inline]
    fn of(&self, group: Group) -> u16 {
        let count = u64::try_from(self.threads.len()).unwrap_or(1).max(1);
        // The high half of a product spreads a hash as a remainder does, without dividing.
        let spread = u128::from(self.hasher.hash_one(group)).wrapping_mul(u128::from(count)) >> 64;
        u16::try_from(spread).unwrap_or(0)
    }

    /// Whether there is something to hand over or to take out.
    #[inline]
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.turn.is_some() || self.filling.is_full()
    }

    /// Hands over what has gathered, if that is a batch, and takes out what was told by now, in order. `each` says
    /// whether to go on; where it does not, the rest follows with the next call.
    pub fn go_on(&mut self, mut each: impl FnMut(Step<'_, G::Kept>) -> bool) {
        loop {
            if !self.tell(&mut each) {
                return;
            }
            if self.running.len() >= RUNNING_MAX {
                self.wait();
            } else if self.filling.is_full() {
                self.send();
            } else {
                return;
            }
        }
    }

    /// The same, until everything was heard and taken out.
    pub fn settle(&mut self, mut each: impl FnMut(Step<'_, G::Kept>) -> bool) {
        loop {
            if !self.tell(&mut each) {
                return;
            }
            if !self.filling.entries.is_empty() && self.running.len() < RUNNING_MAX {
                self.send();
            } else if !self.running.is_empty() {
                self.wait();
            } else {
                return;
            }
        }
    }

    /// Whether everything was heard and taken out.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.turn.is_none() && self.running.is_empty() && self.filling.entries.is_empty()
    }

    /// What was counted so far, of the batches that were handed over.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts { wire: *self.sorter.counters(), ..Counts::default() };
        counts.waiting_bytes = self.sorter.waiting_bytes();
        for thread in &self.threads {
            let _ = thread.tasks.send(Task::Count);
        }
        for thread in &self.threads {
            if let Ok(counted) = thread.counted.recv() {
                counts.add(&counted);
            }
        }
        counts
    }

    fn send(&mut self) {
        let filled = core::mem::replace(&mut self.filling, self.spare.pop().unwrap_or_default());
        let batch = Arc::new(filled);
        for thread in &mut self.threads {
            let told = self.empty.pop().unwrap_or_default();
            if thread.tasks.send(Task::Hear(Arc::clone(&batch), told)).is_err() {
                thread.fail();
            }
        }
        self.running.push_back(batch);
    }

    /// Waits until the oldest batch is heard.
    fn wait(&mut self) {
        let Some(batch) = self.running.pop_front() else { return };
        let mut told = Vec::with_capacity(self.threads.len());
        for thread in &mut self.threads {
            match thread.done.recv() {
                Ok(by_one) => told.push(by_one),
                Err(_) => thread.fail(),
            }
        }
        self.turn = Some(Turn::new(batch, told));
    }

    /// Takes out what was told of the oldest batch, in order; whether all of it was.
    fn tell(&mut self, each: &mut impl FnMut(Step<'_, G::Kept>) -> bool) -> bool {
        let Some(turn) = &mut self.turn else { return true };
        if !turn.tell(each) {
            return false;
        }
        let Some((batch, told)) = self.turn.take().map(Turn::into_parts) else { return true };
        if let Ok(mut batch) = Arc::try_unwrap(batch) {
            batch.clear();
            self.spare.push(batch);
        }
        for mut by_one in told {
            by_one.clear();
            G::clear(&mut by_one.kept);
            self.empty.push(by_one);
        }
        true
    }
}

impl<K> Thread<K> {
    /// It is gone: what ended it ends us too.
    fn fail(&mut self) {
        if let Some(Err(panic)) = self.handle.take().map(JoinHandle::join) {
            std::panic::resume_unwind(panic);
        }
    }
}

impl<G: Gather> Drop for Shards<G> {
    fn drop(&mut self) {
        // Nobody asks them any more, so that they end.
        let handles: Vec<_> = self.threads.drain(..).map(|thread| thread.handle).collect();
        for handle in handles.into_iter().flatten() {
            let _ = handle.join();
        }
    }
}

/// For each thread the ways to and from all others.
fn peers(count: u16) -> Vec<Peers> {
    let mut peers: Vec<Peers> =
        (0..count).map(|_| Peers { to: Vec::new(), from: Vec::new() }).collect();
    for from in 0..usize::from(count) {
        for to in (0..usize::from(count)).filter(|to| *to != from) {
            let (sender, receiver) = sync_channel(1);
            if let Some(peer) = peers.get_mut(from) {
                peer.to.push(sender);
            }
            if let Some(peer) = peers.get_mut(to) {
                peer.from.push(receiver);
            }
        }
    }
    peers
}

#[cfg(test)]
mod tests;
