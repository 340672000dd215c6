//! How flows are opened, kept, and closed.

use gridtap_model::{Direction, Endpoint, Timestamp};

use crate::address::is_impossible;
use crate::config::Config;
use crate::entry::{Context, Entry, Rank, Sink};
use crate::event::{Closing, Event, Flow};
use crate::replacement::Replacement;
use crate::waiting::At;
use crate::wire::{Route, Wire, add};

const fn held_by(rank: Rank, held: &mut [usize; 3]) -> &mut usize {
    match rank {
        Rank::Unanswered => &mut held[0],
        Rank::Answered => &mut held[1],
        Rank::Established => &mut held[2],
    }
}

impl Wire {
    /// Does something with a flow, and keeps the accounts and its timer.
    pub(crate) fn handle(
        &mut self,
        slot: u32,
        sink: &mut Sink<'_>,
        act: impl FnOnce(&mut Entry, &mut Context<'_>, &mut Sink<'_>),
    ) {
        let Some(entry) = self.table.get_mut(slot) else { return };
        let rank = entry.rank;
        let before = entry.cost();
        let bytes_max = bytes_max(&self.config, &self.held, rank, before);
        let mut context = Context { config: &self.config, counters: &mut self.counters, bytes_max };
        act(entry, &mut context, sink);
        let held = held_by(rank, &mut self.held);
        *held = held.saturating_sub(before).saturating_add(entry.cost());
        let due = entry.deadline(&self.config);
        if due < entry.timer {
            self.table.set_timer(slot, due);
        }
    }

    /// Closes a flow whose endpoints were taken by a new connection, and opens that.
    pub(crate) fn replace(
        &mut self,
        slot: u32,
        direction: Direction,
        replacement: Replacement,
        at: At,
        sink: &mut Sink<'_>,
    ) -> u32 {
        let Some(entry) = self.table.get_mut(slot) else { return slot };
        let old = entry.flow;
        let reason = entry.closing.map_or(Closing::Reused, |(reason, _)| reason);
        // What was put aside was taken out of it.
        let aside = replacement.stray.as_ref().map_or(0, |(_, piece)| piece.cost());
        let held = held_by(entry.rank, &mut self.held);
        *held = held.saturating_sub(aside);
        self.close(slot, reason, at, sink);
        let Replacement { handshake, stray } = replacement;
        let from = stray.as_ref().map_or(direction, |(from, _)| *from);
        let (first, second) = match handshake.map_or(from, |(client, _)| client) {
            Direction::Forward => (old.first, old.second),
            Direction::Backward => (old.second, old.first),
        };
        let Flow { transport, vlan, .. } = old;
        let route = Route { transport, source: first, destination: second, vlan, differing: 0 };
        let slot = self.open(&route, first, handshake.is_some(), at, sink);
        let sender = |from: Direction| match from {
            Direction::Forward => old.first,
            Direction::Backward => old.second,
        };
        self.handle(slot, sink, |entry, context, sink| {
            if let Some((_, initial)) = handshake {
                entry.begin(Direction::Forward, initial);
            }
            if let Some((from, piece)) = stray {
                let from = entry.direction(sender(from));
                entry.count_packet(from, piece.at);
                entry.resume(from, &piece, context, sink);
            }
        });
        slot
    }

    pub(crate) fn open(
        &mut self,
        route: &Route,
        client: Endpoint,
        handshake: bool,
        at: At,
        sink: &mut Sink<'_>,
    ) -> u32 {
        let limit = usize::try_from(self.config.flows_max.max(1)).unwrap_or(usize::MAX);
        while self.table.len() >= limit {
            let Some(victim) = self.table.victim(at.time) else { break };
            self.close(victim, Closing::Evicted, at, sink);
        }
        let second = if client == route.source { route.destination } else { route.source };
        let config = &self.config;
        let slot = self.table.insert(|id| {
            let flow = Flow {
                id,
                transport: route.transport,
                first: client,
                second,
                capture: at.capture,
                vlan: route.vlan,
                handshake,
                packets: [0; 2],
                octets: [0; 2],
                unheard: [0; 2],
            };
            let mut entry = Entry::new(flow, at);
            entry.timer = entry.deadline(config);
            entry
        });
        add(&mut self.counters.flows_opened);
        if let Some(entry) = self.table.get_mut(slot) {
            entry.tell(at, Event::Opened, sink);
            if is_impossible(route.transport, route.source, route.destination) {
                entry.tell(at, Event::AddressInvalid, sink);
            }
        }
        slot
    }

