//! What is new in an observation: keys are made, held back, settled.

use core::net::IpAddr;

use gridtap_model::{LinkEvent, Message, Observation, Run, Table};

use super::Lesson;
use crate::baseline::Baseline;
use crate::key::{Flags, Kind, NO_PARENT, commands};
use crate::message::{answers, asks, ends_of, range_of, role_of};
use crate::path::{Code, Role};
use crate::tables::{
    class_detail, class_slot, code_detail, conversation_detail, point_detail, range_detail, slot,
};
use crate::verdict::Declared;
use crate::zone::News;

impl Baseline {
    #[cold]
    pub(super) fn learn_message(
        &mut self,
        message: &Message<'_>,
        declared: Declared,
        lesson: Lesson,
    ) {
        let role = role_of(message);
        let parties = match self.tables.pair_of(&role) {
            // An answer teaches no more about the parties than its request was allowed to.
            Some(pair) if !asks(message) => lesson.held_if(self.is_access_held(pair, message)),
            // Nor does one whose request left no trace, or was never heard.
            None if !asks(message) && self.judges_in(lesson.zone) => return,
            None if lesson.hold && !self.may_hold(true) => {
                self.refuse();
                return;
            }
            _ => lesson,
        };
        let Some(pair) = self.learn_parties(&role, parties) else { return };
        if answers(message) {
            self.mark_answered(pair);
        }
        if !asks(message) {
            return;
        }
        let command = commands(message.class);
        let group = if command { Flags::COMMAND } else { Flags::NONE };
        let news = Some(if command { News::AccessCommand } else { News::AccessRead });
        let access = self.ensure(Kind::Access, pair, class_detail(role.class), group, news, lesson);
        let Some(access) = access else { return };
        let held = !self.tables.is_known(access, lesson.time);
        let lesson = Lesson { stranger: held, ..lesson.held_if(held) };
        let code = Code::from(message.function);
        self.tables.names.add(role.device.protocol, code, message.function.name);
        let news = Some(if command { News::FunctionCommand } else { News::FunctionRead });
        let detail = code_detail(code);
        let function = self.ensure(Kind::Function, access, detail, group, news, lesson);
        let Some(function) = function else { return };
        self.declare(function, declared);
        self.settle(function, pair);
        let lesson = lesson.held_if(!self.tables.is_known(function, lesson.time));
        let mut first_point = true;
        for run in message.runs {
            let range = range_of(message, run);
            let kind = if range.written { Kind::Written } else { Kind::Read };
            let covered = self.is_covered(pair, range.written, run);
            let news = (!range.written && !covered).then_some(News::Address);
            let detail = range_detail(range);
            let Some(id) = self.ensure(kind, function, detail, group, news, lesson) else {
                continue;
            };
            if run.table == Table::FILE
                && let Some(name) = message.file.and_then(|file| file.name)
            {
                self.tables.names.add_file(run.first, name);
            }
            self.declare(id, declared);
            if range.written {
                self.learn_points(access, run, &mut first_point, lesson);
            }
            if self.tables.is_known(id, lesson.time) {
                self.cover(pair, range.written, run);
                self.settle(id, pair);
            }
        }
    }

    fn is_access_held(&self, pair: u32, message: &Message<'_>) -> bool {
        let access = self.tables.pairs.get(slot(pair));
        access
            .and_then(|pair| pair.accesses.get(class_slot(message.class)))
            .and_then(|id| self.tables.key(*id))
            .is_some_and(|key| key.flags.has(Flags::HELD))
    }

    /// Learns the hosts, the device and their conversation.
    fn learn_parties(&mut self, role: &Role, lesson: Lesson) -> Option<u32> {
        let ends = ends_of(role);
        let master = self.learn_host(ends.client, lesson)?;
        let server = self.learn_host(ends.server, lesson)?;
        let full = self.tables.devices.len() >= slot(self.config.devices_max);
        if full && self.tables.device(&role.device).is_none() {
            self.refuse();
            return None;
        }
        let device = self.tables.intern_device(&role.device);
        let id = u64::from(device);
        self.ensure(Kind::Device, server, id, Flags::NONE, None, lesson)?;
        let detail = conversation_detail(server, ends.protocol, ends.port);
        let news = Some(News::Conversation);
        let conversation =
            self.ensure(Kind::Conversation, master, detail, Flags::NONE, news, lesson)?;
        let pair = self.tables.intern_pair(master, device);
        if let Some(known) = self.tables.pairs.get_mut(slot(pair)) {
            known.conversation = conversation;
        }
        Some(pair)
    }

    fn learn_host(&mut self, address: IpAddr, lesson: Lesson) -> Option<u32> {
        let host = self.room_for_host(address, lesson)?;
        let news = Some(News::Host);
        self.ensure(Kind::Host, NO_PARENT, u64::from(host), Flags::NONE, news, lesson)?;
        Some(host)
    }

