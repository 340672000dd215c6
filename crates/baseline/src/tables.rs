//! The learned keys, interned: hosts, devices and pairs of them are stored once, keys name them by number.

mod detail;
mod known;
mod memory;
mod paths;

use core::hash::Hash;
use core::net::IpAddr;
use std::collections::BTreeMap;

use ahash::RandomState;
use gridtap_model::{Device, Protocol, Timestamp, Value, Zone};
use hashbrown::{HashMap, HashTable};

use crate::coverage::Coverage;
use crate::key::{Key, Kind, NO_PARENT};
use crate::names::Names;
use crate::path::{Code, Path, Range, Role};
use crate::rows::Acceptance;

pub(crate) use detail::{
    CLASSES, class_detail, class_slot, code_detail, conversation_detail, detail_range, low,
    point_detail, range_detail, slot, table_of_point,
};
use detail::{bits, range_kind};

/// A host of a zone.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    pub(crate) zone: Zone,
    pub(crate) address: IpAddr,
    /// Its key, or [`NO_PARENT`] where it has none.
    pub(crate) key: u32,
    /// The pairs in which it is the master.
    pub(crate) pairs: Vec<u32>,
    /// How many devices it is known to command.
    pub(crate) commanded: u32,
    /// How many of them it is known to operate.
    pub(crate) operated: u32,
}

/// A device behind a host.
#[derive(Debug, Clone)]
pub(crate) struct Outstation {
    pub(crate) device: Device,
    pub(crate) host: u32,
    /// Its key, or [`NO_PARENT`] where it has none.
    pub(crate) key: u32,
    /// The pairs in which it is the device and the master is known or was accepted. Those of strangers are not
    /// among them: there may be any number, and every command is compared with what other masters do.
    pub(crate) pairs: Vec<u32>,
}

/// A master and a device.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    pub(crate) master: u32,
    pub(crate) device: u32,
    /// The key of their conversation, or [`NO_PARENT`].
    pub(crate) conversation: u32,
    /// The keys of the classes, by [`class_slot`], or [`NO_PARENT`].
    pub(crate) accesses: [u32; 8],
    /// The master is known to command the device.
    pub(crate) commands: bool,
    /// The master is known to operate the device.
    pub(crate) operates: bool,
    /// The pair is among those of its device.
    pub(crate) met: bool,
    /// Points that this master reads.
    pub(crate) read: Coverage,
    /// Points that this master commands.
    pub(crate) commanded: Coverage,
}

/// A request as it is looked up: all that tells it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sight {
    pub(crate) role: Role,
    pub(crate) code: Code,
    pub(crate) range: Option<Range>,
}

/// All that was learned.
#[derive(Debug, Clone)]
pub(crate) struct Tables {
    hasher: RandomState,
    pub(crate) hosts: Vec<Host>,
    host_index: HashTable<u32>,
    pub(crate) devices: Vec<Outstation>,
    device_index: HashTable<u32>,
    pub(crate) pairs: Vec<Pair>,
    pair_index: HashTable<u32>,
    pub(crate) keys: Vec<Key>,
    /// Keys by kind, parent and detail, where no record above them holds their number.
    key_index: HashTable<u32>,
    /// Functions and ranges by everything that tells them apart, so that what is known costs one look.
    exact_index: HashTable<u32>,
    /// The last value of commanded points that carried one.
    pub(crate) values: HashMap<u32, Value, RandomState>,
    pub(crate) acceptances: BTreeMap<Path, Acceptance>,
    /// How many known keys use a function, over the masters and devices of a zone.
    functions: HashMap<(Zone, Protocol, Code), u32, RandomState>,
    pub(crate) points: u32,
    /// Keys that are held back.
    pub(crate) held: u32,
    pub(crate) names: Names,
}

fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

impl Tables {
    pub(crate) fn new(seed: u64) -> Self {
        let hasher = RandomState::with_seeds(
            seed,
            seed.rotate_left(17) ^ 0x9e37_79b9_7f4a_7c15,
            seed.rotate_left(31) ^ 0xc2b2_ae3d_27d4_eb4f,
            seed.rotate_left(47) ^ 0x1656_67b1_9e37_79f9,
        );
        Self {
            hosts: Vec::new(),
            host_index: HashTable::new(),
            devices: Vec::new(),
            device_index: HashTable::new(),
            pairs: Vec::new(),
            pair_index: HashTable::new(),
            keys: Vec::new(),
            key_index: HashTable::new(),
            exact_index: HashTable::new(),
            values: HashMap::with_hasher(hasher.clone()),
            acceptances: BTreeMap::new(),
            functions: HashMap::with_hasher(hasher.clone()),
            points: 0,
            held: 0,
            names: Names::default(),
            hasher,
        }
    }

    pub(crate) fn hasher(&self) -> RandomState {
        self.hasher.clone()
    }

