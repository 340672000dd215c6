//! The course of one conversation: who asks, what waits for an answer, what may have gone unheard.

use gridtap_dnp3::{Fragment, Frame, FunctionCode, TransportFault};
use gridtap_model::{
    Class, Direction, Effect, Fault, FaultKind, Faults, Hearing, LinkEvent, Outcome, Phase, Place,
    Protocol, Timestamp, Transport,
};

use super::data_sets::{self, Descriptors};
use super::dialogue::Dialogues;
use super::exchange::{Asked, Exchange};
use super::framing::count;
use super::lines::{Asker, OnLine};
use super::observe::{Back, Roles, Telling, tell, write};
use super::record::Dnp3Record;
use super::session::Reading;
use super::{effect, faults};
use crate::held::Held;
use crate::sides::{side, side_mut};
use crate::stage::{Circumstances, Speakers, Stage, ends};

/// A frame that completes a message.
#[derive(Clone, Copy)]
pub(super) struct Said<'f> {
    pub(super) frame: &'f Frame<'f>,
    pub(super) place: Place,
    /// What in its segment did not continue what came before.
    pub(super) transport: Option<TransportFault>,
    /// What the data sets that it tells of are made of.
    pub(super) known: Option<&'f Descriptors>,
    /// It is what the other side was told before: the line gives it back.
    pub(super) echo: bool,
}

/// What has been said so far, as far as it bears on what is said next.
#[derive(Debug, Default)]
pub(super) struct Course {
    pub(super) dialogues: Dialogues,
    pub(super) exchange: Exchange,
    pub(super) circumstances: Circumstances,
    lossy_until: Option<Timestamp>,
    /// Of the two directions: until when its messages may be the fault of octets of it that are not there.
    holed_until: [Option<Timestamp>; 2],
    /// Of the two directions: what it began with went unheard.
    headless: [bool; 2],
    /// Of the two directions: it was heard.
    heard: [bool; 2],
    /// The direction of requests, and whether one of them was answered.
    asking: Option<(Direction, bool)>,
}

impl Course {
    pub(super) fn asking(&self) -> Option<Direction> {
        self.asking.map(|(direction, _)| direction)
    }

    /// Something was said in a direction.
    pub(super) const fn heard(&mut self, direction: Direction) {
        *side_mut(&mut self.heard, direction) = true;
    }

    /// Whether a request was ever answered.
    pub(super) fn is_answered(&self) -> bool {
        self.asking.is_some_and(|(_, answered)| answered)
    }

    /// What is held beside the course itself.
    pub(super) fn held(&self) -> Held {
        let held = self.exchange.held();
        Held::of(held.octets().saturating_add(self.dialogues.room_octets()), held.requests())
    }

    /// Gives way for want of room.
    pub(super) fn give_way(&mut self, stage: &Stage<'_>, all: bool) {
        self.exchange.give_way();
        self.dialogues.give_way(all);
        self.lose(stage);
    }

    /// An answer came: who asks is known.
    pub(super) fn settle(&mut self, asking: Direction) {
        self.asking = Some((asking, true));
    }

    pub(super) fn expects_reply(&self, direction: Direction) -> bool {
        self.exchange.is_waiting(direction)
    }

    pub(super) fn excuse(&mut self) {
        self.exchange.excuse();
    }

    /// Something may have been said unheard: what follows may be the fault of that.
    pub(super) fn lose(&mut self, stage: &Stage<'_>) {
        let memory = stage.shared.config.loss_memory.nanos();
        self.lossy_until = Some(stage.time.plus_ns(memory));
    }

    /// Octets of a direction are not there: it goes on behind them.
    pub(super) fn lose_octets(&mut self, stage: &Stage<'_>, direction: Direction) {
        self.lose(stage);
        *side_mut(&mut self.holed_until, direction) = self.lossy_until;
        self.dialogues.doubt_files();
        // No select was among what a device said.
        if self.asking() != Some(direction.reversed()) {
            self.dialogues.doubt();
        }
    }

    /// Octets of a direction that were not there have come after all: they excuse nothing any more.
    pub(super) const fn find_octets(&mut self, direction: Direction) {
        *side_mut(&mut self.holed_until, direction) = None;
    }

