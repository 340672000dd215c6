//! The way of a frame through the layers.

use gridtap_model::{Direction, Endpoint, Timestamp, Transport};

use crate::config::{Checksums, Config};
use crate::copies::Mark;
use crate::counters::Counters;
use crate::entry::Sink;
use crate::event::{Closing, Event, Frame, Heard};
use crate::fragment::Fragments;
use crate::internet::{self, Datagram, IpError};
use crate::link::{self, Packet};
use crate::notice::Notice;
use crate::table::{Due, Table};
use crate::transport::{self, RST, SYN, Segment};
use crate::tunnel::{self, Inside};
use crate::waiting::At;

/// Frames in, events of conversations out. See the crate's documentation.
#[derive(Debug)]
pub struct Wire {
    pub(crate) config: Config,
    pub(crate) counters: Counters,
    pub(crate) table: Table,
    pub(crate) fragments: Fragments,
    /// Octets that wait, by the rank of their flows.
    pub(crate) held: [usize; 3],
    /// What the last frame said of the network.
    pub(crate) notice: Option<Notice>,
    /// Room for what is due at a tick.
    due: Vec<Due>,
}

/// What an IP packet says of its flow.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Route {
    pub(crate) transport: Transport,
    pub(crate) source: Endpoint,
    pub(crate) destination: Endpoint,
    pub(crate) vlan: Option<u16>,
    /// Octets of its fragments that overlapped others with other content.
    pub(crate) differing: u32,
}

pub(crate) fn add(counter: &mut u64) {
    *counter = counter.saturating_add(1);
}

impl Wire {
    /// Begins with empty tables.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let table = Table::new(config.hash_seed);
        let (counters, fragments) = (Counters::default(), Fragments::default());
        Self { config, counters, table, fragments, held: [0; 3], notice: None, due: Vec::new() }
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

