//! The dissector: conversations by flow, and their deadlines.

use core::cmp::Reverse;
use std::collections::BinaryHeap;

use gridtap_model::{
    Conversation as Number, Endpoint, Observation, Place, Protocol, Timestamp, Transport, What,
    Zone,
};
use gridtap_wire::{Closing, Event, FlowId, Heard, Notice};

use crate::conversation::Conversation;
use crate::held::{Held, Holder, IN_TURN, Standing, put_in_turn};
use crate::stage::{Output, Shared, Stage};
use crate::{Config, Counters, News, Zones};

/// Turns what was heard in flows into observations and records.
#[derive(Debug)]
pub struct Dissector {
    /// By slot of the flow.
    conversations: Vec<Option<Open>>,
    shared: Shared,
    /// When to look at which conversation; one that was looked at since is passed over.
    deadlines: BinaryHeap<Reverse<(Due, FlowId)>>,
    /// What all conversations hold.
    held: Held,
    now: Timestamp,
}

/// A conversation that goes on.
#[derive(Debug)]
struct Open {
    conversation: Conversation,
    /// Capture and frame of its last event: the place of what time alone brings.
    heard_at: (u16, u64),
    /// The place of its last output.
    last_place: Place,
    /// When it wants to be looked at.
    due: Option<Timestamp>,
    /// What it holds, as it is counted among all.
    held: Held,
}

/// Deadlines beside two for each place of a flow that do no harm.
pub(crate) const IDLE_DEADLINES: usize = 1_024;

/// Octets of the place of a conversation.
pub(crate) const OPEN_OCTETS: usize = size_of::<Option<Open>>();

/// What is at hand for every conversation.
struct AtHand<'d> {
    shared: &'d mut Shared,
    deadlines: &'d mut BinaryHeap<Reverse<(Due, FlowId)>>,
    held: &'d mut Held,
}

/// A conversation whose time has come; those due first are the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Due {
    /// Its deadline.
    pub time: Timestamp,
    /// Which it is.
    pub conversation: Number,
}

