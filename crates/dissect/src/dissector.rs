//! The dissector: conversations by flow, and their deadlines.

use core::cmp::Reverse;
use std::collections::BinaryHeap;

use gridtap_model::{
    Conversation as Number, Endpoint, Observation, Place, Protocol, Timestamp, Transport, What,
    Zone,
};
use gridtap_wire::{Closing, Event, FlowId, Heard, Notice};

use crate::conversation::Conversation;
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
        let Self { conversations, shared, deadlines, .. } = self;
        let Some(place) = conversations.get_mut(slot) else { return };
        let here = (heard.capture, heard.frame);
        match place {
            Some(open) if open.conversation.flow() == heard.flow.id => {
                while let Some(due) = open.due.filter(|due| *due <= heard.time) {
                    open.at(due, shared, sink, deadlines, Conversation::tick);
                }
                open.heard_at = here;
            }
            _ => {
                let mut stage = Stage {
                    shared: &mut *shared,
                    sink: &mut *sink,
                    time: heard.time,
                    capture: heard.capture,
                    frame: heard.frame,
                    last_place: Place::default(),
                    wake_at: None,
                };
                let conversation = Conversation::new(heard.flow, &mut stage);
                let (last_place, due) = (Place::default(), None);
                *place = Some(Open { conversation, heard_at: here, last_place, due });
            }
        }
        if let Some(open) = place {
            open.at(heard.time, shared, sink, deadlines, |conversation, stage| {
                conversation.hear(stage, heard);
            });
        }
        if matches!(heard.event, Event::Closed(_)) {
            *place = None;
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
        let Self { conversations, shared, deadlines, .. } = self;
        let Some(Reverse((_, flow))) = deadlines.pop() else { return };
        if let Some(open) = find(conversations, flow) {
            open.at(due.time, shared, sink, deadlines, Conversation::tick);
        }
    }

    /// Ends what is still open: nothing more will be heard.
    pub fn finish(&mut self, sink: &mut impl FnMut(Output<'_>)) {
        let Self { conversations, shared, deadlines, now } = self;
        for mut open in conversations.drain(..).flatten() {
            open.at(*now, shared, sink, deadlines, |conversation, stage| {
                conversation.end(stage, Closing::End);
            });
        }
    }
}

impl Open {
    /// Does something with the conversation at a moment.
    fn at(
        &mut self,
        time: Timestamp,
        shared: &mut Shared,
        sink: &mut dyn FnMut(Output<'_>),
        deadlines: &mut BinaryHeap<Reverse<(Due, FlowId)>>,
        act: impl FnOnce(&mut Conversation, &mut Stage<'_>),
    ) {
        self.due = self.due.filter(|due| *due > time);
        let (capture, frame) = self.heard_at;
        let last_place = self.last_place;
        let mut stage = Stage { shared, sink, time, capture, frame, last_place, wake_at: None };
        act(&mut self.conversation, &mut stage);
        self.last_place = stage.last_place;
        if let Some(time) = stage.wake_at {
            self.due = Some(time);
            let conversation = self.conversation.number();
            deadlines.push(Reverse((Due { time, conversation }, self.conversation.flow())));
        }
    }
}

fn find(conversations: &mut [Option<Open>], flow: FlowId) -> Option<&mut Open> {
    let place = conversations.get_mut(usize::try_from(flow.slot).ok()?)?;
    place.as_mut().filter(|open| open.conversation.flow() == flow)
}
