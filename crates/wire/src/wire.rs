//! The way of a frame through the layers.

use gridtap_model::{Direction, Endpoint, Timestamp, Transport};

use crate::address::is_impossible;
use crate::config::{Checksums, Config};
use crate::counters::Counters;
use crate::entry::{Context, Entry, Rank, Sink};
use crate::event::{Closing, Event, Flow, Frame, Heard};
use crate::fragment::Fragments;
use crate::internet::{self, Datagram, IpError};
use crate::link::{self, Packet};
use crate::table::Table;
use crate::tcp::Replacement;
use crate::transport::{self, RST, SYN, Segment};
use crate::waiting::At;

/// Frames in, events of conversations out. See the crate's documentation.
#[derive(Debug)]
pub struct Wire {
    config: Config,
    counters: Counters,
    table: Table,
    fragments: Fragments,
    /// Octets that wait, by the rank of their flows.
    held: [usize; 3],
}

/// What an IP packet says of its flow.
#[derive(Debug, Clone, Copy)]
struct Route {
    transport: Transport,
    source: Endpoint,
    destination: Endpoint,
    vlan: Option<u16>,
    /// Octets of its fragments that overlapped others with other content.
    differing: u32,
}

fn add(counter: &mut u64) {
    *counter = counter.saturating_add(1);
}

const fn held_by(rank: Rank, held: &mut [usize; 3]) -> &mut usize {
    match rank {
        Rank::Unanswered => &mut held[0],
        Rank::Answered => &mut held[1],
        Rank::Established => &mut held[2],
    }
}