impl Dissector {
    /// A dissector that gives observations only.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            conversations: Vec::new(),
            shared: Shared::new(config, false),
            deadlines: BinaryHeap::new(),
            held: Held::default(),
            now: Timestamp::MIN,
        }
    }

    /// A dissector that also gives a record for every line of `decode`.
    #[must_use]
    pub fn with_records(config: Config) -> Self {
        let mut dissector = Self::new(config);
        dissector.shared.records = true;
        dissector
    }

    /// A dissector that gives records and no observations.
    #[must_use]
    pub fn of_records(config: Config) -> Self {
        let mut dissector = Self::with_records(config);
        dissector.shared.observations = false;
        dissector
    }

    /// Names the captures by ordinal, so that zones can name them.
    pub fn name_captures(&mut self, names: &[String]) {
        self.shared.zones = Zones::new(&self.shared.config.zones, names);
    }

    /// The zones of the configuration.
    #[must_use]
    pub fn zones(&self) -> &Zones {
        &self.shared.zones
    }

    /// The name of a zone.
    #[must_use]
    pub fn zone_name(&self, zone: Zone) -> &str {
        self.shared.zones.name(zone)
    }

    /// What was done so far.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.shared.counters
    }

    /// How many conversations of a protocol are open. Looks at each: for once a second, not for each packet.
    #[must_use]
    pub fn open(&self, protocol: Protocol) -> usize {
        let open = self.conversations.iter().flatten();
        open.filter(|open| open.conversation.protocol() == protocol).count()
    }

    /// Takes in one event of a flow, after what is due in its conversation before it. What is due in others waits for a
    /// tick or their own next event, so that what is told of a conversation does not depend on what else is heard.
    pub fn heard(&mut self, heard: &Heard<'_>, sink: &mut impl FnMut(Output<'_>)) {
        self.now = self.now.max(heard.time);
        let Ok(slot) = usize::try_from(heard.flow.id.slot) else { return };
        if slot >= self.conversations.len() {
            self.conversations.resize_with(slot.saturating_add(1), || None);
        }
        let Self { conversations, shared, deadlines, held, .. } = self;
        let Some(place) = conversations.get_mut(slot) else { return };
        let mut at_hand = AtHand { shared, deadlines, held };
        let here = (heard.capture, heard.frame);
        match place {
            Some(open) if open.conversation.flow() == heard.flow.id => {
                while let Some(due) = open.due.filter(|due| *due <= heard.time) {
                    open.at(due, &mut at_hand, sink, Conversation::tick);
                }
                open.heard_at = here;
            }
            _ => {
                let mut stage = Stage {
                    shared: &mut *at_hand.shared,
                    sink: &mut *sink,
                    time: heard.time,
                    capture: heard.capture,
                    frame: heard.frame,
                    last_place: Place::default(),
                    wake_at: None,
                };
                let conversation = Conversation::new(heard.flow, &mut stage);
                let (last_place, due, nothing) = (Place::default(), None, Held::default());
                let new = Open { conversation, heard_at: here, last_place, due, held: nothing };
                if let Some(old) = place.replace(new) {
                    *at_hand.held = at_hand.held.moved(old.held, nothing);
                }
            }
        }
        if let Some(open) = place {
            open.at(heard.time, &mut at_hand, sink, |conversation, stage| {
                conversation.hear(stage, heard);
            });
        }
        if matches!(heard.event, Event::Closed(_))
            && let Some(closed) = place.take()
        {
            *at_hand.held = at_hand.held.moved(closed.held, Held::default());
        }
        if self.held.exceeds(&self.shared.config) {
            self.make_room(sink);
        }
        let deadlines_max =
            self.conversations.len().saturating_mul(2).saturating_add(IDLE_DEADLINES);
        if self.deadlines.len() > deadlines_max {
            self.forget_deadlines();
        }
    }

    /// Takes in what a host said of the network.
    pub fn notice(&mut self, notice: &Notice, sink: &mut impl FnMut(Output<'_>)) {
        self.now = self.now.max(notice.time);
        if !self.shared.observations {
            return;
        }
        let (time, capture, frame) = (notice.time, notice.capture, notice.frame);
        // Who asks for an address has none yet, and belongs where that is.
        let of = if notice.source.is_unspecified() { notice.destination } else { notice.source };
        let observation = Observation {
            time,
            place: Place { capture, frame, position: 0 },
            zone: self.shared.zones.at(capture, notice.vlan, of),
            conversation: Number::NONE,
            transport: Transport::Udp,
            protocol: Protocol::Unknown,
            source: Endpoint::new(notice.source, 0),
            destination: Endpoint::new(notice.destination, 0),
            what: What::Network(notice.event),
        };
        let count = &mut self.shared.counters.observations;
        *count = count.saturating_add(1);
        sink(Output::Observation(&observation));
    }

    /// Takes in that time has come to `now`.
    pub fn tick(&mut self, now: Timestamp, sink: &mut impl FnMut(Output<'_>)) {
        let news = self.take_news();
        self.learn(&[&news]);
        while let Some(due) = self.due(now) {
            self.look(due, sink);
        }
    }

    /// What was learned of hosts since the last tick. Where several dissectors hear the conversations between them, each
    /// is to learn the news of all at every tick: that, and then every conversation that is due, is a tick step by step.
    pub fn take_news(&mut self) -> News {
        self.shared.take_news()
    }

    /// Learns what was learned of hosts before a tick.
    pub fn learn(&mut self, news: &[&News]) {
        if news.iter().any(|news| !news.is_empty()) {
            self.shared.learn(news);
        }
    }

    /// The first conversation whose time has come by `now`.
    pub fn due(&mut self, now: Timestamp) -> Option<Due> {
        self.now = self.now.max(now);
        while let Some(Reverse((due, flow))) = self.deadlines.peek().copied()
            && due.time <= now
        {
            if find(&mut self.conversations, flow).is_some_and(|open| open.due == Some(due.time)) {
                return Some(due);
            }
            self.deadlines.pop();
        }
        None
    }

    /// Looks at the conversation that is due first.
    pub fn look(&mut self, due: Due, sink: &mut impl FnMut(Output<'_>)) {
        let Self { conversations, shared, deadlines, held, .. } = self;
        let Some(Reverse((_, flow))) = deadlines.pop() else { return };
        if let Some(open) = find(conversations, flow) {
            let mut at_hand = AtHand { shared, deadlines, held };
            open.at(due.time, &mut at_hand, sink, Conversation::tick);
        }
    }

    /// Ends what is still open: nothing more will be heard.
    pub fn finish(&mut self, sink: &mut impl FnMut(Output<'_>)) {
        let Self { conversations, shared, deadlines, held, now } = self;
        let mut at_hand = AtHand { shared, deadlines, held };
        for mut open in conversations.drain(..).flatten() {
            open.at(*now, &mut at_hand, sink, |conversation, stage| {
                conversation.end(stage, Closing::End);
            });
        }
        *at_hand.held = Held::default();
    }

    /// Octets that all conversations hold beside their own size, and requests that wait in them.
    #[must_use]
    pub const fn held(&self) -> [usize; 2] {
        [self.held.octets(), self.held.requests()]
    }

    #[cfg(test)]
    pub(crate) fn deadlines_held(&self) -> usize {
        self.deadlines.len()
    }

    /// Forgets the deadlines of conversations that ended before: who opens one after the other leaves many.
    fn forget_deadlines(&mut self) {
        let Self { conversations, deadlines, .. } = self;
        deadlines.retain(|Reverse((due, flow))| {
            find(conversations, *flow).is_some_and(|open| open.due == Some(due.time))
        });
    }

    /// All conversations hold more than they may: has those give way that proved least, and of them those that hold most.
    /// Goes through all of them, so that much is to give way at once.
    fn make_room(&mut self, sink: &mut impl FnMut(Output<'_>)) {
        let Self { conversations, shared, deadlines, held, now } = self;
        let by_octets = held.octets() > shared.config.held_octets_max;
        let mut holders: Vec<Holder> = conversations
            .iter()
            .flatten()
            .filter(|open| open.held != Held::default())
            .map(|open| open.holder(*now))
            .collect();
        put_in_turn(&mut holders, by_octets);
        let mut at_hand = AtHand { shared, deadlines, held };
        for standing in IN_TURN {
            let enough = standing.enough(&at_hand.shared.config);
            for holder in holders.iter().filter(|holder| holder.standing == standing) {
                let Some(open) = find(conversations, holder.flow) else { continue };
                for all in [false, true] {
                    if at_hand.held.is_within(enough, by_octets) {
                        return;
                    }
                    open.give_way(*now, (standing, all), &mut at_hand, sink);
                }
            }
        }
    }
}

impl Open {
    /// Does something with the conversation at a moment.
    #[inline]
    fn at(
        &mut self,
        time: Timestamp,
        at_hand: &mut AtHand<'_>,
        sink: &mut dyn FnMut(Output<'_>),
        act: impl FnOnce(&mut Conversation, &mut Stage<'_>),
    ) {
        self.due = self.due.filter(|due| *due > time);
        let (capture, frame) = self.heard_at;
        let last_place = self.last_place;
        let shared = &mut *at_hand.shared;
        let mut stage = Stage { shared, sink, time, capture, frame, last_place, wake_at: None };
        act(&mut self.conversation, &mut stage);
        self.last_place = stage.last_place;
        if let Some(time) = stage.wake_at {
            self.due = Some(time);
            let conversation = self.conversation.number();
            at_hand.deadlines.push(Reverse((Due { time, conversation }, self.conversation.flow())));
        }
        let held = self.conversation.held();
        *at_hand.held = at_hand.held.moved(self.held, held);
        self.held = held;
    }

    fn holder(&self, now: Timestamp) -> Holder {
        let Self { conversation, held, .. } = self;
        let (flow, standing) = (conversation.flow(), conversation.standing(now));
        Holder { flow, standing, held: *held, number: conversation.number().0 }
    }

    /// Gives way for want of room, and counts that.
    fn give_way(
        &mut self,
        now: Timestamp,
        (standing, all): (Standing, bool),
        at_hand: &mut AtHand<'_>,
        sink: &mut dyn FnMut(Output<'_>),
    ) {
        let (due, before) = (self.due, self.held);
        self.at(now, at_hand, sink, |conversation, stage| conversation.give_way(stage, all));
        // What it waits for is not over.
        self.due = due;
        let counters = &mut at_hand.shared.counters;
        let count = standing.count(counters);
        *count = count.saturating_add(u64::from(!all && self.held != before));
        let gone = before.requests().saturating_sub(self.held.requests());
        let requests = &mut counters.pending_of_all_evicted;
        *requests = requests.saturating_add(u64::try_from(gone).unwrap_or(u64::MAX));
    }
}

fn find(conversations: &mut [Option<Open>], flow: FlowId) -> Option<&mut Open> {
    let place = conversations.get_mut(usize::try_from(flow.slot).ok()?)?;
    place.as_mut().filter(|open| open.conversation.flow() == flow)
}
