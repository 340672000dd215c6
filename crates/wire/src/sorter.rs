//! Which thread a frame belongs to, where several follow the flows between them.

use gridtap_model::{Group, Timestamp};

use crate::config::Config;
use crate::counters::Counters;
use crate::entry::Sink;
use crate::event::Frame;
use crate::fragment::Fragments;
use crate::internet::{self, Datagram, IpError};
use crate::link::{self, Packet};
use crate::pair::{group, innermost};
use crate::tunnel::{self, Inside};
use crate::waiting::At;
use crate::wire::{Wire, add};

/// Where a frame belongs.
#[derive(Debug)]
pub enum Way {
    /// To whoever follows the conversations of this group.
    To(Group),
    /// To anyone, but always to the same: it holds no IP packet.
    Apart,
    /// To nobody yet, or to nobody: it was taken here.
    Taken,
    /// What it completed belongs to whoever follows this group. It was taken itself.
    Whole(Group, Box<Whole>),
}

/// A packet that came in fragments, or in a packet that did.
#[derive(Debug)]
pub struct Whole {
    datagram: Datagram<'static>,
    payload: Vec<u8>,
    vlan: Option<u16>,
    depth: u8,
    differing: u32,
    at: At,
    /// The same as the other way to treat overlapping fragments makes it.
    other: Option<Box<Self>>,
}

/// Finds out to which group of conversations each frame belongs, so that every frame of a flow, and the flows of a
/// group, can be given to one [`Wire`] of several. Of a packet in a packet it is that of the inner hosts; to know it,
/// fragments are put together here.
#[derive(Debug)]
pub struct Sorter {
    config: Config,
    counters: Counters,
    fragments: Fragments,
}

impl Sorter {
    /// Begins with nothing.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { config, counters: Counters::default(), fragments: Fragments::default() }
    }

    /// What was counted of the frames that were taken; of the others nothing is.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Octets of fragments that wait for others, with their bookkeeping.
    #[must_use]
    pub const fn waiting_bytes(&self) -> usize {
        self.fragments.cost()
    }

    /// Finds out where a frame belongs.
    #[inline]
    pub fn frame(&mut self, frame: &Frame<'_>) -> Way {
        match innermost(frame) {
            Some(datagram) if datagram.fragment.is_some() => self.fragment(frame),
            Some(datagram) => Way::To(group(&datagram)),
            None => Way::Apart,
        }
    }

    /// Tells the time: fragments that have waited long enough are given up.
    pub fn tick(&mut self, now: Timestamp) {
        self.fragments.tick(now, &self.config, &mut self.counters);
    }

    /// Ends the input.
    pub fn finish(&mut self) {
        self.fragments.finish(&mut self.counters);
    }

    #[cold]
    fn fragment(&mut self, frame: &Frame<'_>) -> Way {
        add(&mut self.counters.frames);
        let at = At { time: frame.time, frame: frame.number, capture: frame.capture };
        let packet = link::packet(frame, self.config.nesting_max, &mut self.counters);
        match packet.and_then(|packet| self.packet(&packet, at)) {
            Some(whole) => {
                let datagram = Datagram { payload: &whole.payload, ..whole.datagram };
                Way::Whole(group(&datagram), Box::new(whole))
            }
            None => Way::Taken,
        }
    }

    /// The same way that [`Wire`] takes, up to the flow.
    fn packet(&mut self, packet: &Packet<'_>, at: At) -> Option<Whole> {
        let datagram = match internet::datagram(packet.bytes, packet.cut) {
            Ok(datagram) => datagram,
            Err(error) => {
                add(match error {
                    IpError::Malformed => &mut self.counters.ip_malformed,
                    IpError::ExtensionsExcess => &mut self.counters.ip_extensions_excess,
                });
                return None;
            }
        };
        let Some(fragment) = datagram.fragment else {
            return self.datagram(&datagram, packet, 0, at);
        };
        let Self { config, counters, fragments } = self;
        let joined = fragments.take(&datagram, fragment, at, config, counters)?;
        let mut versions = joined.datagrams(&datagram);
        let mut whole = self.datagram(&versions.next()?, packet, joined.differing, at)?;
        let other = versions.next();
        let other = other.and_then(|other| self.datagram(&other, packet, joined.differing, at));
        whole.other = other.map(Box::new);
        Some(whole)
    }

    fn datagram(
        &mut self,
        datagram: &Datagram<'_>,
        packet: &Packet<'_>,
        differing: u32,
        at: At,
    ) -> Option<Whole> {
        if tunnel::may_be(datagram)
            && let Inside::Carried(carried, kind) =
                tunnel::inside(datagram, packet.vlan, packet.depth)
        {
            kind.followed(&mut self.counters);
            let inner = link::follow(carried, self.config.nesting_max, &mut self.counters)?;
            return self.packet(&inner, at);
        }
        let Packet { vlan, depth, .. } = *packet;
        let Datagram { source, destination, protocol, missing, header_wrong, routed, .. } =
            *datagram;
        let identification = datagram.identification;
        let payload = datagram.payload.to_vec();
        let datagram = Datagram {
            source,
            destination,
            protocol,
            payload: &[],
            missing,
            header_wrong,
            routed,
            identification,
            fragment: None,
        };
        Some(Whole { datagram, payload, vlan, depth, differing, at, other: None })
    }
}

impl Wire {
    /// Takes a packet that a [`Sorter`] has put together, as it takes a frame.
    pub fn whole(&mut self, whole: &Whole, sink: &mut Sink<'_>) {
        let Whole { datagram, payload, vlan, depth, differing, at, other } = whole;
        let packet = Packet { bytes: &[], vlan: *vlan, cut: 0, depth: *depth };
        let datagram = Datagram { payload, ..*datagram };
        self.datagram(&datagram, &packet, *differing, *at, &mut |heard| sink(heard));
        if let Some(other) = other {
            self.whole(other, sink);
        }
    }
}