    /// Something of a direction was said unheard before anything was heard.
    pub(super) fn begin_after_gap(&mut self, stage: &Stage<'_>, direction: Direction) {
        self.lose(stage);
        *side_mut(&mut self.holed_until, direction) = self.lossy_until;
        *side_mut(&mut self.headless, direction) = true;
    }

    /// Whether a direction is heard from its first octet.
    pub(super) const fn heard_from_start(&self, speakers: &Speakers, direction: Direction) -> bool {
        speakers.handshake && !*side(&self.headless, direction)
    }

    pub(super) fn hearing(&self, stage: &Stage<'_>, speakers: &Speakers, begun: bool) -> Hearing {
        let both = [Direction::Forward, Direction::Backward];
        Hearing {
            gap: self.lossy_until.is_some_and(|until| stage.time <= until),
            mid_session: !begun && !both.into_iter().all(|it| self.heard_from_start(speakers, it)),
            one_direction: self.circumstances.one_direction
                || both.into_iter().any(|direction| speakers.silent(direction)),
        }
    }

    /// What may have gone unheard of that which an operate is held against. Whoever says that he has more of the
    /// master's octets than the capture is not believed: where they are not there, the master goes on behind them.
    /// A flow of datagrams begins with its first.
    pub(super) fn hearing_of_operate(
        &self,
        stage: &Stage<'_>,
        speakers: &Speakers,
        (asking, begun): (Direction, bool),
    ) -> Hearing {
        let stream = speakers.transport == Transport::Tcp;
        Hearing {
            gap: side(&self.holed_until, asking).is_some_and(|until| stage.time <= until),
            mid_session: stream && !begun && !self.heard_from_start(speakers, asking),
            ..self.hearing(stage, speakers, begun)
        }
    }

    /// A sender formed something wrongly. Where it is not `sure`, a loss may have made it so.
    pub(super) fn malformed(&self, reading: &mut Reading<'_, '_, '_>, fault: Fault, sure: bool) {
        let Reading { stage, speakers, direction } = reading;
        let begun = self.asking.is_some();
        let mut hearing = self.hearing(stage, speakers, begun);
        hearing.gap |= !sure;
        // A datagram is whole in itself, whatever went before it.
        hearing.mid_session &= speakers.transport == Transport::Tcp;
        let event = LinkEvent::Malformed { fault, hearing };
        stage.link(speakers, Protocol::Dnp3, ends(speakers, *direction), event);
    }

    /// Who asks whom, by what is said; what contradicts that is a fault.
    pub(super) fn roles(
        &mut self,
        reading: &Reading<'_, '_, '_>,
        frame: &Frame<'_>,
        code: Option<FunctionCode>,
        faults: &mut Faults,
    ) -> Roles {
        let direction = reading.direction;
        let from_master = frame.header.control.from_master();
        let known = self.asking();
        let (asks, fits) = match (code.and_then(effect::asks), known) {
            (Some(asks), Some(known)) => (asks, asks == (known == direction)),
            (Some(asks), None) => (asks, true),
            (None, Some(known)) => (known == direction, true),
            (None, None) => (from_master, true),
        };
        if asks != from_master || !fits {
            let found = code.map_or(0x100, |code| code.0.into());
            faults.push(FaultKind::Direction, found, u32::from(from_master));
        }
        let asking = if asks { direction } else { direction.reversed() };
        if known.is_none() && code.is_some() && asks == from_master {
            self.asking = Some((asking, false));
        }
        let (source, destination) = (frame.header.source.0, frame.header.destination.0);
        let pair = if asks { (source, destination) } else { (destination, source) };
        Roles { asking, pair }
    }