    /// The host at an address, where it is remembered or may be.
    fn room_for_host(&mut self, address: IpAddr, lesson: Lesson) -> Option<u32> {
        let full = self.tables.hosts.len() >= slot(self.config.hosts_max);
        if full && self.tables.host(lesson.zone, address).is_none() {
            self.refuse();
            return None;
        }
        Some(self.tables.intern_host(lesson.zone, address))
    }

    /// Learns the points that a run commands. The first new one stands for the whole request among the
    /// news, so that one request is one piece of news however many points it names.
    fn learn_points(&mut self, access: u32, run: &Run<'_>, first: &mut bool, lesson: Lesson) {
        for point in run.points().take(slot(self.config.points_of_message_max)) {
            let detail = point_detail(point.table.code, point.index);
            let before = self.tables.keys.len();
            // A range that is held back stands for its points; a single point stands for itself.
            if lesson.hold && run.count > 1 {
                if let Some(id) = self.tables.find(Kind::Point, access, detail) {
                    self.touch(id, lesson);
                }
                continue;
            }
            let news = first.then_some(News::of_point(point.table.code));
            let id = self.ensure(Kind::Point, access, detail, Flags::COMMAND, news, lesson);
            if self.tables.keys.len() > before {
                *first = false;
            }
            if let (Some(id), Some(value)) = (id, point.value) {
                self.tables.values.insert(id, value);
            }
        }
    }

    fn is_covered(&self, pair: u32, written: bool, run: &Run<'_>) -> bool {
        let Some(pair) = self.tables.pairs.get(slot(pair)) else { return false };
        let coverage = if written { &pair.commanded } else { &pair.read };
        coverage.holds(run.table.code, run.first, run.count)
    }

    fn cover(&mut self, pair: u32, written: bool, run: &Run<'_>) {
        self.tables.meet(pair);
        let Some(pair) = self.tables.pairs.get_mut(slot(pair)) else { return };
        let coverage = if written { &mut pair.commanded } else { &mut pair.read };
        coverage.add(run.table.code, run.first, run.count);
    }

    pub(crate) fn declare(&mut self, id: u32, declared: Declared) {
        let Some(key) = self.tables.key_mut(id) else { return };
        let flags = key.flags.without(Flags::ALLOWED.with(Flags::FORBIDDEN));
        key.flags = match declared {
            Declared::Open => flags,
            Declared::Allowed => flags.with(Flags::ALLOWED),
            Declared::Forbidden => flags.with(Flags::FORBIDDEN),
        };
    }

    /// Marks a key as needing no look at what is above it, where that is so.
    pub(crate) fn settle(&mut self, id: u32, pair: u32) {
        let tables = &self.tables;
        let plain = |id: u32| tables.key(id).is_some_and(|key| key.is_plain());
        let Some(pair) = tables.pairs.get(slot(pair)) else { return };
        let host = |id: u32| tables.hosts.get(slot(id)).is_some_and(|host| plain(host.key));
        let Some(device) = tables.devices.get(slot(pair.device)) else { return };
        let parties =
            plain(pair.conversation) && plain(device.key) && host(device.host) && host(pair.master);
        let mut at = id;
        for _ in 0..3 {
            let Some(key) = tables.key(at) else { return };
            if !key.is_plain() {
                return;
            }
            if key.kind == Kind::Access {
                break;
            }
            at = key.parent;
        }
        if !parties {
            return;
        }
        if let Some(key) = self.tables.key_mut(id) {
            key.flags = key.flags.with(Flags::SETTLED);
        }
    }

    #[cold]
    pub(super) fn learn_link(
        &mut self,
        observation: &Observation<'_>,
        event: LinkEvent,
        lesson: Lesson,
    ) {
        // Of a protocol whose messages are judged the messages teach, after they were judged.
        let decoded = observation.protocol.is_judged();
        let attempted = matches!(event, LinkEvent::Attempted { .. });
        if decoded && !attempted {
            return;
        }
        let ends = self.ends(observation, event);
        let before = self.tables.keys.len();
        // An attempt is no evidence that anyone is there: it is held back until a second block.
        let quiet = Lesson { hold: lesson.hold || attempted, ..lesson };
        let client = self.learn_host(ends.client, quiet);
        let server = if is_host(ends.server) {
            self.learn_host(ends.server, quiet)
        } else {
            self.room_for_host(ends.server, lesson)
        };
        let (Some(client), Some(server)) = (client, server) else { return };
        let detail = conversation_detail(server, ends.protocol, ends.port);
        let news = Some(News::Conversation);
        self.ensure(Kind::Conversation, client, detail, Flags::NONE, news, quiet);
        if attempted && !lesson.hold {
            for id in before..self.tables.keys.len() {
                let id = u32::try_from(id).unwrap_or(NO_PARENT);
                self.tables.release(id);
                if let Some(key) = self.tables.key_mut(id) {
                    key.flags = key.flags.with(Flags::ATTEMPTED);
                }
            }
        }
    }
}

/// Whether an address is that of one host.
fn is_host(address: IpAddr) -> bool {
    let broadcast = matches!(address, IpAddr::V4(address) if address.is_broadcast());
    !address.is_multicast() && !address.is_unspecified() && !broadcast
}