    pub(crate) fn close(&mut self, slot: u32, reason: Closing, at: At, sink: &mut Sink<'_>) {
        self.handle(slot, sink, |entry, context, sink| entry.flush(context, sink));
        let Some(entry) = self.table.remove(slot) else { return };
        let held = held_by(entry.rank, &mut self.held);
        *held = held.saturating_sub(entry.cost());
        let counters = &mut self.counters;
        add(match (reason, entry.rank) {
            (Closing::Finished, _) => &mut counters.flows_finished,
            (Closing::Reset, _) => &mut counters.flows_reset,
            (Closing::Reused, _) => &mut counters.flows_reused,
            (Closing::Idle, _) => &mut counters.flows_idle,
            (Closing::Evicted, Rank::Unanswered) => &mut counters.flows_evicted_unanswered,
            (Closing::Evicted, Rank::Answered) => &mut counters.flows_evicted_answered,
            (Closing::Evicted, Rank::Established) => &mut counters.flows_evicted_established,
            (Closing::End, _) => &mut counters.flows_ended,
        });
        // The frame is the flow's own last one: that of another flow says nothing about this.
        let At { frame, capture, .. } = entry.last;
        entry.tell(At { time: at.time, frame, capture }, Event::Closed(reason), sink);
    }

    pub(crate) fn promote(&mut self, slot: u32) {
        let Some(entry) = self.table.get_mut(slot) else { return };
        let (old, new, cost, last) =
            (entry.rank, entry.deserved_rank(), entry.cost(), entry.last.time);
        if new > old {
            let held = held_by(old, &mut self.held);
            *held = held.saturating_sub(cost);
            let held = held_by(new, &mut self.held);
            *held = held.saturating_add(cost);
            self.table.set_rank(slot, new, last);
        }
    }

    /// Does what is due in a flow up to `now`; says whether it is still open.
    pub(crate) fn is_open_at(&mut self, slot: u32, now: Timestamp, sink: &mut Sink<'_>) -> bool {
        let Some(entry) = self.table.get_mut(slot) else { return false };
        if entry.timer > now {
            return true;
        }
        self.handle(slot, sink, |entry, context, sink| entry.give_up_due(now, context, sink));
        let Some(entry) = self.table.get_mut(slot) else { return false };
        if let Some((reason, time)) = entry.ended(&self.config, now) {
            let at = At { time, ..entry.last };
            self.close(slot, reason, at, sink);
            return false;
        }
        entry.rest(now);
        let due = entry.deadline(&self.config);
        self.table.set_timer(slot, due);
        true
    }
}

/// What a flow may hold, of which it holds `own` now. Flows that have not proved themselves share a quarter, with
/// those that were merely answered a half, so that a flood of them leaves room for the established.
fn bytes_max(config: &Config, held: &[usize; 3], rank: Rank, own: usize) -> usize {
    let [unanswered, answered, established] = *held;
    let (share, used) = match rank {
        Rank::Unanswered => (config.reassembly_bytes_max >> 2, unanswered),
        Rank::Answered => (config.reassembly_bytes_max >> 1, unanswered.saturating_add(answered)),
        Rank::Established => (
            config.reassembly_bytes_max,
            unanswered.saturating_add(answered).saturating_add(established),
        ),
    };
    share.saturating_add(own).saturating_sub(used)
}
