//! What an observation teaches.

mod news;

use gridtap_model::{LinkEvent, Message, Observation, Timestamp, What, Zone};

use crate::baseline::Baseline;
use crate::key::{Flags, Kind, NO_PARENT, commands};
use crate::message::{answers, asks, is_commanded, range_of, role_of};
use crate::path::Code;
use crate::tables::{Sight, Tables, point_detail, slot, table_of_point};
use crate::verdict::{Declared, Verdict};
use crate::zone::News;

/// What holds for every key of one observation.
#[derive(Clone, Copy)]
struct Lesson {
    time: Timestamp,
    zone: Zone,
    /// The zone's place in the list, and the ordinal of its running block.
    slot: usize,
    block: u32,
    /// How long a block is.
    block_ns: u64,
    /// What is new is held back: it alarmed, or hangs under something that did.
    hold: bool,
    /// It hangs under parties that are held back themselves.
    stranger: bool,
}

impl Lesson {
    const fn held_if(self, held: bool) -> Self {
        Self { hold: self.hold || held, ..self }
    }
}

impl Baseline {
    /// Learns an observation, or holds back what is new in it when it alarmed for being new.
    pub fn learn(&mut self, observation: &Observation<'_>, verdict: &Verdict, alarmed: bool) {
        if let What::Message(message) = &observation.what
            && !alarmed
        {
            self.pace(observation, message);
        }
        if self.is_idle(verdict, alarmed) {
            return;
        }
        self.hear(observation.time);
        let lesson = Lesson { hold: alarmed, ..self.lesson(observation) };
        match &observation.what {
            What::Message(message) => {
                if !self.learn_settled(message, lesson) {
                    self.make_room(message.runs, lesson.time);
                    // An acceptance is for the exact tuple: what is coarser and new stays held back.
                    let coarser = verdict.accepted && verdict.new_at.is_some();
                    self.learn_message(message, verdict.declared, lesson.held_if(coarser));
                }
            }
            What::Link(event @ (LinkEvent::Opened { .. } | LinkEvent::Attempted { .. })) => {
                self.make_room(&[], lesson.time);
                self.learn_link(observation, *event, lesson);
            }
            What::Link(_) | What::Network(_) => {}
        }
    }

    /// Learns a message that was just recognised.
    pub fn learn_again(
        &mut self,
        observation: &Observation<'_>,
        message: &Message<'_>,
        declared: Declared,
    ) {
        self.pace(observation, message);
        if self.repeated {
            return;
        }
        let lesson = self.lesson(observation);
        if !self.learn_settled(message, lesson) {
            self.make_room(message.runs, lesson.time);
            self.learn_message(message, declared, lesson);
        }
    }

    /// Learns from an answer that its device is there.
    pub(crate) fn learn_answer(&mut self, observation: &Observation<'_>, message: &Message<'_>) {
        let lesson = self.lesson(observation);
        self.answering = NO_PARENT;
        if !self.learn_settled(message, lesson) {
            self.make_room(message.runs, lesson.time);
            self.learn_message(message, Declared::Open, lesson);
        }
        self.answer_took(observation, message, lesson.block);
    }

    fn lesson(&mut self, observation: &Observation<'_>) -> Lesson {
        let slot = self.zone_slot(observation.zone, observation.time);
        let block = match self.zones.get_mut(slot) {
            Some(zone) => {
                zone.hear(observation.time);
                zone.blocks
            }
            None => 0,
        };
        Lesson {
            time: observation.time,
            zone: observation.zone,
            slot,
            block,
            block_ns: self.block_ns(),
            hold: false,
            stranger: false,
        }
    }