    fn hash(&self, what: impl Hash) -> u64 {
        self.hasher.hash_one(what)
    }

    pub(crate) fn key(&self, id: u32) -> Option<&Key> {
        self.keys.get(slot(id))
    }

    pub(crate) fn key_mut(&mut self, id: u32) -> Option<&mut Key> {
        self.keys.get_mut(slot(id))
    }

    pub(crate) fn host(&self, zone: Zone, address: IpAddr) -> Option<u32> {
        let same = |id: &u32| {
            self.hosts
                .get(slot(*id))
                .is_some_and(|host| (host.zone, host.address) == (zone, address))
        };
        self.host_index.find(self.hash((zone, address)), same).copied()
    }

    pub(crate) fn intern_host(&mut self, zone: Zone, address: IpAddr) -> u32 {
        if let Some(id) = self.host(zone, address) {
            return id;
        }
        let id = number(self.hosts.len());
        self.hosts.push(Host {
            zone,
            address,
            key: NO_PARENT,
            pairs: Vec::new(),
            commanded: 0,
            operated: 0,
        });
        let (hosts, hasher) = (&self.hosts, &self.hasher);
        self.host_index.insert_unique(hasher.hash_one((zone, address)), id, |id| {
            hosts.get(slot(*id)).map_or(0, |host| hasher.hash_one((host.zone, host.address)))
        });
        id
    }

    pub(crate) fn device(&self, device: &Device) -> Option<u32> {
        let same =
            |id: &u32| self.devices.get(slot(*id)).is_some_and(|known| known.device == *device);
        self.device_index.find(self.hash(device), same).copied()
    }

    pub(crate) fn intern_device(&mut self, device: &Device) -> u32 {
        if let Some(id) = self.device(device) {
            return id;
        }
        let host = self.intern_host(device.zone, device.address);
        let id = number(self.devices.len());
        let new = Outstation { device: *device, host, key: NO_PARENT, pairs: Vec::new() };
        self.devices.push(new);
        let (devices, hasher) = (&self.devices, &self.hasher);
        self.device_index.insert_unique(hasher.hash_one(device), id, |id| {
            devices.get(slot(*id)).map_or(0, |known| hasher.hash_one(known.device))
        });
        id
    }

    pub(crate) fn pair(&self, master: u32, device: u32) -> Option<u32> {
        let same = |id: &u32| {
            self.pairs
                .get(slot(*id))
                .is_some_and(|pair| (pair.master, pair.device) == (master, device))
        };
        self.pair_index.find(self.hash((master, device)), same).copied()
    }

    pub(crate) fn intern_pair(&mut self, master: u32, device: u32) -> u32 {
        if let Some(id) = self.pair(master, device) {
            return id;
        }
        let id = number(self.pairs.len());
        self.pairs.push(Pair {
            master,
            device,
            conversation: NO_PARENT,
            accesses: [NO_PARENT; 8],
            commands: false,
            operates: false,
            met: false,
            read: Coverage::default(),
            commanded: Coverage::default(),
        });
        if let Some(host) = self.hosts.get_mut(slot(master)) {
            host.pairs.push(id);
        }
        let (pairs, hasher) = (&self.pairs, &self.hasher);
        self.pair_index.insert_unique(hasher.hash_one((master, device)), id, |id| {
            pairs.get(slot(*id)).map_or(0, |pair| hasher.hash_one((pair.master, pair.device)))
        });
        id
    }

    /// The pair of a role, where both sides were heard with each other.
    pub(crate) fn pair_of(&self, role: &Role) -> Option<u32> {
        let master = self.host(role.device.zone, role.master)?;
        self.pair(master, self.device(&role.device)?)
    }

    pub(crate) fn find(&self, kind: Kind, parent: u32, detail: u64) -> Option<u32> {
        let same = |id: &u32| {
            self.keys
                .get(slot(*id))
                .is_some_and(|key| (key.kind, key.parent, key.detail) == (kind, parent, detail))
        };
        self.key_index.find(self.hash((kind, parent, detail)), same).copied()
    }

    /// The key of exactly this function or range.
    #[inline]
    pub(crate) fn exact(&self, sight: &Sight) -> Option<u32> {
        self.exact_index
            .find(exact_hash(&self.hasher, sight), |id| self.is_sight(*id, sight))
            .copied()
    }

    /// The same, where it is probably this one.
    #[inline]
    pub(crate) fn exact_near(&self, sight: &Sight, hint: u32) -> Option<u32> {
        if self.is_sight(hint, sight) { Some(hint) } else { self.exact(sight) }
    }