    /// Takes a frame; what it brings is told before the call returns, but for what it says of the network, which is to
    /// be taken then.
    pub fn frame(&mut self, frame: &Frame<'_>, sink: &mut impl FnMut(&Heard<'_>)) {
        add(&mut self.counters.frames);
        let nesting_max = self.config.nesting_max;
        let Some(packet) = link::packet(frame, nesting_max, &mut self.counters) else {
            return self.resolution(frame);
        };
        let at = At { time: frame.time, frame: frame.number, capture: frame.capture };
        self.packet(&packet, at, sink);
    }

    fn packet(&mut self, packet: &Packet<'_>, at: At, sink: &mut impl FnMut(&Heard<'_>)) {
        let datagram = match internet::datagram(packet.bytes, packet.cut) {
            Ok(datagram) => datagram,
            Err(IpError::Malformed) => return add(&mut self.counters.ip_malformed),
            Err(IpError::ExtensionsExcess) => return add(&mut self.counters.ip_extensions_excess),
        };
        let Some(fragment) = datagram.fragment else {
            return self.datagram(&datagram, packet, 0, at, sink);
        };
        let evicted = self.counters.fragments_evicted;
        let Self { config, counters, fragments, .. } = self;
        let Some(joined) = fragments.take(&datagram, fragment, at, config, counters) else {
            return self.note_fragments(evicted, &datagram, packet.vlan, at);
        };
        for whole in joined.datagrams(&datagram) {
            self.datagram(&whole, packet, joined.differing, at, sink);
        }
    }

    pub(crate) fn datagram(
        &mut self,
        datagram: &Datagram<'_>,
        packet: &Packet<'_>,
        differing: u32,
        at: At,
        sink: &mut impl FnMut(&Heard<'_>),
    ) {
        let vlan = packet.vlan;
        if tunnel::may_be(datagram) && self.is_tunnel(datagram, packet, at, sink) {
            return;
        }
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
                self.udp(&route, &user, datagram.identification, at, sink);
            }
            1 | 58 => {
                add(&mut self.counters.ip_icmp);
                self.control(datagram, vlan, at);
            }
            50 => add(&mut self.counters.ip_encrypted),
            _ => add(&mut self.counters.ip_other),
        }
    }

    /// Follows what a packet carries, if it is another; says whether it is. Apart from the way of all other packets,
    /// which is faster for it.
    #[cold]
    #[inline(never)]
    fn is_tunnel(
        &mut self,
        datagram: &Datagram<'_>,
        packet: &Packet<'_>,
        at: At,
        sink: &mut Sink<'_>,
    ) -> bool {
        match tunnel::inside(datagram, packet.vlan, packet.depth) {
            Inside::Own => return false,
            Inside::Unknown(kind) => kind.unknown(&mut self.counters),
            Inside::Carried(carried, kind) => {
                kind.followed(&mut self.counters);
                let nesting_max = self.config.nesting_max;
                if let Some(inner) = link::follow(carried, nesting_max, &mut self.counters) {
                    self.packet(&inner, at, &mut |heard: &Heard<'_>| sink(heard));
                }
            }
        }
        true
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
            && route.differing == 0
        {
            let direction = entry.direction(route.source);
            entry.count_packet(direction, at);
            let young = entry.may_be_promoted(direction);
            let room = self.config.history_room();
            if !entry.in_order(direction, segment, at, (&mut self.counters, room), sink) {
                self.segment(slot, direction, segment, at, sink);
            }
            if young {
                self.promote(slot);
            }
            return;
        }
        self.tcp_slowly(found, route, segment, at, sink);
    }

    /// A segment of a flow that is new, or in which something is due.
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
        let room = self.config.history_room();
        if !entry.in_order(direction, segment, at, (&mut self.counters, room), sink) {
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

    fn udp(
        &mut self,
        route: &Route,
        user: &transport::UserDatagram<'_>,
        identification: u32,
        at: At,
        sink: &mut Sink<'_>,
    ) {
        let found = self.table.find(Transport::Udp, route.source, route.destination);
        let found = found.filter(|&slot| self.is_open_at(slot, at.time, sink));
        let slot = found.unwrap_or_else(|| self.open(route, route.source, false, at, sink));
        if route.differing == 0 && self.is_copy(slot, route, user, identification, at) {
            return add(&mut self.counters.udp_copies);
        }
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

    /// Whether a datagram was heard before, elsewhere on its way.
    fn is_copy(
        &mut self,
        slot: u32,
        route: &Route,
        user: &transport::UserDatagram<'_>,
        identification: u32,
        at: At,
    ) -> bool {
        let window = self.config.copy_window;
        if window.nanos() == 0 {
            return false;
        }
        let Some((hasher, entry)) = self.table.hasher_and(slot) else { return false };
        let direction = entry.direction(route.source);
        let (payload, missing) = (user.payload, user.missing);
        let mark = Mark::new(hasher, at.time, direction, identification, payload, missing);
        entry.recent.get_or_insert_default().is_copy(mark, window)
    }

    /// Tells the time: what has waited long enough is given up, what was silent long enough is closed.
    pub fn tick(&mut self, now: Timestamp, sink: &mut impl FnMut(&Heard<'_>)) {
        self.release(now);
        let mut all = core::mem::take(&mut self.due);
        loop {
            self.table.due(now, &mut all);
            if all.is_empty() {
                break;
            }
            for due in all.drain(..) {
                self.look(due, now, sink);
            }
        }
        self.due = all;
    }

    /// Gives up fragments that have waited long enough. With [`Wire::due`] and [`Wire::look`] it is a tick step by step.
    pub fn release(&mut self, now: Timestamp) {
        self.fragments.tick(now, &self.config, &mut self.counters);
    }

    /// The flows in which something is due by `now`, in the order in which they are looked at.
    #[must_use]
    pub fn due(&self, now: Timestamp) -> Vec<Due> {
        let mut due = Vec::new();
        self.table.due(now, &mut due);
        due
    }

    /// Does what is due in a flow by `now`.
    pub fn look(&mut self, due: Due, now: Timestamp, sink: &mut impl FnMut(&Heard<'_>)) {
        self.is_open_at(due.slot, now, sink);
    }

    /// Ends the input: everything that waits is delivered and every flow closed.
    pub fn finish(&mut self, sink: &mut impl FnMut(&Heard<'_>)) {
        for due in self.due(Timestamp::MAX) {
            self.end(due, sink);
        }
        self.fragments.finish(&mut self.counters);
    }

    /// Ends a flow with the input. With [`Wire::due`] it is the end step by step.
    pub fn end(&mut self, due: Due, sink: &mut impl FnMut(&Heard<'_>)) {
        let Some(entry) = self.table.get_mut(due.slot) else { return };
        let (reason, at) = (entry.closing.map_or(Closing::End, |(reason, _)| reason), entry.last);
        self.close(due.slot, reason, at, sink);
    }
}
