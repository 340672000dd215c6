//! What the baseline says of an observation before it is learned.

mod link;
mod parties;
mod points;

use gridtap_model::{LinkEvent, Message, Observation, Timestamp, What, Zone};

use crate::baseline::Baseline;
use crate::key::{Flags, NO_PARENT, commands};
use crate::message::{asks, finest, range_of, role_of};
use crate::path::{Code, Path, Role};
use crate::tables::Sight;
use crate::verdict::{Access, Declared, LearnedRate, Level, NewKey, Verdict};
use crate::zone::News;

/// How many requests are remembered by their place: a master asks its devices for the same few things, over and over.
pub(crate) const HINTS: usize = 1024;

/// A request that was asked before, with its last key: one that is asked again is known by what it is, and nothing of
/// what is above it needs to be looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hint {
    sight: Sight,
    id: u32,
}

/// Where the key of a request is remembered that is probably asked again. That it is this one is looked at each time.
fn place_of_hint(observation: &Observation<'_>, sight: &Sight) -> usize {
    let (table, first) = sight.range.map_or((0, 0), |range| (range.table, range.first));
    let asked = u64::from(sight.code.code) << 48 | u64::from(table) << 32 | u64::from(first);
    let of = observation.conversation.0.rotate_left(32);
    let [high, low, ..] = (of ^ asked).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
    usize::from(u16::from_be_bytes([high, low])) % HINTS
}

/// What is known of all that a message names: its last key, with its properties.
#[derive(Clone, Copy)]
struct Settled {
    id: u32,
    flags: Flags,
    /// Something of it was heard in one block only.
    provisional: bool,
}

impl Baseline {
    /// Keys have other numbers from now on.
    pub(crate) fn forget_hints(&mut self) {
        self.hints.fill(None);
        self.at_hand = NO_PARENT;
    }

    /// Judges an observation. It teaches nothing: only time passes.
    pub fn judge(&mut self, observation: &Observation<'_>) -> Verdict {
        self.hear(observation.time);
        match &observation.what {
            What::Message(message) => {
                let mut hints = core::mem::take(&mut self.hints);
                let settled = self.judge_settled(observation, message, &mut hints);
                self.hints = hints;
                match settled {
                    Some((id, verdict)) => {
                        self.hint = id;
                        self.at_hand = id;
                        verdict
                    }
                    None => {
                        self.at_hand = NO_PARENT;
                        self.judge_message(observation, message)
                    }
                }
            }
            What::Link(event) => self.judge_link(observation, *event),
            // No conversation of its own: what was begun between the same two is known, or not.
            What::Network(_) => self.judge_link(observation, LinkEvent::Begun),
        }
    }

    /// The same of a message that is known at every level, where nothing else is asked: what the site file says of it.
    /// None where it is not known.
    #[inline]
    pub fn recognise(
        &mut self,
        observation: &Observation<'_>,
        message: &Message<'_>,
    ) -> Option<Declared> {
        self.hear(observation.time);
        let mut hints = core::mem::take(&mut self.hints);
        let settled = self.settled(observation, message, &mut hints);
        self.hints = hints;
        let Settled { id, flags, .. } = settled?;
        self.hint = id;
        self.at_hand = id;
        Some(declared_by(flags))
    }

    /// The common case: everything in the message is known without condition. Says also the last of its keys.
    #[inline]
    fn judge_settled(
        &self,
        observation: &Observation<'_>,
        message: &Message<'_>,
        hints: &mut [Option<Hint>],
    ) -> Option<(u32, Verdict)> {
        let Settled { id, flags, provisional } = self.settled(observation, message, hints)?;
        let pair = self.tables.pair_above(id)?;
        let mut verdict = self.verdict(observation, message);
        verdict.provisional = provisional;
        verdict.declared = declared_by(flags);
        verdict.armed |= verdict.declared != Declared::Open;
        // What is known may have been accepted for how it is used: in which conversation, or without a select.
        if commands(message.class) && !self.tables.acceptances.is_empty() {
            let (role, code) = (role_of(message), Code::from(message.function));
            verdict.accepted = verdict.declared != Declared::Forbidden
                && self.are_accepted(finest(&role, code, message), observation.time);
        }
        let standing = self.standing(pair, observation.time);
        verdict.access = Access {
            host_known: true,
            peer_known: true,
            conversation_known: true,
            device_known: true,
            device_new: false,
            class_elsewhere: false,
            master_known: true,
            commander: standing.commander,
            commander_elsewhere: standing.commander_elsewhere,
            operator: standing.operator,
            operator_elsewhere: standing.operator_elsewhere,
            class_known: true,
            function_known: true,
            function_known_in_zone: true,
            range_known: true,
            points_new: 0,
            points_new_to_all: 0,
            shared_with_other_master: self.is_shared(pair, message),
        };
        Some((id, verdict))
    }

