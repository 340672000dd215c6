//! What the baseline says of an observation before it is learned.

use core::net::IpAddr;

use gridtap_model::{
    LinkEvent, Message, Observation, Phase, Point, Protocol, Run, Timestamp, What, Zone,
};

use crate::baseline::Baseline;
use crate::key::{Flags, Key, NO_PARENT, commands};
use crate::path::{Code, Path, Range, Role, protocol_has_port};
use crate::tables::{Sight, class_slot, slot};
use crate::verdict::{Access, Declared, LearnedRate, Level, Verdict};
use crate::zone::News;

/// Whether a message says what its master wants: a request, or the answer to one whose direction is not heard.
pub(crate) fn asks(message: &Message<'_>) -> bool {
    match message.phase {
        Phase::Request | Phase::Select | Phase::Operate => true,
        Phase::Response => message.request_frame.is_none() && message.hearing.one_direction,
        Phase::Confirm | Phase::Unsolicited | Phase::Exception | Phase::Unanswered => false,
    }
}

/// Whether a run is commanded by its message, or read.
///
/// Where a message both writes and reads, its runs say which. A command names what it commands even
/// where it carries no values.
pub(crate) fn is_commanded(message: &Message<'_>, run: &Run<'_>) -> bool {
    use gridtap_model::Class;
    run.written
        || matches!(message.class, Class::Command | Class::Configuration)
            && !message.runs.iter().any(|other| other.written)
}

pub(crate) fn role_of(message: &Message<'_>) -> Role {
    Role { device: message.device, master: message.master.address, class: message.class }
}

pub(crate) fn range_of(message: &Message<'_>, run: &Run<'_>) -> Range {
    Range {
        table: run.table.code,
        first: run.first,
        count: u16::try_from(run.count).unwrap_or(u16::MAX),
        written: is_commanded(message, run),
    }
}

/// Client, server and, where it tells what the conversation is about, the server's port.
pub(crate) struct Ends {
    pub(crate) zone: Zone,
    pub(crate) protocol: Protocol,
    pub(crate) client: IpAddr,
    pub(crate) server: IpAddr,
    pub(crate) port: u16,
}

impl Ends {
    pub(crate) const fn path(&self) -> Path {
        let Self { zone, protocol, client, server, port } = *self;
        Path::Conversation { zone, protocol, client, server, port }
    }
}

impl Baseline {
    /// Judges an observation. It teaches nothing: only time passes.
    pub fn judge(&mut self, observation: &Observation<'_>) -> Verdict {
        self.hear(observation.time);
        match &observation.what {
            What::Message(message) => self
                .judge_settled(observation, message)
                .unwrap_or_else(|| self.judge_message(observation, message)),
            What::Link(event) => self.judge_link(observation, *event),
        }
    }

    /// The common case: everything in the message is known without condition.
    #[inline]
    fn judge_settled(
        &self,
        observation: &Observation<'_>,
        message: &Message<'_>,
    ) -> Option<Verdict> {
        let role = role_of(message);
        let mut sight = Sight { role, code: Code::from(message.function), range: None };
        let mut flags = Flags::NONE;
        let mut above = NO_PARENT;
        let mut look = |sight: &Sight| {
            let id = self.tables.exact(sight)?;
            let key = self.tables.key(id)?;
            let absent = observation.time.since_ns(key.last) > self.config.absent_after.nanos();
            if !key.flags.has(Flags::SETTLED) || absent || key.is_provisional() {
                return None;
            }
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
        let pair = self.tables.pair_above(above)?;
        let mut verdict = self.verdict(observation, message);
        verdict.declared = declared_by(flags);
        verdict.armed |= verdict.declared != Declared::Open;
        let (commander, commander_elsewhere) = self.commands(pair, observation.time);
        verdict.access = Access {
            host_known: true,
            peer_known: true,
            conversation_known: true,
            device_known: true,
            master_known: true,
            commander,
            commander_elsewhere,
            class_known: true,
            function_known: true,
            function_known_in_zone: true,
            range_known: true,
            points_new: 0,
            points_new_to_all: 0,
            shared_with_other_master: self.is_shared(pair, message),
        };
        Some(verdict)
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
            key: String::new(),
        }
    }

    pub(crate) fn block_ns(&self) -> u64 {
        self.blocks.block_ns()
    }

