//! How one master stands to one device.

use core::net::IpAddr;

use gridtap_model::{Class, Message, Timestamp, Zone};

use crate::baseline::Baseline;
use crate::coverage::Coverage;
use crate::key::{NO_PARENT, commands, operates};
use crate::message::{ends_of, is_commanded};
use crate::path::{Code, Path, Role};
use crate::tables::{class_slot, slot};
use crate::verdict::Access;

/// The slots of the classes that command.
const COMMAND_SLOTS: core::ops::RangeInclusive<usize> = 1..=5;

/// How many of a master's devices are looked at for what it does elsewhere, those that it met first: whoever asks one
/// device after the other must not make each of his requests dearer than the one before.
const ELSEWHERE_MAX: usize = 128;

/// What a master is known to do beyond reading: to one device, and to another one of the zone.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Standing {
    pub(super) commander: bool,
    pub(super) commander_elsewhere: bool,
    pub(super) operator: bool,
    pub(super) operator_elsewhere: bool,
}

impl Baseline {
    /// What is known of the parties, coarse to fine.
    pub(super) fn access(&self, role: &Role, code: Code, time: Timestamp, allowed: bool) -> Access {
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
        let standing = match pair {
            Some(pair) => self.standing(pair, time),
            None => self.standing_at_all(zone, role.master),
        };
        let master_known = allowed || accesses.is_some_and(|all| all.iter().any(is_access));
        let device_new = !master_known && self.is_new_device(role);
        Access {
            host_known: allowed || host(role.master),
            peer_known: allowed || host(role.device.address),
            conversation_known: allowed || known(&ends.path()),
            device_known: allowed
                || known(&Path::Device(role.device))
                || self.site.has_device(&role.device),
            device_new,
            class_elsewhere: device_new && self.uses_elsewhere(role, time),
            master_known,
            commander: standing.commander || allowed && commands(role.class),
            commander_elsewhere: standing.commander_elsewhere,
            operator: standing.operator || allowed && operates(role.class),
            operator_elsewhere: standing.operator_elsewhere,
            class_known: allowed || class_known,
            function_known: allowed || class_known && known(&Path::Function { role: *role, code }),
            function_known_in_zone: tables.is_function_in_zone(zone, role.device.protocol, code),
            ..Access::default()
        }
    }

    /// Whether a device was never heard, or in the running block only.
    fn is_new_device(&self, role: &Role) -> bool {
        let zone = self.zone(role.device.zone);
        let running = zone.map_or(0, |zone| zone.blocks);
        let key = self.tables.find_path(&Path::Device(role.device));
        let key = key.and_then(|id| self.tables.key(id)).filter(|key| key.count > 0);
        !self.site.has_device(&role.device)
            && key.is_none_or(|key| key.blocks < 2 && key.block >= running)
    }

    /// Whether a master is known to do the same kind of thing to others.
    fn uses_elsewhere(&self, role: &Role, time: Timestamp) -> bool {
        let tables = &self.tables;
        let uses = |address: IpAddr| {
            let host = tables.host(role.device.zone, address);
            let host = host.and_then(|id| tables.hosts.get(slot(id)));
            let pairs = host.map(|host| host.pairs.as_slice()).unwrap_or_default();
            let mut others = 0_u32;
            let first = pairs.iter().take(ELSEWHERE_MAX);
            for pair in first.filter_map(|id| tables.pairs.get(slot(*id))) {
                let of = tables.devices.get(slot(pair.device)).map(|known| known.device);
                let is_other =
                    of.is_some_and(|of| of != role.device && of.protocol == role.device.protocol);
                let id = pair.accesses.get(class_slot(role.class)).copied();
                let id = id.filter(|id| is_other && *id != NO_PARENT && tables.is_known(*id, time));
                let Some(key) = id.and_then(|id| tables.key(id)) else { continue };
                others = others.saturating_add(1);
                if others >= 2 || !key.is_provisional() {
                    return true;
                }
            }
            false
        };
        let first = self.site.stands_in_for(role.master);
        core::iter::once(role.master).chain(first).any(uses)
    }

    /// What the pair's master does to its device, and to another one.
    pub(super) fn standing(&self, pair: u32, time: Timestamp) -> Standing {
        let Some(pair) = self.tables.pairs.get(slot(pair)) else { return Standing::default() };
        let known = |id: &u32| *id != NO_PARENT && self.tables.is_known(*id, time);
        let of = |class| pair.accesses.get(class_slot(class)).is_some_and(known);
        let host = self.tables.hosts.get(slot(pair.master));
        let (commanded, operated) = host.map_or((0, 0), |host| (host.commanded, host.operated));
        Standing {
            commander: pair.accesses.get(COMMAND_SLOTS).unwrap_or_default().iter().any(known),
            commander_elsewhere: commanded > u32::from(pair.commands),
            operator: of(Class::Command) || of(Class::Program),
            operator_elsewhere: operated > u32::from(pair.operates),
        }
    }

    fn standing_at_all(&self, zone: Zone, master: IpAddr) -> Standing {
        let host = self.tables.host(zone, master);
        let host = host.and_then(|id| self.tables.hosts.get(slot(id)));
        let (commanded, operated) = host.map_or((0, 0), |host| (host.commanded, host.operated));
        Standing {
            commander_elsewhere: commanded > 0,
            operator_elsewhere: operated > 0,
            ..Standing::default()
        }
    }

    /// Whether another master commands one of the points that this message commands.
    pub(super) fn is_shared(&self, pair: u32, message: &Message<'_>) -> bool {
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
    pub(crate) fn others(&self, device: u32, pair: u32) -> impl Iterator<Item = &Coverage> {
        let pairs = self.tables.devices.get(slot(device)).map(|known| known.pairs.as_slice());
        let others = pairs.unwrap_or_default().iter().filter(move |other| **other != pair);
        others.filter_map(|other| self.tables.pairs.get(slot(*other))).map(|other| &other.commanded)
    }
}