    /// The keys of a message that is known without condition.
    #[inline]
    fn settled(
        &self,
        observation: &Observation<'_>,
        message: &Message<'_>,
        hints: &mut [Option<Hint>],
    ) -> Option<Settled> {
        let role = role_of(message);
        let command = commands(message.class);
        let mut sight = Sight { role, code: Code::from(message.function), range: None };
        let mut flags = Flags::NONE;
        let mut above = NO_PARENT;
        let mut provisional = false;
        let mut look = |sight: &Sight| {
            let hint = hints.get_mut(place_of_hint(observation, sight))?;
            let id = match hint {
                Some(hint) if hint.sight == *sight => hint.id,
                _ => {
                    let id = self.tables.exact(sight)?;
                    *hint = Some(Hint { sight: *sight, id });
                    id
                }
            };
            let key = self.tables.key(id)?;
            let absent = observation.time.since_ns(key.last) > self.config.absent_after.nanos();
            // Of a command the points tell how often it was heard, and those are looked at one by one.
            if !key.flags.has(Flags::SETTLED) || absent || command && key.is_provisional() {
                return None;
            }
            provisional |= key.is_provisional();
            flags = key.flags;
            above = id;
            Some(())
        };
        if message.runs.is_empty() {
            look(&sight)?;
        }
        for run in message.runs {
            sight.range = Some(range_of(message, run));
            look(&sight)?;
        }
        Some(Settled { id: above, flags, provisional })
    }

    /// A verdict that says nothing yet but how the zone stands.
    fn verdict(&self, observation: &Observation<'_>, message: &Message<'_>) -> Verdict {
        let zone = self.zone(observation.zone);
        let series =
            if commands(message.class) { News::FunctionCommand } else { News::FunctionRead };
        Verdict {
            armed: self.judges_in(observation.zone),
            new_at: None,
            declared: Declared::Open,
            access: Access::default(),
            first_new_point: None,
            rate: zone.map_or(LearnedRate::UNHEARD, |zone| zone.rate(series, self.block_ns())),
            provisional: false,
            held: false,
            accepted: false,
            absent_since: None,
            since: zone.map(|zone| zone.first()),
            key: None,
        }
    }

    pub(crate) fn block_ns(&self) -> u64 {
        self.blocks.block_ns()
    }

    #[cold]
    fn judge_message(&self, observation: &Observation<'_>, message: &Message<'_>) -> Verdict {
        let role = role_of(message);
        let mut verdict = self.judge_role(observation, message, &role);
        if verdict.new_at.is_none() && !verdict.provisional && verdict.absent_since.is_none() {
            return verdict;
        }
        // A standby that takes its master's place does what that one did, the second time as the first.
        for master in self.site.stands_in_for(role.master) {
            let first = self.judge_role(observation, message, &Role { master, ..role });
            if verdict.new_at.is_none() && first.new_at.is_none() {
                verdict.provisional &= first.provisional;
                verdict.absent_since = verdict.absent_since.min(first.absent_since);
            } else if first.new_at.is_none()
                || first.new_at > verdict.new_at && verdict.new_at.is_some()
            {
                let Verdict { held, accepted, key, .. } = verdict;
                verdict = Verdict { held, accepted, key, ..first };
            }
        }
        if verdict.new_at.is_none() {
            verdict.key = None;
        }
        verdict
    }

    /// Judges a message as that of one master.
    fn judge_role(
        &self,
        observation: &Observation<'_>,
        message: &Message<'_>,
        role: &Role,
    ) -> Verdict {
        let time = observation.time;
        let code = Code::from(message.function);
        let mut verdict = self.verdict(observation, message);
        verdict.declared = self.site.declared(role, code, message.function.name);
        verdict.armed |= verdict.declared != Declared::Open;
        verdict.access = self.access(role, code, time, verdict.declared == Declared::Allowed);
        let partial = self.judge_points(role, code, message, time, &mut verdict);
        if asks(message) {
            verdict.new_at = level_of_news(&verdict.access, message, partial);
        }
        self.judge_keys(role, code, message, time, &mut verdict);
        if let Some(level) = verdict.new_at {
            verdict.rate = self.rate_of(observation.zone, level, message);
        }
        verdict
    }