impl Wire {
    /// Begins with empty tables.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let table = Table::new(config.hash_seed);
        let (counters, fragments) = (Counters::default(), Fragments::default());
        Self { config, counters, table, fragments, held: [0; 3] }
    }

    /// What was seen, put aside and given up.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// How many flows are open.
    #[must_use]
    pub fn flows(&self) -> usize {
        self.table.len()
    }

    /// Octets that wait for others, with their bookkeeping: in streams and in fragments.
    #[must_use]
    pub fn waiting_bytes(&self) -> usize {
        self.held.iter().fold(self.fragments.cost(), |sum, held| sum.saturating_add(*held))
    }

    /// Takes a frame; what it brings is told before the call returns.
    pub fn frame(&mut self, frame: &Frame<'_>, sink: &mut impl FnMut(&Heard<'_>)) {
        add(&mut self.counters.frames);
        let Some(packet) = link::packet(frame, &mut self.counters) else { return };
        let there = u32::try_from(frame.bytes.len()).unwrap_or(u32::MAX);
        let cut = frame.original_length.saturating_sub(there);
        let at = At { time: frame.time, frame: frame.number, capture: frame.capture };
        self.packet(&packet, cut, at, sink);
    }

    fn packet(&mut self, packet: &Packet<'_>, cut: u32, at: At, sink: &mut impl FnMut(&Heard<'_>)) {
        let datagram = match internet::datagram(packet.bytes, cut) {
            Ok(datagram) => datagram,
            Err(IpError::Malformed) => return add(&mut self.counters.ip_malformed),
            Err(IpError::ExtensionsExcess) => return add(&mut self.counters.ip_extensions_excess),
        };
        let Some(fragment) = datagram.fragment else {
            return self.datagram(&datagram, packet.vlan, 0, at, sink);
        };
        let Self { config, counters, fragments, .. } = self;
        let Some(joined) = fragments.take(&datagram, fragment, at, config, counters) else {
            return;
        };
        let whole = Datagram {
            protocol: joined.protocol,
            payload: &joined.payload,
            header_wrong: joined.header_wrong,
            fragment: None,
            ..datagram
        };
        self.datagram(&whole, packet.vlan, joined.differing, at, sink);
    }

    fn datagram(
        &mut self,
        datagram: &Datagram<'_>,
        vlan: Option<u16>,
        differing: u32,
        at: At,
        sink: &mut impl FnMut(&Heard<'_>),
    ) {
        let verify = self.config.checksums == Checksums::Verify;
        let route = |transport, source_port, destination_port| Route {
            transport,
            source: Endpoint::new(datagram.source, source_port),
            destination: Endpoint::new(datagram.destination, destination_port),
            vlan,
            differing,
        };
        match datagram.protocol {
            internet::TCP => {
                let Some(segment) = transport::segment(datagram, verify) else {
                    return add(&mut self.counters.tcp_malformed);
                };
                add(&mut self.counters.tcp_segments);
                let route = route(Transport::Tcp, segment.source_port, segment.destination_port);
                self.tcp(&route, &segment, at, sink);
            }
            internet::UDP => {
                let Some(user) = transport::user_datagram(datagram, verify) else {
                    return add(&mut self.counters.udp_malformed);
                };
                add(&mut self.counters.udp_datagrams);
                let route = route(Transport::Udp, user.source_port, user.destination_port);
                self.udp(&route, &user, at, sink);
            }
            1 | 58 => add(&mut self.counters.ip_icmp),
            50 => add(&mut self.counters.ip_encrypted),
            _ => add(&mut self.counters.ip_other),
        }
    }

    #[inline]
    fn tcp(
        &mut self,
        route: &Route,
        segment: &Segment<'_>,
        at: At,
        sink: &mut impl FnMut(&Heard<'_>),
    ) {
        let found = self.table.find(Transport::Tcp, route.source, route.destination);
        if let Some(slot) = found
            && let Some(entry) = self.table.get_mut(slot)
            && entry.timer > at.time
            && entry.rank == Rank::Established
            && route.differing == 0
        {
            let direction = entry.direction(route.source);
            entry.count_packet(direction, at);
            if !entry.in_order(direction, segment, at, &mut self.counters, sink) {
                self.segment(slot, direction, segment, at, sink);
            }
            return;
        }
        self.tcp_slowly(found, route, segment, at, sink);
    }

    /// A segment of a flow that is new, young or due.
    fn tcp_slowly(
        &mut self,
        found: Option<u32>,
        route: &Route,
        segment: &Segment<'_>,
        at: At,
        sink: &mut Sink<'_>,
    ) {
        // Before what was due in the flow is done, the packet is not there: others' packets must not matter.
        let found = found.filter(|&slot| self.is_open_at(slot, at.time, sink));
        let slot = match found {
            Some(slot) => slot,
            None => {
                let opens = !segment.has(RST) && (segment.has(SYN) || segment.length() > 0);
                if !opens {
                    return add(&mut self.counters.tcp_without_flow);
                }
                let client = match (segment.has(SYN), segment.acknowledgement) {
                    (true, Some(_)) => route.destination,
                    _ => route.source,
                };
                self.open(route, client, segment.has(SYN), at, sink)
            }
        };
        let Some(entry) = self.table.get_mut(slot) else { return };
        let direction = entry.direction(route.source);
        entry.count_packet(direction, at);
        if route.differing > 0 {
            entry.tell(at, Event::OverlapDiffers { direction, bytes: route.differing }, sink);
        }
        if !entry.in_order(direction, segment, at, &mut self.counters, sink) {
            self.segment(slot, direction, segment, at, sink);
        }
        self.promote(slot);
    }

    /// A segment that is not simply the next one.
    fn segment(
        &mut self,
        slot: u32,
        direction: Direction,
        segment: &Segment<'_>,
        at: At,
        sink: &mut Sink<'_>,
    ) {
        let Some(entry) = self.table.get_mut(slot) else { return };
        let (slot, direction) = match entry.replaced(direction, segment) {
            Some(replacement) => {
                let source = match direction {
                    Direction::Forward => entry.flow.first,
                    Direction::Backward => entry.flow.second,
                };
                let slot = self.replace(slot, direction, replacement, at, sink);
                let Some(entry) = self.table.get_mut(slot) else { return };
                let direction = entry.direction(source);
                entry.count_packet(direction, at);
                (slot, direction)
            }
            None => (slot, direction),
        };
        self.handle(slot, sink, |entry, context, sink| {
            entry.segment(direction, segment, at, context, sink);
        });
    }

    /// Does something with a flow, and keeps the accounts and its timer.
    fn handle(
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
    fn replace(
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

    fn open(
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

    fn close(&mut self, slot: u32, reason: Closing, at: At, sink: &mut Sink<'_>) {
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

    fn promote(&mut self, slot: u32) {
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

    fn udp(
        &mut self,
        route: &Route,
        user: &transport::UserDatagram<'_>,
        at: At,
        sink: &mut Sink<'_>,
    ) {
        let found = self.table.find(Transport::Udp, route.source, route.destination);
        let found = found.filter(|&slot| self.is_open_at(slot, at.time, sink));
        let slot = found.unwrap_or_else(|| self.open(route, route.source, false, at, sink));
        let Some(entry) = self.table.get_mut(slot) else { return };
        let direction = entry.direction(route.source);
        entry.count_packet(direction, at);
        if route.differing > 0 {
            entry.tell(at, Event::OverlapDiffers { direction, bytes: route.differing }, sink);
        }
        self.handle(slot, sink, |entry, context, sink| {
            entry.user_datagram(direction, user, at, context, sink)
        });
        self.promote(slot);
    }

    /// Does what is due in a flow up to `now`; says whether it is still open.
    fn is_open_at(&mut self, slot: u32, now: Timestamp, sink: &mut Sink<'_>) -> bool {
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

    /// Tells the time: what has waited long enough is given up, what was silent long enough is closed.
    pub fn tick(&mut self, now: Timestamp, sink: &mut impl FnMut(&Heard<'_>)) {
        self.fragments.tick(now, &self.config, &mut self.counters);
        while let Some(slot) = self.table.due(now) {
            self.is_open_at(slot, now, sink);
        }
    }

    /// Ends the input: everything that waits is delivered and every flow closed.
    pub fn finish(&mut self, sink: &mut impl FnMut(&Heard<'_>)) {
        while let Some(slot) = self.table.any() {
            let Some(entry) = self.table.get_mut(slot) else { break };
            let (reason, at) =
                (entry.closing.map_or(Closing::End, |(reason, _)| reason), entry.last);
            self.close(slot, reason, at, sink);
        }
        self.fragments.finish(&mut self.counters);
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