    #[cold]
    fn judge_message(&self, observation: &Observation<'_>, message: &Message<'_>) -> Verdict {
        let role = role_of(message);
        let mut verdict = self.judge_role(observation, message, &role);
        if verdict.new_at.is_none() {
            return verdict;
        }
        // A standby that takes its master's place does what that one did.
        for master in self.site.stands_in_for(role.master) {
            let first = self.judge_role(observation, message, &Role { master, ..role });
            if first.new_at.is_none() || first.new_at > verdict.new_at && verdict.new_at.is_some() {
                let Verdict { held, accepted, key, .. } = verdict;
                verdict = Verdict { held, accepted, key, ..first };
            }
        }
        if verdict.new_at.is_none() {
            verdict.key = String::new();
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

    /// What is known of the parties, coarse to fine.
    fn access(&self, role: &Role, code: Code, time: Timestamp, allowed: bool) -> Access {
        let tables = &self.tables;
        let zone = role.device.zone;
        let known =
            |path: &Path| tables.find_path(path).is_some_and(|id| tables.is_known(id, time));
        let host =
            |address| known(&Path::Host { zone, address }) || self.site.has_host(zone, address);
        let ends = ends_of(role);
        let pair = tables.pair_of(role);
        let accesses = pair.and_then(|pair| tables.pairs.get(slot(pair))).map(|pair| pair.accesses);
        let is_access = |id: &u32| *id != NO_PARENT && tables.is_known(*id, time);
        let class_known = accesses
            .and_then(|accesses| accesses.get(class_slot(role.class)).copied())
            .is_some_and(|id| is_access(&id));
        let (commander, commander_elsewhere) = match pair {
            Some(pair) => self.commands(pair, time),
            None => (false, self.commands_at_all(zone, role.master)),
        };
        Access {
            host_known: allowed || host(role.master),
            peer_known: allowed || host(role.device.address),
            conversation_known: allowed || known(&ends.path()),
            device_known: allowed
                || known(&Path::Device(role.device))
                || self.site.has_device(&role.device),
            master_known: allowed
                || accesses.is_some_and(|accesses| accesses.iter().any(is_access)),
            commander: commander || allowed && commands(role.class),
            commander_elsewhere,
            class_known: allowed || class_known,
            function_known: allowed || class_known && known(&Path::Function { role: *role, code }),
            function_known_in_zone: tables.is_function_in_zone(zone, role.device.protocol, code),
            ..Access::default()
        }
    }

    /// Whether the pair's master commands its device, and whether it commands another one.
    fn commands(&self, pair: u32, time: Timestamp) -> (bool, bool) {
        let Some(pair) = self.tables.pairs.get(slot(pair)) else { return (false, false) };
        let command = pair.accesses.get(COMMAND_SLOTS).unwrap_or_default();
        let here = command.iter().any(|id| *id != NO_PARENT && self.tables.is_known(*id, time));
        let commanded = self.tables.hosts.get(slot(pair.master)).map_or(0, |host| host.commanded);
        (here, commanded > u32::from(pair.commands))
    }

    fn commands_at_all(&self, zone: Zone, master: IpAddr) -> bool {
        let host = self.tables.host(zone, master);
        host.and_then(|id| self.tables.hosts.get(slot(id))).is_some_and(|host| host.commanded > 0)
    }

    /// Whether another master commands one of the points that this message commands.
    fn is_shared(&self, pair: u32, message: &Message<'_>) -> bool {
        if !commands(message.class) {
            return false;
        }
        let Some(own) = self.tables.pairs.get(slot(pair)) else { return false };
        self.others(own.device, pair).any(|other| {
            let commanded = message.runs.iter().filter(|run| is_commanded(message, run));
            commanded.into_iter().any(|run| other.touches(run.table.code, run.first, run.count))
        })
    }

    /// What the other masters of a device command.
    fn others(&self, device: u32, pair: u32) -> impl Iterator<Item = &crate::coverage::Coverage> {
        let pairs = self.tables.devices.get(slot(device)).map(|known| known.pairs.as_slice());
        let others = pairs.unwrap_or_default().iter().filter(move |other| **other != pair);
        others.filter_map(|other| self.tables.pairs.get(slot(*other))).map(|other| &other.commanded)
    }

    /// Fills in which points are new. Says whether some of a run's points were known and others not.
    fn judge_points(
        &self,
        role: &Role,
        code: Code,
        message: &Message<'_>,
        time: Timestamp,
        verdict: &mut Verdict,
    ) -> bool {
        let mut partial = false;
        let mut range_known = true;
        let declared = verdict.declared == Declared::Allowed;
        for run in message.runs {
            let range = range_of(message, run);
            let sight = Sight { role: *role, code, range: Some(range) };
            let exact = self.tables.exact(&sight).is_some_and(|id| self.is_role_known(id, time));
            let news = if exact && run.count <= u32::from(u16::MAX) {
                RunNews::default()
            } else {
                self.run_news(role, range.written, run, time, declared)
            };
            range_known &= exact || news.new == 0;
            partial |= news.new > 0 && news.new < run.count;
            let access = &mut verdict.access;
            access.points_new = access.points_new.saturating_add(news.new);
            access.points_new_to_all = access.points_new_to_all.saturating_add(news.new_to_all);
            verdict.first_new_point = verdict.first_new_point.or(news.first);
        }
        let function_known = verdict.access.function_known;
        verdict.access.range_known =
            if message.runs.is_empty() { function_known } else { range_known };
        verdict.access.shared_with_other_master = match self.tables.pair_of(role) {
            Some(pair) => self.is_shared(pair, message),
            None => self.tables.device(&role.device).is_some_and(|device| {
                self.others(device, NO_PARENT).any(|other| {
                    let runs = message.runs.iter().filter(|run| is_commanded(message, run));
                    runs.into_iter().any(|run| other.touches(run.table.code, run.first, run.count))
                })
            }),
        };
        partial
    }

    /// Whether a range is known, and the function and class above it.
    fn is_role_known(&self, id: u32, time: Timestamp) -> bool {
        let mut at = Some(id);
        for _ in 0..3 {
            let Some(key) = at.and_then(|id| self.tables.key(id).map(|key| (id, key))) else {
                break;
            };
            if !self.tables.is_known(key.0, time) {
                return false;
            }
            at = (key.1.kind != crate::key::Kind::Access).then_some(key.1.parent);
        }
        true
    }

    /// Which points of a run this master never accessed so.
    fn run_news(
        &self,
        role: &Role,
        commanded: bool,
        run: &Run<'_>,
        time: Timestamp,
        allowed: bool,
    ) -> RunNews {
        let tables = &self.tables;
        let pair = tables.pair_of(role);
        let own = pair.and_then(|pair| tables.pairs.get(slot(pair)));
        let way = |pair: &crate::tables::Pair, index: u32| {
            let coverage = if commanded { &pair.commanded } else { &pair.read };
            coverage.holds(run.table.code, index, 1)
        };
        let device = tables.device(&role.device).and_then(|id| tables.devices.get(slot(id)));
        let others = device.map(|device| device.pairs.as_slice()).unwrap_or_default();
        let mut news = RunNews::default();
        for point in run.points().take(slot(self.config.points_of_message_max)) {
            if own.is_some_and(|own| way(own, point.index)) {
                continue;
            }
            let path = Path::Point { role: *role, table: run.table.code, index: point.index };
            if commanded && tables.find_path(&path).is_some_and(|id| tables.is_known(id, time)) {
                continue;
            }
            let declared =
                |point| self.site.point(&role.device, point).is_some_and(|p| p.commanded);
            if commanded && allowed && declared(&point) {
                continue;
            }
            news.new = news.new.saturating_add(1);
            news.first = news.first.or(Some(point));
            let other = others.iter().filter_map(|other| tables.pairs.get(slot(*other)));
            if !other.into_iter().any(|other| way(other, point.index)) {
                news.new_to_all = news.new_to_all.saturating_add(1);
            }
        }
        news
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
        verdict.accepted =
            finest().all(|path| id_of(&path).is_some_and(|id| self.tables.is_accepted(id, time)));
        if verdict.new_at.is_some() {
            let coarse = [Path::Access(*role), Path::Function { role: *role, code }];
            let unknown =
                |path: &Path| !id_of(path).is_some_and(|id| self.tables.is_known(id, time));
            let coarsest = coarse.into_iter().chain(finest()).find(|path| unknown(path));
            let key = coarsest.and_then(|path| self.tables.key(id_of(&path)?));
            verdict.held = key.is_some_and(|key| key.flags.has(Flags::HELD));
            let told = finest().find(|path| unknown(path)).or_else(|| finest().next());
            verdict.key = told.map(|path| path.text(&self.tables.names)).unwrap_or_default();
            return;
        }
        let heard = |key: &&Key| key.count > 0;
        for key in finest().filter_map(|path| self.tables.key(id_of(&path)?)).filter(heard) {
            verdict.provisional |= key.is_provisional();
            if time.since_ns(key.last) > self.config.absent_after.nanos() {
                verdict.absent_since = verdict.absent_since.max(Some(key.last));
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
            (Level::Address | Level::Point | Level::Value, true) => News::Point,
            (Level::Address | Level::Point | Level::Value, false) => News::Address,
        };
        self.zone(zone).map_or(LearnedRate::UNHEARD, |zone| zone.rate(news, self.block_ns()))
    }

    #[cold]
    fn judge_link(&self, observation: &Observation<'_>, event: LinkEvent) -> Verdict {
        let (zone, time) = (observation.zone, observation.time);
        let tables = &self.tables;
        let known =
            |path: &Path| tables.find_path(path).is_some_and(|id| tables.is_known(id, time));
        let host =
            |address| known(&Path::Host { zone, address }) || self.site.has_host(zone, address);
        let ends = self.ends(observation, event);
        let conversation = ends.path();
        let access = Access {
            host_known: host(ends.client),
            peer_known: host(ends.server),
            conversation_known: known(&conversation),
            ..Access::default()
        };
        let state = self.zone(zone);
        let new_host = !(access.host_known && access.peer_known);
        let news = if new_host { News::Host } else { News::Conversation };
        let judged = matches!(event, LinkEvent::Opened { .. } | LinkEvent::Attempted);
        let new = judged && (new_host || !access.conversation_known);
        let id = tables.find_path(&conversation);
        let key = id.and_then(|id| tables.key(id));
        Verdict {
            armed: self.judges_in(zone),
            new_at: new.then_some(Level::Flow),
            declared: Declared::Open,
            access,
            first_new_point: None,
            rate: state.map_or(LearnedRate::UNHEARD, |state| state.rate(news, self.block_ns())),
            provisional: !new && key.is_some_and(|key| key.is_provisional()),
            held: new && key.is_some_and(|key| key.flags.has(Flags::HELD)),
            accepted: id.is_some_and(|id| tables.is_accepted(id, time)),
            absent_since: key
                .filter(|key| time.since_ns(key.last) > self.config.absent_after.nanos())
                .map(|key| key.last),
            since: state.map(|state| state.first()),
            key: if new { conversation.text(&tables.names) } else { String::new() },
        }
    }

    /// Who is client and who is server in a link event.
    ///
    /// Without a handshake the sides are guessed: a conversation that is known the other way round is
    /// that one, and otherwise the lower port is the server's.
    pub(crate) fn ends(&self, observation: &Observation<'_>, event: LinkEvent) -> Ends {
        let Observation { zone, protocol, source, destination, .. } = *observation;
        let ends = |client: gridtap_model::Endpoint, server: gridtap_model::Endpoint| Ends {
            zone,
            protocol,
            client: client.address,
            server: server.address,
            port: if protocol_has_port(protocol) { server.port } else { 0 },
        };
        let (forth, back) = (ends(source, destination), ends(destination, source));
        if !matches!(event, LinkEvent::Opened { handshake: false }) {
            return forth;
        }
        let is_there = |ends: &Ends| self.tables.find_path(&ends.path()).is_some();
        if is_there(&forth) || !is_there(&back) && destination.port <= source.port {
            forth
        } else {
            back
        }
    }
}

/// The slots of the classes that command.
const COMMAND_SLOTS: core::ops::RangeInclusive<usize> = 1..=5;

#[derive(Default)]
struct RunNews {
    new: u32,
    new_to_all: u32,
    first: Option<Point>,
}

/// The conversation that a role is spoken in.
pub(crate) const fn ends_of(role: &Role) -> Ends {
    Ends {
        zone: role.device.zone,
        protocol: role.device.protocol,
        client: role.master,
        server: role.device.address,
        port: 0,
    }
}

/// The finest keys of a message: a point where one is commanded, else the range, else the function.
fn finest<'a>(
    role: &'a Role,
    code: Code,
    message: &'a Message<'a>,
) -> impl Iterator<Item = Path> + 'a {
    let bare = message.runs.is_empty().then_some(Path::Function { role: *role, code });
    let runs = message.runs.iter().map(move |run| {
        let range = range_of(message, run);
        if range.written && range.count == 1 {
            Path::Point { role: *role, table: range.table, index: range.first }
        } else {
            Path::Address { role: *role, code, range }
        }
    });
    bare.into_iter().chain(runs)
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