    fn is_sight(&self, id: u32, sight: &Sight) -> bool {
        let Some(key) = self.key(id) else { return false };
        let function = match sight.range {
            None => (key.kind == Kind::Function).then_some(key),
            Some(range) => (key.kind == range_kind(range) && key.detail == range_detail(range))
                .then(|| self.key(key.parent))
                .flatten(),
        };
        function.is_some_and(|function| {
            function.detail == code_detail(sight.code)
                && self.key(function.parent).is_some_and(|access| {
                    access.detail == class_detail(sight.role.class)
                        && self.is_pair(access.parent, &sight.role)
                })
        })
    }

    fn is_pair(&self, id: u32, role: &Role) -> bool {
        let Some(pair) = self.pairs.get(slot(id)) else { return false };
        self.devices.get(slot(pair.device)).is_some_and(|known| known.device == role.device)
            && self.hosts.get(slot(pair.master)).is_some_and(|host| host.address == role.master)
    }

    /// Adds a key that is not there yet, and enters it wherever it is found by.
    pub(crate) fn insert(&mut self, kind: Kind, parent: u32, detail: u64, time: Timestamp) -> u32 {
        let id = number(self.keys.len());
        self.keys.push(Key::new(kind, parent, detail, time));
        match kind {
            Kind::Host => {
                if let Some(host) = self.hosts.get_mut(slot(low(detail))) {
                    host.key = id;
                }
            }
            Kind::Device => {
                if let Some(outstation) = self.devices.get_mut(slot(low(detail))) {
                    outstation.key = id;
                }
            }
            Kind::Access => {
                let class = usize::try_from(detail).unwrap_or(usize::MAX);
                let pair = self.pairs.get_mut(slot(parent));
                if let Some(access) = pair.and_then(|pair| pair.accesses.get_mut(class)) {
                    *access = id;
                }
            }
            Kind::Conversation | Kind::Function | Kind::Read | Kind::Written | Kind::Point => {
                self.index(id, kind, parent, detail);
            }
        }
        if kind == Kind::Point {
            self.points = self.points.saturating_add(1);
        }
        id
    }

    fn index(&mut self, id: u32, kind: Kind, parent: u32, detail: u64) {
        let (keys, hasher) = (&self.keys, &self.hasher);
        self.key_index.insert_unique(hasher.hash_one((kind, parent, detail)), id, |id| {
            keys.get(slot(*id)).map_or(0, |key| hasher.hash_one((key.kind, key.parent, key.detail)))
        });
        if let Some(sight) = self.sight(id) {
            let hash = exact_hash(&self.hasher, &sight);
            // The table rehashes its entries while it grows, and needs the other tables for that.
            let mut index = core::mem::take(&mut self.exact_index);
            index.insert_unique(hash, id, |id| {
                self.sight(*id).map_or(0, |sight| exact_hash(&self.hasher, &sight))
            });
            self.exact_index = index;
        }
    }

    /// The request that a function or range stands for.
    fn sight(&self, id: u32) -> Option<Sight> {
        match self.path(id)? {
            Path::Function { role, code } => Some(Sight { role, code, range: None }),
            Path::Address { role, code, range } => Some(Sight { role, code, range: Some(range) }),
            _ => None,
        }
    }

    /// The pair that an access, function, range or point hangs under.
    pub(crate) fn pair_above(&self, id: u32) -> Option<u32> {
        let key = self.key(id)?;
        match key.kind {
            Kind::Access => Some(key.parent),
            Kind::Function | Kind::Point => self.key(key.parent).map(|access| access.parent),
            Kind::Read | Kind::Written => {
                let function = self.key(key.parent)?;
                self.key(function.parent).map(|access| access.parent)
            }
            Kind::Host | Kind::Device | Kind::Conversation => None,
        }
    }

    /// The key of this, wherever it is found by.
    pub(crate) fn there(&self, kind: Kind, parent: u32, detail: u64) -> Option<u32> {
        let key = match kind {
            Kind::Host => self.hosts.get(slot(low(detail)))?.key,
            Kind::Device => self.devices.get(slot(low(detail)))?.key,
            Kind::Access => {
                let class = usize::try_from(detail).unwrap_or(usize::MAX);
                *self.pairs.get(slot(parent))?.accesses.get(class)?
            }
            Kind::Conversation | Kind::Function | Kind::Read | Kind::Written | Kind::Point => {
                return self.find(kind, parent, detail);
            }
        };
        (key != NO_PARENT).then_some(key)
    }
}

#[inline]
fn exact_hash(hasher: &RandomState, sight: &Sight) -> u64 {
    let range = sight.range.map_or(u64::MAX, range_detail);
    let written = sight.range.is_some_and(|range| range.written);
    let (address, master) = (bits(sight.role.device.address), bits(sight.role.master));
    hasher.hash_one((
        address,
        master,
        sight.role.device.sub,
        u64::from(sight.role.device.zone.0) << 32
            | class_detail(sight.role.class) << 1
            | u64::from(written),
        code_detail(sight.code),
        range,
    ))
}
