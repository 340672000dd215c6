//! A thread that hears a part of all conversations.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender};

use gridtap_dissect::{Counters as Dissected, News, Output};
use gridtap_model::Protocol;
use gridtap_wire::Counters as Wired;

use super::Gather;
use super::batch::{Batch, Entry};
use crate::ear::{Ear, Moment};

/// What a thread is asked for.
pub(super) enum Task<K> {
    /// To hear what is its own in a batch; what it tells goes into what is given with it.
    Hear(Arc<Batch>, Told<K>),
    /// To say what it has counted.
    Count,
}

/// What a thread tells of a batch, in the order of its entries.
#[derive(Debug, Default)]
pub(super) struct Told<K> {
    pub(super) items: Vec<Item>,
    /// Of what time brought, when.
    moments: Vec<Moment>,
    pub(super) kept: K,
}

/// One thing that is told; what it is, is kept in the same order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item {
    /// The place of its entry.
    pub(super) entry: usize,
    moment: usize,
}

/// No moment.
const NONE: usize = usize::MAX;

/// What a thread has counted.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counted {
    pub(super) wire: Wired,
    pub(super) dissected: Dissected,
    pub(super) waiting_bytes: usize,
    /// Octets that conversations hold, and requests that wait in them.
    pub(super) held: [usize; 2],
    /// Open conversations of the protocols that are decoded.
    pub(super) open: [usize; 2],
}

/// The protocols whose open conversations are counted.
pub(super) const COUNTED: [Protocol; 2] = [Protocol::Modbus, Protocol::Dnp3];

/// The other threads: at each tick everyone tells everyone what was learned of hosts.
pub(super) struct Peers {
    pub(super) to: Vec<SyncSender<Arc<News>>>,
    pub(super) from: Vec<Receiver<Arc<News>>>,
}

/// What a thread works with.
pub(super) struct Shard<G: Gather> {
    pub(super) number: u16,
    pub(super) ear: Ear,
    pub(super) gather: G,
    pub(super) peers: Peers,
}

impl<K> Told<K> {
    /// When an item was told, of those that time brought.
    pub(super) fn moment(&self, item: Item) -> Option<Moment> {
        self.moments.get(item.moment).copied()
    }

    pub(super) fn clear(&mut self) {
        self.items.clear();
        self.moments.clear();
    }
}

impl<G: Gather> Shard<G> {
    /// Does what it is asked for until nobody asks, or one of the others is gone.
    pub(super) fn run(
        mut self,
        tasks: &Receiver<Task<G::Kept>>,
        done: &Sender<Told<G::Kept>>,
        counted: &Sender<Counted>,
    ) {
        while let Ok(task) = tasks.recv() {
            let is_wanted = match task {
                Task::Hear(batch, mut told) => {
                    let is_whole = self.hear(&batch, &mut told).is_some();
                    // Before it is told, so that the batch can be used again.
                    drop(batch);
                    is_whole && done.send(told).is_ok()
                }
                Task::Count => counted.send(self.count()).is_ok(),
            };
            if !is_wanted {
                return;
            }
        }
    }

    fn count(&self) -> Counted {
        let Ear { wire, dissector } = &self.ear;
        Counted {
            wire: *wire.counters(),
            dissected: *dissector.counters(),
            waiting_bytes: wire.waiting_bytes(),
            held: dissector.held(),
            open: COUNTED.map(|protocol| dissector.open(protocol)),
        }
    }

    /// Hears what is its own; none where another thread is gone.
    fn hear(&mut self, batch: &Batch, told: &mut Told<G::Kept>) -> Option<()> {
        for (entry, what) in batch.entries.iter().enumerate() {
            let Self { ear, gather, peers, .. } = self;
            let Told { items, moments, kept } = &mut *told;
            let mut at_moment = |moment: Moment, output: Output<'_>| {
                if gather.take(&output, kept) {
                    items.push(Item { entry, moment: moments.len() });
                    moments.push(moment);
                }
            };
            match what {
                Entry::Frame(header) if header.shard != self.number => {}
                Entry::Frame(header) => {
                    let mut sink = |output: Output<'_>| {
                        if gather.take(&output, kept) {
                            items.push(Item { entry, moment: NONE });
                        }
                    };
                    match batch.whole(header) {
                        Some(whole) => ear.whole(whole, &mut sink),
                        None => ear.frame(&batch.frame(header), &mut sink),
                    }
                }
                Entry::Tick(now) => {
                    ear.tick_flows(*now, &mut at_moment);
                    peers.exchange(ear)?;
                    ear.tick_conversations(*now, &mut at_moment);
                }
                Entry::End => ear.end(&mut at_moment),
            }
        }
        Some(())
    }
}

impl Peers {
    /// Tells the others what was learned since the last tick, and learns what they did; none where one is gone.
    fn exchange(&self, ear: &mut Ear) -> Option<()> {
        let own = Arc::new(ear.dissector.take_news());
        for other in &self.to {
            other.send(Arc::clone(&own)).ok()?;
        }
        let mut all = vec![own];
        for other in &self.from {
            all.push(other.recv().ok()?);
        }
        let all: Vec<&News> = all.iter().map(AsRef::as_ref).collect();
        ear.dissector.learn(&all);
        Some(())
    }
}