    /// The common case: all keys are there, and are counted.
    #[inline]
    fn learn_settled(&mut self, message: &Message<'_>, lesson: Lesson) -> bool {
        let role = role_of(message);
        let mut sight = Sight { role, code: Code::from(message.function), range: None };
        let hint = self.hint;
        let settled = |tables: &Tables, sight: &Sight| {
            let id = tables.exact_near(sight, hint)?;
            tables.key(id)?.flags.has(Flags::SETTLED).then_some(id)
        };
        let mut id = NO_PARENT;
        if message.runs.is_empty() {
            let Some(known) = settled(&self.tables, &sight) else { return false };
            id = known;
        }
        for run in message.runs {
            sight.range = Some(range_of(message, run));
            let Some(known) = settled(&self.tables, &sight) else { return false };
            id = known;
        }
        let function = match self.tables.key(id) {
            Some(key) if key.kind != Kind::Function => key.parent,
            _ => id,
        };
        let Some(access) = self.tables.key(function).map(|key| key.parent) else { return false };
        let Some(pair) = self.tables.key(access).map(|key| key.parent) else { return false };
        if asks(message) {
            match message.runs {
                [] => {}
                [_] => self.touch(id, lesson),
                runs => {
                    for run in runs {
                        sight.range = Some(range_of(message, run));
                        self.touch(self.tables.exact(&sight).unwrap_or(NO_PARENT), lesson);
                    }
                }
            }
            self.touch(function, lesson);
            self.touch(access, lesson);
            if commands(message.class) {
                self.touch_points(message, access, lesson);
            }
        }
        if answers(message) {
            self.mark_answered(pair);
        }
        self.touch_parties(pair, lesson);
        true
    }

    /// Counts the hosts, the device and the conversation of a pair.
    fn touch_parties(&mut self, pair: u32, lesson: Lesson) {
        let Some(pair) = self.tables.pairs.get(slot(pair)) else { return };
        let conversation = pair.conversation;
        let master = self.tables.hosts.get(slot(pair.master)).map_or(NO_PARENT, |host| host.key);
        let device = self.tables.devices.get(slot(pair.device));
        let host = device.and_then(|known| self.tables.hosts.get(slot(known.host)));
        let host = host.map_or(NO_PARENT, |host| host.key);
        let device = device.map_or(NO_PARENT, |known| known.key);
        self.answering = device;
        for id in [conversation, master, device, host] {
            self.touch(id, lesson);
        }
    }

    fn mark_answered(&mut self, pair: u32) {
        let device = self.tables.pairs.get(slot(pair)).map_or(NO_PARENT, |pair| pair.device);
        let key = self.tables.devices.get(slot(device)).map_or(NO_PARENT, |known| known.key);
        if let Some(key) = self.tables.key_mut(key) {
            key.flags = key.flags.with(Flags::ANSWERED);
        }
    }

    fn touch_points(&mut self, message: &Message<'_>, access: u32, lesson: Lesson) {
        for run in message.runs.iter().filter(|run| is_commanded(message, run)) {
            for point in run.points().take(slot(self.config.points_of_message_max)) {
                let detail = point_detail(point.table.code, point.index);
                let Some(id) = self.tables.find(Kind::Point, access, detail) else { continue };
                self.touch(id, lesson);
                if let Some(value) = point.value {
                    self.tables.values.insert(id, value);
                }
            }
        }
    }

    /// Counts one hearing of a key.
    #[inline]
    fn touch(&mut self, id: u32, lesson: Lesson) {
        let Some(key) = self.tables.key_mut(id) else { return };
        key.count = key.count.saturating_add(1);
        key.last = key.last.max(lesson.time);
        key.first = key.first.min(lesson.time);
        // What comes again sooner than a block is long is the same occasion, though a block ended in between: a breaker is
        // opened, and closed ten minutes later.
        let is_same = || key.blocks == 1 && lesson.time.since_ns(key.first) < lesson.block_ns;
        if key.block != lesson.block && !is_same() {
            let first = key.block;
            key.block = lesson.block;
            key.blocks = key.blocks.saturating_add(1);
            if key.blocks == 2 && key.flags.has(Flags::NEWS) {
                let news = news_of(key.kind, key.flags, key.detail);
                if let (Some(news), Some(zone)) = (news, self.zones.get_mut(lesson.slot)) {
                    zone.heard_again(news, first);
                }
            }
        }
        if !key.flags.has(Flags::DIRTY) {
            key.flags = key.flags.with(Flags::DIRTY);
            self.dirty.push(id);
        }
    }