    /// A fragment.
    pub(super) fn fragment(
        &mut self,
        reading: &mut Reading<'_, '_, '_>,
        said: &Said<'_>,
        fragment: &Fragment<'_>,
    ) {
        if said.echo || self.is_for_another(reading, said.frame, fragment) {
            let record = Dnp3Record::fragment(said.frame, said.transport, *fragment);
            overhear(reading, said, record);
            return;
        }
        let mut faults = Faults::NONE;
        let roles = self.roles(reading, said.frame, Some(fragment.function), &mut faults);
        faults::link(&said.frame.header, &mut faults);
        fragment.faults().for_each(|fault| faults::fragment(fault, &mut faults));
        self.make_room(reading, roles);
        let known = data_sets::take(reading.stage.shared, reading.speakers, fragment, roles);
        let said = &Said { known: known.as_ref(), ..*said };
        match effect::asks(fragment.function) {
            Some(true) => self.request(reading, said, fragment, roles, faults),
            Some(false) => self.answer(reading, said, fragment, roles, faults),
            None => self.receipt(reading, said, fragment, roles, faults),
        }
        if let Some(known) = known {
            data_sets::put_back(reading.stage.shared, reading.speakers, roles, known);
        }
    }

    /// Whether a message of a device is for another master on its line than the one that hears it here.
    fn is_for_another(
        &mut self,
        reading: &Reading<'_, '_, '_>,
        frame: &Frame<'_>,
        fragment: &Fragment<'_>,
    ) -> bool {
        let header = &frame.header;
        if effect::asks(fragment.function) != Some(false) || header.control.from_master() {
            return false;
        }
        let (device, master) = (header.source.0, header.destination.0);
        // Who has asked by this address here hears what is meant for him.
        let asking = reading.direction.reversed();
        let last = self.dialogues.find((master, device)).and_then(|it| it.last);
        let asks = last.is_some_and(|last| last.direction == asking);
        let unasked = fragment.function == FunctionCode::UNSOLICITED_RESPONSE;
        let [source, destination] = ends(reading.speakers, reading.direction);
        let on_line = OnLine { zone: reading.speakers.zone, host: source.address, device, master };
        let conversation = reading.speakers.conversation;
        let hears = Asker { host: destination.address, conversation };
        !asks
            && reading.stage.shared.lines.is_for_another(
                reading.speakers.group(),
                on_line,
                hears,
                unasked,
            )
    }

    /// Opens the dialogue of a pair. What waits in one that gives way is told: a flood is known by its number.
    pub(super) fn make_room(&mut self, reading: &mut Reading<'_, '_, '_>, roles: Roles) {
        let Reading { stage, speakers, .. } = reading;
        let open_max = stage.shared.config.dnp3_links_max;
        // The first datagrams of two ports that are heard are the first there are.
        let from_start =
            self.heard_from_start(speakers, roles.asking) || speakers.transport == Transport::Udp;
        if let Some(gone) = self.dialogues.open(roles.pair, from_start, open_max) {
            count(&mut stage.shared.counters.dnp3_links_evicted);
            while let Some(asked) = self.exchange.give_up(gone) {
                self.unanswered(stage, speakers, &asked, stage.time);
            }
        }
    }

    /// A frame that says something of the link only.
    pub(super) fn link(
        &mut self,
        reading: &mut Reading<'_, '_, '_>,
        said: &Said<'_>,
        cut: Option<&[u8]>,
    ) {
        let header = &said.frame.header;
        let record = match cut {
            Some(octets) => Dnp3Record::cut(said.frame, said.transport, octets),
            None => Dnp3Record::link_only(said.frame, said.transport),
        };
        if said.echo {
            overhear(reading, said, record);
            return;
        }
        let mut faults = Faults::NONE;
        let roles = self.roles(reading, said.frame, None, &mut faults);
        faults::link(header, &mut faults);
        if let Some(octets) = cut {
            let octets = u32::try_from(octets.len()).unwrap_or(u32::MAX);
            faults.push(FaultKind::Truncated, octets, 2);
        }
        let Reading { stage, speakers, direction } = reading;
        let (function, by_master) = (header.function(), roles.asking == *direction);
        let (class, effect) = (Class::Link, Effect::Plain);
        let name = effect::link_function(function);
        let hearing = self.hearing(stage, speakers, self.asking.is_some());
        let mut back = None;
        if by_master && effect::is_link_answered(function) && !header.destination.is_broadcast() {
            let mut asked = Asked::new(stage.time, said.place, roles, None);
            (asked.function, asked.class, asked.effect) = (name, class, effect);
            asked.digest = name.code.into();
            self.ask(stage, speakers, asked);
        } else if !by_master && !function.primary {
            let asked = self.exchange.answer((roles.pair, roles.asking), None, true);
            back = asked.map(|asked| asked.back(stage.time));
        }
        let (phase, outcome) = match (by_master, function.primary) {
            (true, true) => (Phase::Request, Outcome::Pending),
            (false, false) => (Phase::Response, Outcome::Success),
            (false, true) => (Phase::Unsolicited, Outcome::Success),
            (true, false) => (Phase::Confirm, Outcome::Success),
        };
        let telling = Telling {
            class,
            effect,
            phase,
            outcome,
            back,
            faults,
            ..Telling::of(stage.time, said.place, *direction, roles, name, hearing)
        };
        tell(stage, speakers, &telling);
        write(stage, speakers, ends(speakers, *direction), said.place, record.answers(back));
    }

