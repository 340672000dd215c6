//! The learned keys, interned: hosts, devices and pairs of them are stored once, keys name them by number.

use core::hash::Hash;
use core::net::IpAddr;
use std::collections::BTreeMap;

use ahash::RandomState;
use gridtap_model::{Class, Device, Protocol, Timestamp, Value, Zone};
use hashbrown::{HashMap, HashTable};

use crate::coverage::Coverage;
use crate::key::{Flags, Key, Kind, NO_PARENT, commands};
use crate::path::{Code, Names, Path, Range, Role};
use crate::rows::Acceptance;

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
}

/// A device behind a host.
#[derive(Debug, Clone)]
pub(crate) struct Outstation {
    pub(crate) device: Device,
    pub(crate) host: u32,
    /// Its key, or [`NO_PARENT`] where it has none.
    pub(crate) key: u32,
    /// The pairs in which it is the device.
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
    /// Points that this master reads.
    pub(crate) read: Coverage,
    /// Points that this master commands.
    pub(crate) commanded: Coverage,
}

/// A request as it is looked up: all that tells it apart.
#[derive(Debug, Clone, Copy)]
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
    pub(crate) names: Names,
}

/// The number as an index.
pub(crate) fn slot(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

pub(crate) const fn class_slot(class: Class) -> usize {
    match class {
        Class::Read => 0,
        Class::Command => 1,
        Class::Configuration => 2,
        Class::Program => 3,
        Class::Time => 4,
        Class::File => 5,
        Class::Diagnostic => 6,
        Class::Link => 7,
    }
}

const CLASSES: [Class; 8] = [
    Class::Read,
    Class::Command,
    Class::Configuration,
    Class::Program,
    Class::Time,
    Class::File,
    Class::Diagnostic,
    Class::Link,
];

const PROTOCOLS: [Protocol; 5] =
    [Protocol::Unknown, Protocol::Tls, Protocol::Modbus, Protocol::Dnp3, Protocol::Iec104];

pub(crate) fn code_detail(code: Code) -> u64 {
    let sub = code.sub.map_or(0, |sub| (1_u64 << 16) | u64::from(sub));
    (u64::from(code.code) << 17) | sub
}

fn detail_code(detail: u64) -> Code {
    let low = |bits: u64| u16::try_from(bits & 0xffff).unwrap_or(0);
    Code { code: low(detail >> 17), sub: (detail & (1 << 16) != 0).then(|| low(detail)) }
}

pub(crate) fn range_detail(range: Range) -> u64 {
    (u64::from(range.table) << 48) | (u64::from(range.first) << 16) | u64::from(range.count)
}

fn detail_range(detail: u64, written: bool) -> Range {
    let low = |bits: u64| u16::try_from(bits & 0xffff).unwrap_or(0);
    Range {
        table: low(detail >> 48),
        first: u32::try_from((detail >> 16) & 0xffff_ffff).unwrap_or(0),
        count: low(detail),
        written,
    }
}

pub(crate) fn point_detail(table: u16, index: u32) -> u64 {
    (u64::from(table) << 32) | u64::from(index)
}

pub(crate) fn conversation_detail(server: u32, protocol: Protocol, port: u16) -> u64 {
    let protocol = PROTOCOLS.iter().position(|known| *known == protocol).unwrap_or(0);
    (u64::from(server) << 32) | (u64::try_from(protocol).unwrap_or(0) << 16) | u64::from(port)
}

const fn range_kind(range: Range) -> Kind {
    if range.written { Kind::Written } else { Kind::Read }
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
        self.hosts.push(Host { zone, address, key: NO_PARENT, pairs: Vec::new(), commanded: 0 });
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
            read: Coverage::default(),
            commanded: Coverage::default(),
        });
        if let Some(host) = self.hosts.get_mut(slot(master)) {
            host.pairs.push(id);
        }
        if let Some(outstation) = self.devices.get_mut(slot(device)) {
            outstation.pairs.push(id);
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

    /// What a key stands for.
    pub(crate) fn path(&self, id: u32) -> Option<Path> {
        let key = self.key(id)?;
        match key.kind {
            Kind::Host => {
                let host = self.hosts.get(slot(low(key.detail)))?;
                Some(Path::Host { zone: host.zone, address: host.address })
            }
            Kind::Device => {
                self.devices.get(slot(low(key.detail))).map(|known| Path::Device(known.device))
            }
            Kind::Conversation => {
                let client = self.hosts.get(slot(key.parent))?;
                let server = self.hosts.get(slot(low(key.detail >> 32)))?;
                let protocol = usize::try_from((key.detail >> 16) & 0xff).ok()?;
                Some(Path::Conversation {
                    zone: client.zone,
                    protocol: *PROTOCOLS.get(protocol)?,
                    client: client.address,
                    server: server.address,
                    port: u16::try_from(key.detail & 0xffff).ok()?,
                })
            }
            Kind::Access => self.role(id).map(Path::Access),
            Kind::Function => {
                let role = self.role(key.parent)?;
                Some(Path::Function { role, code: detail_code(key.detail) })
            }
            Kind::Read | Kind::Written => {
                let function = self.key(key.parent)?;
                Some(Path::Address {
                    role: self.role(function.parent)?,
                    code: detail_code(function.detail),
                    range: detail_range(key.detail, key.kind == Kind::Written),
                })
            }
            Kind::Point => Some(Path::Point {
                role: self.role(key.parent)?,
                table: u16::try_from((key.detail >> 32) & 0xffff).ok()?,
                index: low(key.detail),
            }),
        }
    }

    fn role(&self, access: u32) -> Option<Role> {
        let key = self.key(access)?;
        let pair = self.pairs.get(slot(key.parent))?;
        Some(Role {
            device: self.devices.get(slot(pair.device))?.device,
            master: self.hosts.get(slot(pair.master))?.address,
            class: *CLASSES.get(usize::try_from(key.detail).ok()?)?,
        })
    }

    /// The key that stands for this.
    pub(crate) fn find_path(&self, path: &Path) -> Option<u32> {
        let held = |key: u32| (key != NO_PARENT).then_some(key);
        match path {
            Path::Host { zone, address } => {
                let host = self.host(*zone, *address)?;
                self.hosts.get(slot(host)).and_then(|host| held(host.key))
            }
            Path::Device(device) => {
                self.devices.get(slot(self.device(device)?)).and_then(|known| held(known.key))
            }
            Path::Conversation { zone, protocol, client, server, port } => {
                let client = self.host(*zone, *client)?;
                let detail = conversation_detail(self.host(*zone, *server)?, *protocol, *port);
                self.find(Kind::Conversation, client, detail)
            }
            Path::Access(role) => {
                let pair = self.pairs.get(slot(self.pair_of(role)?))?;
                pair.accesses.get(class_slot(role.class)).copied().and_then(held)
            }
            Path::Function { role, code } => {
                self.exact(&Sight { role: *role, code: *code, range: None })
            }
            Path::Address { role, code, range } => {
                self.exact(&Sight { role: *role, code: *code, range: Some(*range) })
            }
            Path::Point { role, table, index } => {
                let access = self.find_path(&Path::Access(*role))?;
                self.find(Kind::Point, access, point_detail(*table, *index))
            }
        }
    }

    /// The key that stands for this, made where it is not there. What had to be made above it is
    /// held: only a row or a message of its own makes it known.
    pub(crate) fn insert_path(&mut self, path: &Path, time: Timestamp) -> u32 {
        if let Some(id) = self.find_path(path) {
            return id;
        }
        let (kind, parent, detail) = match path {
            Path::Host { zone, address } => {
                (Kind::Host, NO_PARENT, u64::from(self.intern_host(*zone, *address)))
            }
            Path::Device(device) => {
                let id = self.intern_device(device);
                let host = self.devices.get(slot(id)).map_or(NO_PARENT, |known| known.host);
                (Kind::Device, host, u64::from(id))
            }
            Path::Conversation { zone, protocol, client, server, port } => {
                let client = self.intern_host(*zone, *client);
                let server = self.intern_host(*zone, *server);
                (Kind::Conversation, client, conversation_detail(server, *protocol, *port))
            }
            Path::Access(role) => {
                let master = self.intern_host(role.device.zone, role.master);
                let device = self.intern_device(&role.device);
                (Kind::Access, self.intern_pair(master, device), class_detail(role.class))
            }
            Path::Function { role, code } => {
                (Kind::Function, self.insert_above(&Path::Access(*role), time), code_detail(*code))
            }
            Path::Address { role, code, range } => {
                let function = Path::Function { role: *role, code: *code };
                (range_kind(*range), self.insert_above(&function, time), range_detail(*range))
            }
            Path::Point { role, table, index } => {
                let access = self.insert_above(&Path::Access(*role), time);
                (Kind::Point, access, point_detail(*table, *index))
            }
        };
        self.insert(kind, parent, detail, time)
    }

    fn insert_above(&mut self, path: &Path, time: Timestamp) -> u32 {
        if let Some(id) = self.find_path(path) {
            return id;
        }
        let id = self.insert_path(path, time);
        if let Some(key) = self.key_mut(id) {
            key.flags = key.flags.with(Flags::HELD);
        }
        id
    }

    /// Whether a key counts as known at this time.
    pub(crate) fn is_known(&self, id: u32, time: Timestamp) -> bool {
        let Some(key) = self.key(id) else { return false };
        key.is_plain() || {
            let held = key.flags.has(Flags::HELD) && !self.is_accepted(id, time);
            !held && (!key.flags.has(Flags::ATTEMPTED) || key.blocks >= 2)
        }
    }

    /// Whether a person accepted exactly this key, and the acceptance has not expired.
    pub(crate) fn is_accepted(&self, id: u32, time: Timestamp) -> bool {
        self.key(id).is_some_and(|key| key.flags.has(Flags::ACCEPTED))
            && self
                .path(id)
                .and_then(|path| self.acceptances.get(&path))
                .is_some_and(|acceptance| acceptance.holds_at(time))
    }

    /// Whether the site uses this function in the zone.
    pub(crate) fn is_function_in_zone(&self, zone: Zone, protocol: Protocol, code: Code) -> bool {
        self.functions.contains_key(&(zone, protocol, code))
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

    /// Counts a key that has become known where known keys are counted.
    pub(crate) fn count_known(&mut self, path: &Path) {
        match path {
            Path::Function { role, code } => {
                let function = (role.device.zone, role.device.protocol, *code);
                let count = self.functions.entry(function).or_insert(0);
                *count = count.saturating_add(1);
            }
            Path::Access(role) if commands(role.class) => {
                let Some(pair) = self.pair_of(role).and_then(|id| self.pairs.get_mut(slot(id)))
                else {
                    return;
                };
                if !core::mem::replace(&mut pair.commands, true)
                    && let Some(host) = self.hosts.get_mut(slot(pair.master))
                {
                    host.commanded = host.commanded.saturating_add(1);
                }
            }
            _ => {}
        }
    }

    /// Adds the points of a known range or point to what its master is known to access.
    pub(crate) fn cover_known(&mut self, path: &Path) {
        let (role, table, first, count, written) = match path {
            Path::Address { role, range, .. } => {
                (role, range.table, range.first, u32::from(range.count), range.written)
            }
            Path::Point { role, table, index } => (role, *table, *index, 1, true),
            _ => return,
        };
        if let Some(pair) = self.pair_of(role).and_then(|id| self.pairs.get_mut(slot(id))) {
            let coverage = if written { &mut pair.commanded } else { &mut pair.read };
            coverage.add(table, first, count);
        }
    }

    /// Gives every pair the number of its conversation's key.
    pub(crate) fn link_conversations(&mut self) {
        for id in 0..self.pairs.len() {
            let Some(pair) = self.pairs.get(id) else { continue };
            let Some(known) = self.devices.get(slot(pair.device)) else { continue };
            let detail = conversation_detail(known.host, known.device.protocol, 0);
            let conversation = self.find(Kind::Conversation, pair.master, detail);
            if let Some(pair) = self.pairs.get_mut(id) {
                pair.conversation = conversation.unwrap_or(NO_PARENT);
            }
        }
    }
}

/// The class as the detail of an access.
pub(crate) fn class_detail(class: Class) -> u64 {
    u64::try_from(class_slot(class)).unwrap_or(0)
}

pub(crate) fn low(detail: u64) -> u32 {
    u32::try_from(detail & 0xffff_ffff).unwrap_or(0)
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

/// An address as one number, which hashes faster than its octets.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}