    /// The key of this, counted once more; made where it is new.
    fn ensure(
        &mut self,
        kind: Kind,
        parent: u32,
        detail: u64,
        group: Flags,
        news: Option<News>,
        lesson: Lesson,
    ) -> Option<u32> {
        if let Some(id) = self.tables.there(kind, parent, detail) {
            if !lesson.hold {
                self.promote(id, news, lesson);
            }
            self.touch(id, lesson);
            return Some(id);
        }
        if self.is_full(kind)
            || lesson.hold && !self.may_hold(lesson.stranger || is_of_parties(kind))
        {
            self.refuse();
            return None;
        }
        let id = self.tables.insert(kind, parent, detail, lesson.time);
        if let Some(key) = self.tables.key_mut(id) {
            key.flags = key.flags.with(group);
        }
        if lesson.hold {
            self.tables.hold(id);
        } else {
            self.known(id, news, lesson);
        }
        self.mark_fresh(id);
        self.touch(id, lesson);
        Some(id)
    }

    fn refuse(&mut self) {
        self.counters.keys_refused = self.counters.keys_refused.saturating_add(1);
    }

    /// What was only attempted so far has now really been heard.
    fn promote(&mut self, id: u32, news: Option<News>, lesson: Lesson) {
        let Some(key) = self.tables.key_mut(id) else { return };
        if key.flags.has(Flags::ATTEMPTED) {
            key.flags = key.flags.without(Flags::ATTEMPTED);
            if !key.flags.has(Flags::HELD) {
                let news = news.filter(|_| key.blocks == 1 && key.block == lesson.block);
                self.known(id, news, lesson);
            }
            self.mark_fresh(id);
        }
    }

    /// Enters a key that has become known where known keys are counted.
    fn known(&mut self, id: u32, news: Option<News>, lesson: Lesson) {
        if let Some(news) = news {
            if let Some(key) = self.tables.key_mut(id) {
                key.flags = key.flags.with(Flags::NEWS);
            }
            if let Some(zone) = self.zones.get_mut(lesson.slot) {
                zone.learned(news);
            }
        }
        if let Some(path) = self.tables.path(id) {
            self.tables.count_known(&path);
        }
    }

    /// Whether there is room for one more key that is held back. It alarms again without being remembered, so
    /// that nothing is missed where there is none.
    fn may_hold(&self, parties: bool) -> bool {
        let most = self.config.held_max;
        self.tables.held < if parties { most.div_ceil(2) } else { most }
    }

    /// Whether no more keys of a kind may be remembered.
    fn is_full(&self, kind: Kind) -> bool {
        let points = kind == Kind::Point && self.tables.points >= self.config.points_max;
        points || self.tables.keys.len() >= slot(self.config.keys_max)
    }
}

/// Whether a key tells who speaks with whom: what a stranger makes. The others hang under parties that are known.
const fn is_of_parties(kind: Kind) -> bool {
    matches!(kind, Kind::Host | Kind::Device | Kind::Conversation | Kind::Access)
}

/// The series that a key's news belongs to.
pub(crate) fn news_of(kind: Kind, flags: Flags, detail: u64) -> Option<News> {
    let command = flags.has(Flags::COMMAND);
    match kind {
        Kind::Host => Some(News::Host),
        Kind::Conversation => Some(News::Conversation),
        Kind::Access if command => Some(News::AccessCommand),
        Kind::Access => Some(News::AccessRead),
        Kind::Function if command => Some(News::FunctionCommand),
        Kind::Function => Some(News::FunctionRead),
        Kind::Read => Some(News::Address),
        Kind::Point => Some(News::of_point(table_of_point(detail))),
        Kind::Device | Kind::Written => None,
    }
}
