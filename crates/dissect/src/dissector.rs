//! The dissector: conversations by flow, and their deadlines.

use core::cmp::Reverse;

use gridtap_model::{Endpoint, Observation, Protocol, Timestamp, Transport, What, Zone};
use gridtap_wire::{Closing, Event, FlowId, Heard, Notice};

use crate::conversation::Conversation;
use crate::stage::{Output, Shared, Stage};
use crate::{Config, Counters, Zones};

/// Turns what was heard in flows into observations and records.
#[derive(Debug)]
pub struct Dissector {
    /// By slot of the flow.
    conversations: Vec<Option<Conversation>>,
    shared: Shared,
    /// Capture and frame of the last event: the place of what time alone brings.
    last: (u16, u64),
    now: Timestamp,
}

impl Dissector {
    /// A dissector that gives observations only.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            conversations: Vec::new(),
            shared: Shared::new(config, false),
            last: (0, 0),
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
        open.filter(|conversation| conversation.protocol() == protocol).count()
    }

    /// Takes in one event of a flow.
    pub fn heard(&mut self, heard: &Heard<'_>, sink: &mut impl FnMut(Output<'_>)) {
        self.wake(heard.time, sink);
        self.last = (heard.capture, heard.frame);
        self.now = self.now.max(heard.time);
        let Ok(slot) = usize::try_from(heard.flow.id.slot) else { return };
        if slot >= self.conversations.len() {
            self.conversations.resize_with(slot.saturating_add(1), || None);
        }
        let mut stage = Stage {
            shared: &mut self.shared,
            sink,
            time: heard.time,
            capture: heard.capture,
            frame: heard.frame,
        };
        let Some(place) = self.conversations.get_mut(slot) else { return };
        let is_new = place.as_ref().is_none_or(|before| before.flow() != heard.flow.id);
        if is_new {
            let number = stage.shared.counters.conversations;
            *place = Some(Conversation::new(number, heard.flow, &mut stage));
        }
        if let Some(conversation) = place {
            conversation.hear(&mut stage, heard);
        }
        if matches!(heard.event, Event::Closed(_)) {
            *place = None;
        }
    }

    /// Takes in what a host said of the network.
    pub fn notice(&mut self, notice: &Notice, sink: &mut impl FnMut(Output<'_>)) {
        self.wake(notice.time, sink);
        self.last = (notice.capture, notice.frame);
        self.now = self.now.max(notice.time);
        if !self.shared.observations {
            return;
        }
        let (time, capture, frame) = (notice.time, notice.capture, notice.frame);
        let mut stage = Stage { shared: &mut self.shared, sink, time, capture, frame };
        // Who asks for an address has none yet, and belongs where that is.
        let of = if notice.source.is_unspecified() { notice.destination } else { notice.source };
        let observation = Observation {
            time,
            place: stage.place(),
            zone: stage.shared.zones.at(capture, notice.vlan, of),
            conversation: gridtap_model::Conversation::NONE,
            transport: Transport::Udp,
            protocol: Protocol::Unknown,
            source: Endpoint::new(notice.source, 0),
            destination: Endpoint::new(notice.destination, 0),
            what: What::Network(notice.event),
        };
        stage.observe(&observation);
    }

    /// Takes in that time has come to `now`.
    pub fn tick(&mut self, now: Timestamp, sink: &mut impl FnMut(Output<'_>)) {
        self.now = self.now.max(now);
        self.wake(now, sink);
    }

    /// Ends what is still open: nothing more will be heard.
    pub fn finish(&mut self, sink: &mut impl FnMut(Output<'_>)) {
        for conversation in &mut self.conversations {
            if let Some(mut open) = conversation.take() {
                let (capture, frame) = self.last;
                let shared = &mut self.shared;
                let mut stage = Stage { shared, sink, time: self.now, capture, frame };
                open.end(&mut stage, Closing::End);
            }
        }
    }

    /// Looks at conversations whose time has come, each at its own deadline.
    fn wake(&mut self, now: Timestamp, sink: &mut impl FnMut(Output<'_>)) {
        while let Some(Reverse((time, flow))) = self.shared.deadlines.peek().copied() {
            if time > now {
                return;
            }
            self.shared.deadlines.pop();
            let (capture, frame) = self.last;
            let mut stage = Stage { shared: &mut self.shared, sink, time, capture, frame };
            if let Some(conversation) = find(&mut self.conversations, flow) {
                conversation.tick(&mut stage);
            }
        }
    }
}

fn find(conversations: &mut [Option<Conversation>], flow: FlowId) -> Option<&mut Conversation> {
    let place = conversations.get_mut(usize::try_from(flow.slot).ok()?)?;
    place.as_mut().filter(|conversation| conversation.flow() == flow)
}