    /// Puts a request to those that wait.
    pub(super) fn ask(&mut self, stage: &mut Stage<'_>, speakers: &Speakers, asked: Asked) -> bool {
        let entered = self.exchange.ask(asked, stage.shared.config.pending_max);
        if let Some(gone) = entered.evicted {
            count(&mut stage.shared.counters.pending_evicted);
            self.unanswered(stage, speakers, &gone, stage.time);
        }
        entered.reused
    }

    /// When the patience of the next request is over.
    pub(super) fn deadline(&self, patience_ns: u64) -> Option<Timestamp> {
        self.exchange.deadline(patience_ns)
    }

    /// Tells the requests whose patience is over.
    pub(super) fn expire(&mut self, stage: &mut Stage<'_>, speakers: &Speakers, until: Timestamp) {
        let patience = stage.shared.config.patience.nanos();
        while let Some(asked) = self.exchange.expire(until, patience) {
            let deadline = asked.time.plus_ns(patience).min(stage.time);
            self.unanswered(stage, speakers, &asked, deadline);
        }
    }

    /// Nothing answered a request in time.
    fn unanswered(
        &mut self,
        stage: &mut Stage<'_>,
        speakers: &Speakers,
        asked: &Asked,
        deadline: Timestamp,
    ) {
        let counters = &mut stage.shared.counters;
        let heard = *side(&self.heard, asked.direction.reversed());
        let before = *side(&self.circumstances.answers_heard, asked.direction);
        if asked.excused || !(heard || before) {
            count(&mut counters.unanswered_withheld);
            return;
        }
        count(&mut counters.unanswered);
        let dialogue = self.dialogues.find(asked.pair);
        let begun = dialogue.as_ref().is_some_and(|dialogue| dialogue.paired);
        if let Some(dialogue) = dialogue
            && asked.code == FunctionCode::SELECT
        {
            dialogue.selection.refuse(asked.sequence);
        }
        let named = asked.named();
        let roles = Roles { asking: asked.direction, pair: asked.pair };
        let hearing = self.hearing(stage, speakers, begun);
        let back = Some(Back { frame: asked.place.frame, latency_ns: None });
        let telling = Telling {
            class: asked.class,
            effect: asked.effect,
            phase: Phase::Unanswered,
            runs: named.as_slice(),
            outcome: Outcome::Unanswered,
            back,
            ..Telling::of(deadline, asked.place, asked.direction, roles, asked.function, hearing)
        };
        tell(stage, speakers, &telling);
        let heard_at = core::mem::replace(&mut stage.time, deadline);
        let record = Dnp3Record::unanswered(asked);
        write(stage, speakers, ends(speakers, asked.direction), asked.place, record);
        stage.time = heard_at;
    }
}

/// A line of `decode` for what is only overheard.
fn overhear(reading: &mut Reading<'_, '_, '_>, said: &Said<'_>, record: Dnp3Record<'_>) {
    let Reading { stage, speakers, direction } = reading;
    count(&mut stage.shared.counters.dnp3_overheard);
    write(stage, speakers, ends(speakers, *direction), said.place, record);
}