    /// Whether somebody accepted each of these keys, and that holds.
    fn are_accepted(&self, mut paths: impl Iterator<Item = Path>, time: Timestamp) -> bool {
        let id_of = |path: &Path| self.tables.find_path(path);
        paths.all(|path| id_of(&path).is_some_and(|id| self.tables.is_accepted(id, time)))
    }

    /// Fills in what stands against the keys: held, accepted, provisional, long absent, and the key's text.
    fn judge_keys(
        &self,
        role: &Role,
        code: Code,
        message: &Message<'_>,
        time: Timestamp,
        verdict: &mut Verdict,
    ) {
        let finest = || finest(role, code, message);
        let id_of = |path: &Path| self.tables.find_path(path);
        // Whoever writes the site file decides for the site: what it forbids no acceptance of one key allows.
        verdict.accepted =
            verdict.declared != Declared::Forbidden && self.are_accepted(finest(), time);
        if verdict.new_at.is_some() {
            let coarse = [Path::Access(*role), Path::Function { role: *role, code }];
            let unknown =
                |path: &Path| !id_of(path).is_some_and(|id| self.tables.is_known(id, time));
            let coarsest = coarse.into_iter().chain(finest()).find(|path| unknown(path));
            let key = coarsest.and_then(|path| self.tables.key(id_of(&path)?));
            verdict.held = key.is_some_and(|key| key.flags.has(Flags::HELD));
            let told = finest().find(|path| unknown(path)).or_else(|| finest().next());
            verdict.key = told.map(NewKey);
            return;
        }
        self.judge_history(role, code, message, time, verdict);
    }

    /// Fills in how long and how often what is known was heard. Of a command the points tell, of
    /// anything else the exact request.
    fn judge_history(
        &self,
        role: &Role,
        code: Code,
        message: &Message<'_>,
        time: Timestamp,
        verdict: &mut Verdict,
    ) {
        let mut look = |path: Path| {
            let id = self.tables.find_path(&path);
            let Some(key) = id.and_then(|id| self.tables.key(id)).filter(|key| key.count > 0)
            else {
                return;
            };
            verdict.provisional |= key.is_provisional();
            if time.since_ns(key.last) > self.config.absent_after.nanos() {
                verdict.absent_since = verdict.absent_since.max(Some(key.last));
            }
        };
        for path in finest(role, code, message) {
            match path {
                Path::Address { range, .. } if range.written => {
                    for offset in 0..u32::from(range.count).min(self.config.points_of_message_max) {
                        let index = range.first.saturating_add(offset);
                        look(Path::Point { role: *role, table: range.table, index });
                    }
                }
                other => look(other),
            }
        }
    }

    /// The rate of the kind of news that this is.
    fn rate_of(&self, zone: Zone, level: Level, message: &Message<'_>) -> LearnedRate {
        let command = commands(message.class);
        let news = match (level, command) {
            (Level::Flow, true) => News::AccessCommand,
            (Level::Flow, false) => News::AccessRead,
            (Level::Function, true) => News::FunctionCommand,
            (Level::Function, false) => News::FunctionRead,
            (_, true) => {
                let written = message.runs.iter().find(|run| run.written);
                written.map_or(News::Point, |run| News::of_point(run.table.code))
            }
            (_, false) => News::Address,
        };
        self.zone(zone).map_or(LearnedRate::UNHEARD, |zone| zone.rate(news, self.block_ns()))
    }
}

fn level_of_news(access: &Access, message: &Message<'_>, partial: bool) -> Option<Level> {
    let parties = access.host_known && access.peer_known && access.conversation_known;
    if !(parties && access.device_known && access.class_known) {
        return Some(Level::Flow);
    }
    if !access.function_known {
        return Some(Level::Function);
    }
    if access.range_known {
        return None;
    }
    let single = message.runs.iter().all(|run| run.count == 1);
    Some(if commands(message.class) && (single || partial) { Level::Point } else { Level::Address })
}

pub(crate) fn declared_by(flags: Flags) -> Declared {
    if flags.has(Flags::FORBIDDEN) {
        Declared::Forbidden
    } else if flags.has(Flags::ALLOWED) {
        Declared::Allowed
    } else {
        Declared::Open
    }
}
